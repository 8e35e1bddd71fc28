-- What a session keeps of models changes no answer, whatever comes between two requests.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
-- 400 snippets with even identifiers, 60 people with 20 ratings each, old ones.
CREATE PROCEDURE make_base(name text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM knowhow.create_knowledge_base(name);
    EXECUTE format($sql$
        INSERT INTO %1$I.users SELECT generate_series(1, 60);
        INSERT INTO %1$I.snippets (snippet_id, title, body, created_at)
            SELECT 2 * i, format('title%%s word%%s', i %% 7, i %% 31), format('body%%s rare%%s', i %% 13, i), '2020-01-01'
            FROM generate_series(1, 400) i;
        INSERT INTO %1$I.labels (snippet_id, kind, value)
            SELECT 2 * i, 'topic', 'topic' || i %% 17 FROM generate_series(1, 400) i;
        INSERT INTO %1$I.ratings (user_id, snippet_id, rating, rated_at)
            SELECT u, 2 * (1 + (u * u * 7 + n * n * 11) %% 400), 3 + (u + n) %% 3, '2020-02-01'
            FROM generate_series(1, 60) u, generate_series(1, 20) n ON CONFLICT DO NOTHING
    $sql$, name);
END $$;
-- What is shown to some people, as one number; not what fades while they look at it.
CREATE FUNCTION shown(name text) RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(concat_ws('|', who, q, rank, snippet_id, evidence #> '{signals,popularity}'), '|' ORDER BY who, q, rank))
    FROM (SELECT u AS who, q, r.* FROM generate_series(1, 60, 7) u, (VALUES (NULL), ('word3 rare77'), ('title5 body2')) q (q),
                 knowhow.recommend(u, q, 20, name) r
          UNION ALL SELECT 0, q, r.* FROM (VALUES (NULL), ('word4')) q (q), knowhow.recommend(NULL, q, 20, name) r
          UNION ALL SELECT -1, NULL, s.* FROM knowhow.similar(44, 20, name) s) r
$$;
-- What is shown to everyone.
CREATE FUNCTION popular(name text) RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(concat_ws('|', rank, snippet_id, evidence #> '{signals,popularity}'), '|' ORDER BY rank))
    FROM knowhow.recommend(NULL, NULL, 20, name)
$$;
CREATE VIEW kept AS SELECT coalesce(sum(total_bytes), 0) AS bytes FROM pg_backend_memory_contexts WHERE name = 'knowhow kept rows of a model';
CALL make_base('kept_a');
CALL make_base('kept_b');
SELECT knowhow.train('kept_a') > 0 AND knowhow.train('kept_b') > 0 AS trained;

-- Read, kept, forgotten, and as another session reads it.
\c
SET client_min_messages = warning;
-- Nothing but this file lets go of what is kept.
ALTER TABLE knowhow.model_positions SET (autovacuum_enabled = off);
ALTER TABLE knowhow.model_statistics SET (autovacuum_enabled = off);
SELECT bytes = 0 AS nothing_at_first FROM kept;
SELECT shown('kept_a') AS first \gset
SELECT bytes BETWEEN 1 AND 1000000 AS kept FROM kept;
SELECT shown('kept_a') = :'first' AS kept_rows_say_the_same;
SELECT shown('kept_b') = :'first' AS so_does_the_same_base, shown('kept_a') = :'first' AS and_back;
ALTER TABLE knowhow.model_positions RESET (fillfactor);
SELECT shown('kept_a') = :'first' AS after_forgetting;
VACUUM FULL knowhow.model_positions, knowhow.model_statistics;
SELECT shown('kept_a') = :'first' AS after_vacuum_full;

-- Snippets that the model does not know, below, between and above those that it knows.
INSERT INTO kept_a.snippets (snippet_id, title, body, created_at)
    SELECT i, 'title3 word3', 'rare77 body' || i, '2019-01-01' FROM unnest(ARRAY[-5, 1, 41, 161, 799, 801, 100000]) i;
INSERT INTO kept_a.ratings (user_id, snippet_id, rating, rated_at) SELECT u, i, 5, '2020-03-01' FROM generate_series(2, 30) u, unnest(ARRAY[-5, 41, 100000]) i;
SELECT shown('kept_a') AS second \gset
SELECT :'second' <> :'first' AS they_are_seen, shown('kept_a') = :'second' AS again;
\c
SELECT shown('kept_a') = :'second' AS another_session;

-- A training that is rolled back leaves nothing behind, and a new model is read anew.
BEGIN;
SELECT knowhow.train('kept_a') > 0 AS trained;
SELECT shown('kept_a') <> :'second' AS the_new_model;
ROLLBACK;
SELECT shown('kept_a') = :'second' AS the_old_one;
SELECT knowhow.train('kept_a') > 0 AS trained;
SELECT shown('kept_a') AS third \gset
SELECT :'third' <> :'second' AS new_model;
\c
SELECT shown('kept_a') = :'third' AS another_session;

-- A model of 520,000 positions, more than a session keeps; all but 407 of their snippets are gone, and
-- the most popular ones among them: all positions are read until enough are found.
SELECT active_model AS large FROM knowhow.recommenders WHERE name = 'kept_a' \gset
DELETE FROM knowhow.model_positions WHERE model_id = :large;
INSERT INTO knowhow.model_positions
    SELECT :large, b, b * 64 + 1, ids, floats, positions, floats, positions
    FROM generate_series(0, 8124) b,
         LATERAL (SELECT array_agg(b * 64 + i ORDER BY i) AS ids, array_agg((b * 64 + i)::float4 ORDER BY i) AS floats,
                         array_agg((519999 - b * 64 - i + 1)::int4 ORDER BY i) AS positions FROM generate_series(1, 64) i) s;
\c
SELECT popular('kept_a') AS fourth \gset
SELECT bytes BETWEEN 12 * 1024 * 1024 AND 14 * 1024 * 1024 AS limited FROM kept;
SELECT popular('kept_a') = :'fourth' AS partly_kept;
\c
-- The other base was here first, and makes room.
SET client_min_messages = warning;
SELECT bytes = 0 AS nothing_at_first FROM kept;
SELECT shown('kept_b') = :'first' AS other_base, popular('kept_a') = :'fourth' AS large_one, shown('kept_b') = :'first' AS other_base_again;
SELECT bytes < 14 * 1024 * 1024 AS limited FROM kept;

-- A recommender is dropped, and another one's rows get the numbers of its model.
SELECT active_model AS model FROM knowhow.recommenders WHERE name = 'kept_b' \gset
CREATE TEMP TABLE saved_model AS SELECT * FROM knowhow.model_catalog WHERE model_id = :model;
CREATE TEMP TABLE saved_positions AS SELECT model_id, block, first_snippet_id, snippet_ids, popularity, by_popularity, trending, by_trending
    FROM knowhow.model_positions WHERE model_id = :model;
SELECT shown('kept_b') = :'first' AS kept_now;
SELECT bytes > 0 AS some_kept FROM kept;
SELECT knowhow.drop_recommender('kept_b');
SELECT knowhow.create_recommender('kept_b', 'kept_b.snippets', 'kept_b.interactions', labels => 'kept_b.labels');
UPDATE saved_model SET recommender_id = (SELECT recommender_id FROM knowhow.recommender_catalog WHERE name = 'kept_b');
INSERT INTO knowhow.model_catalog OVERRIDING SYSTEM VALUE SELECT * FROM saved_model;
UPDATE saved_positions SET popularity = (SELECT array_agg(1000 + 1000 * i ORDER BY i)::real[] FROM generate_series(1, cardinality(popularity)) i);
INSERT INTO knowhow.model_positions SELECT * FROM saved_positions;
SELECT count(*) FILTER (WHERE (evidence #> '{signals,popularity}')::float8 > 999) > 10 AS read_anew FROM knowhow.recommend(NULL, NULL, 20, 'kept_b');

-- The extension is made again in the same session, and numbers its models as before.
DROP EXTENSION knowhow CASCADE;
DROP SCHEMA kept_a CASCADE;
DROP SCHEMA kept_b CASCADE;
CREATE EXTENSION knowhow;
ALTER TABLE knowhow.model_catalog ALTER model_id RESTART WITH :model;
CALL make_base('kept_b');
DELETE FROM kept_b.snippets WHERE snippet_id > 400;
SELECT knowhow.train('kept_b') = :model AS same_number;
SELECT shown('kept_b') AS fifth \gset
\c
SELECT shown('kept_b') = :'fifth' AND :'fifth' <> :'first' AS another_session;

SET client_min_messages = warning;
DROP SCHEMA kept_b CASCADE;
SELECT knowhow.drop_recommender('kept_b');
DROP VIEW kept;
DROP FUNCTION shown, popular;
DROP PROCEDURE make_base;
