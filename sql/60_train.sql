-- train(): who may, what it reads and leaves behind.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
SELECT knowhow.train('train_kb');
SELECT knowhow.train('');
CREATE ROLE train_owner;
CREATE ROLE train_reader;
CREATE ROLE train_member IN ROLE train_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO train_owner', current_database()); END $$;
SET ROLE train_owner;
SELECT knowhow.create_knowledge_base('train_kb');
GRANT USAGE ON SCHEMA train_kb TO train_reader;
GRANT SELECT ON train_kb.snippets TO train_reader;

-- Nothing, one row, two.
CREATE VIEW train_kb.last AS SELECT m.state, m.documents, m.people, m.interactions, m.sizes - 'training_memory_kb' AS sizes,
    m.text_version = knowhow.text_version() AS text_version, r.state AS run, r.rows_read, r.started_at <= r.finished_at AS timed
FROM knowhow.models m JOIN knowhow.training_runs r USING (model_id) WHERE m.recommender = 'train_kb' ORDER BY model_id DESC LIMIT 1;
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT * FROM train_kb.last;
INSERT INTO train_kb.users VALUES (1);
INSERT INTO train_kb.snippets (snippet_id, title) VALUES (1, 'one');
INSERT INTO train_kb.ratings VALUES (1, 1, 5);
SELECT knowhow.train('train_kb', NULL) > 0 AS trained;
SELECT * FROM train_kb.last;
INSERT INTO train_kb.snippets (snippet_id, title) VALUES (2, NULL);
INSERT INTO train_kb.ratings VALUES (1, 2, 5);
SELECT knowhow.train('train_kb', -9223372036854775808) > 0 AS trained;
SELECT * FROM train_kb.last;

-- All ratings equal; labels with ':' and quotes; the longest words and labels there can be.
INSERT INTO train_kb.users SELECT generate_series(2, 60);
INSERT INTO train_kb.snippets (snippet_id, title, body) SELECT s, 'title ' || s, 'word' || s % 7 FROM generate_series(3, 100) s;
INSERT INTO train_kb.ratings SELECT u, s, 4 FROM generate_series(2, 60) u, generate_series(3, 100) s WHERE (u * 7 + s * 3) % 5 = 0;
INSERT INTO train_kb.labels (snippet_id, kind, value) VALUES (3, 'tag', 'a:b:"c'''), (4, 'topic', ''), (5, 'difficulty', 'easy'), (6, 'tag', '中文'),
    (7, 'tag', repeat('x', 2600)), (8, 'tag', repeat('y', 100000));
INSERT INTO train_kb.snippets (snippet_id, title, body) SELECT 200, string_agg(md5(i::text), ''), repeat('w', 2046) || ' ' || repeat('v', 100000) FROM generate_series(1, 60) i;
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT state, documents, people, interactions, run, rows_read FROM train_kb.last;
RESET ROLE;
SELECT kind, count(*) > 0 AS blocks FROM knowhow.model_statistics WHERE model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'train_kb') GROUP BY kind ORDER BY kind;
SELECT left(l.lexeme, 40) AS lexeme, l.weight FROM knowhow.model_statistics, knowhow.lexemes(counts) l
WHERE model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'train_kb') AND kind = 'l' ORDER BY l.lexeme COLLATE "C";

-- The owner, its members and superusers may; others not, and read-only transactions neither.
SET ROLE train_reader;
SELECT knowhow.train('train_kb');
SET ROLE train_member;
SELECT knowhow.train('train_kb') > 0 AS trained;
BEGIN READ ONLY;
SELECT knowhow.train('train_kb');
ROLLBACK;
RESET ROLE;

-- Rolled back, nothing is left; released, all is.
SELECT count(*) AS models FROM knowhow.models WHERE recommender = 'train_kb' \gset before_
BEGIN;
SAVEPOINT s;
SELECT knowhow.train('train_kb') > 0 AS trained;
ROLLBACK TO s;
SELECT count(*) = :before_models AS same FROM knowhow.models WHERE recommender = 'train_kb';
ROLLBACK;
SELECT count(*) FROM knowhow.models WHERE state = 'building';

