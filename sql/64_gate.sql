-- The gate: changed parameters are tried on history before a model of theirs serves.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
SET timezone = 'UTC';

-- 300 people, each interested in one of 8 subjects of 15 snippets, of which they meet 10, one by one.
SELECT knowhow.create_knowledge_base('gate_kb');
INSERT INTO gate_kb.users SELECT u, 'u' || u FROM generate_series(1, 300) u;
INSERT INTO gate_kb.snippets (snippet_id, title, created_at) SELECT s, 's' || s, '2024-01-01' FROM generate_series(1, 120) s;
INSERT INTO gate_kb.events (user_id, snippet_id, kind, occurred_at)
SELECT u, s, 'complete', timestamptz '2024-02-01' + (u * 7919 + s * 104729) % 100003 * interval '30 seconds' + u * interval '1 microsecond'
FROM generate_series(1, 300) u, generate_series(1, 120) s WHERE u % 8 = s % 8 AND (u / 8 + s / 8) % 3 > 0;
-- Likes alone rank.
SELECT knowhow.alter_recommender('gate_kb', algorithm => 'item_knn', params => '{"profile_weight": 0, "labels_weight": 0}');
SET knowhow.recommender = 'gate_kb';
CREATE FUNCTION pg_temp.gate() RETURNS TABLE (run_state text, model_state text, active bool, verdict text, reason text, metric text, margin float8, people bool, better bool) LANGUAGE sql AS $$
    SELECT t.state, m.state, m.model_id = r.active_model, g ->> 'verdict', g ->> 'reason', g ->> 'metric', (g ->> 'margin')::float8,
           (g ->> 'people')::int > 200, (g ->> 'low')::float8 > 0
    FROM knowhow.training_runs t JOIN knowhow.recommenders r ON r.name = t.recommender JOIN knowhow.models m USING (model_id)
    CROSS JOIN LATERAL (SELECT t.metrics -> 'gate') AS c (g)
    WHERE t.metrics IS NOT DISTINCT FROM m.metrics ORDER BY run_id DESC LIMIT 1
$$;

-- Off, as it is by default.
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();
SELECT seconds ? 'compare' AS compared FROM knowhow.training_runs;

-- On: the same parameters are not compared, those of recommend() neither.
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate": "ndcg", "popularity_weight": 0.01}');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();

