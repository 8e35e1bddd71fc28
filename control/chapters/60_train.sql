-- Training: one new model version from the rows that are there now, in this session or another.

CREATE FUNCTION knowhow.train(
    recommender pg_catalog.text DEFAULT NULL,
    seed pg_catalog.int8 DEFAULT 0)
RETURNS pg_catalog.int4
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'train';
COMMENT ON FUNCTION knowhow.train IS 'trains a recommender, activates the new model and returns its model_id, or NULL and a warning where the gate refuses it; the same rows, parameters and seed give the same model for any number of threads';

CREATE FUNCTION knowhow.retrain_in_background(
    recommender pg_catalog.text DEFAULT NULL,
    seed pg_catalog.int8 DEFAULT 0)
RETURNS pg_catalog.int8
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'retrain_in_background';
COMMENT ON FUNCTION knowhow.retrain_in_background IS 'starts a training in a background worker and returns its run_id at once; it begins when the calling transaction has committed, and not at all when that is rolled back; knowhow.training_runs tells what came of it';

CREATE FUNCTION knowhow.cancel_training(run_id pg_catalog.int8)
RETURNS pg_catalog.bool
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cancel_training';
COMMENT ON FUNCTION knowhow.cancel_training IS 'cancels a training that is queued or running and returns true, or false when there is none of that run_id';
