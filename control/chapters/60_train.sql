-- Training: one new model version from the rows that are there now.

CREATE FUNCTION knowhow.train(
    recommender pg_catalog.text DEFAULT NULL,
    seed pg_catalog.int8 DEFAULT 0)
RETURNS pg_catalog.int4
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'train';
COMMENT ON FUNCTION knowhow.train IS 'trains a recommender, activates the new model and returns its model_id; the same rows, parameters and seed give the same model for any number of threads';
