#!/usr/bin/python3
"""Quality of text search: nDCG@10 of knowhow's vectors beside BM25, on judged sets.

usage: bench/quality/text.py [--sets a,b] [DATA]

DATA (default: ../shared/data) holds a folder per set, with corpus.jsonl {_id, title, text},
queries.jsonl {_id, text} and qrels.tsv (query, document, score; above 0 is relevant); and
til/notes.jsonl {title, body}, where each title is the query for its own body. Sets that are
absent are skipped.

Connects with psql, as PGHOST, PGPORT, PGUSER and PGDATABASE say, to a database that has the
extension. Documents are to_tfidf(text, title => title), queries to_tfidf(text, weighting => 'nnn'),
the counts of terms; idf = ln(1 + (N - df + .5) / (df + .5)) is taken over the set, as training does, and the
score is the inner product, as `<#>` orders. "bm25" is k1 = 1.2, b = .75 over the lexemes of
to_tsvector, title once: of the configuration english, and of knowhow.multilingual (which is
bigrams for Chinese).
"""

import argparse
import collections
import csv
import io
import json
import math
import pathlib
import re
import subprocess
import sys


def psql(script):
    """Runs an SQL script and returns what it prints."""
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"], input=script, text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"psql failed: {done.stderr.strip()}")
    return done.stdout


def json_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def load(folder):
    """Documents {id: (title, text)}, queries {id: text}, relevant {query: {document: gain}}."""
    if (folder / "notes.jsonl").exists():
        notes = json_lines(folder / "notes.jsonl")
        documents = {str(i): ("", note["body"]) for i, note in enumerate(notes)}
        queries = {str(i): note["title"] for i, note in enumerate(notes)}
        return documents, queries, {query: {query: 1} for query in queries}
    documents = {d["_id"]: (d.get("title") or "", d["text"])
                 for d in json_lines(folder / "corpus.jsonl")}
    queries = {q["_id"]: q["text"] for q in json_lines(folder / "queries.jsonl")}
    relevant = collections.defaultdict(dict)
    with open(folder / "qrels.tsv", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            query, document, score = line.split()
            if float(score) > 0:
                relevant[query][document] = float(score)
    return documents, {q: t for q, t in queries.items() if q in relevant}, relevant


def escape(value):
    """A value in COPY's text format."""
    return (value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
            .replace("\t", "\\t").replace("\0", ""))


# The text form of tfidf, 'deep':0.6 'learn':0.8, and of tsvector, 'deep':1,7 'learn':2.
TERM = re.compile(r"'((?:[^'\\]|''|\\.)*)':(\S+)")
QUOTED = re.compile(r"''|\\(.)", re.DOTALL)


def vectors(texts, expression, weight):
    """{id: {term: weight}} of {id: (title, text)}, by an SQL expression over title and body;
    weight turns what its text form says of a term into a number."""
    data = "".join("\t".join(map(escape, (key, *text))) + "\n" for key, text in texts.items())
    rows = psql(f"""
        SET client_encoding = 'UTF8';
        CREATE TEMP TABLE texts (id text, title text, body text);
        COPY texts FROM STDIN;\n{data}\\.
        COPY (SELECT id, {expression} FROM texts) TO STDOUT (FORMAT csv);""")
    csv.field_size_limit(sys.maxsize)
    return {key: {QUOTED.sub(lambda m: m[1] or "'", term): weight(value)
                  for term, value in TERM.findall(vector)}
            for key, vector in csv.reader(io.StringIO(rows))}


def tfidf_vectors(texts, expression):
    return vectors(texts, expression, float)


def term_counts(texts, config):
    return vectors(texts, f"to_tsvector('{config}', title || ' ' || body)",
                   lambda positions: positions.count(",") + 1)


DOCUMENT = "knowhow.to_tfidf(body, title => nullif(title, ''))"
QUERY = "knowhow.to_tfidf(body, weighting => 'nnn')"


def bm25(counts, k1=1.2, b=.75):
    """Document weights from term counts."""
    lengths = {key: sum(terms.values()) for key, terms in counts.items()}
    mean = sum(lengths.values()) / len(lengths)
    return {key: {term: tf * (k1 + 1) / (tf + k1 * (1 - b + b * lengths[key] / mean))
                  for term, tf in terms.items()} for key, terms in counts.items()}


def ndcg(documents, queries, relevant, depth=10):
    """Mean nDCG at `depth` over the queries, gains as judged."""
    postings = collections.defaultdict(list)
    for key, terms in documents.items():
        for term, weight in terms.items():
            postings[term].append((key, weight))
    result = []
    for query, terms in queries.items():
        scores = collections.defaultdict(float)
        for term, count in terms.items():
            found = postings.get(term, [])
            idf = math.log(1 + (len(documents) - len(found) + .5) / (len(found) + .5))
            for key, weight in found:
                scores[key] += count * idf * weight
        best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:depth]
        gains = relevant[query]
        ideal = sorted(gains.values(), reverse=True)[:depth]
        result.append(sum(gains.get(key, 0) / math.log2(place + 2)
                          for place, (key, _) in enumerate(best)) /
                      sum(gain / math.log2(place + 2) for place, gain in enumerate(ideal)))
    return sum(result) / len(result)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default="../shared/data", type=pathlib.Path)
    parser.add_argument("--sets", default="scifact,cranfield,zh-cmrc2018,til")
    parser.add_argument("--no-bm25", action="store_true", help="knowhow's figures alone")
    arguments = parser.parse_args()
    rows = []
    print(f"{'nDCG@10':14}{'knowhow':>10}{'bm25 multilingual':>20}{'bm25 english':>15}")
    for name in arguments.sets.split(","):
        folder = arguments.data / name
        if not folder.is_dir():
            print(f"{name:14}skipped: {folder} is absent")
            continue
        documents, queries, relevant = load(folder)
        queries = {key: ("", text) for key, text in queries.items()}
        row = [ndcg(tfidf_vectors(documents, DOCUMENT), tfidf_vectors(queries, QUERY), relevant)]
        for config in () if arguments.no_bm25 else ("knowhow.multilingual", "english"):
            row.append(ndcg(bm25(term_counts(documents, config)), term_counts(queries, config),
                            relevant))
        rows.append(row)
        print(f"{name:14}{row[0]:10.4f}" + "".join(f"{x:{w}.4f}" for x, w in zip(row[1:], (20, 15))),
              flush=True)
    if rows:
        mean = [sum(column) / len(rows) for column in zip(*rows)]
        print(f"{'mean':14}{mean[0]:10.4f}" +
              "".join(f"{x:{w}.4f}" for x, w in zip(mean[1:], (20, 15))))


if __name__ == "__main__":
    main()
