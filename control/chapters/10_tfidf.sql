-- The type knowhow.tfidf: a sparse vector of weighted terms.

CREATE TYPE knowhow.tfidf;

CREATE FUNCTION knowhow.tfidf_in(pg_catalog.cstring) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_in';
COMMENT ON FUNCTION knowhow.tfidf_in(pg_catalog.cstring) IS 'I/O';

CREATE FUNCTION knowhow.tfidf_out(knowhow.tfidf) RETURNS pg_catalog.cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_out';
COMMENT ON FUNCTION knowhow.tfidf_out(knowhow.tfidf) IS 'I/O';

CREATE FUNCTION knowhow.tfidf_recv(pg_catalog.internal) RETURNS knowhow.tfidf
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_recv';
COMMENT ON FUNCTION knowhow.tfidf_recv(pg_catalog.internal) IS 'I/O';

CREATE FUNCTION knowhow.tfidf_send(knowhow.tfidf) RETURNS pg_catalog.bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_send';
COMMENT ON FUNCTION knowhow.tfidf_send(knowhow.tfidf) IS 'I/O';

CREATE TYPE knowhow.tfidf (
    INPUT = knowhow.tfidf_in,
    OUTPUT = knowhow.tfidf_out,
    RECEIVE = knowhow.tfidf_recv,
    SEND = knowhow.tfidf_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    -- In the row where there is room: a sequential scan reads it, and would fetch each value that
    -- was moved out through an index. The text beside it is moved out first.
    STORAGE = main
);
COMMENT ON TYPE knowhow.tfidf IS
    'weighted terms of a text, as a sparse vector: ''deep'':0.6 ''learn'':0.8. A term without a weight weighs 1, equal terms are added up, zeros left out; at most 20,000,000 terms, 2046 bytes a term, 128 MB together';

-- Distances. The smaller, the more alike, so that ORDER BY ... LIMIT finds the best. Each goes through
-- a vector of some dozens of terms: about 50 times the work of comparing two numbers.

CREATE FUNCTION knowhow.tfidf_negative_inner_product(knowhow.tfidf, knowhow.tfidf)
    RETURNS pg_catalog.float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME', 'tfidf_negative_inner_product';
