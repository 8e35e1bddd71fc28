-- recommend(), search(), similar(): what they answer, refuse, and never show.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'

-- Without any recommender, and with an empty knowledge base.
SELECT * FROM knowhow.recommend(1, recommender => 'serve_kb');
SELECT knowhow.create_knowledge_base('serve_kb');
SET knowhow.recommender = 'serve_kb';
SELECT count(*) FROM knowhow.recommend(1);
SELECT count(*) FROM knowhow.recommend(NULL, NULL, NULL);
SELECT count(*) FROM knowhow.recommend(1, '');
SELECT count(*) FROM knowhow.recommend(1, 'anything', history => '{1,2}');
SELECT count(*) FROM knowhow.search('anything');
SELECT count(*) FROM knowhow.search(NULL);
SELECT count(*) FROM knowhow.similar(1);
SELECT count(*) FROM knowhow.similar(NULL);
SELECT knowhow.train() > 0 AS trained_on_nothing;
SELECT count(*) FROM knowhow.recommend(1, 'anything');

-- One snippet and nobody; then two, one of them without a word.
INSERT INTO serve_kb.snippets (snippet_id, title, body) VALUES (1, 'Deep learning', 'neural networks');
SELECT rank, snippet_id, title, reason FROM knowhow.recommend(1);
SELECT rank, snippet_id, title, reason FROM knowhow.recommend(NULL, 'learning');
SELECT rank, snippet_id, title, reason FROM knowhow.recommend(NULL, 'xyzzy');
SELECT rank, snippet_id, score > 0 AS scored, reason FROM knowhow.search('neural');
SELECT count(*) FROM knowhow.search('xyzzy');
SELECT count(*) FROM knowhow.search('the of and');
SELECT count(*) FROM knowhow.similar(1);
INSERT INTO serve_kb.snippets (snippet_id, title, body) VALUES (2, NULL, NULL);
SELECT rank, snippet_id, title, reason FROM knowhow.recommend(1);
SELECT snippet_id FROM knowhow.similar(2);
INSERT INTO serve_kb.users (user_id, name) VALUES (1, 'Ann');
INSERT INTO serve_kb.ratings VALUES (1, 1, 5), (1, 2, 5);
SELECT knowhow.train() > 0 AS trained_on_one_person;
SELECT count(*) FROM knowhow.recommend(1);
SELECT rank, snippet_id FROM knowhow.recommend(1, exclude => '{}');
SELECT rank, snippet_id FROM knowhow.recommend(1, exclude => NULL);
DELETE FROM serve_kb.snippets;
SELECT count(*) FROM knowhow.recommend(1, 'learning', exclude => '{}', history => '{1,2}');

-- A small company: two circles of readers, three teams.
INSERT INTO serve_kb.teams VALUES (1, 'vision'), (2, 'support'), (3, 'nobody');
INSERT INTO serve_kb.users SELECT u, 'person ' || u, 1 + u % 2 FROM generate_series(2, 20) u;
UPDATE serve_kb.users SET team_id = 2 WHERE user_id = 1;
INSERT INTO serve_kb.snippets (snippet_id, kind, title, body, team_id)
SELECT s, CASE s % 3 WHEN 0 THEN 'article' WHEN 1 THEN 'code' ELSE 'course' END,
       CASE s % 2 WHEN 0 THEN 'Vision ' ELSE 'Support ' END || s,
       CASE s % 2 WHEN 0 THEN 'convolution pixels camera common' ELSE 'ticket complaint customer common' END,
       1 + s % 2
FROM generate_series(1, 24) s;
INSERT INTO serve_kb.snippets (snippet_id, title, body)
VALUES (25, 'He said "hi\there"', E'quote'' \\ "common"'), (26, '客户投诉处理流程', '客户投诉先登记,再处理。'), (27, NULL, NULL);
INSERT INTO serve_kb.labels (snippet_id, kind, value)
SELECT s, 'topic', CASE s % 2 WHEN 0 THEN 'vision' ELSE 'support' END FROM generate_series(1, 24) s
UNION ALL SELECT s, 'tag', 'a:b:' || s % 4 FROM generate_series(1, 24) s
UNION ALL SELECT s, 'difficulty', CASE WHEN s <= 12 THEN 'easy' ELSE 'hard' END FROM generate_series(1, 24) s;
-- Person u reads snippets of u's parity, 1 to 20.
INSERT INTO serve_kb.ratings (user_id, snippet_id, rating)
SELECT u, s, 3 + (u * s) % 3 FROM generate_series(2, 20) u, generate_series(1, 20) s
WHERE u % 2 = s % 2 AND (u + s) % 3 <> 0;
INSERT INTO serve_kb.ratings VALUES (1, 3, 5), (1, 5, 4);
SELECT knowhow.train() > 0 AS trained;

