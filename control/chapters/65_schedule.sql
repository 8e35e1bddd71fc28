-- The schedule: which recommenders are to be trained again, and when. All of its rules stand here.
-- alter_recommender() writes a row; the launcher asks due_recommenders() and next_due_at();
-- whoever trains calls record_start() before it reads and record_outcome() when it has ended.
--
-- Changes are never counted where they are made. They are read off the cumulative statistics of the
-- tables beneath a recommender, which PostgreSQL keeps anyway.

CREATE TABLE knowhow.schedule_catalog (
    recommender_id pg_catalog.int4 PRIMARY KEY,
    enabled pg_catalog.bool NOT NULL DEFAULT true,
    every pg_catalog.interval,
    after_changes pg_catalog.int8 CHECK (after_changes OPERATOR(pg_catalog.>) 0),
    at_drift pg_catalog.float4 CHECK (at_drift OPERATOR(pg_catalog.>) 0.0
        AND at_drift OPERATOR(pg_catalog.<=) 1.0),
    window_start pg_catalog.time,
    window_end pg_catalog.time,
    time_zone pg_catalog.text NOT NULL,
    grid_start pg_catalog.timestamptz CHECK (pg_catalog.isfinite(grid_start)),
    due_at pg_catalog.timestamptz CHECK (pg_catalog.isfinite(due_at)),
    changes_due_at pg_catalog.timestamptz CHECK (pg_catalog.isfinite(changes_due_at)),
    not_before pg_catalog.timestamptz CHECK (pg_catalog.isfinite(not_before)),
    failures pg_catalog.int4 NOT NULL DEFAULT 0 CHECK (failures OPERATOR(pg_catalog.>=) 0),
    last_success_at pg_catalog.timestamptz,
    last_failure_at pg_catalog.timestamptz,
    changes pg_catalog.int8 NOT NULL DEFAULT 0,
    snippet_changes pg_catalog.int8 NOT NULL DEFAULT 0,
    changes_at_start pg_catalog.int8,
    snippet_changes_at_start pg_catalog.int8,
    CONSTRAINT schedule_catalog_every_check CHECK (
        every OPERATOR(pg_catalog.>=) '1 second' AND every OPERATOR(pg_catalog.<=) '100 years'
        AND pg_catalog.date_part('year', every) OPERATOR(pg_catalog.>=) 0.0
        AND pg_catalog.date_part('month', every) OPERATOR(pg_catalog.>=) 0.0
        AND pg_catalog.date_part('day', every) OPERATOR(pg_catalog.>=) 0.0
        AND pg_catalog.date_part('hour', every) OPERATOR(pg_catalog.>=) 0.0
        AND pg_catalog.date_part('minute', every) OPERATOR(pg_catalog.>=) 0.0
        AND pg_catalog.date_part('second', every) OPERATOR(pg_catalog.>=) 0.0),
    CONSTRAINT schedule_catalog_grid_check CHECK (
        (every IS NULL) OPERATOR(pg_catalog.=) (grid_start IS NULL)
        AND (every IS NULL) OPERATOR(pg_catalog.=) (due_at IS NULL)),
    CONSTRAINT schedule_catalog_window_check CHECK (
        (window_start IS NULL) OPERATOR(pg_catalog.=) (window_end IS NULL)
        AND window_start OPERATOR(pg_catalog.<>) window_end
        AND window_start OPERATOR(pg_catalog.<) '24:00')
);
COMMENT ON TABLE knowhow.schedule_catalog IS 'the schedule: one row for each recommender that has ever been scheduled, or trained since';
COMMENT ON COLUMN knowhow.schedule_catalog.grid_start IS 'when `every` was set: due times are this time plus whole multiples of it';
COMMENT ON COLUMN knowhow.schedule_catalog.due_at IS 'the next of these due times, or the one that is waiting to be served';
COMMENT ON COLUMN knowhow.schedule_catalog.changes_due_at IS 'when after_changes or at_drift was found to be reached';
COMMENT ON COLUMN knowhow.schedule_catalog.not_before IS 'no scheduled run before this time: the last one failed';
COMMENT ON COLUMN knowhow.schedule_catalog.changes IS 'rows inserted, updated and deleted beneath interactions since the last training read them, as counted last';
COMMENT ON COLUMN knowhow.schedule_catalog.snippet_changes IS 'the same beneath snippets';
COMMENT ON COLUMN knowhow.schedule_catalog.changes_at_start IS 'changes that the training under way has read; it takes them off when it succeeds';

