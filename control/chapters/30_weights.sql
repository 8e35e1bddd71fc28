-- From text to weighted terms: to_tfidf, to_tfidf_query, scikit_tfidf.
--
-- The last argument that has a default may be given by position, so a second argument of type text
-- would make to_tfidf('english', 'text') mean a document with a title. by_name_only stops that: an
-- untyped literal is never taken for a polymorphic enum (PostgreSQL must know the type), so that a
-- call with two literals means configuration and text, as with to_tsvector, and all options of the
-- forms without a configuration are given by name, as their user would anyway.

CREATE TYPE knowhow.by_name_only AS ENUM ();
COMMENT ON TYPE knowhow.by_name_only IS
    'marks, like * in Python, the place in a list of arguments from which all others are given by name';

CREATE FUNCTION knowhow.to_tfidf(
    document pg_catalog.text,
    by_name_only pg_catalog.anyenum DEFAULT NULL::knowhow.by_name_only,
    title pg_catalog.text DEFAULT NULL,
    title_weight pg_catalog.float4 DEFAULT 2,
    weighting pg_catalog.text DEFAULT 'pivoted',
    k1 pg_catalog.float4 DEFAULT 1.2,
    b pg_catalog.float4 DEFAULT NULL,
    average_length pg_catalog.float4 DEFAULT 60)
    RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'to_tfidf_text';
COMMENT ON FUNCTION knowhow.to_tfidf(pg_catalog.text, pg_catalog.anyenum, pg_catalog.text, pg_catalog.float4, pg_catalog.text, pg_catalog.float4, pg_catalog.float4, pg_catalog.float4) IS
    'weighted terms of a document, by configuration knowhow.multilingual; words of the title count title_weight times; weighting is pivoted, bm25 (give average_length: guessed five times too small it costs 3 % to 30 % of nDCG) or a SMART triple such as lnc';

CREATE FUNCTION knowhow.to_tfidf(
    config pg_catalog.regconfig,
    document pg_catalog.text,
    title pg_catalog.text DEFAULT NULL,
    title_weight pg_catalog.float4 DEFAULT 2,
    weighting pg_catalog.text DEFAULT 'pivoted',
    k1 pg_catalog.float4 DEFAULT 1.2,
    b pg_catalog.float4 DEFAULT NULL,
    average_length pg_catalog.float4 DEFAULT 60)
    RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'to_tfidf_config';
COMMENT ON FUNCTION knowhow.to_tfidf(pg_catalog.regconfig, pg_catalog.text, pg_catalog.text, pg_catalog.float4, pg_catalog.text, pg_catalog.float4, pg_catalog.float4, pg_catalog.float4) IS
    'weighted terms of a document, by the text search configuration that is named';

CREATE FUNCTION knowhow.to_tfidf(
    document pg_catalog.tsvector,
    by_name_only pg_catalog.anyenum DEFAULT NULL::knowhow.by_name_only,
    label_weights pg_catalog.float4[] DEFAULT '{1, 1, 1, 2}',
    weighting pg_catalog.text DEFAULT 'pivoted',
    k1 pg_catalog.float4 DEFAULT 1.2,
    b pg_catalog.float4 DEFAULT NULL,
    average_length pg_catalog.float4 DEFAULT 60)
    RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'to_tfidf_tsvector';
COMMENT ON FUNCTION knowhow.to_tfidf(pg_catalog.tsvector, pg_catalog.anyenum, pg_catalog.float4[], pg_catalog.text, pg_catalog.float4, pg_catalog.float4, pg_catalog.float4) IS
    'weighted terms of a tsvector; a position labelled D, C, B or A counts as often as label_weights says';

CREATE FUNCTION knowhow.to_tfidf_query(
    query pg_catalog.text,
    by_name_only pg_catalog.anyenum DEFAULT NULL::knowhow.by_name_only,
    recommender pg_catalog.text DEFAULT NULL,
    weighting pg_catalog.text DEFAULT 'pivoted')
    RETURNS knowhow.tfidf
    LANGUAGE c STABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'to_tfidf_query_text';
COMMENT ON FUNCTION knowhow.to_tfidf_query(pg_catalog.text, pg_catalog.anyenum, pg_catalog.text, pg_catalog.text) IS
    'weighted terms of a query, with inverse document frequencies from the recommender''s active model, by the recommender''s text_config, knowhow.multilingual unless set; before the first training every term counts alike';

CREATE FUNCTION knowhow.to_tfidf_query(
    config pg_catalog.regconfig,
    query pg_catalog.text,
    recommender pg_catalog.text DEFAULT NULL,
    weighting pg_catalog.text DEFAULT 'pivoted')
    RETURNS knowhow.tfidf
    LANGUAGE c STABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'to_tfidf_query_config';
COMMENT ON FUNCTION knowhow.to_tfidf_query(pg_catalog.regconfig, pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
    'weighted terms of a query, with inverse document frequencies, by the text search configuration that is named';

CREATE FUNCTION knowhow.scikit_tfidf(
    document pg_catalog.text,
    by_name_only pg_catalog.anyenum DEFAULT NULL::knowhow.by_name_only,
    recommender pg_catalog.text DEFAULT NULL,
    title pg_catalog.text DEFAULT NULL,
    title_weight pg_catalog.float4 DEFAULT 2,
    norm pg_catalog.text DEFAULT 'l2',
    use_idf pg_catalog.bool DEFAULT true,
    smooth_idf pg_catalog.bool DEFAULT true,
    sublinear_tf pg_catalog.bool DEFAULT false)
    RETURNS knowhow.tfidf
    LANGUAGE c STABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'scikit_tfidf_text';
COMMENT ON FUNCTION knowhow.scikit_tfidf(pg_catalog.text, pg_catalog.anyenum, pg_catalog.text, pg_catalog.text, pg_catalog.float4, pg_catalog.text, pg_catalog.bool, pg_catalog.bool, pg_catalog.bool) IS
    'weighted terms of a document as scikit-learn''s TfidfVectorizer gives them, by the recommender''s text_config, with document frequencies from its active model; terms that no snippet contains are left out';

CREATE FUNCTION knowhow.scikit_tfidf(
    config pg_catalog.regconfig,
    document pg_catalog.text,
    recommender pg_catalog.text DEFAULT NULL,
    title pg_catalog.text DEFAULT NULL,
    title_weight pg_catalog.float4 DEFAULT 2,
    norm pg_catalog.text DEFAULT 'l2',
    use_idf pg_catalog.bool DEFAULT true,
    smooth_idf pg_catalog.bool DEFAULT true,
    sublinear_tf pg_catalog.bool DEFAULT false)
    RETURNS knowhow.tfidf
    LANGUAGE c STABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'scikit_tfidf_config';
COMMENT ON FUNCTION knowhow.scikit_tfidf(pg_catalog.regconfig, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.float4, pg_catalog.text, pg_catalog.bool, pg_catalog.bool, pg_catalog.bool) IS
    'weighted terms of a document as scikit-learn''s TfidfVectorizer gives them, by the text search configuration that is named';
