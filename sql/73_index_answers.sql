-- search(), similar() and recommend() go by the index of content, and answer as without it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
SELECT knowhow.create_knowledge_base('indexed') \g /dev/null
SET knowhow.recommender = 'indexed';
SET jit = off;

-- 4,000 snippets of few words, so that ties abound, many of them at every limit.
INSERT INTO indexed.teams VALUES (1, 'one'), (2, 'two');
INSERT INTO indexed.users SELECT u, 'person ' || u, 1 + u % 2 FROM generate_series(1, 30) AS u;
INSERT INTO indexed.snippets (snippet_id, kind, title, body, team_id, created_at)
SELECT 4001 - s, CASE s % 3 WHEN 0 THEN 'article' WHEN 1 THEN 'code' ELSE 'course' END,
       'title word' || s % 97, (SELECT string_agg('word' || (s * s + i * i * i) % 59, ' ') FROM generate_series(1, 1 + s % 7) AS i),
       1 + s % 2, timestamptz '2025-01-01 UTC' + interval '1 hour' * s
FROM generate_series(1, 4000) AS s;
INSERT INTO indexed.labels (snippet_id, kind, value)
SELECT s, 'topic', 'topic' || s % 5 FROM generate_series(1, 4000) AS s;
INSERT INTO indexed.ratings SELECT u, 1 + (u * 7919 + i * 104729) % 4000, 3 + i % 3
FROM generate_series(1, 30) AS u, generate_series(1, 20) AS i ON CONFLICT DO NOTHING;
SELECT knowhow.train() > 0 AS trained;
ANALYZE indexed.snippets, indexed.labels;

