-- Vectors made anew, after the operating system brought another ICU.

CREATE FUNCTION knowhow.rebuild_vectors(
    recommender pg_catalog.text DEFAULT NULL,
    recompute pg_catalog.bool DEFAULT true)
RETURNS pg_catalog.int8
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'rebuild_vectors';
COMMENT ON FUNCTION knowhow.rebuild_vectors IS 'recomputes the generated column content of a recommender''s snippets where it would come out differently now, returns how many rows changed, and records text_version(); recompute => false only records it, for vectors that were recomputed in another way; train() afterwards';
