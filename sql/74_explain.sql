-- explain_recommendation(): what it says of every snippet adds up to what recommend() says, and
-- why one is not recommended.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
\set VERBOSITY terse
\pset null '(null)'

-- Nothing there.
SELECT * FROM knowhow.explain_recommendation(1, NULL, 1, recommender => 'explain_kb');
SELECT knowhow.create_knowledge_base('explain_kb');
SET knowhow.recommender = 'explain_kb';
SELECT * FROM knowhow.explain_recommendation(1, 'anything', 1);
SELECT * FROM knowhow.explain_recommendation(NULL, NULL, -9223372036854775808);
SELECT * FROM knowhow.explain_recommendation(1, NULL, NULL);
SELECT * FROM knowhow.explain_recommendation(1, NULL, 'one');
SELECT * FROM knowhow.explain_recommendation(1, NULL, 1, -1);
SELECT * FROM knowhow.explain_recommendation(1, NULL, 1, diversity => 2);
SELECT * FROM knowhow.explain_recommendation(1, NULL, 1, exclude => '{read}');
SELECT * FROM knowhow.explain_recommendation(1, NULL, 1, recommender => 'explain_none');

-- One snippet, before the first training, without a word.
INSERT INTO explain_kb.snippets (snippet_id) VALUES (1);
SELECT outcome, why, rank, score, signal, found, raw_value, largest_value, weight, contribution, evidence
FROM knowhow.explain_recommendation(1, 'anything', 1) WHERE signal <> 'freshness';
DELETE FROM explain_kb.snippets;

-- A company of forty, drawn by hashing: who rates, dismisses and labels what.
CREATE FUNCTION explain_kb.draw(a int, b int, c int, sides int) RETURNS int LANGUAGE sql IMMUTABLE
AS $$ SELECT abs(hashint8extended(a * 1000003::bigint + b * 1009 + c, 0) % sides)::int $$;
INSERT INTO explain_kb.teams VALUES (1, 'one'), (2, 'two');
INSERT INTO explain_kb.users SELECT u, 'person ' || u, 1 + u % 2 FROM generate_series(1, 40) u;
INSERT INTO explain_kb.snippets (snippet_id, kind, title, body, created_at)
SELECT s, CASE s % 2 WHEN 0 THEN 'article' ELSE 'code' END, CASE WHEN s % 7 > 0 THEN 'Title ' || s END,
       (SELECT string_agg('word' || power(explain_kb.draw(s, w, 1, 12), 2), ' ') FROM generate_series(1, 3 + s % 9) w),
       now() - explain_kb.draw(s, 0, 2, 400) * interval '1 day'
FROM generate_series(1, 120) s;
INSERT INTO explain_kb.labels (snippet_id, kind, value)
SELECT DISTINCT s, CASE l WHEN 1 THEN 'topic' ELSE 'tag' END, 'label ' || explain_kb.draw(s, l, 3, 9) FROM generate_series(1, 120) s, generate_series(1, 3) l;
INSERT INTO explain_kb.ratings (user_id, snippet_id, rating)
SELECT u, s, 1 + explain_kb.draw(u, s, 4, 5) FROM generate_series(1, 30) u, generate_series(1, 100) s WHERE explain_kb.draw(u, s, 5, 8) = 0;
INSERT INTO explain_kb.events (user_id, snippet_id, kind)
SELECT u, s, CASE explain_kb.draw(u, s, 6, 2) WHEN 0 THEN 'dismiss' ELSE 'view' END FROM generate_series(1, 30) u, generate_series(1, 120) s WHERE explain_kb.draw(u, s, 7, 30) = 0;
SELECT knowhow.train() > 0 AS trained;

-- What each recommended snippet's signals contribute adds up to its score, under whatever algorithm,
-- and the rows behind a signal to its value.
CREATE VIEW explain_kb.asked AS
SELECT u, q, r.rank, r.snippet_id, r.score, e.outcome, e.rank AS rank_again, e.score AS score_again, e.signal, e.raw_value,
       e.largest_value, e.weight, e.contribution, e.evidence, r.evidence AS said
FROM unnest('{0,1,2,3,7,30,35}'::int[]) u, (VALUES (NULL), ('word4 word100'), ('word9'), ('xyzzy')) AS v(q),
     knowhow.recommend(u, q, 15) r, knowhow.explain_recommendation(u, q, r.snippet_id, 15) e;
