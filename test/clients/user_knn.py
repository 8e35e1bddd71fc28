#!/usr/bin/python3
"""The neighbour formula: recommend() with algorithm user_knn against SciPy.

    sim(u, v) = sum over snippets of r_u r_v / (|r_u| |r_v|),  score(u, p) = sum of r_vp sim(u, v)
    over the k nearest v

Prints TAP. Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available.
"""
import json
import subprocess
import sys

import numpy as np
from scipy.sparse import csr_matrix

PEOPLE, SNIPPETS = 80, 60
ASKED = (1, 2, 17, 40, 79, 80)


def psql(sql):
    arguments = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
    result = subprocess.run(arguments, text=True, capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout.strip()


def expected(ratings, person, k):
    """Scores of all snippets by the formula; ties between neighbours go to the lower user id."""
    norms = np.sqrt(np.asarray(ratings.multiply(ratings).sum(axis=1)).ravel())
    products = (ratings @ ratings[person].T).toarray().ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        similarity = np.where(norms * norms[person] > 0, products / (norms * norms[person]), 0)
    similarity[person] = 0
    # Similarities that differ by rounding alone are equal.
    order = np.lexsort((np.arange(len(similarity)), -np.round(similarity, 12)))
    nearest = [v for v in order if similarity[v] > 0][:k]
    weights = np.zeros(len(similarity))
    weights[nearest] = similarity[nearest]
    return ratings.T @ weights


def main():
    random = np.random.default_rng(5)
    psql("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS knowhow;"
         "SELECT knowhow.create_knowledge_base('user_knn')")
    dense = random.integers(1, 6, (PEOPLE, SNIPPETS)) * (random.random((PEOPLE, SNIPPETS)) < 0.2)
    dense[2] = dense[5]    # equal neighbours
    dense[8] = 0           # nobody's neighbour
    rows = ",".join(f"({u + 1},{p + 1},{dense[u, p]})" for u, p in zip(*np.nonzero(dense)))
    psql(f"INSERT INTO user_knn.users SELECT generate_series(1, {PEOPLE});"
         f"INSERT INTO user_knn.snippets (snippet_id, title) SELECT s, 'snippet ' || s "
         f"FROM generate_series(1, {SNIPPETS}) s;"
         f"INSERT INTO user_knn.ratings VALUES {rows}")
    ratings = csr_matrix(dense.astype(float))

    print(f"1..{3 * len(ASKED)}")
    number = failed = 0
    for k in (5, 50, 10000):
        psql("SELECT knowhow.alter_recommender('user_knn', algorithm => 'user_knn', "
             f"params => '{{\"k\": {k}}}'); SELECT knowhow.train('user_knn')")
        for user in ASKED:
            answer = json.loads(psql(
                "SELECT coalesce(json_object_agg(snippet_id, evidence #> "
                "'{signals,collaborative}'), '{}') FROM knowhow.recommend("
                f"{user}, NULL, 1000, 'user_knn', exclude => '{{}}')"))
            given = np.zeros(SNIPPETS)
            for snippet, value in answer.items():
                given[int(snippet) - 1] = value or 0
            wanted = expected(ratings, user - 1, k)
            worst = np.abs(given - wanted).max()
            number += 1
            good = worst < 1e-5 and len(answer) == SNIPPETS
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - k = {k}, person {user}: "
                  f"{np.count_nonzero(wanted)} scores differ by at most {worst:.1e}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
