// SPDX-License-Identifier: Apache-2.0
// The words of a text one after the other, with parameters put in and up to three words taken back.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "query/influxql/lexer.h"
#include "query/influxql/parameters.h"

namespace varve::influxql {

class TokenStream {
 public:
  /// `parameters` may be null and must outlive the stream.
  TokenStream(std::string_view text, const Parameters* parameters)
      : lexer_(text), parameters_(parameters) {}

  /// The next word, also spaces and comments.
  const Token& scan() { return take(&Lexer::next); }
  /// The next word, or, when none was taken back, a regular expression.
  const Token& scan_regex() { return take(&Lexer::next_regex); }
  /// The next word that is neither space nor comment.
  const Token& scan_word();
  /// Takes back the last word given out: scan() gives it again. Three words are kept.
  void unscan() { ++taken_back_; }

  /// The next character after all words read, also after those taken back. 0 at the end.
  char32_t peek_character() { return lexer_.peek(); }
  /// " at line 1, char 5".
  std::string describe_position(size_t position) const {
    return lexer_.describe_position(position);
  }

 private:
  static constexpr size_t kKept = 3;

  const Token& take(Token (Lexer::*next)());
  void put_parameter(Token& token) const;

  Lexer lexer_;
  const Parameters* parameters_;
  std::array<Token, kKept> kept_;
  size_t last_ = 0;        // Index into kept_ of the word read last from the lexer.
  size_t taken_back_ = 0;  // How many of the kept words are to be given out again.
};

}  // namespace varve::influxql
