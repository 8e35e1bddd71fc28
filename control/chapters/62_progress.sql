-- What trainings are doing now.

CREATE FUNCTION knowhow.running_trainings(
    OUT run_id pg_catalog.int8,
    OUT recommender_id pg_catalog.int4,
    OUT pid pg_catalog.int4,
    OUT phase pg_catalog.text,
    OUT done pg_catalog.int8,
    OUT total pg_catalog.int8,
    OUT started_at pg_catalog.timestamptz,
    OUT phase_started_at pg_catalog.timestamptz,
    OUT threads pg_catalog.int4,
    OUT memory_bytes pg_catalog.int8,
    OUT background pg_catalog.bool)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 2
AS 'MODULE_PATHNAME', 'running_trainings';
COMMENT ON FUNCTION knowhow.running_trainings IS 'for the view training_progress: what stands in the status slots of this server''s processes, of recommenders whose snippets the caller may read';

-- The rest of a phase is estimated once a thousandth of it is done.
CREATE VIEW knowhow.training_progress WITH (security_barrier) AS
SELECT p.run_id, r.name AS recommender, p.pid, p.phase, p.done, p.total, p.started_at,
       t.now OPERATOR(pg_catalog.-) p.started_at AS elapsed,
       CASE WHEN p.done OPERATOR(pg_catalog.*) 1000 OPERATOR(pg_catalog.>=) p.total THEN
           t.now OPERATOR(pg_catalog.+)
           ((t.now OPERATOR(pg_catalog.-) p.phase_started_at) OPERATOR(pg_catalog.*)
            ((p.total OPERATOR(pg_catalog.-) p.done)::pg_catalog.float8 OPERATOR(pg_catalog./) p.done))
       END AS estimated_end,
       p.threads, p.memory_bytes, p.background
FROM knowhow.running_trainings() p
JOIN knowhow.recommender_catalog r ON r.recommender_id OPERATOR(pg_catalog.=) p.recommender_id,
     pg_catalog.clock_timestamp() AS t (now);
COMMENT ON VIEW knowhow.training_progress IS 'trainings that run now, of recommenders whose snippets the current user may read; empty where track_activities is off';
COMMENT ON COLUMN knowhow.training_progress.phase IS 'queued, reading (counts rows), learning (items), writing (rows)';
COMMENT ON COLUMN knowhow.training_progress.done IS 'how many of total rows or items of the present phase';
COMMENT ON COLUMN knowhow.training_progress.elapsed IS 'since started_at; while it is queued: how long it has waited';
COMMENT ON COLUMN knowhow.training_progress.memory_bytes IS 'what it holds now of knowhow.max_memory';

REVOKE ALL ON knowhow.training_progress FROM PUBLIC;
GRANT SELECT ON knowhow.training_progress TO PUBLIC;
