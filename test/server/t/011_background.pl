# retrain_in_background() without any setup: when a run starts and when it does not, who waits for
# whom, what it holds back, whose rights it has, and what is kept of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use Trainings;

my $node = new_server('main', "autovacuum = off\n");
make_knowledge_base($node, 'postgres', 'kb', 1);
make_knowledge_base($node, 'postgres', 'other', 2);
my $watch = session($node);
my $starter = session($node);
my $holder = session($node);
my $workers = q{(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'knowhow worker')};
my $runs = 'SELECT count(*) FROM knowhow.training_runs';
my $model = sub { return $watch->query_safe("SELECT active_model FROM knowhow.recommenders WHERE name = '$_[0]'") };

# ---- When it starts

$holder->query_safe('SELECT pg_advisory_lock(1)');
my $run = $starter->query_safe(q{SELECT knowhow.retrain_in_background('kb', 7)});
like($run, qr/^\d+$/, 'the id of the run is returned while it has yet to read');
ok(phase_reached($watch, $run, 'reading'), 'it reads');
like($watch->query_safe("SELECT query FROM pg_stat_activity WHERE pid = (SELECT pid FROM knowhow.training_progress WHERE run_id = $run)"),
    qr/training kb \(run $run\), reading/, 'pg_stat_activity tells what it does');
is($watch->query_safe("SELECT background, recommender FROM knowhow.training_progress WHERE run_id = $run"), 't|kb',
    'training_progress shows it');
$holder->query_safe('SELECT pg_advisory_unlock(1)');
is(run_end($node, $run), 'succeeded', 'and succeeds');
is($watch->query_safe("SELECT cause, seed, rows_read, started_at >= requested_at AND finished_at >= started_at FROM knowhow.training_runs WHERE run_id = $run"),
    'background|7|636|t', 'its row tells what it did');
is($watch->query_safe(qq{SELECT (seconds->>'read')::float8 > 0 AND seconds ? 'learn' AND seconds ? 'write'
    AND (sizes->>'items')::int = 60 FROM knowhow.training_runs WHERE run_id = $run}), 't', 'durations and sizes');
is($watch->query_safe("SELECT model_id FROM knowhow.training_runs WHERE run_id = $run"), $model->('kb'), 'its model is active');
wait_until($watch, "$workers = 0");
pass('no worker stays');

my $before = $watch->query_safe($runs) . ' ' . $model->('kb');
$starter->query_safe(q{BEGIN; SELECT knowhow.retrain_in_background('kb'); ROLLBACK});
wait_until($watch, "$workers = 0");
is($watch->query_safe($runs) . ' ' . $model->('kb'), $before, 'a rollback starts nothing and leaves no worker');
$starter->query_safe(q{BEGIN; SAVEPOINT s; SELECT knowhow.retrain_in_background('kb'); ROLLBACK TO s; COMMIT});
wait_until($watch, "$workers = 0");
is($watch->query_safe($runs) . ' ' . $model->('kb'), $before, 'nor does the rollback of a savepoint');

$run = $starter->query_safe(q{BEGIN; SELECT knowhow.retrain_in_background('kb')});
wait_until($watch, qq{(SELECT query LIKE '%run $run waits for its starter%' AND wait_event = 'transactionid'
    FROM pg_stat_activity WHERE pid = (SELECT pid FROM knowhow.training_progress WHERE run_id = $run))});
is($watch->query_safe("SELECT phase FROM knowhow.training_progress WHERE run_id = $run"), 'queued',
    "a run waits for its starter's transaction");
$starter->query_safe('SAVEPOINT s; SELECT 1; RELEASE s');
is($model->('kb') . $watch->query_safe($runs), $before =~ s/(\S+) (\S+)/$2$1/r, 'meanwhile nothing has changed');
$starter->query_safe('COMMIT');
is(run_end($node, $run), 'succeeded', 'and starts when it commits');

# What the starter has written belongs to what is read.
$starter->query_safe(q{BEGIN; INSERT INTO kb.ratings VALUES (1, 1, 5) ON CONFLICT (user_id, snippet_id) DO UPDATE SET rating = 5;
    INSERT INTO kb.users VALUES (100); INSERT INTO kb.ratings VALUES (100, 1, 5), (100, 2, 5)});
$run = $starter->query_safe(q{SELECT knowhow.retrain_in_background('kb')});
$starter->query_safe('COMMIT');
is(run_end($node, $run), 'succeeded', 'a run after changes of its starter');
is($watch->query_safe("SELECT rows_read FROM knowhow.training_runs WHERE run_id = $run"), 638, 'has read them');

