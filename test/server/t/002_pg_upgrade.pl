# pg_upgrade (here to a cluster of the same version) takes everything along: recommenders, models,
# schedules, the tfidf index, and the answers; trainings that were queued or running when the old
# server stopped are marked so, and the launcher goes on in the new one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Trainings;

my $gate = 1;
my $old = new_server('old', "knowhow.max_concurrent_trainings = 1\n");
make_knowledge_base($old, 'postgres', 'kb', $gate);
make_knowledge_base($old, 'postgres', 'plain', 2);
$old->safe_psql('postgres', q{
    SELECT knowhow.train('plain'), knowhow.train('kb');
    INSERT INTO kb.ratings VALUES (1, 3, 5) ON CONFLICT (user_id, snippet_id) DO UPDATE SET rating = 5;
    SELECT knowhow.train('kb');
    SET TimeZone = 'UTC';
    SELECT knowhow.alter_recommender('kb', retrain_every => '1 day', retrain_after_changes => 1000, retrain_at_drift => 0.5,
        retrain_window_start => '22:00', retrain_window_end => '06:00', retrain_time_zone => 'Europe/Berlin',
        retrain_enabled => false);
    SELECT knowhow.alter_recommender('plain', retrain_every => '30 days');
    SELECT knowhow.train('plain')});