CREATE FUNCTION explain_kb.check(OUT explained bigint, OUT wrong_sums bigint, OUT wrong_ranks bigint, OUT wrong_parts bigint, OUT wrong_rows bigint, OUT wrong_formula bigint) LANGUAGE sql AS $$
    WITH asked AS MATERIALIZED (TABLE explain_kb.asked)
    SELECT count(DISTINCT (u, coalesce(q, ''), snippet_id)),
           (SELECT count(*) FROM (SELECT abs(score - sum(contribution)) AS off FROM asked GROUP BY u, q, snippet_id, score) s WHERE off >= 1e-9),
           count(*) FILTER (WHERE rank <> rank_again OR outcome <> 'recommended' OR abs(score - score_again) >= 1e-9),
           count(*) FILTER (WHERE abs(contribution - coalesce((said -> 'parts' ->> signal)::float8, 0)) >= 1e-9),
           count(*) FILTER (WHERE signal IN ('text', 'collaborative', 'profile', 'labels')
               AND abs(raw_value - coalesce((SELECT sum((b ->> 'value')::float8) FROM jsonb_array_elements(evidence) b), 0)) >= 1e-6 * greatest(1, abs(raw_value))),
           count(*) FILTER (WHERE q IS NULL AND signal <> 'no personal signal'
               AND abs(contribution - CASE WHEN largest_value > 0 THEN weight * raw_value / largest_value ELSE 0 END) >= 1e-9)
    FROM asked $$;
SELECT * FROM explain_kb.check();
SELECT signal, count(*) > 0 AS explained, bool_or(raw_value <> 0) AS has_values, bool_or(evidence <> '[]') AS has_rows FROM explain_kb.asked GROUP BY signal ORDER BY signal;
SELECT knowhow.alter_recommender('explain_kb', algorithm => 'user_knn', params => '{"k": 7, "profile_weight": 3}');
SELECT * FROM explain_kb.check();
SELECT bool_and(b ? 'user_id') AS by_people FROM explain_kb.asked, jsonb_array_elements(evidence) b WHERE signal = 'collaborative';
SELECT knowhow.alter_recommender('explain_kb', algorithm => 'slim', params => '{"k": null, "profile_weight": null}');
SELECT knowhow.train() > 0 AS trained;
SELECT * FROM explain_kb.check();

-- Everything that is not recommended has its reason, and the reason is true.
CREATE TABLE explain_kb.everything AS
SELECT u, q, s.snippet_id, s.kind, e.* FROM unnest('{2,35}'::int[]) u, (VALUES (NULL), ('word4 word100')) AS v(q), explain_kb.snippets s,
     LATERAL (SELECT DISTINCT outcome, why, rank, score FROM knowhow.explain_recommendation(u, q, s.snippet_id, 10, kinds => '{article}')) e;
SELECT outcome, count(*) > 0 AS there,
       bool_and((outcome = 'recommended') = EXISTS (SELECT FROM knowhow.recommend(u, q, 10, kinds => '{article}') r WHERE r.snippet_id = e.snippet_id AND r.rank = e.rank)) AS as_recommended,
       bool_and((outcome = 'excluded') = (EXISTS (SELECT FROM explain_kb.ratings r WHERE r.user_id = u AND r.snippet_id = e.snippet_id)
           OR EXISTS (SELECT FROM explain_kb.events v WHERE v.user_id = u AND v.snippet_id = e.snippet_id AND v.kind = 'dismiss'))) AS as_excluded,
       bool_and(outcome <> 'filtered' OR kind = 'code') AS as_filtered, bool_and(outcome <> 'ranked lower' OR rank > 10) AS as_ranked
FROM explain_kb.everything e GROUP BY outcome ORDER BY outcome;
SELECT outcome, why FROM explain_kb.everything WHERE u = 2 AND q IS NULL AND snippet_id IN (SELECT min(snippet_id) FROM explain_kb.everything WHERE u = 2 AND q IS NULL GROUP BY outcome) ORDER BY outcome;

