// SPDX-License-Identifier: Apache-2.0
// The words of InfluxQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace varve::influxql {

enum class TokenKind : uint8_t {
  kIllegal, kEnd, kSpace, kComment,  // NOLINT
  // Literals.
  kIdentifier, kParameter, kNumber, kInteger, kDurationValue, kString, kBadString, kBadEscape,
  kTrue, kFalse, kRegex, kBadRegex,
  // Operators.
  kAdd, kSubtract, kMultiply, kDivide, kModulo, kBitAnd, kBitOr, kBitXor, kAnd, kOr, kEqual,
  kNotEqual, kMatch, kNotMatch, kLess, kLessOrEqual, kGreater, kGreaterOrEqual,
  // Punctuation.
  kOpenParen, kCloseParen, kComma, kColon, kDoubleColon, kSemicolon, kDot,
  // Keywords.
  kAll, kAlter, kAnalyze, kAny, kAs, kAsc, kBegin, kBy, kCardinality, kCreate, kContinuous,
  kDatabase, kDatabases, kDefault, kDelete, kDesc, kDestinations, kDiagnostics, kDistinct, kDrop,
  kDuration, kEndKeyword, kEvery, kExact, kExplain, kField, kFor, kFrom, kFuture, kGrant, kGrants,
  kGroup, kGroups, kIn, kInf, kInsert, kInto, kKey, kKeys, kKill, kLimit, kMeasurement,
  kMeasurements, kName, kOffset, kOn, kOrder, kPassword, kPast, kPolicy, kPolicies, kPrivileges,
  kQueries, kQuery, kRead, kReplication, kResample, kRetention, kRevoke, kSelect, kSeries, kSet,
  kShow, kShard, kShards, kSlimit, kSoffset, kStats, kSubscription, kSubscriptions, kTag, kTo,
  kUser, kUsers, kValues, kVerbose, kWhere, kWith, kWrite,
};

/// One word of the text.
struct Token {
  TokenKind kind = TokenKind::kIllegal;
  /// Where it starts: an index into the lexer's characters.
  size_t position = 0;
  /// What it says: names and strings without quotes and escapes, numbers as written. Empty for
  /// operators and keywords.
  std::string text;
};

/// "SELECT", "+", "EOF", "WS", … as messages show it; empty for kinds that have no word.
std::string_view to_string(TokenKind kind);

/// How a message shows the token: its text if it has one, else its kind.
std::string describe(const Token& token);

/// The keyword (also AND, OR, TRUE, FALSE) in any case, else kIdentifier.
TokenKind find_keyword(std::string_view name);

/// True for everything that may stand between two operands.
constexpr bool is_operator(TokenKind kind) {
  return kind >= TokenKind::kAdd && kind <= TokenKind::kGreaterOrEqual;
}

// What a character can be. ASCII only, as in InfluxDB: other letters need quotes.
constexpr bool is_space(char32_t c) { return c == ' ' || c == '\t' || c == '\n'; }
constexpr bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_name_start(char32_t c) { return is_letter(c) || c == '_'; }
constexpr bool is_name_part(char32_t c) { return is_name_start(c) || is_digit(c); }

/// ASCII letters in lower case, the rest as it is.
std::string to_lower(std::string_view text);

}  // namespace varve::influxql
