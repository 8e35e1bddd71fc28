#!/usr/bin/python3
"""What evaluate() says of a company's twelve months of article sharing.

usage: deskdrop.py DATA [PART...]        parts: replay, compare, person_time; all where none is named
An article is created by its first event. Interactions: per person, article and kind of event the
first one, with the weights of a knowledge base and without decay by age. Rows: nDCG@10 per person
with the 95 % bootstrap interval; `replay` cuts at 80 % of first interactions and retrains weekly,
`person_time` is for comparison with papers and leaks. `compare` pairs the default with each of the
others by person, by replay. Needs an empty database with the extension.
"""
import csv
import json
import os
import sys
import time

from psql import copy_in, copy_out, run

KINDS = {"VIEW": .1, "LIKE": 1, "BOOKMARK": .5, "FOLLOW": .5, "COMMENT CREATED": .6}

# What each row of the table serves: algorithm (None: the default one) and parameters.
NOTHING = dict.fromkeys(["collaborative_weight", "profile_weight", "labels_weight",
                         "trending_weight", "freshness_weight"], 0)
RECOMMENDERS = {
    "default": (None, {}),
    "weights not sought": (None, {"validation_rows": 0}),
    "item_knn alone": ("item_knn", {**NOTHING, "collaborative_weight": 1, "popularity_weight": .001}),
    "text profile alone": (None, {**NOTHING, "profile_weight": 1, "popularity_weight": .001}),
    "popularity": ("popularity", {}),
    "trending": ("trending", {}),
    "newest": ("newest", {}),
}
COMPARED = [name for name in RECOMMENDERS if name != "weights not sought"]


def load(folder):
    csv.field_size_limit(10 ** 9)
    with open(f"{folder}/articles.csv", encoding="utf-8", newline="") as file:
        texts = {int(row["content_id"]): row for row in csv.DictReader(file)}
    first, created = {}, {}
    with open(f"{folder}/interactions.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at, article = int(row["timestamp"]), int(row["content_id"])
            key = int(row["person_id"]), article, row["event"]
            first[key] = min(at, first.get(key, at))
            created[article] = min(at, created.get(article, at))
    run("CREATE TABLE snippets (snippet_id bigint PRIMARY KEY, title text, body text, at bigint, "
        "created_at timestamptz, content knowhow.tfidf GENERATED ALWAYS AS "
        "(knowhow.to_tfidf(coalesce(body, ''), title => title)) STORED);"
        "CREATE TABLE interactions (user_id bigint, snippet_id bigint, weight real, at bigint, "
        "occurred_at timestamptz)")
    copy_in("snippets (snippet_id, title, body, at)",
            ((article, texts[article]["title"] if article in texts else "",
              texts[article]["text"] if article in texts else "", at)
             for article, at in created.items()))
    copy_in("interactions (user_id, snippet_id, weight, at)",
            ((user, article, KINDS[kind], at) for (user, article, kind), at in first.items()))
    run("UPDATE snippets SET created_at = to_timestamp(at);"
        "UPDATE interactions SET occurred_at = to_timestamp(at); VACUUM ANALYZE")
    return len({user for user, _, _ in first}), len(created), len(first)


def evaluate(split):
    print(f"{'split':<14}{'served':<20}{'nDCG@10':>8}{'low':>8}{'high':>8}{'people':>8}{'s':>6}"
          "  remarks")
    for name in RECOMMENDERS:
        start = time.time()
        value, low, high, n, remarks = copy_out(
            "SELECT round(value::numeric, 4), round(low::numeric, 4), round(high::numeric, 4), "
            f"n, remarks FROM knowhow.evaluate('{name}', '{split}', '{{10}}') "
            "WHERE metric = 'ndcg' AND part IS NULL")[0]
        print(f"{split:<14}{name:<20}{value:>8}{low:>8}{high:>8}{n:>8}"
              f"{time.time() - start:>6.0f}  {remarks}", flush=True)


def compare():
    print("replay, paired by person (95 % interval), Holm-corrected over every pair of the six:")
    for second, difference, low, high, adjusted_p, n in copy_out(
            "SELECT second, round(difference::numeric, 4), round(low::numeric, 4), "
            "round(high::numeric, 4), adjusted_p, n "
            f"FROM knowhow.compare('{{{','.join(COMPARED)}}}') WHERE first = 'default'"):
        verdict = ("not told apart from" if float(adjusted_p) > .05 else
                   "above" if float(difference) > 0 else "below")
        print(f"default {verdict} {second}: {difference} ({low} to {high}), "
              f"adjusted p {float(adjusted_p):.2g}, {n} people", flush=True)


PARTS = {"replay": lambda: evaluate("replay"), "compare": compare,
         "person_time": lambda: evaluate("person_time")}


def main():
    folder = sys.argv[1] + "/deskdrop"
    parts = sys.argv[2:] or list(PARTS)
    if not os.path.isdir(folder):
        print("deskdrop is not there")
        return 0
    people, articles, interactions = load(folder)
    print(f"deskdrop: {people} people, {articles} articles, {interactions} interactions")
    for name, (algorithm, params) in RECOMMENDERS.items():
        run(f"SELECT knowhow.create_recommender('{name}', 'snippets', 'interactions', "
            + (f"algorithm => '{algorithm}', " if algorithm else "")
            + f"params => '{json.dumps(params)}')")
    for part in parts:
        PARTS[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
