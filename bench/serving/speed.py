#!/usr/bin/python3
"""Milliseconds of search() and recommend() over generated snippets, beside full-text search.

usage: speed.py [--sizes SNIPPETS[:PEOPLE],...] [--calls N]

The server is named by PGHOST, PGPORT and PGUSER, as for psql, which must be in PATH; the user must
be a superuser (loading skips the foreign keys' triggers). The benchmark makes a database of its own
and drops it. For each size it loads a knowledge base (generated.py says what is in it), trains, and
times calls in one session, 10 results each, no parallel query, after as many calls for other people
(after 5 of GIN and RUM); the result of a call is fetched whole, reasons and evidence included; the
lines that end in 1000 are with pool_depth = 1000 instead of 50. The avid person has rated 5,000
snippets, the others about 100. Beside them, over the same texts and queries:

    GIN    tsvector @@ any term of the query, ORDER BY ts_rank_cd
    RUM    the same with an index of extension rum, ORDER BY <=> (skipped where it is not installed)

Both rank by other scores than search(); they are shown as what people use. What counts is the
ratio within a run, for the speed of a machine moves from minute to minute; the time on a CPU moves
less where others use the machine too.
"""
import argparse
import os
import re
import subprocess
import sys
import time

import numpy as np

from generated import KnowledgeBase

DATABASE = f"knowhow_speed_{os.getpid()}"


def psql(sql, stdin=None, database=DATABASE):
    """Runs statements, or one COPY with lines for it; returns what psql prints."""
    command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]
    if stdin is None:
        done = subprocess.run(command, input=sql, capture_output=True, encoding="utf-8")
        if done.returncode != 0:
            sys.exit(done.stderr)
        return done.stdout
    with subprocess.Popen(command + ["-c", sql], stdin=subprocess.PIPE, encoding="utf-8") as process:
        process.stdin.writelines(stdin)
        process.stdin.close()
    if process.returncode != 0:
        sys.exit(f"psql failed: {sql}")
    return ""


def load(name, base):
    """Loads and trains; prints what it took."""
    begin = time.perf_counter()
    psql(f"SELECT knowhow.create_knowledge_base('{name}');"
         f"INSERT INTO {name}.users SELECT generate_series(1, {base.avid_person})")
    # The rows hold together by construction.
    def copy(target, rows):
        psql(f"SET session_replication_role = replica; COPY {name}.{target} FROM STDIN", rows)
    copy("snippets (snippet_id, title, body, created_at)", base.snippet_rows())
    copy("labels (snippet_id, kind, value)", base.label_rows())
    copy("ratings (user_id, snippet_id, rating, rated_at)", base.rating_rows())
    # While the last commits are not flushed, VACUUM marks no page as visible to all.
    psql(f"SET synchronous_commit = on; CHECKPOINT; VACUUM ANALYZE {name}.snippets;"
         f"VACUUM ANALYZE {name}.labels; VACUUM ANALYZE {name}.ratings")
    loaded = time.perf_counter()
    psql(f"SELECT knowhow.train('{name}')")
    trained = time.perf_counter()
    # So that no answer waits until what was loaded is written.
    psql("CHECKPOINT")
    ratings, size, memory = psql(
        f"SELECT (SELECT count(*) FROM {name}.ratings), "
        f"pg_size_pretty(pg_table_size('{name}.snippets')), m.sizes ->> 'training_memory_kb' "
        f"FROM knowhow.models m WHERE recommender = '{name}' AND state = 'active'").strip().split("|")
    print(f"\n{base.snippets} snippets ({size}), {base.people} people, {ratings} ratings: loaded in "
          f"{loaded - begin:.1f} s, trained in {trained - loaded:.1f} s with "
          f"{int(memory or 0) / 1024:.0f} MB", flush=True)


def load_tsvectors(name, index):
    """A table of the same texts with one index."""
    psql(f"CREATE TABLE {name}.text_{index} AS SELECT snippet_id, "
         f"to_tsvector('english', title || ' ' || body) AS words FROM {name}.snippets;"
         f"CREATE INDEX ON {name}.text_{index} USING "
         + {"gin": "gin (words)", "rum": "rum (words rum_tsvector_ops)"}[index] +
         f"; VACUUM ANALYZE {name}.text_{index}")


SESSION = """
SET max_parallel_workers_per_gather = 0;
SET jit = off;
CREATE FUNCTION pg_temp.any_word(query text) RETURNS tsquery LANGUAGE sql IMMUTABLE
    RETURN replace(plainto_tsquery('english', query)::text, '&', '|')::tsquery;
CREATE FUNCTION pg_temp.cpu() RETURNS float8 LANGUAGE sql
    RETURN split_part(pg_read_file('/proc/self/schedstat', 0, 100, true), ' ', 1)::float8 / 1e6;
CREATE FUNCTION pg_temp.measure(statement text, queries text[], people int8[], warm int)
RETURNS TABLE (elapsed float8, cpu float8) LANGUAGE plpgsql AS $$
DECLARE
    before timestamptz;
    cpu_before float8;
BEGIN
    -- The first calls warm up; of people, these come first.
    FOR i IN 1 .. cardinality(people) LOOP
        cpu_before := pg_temp.cpu();
        before := clock_timestamp();
        EXECUTE statement USING queries[1 + (i - 1) % cardinality(queries)], people[i];
        IF i > warm THEN
            elapsed := 1000 * extract(epoch FROM clock_timestamp() - before);
            cpu := pg_temp.cpu() - cpu_before;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
"""


