#!/usr/bin/python3
"""Single-row inserts into a table with the tfidf index, beside the same table with GIN.

usage: inserts.py --programs DIR [--corpus DIR] [--rows N] [--seconds N] [--rounds N]

Server and corpus as for speed.py. Two clients of pgbench insert rows of 60 terms, one of which no
other row has, while a third one searches without end: each time it first takes the newest row that
is committed, by its number, and then looks for it by its own term. GIN is as it comes, with
fastupdate. A round measures both, one after the other, each on a fresh copy of the same database:
first searches alone, then beside the inserts. What counts are the ratios within a round: rows that
were inserted in the rounds before would slow the one, and not the other.

Three busy processes on two CPUs wait for one another. So searches are also stated without the time
for which they were ready to run and had no CPU, which Linux counts: what is left is the index's own.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import speed
from speed import copy, psql

KINDS = {
    "tfidf": ("docs", "v", "v OPERATOR(knowhow.+) format('%L:3', 'own' || :id)::knowhow.tfidf",
              "v OPERATOR(knowhow.<#>) q.v", "true",
              "v OPERATOR(knowhow.<#>) format('%L:1', 'own' || newest)::knowhow.tfidf", "true"),
    "gin": ("words", "words", "words || ('own' || :id)::tsvector",
            "ts_rank(words, q.words) DESC", "words @@ q.words",
            "id", "words @@ ('own' || newest)::tsquery"),
}

SEARCH = """
SET max_parallel_workers_per_gather = 0; SET jit = off; SET enable_seqscan = off;
SET plan_cache_mode = force_generic_plan;
CREATE TEMP TABLE times (ms float8, waited float8, found boolean);
CREATE FUNCTION pg_temp.waited() RETURNS float8 LANGUAGE sql AS
    $$ SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 2)::float8 / 1e6 $$;
DO $$
DECLARE
    q record;
    newest int8;
    got int8;
    before timestamptz;
    elapsed float8;
    waited float8;
    until timestamptz := clock_timestamp() + interval '{seconds} s';
BEGIN
    LOOP
        FOR q IN SELECT v, words FROM queries WHERE number < {queries} LOOP
            EXIT WHEN clock_timestamp() > until;
            waited := pg_temp.waited();
            before := clock_timestamp();
            PERFORM id FROM {table} WHERE {where} ORDER BY {order} LIMIT 10;
            elapsed := 1000 * extract(epoch FROM clock_timestamp() - before);
            waited := pg_temp.waited() - waited;
            newest := (SELECT max(id) FROM {table});
            SELECT id INTO got FROM {table} WHERE {own_where} ORDER BY {own_order} LIMIT 1;
            INSERT INTO times VALUES (elapsed, least(waited, elapsed), got IS NOT DISTINCT FROM newest OR newest <= {rows});
        END LOOP;
        EXIT WHEN clock_timestamp() > until;
    END LOOP;
