-- recommend(explore => share): what it changes, with which probabilities, and what it never does.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'
SELECT knowhow.create_knowledge_base('explore_kb');
SET knowhow.recommender = 'explore_kb';
SELECT count(*) FROM knowhow.recommend(1, explore => 1);
INSERT INTO explore_kb.snippets (snippet_id, title, body, kind, created_at)
SELECT s, 'Title ' || s, 'common word' || s % 3, CASE WHEN s > 9 THEN 'code' ELSE 'article' END, '2020-01-01'::timestamptz + s * interval '1 day' FROM generate_series(1, 12) s;
INSERT INTO explore_kb.users SELECT generate_series(1, 5);
INSERT INTO explore_kb.ratings SELECT u, s, 4 FROM generate_series(1, 5) u, generate_series(1, 6) s WHERE (u + s) % 3 = 0;
SELECT knowhow.train() > 0 AS trained;

-- Without it, or with none of it, nothing changes, whatever the seed; each row stands there for sure.
SELECT count(*), count(*) FILTER (WHERE a = b AND a = c AND a = d AND (a).propensity = 1) AS same
FROM generate_series(1, 6) u, (VALUES (NULL), ('common word1')) AS v(q), LATERAL (
    SELECT a, (SELECT b FROM knowhow.recommend(u, q, 8, explore => 0, seed => 5) b WHERE b.rank = a.rank) AS b,
           (SELECT c FROM knowhow.recommend(u, q, 8, explore => NULL) c WHERE c.rank = a.rank) AS c,
           (SELECT d FROM knowhow.recommend(u, q, 8, explore => 0, seed => NULL) d WHERE d.rank = a.rank) AS d
    FROM knowhow.recommend(u, q, 8) a) answers;
SELECT bool_and(propensity = 1 AND NOT evidence ? 'exploration') AS certain FROM knowhow.search('common');
SELECT bool_and(propensity = 1) AS certain FROM knowhow.similar(2);

-- The same seed, the same list; another seed or person, another. Ranks that were kept hold what
-- they held, and what was drawn says so.
SELECT (SELECT array_agg(snippet_id ORDER BY rank) FROM knowhow.recommend(6, NULL, 8, explore => 0.5, seed => 1))
     = (SELECT array_agg(snippet_id ORDER BY rank) FROM knowhow.recommend(6, NULL, 8, explore => 0.5, seed => 1)) AS again,
       (SELECT count(DISTINCT list) FROM (SELECT array_agg(snippet_id ORDER BY rank) AS list FROM generate_series(1, 50) s, knowhow.recommend(6, NULL, 8, explore => 0.5, seed => s) GROUP BY s) l) > 40 AS by_seed,
       (SELECT count(DISTINCT list) FROM (SELECT array_agg(rank ORDER BY rank) AS list FROM generate_series(101, 150) u, knowhow.recommend(u, NULL, 8, explore => 0.5, seed => 1) WHERE reason LIKE 'drawn by chance%' GROUP BY u) l) > 20 AS by_person;
