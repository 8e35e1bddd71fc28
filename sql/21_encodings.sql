-- Databases in other encodings than UTF-8.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DROP DATABASE IF EXISTS knowhow_euc_cn;
DROP DATABASE IF EXISTS knowhow_latin1;
DROP DATABASE IF EXISTS knowhow_sql_ascii;
SELECT current_database() AS home \gset

CREATE DATABASE knowhow_euc_cn ENCODING 'EUC_CN' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c knowhow_euc_cn
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION knowhow;
SELECT token FROM ts_parse('knowhow.parser', '使用TensorFlow 2.0，深度学习') WHERE tokid <> 7;
SELECT to_tsvector('knowhow.multilingual', 'ＡＢＣ深度学习，Node.js');
SELECT ts_headline('knowhow.multilingual', repeat('填充文字。', 40) || '我们用深度学习来训练node.js模型。',
                   websearch_to_tsquery('knowhow.multilingual', '深度学习'), 'MaxWords=12, MinWords=4');
SELECT string_agg(token, '' ORDER BY n) FILTER (WHERE tokid <> 4) = repeat('node.js，', 500) AS offsets
FROM ts_parse('knowhow.parser', repeat('node.js，', 500)) WITH ORDINALITY AS p (tokid, token, n);

\c :home
CREATE DATABASE knowhow_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c knowhow_latin1
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION knowhow;
SELECT to_tsvector('knowhow.multilingual', 'Ångström cafés naïve Straße x² ½ C++');
SELECT ts_headline('knowhow.multilingual', 'Über naïve Cafés', plainto_tsquery('knowhow.multilingual', 'cafe naïve'));

\c :home
SET client_min_messages = warning;
CREATE DATABASE knowhow_sql_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c knowhow_sql_ascii
SET client_min_messages = warning;
CREATE EXTENSION knowhow;

\c :home
SET client_min_messages = warning;
DROP DATABASE knowhow_euc_cn;
DROP DATABASE knowhow_latin1;
DROP DATABASE knowhow_sql_ascii;
