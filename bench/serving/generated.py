"""A knowledge base of generated snippets and ratings: deterministic, with topics and tastes.

Words follow Zipf's law with exponent 1.07 over 200,000 words; of a snippet's words two thirds come
from all of them, one third from those of its topic (Zipf again, over 2,000 words of 100 topics), in
all about 60 distinct ones. A person has 3 topics and rates about 100 snippets, nine in ten within these topics, some much more
often than others (fewer where a person's topics have few snippets). Where nothing else is said there
is one person to 10 snippets, so that n snippets have about 10 n ratings. One person more, the last,
has rated 5,000 of any topic, or a quarter of all where that is less.
"""
import numpy as np

VOCABULARY = 200_000
TOPICS = 100
TOPIC_WORDS = 2_000
SNIPPETS_A_PERSON = 10
DRAWS_A_PERSON = 115   # of snippets; one drawn again is rated once
RATINGS_OF_AVID = 5_000
BATCH = 10_000


def zipf(count, exponent=1.07):
    """Cumulative probabilities of ranks 0 to count - 1."""
    cumulative = np.cumsum(np.arange(1, count + 1, dtype=np.float64) ** -exponent)
    cumulative /= cumulative[-1]
    cumulative[-1] = 1
    return cumulative


class KnowledgeBase:
    """`snippets` of them, rated by `people`; equal arguments give equal rows."""

    def __init__(self, snippets, people=None, seed=42):
        self.snippets = snippets
        self.people = people or max(10, snippets // SNIPPETS_A_PERSON)
        self.avid_person = self.people + 1
        self.seed = seed
        rng = np.random.default_rng(seed)
        # Consonant and vowel in turn, ending in a consonant: stems of their own, hardly a stop word.
        vowels, consonants = np.array(list("aiou")), np.array(list("bdfgklmnprtvz"))
        shapes = rng.integers(2, 5, VOCABULARY)
        v, c = rng.integers(0, 4, (VOCABULARY, 4)), rng.integers(0, 13, (VOCABULARY, 5))
        self.words = np.array(["".join(consonants[c[i, j]] + vowels[v[i, j]] for j in range(shapes[i]))
                               + consonants[c[i, 4]] for i in range(VOCABULARY)], dtype=object)
        self.common = zipf(VOCABULARY)
        self.special = zipf(TOPIC_WORDS)
        self.topic_words = np.array([rng.choice(VOCABULARY, TOPIC_WORDS, replace=False)
                                     for _ in range(TOPICS)])
        self.topics = rng.integers(0, TOPICS, snippets)

    def tokens(self, rng, topics):
        """Word numbers of one document per topic in `topics`, and where each document ends."""
        lengths = np.clip(rng.lognormal(np.log(84) - .125, .5, len(topics)).astype(int), 5, 2000)
        owner = np.repeat(topics, lengths)
        draw = rng.random(len(owner))
        tokens = np.searchsorted(self.common, draw)
        special = rng.random(len(owner)) < 1 / 3
        ranks = np.searchsorted(self.special, draw[special])
        tokens[special] = self.topic_words[owner[special], ranks]
        return tokens, np.cumsum(lengths)

    def snippet_rows(self):
        """Lines for COPY (snippet_id, title, body, created_at)."""
        for first in range(0, self.snippets, BATCH):
            topics = self.topics[first:first + BATCH]
            tokens, ends = self.tokens(np.random.default_rng((self.seed, 1, first)), topics)
            begin = 0
            for i, end in enumerate(ends):
                words = self.words[tokens[begin:end]]
                begin = end
                day = (first + i) * 1000 // self.snippets
                yield (f"{first + i + 1}\t{' '.join(words[:5])}\t{' '.join(words[5:])}\t"
                       f"{np.datetime64('2023-01-01') + day}\n")

    def label_rows(self):
        """Lines for COPY (snippet_id, kind, value): the topic, and two tags of its ten."""
        rng = np.random.default_rng((self.seed, 2))
        tags = rng.integers(0, 10, (self.snippets, 2))
        for i, topic in enumerate(self.topics):
            yield f"{i + 1}\ttopic\ttopic {topic}\n"
            for tag in {*tags[i]}:
                yield f"{i + 1}\ttag\ttag {topic}.{tag}\n"

    def rating_rows(self):
        """Lines for COPY (user_id, snippet_id, rating, rated_at)."""
        rng = np.random.default_rng((self.seed, 3))
        order = np.argsort(self.topics, kind="stable")
        starts = np.searchsorted(self.topics[order], np.arange(TOPICS + 1))
        everything = zipf(self.snippets, .67)
        for person in range(1, self.people + 1):
            tastes = rng.integers(0, TOPICS, 3)
            chosen = tastes[rng.integers(0, 3, DRAWS_A_PERSON)]
            sizes = starts[chosen + 1] - starts[chosen]
            # The rank is size * u^3 for uniform u: near Zipf's law with exponent 2/3.
            within = starts[chosen] + (sizes * rng.random(DRAWS_A_PERSON) ** 3).astype(int)
            snippets = order[np.minimum(within, self.snippets - 1)]
            anywhere = rng.random(DRAWS_A_PERSON) < .1
            snippets[anywhere] = np.searchsorted(everything, rng.random(anywhere.sum()))
            ratings = rng.integers(3, 6, DRAWS_A_PERSON)
            days = rng.integers(0, 365, DRAWS_A_PERSON)
            _, once = np.unique(snippets, return_index=True)
            for i in once:
                yield (f"{person}\t{snippets[i] + 1}\t{ratings[i]}\t"
                       f"{np.datetime64('2025-01-01') + days[i]}\n")
        some = rng.choice(self.snippets, min(RATINGS_OF_AVID, self.snippets // 4), replace=False)
        for snippet, rating, day in zip(some, rng.integers(3, 6, len(some)),
                                        rng.integers(0, 365, len(some))):
            yield (f"{self.avid_person}\t{snippet + 1}\t{rating}\t"
                   f"{np.datetime64('2025-01-01') + day}\n")

    def queries(self, count):
        """Texts of 2 to 6 words, drawn as a snippet of some topic draws its own."""
        rng = np.random.default_rng((self.seed, 4))
        for _ in range(count):
            tokens, _ = self.tokens(rng, rng.integers(0, TOPICS, 1))
            yield " ".join(self.words[np.unique(tokens[:rng.integers(2, 7)])])
