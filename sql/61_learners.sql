-- Every learner, from alter_recommender() to recommend().
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
SELECT knowhow.create_knowledge_base('learners') \g /dev/null
-- Two subjects of 20 snippets; people read one of them, now and then the other. No words, no labels:
-- what people liked decides alone.
INSERT INTO learners.users SELECT generate_series(1, 60);
INSERT INTO learners.snippets (snippet_id) SELECT generate_series(1, 40);
INSERT INTO learners.ratings (user_id, snippet_id, rating)
SELECT u, s, 5 FROM generate_series(1, 60) u, generate_series(1, 40) s
WHERE abs(hashint4(u * 1000 + s) % 100) < CASE WHEN (u + s) % 2 = 0 THEN 60 ELSE 6 END;

-- Trains, and tells whether nine in ten of what people are shown are of their subject.
CREATE FUNCTION learners.try(algorithm text, params jsonb DEFAULT '{}')
RETURNS TABLE (name text, right_subject boolean, reason boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM knowhow.alter_recommender('learners', algorithm => try.algorithm, params => try.params);
    PERFORM knowhow.train('learners');
    RETURN QUERY SELECT algorithm, avg(((u + r.snippet_id) % 2 = 0)::int) > 0.9,
                        bool_or(r.reason LIKE 'liked by people%')
        FROM generate_series(1, 60) u, LATERAL knowhow.recommend(u, NULL, 5, 'learners') r;
END $$;
SELECT * FROM learners.try('item_knn');
SELECT * FROM learners.try('slim', '{"ridge": 5, "candidates": 10}');
SELECT * FROM learners.try('ease', '{"ridge": 5}');
SELECT * FROM learners.try('ials', '{"factors": 4, "unobserved": 1, "penalty": 0.01}');
SELECT * FROM learners.try('blend', '{"ridge": 5, "candidates": 10, "factors": 4, "unobserved": 1}');
SELECT * FROM learners.try('user_knn');

-- Negative weights are kept: EASE needs them.
SELECT knowhow.alter_recommender('learners', algorithm => 'ease');
SELECT knowhow.train('learners') > 0 AS trained;
SELECT bool_or(0 > ANY (weights)) AS negative, max(cardinality(weights)) <= 39 AS no_diagonal
FROM knowhow.model_items WHERE model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'learners');

-- The same rows of the model, byte for byte, from one thread and two, and in two runs.
INSERT INTO learners.users SELECT generate_series(2001, 2300);
INSERT INTO learners.snippets (snippet_id, title, body)
SELECT s, 'part ' || s % 17, 'word' || s % 23 || ' term' || s % 31 FROM generate_series(5001, 5200) s;
INSERT INTO learners.labels (snippet_id, kind, value) SELECT s, 'topic', 't' || s % 9 FROM generate_series(5001, 5200) s;
INSERT INTO learners.ratings (user_id, snippet_id, rating)
SELECT u, s, 1 + abs(hashint4(s * 1000 + u)) % 5 FROM generate_series(2001, 2300) u, generate_series(5001, 5200) s
WHERE abs(hashint4(u * 1000 + s) % 100) < 10;
CREATE FUNCTION learners.bytes(model int) RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(bytes, '' ORDER BY bytes)) FROM (
        SELECT md5(int8send(snippet_id) || int4send(position) || array_send(targets) || array_send(weights)) AS bytes
        FROM knowhow.model_items WHERE model_id = model
        UNION ALL
        SELECT md5(int4send(block) || array_send(snippet_ids) || array_send(popularity) || array_send(by_popularity))
        FROM knowhow.model_positions WHERE model_id = model
        UNION ALL
        SELECT md5(kind::text || first_term || encode(knowhow.tfidf_send(counts), 'hex')) FROM knowhow.model_statistics WHERE model_id = model) AS r
$$;
CREATE FUNCTION learners.trained(algorithm text, threads int, seed bigint DEFAULT 1) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM knowhow.alter_recommender('learners', algorithm => trained.algorithm);
    PERFORM set_config('knowhow.threads', threads::text, true);
    RETURN learners.bytes(knowhow.train('learners', seed));
END $$;
SELECT a AS algorithm, learners.trained(a, 1) = learners.trained(a, 2) AS threads, learners.trained(a, 2) = learners.trained(a, 2) AS runs
FROM unnest(ARRAY['item_knn', 'slim', 'ease', 'ials', 'blend', 'user_knn']) a;
SELECT count(DISTINCT learners.trained(a, 1)) AS models FROM unnest(ARRAY['item_knn', 'slim', 'ease', 'ials', 'blend', 'user_knn']) a;
SELECT learners.trained('ials', 1, 1) <> learners.trained('ials', 1, 2) AS seed_counts;
-- In the background the same.
SELECT learners.trained('slim', 2, 3) AS foreground \gset
SELECT knowhow.retrain_in_background('learners', 3) AS run \gset
DO $$ BEGIN FOR i IN 1 .. 600 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM knowhow.training_runs WHERE state IN ('queued', 'running'));
    COMMIT; PERFORM pg_sleep(0.05); END LOOP; END $$;
SELECT learners.bytes(model_id) = :'foreground' AS background FROM knowhow.training_runs WHERE run_id = :run;

-- The closed form is refused before it starts where it cannot fit; slim is not.
INSERT INTO learners.users SELECT generate_series(1001, 1100);
INSERT INTO learners.snippets (snippet_id) SELECT generate_series(1001, 4000);
INSERT INTO learners.ratings (user_id, snippet_id, rating) SELECT 1001 + s % 100, s, 5 FROM generate_series(1001, 4000) s;
SET knowhow.max_memory = '64MB';
SELECT knowhow.alter_recommender('learners', algorithm => 'ease');
\set VERBOSITY sqlstate
SELECT knowhow.train('learners');
\set VERBOSITY terse
SELECT knowhow.alter_recommender('learners', algorithm => 'slim');
SELECT knowhow.train('learners') > 0 AS trained;
RESET knowhow.max_memory;

-- Values out of range, and what is not known.
SELECT knowhow.alter_recommender('learners', params => '{"ridge": 0}');
SELECT knowhow.alter_recommender('learners', params => '{"candidates": 1001}');
SELECT knowhow.alter_recommender('learners', params => '{"factors": 1.5}');
SELECT knowhow.alter_recommender('learners', params => '{"penalty": -1}');
\set VERBOSITY default
SELECT knowhow.alter_recommender('learners', algorithm => 'magic');

SELECT knowhow.drop_recommender('learners');
DROP SCHEMA learners CASCADE;
