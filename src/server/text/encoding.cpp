#include "server/text/encoding.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <commands/dbcommands.h>
#include <mb/pg_wchar.h>
#include <utils/lsyscache.h>
}

namespace knowhow::server {

struct EncodingStep {
    std::size_t original;
    std::size_t utf8;
};

namespace {

// Characters between two known places, in a text whose characters correspond one to one.
constexpr std::size_t kStride = 64;

std::size_t length_at(const char* text, std::size_t size, std::size_t at, int encoding) {
    const auto length = static_cast<std::size_t>(pg_encoding_mblen(encoding, text + at));
    return length < size - at ? length : size - at;
}

std::size_t count_characters(const char* text, std::size_t size, int encoding) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < size; at += length_at(text, size, at, encoding)) {
        ++count;
    }
    return count;
}

void add_step(Utf8Text& text, std::size_t original, std::size_t utf8) {
    text.steps[text.step_count++] = {original, utf8};
}

// Some characters of EUC_JIS_2004 are two in Unicode: then each one is converted for itself.
void convert_each(Utf8Text& text, std::size_t characters, int encoding) {
    StringInfoData utf8;
    initStringInfo(&utf8);
    text.steps = static_cast<EncodingStep*>(
        MemoryContextAllocHuge(CurrentMemoryContext, (characters + 1) * sizeof(EncodingStep)));
    for (std::size_t at = 0; at < text.text_size;) {
        add_step(text, at, static_cast<std::size_t>(utf8.len));
        const std::size_t length = length_at(text.text, text.text_size, at, encoding);
        char* one = pg_server_to_any(text.text + at, static_cast<int>(length), PG_UTF8);
        if (one == text.text + at) {
            appendBinaryStringInfo(&utf8, one, static_cast<int>(length));
        } else {
            appendStringInfoString(&utf8, one);
            pfree(one);
        }
        at += length;
    }
    text.utf8 = utf8.data;
    text.utf8_size = static_cast<std::size_t>(utf8.len);
}

}  // namespace

Utf8Text utf8_text(const char* text, std::size_t size) {
    Utf8Text result = {text, size, text, size, nullptr, 0};
    const int encoding = GetDatabaseEncoding();
    if (encoding == PG_UTF8) {
        return result;
    }
    if (encoding == PG_SQL_ASCII) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("knowhow cannot read text in database \"%s\": its encoding is "
                               "SQL_ASCII, which gives bytes no meaning",
                               get_database_name(MyDatabaseId)),
                        errhint("Move the data to a database created with ENCODING 'UTF8'.")));
    }
    char* converted = pg_server_to_any(text, static_cast<int>(size), PG_UTF8);
    const std::size_t characters = count_characters(text, size, encoding);
    if (converted != text) {
        result.utf8 = converted;
        result.utf8_size = strlen(converted);
    }
    if (count_characters(result.utf8, result.utf8_size, PG_UTF8) != characters) {
        convert_each(result, characters, encoding);
        return result;
    }
    result.steps = static_cast<EncodingStep*>(MemoryContextAllocHuge(
        CurrentMemoryContext, (characters / kStride + 1) * sizeof(EncodingStep)));
    std::size_t at = 0;
    std::size_t utf8 = 0;
    for (std::size_t i = 0; i < characters; ++i) {
        if (i % kStride == 0) {
            add_step(result, at, utf8);
        }
        at += length_at(text, size, at, encoding);
        utf8 += length_at(result.utf8, result.utf8_size, utf8, PG_UTF8);
    }
    return result;
}

std::size_t original_offset(const Utf8Text& text, std::size_t at) {
    if (text.steps == nullptr) {
        return at;
    }
    if (at >= text.utf8_size || text.step_count == 0) {
        return text.text_size;
    }
    std::size_t low = 0;
    std::size_t high = text.step_count;
    while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (text.steps[middle].utf8 <= at ? low : high) = middle;
    }
    EncodingStep place = text.steps[low];
    const std::size_t end = high < text.step_count ? text.steps[high].original : text.text_size;
    while (place.utf8 < at && place.original < end) {
        place.utf8 += length_at(text.utf8, text.utf8_size, place.utf8, PG_UTF8);
        place.original +=
            length_at(text.text, text.text_size, place.original, GetDatabaseEncoding());
    }
    return place.original < end ? place.original : end;
}

char* from_utf8(const char* utf8, std::size_t size, std::size_t* converted) {
    const int encoding = GetDatabaseEncoding();
    const std::size_t capacity = size * MAX_CONVERSION_GROWTH + 1;
    auto* result = static_cast<char*>(palloc(capacity));
    if (encoding == PG_UTF8) {
        memcpy(result, utf8, size);
        result[size] = '\0';
        *converted = size;
        return result;
    }
    const Oid conversion = FindDefaultConversionProc(PG_UTF8, encoding);
    if (!OidIsValid(conversion)) {
        return nullptr;
    }
    const int done = pg_do_encoding_conversion_buf(
        conversion, PG_UTF8, encoding, reinterpret_cast<unsigned char*>(const_cast<char*>(utf8)),
        static_cast<int>(size), reinterpret_cast<unsigned char*>(result),
        static_cast<int>(capacity), true);
    if (done != static_cast<int>(size)) {
        pfree(result);
        return nullptr;
    }
    *converted = strlen(result);
    return result;
}

}  // namespace knowhow::server