# One run is busy and one waits for its turn when the server stops.
my $holder = session($old);
$holder->query_safe("SELECT pg_advisory_lock($gate)");
my $running = retrain($old, 'kb');
phase_reached($old, $running, 'reading');
my $queued = retrain($old, 'plain');
wait_until($old, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $queued waits for its turn')");

my $contents = q{
    SELECT * FROM knowhow.recommenders ORDER BY name;
    SELECT * FROM knowhow.models ORDER BY model_id;
    SELECT * FROM knowhow.schedule_catalog ORDER BY recommender_id;
    SELECT md5(string_agg(s::text, '' ORDER BY s)) FROM knowhow.model_statistics s;
    SELECT md5(string_agg(i::text, '' ORDER BY i)) FROM knowhow.model_items i;
    SELECT md5(string_agg(p::text, '' ORDER BY p)) FROM knowhow.model_positions p;
    SELECT md5(string_agg(s::text, '' ORDER BY s)) FROM kb.snippets s;
    SELECT md5(string_agg(i::text, '' ORDER BY i)) FROM (SELECT user_id, snippet_id, round(weight::numeric, 3) FROM kb.interactions) i};
# Scores follow the age of snippets, which grows.
my $answers = q{
    SELECT u, q, rank, r.snippet_id, title, round(score::numeric, 4), reason
    FROM generate_series(1, 21) u, (VALUES (NULL), ('word7 title')) AS v(q), knowhow.recommend(u, q, recommender => 'kb') r;
    SELECT rank, snippet_id, round(score::numeric, 4) FROM knowhow.search('word9', recommender => 'kb');
    SELECT s, rank, r.snippet_id, round(score::numeric, 4) FROM generate_series(1, 20) s, knowhow.similar(s, recommender => 'kb') r};
my $by_index = q{
    SET enable_seqscan = off;
    SELECT array_agg(snippet_id) FROM (
        SELECT snippet_id FROM kb.snippets ORDER BY content OPERATOR(knowhow.<#>) knowhow.to_tfidf('title word7') LIMIT 20) AS s};
my $plan = $by_index =~ s/SELECT array_agg.*?\(\s*(SELECT.*)\) AS s/EXPLAIN $1/sr;
my $before = $old->safe_psql('postgres', $contents);
my $answered = $old->safe_psql('postgres', $answers);
my $found = $old->safe_psql('postgres', $by_index);
my $runs = q{SELECT run_id, state, error_sqlstate, error_message FROM knowhow.training_runs ORDER BY run_id};
my $ended = $old->safe_psql('postgres', $runs);
like($old->safe_psql('postgres', $plan), qr/Index Scan using snippets_content_idx/, 'the index is used');
my $bindir = $old->config_data('--bindir');
$old->stop('fast');
$holder->{run}->finish;

# The library is loaded at the start of both servers, which pg_upgrade starts as well.
my $new = new_server('new', "shared_preload_libraries = 'knowhow'\nknowhow.launcher_naptime = 1\n");
$new->stop;
$old->append_conf('postgresql.conf', "shared_preload_libraries = 'knowhow'\nknowhow.launcher_naptime = 1\n");
chdir(PostgreSQL::Test::Utils::tempdir) or die "cannot change folder: $!";
command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir,
    '-b', $bindir, '-B', $bindir, '-s', $new->host, '-p', $old->port, '-P', $new->port ],
    'pg_upgrade');

# ---- The new server, as long as the launcher has nothing to do with it

$new->append_conf('postgresql.conf', "knowhow.launcher = off\n");
$new->start;
is($new->safe_psql('postgres', $contents), $before, 'everything is there');
is($new->safe_psql('postgres', $answers), $answered, 'the answers are the same');
is($new->safe_psql('postgres', $by_index), $found, 'and so is what the index finds');
like($new->safe_psql('postgres', $plan), qr/Index Scan using snippets_content_idx/, 'which is used');
is($new->safe_psql('postgres', $runs), $ended, 'runs are as they were when the old server stopped');
like($ended, qr/^$running\|running\|\|$/m, 'one was running');
like($ended, qr/^$queued\|queued\|\|$/m, 'one was queued');

# ---- The launcher

# A run that has been queued for less than a minute may still find its worker.
$new->safe_psql('postgres', q{UPDATE knowhow.training_run_catalog SET requested_at = requested_at - interval '1 minute'
    WHERE state = 'queued'});
$new->append_conf('postgresql.conf', "knowhow.launcher = on\n");
$new->reload;
is(run_end($new, $_), 'failed|57P01|the run ended without a word|Its process was killed or could not be started, or the server stopped.',
    "run $_ is marked as failed") for $running, $queued;
is($new->safe_psql('postgres', q{SELECT count(*) FROM knowhow.training_runs WHERE state IN ('queued', 'running')}), 0, 'nothing is stuck');
is($new->safe_psql('postgres', $answers), $answered, 'the former model serves');
$new->safe_psql('postgres', q{SELECT knowhow.alter_recommender('plain', retrain_every => '1 second')});
wait_until($new, q{EXISTS (SELECT FROM knowhow.training_runs WHERE recommender = 'plain' AND cause = 'interval' AND state = 'succeeded')});
pass('the launcher trains what is due');
$new->safe_psql('postgres', q{SELECT knowhow.alter_recommender('plain', retrain_every => '0')});
is($new->safe_psql('postgres', q{SELECT every, after_changes, at_drift, window_start, window_end, time_zone, enabled
    FROM knowhow.schedules WHERE recommender = 'kb'}), '1 day|1000|0.5|22:00:00|06:00:00|Europe/Berlin|f', 'other schedules stay');

# ---- The catalogue and the index go on

$new->safe_psql('postgres', q{INSERT INTO kb.snippets (snippet_id, title) VALUES (1000, 'brandnewword word7')});
is($new->safe_psql('postgres', q{SELECT snippet_id FROM knowhow.search('brandnewword', recommender => 'kb')}), 1000, 'a new snippet is found');
like($new->safe_psql('postgres', $by_index =~ s/title word7/brandnewword/r), qr/^\{1000,/, 'by the index as well');
is(run_end($new, retrain($new, 'kb')), 'succeeded', 'a training succeeds');
my $retired = $new->safe_psql('postgres', q{SELECT max(model_id) FROM knowhow.models WHERE recommender = 'kb' AND state = 'retired'});
$new->safe_psql('postgres', "SELECT knowhow.activate_model($retired)");
is($new->safe_psql('postgres', q{SELECT active_model FROM knowhow.recommenders WHERE name = 'kb'}), $retired,
    'and a model of the old server can be active again');
$new->stop;
done_testing();
