#include "engine/text/character.hpp"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <array>

namespace knowhow::text {
namespace {

using enum CharacterClass;

constexpr std::array<CharacterClass, 128> kAscii = [] {
    std::array<CharacterClass, 128> classes{};
    for (int c = 0; c < 128; ++c) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            classes[c] = kLetter;
        } else if (c >= '0' && c <= '9') {
            classes[c] = kDigit;
        } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            classes[c] = kSpace;
        } else {
            classes[c] = kOther;
        }
    }
    return classes;
}();

CharacterClass letter_class(CodePoint c) noexcept {
    UErrorCode status = U_ZERO_ERROR;
    switch (uscript_getScript(c, &status)) {
        case USCRIPT_HAN:
        case USCRIPT_BOPOMOFO:
            return kHan;
        case USCRIPT_HIRAGANA:
            return kHiragana;
        case USCRIPT_KATAKANA:
            return kKatakana;
        case USCRIPT_HANGUL:
            // Vowels and finals of decomposed syllables follow their initial as marks do.
            return c >= 0x1160 && c <= 0x11FF ? kMark : kHangul;
        default:
            return u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT ? kSouthEast
                                                                                      : kLetter;
    }
}

CharacterClass classify_by_properties(CodePoint c) noexcept {
    if (c == 0x30FC || c == 0xFF70) {
        return kProlonged;
    }
    if (c == 0xFF9E || c == 0xFF9F) {  // the voiced marks of halfwidth katakana
        return kMark;
    }
    if (c == 0x200B) {  // the zero width space separates words
        return kSpace;
    }
    switch (u_charType(c)) {
        case U_UPPERCASE_LETTER:
        case U_LOWERCASE_LETTER:
        case U_TITLECASE_LETTER:
        case U_MODIFIER_LETTER:
        case U_OTHER_LETTER:
            return letter_class(c);
        case U_LETTER_NUMBER:
        case U_OTHER_SYMBOL: {  // 〇 and the radicals are Chinese characters as well
            UErrorCode status = U_ZERO_ERROR;
            if (uscript_getScript(c, &status) == USCRIPT_HAN) {
                return kHan;
            }
            return u_charType(c) == U_LETTER_NUMBER ? kDigit : kOther;
        }
        case U_DECIMAL_DIGIT_NUMBER:
        case U_OTHER_NUMBER:
            return kDigit;
        case U_NON_SPACING_MARK:
        case U_ENCLOSING_MARK:
        case U_COMBINING_SPACING_MARK:
            return u_getIntPropertyValue(c, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT ? kSouthEast
                                                                                      : kMark;
        case U_FORMAT_CHAR:
            return kMark;
        case U_SPACE_SEPARATOR:
        case U_LINE_SEPARATOR:
        case U_PARAGRAPH_SEPARATOR:
            return kSpace;
        default:
            return u_isUWhiteSpace(c) ? kSpace : kOther;
    }
}

}  // namespace

CharacterClass classify(CodePoint c) noexcept {
    if (c < 0) {
        return kOther;
    }
    if (c < 128) {
        return kAscii[static_cast<std::size_t>(c)];
    }
    // The blocks that fill whole documents need no look at the properties.
    if (c >= 0x4E00 && c <= 0x9FFF) {
        return kHan;
    }
    if (c >= 0xAC00 && c <= 0xD7A3) {
        return kHangul;
    }
    if (c >= 0x3041 && c <= 0x3096) {
        return kHiragana;
    }
    if (c >= 0x30A1 && c <= 0x30FA) {
        return kKatakana;
    }
    return classify_by_properties(c);
}

CodePoint read(std::string_view text, std::size_t& position) noexcept {
    const auto first = static_cast<unsigned char>(text[position]);
    if (first < 0x80) {
        ++position;
        return first == 0 ? -1 : first;
    }
    // The macro counts in int32_t; no character needs more than four bytes.
    const char* start = text.data() + position;
    const auto left =
        static_cast<std::int32_t>(text.size() - position < 4 ? text.size() - position : 4);
    std::int32_t length = 0;
    UChar32 c = 0;
    U8_NEXT(start, length, left, c);
    position += static_cast<std::size_t>(length);
    return c;
}

CodePoint plain_connector(CodePoint c) noexcept {
    switch (c) {
        case 0x2010:
        case 0x2011:
        case 0xFF0D:
            return '-';
        case 0x2019:
            return '\'';
        case 0xFF0B:
            return '+';
        case 0xFF03:
            return '#';
        case 0xFF3F:
            return '_';
        case 0xFF0E:
            return '.';
        case 0xFF0F:
            return '/';
        default:
            return c;
    }
}

std::size_t character_start(std::string_view text, std::size_t position) noexcept {
    const std::size_t lowest = position < 3 ? 0 : position - 3;
    std::size_t start = position;
    while (start > lowest && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) {
        --start;
    }
    // Bytes that are no UTF-8 may be cut anywhere.
    return (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80 ? position : start;
}

}  // namespace knowhow::text
