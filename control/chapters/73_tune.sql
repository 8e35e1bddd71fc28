-- Which parameters would have answered best, tried on a stretch of history before the test's.

CREATE SEQUENCE knowhow.tuning_id_seq;
CREATE TABLE knowhow.tuning_trial_catalog (
    tuning_id pg_catalog.int8 NOT NULL,
    trial pg_catalog.int4 NOT NULL,
    recommender_id pg_catalog.int4 NOT NULL,
    algorithm pg_catalog.text NOT NULL,
    params pg_catalog.jsonb NOT NULL,
    by_metric pg_catalog.text NOT NULL,
    at_k pg_catalog.int4 NOT NULL,
    value pg_catalog.float8 NOT NULL,
    difference pg_catalog.float8 NOT NULL,
    low pg_catalog.float8 NOT NULL,
    high pg_catalog.float8 NOT NULL,
    n pg_catalog.int8 NOT NULL,
    questions pg_catalog.int8 NOT NULL,
    seconds pg_catalog.float8 NOT NULL,
    best pg_catalog.bool NOT NULL,
    applied pg_catalog.bool NOT NULL,
    fitted_before pg_catalog.timestamptz NOT NULL,
    validated_before pg_catalog.timestamptz NOT NULL,
    seed pg_catalog.int8 NOT NULL,
    tried_at pg_catalog.timestamptz NOT NULL,
    PRIMARY KEY (tuning_id, trial)
);
CREATE INDEX tuning_trial_catalog_recommender_id_idx
    ON knowhow.tuning_trial_catalog (recommender_id);
COMMENT ON TABLE knowhow.tuning_trial_catalog IS 'what tune() has tried, a row a trial';

REVOKE ALL ON knowhow.tuning_trial_catalog FROM PUBLIC;
GRANT SELECT, INSERT ON knowhow.tuning_trial_catalog TO pg_database_owner;
GRANT SELECT, UPDATE ON SEQUENCE knowhow.tuning_id_seq TO pg_database_owner;
-- With the recommenders that are dumped.
DO $$
DECLARE
    recommenders CONSTANT pg_catalog.text := (
        SELECT extcondition[pg_catalog.array_position(extconfig, 'knowhow.recommender_catalog'::pg_catalog.regclass::pg_catalog.oid)]
        FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'knowhow');
BEGIN
    PERFORM pg_catalog.pg_extension_config_dump('knowhow.tuning_trial_catalog', pg_catalog.concat(
        'WHERE recommender_id IN (SELECT recommender_id FROM knowhow.recommender_catalog ',
        recommenders, ')'));
    PERFORM pg_catalog.pg_extension_config_dump('knowhow.tuning_id_seq', '');
END
$$;

CREATE VIEW knowhow.tuning_trials WITH (security_barrier) AS
SELECT t.tuning_id, r.name AS recommender, t.trial, t.algorithm, t.params, t.by_metric, t.at_k,
       t.value, t.difference, t.low, t.high, t.n, t.questions, t.seconds, t.best, t.applied,
       t.fitted_before, t.validated_before, t.seed, t.tried_at
FROM knowhow.tuning_trial_catalog t
JOIN knowhow.recommender_catalog r
    ON r.recommender_id OPERATOR(pg_catalog.=) t.recommender_id
WHERE pg_catalog.has_table_privilege(r.snippets, 'SELECT');
COMMENT ON VIEW knowhow.tuning_trials IS 'what tune() has tried on recommenders whose snippets the current user may read';
COMMENT ON COLUMN knowhow.tuning_trials.trial IS '0: the parameters that the recommender had';
COMMENT ON COLUMN knowhow.tuning_trials.difference IS 'of the metric, from trial 0, paired by person, with its 95 % normal interval: low, high';
COMMENT ON COLUMN knowhow.tuning_trials.n IS 'people who were asked, some more than once: questions';
COMMENT ON COLUMN knowhow.tuning_trials.best IS 'of the largest value, the first of equal ones';
COMMENT ON COLUMN knowhow.tuning_trials.applied IS 'whether the recommender took these parameters over';
COMMENT ON COLUMN knowhow.tuning_trials.fitted_before IS 'models learned from what was before; questions are of what came then, up to validated_before';
COMMENT ON COLUMN knowhow.tuning_trials.validated_before IS 'where the test''s stretch begins, of which nothing counted';
REVOKE ALL ON knowhow.tuning_trials FROM PUBLIC;
GRANT SELECT ON knowhow.tuning_trials TO PUBLIC;

CREATE FUNCTION knowhow.tune(
    recommender pg_catalog.text DEFAULT NULL,
    algorithms pg_catalog.text[] DEFAULT NULL,
    metric pg_catalog.text DEFAULT 'ndcg',
    k pg_catalog.int4 DEFAULT 10,
    test_share pg_catalog.float8 DEFAULT 0.2,
    validation_share pg_catalog.float8 DEFAULT 0.2,
    questions pg_catalog.int4 DEFAULT 2000,
    seed pg_catalog.int8 DEFAULT 0,
    apply pg_catalog.bool DEFAULT false)
RETURNS TABLE (
    tuning_id pg_catalog.int8,
    trial pg_catalog.int4,
    algorithm pg_catalog.text,
    params pg_catalog.jsonb,
    value pg_catalog.float8,
    difference pg_catalog.float8,
    low pg_catalog.float8,
    high pg_catalog.float8,
    n pg_catalog.int8,
    best pg_catalog.bool,
    applied pg_catalog.bool)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 10
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'tune';
COMMENT ON FUNCTION knowhow.tune IS 'tries a fixed grid of parameters on a stretch of history before the test''s, and says which would have answered best; with apply, the recommender takes them over';
