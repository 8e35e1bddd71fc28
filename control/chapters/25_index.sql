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
