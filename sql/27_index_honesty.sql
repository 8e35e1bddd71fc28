-- index_statistics() and verify_index(): what is in an index, and whether it is what it should be.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
SET search_path = knowhow, public;
\pset null '(null)'

CREATE TABLE docs (id serial PRIMARY KEY, v tfidf);
CREATE INDEX docs_ip ON docs USING tfidf (v tfidf_ip_ops);
CREATE INDEX docs_cosine ON docs USING tfidf (v);
SELECT * FROM index_statistics('docs_ip');
SELECT * FROM verify_index('docs_ip');

-- Fresh rows: one, an empty one, a NULL one, a duplicate, and one that takes many pages.
INSERT INTO docs (v) VALUES ('''a'':1 ''b'':2'), (''), (NULL), ('''a'':1 ''b'':2');
INSERT INTO docs (v)
SELECT string_agg(format('%L:%s', 'term' || i, i), ' ')::tfidf FROM generate_series(1, 5000) AS i;
SELECT distance, documents, segments, terms, postings, fresh_rows, deleted_rows, fresh_pages
FROM index_statistics('docs_ip');
SELECT * FROM verify_index('docs_ip');
SELECT * FROM verify_index('docs_cosine');

-- The same in segments, with rows behind them, some of which are gone.
REINDEX TABLE docs;
INSERT INTO docs (v)
SELECT format('%L:%s %L:1', 'word' || i % 50, 1 + i % 3, 'other' || i)::tfidf
FROM generate_series(1, 1000) AS i;
DELETE FROM docs WHERE id % 7 = 3;
SELECT distance, documents, segments, terms, postings, fresh_rows, deleted_rows,
       free_pages = 0 AS all_used, bytes = pg_relation_size('docs_cosine') AS bytes,
       pages * current_setting('block_size')::int = bytes AS pages
FROM index_statistics('docs_cosine');
-- Rows that nobody sees any more are in the index, and that is well.
SELECT * FROM verify_index('docs_ip');
SELECT * FROM verify_index('docs_cosine');
VACUUM docs;
SELECT documents = (SELECT count(*) FROM docs) AS documents FROM index_statistics('docs_ip');
SELECT * FROM verify_index('docs_ip');
SELECT * FROM verify_index('docs_cosine');

-- Rows that HOT updates moved, rows of this transaction and its parts, and an older snapshot.
CREATE TABLE moved (id int, n int, v tfidf) WITH (fillfactor = 50);
INSERT INTO moved SELECT i, 0, format('%L:%s', 'word' || i % 10, i)::tfidf FROM generate_series(1, 200) AS i;
CREATE INDEX moved_ip ON moved USING tfidf (v tfidf_ip_ops);
UPDATE moved SET n = 1;
UPDATE moved SET n = 2 WHERE id % 2 = 0;
SELECT * FROM verify_index('moved_ip');
BEGIN;
INSERT INTO moved VALUES (1000, 0, '''mine'':1');
UPDATE moved SET v = '''changed'':1' WHERE id = 5;
SAVEPOINT a;
INSERT INTO moved VALUES (1001, 0, '''gone'':1');
DELETE FROM moved WHERE id = 6;
ROLLBACK TO a;
SELECT * FROM verify_index('moved_ip');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SELECT count(*) FROM moved;
SELECT * FROM verify_index('moved_ip');
COMMIT;

-- Conditions and expressions, and functions in them that change their minds: that is what an index
-- cannot know, and what verify_index() tells.
CREATE FUNCTION counts(n int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n % 3 = 0; END';
CREATE FUNCTION vector(n int) RETURNS tfidf IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN RETURN format('%L:1', 'word' || n)::knowhow.tfidf; END $$;
CREATE TABLE numbers (n int);
INSERT INTO numbers SELECT generate_series(1, 12);
CREATE INDEX numbers_some ON numbers USING tfidf (vector(n) tfidf_ip_ops) WHERE counts(n);
SELECT documents FROM index_statistics('numbers_some');
SELECT * FROM verify_index('numbers_some');
CREATE OR REPLACE FUNCTION vector(n int) RETURNS tfidf IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN RETURN CASE WHEN n < 12 THEN format('%L:1', 'word' || least(n, 8))::knowhow.tfidf END; END $$;
SELECT * FROM verify_index('numbers_some');
CREATE OR REPLACE FUNCTION counts(n int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN n % 2 = 0; END';
SELECT * FROM verify_index('numbers_some');
-- No more than a hundred.
INSERT INTO numbers SELECT generate_series(13, 301, 2);
CREATE OR REPLACE FUNCTION counts(n int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
SELECT problem, count(*), count(block) AS blocks, count(tid) AS tids
FROM verify_index('numbers_some') GROUP BY problem ORDER BY problem;
REINDEX INDEX numbers_some;
SELECT * FROM verify_index('numbers_some');

-- The expressions run as the table's owner, and so that they can do no harm.
CREATE ROLE regress_knowhow_reader;
CREATE ROLE regress_knowhow_owner;
CREATE OR REPLACE FUNCTION counts(n int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN n <= 3 AND current_user = 'regress_knowhow_owner' AND current_setting('search_path') = 'pg_catalog, pg_temp';
END
$$;
REINDEX INDEX numbers_some;
ALTER TABLE numbers OWNER TO regress_knowhow_owner;
GRANT USAGE ON SCHEMA knowhow TO regress_knowhow_reader;
GRANT SELECT ON numbers TO regress_knowhow_reader;
SET ROLE regress_knowhow_reader;
SELECT * FROM verify_index('numbers_some');
SELECT current_user, current_setting('search_path'), documents FROM index_statistics('numbers_some');
RESET ROLE;

-- Who may not read all of the table.
\set VERBOSITY terse
REVOKE SELECT ON numbers FROM regress_knowhow_reader;
GRANT SELECT (n) ON numbers TO regress_knowhow_reader;
SET ROLE regress_knowhow_reader;
SELECT * FROM index_statistics('numbers_some');
SELECT * FROM verify_index('numbers_some');
RESET ROLE;
GRANT SELECT ON numbers TO regress_knowhow_reader;
ALTER TABLE numbers ENABLE ROW LEVEL SECURITY;
SET ROLE regress_knowhow_reader;
SELECT * FROM index_statistics('numbers_some');
SELECT * FROM verify_index('numbers_some');
SET ROLE regress_knowhow_owner;
SELECT documents FROM index_statistics('numbers_some');
RESET ROLE;

-- What is no tfidf index, or none that can be looked into.
\set VERBOSITY default
SELECT * FROM index_statistics(NULL);
SELECT * FROM verify_index(NULL);
SELECT * FROM index_statistics('docs');
SELECT * FROM verify_index('docs');
SELECT * FROM index_statistics('docs_pkey');
SELECT * FROM verify_index('docs_pkey');
SELECT * FROM verify_index(4294967295);
SELECT * FROM verify_index('no_such_index');
CREATE TABLE parts (id int, v tfidf) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE INDEX parts_ip ON parts USING tfidf (v tfidf_ip_ops);
SELECT * FROM index_statistics('parts_ip');
SELECT * FROM verify_index('parts_ip');
INSERT INTO parts VALUES (1, '''a'':1');
SELECT tree.relid, documents FROM pg_partition_tree('parts_ip') AS tree, index_statistics(tree.relid)
WHERE isleaf;
CREATE TABLE failing (id int);
INSERT INTO failing VALUES (1), (0);
CREATE INDEX CONCURRENTLY failing_ip ON failing USING tfidf (vector(1 / id) tfidf_ip_ops);
SELECT * FROM index_statistics('failing_ip');
SELECT * FROM verify_index('failing_ip');
CREATE TEMPORARY TABLE passing (id int, v tfidf);
CREATE INDEX passing_ip ON passing USING tfidf (v tfidf_ip_ops);
INSERT INTO passing VALUES (1, '''a'':1');
SELECT * FROM verify_index('passing_ip');
SELECT documents FROM index_statistics('passing_ip');
CREATE MATERIALIZED VIEW kept AS SELECT * FROM docs WHERE id < 10;
CREATE INDEX kept_ip ON kept USING tfidf (v tfidf_ip_ops);
SELECT * FROM verify_index('kept_ip');

-- Memory is limited, and the limit says so.
SET knowhow.max_memory = '1MB';
\set VERBOSITY terse
INSERT INTO docs (v) SELECT '''a'':1' FROM generate_series(1, 70000);
SELECT * FROM verify_index('docs_ip');
RESET knowhow.max_memory;
\set VERBOSITY default
SELECT * FROM verify_index('docs_ip');
SET statement_timeout = '1ms';
SELECT * FROM verify_index('docs_ip');
RESET statement_timeout;

DROP MATERIALIZED VIEW kept;
DROP TABLE docs, moved, numbers, parts, failing, passing;
DROP FUNCTION counts, vector;
REVOKE USAGE ON SCHEMA knowhow FROM regress_knowhow_reader;
DROP ROLE regress_knowhow_reader, regress_knowhow_owner;
