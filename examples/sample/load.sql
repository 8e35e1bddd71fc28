-- Loads the sample knowledge base into schema kb and trains it. Run by psql from the clone's folder:
--   psql -f examples/sample/load.sql
\set ON_ERROR_STOP on
BEGIN;

CREATE EXTENSION IF NOT EXISTS knowhow;
SELECT knowhow.create_knowledge_base('kb') \g /dev/null

\copy kb.teams (team_id, name) FROM 'examples/sample/teams.csv' (FORMAT csv, HEADER)
\copy kb.users (user_id, name, team_id) FROM 'examples/sample/users.csv' (FORMAT csv, HEADER)
\copy kb.snippets (snippet_id, kind, title, body, url, author_id, team_id, visibility, created_at) FROM 'examples/sample/snippets.csv' (FORMAT csv, HEADER)
\copy kb.labels (snippet_id, kind, value, source, confidence, labelled_by) FROM 'examples/sample/labels.csv' (FORMAT csv, HEADER)
\copy kb.ratings (user_id, snippet_id, rating, rated_at) FROM 'examples/sample/ratings.csv' (FORMAT csv, HEADER)
\copy kb.events (user_id, snippet_id, kind, query, occurred_at) FROM 'examples/sample/events.csv' (FORMAT csv, HEADER)

-- The next rows get numbers of their own.
SELECT setval(pg_get_serial_sequence('kb.teams', 'team_id'), max(team_id)) FROM kb.teams \g /dev/null
SELECT setval(pg_get_serial_sequence('kb.snippets', 'snippet_id'), max(snippet_id)) FROM kb.snippets \g /dev/null

COMMIT;

ANALYZE kb.snippets, kb.labels, kb.ratings, kb.events;
SELECT knowhow.train() \g /dev/null
