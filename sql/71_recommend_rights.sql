-- What recommend(), search() and similar() answer to other roles, over other people's tables, and
-- to those who mean harm.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
CREATE ROLE serve_owner;
CREATE ROLE serve_reader;
CREATE ROLE serve_stranger;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO serve_owner', current_database()); END $$;

SET ROLE serve_owner;
SELECT knowhow.create_knowledge_base('serve_a');
SELECT knowhow.create_knowledge_base('serve_b');
INSERT INTO serve_a.users VALUES (1), (2), (3);
INSERT INTO serve_a.snippets (snippet_id, title, body) SELECT s, 'Public ' || s, 'shared text' FROM generate_series(1, 5) s
UNION ALL SELECT s, 'Secret ' || s, 'shared text hidden' FROM generate_series(6, 8) s;
INSERT INTO serve_a.labels (snippet_id, kind, value) SELECT s, 'topic', CASE WHEN s < 6 THEN 'open' ELSE 'closed' END FROM generate_series(1, 8) s;
INSERT INTO serve_a.ratings SELECT u, s, 5 FROM generate_series(1, 3) u, generate_series(1, 8) s WHERE (u + s) % 3 > 0;
INSERT INTO serve_b.snippets (title) VALUES ('Of another tenant');
SELECT knowhow.train('serve_a') > 0 AS trained;
GRANT USAGE ON SCHEMA serve_a TO serve_reader;
RESET ROLE;

-- The choice of recommender: argument, setting, the only one that one may read.
SET ROLE serve_stranger;
SELECT * FROM knowhow.recommend(1);
SELECT * FROM knowhow.recommend(1, recommender => 'serve_a');
SELECT * FROM knowhow.search('text', recommender => 'serve_a');
SELECT * FROM knowhow.similar(1, recommender => 'serve_a');
SELECT knowhow.train('serve_a');
SELECT * FROM knowhow.recommend(1, recommender => 'serve_none');
SET knowhow.recommender = 'serve_a';
SELECT * FROM knowhow.recommend(1);
RESET knowhow.recommender;
SET ROLE serve_owner;
SELECT * FROM knowhow.recommend(1);
SELECT title FROM knowhow.recommend(1, recommender => 'serve_b');
SET knowhow.recommender = 'serve_b';
SELECT title FROM knowhow.recommend(1);
SELECT count(*) FROM knowhow.recommend(1, recommender => 'serve_a', exclude => '{}');
RESET knowhow.recommender;
GRANT SELECT ON serve_a.snippets TO serve_reader;
SET ROLE serve_reader;
SELECT count(*) FROM knowhow.search('text');
-- Labels, ratings and interactions need their own rights: a plain error names the relation.
SELECT * FROM knowhow.recommend(1);
SELECT * FROM knowhow.similar(1);
SELECT * FROM knowhow.search('text', topics => '{open}');
SELECT knowhow.train();
RESET ROLE;
GRANT SELECT ON serve_a.labels, serve_a.ratings, serve_a.events TO serve_reader;
SET ROLE serve_reader;
SELECT count(*) FROM knowhow.similar(1);
SELECT * FROM knowhow.recommend(1);
RESET ROLE;
GRANT SELECT ON serve_a.interactions TO serve_reader;
SET ROLE serve_reader;
SELECT * FROM knowhow.recommend(1, 'text');
RESET ROLE;
GRANT SELECT ON serve_a.users TO serve_reader;
SET ROLE serve_reader;
SELECT count(*) FROM knowhow.recommend(1, exclude => '{}');
RESET ROLE;

-- Row security: what the caller may not read is neither answered nor named nor counted, with plans
-- kept from other roles.
PREPARE mine AS SELECT count(*), count(*) FILTER (WHERE title LIKE 'Secret%') AS secret,
    count(*) FILTER (WHERE evidence::text LIKE '%Secret%' OR reason LIKE '%closed%' OR evidence::text LIKE '%hidden%') AS named
    FROM knowhow.recommend(1, 'shared hidden', 100, 'serve_a', exclude => '{}');
