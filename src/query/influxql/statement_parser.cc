// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/statement_parser.h"

#include <charconv>
#include <limits>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/duration.h"

namespace varve::influxql {

// What may follow the words read so far: a tree with a rule at each leaf.
struct StatementParser::Branch {
  using Rule = Result<Statement> (StatementParser::*)();

  TokenKind word = TokenKind::kIllegal;
  Rule rule = nullptr;
  std::vector<Branch> next = {};
  /// For a word that is no keyword, so that it stays free as a name. Not listed in messages.
  std::string_view plain_word = {};
};

StatementParser::Branch StatementParser::show_branch() {
  using P = StatementParser;
  using T = TokenKind;
  return {
      T::kShow,
      nullptr,
      {{T::kContinuous, nullptr, {{T::kQueries, &P::parse_show_continuous_queries}}},
       {T::kDatabases, &P::parse_show_databases},
       {T::kDiagnostics, &P::parse_show_diagnostics},
       {T::kField,
        nullptr,
        {{T::kKey, &P::parse_show_field_key_cardinality}, {T::kKeys, &P::parse_show_field_keys}}},
       {T::kGrants, nullptr, {{T::kFor, &P::parse_show_grants}}},
       {T::kMeasurement,
        nullptr,
        {{T::kExact, &P::parse_show_measurement_exact_cardinality},
         {T::kCardinality, &P::parse_show_measurement_cardinality}}},
       {T::kMeasurements, &P::parse_show_measurements},
       {T::kQueries, &P::parse_show_queries},
       {T::kRetention, nullptr, {{T::kPolicies, &P::parse_show_retention_policies}}},
       {T::kSeries, &P::parse_show_series},
       {T::kShard, nullptr, {{T::kGroups, &P::parse_show_shard_groups}}},
       {T::kShards, &P::parse_show_shards},
       {T::kStats, &P::parse_show_stats},
       {T::kSubscriptions, &P::parse_show_subscriptions},
       {T::kTag,
        nullptr,
        {{T::kKey, &P::parse_show_tag_key_cardinality},
         {T::kKeys, &P::parse_show_tag_keys},
         {T::kValues, &P::parse_show_tag_values}}},
       {T::kUsers, &P::parse_show_users},
       {T::kIdentifier, &P::parse_show_materialized_views, {}, "materialized"}}};
}

StatementParser::Branch StatementParser::create_branch() {
  using P = StatementParser;
  using T = TokenKind;
  return {T::kCreate,
          nullptr,
          {{T::kContinuous, nullptr, {{T::kQuery, &P::parse_create_continuous_query}}},
           {T::kDatabase, &P::parse_create_database},
           {T::kUser, &P::parse_create_user},
           {T::kRetention, nullptr, {{T::kPolicy, &P::parse_create_retention_policy}}},
           {T::kSubscription, &P::parse_create_subscription},
           {T::kIdentifier, &P::parse_create_materialized_view, {}, "materialized"}}};
}

StatementParser::Branch StatementParser::drop_branch() {
  using P = StatementParser;
  using T = TokenKind;
  return {T::kDrop,
          nullptr,
          {{T::kContinuous, nullptr, {{T::kQuery, &P::parse_drop_continuous_query}}},
           {T::kDatabase, &P::parse_drop_database},
           {T::kMeasurement, &P::parse_drop_measurement},
           {T::kRetention, nullptr, {{T::kPolicy, &P::parse_drop_retention_policy}}},
           {T::kSeries, &P::parse_drop_series},
           {T::kShard, &P::parse_drop_shard},
           {T::kSubscription, &P::parse_drop_subscription},
           {T::kUser, &P::parse_drop_user},
           {T::kIdentifier, &P::parse_drop_materialized_view, {}, "materialized"}}};
}

StatementParser::Branch StatementParser::any_statement() {
  using P = StatementParser;
  using T = TokenKind;
  return {T::kIllegal,
          nullptr,
          {{T::kSelect, &P::parse_select_statement},
           {T::kDelete, &P::parse_delete},
           show_branch(),
           create_branch(),
           drop_branch(),
           {T::kExplain, &P::parse_explain},
           {T::kGrant, &P::parse_grant},
           {T::kRevoke, &P::parse_revoke},
           {T::kAlter,
            nullptr,
            {{T::kRetention, nullptr, {{T::kPolicy, &P::parse_alter_retention_policy}}}}},
           {T::kSet, nullptr, {{T::kPassword, nullptr, {{T::kFor, &P::parse_set_password}}}}},
           {T::kKill, nullptr, {{T::kQuery, &P::parse_kill_query}}}}};
}

Result<std::vector<Statement>> StatementParser::parse_all() {
  std::vector<Statement> statements;
  bool is_separated = true;
  while (true) {
    const Token token = tokens_.scan_word();
    if (token.kind == TokenKind::kEnd) return statements;
    if (token.kind == TokenKind::kSemicolon) {
      is_separated = true;
      continue;
    }
    if (!is_separated) return unexpected(token, {";"});
    tokens_.unscan();
    statements.push_back(TRY(parse_statement()));
    is_separated = false;
  }
}

Result<Expression> StatementParser::parse_only_expression() {
  Expression expression = TRY(parse_root_expression());
  TRY_VOID(expect(TokenKind::kEnd));
  return expression;
}

Result<Statement> StatementParser::parse_statement() {
  static const Branch kLanguage = any_statement();
  const Branch* branch = &kLanguage;
  while (branch->rule == nullptr) {
    const Token token = tokens_.scan_word();
    const Branch* found = nullptr;
    for (const Branch& next : branch->next) {
      if (next.word != token.kind) continue;
      if (next.plain_word.empty() || next.plain_word == to_lower(token.text)) found = &next;
    }
    if (found == nullptr) {
      std::vector<std::string_view> expected;
      for (const Branch& next : branch->next) {
        if (next.plain_word.empty()) expected.push_back(to_string(next.word));
      }
      return unexpected(token, expected);
    }
    branch = found;
  }
  return (this->*branch->rule)();
}

tl::unexpected<Error> StatementParser::unexpected(
    const Token& found, std::span<const std::string_view> expected) const {
  std::string message = "found " + describe(found) + ", expected ";
  for (size_t i = 0; i < expected.size(); ++i) {
    if (i > 0) message += ", ";
    message += expected[i];
  }
  return fail_at(std::move(message), found.position);
}

tl::unexpected<Error> StatementParser::unexpected(
    const Token& found, std::initializer_list<std::string_view> expected) const {
  return unexpected(found, std::span(expected.begin(), expected.size()));
}

tl::unexpected<Error> StatementParser::fail_at(std::string message, size_t position) const {
  return fail(ErrorCode::kInvalidInput, std::move(message) + tokens_.describe_position(position));
}

tl::unexpected<Error> StatementParser::too_deep() const {
  return fail(ErrorCode::kInvalidInput, "query is nested too deeply: more than " +
                                            std::to_string(options_.depth_max) + " levels");
}

tl::unexpected<Error> StatementParser::too_many_subqueries() const {
  return fail(ErrorCode::kInvalidInput, "subqueries are nested too deeply: more than " +
                                            std::to_string(options_.subquery_depth_max) +
                                            " levels");
}

tl::unexpected<Error> StatementParser::too_many_operators() const {
  return fail(ErrorCode::kInvalidInput, "expression has too many operators: more than " +
                                            std::to_string(options_.operators_max));
}

bool StatementParser::accept(TokenKind kind) {
  if (tokens_.scan_word().kind == kind) return true;
  tokens_.unscan();
  return false;
}

bool StatementParser::accept_word(std::string_view lower_word) {
  const Token& token = tokens_.scan_word();
  if (token.kind == TokenKind::kIdentifier && to_lower(token.text) == lower_word) return true;
  tokens_.unscan();
  return false;
}

Result<void> StatementParser::expect(TokenKind kind) {
  const Token& token = tokens_.scan_word();
  if (token.kind != kind) return unexpected(token, {to_string(kind)});
  return {};
}

Result<void> StatementParser::expect(std::initializer_list<TokenKind> kinds) {
  for (const TokenKind kind : kinds) TRY_VOID(expect(kind));
  return {};
}

Result<void> StatementParser::expect_word(std::string_view lower_word, std::string_view shown) {
  if (accept_word(lower_word)) return {};
  return unexpected(tokens_.scan_word(), {shown});
}

void StatementParser::skip_space() {
  if (tokens_.scan().kind != TokenKind::kSpace) tokens_.unscan();
}

Result<std::string> StatementParser::parse_identifier() {
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kIdentifier) return unexpected(token, {"identifier"});
  return token.text;
}

