# A streaming standby while its primary trains in the background: a rating counts there as soon as it
# is replayed, models change beneath those who ask without an error or a conflict, trainings are
# refused, and after promotion it trains by itself and closes what its primary left unfinished.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Trainings;

my $gate = 1;
my $primary = new_server('primary', q{
shared_preload_libraries = 'knowhow'
knowhow.launcher_naptime = 1
max_worker_processes = 16
autovacuum = off
});
make_knowledge_base($primary, 'postgres', 'kb', $gate);
$primary->safe_psql('postgres', q{INSERT INTO kb.users VALUES (21); SELECT knowhow.train('kb')});
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

sub catch_up { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')); return; }
my $launchers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'knowhow launcher'};
my $active = q{SELECT active_model FROM knowhow.recommenders};

# ---- A rating

my $answer = q{SELECT string_agg(snippet_id || ':' || round(score::numeric, 4), ' ' ORDER BY rank) FROM knowhow.recommend(21)};
catch_up();
my $before = $standby->safe_psql('postgres', $answer);
$primary->safe_psql('postgres', 'INSERT INTO kb.ratings VALUES (21, 7, 5), (21, 14, 5)');
catch_up();
my $after = $standby->safe_psql('postgres', $answer);
isnt($after, $before, 'a rating on the primary changes what the standby recommends');
is($after, $primary->safe_psql('postgres', $answer), 'to what the primary recommends');
unlike($after, qr/\b(7|14):/, 'which is not what was rated');
$primary->safe_psql('postgres', 'DELETE FROM kb.ratings WHERE user_id = 21');
catch_up();
is($standby->safe_psql('postgres', $answer), $before, 'without the rating it is as before');

# ---- Models that change beneath those who ask

# Each session asks again and again, and fails when an answer is not as long as it has to be. One in a
# transaction of one snapshot asks twice: by one model.
my $questions = $standby->basedir . '/questions.sql';
append_to_file($questions, q{
\set person random(1, 6)
\set snippet random(1, 60)
SELECT 1 / (count(*) = 10)::int FROM knowhow.recommend(:person);
SELECT 1 / (count(*) = 10)::int FROM knowhow.recommend(:person, 'word7 title');
SELECT 1 / (count(*) = 10)::int FROM knowhow.search('title');
SELECT 1 / (count(*) = 10)::int FROM knowhow.similar(:snippet);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT active_model AS first FROM knowhow.recommenders \gset
SELECT sum(hashtext(i::text)) AS rows FROM knowhow.model_items i WHERE model_id = :first \gset
SELECT count(*) AS answers FROM knowhow.recommend(:person) \gset
SELECT 1 / (active_model = :first AND :answers = 10)::int FROM knowhow.recommenders;
SELECT 1 / (count(*) = 60 AND sum(hashtext(i::text)) = :rows)::int FROM knowhow.model_items i WHERE model_id = :first;
COMMIT;
});
my ($out, $err) = ('', '');
my $asking = IPC::Run::start([ 'pgbench', '-n', '-c', '2', '-T', '10', '-f', $questions, '-h', $standby->host,
    '-p', $standby->port, '-U', 'postgres', 'postgres' ], '<', \undef, '>', \$out, '2>', \$err);
my ($trained, %models) = (0);
while ($asking->pumpable) {
    run_end($primary, retrain($primary, 'kb'));
    # What former models leave goes at once, also on the standby.
    $primary->safe_psql('postgres', 'VACUUM');
    $models{ $standby->safe_psql('postgres', $active) } = 1;
    $trained++;
    $asking->pump_nb;
}
ok($asking->finish, 'all questions were answered') or diag($err);
my ($rounds) = $out =~ /^number of transactions actually processed: (\d+)/m;
cmp_ok($rounds, '>', $trained, "$rounds rounds of them");
cmp_ok(scalar(keys %models), '>=', 5, "$trained trainings on the primary, of which the standby was seen with the models of " . keys %models);
catch_up();
is($primary->safe_psql('postgres', q{SELECT count(*) FROM knowhow.training_runs WHERE state <> 'succeeded'}), 0,
    'all trainings have succeeded');
