SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;
RESET client_min_messages;
\set SHOW_CONTEXT never
SET extra_float_digits = 0;
CREATE SCHEMA weights;
SET search_path = weights, knowhow, public;

-- The dead simple view, and the same by a configuration that is named, as for to_tsvector.
SELECT knowhow.to_tfidf('Deep learning for everybody');
SELECT knowhow.to_tfidf('english', 'Deep learning for everybody');
SELECT knowhow.to_tfidf('simple', body) FROM (VALUES ('Deep learning'::text)) AS v (body);
SELECT knowhow.to_tfidf('simple', 'two words', 'words');
SELECT knowhow.to_tfidf('Chinese 深度学习 and file_name.py', title => 'C++', weighting => 'nnn');
-- A second text without a name would be ambiguous; it is an error, not a title.
SELECT knowhow.to_tfidf('a document'::text, 'a title'::text);
-- default_text_search_config has no part in it.
SET default_text_search_config = 'simple';
SELECT knowhow.to_tfidf('Deep learning for everybody');
RESET default_text_search_config;

-- NULL, empty, nothing but stop words.
SELECT knowhow.to_tfidf(NULL::text) IS NULL AS none,
       knowhow.to_tfidf(NULL::text, title => NULL) IS NULL AS neither,
       knowhow.to_tfidf(NULL::regconfig, 'text') IS NULL AS no_config,
       knowhow.to_tfidf(NULL::tsvector) IS NULL AS no_tsvector,
       knowhow.to_tfidf('') AS empty, knowhow.to_tfidf(' .,; ') AS blank,
       knowhow.to_tfidf('the of and') AS stop_words, knowhow.to_tfidf(''::tsvector) AS empty_tsvector;
SELECT knowhow.to_tfidf(NULL, title => 'cat') = knowhow.to_tfidf('', title => 'cat') AS title_alone;
SELECT knowhow.to_tfidf('cat', title => NULL) = knowhow.to_tfidf('cat') AS no_title;
SELECT knowhow.to_tfidf('cat', title => 'dog', title_weight => NULL, weighting => NULL, k1 => NULL,
                        b => NULL, average_length => NULL)
       = knowhow.to_tfidf('cat', title => 'dog') AS null_is_the_default;

-- Formulas: a occurs twice and in the title (2 + 2 = 4), b once; length 5.
SELECT weighting, knowhow.to_tfidf('simple', 'a b a', 'a', weighting => weighting)
FROM unnest('{pivoted, bm25, nnn, bnn, lnn, ann, Lnn, dnn, nnc, lnc, lnc.ltc, nnu}'::text[]) AS weighting;
SELECT knowhow.to_tfidf('simple', 'a b a', 'a', title_weight => 0, weighting => 'nnn') AS without,
       knowhow.to_tfidf('simple', 'a b a', 'a', title_weight => 0.5, weighting => 'nnn') AS half;
SELECT knowhow.to_tfidf('simple', 'a b a', weighting => 'bm25', b => 0) AS no_length,
       knowhow.to_tfidf('simple', 'a b a', k1 => 0) AS "binary",
       knowhow.to_tfidf('simple', 'a b a', weighting => 'bm25', average_length => 3) AS average,
       knowhow.to_tfidf('simple', 'a b a', weighting => 'nnu', b => 0.5, average_length => 4) AS pivot;
-- Extra tokens count as terms and add nothing to the length: 2 here.
SELECT knowhow.to_tfidf('node.js cat', weighting => 'bm25', average_length => 2, b => 1);

-- What makes no sense is refused.
SELECT knowhow.to_tfidf('a', weighting => 'tfidf');
SELECT knowhow.to_tfidf('a', weighting => '');
SELECT knowhow.to_tfidf('a', weighting => 'ltc');
SELECT knowhow.to_tfidf('a', weighting => 'lnc.lxc');
SELECT knowhow.to_tfidf('a', weighting => 'lnb');
SELECT knowhow.to_tfidf('a', k1 => -1);
SELECT knowhow.to_tfidf('a', k1 => 'NaN');
SELECT knowhow.to_tfidf('a', weighting => 'bm25', b => 2);
SELECT knowhow.to_tfidf('a', average_length => 0);
SELECT knowhow.to_tfidf('a', title => 'b', title_weight => -1);
SELECT knowhow.to_tfidf('a', title => 'b', title_weight => 'Infinity');
SELECT knowhow.to_tfidf('nowhere', 'a');

-- tsvector: labels A to D, and positions that were stripped.
SELECT knowhow.to_tfidf(setweight(to_tsvector('english', 'Deep learning'), 'A')
                        || to_tsvector('english', 'learning for everybody'))
       = knowhow.to_tfidf('english', 'learning for everybody', 'Deep learning') AS a_is_the_title;
