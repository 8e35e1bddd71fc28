\echo Use "CREATE EXTENSION knowhow_border" to load this file. \quit

CREATE FUNCTION border.throw_error(code text, message text, detail text DEFAULT '', hint text DEFAULT '')
RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.throw_error IS 'throws the engine''s Error of that code';

CREATE FUNCTION border.throw_other(kind text) RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.throw_other IS 'throws what the engine does not: bad_alloc, exception, int';

CREATE FUNCTION border.exhaust_budget(bytes bigint) RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.exhaust_budget IS 'grows a container past a memory budget of so many bytes';

CREATE FUNCTION border.exhaust_palloc() RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.exhaust_palloc IS 'asks palloc for more than it gives, from engine code';

CREATE FUNCTION border.raise_in_engine(depth int, sqlstate text, message text, detail text, hint text)
RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.raise_in_engine IS 'raises a PostgreSQL error below so many alternating frames of engine and PostgreSQL code';

CREATE FUNCTION border.state_after_error() RETURNS text LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.state_after_error IS 'whether guarded() leaves memory context and error stacks as it found them';

CREATE FUNCTION border.loop(seconds float8, polls bool DEFAULT true) RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.loop IS 'an engine loop of that length, which asks whether to stop or does not';

CREATE FUNCTION border.parallel_loop(seconds float8, threads int, worker_throws bool DEFAULT false)
RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.parallel_loop IS 'a loop on several threads that reads memory of the transaction';

CREATE FUNCTION border.adopt(outcome text) RETURNS int LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.adopt IS 'gives an object to a memory context, which is reset (outcome reset), left by an error (error) or kept to the end of the query (keep); returns the objects alive';

CREATE FUNCTION border.alive() RETURNS int LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.alive IS 'objects constructed and not destroyed in this session';

CREATE FUNCTION border.destroyed() RETURNS int LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.destroyed IS 'objects destroyed since the last call';

CREATE FUNCTION border.threads() RETURNS int LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION border.threads IS 'threads of this backend';

-- What a client is told, and whether every destructor has run by then.
CREATE FUNCTION border.report(
    statement text, OUT state text, OUT message text, OUT detail text, OUT hint text,
    OUT alive int, OUT destroyed int)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM border.destroyed();
    BEGIN
        EXECUTE statement;
        message := 'no error';
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    END;
    alive := border.alive();
    destroyed := border.destroyed();
END
$$;
