-- Which snippets the sources bring, how many, and how far they look.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;

-- Whom a liked label concerns is read best first, until ten pass or more: of all that bear it, where
-- these are few; where they are many, which nobody knows before the first training, by what passes.
SELECT knowhow.create_knowledge_base('labelled') \g /dev/null
SELECT knowhow.alter_recommender('labelled', params => '{"pool_depth": 10}') \g /dev/null
INSERT INTO labelled.users VALUES (1);
INSERT INTO labelled.snippets (snippet_id, title, kind)
    SELECT s, 'title ' || s, CASE WHEN s BETWEEN 581 AND 600 THEN 'video' ELSE 'document' END FROM generate_series(1, 2100) AS s;
INSERT INTO labelled.labels (snippet_id, kind, value)
    SELECT s, 'topic', 'many' FROM generate_series(1, 2100) AS s
    UNION ALL SELECT s, 'topic', 'few' FROM generate_series(1, 600, 10) AS s;
CREATE FUNCTION labelled.found(kinds text[] DEFAULT NULL) RETURNS TABLE (found bigint, of bigint, first bigint, last bigint)
LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE e.found), count(*), min(s.snippet_id) FILTER (WHERE e.found), max(s.snippet_id) FILTER (WHERE e.found)
    FROM labelled.snippets s, knowhow.explain_recommendation(1, NULL, s.snippet_id, 1, 'labelled', kinds => found.kinds) e
    WHERE (s.snippet_id <= 20 OR s.snippet_id % 10 IN (1, 2) OR s.snippet_id > 570) AND s.snippet_id <= 600 AND e.signal = 'labels' $$;
-- Of 2,100 that bear "many" the first; with a filter that lets the last twenty through, the first of these.
INSERT INTO labelled.ratings VALUES (1, 2, 5);
SELECT * FROM labelled.found();
SELECT * FROM labelled.found('{video}');
-- Of 60 that bear "few" the first ten are what is liked, and left out.
DELETE FROM labelled.ratings;
DELETE FROM labelled.labels WHERE value = 'many';
INSERT INTO labelled.ratings SELECT 1, s, 5 FROM generate_series(1, 101, 10) AS s;
SELECT * FROM labelled.found();
SELECT * FROM labelled.found('{video}');
-- Those that bear two liked labels come first, be each of the two less liked than the one of others.
DELETE FROM labelled.ratings;
INSERT INTO labelled.labels (snippet_id, kind, value) SELECT s, 'tag', value FROM generate_series(402, 592, 10) AS s, unnest('{left,right}'::text[]) AS value;
INSERT INTO labelled.ratings VALUES (1, 1, 5), (1, 592, 5);
SELECT * FROM labelled.found();
DELETE FROM labelled.labels WHERE kind = 'tag';
DELETE FROM labelled.ratings WHERE snippet_id = 592;
-- What the caller may not see takes no place.
UPDATE labelled.snippets SET visibility = 'private' WHERE snippet_id BETWEEN 2 AND 570;
SELECT * FROM labelled.found();
-- People alike, and links, are looked through further where filters let few pass.
DELETE FROM labelled.snippets WHERE snippet_id > 600;
UPDATE labelled.snippets SET visibility = 'public';
INSERT INTO labelled.users VALUES (2);
INSERT INTO labelled.ratings SELECT 2, s, 5 FROM generate_series(1, 60) AS s UNION ALL SELECT 2, 590, 1;
INSERT INTO labelled.links (from_id, to_id, kind) SELECT 1, s, 'reference' FROM generate_series(2, 16) AS s UNION ALL SELECT 1, 595, 'reference';
SELECT knowhow.alter_recommender('labelled', algorithm => 'user_knn') \g /dev/null
SELECT s AS snippet_id, signal FROM unnest('{590,595}'::bigint[]) AS s, knowhow.explain_recommendation(1, NULL, s, 1, 'labelled', kinds => '{video}')
WHERE found AND signal IN ('collaborative', 'links') ORDER BY s;
SELECT knowhow.alter_recommender('labelled', algorithm => 'slim') \g /dev/null
-- A small knowledge base is ranked whole, unless somebody names a depth that does not reach so far.
CREATE FUNCTION labelled.candidates(depth int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM knowhow.alter_recommender('labelled', params => jsonb_build_object('pool_depth', depth));
    RETURN (SELECT substring(why FROM 'of \d+ candidates') FROM knowhow.explain_recommendation(1, 'nowhere', 7, recommender => 'labelled') LIMIT 1);
END $$;
SELECT labelled.candidates(200), labelled.candidates(NULL), labelled.candidates(600);
SELECT knowhow.train('labelled') > 0 AS trained;
SELECT labelled.candidates(200), labelled.candidates(600), labelled.candidates(NULL);
SELECT count(*), count(*) FILTER (WHERE (r.snippet_id, r.score) = (a.snippet_id, a.score)) AS same
FROM knowhow.recommend(1, NULL, 10, 'labelled') r LEFT JOIN knowhow.recommend_as_of(1, recommender => 'labelled') a USING (rank);
-- Not so when a model knows more than a thousand.
INSERT INTO labelled.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(601, 1001) AS s;
SELECT knowhow.train('labelled') > 0 AS trained;
SELECT labelled.candidates(NULL) = labelled.candidates(50) AS default_depth;
SELECT knowhow.drop_recommender('labelled');
DROP SCHEMA labelled CASCADE;