# ---- Cancelled

for my $when ('waits for its starter', 'reads') {
    $holder->query_safe('SELECT pg_advisory_lock(1)');
    $run = $starter->query_safe(q{BEGIN; SELECT knowhow.retrain_in_background('kb')});
    if ($when eq 'reads') {
        $starter->query_safe('COMMIT');
        phase_reached($watch, $run, 'reading');
    } else {
        wait_until($watch, "EXISTS (SELECT FROM knowhow.training_progress WHERE run_id = $run)");
    }
    is($starter->query_safe("SELECT knowhow.cancel_training($run)"), 't', "cancelled while it $when");
    $starter->query_safe('COMMIT') if $when ne 'reads';
    like(run_end($node, $run), qr/^canceled\|57014\|/, "cancelled while it $when: so it is recorded");
    $holder->query_safe('SELECT pg_advisory_unlock(1)');
}
is($watch->query_safe("SELECT knowhow.cancel_training($run)"), 'f', 'afterwards there is nothing to cancel');
wait_until($watch, "$workers = 0");

# ---- One after the other, and side by side

$holder->query_safe('SELECT pg_advisory_lock(1), pg_advisory_lock(2)');
my $first = retrain($node, 'kb');
ok(phase_reached($watch, $first, 'reading'), 'one recommender is trained');
my $second = retrain($node, 'kb');
wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $second waits for its turn')");
my $beside = retrain($node, 'other');
ok(phase_reached($watch, $beside, 'reading'), 'another one at the same time');
usleep(500_000);
is($watch->query_safe("SELECT string_agg(state, ' ' ORDER BY run_id) FROM knowhow.training_runs WHERE run_id IN ($first, $second, $beside)"),
    'running queued running', 'while a second run of the first one waits');
is($watch->query_safe("SELECT knowhow.cancel_training($second)"), 't', 'who waits can be cancelled');
like(run_end($node, $second), qr/^canceled\|57014\|/, 'and is so at once');
$second = retrain($node, 'kb');
wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $second waits for its turn')");
$holder->query_safe('SELECT pg_advisory_unlock(1), pg_advisory_unlock(2)');
is(run_end($node, $_), 'succeeded', "run $_ of three") for $first, $second, $beside;
is($watch->query_safe(qq{SELECT a.finished_at <= b.started_at FROM knowhow.training_runs a, knowhow.training_runs b
    WHERE a.run_id = $first AND b.run_id = $second}), 't', 'the second has begun after the end of the first');
is($watch->query_safe("SELECT model_id FROM knowhow.training_runs WHERE run_id = $second"), $model->('kb'),
    'and has made the active model');

$node->append_conf('postgresql.conf', 'knowhow.max_concurrent_trainings = 1');
$node->reload;
$holder->query_safe('SELECT pg_advisory_lock(1)');
$first = retrain($node, 'kb');
phase_reached($watch, $first, 'reading');
$beside = retrain($node, 'other');
wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $beside waits for its turn')");
usleep(500_000);
is(run_state($node, $beside), 'queued', 'knowhow.max_concurrent_trainings = 1: another recommender waits');
$node->append_conf('postgresql.conf', 'knowhow.max_concurrent_trainings = 2');
$node->reload;
is(run_end($node, $beside), 'succeeded', 'until it is raised');
is(run_state($node, $first), 'running', 'which disturbs nobody');

# A foreground training waits for the background one, and the other way round.
$starter->query_until(qr/sent/, "\\echo sent\nSELECT knowhow.train('kb') > 0 AS trained;\n");
wait_until($watch, qq{EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%knowhow.train(''kb'')%'
    AND wait_event_type = 'Lock' AND pid <> pg_backend_pid())});
pass('train() waits for a background run');
$holder->query_safe('SELECT pg_advisory_unlock(1)');
is(run_end($node, $first), 'succeeded', 'which ends');
like($starter->query_safe('SELECT 1'), qr/t\n1/, 'and then trains');
$starter->query_safe(q{BEGIN; SELECT knowhow.train('kb')});
$run = retrain($node, 'kb');
wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $run waits for its turn')");
usleep(300_000);
is(run_state($node, $run), 'queued', 'a background run waits for train()');
$starter->query_safe('COMMIT');
is(run_end($node, $run), 'succeeded', 'and runs when that has committed');

# ---- What it holds back

# Enough to learn that it still learns when VACUUM is done, however slow the machine.
my $dead = q{SELECT pid IS NOT NULL AND backend_xmin IS NULL AND backend_xid IS NULL FROM pg_stat_activity
    WHERE pid = (SELECT pid FROM knowhow.training_progress)};
