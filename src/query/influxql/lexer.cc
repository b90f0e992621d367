// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/lexer.h"

#include <algorithm>
#include <utility>

namespace varve::influxql {
namespace {

constexpr char32_t kEndOfText = 0;
constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kMicro = 0xB5;  // µ

bool is_unit_part(char32_t c) { return is_letter(c) || c == kMicro; }

// Decodes the character at text[index] and moves index behind it; U+FFFD for one bad byte.
char32_t decode(std::string_view text, size_t& index) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(index++);
  if (first < 0x80) return first;
  size_t more = 0;
  char32_t c = 0;
  char32_t least = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    more = 1, c = first & 0x1F, least = 0x80;
  } else if (first >= 0xE0 && first <= 0xEF) {
    more = 2, c = first & 0x0F, least = 0x800;
  } else if (first >= 0xF0 && first <= 0xF4) {
    more = 3, c = first & 0x07, least = 0x10000;
  } else {
    return kReplacement;
  }
  if (index + more > text.size()) return kReplacement;
  for (size_t i = 0; i < more; ++i) {
    if ((byte(index + i) & 0xC0) != 0x80) return kReplacement;
    c = c << 6 | (byte(index + i) & 0x3F);
  }
  if (c < least || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return kReplacement;
  index += more;
  return c;
}

}  // namespace

void append_utf8(std::string& text, char32_t c) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

Lexer::Lexer(std::string_view text) {
  characters_.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    char32_t c = decode(text, i);
    if (c == kEndOfText) break;
    if (c == '\r') {
      if (i < text.size() && text[i] == '\n') ++i;
      c = '\n';
    }
    characters_ += c;
  }
}

char32_t Lexer::read() {
  const size_t index = cursor_++;
  return index < characters_.size() ? characters_[index] : kEndOfText;
}

char32_t Lexer::peek() {
  const char32_t c = read();
  if (c != kEndOfText) unread();
  return c;
}

size_t Lexer::last_position() const {
  // Before the first character, and after the end, there is one position to report.
  const size_t index = cursor_ == 0 ? 0 : cursor_ - 1;
  return std::min(index, characters_.size() + 1);
}

std::string Lexer::describe_position(size_t position) const {
  size_t line = 1;
  size_t character = 1;
  for (size_t i = 0; i < position; ++i) {
    if (i < characters_.size() && characters_[i] == '\n') {
      ++line;
      character = 1;
    } else {
      ++character;
    }
  }
  return " at line " + std::to_string(line) + ", char " + std::to_string(character);
}

Token Lexer::next() {
  const char32_t first = read();
  const size_t position = last_position();
  if (is_space(first)) return next_space();
  if (is_name_start(first) || first == '"') {
    unread();
    return next_identifier(true);
  }
  if (is_digit(first)) return next_number();
  switch (first) {
    case kEndOfText: return {TokenKind::kEnd, position, ""};
    case '\'': return next_string();
    case '$': return next_parameter(position);
    case '.': {
      const bool is_fraction = is_digit(read());
      unread();
      return is_fraction ? next_number() : Token{TokenKind::kDot, position, ""};
    }
    default: return next_symbol(first, position);
  }
}

Token Lexer::next_space() {
  Token token{TokenKind::kSpace, last_position(), ""};
  unread();
  char32_t c = read();
  for (; is_space(c); c = read()) append_utf8(token.text, c);
  if (c != kEndOfText) unread();
  return token;
}

Token Lexer::next_identifier(bool may_be_keyword) {
  read();
  Token token{TokenKind::kIdentifier, last_position(), ""};
  unread();
  while (true) {
    const char32_t c = read();
    if (c == kEndOfText) break;
    if (c == '"') {
      // What stood in front of the quote is dropped, as InfluxDB does: a"b" is b.
      Token quoted = next_string();
      if (quoted.kind != TokenKind::kString) return quoted;
      token.text = std::move(quoted.text);
      return token;
    }
    if (!is_name_part(c)) {
      unread();
      break;
    }
    append_utf8(token.text, c);
  }
  if (!may_be_keyword) return token;
  token.kind = find_keyword(token.text);
  if (token.kind != TokenKind::kIdentifier) token.text.clear();
  return token;
}

Token Lexer::next_parameter(size_t position) {
  Token token = next_identifier(false);
  if (token.kind == TokenKind::kIdentifier) token.kind = TokenKind::kParameter;
  token.position = position;
  token.text.insert(0, 1, '$');
  return token;
}

