-- Knowledge bases: the tables, their rules, and the recommender of the same name.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set SHOW_CONTEXT never

SELECT knowhow.create_knowledge_base('kb');
SELECT name, snippets, interactions, labels, ratings, events, algorithm, params
FROM knowhow.recommenders;

-- The columns of the contract.
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
       a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid) AS standard
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'kb'::regnamespace AND c.relkind IN ('r', 'v')
ORDER BY c.relname, a.attnum;
-- Each foreign key has an index that begins with its column.
SELECT f.conrelid::regclass, f.conname, f.confdeltype,
       EXISTS (SELECT FROM pg_index i
               WHERE i.indrelid = f.conrelid AND i.indkey[0] = f.conkey[1]) AS has_index
FROM pg_constraint f
WHERE f.contype = 'f' AND f.connamespace = 'kb'::regnamespace ORDER BY 1, 2;
SELECT reloptions FROM pg_class WHERE oid = 'kb.interactions'::regclass;
-- None of it belongs to the extension.
SELECT count(*) FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relnamespace = 'kb'::regnamespace;

-- What is refused.
\set VERBOSITY terse
INSERT INTO kb.snippets (kind, title) VALUES ('poem', 'x');
INSERT INTO kb.snippets (visibility, title) VALUES ('secret', 'x');
INSERT INTO kb.teams (name) VALUES ('search'), ('search');
INSERT INTO kb.teams (name) VALUES ('search'), ('data');
INSERT INTO kb.users VALUES (42, 'Ann', (SELECT min(team_id) FROM kb.teams)), (43, 'Ben', NULL);
INSERT INTO kb.snippets (snippet_id, title, body, author_id) VALUES
    (1, 'Deep learning', 'An introduction', 42), (2, 'Only a title', NULL, NULL),
    (3, NULL, 'Only a body', 43), (4, '', '', NULL);
SELECT snippet_id, content IS NOT NULL AS has_content, kind, visibility,
       created_at = updated_at AS new
FROM kb.snippets ORDER BY snippet_id;
INSERT INTO kb.ratings VALUES (42, 1, 0.5);
INSERT INTO kb.ratings VALUES (42, 1, 5.5);
INSERT INTO kb.ratings VALUES (42, 1, 'NaN');
INSERT INTO kb.ratings VALUES (42, 1, 5, 'infinity');
INSERT INTO kb.ratings VALUES (44, 1, 5);
INSERT INTO kb.events (user_id, snippet_id, kind) VALUES (42, 1, 'like');
INSERT INTO kb.events (user_id, snippet_id, kind, occurred_at) VALUES (42, 1, 'view', '-infinity');
INSERT INTO kb.labels (snippet_id, kind, value) VALUES (1, 'colour', 'red');
INSERT INTO kb.labels (snippet_id, kind, value, source) VALUES (1, 'tag', 'red', 'oracle');
INSERT INTO kb.labels (snippet_id, kind, value, confidence) VALUES (1, 'tag', 'red', 1.5);
\set VERBOSITY default

-- updated_at follows the text, unless it is set.
UPDATE kb.snippets SET created_at = '2020-01-01', updated_at = '2020-01-01';
UPDATE kb.snippets SET title = title WHERE snippet_id = 1;
UPDATE kb.snippets SET body = 'more' WHERE snippet_id = 2;
UPDATE kb.snippets SET body = 'more', updated_at = '2021-01-01' WHERE snippet_id = 3;
SELECT snippet_id, least(extract(year FROM updated_at), 2022) AS year FROM kb.snippets
ORDER BY snippet_id;

-- Interactions, beside the formula written out.
INSERT INTO kb.ratings
SELECT user_id, snippet_id, rating, now() - interval '24 hours' * days
FROM (VALUES (42, 1, 5, 0), (42, 2, 2.5, 365), (43, 1, 1, 7300), (43, 2, 3, -1))
    AS r(user_id, snippet_id, rating, days);