my $vacuumed = '';
$holder->query_safe('SELECT pg_advisory_lock(2)');
$run = retrain($node, 'other');
phase_reached($watch, $run, 'reading');
is($watch->query_safe($dead), 'f', 'a run that reads has a snapshot');
$holder->query_safe('SELECT pg_advisory_unlock(2)');
run_end($node, $run);
for (my $people = 40; $people <= 1280 && $vacuumed eq ''; $people *= 2) {
    $watch->query_safe("UPDATE other.load SET people = $people, items = 3000");
    $run = retrain($node, 'other');
    next if !phase_reached($watch, $run, 'learning');
    my $held = $watch->query_safe($dead);
    my $locks = $watch->query_safe(q{SELECT count(*) FROM pg_locks WHERE locktype IN ('relation', 'transactionid')
        AND pid = (SELECT pid FROM knowhow.training_progress)});
    $watch->query_safe('UPDATE kb.ratings SET rating = rating; UPDATE other.ratings SET rating = rating');
    my ($status, $out, $err) = $node->psql('postgres', 'VACUUM (VERBOSE) kb.ratings, other.ratings');
    if ($watch->query_safe("SELECT phase FROM knowhow.training_progress WHERE run_id = $run") eq 'learning') {
        is($held, 't', 'while it learns it has neither snapshot nor transaction');
        is($locks, 0, 'and no lock on any table');
        $vacuumed = join ' ', $err =~ /(\d+) are dead but not yet removable/g;
        is($vacuumed, '0 0', "VACUUM removes rows that died since it began ($people people)");
    }
    $watch->query_safe("SELECT knowhow.cancel_training($run)");
    run_end($node, $run);
}
isnt($vacuumed, '', 'learning took long enough to see');
$watch->query_safe('UPDATE other.load SET people = 0, items = 0');

# ---- Whose rights

$node->safe_psql('postgres', q{
    CREATE ROLE alice LOGIN;
    CREATE ROLE mia LOGIN IN ROLE alice;
    CREATE ROLE eve LOGIN;
    CREATE ROLE ghost NOLOGIN;
    GRANT CREATE ON DATABASE postgres TO alice, ghost;
});
make_knowledge_base($node, 'postgres', 'hers', 3, extra_params => [ '-U', 'alice' ]);
my %as = map { $_ => session($node, 'postgres', extra_params => [ '-U', $_ ]) } qw(alice mia eve);
$as{alice}->query_safe('GRANT USAGE ON SCHEMA hers TO eve; GRANT SELECT ON hers.snippets TO eve');

# An error's SQLSTATE and message.
sub refused {
    my ($session, $statement) = @_;
    $session->{stderr} = '';
    $session->query("\\set VERBOSITY verbose\n$statement");
    my $error = $session->{stderr};
    $session->{stderr} = '';
    return $error;
}

like(refused($as{eve}, q{SELECT knowhow.retrain_in_background('hers')}), qr/42501: must be owner/,
    'who may read but is no owner starts nothing');
$holder->query_safe('SELECT pg_advisory_lock(3)');
$run = $as{mia}->query_safe(q{SELECT knowhow.retrain_in_background('hers')});
ok(phase_reached($watch, $run, 'reading'), 'a member of the owner starts it');
like(refused($as{eve}, "SELECT knowhow.cancel_training($run)"), qr/42501: must be owner/, 'nor cancels');
is($as{eve}->query_safe("SELECT state, cause FROM knowhow.training_runs WHERE run_id = $run"), 'running|background',
    'who may read sees the run');
$as{alice}->query_safe('REVOKE SELECT ON hers.snippets FROM eve');
like(refused($as{eve}, "SELECT knowhow.cancel_training($run)"), qr/42501: must be owner/, 'who may not even read does not cancel');
is($as{eve}->query_safe("SELECT (SELECT count(*) FROM knowhow.training_runs) + (SELECT count(*) FROM knowhow.training_progress)"),
    0, 'and sees nothing of it');
is(run_state($node, $run), 'running', 'it goes on');
is($as{mia}->query_safe("SELECT knowhow.cancel_training($run)"), 't', 'a member of the owner cancels it');
like(run_end($node, $run), qr/^canceled\|57014\|/, 'which is recorded');
$holder->query_safe('SELECT pg_advisory_unlock(3)');

