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
    OUT background pg_catalog.bool,
    OUT seen_at pg_catalog.timestamptz)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 2
AS 'MODULE_PATHNAME', 'running_trainings';
COMMENT ON FUNCTION knowhow.running_trainings IS 'for the view training_progress: what stands in the status slots of this server''s processes, of recommenders whose snippets the caller may read';

-- The end: how long the present phase still takes, by how much of it is done (a thousandth at
-- least) or by how long it took the last time, and how long those after it took then.
CREATE VIEW knowhow.training_progress WITH (security_barrier) AS
SELECT p.run_id, r.name AS recommender, p.pid, p.phase, p.done, p.total, p.started_at,
       p.seen_at OPERATOR(pg_catalog.-) p.started_at AS elapsed,
       p.seen_at OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs =>
           CASE WHEN p.done OPERATOR(pg_catalog.*) 1000 OPERATOR(pg_catalog.>=) p.total THEN
               p.seconds OPERATOR(pg_catalog.*) (p.total OPERATOR(pg_catalog.-) p.done)
               OPERATOR(pg_catalog./) p.done
           WHEN usual.seconds IS NOT NULL THEN
               GREATEST(0, usual.seconds OPERATOR(pg_catalog.-) p.seconds)
           END
           OPERATOR(pg_catalog.+) COALESCE(usual.seconds_after, 0)) AS estimated_end,
       p.threads, p.memory_bytes, p.background
FROM (SELECT s.*, pg_catalog.date_part('epoch',
                 s.seen_at OPERATOR(pg_catalog.-) s.phase_started_at) AS seconds
      FROM knowhow.running_trainings() s) p
JOIN knowhow.recommender_catalog r ON r.recommender_id OPERATOR(pg_catalog.=) p.recommender_id
LEFT JOIN LATERAL (
    SELECT CASE p.phase WHEN 'comparing' THEN last.compare WHEN 'reading' THEN last.read
                        WHEN 'learning' THEN last.learn
                        WHEN 'writing' THEN last.write END AS seconds,
           CASE p.phase WHEN 'comparing' THEN last.read OPERATOR(pg_catalog.+) last.learn
                                              OPERATOR(pg_catalog.+) last.write
                        WHEN 'reading' THEN last.learn OPERATOR(pg_catalog.+) last.write
                        WHEN 'learning' THEN last.write END AS seconds_after
    FROM (SELECT (c.seconds OPERATOR(pg_catalog.->>) 'compare')::pg_catalog.float8 AS compare,
                 (c.seconds OPERATOR(pg_catalog.->>) 'read')::pg_catalog.float8 AS read,
                 (c.seconds OPERATOR(pg_catalog.->>) 'learn')::pg_catalog.float8 AS learn,
                 (c.seconds OPERATOR(pg_catalog.->>) 'write')::pg_catalog.float8 AS write
          FROM knowhow.training_run_catalog c
          WHERE c.recommender_id OPERATOR(pg_catalog.=) r.recommender_id
            AND c.state OPERATOR(pg_catalog.=) 'succeeded'
          ORDER BY c.run_id DESC LIMIT 1) last) usual ON true;
COMMENT ON VIEW knowhow.training_progress IS 'trainings that run now, of recommenders whose snippets the current user may read; where track_activities is off, train() is not shown';
COMMENT ON COLUMN knowhow.training_progress.phase IS 'queued, comparing (changed parameters with those of the active model: questions, first of the one, then of the other), reading (counts rows), learning (items), writing (rows); or tuning (questions of all trials), which is no run';
COMMENT ON COLUMN knowhow.training_progress.done IS 'how many of total rows or items of the present phase';
COMMENT ON COLUMN knowhow.training_progress.elapsed IS 'since started_at; while it is queued: how long it has waited';
COMMENT ON COLUMN knowhow.training_progress.estimated_end IS 'by how far the present phase is and how long the phases took in the last training that succeeded; before the first one: the end of the present phase; NULL where nothing is known';
COMMENT ON COLUMN knowhow.training_progress.memory_bytes IS 'what it holds now of knowhow.max_memory';

REVOKE ALL ON knowhow.training_progress FROM PUBLIC;
GRANT SELECT ON knowhow.training_progress TO PUBLIC;
