// Any message either is refused, or becomes a vector in canonical order; any bytes, taken for a
// stored vector, are refused or have sizes that agree.
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/sparse/arithmetic.hpp"
#include "engine/sparse/wire_form.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    try {
        const knowhow::VectorView view(data, size);
        if (view.lexemes_bytes() > size || view.size() > size) {
            std::abort();
        }
    } catch (const knowhow::Error&) {
    }
    std::string payload;
    try {
        std::vector<knowhow::TermWeight> terms = knowhow::decode_wire(data, size);
        knowhow::canonicalize(terms);
        payload.resize(knowhow::encoded_size(terms));
        knowhow::encode(terms, payload.data());
    } catch (const knowhow::Error&) {
        return 0;
    }
    const knowhow::VectorView view(payload.data(), payload.size());
    for (std::uint32_t i = 0; i < view.size(); ++i) {
        if ((i > 0 && knowhow::compare_terms(view.term(i - 1), view.term(i)) >= 0) ||
            view.weight(i) == 0 || view.find(view.term(i)) != i) {
            std::abort();
        }
    }
    const double distance = knowhow::cosine_distance(view, view);
    if (!(distance >= 0 && distance <= 2) || knowhow::euclidean_distance(view, view) != 0) {
        std::abort();
    }
    return 0;
}
