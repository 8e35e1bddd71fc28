#!/usr/bin/python3
"""Scores of recommend() and the matrix of item_knn, computed again in numpy from the tables.

Random small knowledge bases; every score, with and without a query and for people without any
history, is to differ by less than 1e-6. The formulas stand in src/engine/rank/person.hpp,
fusion.hpp and src/engine/learn/item_knn.hpp, the weights in knowhow.known_parameters().
Prints TAP. Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available.
"""
import json
import re
import subprocess
import sys

import numpy as np
from scipy.sparse import csr_matrix

WORDS = ("kubernetes cluster deploy tensor gradient python javascript database index query vector "
         "attention transformer customer complaint refund camera pixel render shader").split()
QUERIES = (None, "kubernetes deploy", "gradient refund camera", "unheardof")
TOLERANCE = 1e-6


def psql(sql):
    arguments = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    result = subprocess.run(arguments, input="SET client_min_messages = warning;"
                            "SET extra_float_digits = 3;" + sql, text=True, capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout.strip()


def rows(sql):
    return json.loads(psql(f"SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r"))


def create(name, random, people, snippets):
    """A knowledge base with ids that are neither dense nor in order of anything."""
    ids = random.choice(10 ** 6, snippets, replace=False) + 1
    psql(f"SELECT knowhow.create_knowledge_base('{name}');"
         f"SELECT knowhow.alter_recommender('{name}', algorithm => 'item_knn');"
         f"INSERT INTO {name}.users SELECT generate_series(1, {people})")
    texts = []
    for snippet in ids:
        text = " ".join(random.choice(WORDS, random.integers(0, 30)))
        texts.append(f"({snippet}, 'Title {random.choice(WORDS)}', '{text}', "
                     f"now() - interval '{random.integers(0, 400)} days')")
    labels = {(random.choice(ids), kind, f"{kind}:{random.integers(0, 6)}")
              for kind in ("topic", "tag", "difficulty") for _ in range(snippets)}
    ratings = {(random.integers(1, people), random.choice(ids)): random.integers(1, 6)
               for _ in range(snippets * 4)}
    events = [(random.integers(1, people), random.choice(ids),
               random.choice(["view", "bookmark", "dismiss", "solve"]))
              for _ in range(snippets)]
    ago = "now() - interval '{} days 12 hours'"
    psql(f"INSERT INTO {name}.snippets (snippet_id, title, body, created_at) "
         f"VALUES {','.join(texts)};"
         f"INSERT INTO {name}.labels (snippet_id, kind, value) VALUES "
         + ",".join(f"({s},'{k}','{v}')" for s, k, v in sorted(labels)) + ";"
         f"INSERT INTO {name}.ratings VALUES "
         + ",".join(f"({u},{s},{r},{ago.format(random.integers(0, 900))})"
                    for (u, s), r in sorted(ratings.items())) + ";"
         f"INSERT INTO {name}.events (user_id, snippet_id, kind, occurred_at) VALUES "
         + ",".join(f"({u},{s},'{k}',{ago.format(random.integers(0, 900))})"
                    for u, s, k in events))


class Base:
    """Everything that recommend() reads, as arrays over snippets ordered by id."""

    def __init__(self, name, neighbours):
        self.parameter = {r["name"]: float(r["default_value"]) for r in rows(
            "SELECT * FROM knowhow.known_parameters() WHERE type IN ('integer', 'real')")}
        self.parameter["neighbours"] = neighbours
        snippets = rows(f"SELECT snippet_id, extract(epoch FROM now() - created_at) / 86400 AS age "
                        f"FROM {name}.snippets ORDER BY snippet_id")
        self.ids = [r["snippet_id"] for r in snippets]
        self.position = {snippet: i for i, snippet in enumerate(self.ids)}
        self.freshness = np.exp2(-np.array([float(r["age"]) for r in snippets]) / 90)
        count = len(self.ids)

        terms = rows(f"SELECT snippet_id, l.lexeme, l.weight FROM {name}.snippets, "
                     f"knowhow.lexemes(content) l")
        self.term = {t: i for i, t in enumerate(sorted({r["lexeme"] for r in terms}))}
        self.text = np.zeros((count, len(self.term)))
        for r in terms:
            self.text[self.position[r["snippet_id"]], self.term[r["lexeme"]]] = r["weight"]
        self.text_idf = self.idf((self.text > 0).sum(axis=0))

        labels = rows(f"SELECT snippet_id, kind || ':' || value AS label FROM {name}.labels "
                      f"WHERE kind IN ('topic', 'tag')")
        self.label = {t: i for i, t in enumerate(sorted({r["label"] for r in labels}))}
        self.labels = np.zeros((count, len(self.label)))
        for r in labels:
            self.labels[self.position[r["snippet_id"]], self.label[r["label"]]] = 1
        self.label_idf = self.idf(self.labels.sum(axis=0))

        interactions = rows(f"SELECT * FROM {name}.interactions")
        people = max((r["user_id"] for r in interactions), default=0) + 1
        self.weight = np.zeros((people, count))
        self.known = np.zeros((people, count), bool)
        for r in interactions:
            place = r["user_id"], self.position[r["snippet_id"]]
            self.weight[place] = np.float32(r["weight"])
            self.known[place] = True
        liked = np.maximum(self.weight, 0)
        self.popularity = liked.sum(axis=0)
        self.matrix = self.item_knn(liked)
        self.excluded = {(r["user_id"], self.position[r["snippet_id"]]) for r in rows(
            f"SELECT user_id, snippet_id FROM {name}.ratings UNION "
            f"SELECT user_id, snippet_id FROM {name}.events WHERE kind = 'dismiss'")}

    def idf(self, df):
        return np.log(1 + (len(self.ids) - df + 0.5) / (df + 0.5))

    def item_knn(self, liked):
        """Cosines between snippets, shrunk, the largest of each row; ties to the lower position."""
        matrix = csr_matrix(liked)
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
        products = (matrix.T @ matrix).toarray()
        scale = matrix.multiply(matrix).sum() / max(matrix.nnz, 1)
        denominator = np.outer(norms, norms) + self.parameter["shrinkage"] * scale
        similarity = np.divide(products, denominator, out=np.zeros_like(products),
                               where=denominator > 0)
        np.fill_diagonal(similarity, 0)
        for row in similarity:
            row[np.argsort(-np.abs(row), kind="stable")[int(self.parameter["neighbours"]):]] = 0
        return similarity

    def query(self, text):
        vector = np.zeros(len(self.term))
        for r in rows("SELECT lexeme, cardinality(positions) AS tf FROM "
                      f"unnest(to_tsvector('knowhow.multilingual', '{text}'))"):
            if r["lexeme"] in self.term:
                index = self.term[r["lexeme"]]
                vector[index] = r["tf"] * self.text_idf[index]
        return vector

    def signals(self, person):
        """collaborative, profile, labels: on every snippet."""
        history = self.weight[person]
        collaborative = history @ self.matrix

        def inverse_root(norms):
            return np.divide(1, np.sqrt(norms), out=np.zeros_like(norms), where=norms > 0)

        scale = inverse_root(np.linalg.norm(self.text, axis=1))
        sums = (history * scale) @ self.text
        strength = np.where(sums > 0, sums * self.text_idf, 0)
        strength[np.argsort(-strength, kind="stable")[int(self.parameter["profile_terms"]):]] = 0
        profile = scale * (self.text @ (strength * self.text_idf))
        bearing = self.labels * self.label_idf
        bearing = inverse_root(np.linalg.norm(bearing, axis=1))[:, None] * bearing
        labels = bearing @ (history @ bearing)
        return collaborative, profile, labels

    def scores(self, person, query, candidates):
        def shares(values, reference=0.0):
            largest = max(values.max(initial=0), reference, 0)
            return values / largest if largest > 0 else np.zeros_like(values)

        weights = [self.parameter[f"{name}_weight"]
                   for name in ("collaborative", "profile", "labels")]
        total = np.zeros(len(candidates))
        if person < len(self.weight) and self.known[person].any():
            mine = self.known[person]
            for weight, signal in zip(weights, self.signals(person)):
                total += weight * shares(signal[candidates], signal[mine].max())
        if query is not None:
            text = (self.text @ self.query(query))[candidates]
            if text.max(initial=0) > 0:
                if total.max() > 0:
                    total = np.log(np.maximum(shares(total), 0) + 0.1)
                else:
                    total = np.zeros_like(total)
                total += self.parameter["query_weight"] * np.log(shares(text) + 0.1)
        return (total + self.parameter["popularity_weight"] * shares(self.popularity[candidates])
                + self.parameter["freshness_weight"] * shares(self.freshness[candidates]))


def matrix_difference(base, name):
    stored = np.zeros_like(base.matrix)
    for r in rows("SELECT snippet_id, targets, weights FROM knowhow.model_items WHERE model_id = "
                  f"(SELECT active_model FROM knowhow.recommenders WHERE name = '{name}')"):
        stored[base.position[r["snippet_id"]], base.targets[r["targets"]]] = r["weights"]
    return np.abs(stored - base.matrix).max(initial=0)


def main():
    random = np.random.default_rng(11)
    psql("CREATE EXTENSION IF NOT EXISTS knowhow")
    number = failed = 0

    def check(good, what):
        nonlocal number, failed
        number += 1
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {what}")

    for people, snippets, neighbours in ((1, 2, 200), (5, 12, 3), (30, 60, 200), (40, 90, 7)):
        name = f"serving_{snippets}"
        create(name, random, people + 1, snippets)
        psql(f"SELECT knowhow.alter_recommender('{name}', params => "
             f"'{{\"neighbours\": {neighbours}}}'); SELECT knowhow.train('{name}')")
        base = Base(name, neighbours)
        # Positions in the model count snippets with interactions alone.
        base.targets = np.flatnonzero(base.known.any(axis=0))
        difference = matrix_difference(base, name)
        check(difference < TOLERANCE, f"{name}: item_knn differs by at most {difference:.1e}")
        for query in QUERIES:
            for exclude in ("{}", "{rated,dismissed}"):
                worst, wrong_order, count = 0.0, 0, 0
                answers = rows(
                    f"SELECT u, rank, snippet_id, score FROM generate_series(1, {people + 2}) u, "
                    f"knowhow.recommend(u, {'NULL' if query is None else repr(query)}, 1000, "
                    f"'{name}', exclude => '{exclude}') ORDER BY u, rank")
                for person in range(1, people + 3):
                    mine = [r for r in answers if r["u"] == person]
                    candidates = [i for i in range(snippets)
                                  if exclude == "{}" or (person, i) not in base.excluded]
                    given = {base.position[r["snippet_id"]]: r["score"] for r in mine}
                    if sorted(given) != candidates:
                        worst = np.inf
                        continue
                    keys = [(-r["score"], r["snippet_id"]) for r in mine]
                    wrong_order += keys != sorted(keys)
                    count += len(mine)
                    if candidates:
                        wanted = base.scores(person, query, np.array(candidates))
                        worst = max(worst, np.abs(
                            wanted - [given[c] for c in candidates]).max())
                check(worst < TOLERANCE and wrong_order == 0,
                      f"{name}, query {query}, exclude {exclude}: {count} scores differ by at "
                      f"most {worst:.1e}")
    told = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], text=True, capture_output=True, check=True,
        input="SET client_min_messages = debug1;"
              "SELECT count(*) FROM knowhow.recommend(1, 'kubernetes', 10, 'serving_90')").stderr
    parts = re.search(r"knowhow: ((?:\w+ \d+\.\d+ ms, ){8})(\d+) candidates", told)
    check(parts is not None and 10 <= int(parts[2]) <= 90, "DEBUG1 tells what the parts cost")
    print(f"1..{number}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