SELECT bool_and(((e.evidence #> '{exploration,by_chance}')::bool AND e.reason LIKE 'drawn by chance; %') OR (e.snippet_id = r.snippet_id AND e.reason = r.reason)) AS told,
       bool_or(e.snippet_id <> r.snippet_id) AS changed, count(*) = count(DISTINCT (s, e.snippet_id)) AS each_once
FROM generate_series(1, 50) s, knowhow.recommend(6, NULL, 8, explore => 0.3, seed => s) e JOIN knowhow.recommend(6, NULL, 8) r USING (rank);
-- Without a seed each statement draws anew, and within one there is one draw.
SELECT array_agg(snippet_id ORDER BY rank) AS first FROM knowhow.recommend(6, NULL, 8, explore => 1) \gset
SELECT array_agg(snippet_id ORDER BY rank) AS second FROM knowhow.recommend(6, NULL, 8, explore => 1) \gset
SELECT array_agg(snippet_id ORDER BY rank) AS third FROM knowhow.recommend(6, NULL, 8, explore => 1) \gset
SELECT (:'first', :'second') <> (:'second', :'third') AS anew;
SELECT (SELECT array_agg(snippet_id ORDER BY rank) FROM knowhow.recommend(6, NULL, 8, explore => 1))
     = (SELECT array_agg(snippet_id ORDER BY rank) FROM knowhow.recommend(6, NULL, 8, explore => 1)) AS one_draw;

-- How often a snippet stood at a rank, and how probable that was said to be: chi-square by rank.
CREATE VIEW explore_kb.drawn AS
SELECT s, r.* FROM generate_series(1, 4000) s, knowhow.recommend(6, 'word1', 3, explore => 0.4, seed => s) r;
CREATE TABLE explore_kb.log AS SELECT s, rank, snippet_id, propensity, (evidence #>> '{exploration,anywhere}')::float8 AS anywhere FROM explore_kb.drawn;
SELECT rank, count(*) AS snippets, round(sum(p)::numeric, 9) AS total, sum((n - 4000 * p) ^ 2 / (4000 * p)) < 31.3 AS by_chance  -- 0.999 quantile at 11
FROM (SELECT rank, snippet_id, count(*) AS n, min(propensity) AS p FROM explore_kb.log GROUP BY rank, snippet_id HAVING min(propensity) = max(propensity)) f GROUP BY rank ORDER BY rank;
SELECT bool_and(abs(n - 4000 * p) < 4 * sqrt(4000 * p * (1 - p)) + 1e-9) AS anywhere FROM (SELECT snippet_id, count(*) AS n, min(anywhere) AS p FROM explore_kb.log GROUP BY snippet_id) f;
-- What newest first would have got, from the log: unbiased.
WITH truth AS (SELECT rank, snippet_id, snippet_id * 1.0 / rank AS reward FROM (VALUES (1, 12), (2, 11), (3, 10)) AS v (rank, snippet_id)),
     estimates AS (SELECT s, coalesce(sum(reward / propensity), 0) AS estimate FROM explore_kb.log LEFT JOIN truth USING (rank, snippet_id) GROUP BY s)
SELECT count(*), abs(avg(estimate) - (SELECT sum(reward) FROM truth)) < 4 * stddev(estimate) / sqrt(count(*)) AS unbiased FROM estimates;

-- Nothing is drawn that filters or exclusions keep out; a list of all candidates is only shuffled.
SELECT bool_or(s.kind <> 'code') AS filtered FROM generate_series(1, 50) n, knowhow.recommend(6, NULL, 2, kinds => '{code}', explore => 1, seed => n) JOIN explore_kb.snippets s USING (snippet_id);
SELECT count(*) AS excluded FROM generate_series(1, 50) n, knowhow.recommend(1, NULL, 5, explore => 1, seed => n) r JOIN explore_kb.ratings t USING (snippet_id) WHERE t.user_id = 1;
SELECT count(*), count(DISTINCT snippet_id), min(propensity) = max(propensity) AS uniform FROM knowhow.recommend(6, NULL, 100, explore => 1, seed => 3);
SELECT count(*), bool_and(abs(score - (SELECT sum(value::float8) FROM jsonb_each_text(evidence -> 'parts'))) < 1e-9) AS adds_up FROM knowhow.recommend(6, 'word1', 12, explore => 1, seed => 3);
SELECT count(DISTINCT snippet_id) FROM knowhow.recommend(6, 'word1', 5, diversity => 0.5, explore => 0.5, seed => 3);
SELECT count(*) FROM knowhow.recommend(6, NULL, 0, explore => 1);

SELECT * FROM knowhow.recommend(6, explore => -0.1);
SELECT * FROM knowhow.recommend(6, explore => 1.0001);
SELECT * FROM knowhow.recommend(6, explore => 'NaN');
SELECT * FROM knowhow.recommend(6, explore => 0.1, seed => 'a');
DROP SCHEMA explore_kb CASCADE;
SELECT knowhow.drop_recommender('explore_kb');
RESET knowhow.recommender;