PREPARE found AS SELECT count(*) FROM knowhow.search('hidden', recommender => 'serve_a');
PREPARE alike AS SELECT count(*) FROM knowhow.similar(6, recommender => 'serve_a');
EXECUTE mine;
EXECUTE found;
EXECUTE alike;
ALTER TABLE serve_a.snippets ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON serve_a.snippets TO serve_reader USING (title LIKE 'Public%');
ALTER TABLE serve_a.ratings ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON serve_a.ratings TO serve_reader USING (user_id = 2);
SET ROLE serve_reader;
EXECUTE mine;
EXECUTE found;
EXECUTE alike;
-- Ratings that may not be read exclude nothing and make no history.
SELECT count(*), bool_or(evidence ? 'because') AS history FROM knowhow.recommend(1, NULL, 100);
SELECT count(*), bool_or(evidence ? 'because') AS history FROM knowhow.recommend(2, NULL, 100);
SELECT count(*) FROM knowhow.recommend(NULL, NULL, 100, history => '{6,7}') WHERE evidence ? 'because';
RESET ROLE;
EXECUTE mine;
EXECUTE found;
EXECUTE alike;
-- Plans over DDL.
ALTER TABLE serve_a.snippets DISABLE ROW LEVEL SECURITY;
ALTER TABLE serve_a.ratings DISABLE ROW LEVEL SECURITY;
ALTER TABLE serve_a.snippets ADD COLUMN extra int DEFAULT 1;
SET ROLE serve_reader;
EXECUTE mine;
RESET ROLE;
REVOKE SELECT ON serve_a.snippets FROM serve_reader;
SET ROLE serve_reader;
EXECUTE found;
RESET ROLE;

-- A hostile search_path and hostile look-alikes change nothing.
CREATE SCHEMA serve_hostile;
GRANT ALL ON SCHEMA serve_hostile TO PUBLIC;
SET ROLE serve_stranger;
CREATE FUNCTION serve_hostile.raise() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile code ran'; END $$;
CREATE FUNCTION serve_hostile.eq(bigint, bigint) RETURNS bool LANGUAGE sql AS 'SELECT serve_hostile.raise() > 0';
CREATE OPERATOR serve_hostile.= (leftarg = bigint, rightarg = bigint, function = serve_hostile.eq);
CREATE FUNCTION serve_hostile.concat(text, text, text) RETURNS text LANGUAGE sql AS 'SELECT serve_hostile.raise()::text';
CREATE FUNCTION serve_hostile.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT serve_hostile.raise()::text::timestamptz';
CREATE FUNCTION serve_hostile.recommend(bigint) RETURNS int LANGUAGE sql AS 'SELECT serve_hostile.raise()';
CREATE DOMAIN serve_hostile.int8 AS text;
CREATE DOMAIN serve_hostile.float8 AS text;
RESET ROLE;
SET search_path = serve_hostile, pg_catalog, pg_temp;
CREATE TEMP TABLE snippets (snippet_id text, title int, content int);
SELECT pg_catalog.count(*) FROM knowhow.recommend(1, 'shared', 100, 'serve_a');
SELECT pg_catalog.count(*) FROM knowhow.search('shared', 100, 'serve_a');
SELECT pg_catalog.count(*) FROM knowhow.similar(1, 100, 'serve_a');
SELECT knowhow.train('serve_a') OPERATOR(pg_catalog.>) 0 AS trained;
RESET search_path;
DROP TABLE pg_temp.snippets;

