-- The text search parser, the fold dictionary, the configuration and the headline function.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS knowhow;

\set SHOW_CONTEXT never

SELECT tokid, alias, description FROM ts_token_type('knowhow.parser') ORDER BY tokid;

-- Technical tokens stay whole.
CREATE FUNCTION pg_temp.tokens(document text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(alias || '(' || token || ')', ' ' ORDER BY n)
    FROM ts_parse('knowhow.parser', document) WITH ORDINALITY AS p (tokid, token, n)
    JOIN ts_token_type('knowhow.parser') USING (tokid)
    WHERE alias <> 'blank'
$$;
SELECT pg_temp.tokens('C++, C#, F#, .NET, node.js, x86_64, k8s, GPT-4, 2.0, file_name.py, --flag.');
SELECT pg_temp.tokens('C++20 std::vector UTF-8 TCP/IP @angular/core v1.2.3 192.168.0.1 mail@example.com https://example.com/a?b=c.');
SELECT pg_temp.tokens('state-of-the-art; a user''s; 深度学习 with TensorFlow 2.0，使用.NET框架');
SELECT pg_temp.tokens('食べる データ 데이터 ภาษาไทย');
SELECT string_agg(token, '' ORDER BY n) = 'a  b, (c-d)? ' AS every_byte_once
FROM ts_parse('knowhow.parser', 'a  b, (c-d)? ') WITH ORDINALITY AS p (tokid, token, n);
SELECT count(*) FROM ts_parse('knowhow.parser', '');

-- Dictionaries: folded, then stemmed where it is a word.
SELECT alias, token, dictionary, lexemes
FROM ts_debug('knowhow.multilingual', 'Running Ｃafés with the ＧＰＴ-4 ﾃﾞｰﾀ 書') WHERE alias <> 'blank';
SELECT ts_lexize('knowhow.fold', 'plain') IS NULL AS unchanged, ts_lexize('knowhow.fold', 'Ångström'),
       ts_lexize('knowhow.fold', U&'\00AD') AS invisible;
CREATE TEXT SEARCH DICTIONARY pg_temp.bad (TEMPLATE = knowhow.fold, accents = off);

-- tsvector and tsquery agree, in phrases too.
SELECT to_tsvector('knowhow.multilingual', '深度学习入门教程 with Node.js and C++, the 2.0 release');
SELECT plainto_tsquery('knowhow.multilingual', '深度学习 教程'),
       phraseto_tsquery('knowhow.multilingual', '深度学习入门'),
       websearch_to_tsquery('knowhow.multilingual', '"深度学习" C++ -java'),
       to_tsquery('knowhow.multilingual', '学习 & node.js');
SELECT query, document @@ phraseto_tsquery('knowhow.multilingual', query) AS phrase,
       document @@ plainto_tsquery('knowhow.multilingual', query) AS words
FROM (VALUES ('学习入门'), ('深度教程'), ('度学'), ('部署'), ('node.js'), ('NODE.JS'), ('node'), ('c++'),
             ('学习入门教程 with node.js'), ('releases 2.0'), ('２.０ release')) AS q (query),
     to_tsvector('knowhow.multilingual', '深度学习入门教程 with Node.js and C++, the 2.0 release') AS document;
SELECT token, to_tsvector('knowhow.multilingual', 'we use ' || token || '.') @@ plainto_tsquery('knowhow.multilingual', token) AS found
FROM unnest('{C++,C#,F#,.NET,node.js,x86_64,k8s,GPT-4,2.0,file_name.py,--flag}'::text[]) AS token;

-- Headlines print each byte once and highlight a match of several pairs as one.
CREATE FUNCTION pg_temp.headline(document text, query text, options text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT ts_headline('knowhow.multilingual', document, websearch_to_tsquery('knowhow.multilingual', query), options)
$$;
SELECT pg_temp.headline('我们用深度学习来训练模型，参见《深度学习入门教程》。', '深度学习');
SELECT pg_temp.headline('The quick brown fox; node.js and C++ in the 深度学习 world', 'foxes OR C++ OR 学习');
SELECT pg_temp.headline('The quick brown fox', 'zebra', 'MinWords=2, MaxWords=3');
SELECT pg_temp.headline('深度学习 abc', '度学 abc', 'HighlightAll=true, StartSel=[, StopSel=]');
SELECT pg_temp.headline(repeat('filler words go here. ', 30) || 'the Kubernetes 部署最佳实践 is shown ' || repeat('more of the filler. ', 30)
                        || 'Kubernetes again ' || repeat('and the end. ', 30),
                        'kubernetes', 'MaxFragments=2, MaxWords=8, MinWords=3, FragmentDelimiter=" | "');
SELECT pg_temp.headline(repeat('中文没有空格的句子。', 30) || '然后是客户投诉处理流程的说明' || repeat('更多的文字在这里。', 30), '投诉处理');
SELECT pg_temp.headline('', 'b'), pg_temp.headline('。', 'b'), pg_temp.headline('a', '');
SELECT ts_headline('knowhow.multilingual', '{"a": "深度学习", "b": ["node.js 2.0", 7]}'::jsonb,
                   websearch_to_tsquery('knowhow.multilingual', '学习 OR node.js'));
SELECT pg_temp.headline('a b c', 'b', 'StartSel="", StopSel="", HighlightAll=yes');
SELECT pg_temp.headline('a b c', 'b', 'MinWords=0');
SELECT pg_temp.headline('a b c', 'b', 'MaxWords=3, MinWords=3');
SELECT pg_temp.headline('a b c', 'b', 'ShortWord=-1');
SELECT pg_temp.headline('a b c', 'b', 'MaxFragments=-1');
SELECT pg_temp.headline('a b c', 'b', 'Colour=red');
-- Without tags the text comes back as it was.
SELECT every(pg_temp.headline(document, '深度 OR node.js OR b', 'HighlightAll=true, StartSel="", StopSel=""') = document)
FROM unnest(ARRAY['深度学习，食べるラーメン e.g. node.js', repeat('深度', 3000), repeat('a', 5000) || ' b', repeat(' ', 5000), '한국어 b']) AS document;

-- Long documents.
SELECT length(to_tsvector('knowhow.multilingual', repeat('深度学习', 250000)));
SELECT count(*) FROM ts_parse('knowhow.parser', repeat('a', 1000000)) WHERE tokid <> 7;
SET statement_timeout = '200ms';
SELECT length(to_tsvector('knowhow.multilingual', repeat('深度学习，a b ', 4000000)));
RESET statement_timeout;

SELECT knowhow.text_version() ~ '^parser \d+, ICU [\d.]+, Unicode [\d.]+$' AS version;