-- keep_models, 3 by default; activate_model() goes back and changes the answer; the active model
-- is never pruned.
SELECT state, count(*) FROM knowhow.models WHERE recommender = 'train_kb' GROUP BY state ORDER BY state;
SELECT count(DISTINCT model_id) = 3 AS kept FROM knowhow.model_positions WHERE model_id IN (SELECT model_id FROM knowhow.models WHERE recommender = 'train_kb');
DELETE FROM train_kb.ratings;
INSERT INTO train_kb.ratings VALUES (1, 50, 5), (2, 50, 5), (3, 51, 5);
SELECT active_model AS older FROM knowhow.recommenders WHERE name = 'train_kb' \gset
SELECT knowhow.train('train_kb') AS newer \gset
SELECT snippet_id FROM knowhow.recommend(NULL, NULL, 2, 'train_kb');
SELECT knowhow.activate_model(:older);
SELECT snippet_id IN (50, 51) AS new_ones FROM knowhow.recommend(NULL, NULL, 2, 'train_kb');
SELECT DISTINCT (evidence ->> 'model_id')::int = :older AS answered_by_older FROM knowhow.recommend(NULL, NULL, 5, 'train_kb');
SELECT knowhow.alter_recommender('train_kb', params => '{"keep_models": 1}');
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT state, count(*) FROM knowhow.models WHERE recommender = 'train_kb' GROUP BY state;
SELECT count(*) FROM knowhow.model_positions WHERE model_id = :older;

-- The same rows and parameters give the same model, whatever the number of threads and the order
-- of the rows.
CREATE FUNCTION pg_temp.fingerprint() RETURNS text LANGUAGE sql AS $$
    WITH active AS (SELECT active_model AS id FROM knowhow.recommenders WHERE name = 'train_kb')
    SELECT md5(string_agg(row, E'\n' ORDER BY row COLLATE "C")) FROM (
        SELECT concat_ws('|', kind, first_term, counts) FROM knowhow.model_statistics, active WHERE model_id = id
        UNION ALL SELECT concat_ws('|', snippet_id, position, targets, weights) FROM knowhow.model_items, active WHERE model_id = id
        UNION ALL SELECT concat_ws('|', block, first_snippet_id, snippet_ids, popularity, by_popularity, trending, by_trending) FROM knowhow.model_positions, active WHERE model_id = id) AS rows(row) $$;
INSERT INTO train_kb.ratings SELECT u, s, 1 + (u * s) % 5 FROM generate_series(2, 60) u, generate_series(3, 100) s WHERE (u * 7 + s * 3) % 5 = 0 ON CONFLICT DO NOTHING;
SET extra_float_digits = 3;
BEGIN;
SET LOCAL knowhow.threads = 1;
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT pg_temp.fingerprint() AS one \gset
SET LOCAL knowhow.threads = 2;
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT pg_temp.fingerprint() = :'one' AS same;
SET LOCAL knowhow.threads = 7;
SELECT knowhow.train('train_kb', 42) > 0 AS trained;
SELECT pg_temp.fingerprint() = :'one' AS same;
CREATE TEMP TABLE shuffled ON COMMIT DROP AS SELECT * FROM train_kb.ratings ORDER BY md5(user_id::text || snippet_id);
TRUNCATE train_kb.ratings;
INSERT INTO train_kb.ratings SELECT * FROM shuffled;
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT pg_temp.fingerprint() = :'one' AS same;
SELECT knowhow.alter_recommender('train_kb', params => '{"neighbours": 3}');
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT pg_temp.fingerprint() = :'one' AS same;
SELECT max(cardinality(targets)) FROM knowhow.model_items WHERE model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'train_kb');
COMMIT;

-- Ratings of weight 0, and dislikes alone.
UPDATE train_kb.ratings SET rated_at = '1900-01-01';
INSERT INTO train_kb.events (user_id, snippet_id, kind) SELECT 1, s, 'dismiss' FROM generate_series(3, 9) s;
SELECT knowhow.train('train_kb') > 0 AS trained;
DELETE FROM train_kb.ratings;
SELECT knowhow.train('train_kb') > 0 AS trained;
SELECT people, interactions FROM train_kb.last;
SELECT count(*) FROM knowhow.recommend(1, NULL, 200, 'train_kb');

-- Everything is deleted after training: no error, no answer.
DELETE FROM train_kb.snippets;
DELETE FROM train_kb.users;
SELECT count(*) FROM knowhow.recommend(1, 'word1', 10, 'train_kb', history => '{3,4}');
SELECT count(*) FROM knowhow.search('word1', 10, 'train_kb');
SELECT count(*) FROM knowhow.similar(3, 10, 'train_kb');
SELECT knowhow.train('train_kb') > 0 AS trained;

