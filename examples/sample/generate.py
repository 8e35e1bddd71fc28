#!/usr/bin/env python3
"""Write ratings.csv and events.csv of the sample knowledge base.

Reads snippets.csv, labels.csv and users.csv beside this script. Each person has
one to three interests (topics), a preferred level and languages; people who
share an archetype therefore rate like snippets alike. Seeded and deterministic:
running it again gives the same files.
"""
import csv
import datetime as dt
import math
import random
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 42
END = dt.datetime(2026, 11, 14, 20, 0, tzinfo=dt.timezone.utc)
NEWCOMER = 60  # no ratings, no events
LEVELS = ["beginner", "intermediate", "advanced"]

# name: (interests in falling order, preferred level, languages: en, zh or both)
ARCHETYPES = {
    "deploy": (["kubernetes", "mlops", "incident-response"], "advanced", "both"),
    "deploy_en": (["kubernetes", "mlops", "ci-cd"], "advanced", "en"),
    "deploy_zh": (["kubernetes", "ci-cd", "incident-response"], "intermediate", "zh"),
    "learner": (["deep-learning", "tensorflow"], "beginner", "both"),
    "learner_en": (["deep-learning", "tensorflow", "nlp"], "beginner", "en"),
    "learner_zh": (["deep-learning", "pytorch", "tensorflow"], "beginner", "zh"),
    "language": (["nlp", "llm", "search"], "intermediate", "both"),
    "language_adv": (["nlp", "llm", "deep-learning"], "advanced", "both"),
    "modeller": (["tensorflow", "pytorch", "mlops"], "intermediate", "both"),
    "recommender": (["recommender-systems", "search"], "intermediate", "both"),
    "database": (["postgresql", "data-engineering", "incident-response"], "advanced", "both"),
    "database_zh": (["postgresql", "data-engineering"], "intermediate", "zh"),
    "analyst": (["analytics", "data-engineering", "privacy"], "intermediate", "both"),
    "analyst_en": (["analytics", "data-engineering"], "beginner", "en"),
    "care": (["customer-support", "onboarding"], "beginner", "zh"),
    "care_en": (["customer-support", "privacy", "analytics"], "intermediate", "both"),
    "web": (["web", "testing", "programming"], "intermediate", "both"),
    "web_zh": (["web", "code-review", "testing"], "beginner", "zh"),
    "craft": (["code-review", "testing", "ci-cd"], "intermediate", "both"),
    "security": (["security", "privacy", "ci-cd"], "advanced", "both"),
}

PERSONA = {
    1: "modeller", 2: "deploy_en", 3: "analyst", 4: "web", 5: "care", 6: "language_adv",
    7: "deploy", 8: "modeller", 9: "database", 10: "care", 11: "web", 12: "learner_zh",
    13: "learner_en", 14: "deploy", 15: "care_en", 16: "database_zh", 17: "craft",
    18: "recommender", 19: "learner_en", 20: "care_en", 21: "deploy_zh", 22: "analyst_en",
    23: "learner", 24: "web", 25: "deploy", 26: "recommender", 27: "care", 28: "analyst_en",
    29: "web_zh", 30: "language", 31: "learner", 32: "security", 33: "database", 34: "care_en",
    35: "deploy_zh", 36: "craft", 37: "learner_zh", 38: "recommender", 39: "modeller",
    40: "deploy_en", 41: "care", 42: "learner", 43: "database_zh", 44: "craft",
    45: "language", 46: "care_en", 47: "security", 48: "analyst", 49: "language_adv",
    50: "web", 51: "care", 52: "modeller", 53: "deploy", 54: "learner_en", 55: "web_zh",
    56: "database", 57: "analyst", 58: "language", 59: "web",
}

# Users 7 and 23 have each seen one TensorFlow snippet only, so that a search for
# TensorFlow 2.0 shows what their other reading says about them.
SHOW = {
    7: "Project summary: canary releases for the ranking model",
    23: "Screencast: reading TensorBoard for a Keras run",
}

