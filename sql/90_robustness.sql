-- What must not hurt: tables and model rows that are not what they were, errors, rollbacks and
-- calls within calls.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
SET client_min_messages = notice;

SELECT knowhow.create_knowledge_base('robust');
INSERT INTO robust.users SELECT i, 'user ' || i FROM generate_series(1, 20) i;
INSERT INTO robust.snippets (title, body)
    SELECT 'title ' || i, 'word' || i % 7 || ' word' || i % 11 FROM generate_series(1, 50) i;
INSERT INTO robust.ratings
    SELECT u, 1 + (u * k * 13 + k * k) % 50, 1 + (u + k) % 5
    FROM generate_series(1, 20) u, generate_series(1, 10) k ON CONFLICT DO NOTHING;
INSERT INTO robust.labels (snippet_id, kind, value)
    SELECT i, 'tag', 'tag ' || i % 3 FROM generate_series(2, 50) i;

-- How many answers, and the same for the error that takes their place.
CREATE FUNCTION answers(recommender text, query text DEFAULT 'word1') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FROM knowhow.recommend(1, query, recommender => answers.recommender));
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- A label that is too long to be a lexeme is counted by nobody, and stops nobody.
INSERT INTO robust.labels (snippet_id, kind, value)
    SELECT 1, 'tag', string_agg(md5(i::text), '') FROM generate_series(1, 80) i;
SELECT knowhow.train('robust') > 0 AS trained, answers('robust');

