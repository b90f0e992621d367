// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace varve::influxql {
namespace {

// Kinds and texts of all words, without spaces: "SELECT", "IDENT:usage", "EOF".
std::vector<std::string> words(std::string_view text) {
  Lexer lexer(text);
  std::vector<std::string> shown;
  while (true) {
    const Token token = lexer.next();
    if (token.kind == TokenKind::kSpace) continue;
    if (token.kind == TokenKind::kEnd) return shown;
    std::string word(to_string(token.kind));
    if (token.kind == TokenKind::kInteger) word = "INTEGER";
    if (token.kind == TokenKind::kParameter) word = "PARAMETER";
    if (token.kind == TokenKind::kComment) word = "COMMENT";
    shown.push_back(token.text.empty() ? word : word + ":" + token.text);
  }
}

using Words = std::vector<std::string>;

TEST(Lexer, KnowsKeywordsInAnyCaseAndNamesExactly) {
  EXPECT_EQ(words("SELECT sElEcT Usage _x1 selected"),
            (Words{"SELECT", "SELECT", "IDENT:Usage", "IDENT:_x1", "IDENT:selected"}));
  EXPECT_EQ(words("true FALSE and OR"), (Words{"TRUE", "FALSE", "AND", "OR"}));
}

TEST(Lexer, ReadsQuotedNamesAndStringsWithTheirEscapes) {
  EXPECT_EQ(words(R"("a b" "select" "x\"y\\z\n")"),
            (Words{"IDENT:a b", "IDENT:select", "IDENT:x\"y\\z\n"}));
  EXPECT_EQ(words(R"('it\'s' "it's" '"')"), (Words{"STRING:it's", "IDENT:it's", "STRING:\""}));
  EXPECT_EQ(words(R"('\q')"), (Words{"BADESCAPE:\\q", "BADSTRING"}));
  EXPECT_EQ(words("'open"), (Words{"BADSTRING:open"}));
  EXPECT_EQ(words("'two\nlines'"), (Words{"BADSTRING:two", "IDENT:lines", "BADSTRING"}));
  EXPECT_EQ(words("a\"b\""), (Words{"IDENT:b"}));
}

TEST(Lexer, ReadsNumbersAndDurations) {
  EXPECT_EQ(words("1 1.5 .5 1. 007"),
            (Words{"INTEGER:1", "NUMBER:1.5", "NUMBER:.5", "NUMBER:1", "INTEGER:007"}));
  EXPECT_EQ(words("1h 1h30m 10ms 5µ 1e10 1.2.3"),
            (Words{"DURATIONVAL:1h", "DURATIONVAL:1h30m", "DURATIONVAL:10ms", "DURATIONVAL:5µ",
                   "DURATIONVAL:1e10", "NUMBER:1.2", "NUMBER:.3"}));
}

TEST(Lexer, ReadsOperatorsAndPunctuation) {
  EXPECT_EQ(words("+-*/%&|^"), (Words{"+", "-", "*", "/", "%", "&", "|", "^"}));
  EXPECT_EQ(words("= != <> =~ !~ < <= > >="),
            (Words{"=", "!=", "!=", "=~", "!~", "<", "<=", ">", ">="}));
  EXPECT_EQ(words("(),;.:::"), (Words{"(", ")", ",", ";", ".", "::", ":"}));
  EXPECT_EQ(words("! # é"), (Words{"ILLEGAL:!", "ILLEGAL:#", "ILLEGAL:é"}));
}

TEST(Lexer, ReadsParameters) {
  EXPECT_EQ(words("$a $1 $ $\"b c\""),
            (Words{"PARAMETER:$a", "PARAMETER:$1", "PARAMETER:$", "PARAMETER:$b c"}));
}

TEST(Lexer, SkipsComments) {
  EXPECT_EQ(words("a -- b\nc"), (Words{"IDENT:a", "COMMENT", "IDENT:c"}));
  EXPECT_EQ(words("a /* b ** / */ c"), (Words{"IDENT:a", "COMMENT", "IDENT:c"}));
  EXPECT_EQ(words("a /* b"), (Words{"IDENT:a", "ILLEGAL"}));
  EXPECT_EQ(words("a--b"), (Words{"IDENT:a", "COMMENT"}));
}

TEST(Lexer, ReplacesBytesThatAreNotUtf8AndEndsAtNul) {
  EXPECT_EQ(words("'\xff\xc3'"), (Words{"STRING:\xEF\xBF\xBD\xEF\xBF\xBD"}));
  EXPECT_EQ(words("'\xed\xa0\x80'"),
            (Words{"STRING:\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}));
  EXPECT_EQ(words("'ä日😀'"), (Words{"STRING:ä日😀"}));
  EXPECT_EQ(words(std::string_view("a\0b", 3)), (Words{"IDENT:a"}));
}

TEST(Lexer, CountsLinesWhateverEndsThem) {
  const auto place_of_last = [](std::string_view text) {
    Lexer lexer(text);
    Token last;
    for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
      last = token;
    }
    return lexer.describe_position(last.position);
  };
  EXPECT_EQ(place_of_last("a"), " at line 1, char 1");
  EXPECT_EQ(place_of_last("a b"), " at line 1, char 3");
  EXPECT_EQ(place_of_last("a\nb"), " at line 2, char 1");
  EXPECT_EQ(place_of_last("a\r\n\r  b"), " at line 3, char 3");
  EXPECT_EQ(place_of_last("é b"), " at line 1, char 3");
}

TEST(Lexer, ReadsRegularExpressions) {
  const auto regex = [](std::string_view text) {
    Lexer lexer(text);
    const Token token = lexer.next_regex();
    return std::string(token.kind == TokenKind::kRegex ? "ok:" : "bad:") + token.text;
  };
  EXPECT_EQ(regex("/a.*b/ c"), "ok:a.*b");
  EXPECT_EQ(regex(R"(/a\/b/)"), "ok:a/b");
  EXPECT_EQ(regex(R"(/\d\\/)"), "bad:");
  EXPECT_EQ(regex(R"(/\d+/)"), R"(ok:\d+)");
  EXPECT_EQ(regex("/a"), "bad:");
  EXPECT_EQ(regex("/a\nb/"), "bad:");
  EXPECT_EQ(regex("//"), "ok:");
}

}  // namespace
}  // namespace varve::influxql
