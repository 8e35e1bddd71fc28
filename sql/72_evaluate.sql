-- evaluate(), evaluation_lists(), compare(), recommend_as_of(): served rankings, without a look ahead.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
SET timezone = 'UTC';
SET intervalstyle = 'postgres';

SELECT knowhow.create_knowledge_base('eval_kb');
SET knowhow.recommender = 'eval_kb';
-- An empty base has nobody to test.
SELECT * FROM knowhow.evaluate();
SELECT count(*) FROM knowhow.recommend_as_of(1);

INSERT INTO eval_kb.teams VALUES (1, 'one'), (2, 'two');
INSERT INTO eval_kb.users SELECT u, 'u' || u, 1 + u % 2 FROM generate_series(1, 20) u;
INSERT INTO eval_kb.snippets (snippet_id, title, body, author_id, team_id, visibility, created_at)
SELECT s, 'subject ' || s % 7, 'word' || s % 5 || ' term' || s % 11 || ' part' || s,
       1 + s % 20, 1 + s % 2, CASE s % 9 WHEN 0 THEN 'team' WHEN 1 THEN 'private' ELSE 'public' END,
       timestamptz '2024-01-01' + s * interval '1 day'
FROM generate_series(1, 80) s;
INSERT INTO eval_kb.labels (snippet_id, kind, value, labelled_at)
SELECT s, 'topic', 't' || s % 6, timestamptz '2024-01-01' + s * interval '1 day'
FROM generate_series(1, 80) s;
INSERT INTO eval_kb.events (user_id, snippet_id, kind, query, occurred_at)
SELECT u, s, (ARRAY['view', 'share', 'dismiss'])[1 + (u * s) % 7 / 3],
       CASE WHEN (u + s) % 4 = 0 THEN 'word' || s % 5 END,
       timestamptz '2024-01-01' + s * interval '1 day' + u * interval '1 hour'
FROM generate_series(1, 20) u, generate_series(1, 80) s WHERE (u * 7 + s * 5) % 13 < 4;
INSERT INTO eval_kb.ratings
SELECT u, s, 1 + (u + s) % 5, timestamptz '2024-01-02' + s * interval '1 day'
FROM generate_series(1, 20) u, generate_series(1, 80) s WHERE (u * 3 + s * 11) % 29 = 0;
SELECT knowhow.train() > 0 AS trained;

-- As of now it is recommend(), row by row and to the bit.
CREATE VIEW both_rankings AS
WITH asked AS (SELECT u, q FROM generate_series(0, 21) u, (VALUES (NULL), ('word2'), ('word3 term4 part11'), ('nothing')) q (q))
SELECT r.snippet_id AS served, r.score AS served_score, a.snippet_id AS as_of, a.score AS as_of_score
FROM (SELECT u, q, r.* FROM asked, knowhow.recommend(u, q, 1000, exclude => '{rated,seen,dismissed}') r) r
FULL JOIN (SELECT u, q, r.* FROM asked, knowhow.recommend_as_of(u, NULL, q) r) a
    ON r.u = a.u AND r.q IS NOT DISTINCT FROM a.q AND r.rank = a.rank;
SELECT count(*) > 4000 AS many, count(*) FILTER (WHERE served = as_of AND served_score = as_of_score) = count(*) AS equal
FROM both_rankings;
SELECT knowhow.alter_recommender('eval_kb', params => '{"profile_weight": 3, "labels_weight": 0.5, "history": 7, "profile_terms": 5, "neighbours": 3, "query_weight": 1, "freshness_weight": 0.2}');
SELECT knowhow.train() > 0 AS trained;
SELECT count(*) FILTER (WHERE served = as_of AND served_score = as_of_score) = count(*) AS equal FROM both_rankings;
SELECT knowhow.alter_recommender('eval_kb', params => '{"profile_weight": null, "labels_weight": null, "history": null, "profile_terms": null, "neighbours": null, "query_weight": null, "freshness_weight": null}');
SELECT knowhow.train() > 0 AS trained;

-- What evaluate() says, and of whom.
SELECT metric, part, count(*) AS rows, bool_and(low <= value AND value <= high) AS inside, min(n) AS n
FROM knowhow.evaluate() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT split, by_split, count(*) > 10 AS rows, min(remarks) AS remarks
FROM unnest(ARRAY[NULL, 'replay', 'time', 'leave_one_out', 'random', 'person_time', 'sampled_negatives']) split,
     knowhow.evaluate(split => split, k => '{5}') GROUP BY 1, 2 ORDER BY 1 NULLS FIRST;
-- Each is asked once for each later meeting, and ranks what existed then and was not met.
SELECT count(*) = count(DISTINCT (user_id, relevant)) AS once, min(asked_at) > '2024-02-15' AS late,
       bool_and(cardinality(relevant) = 1) AS one, bool_and(candidates BETWEEN 20 AND 80) AS candidates
