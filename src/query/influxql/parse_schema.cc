// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include "query/influxql/duration.h"
#include "query/influxql/statement_parser.h"

namespace varve::influxql {
namespace {

constexpr int64_t kReplicationMax = std::numeric_limits<int32_t>::max();

}  // namespace

// ---- Databases and policies ----

Result<Statement> StatementParser::parse_create_database() {
  CreateDatabaseStatement statement;
  statement.name = TRY(parse_identifier());
  if (accept(TokenKind::kWith)) TRY_VOID(parse_database_policy(statement));
  return Statement(std::move(statement));
}

Result<void> StatementParser::parse_database_policy(CreateDatabaseStatement& statement) {
  const Token token = tokens_.scan_word();
  switch (token.kind) {
    case TokenKind::kDuration:
    case TokenKind::kName:
    case TokenKind::kReplication:
    case TokenKind::kShard:
    case TokenKind::kFuture:
    case TokenKind::kPast: break;
    default:
      return unexpected(token, {"DURATION", "NAME", "REPLICATION", "SHARD", "FUTURE", "PAST"});
  }
  tokens_.unscan();
  statement.has_policy = true;
  if (accept(TokenKind::kDuration)) statement.duration_ns = TRY(parse_duration_or_inf());
  if (accept(TokenKind::kReplication)) {
    statement.replication = TRY(parse_integer(1, kReplicationMax));
  }
  if (accept(TokenKind::kShard)) {
    TRY_VOID(expect(TokenKind::kDuration));
    statement.shard_duration_ns = TRY(parse_duration_or_inf());
  }
  if (accept(TokenKind::kFuture)) statement.future_limit_ns = TRY(parse_write_limit());
  if (accept(TokenKind::kPast)) statement.past_limit_ns = TRY(parse_write_limit());
  if (accept(TokenKind::kName)) statement.policy_name = TRY(parse_identifier());
  return {};
}

Result<Statement> StatementParser::parse_drop_database() {
  return Statement(DropDatabaseStatement{TRY(parse_identifier())});
}

Result<Statement> StatementParser::parse_create_retention_policy() {
  CreateRetentionPolicyStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kDuration));
  statement.duration_ns = TRY(parse_duration_or_inf());
  TRY_VOID(expect(TokenKind::kReplication));
  statement.replication = TRY(parse_integer(1, kReplicationMax));
  if (accept(TokenKind::kShard)) statement.shard_duration_ns = TRY(parse_shard_duration());
  statement.is_default = accept(TokenKind::kDefault);
  if (accept(TokenKind::kFuture)) statement.future_limit_ns = TRY(parse_write_limit());
  if (accept(TokenKind::kPast)) statement.past_limit_ns = TRY(parse_write_limit());
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_alter_retention_policy() {
  AlterRetentionPolicyStatement statement;
  const Token name = tokens_.scan_word();
  if (name.kind == TokenKind::kDefault) {
    statement.name = "default";
  } else if (name.kind == TokenKind::kIdentifier) {
    statement.name = name.text;
  } else {
    return unexpected(name, {"identifier"});
  }
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());

  std::vector<TokenKind> given;
  while (true) {
    const Token option = tokens_.scan_word();
    if (std::find(given.begin(), given.end(), option.kind) != given.end()) {
      return fail_at("found duplicate " + std::string(to_string(option.kind)) + " option",
                     option.position);
    }
    if (!TRY(parse_policy_option(statement, option))) {
      if (given.empty()) {
        return unexpected(option,
                          {"DURATION", "REPLICATION", "SHARD", "DEFAULT", "FUTURE", "PAST"});
      }
      tokens_.unscan();
      return Statement(std::move(statement));
    }
    given.push_back(option.kind);
  }
}

// False when the word is no option.
Result<bool> StatementParser::parse_policy_option(AlterRetentionPolicyStatement& statement,
                                                  const Token& option) {
  switch (option.kind) {
    case TokenKind::kDuration: statement.duration_ns = TRY(parse_duration_or_inf()); return true;
    case TokenKind::kReplication:
      statement.replication = TRY(parse_integer(1, kReplicationMax));
      return true;
    case TokenKind::kShard: statement.shard_duration_ns = TRY(parse_shard_duration()); return true;
    case TokenKind::kDefault: statement.is_default = true; return true;
    case TokenKind::kFuture: statement.future_limit_ns = TRY(parse_write_limit()); return true;
    case TokenKind::kPast: statement.past_limit_ns = TRY(parse_write_limit()); return true;
    default: return false;
  }
}

// After SHARD.
Result<int64_t> StatementParser::parse_shard_duration() {
  TRY_VOID(expect(TokenKind::kDuration));
  const Token& token = tokens_.scan_word();
  if (token.kind == TokenKind::kInf) {
    return fail_at("invalid duration INF for shard duration", token.position);
  }
  tokens_.unscan();
  return parse_duration_or_inf();
}

// After FUTURE or PAST.
Result<int64_t> StatementParser::parse_write_limit() {
  TRY_VOID(expect(TokenKind::kLimit));
  return parse_duration_or_inf();
}

Result<Statement> StatementParser::parse_drop_retention_policy() {
  DropRetentionPolicyStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());
  return Statement(std::move(statement));
}

// ---- Removing data ----

