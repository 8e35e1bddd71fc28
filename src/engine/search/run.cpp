// The form of a run; it never outlives the statement that made it, so it has no version.
//     uint32 documents, uint32 nulls, uint64 terms, uint64 postings
//     for each document: uint64 TID, float64 squared norm
//     for each NULL row: uint64 TID
//     for each term: uint16 length, uint32 postings, the term, and for each posting
//         uint32 document, float32 weight
#include "engine/search/run.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/search/bytes.hpp"
#include "engine/search/inversion_state.hpp"
#include "engine/search/source.hpp"

namespace knowhow::search {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
constexpr unsigned kTermsPerPoll = 1024;

using Posting = MergeSource::Posting;
static_assert(sizeof(Posting) == 8);

class Output {
  public:
    explicit Output(RunWriter& to) : to_(to) { buffer_.reserve(2 * kBufferBytes); }

    template <typename T>
    void put(const T& value) {
        put_bytes(&value, sizeof value);
    }
    void put_bytes(const void* from, std::size_t bytes) {
        const char* at = static_cast<const char*>(from);
        while (bytes > 0) {
            const std::size_t here = std::min(bytes, kBufferBytes - buffer_.size());
            buffer_.insert(buffer_.end(), at, at + here);
            at += here;
            bytes -= here;
            if (buffer_.size() == kBufferBytes) {
                flush();
            }
        }
    }
    void flush() {
        if (!buffer_.empty()) {
            to_.write(buffer_.data(), buffer_.size());
            buffer_.clear();
        }
    }

  private:
    RunWriter& to_;
    std::vector<char> buffer_;
};

class Input {
  public:
    explicit Input(RunReader& from) : from_(from), buffer_(kBufferBytes) {}

    template <typename T>
    T take() {
        T value;
        take_bytes(&value, sizeof value);
        return value;
    }
    void take_bytes(void* to, std::size_t bytes) {
        char* at = static_cast<char*>(to);
        while (bytes > 0) {
            if (at_ == end_) {
                at_ = 0;
                end_ = from_.read(buffer_.data(), buffer_.size());
                if (end_ == 0) {
                    throw Error(ErrorCode::kDataCorrupted,
                                "a temporary file of a tfidf index ends too early",
                                "Look for errors of the disk, and make the index anew.");
                }
            }
            const std::size_t here = std::min(bytes, end_ - at_);
            std::memcpy(at, buffer_.data() + at_, here);
            at_ += here;
            at += here;
            bytes -= here;
        }
    }

  private:
    RunReader& from_;
    std::vector<char> buffer_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
};

class RunSource final : public MergeSource {
  public:
    explicit RunSource(RunReader& run) : from_(run) {
        counts_.documents = from_.take<std::uint32_t>();
        counts_.nulls = from_.take<std::uint32_t>();
        counts_.terms = from_.take<std::uint64_t>();
        counts_.postings = from_.take<std::uint64_t>();
    }

    SegmentCounts counts() override { return counts_; }
    std::uint32_t live_documents() override { return counts_.documents; }
    std::uint32_t live_nulls() override { return counts_.nulls; }

    std::span<const SourceRow> next_rows() override {
        const bool null = row_ >= counts_.documents;
        const std::uint32_t end = null ? counts_.rows() : counts_.documents;
        const std::uint32_t count = std::min(kRowsAtATime, end - row_);
        rows_.clear();
        for (std::uint32_t i = 0; i < count; ++i) {
            const Tid tid = from_.take<Tid>();
            rows_.push_back({tid, null ? 0 : from_.take<double>(), false});
        }
        row_ += count;
        return rows_;
    }

    bool next_term() override {
        if (taken_ == counts_.terms) {
            return false;
        }
        ++taken_;
        term_.resize(from_.take<std::uint16_t>());
        left_ = from_.take<std::uint32_t>();
        from_.take_bytes(term_.data(), term_.size());
        return true;
    }
    std::string_view term() const override { return term_; }

    std::span<const Posting> next_postings() override {
        postings_.resize(std::min(left_, kPostingsAtATime));
        from_.take_bytes(postings_.data(), postings_.size() * sizeof(Posting));
        left_ -= static_cast<std::uint32_t>(postings_.size());
        for (const Posting& posting : postings_) {
            if (posting.document >= counts_.documents) {
                corrupted("A temporary file names a document that does not exist.");
            }
        }
        return postings_;
    }

  private:
    static constexpr std::uint32_t kRowsAtATime = 1024;
    static constexpr std::uint32_t kPostingsAtATime = 1024;

    Input from_;
    SegmentCounts counts_;
    std::uint32_t row_ = 0;
    std::vector<SourceRow> rows_;
    std::uint64_t taken_ = 0;
    std::string term_;
    std::uint32_t left_ = 0;
    std::vector<Posting> postings_;
};

}  // namespace

void write_run(Inversion& inversion, RunWriter& to, Monitor& monitor) {
    Inversion::State& state = inversion.state();
    state.sort(monitor);
    Output output(to);
    output.put(static_cast<std::uint32_t>(state.documents.size()));
    output.put(static_cast<std::uint32_t>(state.nulls.size()));
    output.put(std::uint64_t{state.terms.size()});
    output.put(state.postings);
    for (const MergeSource::SourceRow& row : state.documents) {
        output.put(row.tid);
        output.put(row.squared_norm);
    }
    for (const MergeSource::SourceRow& row : state.nulls) {
        output.put(row.tid);
    }
    PollEvery poll(monitor, kTermsPerPoll);
    std::vector<Posting> postings;
    for (const std::uint32_t i : state.order) {
        const std::string_view term = state.term(i);
        state.gather(state.terms[i], postings);
        output.put(static_cast<std::uint16_t>(term.size()));
        output.put(static_cast<std::uint32_t>(postings.size()));
        output.put_bytes(term.data(), term.size());
        output.put_bytes(postings.data(), postings.size() * sizeof(Posting));
        poll.step();
    }
    output.flush();
}

MergeSourcePointer run_source(RunReader& run) {
    return MergeSourcePointer(new RunSource(run));
}

}  // namespace knowhow::search
