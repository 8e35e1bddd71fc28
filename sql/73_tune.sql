-- tune(): a fixed grid on the validation stretch, logged; the test's stretch stays unread.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
SET timezone = 'UTC';

-- 60 people of 4 subjects of 15 snippets, and 6 who read a little of everything, much of it at once.
SELECT knowhow.create_knowledge_base('tune_kb');
INSERT INTO tune_kb.users SELECT u, 'u' || u FROM generate_series(1, 66) u;
INSERT INTO tune_kb.snippets (snippet_id, title, created_at) SELECT s, 's' || s, '2024-01-01' FROM generate_series(1, 60) s;
CREATE TABLE tune_kb.reads AS
SELECT u::bigint AS user_id, s::bigint AS snippet_id, 1::real AS weight,
       timestamptz '2024-02-01' + (u * 7919 + s * 104729) % 100003 * interval '30 seconds' + u * interval '1 microsecond' AS occurred_at
FROM generate_series(1, 66) u, generate_series(1, 60) s
WHERE CASE WHEN u <= 60 THEN u % 4 = s % 4 AND (u / 4 + s / 4) % 3 > 0 ELSE (u + s) % 2 = 0 END;
SELECT knowhow.alter_recommender('tune_kb', interactions => 'tune_kb.reads', events => '-', ratings => '-', algorithm => 'item_knn',
    params => '{"profile_weight": 0, "max_user_items": 1000}');
SET knowhow.recommender = 'tune_kb';

-- The grid, what comes of it, and its log; the recommender stays as it is.
SELECT algorithm, params FROM knowhow.recommenders WHERE name = 'tune_kb' \gset before_
CREATE TABLE tuned AS SELECT * FROM knowhow.tune();
SELECT trial, algorithm, params FROM tuned ORDER BY trial;
SELECT count(*) FILTER (WHERE best) AS best, bool_and(best = (trial = (SELECT trial FROM tuned ORDER BY value DESC, trial LIMIT 1))) AS largest,
       bool_and(abs(difference - (value - (SELECT value FROM tuned WHERE trial = 0))) < 1e-12) AS differences, bool_and(low <= difference AND difference <= high) AS inside,
       count(DISTINCT value) > 3 AS values_differ, min(n) > 30 AS people, bool_or(applied) AS applied
FROM tuned;
SELECT algorithm = :'before_algorithm' AND params = :'before_params' AS unchanged FROM knowhow.recommenders WHERE name = 'tune_kb';
SELECT count(*) AS trials, count(*) FILTER (WHERE (t.algorithm, t.params, t.value, t.difference, t.low, t.high, t.n, t.best, t.applied)
           = (l.algorithm, l.params, l.value, l.difference, l.low, l.high, l.n, l.best, l.applied)) AS as_returned,
       min(by_metric) AS by_metric, min(at_k) AS at_k, min(questions) AS questions, count(DISTINCT (fitted_before, validated_before)) AS stretches,
       bool_and(fitted_before < validated_before AND seconds >= 0 AND tried_at BETWEEN now() - interval '1 hour' AND clock_timestamp()) AS sane
FROM tuned t JOIN knowhow.tuning_trials l USING (tuning_id, trial) WHERE recommender = 'tune_kb';
-- The stretch of the test is that of evaluate().
SELECT count(*) = 1 AS same_cut FROM (SELECT DISTINCT validated_before FROM knowhow.tuning_trials) v
WHERE validated_before = (SELECT min(asked_at) FROM knowhow.evaluation_lists());
-- A trial's value is that of the metric by a model of the fitted stretch, asked of what came up to the test's.
SELECT fitted_before, validated_before FROM knowhow.tuning_trials WHERE trial = 0 \gset
CREATE TABLE asked AS
SELECT user_id, snippet_id, occurred_at FROM tune_kb.reads WHERE occurred_at >= :'fitted_before' AND occurred_at < :'validated_before';
SELECT count(*) AS questions FROM asked;

-- The same again, for any number of threads; other questions, another seed.
SET knowhow.threads = 1;
CREATE FUNCTION pg_temp.moved(trials text DEFAULT '') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    result bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM tuned t FULL JOIN knowhow.tune(%s) n USING (trial) '
                   'WHERE (t.params, t.value, t.low, t.high, t.n, t.best) IS DISTINCT FROM (n.params, n.value, n.low, n.high, n.n, n.best)', trials) INTO result;
    RETURN result;
END
$$;
SELECT pg_temp.moved();
RESET knowhow.threads;
SELECT pg_temp.moved('questions => 100') AS fewer;
SELECT pg_temp.moved('questions => 100, seed => 5') > 5 AS seeded;
SELECT pg_temp.moved('metric => ''mrr'', k => 3') > 5 AS by_mrr;

-- Planted: nothing of the test's stretch moves a trial, whatever people met there.
BEGIN;
-- Everybody's later reads become another's, at the same times.
UPDATE tune_kb.reads r SET snippet_id = 60 + user_id * 100 + r.snippet_id WHERE occurred_at >= :'validated_before';
INSERT INTO tune_kb.snippets (snippet_id, title, created_at) SELECT DISTINCT snippet_id, 'planted', timestamptz :'validated_before' FROM tune_kb.reads WHERE snippet_id > 60;
SELECT count(*) > 100 AS planted FROM tune_kb.snippets WHERE title = 'planted';
SELECT pg_temp.moved();
ROLLBACK;
BEGIN;
-- Later labels.
INSERT INTO tune_kb.labels (snippet_id, kind, value, labelled_at) SELECT s, 'topic', 'late', :'validated_before' FROM generate_series(1, 30) s;
SELECT pg_temp.moved();
ROLLBACK;
BEGIN;
-- What is fitted does.
UPDATE tune_kb.reads SET snippet_id = 1 + snippet_id % 60 WHERE occurred_at < :'fitted_before' AND user_id <= 20;
SELECT pg_temp.moved() > 5 AS moved;
ROLLBACK;

