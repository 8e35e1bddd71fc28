// How good one ranked list is, from the ranks of what turned out to be relevant.
//
// A list ranks snippets from 1 on; relevance is yes or no. `relevant` counts all that is relevant,
// ranked or not: what a list leaves out counts against it. With h_k hits among the first k:
//
//   precision@k        h_k / k, also where the list is shorter than k
//   recall@k           h_k / relevant
//   hit rate@k         1 if h_k > 0, else 0
//                      (these three: Manning, Raghavan and Schütze 2008, "Introduction to
//                      information retrieval", chapter 8; hit rate: Deshpande and Karypis 2004,
//                      "Item-based top-N recommendation algorithms")
//   nDCG@k             Σ_{hits at rank r <= k} 1 / log2(r + 1), divided by the same sum over the
//                      ranks 1 to min(relevant, k) (Järvelin and Kekäläinen 2002, "Cumulated
//                      gain-based evaluation of IR techniques"; discount of Burges et al. 2005)
//   AP@k               Σ_{hits at rank r <= k} h_r / r, divided by min(relevant, k); its mean is
//                      MAP (Buckley and Voorhees 2000, "Evaluating evaluation measure stability";
//                      the cut at k divides by what could have been found)
//   reciprocal rank@k  1 / (rank of the first hit), 0 if that is beyond k; its mean is MRR
//                      (Voorhees 1999, "The TREC-8 question answering track report")
#pragma once

#include <cstddef>
#include <span>

namespace knowhow {

struct ListMetrics {
    double precision = 0;
    double recall = 0;
    double hit_rate = 0;
    double ndcg = 0;
    double average_precision = 0;
    double reciprocal_rank = 0;
};

// `ranks`: of the relevant snippets that are in the list, ascending, from 1, distinct. Throws
// Error(kInvalidArgument) if k or relevant is 0, ranks do not ascend, or are more than relevant.
ListMetrics list_metrics(std::span<const std::size_t> ranks, std::size_t relevant, std::size_t k);

}  // namespace knowhow
