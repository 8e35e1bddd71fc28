// Exploration: a list in which some ranks are drawn by chance, so that what was never shown can be
// judged too, with the probabilities that make up for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"

namespace knowhow {

struct Drawn {
    std::size_t candidate;  // by its place in the order of merit, from 0
    bool by_chance;         // this rank was drawn, whatever came of it
    double propensity;      // the probability that this candidate stands at this rank
    double anywhere;        // the probability that it stands at any rank
};

// Epsilon-greedy, rank by rank (the baseline of Li, Chu, Langford and Wang 2011, "Unbiased offline
// evaluation of contextual-bandit-based news article recommendation algorithms", for one rank).
// Of `candidates` in the order of merit the first `length` make the list. Each of its ranks is
// given up with probability `share`, independently; the ranks given up are filled by drawing,
// uniformly and without replacement, from all candidates that do not stand at a rank that was
// kept. With X ranks given up, that is a pool of candidates - length + X, and so, exactly,
//
//   P(c at rank r) = 1 - share + share · E[1 / pool]              where c is r's by merit
//                  = share² · E[1 / pool]                         where c is another rank's by merit
//                  = share · E[1 / pool]                          where c is behind the list,
//
// the expectation being over the other ranks given up, which are binomial, and the pool counting
// what is given up in each case. Every candidate may stand at every rank (where share > 0), so
// that the mean over logged rows of
//
//   (1 if another policy puts the snippet at that rank, else 0) · outcome / propensity
//
// is an unbiased estimate of what that policy would have got per rank, as far as the outcome
// depends on the snippet and its rank alone (Horvitz and Thompson 1952; Strehl, Langford, Li and
// Kakade 2010, "Learning from logged implicit exploration data").
//
// `length` at most `candidates`, which are below 2^32; share from 0 to 1: throws
// Error(kInvalidArgument) otherwise. The same seed gives the same list on every machine.
// Time and memory: linear in the candidates, 8 bytes each.
std::pmr::vector<Drawn> explore(std::size_t length, std::size_t candidates, double share,
                                std::uint64_t seed, Monitor& monitor, MemoryBudget& budget);

}  // namespace knowhow
