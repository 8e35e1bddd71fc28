-- The index: access method tfidf.

CREATE FUNCTION knowhow.tfidf_index_handler(pg_catalog.internal)
    RETURNS pg_catalog.index_am_handler
    LANGUAGE c AS 'MODULE_PATHNAME', 'tfidf_index_handler';
COMMENT ON FUNCTION knowhow.tfidf_index_handler(pg_catalog.internal) IS
    'handler of the index access method tfidf';

CREATE ACCESS METHOD tfidf TYPE INDEX HANDLER knowhow.tfidf_index_handler;
COMMENT ON ACCESS METHOD tfidf IS
    'index for ORDER BY a distance between tfidf vectors: exact, nearest first';

CREATE OPERATOR CLASS knowhow.tfidf_cosine_ops DEFAULT FOR TYPE knowhow.tfidf USING tfidf AS
    OPERATOR 1 knowhow.<=> (knowhow.tfidf, knowhow.tfidf) FOR ORDER BY pg_catalog.float_ops;
COMMENT ON OPERATOR CLASS knowhow.tfidf_cosine_ops USING tfidf IS 'for ORDER BY <=>, the cosine distance';
COMMENT ON OPERATOR FAMILY knowhow.tfidf_cosine_ops USING tfidf IS 'for ORDER BY <=>, the cosine distance';

CREATE OPERATOR CLASS knowhow.tfidf_ip_ops FOR TYPE knowhow.tfidf USING tfidf AS
    OPERATOR 2 knowhow.<#> (knowhow.tfidf, knowhow.tfidf) FOR ORDER BY pg_catalog.float_ops;
COMMENT ON OPERATOR CLASS knowhow.tfidf_ip_ops USING tfidf IS
    'for ORDER BY <#>, the negative inner product';
COMMENT ON OPERATOR FAMILY knowhow.tfidf_ip_ops USING tfidf IS
    'for ORDER BY <#>, the negative inner product';

-- Looking into an index takes SELECT on its table, and no row security that hides rows of it.

CREATE FUNCTION knowhow.index_statistics(
    index pg_catalog.regclass,
    OUT distance pg_catalog.text,
    OUT documents pg_catalog.int8,
    OUT segments pg_catalog.int4,
    OUT terms pg_catalog.int8,
    OUT postings pg_catalog.int8,
    OUT fresh_rows pg_catalog.int8,
    OUT deleted_rows pg_catalog.int8,
    OUT pages pg_catalog.int8,
    OUT fresh_pages pg_catalog.int8,
    OUT free_pages pg_catalog.int8,
    OUT bytes pg_catalog.int8)
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000
AS 'MODULE_PATHNAME', 'index_statistics';
COMMENT ON FUNCTION knowhow.index_statistics IS 'what is in a tfidf index: its distance, and how many rows, segments, terms, postings, pages';

CREATE FUNCTION knowhow.verify_index(
    index pg_catalog.regclass,
    OUT block pg_catalog.int8,
    OUT tid pg_catalog.tid,
    OUT problem pg_catalog.text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 1
AS 'MODULE_PATHNAME', 'verify_index';
COMMENT ON FUNCTION knowhow.verify_index IS 'what is wrong with a tfidf index, in itself (block: where) and beside its table (tid: of which row); no rows where all is well';
