-- The type tfidf: forms, operators, casts, aggregates, indexes.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
SET search_path = knowhow, public;
SET extra_float_digits = 0;

-- Text form
SELECT $$'learn':0.8 'deep':0.6$$::tfidf;
SELECT ''::tfidf AS empty, '  '::tfidf AS blank, NULL::tfidf AS none;
SELECT 'plain no_weight c++:+2 node.js:1e-3 深度学习:1.5'::tfidf;
SELECT $$'it''s' 'back\\slash':2 a\ b 'c\'d' don't$$::tfidf;
SELECT 'twice:1 twice:2.5 zero:0 cancels cancels:-1 negative:-3'::tfidf;
SELECT 'a:0.1 b:16777216 c:1000000 d:1e-5 e:3.4028235e38 f:1e-45'::tfidf;
SELECT 'a:1x'::tfidf;
SELECT '''open'::tfidf;
SELECT ''''':1'::tfidf;
SELECT 'a:'::tfidf;
SELECT 'a:NaN'::tfidf;
SELECT 'a:-Infinity'::tfidf;
SELECT 'a:1e39'::tfidf;
SELECT 'a:1,2'::tfidf;
SELECT 'a:3e38 a:3e38'::tfidf;
SELECT repeat('x', 2046)::tfidf = (repeat('x', 2046) || ':1')::tfidf AS longest;
SELECT repeat('x', 2047)::tfidf;

-- Measures
SELECT length('a b c'::tfidf), length(''::tfidf), length(NULL::tfidf);
SELECT norm('a:3 b:-4'::tfidf), norm(''::tfidf), norm(NULL::tfidf);
SELECT knowhow.normalize('a:3 b:-4'::tfidf), knowhow.normalize(''::tfidf) = '' AS empty, "normalize"(NULL::tfidf);
SELECT * FROM lexemes('b:2 a:1.5 深:-1');
SELECT * FROM lexemes('');
SELECT * FROM lexemes(NULL);
SELECT lexemes('a b:2');

-- Distances. With the empty vector: nothing shared, cosine distance 1, the other's norm.
SELECT 'a:3 b:4'::tfidf <#> 'b:2 c:1', 'a'::tfidf <#> 'b', 'a'::tfidf <#> '', 'a'::tfidf <#> NULL;
SELECT 'a:3 b:4'::tfidf <=> 'a:6 b:8' AS same, 'a'::tfidf <=> 'b' AS nothing, 'a'::tfidf <=> 'a:-2' AS opposite,
       'a'::tfidf <=> '' AS one_empty, ''::tfidf <=> '' AS both_empty, NULL::tfidf <=> 'a' AS none;
SELECT 'a:3'::tfidf <-> 'b:4', 'a:3 b:4'::tfidf <-> '', ''::tfidf <-> '', 'a'::tfidf <-> NULL;
SELECT 'a:1e38'::tfidf <-> 'a:-1e38', 'a:1e-45'::tfidf <=> 'a:1e-45', 'a:3e38'::tfidf <#> 'a:3e38';
SELECT 'a b'::tfidf && 'b c', 'a b'::tfidf && 'c d', ''::tfidf && '', 'a'::tfidf && NULL;

-- Arithmetic
SELECT 'a:1 b:2'::tfidf + 'b:-2 c:1', 'a:1 b:2'::tfidf - 'b:2 c:1', 'a:1'::tfidf - 'a:1' = '' AS gone;
SELECT 'a:1 b:-2'::tfidf * 2, 0.5 * 'a:1 b:-2'::tfidf, ('a'::tfidf * 0) = '' AS zero;
SELECT 'a'::tfidf + NULL, 'a'::tfidf * NULL;
SELECT 'a:1e-30'::tfidf * 1e-30 = '' AS rounds_to_zero;
SELECT 'big:3e38'::tfidf * 10;
SELECT 'big:3e38'::tfidf + 'big:3e38';
SELECT 'a'::tfidf * 'NaN';
SELECT 'a'::tfidf * '-Infinity';

