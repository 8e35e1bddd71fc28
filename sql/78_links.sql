-- Links between snippets: the table, its binding, and the walk over it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
SELECT knowhow.create_knowledge_base('links_kb');
SET knowhow.recommender = 'links_kb';
SELECT snippets, links FROM knowhow.recommenders WHERE name = 'links_kb';

-- The table.
INSERT INTO links_kb.snippets (snippet_id, title, created_at) SELECT s, 'Title ' || s, '2020-01-01' FROM generate_series(1, 20) s;
INSERT INTO links_kb.links (from_id, to_id) VALUES (1, 2);
INSERT INTO links_kb.links VALUES (2, 3, 'prerequisite'), (3, 2, 'prerequisite'), (1, 2, 'duplicate');
SELECT from_id, to_id, kind, linked_at = now() AS now FROM links_kb.links ORDER BY 1, 2, 3;
INSERT INTO links_kb.links VALUES (1, 2, 'reference');
INSERT INTO links_kb.links VALUES (1, 1, 'reference');
INSERT INTO links_kb.links VALUES (1, 99, 'reference');
INSERT INTO links_kb.links VALUES (1, 3, 'likes');
INSERT INTO links_kb.links VALUES (1, NULL, 'reference');
SELECT indexdef FROM pg_indexes WHERE schemaname = 'links_kb' AND tablename = 'links' ORDER BY 1;
DELETE FROM links_kb.snippets WHERE snippet_id = 2;
SELECT count(*) AS left_over FROM links_kb.links;

-- One liked snippet, nothing but links: one step, two steps, a step against the arrow, a duplicate,
-- and a label of what is linked.
INSERT INTO links_kb.users VALUES (1), (2);
INSERT INTO links_kb.ratings VALUES (1, 1, 5);
SELECT count(*) AS without_links FROM knowhow.recommend(1, NULL, 100) WHERE evidence ? 'links';
INSERT INTO links_kb.links VALUES (1, 3, 'reference'), (4, 1, 'reference'), (3, 5, 'prerequisite'), (1, 6, 'duplicate'), (6, 7, 'reference');
INSERT INTO links_kb.labels (snippet_id, kind, value) VALUES (3, 'topic', 'rare'), (8, 'topic', 'rare');
SELECT rank, snippet_id, reason, evidence -> 'links' AS links FROM knowhow.recommend(1, NULL, 6);
SELECT snippet_id, reason FROM knowhow.recommend(1, NULL, 100) WHERE snippet_id = 6;
SELECT signal, found, raw_value, largest_value, weight, contribution, evidence FROM knowhow.explain_recommendation(1, NULL, 5) WHERE signal = 'links';
SELECT rank, snippet_id, reason FROM knowhow.similar(1, 3);
-- The same after training, for nobody, for a list, and with a query.
SELECT knowhow.train() > 0 AS trained;
SELECT rank, snippet_id, reason FROM knowhow.recommend(1, NULL, 5);
SELECT rank, snippet_id, reason FROM knowhow.recommend(NULL, NULL, 5, history => '{1}');
SELECT count(*) AS of_nobody FROM knowhow.recommend(2, NULL, 100) WHERE evidence ? 'links';
SELECT rank, snippet_id, reason FROM knowhow.recommend(1, 'title', 3);
SELECT count(*), max(abs(score - (SELECT sum(value::float8) FROM jsonb_each_text(evidence -> 'parts')))) < 1e-9 AS adds_up FROM knowhow.recommend(1, 'title', 100);
-- A new snippet is reachable by a link from its first second.
INSERT INTO links_kb.snippets (snippet_id, title, created_at) VALUES (30, 'Linked at once', '1999-01-01');
INSERT INTO links_kb.links VALUES (1, 30, 'reference');
SELECT reason FROM knowhow.recommend(1, NULL, 100) WHERE snippet_id = 30;
-- What was disliked leads nowhere; weight 0 switches the signal off.
DELETE FROM links_kb.ratings;
INSERT INTO links_kb.events (user_id, snippet_id, kind) VALUES (1, 1, 'dismiss');
SELECT count(*) AS from_dislike FROM knowhow.recommend(1, NULL, 100) WHERE evidence ? 'links';
DELETE FROM links_kb.events;
INSERT INTO links_kb.ratings VALUES (1, 1, 5);
SELECT knowhow.alter_recommender('links_kb', params => '{"links_weight": 0}');
SELECT count(*) AS weighed FROM knowhow.recommend(1, NULL, 100) WHERE evidence -> 'parts' ? 'links';
SELECT knowhow.alter_recommender('links_kb', params => '{"links_weight": -1}');
SELECT knowhow.alter_recommender('links_kb', params => '{"links_weight": null}');
SELECT knowhow.alter_recommender('links_kb', links => '-');
SELECT count(*) AS unbound FROM knowhow.recommend(1, NULL, 100) WHERE evidence ? 'links';
SELECT knowhow.alter_recommender('links_kb', links => 'links_kb.links');
SELECT count(*) > 0 AS bound_again FROM knowhow.recommend(1, NULL, 100) WHERE evidence ? 'links';