-- Bound relations: views without the optional columns, with NULLs, doubles and strange values.
CREATE SCHEMA serve_bound;
CREATE TABLE serve_bound.notes (id bigint, heading text, body text);
INSERT INTO serve_bound.notes VALUES (1, 'One', 'alpha'), (2, 'Two', 'alpha beta'), (3, 'Three', 'beta'), (NULL, 'Null', 'alpha'), (2, 'Two again', 'alpha');
CREATE VIEW serve_bound.snippets AS SELECT id AS snippet_id, heading AS title, knowhow.to_tfidf(body, title => heading) AS content FROM serve_bound.notes;
CREATE TABLE serve_bound.likes (user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
INSERT INTO serve_bound.likes VALUES (1, 1, 1, now()), (1, 1, 1, NULL), (1, NULL, 1, now()), (NULL, 1, 1, now()), (1, 77, 1, 'infinity'),
    (2, 1, 1, '-infinity'), (2, 3, 1, now()), (3, 1, 0, now()), (3, 2, NULL, now()), (4, 2, -1, now()), (5, 3, 3e38, now());
CREATE TABLE serve_bound.tags (snippet_id bigint, kind varchar(20), value varchar(20));
INSERT INTO serve_bound.tags VALUES (1, 'topic', 'x:y'), (1, 'topic', 'x:y'), (3, 'topic', 'x:y'), (NULL, 'topic', 'x:y'), (2, NULL, 'x:y'), (2, 'topic', NULL), (2, 'topic', '');
SELECT knowhow.create_recommender('serve_bound', 'serve_bound.snippets', 'serve_bound.likes');
SELECT knowhow.train('serve_bound') > 0 AS trained;
SELECT u, snippet_id, reason FROM generate_series(1, 6) u, knowhow.recommend(u, NULL, 10, 'serve_bound') r ORDER BY u, rank;
SELECT snippet_id FROM knowhow.search('alpha', 10, 'serve_bound');
SELECT snippet_id FROM knowhow.similar(1, 10, 'serve_bound');
SELECT * FROM knowhow.recommend(1, recommender => 'serve_bound', kinds => '{x}');
SELECT * FROM knowhow.recommend(1, recommender => 'serve_bound', teams => '{1}');
SELECT * FROM knowhow.recommend(1, recommender => 'serve_bound', topics => '{x}');
SELECT knowhow.alter_recommender('serve_bound', labels => 'serve_bound.tags');
SELECT knowhow.train('serve_bound') > 0 AS trained;
SELECT snippet_id, evidence -> 'labels' FROM knowhow.recommend(1, NULL, 1, 'serve_bound');
SELECT snippet_id FROM knowhow.recommend(9, NULL, 10, 'serve_bound', topics => '{x:y}') ORDER BY 1;

-- user_knn over the same: ratings of one person and snippet add up, NULLs do not count.
SELECT knowhow.alter_recommender('serve_bound', algorithm => 'user_knn');
SELECT u, snippet_id, round((evidence #>> '{signals,collaborative}')::numeric, 5) AS collaborative
FROM generate_series(1, 6) u, knowhow.recommend(u, NULL, 10, 'serve_bound', exclude => '{}') r WHERE evidence #> '{signals,collaborative}' IS NOT NULL ORDER BY u, snippet_id;
SELECT knowhow.train('serve_bound') > 0 AS trained;
SELECT count(*) FROM knowhow.model_items WHERE model_id = (SELECT active_model FROM knowhow.recommenders WHERE name = 'serve_bound');
INSERT INTO serve_bound.likes VALUES (6, 1, 'NaN', now()), (7, 1, 'Infinity', now());
SELECT count(*) FROM knowhow.recommend(6, NULL, 10, 'serve_bound');
SELECT count(*) FROM knowhow.recommend(2, NULL, 10, 'serve_bound');
SELECT knowhow.train('serve_bound');
SELECT knowhow.alter_recommender('serve_bound', algorithm => 'item_knn');
SELECT knowhow.train('serve_bound');
SELECT count(*) FROM knowhow.recommend(6, NULL, 10, 'serve_bound');
DELETE FROM serve_bound.likes WHERE user_id IN (6, 7);

-- created_at and visibility of any value.
CREATE TABLE serve_bound.dated AS SELECT s::bigint AS snippet_id, 'Title ' || s AS title, knowhow.to_tfidf('alpha') AS content,
    ('{-infinity,infinity,2999-01-01,0044-03-15 BC,NULL}'::text[])[s]::timestamptz AS created_at, ('{public,team,private,odd,NULL}'::text[])[s] AS visibility FROM generate_series(1, 5) s;
SELECT knowhow.create_recommender('serve_dated', 'serve_bound.dated', 'serve_bound.likes');
SELECT snippet_id, round(score::numeric, 6) FROM knowhow.recommend(9, NULL, 10, 'serve_dated') ORDER BY 1;

-- Columns whose type was changed after binding: an error, never another type's bytes.
ALTER TABLE serve_bound.dated ALTER COLUMN content TYPE bytea USING '\x00ff';
SELECT count(*) FROM knowhow.search('alpha', 10, 'serve_dated');
SELECT count(*) FROM knowhow.recommend(1, NULL, 10, 'serve_dated', history => '{1}');
SELECT count(*) FROM knowhow.similar(1, 10, 'serve_dated');
SELECT knowhow.train('serve_dated');
ALTER TABLE serve_bound.dated ALTER COLUMN content TYPE text USING 'not a vector';
SELECT count(*) FROM knowhow.similar(1, 10, 'serve_dated');
ALTER TABLE serve_bound.dated ALTER COLUMN content TYPE knowhow.tfidf USING NULL, ALTER COLUMN snippet_id TYPE text;
SELECT count(*) FROM knowhow.recommend(1, NULL, 10, 'serve_dated', history => '{1}');
ALTER TABLE serve_bound.dated ALTER COLUMN snippet_id TYPE int USING snippet_id::int;
SELECT string_agg(snippet_id::text, ',' ORDER BY snippet_id) FROM knowhow.recommend(1, NULL, 10, 'serve_dated', history => '{1}');
ALTER TABLE serve_bound.likes ALTER COLUMN snippet_id TYPE int;
SELECT string_agg(snippet_id::text, ',' ORDER BY snippet_id) FROM knowhow.recommend(2, NULL, 10, 'serve_dated');
ALTER TABLE serve_bound.dated DROP COLUMN title;
SELECT count(*) FROM knowhow.recommend(1, NULL, 10, 'serve_dated');

-- A view whose function recommends in turn, and one that never ends, is the caller's own matter;
-- errors in it come through.
CREATE FUNCTION serve_bound.again(bigint) RETURNS text LANGUAGE sql AS $$ SELECT title FROM knowhow.recommend($1, NULL, 1, 'serve_b') $$;
CREATE VIEW serve_bound.nested AS SELECT s::bigint AS snippet_id, serve_bound.again(s) AS title, knowhow.to_tfidf('alpha') AS content FROM generate_series(1, 3) s;
ALTER TABLE serve_bound.likes ALTER COLUMN snippet_id TYPE bigint;
SELECT knowhow.create_recommender('serve_nested', 'serve_bound.nested', 'serve_bound.likes');
SELECT snippet_id, title FROM knowhow.recommend(1, NULL, 10, 'serve_nested', exclude => '{}') ORDER BY 1;
CREATE OR REPLACE FUNCTION serve_bound.again(bigint) RETURNS text LANGUAGE sql AS $$ SELECT title FROM knowhow.recommend($1, NULL, 1, 'serve_nested') $$;
DO $$ BEGIN PERFORM knowhow.recommend(1, NULL, 10, 'serve_nested'); EXCEPTION WHEN statement_too_complex THEN RAISE WARNING 'endless'; END $$;

-- More knowledge bases in one session than plans are kept.
CREATE FUNCTION pg_temp.many() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE total bigint := 0;
BEGIN
    FOR i IN 1 .. 40 LOOP
        EXECUTE format('CREATE TABLE serve_bound.s%s AS TABLE serve_b.snippets', i);
        PERFORM knowhow.create_recommender('many ' || i, ('serve_bound.s' || i)::regclass, 'serve_bound.likes', 'serve_bound.tags');
        total := total + (SELECT count(*) FROM knowhow.recommend(1, 'tenant', 10, 'many ' || i))
                       + (SELECT count(*) FROM knowhow.search('tenant', 10, 'many ' || i, topics => '{x:y}'))
                       + (SELECT count(*) FROM knowhow.search('tenant', 10, 'many ' || i));
    END LOOP;
    RETURN total;
END $$;
SELECT pg_temp.many();

-- Dropped and created again under the same names in one session.
DROP SCHEMA serve_b CASCADE;
SELECT knowhow.drop_recommender('serve_b');
SELECT knowhow.create_knowledge_base('serve_b');
INSERT INTO serve_b.snippets (title) VALUES ('Of another tenant');
SELECT title FROM knowhow.search('tenant', recommender => 'serve_b');
DROP SCHEMA serve_a, serve_b, serve_bound, serve_hostile CASCADE;
DROP EXTENSION knowhow CASCADE;
CREATE EXTENSION knowhow;
SELECT knowhow.create_knowledge_base('serve_b');
INSERT INTO serve_b.snippets (title) VALUES ('Of another tenant');
SELECT title FROM knowhow.search('tenant', recommender => 'serve_b');
SELECT title FROM knowhow.recommend(1, 'tenant');
DROP SCHEMA serve_b CASCADE;
SELECT knowhow.drop_recommender('serve_b');
DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM serve_owner', current_database()); END $$;
DROP ROLE serve_owner, serve_reader, serve_stranger;
