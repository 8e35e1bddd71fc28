-- Segments and fresh pages: how they come and go, in one session.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
SET search_path = knowhow, public;
SET enable_seqscan = off;
SET jit = off;

CREATE TABLE docs (id int, v tfidf) WITH (autovacuum_enabled = off);
CREATE FUNCTION vector(n int) RETURNS tfidf IMMUTABLE LANGUAGE sql AS $$
SELECT string_agg(format('%L:%s', 'term' || (n::bigint * i * 7919) % 500, 1 + n::bigint * i % 5), ' ')::tfidf
FROM generate_series(1, 1 + n % 15) AS i
$$;
-- Whether the index gives the rows of the table, all of them and in order.
CREATE FUNCTION in_order(q tfidf) RETURNS boolean LANGUAGE sql AS $$
SELECT (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY v <#> q) AS t)
    IS NOT DISTINCT FROM
       (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY (v <#> q) + 0, ctid) AS t)
$$;

-- What a cursor still has.
CREATE FUNCTION rest(going refcursor) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    counted bigint := 0;
    id int;
BEGIN
    LOOP
        FETCH going INTO id;
        EXIT WHEN NOT FOUND;
        counted := counted + 1;
    END LOOP;
    RETURN counted;
END
$$;

-- Rows that come one by one become segments, and these are merged.
CREATE INDEX docs_v ON docs USING tfidf (v tfidf_ip_ops) WITH (fresh_pages = 2);
DO $$BEGIN
    FOR i IN 1 .. 5000 LOOP
        INSERT INTO docs VALUES (i, vector(i));
        IF i % 1000 = 0 THEN
            ASSERT in_order('''term1'':1 ''term14'':2');
        END IF;
    END LOOP;
END$$;
SELECT in_order('''term1'':1 ''term14'':2'), in_order('''term3'':-1'), in_order('');
SELECT segments BETWEEN 1 AND 7 AS few_segments, fresh_pages, documents FROM index_statistics('docs_v');
SELECT * FROM verify_index('docs_v');

-- A flush and one merge of eight segments are what an insert does at most; when the merge makes
-- another one due, that is left to the next insert that flushes.
CREATE TABLE grown (v tfidf);
CREATE INDEX grown_v ON grown USING tfidf (v tfidf_ip_ops) WITH (fresh_pages = 4);
DO $$
DECLARE
    before int := 0;
    now int;
    least int := 0;
BEGIN
    FOR i IN 1 .. 165 LOOP
        INSERT INTO grown SELECT '''a'':1' FROM generate_series(1, 400);
        now := (SELECT segments FROM index_statistics('grown_v'));
        ASSERT now BETWEEN before - 6 AND before + 1, format('%s segments after %s', now, before);
        least := least(least, now - before);
        before := now;
    END LOOP;
    ASSERT least = -6, 'nothing was merged';
    ASSERT before < 8, 'the second merge is still due';
END
$$;
SELECT * FROM verify_index('grown_v');
DROP TABLE grown;

-- A scan goes on through flushes and merges, with the rows that it began with.
BEGIN;
DECLARE going CURSOR FOR SELECT id FROM docs ORDER BY v <#> '''term1'':1 ''term14'':2';
MOVE 10 going;
INSERT INTO docs SELECT i, vector(i) FROM generate_series(5001, 9000) AS i;
SELECT rest('going');
ROLLBACK;

-- VACUUM does not wait for eight segments to merge small ones.
SELECT segments > 3 AS some FROM index_statistics('docs_v');
VACUUM docs;
SELECT segments <= 3 AS few FROM index_statistics('docs_v');
SELECT in_order('''term1'':1 ''term14'':2');

-- Removed rows leave: first marked, then written out. Pages are used again.
DELETE FROM docs WHERE id % 3 > 0;
VACUUM docs;
SELECT in_order('''term1'':1 ''term14'':2'), in_order('''term3'':-1');
INSERT INTO docs SELECT i, vector(i) FROM generate_series(5001, 8000) AS i;
VACUUM docs;
CREATE TABLE size AS SELECT pg_relation_size('docs_v') AS bytes;
DELETE FROM docs WHERE id > 5000;
VACUUM docs;
INSERT INTO docs SELECT i, vector(i) FROM generate_series(5001, 8000) AS i;
VACUUM docs;
DELETE FROM docs WHERE id > 5000;
VACUUM docs;
INSERT INTO docs SELECT i, vector(i) FROM generate_series(5001, 8000) AS i;
VACUUM docs;
DELETE FROM docs WHERE id > 5000;
VACUUM docs;
INSERT INTO docs SELECT i, vector(i) FROM generate_series(5001, 8000) AS i;
VACUUM docs;
DELETE FROM docs WHERE id > 5000;
VACUUM docs;
INSERT INTO docs SELECT i, vector(i) FROM generate_series(5001, 8000) AS i;
VACUUM docs;
SELECT * FROM verify_index('docs_v');
SELECT pg_relation_size('docs_v') < 3 * bytes AS bounded FROM size;
SELECT in_order('''term1'':1 ''term14'':2');

-- What a transaction frees, the next one uses again, and what one freed that was rolled back, VACUUM
-- finds.
CREATE TABLE loads (id int, v tfidf) WITH (autovacuum_enabled = off);
CREATE INDEX loads_v ON loads USING tfidf (v tfidf_ip_ops) WITH (fresh_pages = 2);
CREATE FUNCTION load(number int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO loads
    SELECT i, to_tfidf('simple', string_agg(md5(format('%s %s %s', number, i, k)), ' '))
    FROM generate_series(1, 200) AS i, generate_series(1, 20) AS k GROUP BY i
$$;
DO $$
BEGIN
    FOR i IN 1 .. 20 LOOP
        PERFORM load(i);
        COMMIT;
    END LOOP;
END
$$;
SELECT pages < 6 * (pages - free_pages) AS bounded FROM index_statistics('loads_v');
DO $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        PERFORM load(20 + i);
        ROLLBACK;
    END LOOP;
END
$$;
VACUUM loads;
CREATE TABLE rolled_back AS SELECT pages FROM index_statistics('loads_v');
DO $$
BEGIN
    FOR i IN 1 .. 10 LOOP
        PERFORM load(30 + i);
        COMMIT;
    END LOOP;
END
$$;
SELECT s.pages <= r.pages * 1.05 AS used_again, s.documents AS documents
FROM index_statistics('loads_v') AS s, rolled_back AS r;
SELECT * FROM verify_index('loads_v');

-- The index may be another one, or gone, when its transaction ends.
BEGIN;
SELECT load(41);
REINDEX INDEX loads_v;
SELECT load(42);
COMMIT;
SELECT * FROM verify_index('loads_v');
BEGIN;
SELECT load(43);
TRUNCATE loads;
SELECT load(44);
COMMIT;
SELECT documents FROM index_statistics('loads_v');
SELECT * FROM verify_index('loads_v');
BEGIN;
SELECT load(45);
SAVEPOINT here;
SELECT load(46);
ROLLBACK TO here;
DROP INDEX loads_v;
COMMIT;
BEGIN;
CREATE TEMPORARY TABLE passing (id int, v tfidf) ON COMMIT DROP;
CREATE INDEX passing_v ON passing USING tfidf (v tfidf_ip_ops) WITH (fresh_pages = 2);
INSERT INTO passing SELECT * FROM loads;
TRUNCATE passing;
INSERT INTO passing SELECT * FROM loads;
SELECT segments > 0 AS flushed FROM index_statistics('passing_v');
COMMIT;
DROP TABLE loads, rolled_back;
DROP FUNCTION load;

-- All rows gone, and the index is as good as new.
DELETE FROM docs;
VACUUM docs;
SELECT in_order('''term1'':1');
SELECT documents, segments, fresh_rows FROM index_statistics('docs_v');
INSERT INTO docs VALUES (1, vector(1));
SELECT id FROM docs ORDER BY v <#> '''term1'':1';

-- Storage parameters.
ALTER INDEX docs_v SET (fresh_pages = 1);
ALTER INDEX docs_v SET (fresh_pages = 500);
ALTER INDEX docs_v RESET (fresh_pages);

-- A build by three processes.
INSERT INTO docs SELECT i, vector(i) FROM generate_series(2, 20000) AS i;
DROP INDEX docs_v;
SET max_parallel_maintenance_workers = 2;
SET maintenance_work_mem = '96MB';
SET min_parallel_table_scan_size = 0;
ALTER TABLE docs SET (parallel_workers = 2);
CREATE INDEX docs_v ON docs USING tfidf (v tfidf_ip_ops);
SELECT in_order('''term1'':1 ''term14'':2'), in_order('''term3'':-1');
SELECT segments BETWEEN 1 AND 3 AS one_for_each_process, documents FROM index_statistics('docs_v');
SELECT * FROM verify_index('docs_v');
REINDEX INDEX CONCURRENTLY docs_v;
SELECT in_order('''term1'':1 ''term14'':2');
-- With no memory to speak of, rows go through temporary files.
SET max_parallel_maintenance_workers = 0;
SET maintenance_work_mem = '1MB';
REINDEX INDEX docs_v;
SELECT in_order('''term1'':1 ''term14'':2');
SET temp_file_limit = '64kB';
\set VERBOSITY sqlstate
REINDEX INDEX docs_v;
\set VERBOSITY default
RESET temp_file_limit;
SELECT in_order('''term1'':1 ''term14'':2');

DROP TABLE docs, size;
DROP FUNCTION vector, in_order, rest;
