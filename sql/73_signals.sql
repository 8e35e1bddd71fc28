-- What is the same for everybody: popularity, trending, freshness; alone, together, and weighed by training.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
SET timezone = 'UTC';

-- One snippet a day for 100 days; 150 people, who each read a few of those that are new.
SELECT knowhow.create_knowledge_base('signals_kb');
SET knowhow.recommender = 'signals_kb';
INSERT INTO signals_kb.users SELECT generate_series(1, 150);
INSERT INTO signals_kb.snippets (snippet_id, title, body, created_at)
SELECT s, 'note ' || s, 'word' || s % 7 || ' term' || s % 11, now() - (101 - s) * interval '1 day'
FROM generate_series(1, 100) s;
CREATE TABLE signals_reads AS
SELECT u::bigint AS user_id, s AS snippet_id, 1::real AS weight,
       c.created_at + (1 + (u * 7 + s) % 40) * interval '1 hour' AS occurred_at
FROM generate_series(1, 150) u, signals_kb.snippets c, LATERAL (SELECT c.snippet_id) i (s)
WHERE (u * 31 + s * 17) % 23 = 0;
SELECT knowhow.create_recommender('signals', 'signals_kb.snippets', 'signals_reads', params => '{"validation_rows": 0}');
SET knowhow.recommender = 'signals';

-- The baselines: each is one signal alone.
CREATE FUNCTION signals_order(algorithm text) RETURNS TABLE (n int8, first int8[], learned int8) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM knowhow.alter_recommender('signals', algorithm => signals_order.algorithm);
    PERFORM knowhow.train('signals');
    RETURN QUERY SELECT count(*), (array_agg(r.snippet_id ORDER BY rank))[1:10],
                        (SELECT count(*) FROM knowhow.model_items m WHERE m.model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'signals'))
                 FROM knowhow.recommend(1000, max_results => 100) r;
END $$;
CREATE VIEW signals_wanted AS
SELECT 'popularity' AS algorithm, (array_agg(snippet_id ORDER BY n DESC, snippet_id))[1:10] AS first
FROM (SELECT snippet_id, sum(weight) AS n FROM signals_reads GROUP BY 1) p
UNION ALL
SELECT 'trending', (array_agg(snippet_id ORDER BY n DESC, snippet_id))[1:10]
FROM (SELECT snippet_id, sum(weight * 0.5 ^ (extract(epoch FROM date_trunc('minute', now()) - date_trunc('minute', least(occurred_at, now()))) / 86400 / 7)) AS n
      FROM signals_reads GROUP BY 1) p
UNION ALL
SELECT 'newest', (array_agg(snippet_id ORDER BY created_at DESC))[1:10] FROM signals_kb.snippets;
SELECT algorithm, n, learned, o.first = w.first AS as_wanted FROM signals_wanted w, signals_order(algorithm) o;
-- The same for everybody but for what they have; a query still counts; similar() and search() ask for nothing of it.
SELECT count(DISTINCT snippet_id) < 12 AS alike FROM generate_series(1, 5) u, knowhow.recommend(u, max_results => 5);
SELECT bool_and(title = 'note 22' OR title = 'note 99') AS both_words FROM knowhow.recommend(1000, 'word1 term0', 1);
SELECT count(*) FROM knowhow.search('word1', 3);
SELECT DISTINCT reason LIKE 'is about what you read%' AS alike FROM knowhow.similar(22, 3);
SELECT DISTINCT reason FROM knowhow.recommend(1000, max_results => 5);
SELECT knowhow.alter_recommender('signals', algorithm => 'trending');
SELECT DISTINCT reason FROM knowhow.recommend(1000, max_results => 5);
SELECT knowhow.alter_recommender('signals', algorithm => 'popularity');
SELECT DISTINCT reason FROM knowhow.recommend(1000, max_results => 5);
-- They can be evaluated, and compared with each other.
SELECT split, count(*) > 10 AS rows FROM unnest(ARRAY['replay', 'time', 'leave_one_out']) split, knowhow.evaluate(split => split, k => '{5}') GROUP BY 1 ORDER BY 1;

