-- Text: the parser, the dictionary that folds, the configuration.

DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) 'SQL_ASCII' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'feature_not_supported',
            MESSAGE = pg_catalog.format('knowhow cannot read text in database "%s": its encoding is SQL_ASCII, which gives bytes no meaning',
                                        pg_catalog.current_database()),
            HINT = 'Create a database with ENCODING ''UTF8''.';
    END IF;
END
$$;

CREATE FUNCTION knowhow.parser_start(pg_catalog.internal, pg_catalog.int4) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_parser_start';
COMMENT ON FUNCTION knowhow.parser_start(pg_catalog.internal, pg_catalog.int4) IS '(internal)';

CREATE FUNCTION knowhow.parser_next(pg_catalog.internal, pg_catalog.internal, pg_catalog.internal) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_parser_next';
COMMENT ON FUNCTION knowhow.parser_next(pg_catalog.internal, pg_catalog.internal, pg_catalog.internal) IS '(internal)';

CREATE FUNCTION knowhow.parser_end(pg_catalog.internal) RETURNS pg_catalog.void
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_parser_end';
COMMENT ON FUNCTION knowhow.parser_end(pg_catalog.internal) IS '(internal)';

CREATE FUNCTION knowhow.parser_types(pg_catalog.internal) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_parser_types';
COMMENT ON FUNCTION knowhow.parser_types(pg_catalog.internal) IS '(internal)';

CREATE FUNCTION knowhow.parser_headline(pg_catalog.internal, pg_catalog.internal, pg_catalog.tsquery) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_parser_headline';
COMMENT ON FUNCTION knowhow.parser_headline(pg_catalog.internal, pg_catalog.internal, pg_catalog.tsquery) IS '(internal)';

CREATE TEXT SEARCH PARSER knowhow.parser (
    START = knowhow.parser_start,
    GETTOKEN = knowhow.parser_next,
    END = knowhow.parser_end,
    HEADLINE = knowhow.parser_headline,
    LEXTYPES = knowhow.parser_types
);
COMMENT ON TEXT SEARCH PARSER knowhow.parser IS
    'words of any script, Chinese and Japanese by overlapping pairs, technical tokens whole';

CREATE FUNCTION knowhow.fold_init(pg_catalog.internal) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_fold_init';
COMMENT ON FUNCTION knowhow.fold_init(pg_catalog.internal) IS '(internal)';

CREATE FUNCTION knowhow.fold_lexize(pg_catalog.internal, pg_catalog.internal, pg_catalog.internal, pg_catalog.internal) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_fold_lexize';
COMMENT ON FUNCTION knowhow.fold_lexize(pg_catalog.internal, pg_catalog.internal, pg_catalog.internal, pg_catalog.internal) IS '(internal)';

CREATE TEXT SEARCH TEMPLATE knowhow.fold (
    INIT = knowhow.fold_init,
    LEXIZE = knowhow.fold_lexize
);
COMMENT ON TEXT SEARCH TEMPLATE knowhow.fold IS
    'folds case, width and accents, and hands the word on to the next dictionary';

CREATE TEXT SEARCH DICTIONARY knowhow.fold (TEMPLATE = knowhow.fold);
COMMENT ON TEXT SEARCH DICTIONARY knowhow.fold IS
    'folds case, width and accents, and hands the word on to the next dictionary';

CREATE TEXT SEARCH CONFIGURATION knowhow.multilingual (PARSER = knowhow.parser);
COMMENT ON TEXT SEARCH CONFIGURATION knowhow.multilingual IS
    'English, Chinese and other languages, prose and code, in one document';

ALTER TEXT SEARCH CONFIGURATION knowhow.multilingual
    ADD MAPPING FOR word, part, compound WITH knowhow.fold, pg_catalog.english_stem;
ALTER TEXT SEARCH CONFIGURATION knowhow.multilingual
    ADD MAPPING FOR tech, number, cjkpair, url, email, cjkword WITH knowhow.fold, pg_catalog.simple;

CREATE FUNCTION knowhow.text_version() RETURNS pg_catalog.text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'knowhow_text_version';
COMMENT ON FUNCTION knowhow.text_version() IS
    'version of what turns text into lexemes: the parser, ICU and Unicode';