-- Several algorithms, each once; the recommender's own parameters come first.
SELECT trial, algorithm, params FROM knowhow.tune(algorithms => '{slim,ials,slim}', questions => 20) ORDER BY trial;
-- Applied: what was best, and nothing else.
SELECT knowhow.alter_recommender('tune_kb', params => '{"shrinkage": 1000000, "user_activity": 1}');
SELECT trial > 0 AS another, algorithm, best FROM knowhow.tune(algorithms => '{slim}', apply => true) WHERE applied;
SELECT r.algorithm, r.params = :'before_params'::jsonb || '{"shrinkage": 1000000, "user_activity": 1}' || t.params AS merged
FROM knowhow.recommenders r JOIN knowhow.tuning_trials t ON t.recommender = r.name AND t.applied;
SELECT knowhow.train() > 0 AS trained;
SELECT m.params @> t.params AS trained_with FROM knowhow.models m JOIN knowhow.tuning_trials t ON t.recommender = m.recommender AND t.applied;
-- Where the present ones are the best, there is nothing to apply.
SELECT count(*) FILTER (WHERE applied) AS applied FROM knowhow.tune(apply => true);

-- As many as training runs are kept.
SELECT knowhow.alter_recommender('tune_kb', algorithm => 'item_knn', params => '{"keep_runs": 2}');
SELECT max(tuning_id) AS newest FROM knowhow.tune(questions => 5) \gset
SELECT count(DISTINCT tuning_id), max(tuning_id) = :newest AS newest FROM knowhow.tuning_trials;

-- Canceled at once, with nothing left behind.
INSERT INTO tune_kb.snippets (snippet_id, title, created_at) SELECT s, 'more', '2024-01-01' FROM generate_series(1001, 21000) s;
SELECT count(*) AS trials FROM knowhow.tuning_trials \gset before_
SELECT clock_timestamp() AS began \gset
SET statement_timeout = '500ms';
SELECT count(*) FROM knowhow.tune(algorithms => '{item_knn,slim,ials}');
RESET statement_timeout;
-- Half a second, a second, and what a loaded machine takes besides.
SELECT clock_timestamp() - :'began' < interval '3 seconds' AS at_once;
SELECT count(*) = :before_trials AS as_before, (SELECT count(*) FROM knowhow.training_progress) AS shown FROM knowhow.tuning_trials;
DELETE FROM tune_kb.snippets WHERE snippet_id > 1000;

-- Who may, and who sees it.
CREATE ROLE regress_knowhow_tuner;
SET ROLE regress_knowhow_tuner;
SELECT count(*) FROM knowhow.tune('tune_kb');
SELECT count(*) FROM knowhow.tuning_trials;
SELECT count(*) FROM knowhow.tuning_trial_catalog;
RESET ROLE;
GRANT USAGE ON SCHEMA tune_kb TO regress_knowhow_tuner;
GRANT SELECT ON ALL TABLES IN SCHEMA tune_kb TO regress_knowhow_tuner;
SET ROLE regress_knowhow_tuner;
SELECT count(*) FROM knowhow.tune('tune_kb');
SELECT count(*) > 0 AS seen FROM knowhow.tuning_trials;
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) FROM knowhow.tune();
ROLLBACK;

-- What is refused.
SELECT count(*) FROM knowhow.tune('nobody');
SELECT count(*) FROM knowhow.tune(algorithms => '{}');
SELECT count(*) FROM knowhow.tune(algorithms => '{NULL}');
SELECT count(*) FROM knowhow.tune(algorithms => '{magic}');
SELECT count(*) FROM knowhow.tune(algorithms => '{user_knn}');
SELECT count(*) FROM knowhow.tune(metric => 'novelty');
SELECT count(*) FROM knowhow.tune(metric => NULL);
SELECT count(*) FROM knowhow.tune(k => 0);
SELECT count(*) FROM knowhow.tune(k => 1001);
SELECT count(*) FROM knowhow.tune(test_share => 1);
SELECT count(*) FROM knowhow.tune(test_share => 'NaN');
SELECT count(*) FROM knowhow.tune(validation_share => 0);
SELECT count(*) FROM knowhow.tune(questions => 0);
SELECT count(*) FROM knowhow.tune(apply => NULL);
-- One row; none; without times.
TRUNCATE tune_kb.reads;
SELECT count(*) FROM knowhow.tune();
INSERT INTO tune_kb.reads VALUES (1, 1, 1, '2024-02-01');
SELECT count(*) FROM knowhow.tune();
INSERT INTO tune_kb.reads VALUES (1, 2, 1, '2024-02-02');
SELECT count(*) AS trials, bool_and(n = 1 AND difference = 0) AS one_person FROM knowhow.tune();
UPDATE tune_kb.reads SET occurred_at = NULL;
SELECT count(*) FROM knowhow.tune();

SELECT knowhow.drop_recommender('tune_kb');
SELECT count(*) FROM knowhow.tuning_trial_catalog;
DROP OWNED BY regress_knowhow_tuner;
DROP ROLE regress_knowhow_tuner;
DROP TABLE tuned, asked;
DROP SCHEMA tune_kb CASCADE;
