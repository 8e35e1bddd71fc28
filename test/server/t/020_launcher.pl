# Trainings start on their schedule, in every database, as long as the library is in
# shared_preload_libraries: whatever happens to the launcher, and without being in anybody's way.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $patience = $ENV{KNOWHOW_PATIENCE} || 1;   # times as slow as the server may be

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'knowhow'
knowhow.launcher_naptime = 60
max_worker_processes = 16
restart_after_crash = on
});
$node->start;

# ---- Helpers

sub create_base {
    my ($database, $base) = @_;
    $node->safe_psql($database, qq{
        SET client_min_messages = warning;
        CREATE EXTENSION IF NOT EXISTS knowhow;
        SELECT knowhow.create_knowledge_base('$base');
        INSERT INTO $base.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(1, 20) s;
        INSERT INTO $base.users SELECT generate_series(1, 10);
        INSERT INTO $base.ratings SELECT u, s, 4 FROM generate_series(1, 10) u, generate_series(1, 20) s WHERE (u + s) % 3 = 0});
    return;
}

# Reading it takes as long as a training of many rows.
sub create_slow_base {
    my ($database, $base, $seconds) = @_;
    create_base($database, $base);
    $node->safe_psql($database, qq{
        CREATE VIEW $base.slow AS SELECT i.* FROM (SELECT pg_sleep($seconds)) AS s, $base.interactions i;
        SELECT knowhow.alter_recommender('$base', interactions => '$base.slow')});
    return;
}

sub schedule {
    my ($database, $base, $every) = @_;
    $node->safe_psql($database, qq{SELECT knowhow.alter_recommender('$base', retrain_every => '$every', retrain_enabled => true)});
    return;
}

sub disable {
    my ($database, $base) = @_;
    $node->safe_psql($database, qq{SELECT knowhow.alter_recommender('$base', retrain_enabled => false)});
    return;
}

sub runs {
    my ($database, $base, $state) = @_;
    return $node->safe_psql($database,
        qq{SELECT count(*) FROM knowhow.training_runs WHERE recommender = '$base' AND state = '$state'});
}

# Whether so many more runs succeed within some seconds; $from: another node.
sub goes_on {
    my ($database, $base, $more, $seconds) = @_;
    my $goal = runs($database, $base, 'succeeded') + ($more || 2);
    my $end = time + ($seconds || 20);
    while (time < $end) {
        return 1 if runs($database, $base, 'succeeded') >= $goal;
        usleep(100_000);
    }
    return 0;
}

sub wait_for_run {
    my ($database, $base) = @_;
    return $node->poll_query_until($database,
        qq{SELECT count(*) = 1 FROM knowhow.training_runs WHERE recommender = '$base' AND state = 'running'});
}

sub takes_less_than {
    my ($seconds, $sql, $what) = @_;
    my $begin = time;
    $node->safe_psql('postgres', $sql);
    my $took = time - $begin;
    cmp_ok($took, '<', $seconds * $patience, sprintf('%s took %.2f s', $what, $took));
    return;
}

my $launchers = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'knowhow launcher'};
my $connected = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'knowhow%' AND datname IS NOT NULL};

# ---- Two databases, then a third

is($node->safe_psql('postgres', q{SELECT datname IS NULL, state, query FROM pg_stat_activity
    WHERE backend_type = 'knowhow launcher'}), 't|idle|knowhow: waits until a recommender is due',
    'the launcher is connected to no database and says what it does');
for my $database (qw(first second)) {
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    create_base($database, 'kb');
    schedule($database, 'kb', '1 second');
}
ok(goes_on('first', 'kb', 3, 10), 'a schedule of a second runs');
ok(goes_on('second', 'kb', 3, 10), 'and in another database');
is($node->safe_psql('first', q{SELECT DISTINCT cause FROM knowhow.training_runs}), 'interval',
    'runs say why they were started');
$node->safe_psql('postgres', 'CREATE DATABASE third');
create_base('third', 'kb');
# Nobody looks there by itself for a minute to come.
schedule('third', 'kb', '1 second');
ok(goes_on('third', 'kb', 1, 10), 'a new database, and a new schedule in it, is found at once');

# ---- Nothing due: nobody is connected, nobody is disturbed

disable($_, 'kb') for qw(first second third);
usleep(1_500_000);
my $seen = 0;
for (1 .. 20) {
    $seen += $node->safe_psql('postgres', $connected);
    usleep(50_000);
}
is($seen, 0, 'no worker remains connected while nothing is due');
# Every second all databases are looked into.
$node->append_conf('postgresql.conf', 'knowhow.launcher_naptime = 1');
$node->reload;
takes_less_than(2, 'CREATE DATABASE fourth TEMPLATE third', 'CREATE DATABASE ... TEMPLATE');
takes_less_than(1, 'ALTER DATABASE fourth RENAME TO fifth', 'ALTER DATABASE ... RENAME');
takes_less_than(1, 'DROP DATABASE fifth', 'DROP DATABASE');

# ---- By changes

# Whether exactly one run that started for this reason succeeds, however long one waits.
sub trains_once {
    my ($cause) = @_;
    my $count = "SELECT count(*) FROM knowhow.training_runs WHERE cause = '$cause'";
    $node->poll_query_until('third', "$count AND state = 'succeeded'", '1');
    usleep(2_500_000);
    return $node->safe_psql('third', $count) == 1;
}
$node->safe_psql('third', q{
    INSERT INTO kb.users VALUES (11);
    SELECT knowhow.train('kb');
    SELECT knowhow.alter_recommender('kb', retrain_every => '0', retrain_after_changes => 10, retrain_enabled => true);
    INSERT INTO kb.ratings SELECT 11, s, 5 FROM generate_series(1, 9) s});