QUERIES = {
    "tensorflow": ["TensorFlow 2.0", "TensorFlow 2.0 migration", "keras 入门"],
    "pytorch": ["PyTorch training slow", "PyTorch 训练循环"],
    "deep-learning": ["深度学习入门教程", "deep learning tutorial", "overfitting"],
    "nlp": ["NLP技术进展", "tokenizer chinese", "文本分类"],
    "llm": ["GPT-4 prompt", "RAG 检索增强", "llm evaluation"],
    "mlops": ["model monitoring", "模型上线", "feature drift"],
    "kubernetes": ["Kubernetes 部署最佳实践", "k8s readiness probe", "k8s rollout"],
    "postgresql": ["postgresql slow query", "PostgreSQL 调优", "autovacuum"],
    "data-engineering": ["数据仓库 分层", "backfill", "UTF-8 csv"],
    "recommender-systems": ["推荐系统 冷启动", "recommender evaluation"],
    "search": ["中文检索", "BM25 tuning"],
    "customer-support": ["客户投诉处理流程", "投诉 升级", "complaint reply"],
    "incident-response": ["on-call handbook", "故障复盘", "postmortem template"],
    "ci-cd": ["CI slow", "ci.yml node.js", "发布流程"],
    "testing": ["flaky test", "unit test C++", "缺陷报告"],
    "code-review": ["code review checklist", "代码评审"],
    "security": ["secret rotation", "SQL 注入", "RBAC"],
    "privacy": ["personal data", "数据脱敏"],
    "analytics": ["A/B test", "retention SQL", "北极星指标"],
    "onboarding": ["first week", "新员工入职"],
    "programming": ["C++ ownership", "C# async", "node.js stream", ".NET F#"],
    "web": ["page speed", "缓存", "accessibility"],
}


