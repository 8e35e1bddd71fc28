#include "engine/text/tokenizer.hpp"

#include <algorithm>
#include <type_traits>

#include "engine/text/dictionary_words.hpp"

namespace knowhow::text {
namespace {

using enum CharacterClass;
using enum TokenType;

static_assert(std::is_trivially_destructible_v<Tokenizer>);

// Blanks come in pieces of about this size, marks on one character end there.
constexpr std::size_t kBlankPiece = 1024;
constexpr std::size_t kMaxMarks = 64;
constexpr std::size_t kMaxLocalPart = 64;  // of an e-mail address (RFC 5321)
// TCP/IP, CI/CD, R&D are one token, mice/rats and SSL/TLS are two.
constexpr unsigned kMaxShortPair = 5;

struct TypeName {
    const char* alias;
    const char* description;
};

constexpr TypeName kTypeNames[kTokenTypes] = {
    {"word", "Word of letters; a dictionary's word in Thai, Lao, Khmer and Burmese"},
    {"tech", "Technical token: C++, C#, .NET, node.js, x86_64, GPT-4, std::vector, --flag"},
    {"number", "Number, version or address of digits: 42, 2.0, 1,000, 192.168.0.1"},
    {"cjkpair", "Two neighbouring Chinese, Japanese or Korean characters, or a lone one"},
    {"url", "URL"},
    {"email", "E-mail address"},
    {"blank", "Space, punctuation and whatever else is not searched for"},
    {"cjkword", "Chinese, Japanese or Korean word (added by to_tfidf)"},
    {"part", "Part of a technical token, camelCase word, URL or address (added by to_tfidf)"},
    {"compound", "Words joined by hyphens, as a whole (added by to_tfidf)"},
};

constexpr bool is_ascii_letter(CodePoint c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_ascii_digit(CodePoint c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool is_ascii_upper(CodePoint c) noexcept {
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_ascii_lower(CodePoint c) noexcept {
    return c >= 'a' && c <= 'z';
}

constexpr bool joins(CodePoint c) noexcept {
    return c > 0 && c < 0x80 &&
           std::string_view("_.-:,+#/&@").find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr bool is_pairing(CharacterClass kind) noexcept {
    return kind == kHan || kind == kHiragana || kind == kKatakana || kind == kHangul ||
           kind == kProlonged;
}

// Whether a character of class `kind` goes on a run of `script`.
constexpr bool continues(CharacterClass script, CharacterClass kind) noexcept {
    return kind == script || (kind == kProlonged && (script == kHiragana || script == kKatakana));
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    return text.size() == lower.size() &&
           std::equal(text.begin(), text.end(), lower.begin(),
                      [](char a, char b) { return (is_ascii_upper(a) ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

const char* token_alias(int type) noexcept {
    return kTypeNames[type - 1].alias;
}
const char* token_description(int type) noexcept {
    return kTypeNames[type - 1].description;
}

// ---- looking at characters ----------------------------------------------------------------------

Tokenizer::Seen Tokenizer::look(std::size_t at) const noexcept {
    std::size_t end = at;
    const CodePoint c = read(text_, end);
    return {c, classify(c), end};
}

// The ASCII form of the connecting sign at `at`; -1 at the end of the text.
CodePoint Tokenizer::connector(std::size_t at) const noexcept {
    return at < text_.size() ? plain_connector(read(text_, at)) : -1;
}

bool Tokenizer::alphanumeric(std::size_t at) const noexcept {
    if (at >= text_.size()) {
        return false;
    }
    const CharacterClass kind = look(at).kind;
    return kind == kLetter || kind == kDigit;
}

CodePoint Tokenizer::character_before(std::size_t at) const noexcept {
    if (at == 0) {
        return -1;
    }
    std::size_t start = character_start(text_, at - 1);
    return read(text_, start);
}

bool Tokenizer::follows_alphanumeric(std::size_t at) const noexcept {
    const CharacterClass kind = classify(character_before(at));
    return at > 0 && (kind == kLetter || kind == kDigit || kind == kMark);
}

std::size_t Tokenizer::skip_marks(std::size_t at) const noexcept {
    const std::size_t limit = std::min(text_.size(), at + kMaxMarks);
    while (at < limit) {
        const Seen seen = look(at);
        if (seen.kind != kMark) {
            break;
        }
        at = seen.end;
    }
    return at;
}

// The run that starts with the letter or digit at `at`. A run that passes `limit` ends behind it.
Tokenizer::Run Tokenizer::scan_run(std::size_t at, std::size_t limit) const noexcept {
    Run run{at, false, false, false, 0};
    while (run.end < text_.size() && run.end <= limit) {
        const Seen seen = look(run.end);
        if (seen.kind == kLetter) {
            run.letters = true;
            ++run.characters;
        } else if (seen.kind == kDigit) {
            run.digits = true;
            ++run.characters;
        } else if (seen.kind != kMark) {
            if (plain_connector(seen.c) != '_') {
                break;
            }
            std::size_t behind = seen.end;
            while (connector(behind) == '_' && behind <= limit) {
                behind = look(behind).end;
            }
            if (!alphanumeric(behind)) {
                break;
            }
            run.underscores = true;
            run.end = behind;
            continue;
        }
        run.end = seen.end;
    }
    return run;
}

// ---- what starts at a byte ----------------------------------------------------------------------

// The token that starts at `at`; a blank of one character where none does, an empty one where the
// run is too long for a token.
Token Tokenizer::match(std::size_t at) {
    const Seen seen = look(at);
    const Token blank{kBlank, at, seen.end};
    resume_ = seen.end;
    if (at < suppressed_) {
        return blank;
    }
    switch (seen.kind) {
        case kLetter:
        case kDigit:
            return match_core(at);
        case kHan:
        case kHiragana:
        case kKatakana:
        case kHangul:
        case kProlonged:
            return match_pair(at);
        case kSouthEast:
            return match_south_east(at);
        case kOther:
            break;
        default:
            return blank;
    }
    std::size_t end = 0;
    switch (plain_connector(seen.c)) {
        case '.': {  // .NET, .gitignore; but not the dot of a call or of an ellipsis
            const CodePoint before = character_before(at);
            if (follows_alphanumeric(at) || before == '.' || before == ')' || before == ']' ||
                before == '}' || seen.end >= text_.size() || look(seen.end).kind != kLetter) {
                return blank;
            }
            const Token name = match_core(seen.end);
            if (name.type != kWord && name.type != kTechnical) {
                resume_ = seen.end;
                return blank;
            }
            if (name.end - at > kMaxTokenBytes) {
                resume_ = seen.end;
                return blank;
            }
            return {kTechnical, at, name.end};
        }
        case '-':
            end = flag_end(at);
            break;
        case '@':
            end = scoped_name_end(at);
            break;
        default:
            return blank;
    }
    if (end == 0 || end - at > kMaxTokenBytes) {
        return blank;
    }
    resume_ = end;
    return {kTechnical, at, end};
}

// A token that starts with a letter or digit: e-mail address, URL, technical token, number, word.
Token Tokenizer::match_core(std::size_t at) {
    const std::size_t limit = std::min(text_.size(), at + kMaxTokenBytes);
    if (const std::size_t end = email_end(at); end != 0) {
        resume_ = end;
        return {kEmail, at, end};
    }
    const bool starts_with_letter = look(at).kind == kLetter;
    Run last = scan_run(at, limit);
    std::size_t end = last.end;
    bool single = true;  // one run only, so far
    bool number = !last.letters && !last.underscores;
    bool grouped = number && last.characters <= 3;  // 1,000 may go on with ,000
    bool technical = last.underscores || (last.letters && last.digits);
    while (end < limit) {
        const CodePoint sign = connector(end);
        const std::size_t after = look(end).end;
        if (sign == '.' && alphanumeric(after)) {
            const Run next = scan_run(after, limit);
            // A sentence's end without a space after it: "in 2019.The", "in mice.12".
            if ((number && next.letters && next.characters > 1) ||
                (!last.digits && !next.letters)) {
                break;
            }
            number = number && !next.letters && !next.underscores;
            grouped = false;
            last = next;
        } else if (sign == ',' && grouped && alphanumeric(after)) {
            const Run next = scan_run(after, limit);
            if (next.letters || next.underscores || next.characters != 3) {
                break;
            }
            last = next;
        } else if (sign == '-' && starts_with_letter && alphanumeric(after) &&
                   look(after).kind == kDigit) {
            last = scan_run(after, limit);  // GPT-4, CVE-2021-44228
        } else if (sign == ':' && starts_with_letter && connector(after) == ':') {
            std::size_t name = after + 1;  // std::vector, std::__detail
            while (connector(name) == '_' && name < limit) {
                name = look(name).end;
            }
            if (!alphanumeric(name)) {
                break;
            }
            last = scan_run(name, limit);
        } else if (sign == '+' && starts_with_letter && last.letters && !last.digits &&
                   connector(after) == '+') {
            const std::size_t behind = look(after).end;  // C++, C++20; but not a++b
            const bool digits = behind < text_.size() && look(behind).kind == kDigit;
            if (connector(behind) == '+' || (alphanumeric(behind) && !digits)) {
                break;
            }
            technical = true;
            end = digits ? scan_run(behind, limit).end : behind;
            break;
        } else if (sign == '#' && single && starts_with_letter && !last.digits &&
                   last.characters <= 2 && !alphanumeric(after) && connector(after) != '#') {
            technical = true;  // C#
            end = after;
            break;
        } else if ((sign == '/' || sign == '&') && single && starts_with_letter) {
            const std::size_t behind = short_pair_end(at, last);  // TCP/IP, R&D
            if (behind != 0) {
                technical = true;
                end = behind;
            }
            break;
        } else {
            break;
        }
        single = false;
        technical = technical || !number;
        end = last.end;
    }
    if (end > limit || (end == limit && alphanumeric(end))) {
        overlong_ = true;
        resume_ = at;
        return {kBlank, at, at};
    }
    const std::string_view found = text_.substr(at, end - at);
    const bool prefixed = found.size() > 4 && equal_ignoring_case(found.substr(0, 4), "www.");
    if (prefixed || (starts_with_letter && text_.substr(end, 3) == "://")) {
        const std::size_t tail = url_end(prefixed ? end : end + 3, limit);
        if (prefixed || tail != 0) {
            resume_ = std::max(end, tail);
            return {kUrl, at, resume_};
        }
    }
    resume_ = end;
    if (last.letters || technical) {
        suppressed_ = std::max(suppressed_, contraction_end(end));
    }
    return {number ? kNumber : technical ? kTechnical : kWord, at, end};
}

// The end of TCP/IP or R&D, whose first part is `left`; 0 where it is no such pair.
std::size_t Tokenizer::short_pair_end(std::size_t at, const Run& left) const noexcept {
    const CodePoint sign = connector(left.end);
    if (left.underscores || left.characters >= kMaxShortPair || character_before(at) == '/' ||
        character_before(at) == '&') {
        return 0;
    }
    const std::size_t after = look(left.end).end;
    if (!alphanumeric(after)) {
        return 0;
    }
    const Run right = scan_run(after, after + kMaxMarks);
    const CodePoint behind = connector(right.end);
    if (right.underscores || left.characters + right.characters > kMaxShortPair || behind == '/' ||
        behind == '&' || behind == '+' || behind == '#' ||
        (behind == '.' && alphanumeric(right.end + 1))) {
        return 0;
    }
    // &lt; and its like are no pairs.
    return sign == '&' && (behind == ';' || left.digits || right.digits) ? 0 : right.end;
}

// The end of the option that starts with the hyphen at `at`: --no-verify; 0 where there is none.
std::size_t Tokenizer::flag_end(std::size_t at) const noexcept {
    if (text_.substr(at, 2) != "--" || follows_alphanumeric(at) || character_before(at) == '-' ||
        at + 2 >= text_.size() || look(at + 2).kind != kLetter) {
        return 0;
    }
    const std::size_t limit = at + kMaxTokenBytes;
    std::size_t end = scan_run(at + 2, limit).end;
    while (end < limit && connector(end) == '-' && alphanumeric(look(end).end)) {
        end = scan_run(look(end).end, limit).end;
    }
    return end;
}

// The end of the scoped package that starts with the sign at `at`: @angular/core; else 0.
std::size_t Tokenizer::scoped_name_end(std::size_t at) const noexcept {
    if (follows_alphanumeric(at)) {
        return 0;
    }
    const std::size_t limit = at + kMaxTokenBytes;
    const auto name_end = [&](std::size_t from) {
        std::size_t end = from;
        while (end < limit && alphanumeric(end)) {
            end = scan_run(end, limit).end;
            const CodePoint sign = connector(end);
            if ((sign != '-' && sign != '.') || !alphanumeric(look(end).end)) {
                break;
            }
            end = look(end).end;
        }
        return end;
    };
    const std::size_t scope = name_end(at + 1);
    if (scope == at + 1 || scope >= limit || scope >= text_.size() || text_[scope] != '/') {
        return 0;
    }
    const std::size_t end = name_end(scope + 1);
    return end == scope + 1 ? 0 : end;
}

// The end of the e-mail address that starts at `at`; 0 where there is none.
std::size_t Tokenizer::email_end(std::size_t at) const noexcept {
    const auto local = [](char c) {
        return is_ascii_letter(c) || is_ascii_digit(c) || c == '.' || c == '_' || c == '%' ||
               c == '+' || c == '-';
    };
    const auto label = [](char c) { return is_ascii_letter(c) || is_ascii_digit(c) || c == '-'; };
    std::size_t sign = at;
    const std::size_t limit = std::min(text_.size(), at + kMaxLocalPart + 1);
    while (sign < limit && local(text_[sign])) {
        ++sign;
    }
    if (sign == at || sign >= limit || text_[sign] != '@' || text_[sign - 1] == '.') {
        return 0;
    }
    const std::size_t domain_limit = std::min(text_.size(), sign + 256);
    std::size_t end = 0;  // behind the last label that may be a top-level domain
    std::size_t from = sign + 1;
    for (bool first = true;; first = false) {
        std::size_t behind = from;
        while (behind < domain_limit && label(text_[behind])) {
            ++behind;
        }
        std::size_t trimmed = behind;
        while (trimmed > from && text_[trimmed - 1] == '-') {
            --trimmed;
        }
        if (trimmed == from || !label(text_[from]) || text_[from] == '-') {
            break;
        }
        if (!first && trimmed - from >= 2 && !is_ascii_digit(text_[from])) {
            end = trimmed;
        }
        if (trimmed != behind || behind >= domain_limit || text_[behind] != '.') {
            break;
        }
        from = behind + 1;
    }
    return end;
}

// The end of a URL whose part behind "://" or "www.host" starts at `at`; 0 where none follows.
std::size_t Tokenizer::url_end(std::size_t at, std::size_t limit) const noexcept {
    std::size_t end = at;
    bool named = false;
    while (end < limit) {
        const Seen seen = look(end);
        const bool word = seen.kind == kLetter || seen.kind == kDigit || seen.kind == kMark;
        if (!word && (seen.c <= ' ' || seen.c > '~' ||
                      std::string_view("<>\"{}|\\^`").find(static_cast<char>(seen.c)) !=
                          std::string_view::npos)) {
            break;
        }
        if (seen.end > limit) {
            break;
        }
        named = named || word;
        end = seen.end;
    }
    // What closes a sentence or a parenthesis around the URL is not part of it.
    const std::string_view tail = text_.substr(at, end - at);
    auto round =
        std::count(tail.begin(), tail.end(), ')') - std::count(tail.begin(), tail.end(), '(');
    auto square =
        std::count(tail.begin(), tail.end(), ']') - std::count(tail.begin(), tail.end(), '[');
    for (; end > at; --end) {
        const char last = text_[end - 1];
        if (std::string_view(".,;:!?'*_~&([").find(last) != std::string_view::npos) {
            round += last == '(';
            square += last == '[';
        } else if (last == ')' && round > 0) {
            --round;
        } else if (last == ']' && square > 0) {
            --square;
        } else {
            break;
        }
    }
    return named ? end : 0;
}

// Behind 's, 't, 're, 've, 'll, 'd, 'm at `at`, which carry no meaning of their own; else 0.
std::size_t Tokenizer::contraction_end(std::size_t at) const noexcept {
    if (connector(at) != '\'') {
        return 0;
    }
    const std::size_t from = look(at).end;
    std::size_t end = from;
    while (end < text_.size() && end < from + 3 && is_ascii_letter(text_[end])) {
        ++end;
    }
    if (alphanumeric(end)) {
        return 0;
    }
    for (const std::string_view known : {"s", "t", "re", "ve", "ll", "d", "m"}) {
        if (equal_ignoring_case(text_.substr(from, end - from), known)) {
            return end;
        }
    }
    return 0;
}

// ---- scripts without spaces ---------------------------------------------------------------------

// The pair that starts at `at`, or the lone character.
Token Tokenizer::match_pair(std::size_t at) {
    const Seen first = look(at);
    const std::size_t first_end = skip_marks(first.end);
    resume_ = first_end;
    if (!in_run_) {
        script_ = first.kind == kProlonged ? kKatakana : first.kind;
    }
    in_run_ = false;
    if (first_end < text_.size()) {
        const Seen second = look(first_end);
        if (continues(script_, second.kind)) {
            in_run_ = true;
            return {kPair, at, skip_marks(second.end)};
        }
    }
    return {kPair, at, first_end};
}

// Passes the last character of a run, which the pair given last has covered already.
bool Tokenizer::finish_run() noexcept {
    if (!in_run_) {
        return false;
    }
    const std::size_t end = skip_marks(look(position_).end);
    if (end < text_.size() && continues(script_, look(end).kind)) {
        return false;
    }
    in_run_ = false;
    position_ = end;
    return true;
}

// The dictionary's word that starts at `at`.
Token Tokenizer::match_south_east(std::size_t at) {
    if (words_next_ == words_count_ || at != words_start_ + words_[words_next_ - 1]) {
        find_words(at);
    }
    const std::size_t end = words_start_ + words_[words_next_++];
    resume_ = end;
    return {kWord, at, end};
}

// Finds the words of the run at `at`, as far as one window shows it.
void Tokenizer::find_words(std::size_t at) {
    const CharacterClass script = look(at).kind;
    std::size_t end = at;
    for (std::size_t characters = 0; end < text_.size() && characters < kWindow; ++characters) {
        const Seen seen = look(end);
        const bool same = script == kSouthEast || script == kHangul
                              ? seen.kind == script
                              : is_pairing(seen.kind) && seen.kind != kHangul;
        if (!same) {
            break;
        }
        end = skip_marks(seen.end);
    }
    words_start_ = at;
    words_until_ = end;
    words_next_ = 0;
    if (script == kHangul) {
        words_[0] = static_cast<std::uint32_t>(end - at);
        words_count_ = 1;
        return;
    }
    words_count_ = dictionary_words(text_.substr(at, end - at), words_);
    // Marks may give more words than the window holds.
    if (words_count_ == 0 || words_[words_count_ - 1] != end - at) {
        words_count_ = std::min(words_count_ + 1, words_.size());
        words_[words_count_ - 1] = static_cast<std::uint32_t>(end - at);
    }
}

// The next extra word of the window: those that are not among the pairs.
bool Tokenizer::next_word(Token& token) noexcept {
    while (words_next_ < words_count_) {
        const std::size_t begin = words_start_ + (words_next_ == 0 ? 0 : words_[words_next_ - 1]);
        const std::size_t end = words_start_ + words_[words_next_++];
        if (end <= begin) {
            continue;
        }
        const Seen first = look(begin);
        const std::size_t second = skip_marks(first.end);
        if (second >= end) {
            const bool more =
                (end < words_until_ && continues(first.kind, look(end).kind)) ||
                (begin > words_start_ && classify(character_before(begin)) == first.kind);
            if (!more) {
                continue;
            }
            token = {kRunWord, begin, end};
            return true;
        }
        const Seen next = look(second);
        if (skip_marks(next.end) < end || !continues(first.kind, next.kind)) {
            token = {kRunWord, begin, end};
            return true;
        }
    }
    return false;
}

// ---- parts of tokens ----------------------------------------------------------------------------

// The next part of the token given last: cut at signs, and where a camelCase word has its humps.
bool Tokenizer::next_part(Token& token) noexcept {
    while (part_ < whole_.end) {
        const Seen first = look(part_);
        if (first.kind != kLetter && first.kind != kDigit) {
            part_ = first.end;
            continue;
        }
        const std::size_t begin = part_;
        std::size_t end = first.end;
        unsigned characters = 1;
        CodePoint before = first.c;
        while (end < whole_.end) {
            const Seen seen = look(end);
            if (seen.kind != kLetter && seen.kind != kDigit && seen.kind != kMark) {
                break;
            }
            if (is_ascii_upper(seen.c)) {
                // getName, and XMLHttp; but not APIs.
                const auto lower_at = [&](std::size_t at) {
                    return at < whole_.end && is_ascii_lower(text_[at]);
                };
                if (is_ascii_lower(before) ||
                    (is_ascii_upper(before) && lower_at(end + 1) && lower_at(end + 2))) {
                    break;
                }
            }
            before = seen.c;
            end = seen.end;
            ++characters;
        }
        part_ = end;
        const std::string_view part = text_.substr(begin, end - begin);
        if ((begin == whole_.begin && end == whole_.end) ||
            (characters == 1 && first.kind == kLetter)) {
            continue;
        }
        if (whole_.type == kUrl &&
            (equal_ignoring_case(part, "http") || equal_ignoring_case(part, "https") ||
             equal_ignoring_case(part, "www"))) {
            continue;
        }
        token = {kPart, begin, end};
        return true;
    }
    return false;
}

// ---- one token after the other ------------------------------------------------------------------

// Gives a piece of a run that is too long for a token; false behind its end.
bool Tokenizer::skip_overlong(Token& token) noexcept {
    if (!overlong_) {
        return false;
    }
    const std::size_t begin = position_;
    const std::size_t limit = std::min(text_.size(), begin + kBlankPiece);
    while (position_ < limit) {
        const Seen seen = look(position_);
        // Signs that may have joined it to a token count as well, or each part would be tried anew.
        if (seen.kind != kLetter && seen.kind != kDigit && seen.kind != kMark &&
            (seen.kind != kOther || !joins(plain_connector(seen.c)))) {
            overlong_ = false;
            break;
        }
        position_ = seen.end;
    }
    token = {kBlank, begin, position_};
    return position_ > begin;
}

// The end of the words joined by hyphens that start with `first`; 0 where it stands alone.
std::size_t Tokenizer::compound_end(const Token& first) const noexcept {
    if (character_before(first.begin) == '-') {
        return 0;
    }
    const std::size_t limit = first.begin + kMaxTokenBytes;
    std::size_t end = first.end;
    while (end < limit && connector(end) == '-' && alphanumeric(look(end).end)) {
        end = scan_run(look(end).end, limit).end;
    }
    return end == first.end || end > limit ? 0 : end;
}

void Tokenizer::give(const Token& found, Token& token) noexcept {
    token = found;
    position_ = resume_;
    if (!extra_ || found.type == kBlank || found.type == kPair) {
        return;
    }
    whole_ = found;
    part_ = found.type == kNumber ? found.end : found.begin;
    if (found.type == kWord || found.type == kTechnical || found.type == kNumber) {
        compound_ = compound_end(found);
    }
}

bool Tokenizer::next(Token& token) {
    if (compound_ != 0) {
        token = {kCompound, whole_.begin, compound_};
        compound_ = 0;
        return true;
    }
    if (extra_ && (next_part(token) || (waiting_ && next_word(token)))) {
        return true;
    }
    if (waiting_) {
        waiting_ = false;
        resume_ = held_resume_;
        give(held_, token);
        return true;
    }
    for (;;) {
        finish_run();
        if (skip_overlong(token)) {
            return true;
        }
        if (position_ == text_.size()) {
            return false;
        }
        const std::size_t begin = position_;
        Token found{};
        do {
            found = match(position_);
            if (found.type != kBlank) {
                break;
            }
            position_ = resume_;
        } while (!overlong_ && position_ < text_.size() && position_ - begin < kBlankPiece);
        const bool blank = found.type == kBlank;
        if (blank && position_ == begin) {
            continue;
        }
        if (extra_) {
            if (blank && position_ - begin < kBlankPiece) {
                continue;
            }
            if (found.type == kPair && found.begin >= words_until_) {
                held_ = found;
                held_resume_ = resume_;
                waiting_ = true;
                find_words(found.begin);
                return next(token);
            }
        } else if (position_ > begin) {
            token = {kBlank, begin, position_};
            if (!blank) {
                held_ = found;
                held_resume_ = resume_;
                waiting_ = true;
            }
            return true;
        }
        give(found, token);
        return true;
    }
}

std::size_t safe_cut(std::string_view text, std::size_t wanted) noexcept {
    if (text.size() <= wanted) {
        return text.size();
    }
    const std::size_t end = character_start(text, wanted);
    std::size_t cut = end;
    while (cut > end / 2) {
        const std::size_t start = character_start(text, cut - 1);
        std::size_t behind = start;
        const CodePoint c = read(text, behind);
        if (behind == cut && (classify(c) == kSpace || c == 0x3001 || c == 0x3002 || c == 0xFF01 ||
                              c == 0xFF0C || c == 0xFF1A || c == 0xFF1B || c == 0xFF1F)) {
            return cut;
        }
        cut = start;
    }
    return end;
}

}  // namespace knowhow::text
