#!/usr/bin/python3
"""People and snippets of whom nothing is known yet, measured on the sample.

A newcomer is a person of the sample whose ratings and events are taken away before training; what
they had liked is what they should be shown. A new snippet is one that comes back, with its labels,
after a training without it and all that people did with it; who had liked it should find it. Each
source (team and text; title, profile, labels and links) has to do better than going without, or than
for others, by more than two standard errors, paired by person or snippet. Prints TAP, with the figures.
Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available.
"""
import json
import math
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SHOWN = 20
ALONE = ("collaborative_weight", "profile_weight", "labels_weight", "links_weight", "team_weight")
tests = []


def psql(sql):
    result = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                            input="SET client_min_messages = warning;" + sql, text=True,
                            capture_output=True, cwd=ROOT)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout


def rows(sql):
    """The rows of the last SELECT, as JSON; what precedes it must return none."""
    before, _, last = sql.rpartition(";;")
    return [json.loads(line) for line in psql(
        f"BEGIN; {before}; SELECT to_json(r) FROM ({last}) r; ROLLBACK").splitlines() if line]


def only(signal):
    """Sets the weights of all personal signals to 0 but that one."""
    weights = {name: None if name == f"{signal}_weight" else 0 for name in ALONE}
    return f"DO $$ BEGIN PERFORM knowhow.alter_recommender('kb', params => '{json.dumps(weights)}'); END $$;"


TRAIN = "DO $$ BEGIN PERFORM knowhow.train('kb'); END $$;"


def above(name, values, than, what):
    """A test: the mean of values - than, paired, is above 0 by more than two standard errors."""
    differences = [value - other for value, other in zip(values, than)]
    count = len(differences)
    mean = sum(differences) / count
    deviation = math.sqrt(sum((d - mean) ** 2 for d in differences) / max(count - 1, 1))
    tests.append((count >= 20 and mean > 2 * deviation / math.sqrt(count),
                  f"{name}: {sum(values) / count:.3f}, {what}: {sum(than) / count:.3f} (n = {count})"))


def newcomers():
    people = rows(";; SELECT u.user_id, u.team_id, array_agg(i.snippet_id) AS liked FROM kb.users u "
                  "JOIN kb.interactions i USING (user_id) JOIN kb.snippets s USING (snippet_id) "
                  "WHERE i.weight > 0 AND s.visibility = 'public' GROUP BY 1, 2 HAVING count(*) >= 5 ORDER BY 1")
    asked = {row["user_id"]: row["questions"] for row in rows(
        ";; SELECT user_id, json_agg(json_build_array(query, snippet_id) ORDER BY event_id) AS questions FROM kb.events "
        "JOIN kb.snippets USING (snippet_id) WHERE query <> '' AND visibility = 'public' GROUP BY 1")}
    team, popular, chance, with_query, without_query = [], [], [], [], []
    for person in people:
        user, liked = person["user_id"], set(person["liked"])
        questions = asked.get(user, [])
        asking = "".join(
            f"SELECT '{number}', snippet_id, reason FROM knowhow.recommend({user}, $q${query}$q$, {SHOWN}) UNION ALL "
            for number, (query, _) in enumerate(questions))
        answers = rows(
            f"DELETE FROM kb.ratings WHERE user_id = {user}; DELETE FROM kb.events WHERE user_id = {user}; {TRAIN};; "
            f"SELECT 'team' AS of, snippet_id, reason FROM knowhow.recommend({user}, NULL, {SHOWN}) UNION ALL "
            f"SELECT 'popular', snippet_id, reason FROM knowhow.recommend(NULL, NULL, {SHOWN}) UNION ALL {asking}"
            "SELECT 'all', count(*), '' FROM kb.snippets WHERE visibility = 'public'")

        def shown(source):
            return {row["snippet_id"] for row in answers if row["of"] == source}

        most = min(SHOWN, len(liked))
        team.append(len(shown("team") & liked) / most)
        popular.append(len(shown("popular") & liked) / most)
        chance.append(len(liked) * SHOWN / shown("all").pop() / most)
        if questions:
            with_query.append(sum(snippet in shown(str(number))
                                  for number, (_, snippet) in enumerate(questions)) / len(questions))
            without_query.append(sum(snippet in shown("team") for _, snippet in questions) / len(questions))
        reasons = [row["reason"] for row in answers if row["of"] == "team"]
        if person["team_id"] is not None and not any("liked in the team" in reason for reason in reasons):
            tests.append((False, f"newcomer {user} is told nothing of the team"))
    above(f"newcomers, recall@{SHOWN} with the team", team, popular, "popularity alone")
    above(f"newcomers, recall@{SHOWN} with the team", team, chance, "chance")
    above(f"newcomers who ask, hits@{SHOWN} of what they opened", with_query, without_query, "not asking")
    # Without a team and a query: the popular, but for the little that freshness adds.
    popularity = [row["popularity"] for row in rows(
        ";; SELECT coalesce((evidence #>> '{signals,popularity}')::float8, 0) AS popularity FROM knowhow.recommend(NULL, NULL, 1000) ORDER BY rank")]
    shown, most = sum(popularity[:SHOWN]), sum(sorted(popularity)[-SHOWN:])
    tests.append((len(popularity) > 4 * SHOWN and shown > 0.9 * most,
                  f"nobody in particular is shown {shown / most:.2f} of the popularity that could be shown"))