-- Columns whose type changed after they were bound: bytes are never taken for a vector.
CREATE TABLE changed AS SELECT * FROM robust.snippets;
CREATE TABLE changed_interactions AS SELECT * FROM robust.interactions;
SELECT knowhow.create_recommender('changed', 'changed', 'changed_interactions');
SELECT knowhow.train('changed') > 0 AS trained, answers('changed');
ALTER TABLE changed ALTER content TYPE bytea USING '\xffffffffffffffff';
SELECT answers('changed'), answers('changed', NULL);
ALTER TABLE changed ALTER content TYPE knowhow.tfidf USING '''word1'':1',
    ALTER snippet_id TYPE int4;
SELECT answers('changed');
ALTER TABLE changed_interactions ALTER snippet_id TYPE text, ALTER user_id TYPE int4;
SELECT answers('changed');
\set VERBOSITY sqlstate
SELECT knowhow.train('changed');
\set VERBOSITY default
SELECT knowhow.drop_recommender('changed');

-- A row without a weight says nothing, in a table or in a view, and takes nobody's place among the
-- newest: the model, what is recommended and what is measured stay the same.
CREATE TABLE weighed AS SELECT * FROM robust.interactions;
CREATE VIEW weighed_view AS SELECT * FROM weighed;
SELECT knowhow.create_recommender('weighed', 'robust.snippets', 'weighed', params => '{"history": 5}');
CREATE FUNCTION weighed_state() RETURNS TABLE (model text, answers text, measured text, rows_read int8)
LANGUAGE sql AS $$
    SELECT (SELECT md5(string_agg(snippet_id || ' ' || targets::text || weights::text, ';' ORDER BY snippet_id))
            FROM knowhow.model_items WHERE model_id = m.model_id),
           (SELECT string_agg(a.snippet_id || ' ' || round(a.score::numeric, 6) || ' ' || a.reason, ';' ORDER BY rank)
            FROM knowhow.recommend(1, recommender => 'weighed') a),
           (SELECT string_agg(concat_ws(' ', e.metric, e.part, e.at_k, e.value, e.low), ';' ORDER BY e.metric, e.part, e.at_k)
            FROM knowhow.evaluate('weighed', split => 'leave_one_out') e),
           (SELECT r.rows_read FROM knowhow.training_runs r WHERE recommender = 'weighed' ORDER BY run_id DESC LIMIT 1)
    FROM knowhow.models m WHERE recommender = 'weighed' AND state = 'active' $$;
SELECT knowhow.train('weighed') > 0 AS trained;
CREATE TABLE weighed_before AS SELECT * FROM weighed_state();
INSERT INTO weighed SELECT u, snippet_id, NULL, now() + interval '1 hour'
    FROM robust.snippets, generate_series(1, 21) u;
SELECT knowhow.train('weighed') > 0 AS trained;
SELECT now.model = before.model AS model, now.answers = before.answers AS answers, now.measured = before.measured AS measured, now.rows_read = before.rows_read AS rows_read
FROM weighed_before before, weighed_state() now;
SELECT knowhow.alter_recommender('weighed', interactions => 'weighed_view');
SELECT knowhow.train('weighed') > 0 AS trained;
SELECT now.model = before.model AS model, now.answers = before.answers AS answers, now.measured = before.measured AS measured, now.rows_read = before.rows_read AS rows_read
FROM weighed_before before, weighed_state() now;
SELECT knowhow.drop_recommender('weighed');
DROP FUNCTION weighed_state;
DROP TABLE weighed, weighed_before CASCADE;

-- Model rows as no training writes them. Altered tables are read anew.
BEGIN;
UPDATE knowhow.model_positions SET block = -1;
ALTER TABLE knowhow.model_positions RESET (fillfactor);
SELECT answers('robust');
UPDATE knowhow.model_positions SET block = 2147483647;
ALTER TABLE knowhow.model_positions RESET (fillfactor);
SELECT answers('robust');
UPDATE knowhow.model_positions SET block = 0, snippet_ids = '{1,2}', popularity = '{NaN,Infinity}',
    by_popularity = '{-2147483648,2147483647}', trending = '{NaN,Infinity}',
    by_trending = '{-2147483648,2147483647}';
ALTER TABLE knowhow.model_positions RESET (fillfactor);
SELECT answers('robust');
UPDATE knowhow.model_positions SET snippet_ids = '{}', popularity = '{}', by_popularity = '{}',
    trending = '{}', by_trending = '{}';
ALTER TABLE knowhow.model_positions RESET (fillfactor);
SELECT answers('robust');
UPDATE knowhow.model_positions SET snippet_ids = '{{1,2},{3,4}}', popularity = '{{1,2},{3,4}}',
    by_popularity = '{{0,1},{NULL,3}}', trending = '{{1,2},{3,4}}', by_trending = '{{0,1},{2,3}}';
ALTER TABLE knowhow.model_positions RESET (fillfactor);
SELECT answers('robust');
UPDATE knowhow.model_positions SET snippet_ids = array_fill(1::int8, ARRAY[65]),
    popularity = array_fill(1::float4, ARRAY[65]), by_popularity = array_fill(1, ARRAY[65]),
    trending = array_fill(1::float4, ARRAY[65]), by_trending = array_fill(1, ARRAY[65]);
ALTER TABLE knowhow.model_positions RESET (fillfactor);
SELECT answers('robust');
ROLLBACK;
BEGIN;
UPDATE knowhow.model_items SET position = -5,
    targets = array_fill(-2147483648, ARRAY[cardinality(targets)]),
    weights = array_fill('NaN'::float4, ARRAY[cardinality(targets)]);
SELECT answers('robust');
UPDATE knowhow.model_items SET position = 2147483647,
    targets = array_fill(2147483647, ARRAY[cardinality(targets)]),
    weights = array_fill('Infinity'::float4, ARRAY[cardinality(targets)]);
SELECT answers('robust');
UPDATE knowhow.model_items SET position = 1, targets = array_fill(1, ARRAY[cardinality(targets)]),
    weights = array_fill(3e38::float4, ARRAY[cardinality(targets)]);
SELECT answers('robust');
UPDATE knowhow.model_items SET targets = '{1}';
SELECT answers('robust');
ROLLBACK;
BEGIN;
UPDATE knowhow.model_catalog SET documents = -5;
SELECT answers('robust');
UPDATE knowhow.model_catalog SET documents = 9223372036854775807;
UPDATE knowhow.model_statistics SET counts = '''word1'':-3e38';
ALTER TABLE knowhow.model_statistics RESET (fillfactor);
SELECT answers('robust');
UPDATE knowhow.model_catalog SET documents = NULL;
UPDATE knowhow.recommender_catalog SET params = '{"history": 1e400}' WHERE name = 'robust';
SELECT answers('robust');
UPDATE knowhow.recommender_catalog SET params = '{}', algorithm = 'unknown' WHERE name = 'robust';
SELECT answers('robust');
\set VERBOSITY sqlstate
SELECT knowhow.train('robust');
\set VERBOSITY default
ROLLBACK;

-- Training and transactions: what is rolled back leaves no trace, what is not is whole.
CREATE VIEW trace AS
    SELECT count(*) FILTER (WHERE state = 'active') AS active, count(*) AS models,
           (SELECT count(*) FROM knowhow.training_runs WHERE recommender = 'robust') AS runs,
           (SELECT count(DISTINCT model_id) FROM knowhow.model_items
            WHERE model_id IN (SELECT model_id FROM knowhow.models WHERE recommender = 'robust'))
               AS with_items
    FROM knowhow.models WHERE recommender = 'robust';
SELECT * FROM trace;
BEGIN;
SELECT knowhow.train('robust') > 0 AS trained, answers('robust');
ROLLBACK;
SELECT * FROM trace;
BEGIN;
SELECT knowhow.train('robust') > 0 AS trained, answers('robust');
SELECT knowhow.train('robust') > 0 AS trained_again, answers('robust');
COMMIT;
SELECT * FROM trace;
DO $$
BEGIN
    PERFORM knowhow.train('robust');
    RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
    RAISE NOTICE 'after the failure: %, %', current_user, current_setting('search_path');