CREATE TABLE knowhow.change_counters (
    recommender_id pg_catalog.int4 NOT NULL,
    role pg_catalog.text NOT NULL CHECK (role IN ('interactions', 'snippets')),
    relation pg_catalog.oid NOT NULL,
    seen pg_catalog.int8 NOT NULL,
    PRIMARY KEY (recommender_id, role, relation)
);
COMMENT ON TABLE knowhow.change_counters IS 'rows ever inserted, updated and deleted in the tables beneath recommenders, by the cumulative statistics when they were looked at last; not dumped: after a restore counting starts again';

REVOKE ALL ON knowhow.schedule_catalog, knowhow.change_counters FROM PUBLIC;
GRANT SELECT, INSERT ON knowhow.schedule_catalog TO pg_database_owner;

-- As for the other tables of the catalogue: not for recommenders of which a relation is gone.
DO $$
BEGIN
    PERFORM pg_catalog.pg_extension_config_dump('knowhow.schedule_catalog', pg_catalog.concat(
        'WHERE recommender_id IN (SELECT recommender_id FROM knowhow.recommender_catalog ',
        'WHERE NOT EXISTS (SELECT FROM pg_catalog.unnest(ARRAY[snippets, interactions, labels, ',
        'ratings, events, users, links]::pg_catalog.oid[]) AS bound(relation) WHERE relation IS NOT NULL ',
        'AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = relation)))'));
END
$$;

-- From here to the end of the chapter operators are found without their schema.
SET LOCAL search_path = pg_catalog, pg_temp;

-- ---- The clock

CREATE FUNCTION knowhow.schedule_now()
RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'schedule_now';
COMMENT ON FUNCTION knowhow.schedule_now IS 'the time by which schedules go: clock_timestamp(), unless a test has set another clock';

-- ---- Daily windows and the grid of due times. Both set TimeZone, which the SET clause takes back:
-- so a zone means what it means in a session, and is no abbreviation.

