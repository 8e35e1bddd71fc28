-- The source of labels: which snippets it brings.
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
    WHERE (s.snippet_id <= 20 OR s.snippet_id % 10 = 1 OR s.snippet_id > 570) AND s.snippet_id <= 600 AND e.signal = 'labels' $$;
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
-- What the caller may not see takes no place.
DELETE FROM labelled.ratings WHERE snippet_id > 1;
UPDATE labelled.snippets SET visibility = 'private' WHERE snippet_id BETWEEN 2 AND 570;
SELECT * FROM labelled.found();
-- A small knowledge base is ranked whole, unless somebody names a depth.
DELETE FROM labelled.snippets WHERE snippet_id > 600;
UPDATE labelled.snippets SET visibility = 'public';
CREATE FUNCTION labelled.candidates() RETURNS text LANGUAGE sql AS $$
    SELECT substring(why FROM 'of \d+ candidates') FROM knowhow.explain_recommendation(1, 'title', 7, recommender => 'labelled') LIMIT 1 $$;
SELECT labelled.candidates();
SELECT knowhow.alter_recommender('labelled', params => '{"pool_depth": null}') \g /dev/null
SELECT labelled.candidates();
SELECT knowhow.drop_recommender('labelled');
DROP SCHEMA labelled CASCADE;