usleep(3_000_000);
is($node->safe_psql('third', q{SELECT count(*) FROM knowhow.training_runs WHERE cause = 'changes'}), 0, 'fewer changes start nothing');
$node->safe_psql('third', 'INSERT INTO kb.ratings VALUES (11, 10, 5)');
ok(trains_once('changes'), 'as many as retrain_after_changes start a training');
$node->safe_psql('third', q{SELECT knowhow.alter_recommender('kb', retrain_after_changes => 0, retrain_at_drift => 0.2);
    INSERT INTO kb.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(21, 25) s});
ok(trains_once('drift'), 'and so does a drift of retrain_at_drift');
disable('third', 'kb');
$node->append_conf('postgresql.conf', 'knowhow.launcher_naptime = 60');
$node->reload;

# ---- Runs that last

schedule('first', 'kb', '1 second');
create_slow_base('first', 'slow', 300);
schedule('first', 'slow', '1 second');
wait_for_run('first', 'slow');
ok(goes_on('first', 'kb', 3), 'a long run does not delay another recommender of its database');
schedule('second', 'kb', '1 second');
ok(goes_on('second', 'kb', 3), 'nor another database');
is($node->safe_psql('postgres', q{SELECT datname, query FROM pg_stat_activity WHERE backend_type = 'knowhow worker' AND query LIKE '%slow%'}),
    'first|knowhow: training slow (run ' . $node->safe_psql('first', q{SELECT max(run_id) FROM knowhow.training_runs WHERE recommender = 'slow'}) . '), reading',
    'pg_stat_activity shows what the worker does');
disable('first', 'slow');
takes_less_than(1, 'ALTER DATABASE first RENAME TO renamed', 'ALTER DATABASE ... RENAME during a run');
$node->poll_query_until('renamed', q{SELECT count(*) = 1 FROM knowhow.training_runs WHERE state = 'canceled'});
is(runs('renamed', 'slow', 'canceled'), 1, 'the run that was in the way is canceled');
ok(goes_on('renamed', 'kb'), 'and the database is found under its new name');
schedule('renamed', 'slow', '1 second');
wait_for_run('renamed', 'slow');
takes_less_than(1, 'DROP DATABASE renamed', 'DROP DATABASE during a run');

# ---- A launcher that is paused, ended, killed

$node->safe_psql('postgres', q{ALTER SYSTEM SET knowhow.launcher = off});
$node->reload;
usleep(2_000_000);
my $before = runs('second', 'kb', 'succeeded');
usleep(2_500_000);
is(runs('second', 'kb', 'succeeded'), $before, 'knowhow.launcher = off pauses it');
$node->safe_psql('postgres', q{ALTER SYSTEM RESET knowhow.launcher});
$node->reload;
ok(goes_on('second', 'kb'), 'and on, it goes on');

my $pid = $node->safe_psql('postgres', $launchers);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($launchers) l WHERE pid <> $pid");
ok(goes_on('second', 'kb'), 'ended by SIGTERM, it is started again');

$pid = $node->safe_psql('postgres', $launchers);
kill 'KILL', $pid;
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($launchers) l WHERE pid <> $pid");
ok(goes_on('second', 'kb'), 'killed, it comes back with the server');

# ---- The extension goes

$node->safe_psql('second', q{BEGIN; SET LOCAL client_min_messages = warning; DROP EXTENSION knowhow CASCADE; SELECT pg_sleep(4); ROLLBACK});
ok(goes_on('second', 'kb'), 'a DROP EXTENSION that is rolled back changes nothing');
$node->safe_psql('third', q{SET client_min_messages = warning; DROP EXTENSION knowhow CASCADE});
ok(goes_on('second', 'kb'), 'one that is committed is noticed quietly');

# ---- A standby

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', $launchers), '', 'no launcher runs on a standby');
$standby->promote;
my $last = $standby->safe_psql('second', 'SELECT max(run_id) FROM knowhow.training_runs');
ok($standby->poll_query_until('second', "SELECT count(*) > 0 FROM knowhow.training_runs WHERE run_id > $last AND state = 'succeeded'"),
    'promoted, it starts trainings');
$standby->stop;

# ---- Stopped during a run

create_slow_base('second', 'slow', 300);
schedule('second', 'slow', '1 second');
wait_for_run('second', 'slow');
my $begin = time;
$node->stop('fast');
cmp_ok(time - $begin, '<', 2 * $patience, sprintf('a stop in fast mode during a run takes %.2f s', time - $begin));

my @lines = grep { /knowhow/ && !/statement:|connection (auth|rec)|disconnection/ } split /\n/, slurp_file($node->logfile);
cmp_ok(scalar @lines, '<', 40, sprintf('all of this has left %d lines in the log', scalar @lines))
    or diag(join "\n", @lines);

# ---- No worker is free

my $full = PostgreSQL::Test::Cluster->new('full');
$full->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$full->append_conf('postgresql.conf', "shared_preload_libraries = 'knowhow'\nmax_worker_processes = 2\nknowhow.launcher_naptime = 1\n");
$full->start;
usleep(4_000_000);
$full->stop;
my $log = slurp_file($full->logfile);
my $complaints = () = $log =~ /no background worker is free for trainings/g;
is($complaints, 1, 'too few worker processes are reported once');
like($log, qr/HINT:  Raise max_worker_processes \(now 2\)/, 'with the way out');

done_testing();
