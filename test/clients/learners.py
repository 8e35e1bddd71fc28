#!/usr/bin/python3
"""What train() stores for ease, slim and ials, against NumPy.

ease and slim with room for all candidates are the closed form; ease with few neighbours is cut and
solved again; ials is alternating least squares from the same start.

Prints TAP. Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available.
"""
import subprocess
import sys

import numpy as np

PEOPLE, SNIPPETS, SEED = 150, 40, 7


def psql(sql):
    arguments = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
    result = subprocess.run(arguments, text=True, capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout.strip()


def stored(algorithm, params):
    """B as train() stores it, rows by snippet."""
    psql(f"SELECT knowhow.alter_recommender('learners', algorithm => '{algorithm}', params => '{params}');"
         f"SELECT knowhow.train('learners', {SEED})")
    matrix = np.zeros((SNIPPETS, SNIPPETS))
    rows = psql("SELECT position, array_to_string(targets, ','), array_to_string(weights, ',') "
                "FROM knowhow.model_items WHERE model_id = (SELECT active_model FROM "
                "knowhow.recommenders WHERE name = 'learners')")
    for line in rows.splitlines():
        position, targets, weights = line.split("|")
        matrix[int(position), [int(t) for t in targets.split(",")]] = [float(w) for w in weights.split(",")]
    return matrix


def scale(x):
    """The mean square of what is above 0."""
    return (x[x > 0] ** 2).mean()


def ease(x, ridge, activity):
    weights = np.maximum((x > 0).sum(axis=1), 1.0) ** -activity
    gram = x.T @ (weights[:, None] * x) + ridge * scale(x) * np.eye(SNIPPETS)
    inverse = np.linalg.inv(gram)
    b = -inverse / np.diag(inverse)
    np.fill_diagonal(b, 0)
    return b


def cut_and_refit(x, b, ridge, neighbours):
    gram = x.T @ x
    kept = np.zeros_like(b, dtype=bool)
    for row, values in enumerate(b):
        # Snippets that the same people like are equal up to rounding: the lower position goes first.
        order = np.lexsort((np.arange(SNIPPETS), -np.round(np.abs(values), 9)))
        kept[row, order[:neighbours]] = True
    np.fill_diagonal(kept, False)
    result = np.zeros_like(b)
    for j in range(SNIPPETS):
        s = np.flatnonzero(kept[:, j])
        result[s, j] = np.linalg.solve(gram[np.ix_(s, s)] + ridge * scale(x) * np.eye(len(s)), gram[s, j])
    return result


def splitmix(x):
    mask = 2 ** 64 - 1
    x = (x + 0x9E3779B97F4A7C15) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return x ^ (x >> 31)


def normal(seed, index):
    """The deviate that ials.cpp draws for (seed, index)."""
    u = ((splitmix(splitmix(seed) ^ (2 * index)) >> 11) + 0.5) * 2.0 ** -53
    v = (splitmix(splitmix(seed) ^ (2 * index + 1)) >> 11) * 2.0 ** -53
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)


def ials(x, factors, unobserved, penalty, iterations):
    c = np.where(x > 0, x / x[x > 0].mean(), 0)[x.any(axis=1)]   # people who like anything
    unobserved *= (c > 0).sum() / c.size
    v = np.array([[0.1 / np.sqrt(factors) * normal(SEED, item * factors + k) for k in range(factors)]
                  for item in range(SNIPPETS)])

    def side(c, others):
        base = unobserved * others.T @ others
        return np.array([np.linalg.solve(
            base + others.T @ (row[:, None] * others)
            + penalty * ((row > 0).sum() + unobserved * len(others)) * np.eye(factors),
            others.T @ row) for row in c])
    for _ in range(iterations):
        w = side(c, v)
        v = side(c.T, w)
    expected = v.T @ ((c.sum(axis=0) / len(c))[:, None] * v)
    middle = (unobserved * v.T @ v + expected
              + penalty * ((c > 0).sum() / len(c) + unobserved * SNIPPETS) * np.eye(factors))
    b = v @ np.linalg.solve(middle, v.T)
    np.fill_diagonal(b, 0)
    return b


def main():
    random = np.random.default_rng(5)
    psql("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS knowhow;"
         "SELECT knowhow.create_knowledge_base('learners')")
    tastes = random.random((PEOPLE, 3)) @ random.random((3, SNIPPETS))
    dense = random.integers(1, 6, tastes.shape) * (tastes > np.quantile(tastes, 0.65))
    # One person likes everything: slim's candidates are snippets that somebody likes together.
    dense[0] = random.integers(1, 6, SNIPPETS)
    rows = ",".join(f"({u + 1},{p + 1},{dense[u, p]})" for u, p in zip(*np.nonzero(dense)))
    psql(f"INSERT INTO learners.users SELECT generate_series(1, {PEOPLE});"
         f"INSERT INTO learners.snippets (snippet_id) SELECT generate_series(1, {SNIPPETS});"
         f"INSERT INTO learners.ratings (user_id, snippet_id, rating) VALUES {rows}")
    x = (dense / 5.0) ** 2

    tests = []
    for ridge, activity in ((3, 0), (20, 0.5)):
        b = ease(x, ridge, activity)
        given = f'"ridge": {ridge}, "user_activity": {activity}, "neighbours": 200'
        tests.append((f"ease, ridge {ridge}, activity {activity}", stored("ease", "{%s}" % given), b, 2e-6))
        tests.append((f"slim with all candidates, ridge {ridge}, activity {activity}",
                      stored("slim", '{%s, "candidates": 200}' % given), b, 2e-6))
    refitted = cut_and_refit(x, ease(x, 3, 0), 3, 10)
    tests.append(("ease cut to 10 and solved again",
                  stored("ease", '{"ridge": 3, "user_activity": 0, "neighbours": 10}'), refitted, 2e-6))
    tests.append(("ials", stored("ials", '{"factors": 5, "unobserved": 2, "penalty": 0.02,'
                                 ' "iterations": 4, "neighbours": 200}'),
                  ials(x, 5, 2, 0.02, 4), 2e-6))

    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, got, expected, tolerance) in enumerate(tests, 1):
        difference = np.abs(got - expected).max()
        good = difference <= tolerance
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            print(f"# largest difference {difference:.2e} of values up to {np.abs(expected).max():.2e}")
    psql("SET client_min_messages = warning; SELECT knowhow.drop_recommender('learners');"
         "DROP SCHEMA learners CASCADE")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
