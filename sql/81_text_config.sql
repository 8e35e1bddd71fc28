SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA configs;
CREATE TEXT SEARCH CONFIGURATION configs."Mine" (COPY = pg_catalog.simple);
CREATE TABLE configs.pages (snippet_id bigint PRIMARY KEY, title text, content knowhow.tfidf
    GENERATED ALWAYS AS (knowhow.to_tfidf('configs."Mine"', title)) STORED);
CREATE TABLE configs.reads (
    user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
INSERT INTO configs.pages VALUES (1, 'running tests'), (2, 'a run'), (3, 'the test');

-- A query is read as the default configuration reads it, unless told otherwise.
SELECT knowhow.create_recommender('pages', 'configs.pages', 'configs.reads');
SELECT snippet_id FROM knowhow.search('running', recommender => 'pages');
SELECT knowhow.alter_recommender('pages', params => '{"text_config": "configs.\"Mine\""}');
SELECT params FROM knowhow.recommenders WHERE name = 'pages';
SELECT snippet_id, reason FROM knowhow.search('running', recommender => 'pages');
SELECT snippet_id FROM knowhow.recommend(1, 'The', recommender => 'pages') LIMIT 1;
SELECT knowhow.to_tfidf_query('running the', recommender => 'pages');
SELECT knowhow.to_tfidf_query('english', 'running the', recommender => 'pages');
SELECT knowhow.train('pages') > 0 AS trained;
SELECT knowhow.scikit_tfidf('running', recommender => 'pages', norm => 'none', use_idf => false);
SELECT knowhow.scikit_tfidf('english', 'running', recommender => 'pages');

-- A bare name is one of pg_catalog, whatever the search_path.
SET search_path = configs, public;
SELECT knowhow.alter_recommender('pages', params => '{"text_config": "\"Mine\""}');
RESET search_path;
SELECT knowhow.alter_recommender('pages', params => '{"text_config": "simple"}');
SELECT snippet_id FROM knowhow.search('running', recommender => 'pages');

-- What is no configuration is refused.
SELECT knowhow.alter_recommender('pages', params => '{"text_config": "klingon"}');
SELECT knowhow.alter_recommender('pages', params => '{"text_config": "a.b.c.d"}');
SELECT knowhow.alter_recommender('pages', params => '{"text_config": ""}');
SELECT knowhow.alter_recommender('pages', params => '{"text_config": 1}');
SELECT knowhow.alter_recommender('pages', params => '{"text_config": ["english"]}');
SELECT knowhow.create_recommender('b', 'configs.pages', 'configs.reads',
                                  params => '{"text_config": "klingon"}');
SELECT knowhow.alter_recommender('pages', params => '{"shrinkage": "english"}');

-- One that has been dropped since, a clear error; null brings the default back.
SELECT knowhow.alter_recommender('pages', params => '{"text_config": "configs.\"Mine\""}');
ALTER TEXT SEARCH CONFIGURATION configs."Mine" RENAME TO yours;
SELECT snippet_id FROM knowhow.search('running', recommender => 'pages');
SELECT knowhow.alter_recommender('pages', params => '{"text_config": null}');
SELECT snippet_id FROM knowhow.search('running', recommender => 'pages');
SELECT name, type, default_value, minimum, maximum FROM knowhow.known_parameters()
WHERE name IN ('freshness_weight', 'history', 'text_config');

SELECT knowhow.drop_recommender('pages');
SET client_min_messages = error;
DROP SCHEMA configs CASCADE;