def statements(name, avid_person, peers):
    """Label and statement of each measurement; $1 is the query, $2 the person."""
    yield "search(query)", f"SELECT count(x) FROM knowhow.search($1, 10, '{name}') x"
    for index in peers:
        order = {"gin": "ts_rank_cd(words, q) DESC", "rum": "words <=> q"}[index]
        yield ({"gin": "GIN, ts_rank_cd", "rum": "RUM, <=>"}[index],
               f"SELECT count(x) FROM (SELECT snippet_id FROM {name}.text_{index}, "
               f"pg_temp.any_word($1) q WHERE words @@ q ORDER BY {order} LIMIT 10) x")
    yield ("recommend(person, query)",
           f"SELECT count(x) FROM knowhow.recommend($2, $1, 10, '{name}') x")
    yield "recommend(person)", f"SELECT count(x) FROM knowhow.recommend($2, NULL, 10, '{name}') x"
    yield ("recommend(avid person)",   # 5,000 ratings
           f"SELECT count(x) FROM knowhow.recommend({avid_person}, NULL, 10, '{name}') x")


def measure(name, base, calls, peers):
    """{label: [[elapsed, of it on a CPU], ...] in ms}, each label in a session of its own."""
    queries = list(base.queries(calls))
    people = np.random.default_rng(7).integers(1, base.people + 1, 2 * calls)
    times = {}
    for label, statement in statements(name, base.avid_person, peers):
        warm = 5 if label.startswith(("GIN", "RUM")) else calls
        lines = psql(SESSION + f"SELECT * FROM pg_temp.measure($m${statement}$m$, "
                     f"ARRAY['{chr(39).join(queries).replace(chr(39), chr(39) + ',' + chr(39))}'], "
                     f"'{{{','.join(map(str, people[:warm + calls]))}}}', {warm})")
        times[label] = np.array([[float(value or "nan") for value in line.split("|")]
                                 for line in lines.split()])
    return times


def print_parts(name, base, calls):
    """What the parts of recommend() cost, by its own account."""
    for label, query in (("recommend(person, query)", True), ("recommend(person)", False)):
        queries = list(base.queries(calls))
        people = np.random.default_rng(8).integers(1, base.people + 1, calls)
        statements = "".join(
            f"SELECT count(x) FROM knowhow.recommend({person}, "
            f"{chr(39) + text + chr(39) if query else 'NULL'}, 10, '{name}') x;\n"
            for person, text in zip(people, queries))
        done = subprocess.run(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", DATABASE], encoding="utf-8",
            input="SET max_parallel_workers_per_gather = 0; SET jit = off;\n" + statements +
            "SET client_min_messages = debug1;\n" + statements, capture_output=True, check=True)
        parts = {}
        for line in done.stderr.splitlines():
            if "knowhow: person" in line:
                for part, value in re.findall(r"(\w+) ([\d.]+) ms", line):
                    parts.setdefault(part, []).append(float(value))
        print(f"{label:31}" + ", ".join(f"{part} {np.median(values):.2f}"
                                        for part, values in parts.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="2000,20000,200000:100000")
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--keep", action="store_true", help="keep the database, print its name")
    options = parser.parse_args()

    home = os.environ.get("PGDATABASE", "postgres")
    psql(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0", database=home)
    try:
        psql("CREATE EXTENSION knowhow")
        peers = ["gin"]
        if psql("SELECT count(*) FROM pg_available_extensions WHERE name = 'rum'").strip() == "1":
            psql("CREATE EXTENSION rum")
            peers.append("rum")
        else:
            print("RUM: skipped, extension rum is not installed")
        before = {}
        for size in options.sizes.split(","):
            base = KnowledgeBase(*map(int, size.split(":")))
            name = f"kb{base.snippets}"
            load(name, base)
            for index in peers:
                load_tsvectors(name, index)
            times = measure(name, base, options.calls, peers)
            psql(f"""SELECT knowhow.alter_recommender('{name}', params => '{{"pool_depth": 1000}}')""")
            for label, values in measure(name, base, options.calls, []).items():
                if label != "search(query)":
                    times[label + ", 1000"] = values
            psql(f"""SELECT knowhow.alter_recommender('{name}', params => '{{"pool_depth": null}}')""")
            text = np.median(times["search(query)"][:, 0])
            print(f"{'':31}{'median, ms':>12}{'95th':>9}{'median CPU':>12}{'/ search()':>12}"
                  f"{'growth':>9}")
            for label, values in times.items():
                median, cpu = np.median(values, axis=0)
                growth = f"{median / before[label]:.1f}x" if label in before else ""
                print(f"{label:31}{median:12.2f}{np.percentile(values[:, 0], 95):9.2f}{cpu:12.2f}"
                      f"{median / text:11.2f}x{growth:>9}", flush=True)
                before[label] = median
            print("Medians of the parts, ms:")
            print_parts(name, base, min(20, options.calls))
    finally:
        if options.keep:
            print(f"kept: {DATABASE}")
        else:
            psql(f"DROP DATABASE {DATABASE} WITH (FORCE)", database=home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