def new_snippets():
    # Every fifth snippet with three readers is new; its link comes from what its readers liked most.
    setup = (
        "CREATE TEMP TABLE fresh AS SELECT * FROM kb.snippets WHERE visibility = 'public' AND snippet_id % 5 = 0 AND snippet_id IN "
        "(SELECT snippet_id FROM kb.interactions WHERE weight > 0 GROUP BY 1 HAVING count(*) >= 3);"
        "CREATE TEMP TABLE old_labels AS SELECT l.* FROM kb.labels l JOIN fresh USING (snippet_id);"
        "CREATE TEMP TABLE readers AS SELECT user_id, snippet_id FROM kb.interactions JOIN fresh USING (snippet_id) WHERE weight > 0;"
        "DELETE FROM kb.snippets WHERE snippet_id IN (SELECT snippet_id FROM fresh);" + TRAIN +
        "INSERT INTO kb.snippets (snippet_id, kind, title, body, url, author_id, team_id, created_at) "
        "SELECT snippet_id, kind, title, body, url, author_id, team_id, now() FROM fresh;"
        "INSERT INTO kb.labels SELECT * FROM old_labels;"
        "INSERT INTO kb.links (from_id, to_id) SELECT DISTINCT ON (r.snippet_id) i.snippet_id, r.snippet_id "
        "FROM readers r JOIN kb.interactions i USING (user_id) WHERE i.weight > 0 "
        "AND i.snippet_id NOT IN (SELECT snippet_id FROM fresh) "
        "GROUP BY r.snippet_id, i.snippet_id ORDER BY r.snippet_id, count(*) DESC, i.snippet_id;")
    for row in rows(setup + ";; SELECT (SELECT count(*) FROM fresh) AS snippets, (SELECT count(*) FROM readers) AS readers, "
                            "(SELECT count(*) FROM fresh JOIN kb.ratings USING (snippet_id)) AS ratings"):
        tests.append((row["snippets"] >= 20 and row["ratings"] == 0, f"new snippets: {row}"))

    by_title = rows(setup + f";; SELECT f.snippet_id, (SELECT r.rank FROM knowhow.recommend(NULL, f.title, {SHOWN}) r "
                            "WHERE r.snippet_id = f.snippet_id) AS rank FROM fresh f")
    found = [float(row["rank"] is not None) for row in by_title]
    above(f"new snippets among the first {SHOWN} by their title", found, [SHOWN / 400] * len(found), "chance")

    # Where the new snippet stands for those who had liked it, beside everybody: 1 is the top.
    for signal in ("profile", "labels", "links"):
        # created_at is pushed back, so that being new does not help.
        ranked = rows(setup + only(signal) + "UPDATE kb.snippets SET created_at = '2000-01-01' WHERE snippet_id IN (SELECT snippet_id FROM fresh);" +
                      ";; SELECT f.snippet_id, u.user_id, r.user_id IS NOT NULL AS reader, e.rank, e.found, "
                      "(SELECT count(*) FROM kb.snippets) AS snippets FROM fresh f CROSS JOIN kb.users u "
                      "LEFT JOIN readers r USING (snippet_id, user_id) CROSS JOIN LATERAL "
                      "knowhow.explain_recommendation(u.user_id, NULL, f.snippet_id, exclude => '{}') e "
                      f"WHERE e.signal = '{signal}'")
        snippets = sorted({row["snippet_id"] for row in ranked})

        def standing(reader):
            means = []
            for snippet in snippets:
                places = [1 - row["rank"] / row["snippets"] for row in ranked
                          if row["snippet_id"] == snippet and row["reader"] == reader]
                means.append(sum(places) / len(places))
            return means

        above(f"new snippets by {signal} alone, standing for their readers", standing(True), standing(False),
              "for others")
        reached = [float(row["found"]) for row in ranked if row["reader"]]
        tests.append((sum(reached) > 0.2 * len(reached),
                      f"new snippets brought to their readers by {signal}: {sum(reached) / len(reached):.2f} of {len(reached)}"))


def main():
    psql(r"\i examples/sample/load.sql")
    newcomers()
    new_snippets()
    print(f"1..{len(tests)}")
    for number, (passed, name) in enumerate(tests, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
    return 0 if all(passed for passed, _ in tests) else 1


if __name__ == "__main__":
    sys.exit(main())