SELECT indexdef FROM pg_indexes WHERE schemaname = 'indexed' AND indexdef LIKE '%tfidf%';
SET enable_seqscan = off;
EXPLAIN (COSTS OFF)
SELECT s.snippet_id, s.content OPERATOR(knowhow.<#>) '''word1'':1' AS distance FROM indexed.snippets AS s
WHERE s.content IS NOT NULL AND s.kind = ANY ('{code}') ORDER BY distance FETCH FIRST 1024 ROWS ONLY;
RESET enable_seqscan;

CREATE TABLE indexed.asked (plan text, n serial, question text, answers text);
GRANT ALL ON indexed.asked, indexed.asked_n_seq TO PUBLIC;
CREATE PROCEDURE indexed.ask(plan text) LANGUAGE plpgsql AS $$
DECLARE
    question text;
    answers text;
BEGIN
    DISCARD PLANS;
    FOREACH question IN ARRAY ARRAY[
        'search(''word1'')', 'search(''word1 word2 word58'', 5000)', 'search(''title'', 50)', 'search(''title word3'', 400)',
        'search(''title'', 100000)', 'search(''nowhere'')', 'search(''word7'', 20, kinds => ''{code}'')',
        'search(''word7 word9'', 500, topics => ''{topic1,topic3}'', teams => ''{2}'')',
        'similar(17)', 'similar(170, 600)', 'similar(3, 30, kinds => ''{course}'')',
        'recommend(1)', 'recommend(2, ''word5 title'', 50)', 'recommend(3, max_results => 700)',
        'recommend(NULL, ''title'', 20)', 'recommend(4, ''word1'', 30, topics => ''{topic2}'', exclude => ''{}'')'] LOOP
        EXECUTE format('SELECT string_agg(r::text, chr(10) ORDER BY rank) FROM knowhow.%s AS r', question) INTO answers;
        INSERT INTO indexed.asked (plan, question, answers) VALUES (plan, question, answers);
    END LOOP;
END
$$;
CREATE FUNCTION indexed.scans() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT pg_stat_get_xact_numscans('indexed.snippets_content_idx'::regclass)
$$;
-- In one transaction, for what is new is so as of its time.
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
CALL indexed.ask('index');
-- Each of the fifteen that find something goes by it once at least.
SELECT indexed.scans() >= 15 AS by_index, indexed.scans() AS scans \gset
SELECT :'by_index' AS by_index;
RESET enable_seqscan;
RESET enable_bitmapscan;
SET LOCAL enable_indexscan = off;
CALL indexed.ask('sequence');
SELECT indexed.scans() - :scans AS by_index;
COMMIT;
SELECT count(*) AS questions, count(answers) AS answered FROM indexed.asked WHERE plan = 'index';
SELECT a.question FROM indexed.asked AS a JOIN indexed.asked AS b USING (question)
WHERE a.plan = 'index' AND b.plan = 'sequence' AND a.answers IS DISTINCT FROM b.answers;
-- A tie at the limit goes to the smaller snippet_id, wherever the rows are.
SELECT min(snippet_id), max(snippet_id) FROM knowhow.search('title', 30);

-- How many candidates there are follows pool_depth, down to what is asked for three times over.
CREATE FUNCTION indexed.pool(max_results int) RETURNS int LANGUAGE sql AS $$
    SELECT substring(why FROM ' of (\d+) candidates')::int
    FROM knowhow.explain_recommendation(1, 'title', (SELECT snippet_id FROM knowhow.recommend(1, 'title', 1)), max_results) LIMIT 1
$$;
CREATE FUNCTION indexed.pool_of(depth int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM knowhow.alter_recommender('indexed', params => jsonb_build_object('pool_depth', depth));
    RETURN indexed.pool(10);
END
$$;
SELECT indexed.pool_of(50) AS pool_of_50 \gset
SELECT indexed.pool_of(NULL) = :pool_of_50 AS by_default, indexed.pool_of(49) < :pool_of_50 AS less, indexed.pool_of(51) > :pool_of_50 AS more;
SELECT knowhow.alter_recommender('indexed', params => '{"pool_depth": 1000}') \g /dev/null
SELECT indexed.pool(10) > 1000 AS deep;
SELECT knowhow.alter_recommender('indexed', params => '{"pool_depth": 10}') \g /dev/null
SELECT indexed.pool(1) BETWEEN 10 AND :pool_of_50 - 1 AS shallow, indexed.pool(300) > 900 AS as_asked;
SELECT knowhow.alter_recommender('indexed', params => '{"pool_depth": 9}');
-- What colleagues like counts for every candidate, however few of it are candidates for that.
INSERT INTO indexed.users VALUES (31, 'newcomer', 1);
SELECT knowhow.alter_recommender('indexed', params => '{"pool_depth": 10}') \g /dev/null
SELECT count(*) AS liked, count(*) FILTER (WHERE e.raw_value > 0) AS counted, count(*) FILTER (WHERE e.found) AS found
FROM (SELECT DISTINCT r.snippet_id FROM indexed.ratings r JOIN indexed.users u USING (user_id) WHERE u.team_id = 1) s,
    knowhow.explain_recommendation(31, NULL, s.snippet_id, 1) e WHERE e.signal = 'team';
DELETE FROM indexed.users WHERE user_id = 31;
SELECT knowhow.alter_recommender('indexed', params => '{"pool_depth": null}') \g /dev/null

-- Under row security, and beside rows that come and go.
CREATE ROLE regress_knowhow_reader;
GRANT USAGE ON SCHEMA indexed TO regress_knowhow_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA indexed TO regress_knowhow_reader;
ALTER TABLE indexed.snippets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_team ON indexed.snippets FOR SELECT USING (team_id = 2 OR snippet_id < 100);
DELETE FROM indexed.snippets WHERE snippet_id % 11 = 0;
UPDATE indexed.snippets SET title = 'title of another word' WHERE snippet_id % 13 = 0;
INSERT INTO indexed.snippets (snippet_id, title, body, team_id) SELECT 5000 + s, 'title', 'word' || s, 2 FROM generate_series(1, 300) AS s;
TRUNCATE indexed.asked;
BEGIN;
SET LOCAL ROLE regress_knowhow_reader;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
CALL indexed.ask('index');
SELECT indexed.scans() >= 15 AS by_index;
RESET enable_seqscan;
RESET enable_bitmapscan;
SET LOCAL enable_indexscan = off;
CALL indexed.ask('sequence');
RESET enable_indexscan;
RESET ROLE;
SELECT * FROM knowhow.verify_index('indexed.snippets_content_idx');
-- Without the index nothing but the time changes.
DROP INDEX indexed.snippets_content_idx;
SET LOCAL ROLE regress_knowhow_reader;
CALL indexed.ask('none');
COMMIT;
SELECT plan, count(*) AS questions, count(answers) AS answered FROM indexed.asked GROUP BY plan ORDER BY plan;
SELECT a.question, b.plan FROM indexed.asked AS a JOIN indexed.asked AS b USING (question)
WHERE a.plan = 'index' AND a.answers IS DISTINCT FROM b.answers;

SELECT knowhow.drop_recommender('indexed');
SET client_min_messages = warning;
DROP SCHEMA indexed CASCADE;
DROP ROLE regress_knowhow_reader;
RESET knowhow.recommender;