-- Trending beside the others: as of now it is what evaluate() would have shown, to the bit.
SELECT knowhow.alter_recommender('signals', algorithm => 'slim', params => '{"trending_weight": 0.5, "freshness_weight": 0.3, "freshness_half_life": 3, "trending_half_life": 2}');
SELECT knowhow.train() > 0 AS trained;
CREATE VIEW signals_both AS
SELECT r.snippet_id AS served, r.score AS served_score, a.snippet_id AS as_of, a.score AS as_of_score
FROM (SELECT u, r.* FROM generate_series(1, 20) u, knowhow.recommend(u, max_results => 1000, exclude => '{rated,dismissed}') r) r
FULL JOIN (SELECT u, r.* FROM generate_series(1, 20) u, knowhow.recommend_as_of(u) r) a ON r.u = a.u AND r.rank = a.rank;
SELECT count(*) > 1000 AS many, count(*) FILTER (WHERE served = as_of AND served_score = as_of_score) = count(*) AS equal FROM signals_both;
-- A snippet that is younger than the model has the demand that its rows show, at once.
INSERT INTO signals_kb.snippets (snippet_id, title, created_at) VALUES (101, 'just out', now() - interval '5 days'), (102, 'unread', now() - interval '5 days');
INSERT INTO signals_reads SELECT u, 101, 1, now() - interval '1 hour' FROM generate_series(100, 150) u;
SELECT r.rank, r.reason, (r.evidence -> 'signals' ->> 'popularity')::real AS popularity, round((r.evidence -> 'signals' ->> 'trending')::numeric, 1) AS trending
FROM knowhow.recommend(1) r WHERE snippet_id = 101;
SELECT evidence -> 'signals' ? 'trending' AS trending FROM knowhow.recommend(1, max_results => 1000) WHERE snippet_id = 102;
SELECT max(abs(score - (SELECT sum(value::float8) FROM jsonb_each_text(evidence -> 'parts')))) < 1e-9 AS adds_up
FROM generate_series(1, 20) u, knowhow.recommend(u, max_results => 1000);
-- Rows without a time, with one in the future or at either end of time, and disliked ones.
INSERT INTO signals_reads VALUES (1, 50, 1, NULL), (1, 51, 1, '-infinity'), (1, 52, 1, 'infinity'), (1, 53, 1, now() + interval '1000 years'), (2, 53, -1, now());
SELECT knowhow.train() > 0 AS trained;
SELECT newest_interaction = date_trunc('minute', trained_at) AS not_in_the_future FROM knowhow.models WHERE state = 'active' AND recommender = 'signals';
-- (A row at the end of time is after every moment that can be asked for.)
DELETE FROM signals_reads WHERE occurred_at = 'infinity';
SELECT knowhow.train() > 0 AS trained;
SELECT count(*) FILTER (WHERE served = as_of AND served_score = as_of_score) = count(*) AS equal FROM signals_both;
DELETE FROM signals_reads WHERE snippet_id IN (50, 51, 52, 53) AND user_id IN (1, 2);
-- Who may not read the interactions is told so, and nobody's page does not need them.
CREATE ROLE regress_knowhow_reader;
GRANT USAGE ON SCHEMA signals_kb TO regress_knowhow_reader;
GRANT SELECT ON signals_kb.snippets TO regress_knowhow_reader;
INSERT INTO signals_kb.snippets (snippet_id, title) VALUES (103, 'later');
SET ROLE regress_knowhow_reader;
SELECT count(*) FROM knowhow.recommend(1);
SELECT count(*) FROM knowhow.recommend(NULL);
RESET ROLE;

-- Weights found at training: here people read what is new, and training finds out.
SELECT metrics FROM knowhow.models WHERE recommender = 'signals' AND state = 'active';
SELECT knowhow.alter_recommender('signals', params => '{"trending_weight": null, "freshness_weight": null, "freshness_half_life": null, "trending_half_life": null, "validation_rows": null}');
SELECT knowhow.train() > 0 AS trained;
CREATE VIEW signals_metrics AS SELECT metrics -> 'validation' AS v, metrics -> 'weights' AS w FROM knowhow.models WHERE recommender = 'signals' AND state = 'active';
SELECT v ->> 'outcome' AS outcome, (v ->> 'people')::int BETWEEN 50 AND 75 AS half_of_the_people, (v ->> 'ndcg_given')::real < 0.1 AS given, (v ->> 'ndcg_found')::real > 0.2 AS found,
       (v ->> 'low')::real > 0 AS beyond_chance, (w ->> 'freshness_weight')::real > 0.001 AS fresh FROM signals_metrics;
