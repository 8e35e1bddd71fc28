// Text to tokens: words, technical tokens, numbers, pairs of Chinese characters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/text/character.hpp"

namespace knowhow::text {

enum class TokenType : std::uint8_t {
    kWord = 1,   // letters; a dictionary's word of Thai, Lao, Khmer or Burmese
    kTechnical,  // letters with digits or signs: C++, node.js, x86_64, GPT-4, --flag
    kNumber,     // digits, with decimal points and thousands' commas: 2.0, 192.168.0.1, 1,000
    kPair,       // two neighbouring characters of Han, Hiragana, Katakana or Hangul; one where
                 // the run has but one
    kUrl,
    kEmail,
    kBlank,     // what is not searched for: spaces, punctuation, runs too long for a token
    kRunWord,   // extra: a dictionary's word of a Han or kana run, a whole Hangul word
    kPart,      // extra: a part of a technical token, a camelCase word, a URL or an address
    kCompound,  // extra: words joined by hyphens, as a whole: sex-determining, 2026-11-23
};
constexpr int kTokenTypes = 10;

// How a type is called in SQL, and what it is. `type` is in 1 .. kTokenTypes.
const char* token_alias(int type) noexcept;
const char* token_description(int type) noexcept;

// The bytes [begin, end) of the text.
struct Token {
    TokenType type;
    std::size_t begin;
    std::size_t end;
};

// No token is longer: a tsvector's lexeme has at most 2046 bytes. Longer runs of letters and digits
// are blank, in pieces.
constexpr std::size_t kMaxTokenBytes = 2046;

// Yields the tokens of a text one by one, in order, with work and memory per token bounded whatever
// the text, so that documents of any size can be read. Bytes that are no UTF-8 are blank.
//
// Without extra tokens: the tokens cover each byte, and only neighbouring kPair tokens overlap, by
// one character. With extra tokens: short blanks are left out, and tokens of the extra types are
// added, a run's words before its pairs, a token's compound and parts after it.
//
// Holds no memory of its own, so that it may be abandoned at any time.
class Tokenizer {
  public:
    // `text` (UTF-8) must outlive the object.
    explicit Tokenizer(std::string_view text, bool extra = false) noexcept
        : text_(text), extra_(extra) {}

    // False at the end of the text. Throws Error where ICU fails.
    bool next(Token& token);

  private:
    // Characters looked at together to find the words of a run.
    static constexpr std::size_t kWindow = 128;

    struct Seen {  // a character, and where it ends
        CodePoint c;
        CharacterClass kind;
        std::size_t end;
    };
    struct Run {  // letters, digits, marks, and underscores between them
        std::size_t end;
        bool letters;
        bool digits;
        bool underscores;
        unsigned characters;
    };

    Seen look(std::size_t at) const noexcept;
    CodePoint connector(std::size_t at) const noexcept;
    bool alphanumeric(std::size_t at) const noexcept;
    bool follows_alphanumeric(std::size_t at) const noexcept;
    CodePoint character_before(std::size_t at) const noexcept;
    std::size_t skip_marks(std::size_t at) const noexcept;
    Run scan_run(std::size_t at, std::size_t limit) const noexcept;

    Token match(std::size_t at);
    Token match_core(std::size_t at);
    Token match_pair(std::size_t at);
    Token match_south_east(std::size_t at);
    std::size_t flag_end(std::size_t at) const noexcept;
    std::size_t scoped_name_end(std::size_t at) const noexcept;
    std::size_t email_end(std::size_t at) const noexcept;
    std::size_t url_end(std::size_t at, std::size_t limit) const noexcept;
    std::size_t contraction_end(std::size_t at) const noexcept;
    std::size_t short_pair_end(std::size_t at, const Run& left) const noexcept;

    bool finish_run() noexcept;
    bool skip_overlong(Token& token) noexcept;
    void give(const Token& found, Token& token) noexcept;
    std::size_t compound_end(const Token& first) const noexcept;
    void find_words(std::size_t at);
    bool next_word(Token& token) noexcept;
    bool next_part(Token& token) noexcept;

    std::string_view text_;
    std::size_t position_ = 0;  // the next byte to look at
    bool extra_;
    bool overlong_ = false;    // position_ is inside a run that is too long for a token
    bool in_run_ = false;      // the character at position_ ended the pair given last
    CharacterClass script_{};  // of that run
    std::size_t resume_ = 0;   // where to go on after the token just matched
    bool waiting_ = false;
    Token held_{};  // the token that follows the one just given
    std::size_t held_resume_ = 0;
    std::size_t suppressed_ = 0;   // no token starts before this byte: 's, 't, ...
    std::size_t compound_ = 0;     // end of the compound that starts as whole_ does; 0: none
    Token whole_{};                // the token whose parts are given
    std::size_t part_ = 0;         // where its next part is looked for, up to whole_.end
    std::size_t words_start_ = 0;  // the window of words, and their ends from it
    std::size_t words_until_ = 0;
    std::size_t words_next_ = 0;
    std::size_t words_count_ = 0;
    std::array<std::uint32_t, kWindow> words_;
};

// A cut of a long text into pieces that give the tokens of the whole: the end of a first piece of
// at most `wanted` bytes (at least 4), behind a character that is part of no token. Only where none
// stands in the second half of the piece, the cut falls between any two characters.
std::size_t safe_cut(std::string_view text, std::size_t wanted) noexcept;

}  // namespace knowhow::text