-- Different people, different orders; what they rated is not shown.
SELECT string_agg(title, ', ' ORDER BY rank) FROM knowhow.recommend(2, max_results => 5);
SELECT string_agg(title, ', ' ORDER BY rank) FROM knowhow.recommend(3, max_results => 5);
SELECT count(*) FROM knowhow.recommend(2, max_results => 100) JOIN serve_kb.ratings r USING (snippet_id) WHERE r.user_id = 2;
SELECT string_agg(title, ', ' ORDER BY rank) FROM knowhow.recommend(2, 'common', max_results => 4);
SELECT string_agg(title, ', ' ORDER BY rank) FROM knowhow.recommend(3, 'common', max_results => 4);
SELECT rank, title, reason FROM knowhow.recommend(1, 'ticket', max_results => 3);
-- An unknown person: the query, or what is popular.
SELECT rank, title, reason FROM knowhow.recommend(999, 'camera', max_results => 2);
SELECT rank, reason FROM knowhow.recommend(999, max_results => 2);
SELECT rank, reason FROM knowhow.recommend(999, 'xyzzy', max_results => 2);
SELECT rank, title, reason FROM knowhow.recommend(999, '客户投诉处理', max_results => 1);
SELECT title, reason, evidence ? 'parts' AS explained FROM knowhow.search('quote');
-- Texts of any length and form are queries.
SELECT count(*) FROM knowhow.search(repeat('camera & | ! ( '' \ ', 10000), 100);
SELECT count(*) FROM knowhow.recommend(1, E'\n\t %s $1 ''; --', 100);

-- Parts add up to the score, with and without a query; ranks count from 1; scores descend.
CREATE VIEW serve_kb.asked AS
SELECT u, q, r.* FROM generate_series(0, 20) u, (VALUES (NULL), ('common'), ('camera ticket'), ('xyzzy')) AS v(q),
     knowhow.recommend(u, q, 100, exclude => '{}') r;
SELECT count(*), max(abs(score - (SELECT sum(value::float8) FROM jsonb_each_text(evidence -> 'parts')))) < 1e-9 AS adds_up,
       bool_and(evidence -> 'parts' <> '{}') AS has_parts, bool_and(reason <> '') AS has_reason FROM serve_kb.asked;
SELECT count(*) FILTER (WHERE ordered) = count(*) AS ordered
FROM (SELECT rank = row_number() OVER w AND score <= coalesce(lag(score) OVER w, score) AS ordered
      FROM serve_kb.asked WINDOW w AS (PARTITION BY u, q ORDER BY rank)) o;
SELECT count(*) AS ties_not_by_id
FROM (SELECT score = lag(score) OVER w AND snippet_id < lag(snippet_id) OVER w AS wrong
      FROM serve_kb.asked WINDOW w AS (PARTITION BY u, q ORDER BY rank)) o WHERE wrong;
-- A longer page begins as the shorter one does.
SELECT count(*) AS shifted FROM serve_kb.asked a
JOIN LATERAL (SELECT * FROM knowhow.recommend(u, q, 5, exclude => '{}')) b USING (rank) WHERE a.snippet_id <> b.snippet_id;

-- max_results.
SELECT count(*) FROM knowhow.recommend(2, max_results => 0);
SELECT count(*) FROM knowhow.recommend(2, max_results => 1);
SELECT count(*) FROM knowhow.recommend(999, max_results => NULL);
SELECT count(*) FROM knowhow.recommend(999, max_results => 100000);
SELECT count(*) FROM knowhow.recommend(2, max_results => -1);
SELECT count(*) FROM knowhow.recommend(2, max_results => 100001);
SELECT count(*) FROM knowhow.search('common', 2147483647);
SELECT count(*) FROM knowhow.similar(1, -2147483648);