Result<Statement> StatementParser::parse_delete() {
  DeleteStatement statement;
  const Token first = tokens_.scan_word();
  tokens_.unscan();
  statement.sources = TRY(parse_optional_sources());
  for (const Source& source : statement.sources) {
    if (!std::get<Measurement>(source).database.empty()) {
      return fail_at("database not supported", 0);
    }
  }
  statement.condition = TRY(parse_optional_condition());
  if (statement.sources.empty() && !statement.condition) {
    return unexpected(first, {"FROM", "WHERE"});
  }
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_drop_series() {
  DropSeriesStatement statement;
  const Token first = tokens_.scan_word();
  tokens_.unscan();
  statement.sources = TRY(parse_optional_sources());
  std::string refusal;
  for (const Source& source : statement.sources) {
    const auto& measurement = std::get<Measurement>(source);
    if (!measurement.database.empty()) refusal = "database not supported";
    if (!measurement.policy.empty()) refusal = "retention policy not supported";
  }
  if (!refusal.empty()) return fail_at(refusal, 0);
  statement.condition = TRY(parse_optional_condition());
  if (statement.sources.empty() && !statement.condition) {
    return unexpected(first, {"FROM", "WHERE"});
  }
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_drop_measurement() {
  return Statement(DropMeasurementStatement{TRY(parse_identifier())});
}

Result<Statement> StatementParser::parse_drop_shard() {
  return Statement(DropShardStatement{TRY(parse_unsigned())});
}

// ---- Standing work ----

Result<Statement> StatementParser::parse_create_continuous_query() {
  CreateContinuousQueryStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());
  if (accept(TokenKind::kResample)) TRY_VOID(parse_resample(statement));
  TRY_VOID(expect({TokenKind::kBegin, TokenKind::kSelect}));
  statement.select = TRY(parse_select(IntoRule::kRequired));
  if (!is_raw_query(statement.select)) TRY_VOID(require_interval(statement.select));
  TRY_VOID(expect(TokenKind::kEndKeyword));

  int64_t shortest_ns = TRY(group_by_interval(statement.select));
  if (statement.resample_for_ns != 0) {
    shortest_ns = std::max(shortest_ns, statement.resample_every_ns);
    if (shortest_ns > statement.resample_for_ns) {
      return fail(ErrorCode::kInvalidInput,
                  "FOR duration must be >= GROUP BY time duration: must be a minimum of " +
                      format_duration(shortest_ns) + ", got " +
                      format_duration(statement.resample_for_ns));
    }
  }
  return Statement(std::move(statement));
}

Result<void> StatementParser::parse_resample(CreateContinuousQueryStatement& statement) {
  if (accept(TokenKind::kEvery)) statement.resample_every_ns = TRY(parse_duration_value());
  if (accept(TokenKind::kFor)) statement.resample_for_ns = TRY(parse_duration_value());
  if (statement.resample_every_ns == 0 && statement.resample_for_ns == 0) {
    return unexpected(tokens_.scan_word(), {"EVERY", "FOR"});
  }
  return {};
}

// To be called right after the SELECT has been parsed.
Result<void> StatementParser::require_interval(const SelectStatement& select) {
  const auto interval = group_by_interval(select);
  if (interval && *interval != 0) return {};
  // The message points at the last word of the SELECT: the word after it has already been taken
  // back, and in front of that stands a space.
  tokens_.unscan();
  tokens_.unscan();
  const Token token = tokens_.scan_word();
  if (interval) return unexpected(token, {"GROUP BY time(...)"});
  return unexpected(token, {"GROUP BY time(...)", interval.error().message});
}

Result<Statement> StatementParser::parse_drop_continuous_query() {
  DropContinuousQueryStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_create_materialized_view() {
  TRY_VOID(expect_word("view", "VIEW"));
  CreateMaterializedViewStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());
  if (accept(TokenKind::kWith)) {
    statement.backfill = !accept_word("no");
    TRY_VOID(expect_word("backfill", "BACKFILL"));
  }
  TRY_VOID(expect({TokenKind::kAs, TokenKind::kSelect}));
  statement.select = TRY(parse_select(IntoRule::kRequired));
  TRY_VOID(require_interval(statement.select));
  const auto& sources = statement.select.sources;
  const auto* measurement = std::get_if<Measurement>(&sources.front());
  if (sources.size() != 1 || measurement == nullptr || measurement->regex) {
    return fail(ErrorCode::kInvalidInput,
                "a materialized view reads exactly one measurement, given by its name");
  }
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_drop_materialized_view() {
  TRY_VOID(expect_word("view", "VIEW"));
  DropMaterializedViewStatement statement;
  statement.name = TRY(parse_identifier());
  statement.database = TRY(parse_optional_database());
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_create_subscription() {
  CreateSubscriptionStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());
  const Token dot = tokens_.scan();
  if (dot.kind != TokenKind::kDot) return unexpected(dot, {"."});
  statement.policy = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kDestinations));
  const Token mode = tokens_.scan_word();
  if (mode.kind != TokenKind::kAll && mode.kind != TokenKind::kAny) {
    return unexpected(mode, {"ALL", "ANY"});
  }
  statement.mode = to_string(mode.kind);
  statement.destinations = TRY(parse_string_list());
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_drop_subscription() {
  DropSubscriptionStatement statement;
  statement.name = TRY(parse_identifier());
  TRY_VOID(expect(TokenKind::kOn));
  statement.database = TRY(parse_identifier());
  const Token dot = tokens_.scan();
  if (dot.kind != TokenKind::kDot) return unexpected(dot, {"."});
  statement.policy = TRY(parse_identifier());
  return Statement(std::move(statement));
}

Result<Statement> StatementParser::parse_kill_query() {
  KillQueryStatement statement;
  statement.id = TRY(parse_unsigned());
  if (accept(TokenKind::kOn)) statement.host = TRY(parse_identifier());
  return Statement(std::move(statement));
}

}  // namespace varve::influxql
