// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "query/influxql/statement_parser.h"

namespace varve::influxql {

using Subject = ShowCardinalityStatement::Subject;

Result<Statement> StatementParser::parse_show_continuous_queries() {
  return Statement(ShowContinuousQueriesStatement{});
}

Result<Statement> StatementParser::parse_show_databases() {
  return Statement(ShowDatabasesStatement{});
}

Result<Statement> StatementParser::parse_show_queries() {
  return Statement(ShowQueriesStatement{});
}

Result<Statement> StatementParser::parse_show_shard_groups() {
  return Statement(ShowShardGroupsStatement{});
}

Result<Statement> StatementParser::parse_show_shards() { return Statement(ShowShardsStatement{}); }

Result<Statement> StatementParser::parse_show_subscriptions() {
  return Statement(ShowSubscriptionsStatement{});
}

Result<Statement> StatementParser::parse_show_users() { return Statement(ShowUsersStatement{}); }

Result<Statement> StatementParser::parse_show_grants() {
  return Statement(ShowGrantsStatement{TRY(parse_identifier())});
}

Result<Statement> StatementParser::parse_show_retention_policies() {
  return Statement(ShowRetentionPoliciesStatement{TRY(parse_optional_database())});
}

Result<Statement> StatementParser::parse_show_materialized_views() {
  TRY_VOID(expect_word("views", "VIEWS"));
  return Statement(ShowMaterializedViewsStatement{TRY(parse_optional_database())});
}

Result<std::string> StatementParser::parse_optional_module() {
  if (!accept(TokenKind::kFor)) return std::string();
  return parse_string();
}

Result<Statement> StatementParser::parse_show_stats() {
  return Statement(ShowStatsStatement{TRY(parse_optional_module())});
}

Result<Statement> StatementParser::parse_show_diagnostics() {
  return Statement(ShowDiagnosticsStatement{TRY(parse_optional_module())});
}

Result<Statement> StatementParser::parse_show_series() {
  const bool is_exact = accept(TokenKind::kExact);
  if (accept(TokenKind::kCardinality)) return parse_cardinality(Subject::kSeries, is_exact);
  // EXACT alone is read over, as InfluxDB does.
  ShowSeriesStatement statement;
  statement.database = TRY(parse_optional_database());
  statement.sources = TRY(parse_optional_sources());
  statement.condition = TRY(parse_optional_condition());
  statement.sort = TRY(parse_optional_sort());
  statement.limit = TRY(parse_optional_count(TokenKind::kLimit));
  statement.offset = TRY(parse_optional_count(TokenKind::kOffset));
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_show_measurement_exact_cardinality() {
  TRY_VOID(expect(TokenKind::kCardinality));
  return parse_cardinality(Subject::kMeasurements, true);
}

Result<Statement> StatementParser::parse_show_measurement_cardinality() {
  return parse_cardinality(Subject::kMeasurements, false);
}

Result<Statement> StatementParser::parse_show_tag_key_cardinality() {
  return parse_key_cardinality(Subject::kTagKeys);
}

Result<Statement> StatementParser::parse_show_field_key_cardinality() {
  return parse_key_cardinality(Subject::kFieldKeys);
}

Result<Statement> StatementParser::parse_key_cardinality(Subject subject) {
  const bool is_exact = accept(TokenKind::kExact);
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kCardinality) {
    if (is_exact) return unexpected(token, {"CARDINALITY"});
    return unexpected(token, {"EXACT", "CARDINALITY"});
  }
  return parse_cardinality(subject, is_exact);
}

Result<Statement> StatementParser::parse_cardinality(Subject subject, bool is_exact) {
  ShowCardinalityStatement statement;
  statement.subject = subject;
  statement.is_exact = is_exact;
  statement.database = TRY(parse_optional_database());
  statement.sources = TRY(parse_optional_sources());
  if (subject == Subject::kTagValues) statement.key = TRY(parse_with_key());
  statement.condition = TRY(parse_optional_condition());
  statement.dimensions = TRY(parse_optional_dimensions());
  statement.limit = TRY(parse_optional_count(TokenKind::kLimit));
  statement.offset = TRY(parse_optional_count(TokenKind::kOffset));
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_show_measurements() {
  ShowMeasurementsStatement statement;
  TRY_VOID(parse_measurements_on(statement));
  statement.measurement = TRY(parse_optional_with_measurement());
  statement.condition = TRY(parse_optional_condition());
  statement.sort = TRY(parse_optional_sort());
  statement.limit = TRY(parse_optional_count(TokenKind::kLimit));
  statement.offset = TRY(parse_optional_count(TokenKind::kOffset));
  return Statement(std::move(statement));
}

// ON db, ON db.policy, and * in place of either.
Result<void> StatementParser::parse_measurements_on(ShowMeasurementsStatement& statement) {
  const auto parse_name = [&](std::string& name, bool& is_any) -> Result<void> {
    const Token& token = tokens_.scan_word();
    if (token.kind == TokenKind::kIdentifier) {
      name = token.text;
    } else if (token.kind == TokenKind::kMultiply) {
      is_any = true;
    } else {
      return unexpected(token, {"identifier or *"});
    }
    return {};
  };
  if (!accept(TokenKind::kOn)) return {};
  TRY_VOID(parse_name(statement.database, statement.any_database));
  if (!accept(TokenKind::kDot)) return {};
  return parse_name(statement.policy, statement.any_policy);
}

Result<std::optional<Measurement>> StatementParser::parse_optional_with_measurement() {
  using None = std::optional<Measurement>;
  if (!accept(TokenKind::kWith)) return None();
  TRY_VOID(expect(TokenKind::kMeasurement));
  const Token& token = tokens_.scan_word();
  if (token.kind != TokenKind::kEqual && token.kind != TokenKind::kMatch) {
    return unexpected(token, {"=", "=~"});
  }
  const Source source = TRY(parse_source(SubqueryRule::kForbidden));
  return None(std::get<Measurement>(source));
}

Result<Statement> StatementParser::parse_show_tag_keys() {
  ShowTagKeysStatement statement;
  statement.database = TRY(parse_optional_database());
  statement.sources = TRY(parse_optional_sources());
  if (accept(TokenKind::kWith)) {
    tokens_.unscan();
    statement.key = TRY(parse_with_key());
  }
  statement.condition = TRY(parse_optional_condition());
  statement.sort = TRY(parse_optional_sort());
  statement.limit = TRY(parse_optional_count(TokenKind::kLimit));
  statement.offset = TRY(parse_optional_count(TokenKind::kOffset));
  statement.series_limit = TRY(parse_optional_count(TokenKind::kSlimit));
  statement.series_offset = TRY(parse_optional_count(TokenKind::kSoffset));
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_show_tag_values() {
  if (accept(TokenKind::kExact)) {
    TRY_VOID(expect(TokenKind::kCardinality));
    return parse_cardinality(Subject::kTagValues, true);
  }
  if (accept(TokenKind::kCardinality)) return parse_cardinality(Subject::kTagValues, false);
  ShowTagValuesStatement statement;
  statement.database = TRY(parse_optional_database());
  statement.sources = TRY(parse_optional_sources());
  statement.key = TRY(parse_with_key());
  statement.condition = TRY(parse_optional_condition());
  statement.sort = TRY(parse_optional_sort());
  statement.limit = TRY(parse_optional_count(TokenKind::kLimit));
  statement.offset = TRY(parse_optional_count(TokenKind::kOffset));
  return Statement(std::move(statement));
}

Result<TagKeyFilter> StatementParser::parse_with_key() {
  using Comparison = TagKeyFilter::Comparison;
  TRY_VOID(expect({TokenKind::kWith, TokenKind::kKey}));
  const Token token = tokens_.scan_word();
  switch (token.kind) {
    case TokenKind::kIn: return parse_key_list();
    case TokenKind::kEqual:
      return TagKeyFilter{Comparison::kEqual, {TRY(parse_identifier())}, {}};
    case TokenKind::kNotEqual:
      return TagKeyFilter{Comparison::kNotEqual, {TRY(parse_identifier())}, {}};
    case TokenKind::kMatch: return TagKeyFilter{Comparison::kMatch, {}, TRY(parse_regex())};
    case TokenKind::kNotMatch: return TagKeyFilter{Comparison::kNotMatch, {}, TRY(parse_regex())};
    default: return unexpected(token, {"IN", "=", "=~"});
  }
}

Result<TagKeyFilter> StatementParser::parse_key_list() {
  TRY_VOID(expect(TokenKind::kOpenParen));
  TagKeyFilter filter{TagKeyFilter::Comparison::kIn, TRY(parse_identifier_list()), {}};
  TRY_VOID(expect(TokenKind::kCloseParen));
  return filter;
}

Result<Statement> StatementParser::parse_show_field_keys() {
  ShowFieldKeysStatement statement;
  statement.database = TRY(parse_optional_database());
  statement.sources = TRY(parse_optional_sources());
  statement.sort = TRY(parse_optional_sort());
  statement.limit = TRY(parse_optional_count(TokenKind::kLimit));
  statement.offset = TRY(parse_optional_count(TokenKind::kOffset));
  return Statement(std::move(statement));
}

}  // namespace varve::influxql