COMMENT ON FUNCTION knowhow.tfidf_negative_inner_product(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of <#> operator';

CREATE FUNCTION knowhow.tfidf_cosine_distance(knowhow.tfidf, knowhow.tfidf)
    RETURNS pg_catalog.float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME', 'tfidf_cosine_distance';
COMMENT ON FUNCTION knowhow.tfidf_cosine_distance(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of <=> operator';

CREATE FUNCTION knowhow.tfidf_euclidean_distance(knowhow.tfidf, knowhow.tfidf)
    RETURNS pg_catalog.float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME', 'tfidf_euclidean_distance';
COMMENT ON FUNCTION knowhow.tfidf_euclidean_distance(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of <-> operator';

CREATE FUNCTION knowhow.tfidf_overlap(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_overlap';
COMMENT ON FUNCTION knowhow.tfidf_overlap(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of && operator';

CREATE OPERATOR knowhow.<#> (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_negative_inner_product, COMMUTATOR = OPERATOR(knowhow.<#>)
);
COMMENT ON OPERATOR knowhow.<#> (knowhow.tfidf, knowhow.tfidf) IS
    'negative inner product: minus the sum of the products of the weights of shared terms';

CREATE OPERATOR knowhow.<=> (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_cosine_distance, COMMUTATOR = OPERATOR(knowhow.<=>)
);
COMMENT ON OPERATOR knowhow.<=> (knowhow.tfidf, knowhow.tfidf) IS
    'cosine distance: 1 minus the cosine, from 0 to 2; 1 where a vector is empty';

CREATE OPERATOR knowhow.<-> (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_euclidean_distance, COMMUTATOR = OPERATOR(knowhow.<->)
);
COMMENT ON OPERATOR knowhow.<-> (knowhow.tfidf, knowhow.tfidf) IS
    'Euclidean distance; a term that one side lacks weighs 0 there';

CREATE OPERATOR knowhow.&& (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_overlap, COMMUTATOR = OPERATOR(knowhow.&&),
    RESTRICT = pg_catalog.matchingsel, JOIN = pg_catalog.matchingjoinsel
);
COMMENT ON OPERATOR knowhow.&& (knowhow.tfidf, knowhow.tfidf) IS 'shares a term';

-- Measures of one vector.

CREATE FUNCTION knowhow.length(knowhow.tfidf) RETURNS pg_catalog.int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_length';
COMMENT ON FUNCTION knowhow.length(knowhow.tfidf) IS 'number of terms';

CREATE FUNCTION knowhow.norm(knowhow.tfidf) RETURNS pg_catalog.float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_norm';
COMMENT ON FUNCTION knowhow.norm(knowhow.tfidf) IS
    'Euclidean length: the square root of the sum of the squared weights';

CREATE FUNCTION knowhow.normalize(knowhow.tfidf) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_normalize';
COMMENT ON FUNCTION knowhow.normalize(knowhow.tfidf) IS
    'the vector divided by its norm, of norm 1 then; the empty vector stays empty. Write it with its schema, or quoted: the bare word is a keyword of SQL';

CREATE FUNCTION knowhow.lexemes(knowhow.tfidf) RETURNS TABLE (lexeme pg_catalog.text, weight pg_catalog.float4)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'tfidf_lexemes';
COMMENT ON FUNCTION knowhow.lexemes(knowhow.tfidf) IS
    'the terms with their weights, as rows in the order of bytes';

-- Arithmetic. A weight that becomes zero takes its term away; one that real cannot hold is an error.

CREATE FUNCTION knowhow.tfidf_add(knowhow.tfidf, knowhow.tfidf) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_add';
COMMENT ON FUNCTION knowhow.tfidf_add(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of + operator';

CREATE FUNCTION knowhow.tfidf_subtract(knowhow.tfidf, knowhow.tfidf) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_subtract';
COMMENT ON FUNCTION knowhow.tfidf_subtract(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of - operator';

CREATE FUNCTION knowhow.tfidf_multiply(knowhow.tfidf, pg_catalog.float8) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_multiply';
COMMENT ON FUNCTION knowhow.tfidf_multiply(knowhow.tfidf, pg_catalog.float8) IS
    'implementation of * operator';

CREATE FUNCTION knowhow.tfidf_multiply(pg_catalog.float8, knowhow.tfidf) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_multiply_by';
COMMENT ON FUNCTION knowhow.tfidf_multiply(pg_catalog.float8, knowhow.tfidf) IS
    'implementation of * operator';

CREATE OPERATOR knowhow.+ (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_add, COMMUTATOR = OPERATOR(knowhow.+)
);
COMMENT ON OPERATOR knowhow.+ (knowhow.tfidf, knowhow.tfidf) IS 'sum, term by term';

CREATE OPERATOR knowhow.- (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_subtract
);
COMMENT ON OPERATOR knowhow.- (knowhow.tfidf, knowhow.tfidf) IS 'difference, term by term';

CREATE OPERATOR knowhow.* (
    LEFTARG = knowhow.tfidf, RIGHTARG = pg_catalog.float8,
    FUNCTION = knowhow.tfidf_multiply, COMMUTATOR = OPERATOR(knowhow.*)
);
COMMENT ON OPERATOR knowhow.* (knowhow.tfidf, pg_catalog.float8) IS 'each weight times the number';

CREATE OPERATOR knowhow.* (
    LEFTARG = pg_catalog.float8, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_multiply, COMMUTATOR = OPERATOR(knowhow.*)
);
COMMENT ON OPERATOR knowhow.* (pg_catalog.float8, knowhow.tfidf) IS 'each weight times the number';

-- Order and equality: of the bytes of the terms, then of the weights.

CREATE FUNCTION knowhow.tfidf_eq(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_eq';
COMMENT ON FUNCTION knowhow.tfidf_eq(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of = operator';

CREATE FUNCTION knowhow.tfidf_ne(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_ne';
COMMENT ON FUNCTION knowhow.tfidf_ne(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of <> operator';

CREATE FUNCTION knowhow.tfidf_lt(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_lt';
COMMENT ON FUNCTION knowhow.tfidf_lt(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of < operator';

CREATE FUNCTION knowhow.tfidf_le(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_le';
COMMENT ON FUNCTION knowhow.tfidf_le(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of <= operator';

CREATE FUNCTION knowhow.tfidf_gt(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_gt';
COMMENT ON FUNCTION knowhow.tfidf_gt(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of > operator';

CREATE FUNCTION knowhow.tfidf_ge(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.bool
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_ge';
COMMENT ON FUNCTION knowhow.tfidf_ge(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of >= operator';

CREATE FUNCTION knowhow.tfidf_cmp(knowhow.tfidf, knowhow.tfidf) RETURNS pg_catalog.int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_cmp';
COMMENT ON FUNCTION knowhow.tfidf_cmp(knowhow.tfidf, knowhow.tfidf) IS
    'less-equal-greater: -1, 0 or 1';

CREATE FUNCTION knowhow.tfidf_hash(knowhow.tfidf) RETURNS pg_catalog.int4
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_hash';
COMMENT ON FUNCTION knowhow.tfidf_hash(knowhow.tfidf) IS
    'hash';

CREATE FUNCTION knowhow.tfidf_hash_extended(knowhow.tfidf, pg_catalog.int8) RETURNS pg_catalog.int8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_hash_extended';
COMMENT ON FUNCTION knowhow.tfidf_hash_extended(knowhow.tfidf, pg_catalog.int8) IS
    'hash';

CREATE OPERATOR knowhow.= (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_eq,
    COMMUTATOR = OPERATOR(knowhow.=), NEGATOR = OPERATOR(knowhow.<>),
    RESTRICT = pg_catalog.eqsel, JOIN = pg_catalog.eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR knowhow.= (knowhow.tfidf, knowhow.tfidf) IS 'equal: the same terms with the same weights';

CREATE OPERATOR knowhow.<> (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_ne,
    COMMUTATOR = OPERATOR(knowhow.<>), NEGATOR = OPERATOR(knowhow.=),
    RESTRICT = pg_catalog.neqsel, JOIN = pg_catalog.neqjoinsel
);
COMMENT ON OPERATOR knowhow.<> (knowhow.tfidf, knowhow.tfidf) IS 'not equal';

CREATE OPERATOR knowhow.< (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_lt,
    COMMUTATOR = OPERATOR(knowhow.>), NEGATOR = OPERATOR(knowhow.>=),
    RESTRICT = pg_catalog.scalarltsel, JOIN = pg_catalog.scalarltjoinsel
);
COMMENT ON OPERATOR knowhow.< (knowhow.tfidf, knowhow.tfidf) IS 'less than';

CREATE OPERATOR knowhow.<= (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_le,
    COMMUTATOR = OPERATOR(knowhow.>=), NEGATOR = OPERATOR(knowhow.>),
    RESTRICT = pg_catalog.scalarlesel, JOIN = pg_catalog.scalarlejoinsel
);
COMMENT ON OPERATOR knowhow.<= (knowhow.tfidf, knowhow.tfidf) IS 'less than or equal';

CREATE OPERATOR knowhow.> (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_gt,
    COMMUTATOR = OPERATOR(knowhow.<), NEGATOR = OPERATOR(knowhow.<=),
    RESTRICT = pg_catalog.scalargtsel, JOIN = pg_catalog.scalargtjoinsel
);
COMMENT ON OPERATOR knowhow.> (knowhow.tfidf, knowhow.tfidf) IS 'greater than';

CREATE OPERATOR knowhow.>= (
    LEFTARG = knowhow.tfidf, RIGHTARG = knowhow.tfidf,
    FUNCTION = knowhow.tfidf_ge,
    COMMUTATOR = OPERATOR(knowhow.<=), NEGATOR = OPERATOR(knowhow.<),
    RESTRICT = pg_catalog.scalargesel, JOIN = pg_catalog.scalargejoinsel
);
COMMENT ON OPERATOR knowhow.>= (knowhow.tfidf, knowhow.tfidf) IS 'greater than or equal';

CREATE OPERATOR CLASS knowhow.tfidf_ops DEFAULT FOR TYPE knowhow.tfidf USING btree AS
    OPERATOR 1 knowhow.<,
    OPERATOR 2 knowhow.<=,
    OPERATOR 3 knowhow.=,
    OPERATOR 4 knowhow.>=,
    OPERATOR 5 knowhow.>,
    FUNCTION 1 knowhow.tfidf_cmp(knowhow.tfidf, knowhow.tfidf),
    FUNCTION 4 (knowhow.tfidf, knowhow.tfidf) pg_catalog.btequalimage(pg_catalog.oid);
COMMENT ON OPERATOR CLASS knowhow.tfidf_ops USING btree IS 'order of tfidf values';
COMMENT ON OPERATOR FAMILY knowhow.tfidf_ops USING btree IS 'order of tfidf values';

CREATE OPERATOR CLASS knowhow.tfidf_ops DEFAULT FOR TYPE knowhow.tfidf USING hash AS
    OPERATOR 1 knowhow.=,
    FUNCTION 1 knowhow.tfidf_hash(knowhow.tfidf),
    FUNCTION 2 knowhow.tfidf_hash_extended(knowhow.tfidf, pg_catalog.int8);
COMMENT ON OPERATOR CLASS knowhow.tfidf_ops USING hash IS 'equality of tfidf values';
COMMENT ON OPERATOR FAMILY knowhow.tfidf_ops USING hash IS 'equality of tfidf values';

-- Conversions.

CREATE FUNCTION knowhow.tfidf(pg_catalog.tsvector) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_from_tsvector';
COMMENT ON FUNCTION knowhow.tfidf(pg_catalog.tsvector) IS
    'term frequencies of a tsvector: each position adds 1, or 2, 4, 10 where its weight is C, B, A; a lexeme without positions weighs 1';

CREATE FUNCTION knowhow.tfidf(pg_catalog.jsonb) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_from_jsonb';
COMMENT ON FUNCTION knowhow.tfidf(pg_catalog.jsonb) IS
    'vector of a jsonb object from lexeme to number';

CREATE FUNCTION knowhow.tfidf_to_jsonb(knowhow.tfidf) RETURNS pg_catalog.jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_to_jsonb';
COMMENT ON FUNCTION knowhow.tfidf_to_jsonb(knowhow.tfidf) IS
    'jsonb object from lexeme to number';

CREATE CAST (pg_catalog.tsvector AS knowhow.tfidf)
    WITH FUNCTION knowhow.tfidf(pg_catalog.tsvector) AS ASSIGNMENT;
COMMENT ON CAST (pg_catalog.tsvector AS knowhow.tfidf) IS
    'term frequencies, positions of weight C, B, A counted 2, 4, 10 times';

CREATE CAST (pg_catalog.jsonb AS knowhow.tfidf) WITH FUNCTION knowhow.tfidf(pg_catalog.jsonb);
COMMENT ON CAST (pg_catalog.jsonb AS knowhow.tfidf) IS 'an object from lexeme to number';

CREATE CAST (knowhow.tfidf AS pg_catalog.jsonb)
    WITH FUNCTION knowhow.tfidf_to_jsonb(knowhow.tfidf);
COMMENT ON CAST (knowhow.tfidf AS pg_catalog.jsonb) IS 'an object from lexeme to number';

-- Aggregates: internally in double; they run in parallel.

CREATE FUNCTION knowhow.tfidf_sum_transition(pg_catalog.internal, knowhow.tfidf) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_sum_transition';
COMMENT ON FUNCTION knowhow.tfidf_sum_transition(pg_catalog.internal, knowhow.tfidf) IS
    'aggregate transition function';

CREATE FUNCTION knowhow.tfidf_sum_combine(pg_catalog.internal, pg_catalog.internal) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_sum_combine';
COMMENT ON FUNCTION knowhow.tfidf_sum_combine(pg_catalog.internal, pg_catalog.internal) IS
    'aggregate combine function';

CREATE FUNCTION knowhow.tfidf_sum_serialize(pg_catalog.internal) RETURNS pg_catalog.bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_sum_serialize';
COMMENT ON FUNCTION knowhow.tfidf_sum_serialize(pg_catalog.internal) IS
    'aggregate serial function';

CREATE FUNCTION knowhow.tfidf_sum_deserialize(pg_catalog.bytea, pg_catalog.internal) RETURNS pg_catalog.internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_sum_deserialize';
COMMENT ON FUNCTION knowhow.tfidf_sum_deserialize(pg_catalog.bytea, pg_catalog.internal) IS
    'aggregate deserial function';

CREATE FUNCTION knowhow.tfidf_sum_final(pg_catalog.internal) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_sum_final';
COMMENT ON FUNCTION knowhow.tfidf_sum_final(pg_catalog.internal) IS
    'aggregate final function';

CREATE FUNCTION knowhow.tfidf_avg_final(pg_catalog.internal) RETURNS knowhow.tfidf
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_avg_final';
COMMENT ON FUNCTION knowhow.tfidf_avg_final(pg_catalog.internal) IS
    'aggregate final function';

CREATE AGGREGATE knowhow.sum(knowhow.tfidf) (
    SFUNC = knowhow.tfidf_sum_transition,
    STYPE = pg_catalog.internal,
    SSPACE = 8192,
    FINALFUNC = knowhow.tfidf_sum_final,
    COMBINEFUNC = knowhow.tfidf_sum_combine,
    SERIALFUNC = knowhow.tfidf_sum_serialize,
    DESERIALFUNC = knowhow.tfidf_sum_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE knowhow.sum(knowhow.tfidf) IS 'sum of the vectors; NULL where there are none';

CREATE AGGREGATE knowhow.avg(knowhow.tfidf) (
    SFUNC = knowhow.tfidf_sum_transition,
    STYPE = pg_catalog.internal,
    SSPACE = 8192,
    FINALFUNC = knowhow.tfidf_avg_final,
    COMBINEFUNC = knowhow.tfidf_sum_combine,
    SERIALFUNC = knowhow.tfidf_sum_serialize,
    DESERIALFUNC = knowhow.tfidf_sum_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE knowhow.avg(knowhow.tfidf) IS 'mean of the vectors, their centroid; NULL where there are none';
