#!/usr/bin/python3
"""Every learner on citeulike-t, P=10, through recommend() itself, beside the published figures.

usage: learners.py [--data DIR] [--validate SEED] [--people N] [--only NAME;...] [--with-text]

One row a learner: recall as in citeulike.py, of what people liked alone (no text, no labels), and
with --with-text of text and ratings together. Parameters were chosen by --validate, which ranks
three articles of each training line (of six or more) that are held out by SEED, and reads no test
line. `ease` takes 2.6 GB, which knowhow.max_memory must allow, and eleven minutes on two CPUs: it
runs where --only names it.
Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available, and makes and
drops knowledge base "citeulike".
"""
import argparse
import json
import os
import random
import sys
import time

import psql
from citeulike import load, read_lists, recall, show

PUBLISHED = """published (Ferrari Dacrema et al. 2021, additional material, table 18), Recall@50/@100/@300:
  ItemKNN .2133/.2658/.3457, EASE .2130/.2611/.3383, iALS .2338/.3107/.4374 (ratings alone)
  CVAE .2387/.3274/.4854, ItemKNN-CFCBF .2675/.3490/.4740 (text and ratings)"""

# name, algorithm, parameters
LEARNERS = (
    ("popularity", "popularity", {}),
    ("item_knn", "item_knn", {}),
    ("item_knn, activity", "item_knn", {"shrinkage": 50, "user_activity": 0.5}),
    ("user_knn", "user_knn", {}),
    ("slim, the default", "slim", {}),
    ("slim, activity", "slim", {"ridge": 50, "user_activity": 0.5}),
    ("ials", "ials", {}),
    ("ials, 256 factors", "ials", {"factors": 256}),
    ("blend", "blend", {}),
    ("ease", "ease", {}),
)
OPTIONAL = ("ease", "ials, 256 factors")
ALONE = {"profile_weight": 0, "labels_weight": 0}
OWN = ("shrinkage", "user_activity", "ridge", "factors", "profile_weight", "labels_weight",
       "collaborative_weight", "neighbours", "unobserved", "penalty", "iterations", "ials_share")


def hold_out(train, seed):
    """Three articles of each line of six or more, as bench/learning/learners.cpp does (not the same)."""
    generator = random.Random(seed)
    fit, held = [], []
    for line in train:
        out = set(generator.sample(sorted(line), min(3, max(0, len(line) - 5))))
        fit.append([article for article in line if article not in out])
        held.append(sorted(out))
    return fit, held


def choose(algorithm, params):
    all_params = {name: params.get(name) for name in OWN}
    psql.run(f"SELECT knowhow.alter_recommender('citeulike', algorithm => '{algorithm}', "
             f"params => '{json.dumps(all_params)}')")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--people", type=int, help="only the first N people (a quick look)")
    parser.add_argument("--validate", type=int, metavar="SEED")
    parser.add_argument("--only")
    parser.add_argument("--with-text", action="store_true")
    parser.add_argument("--params", default="{}", help="JSON merged into each learner's parameters")
    parser.add_argument("--profile-weights", default="0.6", help="for --with-text, a comma-separated list")
    options = parser.parse_args()
    data = f"{options.data}/citeulike-t"
    if not os.path.isdir(data):
        print(f"citeulike-t: skipped, {data} is not there")
        return 0
    train = read_lists(f"{data}/train-users.dat")
    if options.validate is None:
        test = read_lists(f"{data}/test-users.dat")
    else:
        train, test = hold_out(train, options.validate)
    people = [user for user in range(len(train)) if train[user] and test[user]][:options.people]
    only = options.only.split(";") if options.only else None
    load(data, train)
    psql.run("ANALYZE citeulike.snippets; ANALYZE citeulike.ratings")
    print(PUBLISHED)
    print(f"{'test lines' if options.validate is None else 'held out of the training lines'}, "
          f"{len(people)} people", flush=True)
    for name, algorithm, params in LEARNERS:
        if name not in only if only else name in OPTIONAL:
            continue
        params = {**params, **json.loads(options.params)}
        choose(algorithm, {**params, **ALONE})
        start = time.time()
        psql.run("SELECT knowhow.train('citeulike')")
        seconds = time.time() - start
        memory = psql.run("SELECT (sizes->>'training_memory_kb')::int / 1024 FROM knowhow.models "
                          "WHERE recommender = 'citeulike' AND state = 'active'").strip()
        show(f"{name} ({seconds:.1f} s, {memory} MB), ratings alone", *recall(people, test))
        if options.with_text:
            for weight in options.profile_weights.split(","):
                choose(algorithm, {**params, "profile_weight": float(weight), "labels_weight": 0})
                show(f"{name}, text and ratings, profile_weight {weight}", *recall(people, test))
    psql.run("SET client_min_messages = warning; SELECT knowhow.drop_recommender('citeulike');"
             "DROP SCHEMA citeulike CASCADE;")
    return 0


if __name__ == "__main__":
    sys.exit(main())
