// What a person reads about: the terms of what they liked.
#pragma once

#include <cstddef>
#include <functional>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/budget.hpp"
#include "engine/base/monitor.hpp"
#include "engine/sparse/vector.hpp"

namespace knowhow {

// A document of the person's history. The view must stay valid during content_profile().
struct ProfileDocument {
    VectorView vector;  // term frequencies with saturation, without idf
    double weight;      // of the person's interaction with it
};

struct ProfileOptions {
    std::size_t terms = 100;  // M: terms kept, >= 1
    double norm_power = 0.5;  // 0: long documents count more; 1: all documents count the same
};

struct ProfileTerm {
    std::string_view term;
    double weight;  // in the profile
    double idf;     // weight · idf is the weight in an inner-product query on document vectors
};

// A person's content profile (Rocchio 1971, "Relevance feedback in information retrieval", with
// the positive part alone). With x_dt = idf(t) · vector_dt:
//
//   profile_t = Σ_d weight_d · x_dt / ‖x_d‖^norm_power
//
// Documents with a weight of zero or less do not count, nor do empty ones. Kept are the M terms of
// the largest |profile_t| (ties by bytes). A candidate c then scores
// Σ_t profile_t · x_ct = Σ_t (profile_t · idf(t)) · vector_ct, which the caller may divide by
// ‖x_c‖^norm_power as well.
//
// Sums are in double, in the order of documents. Throws Error(kInvalidArgument) if a weight or an
// idf is not finite. Memory: about 80 bytes for each distinct term of the
// history while it is computed. The profile holds copies of its terms.
class ContentProfile {
  public:
    // Sets `idf` of all terms given, which are distinct and in the order of their bytes. It is
    // called once, or never if there is no term, so that it may look them up in one go.
    using FillIdf = std::function<void(std::span<ProfileTerm> terms)>;

    ContentProfile(std::span<const ProfileDocument> documents, const FillIdf& fill_idf,
                   const ProfileOptions& options, Monitor& monitor, MemoryBudget& budget);

    // By the terms' bytes. They live as long as this object.
    std::span<const ProfileTerm> terms() const noexcept { return terms_; }

  private:
    std::pmr::monotonic_buffer_resource arena_;
    std::pmr::vector<ProfileTerm> terms_;
};

}  // namespace knowhow