$node->safe_psql('postgres', q{
    SET ROLE ghost;
    CREATE SCHEMA trap;
    CREATE TABLE trap.diary (who text, session text, path text, secret bool);
    CREATE TABLE trap.snippets (snippet_id bigint, title text, content knowhow.tfidf);
    INSERT INTO trap.snippets SELECT s, 'title', knowhow.to_tfidf('title ' || s) FROM generate_series(1, 5) s;
    CREATE FUNCTION trap.attack() RETURNS real LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO trap.diary VALUES (current_user, session_user, current_setting('search_path'),
            has_table_privilege('pg_catalog.pg_authid', 'SELECT'));
        RETURN 1;
    END $$;
    CREATE VIEW trap.interactions AS SELECT 1::bigint AS user_id, s AS snippet_id, trap.attack() AS weight, now() AS occurred_at
    FROM generate_series(1::bigint, 5) s;
    SELECT knowhow.create_recommender('trap', 'trap.snippets', 'trap.interactions');
});
is(run_end($node, retrain($node, 'trap')), 'succeeded', 'an owner who cannot log in');
is($watch->query_safe('SELECT DISTINCT who, path, secret FROM trap.diary'), 'ghost|pg_catalog, pg_temp|f',
    'whose code runs with their rights alone');

# What code of the owner tries, and how the run ends.
my @attacks = (
    [ 'RESET ROLE', qr/^failed\|42501\|cannot set parameter "role"/ ],
    [ 'SET ROLE postgres', qr/^failed\|42501\|cannot set parameter "role"/ ],
    [ 'SET LOCAL ROLE NONE', qr/^failed\|42501\|cannot set parameter "role"/ ],
    [ 'SET SESSION AUTHORIZATION DEFAULT', qr/^failed\|42501\|cannot set parameter "session_authorization"/ ],
    [ 'RESET SESSION AUTHORIZATION', qr/^failed\|42501\|cannot set parameter "session_authorization"/ ],
    [ q{PERFORM set_config('role', 'postgres', false)}, qr/^failed\|42501\|cannot set parameter "role"/ ],
    [ q{PERFORM set_config('session_authorization', 'postgres', false)}, qr/^failed\|42501\|cannot set parameter "session_authorization"/ ],
    [ 'ALTER ROLE ghost SUPERUSER', qr/^failed\|42501\|/ ],
    [ 'GRANT pg_execute_server_program TO ghost', qr/^failed\|42501\|/ ],
    [ 'PERFORM rolpassword FROM pg_authid', qr/^failed\|42501\|/ ],
    [ 'DELETE FROM knowhow.recommender_catalog', qr/^failed\|42501\|/ ],
    [ 'UPDATE knowhow.training_run_catalog SET recommender_id = 1', qr/^failed\|42501\|/ ],
    [ 'CREATE TEMP TABLE left_behind (x int)', qr/^failed\|42501\|cannot create temporary table/ ],
    [ 'CREATE TEMP VIEW left_behind AS SELECT 1', qr/^failed\|42501\|cannot create temporary table/ ],
    [ q{EXECUTE 'DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1'}, qr/^failed\|42501\|/ ],
    [ 'COMMIT', qr/^failed\|2D000\|invalid transaction termination/ ],
    [ 'PERFORM pg_terminate_backend(pg_backend_pid())', qr/^failed\|42501\|/ ],
    [ 'PERFORM pg_cancel_backend(pg_backend_pid())', qr/^failed\|42501\|/ ],
    [ q{RAISE EXCEPTION 'by the owner' USING ERRCODE = 'KH001', HINT = 'Ask them.'}, qr/^failed\|KH001\|by the owner\|.*\|Ask them\.$/ ],
    [ 'PERFORM pg_advisory_unlock_all(); PERFORM pg_advisory_lock(99)', qr/^succeeded$/ ],
    [ q{PERFORM set_config('default_transaction_read_only', 'on', false); PERFORM set_config('search_path', 'trap', false);
        PERFORM set_config('statement_timeout', '1', false); PERFORM set_config('lock_timeout', '1', false)}, qr/^succeeded$/ ],
    [ q{EXECUTE 'PREPARE left_behind AS SELECT 1'}, qr/^failed\|42501\|/ ],
    [ 'NOTIFY left_behind', qr/^succeeded$/ ],
    [ q{PERFORM knowhow.retrain_in_background('trap')}, qr/^(failed\||succeeded$)/ ],
    [ q{PERFORM knowhow.train('trap')}, qr/^failed\|/ ],
    [ q{PERFORM knowhow.cancel_training((SELECT max(run_id) FROM knowhow.training_runs))}, qr/^(canceled\|57014|failed)/ ],
);
for (@attacks) {
    my ($statement, $end) = @$_;
    # Once only: an attack that starts a run would go on for ever.
    $node->safe_psql('postgres', qq{
        SET ROLE ghost;
        DROP TABLE IF EXISTS trap.once;
        CREATE TABLE trap.once AS SELECT 1;
        CREATE OR REPLACE FUNCTION trap.attack() RETURNS real LANGUAGE plpgsql AS \$body\$
        BEGIN IF EXISTS (DELETE_ONCE) THEN $statement; END IF; RETURN 1; END \$body\$} =~ s/DELETE_ONCE/SELECT FROM trap.once/r);
    $run = retrain($node, 'trap');
    like(run_end($node, $run), $end, "hostile: $statement");
    $node->safe_psql('postgres', 'DROP TABLE trap.once; CREATE TABLE trap.once (x int); ALTER TABLE trap.once OWNER TO ghost')
        if $statement =~ /retrain/;
    wait_until($watch, "$workers = 0") if $statement =~ /retrain|cancel/;
}
$node->safe_psql('postgres', q{SET ROLE ghost; CREATE OR REPLACE FUNCTION trap.attack() RETURNS real LANGUAGE plpgsql AS
    'BEGIN INSERT INTO trap.diary VALUES (current_user); RETURN 1; END';
    CREATE FUNCTION trap.later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''ALTER ROLE ghost SUPERUSER''; RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER later AFTER INSERT ON trap.diary DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.later()});
