#include "engine/search/verify.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/search/dictionary.hpp"
#include "engine/search/postings.hpp"
#include "engine/search/segment_format.hpp"

namespace knowhow::search {
namespace {

constexpr std::uint32_t kRowsAtATime = 4096;

// The finalizer of SplitMix64: every bit of the result depends on every bit of the argument.
std::uint64_t mixed(std::uint64_t value) noexcept {
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9U;
    value = (value ^ value >> 27) * 0x94D049BB133111EBU;
    return value ^ value >> 31;
}

std::uint64_t hash_of(std::string_view term) noexcept {
    std::uint64_t hash = term.size();
    for (std::size_t at = 0; at < term.size(); at += 8) {
        hash = mixed(hash ^ VectorView::prefix_of(term.substr(at))) + 0x9E3779B97F4A7C15U;
    }
    return hash;
}

std::uint64_t hash_of(std::uint64_t term, float weight) noexcept {
    return mixed(term ^ mixed(std::bit_cast<std::uint32_t>(weight)));
}

class Verification {
  public:
    Verification(const Segment& segment, std::span<std::uint64_t> fingerprints,
                 std::vector<std::string>& faults, std::size_t most, Monitor& monitor,
                 std::pmr::memory_resource* memory)
        : segment_(segment),
          root_(segment.root()),
          fingerprints_(fingerprints),
          faults_(faults),
          most_(most),
          monitor_(monitor),
          poll_(monitor, 256),
          sums_(memory),
          inverses_(memory),
          dictionary_(segment),
          reader_(segment) {}

    void run() {
        std::fill(fingerprints_.begin(), fingerprints_.end(), 0);
        rows();
        terms();
        norms();
    }

  private:
    void say(std::string sentence) {
        if (faults_.size() < most_) {
            faults_.push_back(std::move(sentence));
        }
    }
    void say_of(std::string_view term, const char* what) {
        say("Term \"" + std::string(term) + "\" " + what);
    }

    void rows() {
        std::vector<Tid> tids;
        Tid last = 0;
        for (std::uint32_t row = 0; row < segment_.rows();) {
            const std::uint32_t end = row < root_.documents ? root_.documents : segment_.rows();
            tids.resize(std::min(kRowsAtATime, end - row));
            segment_.read_tids(row, tids);
            for (const Tid tid : tids) {
                if (row != 0 && row != root_.documents && tid <= last) {
                    say("Row " + std::to_string(row) + " is not behind the one before it.");
                }
                if (tid_line(tid) == 0) {
                    say("Row " + std::to_string(row) + " has no place in the table.");
                }
                last = tid;
                ++row;
            }
            monitor_.poll();
        }
        if (segment_.measure() == Measure::kCosine) {
            sums_.resize(root_.documents);
            inverses_.resize(root_.documents);
            segment_.read_array(root_.norms, kNormBytes, 0, root_.documents, inverses_.data());
            for (double& norm : inverses_) {
                norm = norm > 0 ? 1 / std::sqrt(norm) : 0;
            }
        }
    }

    void terms() {
        Node leaf;
        std::uint64_t terms = 0;
        std::string before;
        PageNumber page = root_.terms == 0 ? kNoPage : root_.first_leaf;
        for (std::uint32_t leaves = 0; page != kNoPage; page = leaf.next(), ++leaves) {
            if (leaves == root_.pages) {
                corrupted("The leaves of its dictionary form a ring.");
            }
            leaf.read(segment_.reader(), page, 0);
            for (std::uint32_t i = 0; i < leaf.count(); ++i) {
                ByteReader value(nullptr, nullptr);
                const std::string_view term = leaf.term(i, value);
                if (terms > 0 && compare_terms(before, term) >= 0) {
                    say_of(term, "is not behind the one before it.");
                }
                before.assign(term);
                ++terms;
                list(term, read_term_entry(value, root_));
                poll_.step();
            }
        }
        if (terms != root_.terms || postings_ != root_.postings) {
            say("It has " + std::to_string(terms) + " terms with " + std::to_string(postings_) +
                " postings, and counts " + std::to_string(root_.terms) + " with " +
                std::to_string(root_.postings) + ".");
        }
    }

