# What can go wrong in a background run, each time: recorded clearly, with SQLSTATE and a way out,
# the former model active and whole, and hardly a line in the log.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Trainings;

my $node = new_server('main', "knowhow.max_concurrent_trainings = 1\n");
$node->safe_psql('postgres', 'CREATE ROLE alice LOGIN; GRANT CREATE ON DATABASE postgres TO alice');
make_knowledge_base($node, 'postgres', 'kb', 1);
make_knowledge_base($node, 'postgres', 'blocker', 2);
my $watch = session($node);
my $holder = session($node);
my $other = session($node);
my $workers = q{(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'knowhow worker')};
my $answers = q{
    SELECT active_model FROM knowhow.recommenders WHERE name = 'kb';
    SELECT md5(string_agg(i::text, ',' ORDER BY snippet_id)) FROM knowhow.model_items i
    WHERE model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'kb');
    SELECT md5(array_agg((u, rank, r.snippet_id, round(score::numeric, 4)))::text)
    FROM generate_series(1, 20) u, knowhow.recommend(u, 'word7', 20, 'kb') r;
    SELECT count(*) FROM knowhow.models WHERE recommender = 'kb' AND state <> 'retired'};
$node->safe_psql('postgres', q{SELECT knowhow.train('kb'), knowhow.train('blocker')});
my $first_model = $node->safe_psql('postgres', q{SELECT active_model FROM knowhow.recommenders WHERE name = 'kb'});
my $before = $node->safe_psql('postgres', $answers);