-- Order and equality
SELECT 'a:1 b:2'::tfidf = 'b:2 a:1', 'a:1'::tfidf <> 'a:2', 'a'::tfidf = NULL;
SELECT v FROM unnest(ARRAY['b', 'a:2', '', 'a', 'a b', 'a:-1', 'ab', '深']::tfidf[]) AS v ORDER BY v;
SELECT 'a'::tfidf < 'b', 'a'::tfidf <= 'a', 'a'::tfidf > 'b', 'b'::tfidf >= 'b', tfidf_cmp('a', 'b'), tfidf_cmp('a', 'a');
SELECT DISTINCT v FROM (VALUES ('a b'::tfidf), ('b a'), ('a:2'), ('a a')) AS t (v) ORDER BY v;
SELECT tfidf_hash('a:1 b:2') = tfidf_hash('b:2 a') AS same,
       tfidf_hash_extended('a', 0)::bit(32) = tfidf_hash('a')::bit(32) AS extends,
       tfidf_hash_extended('a', 1) <> tfidf_hash_extended('a', 2) AS seeded;

-- Casts
SELECT 'deep:1A,2B,3C,4 learn:5 stripped'::tsvector::tfidf;
SELECT strip('a:1A,2 b:3'::tsvector)::tfidf, ''::tsvector::tfidf = '' AS empty, NULL::tsvector::tfidf;
SELECT to_tsvector('simple', 'to be or not to be')::tfidf;
SELECT array_to_tsvector(ARRAY['it''s', 'a\b', '深度'])::tfidf;
SELECT '{"deep": 0.6, "learn": 0.8, "zero": 0, "b": -1e2, "深": 1}'::jsonb::tfidf;
SELECT '{}'::jsonb::tfidf = '' AS empty, NULL::jsonb::tfidf;
SELECT 'deep:0.6 learn:0.8 it''s:1e-30 b:1e20'::tfidf::jsonb, ''::tfidf::jsonb, NULL::tfidf::jsonb;
SELECT '[1, 2]'::jsonb::tfidf;
SELECT '"text"'::jsonb::tfidf;
SELECT '{"a": "text"}'::jsonb::tfidf;
SELECT '{"a": {"b": 1}}'::jsonb::tfidf;
SELECT '{"a": null}'::jsonb::tfidf;
SELECT '{"": 1}'::jsonb::tfidf;
SELECT '{"a": 1e39}'::jsonb::tfidf;
SELECT jsonb_build_object(repeat('x', 2047), 1)::tfidf;

-- A column: constraint, default, TOAST, COPY both ways in both forms
CREATE TABLE tfidf_rows (id integer PRIMARY KEY, v tfidf);
INSERT INTO tfidf_rows VALUES (1, $$'it''s':1 'back\\slash':2 'tab	bed' '深度':-0.1$$), (2, ''), (3, NULL);
INSERT INTO tfidf_rows VALUES (4, 'from:1 tsvector:2,3'::tsvector);
INSERT INTO tfidf_rows
    SELECT 10 + n, string_agg('t' || n * i || ':' || i * 0.1, ' ')::tfidf
    FROM generate_series(1, 20) AS n, generate_series(1, 100 * n) AS i GROUP BY n;
INSERT INTO tfidf_rows
    SELECT 100, string_agg('term' || i || ':' || 1 + i % 7, ' ')::tfidf FROM generate_series(1, 100000) AS i;
SELECT length(v), norm(v), v <=> v AS itself, v <#> 'term99999:2 term1 unknown' AS product FROM tfidf_rows WHERE id = 100;
SELECT count(*), sum(weight) FROM tfidf_rows, lexemes(v) WHERE id = 100;
SELECT length(v + v), length(v - v), (v * 2) <=> v < 1e-12 AS parallel FROM tfidf_rows WHERE id = 100;
SELECT v = v::text::tfidf AS text_form, v = v::jsonb::tfidf AS jsonb_form FROM tfidf_rows WHERE id = 100;
COPY (SELECT * FROM tfidf_rows WHERE id < 5 ORDER BY id) TO STDOUT;
SELECT quote_literal(current_setting('data_directory') || '/tfidf_test.copy') AS file \gset
CREATE TABLE tfidf_copies (LIKE tfidf_rows);
COPY tfidf_rows TO :file;
COPY tfidf_copies FROM :file;
SELECT count(*) FROM tfidf_rows JOIN tfidf_copies AS c USING (id) WHERE tfidf_rows.v IS NOT DISTINCT FROM c.v;
TRUNCATE tfidf_copies;
COPY tfidf_rows TO :file (FORMAT binary);
COPY tfidf_copies FROM :file (FORMAT binary);
SELECT count(*) FROM tfidf_rows JOIN tfidf_copies AS c USING (id) WHERE tfidf_rows.v IS NOT DISTINCT FROM c.v;
-- Clients of another encoding get and send lexemes in theirs, in whatever order they have there.
TRUNCATE tfidf_copies;
INSERT INTO tfidf_rows VALUES (5, 'deep:1 深度:2 学习:3 z:4');
SET client_encoding = 'GBK';
COPY (SELECT id, v FROM tfidf_rows WHERE id = 5) TO :file (FORMAT binary);
COPY tfidf_copies FROM :file (FORMAT binary);
RESET client_encoding;
SELECT v FROM tfidf_copies;
SELECT substr(pg_read_binary_file(:file), 34, 42);
-- The wire format, and messages that no honest client sends
SELECT tfidf_send('deep:1 深:-2');
CREATE FUNCTION pg_temp.receive(message bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/tfidf_test.copy';
    object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a0000000000000000000001'::bytea
                                   || int4send(octet_length(message)) || message || '\xffff'::bytea);
    detail text;
    result text;