END $$;
SELECT count(*), count(*) FILTER (WHERE NOT found),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY ms),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY ms - waited) FROM times"""


QUERIES = 1000
ROUND = f"{speed.DATABASE}_round"  # a copy of it


def search(kind, seconds, rows):
    table, _, _, order, where, own_order, own_where = KINDS[kind]
    return subprocess.Popen(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", ROUND, "-c",
         SEARCH.format(seconds=seconds, table=table, order=order, where=where, rows=rows,
                       own_order=own_order, own_where=own_where, queries=QUERIES)],
        stdout=subprocess.PIPE, encoding="utf-8")


def result(process):
    """Searches, those that missed the newest row, and two 95th percentiles in ms: of all the time,
    and without waiting for a CPU."""
    printed = process.communicate()[0].strip().split("\n")[-1].split("|")
    return int(printed[0]), int(printed[1]), np.array(printed[2:], dtype=float)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    scratch = Path(tempfile.mkdtemp())
    home = os.environ.get("PGDATABASE", "postgres")
    try:
        subprocess.run(["g++", "-std=c++20", "-O2", "-w", options.programs / "corpus_tsv.cpp", "-o",
                        scratch / "corpus_tsv"], check=True)
        corpus = options.corpus or scratch / "corpus"
        if not (corpus / "meta.txt").exists():
            subprocess.run([sys.executable, options.programs / "gen_corpus.py", corpus,
                            str(options.rows)], check=True, capture_output=True)
        psql(f"CREATE DATABASE {speed.DATABASE} ENCODING 'UTF8' TEMPLATE template0", home)
        psql("CREATE EXTENSION knowhow")
        speed.load(corpus, options.rows, scratch / "corpus_tsv")
        psql("CREATE TABLE pool AS SELECT d.id, d.v, w.words FROM docs d JOIN words w USING (id) "
             "WHERE d.id < 20000; ALTER TABLE pool ADD PRIMARY KEY (id); VACUUM ANALYZE pool;"
             "ALTER TABLE docs ADD PRIMARY KEY (id); ALTER TABLE words ADD PRIMARY KEY (id);"
             f"CREATE SEQUENCE ids START {options.rows + 1};"
             "CREATE INDEX ON docs USING tfidf (v knowhow.tfidf_ip_ops);"
             "CREATE INDEX ON words USING gin (words); VACUUM ANALYZE docs; VACUUM ANALYZE words")
        rates, quiet, late = ({kind: [] for kind in KINDS} for _ in range(3))
        lost = dict.fromkeys(KINDS, 0)
        for _ in range(options.rounds):
            for kind, (table, column, value, *_) in KINDS.items():
                psql(f"DROP DATABASE IF EXISTS {ROUND} WITH (FORCE)", home)
                psql(f"CREATE DATABASE {ROUND} TEMPLATE {speed.DATABASE}", home)
                psql("CHECKPOINT", home)
                for seconds in (options.seconds / 6, options.seconds / 3):  # the first warm it up
                    alone = result(search(kind, seconds, options.rows))[2]
                quiet[kind].append(alone)
                script = scratch / f"{kind}.sql"
                script.write_text("SELECT nextval('ids') AS id \\gset\n"
                                  f"INSERT INTO {table} (id, {column}) SELECT :id, {value} "
                                  "FROM pool WHERE id = :id % 20000;\n")
                searching = search(kind, options.seconds - 1, options.rows)
                done = subprocess.run(
                    ["pgbench", "-n", "-M", "prepared", "-c", "2", "-j", "1", "-T",
                     str(options.seconds), "-f", script, ROUND],
                    capture_output=True, encoding="utf-8")
                if done.returncode != 0:
                    sys.exit(done.stderr)
                rates[kind].append(float(re.search(r"^tps = ([0-9.]+)", done.stdout, re.M)[1]))
                searches, missing, percentile = result(searching)
                late[kind].append(percentile)
                lost[kind] += missing
                print(f"{kind:8}{rates[kind][-1]:10.0f} inserts/s, {searches} searches, "
                      f"95th percentile {percentile[0]:.2f} ms, {percentile[1]:.2f} without waiting "
                      f"for a CPU ({alone[0]:.2f} and {alone[1]:.2f} alone), {missing} times the "
                      "newest row was not found", flush=True)
        ratio = statistics.median(a / b for a, b in zip(rates["tfidf"], rates["gin"]))
        print(f"inserts a second, tfidf / GIN: {ratio:.2f}")
        for kind in KINDS:
            for what, at in (("", 0), (" without waiting for a CPU", 1)):
                alone, beside = (np.array(times)[:, at] for times in (quiet[kind], late[kind]))
                print(f"{kind}: 95th percentile of searches{what} beside inserts / alone: "
                      f"{np.median(beside / alone):.1f} ({np.median(beside):.2f} ms, "
                      f"{np.median(alone):.2f} ms)")
            print(f"{kind}: {lost[kind]} newest rows not found")
    finally:
        for database in (ROUND, speed.DATABASE):
            psql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", home)
        shutil.rmtree(scratch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