# The run has ended so, and the former model answers, once what recommend() needs as well is back.
sub ends {
    my ($what, $run, $expected, $repair) = @_;
    like(run_end($node, $run), $expected, $what);
    $node->safe_psql('postgres', $repair // 'UPDATE kb.load SET people = 0, items = 0');
    is($node->safe_psql('postgres', $answers), $before, "$what: the former model serves");
    return;
}

# Does something to a run of the recommender that is queued, behind another recommender's.
sub while_queued {
    my ($recommender, $sql) = @_;
    $holder->query_safe('SELECT pg_advisory_lock(2)');
    my $blocking = retrain($node, 'blocker');
    phase_reached($watch, $blocking, 'reading');
    my $run = retrain($node, $recommender);
    wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $run waits for its turn')");
    $node->safe_psql('postgres', $sql);
    $watch->query_safe("SELECT knowhow.cancel_training($blocking)");
    $holder->query_safe('SELECT pg_advisory_unlock(2)');
    return $run;
}

# Does something in the transaction for which the run waits when it has learned and wants to write.
sub while_writing {
    my ($recommender, $gate, $sql) = @_;
    $holder->query_safe("SELECT pg_advisory_lock($gate)");
    my $run = retrain($node, $recommender);
    phase_reached($watch, $run, 'reading');
    $other->query_safe("BEGIN; SELECT knowhow.alter_recommender('$recommender', params => '{}')");
    $holder->query_safe("SELECT pg_advisory_unlock($gate)");
    wait_until($watch, qq{(SELECT p.phase = 'writing' AND a.wait_event_type = 'Lock'
        FROM knowhow.training_progress p JOIN pg_stat_activity a USING (pid) WHERE p.run_id = $run)});
    $other->query_safe("$sql; COMMIT");
    return $run;
}

# For what the setting of a database brings about.
sub with_setting {
    my ($setting, $code) = @_;
    $watch->query_safe("ALTER DATABASE postgres SET $setting");
    my $run = $code->();
    like(run_end($node, $run), qr/^(failed|canceled|succeeded)/, "$setting: the run ends");
    $watch->query_safe('ALTER DATABASE postgres RESET ALL');
    return $run;
}

# ---- Limits

ends('memory', with_setting(q{knowhow.max_memory = '1MB'}, sub {
    $watch->query_safe('UPDATE kb.load SET people = 40, items = 3000');
    return retrain($node, 'kb');
}), qr/^failed\|53200\|.*memory.*\|.*knowhow\.max_memory/);

ends('lock_timeout', with_setting(q{lock_timeout = '200ms'}, sub {
    $other->query_safe('BEGIN; LOCK TABLE kb.ratings IN ACCESS EXCLUSIVE MODE');
    my $run = retrain($node, 'kb');
    run_end($node, $run);
    $other->query_safe('ROLLBACK');
    return $run;
}), qr/^failed\|55P03\|canceling statement due to lock timeout/);

# It waits for its starter as long as that takes.
ends('lock_timeout while the starter goes on', with_setting(q{lock_timeout = '50ms'}, sub {
    my $run = $other->query_safe(q{BEGIN; SELECT knowhow.retrain_in_background('kb', 1)});
    wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $run waits for its starter%')");
    $other->query_safe(q{SELECT pg_sleep(0.3); UPDATE kb.load SET people = -1; LOCK TABLE kb.users IN ACCESS EXCLUSIVE MODE});
    $watch->query_safe("SELECT knowhow.cancel_training($run)");
    $other->query_safe('COMMIT');
    return $run;
}), qr/^canceled\|57014/);

ends('statement_timeout while it reads', with_setting(q{statement_timeout = '500ms'}, sub {
    $holder->query_safe('SELECT pg_advisory_lock(1)');
    my $run = retrain($node, 'kb');
    run_end($node, $run);
    $holder->query_safe('SELECT pg_advisory_unlock(1)');
    return $run;
}), qr/^failed\|57014\|canceling statement due to statement timeout/);

# Until the timeout is met by learning: neither before, on a slow machine, nor after it, on a fast one.
my ($timeout, $people, $learnt) = (1, 30, '');
while ($learnt ne 'failed') {
    my $run = with_setting("statement_timeout = '${timeout}s'", sub {
        $watch->query_safe("UPDATE kb.load SET people = $people, items = 8000");
        return retrain($node, 'kb');
    });
    $learnt = $node->safe_psql('postgres', "SELECT state FROM knowhow.training_runs WHERE run_id = $run AND (seconds->>'read')::float8 > 0");
    $timeout *= 2 if $learnt eq '';
    $people *= 2 if $learnt eq 'succeeded';
    next if $learnt ne 'failed';
    $node->safe_psql('postgres', q{SELECT knowhow.activate_model(min(model_id)) FROM knowhow.models WHERE recommender = 'kb' AND state = 'retired'})
        if $watch->query_safe(q{SELECT active_model FROM knowhow.recommenders WHERE name = 'kb'}) != $first_model;
    ends("statement_timeout while it learns (after $timeout s)", $run, qr/^failed\|57014\|canceling statement due to statement timeout/);
}

ends('temp_file_limit', with_setting('temp_file_limit = 64', sub {
    $watch->query_safe(q{
        ALTER DATABASE postgres SET work_mem = '64kB';
        CREATE VIEW kb.sorted AS SELECT user_id, snippet_id, weight, occurred_at FROM kb.training,
            LATERAL (SELECT count(x) FROM (SELECT x FROM generate_series(1, 100000) x ORDER BY md5(x::text)) AS y) AS z;
        SELECT knowhow.alter_recommender('kb', interactions => 'kb.sorted')});
    my $run = retrain($node, 'kb');
    run_end($node, $run);
    $watch->query_safe(q{SELECT knowhow.alter_recommender('kb', interactions => 'kb.training')});
    return $run;
}), qr/^failed\|53400\|temporary file size exceeds "?temp_file_limit/);

# ---- What the run needs has changed

my $bind_again = q{CREATE TABLE kb.labels AS SELECT * FROM kept; SELECT knowhow.alter_recommender('kb', labels => 'kb.labels')};
$node->safe_psql('postgres', 'CREATE TABLE kept AS SELECT * FROM kb.labels');
ends('a dropped table', while_queued('kb', 'DROP TABLE kb.labels'),
    qr/^failed\|42P01\|.*"kb".*kb\.labels.*alter_recommender/, $bind_again);
ends('a renamed table', while_queued('kb', 'ALTER TABLE kb.labels RENAME TO marks'),
    qr/^failed\|\w{5}\|.*kb\.labels.*kb\.marks.*alter_recommender/, 'ALTER TABLE kb.marks RENAME TO labels');
ends('a renamed column', while_queued('kb', 'ALTER TABLE kb.labels RENAME value TO label'),
    qr/^failed\|42703\|.*value/, 'ALTER TABLE kb.labels RENAME label TO value');
ends('a renamed column of interactions', while_queued('kb', 'ALTER VIEW kb.training RENAME weight TO heaviness'),
    qr/^failed\|42703\|.*weight/, 'ALTER VIEW kb.training RENAME heaviness TO weight');

make_knowledge_base($node, 'postgres', 'hers', 3, extra_params => [ '-U', 'alice' ]);
$node->safe_psql('postgres', q{
    CREATE VIEW public.liked AS SELECT * FROM hers.training;
    GRANT SELECT ON public.liked TO alice});
$node->safe_psql('postgres', q{SELECT knowhow.alter_recommender('hers', interactions => 'public.liked')}, extra_params => [ '-U', 'alice' ]);
is(run_end($node, retrain($node, 'hers')), 'succeeded', 'a relation of a superuser');
ends('a revoked privilege', while_queued('hers', 'REVOKE SELECT ON public.liked FROM alice'), qr/^failed\|42501\|permission denied for view liked/);
ends('another owner', while_queued('hers', 'CREATE ROLE bob; ALTER VIEW public.liked OWNER TO bob'),
    qr/^failed\|42501\|.*owner.*public\.liked/, 'ALTER VIEW public.liked OWNER TO postgres; GRANT SELECT ON public.liked TO alice');

ends('altered meanwhile', while_writing('kb', 1, q{SELECT knowhow.alter_recommender('kb', params => '{"neighbours": 7}')}),
    qr/^failed\|55000\|recommender "kb" was altered while it was trained\|.*\|Train it again\.$/);
$watch->query_safe(q{SELECT knowhow.alter_recommender('kb', params => '{"neighbours": null}')});
ends('a table dropped meanwhile', while_writing('kb', 1, 'DROP TABLE kb.labels'), qr/^failed\|42P01\|.*kb\.labels/, $bind_again);

# A run whose recommender can no longer be read is still its owner's to cancel.
$holder->query_safe('SELECT pg_advisory_lock(2)');
my $blocking = retrain($node, 'blocker');
phase_reached($watch, $blocking, 'reading');
my $run = retrain($node, 'kb');
wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $run waits for its turn')");
$node->safe_psql('postgres', 'ALTER TABLE kb.labels RENAME TO marks');
is($watch->query("SELECT knowhow.cancel_training($run)"), 't', 'its owner cancels a run that would fail');
ends('cancelled while it could not be read', $run, qr/^canceled\|57014/, 'ALTER TABLE kb.marks RENAME TO labels');
$watch->query_safe("SELECT knowhow.cancel_training($blocking)");
run_end($node, $blocking);
$holder->query_safe('SELECT pg_advisory_unlock(2)');

# Dropped: nothing is left to record anything in, and nobody is told.
my $log = -s $node->logfile;
$run = while_writing('hers', 3, q{SELECT knowhow.drop_recommender('hers')});
wait_until($watch, "$workers = 0");
is($watch->query_safe("SELECT count(*) FROM knowhow.training_run_catalog WHERE run_id = $run"), 0, 'recommender dropped while it is written');
make_knowledge_base($node, 'postgres', 'brief', 3);
$run = while_queued('brief', q{SELECT knowhow.drop_recommender('brief')});
wait_until($watch, "$workers = 0");
is($watch->query_safe("SELECT count(*) FROM knowhow.training_run_catalog WHERE run_id = $run"), 0, 'recommender dropped while it is queued');
is($node->safe_psql('postgres', $answers), $before, 'no other recommender suffers from that');
is_deeply([ log_lines($node, 'knowhow worker: \w+:', $log) ], [], 'runs of dropped recommenders leave quietly');

# ---- The disk is full

# What takes rows of more than 2 kB is on a device that has no room.
SKIP: {
    skip 'no /dev/full', 4 unless -c '/dev/full' && -w '/dev/full';
    my $file = $node->data_dir . '/' . $node->safe_psql('postgres',
        q{SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = 'knowhow.model_items'::regclass});
    $_->quit for $watch, $holder, $other;
    $node->stop;
    is(-s $file, 0, 'no row is so long until now');
    rename $file, "$file.kept" or die $!;
    symlink '/dev/full', $file or die $!;
    $node->start;
    ($watch, $holder, $other) = map { session($node) } 1 .. 3;
    $watch->query_safe(q{UPDATE kb.load SET people = 40, items = 1000;
        SELECT knowhow.alter_recommender('kb', params => '{"neighbours": 2000}')});
    ends('disk full', retrain($node, 'kb'), qr/^failed\|53100\|could not extend file .*No space left on device\|.*Check free disk space\.$/);
    $_->quit for $watch, $holder, $other;
    $node->stop;
    unlink $file;
    rename "$file.kept", $file or die $!;
    $node->start;
    ($watch, $holder, $other) = map { session($node) } 1 .. 3;
    $watch->query_safe('UPDATE kb.load SET people = 40, items = 1000');
    is(run_end($node, retrain($node, 'kb')), 'succeeded', 'with room again it succeeds');
    $watch->query_safe(q{UPDATE kb.load SET people = 0, items = 0;
        SELECT knowhow.alter_recommender('kb', params => '{"neighbours": null}')});
    $watch->query_safe(q{SELECT knowhow.activate_model(min(model_id)) FROM knowhow.models WHERE recommender = 'kb'});
    $before = $node->safe_psql('postgres', $answers);
}

# ---- No worker

$_->quit for $watch, $holder, $other;
$node->append_conf('postgresql.conf', "max_worker_processes = 1\nmax_logical_replication_workers = 0\n");
$node->restart;
($watch, $holder, $other) = map { session($node) } 1 .. 3;
$log = -s $node->logfile;
$holder->query_safe('SELECT pg_advisory_lock(1)');
$run = retrain($node, 'kb');
ok(phase_reached($watch, $run, 'reading'), 'max_worker_processes = 1: one run');
my ($status, $out, $err) = $node->psql('postgres', q{SELECT knowhow.retrain_in_background('blocker')});
like($err, qr/no background worker is free.*HINT:.*knowhow\.train\(\).*max_worker_processes \(now 1\)/s, 'a second one is refused at once');
is($watch->query_safe(q{SELECT count(*) FROM knowhow.training_runs WHERE state = 'queued'}), 0, 'and leaves nothing behind');
$holder->query_safe('SELECT pg_advisory_unlock(1)');
is(run_end($node, $run), 'succeeded', 'the first one is not disturbed');
wait_until($watch, "$workers = 0");
is(scalar(log_lines($node, 'knowhow worker: LOG:', $log)), 1, 'the log tells, in one message, that there is no watcher');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\n");
$_->quit for $watch, $holder, $other;
$node->restart;
($watch, $holder, $other) = map { session($node) } 1 .. 3;

# ---- Settings of a database that would keep a worker from writing anything

for my $setting (q{default_transaction_read_only = on}, q{default_transaction_isolation = 'serializable'},
    q{search_path = 'kb'}, q{row_security = off}, q{default_transaction_deferrable = on}, q{transform_null_equals = on}) {
    is(run_end($node, with_setting($setting, sub {
        return $watch->query_safe(q{SELECT knowhow.retrain_in_background('kb')});
    })), 'succeeded', $setting);
}

# ---- The extension is dropped

$node->append_conf('postgresql.conf', 'knowhow.max_concurrent_trainings = 2');
$node->reload;

# Starts a run in the database that learns for a while; returns its id.
$people = 100;
sub learning {
    my ($session) = @_;
    for (; ; $people *= 2) {
        $session->query_safe("UPDATE kb.load SET people = $people, items = 3000");
        my $run = $session->query_safe(q{SELECT knowhow.retrain_in_background('kb')});
        return $run if phase_reached($session, $run, 'learning');
    }
}

$node->safe_psql('postgres', 'CREATE DATABASE extension');
make_knowledge_base($node, 'extension', 'kb', 1);
my $there = session($node, 'extension');
$log = -s $node->logfile;
$run = learning($there);
$there->query_safe('BEGIN; DROP EXTENSION knowhow CASCADE');
wait_until($watch, qq{(SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE query LIKE '%run $run), writing')});
$there->query_safe('ROLLBACK');
is(run_end($node, $run, 'extension'), 'succeeded', 'DROP EXTENSION rolled back: the run goes on');

learning($there);
$there->query_safe('DROP EXTENSION knowhow CASCADE; DROP SCHEMA kb CASCADE');
wait_until($watch, "$workers = 0");
pass('DROP EXTENSION: the worker leaves');

# Created again, the same number is another run.
make_knowledge_base($node, 'extension', 'kb', 1);
my $old = learning($there);
$there->query_safe('DROP EXTENSION knowhow CASCADE; DROP SCHEMA kb CASCADE');
make_knowledge_base($node, 'extension', 'kb', 1);
$there->query_safe('SELECT pg_advisory_lock(1)');
$run = 0;
while ($run < $old) {
    $there->query_safe("SELECT knowhow.cancel_training($run)") if $run;
    run_end($node, $run, 'extension') if $run;
    $run = $there->query_safe(q{SELECT knowhow.retrain_in_background('kb', 77)});
}
wait_until($there, "EXISTS (SELECT FROM knowhow.training_progress WHERE run_id = $run AND phase = 'reading')");
my $row = $there->query_safe("SELECT * FROM knowhow.training_runs WHERE run_id = $run");
wait_until($watch, qq{(SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'knowhow: training%') = 1});
is("$run $row", "$old " . $there->query_safe("SELECT * FROM knowhow.training_runs WHERE run_id = $run"),
    'the old worker leaves, and another run of the same number is as it was');
$there->query_safe('SELECT pg_advisory_unlock(1)');
is(run_end($node, $run, 'extension'), 'succeeded', 'and succeeds');

# The same, while the old one waits for its turn.
$node->append_conf('postgresql.conf', 'knowhow.max_concurrent_trainings = 1');
$node->reload;
$holder->query_safe('SELECT pg_advisory_lock(2)');
$blocking = retrain($node, 'blocker');
phase_reached($watch, $blocking, 'reading');
$there->query_safe(q{DROP EXTENSION knowhow CASCADE; DROP SCHEMA kb CASCADE});
make_knowledge_base($node, 'extension', 'kb', 1);
$old = $there->query_safe(q{SELECT knowhow.retrain_in_background('kb')});
wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $old waits for its turn')");
$there->query_safe(q{DROP EXTENSION knowhow CASCADE; DROP SCHEMA kb CASCADE});
make_knowledge_base($node, 'extension', 'kb', 1);
$run = $there->query_safe(q{SELECT knowhow.retrain_in_background('kb', 78)});
is($run, $old, 'another run of the same number, both queued');
$holder->query_safe('SELECT pg_advisory_unlock(2)');
is(run_end($node, $run, 'extension'), 'succeeded', 'the new one succeeds');
is($there->query_safe("SELECT seed, rows_read FROM knowhow.training_runs WHERE run_id = $run"), '78|636', 'as it was asked for');
wait_until($watch, "$workers = 0");
is_deeply([ log_lines($node, 'knowhow worker: \w+:', $log) ], [], 'the log has nothing to say about all that');

# ---- The log

# The 1st and the 10th failure in a row of a recommender; what stops with the server says so.
my @logged = log_lines($node, 'knowhow worker: LOG:  training run \d+ of recommender \d+ failed: ');
cmp_ok(scalar(@logged), '<=', 5, 'few of the failures are logged');
is_deeply([ grep { !/due to administrator command/ } log_lines($node, 'knowhow worker: (ERROR|FATAL|WARNING|PANIC):') ], [],
    'and no other complaints');
is($node->safe_psql('postgres', q{SELECT count(*) FROM knowhow.training_runs WHERE state IN ('queued', 'running')}), 0, 'nothing is stuck');

$_->quit for $watch, $holder, $other, $there;
$node->stop;
done_testing();