-- Row security: what the caller may not read is neither start nor way nor end; nor what the person
-- may not see.
CREATE ROLE links_reader;
GRANT USAGE ON SCHEMA links_kb TO links_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA links_kb TO links_reader;
REVOKE SELECT ON links_kb.links FROM links_reader;
SET ROLE links_reader;
SELECT count(*) > 0 AS served, bool_or(evidence ? 'links') AS linked FROM knowhow.recommend(1, NULL, 100);
RESET ROLE;
GRANT SELECT ON links_kb.links TO links_reader;
ALTER TABLE links_kb.snippets ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON links_kb.snippets TO links_reader USING (snippet_id <> ALL (nullif(current_setting('links.hidden', true), '')::bigint[]));
CREATE FUNCTION links_kb.linked(OUT linked bigint[], OUT named boolean) LANGUAGE sql AS $$
    SELECT array_agg(snippet_id ORDER BY snippet_id) FILTER (WHERE evidence ? 'links'), bool_or(evidence::text || reason ~ ANY (SELECT 'Title ' || h || '\M' FROM unnest(current_setting('links.hidden')::bigint[]) h))
    FROM knowhow.recommend(1, NULL, 100) $$;
SET ROLE links_reader;
SET links.hidden = '{0}';
SELECT * FROM links_kb.linked();
SET links.hidden = '{3}';
SELECT * FROM links_kb.linked();
SET links.hidden = '{1}';
SELECT * FROM links_kb.linked();
SET links.hidden = '{6,5}';
SELECT * FROM links_kb.linked();
RESET ROLE;
ALTER TABLE links_kb.snippets DISABLE ROW LEVEL SECURITY;
UPDATE links_kb.snippets SET visibility = 'private' WHERE snippet_id = 3;
SET links.hidden = '{3}';
SELECT * FROM links_kb.linked();
UPDATE links_kb.snippets SET visibility = 'public';
-- And of the links themselves.
ALTER TABLE links_kb.links ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON links_kb.links TO links_reader USING (kind = 'prerequisite');
SET ROLE links_reader;
SELECT * FROM links_kb.linked();
RESET ROLE;
ALTER TABLE links_kb.links DISABLE ROW LEVEL SECURITY;

-- A hub: many links are walked in part, and cost no more.
INSERT INTO links_kb.snippets (snippet_id, title, created_at) SELECT s, 'Many ' || s, '2019-01-01' FROM generate_series(1001, 4000) s;
INSERT INTO links_kb.links SELECT 1, s, 'reference' FROM generate_series(1001, 4000) s;
SELECT count(*), min(snippet_id) FROM knowhow.recommend(1, NULL, 1000) WHERE evidence @> '{"links": [{"snippet_id": 1}]}' AND snippet_id > 1000;