INSERT INTO kb.events (user_id, snippet_id, kind, occurred_at)
SELECT user_id, snippet_id, kind, now() - interval '24 hours' * days
FROM (VALUES (42, 1, 'view', 2), (42, 1, 'view', 1), (42, 3, 'view', 730.9), (42, 3, 'view', 900),
             (43, 3, 'view', 0), (43, 3, 'bookmark', 0), (43, 3, 'share', 0), (43, 3, 'complete', 0),
             (43, 3, 'solve', 0), (43, 4, 'dismiss', 0), (42, 4, 'dismiss', 100),
             (42, 4, 'solve', 100)) AS e(user_id, snippet_id, kind, days);
SELECT user_id, snippet_id, round(weight::numeric, 5) AS weight, round(expected, 5) AS expected
FROM kb.interactions
JOIN (VALUES (42, 1, 1.0 + 0.1), (42, 2, 0.25 * 0.5), (43, 1, 0.04 * 0.1), (43, 2, 0.36),
             (42, 3, 0.1 * 0.25), (43, 3, 0.1 + 0.5 + 0.6 + 0.5 + 0.8), (43, 4, -0.5),
             (42, 4, 0.3 * 0.5 ^ (100 / 365.0))) AS e(user_id, snippet_id, expected)
    USING (user_id, snippet_id)
ORDER BY 1, 2;
SELECT count(*), count(DISTINCT (user_id, snippet_id)) FROM kb.interactions;

-- Deleting: what belongs to it goes, what refers to it forgets.
INSERT INTO kb.labels (snippet_id, kind, value, labelled_by) VALUES
    (1, 'topic', 'learning', 42), (2, 'tag', 'x', 42);
UPDATE kb.snippets SET team_id = (SELECT min(team_id) FROM kb.teams);
DELETE FROM kb.snippets WHERE snippet_id = 1;
SELECT count(*) FROM kb.labels;
SELECT count(*) FROM kb.ratings WHERE snippet_id = 1;
SELECT count(*) FROM kb.events WHERE snippet_id = 1;
DELETE FROM kb.users WHERE user_id = 42;
SELECT count(*) FROM kb.ratings WHERE user_id = 42;
SELECT count(*) FROM kb.events WHERE user_id = 42;
SELECT labelled_by FROM kb.labels;
DELETE FROM kb.teams;
SELECT count(*), count(team_id), count(author_id) FROM kb.snippets;

-- Names.
SELECT knowhow.create_knowledge_base('kb');
CREATE SCHEMA half;
CREATE TABLE half.users ();
SELECT knowhow.create_knowledge_base('half');
DROP TABLE half.users;
SELECT knowhow.create_knowledge_base('half');
SELECT knowhow.create_knowledge_base(NULL);
SELECT knowhow.create_knowledge_base('');
SELECT knowhow.create_knowledge_base('pg_kb');
SELECT knowhow.create_knowledge_base('knowhow');
SELECT knowhow.create_knowledge_base(repeat('é', 32));
SELECT knowhow.create_knowledge_base(repeat('漢', 21)::name);
SELECT knowhow.create_knowledge_base(E'a "b" ''c''; %I %1$s $1 \\ \n');
INSERT INTO "a ""b"" 'c'; %I %1$s $1 \ 
".snippets (title) VALUES ('x');
SELECT name FROM knowhow.recommenders ORDER BY name;

-- By a role that may create schemas and nothing else; then by one that may not even that.
CREATE ROLE regress_knowhow_tenant;
CREATE ROLE regress_knowhow_nobody;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_knowhow_tenant', current_database()) \gexec
SET ROLE regress_knowhow_nobody;
SELECT knowhow.create_knowledge_base('nobodys');
SELECT knowhow.create_knowledge_base('kb');
CREATE TABLE half.trap ();
SET ROLE regress_knowhow_tenant;
SELECT knowhow.create_knowledge_base('tenant');
INSERT INTO tenant.snippets (title) VALUES ('mine');
INSERT INTO tenant.users VALUES (1);
INSERT INTO tenant.ratings VALUES (1, 1, 5);
SELECT * FROM (SELECT user_id, snippet_id, weight FROM tenant.interactions) AS i;
SELECT name, owner FROM knowhow.recommenders;
RESET ROLE;
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'tenant'::regnamespace;
SET ROLE regress_knowhow_nobody;
SELECT name FROM knowhow.recommenders;
RESET ROLE;

