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
    STORAGE = extended
);
COMMENT ON TYPE knowhow.tfidf IS
    'weighted terms of a text, as a sparse vector: ''deep'':0.6 ''learn'':0.8';

-- Distances. The smaller, the more alike, so that ORDER BY ... LIMIT finds the best.

CREATE FUNCTION knowhow.tfidf_negative_inner_product(knowhow.tfidf, knowhow.tfidf)
    RETURNS pg_catalog.float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_negative_inner_product';
COMMENT ON FUNCTION knowhow.tfidf_negative_inner_product(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of <#> operator';

CREATE FUNCTION knowhow.tfidf_cosine_distance(knowhow.tfidf, knowhow.tfidf)
    RETURNS pg_catalog.float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_cosine_distance';
COMMENT ON FUNCTION knowhow.tfidf_cosine_distance(knowhow.tfidf, knowhow.tfidf) IS
    'implementation of <=> operator';

CREATE FUNCTION knowhow.tfidf_euclidean_distance(knowhow.tfidf, knowhow.tfidf)
    RETURNS pg_catalog.float8
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tfidf_euclidean_distance';
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
    RESTRICT = matchingsel, JOIN = matchingjoinsel
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
