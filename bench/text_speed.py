#!/usr/bin/python3
"""Documents a second: to_tfidf() beside to_tsvector() and scikit-learn's TfidfVectorizer.

usage: text_speed.py [--corpus FILE.jsonl] [--documents N] [--rounds N]

The server is named by PGHOST, PGPORT, PGUSER and PGDATABASE, as for psql, which must be in PATH;
the user must be able to create a database and the extension in it: the benchmark makes a database
of its own and drops it. Without a corpus (one JSON object with title and text a line) it generates
documents: 120 words each, of 50,000, by Zipf's law.

All are measured in turn, in one run, one thread each; what counts is the ratio to to_tsvector, for
the speed of a machine moves from minute to minute. Printed are medians over the rounds. A
TfidfVectorizer neither stems nor keeps technical tokens; it is shown as what people use.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

DATABASE = f"knowhow_speed_{os.getpid()}"

# Name, and the expression for each document.
FUNCTIONS = [
    ("to_tsvector('english')", "to_tsvector('english', body)"),
    ("to_tfidf('english')", "knowhow.to_tfidf('english', body)"),
    ("to_tsvector('knowhow.multilingual')", "to_tsvector('knowhow.multilingual', body)"),
    ("to_tfidf()", "knowhow.to_tfidf(body)"),
]
BASELINE = FUNCTIONS[0][0]


def psql(sql, database=DATABASE):
    """Runs statements; returns the last one's output."""
    return subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database],
        input=sql, check=True, stdout=subprocess.PIPE, encoding="utf-8",
        env={**os.environ, "PGCLIENTENCODING": "UTF8"}).stdout


def generated(count):
    rng = random.Random(42)
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(rng.choices(letters, k=rng.randrange(3, 11))) for _ in range(50_000)]
    cumulative, total = [], 0.0
    for rank in range(len(words)):
        total += 1 / (rank + 1) ** 1.07
        cumulative.append(total)
    return [" ".join(rng.choices(words, cum_weights=cumulative, k=120)) + "."
            for _ in range(count)]


def read(path, count):
    with open(path, encoding="utf-8") as lines:
        documents = [f"{item.get('title') or ''} {item['text']}" for item in map(json.loads, lines)]
    return documents[:count]


def measure_server(expression):
    """Seconds for all documents, in a session that has read them once before."""
    statement = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) SELECT count({expression}) FROM documents;"
    output = psql("SET max_parallel_workers_per_gather = 0;\n\\o /dev/null\n" + statement +
                  "\n\\o\n" + statement)
    return json.loads(output)[0]["Execution Time"] / 1000


def measure_scikit(documents):
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        return None
    begin = time.perf_counter()
    TfidfVectorizer().fit_transform(documents)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus")
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.corpus:
        documents = read(options.corpus, options.documents)
    else:
        documents = generated(options.documents)

    home = os.environ.get("PGDATABASE", "postgres")
    psql(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' "
         f"TEMPLATE template0", home)
    try:
        copied = "".join(document.replace("\\", "\\\\").replace("\n", "\\n")
                         .replace("\t", "\\t").replace("\r", "\\r") + "\n"
                         for document in documents)
        psql("CREATE EXTENSION knowhow; CREATE TABLE documents (body text);\n"
             "COPY documents FROM stdin;\n" + copied + "\\.\nVACUUM ANALYZE documents;")
        seconds = {}
        for _ in range(options.rounds):
            for name, expression in FUNCTIONS:
                seconds.setdefault(name, []).append(measure_server(expression))
            scikit = measure_scikit(documents)
            if scikit is not None:
                seconds.setdefault("TfidfVectorizer", []).append(scikit)
    finally:
        psql(f"DROP DATABASE {DATABASE}", home)

    size = sum(len(document.encode()) for document in documents)
    print(f"{len(documents)} documents, {size / len(documents):.0f} bytes each, "
          f"median of {options.rounds} rounds")
    for name, times in seconds.items():
        median = statistics.median(times)
        ratio = statistics.median(base / own for base, own in zip(seconds[BASELINE], times))
        print(f"{name:38} {len(documents) / median:8.0f} documents/s {size / median / 1e6:7.1f} MB/s"
              f"   {ratio:5.2f} times {BASELINE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
