SET client_min_messages = warning;
CREATE SCHEMA border;
CREATE EXTENSION knowhow_border;
\pset format unaligned
\set VERBOSITY sqlstate

-- Each code of the engine's errors has its SQLSTATE; nothing of the error is lost.
SELECT code, r.* FROM unnest(ARRAY['invalid argument', 'invalid text', 'limit exceeded',
                                   'out of memory', 'canceled', 'data corrupted']) AS code,
    border.report(format('SELECT border.throw_error(%L, %L, %L, %L)',
                         code, 'message of ' || code, 'detail', 'hint')) AS r;

-- A message without detail and hint; percent signs are no format; a long one is cut between characters.
SELECT r.* FROM border.report($$SELECT border.throw_error('invalid text', '100 %s 5% %n')$$) AS r;
SELECT length(message), octet_length(message), message = repeat('知', length(message)) AS whole,
       octet_length(detail) AS detail, octet_length(hint) AS hint
FROM border.report($$SELECT border.throw_error('invalid text', repeat('知', 2000), repeat('x', 5000),
                                               repeat('é', 5000))$$);

-- Whatever else is thrown.
SELECT kind, r.* FROM unnest(ARRAY['bad_alloc', 'exception', 'nested', 'int']) AS kind,
    border.report(format('SELECT border.throw_other(%L)', kind)) AS r;

-- Memory: a budget, and palloc.
SELECT state, message, detail ~ '^Failed on a request of \d+ bytes' AS detail, hint, alive,
       destroyed > 1000 AS destroyed
FROM border.report('SELECT border.exhaust_budget(65536)');
SELECT r.* FROM border.report('SELECT border.exhaust_budget(0)') AS r;
SELECT r.* FROM border.report('SELECT border.exhaust_palloc()') AS r;

-- A PostgreSQL error in the middle of engine calls, at several depths of nesting.
SELECT depth, r.* FROM unnest(ARRAY[1, 2, 7]) AS depth,
    border.report(format($$SELECT border.raise_in_engine(%s, 'KH001', 'a message', 'a detail', 'a hint')$$,
                         depth)) AS r;
SELECT border.state_after_error();

-- Time limits, on one thread and on several; the threads are gone afterwards.
SET statement_timeout = '300ms';
SELECT border.loop(60);
SELECT border.parallel_loop(60, 1);
SELECT border.parallel_loop(60, 3);
RESET statement_timeout;
SELECT border.alive(), border.threads();
SELECT border.parallel_loop(0.2, 3);
SELECT r.state, r.message, r.detail, r.hint, r.alive
FROM border.report('SELECT border.parallel_loop(60, 3, true)') AS r;
SELECT border.alive(), border.threads();

-- Objects owned by a memory context.
SELECT border.adopt('reset');
SELECT r.* FROM border.report($$SELECT border.adopt('error')$$) AS r;
SELECT border.adopt('keep');
SELECT border.alive();
DO $$ BEGIN PERFORM border.adopt('keep'); RAISE EXCEPTION 'after adoption'; END $$;
SELECT border.alive();

-- The session is as good as new.
SELECT count(*) FROM (SELECT border.report('SELECT border.throw_other(''int'')') FROM generate_series(1, 10000)) AS many;
SELECT border.alive();
