#!/usr/bin/python3
"""Quality of search(): nDCG@10 on judged sets, default settings, beside BM25.

usage: text.py [--data DIR] [--sets NAMES]

A set is a folder of DIR with corpus.jsonl {_id, title, text}, queries.jsonl {_id, text} and
qrels.tsv (query, document, score; above 0 is relevant), or with notes.jsonl {title, body}, where
each title is the query for its own body. Sets that are absent are skipped. Needs a server
(PGHOST, PGPORT, PGUSER, PGDATABASE) with the extension available, and makes and drops knowledge
base "text_quality".

BM25 is computed here, with k1 = 1.2 and b = .75, over the lexemes that to_tsvector gives of title
and text: by the configuration english, and by knowhow.multilingual (bigrams where it is Chinese).
"""
import argparse
import collections
import json
import math
import os
import re

import psql

DEPTH = 10
# 'deep':1,7 'learn':2 is the text form of a tsvector.
TERM = re.compile(r"'((?:[^'\\]|''|\\.)*)':(\S+)")
QUOTED = re.compile(r"''|\\(.)", re.DOTALL)


def json_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def load(folder):
    """Documents {id: (title, text)}, queries {id: text}, relevant {query: {document: gain}}."""
    if os.path.exists(f"{folder}/notes.jsonl"):
        notes = json_lines(f"{folder}/notes.jsonl")
        documents = {str(i): ("", note["body"]) for i, note in enumerate(notes)}
        queries = {str(i): note["title"] for i, note in enumerate(notes)}
        return documents, queries, {query: {query: 1} for query in queries}
    documents = {document["_id"]: (document.get("title") or "", document["text"])
                 for document in json_lines(f"{folder}/corpus.jsonl")}
    relevant = collections.defaultdict(dict)
    with open(f"{folder}/qrels.tsv", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            query, document, score = line.split()
            if float(score) > 0:
                relevant[query][document] = float(score)
    queries = {query["_id"]: query["text"] for query in json_lines(f"{folder}/queries.jsonl")
               if query["_id"] in relevant}
    return documents, queries, relevant


def found_by_search(documents, queries):
    """{query: [document, ...]} by search()."""
    names = list(documents)
    psql.run("""
        SET client_min_messages = warning;
        CREATE EXTENSION IF NOT EXISTS knowhow;
        SELECT knowhow.create_knowledge_base('text_quality');
        CREATE TABLE text_quality.queries (id text, query text);""")
    try:
        psql.copy_in("text_quality.snippets (snippet_id, title, body)",
                     ((number, *documents[name]) for number, name in enumerate(names)))
        psql.copy_in("text_quality.queries", queries.items())
        psql.run("SELECT knowhow.train('text_quality'); ANALYZE text_quality.snippets")
        rows = psql.copy_out(f"""
            SELECT id, snippet_id
            FROM text_quality.queries,
                 knowhow.search(query, max_results => {DEPTH}, recommender => 'text_quality')
            ORDER BY id, rank""")
    finally:
        psql.run("SET client_min_messages = warning;"
                 "SELECT knowhow.drop_recommender('text_quality');"
                 "DROP SCHEMA text_quality CASCADE")
    found = collections.defaultdict(list)
    for query, number in rows:
        found[query].append(names[int(number)])
    return found


def term_counts(texts, config):
    """{id: {lexeme: occurrences}} of {id: text}."""
    psql.run("DROP TABLE IF EXISTS text_quality_texts;"
             "CREATE UNLOGGED TABLE text_quality_texts (id text, body text)")
    try:
        psql.copy_in("text_quality_texts", texts.items())
        # COPY doubles the backslashes, of which no lexeme here has any.
        rows = psql.copy_out(f"SELECT id, to_tsvector('{config}', body) FROM text_quality_texts")
    finally:
        psql.run("DROP TABLE text_quality_texts")
    return {key: {QUOTED.sub(lambda match: match[1] or "'", term): positions.count(",") + 1
                  for term, positions in TERM.findall(vector)}
            for key, vector in rows}


def found_by_bm25(documents, queries, config, k1=1.2, b=.75):
    """{query: [document, ...]} by BM25."""
    counts = term_counts({name: " ".join(text) for name, text in documents.items()}, config)
    lengths = {name: sum(terms.values()) for name, terms in counts.items()}
    mean = sum(lengths.values()) / len(lengths)
    postings = collections.defaultdict(list)
    for name, terms in counts.items():
        norm = k1 * (1 - b + b * lengths[name] / mean)
        for term, count in terms.items():
            postings[term].append((name, count * (k1 + 1) / (count + norm)))
    found = {}
    for query, terms in term_counts(queries, config).items():
        scores = collections.defaultdict(float)
        for term, count in terms.items():
            holders = postings.get(term, ())
            idf = math.log(1 + (len(counts) - len(holders) + .5) / (len(holders) + .5))
            for name, weight in holders:
                scores[name] += count * idf * weight
        found[query] = [name for name, _ in
                        sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:DEPTH]]
    return found


def ndcg(found, relevant):
    """Mean nDCG at DEPTH over the judged queries, with gains as they are judged."""
    total = 0
    for query, gains in relevant.items():
        ideal = sorted(gains.values(), reverse=True)[:DEPTH]
        total += (sum(gains.get(name, 0) / math.log2(place + 2)
                      for place, name in enumerate(found.get(query, ()))) /
                  sum(gain / math.log2(place + 2) for place, gain in enumerate(ideal)))
    return total / len(relevant)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--sets", default="scifact,cranfield,zh-cmrc2018,til")
    options = parser.parse_args()
    print(f"{'nDCG@10':14}{'search()':>10}{'BM25 multilingual':>20}{'BM25 english':>15}")
    results = []
    for name in options.sets.split(","):
        folder = f"{options.data}/{name}"
        if not os.path.isdir(folder):
            print(f"{name:14}skipped: {folder} is absent")
            continue
        documents, queries, relevant = load(folder)
        result = [ndcg(found_by_search(documents, queries), relevant)]
        result += [ndcg(found_by_bm25(documents, queries, config), relevant)
                   for config in ("knowhow.multilingual", "english")]
        results.append(result)
        print(f"{name:14}{result[0]:10.4f}{result[1]:20.4f}{result[2]:15.4f}", flush=True)
    if results:
        mean = [sum(column) / len(results) for column in zip(*results)]
        print(f"{'mean':14}{mean[0]:10.4f}{mean[1]:20.4f}{mean[2]:15.4f}")


if __name__ == "__main__":
    main()
