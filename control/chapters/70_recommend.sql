-- What to read: recommend, search, similar.

CREATE TYPE knowhow.recommendation AS (
    rank pg_catalog.int4,
    snippet_id pg_catalog.int8,
    title pg_catalog.text,
    score pg_catalog.float8,
    reason pg_catalog.text,
    evidence pg_catalog.jsonb,
    propensity pg_catalog.float8
);
COMMENT ON TYPE knowhow.recommendation IS 'one answer of recommend(), search() or similar(): a score orders, it is no probability';
COMMENT ON COLUMN knowhow.recommendation.propensity IS 'the probability with which this snippet stands at this rank: 1 but for recommend() with explore above 0';

CREATE FUNCTION knowhow.recommend(
    user_id pg_catalog.int8,
    query pg_catalog.text DEFAULT NULL,
    max_results pg_catalog.int4 DEFAULT 10,
    recommender pg_catalog.text DEFAULT NULL,
    topics pg_catalog.text[] DEFAULT NULL,
    tags pg_catalog.text[] DEFAULT NULL,
    difficulties pg_catalog.text[] DEFAULT NULL,
    kinds pg_catalog.text[] DEFAULT NULL,
    teams pg_catalog.int8[] DEFAULT NULL,
    exclude pg_catalog.text[] DEFAULT '{rated,dismissed}',
    diversity pg_catalog.float4 DEFAULT 0,
    history pg_catalog.int8[] DEFAULT NULL,
    explore pg_catalog.float8 DEFAULT 0,
    seed pg_catalog.int8 DEFAULT NULL)
RETURNS SETOF knowhow.recommendation
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'recommend';
COMMENT ON FUNCTION knowhow.recommend IS 'what should this person read (about this query) now, and why: text, collaborative, content and label signals of one person in one order';

CREATE FUNCTION knowhow.search(
    query pg_catalog.text,
    max_results pg_catalog.int4 DEFAULT 10,
    recommender pg_catalog.text DEFAULT NULL,
    topics pg_catalog.text[] DEFAULT NULL,
    tags pg_catalog.text[] DEFAULT NULL,
    difficulties pg_catalog.text[] DEFAULT NULL,
    kinds pg_catalog.text[] DEFAULT NULL,
    teams pg_catalog.int8[] DEFAULT NULL)
RETURNS SETOF knowhow.recommendation
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'search';
COMMENT ON FUNCTION knowhow.search IS 'snippets by text alone: inner product of idf-weighted query and document vectors; snippets that share no term are not returned';

CREATE FUNCTION knowhow.similar(
    snippet_id pg_catalog.int8,
    max_results pg_catalog.int4 DEFAULT 10,
    recommender pg_catalog.text DEFAULT NULL,
    topics pg_catalog.text[] DEFAULT NULL,
    tags pg_catalog.text[] DEFAULT NULL,
    difficulties pg_catalog.text[] DEFAULT NULL,
    kinds pg_catalog.text[] DEFAULT NULL,
    teams pg_catalog.int8[] DEFAULT NULL)
RETURNS SETOF knowhow.recommendation
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'similar';
COMMENT ON FUNCTION knowhow.similar IS 'snippets like this one: by its readers, its text and its labels';