-- Worse: nobody counts who has more than two snippets, so that only what is popular is left.
SELECT active_model FROM knowhow.recommenders WHERE name = 'gate_kb' \gset
CREATE TABLE before AS SELECT u, r.snippet_id, r.rank FROM generate_series(1, 20) u, knowhow.recommend(u) r;
SELECT knowhow.alter_recommender('gate_kb', params => '{"max_user_items": 2}');
\set VERBOSITY sqlstate
SELECT knowhow.train();
\set VERBOSITY terse
SELECT * FROM pg_temp.gate();
SELECT active_model = :active_model AS still FROM knowhow.recommenders WHERE name = 'gate_kb';
SELECT state, trained_at, documents, sizes, (metrics #>> '{gate,old_model}')::int = :active_model AS old_model,
       (metrics #>> '{gate,high}')::float8 < -0.1 AS much_worse,
       abs((metrics #>> '{gate,new}')::float8 - (metrics #>> '{gate,old}')::float8 - (metrics #>> '{gate,difference}')::float8) < 1e-12 AS adds_up
FROM knowhow.models WHERE state = 'failed';
SELECT state, error_sqlstate, error_message LIKE 'the new parameters of recommender "gate_kb" are worse than those of model %' AS message, rows_read,
       error_detail ~ '^By ndcg at 10 they would change 0\.\d{4} by -0\.\d{4} \(95 % interval -0\.\d{4} to -0\.\d{4}\) over 2\d\d people; gate_margin is 0\.$' AS detail,
       (seconds ->> 'compare')::float8 > 0 AS compared, (seconds ->> 'learn')::float8 AS learned, error_hint
FROM knowhow.training_runs ORDER BY run_id DESC LIMIT 1;
SELECT last_error LIKE '55000 the new parameters%' AS last_error FROM knowhow.health WHERE recommender = 'gate_kb';
SELECT count(*) AS moved FROM before b FULL JOIN (SELECT u, r.snippet_id, r.rank FROM generate_series(1, 20) u, knowhow.recommend(u) r) n USING (u, rank)
WHERE b.snippet_id IS DISTINCT FROM n.snippet_id;
\set VERBOSITY sqlstate
SELECT knowhow.activate_model(model_id) FROM knowhow.models WHERE state = 'failed';
\set VERBOSITY terse
-- Twice the same figures; refusals push no model out that can serve.
SET client_min_messages = error;
SELECT knowhow.train() FROM generate_series(1, 5);
SET client_min_messages = warning;
SELECT state, count(*), count(DISTINCT metrics) AS metrics FROM knowhow.models GROUP BY 1 ORDER BY 1;
-- In the background.
CREATE PROCEDURE pg_temp.wait() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 600 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM knowhow.training_runs WHERE state IN ('queued', 'running'));
        COMMIT;
        PERFORM pg_sleep(0.05);
    END LOOP;
END
$$;
SELECT knowhow.retrain_in_background() > 0 AS queued;
CALL pg_temp.wait();
SELECT * FROM pg_temp.gate();
SELECT cause, error_sqlstate FROM knowhow.training_runs ORDER BY run_id DESC LIMIT 1;
SELECT count(DISTINCT metrics) AS metrics FROM knowhow.training_runs WHERE state = 'failed';

-- A margin that lets it pass; and back.
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate_margin": 1, "gate": "recall"}');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate_margin": null, "gate": "mrr", "max_user_items": null}');
SELECT knowhow.retrain_in_background() > 0 AS queued;
CALL pg_temp.wait();
SELECT * FROM pg_temp.gate();

-- Too few people to tell: fewer questions, fewer people.
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate_questions": 200, "max_user_items": 2}');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();
-- Another learner; one that trains nothing.
SELECT knowhow.alter_recommender('gate_kb', algorithm => 'slim', params => '{"gate_questions": null, "max_user_items": null}');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();
SELECT knowhow.alter_recommender('gate_kb', algorithm => 'user_knn');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();
SELECT knowhow.alter_recommender('gate_kb', algorithm => 'item_knn');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();

-- Without times nobody can be asked.
CREATE VIEW gate_kb.timeless WITH (security_invoker = true) AS SELECT user_id, snippet_id, weight, NULL::timestamptz AS occurred_at FROM gate_kb.interactions;
SELECT knowhow.alter_recommender('gate_kb', interactions => 'gate_kb.timeless', events => '-', ratings => '-', params => '{"shrinkage": 3}');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM pg_temp.gate();
SELECT metrics -> 'gate' -> 'people' AS people FROM knowhow.training_runs ORDER BY run_id DESC LIMIT 1;

-- It reads as the owner, and tells what stands in the way.
CREATE VIEW gate_kb.failing AS SELECT user_id, snippet_id, (1 / (user_id - 1))::real AS weight, occurred_at FROM gate_kb.events;
SELECT knowhow.alter_recommender('gate_kb', interactions => 'gate_kb.failing', params => '{"shrinkage": 30}');
SELECT knowhow.train();

-- What may stand in params.
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate": "novelty"}');
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate": "ndcg, recall"}');
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate": ""}');
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate": true}');
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate_margin": -0.1}');
SELECT knowhow.alter_recommender('gate_kb', params => '{"gate_questions": 199}');
SELECT name, type, default_value, minimum, maximum FROM knowhow.known_parameters() WHERE name LIKE 'gate%';

SELECT knowhow.drop_recommender('gate_kb');
DROP SCHEMA gate_kb CASCADE;
DROP TABLE before;
