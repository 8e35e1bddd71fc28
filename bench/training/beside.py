#!/usr/bin/python3
"""pgbench (TPC-B-like) beside a training that never ends.

usage: beside.py [--interactions N] [--seconds N] [--rounds N] [--clients N] [--scale N]

The server is named by PGHOST, PGPORT and PGUSER, must have knowhow in shared_preload_libraries and
be nobody else's: its settings are changed. Each round measures, one after the other, pgbench alone,
beside trainings with default settings, and beside trainings with one thread that pauses
(knowhow.threads = 1, knowhow.training_share = 10). As soon as one training ends the next begins.
What counts is the share of the undisturbed throughput within a round: the median over the rounds.

There are 100 interactions a person with half as many snippets as people; some snippets are much
more often liked than others.
"""
import argparse
import statistics
import subprocess
import sys
import time

from server import load, pgbench, psql, reset_settings, settings, share

DATABASE = "knowhow_beside"
GENTLE = {"threads": 1, "training_share": 10}
WAIT = "knowhow.training_runs WHERE run_id = {run} AND state IN ('queued', 'running')"


def prepare(interactions):
    people = max(interactions // 100, 10)
    snippets = max(people // 2, 10)
    psql(f"""
        CREATE EXTENSION knowhow;
        CREATE SCHEMA kb;
        CREATE TABLE kb.snippets (snippet_id int8 PRIMARY KEY, title text, content knowhow.tfidf);
        INSERT INTO kb.snippets SELECT s, 'word' || s % 1000, knowhow.to_tfidf('word' || s % 1000)
            FROM generate_series(1, {snippets}) s;
        SELECT setseed(0.5);
        CREATE TABLE kb.interactions AS
            SELECT u AS user_id, 1 + floor({snippets} * power(random(), 3))::int8 AS snippet_id,
                   (1 + floor(5 * random()))::float4 AS weight, now() AS occurred_at
            FROM generate_series(1::int8, {people}) u, generate_series(1, {interactions // people});
        VACUUM ANALYZE kb.interactions;
        SELECT knowhow.create_recommender('kb', 'kb.snippets', 'kb.interactions',
            algorithm => 'item_knn')""", DATABASE)
    return people, snippets


# One session, which costs nothing while it waits: each training begins when the last has ended.
FOR_EVER = f"""
DO $$
DECLARE run int8;
BEGIN
    LOOP
        run := knowhow.retrain_in_background('kb');
        COMMIT;
        WHILE EXISTS (SELECT FROM {WAIT.format(run="run")}) LOOP
            PERFORM pg_sleep(0.05);
            COMMIT;
        END LOOP;
        IF 'succeeded' <> (SELECT state FROM knowhow.training_runs WHERE run_id = run) THEN
            RAISE EXCEPTION 'training run % did not succeed', run;
        END IF;
    END LOOP;
END $$"""


class Trainings:
    """In the background one after another, from `with` to its end; .count: how many succeeded."""

    def succeeded(self):
        return int(psql("SELECT count(*) FROM knowhow.training_run_catalog "
                        "WHERE state = 'succeeded'", DATABASE))

    def __enter__(self):
        self.before = self.succeeded()
        self.session = subprocess.Popen(["psql", "-Xq", "-d", DATABASE, "-c", FOR_EVER],
                                        stderr=subprocess.PIPE, encoding="utf-8")
        while self.session.poll() is None and not psql(
                "SELECT 1 FROM knowhow.training_progress WHERE phase <> 'queued'", DATABASE):
            time.sleep(.05)
        return self

    def __exit__(self, *_):
        failed = self.session.poll() is not None
        psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
             f"WHERE datname = '{DATABASE}' AND query LIKE '%retrain_in_background%' "
             "AND pid <> pg_backend_pid()")
        error = self.session.communicate()[1]
        self.count = self.succeeded() - self.before
        psql("SELECT knowhow.cancel_training(run_id) FROM knowhow.training_runs "
             "WHERE state IN ('queued', 'running')", DATABASE)
        while psql("SELECT 1 FROM knowhow.training_runs WHERE state IN ('queued', 'running')",
                   DATABASE):
            time.sleep(.1)
        if failed:
            raise RuntimeError(error)


def train_once():
    """One training to its end; seconds of each phase and megabytes."""
    run = psql("SELECT knowhow.retrain_in_background('kb')", DATABASE)
    while psql(f"SELECT 1 FROM {WAIT.format(run=run)}", DATABASE):
        time.sleep(.1)
    return psql(f"""
        SELECT concat_ws(', ', r.state || coalesce(': ' || r.error_message, ''), (SELECT string_agg(
                   format('%s %s s', s.key, round(s.value::numeric, 1)), ', ')
                   FROM json_each_text(to_json(r.seconds)) s),
               format('%s MB', (m.sizes ->> 'training_memory_kb')::int8 / 1024))
        FROM knowhow.training_runs r LEFT JOIN knowhow.models m USING (model_id)
        WHERE run_id = {run}""", DATABASE)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=4)
    # As many branches as pgbench has: with few of them what is measured is how fast the versions of
    # a few rows pile up while any snapshot is held.
    parser.add_argument("--scale", type=int, default=50)
    options = parser.parse_args()

    psql(f"CREATE DATABASE {DATABASE}")
    try:
        people, snippets = prepare(options.interactions)
        print(f"{options.interactions} interactions of {people} people with {snippets} snippets; "
              f"{load()}", flush=True)
        print(f"training alone: {train_once()}", flush=True)
        psql("CREATE DATABASE knowhow_pgbench")
        subprocess.run(["pgbench", "-i", "-q", "-s", str(options.scale), "knowhow_pgbench"],
                       check=True, capture_output=True)
        run = ["-c", str(options.clients), "-j", "2"]
        pgbench("knowhow_pgbench", min(5, options.seconds), *run)
        variants = {"alone": None, "default settings": {}, "one thread, pausing": GENTLE}
        tps = {name: [] for name in variants}
        trained = dict.fromkeys(variants, 0)
        for _ in range(options.rounds):
            for name, values in variants.items():
                psql("CHECKPOINT")
                if values is None:
                    tps[name].append(pgbench("knowhow_pgbench", options.seconds, *run))
                    continue
                settings(**values)
                with Trainings() as trainings:
                    tps[name].append(pgbench("knowhow_pgbench", options.seconds, *run))
                trained[name] += trainings.count
                reset_settings()
        print(f"pgbench, scale {options.scale}, {options.clients} clients, {options.rounds} rounds of "
              f"{options.seconds} s; {load()}")
        print(f"{'beside trainings':24}{'transactions/s':>16}  {'share of alone':26}"
              "trainings that ended")
        for name, values in tps.items():
            print(f"{name:24}{statistics.median(values):16.0f}  {share(values, tps['alone']):26}"
                  f"{trained[name] or ''}")
    finally:
        psql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE);"
             f"DROP DATABASE IF EXISTS knowhow_pgbench WITH (FORCE)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
