-- knowhow: the install script. Read by CREATE EXTENSION, never by psql.
\echo Use "CREATE EXTENSION knowhow" to load this file. \quit

-- A member of the extension, owned by the superuser as whom the script of a trusted extension runs.
-- Were it the schema that CREATE EXTENSION makes, it would belong to the database owner, who could
-- add functions of our names that match calls by others better than ours do. One that somebody
-- else made is an error.
CREATE SCHEMA knowhow;
COMMENT ON SCHEMA knowhow IS 'the extension knowhow: types, operators, functions, catalogue';
GRANT USAGE ON SCHEMA knowhow TO PUBLIC;
