-- Recommenders over existing relations: what is checked, who may do what, what happens later.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set SHOW_CONTEXT never

CREATE ROLE regress_knowhow_alice;
CREATE ROLE regress_knowhow_bob;
CREATE ROLE regress_knowhow_group;
GRANT regress_knowhow_group TO regress_knowhow_alice;
CREATE SCHEMA alice AUTHORIZATION regress_knowhow_alice;
CREATE SCHEMA bob AUTHORIZATION regress_knowhow_bob;

-- Nobody without rights reads or writes the catalogue's tables.
SET ROLE regress_knowhow_bob;
SELECT count(*) FROM knowhow.recommender_catalog;
INSERT INTO knowhow.model_items VALUES (1, 1, 1, '{}', '{}');
SELECT count(*) FROM knowhow.recommenders;
RESET ROLE;

-- Every missing or wrongly typed column is named at once.
SET ROLE regress_knowhow_alice;
CREATE TABLE alice.notes (snippet_id integer, heading text, kind integer);
CREATE TABLE alice.likes (user_id bigint, weight double precision, occurred_at timestamp);
SELECT knowhow.create_recommender('notes', 'alice.notes', 'alice.likes', labels => 'alice.notes');
DROP TABLE alice.notes, alice.likes;

-- Domains and varchar are as good as their base types; more columns do no harm.
CREATE DOMAIN alice.person AS bigint CHECK (VALUE > 0);
CREATE TABLE alice.notes (snippet_id bigint PRIMARY KEY, title varchar(200), content knowhow.tfidf,
                          extra jsonb);
CREATE TABLE alice.likes (user_id alice.person, snippet_id bigint, weight real,
                          occurred_at timestamptz);
CREATE TABLE alice.tags (snippet_id bigint, kind text, value text);
CREATE VIEW alice.tag_view AS SELECT * FROM alice.tags;
SELECT knowhow.create_recommender('notes', 'alice.notes', 'alice.likes', 'alice.tag_view',
                                  params => '{"neighbours": 50, "shrinkage": 2.5, "k": null}');
SELECT name, snippets, interactions, labels, ratings, events, owner, algorithm, params, active_model
FROM knowhow.recommenders;

-- Names: taken, empty, too long, null, odd.
SELECT knowhow.create_recommender('notes', 'alice.notes', 'alice.likes');
SELECT knowhow.create_recommender('', 'alice.notes', 'alice.likes');
SELECT knowhow.create_recommender(repeat('é', 32), 'alice.notes', 'alice.likes');
SELECT knowhow.create_recommender(NULL, 'alice.notes', 'alice.likes');
SELECT knowhow.create_recommender('a', NULL, 'alice.likes');
SELECT knowhow.create_recommender('a', 'alice.notes', '-');
SELECT knowhow.create_recommender('a', 'alice.notes', 4294967295::oid::regclass);
SELECT knowhow.create_recommender(E'"; DROP TABLE notes; --\n''', 'alice.notes', 'alice.likes');
SELECT knowhow.drop_recommender(E'"; DROP TABLE notes; --\n''');

-- Only tables and views that last.
CREATE SEQUENCE alice.numbers;
CREATE TEMPORARY TABLE passing (LIKE alice.likes);
SELECT knowhow.create_recommender('a', 'alice.notes', 'alice.numbers');
DO $$
BEGIN
    PERFORM knowhow.create_recommender('a', 'alice.notes', 'passing');
EXCEPTION WHEN wrong_object_type THEN
    RAISE WARNING '%', regexp_replace(sqlerrm, 'pg_temp_\d+', 'pg_temp');
END
$$;
DROP TABLE passing;

-- Parameters and algorithms.
SELECT count(*) > 0 AS some,
       bool_and(type = 'text' OR default_value::float8 BETWEEN minimum AND maximum) AS fitting,
       bool_and(type IN ('integer', 'real', 'text')) AS typed,
       count(DISTINCT name) = count(*) AS distinct
FROM knowhow.known_parameters();
SELECT knowhow.create_recommender('a', 'alice.notes', 'alice.likes', params => '[1]');
\set VERBOSITY terse
SELECT knowhow.create_recommender('a', 'alice.notes', 'alice.likes', algorithm => 'magic');
SELECT knowhow.alter_recommender('notes', params => '{"shrinkage": 1, "neighbour": 1}');
\set VERBOSITY default
SELECT knowhow.alter_recommender('notes', params => '{"neighbours": 0}');
SELECT knowhow.alter_recommender('notes', params => '{"neighbours": 10001}');
SELECT knowhow.alter_recommender('notes', params => '{"neighbours": 2.5}');
SELECT knowhow.alter_recommender('notes', params => '{"neighbours": "many"}');
SELECT knowhow.alter_recommender('notes', params => '{"shrinkage": 1e300}');
SELECT knowhow.alter_recommender('notes', params => '{"shrinkage": [1]}');
SELECT knowhow.alter_recommender('notes', algorithm => 'user_knn',
                                 params => '{"shrinkage": null, "k": 7}');
