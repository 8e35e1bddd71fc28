#!/usr/bin/python3
"""A company's twelve months of article sharing: loads, trains, and recommends for everyone.

usage: deskdrop.py [DATA]   (default ../shared/data; skips where it is not there)
Prints TAP. Needs a server (PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available.
"""
import csv
import os
import subprocess
import sys

EVENTS = {"VIEW": "view", "BOOKMARK": "bookmark", "FOLLOW": "complete", "COMMENT CREATED": "share"}


def psql(sql, stdin=None):
    """Runs SQL with psql; `stdin` feeds COPY FROM STDIN."""
    arguments = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
    result = subprocess.run(arguments, input=stdin, text=True, capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.strip())
    return result.stdout.strip()


def copy_in(target, rows):
    def field(value):
        return str(value).replace("\\", "\\\\").replace("\t", " ").replace("\n", " ").replace("\r", " ")
    psql(f"COPY {target} FROM STDIN",
         "".join("\t".join(field(value) for value in row) + "\n" for row in rows))


def main():
    data = (sys.argv[1] if len(sys.argv) > 1 else "../shared/data") + "/deskdrop"
    if not os.path.isdir(data):
        print("1..0 # SKIP the deskdrop data is not there")
        return 0
    csv.field_size_limit(10 ** 9)
    with open(f"{data}/articles.csv", encoding="utf-8", newline="") as file:
        texts = {int(row["content_id"]): row for row in csv.DictReader(file)}
    with open(f"{data}/interactions.csv", encoding="utf-8", newline="") as file:
        interactions = [(int(row["timestamp"]), row["event"], int(row["content_id"]),
                         int(row["person_id"])) for row in csv.DictReader(file)]
    people = sorted({row[3] for row in interactions})
    articles = sorted({row[2] for row in interactions} | set(texts))

    print("1..5")
    psql("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS knowhow")
    psql("SELECT knowhow.create_knowledge_base('deskdrop')")
    copy_in("deskdrop.users (user_id)", ([person] for person in people))
    copy_in("deskdrop.snippets (snippet_id, title, body)",
            ((article, texts[article]["title"] if article in texts else "",
              texts[article]["text"] if article in texts else "") for article in articles))
    psql("CREATE TEMP TABLE raw (at bigint, event text, snippet_id bigint, user_id bigint);"
         "COPY raw FROM STDIN;"
         "INSERT INTO deskdrop.events (user_id, snippet_id, kind, occurred_at) "
         "SELECT user_id, snippet_id, event, to_timestamp(at) FROM raw WHERE event <> 'LIKE';"
         "INSERT INTO deskdrop.ratings (user_id, snippet_id, rating, rated_at) "
         "SELECT user_id, snippet_id, 5, to_timestamp(min(at)) FROM raw WHERE event = 'LIKE' "
         "GROUP BY user_id, snippet_id",
         "".join(f"{at}\t{EVENTS.get(event, event)}\t{article}\t{person}\n"
                 for at, event, article, person in interactions))
    print(f"ok 1 - loads {len(interactions)} interactions of {len(people)} people "
          f"with {len(articles)} articles")

    psql("SELECT knowhow.train('deskdrop')")
    print("ok 2 - trains")

    answered, rows, worst = psql(
        "SELECT count(*), sum(n), min(n) FROM (SELECT count(r.snippet_id) AS n "
        "FROM deskdrop.users u LEFT JOIN LATERAL knowhow.recommend(u.user_id, recommender => "
        "'deskdrop') r ON true GROUP BY u.user_id) a").split("|")
    good = int(answered) == len(people) and int(worst) == 10
    print(f"{'ok' if good else 'not ok'} 3 - recommends for each of {answered} people "
          f"({rows} rows, at least {worst} for each)")

    wrong = psql(
        "SELECT count(*) FROM deskdrop.users u CROSS JOIN LATERAL knowhow.recommend(u.user_id, "
        "'machine learning', recommender => 'deskdrop') r JOIN deskdrop.ratings x "
        "ON x.user_id = u.user_id AND x.snippet_id = r.snippet_id")
    print(f"{'ok' if wrong == '0' else 'not ok'} 4 - with a query nobody is shown what they rated")

    wrong = psql(
        "SELECT count(*) FROM (SELECT u.user_id FROM deskdrop.users u CROSS JOIN LATERAL "
        "knowhow.recommend(u.user_id, recommender => 'deskdrop') r, "
        "LATERAL (SELECT sum(value::float8) AS total FROM jsonb_each_text(r.evidence->'parts')) p "
        "WHERE abs(r.score - p.total) > 1e-9) x")
    print(f"{'ok' if wrong == '0' else 'not ok'} 5 - the parts of every answer add up to its score")
    psql("SET client_min_messages = warning; SELECT knowhow.drop_recommender('deskdrop'); "
         "DROP SCHEMA deskdrop CASCADE")
    return 0


if __name__ == "__main__":
    sys.exit(main())