BEGIN
    CREATE TEMPORARY TABLE received (v knowhow.tfidf);
    PERFORM lo_export(object, file), lo_unlink(object);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
    SELECT v INTO result FROM received;
    DROP TABLE received;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ': ' || SQLERRM || '. ' || detail;
END
$$;
SELECT n, pg_temp.receive(m) FROM (VALUES
    (1, '\x00000000'::bytea),
    (3, '\x00000002400000000000000162400000000000000161'),          -- out of order
    (4, '\x00000002400000000000000161400000000000000161'),          -- twice
    (5, '\x00000001000000000000000161'),                            -- weight zero
    (6, '\x'),
    (7, '\x000000'),
    (8, '\xffffffff'),
    (9, '\x7fffffff400000000000000161'),
    (10, '\x000000014000000000000002ff'),
    (11, '\x00000001400000007fffffff61'),
    (12, '\x0000000140000000ffffffff61'),
    (13, '\x000000014000000000000000'),
    (14, '\x00000001400000000000000061'),                           -- empty lexeme
    (15, '\x000000017fc000000000000161'),                           -- NaN
    (16, '\x00000001ff8000000000000161'),                           -- -Infinity
    (17, '\x0000000140000000000000016100'),
    (18, '\x000000014000000000000001ff'),                           -- no UTF-8
    (19, '\x0000000140000000000000026100'),                         -- a zero byte
    (20, '\x000000024000000000000002e6b7400000000000000271b1'),     -- halves of a character
    (21, '\x0000000240000000000000027f7f7f000000000000016161'),     -- a byte too many
    (22, '\x000000027f7fffff00000001617f7fffff0000000161'),         -- overflows when added up
    (23, '\x000000014000000000000fff'::bytea || convert_to(repeat('x', 4095), 'UTF8'))
) AS messages (n, m) ORDER BY n;

-- A toasted argument that stays the same is fetched once, and never mistaken for another
CREATE FUNCTION pg_temp.self_distances() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r record;
    n bigint;