SELECT name, labels, algorithm, params FROM knowhow.recommenders;

-- Unbinding, renaming, and names that are taken.
SELECT knowhow.alter_recommender('notes', labels => '-');
SELECT knowhow.alter_recommender('notes', interactions => '-');
SELECT knowhow.create_recommender('other', 'alice.notes', 'alice.likes');
SELECT knowhow.alter_recommender('notes', new_name => 'other');
SELECT knowhow.alter_recommender('notes', new_name => 'my notes');
SELECT knowhow.alter_recommender('notes');
SELECT name, labels FROM knowhow.recommenders ORDER BY name;
SELECT knowhow.drop_recommender('other');
GRANT USAGE ON SCHEMA alice TO regress_knowhow_bob;
RESET ROLE;

-- Ownership: of snippets to bind and to change, one owner (or a superuser) for all.
SET ROLE regress_knowhow_bob;
SELECT count(*) FROM knowhow.recommenders;
CREATE TABLE bob.likes (user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
SELECT knowhow.create_recommender('bobs', 'alice.notes', 'bob.likes');
SELECT knowhow.alter_recommender('my notes', params => '{"k": 1}');
SELECT knowhow.drop_recommender('my notes');
GRANT USAGE ON SCHEMA bob TO regress_knowhow_alice;
SET ROLE regress_knowhow_alice;
SELECT knowhow.alter_recommender('my notes', interactions => 'bob.likes');
RESET ROLE;
ALTER TABLE bob.likes OWNER TO CURRENT_USER;
SET ROLE regress_knowhow_alice;
SELECT knowhow.alter_recommender('my notes', interactions => 'bob.likes');
SELECT knowhow.alter_recommender('my notes', interactions => 'alice.likes');
-- Who may read the snippets sees the recommender, and changes nothing.
GRANT SELECT ON alice.notes TO regress_knowhow_bob;
SET ROLE regress_knowhow_bob;
SELECT name, interactions::text FROM knowhow.recommenders;
SELECT knowhow.drop_recommender('my notes');
-- Members of the owning role may.
RESET ROLE;
ALTER TABLE alice.notes OWNER TO regress_knowhow_group;
ALTER TABLE alice.likes OWNER TO regress_knowhow_group;
SET ROLE regress_knowhow_alice;
SELECT knowhow.alter_recommender('my notes', params => '{"k": 3}');
RESET ROLE;
SELECT name, owner FROM knowhow.recommenders;

-- Models: one active, activation by the owner, clear errors.
INSERT INTO knowhow.model_catalog (model_id, recommender_id, state, algorithm, params, seed)
SELECT id, (SELECT max(recommender_id) FROM knowhow.recommender_catalog WHERE name = 'my notes'),
       state, 'item_knn', '{}', 0
FROM (VALUES (901, 'active'), (902, 'retired'), (903, 'building'), (904, 'failed')) AS m(id, state);
\set VERBOSITY terse
UPDATE knowhow.model_catalog SET state = 'active' WHERE model_id = 902;
\set VERBOSITY default
SET ROLE regress_knowhow_alice;
SELECT knowhow.activate_model(902);
SELECT model_id, recommender, state FROM knowhow.models ORDER BY model_id;
SELECT knowhow.activate_model(902);
SELECT active_model FROM knowhow.recommenders;
SELECT knowhow.activate_model(903);
SELECT knowhow.activate_model(904);
SELECT knowhow.activate_model(905);
SELECT knowhow.activate_model(NULL);
SET ROLE regress_knowhow_bob;
SELECT knowhow.activate_model(901);
RESET ROLE;
REVOKE SELECT ON alice.notes FROM regress_knowhow_bob;
SET ROLE regress_knowhow_bob;
SELECT knowhow.activate_model(901);
SELECT count(*) FROM knowhow.models;
RESET ROLE;

-- Read-only transactions.
BEGIN READ ONLY;
SELECT knowhow.create_recommender('a', 'alice.notes', 'alice.likes');
ROLLBACK;
BEGIN READ ONLY;
SELECT knowhow.alter_recommender('my notes');
ROLLBACK;
BEGIN READ ONLY;
SELECT knowhow.drop_recommender('my notes');
ROLLBACK;
BEGIN READ ONLY;
SELECT knowhow.activate_model(901);
ROLLBACK;

-- A relation that was renamed, or is gone, is never silently another one.
ALTER TABLE alice.likes RENAME TO "Likes'";
SELECT knowhow.activate_model(901);
SELECT knowhow.alter_recommender('my notes', interactions => 'alice."Likes''"');
SELECT knowhow.activate_model(901);
DROP TABLE alice."Likes'";
SELECT knowhow.activate_model(902);
CREATE TABLE alice.likes (user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
ALTER TABLE alice.likes OWNER TO regress_knowhow_group;
SELECT knowhow.alter_recommender('my notes', interactions => 'alice.likes');
SELECT knowhow.activate_model(902);
DROP TABLE alice.notes;
SELECT knowhow.activate_model(901);
SELECT knowhow.alter_recommender('my notes', snippets => 'alice.likes');
SELECT count(*) FROM knowhow.recommenders;
-- Its name is free, and nothing of the old models comes along.
CREATE TABLE alice.notes (snippet_id bigint, title text, content knowhow.tfidf);
ALTER TABLE alice.notes OWNER TO regress_knowhow_group;
SELECT knowhow.create_recommender('my notes', 'alice.notes', 'alice.likes');
SELECT count(*) FROM knowhow.model_catalog;

-- Dropping takes models and their rows along.
INSERT INTO knowhow.model_catalog (model_id, recommender_id, state, algorithm, params, seed)
SELECT 901, max(recommender_id), 'active', 'item_knn', '{}', 0 FROM knowhow.recommender_catalog;
INSERT INTO knowhow.model_items VALUES (901, 1, 0, '{1}', '{0.5}');
INSERT INTO knowhow.model_positions VALUES (901, 0, 1, '{1}', '{0.5}', '{0}', '{0.5}', '{0}');
INSERT INTO knowhow.model_statistics VALUES (901, 't', 'a', '''a'':1');
INSERT INTO knowhow.training_run_catalog (recommender_id, model_id, state)
SELECT recommender_id, 901, 'succeeded' FROM knowhow.model_catalog;
SELECT recommender, model_id, state FROM knowhow.training_runs;
SELECT knowhow.drop_recommender('my notes');
SELECT (SELECT count(*) FROM knowhow.model_catalog), (SELECT count(*) FROM knowhow.model_items),
       (SELECT count(*) FROM knowhow.model_positions),
       (SELECT count(*) FROM knowhow.model_statistics),
       (SELECT count(*) FROM knowhow.training_run_catalog);
SELECT knowhow.drop_recommender('my notes');

-- Rows that a database owner may have forged, or a restore left over, are errors and no crashes.
INSERT INTO knowhow.recommender_catalog (recommender_id, name, snippets, interactions, bound_names, params)
VALUES (900, 'forged', 'alice.notes', '-', '{alice.notes,NULL,NULL,NULL,NULL,NULL}', '{"k": -1}'),
       (901, 'wild', 4294967295, 4294967294, '{NULL,NULL,NULL,NULL,NULL,NULL}', '{}');
INSERT INTO knowhow.model_catalog (model_id, recommender_id, state, algorithm, params, seed)
VALUES (900, 900, 'retired', '', '[]', 0), (901, 901, 'retired', '', '[]', 0),
       (902, 902, 'retired', '', '[]', 0);
SELECT knowhow.activate_model(900);
SELECT knowhow.activate_model(901);
SELECT knowhow.activate_model(902);
SELECT knowhow.alter_recommender('forged', interactions => 'alice.likes');
SELECT knowhow.activate_model(900);
SELECT knowhow.drop_recommender('forged');
SELECT knowhow.drop_recommender('wild');
DELETE FROM knowhow.model_catalog;

-- Each object of the chapter is described; no column type stops pg_upgrade.
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'knowhow'::regnamespace AND c.relkind IN ('r', 'v', 'm')
  AND obj_description(c.oid, 'pg_class') IS NULL;
SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE c.relnamespace = 'knowhow'::regnamespace AND c.relkind = 'r' AND attnum > 0
  AND atttypid IN ('regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype,
                   'regoperator'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype,
                   'regnamespace'::regtype, 'regcollation'::regtype);

DROP SCHEMA alice, bob CASCADE;
DROP ROLE regress_knowhow_alice, regress_knowhow_bob, regress_knowhow_group;
