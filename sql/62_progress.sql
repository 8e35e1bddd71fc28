-- training_progress: what a training shows of itself, and to whom.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\pset null '(null)'
SELECT * FROM knowhow.training_progress;

CREATE ROLE progress_owner;
CREATE ROLE progress_stranger;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO progress_owner', current_database()); END $$;
SET ROLE progress_owner;
SELECT knowhow.create_knowledge_base('progress_kb');
GRANT USAGE ON SCHEMA progress_kb TO PUBLIC;
INSERT INTO progress_kb.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(1, 100) s;

-- A view that looks around while a training reads it: rows cross the border 2,000 at a time.
CREATE FUNCTION progress_kb.look(at text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    shown text;
BEGIN
    SELECT string_agg(concat_ws(' ', recommender, pid = pg_backend_pid(), phase, done, coalesce(total::text, '-'),
        started_at BETWEEN now() AND clock_timestamp(), elapsed >= '0', coalesce((estimated_end > now())::text, '-'), threads,
        memory_bytes > 0, background, run_id > 0), '; ') INTO shown
    FROM knowhow.training_progress;
    RAISE WARNING '%: %', at, coalesce(shown, 'nothing');
    RETURN 1;
END
$$;
-- Aborted subtransactions, and commands with a progress of their own, empty the slot until the next rows.
CREATE FUNCTION progress_kb.disturb() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM progress_kb.look('before');
    BEGIN
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        PERFORM progress_kb.look('after an error');
    END;
    ANALYZE progress_kb.users;
    RETURN 1;
END
$$;
CREATE FUNCTION progress_kb.strange_look(at text) RETURNS int SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
    RETURN progress_kb.look(at || current_user);
END
$$;
RESET ROLE;
ALTER FUNCTION progress_kb.strange_look OWNER TO progress_stranger;
SET ROLE progress_owner;
CREATE VIEW progress_kb.looking AS
SELECT s % 90 + 1 AS user_id, s % 100 + 1 AS snippet_id,
       CASE s WHEN 1 THEN progress_kb.disturb()
              WHEN 2500 THEN progress_kb.look('row 2500') + progress_kb.strange_look('row 2500, ') ELSE 1 END::real AS weight,
       NULL::timestamptz AS occurred_at
FROM generate_series(1::bigint, 4500) s;
SELECT knowhow.alter_recommender('progress_kb', interactions => 'progress_kb.looking');
SET knowhow.threads = 3;
-- The second time it is known how long each phase took.
SELECT knowhow.train('progress_kb') > 0 AS trained;
-- When it is over, in the same transaction too.
BEGIN;
SELECT knowhow.train('progress_kb') > 0 AS trained;
SELECT * FROM knowhow.training_progress;
COMMIT;
SELECT * FROM knowhow.training_progress;

-- Granted the right to read the snippets, the other role sees it.
GRANT SELECT ON progress_kb.snippets TO progress_stranger;
SELECT knowhow.train('progress_kb') > 0 AS trained;
REVOKE SELECT ON progress_kb.snippets FROM progress_stranger;

-- A failed training is gone from the view when the error has been caught.
CREATE FUNCTION progress_kb.fail() RETURNS real LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no weight'; END $$;
CREATE VIEW progress_kb.failing AS
SELECT s AS user_id, s AS snippet_id, CASE WHEN s < 2500 THEN 1 ELSE progress_kb.fail() END AS weight, NULL::timestamptz AS occurred_at
FROM generate_series(1::bigint, 4500) s;
SELECT knowhow.alter_recommender('progress_kb', interactions => 'progress_kb.failing');
DO $$
BEGIN
    PERFORM knowhow.train('progress_kb');
EXCEPTION WHEN raise_exception THEN
    RAISE WARNING '%', sqlerrm;
    PERFORM progress_kb.look('after the failure');
END
$$;

-- A training that another one's view starts takes its place.
SELECT knowhow.create_knowledge_base('progress_inner');
CREATE FUNCTION progress_kb.nested() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM knowhow.train('progress_inner');
    PERFORM progress_kb.look('after the inner one');
    RETURN 0;
END
$$;
CREATE VIEW progress_kb.nesting AS
SELECT s::bigint AS user_id, s::bigint AS snippet_id, CASE s WHEN 1 THEN progress_kb.nested() ELSE 1 END::real AS weight, NULL::timestamptz AS occurred_at
FROM generate_series(1, 10) s;
SELECT knowhow.alter_recommender('progress_kb', interactions => 'progress_kb.nesting');
SELECT knowhow.train('progress_kb') > 0 AS trained;

-- Switched off.
RESET ROLE;
SELECT knowhow.alter_recommender('progress_kb', interactions => 'progress_kb.looking');
SET track_activities = off;
SELECT knowhow.train('progress_kb') > 0 AS trained;
RESET track_activities;

DROP SCHEMA progress_kb, progress_inner CASCADE;
SELECT knowhow.drop_recommender('progress_kb'), knowhow.drop_recommender('progress_inner');
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM progress_owner', current_database()); END $$;
DROP ROLE progress_owner, progress_stranger;