-- Each way of being left out, by name.
SELECT min(snippet_id) AS liked FROM explain_kb.ratings WHERE user_id = 2 \gset
INSERT INTO explain_kb.events (user_id, snippet_id, kind) VALUES (2, :liked, 'dismiss');
SELECT DISTINCT outcome, regexp_replace(why, '\d+', 'N', 'g') AS why FROM knowhow.explain_recommendation(2, NULL, :liked);
SELECT DISTINCT outcome, regexp_replace(why, '\d+', 'N', 'g') AS why FROM knowhow.explain_recommendation(2, NULL, :liked, exclude => '{seen,rated,dismissed}');
SELECT DISTINCT outcome FROM knowhow.explain_recommendation(2, NULL, :liked, 120, exclude => '{}');
SELECT DISTINCT outcome FROM knowhow.explain_recommendation(2, NULL, :liked, 120, exclude => NULL);
SELECT DISTINCT outcome, regexp_replace(why, '\d+', 'N', 'g') AS why FROM knowhow.explain_recommendation(NULL, NULL, 7, history => '{7,8}');
SELECT DISTINCT outcome, regexp_replace(why, '\d+', 'N', 'g') AS why FROM knowhow.explain_recommendation(35, NULL, 7, topics => '{none}', tags => '{none}', difficulties => '{}', kinds => '{course}', teams => '{1}');
SELECT DISTINCT outcome, rank > 10 AS below FROM knowhow.explain_recommendation(35, NULL, 7, 0);
-- With diversity: shown at the rank that recommend() shows it at, or outrun.
SELECT bool_and(r.rank = e.rank AND e.outcome = 'recommended') AS same FROM knowhow.recommend(2, 'word4', 10, diversity => 0.8) r,
     knowhow.explain_recommendation(2, 'word4', r.snippet_id, 10, diversity => 0.8) e;
SELECT bool_and(outcome = 'ranked lower' AND e.rank <= 10 AND why LIKE '%diversity') AS outrun
FROM knowhow.recommend(2, 'word4', 10) r, knowhow.explain_recommendation(2, 'word4', r.snippet_id, 10, diversity => 0.8) e
WHERE r.snippet_id NOT IN (SELECT snippet_id FROM knowhow.recommend(2, 'word4', 10, diversity => 0.8));

-- More snippets than any signal brings: the ones that none brought are no candidates.
SELECT knowhow.alter_recommender('explain_kb', params => '{"pool_depth": 100}') \g /dev/null
INSERT INTO explain_kb.snippets (snippet_id, title, created_at) SELECT s, 'Filler ' || s, now() - interval '5 years' - s * interval '1 day' FROM generate_series(1001, 1400) s;
SELECT DISTINCT outcome, why LIKE 'not among the best that any signal brings; it would rank %' AS why, bool_or(found) OVER () AS found FROM knowhow.explain_recommendation(35, 'word4', 1400);
DELETE FROM explain_kb.snippets WHERE snippet_id > 1000;
SELECT knowhow.alter_recommender('explain_kb', params => '{"pool_depth": null}') \g /dev/null

-- What the person, or the caller, may not see.
UPDATE explain_kb.snippets SET visibility = 'private', author_id = 3 WHERE snippet_id = 11;
SELECT outcome, why, signal FROM knowhow.explain_recommendation(2, NULL, 11);
SELECT DISTINCT outcome <> 'hidden' AS shown FROM knowhow.explain_recommendation(3, NULL, 11, exclude => '{}');
CREATE ROLE explain_reader;
SET ROLE explain_reader;
SELECT * FROM knowhow.explain_recommendation(2, NULL, 12);
RESET ROLE;
GRANT USAGE ON SCHEMA explain_kb TO explain_reader;
GRANT SELECT ON explain_kb.snippets TO explain_reader;
SET ROLE explain_reader;
SELECT * FROM knowhow.explain_recommendation(2, NULL, 12);
RESET ROLE;
GRANT SELECT ON ALL TABLES IN SCHEMA explain_kb TO explain_reader;
UPDATE explain_kb.snippets SET title = 'Secret', body = 'secretword word4' WHERE snippet_id = :liked;
ALTER TABLE explain_kb.snippets ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON explain_kb.snippets TO explain_reader USING (title <> 'Secret');
SELECT count(*) > 0 AS named FROM explain_kb.snippets s, knowhow.explain_recommendation(2, 'secretword', s.snippet_id, exclude => '{}') e WHERE e.evidence::text LIKE ANY ('{%Secret%,%secretword%}');
SET ROLE explain_reader;
SELECT outcome, why FROM knowhow.explain_recommendation(2, 'secretword', :liked);
SELECT count(*) AS named FROM explain_kb.snippets s, knowhow.explain_recommendation(2, 'secretword', s.snippet_id, exclude => '{}') e
WHERE e.evidence::text LIKE ANY ('{%Secret%,%secretword%}') OR e.evidence @> jsonb_build_array(jsonb_build_object('snippet_id', :liked));
RESET ROLE;

-- Read-only, as every answer.
BEGIN READ ONLY;
SELECT count(*) > 0 AS explained FROM knowhow.explain_recommendation(2, NULL, 20);
COMMIT;
DROP SCHEMA explain_kb CASCADE;
SELECT knowhow.drop_recommender('explain_kb');
RESET knowhow.recommender;
DROP ROLE explain_reader;