SELECT knowhow.to_tfidf('a:1A b:2B c:3C d:4D e:5,6'::tsvector, weighting => 'nnn') AS standard,
       knowhow.to_tfidf('a:1A b:2B c:3C d:4D e:5,6'::tsvector, weighting => 'nnn',
                        label_weights => '{1, 2, 3, 0}') AS given,
       knowhow.to_tfidf('a b'::tsvector, weighting => 'nnn') AS stripped;
SELECT knowhow.to_tfidf('a'::tsvector, label_weights => '{1, 2}');
SELECT knowhow.to_tfidf('a'::tsvector, label_weights => '{1, 2, NULL, 3}');
SELECT knowhow.to_tfidf('a'::tsvector, label_weights => '{1, 2, -1, 3}');

-- No limit of tsvector applies: more than 1 MB of lexemes, 255 occurrences, 16,383 positions.
SELECT to_tsvector('simple', string_agg('word' || n, ' ')) IS NULL FROM generate_series(1, 200000) AS n;
SELECT knowhow.to_tfidf('simple', string_agg('word' || n || ' again', ' '), weighting => 'bnn')
       = (SELECT knowhow.to_tfidf('simple', 'again', weighting => 'bnn')
                 + knowhow.to_tfidf('simple', string_agg('word' || n, ' '), weighting => 'bnn')
          FROM generate_series(1, 200000) AS n) AS all_words
FROM generate_series(1, 200000) AS n;
SELECT knowhow.to_tfidf('simple', repeat('again ', 300000), weighting => 'nnn');
-- Chinese without a space or a full stop, across the cuts: each pair is counted.
SELECT knowhow.to_tfidf(repeat('深度', 100000), weighting => 'nnn');
-- Too long for a word.
SELECT knowhow.to_tfidf('simple', 'short ' || repeat('x', 2046)) = knowhow.to_tfidf('simple', 'short')
       AS left_out;
SELECT knowhow.to_tfidf('simple', 'short ' || repeat('x', 2047)) = knowhow.to_tfidf('simple', 'short')
       AS left_out;