// The opening quote has been read; it says which quote ends the string.
Token Lexer::next_string() {
  unread();
  Token token{TokenKind::kString, last_position(), ""};
  const char32_t quote = read();
  while (true) {
    const char32_t c = read();
    if (c == quote) return token;
    if (c == kEndOfText || c == '\n') {
      token.kind = TokenKind::kBadString;
      return token;
    }
    if (c != '\\') {
      append_utf8(token.text, c);
      continue;
    }
    const char32_t escaped = read();
    if (escaped == 'n') {
      token.text += '\n';
    } else if (escaped == '\\' || escaped == '"' || escaped == '\'') {
      append_utf8(token.text, escaped);
    } else {
      token = {TokenKind::kBadEscape, last_position(), "\\"};
      append_utf8(token.text, escaped);
      return token;
    }
  }
}

Token Lexer::next_regex() {
  Token token{TokenKind::kBadRegex, last_position(), ""};
  if (read() != '/') return token;
  std::string pattern;
  for (char32_t c = read(); c != '/'; c = read()) {
    if (c == kEndOfText || c == '\n') return token;
    if (c == '\\') {
      const char32_t escaped = read();
      if (escaped == kEndOfText) return token;
      if (escaped == '/') {
        c = '/';
      } else {
        unread();
      }
    }
    append_utf8(pattern, c);
  }
  return {TokenKind::kRegex, token.position, std::move(pattern)};
}

void Lexer::append_digits(std::string& text) {
  char32_t c = read();
  for (; is_digit(c); c = read()) append_utf8(text, c);
  unread();
}

// The first digit, or a dot before a digit, has been read.
Token Lexer::next_number() {
  Token token{TokenKind::kNumber, last_position(), ""};
  unread();
  append_digits(token.text);
  if (read() == '.') {
    // A dot without digits is swallowed: `1.` is the number 1.
    const char32_t digit = read();
    unread();
    if (is_digit(digit)) {
      token.text += '.';
      append_digits(token.text);
    }
    return token;
  }
  unread();
  token.kind = TokenKind::kInteger;
  char32_t c = read();
  if (is_unit_part(c)) {
    token.kind = TokenKind::kDurationValue;
    for (; is_unit_part(c) || is_digit(c); c = read()) append_utf8(token.text, c);
  }
  unread();
  return token;
}

bool Lexer::skip_block_comment() {
  char32_t c = read();
  while (c != kEndOfText) {
    const char32_t next = read();
    if (c == '*' && next == '/') return true;
    c = next;
  }
  return false;
}

Token Lexer::next_symbol(char32_t first, size_t position) {
  const auto token = [&](TokenKind kind) { return Token{kind, position, ""}; };
  // Reads one more character if it is that one.
  const auto then = [&](char32_t second) {
    if (read() == second) return true;
    unread();
    return false;
  };
  switch (first) {
    case '+': return token(TokenKind::kAdd);
    case '-':
      if (!then('-')) return token(TokenKind::kSubtract);
      for (char32_t c = read(); c != '\n' && c != kEndOfText; c = read()) {
      }
      return token(TokenKind::kComment);
    case '*': return token(TokenKind::kMultiply);
    case '/':
      if (!then('*')) return token(TokenKind::kDivide);
      return token(skip_block_comment() ? TokenKind::kComment : TokenKind::kIllegal);
    case '%': return token(TokenKind::kModulo);
    case '&': return token(TokenKind::kBitAnd);
    case '|': return token(TokenKind::kBitOr);
    case '^': return token(TokenKind::kBitXor);
    case '=': return token(then('~') ? TokenKind::kMatch : TokenKind::kEqual);
    case '!':
      if (then('=')) return token(TokenKind::kNotEqual);
      if (then('~')) return token(TokenKind::kNotMatch);
      break;
    case '>': return token(then('=') ? TokenKind::kGreaterOrEqual : TokenKind::kGreater);
    case '<':
      if (then('=')) return token(TokenKind::kLessOrEqual);
      return token(then('>') ? TokenKind::kNotEqual : TokenKind::kLess);
    case '(': return token(TokenKind::kOpenParen);
    case ')': return token(TokenKind::kCloseParen);
    case ',': return token(TokenKind::kComma);
    case ';': return token(TokenKind::kSemicolon);
    case ':': return token(then(':') ? TokenKind::kDoubleColon : TokenKind::kColon);
    default: break;
  }
  Token illegal = token(TokenKind::kIllegal);
  append_utf8(illegal.text, first);
  return illegal;
}

}  // namespace varve::influxql
