#!/usr/bin/python3
"""scikit_tfidf() and cosines beside scikit-learn's TfidfVectorizer, on the same tokens.

usage: scikit_tfidf.py
The server is named by PGHOST, PGPORT, PGUSER and PGDATABASE, as for psql, which must be in PATH.
The user must be able to create a database and the extension in it: the test makes a database of
its own and drops it. Prints TAP; ends with status 1 if a test fails. Without scikit-learn it skips.

The tokens of configuration english are those of to_tsvector, which shares no code with to_tfidf;
those of knowhow.multilingual are the counts of scikit_tfidf() itself, neither weighed nor
normalised.
"""
import json
import os
import random
import subprocess
import sys

try:
    import numpy
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import cosine_similarity
except ImportError as missing:
    print(f"1..0 # SKIP {missing}")
    sys.exit(0)

TOLERANCE = 1e-6
DATABASE = f"knowhow_scikit_{os.getpid()}"
WORDS = (
    "data model training learning networks deploys deployed cluster query queries indexing search "
    "searches Kubernetes TensorFlow node.js C++ x86_64 file_name.py the of and with 2.0 GPT-4 "
    "深度学习 入门教程 客户投诉 处理流程 最佳实践 部署 数据库索引 caf\u00e9 running runner"
).split()

SETUP = """
CREATE EXTENSION knowhow;
CREATE SCHEMA corpus;
CREATE TABLE corpus.documents (id bigint PRIMARY KEY, title text, body text);
CREATE TABLE corpus.interactions
    (user_id bigint, snippet_id bigint, weight real, occurred_at timestamptz);
"""

RECOMMENDER = """
CREATE TABLE corpus.{name} (
    snippet_id bigint PRIMARY KEY, title text, body text,
    content knowhow.tfidf
        GENERATED ALWAYS AS (knowhow.to_tfidf('{config}', body, title => title)) STORED);
INSERT INTO corpus.{name} SELECT * FROM corpus.documents;
SELECT knowhow.create_recommender('{name}', 'corpus.{name}', 'corpus.interactions');
SELECT knowhow.train('{name}');
"""

# How often each lexeme occurs, title words twice: by PostgreSQL's own means, or by knowhow's.
COUNTS = {
    "english": """
        SELECT snippet_id, lexeme, sum(cardinality(positions) * times)
        FROM corpus.{name},
             LATERAL (VALUES (to_tsvector('english', coalesce(title, '')), 2),
                             (to_tsvector('english', coalesce(body, '')), 1)) AS part (vector, times),
             unnest(vector)
        GROUP BY 1, 2""",
    "knowhow.multilingual": """
        SELECT snippet_id, lexeme, weight
        FROM corpus.{name},
             knowhow.lexemes(knowhow.scikit_tfidf('knowhow.multilingual', body, title => title,
                                                  recommender => '{name}', norm => 'none',
                                                  use_idf => false))""",
}

WEIGHTS = """
    SELECT snippet_id, lexeme, weight
    FROM corpus.{name},
         knowhow.lexemes(knowhow.scikit_tfidf('{config}', body, title => title,
                                              recommender => '{name}'{options}))"""

COSINES = """
    WITH vectors AS (
        SELECT snippet_id, knowhow.scikit_tfidf('{config}', body, title => title,
                                                recommender => '{name}') AS vector
        FROM corpus.{name} WHERE snippet_id < 60)
    SELECT a.snippet_id, b.snippet_id, 1 - (a.vector OPERATOR(knowhow.<=>) b.vector)
    FROM vectors AS a, vectors AS b
    WHERE knowhow.norm(a.vector) > 0 AND knowhow.norm(b.vector) > 0"""

# Options of TfidfVectorizer, and the same for scikit_tfidf().
OPTIONS = [
    ({}, ""),
    ({"sublinear_tf": True}, ", sublinear_tf => true"),
    ({"smooth_idf": False}, ", smooth_idf => false"),
    ({"use_idf": False}, ", use_idf => false"),
    ({"norm": "l1"}, ", norm => 'l1'"),
    ({"norm": None, "sublinear_tf": True}, ", norm => 'none', sublinear_tf => true"),
]


def psql(sql, database=DATABASE):
    """Runs statements; returns the last one's output."""
    return subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database],
        input=sql, check=True, stdout=subprocess.PIPE, encoding="utf-8",
        env={**os.environ, "PGCLIENTENCODING": "UTF8"}).stdout


def rows(query):
    return json.loads(psql(f"SELECT coalesce(json_agg(to_json(r)), '[]') FROM "
                           f"(SELECT json_build_array(a, b, c) AS r FROM ({query}) AS q (a, b, c)) s"))


def documents(count):
    """Texts of 0 to 80 words, some with a title; the same at each run."""
    rng = random.Random(7)
    # A word's rank decides how frequent it is, so that document frequencies differ.
    frequency = [1 / (rank + 1) for rank in range(len(WORDS))]
    made = [(0, None, ""), (1, "only a title", None), (2, None, "the of and")]
    for number in range(len(made), count):
        body = " ".join(rng.choices(WORDS, frequency, k=rng.randrange(80)))
        title = " ".join(rng.choices(WORDS, k=3)) if rng.random() < 0.5 else None
        made.append((number, title, body))
    return made


def main():
    passed = failed = 0

    def check(ok, name):
        nonlocal passed, failed
        passed, failed = passed + ok, failed + (not ok)
        print(f"{'ok' if ok else 'not ok'} {passed + failed} - {name}", flush=True)

    corpus = documents(300)
    copied = "".join("\t".join("\\N" if value is None else str(value) for value in row) + "\n"
                     for row in corpus)
    psql(SETUP + "COPY corpus.documents FROM stdin;\n" + copied + "\\.\n")
    for name, config in (("english_kb", "english"), ("multilingual_kb", "knowhow.multilingual")):
        psql(RECOMMENDER.format(name=name, config=config))
        bags = [[] for _ in corpus]
        for number, lexeme, count in rows(COUNTS[config].format(name=name)):
            bags[number] += [lexeme] * round(count)
        for options, sql_options in OPTIONS:
            vectorizer = TfidfVectorizer(analyzer=lambda bag: bag, **options)
            expected = vectorizer.fit_transform(bags).toarray()
            found = numpy.zeros_like(expected)
            for number, lexeme, weight in rows(
                    WEIGHTS.format(name=name, config=config, options=sql_options)):
                found[number, vectorizer.vocabulary_[lexeme]] = weight
            scale = numpy.maximum(1, numpy.abs(expected))
            worst = float((numpy.abs(found - expected) / scale).max())
            check(worst <= TOLERANCE and bool(expected.any()),
                  f"{config}: weights with {options or 'defaults'}, "
                  f"{expected.shape[1]} terms, largest difference {worst:.1e}")
            if not options:
                cosines = cosine_similarity(expected)
                found_cosines = rows(COSINES.format(name=name, config=config))
                worst = max(abs(cosine - cosines[a, b]) for a, b, cosine in found_cosines)
                check(worst <= TOLERANCE,
                      f"{config}: {len(found_cosines)} cosines, largest difference {worst:.1e}")
    print(f"1..{passed + failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    home = os.environ.get("PGDATABASE", "postgres")
    psql(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' "
         f"TEMPLATE template0", home)
    try:
        status = main()
    finally:
        psql(f"DROP DATABASE {DATABASE}", home)
    sys.exit(status)
