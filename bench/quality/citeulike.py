#!/usr/bin/python3
"""Recall on citeulike-t, P=10, through recommend() itself, beside the published figures.

usage: citeulike.py [--data DIR] [--people N] [--algorithm NAME] [--params JSON]

Every article that is not in a person's training line is ranked; recall is averaged over the
people who have training and test articles. Five parts: text and ratings; the same with citations
loaded as links, with tags loaded as labels, and with both; and two tags of one held-out article as
the query (no tags loaded; 1,200 people drawn at random with seed 1, for each one of their held-out
articles that have two tags). As with recall, each person counts once: drawn from all pairs of
person and article, the few people with hundreds of held-out articles would be most of the trials.
--algorithm and --params are those of alter_recommender(); what is not given keeps its default.
learners.py --validate finds them without reading a test line.
Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available, and makes and
drops knowledge base "citeulike".
"""
import argparse
import concurrent.futures
import math
import os
import random
import re
import sys
import time

import psql

CUTS = (50, 100, 300)
PUBLISHED = "published (Dacrema et al. 2021): ItemKNN-CFCBF .2675/.3490/.4740, CVAE .2387/.3274/.4854"


def read_lists(path):
    with open(path, encoding="utf-8") as lines:
        return [[int(number) for number in line.split()][1:] for line in lines]


def articles(data):
    with open(f"{data}/vocabulary.dat", encoding="utf-8") as lines:
        vocabulary = [line.strip() for line in lines]
    with open(f"{data}/mult.dat", encoding="utf-8") as lines:
        for article, line in enumerate(lines):
            words = []
            for pair in line.split()[1:]:
                word, occurrences = pair.split(":")
                words += [vocabulary[int(word)]] * int(occurrences)
            yield article, " ".join(words)


def load(data, train):
    psql.run("SET client_min_messages = warning;"
             "DROP SCHEMA IF EXISTS citeulike CASCADE; CREATE EXTENSION IF NOT EXISTS knowhow;"
             "SELECT knowhow.create_knowledge_base('citeulike');")
    psql.copy_in("citeulike.users (user_id)", ([user] for user in range(len(train))))
    psql.copy_in("citeulike.snippets (snippet_id, title, body)",
                 ([article, "", body] for article, body in articles(data)))
    psql.copy_in("citeulike.ratings (user_id, snippet_id, rating)",
                 ([user, article, 5] for user, line in enumerate(train) for article in line))


def load_tags(data):
    with open(f"{data}/tags.dat", encoding="utf-8") as lines:
        names = [line.rstrip("\n") for line in lines]
    psql.copy_in("citeulike.labels (snippet_id, kind, value)",
                 sorted({(article, "tag", names[tag])
                         for tag, line in enumerate(read_lists(f"{data}/tag-item.dat"))
                         for article in line}))


def load_citations(data):
    psql.copy_in("citeulike.links (from_id, to_id, kind)",
                 sorted({(article, cited, "reference")
                         for article, line in enumerate(read_lists(f"{data}/citations.dat"))
                         for cited in line if cited != article}))
    psql.run("ANALYZE citeulike.links")


def train_model(name):
    start = time.time()
    psql.run("ANALYZE citeulike.snippets; ANALYZE citeulike.ratings; ANALYZE citeulike.labels;"
             "SELECT knowhow.train('citeulike');")
    print(f"{name}: trained in {time.time() - start:.1f} s", flush=True)


def recall(people, test):
    """Mean recall at CUTS over people, and milliseconds a call; a connection a CPU."""
    start = time.time()
    hits = {user: [0] * len(CUTS) for user in people}
    wanted = {user: set(test[user]) for user in people}

    def answers(some):
        return psql.copy_out(
            "SELECT u.user_id, r.rank, r.snippet_id FROM unnest('{%s}'::bigint[]) AS u (user_id) "
            "CROSS JOIN LATERAL knowhow.recommend(u.user_id, NULL, %d, 'citeulike') AS r"
            % (",".join(map(str, some)), max(CUTS)))

    connections = min(os.cpu_count(), len(people))
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        for rows in pool.map(answers, (people[n::connections] for n in range(connections))):
            for user, rank, article in rows:
                if int(article) in wanted[int(user)]:
                    for i, cut in enumerate(CUTS):
                        hits[int(user)][i] += int(rank) <= cut
    means = [sum(hits[user][i] / len(wanted[user]) for user in people) / len(people)
             for i in range(len(CUTS))]
    return means, 1000 * connections * (time.time() - start) / len(people)