BEGIN
    FOR r IN SELECT id, v FROM tfidf_rows WHERE id IN (20, 30, 100) ORDER BY id LOOP
        SELECT count(*) INTO n FROM tfidf_rows AS t WHERE t.v <-> r.v = 0 AND r.v <-> t.v = 0;
        RETURN NEXT r.id || ': ' || n || ', ' || round((r.v <#> r.v)::numeric, 1);
    END LOOP;
END
$$;
SELECT pg_temp.self_distances();

-- Aggregates
SELECT sum(v), avg(v) FROM (VALUES ('a:1 b:2'::tfidf), ('a:-1'), (NULL), ('')) AS t (v);
SELECT sum(v) IS NULL AS sum, avg(v) IS NULL AS avg FROM tfidf_rows WHERE id < 0 OR id = 3;
SELECT sum(v) = '' AS sum, avg(v) = '' AS avg FROM tfidf_rows WHERE id = 2;
SELECT id, sum(v) OVER (ORDER BY id) FROM (VALUES (1, 'a'::tfidf), (2, 'b:2'), (3, 'a:-1')) AS t (id, v);
-- in double: 2^24 + 1 + ... would stay 2^24 in real
SELECT sum(v) FROM (SELECT 'a:16777216'::tfidf UNION ALL SELECT 'a'::tfidf FROM generate_series(1, 8)) AS t (v);
SELECT sum(v) FROM (VALUES ('a:3e38'::tfidf), ('a:3e38')) AS t (v);
SELECT avg(v) FROM (VALUES ('a:3e38'::tfidf), ('a:3e38')) AS t (v);
SELECT id % 3 AS rest, length(sum(v)), length(avg(v)) FROM tfidf_rows GROUP BY 1 ORDER BY 1;
CREATE TABLE tfidf_many AS SELECT i AS id, ('a b:' || i % 10 || ' t' || i)::tfidf AS v FROM generate_series(1, 5000) AS i;
ANALYZE tfidf_many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT sum(v), avg(v) FROM tfidf_many;
SELECT length(sum(v)), sum(v) <#> 'a' AS a, sum(v) <#> 'b' AS b, avg(v) <#> 'a t4711:5000' AS avg FROM tfidf_many;
SELECT sum(v) IS NULL AS none FROM tfidf_many WHERE id < 0;
SELECT length(sum(v)) FROM tfidf_rows;
SELECT id FROM tfidf_many WHERE v && 't7' ORDER BY v <#> 't7';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET parallel_leader_participation;
SET work_mem = '64kB';
SELECT count(*), sum(length(s)) FROM (SELECT id / 2, sum(v) AS s FROM tfidf_many GROUP BY 1) AS t;
RESET work_mem;

-- Indexes, joins, sorting, partitions
SET enable_seqscan = off;
SET enable_bitmapscan = off;
CREATE INDEX tfidf_btree ON tfidf_many (v);
EXPLAIN (COSTS OFF) SELECT id FROM tfidf_many WHERE v = 't42 b:2 a';
SELECT id FROM tfidf_many WHERE v = 't42 b:2 a';
EXPLAIN (COSTS OFF) SELECT id FROM tfidf_many ORDER BY v LIMIT 3;
SELECT id FROM tfidf_many ORDER BY v LIMIT 3;
SELECT count(*) FROM tfidf_many WHERE v >= 'a:1 b:5' AND v < 'a:1 b:6';
DROP INDEX tfidf_btree;
CREATE INDEX tfidf_hash ON tfidf_many USING hash (v);
EXPLAIN (COSTS OFF) SELECT id FROM tfidf_many WHERE v = 't42 b:2 a';
SELECT id FROM tfidf_many WHERE v = 't42 b:2 a';
SELECT id FROM tfidf_many WHERE v = 't42 b:2';
DROP INDEX tfidf_hash;
RESET enable_seqscan;
RESET enable_bitmapscan;
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM tfidf_many AS a JOIN tfidf_many AS b USING (v);
SELECT count(*) FROM tfidf_many AS a JOIN tfidf_many AS b USING (v);
SET enable_mergejoin = on;
SET enable_hashjoin = off;
SELECT count(*) FROM tfidf_many AS a JOIN tfidf_many AS b USING (v);
RESET enable_mergejoin;
RESET enable_hashjoin;
RESET enable_nestloop;
SELECT count(*) FROM (SELECT v * 0.5 FROM tfidf_many GROUP BY v) AS t;
CREATE UNIQUE INDEX ON tfidf_rows (v) WHERE id < 5;
INSERT INTO tfidf_rows VALUES (0, '');
CREATE TABLE tfidf_parts (v tfidf) PARTITION BY HASH (v);
CREATE TABLE tfidf_part_0 PARTITION OF tfidf_parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE tfidf_part_1 PARTITION OF tfidf_parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO tfidf_parts SELECT v FROM tfidf_many;
SELECT count(*), min(n) > 2000 AS even FROM (SELECT count(*) AS n FROM tfidf_parts GROUP BY tableoid) AS t;

-- Catalogue: what the server itself checks of operator classes, and that nothing lacks a comment
SELECT opcname, amname, amvalidate FROM pg_opclass AS c JOIN pg_am AS a ON a.oid = c.opcmethod, amvalidate(c.oid)
    WHERE c.opcintype = 'tfidf'::regtype ORDER BY amname;
SELECT p.oid::regprocedure FROM pg_proc AS p
    WHERE 'tfidf'::regtype = ANY (p.proargtypes::oid[] || p.prorettype)
    AND (p.proparallel <> 's' OR obj_description(p.oid, 'pg_proc') IS NULL);
SELECT o.oid::regoperator FROM pg_operator AS o
    WHERE 'tfidf'::regtype IN (o.oprleft, o.oprright) AND obj_description(o.oid, 'pg_operator') IS NULL;

DROP TABLE tfidf_rows, tfidf_copies, tfidf_many, tfidf_parts;
