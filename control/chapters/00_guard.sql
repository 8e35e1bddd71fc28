-- knowhow: the install script. Read by CREATE EXTENSION, never by psql.
\echo Use "CREATE EXTENSION knowhow" to load this file. \quit

-- A schema of this name that somebody else made may hold objects that would stand in for ours.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_depend
               WHERE refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
                 AND refobjid OPERATOR(pg_catalog.=) 'knowhow'::pg_catalog.regnamespace
                 AND classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_schema',
            MESSAGE = 'schema "knowhow" already contains objects',
            HINT = 'Drop or rename that schema; the extension creates its own.';
    END IF;
END
$$;