    void list(std::string_view term, const TermEntry& entry) {
        const std::optional<TermEntry> found = dictionary_.find(term);
        if (!found || found->documents != entry.documents || found->page != entry.page ||
            found->offset != entry.offset || found->document != entry.document) {
            say_of(term, "is not found from the root of the dictionary.");
        }
        const std::uint64_t hash = hash_of(term);
        negative_ = false;
        reach_ = {};
        if (entry.documents == 1) {
            posting(term, hash, entry, entry.document, entry.weight);
            check_bounds(term, entry.most, entry.least, contribution(entry.document, entry.weight));
        } else {
            skips_.clear();
            if (entry.blocks() > 1) {
                read_skips(segment_, entry, buffer_, skips_);
            }
            reader_.start(entry);
            std::uint32_t last = 0;
            for (std::size_t b = 0; reader_.next(block_); ++b) {
                if (b > 0 && block_.documents[0] <= last) {
                    say_of(term, "has blocks that do not ascend.");
                }
                last = block_.documents[block_.count - 1];
                float most = entry.most;
                float least = entry.least;
                if (skips_.size() > 0) {
                    if (skips_.last[b] != last) {
                        say_of(term, "has a skip that does not name the end of its block.");
                    }
                    most = std::min(most, skips_.most[b]);
                    least = skips_.least.empty() ? least : std::max(least, skips_.least[b]);
                    direct(term, entry, b);
                }
                for (std::uint32_t i = 0; i < block_.count; ++i) {
                    posting(term, hash, entry, block_.documents[i], block_.weights[i]);
                    check_bounds(term, most, least,
                                 contribution(block_.documents[i], block_.weights[i]));
                }
                poll_.step();
            }
        }
        for (std::size_t i = 0; i < kRanks.size(); ++i) {
            if (entry.ranked[i] > 0 && reach_[i] < kRanks[i]) {
                say_of(term, "promises more high weights than it has.");
            }
        }
        if (negative_ != entry.negative) {
            say_of(term, "is wrong about whether it has negative weights.");
        }
    }

    // A skip must lead to the block that walking along the list leads to.
    void direct(std::string_view term, const TermEntry& entry, std::size_t block) {
        const std::uint32_t left =
            entry.documents - static_cast<std::uint32_t>(block) * kBlockPostings;
        const PostingsReader::Place after = reader_.place();
        reader_.resume({skips_.page[block], skips_.offset[block], left});
        if (!reader_.next(other_) || other_.count != block_.count ||
            !std::equal(other_.documents, other_.documents + other_.count, block_.documents) ||
            reader_.place().page != after.page || reader_.place().offset != after.offset) {
            say_of(term, "has a skip that leads to another block.");
        }
        reader_.resume(after);
    }

    double contribution(std::uint32_t document, float weight) const {
        return inverses_.empty() ? weight : weight * inverses_[document];
    }

    void posting(std::string_view term, std::uint64_t hash, const TermEntry& entry,
                 std::uint32_t document, float weight) {
        if (!std::isfinite(weight) || weight == 0) {
            say_of(term, "has a weight that no vector has.");
        }
        negative_ |= weight < 0;
        ++postings_;
        if (!sums_.empty()) {
            sums_[document] += static_cast<double>(weight) * weight;
        }
        if (!fingerprints_.empty()) {
            fingerprints_[document] += hash_of(hash, weight);
        }
        const double reached = contribution(document, weight);
        for (std::size_t i = 0; i < kRanks.size(); ++i) {
            reach_[i] += reached >= entry.ranked[i];
        }
    }

    void check_bounds(std::string_view term, float most, float least, double contribution) {
        if (!(contribution <= most) && !(contribution <= 0)) {
            say_of(term, "has a weight above its bound.");
        }
        if (!(contribution >= least) && !(contribution >= 0)) {
            say_of(term, "has a weight below its bound.");
        }
    }

    // Norms are sums in the order of terms, as the operators make them: equal to the bit.
    void norms() {
        if (segment_.measure() != Measure::kCosine) {
            return;
        }
        std::vector<double> norms(kRowsAtATime);
        std::vector<float> inverses(kRowsAtATime);
        for (std::uint32_t first = 0; first < root_.documents; first += kRowsAtATime) {
            const std::uint32_t count = std::min(kRowsAtATime, root_.documents - first);
            segment_.read_array(root_.norms, kNormBytes, first, count, norms.data());
            segment_.read_array(root_.inverses, kInverseBytes, first, count, inverses.data());
            for (std::uint32_t i = 0; i < count; ++i) {
                const double inverse = norms[i] > 0 ? 1 / std::sqrt(norms[i]) : 0;
                if (norms[i] != sums_[first + i] || inverses[i] != static_cast<float>(inverse)) {
                    say("Document " + std::to_string(first + i) +
                        " has a norm that its weights do not have.");
                }
            }
            monitor_.poll();
        }
    }

    const Segment& segment_;
    const SegmentRoot& root_;
    std::span<std::uint64_t> fingerprints_;
    std::vector<std::string>& faults_;
    const std::size_t most_;
    Monitor& monitor_;
    PollEvery poll_;
    std::pmr::vector<double> sums_;      // of squared weights; empty unless by cosine
    std::pmr::vector<double> inverses_;  // one over the stored norms; likewise
    Dictionary dictionary_;
    PostingsReader reader_;
    Block block_;
    Block other_;
    Skips skips_;
    std::vector<std::uint8_t> buffer_;
    std::uint64_t postings_ = 0;
    bool negative_ = false;
    std::array<std::uint32_t, kRanks.size()> reach_{};  // contributions that reach each rank's
};

}  // namespace

std::uint64_t fingerprint(VectorView vector) noexcept {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        sum += hash_of(hash_of(vector.term(i)), vector.weight(i));
    }
    return sum;
}

void verify_segment(const Segment& segment, std::span<std::uint64_t> fingerprints,
                    std::vector<std::string>& faults, std::size_t most, Monitor& monitor,
                    std::pmr::memory_resource* memory) {
    Verification(segment, fingerprints, faults, most, monitor, memory).run();
}

}  // namespace knowhow::search