-- Too little memory: the former model stays, active and whole.
INSERT INTO train_kb.users SELECT generate_series(1, 150);
INSERT INTO train_kb.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(1, 500) s;
INSERT INTO train_kb.ratings SELECT u, s, 1 + (u * s) % 5 FROM generate_series(1, 150) u, generate_series(1, 500) s;
SELECT knowhow.train('train_kb') AS whole \gset
SELECT pg_temp.fingerprint() AS whole_rows \gset
SET knowhow.max_memory = '1MB';
\set VERBOSITY sqlstate
SELECT knowhow.train('train_kb');
\set VERBOSITY default
-- What would not fit is refused before the learner begins.
SET knowhow.max_memory = '2MB';
SELECT knowhow.train('train_kb');
\set VERBOSITY terse
RESET knowhow.max_memory;
SELECT active_model = :whole AS active, pg_temp.fingerprint() = :'whole_rows' AS whole FROM knowhow.recommenders WHERE name = 'train_kb';

-- Damaged rows of a model are an error or are ignored.
CREATE FUNCTION pg_temp.ask() RETURNS text LANGUAGE plpgsql AS $$
DECLARE answers text := '';
BEGIN
    -- What the session has kept of models is forgotten.
    ALTER TABLE knowhow.model_positions RESET (fillfactor);
    ALTER TABLE knowhow.model_statistics RESET (fillfactor);
    FOR q IN 1 .. 5 LOOP
        BEGIN
            answers := answers || CASE q
                WHEN 1 THEN (SELECT count(*) FROM knowhow.recommend(1, NULL, 10, 'train_kb', exclude => '{}'))
                WHEN 2 THEN (SELECT count(*) FROM knowhow.recommend(1, 'title', 10, 'train_kb', exclude => '{}'))
                WHEN 3 THEN (SELECT count(*) FROM knowhow.recommend(NULL, NULL, 10, 'train_kb'))
                WHEN 4 THEN (SELECT count(*) FROM knowhow.similar(4, 10, 'train_kb'))
                ELSE (SELECT count(*) FROM knowhow.search('title', 10, 'train_kb')) END || ' ';
        EXCEPTION WHEN others THEN answers := answers || SQLSTATE || ' ';
        END;
    END LOOP;
    RETURN answers;
END $$;
SELECT pg_temp.ask();
BEGIN; UPDATE knowhow.model_items SET targets = '{-1,-2147483648,2147483647}', weights = '{1,1,1}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_items SET targets = '{1,2,3}', weights = '{1}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_items SET targets = '{1,2,NULL}', weights = '{1,2,3}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_items SET targets = '{1,2,3}', weights = '{NaN,Infinity,3e38}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_items SET targets = '{{1,2},{3,4}}', weights = '{{1,2},{3,4}}', position = -5 WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_items SET targets = '{}', weights = '{}', position = 2147483647 WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_items SET targets = (SELECT array_agg(i % 500) FROM generate_series(1, 100000) i), weights = (SELECT array_agg(1) FROM generate_series(1, 100000) i) WHERE model_id = :whole AND snippet_id < 10; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET by_popularity = '{-1,-64,2147483647}', popularity = '{NaN,Infinity,-1}', by_trending = '{-1,-64,2147483647}', trending = '{NaN,Infinity,-1}', snippet_ids = '{1,2,3}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET popularity = '{1}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET by_popularity = '{1}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET by_popularity = '{}', popularity = '{}', by_trending = '{}', trending = '{}', snippet_ids = '{}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET snippet_ids = (SELECT array_agg(501 - i) FROM unnest(snippet_ids) i) WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET block = 2147483647 - block WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET block = -1 - block WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_positions SET snippet_ids = s.ids, popularity = s.p, by_popularity = s.ids, trending = s.p, by_trending = s.ids FROM (SELECT array_agg(i) AS ids, array_agg(1::real) AS p FROM generate_series(1, 10000) i) s WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_statistics SET counts = '''title'':-5 ''zz'':3e38' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_statistics SET counts = '' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.model_catalog SET documents = -1, people = NULL, text_version = NULL, params = '{}' WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; DELETE FROM knowhow.model_positions WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; DELETE FROM knowhow.model_items WHERE model_id = :whole; DELETE FROM knowhow.model_statistics WHERE model_id = :whole; SELECT pg_temp.ask(); ROLLBACK;
BEGIN; UPDATE knowhow.recommender_catalog SET params = '{"history": "x"}', algorithm = 'nonsense' WHERE name = 'train_kb'; SELECT pg_temp.ask(); SELECT knowhow.train('train_kb'); ROLLBACK;
SELECT pg_temp.ask();

DROP SCHEMA train_kb CASCADE;
SELECT knowhow.train('train_kb');
SELECT knowhow.drop_recommender('train_kb');
SELECT count(*) FROM knowhow.model_items WHERE model_id = :whole;
SELECT count(*) FROM knowhow.training_run_catalog WHERE model_id = :whole;
DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM train_owner', current_database()); END $$;
DROP ROLE train_owner, train_reader, train_member;