SELECT avg(r.snippet_id) > 90 AS newest, bool_or(evidence -> 'parts' ? 'freshness') AS fresh FROM generate_series(1, 20) u, knowhow.recommend(u, max_results => 5) r;
SELECT count(*) FILTER (WHERE served = as_of AND served_score = as_of_score) = count(*) AS equal FROM signals_both;
SELECT knowhow.create_recommender('signals_given', 'signals_kb.snippets', 'signals_reads', params => '{"validation_rows": 0}');
SELECT round(difference::numeric, 1) > 0.1 AS better, low > 0 AS beyond_chance FROM knowhow.compare('{signals,signals_given}');
-- With a query, and in similar(), the weights are those of params.
SELECT knowhow.train('signals_given') > 0 AS trained;
SELECT count(*) FILTER (WHERE a.score = b.score AND a.snippet_id = b.snippet_id) = count(*) AS same_with_a_query
FROM generate_series(1, 9) u, LATERAL (SELECT * FROM knowhow.recommend(u, 'word1', 100)) a FULL JOIN LATERAL (SELECT * FROM knowhow.recommend(u, 'word1', 100, 'signals_given')) b USING (rank);
-- A weight that params name is kept, and counts at once.
SELECT knowhow.alter_recommender('signals', params => '{"freshness_weight": 0}');
SELECT bool_or(evidence -> 'parts' ? 'freshness') AS fresh FROM generate_series(1, 20) u, knowhow.recommend(u);
SELECT knowhow.train() > 0 AS trained;
SELECT coalesce((w ->> 'freshness_weight')::real, 0) = 0 AS kept FROM signals_metrics;
SELECT knowhow.alter_recommender('signals', params => '{"freshness_weight": null}');
-- The same model whatever the number of threads.
SET knowhow.threads = 1;
SELECT knowhow.train() > 0 AS trained;
SELECT v AS one, w AS one_w FROM signals_metrics \gset
SET knowhow.threads = 2;
SELECT knowhow.train() > 0 AS trained;
SELECT v = :'one' AND w = :'one_w' AS same FROM signals_metrics;
RESET knowhow.threads;
-- A planted future moves neither scores nor weights of the past; the same rows earlier do.
BEGIN;
CREATE TEMP TABLE signals_then ON COMMIT DROP AS SELECT u, r.* FROM generate_series(1, 5) u, knowhow.recommend_as_of(u, now() - interval '10 days') r;
CREATE VIEW pg_temp.moved AS SELECT count(*) AS moved
FROM signals_then t FULL JOIN (SELECT u, r.* FROM generate_series(1, 5) u, knowhow.recommend_as_of(u, now() - interval '10 days') r) n USING (u, rank)
WHERE t.score IS DISTINCT FROM n.score;
INSERT INTO signals_reads SELECT u, 3, 5, now() - interval '10 days' FROM generate_series(1, 150) u;
SELECT moved FROM pg_temp.moved;
UPDATE signals_reads SET occurred_at = now() - interval '11 days' WHERE weight = 5;
SELECT moved > 100 AS moved FROM pg_temp.moved;
ROLLBACK;
-- Where it is not done, the outcome says why.
SELECT knowhow.alter_recommender('signals', params => '{"validation_rows": 100}');
SELECT knowhow.train() > 0 AS trained;
SELECT v, w FROM signals_metrics;
SELECT knowhow.alter_recommender('signals', params => '{"validation_rows": null}');
CREATE TABLE signals_kept AS SELECT * FROM signals_reads;
DELETE FROM signals_reads WHERE user_id > 60;
SELECT knowhow.train() > 0 AS trained;
SELECT v, w FROM signals_metrics;
-- Without times a part of what each person has read is held out.
TRUNCATE signals_reads;
INSERT INTO signals_reads SELECT user_id, snippet_id, weight, NULL FROM signals_kept;
SELECT knowhow.train() > 0 AS trained;
SELECT v ? 'people' AS asked FROM signals_metrics;

SELECT knowhow.alter_recommender('signals', params => '{"trending_half_life": 0}');
SELECT knowhow.alter_recommender('signals', params => '{"freshness_half_life": "long"}');
SELECT knowhow.alter_recommender('signals', params => '{"trending_weight": -1}');
SELECT knowhow.alter_recommender('signals', params => '{"validation_rows": 1.5}');

SELECT knowhow.drop_recommender(name) FROM knowhow.recommenders WHERE name LIKE 'signals%';
DROP TABLE signals_kept;
DROP TABLE signals_reads CASCADE;
DROP FUNCTION signals_order;
DROP VIEW signals_metrics;
DROP OWNED BY regress_knowhow_reader;
DROP ROLE regress_knowhow_reader;
SET client_min_messages = error;
DROP SCHEMA signals_kb CASCADE;
