#!/usr/bin/python3
"""The tfidf index beside what memory alone can do, GIN and RUM, over a generated corpus.

usage: speed.py --programs DIR [--corpus DIR] [--sizes N,N,...] [--queries N]

The server is named by PGHOST, PGPORT and PGUSER, as for psql, which must be in PATH. The benchmark
makes a database of its own and drops it. DIR holds gen_corpus.py, corpus_tsv.cpp and limit.cpp; g++
compiles the latter two. The corpus is kept in --corpus where that is named, else thrown away.

    limit   the fastest method of limit.cpp: postings in memory, no table, faster CPU instructions
    index   ORDER BY vector <#> query LIMIT 10 in a plan that is kept, the query a parameter
    GIN     tsvector @@ any term, ORDER BY ts_rank
    RUM     tsvector @@ any term, ORDER BY <=> (skipped where the extension is not installed)

Milliseconds inside the server, warm, the best of three for each query as limit.cpp has it; GIN and
RUM once, for fewer queries, and the index's own figures for those.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DATABASE = f"knowhow_index_{os.getpid()}"
MEMORY = "256MB"  # maintenance_work_mem of all builds


def psql(sql, database=DATABASE):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"],
                          input=sql, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout.strip()


def copy(table, program):
    """Loads what a shell command prints."""
    command = f"set -o pipefail; {program} | psql -XqAt -d {DATABASE} -c 'COPY {table} FROM STDIN'"
    subprocess.run(["bash", "-c", command], check=True)


def run_limit(program, corpus, size, *kind):
    """{method: (median, 95th percentile)} in ms."""
    printed = subprocess.run([program, corpus, str(size), "10", "128", *kind], check=True,
                             capture_output=True, encoding="utf-8").stdout
    return {name.strip(): (float(median), float(late)) for name, median, late in
            re.findall(r"^(\S.*?)\s+p50 ([0-9.]+) ms p95 ([0-9.]+)", printed, re.M)}


def load(corpus, size, convert):
    """Tables of the first `size` documents: vectors, words and the queries."""
    psql(f"""
        DROP TABLE IF EXISTS docs, words, queries;
        CREATE TABLE docs (id int8, v knowhow.tfidf);
        CREATE TABLE words (id int8, words tsvector);
        CREATE TABLE queries (number int8, v knowhow.tfidf, words tsquery);
        CREATE TABLE IF NOT EXISTS loaded (number int8, loaded text);
        TRUNCATE loaded""")
    to_vector = "sed \"s/{/'t/; s/,/ 't/g; s/:/':/g; s/}.*//\""
    copy("docs", f"{convert} {corpus} {size} sparse | {to_vector}")
    # Words as ids, in one configuration that leaves them alone.
    psql("CREATE TABLE IF NOT EXISTS texts (id int8, body text); TRUNCATE texts")
    copy("texts", f"{convert} {corpus} {size} text")
    psql("INSERT INTO words SELECT id, to_tsvector('simple', body) FROM texts; TRUNCATE texts")
    copy("loaded", f"{convert} {corpus} {size} qsparse | {to_vector}")
    psql("INSERT INTO queries SELECT number, loaded::knowhow.tfidf FROM loaded; TRUNCATE loaded")
    copy("loaded", f"{convert} {corpus} {size} qor")
    psql("UPDATE queries q SET words = l.loaded::tsquery FROM loaded l WHERE q.number = l.number;"
         "VACUUM ANALYZE docs; VACUUM ANALYZE words; VACUUM ANALYZE queries")


def build(statement, workers=0):
    """Seconds."""
    psql("CHECKPOINT")
    begin = time.perf_counter()
    psql(f"SET maintenance_work_mem = '{MEMORY}'; SET max_parallel_maintenance_workers = {workers};"
         f"{statement}")
    return time.perf_counter() - begin


def measure(statement, queries, rounds):
    """Milliseconds of each row of `queries` (number, v, words), the least of some rounds."""
    lines = psql(f"""
        SET max_parallel_workers_per_gather = 0; SET jit = off;
        SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
        CREATE FUNCTION pg_temp.measure() RETURNS SETOF float8 LANGUAGE plpgsql AS $$
        DECLARE
            q record;
            before timestamptz;
            best float8;
        BEGIN
            FOR q IN {queries} LOOP
                best := 'infinity';
                FOR i IN 1 .. {rounds} LOOP
                    before := clock_timestamp();
                    PERFORM {statement};
                    best := least(best, 1000 * extract(epoch FROM clock_timestamp() - before));
                END LOOP;
                RETURN NEXT best;
            END LOOP;
        END $$;
        SELECT count(*) FROM (SELECT pg_temp.measure()) AS warm;
        SELECT pg_temp.measure()""").split()[1:]
    return np.array(lines, dtype=float)


def line(name, times, limit=None, index=None):
    median, late = np.median(times), np.percentile(times, 95)
    print(f"{name:40}{median:12.3f}{late:12.3f}"
          + (f"{median / limit[0]:11.1f}x{late / limit[1]:11.1f}x" if limit else f"{'':24}")
          + (f"{median / np.median(index):13.0f}x" if index is not None else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--sizes", default="200000,1000000")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--peer-queries", type=int, default=30)
    options = parser.parse_args()
    sizes = sorted(map(int, options.sizes.split(",")))

    scratch = Path(tempfile.mkdtemp())
    home = os.environ.get("PGDATABASE", "postgres")
    try:
        native = ["-O3", "-march=native", "-w", "-Wno-psabi"]
        if "avx512f" not in Path("/proc/cpuinfo").read_text().split():
            print("limit.cpp without AVX-512, which this CPU does not have")
            native += ["-I", Path(__file__).parent / "without_avx512"]
        for program, flags in (("limit", native), ("corpus_tsv", ["-O2", "-w"])):
            subprocess.run(["g++", "-std=c++20", *flags, options.programs / f"{program}.cpp", "-o",
                            scratch / program], check=True)
        corpus = options.corpus or scratch / "corpus"
        if not (corpus / "meta.txt").exists():
            subprocess.run([sys.executable, options.programs / "gen_corpus.py", corpus,
                            str(max(sizes))], check=True, capture_output=True)
        psql(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0", home)
        psql("CREATE EXTENSION knowhow")
        peers = ["gin"]
        if psql("SELECT 1 FROM pg_available_extensions WHERE name = 'rum'"):
            psql("CREATE EXTENSION rum")
            peers.append("rum")
        before = None
        for size in sizes:
            load(corpus, size, scratch / "corpus_tsv")
            print(f"\n{size} documents, maintenance_work_mem = {MEMORY}")
            seconds, bytes_of = {}, {}
            for name, statement in (
                    ("docs_ip", "CREATE INDEX docs_ip ON docs USING tfidf (v knowhow.tfidf_ip_ops)"),
                    ("words_gin", "CREATE INDEX words_gin ON words USING gin (words)"),
                    ("words_rum", "CREATE INDEX words_rum ON words USING rum (words rum_tsvector_ops)")):
                if name == "words_rum" and "rum" not in peers:
                    continue
                seconds[name] = build(statement)
                bytes_of[name] = int(psql(f"SELECT pg_relation_size('{name}')"))
                print(f"build of {name:12}{seconds[name]:8.1f} s{bytes_of[name] / 1e6:10.0f} MB"
                      f"{seconds[name] / seconds['docs_ip']:8.2f}x the index's seconds, "
                      f"{bytes_of['docs_ip'] / bytes_of[name]:5.2f}x: the index's size to it",
                      flush=True)
            rebuilds = np.median([[build("REINDEX INDEX docs_ip", workers) for workers in (0, 2)]
                                  for _ in range(3)], axis=0)
            print(f"medians of three rebuilds, in turn: {rebuilds[0]:.1f} s, with two workers "
                  f"{rebuilds[1]:.1f} s, {rebuilds[0] / rebuilds[1]:.2f} times as fast", flush=True)
            short = run_limit(scratch / "limit", corpus, size)
            long = run_limit(scratch / "limit", corpus, size, "mlt")
            fastest = min(short, key=lambda name: short[name][0])
            fastest_long = min(long, key=lambda name: long[name][0])
            print(f"{'milliseconds':40}{'median':>12}{'95th':>12}{'/ limit':>12}{'/ limit':>12}"
                  f"{'/ index':>14}")
            print(f"{'limit: ' + fastest:40}{short[fastest][0]:12.3f}{short[fastest][1]:12.3f}")
            some = f"SELECT v, words FROM queries WHERE number < {options.queries} ORDER BY number"
            few = some.replace(str(options.queries), str(options.peer_queries))
            index = measure("id FROM docs ORDER BY v OPERATOR(knowhow.<#>) q.v LIMIT 10", some, 3)
            line("index", index, short[fastest])
            print(f"{'limit: ' + fastest_long:40}{long[fastest_long][0]:12.3f}{long[fastest_long][1]:12.3f}")
            documents = np.random.MT19937()
            documents._legacy_seeding(5)
            numbers = ",".join(str(int(documents.random_raw()) % size) for _ in range(100))
            line("index, a document as the query", measure(
                "id FROM docs ORDER BY v OPERATOR(knowhow.<#>) q.v LIMIT 10",
                f"SELECT v FROM docs WHERE id = ANY('{{{numbers}}}')", 3), long[fastest_long])
            if before is not None:
                print(f"index: {np.median(index) / before:.2f} times the median of the size before")
            before = np.median(index)
            for rows in (1, 10, 100, 1000, size):
                line(f"index, {rows} rows", measure(
                    f"id FROM docs ORDER BY v OPERATOR(knowhow.<#>) q.v LIMIT {rows}",
                    some.replace(str(options.queries), "100" if rows < size else "3"), 1))
            fewer = measure("id FROM docs ORDER BY v OPERATOR(knowhow.<#>) q.v LIMIT 10", few, 3)
            for peer in peers:
                order = {"gin": "ts_rank(words, q.words) DESC",
                         "rum": "words <=> q.words"}[peer]
                line(peer.upper(), measure(f"id FROM words WHERE words @@ q.words ORDER BY {order} "
                                           "LIMIT 10", few, 1), index=fewer)
    finally:
        psql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", home)
        shutil.rmtree(scratch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
