// Conversions between knowhow.tfidf and tsvector, jsonb.
#include "server/border/border.hpp"

extern "C" {
#include <tsearch/ts_type.h>
#include <utils/jsonb.h>
#include <utils/numeric.h>
}

#include <vector>

#include "engine/sparse/text_form.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server {
namespace {

// What one position of weight D, C, B, A adds: ts_rank's default factors {.1, .2, .4, 1}, ten
// times each, so that an ordinary position (D) counts one and weights are term frequencies.
constexpr double kFactors[] = {1, 2, 4, 10};

// A lexeme without positions (a stripped tsvector) counts as one ordinary position.
double frequency(TSVector vector, const WordEntry* entry) {
    if (!entry->haspos) {
        return kFactors[0];
    }
    double sum = 0;
    const WordEntryPos* const positions = POSDATAPTR(vector, entry);
    for (int i = 0; i < POSDATALEN(vector, entry); ++i) {
        sum += kFactors[WEP_GETWEIGHT(positions[i])];
    }
    return sum;
}

[[noreturn]] void not_an_object(const char* kind) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("cannot cast jsonb %s to type knowhow.tfidf", kind),
                    errhint("A tfidf value is an object from lexeme to number, such as "
                            "{\"deep\": 0.6, \"learn\": 0.8}.")));
    pg_unreachable();
}

// The terms of a jsonb object, in its order: by length, then bytes.
std::span<TermWeight> read_jsonb(Jsonb* object) {
    TermWeight* const terms = static_cast<TermWeight*>(MemoryContextAllocHuge(
        CurrentMemoryContext, sizeof(TermWeight) * (JB_ROOT_COUNT(object) + 1)));
    std::size_t count = 0;
    std::string_view key;
    JsonbValue value;
    JsonbIterator* iterator = JsonbIteratorInit(&object->root);
    for (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &value, true); token != WJB_DONE;
         token = JsonbIteratorNext(&iterator, &value, true)) {
        if (token == WJB_KEY) {
            key = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
        } else if (token == WJB_VALUE) {
            if (value.type != jbvNumeric) {
                ereport(ERROR,
                        (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                         errmsg("weight of lexeme \"%.*s\" is a jsonb %s, not a number",
                                static_cast<int>(key.size()), key.data(), JsonbTypeName(&value))));
            }
            terms[count++] = {key, DatumGetFloat4(DirectFunctionCall1(
                                       numeric_float4, NumericGetDatum(value.val.numeric)))};
        }
    }
    return {terms, count};
}

}  // namespace

// tfidf(tsvector) -> tfidf
KNOWHOW_FUNCTION(tfidf_from_tsvector) {
    TSVector const vector = PG_GETARG_TSVECTOR(0);
    std::vector<TermWeight> terms;
    terms.reserve(static_cast<std::size_t>(vector->size));
    const WordEntry* const entries = ARRPTR(vector);
    for (int i = 0; i < vector->size; ++i) {
        terms.push_back(
            {{STRPTR(vector) + entries[i].pos, entries[i].len}, frequency(vector, &entries[i])});
    }
    canonicalize(terms);
    return tfidf_datum(terms);
}

// tfidf(jsonb) -> tfidf
KNOWHOW_FUNCTION(tfidf_from_jsonb) {
    Jsonb* const object = PG_GETARG_JSONB_P(0);
    if (!JB_ROOT_IS_OBJECT(object)) {
        JsonbValue value;
        not_an_object(JB_ROOT_IS_SCALAR(object) && JsonbExtractScalar(&object->root, &value)
                          ? JsonbTypeName(&value)
                          : "array");
    }
    std::span<TermWeight> const read = read_jsonb(object);
    std::vector<TermWeight> terms(read.begin(), read.end());
    canonicalize(terms);
    return tfidf_datum(terms);
}

// tfidf_to_jsonb(tfidf) -> jsonb. Numbers have the digits of the text form, so that reading them
// back gives the same vector.
KNOWHOW_FUNCTION(tfidf_to_jsonb) {
    VectorView const vector = tfidf_view(PG_GETARG_DATUM(0));
    JsonbParseState* state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (std::uint32_t i = 0; i < vector.size(); ++i) {
        std::string_view const term = vector.term(i);
        char digits[kWeightChars + 1];
        *print_weight(vector.weight(i), digits) = '\0';
        JsonbValue value;
        value.type = jbvString;
        value.val.string.val = const_cast<char*>(term.data());
        value.val.string.len = static_cast<int>(term.size());
        pushJsonbValue(&state, WJB_KEY, &value);
        value.type = jbvNumeric;
        value.val.numeric = DatumGetNumeric(DirectFunctionCall3(
            numeric_in, CStringGetDatum(digits), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
        pushJsonbValue(&state, WJB_VALUE, &value);
    }
    PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, nullptr)));
}

}  // namespace knowhow::server