def read(name):
    with open(HERE / name, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def load():
    snippets = []
    labels = {}
    for row in read("labels.csv"):
        labels.setdefault(int(row["snippet_id"]), []).append((row["kind"], row["value"]))
    for row in read("snippets.csv"):
        sid = int(row["snippet_id"])
        han = len(re.findall(r"[\u4e00-\u9fff]", row["title"] + row["body"]))
        snippets.append({
            "id": sid, "kind": row["kind"], "title": row["title"],
            "author": int(row["author_id"]), "team": int(row["team_id"]),
            "visibility": row["visibility"],
            "chinese": han >= 20,
            "topics": [v for k, v in labels[sid] if k == "topic"],
            "level": next(v for k, v in labels[sid] if k == "difficulty"),
            "created": dt.datetime.fromisoformat(row["created_at"] + ":00"),
        })
    return snippets


def affinity(user, snippet):
    """How well a snippet suits a person, about -2 to +2."""
    interests, level, language = ARCHETYPES[PERSONA[user]]
    weights = {t: w for t, w in zip(interests, (1.7, 1.3, 1.0))}
    hits = sorted((weights[t] for t in snippet["topics"] if t in weights), reverse=True)
    if not hits:
        return -1.3
    score = hits[0] + 0.3 * sum(hits[1:])
    score += (0.3, -0.4, -1.3)[abs(LEVELS.index(level) - LEVELS.index(snippet["level"]))]
    if language == "en" and snippet["chinese"]:
        score -= 1.4
    elif language == "zh" and not snippet["chinese"]:
        score -= 0.8
    return score


def may_read(user, team, snippet):
    if snippet["author"] == user:
        return False  # nobody rates their own work
    if snippet["visibility"] == "public":
        return True
    return snippet["visibility"] == "team" and snippet["team"] == team


def moment(rng, start, end, mean_days):
    """A working moment after start, soon rather than late, never after end."""
    for _ in range(50):
        at = start + dt.timedelta(days=0.1 + rng.expovariate(1 / mean_days))
        at = at.replace(hour=rng.randint(0, 13), minute=rng.randint(0, 59), second=rng.randint(0, 59))
        if start < at < end:
            return at
    return start + (end - start) * rng.random()


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S+00")


def main():
    rng = random.Random(SEED)
    snippets = load()
    teams = {int(r["user_id"]): int(r["team_id"]) for r in read("users.csv")}
    quality = {s["id"]: rng.gauss(0, 0.25) for s in snippets}
    ratings, events = [], []

    for user in sorted(teams):
        if user == NEWCOMER:
            continue
        pool = [s for s in snippets if may_read(user, teams[user], s)]
        if user in SHOW:
            pool = [s for s in pool if "TensorFlow" not in s["title"]
                    and "tensorflow" not in s["topics"] or s["title"] == SHOW[user]]
        target = rng.randint(18, 22) if user in SHOW else rng.randint(7, 22)
        # draw without replacement, the better suited the likelier (Efraimidis and Spirakis)
        keyed = sorted(pool, key=lambda s: -math.log(rng.random()) / math.exp(
            (99 if s["title"] == SHOW.get(user) else 1.5 * (affinity(user, s) + quality[s["id"]]))))
        rated, browsed = keyed[:target], keyed[target:target + rng.randint(2, 6)]
        strict = rng.gauss(0, 0.2)  # some people rate lower than others

        def event(snippet, kind, at, with_query=0.0):
            query = None
            if rng.random() < with_query:
                topics = [t for t in snippet["topics"] if t in QUERIES]
                query = rng.choice(QUERIES[topics[0]]) if topics else None
            events.append((at, user, snippet["id"], kind, query))

        for s in rated:
            fit = affinity(user, s)
            value = 2.85 + 0.95 * fit + quality[s["id"]] + strict + rng.gauss(0, 0.35)
            value = max(1, min(5, round(value)))
            if s["title"] == SHOW.get(user):
                value = 5
            at = moment(rng, s["created"], END, 45)
            ratings.append((user, s["id"], value, at))
            seen = s["created"] + (at - s["created"]) * (0.5 + 0.5 * rng.random())
            if rng.random() < 0.78:
                event(s, "view", seen, 0.29)
            later = moment(rng, at, END + dt.timedelta(hours=3), 6)
            if value >= 4:
                if rng.random() < 0.30:
                    event(s, "bookmark", at, 0.1)
                if rng.random() < 0.16:
                    event(s, "share", later)
                if s["kind"] in ("course", "video", "article") and rng.random() < 0.45:
                    event(s, "complete", later)
                if s["kind"] in ("code", "document", "discussion") and rng.random() < 0.30:
                    event(s, "solve", later, 0.45)
                if rng.random() < 0.1:
                    event(s, "view", moment(rng, later, END + dt.timedelta(hours=6), 20), 0.3)
            elif value <= 2 and rng.random() < 0.45:
                event(s, "dismiss", at)
        for s in browsed:
            at = moment(rng, s["created"], END, 60)
            event(s, "view", at, 0.29)
            fit = affinity(user, s)
            if fit > 0.8 and rng.random() < 0.3:
                event(s, "bookmark", at + dt.timedelta(minutes=rng.randint(1, 20)), 0.1)
            elif fit < -0.5 and rng.random() < 0.3:
                event(s, "dismiss", at + dt.timedelta(minutes=rng.randint(1, 5)))

    events = [e for e in events if e[0] < END + dt.timedelta(hours=4)]
    ratings.sort(key=lambda r: (r[0], r[1]))
    events.sort(key=lambda e: (e[0], e[1], e[2], e[3]))
    with open(HERE / "ratings.csv", "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["user_id", "snippet_id", "rating", "rated_at"])
        out.writerows((u, s, v, stamp(at)) for u, s, v, at in ratings)
    with open(HERE / "events.csv", "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["user_id", "snippet_id", "kind", "query", "occurred_at"])
        out.writerows((u, s, k, q, stamp(at)) for at, u, s, k, q in events)
    print(f"{len(ratings)} ratings, {len(events)} events")


if __name__ == "__main__":
    main()
