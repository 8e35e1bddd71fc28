#!/usr/bin/python3
"""What scheduling by change count costs those who insert ratings.

usage: inserts.py [--seconds N] [--rounds N]

The server: as for beside.py. Two clients insert ratings one by one, each in a transaction of its
own, with and without retrain_after_changes. The launcher counts the changes once a second, sixty
times as often as by default. Each round measures both, now one first and now the other, from an empty table each time.
"""
import argparse
import statistics
import sys
import tempfile

from server import load, pgbench, psql, reset_settings, settings, share

DATABASE = "knowhow_inserts"
INSERT = """\\set user random(1, 100000)
\\set snippet random(1, 1000)
INSERT INTO kb.ratings (user_id, snippet_id, rating) VALUES (:user, :snippet, 4)
    ON CONFLICT (user_id, snippet_id) DO UPDATE SET rating = excluded.rating;
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()

    psql(f"CREATE DATABASE {DATABASE}")
    script = tempfile.NamedTemporaryFile("w", suffix=".sql")
    try:
        psql("""CREATE EXTENSION knowhow;
            SELECT knowhow.create_knowledge_base('kb');
            INSERT INTO kb.users SELECT generate_series(1, 100000);
            INSERT INTO kb.snippets (snippet_id, title)
                SELECT s, 'title ' || s FROM generate_series(1, 1000) s;
            VACUUM ANALYZE kb.users; VACUUM ANALYZE kb.snippets;
            SELECT knowhow.train('kb')""", DATABASE)
        script.write(INSERT)
        script.flush()
        settings(launcher_naptime=1)

        def measure(scheduled):
            # Never so many: that no training runs meanwhile is the point.
            psql("TRUNCATE kb.ratings; CHECKPOINT; SELECT knowhow.alter_recommender('kb', "
                 "retrain_after_changes => 1000000000000, "
                 f"retrain_enabled => {str(scheduled).lower()})", DATABASE)
            return pgbench(DATABASE, options.seconds, "-n", "-c", "2", "-j", "2", "-f", script.name)

        measure(False)
        rates = {True: [], False: []}
        for number in range(options.rounds):
            for scheduled in (True, False) if number % 2 else (False, True):
                rates[scheduled].append(measure(scheduled))
        if psql("SELECT count(*) FROM knowhow.training_runs", DATABASE) != "1":
            raise RuntimeError("a training ran beside the inserts")
        print(f"{options.rounds} rounds of {options.seconds} s; {load()}")
        print(f"{'ratings':24}{'inserts/s':>12}  share of the unscheduled")
        for name, scheduled in (("without schedule", False), ("by change count", True)):
            print(f"{name:24}{statistics.median(rates[scheduled]):12.0f}  "
                  f"{share(rates[scheduled], rates[False])}", flush=True)
    finally:
        script.close()
        reset_settings()
        psql(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
