# Background runs without shared_preload_libraries are in nobody's way: a database that is dropped,
# renamed or copied is left within a second, in whatever phase its run is, and a server stops within
# two; what was broken off is recorded.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use Trainings;

my $patience = $ENV{KNOWHOW_PATIENCE} || 1;   # times as slow as the server may be

my $node = new_server('main', "knowhow.max_concurrent_trainings = 1\nmax_worker_processes = 16\n");
make_knowledge_base($node, 'postgres', 'blocker', 1);
my $watch = session($node);
my $holder = session($node);
my $worker = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'knowhow worker'};

# A database with a model and a run in that phase; what keeps it there is connected elsewhere, or is
# the run's own work. Returns the run.
my $blocking;
my $database = 0;
sub database_with_run {
    my ($phase) = @_;
    my $name = 'base_' . ++$database;
    $watch->query_safe("CREATE DATABASE $name");
    make_knowledge_base($node, $name, 'kb', 1);
    $node->safe_psql($name, q{
        SELECT knowhow.train('kb');
        CREATE VIEW kb.sleeping AS SELECT t.* FROM (SELECT pg_sleep(600)) AS s, kb.training t});
    if ($phase eq 'queued') {
        $holder->query_safe('SELECT pg_advisory_lock(1)');
        $blocking = retrain($node, 'blocker');
        phase_reached($watch, $blocking, 'reading');
    }
    $node->safe_psql($name, q{SELECT knowhow.alter_recommender('kb', interactions => 'kb.sleeping')}) if $phase eq 'reading';
    $node->safe_psql($name, 'UPDATE kb.load SET people = 60, items = 15000') if $phase eq 'learning';
    my $run = retrain($node, 'kb', $name);
    my $activity = $phase eq 'queued' ? 'waits for its turn' : $phase;
    wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE datname = '$name' AND query LIKE '%run $run%$activity')");
    return ($name, $run);
}
sub let_blocking_run_end {
    my ($phase) = @_;
    return if $phase ne 'queued';
    $holder->query_safe('SELECT pg_advisory_unlock(1)');
    is(run_end($node, $blocking), 'succeeded', 'the run of another database is not disturbed');
    return;
}

# ---- The database is wanted

my %commands = (
    'DROP DATABASE' => sub { return ("DROP DATABASE $_[0]", undef) },
    'ALTER DATABASE RENAME' => sub { return ("ALTER DATABASE $_[0] RENAME TO renamed_$_[0]", "renamed_$_[0]") },
    'CREATE DATABASE TEMPLATE' => sub { return ("CREATE DATABASE copy_of_$_[0] TEMPLATE $_[0]", $_[0]) });
for my $phase (qw(queued reading learning)) {
    for my $command (sort keys %commands) {
        my ($name, $run) = database_with_run($phase);
        my ($statement, $survivor) = $commands{$command}->($name);
        my $begin = time;
        $watch->query_safe($statement);
        my $took = time - $begin;
        # Copying takes its time as well.
        cmp_ok($took, '<', $patience * ($command =~ /TEMPLATE/ ? 2 : 1), sprintf('%s took %.2f s: %s', $command, $took, $phase));
        wait_until($watch, "NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'knowhow worker' AND datname = '$name')");
        if (defined $survivor) {
            like(run_end($node, $run, $survivor), qr/^canceled\|57014\|canceled: the database is being dropped, renamed or copied/,
                'where the database survives the run is recorded as canceled');
            $node->safe_psql($survivor, q{SELECT knowhow.alter_recommender('kb', interactions => 'kb.interactions')});
            is($node->safe_psql($survivor, 'SELECT count(*) > 0 FROM knowhow.recommend(1)'), 't', 'and the former model serves');
        }
        let_blocking_run_end($phase);
    }
}
is($watch->query_safe($worker), 0, 'no worker is left');

# ---- The server stops

for my $phase (qw(queued reading learning)) {
    my ($name, $run) = database_with_run($phase);
    my $begin = time;
    $node->stop('fast');
    my $took = time - $begin;
    cmp_ok($took, '<', 2 * $patience, sprintf('a stop in fast mode took %.2f s: %s', $took, $phase));
    $_->{run}->finish for $watch, $holder;
    $node->start;
    ($watch, $holder) = (session($node), session($node));
    # As if it had been a while: a run that has been queued just now may still find its worker.
    $node->safe_psql($name, q{UPDATE knowhow.training_run_catalog SET requested_at = requested_at - interval '1 minute'});
    $node->safe_psql($name, q{UPDATE kb.load SET people = 0, items = 0;
        SELECT knowhow.alter_recommender('kb', interactions => 'kb.training')});
    is(run_end($node, retrain($node, 'kb', $name), $name), 'succeeded', 'started again, the next run succeeds');
    like(run_end($node, $run, $name), qr/^failed\|57P01\|/, 'and the one that was broken off is marked so');
}
$_->quit for $watch, $holder;
$node->stop;
done_testing();
