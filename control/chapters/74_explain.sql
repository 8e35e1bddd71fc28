-- Why a snippet was recommended, or why it was not.

CREATE FUNCTION knowhow.explain_recommendation(
    user_id pg_catalog.int8,
    query pg_catalog.text,
    snippet_id pg_catalog.int8,
    max_results pg_catalog.int4 DEFAULT 10,
    recommender pg_catalog.text DEFAULT NULL,
    topics pg_catalog.text[] DEFAULT NULL,
    tags pg_catalog.text[] DEFAULT NULL,
    difficulties pg_catalog.text[] DEFAULT NULL,
    kinds pg_catalog.text[] DEFAULT NULL,
    teams pg_catalog.int8[] DEFAULT NULL,
    exclude pg_catalog.text[] DEFAULT '{rated,dismissed}',
    diversity pg_catalog.float4 DEFAULT 0,
    history pg_catalog.int8[] DEFAULT NULL)
RETURNS TABLE (
    outcome pg_catalog.text,
    why pg_catalog.text,
    rank pg_catalog.int4,
    score pg_catalog.float8,
    signal pg_catalog.text,
    found pg_catalog.bool,
    raw_value pg_catalog.float8,
    largest_value pg_catalog.float8,
    weight pg_catalog.float8,
    contribution pg_catalog.float8,
    evidence pg_catalog.jsonb)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 7
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'explain_recommendation';
COMMENT ON FUNCTION knowhow.explain_recommendation IS 'how one snippet fares in recommend() with the same arguments, recommended or not: a row a signal with its value, weight, contribution to the score and the rows behind it';
