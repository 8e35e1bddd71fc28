-- A tour of knowhow over the sample knowledge base (examples/sample/load.sql). Run by psql.
\set ON_ERROR_STOP on
\set QUIET on
\pset pager off
\pset null ''
\pset border 1
\pset linestyle unicode
\pset format wrapped
\pset columns 118
\pset footer off

\echo
\echo '=== What is in the knowledge base'
\echo
\set ECHO queries
SELECT (SELECT count(*) FROM kb.snippets) AS snippets,
       (SELECT count(*) FROM kb.users) AS people,
       (SELECT count(*) FROM kb.labels) AS labels,
       (SELECT count(*) FROM kb.ratings) AS ratings,
       (SELECT count(*) FROM kb.events) AS events;
\set ECHO none

\echo '=== Two people ask the same thing. 7 runs models on Kubernetes, 23 is learning deep learning.'
\echo
\set ECHO queries
SELECT rank, snippet_id, title, score FROM knowhow.recommend(7, 'TensorFlow 2.0', 8);

SELECT rank, snippet_id, title, score FROM knowhow.recommend(23, 'TensorFlow 2.0', 8);
\set ECHO none

\echo '=== And why.'
\echo
\set ECHO queries
SELECT rank, title, reason FROM knowhow.recommend(7, 'TensorFlow 2.0', 2) \gx

SELECT rank, title, reason FROM knowhow.recommend(23, 'TensorFlow 2.0', 2) \gx
\set ECHO none

\echo '=== Chinese, English, and both in one query.'
\echo
\set ECHO queries
SELECT rank, snippet_id, title, score FROM knowhow.recommend(39, 'Kubernetes 部署最佳实践', 5);

SELECT rank, snippet_id, title, score FROM knowhow.recommend(5, '客户投诉处理流程', 5);

SELECT rank, snippet_id, title, score FROM knowhow.recommend(1, '深度学习入门教程', 5);

SELECT rank, snippet_id, title, score FROM knowhow.recommend(30, 'NLP技术进展', 5);
\set ECHO none

\echo '=== No query: what should this person read now?'
\echo
\set ECHO queries
SELECT rank, title, reason FROM knowhow.recommend(23, max_results => 3) \gx
\set ECHO none

\echo '=== Somebody nobody has ever seen: the text decides, then what others value.'
\echo
\set ECHO queries
SELECT rank, snippet_id, title, reason FROM knowhow.recommend(999999, 'TensorFlow 2.0', 3);

SELECT rank, snippet_id, title, reason FROM knowhow.recommend(999999, max_results => 3);
\set ECHO none

\echo '=== A rating counts in the very next answer, without training. 60 is new and has rated nothing.'
\echo
\set ECHO queries
SELECT rank, title, reason FROM knowhow.recommend(60, max_results => 3);

INSERT INTO kb.ratings (user_id, snippet_id, rating)
SELECT 60, snippet_id, 5 FROM kb.snippets WHERE title = 'PostgreSQL 慢查询优化的五个步骤';

SELECT rank, title, reason FROM knowhow.recommend(60, max_results => 3) \gx
\set ECHO none

\echo '=== A new snippet is found at once, by a word that the knowledge base has never seen.'
\echo
\set ECHO queries
INSERT INTO kb.snippets (kind, title, body)
VALUES ('document', 'Zephyrline: reserving a GPU for a night',
        'zephyrline reserve --gpu 1 --until 06:00 holds one card of the shared pool until six.');

SELECT rank, title, reason FROM knowhow.recommend(7, 'how do I reserve with zephyrline?', 1) \gx
\set ECHO none