is($standby->safe_psql('postgres', $active), $primary->safe_psql('postgres', $active), "the standby's model is the primary's");
is($standby->safe_psql('postgres', q{SELECT sum(confl_tablespace + confl_lock + confl_snapshot + confl_bufferpin + confl_deadlock)
    FROM pg_stat_database_conflicts}), 0, 'there was no conflict');

# Who keeps one snapshot for longer than max_standby_streaming_delay needs hot_standby_feedback, as on
# every standby.
$standby->append_conf('postgresql.conf', 'hot_standby_feedback = on');
$standby->reload;
wait_until($primary, 'EXISTS (SELECT FROM pg_stat_replication WHERE backend_xmin IS NOT NULL)');
my $reader = session($standby);
my $first = $reader->query_safe("BEGIN ISOLATION LEVEL REPEATABLE READ; $active");
my $answers = q{SELECT md5(array_agg((u, rank, r.snippet_id, round(score::numeric, 4)))::text)
    FROM generate_series(1, 20) u, knowhow.recommend(u, 'word7', 20) r};
my $by_first = $reader->query_safe($answers);
$primary->safe_psql('postgres', 'UPDATE kb.ratings SET rating = 6 - rating');
run_end($primary, retrain($primary, 'kb')) for 1 .. 5;
catch_up();
is($reader->query_safe("$active; $answers"), "$first\n$by_first", 'a transaction of one snapshot goes on with its model');
$reader->query_safe('COMMIT');
isnt($reader->query_safe("$active; $answers"), "$first\n$by_first", 'and the next one has the new model');

# ---- What a standby does not do

for my $statement (q{train('kb')}, q{retrain_in_background('kb')}, q{alter_recommender('kb', retrain_every => '1 day')},
    q{activate_model(1)}, q{rebuild_vectors('kb')}, q{drop_recommender('kb')}) {
    my ($status, $result, $error) = $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT knowhow.$statement");
    my ($function) = $statement =~ /^(\w+)/;
    like($error, qr/ERROR:  25006: cannot execute .* (during recovery|in a read-only transaction)/, "$function() on the standby");
    $error =~ s/\n.*//s;
    note $error;
}
is($standby->safe_psql('postgres', 'SELECT knowhow.cancel_training(1)'), 'f', 'there is nothing to cancel');
is($standby->safe_psql('postgres', $launchers), 0, 'no launcher runs there');
is($standby->safe_psql('postgres', q{SELECT setup_problem IS NULL FROM knowhow.health}), 't', 'which health does not complain of');

# ---- Promotion

# It happens while the primary trains one recommender and another one is due.
make_knowledge_base($primary, 'postgres', 'due', 2);
$primary->safe_psql('postgres', q{SELECT knowhow.train('due')});
my $holder = session($primary);
$holder->query_safe("SELECT pg_advisory_lock($gate), pg_advisory_lock(2)");
my $run = retrain($primary, 'kb');
phase_reached($primary, $run, 'reading');
$primary->safe_psql('postgres', q{SELECT knowhow.alter_recommender('due', retrain_every => '1 second')});
wait_until($primary, q{EXISTS (SELECT FROM knowhow.training_runs WHERE recommender = 'due' AND state = 'running')});
catch_up();
is(run_state($standby, $run), 'running', 'the standby shows the run that the primary is busy with');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM knowhow.training_progress'), 0, 'and no progress of its own');
$primary->stop('immediate');
$holder->{run}->kill_kill;
my $log = -s $standby->logfile;
$standby->promote;
is(run_end($standby, $run), 'failed|57P01|the run ended without a word|Its process was killed or could not be started, or the server stopped.',
    'promoted, it closes the run');
wait_until($standby, q{EXISTS (SELECT FROM knowhow.training_runs WHERE recommender = 'due' AND state = 'succeeded')});
pass('and trains what is due');
is(run_end($standby, retrain($standby, 'kb')), 'succeeded', 'and what it is asked to');
is($standby->safe_psql('postgres', $launchers), 1, 'its launcher has woken up');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM knowhow.recommend(1, recommender => 'kb')}), 10, 'it recommends');
is_deeply([ log_lines($standby, 'knowhow \w+: (ERROR|FATAL|PANIC|WARNING)', $log) ], [], 'without a complaint');
$standby->stop;
done_testing();