END $$;
SELECT * FROM trace;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT knowhow.train('robust') > 0 AS trained, answers('robust');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SELECT answers('robust');
COMMIT;

-- An error while the owner's rows are read: user, settings and SPI are as before.
CREATE ROLE robust_owner;
CREATE TABLE owned AS SELECT * FROM robust.snippets;
CREATE VIEW failing AS
    SELECT 1::int8 AS user_id, snippet_id, (1 / (snippet_id - snippet_id))::real AS weight,
           now() AS occurred_at
    FROM owned;
ALTER TABLE owned OWNER TO robust_owner;
ALTER VIEW failing OWNER TO robust_owner;
SELECT knowhow.create_recommender('failing', 'owned', 'failing');
DO $$
BEGIN
    PERFORM knowhow.train('failing');
EXCEPTION WHEN division_by_zero THEN
    RAISE NOTICE 'after the failure: %, %', current_user, current_setting('search_path');
END $$;
SELECT answers('failing'), answers('robust');

-- What the owner's functions may do while somebody else trains: nothing that outlives it.
CREATE FUNCTION escape() RETURNS real LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SET SESSION AUTHORIZATION DEFAULT';
    RETURN 1;
END $$;
ALTER FUNCTION escape() OWNER TO robust_owner;
CREATE OR REPLACE VIEW failing AS
    SELECT 1::int8 AS user_id, snippet_id, escape() AS weight, now() AS occurred_at FROM owned;
\set VERBOSITY terse
SELECT knowhow.train('failing');
\set VERBOSITY default
SELECT knowhow.drop_recommender('failing');

-- recommend() within a cursor, LATERAL, an aborted subtransaction, a loop with exceptions.
SELECT count(*) FROM robust.users, LATERAL knowhow.recommend(user_id, recommender => 'robust');
BEGIN;
DECLARE answer CURSOR FOR SELECT rank FROM knowhow.recommend(1, 'word1', recommender => 'robust');
FETCH 2 FROM answer;
SAVEPOINT before;
SELECT count(*) FROM knowhow.recommend(1, 'word1', recommender => 'robust');
SELECT 1 / (rank - rank) FROM knowhow.recommend(1, 'word1', recommender => 'robust');
ROLLBACK TO before;
FETCH 1 FROM answer;
COMMIT;
DO $$
DECLARE
    failures int := 0;
BEGIN
    FOR i IN 1 .. 50 LOOP
        BEGIN
            PERFORM 1 / (rank - rank - i % 2)
            FROM knowhow.recommend(i % 20, 'word' || i % 7, recommender => 'robust');
        EXCEPTION WHEN division_by_zero THEN
            failures := failures + 1;
        END;
    END LOOP;
    RAISE NOTICE '% failures', failures;
END $$;

-- A view that itself calls recommend(), with more different statements than a session keeps plans:
-- those of the outer call stay valid.
CREATE FUNCTION call_within() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    filter text[] := '{"tag 1"}';
    sum int8 := 0;
BEGIN
    FOR i IN 1 .. 14 LOOP
        FOR c IN 0 .. 7 LOOP
            sum := sum + (SELECT count(*) FROM knowhow.recommend(
                1, 'word1', recommender => 'inner ' || i,
                topics => CASE WHEN c & 1 > 0 THEN filter END,
                tags => CASE WHEN c & 2 > 0 THEN filter END,
                kinds => CASE WHEN c & 4 > 0 THEN filter END));
        END LOOP;
    END LOOP;
    RETURN 'within: ' || sum;
END $$;
DO $$
BEGIN
    FOR i IN 1 .. 14 LOOP
        EXECUTE format('CREATE TABLE inner_%s AS SELECT * FROM robust.snippets WHERE snippet_id < 9',
                       i);
        PERFORM knowhow.create_recommender('inner ' || i, ('inner_' || i)::regclass,
                                           'robust.interactions', 'robust.labels');
    END LOOP;
END $$;
CREATE VIEW calling AS
    SELECT snippet_id, call_within() AS title, content FROM robust.snippets WHERE snippet_id < 3;
SELECT knowhow.create_recommender('calling', 'calling', 'robust.interactions');
SELECT snippet_id, title FROM knowhow.recommend(1, 'word1', recommender => 'calling')
    ORDER BY snippet_id;

DO $$
BEGIN
    PERFORM knowhow.drop_recommender(name) FROM knowhow.recommenders
    WHERE name IN ('robust', 'calling') OR name LIKE 'inner %';
    FOR i IN 1 .. 14 LOOP
        EXECUTE format('DROP TABLE inner_%s', i);
    END LOOP;
END $$;
SET client_min_messages = warning;
DROP SCHEMA robust CASCADE;
DROP TABLE changed, changed_interactions, owned CASCADE;
DROP FUNCTION answers, call_within, escape;
DROP ROLE robust_owner;