FROM knowhow.evaluation_lists();
-- Deterministic; another seed moves the intervals alone.
SELECT count(*) FILTER (WHERE a.value = b.value AND a.low IS NOT DISTINCT FROM b.low) = count(*) AS same,
       bool_and(a.value = c.value) AS same_value, bool_or(a.low <> c.low) AS other_low
FROM knowhow.evaluate() a JOIN knowhow.evaluate() b USING (metric, at_k) JOIN knowhow.evaluate(seed => 1) c USING (metric, at_k)
WHERE a.part IS NULL AND b.part IS NULL AND c.part IS NULL AND metric NOT IN ('coverage', 'impressions');

-- compare() pairs by person what evaluate() says of each.
SELECT knowhow.create_recommender('eval_new', 'eval_kb.snippets', 'eval_kb.interactions', 'eval_kb.labels', 'eval_kb.ratings', 'eval_kb.events', 'eval_kb.users',
    params => '{"collaborative_weight": 0, "profile_weight": 0, "labels_weight": 0, "popularity_weight": 0, "freshness_weight": 1, "query_weight": 0}');
SELECT c.first, c.second, c.by_metric, c.at_k, abs(c.difference - (a.value - b.value)) < 1e-12 AS difference, c.low < c.difference AND c.difference < c.high AS inside,
       c.p BETWEEN 0 AND 1 AS p, c.adjusted_p >= c.p AS adjusted, c.n, c.by_split, c.remarks
FROM knowhow.compare('{eval_kb,eval_new}', k => '{5,10}', metric => 'mrr') c
JOIN knowhow.evaluate('eval_kb', k => '{5,10}') a USING (at_k) JOIN knowhow.evaluate('eval_new', k => '{5,10}') b USING (at_k)
WHERE (a.metric, b.metric) = ('mrr', 'mrr') AND a.part IS NULL AND b.part IS NULL ORDER BY c.at_k;
SELECT count(*) AS rows, bool_and(difference = 0 AND p = 1 AND adjusted_p = 1) AS same FROM knowhow.compare('{eval_kb,eval_kb}', 'random', '{5,10}');
SELECT count(*) AS pairs FROM knowhow.compare('{eval_kb,eval_new,eval_kb}', 'time');
SELECT * FROM knowhow.compare(NULL);
SELECT * FROM knowhow.compare('{eval_kb}');
SELECT * FROM knowhow.compare('{eval_kb,NULL}');
SELECT * FROM knowhow.compare('{eval_kb,nobody}');
SELECT * FROM knowhow.compare('{eval_kb,eval_new}', metric => 'novelty');
CREATE VIEW eval_kb.other_reads WITH (security_invoker = true) AS SELECT * FROM eval_kb.interactions;
SELECT knowhow.alter_recommender('eval_new', interactions => 'eval_kb.other_reads');
SELECT * FROM knowhow.compare('{eval_kb,eval_new}');
SELECT knowhow.drop_recommender('eval_new');

-- It changes nothing, and needs no right to write.
SELECT count(*) AS models, max(model_id) AS newest FROM knowhow.models \gset before_
BEGIN READ ONLY;
SELECT count(*) > 0 AS evaluated FROM knowhow.evaluate();
COMMIT;
SELECT count(*) = :before_models AND max(model_id) = :before_newest AS unchanged FROM knowhow.models;

-- Planted leaks: what comes later moves nothing.
CREATE TABLE then_ranked AS
SELECT u, q, r.* FROM generate_series(1, 20) u, (VALUES (NULL), ('word2 part11')) q (q),
    knowhow.recommend_as_of(u, '2024-02-20', q) r;
CREATE VIEW moved AS
SELECT count(*) AS moved FROM then_ranked t FULL JOIN (
    SELECT u, q, r.* FROM generate_series(1, 20) u, (VALUES (NULL), ('word2 part11')) q (q),
        knowhow.recommend_as_of(u, '2024-02-20', q) r) n
    ON n.u = t.u AND n.q IS NOT DISTINCT FROM t.q AND n.rank = t.rank
