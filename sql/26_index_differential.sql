-- 10,000 random queries against the sequential scan, while rows come, change and go: the same
-- distances to the bit, and equal ones in the order of ctid.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
SET search_path = knowhow, public;
DO $$BEGIN PERFORM setseed(0.25); END$$;
CREATE TABLE docs (id serial, v tfidf);
CREATE TABLE compared (queries integer);

-- Few terms and few weights, so that ties abound; norms over many orders of magnitude; some are
-- empty, some NULL, some negative.
CREATE FUNCTION random_vector(most integer) RETURNS tfidf VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    kind float8 := random();
    scale float8 := 10 ^ floor(random() * 7 - 3);
BEGIN
    IF kind < 0.06 THEN
        RETURN CASE WHEN kind < 0.03 THEN ''::tfidf END;
    END IF;
    RETURN string_agg(format('%L:%s', 'term' || floor(60 * random() ^ 3),
                             CASE WHEN kind < 0.3 THEN random() - 0.3
                                  ELSE floor(1 + 3 * random()) END * scale), ' ')::tfidf
    FROM generate_series(1, 1 + floor(most * random())::integer);
END
$$;

CREATE PROCEDURE add_rows(many integer) LANGUAGE sql AS $$
INSERT INTO docs (v) SELECT random_vector(12) FROM generate_series(1, many);
-- Duplicates.
INSERT INTO docs (v) SELECT v FROM docs ORDER BY random() LIMIT many / 10;
$$;

-- Compares both distances for each of `queries` random queries, down to a random depth.
CREATE PROCEDURE compare(queries integer) LANGUAGE plpgsql AS $$
DECLARE
    q tfidf;
    k integer;
    indexed text[];
    sequential text[];
BEGIN
    FOR i IN 1 .. queries LOOP
        q := random_vector(CASE WHEN random() < 0.1 THEN 200 ELSE 8 END);
        k := 1 + floor(1.5 ^ floor(1 + random() * 16));
        PERFORM set_config('knowhow.scan_rows', (1 + floor(4 ^ floor(random() * 6)))::int::text, true);
        IF random() < 0.5 THEN
            SELECT array_agg(t::text) INTO indexed FROM (
                SELECT v <#> q AS d, ctid FROM docs ORDER BY v <#> q LIMIT k) AS t;
            SELECT array_agg(t::text) INTO sequential FROM (
                SELECT v <#> q AS d, ctid FROM docs ORDER BY (v <#> q) + 0, ctid LIMIT k) AS t;
        ELSE
            SELECT array_agg(t::text) INTO indexed FROM (
                SELECT v <=> q AS d, ctid FROM docs ORDER BY v <=> q LIMIT k) AS t;
            SELECT array_agg(t::text) INTO sequential FROM (
                SELECT v <=> q AS d, ctid FROM docs ORDER BY (v <=> q) + 0, ctid LIMIT k) AS t;
        END IF;
        IF indexed IS DISTINCT FROM sequential THEN
            RAISE EXCEPTION 'query % to depth % differs, the first row: %', q, k,
                (SELECT format('%s instead of %s', a, b)
                 FROM unnest(indexed, sequential) AS pairs (a, b)
                 WHERE a IS DISTINCT FROM b LIMIT 1);
        END IF;
    END LOOP;
    INSERT INTO compared VALUES (queries);
END
$$;

CALL add_rows(150);
-- No update is a HOT one, which would leave the index with the ctid of the row's first version.
CREATE INDEX ON docs (id);
-- Its rows become segments as soon as they can, and these are merged.
CREATE INDEX docs_ip ON docs USING tfidf (v tfidf_ip_ops) WITH (fresh_pages = 2);
CREATE INDEX docs_cosine ON docs USING tfidf (v tfidf_cosine_ops);
SET enable_seqscan = off;
SET jit = off;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) SELECT v <=> '''a'':1' AS d, ctid FROM docs ORDER BY v <=> '''a'':1' LIMIT 7;
RESET enable_seqscan;
EXPLAIN (COSTS OFF)
SELECT v <=> '''a'':1' AS d, ctid FROM docs ORDER BY (v <=> '''a'':1') + 0, ctid LIMIT 7;
SET enable_seqscan = off;

-- 50 rounds of 200 queries, each after changes.
\set ECHO none
SELECT unnest(ARRAY[
    'CALL add_rows(30)',
    'UPDATE docs SET id = DEFAULT, v = random_vector(12) WHERE random() < 0.1',
    'BEGIN; CALL add_rows(10); DELETE FROM docs WHERE random() < 0.1; ROLLBACK',
    'CALL compare(100)',
    'DELETE FROM docs WHERE random() < 0.12',
    CASE WHEN round % 3 = 0 THEN 'VACUUM docs' ELSE 'BEGIN; CALL add_rows(1); ROLLBACK' END,
    CASE WHEN round % 20 = 0 THEN 'REINDEX TABLE docs' ELSE 'CALL add_rows(3)' END,
    'CALL compare(100)'])
FROM generate_series(1, 50) AS round
\gexec
\set ECHO all
SELECT count(*) BETWEEN 100 AND 600 AS some_rows FROM docs;
SELECT sum(queries) FROM compared;
DROP TABLE docs, compared;
DROP FUNCTION random_vector;
DROP PROCEDURE add_rows, compare;
