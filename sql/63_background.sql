-- Background trainings, as far as one session sees them; the rest is in test/server.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\pset null '(null)'
\set SHOW_CONTEXT never
CREATE ROLE background_owner;
CREATE ROLE background_stranger;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO background_owner', current_database()); END $$;
CREATE PROCEDURE pg_temp.wait() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM knowhow.training_runs WHERE state IN ('queued', 'running'));
        COMMIT;
        PERFORM pg_sleep(0.05);
    END LOOP;
END
$$;

SET ROLE background_owner;
SELECT knowhow.create_knowledge_base('background_kb');
GRANT USAGE ON SCHEMA background_kb TO PUBLIC;
INSERT INTO background_kb.snippets (snippet_id, title) VALUES (1, 'one'), (2, 'two');
INSERT INTO background_kb.users VALUES (1), (2);
INSERT INTO background_kb.ratings (user_id, snippet_id, rating) VALUES (1, 1, 5), (1, 2, 4), (2, 1, 5);

SELECT knowhow.retrain_in_background('background_kb') AS run \gset
CALL pg_temp.wait();
SELECT cause, seed, state, rows_read, error_sqlstate, error_message,
       requested_at <= started_at AND started_at <= finished_at AS in_order,
       (seconds ->> 'read')::real >= 0 AND (seconds ->> 'learn')::real >= 0 AND (seconds ->> 'write')::real >= 0 AS timed,
       sizes - 'training_memory_kb' AS sizes, model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'background_kb') AS active
FROM knowhow.training_runs WHERE run_id = :run;
-- The same as train() makes of the same rows.
SELECT knowhow.train('background_kb') AS model \gset
RESET ROLE;
SELECT count(*) FROM ((SELECT snippet_id, targets, weights FROM knowhow.model_items WHERE model_id = :model
                       EXCEPT SELECT snippet_id, targets, weights FROM knowhow.model_items WHERE model_id = :model - 1)) AS d;
SET ROLE background_owner;
-- Named by the setting; a seed.
SET knowhow.recommender = 'background_kb';
SELECT knowhow.retrain_in_background(seed => 7) AS run \gset
CALL pg_temp.wait();
SELECT state, seed, (SELECT seed FROM knowhow.models m WHERE m.model_id = t.model_id) FROM knowhow.training_runs t WHERE run_id = :run;
RESET knowhow.recommender;

-- What is rolled back starts nothing.
BEGIN;
SELECT knowhow.retrain_in_background('background_kb') > 0 AS queued;
SELECT state, cause FROM knowhow.training_runs WHERE state = 'queued';
SAVEPOINT s;
SELECT knowhow.retrain_in_background('background_kb') > 0 AS queued;
ROLLBACK TO s;
ROLLBACK;
CALL pg_temp.wait();
SELECT count(*) FROM knowhow.training_runs;

-- A run that fails says why, and where.
CREATE FUNCTION background_kb.divide(bigint) RETURNS real LANGUAGE plpgsql AS 'BEGIN RETURN 1 / ($1 - 1); END';
CREATE VIEW background_kb.broken AS SELECT user_id, snippet_id, background_kb.divide(user_id) AS weight, now() AS occurred_at FROM background_kb.ratings;
SELECT knowhow.alter_recommender('background_kb', interactions => 'background_kb.broken');
SELECT knowhow.retrain_in_background('background_kb') AS run \gset
CALL pg_temp.wait();
SELECT state, model_id, error_sqlstate, error_message, error_detail, error_hint FROM knowhow.training_runs WHERE run_id = :run;
SELECT count(*) FROM knowhow.recommend(2, NULL, 10, 'background_kb');
SELECT knowhow.alter_recommender('background_kb', interactions => 'background_kb.interactions');

-- At most keep_runs are kept.
SELECT knowhow.alter_recommender('background_kb', params => '{"keep_runs": 2}');
SELECT knowhow.train('background_kb') > 0 AS trained;
SELECT count(*) FROM knowhow.training_runs;

-- A run without a process is marked by the next one; a queued one has a minute.
RESET ROLE;
INSERT INTO knowhow.training_run_catalog (run_id, recommender_id, state, cause, requested_at)
SELECT run, recommender_id, state, 'background', clock_timestamp() - age
FROM knowhow.recommender_catalog, (VALUES (100001, 'running', interval '0'), (100002, 'queued', '2 minutes'), (100003, 'queued', '0')) AS v (run, state, age)
WHERE name = 'background_kb';
SET ROLE background_owner;
SELECT knowhow.train('background_kb') > 0 AS trained;
RESET ROLE;
SELECT run_id, state, error_sqlstate, error_message, error_detail FROM knowhow.training_run_catalog WHERE run_id > 100000 ORDER BY run_id;
DELETE FROM knowhow.training_run_catalog WHERE run_id > 100000;

-- Who may.
SET ROLE background_stranger;
SELECT knowhow.retrain_in_background('background_kb');
RESET ROLE;
GRANT SELECT ON background_kb.snippets TO background_stranger;
SET ROLE background_stranger;
SELECT knowhow.retrain_in_background('background_kb');
RESET ROLE;
GRANT background_owner TO background_stranger;
SET ROLE background_stranger;
SELECT knowhow.retrain_in_background('background_kb') > 0 AS queued;
CALL pg_temp.wait();
RESET ROLE;

-- What is not there.
SELECT knowhow.retrain_in_background('nothing');
SELECT knowhow.cancel_training(123456789);
SELECT knowhow.cancel_training(NULL);
BEGIN READ ONLY;
SELECT knowhow.retrain_in_background('background_kb');
ROLLBACK;

SELECT knowhow.drop_recommender('background_kb');
SET client_min_messages = error;
DROP SCHEMA background_kb CASCADE;
DROP OWNED BY background_owner, background_stranger;
DROP ROLE background_owner, background_stranger;
