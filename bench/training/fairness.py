#!/usr/bin/python3
"""Many databases with recommenders that are due every two seconds, one in three always failing.

usage: fairness.py [--databases N] [--seconds N] LOG

The server: as for beside.py; LOG is its log. Each database has three recommenders, one of which reads
a view that divides by zero. Prints how often each ran, and the longest time between two ends of
runs of one recommender.
"""
import argparse
import pathlib
import statistics
import sys
import time

from server import load, psql

BASE = """
SELECT knowhow.create_knowledge_base('{name}');
INSERT INTO {name}.users SELECT generate_series(1, 20);
INSERT INTO {name}.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(1, 50) s;
INSERT INTO {name}.ratings SELECT u, s, 4 FROM generate_series(1, 20) u, generate_series(1, 50) s
WHERE (u * s) % 3 = 0;
SELECT knowhow.alter_recommender('{name}', params => '{{"keep_runs": 1000}}');
"""
FAILING = """
CREATE VIEW failing.broken AS
SELECT user_id, snippet_id, (weight / (user_id - user_id))::float4 AS weight, occurred_at
FROM failing.interactions;
SELECT knowhow.alter_recommender('failing', interactions => 'failing.broken');
"""
# How many runs ended, and the longest wait for the next to end, the beginning and the end included.
COUNTS = """
SELECT recommender, count(*), max(seconds) FROM (
    SELECT recommender, extract(epoch FROM finished_at - coalesce(lag(finished_at)
               OVER (PARTITION BY recommender ORDER BY finished_at), '{begin}')) AS seconds
    FROM knowhow.training_runs WHERE finished_at > '{begin}' AND finished_at <= '{end}'
    UNION ALL
    SELECT recommender, extract(epoch FROM '{end}' - max(finished_at))
    FROM knowhow.training_runs WHERE finished_at <= '{end}' GROUP BY recommender) x
GROUP BY recommender"""


def row(label, counts, waits):
    print(f"{label:12}{len(counts):14}{min(counts, default=0):10}"
          f"{statistics.median(counts or [0]):10.0f}{max(counts, default=0):10}"
          f"{max(waits, default=0):16.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("log", type=pathlib.Path)
    options = parser.parse_args()

    databases = [f"knowhow_fair_{number}" for number in range(options.databases)]
    names = ("one", "two", "failing")
    try:
        for database in databases:
            psql(f"CREATE DATABASE {database}")
            psql("CREATE EXTENSION knowhow;" + "".join(BASE.format(name=name) for name in names)
                 + FAILING, database)
        lines = len(options.log.read_text().splitlines())
        for database in databases:
            psql("".join(f"SELECT knowhow.alter_recommender('{name}', retrain_every => '2 seconds');"
                         for name in names), database)
        begin = psql("SELECT clock_timestamp()")
        time.sleep(options.seconds)
        end = psql("SELECT clock_timestamp()")
        lines = len(options.log.read_text().splitlines()) - lines
        counts = {name: [] for name in names}
        waits = {name: [] for name in names}
        for database in databases:
            found = {name: (0, options.seconds) for name in names}
            for line in psql(COUNTS.format(begin=begin, end=end), database).splitlines():
                name, count, wait = line.split("|")
                found[name] = (int(count) - 1, float(wait))
            for name, (count, wait) in found.items():
                counts[name].append(count)
                waits[name].append(wait)
        print(f"{options.databases} databases with 3 recommenders, each due every 2 s, for "
              f"{options.seconds} s; {load()}")
        print(f"{'runs':12}{'recommenders':>14}{'least':>10}{'median':>10}{'most':>10}"
              f"{'longest wait':>18}")
        row("healthy", counts["one"] + counts["two"], waits["one"] + waits["two"])
        row("failing", counts["failing"], waits["failing"])
        print(f"lines logged: {lines}")
        # A due job that did not run at all is no matter of speed.
        return 0 if min(counts["one"] + counts["two"] + counts["failing"]) > 0 else 1
    finally:
        for database in databases:
            psql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


if __name__ == "__main__":
    sys.exit(main())
