#!/usr/bin/python3
"""evaluate() against every figure computed here from the lists that evaluation_lists() exports.

Prints TAP. Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available.
"""
import json
import math
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations

import numpy as np

PEOPLE, SNIPPETS, ROWS = 40, 130, 1500
WORDS = "deep learning kubernetes probe deployment keras tensor python sql index graph rust".split()
SPLITS = ("replay", "time", "leave_one_out", "random", "person_time", "sampled_negatives")
DAY = 86400
RETRAIN = 30 * DAY


def psql(sql):
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    result = subprocess.run(command, input=sql, text=True, capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout.strip()


def rows(query):
    return json.loads(psql(f"SELECT coalesce(json_agg(q), '[]') FROM ({query}) q"))


def fill():
    random = np.random.default_rng(11)
    values = lambda items: ",".join(items)
    psql("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS knowhow;"
         "SELECT knowhow.create_knowledge_base('evaluated');"
         "INSERT INTO evaluated.teams VALUES (1, 'a'), (2, 'b'), (3, 'c');"
         "INSERT INTO evaluated.users VALUES " + values(
             f"({u}, 'u{u}', {u % 4 if u % 4 else 'NULL'})" for u in range(1, PEOPLE + 1)) + ";"
         "INSERT INTO evaluated.snippets (snippet_id, title, body, author_id, created_at) VALUES "
         + values(f"({s}, '{' '.join(random.choice(WORDS, 3))}', '{' '.join(random.choice(WORDS, 6))}',"
                  f" {1 + s % PEOPLE}, to_timestamp({s * DAY}))" for s in range(1, SNIPPETS + 1)) + ";"
         # Early snippets collect more, some more than others; every moment is another.
         "INSERT INTO evaluated.events (user_id, snippet_id, kind, query, occurred_at) VALUES "
         + values(f"({1 + random.integers(PEOPLE)}, {s}, '{random.choice(['view', 'share', 'dismiss'], p=[.6, .3, .1])}',"
                  f" {repr(str(random.choice(WORDS))) if random.random() < .2 else 'NULL'},"
                  f" to_timestamp({s * DAY + random.integers(1, 120 * DAY)}.{n:06}))"
                  for n in range(ROWS)
                  for s in [1 + int(SNIPPETS * random.random() ** 1.7)]))


def list_values(entry, k):
    ranks, relevant = [r for r in entry["ranks"] if r <= k], len(entry["relevant"])
    possible = min(k, relevant)
    precisions = [(i + 1) / r for i, r in enumerate(ranks)]
    return {
        "precision": len(ranks) / k,
        "recall": len(ranks) / relevant,
        "hit_rate": float(bool(ranks)),
        "ndcg": sum(1 / math.log2(r + 1) for r in ranks)
                / sum(1 / math.log2(r + 1) for r in range(1, possible + 1)),
        "map": sum(precisions) / possible,
        "mrr": 1 / min(ranks) if ranks else 0.0,
    }


def per_person(values):
    """Of (person, value) pairs, each person's mean, by person."""
    people = defaultdict(list)
    for person, value in values:
        people[person].append(value)
    return [float(np.mean(people[person])) for person in sorted(people)]


def interval(values, seed=0, resamples=1000):
    """The percentile bootstrap of the mean: people drawn by SplitMix64, one number each."""
    with np.errstate(over="ignore"):
        steps = np.arange(1, resamples * len(values) + 1, dtype=np.uint64)
        z = np.uint64(seed) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    drawn = ((z >> np.uint64(32)) * np.uint64(len(values))) >> np.uint64(32)
    means = np.sort(np.array(values)[drawn.reshape(resamples, -1)].mean(axis=1))
    return float(means[24]), float(means[974])


def thirds_of(snippets, had):
    """Each snippet's third: 0, 1, 2 from rare to popular, a third of all interactions each."""
    below, thirds, total = 0, {}, sum(had.values())
    for s in sorted(snippets, key=lambda s: (had[s], s)):
        thirds[s] = int(min(2, 3 * (below + had[s] / 2) // total))
        below += had[s]
    return thirds


def expected(lists, snippets, users, distance, training, k):
    """{(metric, part): (value, low, high, n)} at k, without an interval (value, None, None, n).
    `training` gives for each list which pairs its model saw, and how many people."""
    result = {}

    def put(metric, part, values):
        means = per_person(values)
        if means:
            result[metric, part] = (float(np.mean(means)), *interval(means), len(means))

    each = [(entry, list_values(entry, k)) for entry in lists]
    for metric in each[0][1]:
        put(metric, None, [(e["user_id"], v[metric]) for e, v in each])
    put("diversity", None,
        [(e["user_id"], np.mean([distance[min(p), max(p)] for p in combinations(e["shown"][:k], 2)]))
         for e in lists])
    for team in (1, 2, 3):
        put("ndcg", f"readers of team {team}",
            [(e["user_id"], v["ndcg"]) for e, v in each if users[e["user_id"]] == team])
    novelties, recalls = [], {0: [], 1: [], 2: []}
    for e in lists:
        had, people, thirds = training(e)
        novelties.append((e["user_id"], np.mean(
            [-math.log2((1 + had[s]) / (1 + people)) for s in e["shown"][:k]])))
        for third, values in recalls.items():
            relevant = {s for s in e["relevant"] if thirds[s] == third}
            if relevant:
                values.append((e["user_id"], len(relevant & set(e["shown"][:k])) / len(relevant)))
    put("novelty", None, novelties)
    for third, name in enumerate(("rarest third", "middle third", "most popular third")):
        put("recall", name, recalls[third])
    shown = Counter(s for e in lists for s in e["shown"][:k])
    moments = [e["asked_at"] for e in lists if e["asked_at"] is not None]
    existing = [s for s, (created, _) in snippets.items() if not moments or created <= max(moments)]
    total = sum(shown.values())
    result["coverage", None] = len(shown) / len(existing), None, None, len(existing)
    top = math.ceil(len(existing) / 100)
    result["impressions", "most shown 1 %"] = (
        sum(n for _, n in shown.most_common(top)) / total, None, None, len(existing))
    for team in (1, 2, 3):
        share = sum(n for s, n in shown.items() if users[snippets[s][1]] == team) / total
        if share:
            written = sum(users[snippets[s][1]] == team for s in existing)
            result["impressions", f"authors of team {team}"] = share, None, None, written
    return result


def training_of(split, lists, interactions, snippets):
    """For a list, what its model saw: people of each snippet, people, thirds."""
    def summary(seen):
        had = Counter(r["s"] for r in seen if r["w"] > 0)
        return had, len({r["u"] for r in seen}), thirds_of(snippets, had)

    if split in ("replay", "time"):
        cut, models = min(e["asked_at"] for e in lists), {}

        def as_of(entry):
            # Trained at the cut, and after each whole interval since it.
            at = cut + (entry["asked_at"] - cut) // RETRAIN * RETRAIN if split == "replay" else cut
            if at not in models:
                models[at] = summary([r for r in interactions if r["at"] < at])
            return models[at]
        return as_of
    held = {(e["user_id"], s) for e in lists for s in e["relevant"]}
    model = summary([r for r in interactions if (r["u"], r["s"]) not in held])
    return lambda entry: model


def difference(printed, wanted):
    """The largest of value, low and high; infinite where one is missing or n differs."""
    if printed["n"] != wanted[3] or (printed["low"] is None) != (wanted[1] is None):
        return math.inf
    return max(abs(printed[name] - value) for name, value in zip(("value", "low", "high"), wanted)
               if value is not None)


def main():
    fill()
    epoch = "extract(epoch FROM {})::float8"
    snippets = {r["id"]: (r["at"], r["author"]) for r in rows(
        f"SELECT snippet_id AS id, {epoch.format('created_at')} AS at, author_id AS author "
        "FROM evaluated.snippets")}
    users = {r["user_id"]: r["team_id"] for r in rows("SELECT * FROM evaluated.users")}
    distance = {(r["a"], r["b"]): r["d"] for r in rows(
        "SELECT a.snippet_id AS a, b.snippet_id AS b, a.content OPERATOR(knowhow.<=>) b.content AS d "
        "FROM evaluated.snippets a JOIN evaluated.snippets b ON a.snippet_id < b.snippet_id")}
    interactions = rows("SELECT user_id AS u, snippet_id AS s, weight AS w, "
                        f"{epoch.format('occurred_at')} AS at FROM evaluated.interactions")
    print(f"1..{2 * len(SPLITS)}")
    number = failed = 0
    for split in SPLITS:
        arguments = f"'evaluated', '{split}', '{{3,10}}', retrain_every => '30 days', negatives => 20"
        figures = rows(f"SELECT * FROM knowhow.evaluate({arguments})")
        lists = rows(f"SELECT user_id, {epoch.format('asked_at')} AS asked_at, relevant, ranks, shown "
                     f"FROM knowhow.evaluation_lists({arguments})")
        training = training_of(split, lists, interactions, snippets)
        worst, others = 0, set()
        for k in (3, 10):
            printed = {(f["metric"], f["part"]): f for f in figures if f["at_k"] == k}
            wanted = expected(lists, snippets, users, distance, training, k)
            others |= printed.keys() ^ wanted.keys()
            worst = max(worst, *(difference(printed[key], wanted[key]) for key in printed.keys() & wanted.keys()))
        good = worst <= 1e-9 and not others
        number, failed = number + 1, failed + (not good)
        print(f"{'ok' if good else 'not ok'} {number} - {split}: {len(figures)} figures of {len(lists)} "
              f"lists, largest difference {worst:.1e}{', in one alone: ' + str(others) if others else ''}")
        leaks = all(f["remarks"].startswith("LEAKS") for f in figures)
        good = leaks == (split not in ("replay", "time"))
        number, failed = number + 1, failed + (not good)
        print(f"{'ok' if good else 'not ok'} {number} - {split}: says whether it leaks")
    psql("SET client_min_messages = warning; SELECT knowhow.drop_recommender('evaluated'); "
         "DROP SCHEMA evaluated CASCADE")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