WHERE n.snippet_id IS DISTINCT FROM t.snippet_id OR n.score IS DISTINCT FROM t.score;
SELECT moved FROM moved;
BEGIN;
INSERT INTO eval_kb.snippets (snippet_id, title, body, created_at)
SELECT s, 'word2 part11', 'word2', '2024-02-21' FROM generate_series(500, 600) s;
INSERT INTO eval_kb.labels (snippet_id, kind, value, labelled_at)
SELECT s, 'tag', 'late', '2024-02-21' FROM generate_series(1, 50) s;
INSERT INTO eval_kb.labels (snippet_id, kind, value, labelled_at)
SELECT s, 'topic', 't1', '2024-02-21' FROM generate_series(500, 600) s;
INSERT INTO eval_kb.users SELECT u FROM generate_series(100, 200) u;
INSERT INTO eval_kb.events (user_id, snippet_id, kind, query, occurred_at)
SELECT u, s, 'solve', 'word2', '2024-02-21' FROM generate_series(100, 200) u, generate_series(3, 5) s;
SELECT moved FROM moved;
ROLLBACK;
-- The same a day too early does.
BEGIN;
INSERT INTO eval_kb.snippets (snippet_id, title, body, created_at)
SELECT s, 'word2 part11', 'word2', '2024-02-19' FROM generate_series(500, 600) s;
SELECT moved > 100 AS moved FROM moved;
ROLLBACK;
BEGIN;
INSERT INTO eval_kb.labels (snippet_id, kind, value, labelled_at)
SELECT s, 'tag', 'late', '2024-02-19' FROM generate_series(1, 50) s;
SELECT moved > 100 AS moved FROM moved;
ROLLBACK;
BEGIN;
INSERT INTO eval_kb.users SELECT u FROM generate_series(100, 200) u;
INSERT INTO eval_kb.events (user_id, snippet_id, kind, occurred_at)
SELECT u, s, 'solve', '2024-02-19' FROM generate_series(100, 200) u, generate_series(3, 5) s;
SELECT moved > 100 AS moved FROM moved;
ROLLBACK;

-- A later event's query is of its own question alone.
CREATE TABLE lists AS SELECT * FROM knowhow.evaluation_lists();
UPDATE eval_kb.events SET query = 'word0 term3'
WHERE event_id = (SELECT max(event_id) FROM eval_kb.events e JOIN lists l
                  ON l.user_id = e.user_id AND l.asked_at = e.occurred_at WHERE query IS NULL);
SELECT count(*) AS moved FROM lists l JOIN knowhow.evaluation_lists() n USING (user_id, asked_at, relevant)
WHERE l.shown <> n.shown;

-- The caller's rights and row security.
CREATE ROLE regress_knowhow_reader;
SET ROLE regress_knowhow_reader;
SELECT count(*) FROM knowhow.evaluate('eval_kb');
SELECT count(*) FROM knowhow.recommend_as_of(1, recommender => 'eval_kb');
RESET ROLE;
GRANT USAGE ON SCHEMA eval_kb TO regress_knowhow_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA eval_kb TO regress_knowhow_reader;
ALTER TABLE eval_kb.snippets ENABLE ROW LEVEL SECURITY;
CREATE POLICY only_some ON eval_kb.snippets TO regress_knowhow_reader USING (snippet_id <= 75);
SET ROLE regress_knowhow_reader;
SELECT max(snippet_id) FROM knowhow.recommend_as_of(NULL);
SELECT max(s) FROM knowhow.evaluation_lists(), unnest(relevant || shown) s;
RESET ROLE;

-- What is refused.
SELECT * FROM knowhow.evaluate(split => 'tomorrow');
SELECT * FROM knowhow.evaluate(k => '{0}');
SELECT * FROM knowhow.evaluate(k => '{}');
SELECT * FROM knowhow.evaluate(k => '{1,NULL}');
SELECT * FROM knowhow.evaluate(k => NULL);
SELECT * FROM knowhow.evaluate(test_share => 1);
SELECT * FROM knowhow.evaluate(test_share => 'NaN');
SELECT * FROM knowhow.evaluate(retrain_every => '0');
SELECT * FROM knowhow.evaluate(retrain_every => '-1 day');
SELECT * FROM knowhow.evaluate(retrain_every => '2147483647 days');
SELECT * FROM knowhow.evaluate(negatives => 0);
SELECT * FROM knowhow.evaluate('nobody''s');
SELECT knowhow.alter_recommender('eval_kb', algorithm => 'user_knn');
SELECT * FROM knowhow.evaluate();

-- A company's own tables, without labels, teams, times of creation; without times at all.
CREATE TABLE own_texts AS SELECT snippet_id, title, content FROM eval_kb.snippets;
CREATE TABLE own_reads (user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
INSERT INTO own_reads SELECT user_id, snippet_id, 1, occurred_at FROM eval_kb.events;
SELECT knowhow.create_recommender('own', 'own_texts', 'own_reads');
SELECT by_split, count(*) > 0 AS rows FROM knowhow.evaluate('own') GROUP BY 1;
UPDATE own_reads SET occurred_at = NULL;
SELECT by_split, count(*) > 0 AS rows FROM knowhow.evaluate('own') GROUP BY 1;
SELECT count(*) FROM knowhow.evaluate('own', 'time');

SELECT knowhow.drop_recommender('own');
SELECT knowhow.drop_recommender('eval_kb');
DROP TABLE own_texts, own_reads, lists, then_ranked CASCADE;
DROP VIEW both_rankings;
DROP OWNED BY regress_knowhow_reader;
DROP ROLE regress_knowhow_reader;
DROP SCHEMA eval_kb CASCADE;