Result<std::vector<std::string>> StatementParser::parse_identifier_list() {
  std::vector<std::string> names;
  do {
    names.push_back(TRY(parse_identifier()));
  } while (accept(TokenKind::kComma));
  return names;
}

Result<std::vector<std::string>> StatementParser::parse_segments() {
  std::vector<std::string> segments;
  segments.push_back(TRY(parse_identifier()));
  while (true) {
    if (tokens_.scan().kind != TokenKind::kDot) {
      tokens_.unscan();
      break;
    }
    const char32_t next = tokens_.peek_character();
    if (next == '/' || next == ':') break;
    if (next == '.') {
      segments.emplace_back();
      continue;
    }
    segments.push_back(TRY(parse_identifier()));
  }
  if (segments.size() <= 3) return segments;
  // Quoted as InfluxDB shows it: all but the last, and that only where it must be.
  std::string shown;
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool is_last = i + 1 == segments.size();
    const bool is_plain = quote_identifier(segments[i]) == segments[i];
    if (segments[i].empty()) {
      if (i == 0 || is_last) shown += "\"\"";
    } else if (is_plain && !is_last) {
      shown += '"' + segments[i] + '"';
    } else {
      shown += quote_identifier(segments[i]);
    }
    if (!is_last) shown += '.';
  }
  return fail_at("too many segments in " + shown, 0);
}

