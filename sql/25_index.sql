-- The access method tfidf: the same rows in the same order as a sequential scan.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
SET search_path = knowhow, public;
SET enable_seqscan = off;

CREATE TABLE docs (id serial PRIMARY KEY, v tfidf);
INSERT INTO docs (v) VALUES ('''a'':1 ''b'':2'), ('''b'':1'), (''), (NULL), ('''a'':-1'), ('''c'':3');
CREATE INDEX docs_ip ON docs USING tfidf (v tfidf_ip_ops);
CREATE INDEX docs_cosine ON docs USING tfidf (v);

EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY v <#> '''a'':1 ''b'':1' LIMIT 3;
SELECT id, v <#> '''a'':1 ''b'':1' AS distance FROM docs ORDER BY v <#> '''a'':1 ''b'':1';
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY v <=> '''a'':1 ''b'':1' LIMIT 3;
SELECT id, round((v <=> '''a'':1 ''b'':1')::numeric, 6) AS distance FROM docs
ORDER BY v <=> '''a'':1 ''b'':1';
-- A query that is empty, or NULL: every row, without distances that differ.
SELECT count(*) FROM (SELECT id FROM docs ORDER BY v <#> '') AS t;
SELECT count(*) FROM (SELECT id FROM docs ORDER BY v <#> NULL) AS t;
-- A prepared query, and one for each row of a join.
PREPARE near(tfidf) AS SELECT id FROM docs WHERE id <> 1 ORDER BY v <#> $1 LIMIT 2;
EXECUTE near('''b'':1');
EXECUTE near('''c'':1');
SELECT q, id FROM (VALUES ('''a'':1'::tfidf), ('''b'':1'), ('''c'':1')) AS queries (q),
LATERAL (SELECT id FROM docs ORDER BY v <#> q LIMIT 1) AS t;

-- Other operators are not the index's.
CREATE INDEX ON docs USING tfidf (v, v);
CREATE UNIQUE INDEX ON docs USING tfidf (v);
CREATE INDEX ON docs USING tfidf (id);
CREATE INDEX ON docs USING tfidf (v) WITH (nonsense = 1);
CREATE INDEX ON docs USING tfidf (v) WITH (fresh_pages = 1);
SELECT opcname, amvalidate(pg_opclass.oid) FROM pg_opclass JOIN pg_am ON pg_am.oid = opcmethod
WHERE amname = 'tfidf' ORDER BY opcname;

-- A vector that takes many pages, beside small ones, and its removal.
INSERT INTO docs (v)
SELECT string_agg(format('%L:%s', 'term' || i, i), ' ')::tfidf FROM generate_series(1, 5000) AS i;
INSERT INTO docs (v) VALUES ('''term7'':1');
SELECT id, v <#> '''term7'':1' AS distance FROM docs ORDER BY v <#> '''term7'':1' LIMIT 2;
DELETE FROM docs WHERE length(v) = 5000;
VACUUM docs;
INSERT INTO docs (v) VALUES ('''term7'':2');
SELECT id, v <#> '''term7'':1' AS distance FROM docs ORDER BY v <#> '''term7'':1' LIMIT 2;
REINDEX TABLE docs;
REINDEX TABLE CONCURRENTLY docs;
SELECT id, v <#> '''term7'':1' AS distance FROM docs ORDER BY v <#> '''term7'':1' LIMIT 2;

-- Expressions, conditions, partitions, unlogged and temporary tables.
CREATE TABLE texts (id int, body text) PARTITION BY RANGE (id);
CREATE UNLOGGED TABLE texts_1 PARTITION OF texts FOR VALUES FROM (0) TO (100);
CREATE TABLE texts_2 PARTITION OF texts FOR VALUES FROM (100) TO (200);
INSERT INTO texts SELECT i, 'word' || i % 10 || ' other' || i FROM generate_series(0, 199) AS i;
CREATE INDEX ON texts USING tfidf (to_tfidf(body) tfidf_ip_ops);
EXPLAIN (COSTS OFF) SELECT id FROM texts ORDER BY to_tfidf(body) <#> '''other150'':1' LIMIT 1;
SELECT id FROM texts ORDER BY to_tfidf(body) <#> '''other150'':1' LIMIT 1;
CREATE TEMPORARY TABLE passing (id int, v tfidf);
CREATE INDEX ON passing USING tfidf (v tfidf_ip_ops) WHERE id > 1;
INSERT INTO passing SELECT i, format('%L:%s', 'a', i)::tfidf FROM generate_series(1, 5) AS i;
SELECT id FROM passing WHERE id > 1 ORDER BY v <#> '''a'':-1' LIMIT 2;
TRUNCATE passing;
SELECT id FROM passing WHERE id > 1 ORDER BY v <#> '''a'':-1' LIMIT 2;

-- Emptied in its file: what the session remembers of the segments before is of no use.
CREATE FUNCTION fill(words int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO emptied
    SELECT n, string_agg(format('%L:1', 'w' || n * i % words), ' ')::tfidf
    FROM generate_series(1, 2000) AS n, generate_series(1, words / 10) AS i GROUP BY n;
END
$$;
CREATE FUNCTION same_as_sequential_scan() RETURNS TABLE (segments boolean, same boolean)
LANGUAGE plpgsql AS $$
DECLARE
    query CONSTANT tfidf := $q$'w7':1 'w9':2$q$;
    indexed float8[] := ARRAY(SELECT v <#> query FROM emptied ORDER BY v <#> query LIMIT 50);
BEGIN
    SET LOCAL enable_seqscan = on;
    SET LOCAL enable_indexscan = off;
    segments := (SELECT s.segments > 0 FROM index_statistics('emptied_v_idx') AS s);
    same := indexed = ARRAY(SELECT v <#> query FROM emptied ORDER BY v <#> query LIMIT 50);
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_indexscan = on;
    RETURN NEXT;
END
$$;
CREATE TEMPORARY TABLE emptied (id int, v tfidf) ON COMMIT DELETE ROWS;
CREATE INDEX ON emptied USING tfidf (v tfidf_ip_ops) WITH (fresh_pages = 2);
BEGIN;
SELECT fill(900);
SELECT * FROM same_as_sequential_scan();
COMMIT;
BEGIN;
SELECT fill(300);
SELECT * FROM same_as_sequential_scan();
COMMIT;
DROP TABLE emptied;
BEGIN;
CREATE TABLE emptied (id int, v tfidf);
CREATE INDEX ON emptied USING tfidf (v tfidf_ip_ops) WITH (fresh_pages = 2);
SELECT fill(900);
SELECT * FROM same_as_sequential_scan();
TRUNCATE emptied;
SELECT fill(300);
SELECT * FROM same_as_sequential_scan();
SELECT * FROM verify_index('emptied_v_idx');
COMMIT;
DROP TABLE emptied;
DROP FUNCTION fill, same_as_sequential_scan;

DROP TABLE docs, texts, passing;
