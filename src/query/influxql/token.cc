// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/token.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace varve::influxql {
namespace {

constexpr size_t kKindCount = static_cast<size_t>(TokenKind::kWrite) + 1;

// In the order of TokenKind. The empty ones are never shown without a text of their own.
constexpr std::array<std::string_view, kKindCount> kWords = {
    "ILLEGAL", "EOF", "WS", "",
    "IDENT", "", "NUMBER", "", "DURATIONVAL", "STRING", "BADSTRING", "BADESCAPE",
    "TRUE", "FALSE", "REGEX", "",
    "+", "-", "*", "/", "%", "&", "|", "^", "AND", "OR", "=",
    "!=", "=~", "!~", "<", "<=", ">", ">=",
    "(", ")", ",", ":", "::", ";", ".",
    "ALL", "ALTER", "ANALYZE", "ANY", "AS", "ASC", "BEGIN", "BY", "CARDINALITY", "CREATE",
    "CONTINUOUS", "DATABASE", "DATABASES", "DEFAULT", "DELETE", "DESC", "DESTINATIONS",
    "DIAGNOSTICS", "DISTINCT", "DROP", "DURATION", "END", "EVERY", "EXACT", "EXPLAIN", "FIELD",
    "FOR", "FROM", "FUTURE", "GRANT", "GRANTS", "GROUP", "GROUPS", "IN", "INF", "INSERT", "INTO",
    "KEY", "KEYS", "KILL", "LIMIT", "MEASUREMENT", "MEASUREMENTS", "NAME", "OFFSET", "ON", "ORDER",
    "PASSWORD", "PAST", "POLICY", "POLICIES", "PRIVILEGES", "QUERIES", "QUERY", "READ",
    "REPLICATION", "RESAMPLE", "RETENTION", "REVOKE", "SELECT", "SERIES", "SET", "SHOW", "SHARD",
    "SHARDS", "SLIMIT", "SOFFSET", "STATS", "SUBSCRIPTION", "SUBSCRIPTIONS", "TAG", "TO", "USER",
    "USERS", "VALUES", "VERBOSE", "WHERE", "WITH", "WRITE",
};
static_assert(kWords[static_cast<size_t>(TokenKind::kWrite)] == "WRITE");
static_assert(kWords[static_cast<size_t>(TokenKind::kAll)] == "ALL");
static_assert(kWords[static_cast<size_t>(TokenKind::kAdd)] == "+");
static_assert(kWords[static_cast<size_t>(TokenKind::kOpenParen)] == "(");

using Keyword = std::pair<std::string, TokenKind>;

std::vector<Keyword> make_keywords() {
  std::vector<Keyword> keywords;
  const auto add = [&](TokenKind kind) {
    keywords.emplace_back(to_lower(to_string(kind)), kind);
  };
  for (size_t i = static_cast<size_t>(TokenKind::kAll); i < kKindCount; ++i) {
    add(static_cast<TokenKind>(i));
  }
  add(TokenKind::kAnd);
  add(TokenKind::kOr);
  add(TokenKind::kTrue);
  add(TokenKind::kFalse);
  std::sort(keywords.begin(), keywords.end());
  return keywords;
}

constexpr size_t kKeywordSizeMax = 13;  // SUBSCRIPTIONS

}  // namespace

std::string_view to_string(TokenKind kind) { return kWords[static_cast<size_t>(kind)]; }

std::string describe(const Token& token) {
  return token.text.empty() ? std::string(to_string(token.kind)) : token.text;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

TokenKind find_keyword(std::string_view name) {
  static const std::vector<Keyword> keywords = make_keywords();
  if (name.size() > kKeywordSizeMax) return TokenKind::kIdentifier;
  const std::string lower = to_lower(name);
  const auto found = std::lower_bound(
      keywords.begin(), keywords.end(), lower,
      [](const Keyword& keyword, const std::string& text) { return keyword.first < text; });
  if (found == keywords.end() || found->first != lower) return TokenKind::kIdentifier;
  return found->second;
}

}  // namespace varve::influxql
