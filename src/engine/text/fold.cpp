#include "engine/text/fold.hpp"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include <algorithm>

#include "engine/base/error.hpp"
#include "engine/text/character.hpp"

namespace knowhow::text {
namespace {

void check(UErrorCode status) {
    if (U_SUCCESS(status)) {
        return;
    }
    if (status == U_MEMORY_ALLOCATION_ERROR) {
        throw Error(ErrorCode::kOutOfMemory, "ICU has no memory left to fold text");
    }
    throw Error(ErrorCode::kInvalidArgument, "ICU cannot fold text",
                "Check that ICU's data is installed with its library.", u_errorName(status));
}

std::u16string normalize(const UNormalizer2* form, const std::u16string& text) {
    std::u16string result(text.size() + 16, u'\0');
    for (;;) {
        UErrorCode status = U_ZERO_ERROR;
        const std::int32_t length =
            unorm2_normalize(form, text.data(), static_cast<std::int32_t>(text.size()),
                             result.data(), static_cast<std::int32_t>(result.size()), &status);
        if (status == U_BUFFER_OVERFLOW_ERROR) {
            result.resize(static_cast<std::size_t>(length));
            continue;
        }
        check(status);
        result.resize(static_cast<std::size_t>(length));
        return result;
    }
}

// The plain spelling of letters that have no decomposition in Unicode; empty for all others.
std::u16string_view plain_spelling(char16_t c) noexcept {
    switch (c) {
        case u'æ':
            return u"ae";
        case u'œ':
            return u"oe";
        case u'ø':
            return u"o";
        case u'đ':
        case u'ð':
            return u"d";
        case u'ħ':
            return u"h";
        case u'ł':
            return u"l";
        case u'ı':
            return u"i";
        case u'þ':
            return u"th";
        case u'\u2019':
            return u"'";
        case u'\u2010':
            return u"-";
        default:
            return {};
    }
}

// Drops the accents of Latin and Greek letters from decomposed text. Elsewhere marks make letters:
// the Cyrillic й, the kana が, the vowels of India.
std::u16string without_accents(const std::u16string& text) {
    std::u16string result;
    bool accented_script = false;
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(text.size());) {
        UChar32 c = 0;
        const std::int32_t start = i;
        U16_NEXT(text.data(), i, static_cast<std::int32_t>(text.size()), c);
        if (c >= 0x0300 && c <= 0x036F) {
            if (accented_script) {
                continue;
            }
        } else {
            UErrorCode status = U_ZERO_ERROR;
            const UScriptCode script = c < 0x80 ? USCRIPT_LATIN : uscript_getScript(c, &status);
            accented_script = script == USCRIPT_LATIN || script == USCRIPT_GREEK;
        }
        if (const std::u16string_view plain = plain_spelling(static_cast<char16_t>(c));
            c <= 0xFFFF && !plain.empty()) {
            result += plain;
            continue;
        }
        result.append(text, static_cast<std::size_t>(start), static_cast<std::size_t>(i - start));
    }
    return result;
}

// Whether `text` is a number with thousands' separators, as the tokenizer finds them: 1,000,000.
bool is_grouped_number(std::string_view text) noexcept {
    const std::size_t first = text.find(',');
    if (first == 0 || first > 3 || (text.size() - first) % 4 != 0) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool separator = i >= first && (i - first) % 4 == 0;
        if (separator ? text[i] != ',' : text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

enum class Need { kNothing, kAscii, kUnicode };

// What folding `text` takes: nothing for lower-case ASCII and for characters that fold to
// themselves, which are nearly all of Chinese text. Bytes that are no UTF-8 are left alone.
Need need(std::string_view text) noexcept {
    Need found = Need::kNothing;
    for (std::size_t i = 0; i < text.size();) {
        const CodePoint c = read(text, i);
        if (c < 0) {
            return Need::kNothing;
        }
        if (c >= 'A' && c <= 'Z') {
            found = Need::kAscii;
        } else if (c >= 0x80 && !(c >= 0x4E00 && c <= 0x9FFF) && !(c >= 0xAC00 && c <= 0xD7A3) &&
                   !(c >= 0x3041 && c <= 0x3096) && !(c >= 0x30A1 && c <= 0x30FC)) {
            return Need::kUnicode;
        }
    }
    return found;
}

}  // namespace

bool fold(std::string_view text, std::string& folded) {
    if (is_grouped_number(text)) {
        folded.assign(text);
        std::erase(folded, ',');
        return true;
    }
    switch (need(text)) {
        case Need::kNothing:
            return false;
        case Need::kAscii:
            folded.assign(text);
            std::transform(folded.begin(), folded.end(), folded.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            });
            return true;
        case Need::kUnicode:
            break;
    }
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* const casefold = unorm2_getNFKCCasefoldInstance(&status);
    const UNormalizer2* const decompose = unorm2_getNFDInstance(&status);
    const UNormalizer2* const compose = unorm2_getNFCInstance(&status);
    check(status);
    std::u16string wide(text.size(), u'\0');
    std::int32_t length = 0;
    u_strFromUTF8(wide.data(), static_cast<std::int32_t>(wide.size()), &length, text.data(),
                  static_cast<std::int32_t>(text.size()), &status);
    if (status == U_INVALID_CHAR_FOUND) {
        return false;
    }
    if (status != U_STRING_NOT_TERMINATED_WARNING) {
        check(status);
    }
    wide.resize(static_cast<std::size_t>(length));
    const std::u16string result =
        normalize(compose, without_accents(normalize(decompose, normalize(casefold, wide))));
    status = U_ZERO_ERROR;
    std::string narrow(result.size() * 3, '\0');
    u_strToUTF8(narrow.data(), static_cast<std::int32_t>(narrow.size()), &length, result.data(),
                static_cast<std::int32_t>(result.size()), &status);
    if (status != U_STRING_NOT_TERMINATED_WARNING) {
        check(status);
    }
    narrow.resize(static_cast<std::size_t>(length));
    if (narrow == text) {
        return false;
    }
    folded = std::move(narrow);
    return true;
}

}  // namespace knowhow::text