-- Row security, as the manual has it: a person sees what is public, their team's, and their own.
SET ROLE regress_knowhow_tenant;
GRANT USAGE ON SCHEMA tenant TO regress_knowhow_nobody;
GRANT SELECT ON tenant.snippets, tenant.users TO regress_knowhow_nobody;
ALTER TABLE tenant.snippets ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON tenant.snippets FOR SELECT USING (
    visibility = 'public'
    OR author_id = nullif(current_setting('app.user_id', true), '')::bigint
    OR visibility = 'team' AND team_id = (
        SELECT u.team_id FROM tenant.users AS u
        WHERE u.user_id = nullif(current_setting('app.user_id', true), '')::bigint));
INSERT INTO tenant.teams (name) VALUES ('a'), ('b');
INSERT INTO tenant.users VALUES (2, 'Cy', 1), (3, 'Di', 2);
INSERT INTO tenant.snippets (title, visibility, author_id, team_id) VALUES
    ('of team a', 'team', 1, 1), ('of team b', 'team', NULL, 2), ('of Di', 'private', 3, 2);
SELECT count(*) FROM tenant.snippets;
SET ROLE regress_knowhow_nobody;
SELECT title FROM tenant.snippets ORDER BY snippet_id;
SET app.user_id = 2;
SELECT title FROM tenant.snippets ORDER BY snippet_id;
SET app.user_id = 3;
SELECT title FROM tenant.snippets ORDER BY snippet_id;
RESET app.user_id;
RESET ROLE;

-- Read-only transactions.
BEGIN READ ONLY;
SELECT knowhow.create_knowledge_base('never');
ROLLBACK;

-- A schema that is gone leaves its name free.
DROP SCHEMA kb CASCADE;
SELECT knowhow.create_knowledge_base('kb');

-- DROP EXTENSION refuses; CASCADE takes the vectors and keeps what people wrote.
INSERT INTO kb.snippets (title) VALUES ('kept');
INSERT INTO kb.users VALUES (1);
INSERT INTO kb.ratings VALUES (1, 1, 5);
INSERT INTO kb.labels (snippet_id, kind, value) VALUES (1, 'tag', 'kept');
\set VERBOSITY terse
DROP EXTENSION knowhow;
\set VERBOSITY default
DROP EXTENSION knowhow CASCADE;
SELECT title FROM kb.snippets;
SELECT value FROM kb.labels;
SELECT user_id, snippet_id, weight FROM kb.interactions;
SELECT attname FROM pg_attribute
WHERE attrelid = 'kb.snippets'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
UPDATE kb.snippets SET title = 'still kept';

-- Back again: the column and the trigger can be added, and the tables bound.
CREATE EXTENSION knowhow;
ALTER TABLE kb.snippets ADD content knowhow.tfidf
    GENERATED ALWAYS AS (knowhow.to_tfidf(coalesce(body, ''), title => title)) STORED;
SELECT knowhow.create_recommender('kb', 'kb.snippets', 'kb.interactions', 'kb.labels',
                                  'kb.ratings', 'kb.events');
SELECT knowhow.drop_recommender('kb');

DROP SCHEMA kb, half, tenant CASCADE;
DO $$
DECLARE
    schema_name name;
BEGIN
    FOR schema_name IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'a "b"%' OR nspname LIKE '漢%'
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', schema_name);
    END LOOP;
END
$$;
SELECT format('REVOKE CREATE ON DATABASE %I FROM regress_knowhow_tenant', current_database()) \gexec
DROP ROLE regress_knowhow_tenant, regress_knowhow_nobody;