-- Bound relations: their columns, kinds of rows that no key forbids, and what happens to them.
CREATE SCHEMA links_bound;
CREATE TABLE links_bound.snippets AS SELECT snippet_id, title, content FROM links_kb.snippets WHERE snippet_id < 10;
CREATE TABLE links_bound.likes (user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
INSERT INTO links_bound.likes VALUES (1, 1, 1, now());
CREATE TABLE links_bound.cites (from_id bigint, to_id bigint, kind varchar(10), note text);
INSERT INTO links_bound.cites VALUES (1, 3, 'cites'), (1, 3, 'cites'), (1, 1, 'cites'), (NULL, 1, 'cites'), (1, NULL, 'cites'), (1, 4, NULL), (1, 777, 'cites'), (3, 5, ''), (5, 3, 'it''s "odd"');
SELECT knowhow.create_recommender('links_bound', 'links_bound.snippets', 'links_bound.likes', links => 'links_bound.likes');
SELECT knowhow.create_recommender('links_bound', 'links_bound.snippets', 'links_bound.likes', links => 'links_kb.links_pkey');
SELECT knowhow.create_recommender('links_bound', 'links_bound.snippets', 'links_bound.likes', NULL, NULL, NULL, NULL, 'item_knn', '{}');
SELECT links FROM knowhow.recommenders WHERE name = 'links_bound';
SELECT knowhow.alter_recommender('links_bound', links => 'links_bound.cites');
SELECT snippet_id, reason, evidence -> 'links' AS links FROM knowhow.recommend(1, NULL, 2, 'links_bound');
ALTER TABLE links_bound.cites RENAME TO citations;
SELECT count(*) FROM knowhow.recommend(1, NULL, 2, 'links_bound');
SELECT knowhow.alter_recommender('links_bound', links => 'links_bound.citations');
ALTER TABLE links_bound.citations ALTER COLUMN to_id TYPE text;
SELECT count(*) FROM knowhow.recommend(1, NULL, 2, 'links_bound');
DROP TABLE links_bound.citations;
SELECT count(*) FROM knowhow.recommend(1, NULL, 2, 'links_bound');
SELECT knowhow.alter_recommender('links_bound', links => '-');
SELECT count(*) FROM knowhow.recommend(1, NULL, 2, 'links_bound');
-- A recommender from before there were links: six names, and none of them.
UPDATE knowhow.recommender_catalog SET bound_names = bound_names[1:6], links = NULL WHERE name IN ('links_bound', 'links_kb');
SELECT count(*) FROM knowhow.recommend(1, NULL, 2, 'links_bound');
SELECT knowhow.train('links_kb') > 0 AS trained;
SELECT count(*) > 0 AS served FROM knowhow.recommend(1);
SELECT knowhow.alter_recommender('links_kb', links => 'links_kb.links');
SELECT count(*) > 0 AS linked FROM knowhow.recommend(1, NULL, 100) WHERE evidence ? 'links';

-- evaluate() walks as recommend() does: today's order is that of recommend_as_of().
DELETE FROM links_kb.snippets WHERE snippet_id > 1000;
INSERT INTO links_kb.ratings VALUES (2, 3, 5), (2, 5, 4);
SELECT knowhow.train('links_kb') > 0 AS trained;
SELECT bool_and(a.rank = r.rank AND abs(a.score - r.score) < 1e-6) AS same, count(*) > 5 AS many FROM knowhow.recommend_as_of(1, NULL) a FULL JOIN knowhow.recommend(1, NULL, 100) r USING (snippet_id);
SELECT bool_and(a.rank = r.rank AND abs(a.score - r.score) < 1e-6) AS same, count(*) > 5 AS many FROM knowhow.recommend_as_of(2, NULL) a FULL JOIN knowhow.recommend(2, NULL, 100) r USING (snippet_id);

DROP SCHEMA links_kb, links_bound CASCADE;
SELECT knowhow.drop_recommender('links_kb');
SELECT knowhow.drop_recommender('links_bound');
RESET knowhow.recommender;
DROP ROLE links_reader;