-- Filters.
CREATE FUNCTION pg_temp.ids(knowhow.recommendation[]) RETURNS text LANGUAGE sql
AS $$ SELECT string_agg(snippet_id::text, ' ' ORDER BY snippet_id) FROM unnest($1) $$;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(999, NULL, 100, kinds => '{code}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(999, NULL, 100, kinds => '{code,course}', teams => '{1}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(999, NULL, 100, teams => '{3,4}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(999, NULL, 100, topics => '{vision}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(999, NULL, 100, tags => '{a:b:1,a:b:3}', difficulties => '{easy}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(999, 'ticket', 100, topics => '{support}', difficulties => '{hard}', kinds => '{article}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.search('common', 100, difficulties => '{hard}', teams => '{2}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.similar(3, 100, kinds => '{code}') r;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(2, NULL, 100, topics => '{vision}', difficulties => '{easy}', exclude => '{}') r;
SELECT count(*) FROM knowhow.recommend(999, NULL, 100, topics => '{}');
SELECT count(*) FROM knowhow.recommend(999, NULL, 100, topics => '{nothing}');
SELECT count(*) FROM knowhow.recommend(999, NULL, 100, topics => '{{vision},{support}}');
SELECT count(*) FROM knowhow.recommend(999, NULL, 100, topics => '{NULL}');
SELECT count(*) FROM knowhow.search('common', teams => '{1,NULL}');

-- Exclusion.
INSERT INTO serve_kb.events (user_id, snippet_id, kind) VALUES (2, 22, 'dismiss'), (2, 24, 'view');
SELECT count(*) FILTER (WHERE snippet_id = 22) AS dismissed, count(*) FILTER (WHERE snippet_id = 24) AS viewed,
       count(*) FILTER (WHERE snippet_id = 2) AS rated FROM knowhow.recommend(2, NULL, 100);
SELECT count(*) FILTER (WHERE snippet_id = 22) AS dismissed, count(*) FILTER (WHERE snippet_id = 24) AS viewed,
       count(*) FILTER (WHERE snippet_id = 2) AS rated FROM knowhow.recommend(2, NULL, 100, exclude => '{seen}');
SELECT count(*) FILTER (WHERE snippet_id = 22) AS dismissed, count(*) FILTER (WHERE snippet_id = 24) AS viewed,
       count(*) FILTER (WHERE snippet_id = 2) AS rated FROM knowhow.recommend(2, NULL, 100, exclude => '{rated,seen,dismissed}');
SELECT count(*) FILTER (WHERE snippet_id = 22) AS dismissed, count(*) FILTER (WHERE snippet_id = 24) AS viewed,
       count(*) FILTER (WHERE snippet_id = 2) AS rated FROM knowhow.recommend(2, NULL, 100, exclude => '{dismissed}');
SELECT * FROM knowhow.recommend(2, exclude => '{Rated}');
SELECT * FROM knowhow.recommend(2, exclude => '{rated,NULL}');

-- Diversity.
SELECT count(DISTINCT snippet_id) FROM knowhow.recommend(2, 'common', 10, diversity => 0.5);
SELECT count(DISTINCT split_part(title, ' ', 1)) > 1 AS mixed FROM knowhow.recommend(2, 'common', 4, diversity => 0.9);
SELECT count(DISTINCT split_part(title, ' ', 1)) AS mixed FROM knowhow.recommend(2, 'common', 4, diversity => 0);
SELECT count(*) FROM knowhow.recommend(2, 'common', 4, diversity => NULL);
SELECT count(*) FROM knowhow.recommend(2, 'common', 4, diversity => 1);
SELECT count(*) FROM knowhow.recommend(2, 'common', 4, diversity => 1.5);
SELECT count(*) FROM knowhow.recommend(2, 'common', 4, diversity => 'NaN');

-- A list of snippets in place of a person.
SELECT string_agg(DISTINCT split_part(title, ' ', 1), ',') FROM knowhow.recommend(NULL, NULL, 6, history => '{2,4}');
SELECT string_agg(DISTINCT split_part(title, ' ', 1), ',') FROM knowhow.recommend(3, NULL, 6, history => '{2,4,4,4,-7,99999}');
SELECT count(*) FILTER (WHERE snippet_id IN (2, 4)) FROM knowhow.recommend(NULL, NULL, 100, history => '{2,4}');
SELECT count(*) FILTER (WHERE snippet_id IN (2, 4)) FROM knowhow.recommend(NULL, NULL, 100, history => '{2,4}', exclude => '{}');
SELECT (SELECT array_agg((snippet_id, reason) ORDER BY rank) FROM knowhow.recommend(2, NULL, 5, history => '{}'))
     = (SELECT array_agg((snippet_id, reason) ORDER BY rank) FROM knowhow.recommend(NULL, NULL, 5)) AS empty_history_is_nobody;
SELECT count(*) FROM knowhow.recommend(2, history => '{1,NULL}');
SELECT count(*) FROM knowhow.recommend(2, NULL, 5, history => (SELECT array_agg(i) FROM generate_series(1, 10000) i));
SELECT count(*) FROM knowhow.recommend(2, NULL, 5, history => (SELECT array_agg(i) FROM generate_series(1, 10001) i));

-- similar().
SELECT count(*) FILTER (WHERE snippet_id = 3) AS itself, count(*) > 0 AS found,
       (array_agg(split_part(title, ' ', 1) ORDER BY rank))[1:4] FROM knowhow.similar(3, 100);
SELECT count(*) FROM knowhow.similar(99999);
SELECT count(*) FROM knowhow.similar(-1);
SELECT rank, reason FROM knowhow.similar(26);

-- What is committed or not: the own transaction counts at once.
BEGIN;
SELECT string_agg(title, ', ' ORDER BY rank) FROM knowhow.recommend(999, 'newword', 5);
INSERT INTO serve_kb.users VALUES (999);
INSERT INTO serve_kb.snippets (snippet_id, title, body) VALUES (100, 'Brand new', 'newword');
SELECT title, reason FROM knowhow.search('newword');
SELECT title, reason FROM knowhow.recommend(999, 'newword', 1);
INSERT INTO serve_kb.ratings VALUES (999, 2, 5);
SELECT title, reason LIKE '%Vision 2%' AS because FROM knowhow.recommend(999, NULL, 1);
INSERT INTO serve_kb.events (user_id, snippet_id, kind) VALUES (999, 2, 'dismiss'), (999, 4, 'solve');
SELECT count(*) FILTER (WHERE snippet_id = 2) AS dismissed FROM knowhow.recommend(999, NULL, 100, exclude => '{dismissed}');
ROLLBACK;
BEGIN READ ONLY;
SELECT count(*) FROM knowhow.recommend(2, 'common');
SELECT count(*) FROM knowhow.search('common');
SELECT count(*) FROM knowhow.similar(2);
COMMIT;

-- In a target list, in a cursor, many times in one statement, in a parallel query.
SELECT (knowhow.search('ticket', 2)).snippet_id;
BEGIN;
DECLARE c CURSOR FOR SELECT snippet_id FROM knowhow.search('ticket', 3);
FETCH 1 FROM c;
SAVEPOINT s;
SELECT * FROM knowhow.recommend(1, max_results => -1);
ROLLBACK TO s;
FETCH 2 FROM c;
COMMIT;
CREATE FUNCTION pg_temp.set(name text, value text) RETURNS text LANGUAGE sql AS 'SELECT set_config(name, value, false)';
SELECT pg_temp.set(CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'regress') = 'regress' AS forced;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM knowhow.search('common', 100);
SELECT count(*) FROM knowhow.recommend(2, 'common', 100);
SELECT count(*) FROM serve_kb.snippets s WHERE EXISTS (SELECT FROM knowhow.similar(s.snippet_id, 1));
SELECT pg_temp.set(CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'debug_parallel_query' ELSE 'force_parallel_mode' END, 'off') = 'off' AS off;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Visibility: a person sees what is public, their team's, their own. search() asks for nobody.
INSERT INTO serve_kb.snippets (snippet_id, title, body, visibility, team_id, author_id) VALUES
 (201, 'Team vision', 'secretword', 'team', 1, NULL), (202, 'Private of 3', 'secretword', 'private', 1, 3),
 (203, 'Team without', 'secretword', 'team', NULL, NULL), (204, 'Private of nobody', 'secretword', 'private', 2, NULL);
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(2, 'secretword', 100) r WHERE snippet_id > 200;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(3, 'secretword', 100) r WHERE snippet_id > 200;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(NULL, 'secretword', 100) r WHERE snippet_id > 200;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.recommend(12345, 'secretword', 100) r WHERE snippet_id > 200;
SELECT pg_temp.ids(array_agg(r)) FROM knowhow.search('secretword') r;
-- A history that the person may no longer see neither counts nor is named.
INSERT INTO serve_kb.ratings VALUES (5, 202, 5);
SELECT count(*) FROM knowhow.recommend(5, NULL, 100) WHERE reason LIKE '%Private%' OR evidence::text LIKE '%Private%';
DELETE FROM serve_kb.snippets WHERE snippet_id > 200;
DROP SCHEMA serve_kb CASCADE;
SELECT knowhow.drop_recommender('serve_kb');
RESET knowhow.recommender;
