SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_knowhow_carol;
CREATE ROLE regress_knowhow_dave;
CREATE SCHEMA rebuild AUTHORIZATION regress_knowhow_carol;
GRANT USAGE ON SCHEMA rebuild TO regress_knowhow_dave;
SET ROLE regress_knowhow_carol;
-- Whose result will change, as another ICU changes that of to_tfidf().
CREATE FUNCTION rebuild.vector(title text, body text) RETURNS knowhow.tfidf IMMUTABLE LANGUAGE plpgsql
    AS $$ BEGIN RETURN knowhow.to_tfidf('simple', body, title => title, weighting => 'nnn'); END $$;
CREATE TABLE rebuild."my pages" (
    snippet_id bigint PRIMARY KEY, title text, "Body" text, changed boolean DEFAULT false,
    content knowhow.tfidf GENERATED ALWAYS AS (rebuild.vector(title, "Body")) STORED);
CREATE TABLE rebuild.reads (
    user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
CREATE FUNCTION rebuild.as_whom() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE WARNING 'row % is updated as %', new.snippet_id, current_user; RETURN new; END $$;
CREATE TRIGGER as_whom BEFORE UPDATE ON rebuild."my pages"
    FOR EACH ROW EXECUTE FUNCTION rebuild.as_whom();
INSERT INTO rebuild."my pages"
VALUES (1, 'Learning', 'running networks'), (2, 'running', NULL), (3, NULL, NULL), (4, 'Databases', 'tables');
SELECT knowhow.create_recommender('pages', 'rebuild."my pages"', 'rebuild.reads');

-- Nothing has changed: nothing is rewritten.
SELECT knowhow.rebuild_vectors('pages');
SELECT knowhow.train('pages') > 0 AS trained;
SELECT text_version = knowhow.text_version() AS same, text_version_matches FROM knowhow.models
WHERE recommender = 'pages';

-- Another ICU.
RESET ROLE;
UPDATE knowhow.recommender_catalog SET text_version = 'parser 0, ICU 1' WHERE name = 'pages';
CREATE OR REPLACE FUNCTION rebuild.vector(title text, body text) RETURNS knowhow.tfidf IMMUTABLE
    LANGUAGE plpgsql
    AS $$ BEGIN RETURN knowhow.to_tfidf('english', body, title => title, weighting => 'nnn'); END $$;
SET ROLE regress_knowhow_carol;
SELECT text_version_matches FROM knowhow.recommenders WHERE name = 'pages';
\set VERBOSITY terse
SELECT knowhow.train('pages') > 0 AS trained;
\set VERBOSITY default
SELECT text_version = knowhow.text_version() AS same, text_version_matches FROM knowhow.models WHERE recommender = 'pages'
ORDER BY model_id;
-- Only the owner; and whoever calls, triggers run as the owner.
RESET ROLE;
GRANT SELECT ON rebuild."my pages" TO regress_knowhow_dave;
SET ROLE regress_knowhow_dave;
SELECT knowhow.rebuild_vectors('pages');
SELECT knowhow.rebuild_vectors('pages', recompute => false);
RESET ROLE;
SELECT knowhow.rebuild_vectors('pages');
SELECT snippet_id, content FROM rebuild."my pages" ORDER BY snippet_id;
SELECT text_version_matches FROM knowhow.recommenders WHERE name = 'pages';
SELECT knowhow.rebuild_vectors('pages');
-- The model has counted the old terms until the next training.
SELECT text_version_matches FROM knowhow.models WHERE recommender = 'pages' AND state = 'active';
SELECT knowhow.train('pages') > 0 AS trained;
SELECT text_version_matches FROM knowhow.models WHERE recommender = 'pages' AND state = 'active';

-- What cannot be recomputed says so, and how to go on.
SET ROLE regress_knowhow_carol;
CREATE VIEW rebuild.view AS SELECT snippet_id, title, content FROM rebuild."my pages";
CREATE TABLE rebuild.plain (snippet_id bigint, title text, content knowhow.tfidf);
CREATE TABLE rebuild.constant (snippet_id bigint, title text,
    content knowhow.tfidf GENERATED ALWAYS AS (knowhow.to_tfidf('always the same')) STORED);
SELECT knowhow.alter_recommender('pages', snippets => 'rebuild.view');
SELECT knowhow.rebuild_vectors('pages');
SELECT knowhow.alter_recommender('pages', snippets => 'rebuild.plain');
SELECT knowhow.rebuild_vectors('pages');
SELECT knowhow.rebuild_vectors('pages', recompute => false);
SELECT knowhow.alter_recommender('pages', snippets => 'rebuild.constant');
SELECT knowhow.rebuild_vectors('pages');
SELECT knowhow.rebuild_vectors('nobody''s');
BEGIN READ ONLY;
SELECT knowhow.rebuild_vectors('pages');
ROLLBACK;

-- A partitioned table serves as a plain one does.
CREATE TABLE rebuild.parted (snippet_id bigint, title text,
    content knowhow.tfidf GENERATED ALWAYS AS (rebuild.vector(title, '')) STORED)
    PARTITION BY RANGE (snippet_id);
CREATE TABLE rebuild.part PARTITION OF rebuild.parted DEFAULT;
INSERT INTO rebuild.parted VALUES (1, 'running');
CREATE OR REPLACE FUNCTION rebuild.vector(title text, body text) RETURNS knowhow.tfidf IMMUTABLE
    LANGUAGE plpgsql
    AS $$ BEGIN RETURN knowhow.to_tfidf('simple', body, title => title, weighting => 'nnn'); END $$;
SELECT knowhow.alter_recommender('pages', snippets => 'rebuild.parted');
SELECT knowhow.rebuild_vectors('pages');
SELECT content FROM rebuild.parted;

SELECT knowhow.drop_recommender('pages');
RESET ROLE;
SET client_min_messages = error;
DROP SCHEMA rebuild CASCADE;
DROP ROLE regress_knowhow_carol, regress_knowhow_dave;