Result<std::string> StatementParser::parse_string() {
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kString) return unexpected(token, {"string"});
  return token.text;
}

Result<std::vector<std::string>> StatementParser::parse_string_list() {
  std::vector<std::string> strings;
  do {
    strings.push_back(TRY(parse_string()));
  } while (accept(TokenKind::kComma));
  return strings;
}

namespace {

// What Go's strconv says, since InfluxDB passes it on.
template <class T>
Result<T> parse_whole(std::string_view text, std::string_view go_function) {
  T value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc{} && result.ptr == text.data() + text.size()) return value;
  const bool is_range = result.ec == std::errc::result_out_of_range;
  return fail(ErrorCode::kInvalidInput,
              "strconv." + std::string(go_function) + ": parsing \"" + std::string(text) +
                  "\": " + (is_range ? "value out of range" : "invalid syntax"));
}

}  // namespace

Result<int64_t> StatementParser::parse_integer(int64_t first, int64_t last) {
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kInteger) return unexpected(token, {"integer"});
  const auto number = parse_whole<int64_t>(token.text, "Atoi");
  if (!number) return fail_at(number.error().message, token.position);
  if (*number < first || *number > last) {
    return fail_at("invalid value " + std::to_string(*number) + ": must be " +
                       std::to_string(first) + " <= n <= " + std::to_string(last),
                   token.position);
  }
  return *number;
}

Result<uint64_t> StatementParser::parse_unsigned() {
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kInteger) return unexpected(token, {"integer"});
  const auto number = parse_whole<uint64_t>(token.text, "ParseUint");
  if (!number) return fail_at(number.error().message, token.position);
  return *number;
}

Result<int64_t> StatementParser::parse_duration_or_inf() {
  if (accept(TokenKind::kInf)) return int64_t{0};
  return parse_duration_value();
}

Result<int64_t> StatementParser::parse_duration_value() {
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kDurationValue) return unexpected(token, {"duration"});
  const auto duration = parse_duration(token.text);
  if (!duration) return fail_at(duration.error().message, token.position);
  return *duration;
}

Result<int64_t> StatementParser::parse_optional_count(TokenKind word) {
  if (!accept(word)) return int64_t{0};
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kInteger) return unexpected(token, {"integer"});
  // Too large a number means no limit in effect, and is no error.
  const int64_t count =
      parse_whole<int64_t>(token.text, "ParseInt").value_or(std::numeric_limits<int64_t>::max());
  if (count < 0) {
    return fail_at(std::string(to_string(word)) + " must be >= 0", token.position);
  }
  return count;
}

Result<std::string> StatementParser::parse_optional_database() {
  if (!accept(TokenKind::kOn)) return std::string();
  return parse_identifier();
}

}  // namespace varve::influxql