CREATE FUNCTION knowhow.window_opens(
    not_before timestamptz,
    window_start time,
    window_end time,
    time_zone text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC'
AS $$
DECLARE
    opening timestamptz;
    moment timestamptz;
    local_day date;
    local_start timestamp;
    candidates timestamptz[];
    first_second int8;
    last_second int8;
    middle int8;
BEGIN
    IF window_start IS NULL OR window_end IS NULL OR NOT isfinite(not_before) THEN
        RETURN not_before;
    END IF;
    BEGIN
        PERFORM set_config('TimeZone', time_zone, true);
    EXCEPTION WHEN invalid_parameter_value OR null_value_not_allowed THEN
        RETURN NULL;
    END;
    local_day := not_before;
    candidates := ARRAY[not_before];
    -- It opens when a clock on the wall shows window_start, or where that clock is set forward into
    -- the window. All such moments, then the first that is not too early.
    FOR day IN -1 .. 3 LOOP
        local_start := local_day + day + window_start;
        moment := local_start;
        first_second := floor(extract(epoch FROM moment)) - 86400;
        last_second := first_second + 2 * 86400;
        IF date_part('timezone', to_timestamp(first_second))
            = date_part('timezone', to_timestamp(last_second)) THEN
            candidates := candidates || moment;
            CONTINUE;
        END IF;
        candidates := candidates
            || to_timestamp(extract(epoch FROM local_start)
                            - date_part('timezone', to_timestamp(first_second)))
            || to_timestamp(extract(epoch FROM local_start)
                            - date_part('timezone', to_timestamp(last_second)));
        WHILE last_second - first_second > 1 LOOP
            middle := (first_second + last_second) / 2;
            IF date_part('timezone', to_timestamp(middle))
                = date_part('timezone', to_timestamp(last_second)) THEN
                last_second := middle;
            ELSE
                first_second := middle;
            END IF;
        END LOOP;
        candidates := candidates || to_timestamp(last_second);
    END LOOP;
    SELECT min(c) INTO opening FROM unnest(candidates) AS c
    WHERE c >= not_before
      AND CASE WHEN window_start < window_end
          THEN c::time >= window_start AND c::time < window_end
          ELSE c::time >= window_start OR c::time < window_end END;
    RETURN opening;
END
$$;
COMMENT ON FUNCTION knowhow.window_opens IS 'the first moment, not_before or later, at which the daily window [window_start, window_end) of that time zone is open; not_before itself where there is no window, NULL where the server does not know the zone';

CREATE FUNCTION knowhow.next_on_grid(
    grid_start timestamptz,
    every interval,
    time_zone text,
    after timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET "TimeZone" = 'UTC'
AS $$
DECLARE
    steps float8;
BEGIN
    BEGIN
        PERFORM set_config('TimeZone', time_zone, true);
    EXCEPTION WHEN invalid_parameter_value THEN
        NULL;  -- days of 24 hours are better than none
    END;
    -- Months count 30 days here, so that this may be a step or two beside it.
    steps := greatest(0, floor(extract(epoch FROM after - grid_start)
                               / extract(epoch FROM every)));
    WHILE steps > 0 AND grid_start + steps * every > after LOOP
        steps := steps - 1;
    END LOOP;
    WHILE grid_start + steps * every <= after LOOP
        steps := steps + 1;
    END LOOP;
    RETURN grid_start + steps * every;
END
$$;
COMMENT ON FUNCTION knowhow.next_on_grid IS 'the first of grid_start, grid_start + every, grid_start + 2 every, ... that is later than `after`; days and months are those of the time zone';

CREATE FUNCTION knowhow.backoff_after(failures int4, every interval)
RETURNS interval
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT least('1 hour', greatest('1 second', least('10 seconds', every))
                           * 2.0 ^ least(failures - 1, 12))
           * (0.8 + 0.4 * random())
$$;
COMMENT ON FUNCTION knowhow.backoff_after IS 'how long to wait after so many failures in a row: 10 seconds, or `every` where that is less, doubled with each, at most an hour; 20 % more or less by chance, so that many do not return together';

-- ---- What lies beneath a recommender. The planner cannot know how little that is; what asks often
-- therefore does so without JIT, which would take far longer than the answer.

CREATE VIEW knowhow.bound_relations AS
SELECT r.recommender_id, b.position, b.role, r.bound_names[b.position] AS bound_name,
       concat(quote_ident(n.nspname), '.', quote_ident(c.relname)) AS present_name
FROM knowhow.recommender_catalog r
CROSS JOIN LATERAL (VALUES (1, 'snippets', r.snippets::oid), (2, 'interactions', r.interactions),
                           (3, 'labels', r.labels), (4, 'ratings', r.ratings),
                           (5, 'events', r.events), (6, 'users', r.users),
                           (7, 'links', r.links))
    AS b(position, role, relation)
LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) ON c.oid = b.relation
WHERE b.relation IS NOT NULL;
COMMENT ON VIEW knowhow.bound_relations IS 'the relations that recommenders bind, with their names then and now; a mere dot: it is gone';

-- A view leads to what it reads, a table to its partitions and to those that inherit from it; a
-- materialized view counts its own rows. What a function in a view reads is not known to it, and
-- foreign tables are not counted. A function of its own: PostgreSQL takes the recursion for so much
-- work that it would compile each look at the schedule for a third of a second.
CREATE FUNCTION knowhow.relations_beneath(relation oid)
RETURNS SETOF oid
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 4
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
WITH RECURSIVE beneath(relation) AS (
    VALUES (relations_beneath.relation)
  UNION
    SELECT next.relation
    FROM beneath b
    CROSS JOIN LATERAL (
        SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = b.relation
        UNION ALL
        SELECT d.refobjid
        FROM pg_class v
        JOIN pg_rewrite w ON w.ev_class = v.oid AND w.ev_type = '1'
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
        WHERE v.oid = b.relation AND v.relkind = 'v'
    ) AS next(relation)
)
SELECT c.oid FROM beneath b JOIN pg_class c ON c.oid = b.relation AND c.relkind IN ('r', 'm')
$$;
COMMENT ON FUNCTION knowhow.relations_beneath IS 'the tables and materialized views that a relation reads: itself, its partitions, and what its views lead to';

CREATE VIEW knowhow.relation_counts AS
WITH counted AS (
    SELECT r.recommender_id, b.role, t.relation,
           coalesce(pg_stat_get_tuples_inserted(t.relation) + pg_stat_get_tuples_updated(t.relation)
                    + pg_stat_get_tuples_deleted(t.relation), 0) AS count
    FROM knowhow.recommender_catalog r
    JOIN knowhow.schedule_catalog s ON s.recommender_id = r.recommender_id
    CROSS JOIN LATERAL (VALUES ('interactions', r.interactions::oid), ('snippets', r.snippets))
        AS b(role, relation)
    CROSS JOIN LATERAL knowhow.relations_beneath(b.relation) AS t(relation)
)
SELECT c.recommender_id, c.role, c.relation, c.count, k.seen,
       -- Less than seen before: the statistics were reset, and began again at 0. Never seen: a table
       -- that was added since, such as a partition, unless nothing has been counted so far.
       CASE WHEN c.count < k.seen THEN c.count
            WHEN k.seen IS NOT NULL THEN c.count - k.seen
            WHEN EXISTS (SELECT FROM knowhow.change_counters o
                         WHERE o.recommender_id = c.recommender_id) THEN c.count
            ELSE 0 END AS changed
FROM counted c
LEFT JOIN knowhow.change_counters k USING (recommender_id, role, relation);
COMMENT ON VIEW knowhow.relation_counts IS 'how often rows of the tables beneath recommenders have changed, ever and since they were looked at last';

CREATE VIEW knowhow.schedule_state AS
SELECT s.*,
       NOT EXISTS (SELECT FROM knowhow.bound_relations b
                   WHERE b.recommender_id = s.recommender_id
                     AND b.present_name IS DISTINCT FROM b.bound_name) AS usable,
       m.documents,
       -- Without a model everything is new.
       CASE WHEN s.after_changes IS NOT NULL
                AND (m.model_id IS NULL OR s.changes >= s.after_changes) THEN 'changes'
            WHEN s.at_drift IS NOT NULL
                AND (m.model_id IS NULL OR (s.snippet_changes::float8
                     / greatest(m.documents, 1))::float4 >= s.at_drift) THEN 'drift'
       END AS reached
FROM knowhow.schedule_catalog s
LEFT JOIN knowhow.model_catalog m
    ON m.recommender_id = s.recommender_id AND m.state = 'active';
COMMENT ON VIEW knowhow.schedule_state IS 'the schedule, whether the recommender''s relations are all there, and which of after_changes and at_drift is reached by what was counted last';

CREATE VIEW knowhow.schedule_due AS
SELECT t.*, CASE WHEN t.enabled
                 THEN least(t.due_at, CASE WHEN t.reached IS NOT NULL THEN t.changes_due_at END)
            END AS due_since
FROM knowhow.schedule_state t;
COMMENT ON VIEW knowhow.schedule_due IS 'the same, with the time since which a run is due or at which the next one will be, whatever window and failures say';

CREATE VIEW knowhow.changes_now AS
SELECT t.recommender_id, t.changes + coalesce(c.changes, 0) AS changes,
       ((t.snippet_changes + coalesce(c.snippet_changes, 0))::float8
        / (CASE t.documents WHEN 0 THEN 1 ELSE t.documents END))::float4 AS drift
FROM knowhow.schedule_state t
LEFT JOIN (SELECT o.recommender_id,
                  (sum(o.changed) FILTER (WHERE o.role = 'interactions'))::int8 AS changes,
                  (sum(o.changed) FILTER (WHERE o.role = 'snippets'))::int8 AS snippet_changes
           FROM knowhow.relation_counts o GROUP BY o.recommender_id) AS c
    ON c.recommender_id = t.recommender_id;
COMMENT ON VIEW knowhow.changes_now IS 'changes beneath interactions since the last training, and beneath snippets as a share of what the active model counted, up to this moment';

-- ---- Counting

CREATE FUNCTION knowhow.count_changes(one int4 DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    moved int4[];
BEGIN
    moved := ARRAY(
        SELECT s.recommender_id FROM knowhow.schedule_catalog s
        WHERE (s.recommender_id = one
               OR one IS NULL AND s.enabled AND num_nonnulls(s.after_changes, s.at_drift) > 0)
          AND s.recommender_id IN (SELECT c.recommender_id FROM knowhow.relation_counts c
                                   WHERE c.seen IS DISTINCT FROM c.count)
        FOR UPDATE OF s SKIP LOCKED);
    IF moved = '{}' THEN
        RETURN;
    END IF;
    -- Another session may have counted after our statistics were fetched. Older ones than it has
    -- seen would look like a reset.
    PERFORM pg_stat_clear_snapshot();
    WITH counted AS MATERIALIZED (
        SELECT * FROM knowhow.relation_counts c WHERE c.recommender_id = ANY (moved)
    ), gone AS (
        DELETE FROM knowhow.change_counters k
        WHERE k.recommender_id = ANY (moved)
          AND NOT EXISTS (SELECT FROM counted c
                          WHERE (c.recommender_id, c.role, c.relation)
                              = (k.recommender_id, k.role, k.relation))
    ), stored AS (
        INSERT INTO knowhow.change_counters AS k (recommender_id, role, relation, seen)
        SELECT c.recommender_id, c.role, c.relation, c.count FROM counted c
        WHERE c.seen IS DISTINCT FROM c.count
        ON CONFLICT (recommender_id, role, relation) DO UPDATE SET seen = excluded.seen
    )
    UPDATE knowhow.schedule_catalog s
    SET changes = s.changes + n.changes, snippet_changes = s.snippet_changes + n.snippet_changes
    FROM (SELECT c.recommender_id,
                 coalesce(sum(c.changed) FILTER (WHERE c.role = 'interactions'), 0) AS changes,
                 coalesce(sum(c.changed) FILTER (WHERE c.role = 'snippets'), 0) AS snippet_changes
          FROM counted c GROUP BY c.recommender_id) AS n
    WHERE s.recommender_id = n.recommender_id AND (n.changes > 0 OR n.snippet_changes > 0);
END
$$;
COMMENT ON FUNCTION knowhow.count_changes IS 'brings the counted changes up to date: of one recommender, or of all that are scheduled by them and that no other session is busy with';

-- ---- What the launcher asks

CREATE FUNCTION knowhow.due_recommenders(
    OUT recommender_id int4,
    OUT cause text,
    OUT due_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT timestamptz := knowhow.schedule_now();
BEGIN
    IF EXISTS (SELECT FROM knowhow.schedule_catalog s
               WHERE s.enabled AND num_nonnulls(s.after_changes, s.at_drift) > 0) THEN
        PERFORM knowhow.count_changes();
        UPDATE knowhow.schedule_catalog s SET changes_due_at = moment
        FROM (SELECT o.recommender_id FROM knowhow.schedule_catalog o
              WHERE o.recommender_id IN (
                  SELECT t.recommender_id FROM knowhow.schedule_state t
                  WHERE t.enabled AND t.reached IS NOT NULL AND t.changes_due_at IS NULL)
              FOR UPDATE OF o SKIP LOCKED) AS n
        WHERE s.recommender_id = n.recommender_id;
    END IF;
    RETURN QUERY
        SELECT d.recommender_id,
               CASE WHEN d.due_at <= moment THEN 'interval' ELSE d.reached END,
               greatest(d.due_since, d.not_before)
        FROM knowhow.schedule_due d
        WHERE greatest(d.due_since, d.not_before) <= moment AND d.due_since IS NOT NULL
          AND d.usable
          AND CASE WHEN d.window_start IS NULL THEN true
              ELSE knowhow.window_opens(moment, d.window_start, d.window_end, d.time_zone) = moment
              END
        ORDER BY 3, 1;
END
$$;
COMMENT ON FUNCTION knowhow.due_recommenders IS 'the recommenders that may and should be trained now, those first that have waited longest; brings the counted changes up to date';

CREATE FUNCTION knowhow.next_due_at(later_than timestamptz DEFAULT '-infinity')
RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
    SELECT min(o.opens)
    FROM knowhow.schedule_due d,
         LATERAL (SELECT knowhow.window_opens(greatest(d.due_since, d.not_before, later_than),
                                              d.window_start, d.window_end, d.time_zone))
             AS o (opens)
    WHERE d.due_since IS NOT NULL AND d.usable AND o.opens > later_than
$$;
COMMENT ON FUNCTION knowhow.next_due_at IS 'when, later than that, the first recommender of this database may be trained: it becomes due, or its window opens; NULL where time alone brings nothing';

-- ---- What is written

CREATE FUNCTION knowhow.lock_schedule(recommender_id int4)
RETURNS bool
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    wanted ALIAS FOR $1;
BEGIN
    INSERT INTO knowhow.schedule_catalog (recommender_id, time_zone)
    SELECT r.recommender_id, current_setting('TimeZone')
    FROM knowhow.recommender_catalog r WHERE r.recommender_id = wanted FOR KEY SHARE
    ON CONFLICT (recommender_id) DO NOTHING;
    PERFORM FROM knowhow.schedule_catalog s WHERE s.recommender_id = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM knowhow.count_changes(wanted);
    RETURN true;
END
$$;
COMMENT ON FUNCTION knowhow.lock_schedule IS 'makes a recommender''s row of the schedule where it is missing, locks it and brings its counts up to date; false where there is no such recommender';

CREATE FUNCTION knowhow.set_schedule(
    recommender_id int4,
    every interval,
    after_changes int8,
    at_drift float4,
    window_start time,
    window_end time,
    time_zone text,
    enabled bool)
RETURNS bool
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT timestamptz := knowhow.schedule_now();
    opens time;
    closes time;
BEGIN
    IF NOT knowhow.lock_schedule($1) THEN
        RETURN false;
    END IF;
    SELECT coalesce($5, s.window_start), coalesce($6, s.window_end) INTO opens, closes
    FROM knowhow.schedule_catalog s WHERE s.recommender_id = $1;
    IF opens = '24:00' THEN
        opens := '00:00';
    END IF;
    IF num_nulls(opens, closes) = 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('a daily window needs %s too',
                             CASE WHEN opens IS NULL THEN 'retrain_window_start'
                                  ELSE 'retrain_window_end' END),
            HINT = 'A window from 22:00 to 06:00 wraps midnight; equal times take it away.';
    END IF;
    IF opens = closes THEN
        opens := NULL;
        closes := NULL;
    END IF;
    UPDATE knowhow.schedule_catalog s
    SET enabled = coalesce($8, enabled),
        every = CASE WHEN $2 IS NULL THEN every ELSE nullif($2, '0') END,
        grid_start = CASE WHEN $2 IS NULL THEN grid_start WHEN $2 <> '0' THEN moment END,
        due_at = CASE WHEN $2 IS NULL THEN due_at WHEN $2 <> '0' THEN moment END,
        after_changes = CASE WHEN $3 IS NULL THEN after_changes ELSE nullif($3, 0) END,
        at_drift = CASE WHEN $4 IS NULL THEN at_drift ELSE nullif($4, 0) END,
        window_start = opens,
        window_end = closes,
        time_zone = coalesce($7, time_zone),
        changes_due_at = NULL,
        not_before = CASE WHEN $2 IS NULL AND $8 IS NOT TRUE THEN not_before END
    WHERE s.recommender_id = $1;
    RETURN true;
END
$$;
COMMENT ON FUNCTION knowhow.set_schedule IS 'what alter_recommender() does with its retrain_* arguments, which it has checked; false where there is no such recommender';

CREATE FUNCTION knowhow.record_start(recommender_id int4)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- Whoever calls train() must not fail because the launcher has counted meanwhile.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    IF knowhow.lock_schedule($1) THEN
        UPDATE knowhow.schedule_catalog s
        SET changes_at_start = changes, snippet_changes_at_start = snippet_changes
        WHERE s.recommender_id = $1;
    END IF;
END
$$;
COMMENT ON FUNCTION knowhow.record_start IS 'to be called, and committed, before a training takes the snapshot that it reads by: changes after it count for the next';

CREATE FUNCTION knowhow.record_outcome(recommender_id int4, succeeded bool, cause text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT timestamptz := knowhow.schedule_now();
BEGIN
    -- As for record_start(): the schedule then takes no notice of this training.
    IF $3 = 'train' AND current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    IF NOT knowhow.lock_schedule($1) THEN
        RETURN;
    END IF;
    IF $2 THEN
        UPDATE knowhow.schedule_catalog s
        SET failures = 0,
            not_before = NULL,
            last_success_at = moment,
            due_at = knowhow.next_on_grid(grid_start, every, time_zone, moment),
            changes_due_at = NULL,
            changes = changes - coalesce(changes_at_start, changes),
            snippet_changes = snippet_changes
                - coalesce(snippet_changes_at_start, snippet_changes),
            changes_at_start = NULL,
            snippet_changes_at_start = NULL
        WHERE s.recommender_id = $1;
    ELSE
        UPDATE knowhow.schedule_catalog s
        SET failures = failures + 1,
            not_before = moment + knowhow.backoff_after(failures + 1, every),
            last_failure_at = moment,
            changes_at_start = NULL,
            snippet_changes_at_start = NULL
        WHERE s.recommender_id = $1;
    END IF;
END
$$;
COMMENT ON FUNCTION knowhow.record_outcome IS 'to be called in the transaction that records the end of a training: a success sets the next due time and takes the changes off that were read, a failure postpones the next scheduled run';

REVOKE ALL ON FUNCTION knowhow.next_on_grid, knowhow.backoff_after, knowhow.count_changes,
    knowhow.due_recommenders, knowhow.next_due_at, knowhow.lock_schedule, knowhow.set_schedule,
    knowhow.record_start, knowhow.record_outcome FROM PUBLIC;
REVOKE ALL ON knowhow.bound_relations, knowhow.relation_counts, knowhow.schedule_state,
    knowhow.schedule_due, knowhow.changes_now FROM PUBLIC;

-- ---- What everybody may look at

CREATE FUNCTION knowhow.preloaded()
RETURNS bool
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'preloaded';
COMMENT ON FUNCTION knowhow.preloaded IS 'whether the server loaded the library when it started (shared_preload_libraries): only then are scheduled trainings started';

CREATE VIEW knowhow.schedules WITH (security_barrier) AS
SELECT r.name AS recommender, d.enabled, d.every, d.after_changes, d.at_drift, d.window_start,
       d.window_end, d.time_zone,
       CASE WHEN d.due_since IS NOT NULL
            THEN knowhow.window_opens(greatest(d.due_since, d.not_before, o.closed_at),
                                      d.window_start, d.window_end, d.time_zone) END AS next_due_at,
       d.not_before, d.failures, d.last_success_at, d.last_failure_at, n.changes, n.drift
FROM knowhow.schedule_due d
JOIN knowhow.recommender_catalog r ON r.recommender_id = d.recommender_id
JOIN knowhow.changes_now n ON n.recommender_id = d.recommender_id
CROSS JOIN (SELECT knowhow.schedule_now() AS moment) AS clock
-- What has been due since before its window closed waits for the next time that it opens.
CROSS JOIN LATERAL (
    SELECT CASE WHEN knowhow.window_opens(clock.moment, d.window_start, d.window_end, d.time_zone)
                     > clock.moment THEN clock.moment END AS closed_at) AS o
WHERE has_table_privilege(r.snippets, 'SELECT');
COMMENT ON VIEW knowhow.schedules IS 'when which recommender is trained again: the rules that alter_recommender() has set, the next due time, and what has changed since the last training';
COMMENT ON COLUMN knowhow.schedules.next_due_at IS 'when the next scheduled run may start; NULL where time alone brings none';
COMMENT ON COLUMN knowhow.schedules.changes IS 'rows inserted, updated and deleted beneath interactions since the last training';
COMMENT ON COLUMN knowhow.schedules.drift IS 'the same beneath snippets, as a share of the snippets that the active model counted: how far the share of snippets that contain a term can have moved at most';

CREATE VIEW knowhow.health WITH (security_barrier) AS
SELECT r.name AS recommender, m.model_id AS active_model, now() - m.trained_at AS model_age,
       greatest(d.last_success_at, m.trained_at) AS last_success_at,
       coalesce(d.failures, 0) AS failures_in_a_row,
       (SELECT CASE WHEN t.state = 'failed'
                    THEN concat_ws(' ', t.error_sqlstate, t.error_message) END
        FROM knowhow.training_run_catalog t
        WHERE t.recommender_id = r.recommender_id AND t.state IN ('succeeded', 'failed')
        ORDER BY t.run_id DESC LIMIT 1) AS last_error,
       n.changes AS rows_changed, n.drift,
       CASE WHEN o.opened < clock.moment THEN clock.moment - o.opened END AS overdue,
       CASE
           WHEN b.present_name = '.' THEN format('%s (%s) is gone: %s', b.bound_name, b.role,
               CASE b.role
                   WHEN 'snippets' THEN format('SELECT knowhow.drop_recommender(%L)', r.name)
                   WHEN 'interactions' THEN format(
                       'bind another by knowhow.alter_recommender(%L, interactions => ...)', r.name)
                   ELSE format('bind another, or none: SELECT knowhow.alter_recommender(%L, '
                       '%s => ''-'')', r.name, b.role)
               END)
           WHEN b.role IS NOT NULL THEN format('%s (%s) is now called %s: if that is the one, '
               'SELECT knowhow.alter_recommender(%L, %s => %L)', b.bound_name, b.role,
               b.present_name, r.name, b.role, b.present_name)
           WHEN r.text_version <> knowhow.text_version() THEN format('vectors were made by another '
               'text version: SELECT knowhow.rebuild_vectors(%L), then train', r.name)
           WHEN m.text_version <> knowhow.text_version() THEN format('the active model counted '
               'vectors of another text version: SELECT knowhow.train(%L)', r.name)
           WHEN num_nonnulls(d.every, d.after_changes, d.at_drift) = 0 THEN NULL
           WHEN NOT d.enabled THEN format('the schedule is switched off: '
               'SELECT knowhow.alter_recommender(%L, retrain_enabled => true)', r.name)
           WHEN pg_is_in_recovery() THEN NULL
           WHEN NOT knowhow.preloaded() THEN 'nothing starts scheduled runs: add knowhow to '
               'shared_preload_libraries and restart the server'
           WHEN current_setting('knowhow.launcher', true) = 'off' THEN 'nothing starts scheduled '
               'runs: set knowhow.launcher = on'
           WHEN num_nonnulls(d.after_changes, d.at_drift) > 0
               AND current_setting('track_counts') = 'off' THEN 'changes are not counted: set '
               'track_counts = on'
           -- Half of every day is open: NULL means that there is no such zone.
           WHEN knowhow.window_opens('epoch', '00:00', '12:00', d.time_zone) IS NULL THEN format(
               'the server knows no time zone "%s": SELECT knowhow.alter_recommender(%L, '
               'retrain_time_zone => ''UTC''), or another', d.time_zone, r.name)
           -- The launcher, the watcher, and PostgreSQL's logical replication launcher.
           WHEN current_setting('max_worker_processes')::int4
               < 3 + coalesce(current_setting('knowhow.max_concurrent_trainings', true)::int4, 1)
               THEN format('max_worker_processes = %s leaves no room for knowhow''s processes: '
                   'set it to 8 or more and restart the server',
                   current_setting('max_worker_processes'))
       END AS setup_problem,
       f.fresh_rows, f.fresh_share
FROM knowhow.recommender_catalog r
CROSS JOIN (SELECT knowhow.schedule_now() AS moment) AS clock
LEFT JOIN knowhow.schedule_due d ON d.recommender_id = r.recommender_id
LEFT JOIN knowhow.changes_now n ON n.recommender_id = r.recommender_id
LEFT JOIN knowhow.model_catalog m
    ON m.recommender_id = r.recommender_id AND m.state = 'active'
LEFT JOIN LATERAL (
    SELECT f.role, f.bound_name, f.present_name FROM knowhow.bound_relations f
    WHERE f.recommender_id = r.recommender_id AND f.present_name IS DISTINCT FROM f.bound_name
    ORDER BY f.present_name <> '.', f.position LIMIT 1) AS b ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN d.due_since < clock.moment THEN knowhow.window_opens(
        d.due_since, d.window_start, d.window_end, d.time_zone) END AS opened) AS o ON true
-- Alerts neither fail nor wait: an index that the user may not look into, or that somebody builds
-- anew, is left out. CASE names the access method as well, or a planner that joins pg_am last would
-- look into every index.
LEFT JOIN LATERAL (
    SELECT sum(x.fresh_rows)::int8 AS fresh_rows,
           (sum(x.fresh_rows) / nullif(sum(x.documents), 0))::float4 AS fresh_share
    FROM knowhow.relations_beneath(r.snippets) AS t(relation)
    JOIN pg_index i ON i.indrelid = t.relation AND i.indisvalid
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am a ON a.oid = c.relam AND a.amname = 'tfidf'
    CROSS JOIN LATERAL knowhow.index_statistics(
        CASE WHEN a.amname = 'tfidf'
                  AND has_table_privilege(t.relation, 'SELECT') AND NOT row_security_active(t.relation)
                  AND NOT (c.relpersistence = 't'
                           OR c.relpersistence = 'u' AND pg_is_in_recovery())
                  AND NOT EXISTS (
                      SELECT FROM pg_locks l JOIN pg_database b ON b.oid = l.database
                      WHERE b.datname = current_database() AND l.mode = 'AccessExclusiveLock'
                        AND l.relation IN (i.indexrelid, t.relation))
             THEN i.indexrelid END) AS x) AS f ON true
WHERE has_table_privilege(r.snippets, 'SELECT') OR pg_has_role('pg_monitor', 'USAGE');
COMMENT ON VIEW knowhow.health IS 'one row a recommender, for alerts: those whose snippets the current user may read, and all for members of pg_monitor';
COMMENT ON COLUMN knowhow.health.last_error IS 'SQLSTATE and message of the last run, where it failed';
COMMENT ON COLUMN knowhow.health.rows_changed IS 'rows inserted, updated and deleted beneath interactions since the last training; NULL where nothing counts them, because it was never scheduled';
COMMENT ON COLUMN knowhow.health.drift IS 'the same beneath snippets, as a share of the snippets that the active model counted';
COMMENT ON COLUMN knowhow.health.overdue IS 'for how long a scheduled run could have started and has not succeeded; NULL where none is due';
COMMENT ON COLUMN knowhow.health.setup_problem IS 'what keeps it from being trained or from answering well, with the way out; NULL when all is well';
COMMENT ON COLUMN knowhow.health.fresh_rows IS 'rows that every search reads because the tfidf indexes of the snippets have them in no segment yet; NULL where there is no such index, or none that the user may look into';
COMMENT ON COLUMN knowhow.health.fresh_share IS 'the same as a share of all rows of these indexes';

REVOKE ALL ON knowhow.schedules, knowhow.health FROM PUBLIC;
GRANT SELECT ON knowhow.schedules, knowhow.health TO PUBLIC;
