// SPDX-License-Identifier: Apache-2.0
// Text into words. Positions in messages are InfluxDB's, with its habits: a word that runs into the
// end of the text reads the end along with it, so that the end is then reported one further; a
// quoted string is reported one before its quote.
// Source: InfluxDB 1.8, package influxql: the corpus of recorded messages decides.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "query/influxql/token.h"

namespace varve::influxql {

/// Owns a decoded copy of the text: the views given to it may go away. One thread.
class Lexer {
 public:
  /// Line ends become '\n', bytes that are not UTF-8 become U+FFFD, a NUL ends the text.
  explicit Lexer(std::string_view text);

  /// The next word, also spaces and comments. After the end: kEnd, again and again.
  Token next();

  /// Reads a regular expression; to be called in front of its first slash. kRegex with the pattern
  /// (`\/` is `/`, other escapes stay), or kBadRegex when it does not end on its line.
  Token next_regex();

  /// The character in front of which the lexer stands; 0 at the end, which it then steps over.
  char32_t peek();

  /// " at line 1, char 5" for a token's position.
  std::string describe_position(size_t position) const;

 private:
  char32_t read();
  void unread() { --cursor_; }
  /// Where the character read last stands.
  size_t last_position() const;

  Token next_space();
  Token next_identifier(bool may_be_keyword);
  Token next_string();
  Token next_number();
  Token next_symbol(char32_t first, size_t position);
  Token next_parameter(size_t position);
  void append_digits(std::string& text);
  bool skip_block_comment();

  std::u32string characters_;
  /// May lie behind the end: reading there gives 0 and still counts, so that unread() fits.
  size_t cursor_ = 0;
};

/// Appends the character as UTF-8.
void append_utf8(std::string& text, char32_t c);

}  // namespace varve::influxql