-- Dictionaries of every kind: filters, synonyms of several words, stop words, none.
CREATE TEXT SEARCH DICTIONARY weights.stop (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION weights.mixed (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION weights.mixed
    ALTER MAPPING FOR asciiword WITH weights.stop, knowhow.fold, english_stem;
SELECT knowhow.to_tfidf('mixed', 'The Running Cats', weighting => 'nnn');
-- Changes show at once, though what tokens became is remembered.
ALTER TEXT SEARCH CONFIGURATION weights.mixed ALTER MAPPING FOR asciiword WITH pg_catalog.simple;
SELECT knowhow.to_tfidf('mixed', 'The Running Cats', weighting => 'nnn');
ALTER TEXT SEARCH CONFIGURATION weights.mixed DROP MAPPING FOR asciiword;
SELECT knowhow.to_tfidf('mixed', 'The Running Cats', weighting => 'nnn');
ALTER TEXT SEARCH DICTIONARY weights.stop (ACCEPT = true);
ALTER TEXT SEARCH CONFIGURATION weights.mixed ADD MAPPING FOR asciiword WITH weights.stop;
SELECT knowhow.to_tfidf('mixed', 'The Running Cats', weighting => 'nnn');
ALTER TEXT SEARCH DICTIONARY weights.stop (STOPWORDS);
SELECT knowhow.to_tfidf('mixed', 'The Running Cats', weighting => 'nnn');

-- One token, several lexemes; several tokens, one lexeme.
CREATE TEXT SEARCH DICTIONARY weights.compounds
    (TEMPLATE = ispell, DICTFILE = ispell_sample, AFFFILE = ispell_sample);
CREATE TEXT SEARCH DICTIONARY weights.phrases
    (TEMPLATE = thesaurus, DICTFILE = thesaurus_sample, DICTIONARY = english_stem);
ALTER TEXT SEARCH CONFIGURATION weights.mixed
    ALTER MAPPING FOR asciiword WITH weights.compounds, weights.phrases, english_stem;
SELECT knowhow.to_tfidf('mixed', 'footballklubber, one two three, one two cats', weighting => 'nnn');
SELECT knowhow.to_tfidf('mixed', document) = knowhow.to_tfidf(to_tsvector('mixed', document)) AS same
FROM (VALUES ('footballklubber, one two three, one two cats'::text)) AS v (document);

-- A generated column, an index on an expression, a default privilege: immutable is meant.
CREATE TABLE notes (
    id integer PRIMARY KEY, title text, body text,
    content knowhow.tfidf GENERATED ALWAYS AS (knowhow.to_tfidf(body, title => title)) STORED,
    plain knowhow.tfidf GENERATED ALWAYS AS (knowhow.to_tfidf('english', body)) STORED);
INSERT INTO notes VALUES (1, 'Cats', 'A cat sleeps'), (2, NULL, 'Dogs bark'), (3, 'Cats', NULL), (4, NULL, NULL);
SELECT id, content, plain FROM notes ORDER BY id;
UPDATE notes SET title = 'Birds' WHERE id = 1;
SELECT id, content FROM notes WHERE id = 1;
CREATE INDEX notes_expression ON notes (knowhow.to_tfidf(body, title => title));
SET enable_seqscan = off;
SELECT id FROM notes WHERE knowhow.to_tfidf(body, title => title) = knowhow.to_tfidf('Dogs bark');
RESET enable_seqscan;
SELECT provolatile, proparallel, count(*) FROM pg_proc
WHERE pronamespace = 'knowhow'::regnamespace AND proname IN ('to_tfidf', 'to_tfidf_query', 'scikit_tfidf')
GROUP BY 1, 2 ORDER BY 1, 2;

-- Queries. Nothing is known before the first training: every term counts alike.
SELECT knowhow.to_tfidf_query('the deep deep sea');
CREATE TABLE interactions (user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
CREATE VIEW snippets AS SELECT id::bigint AS snippet_id, title, content FROM notes;
SELECT knowhow.create_recommender('weights_kb', 'snippets', 'interactions');
SELECT knowhow.to_tfidf_query('the deep deep sea', recommender => 'weights_kb');
SELECT knowhow.to_tfidf_query(NULL::text) IS NULL AS none,
       knowhow.to_tfidf_query('', recommender => 'weights_kb') AS empty,
       knowhow.to_tfidf_query('of the', recommender => 'weights_kb') AS stop_words;
SELECT knowhow.scikit_tfidf('deep sea', recommender => 'weights_kb');

-- The statistics of a model, in blocks: a gap before, between and after them.
WITH model AS (
    INSERT INTO knowhow.model_catalog (model_id, recommender_id, state, algorithm, params, seed, documents)
    SELECT 2000000000, recommender_id, 'active', 'item_knn', '{}', 0, 10
    FROM knowhow.recommender_catalog WHERE name = 'weights_kb'
    RETURNING model_id)
INSERT INTO knowhow.model_statistics
SELECT model_id, kind, first_term, counts::knowhow.tfidf
FROM model, (VALUES ('t'::"char", 'bird', '''bird'':1 ''cat'':2 ''deep'':3'),
                    ('t', 'dog', '''dog'':4 ''猫'':10'),
                    ('l', 'tag', '''bark'':9')) AS v (kind, first_term, counts);
SELECT lexeme, weight::numeric(10, 4), (exp(weight) - 1)::numeric(10, 4) AS odds
FROM knowhow.lexemes(knowhow.to_tfidf_query('simple', 'ant bark bird cat cow deep dog eel 猫 zoo 龙',
                                            recommender => 'weights_kb'));
SELECT weighting, knowhow.to_tfidf_query('simple', 'cat cat dog zoo', 'weights_kb', weighting)
FROM unnest('{pivoted, bm25, nnn, ltc, lnc.ltc, npn}'::text[]) AS weighting;
SELECT knowhow.to_tfidf_query('english', 'a cat', 'weights_kb');
SELECT knowhow.to_tfidf_query('english', 'a cat', 'weights_kb', 'lnu');
SELECT knowhow.to_tfidf_query('a cat', recommender => 'nobody_knows_it');
-- Terms that no snippet contains are none of the vocabulary.
SELECT knowhow.scikit_tfidf('simple', 'cat cat dog zoo', 'weights_kb') AS standard,
       knowhow.scikit_tfidf('simple', 'cat cat dog zoo', 'weights_kb', norm => 'none', smooth_idf => false) AS plain,
       knowhow.scikit_tfidf('simple', 'cat cat dog zoo', 'weights_kb', 'dog', norm => 'l1', use_idf => false) AS title;
SELECT knowhow.scikit_tfidf('simple', 'cat', 'weights_kb', norm => 'max');
-- Whoever may not read the snippets learns nothing from their statistics.
CREATE ROLE regress_knowhow_stranger;
GRANT USAGE ON SCHEMA weights, knowhow TO regress_knowhow_stranger;
SET ROLE regress_knowhow_stranger;
SELECT knowhow.to_tfidf('cat');
SELECT knowhow.to_tfidf_query('cat', recommender => 'weights_kb');
RESET ROLE;
BEGIN TRANSACTION READ ONLY;
SELECT knowhow.to_tfidf_query('cat', recommender => 'weights_kb');
COMMIT;

SELECT knowhow.drop_recommender('weights_kb');
SET client_min_messages = warning;
DROP SCHEMA weights CASCADE;
REVOKE ALL ON SCHEMA knowhow FROM regress_knowhow_stranger;
DROP ROLE regress_knowhow_stranger;