like(run_end($node, retrain($node, 'trap')), qr/^failed\|42501\|/, 'hostile: a trigger that waits for the commit');
is($watch->query_safe(q{SELECT rolsuper, rolcanlogin FROM pg_roles WHERE rolname = 'ghost'}), 'f|f', 'the owner is what it was');
$node->safe_psql('postgres', 'DROP TRIGGER later ON trap.diary');

# ---- What is kept

$watch->query_safe(q{SELECT knowhow.alter_recommender('trap', params => '{"keep_runs": 3}')});
run_end($node, retrain($node, 'trap')) for 1 .. 2;
is($watch->query_safe(q{SELECT count(*) FROM knowhow.training_runs WHERE recommender = 'trap'}), 3, 'keep_runs = 3');
is($watch->query_safe(q{SELECT string_agg(state, ' ') FROM (SELECT state FROM knowhow.training_runs
    WHERE recommender = 'trap' ORDER BY run_id DESC LIMIT 2) AS newest}), 'succeeded succeeded', 'the newest ones');
$node->safe_psql('postgres', q{SET ROLE ghost; CREATE OR REPLACE FUNCTION trap.attack() RETURNS real LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''no''; END'});
run_end($node, retrain($node, 'trap')) for 1 .. 4;
is($watch->query_safe(q{SELECT string_agg(state, ' ') FROM knowhow.training_runs WHERE recommender = 'trap'}),
    'failed failed failed', 'also of runs that fail');
is($watch->query_safe(q{SELECT count(*) FROM knowhow.training_runs WHERE recommender <> 'trap'}) > 3, 1, 'those of others stay');

# ---- What would not fit is refused

make_knowledge_base($node, 'postgres', 'large', 77);
$run = retrain($node, 'large');
is(run_end($node, $run), 'succeeded', 'a small one');
my $former = $watch->query_safe(q{SELECT active_model FROM knowhow.recommenders WHERE name = 'large'});
$node->safe_psql('postgres', 'UPDATE large.load SET people = 500, items = 300');
$node->append_conf('postgresql.conf', 'knowhow.max_memory = 4MB');
$node->reload;
$run = retrain($node, 'large');
like(run_end($node, $run), qr/^failed\|53200\|training needs about \dMB, more than knowhow.max_memory = 4MB\|It holds .*\|Raise knowhow.max_memory to \dMB/,
    'too large a one is refused with the estimate');
is($watch->query_safe(qq{SELECT rows_read > 150000, (seconds ->> 'learn')::float8 = 0 FROM knowhow.training_runs WHERE run_id = $run}),
    't|t', 'when its rows were counted, before it learned');
is($watch->query_safe(q{SELECT active_model FROM knowhow.recommenders WHERE name = 'large'}), $former, 'the former model serves');
$node->append_conf('postgresql.conf', 'knowhow.max_memory = 1GB');
$node->reload;

wait_until($watch, "$workers = 0");
is($watch->query_safe(q{SELECT count(*) FROM knowhow.training_runs WHERE state IN ('queued', 'running')}), 0, 'nothing is stuck');
$_->quit for $watch, $starter, $holder, values %as;
$node->stop;
done_testing();
