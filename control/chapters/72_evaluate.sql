-- How good the recommendations are, by what people did afterwards.

CREATE FUNCTION knowhow.evaluate(
    recommender pg_catalog.text DEFAULT NULL,
    split pg_catalog.text DEFAULT NULL,
    k pg_catalog.int4[] DEFAULT '{10,50}',
    test_share pg_catalog.float8 DEFAULT 0.2,
    retrain_every pg_catalog.interval DEFAULT '7 days',
    seed pg_catalog.int8 DEFAULT 0,
    negatives pg_catalog.int4 DEFAULT 100)
RETURNS TABLE (
    metric pg_catalog.text,
    part pg_catalog.text,
    at_k pg_catalog.int4,
    value pg_catalog.float8,
    low pg_catalog.float8,
    high pg_catalog.float8,
    n pg_catalog.int8,
    by_split pg_catalog.text,
    remarks pg_catalog.text)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000000 ROWS 50
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'evaluate';
COMMENT ON FUNCTION knowhow.evaluate IS 'how good a recommender''s answers would have been on its own history: metrics as means per person with 95 % bootstrap intervals; trains models in memory, and neither writes nor changes anything';

CREATE FUNCTION knowhow.evaluation_lists(
    recommender pg_catalog.text DEFAULT NULL,
    split pg_catalog.text DEFAULT NULL,
    k pg_catalog.int4[] DEFAULT '{10,50}',
    test_share pg_catalog.float8 DEFAULT 0.2,
    retrain_every pg_catalog.interval DEFAULT '7 days',
    seed pg_catalog.int8 DEFAULT 0,
    negatives pg_catalog.int4 DEFAULT 100)
RETURNS TABLE (
    user_id pg_catalog.int8,
    asked_at pg_catalog.timestamptz,
    candidates pg_catalog.int4,
    relevant pg_catalog.int8[],
    ranks pg_catalog.int4[],
    shown pg_catalog.int8[])
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'evaluation_lists';
COMMENT ON FUNCTION knowhow.evaluation_lists IS 'the lists from which evaluate() with the same arguments computes: for each question the relevant snippets, the ranks of those that were candidates, and the first max(k) that would have been shown';

CREATE FUNCTION knowhow.recommend_as_of(
    user_id pg_catalog.int8,
    as_of pg_catalog.timestamptz DEFAULT NULL,
    query pg_catalog.text DEFAULT NULL,
    recommender pg_catalog.text DEFAULT NULL)
RETURNS TABLE (
    rank pg_catalog.int4,
    snippet_id pg_catalog.int8,
    score pg_catalog.float8)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'recommend_as_of';
COMMENT ON FUNCTION knowhow.recommend_as_of IS 'all that the person might have seen at that moment (NULL: now) and had not met, as recommend() would have ranked it, by a model trained then on what was there then';

CREATE FUNCTION knowhow.compare(
    recommenders pg_catalog.text[],
    split pg_catalog.text DEFAULT NULL,
    k pg_catalog.int4[] DEFAULT '{10}',
    test_share pg_catalog.float8 DEFAULT 0.2,
    retrain_every pg_catalog.interval DEFAULT '7 days',
    seed pg_catalog.int8 DEFAULT 0,
    negatives pg_catalog.int4 DEFAULT 100,
    metric pg_catalog.text DEFAULT 'ndcg')
RETURNS TABLE (
    first pg_catalog.text,
    second pg_catalog.text,
    by_metric pg_catalog.text,
    at_k pg_catalog.int4,
    difference pg_catalog.float8,
    low pg_catalog.float8,
    high pg_catalog.float8,
    p pg_catalog.float8,
    adjusted_p pg_catalog.float8,
    n pg_catalog.int8,
    by_split pg_catalog.text,
    remarks pg_catalog.text)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'compare';
COMMENT ON FUNCTION knowhow.compare IS 'whether recommenders over the same interactions differ beyond chance: differences of a metric paired by person, with 95 % normal intervals and p values corrected by Holm''s procedure over all rows';