def show(name, means, each):
    print(f"{name}: Recall@50/@100/@300 " + "/".join(f"{mean:.4f}" for mean in means)
          + f" ({each:.1f} ms a call)", flush=True)


def query_trials(data, train, test, count, seed):
    """(person, held-out article, query of two of its tags)."""
    with open(f"{data}/tags.dat", encoding="utf-8") as lines:
        names = [line.rstrip("\n") for line in lines]
    tags = {}
    for tag, line in enumerate(read_lists(f"{data}/tag-item.dat")):
        for article in line:
            tags.setdefault(article, []).append(tag)
    generator = random.Random(seed)
    tagged = {user: [article for article in line if len(tags.get(article, ())) >= 2]
              for user, line in enumerate(test) if train[user]}
    people = [user for user, line in tagged.items() if line]
    for user in generator.sample(people, min(count, len(people))):
        article = generator.choice(tagged[user])
        chosen = generator.sample(sorted(tags[article]), 2)
        yield user, article, " ".join(re.sub(r"[_-]+", " ", names[tag]) for tag in chosen)


def ndcg(trials, call):
    """Mean nDCG@10 with one relevant article a trial."""
    psql.run("DROP TABLE IF EXISTS citeulike.trials;"
             "CREATE TABLE citeulike.trials (trial int, user_id bigint, query text)")
    psql.copy_in("citeulike.trials", ([i, user, query] for i, (user, _, query) in enumerate(trials)))
    gain = 0.0
    for trial, rank, article in psql.copy_out(
            f"SELECT t.trial, r.rank, r.snippet_id FROM citeulike.trials t CROSS JOIN LATERAL {call} r"):
        if int(article) == trials[int(trial)][1]:
            gain += 1 / math.log2(int(rank) + 1)
    return gain / len(trials)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--people", type=int, help="only the first N people (a quick look)")
    parser.add_argument("--trials", type=int, default=1200)
    parser.add_argument("--algorithm")
    parser.add_argument("--params", default="{}")
    options = parser.parse_args()
    data = f"{options.data}/citeulike-t"
    if not os.path.isdir(data):
        print(f"citeulike-t: skipped, {data} is not there")
        return 0
    train = read_lists(f"{data}/train-users.dat")
    test = read_lists(f"{data}/test-users.dat")
    people = [user for user in range(len(train)) if train[user] and test[user]][:options.people]
    load(data, train)
    if options.algorithm:
        psql.run(f"SELECT knowhow.alter_recommender('citeulike', algorithm => '{options.algorithm}')")
    psql.run(f"SELECT knowhow.alter_recommender('citeulike', params => '{options.params}')")
    print(f"citeulike-t, P=10: {len(people)} people; {options.algorithm or 'default'} {options.params}; "
          f"{PUBLISHED}", flush=True)

    train_model("text and ratings")
    show("text and ratings", *recall(people, test))

    trials = list(query_trials(data, train, test, options.trials, seed=1))
    both = ndcg(trials, "knowhow.recommend(t.user_id, t.query, 10, 'citeulike')")
    text = ndcg(trials, "knowhow.search(t.query, 10, 'citeulike')")
    person = ndcg(trials, "knowhow.recommend(t.user_id, NULL, 10, 'citeulike')")
    print(f"two tags as the query, {len(trials)} trials, seed 1: nDCG@10 recommend(user, query) "
          f"{both:.4f}, search(query) {text:.4f} (ratio {both / max(text, 1e-9):.2f}), "
          f"recommend(user) {person:.4f}", flush=True)

    # Links are read as they are: no training.
    load_citations(data)
    show("with citations as links", *recall(people, test))

    load_tags(data)
    train_model("with tags as labels")
    show("with citations as links and tags as labels", *recall(people, test))
    psql.run("SELECT knowhow.alter_recommender('citeulike', links => '-')")
    show("with tags as labels", *recall(people, test))
    psql.run("SET client_min_messages = warning; SELECT knowhow.drop_recommender('citeulike');"
             "DROP SCHEMA citeulike CASCADE;")
    return 0


if __name__ == "__main__":
    sys.exit(main())
