// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/query.h"

#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/execute/answer.h"
#include "query/influxql/execute/catalog_statements.h"
#include "query/influxql/execute/definition_statements.h"
#include "query/influxql/execute/delete_statements.h"
#include "query/influxql/execute/explain.h"
#include "query/influxql/execute/late_queries.h"
#include "query/influxql/execute/running_queries.h"
#include "query/influxql/execute/select_statement.h"
#include "query/influxql/execute/server_statements.h"
#include "query/influxql/execute/show_statements.h"
#include "query/influxql/execute/standing_statements.h"
#include "query/influxql/execute/statement_context.h"
#include "query/influxql/execute/user_statements.h"
#include "query/influxql/parser.h"
#include "query/influxql/statement_facts.h"

namespace varve::influxql {
namespace {

/// Runs one statement, whatever it is.
class StatementRunner {
 public:
  StatementRunner(Definitions& definitions, Accounts& accounts, const ServerFacts& facts,
                  StatementContext& context, Answer& answer)
      : definitions_(definitions),
        accounts_(accounts),
        facts_(facts),
        context_(context),
        answer_(answer) {}

  Result<void> operator()(const SelectStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowMeasurementsStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowSeriesStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowTagKeysStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowTagValuesStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowFieldKeysStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowCardinalityStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowDatabasesStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const ShowRetentionPoliciesStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const ShowShardsStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const ShowShardGroupsStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const ShowSubscriptionsStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const ShowContinuousQueriesStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const CreateDatabaseStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const DropDatabaseStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const CreateRetentionPolicyStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const AlterRetentionPolicyStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const DropRetentionPolicyStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const DropMeasurementStatement& statement) {
    return execute(statement, context_.names, definitions_);
  }
  Result<void> operator()(const DeleteStatement& statement) {
    return execute(statement, context_);
  }
  Result<void> operator()(const DropSeriesStatement& statement) {
    return execute(statement, context_);
  }
  Result<void> operator()(const DropShardStatement& statement) {
    return execute(statement, context_.names, definitions_);
  }
  Result<void> operator()(const CreateContinuousQueryStatement& statement) {
    return execute(statement, context_.names, definitions_);
  }
  Result<void> operator()(const DropContinuousQueryStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const CreateSubscriptionStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const DropSubscriptionStatement& statement) {
    return execute(statement, definitions_);
  }
  Result<void> operator()(const ShowUsersStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const ShowGrantsStatement& statement) {
    return execute(statement, context_.names, answer_);
  }
  Result<void> operator()(const CreateUserStatement& statement) {
    return execute(statement, accounts_);
  }
  Result<void> operator()(const DropUserStatement& statement) {
    return execute(statement, accounts_);
  }
  Result<void> operator()(const SetPasswordStatement& statement) {
    return execute(statement, accounts_);
  }
  Result<void> operator()(const GrantStatement& statement) {
    return execute(statement, accounts_);
  }
  Result<void> operator()(const GrantAdminStatement& statement) {
    return execute(statement, accounts_);
  }
  Result<void> operator()(const RevokeStatement& statement) {
    return execute(statement, accounts_);
  }
  Result<void> operator()(const RevokeAdminStatement& statement) {
    return execute(statement, accounts_);
  }
  Result<void> operator()(const ExplainStatement& statement) {
    return execute(statement, context_, answer_);
  }
  Result<void> operator()(const ShowQueriesStatement& statement) {
    return execute(statement, facts_, answer_);
  }
  Result<void> operator()(const ShowStatsStatement& statement) {
    return execute(statement, facts_, answer_);
  }
  Result<void> operator()(const ShowDiagnosticsStatement& statement) {
    return execute(statement, facts_, answer_);
  }
  Result<void> operator()(const KillQueryStatement& statement) {
    return execute(statement, facts_);
  }
  // Materialized views.
  template <class Other>
  Result<void> operator()(const Other& statement) {
    return fail(ErrorCode::kUnsupported, "not supported yet: " + to_string(Statement(statement)));
  }

 private:
  Definitions& definitions_;
  Accounts& accounts_;
  const ServerFacts& facts_;
  StatementContext& context_;
  Answer& answer_;
};

/// The warning shows a SELECT INTO as it was understood: with databases and policies.
std::optional<std::string> warning_of(const Statement& statement, const Names& names) {
  const auto* select = std::get_if<SelectStatement>(&statement);
  if (select == nullptr) return read_only_warning(statement);
  SelectStatement qualified = *select;
  // It ran, so everything in it has its place.
  if (!qualify(qualified, names)) return std::nullopt;
  return read_only_warning(Statement(std::move(qualified)));
}

/// What the client is told of a failed statement; empty when there is nobody to be told.
std::string reason_of(const Error& error, RunningQueries::Stop stop) {
  if (error.code != ErrorCode::kCancelled) return error.message;
  switch (stop) {
    case RunningQueries::Stop::kNone: return {};
    case RunningQueries::Stop::kKilled: return "query interrupted";
    case RunningQueries::Stop::kLate: break;
  }
  return std::string(kTooLate);
}

}  // namespace

InfluxqlEngine::InfluxqlEngine(const QueryServices& services, const QueryOptions& options)
    : services_(services),
      options_(options),
      started_ns_(services.clock.now_ns()),
      started_steady_ns_(services.clock.steady_ns()),
      running_(std::make_unique<RunningQueries>()),
      late_(options.timeout_ns > 0 ? std::make_unique<LateQueries>(*running_, services.clock,
                                                                   options.timeout_ns)
                                   : nullptr) {}

InfluxqlEngine::~InfluxqlEngine() = default;

ServerFacts InfluxqlEngine::facts() const {
  return {.queries = *running_,
          .version = options_.version,
          .now_ns = services_.clock.now_ns(),
          .steady_ns = services_.clock.steady_ns(),
          .started_ns = started_ns_,
          .started_steady_ns = started_steady_ns_,
          .storage = options_.storage};
}

Result<ParsedQuery> InfluxqlEngine::parse(const QueryRequest& request) const {
  return ParsedQuery{
      .statements = TRY(parse_query(request.text, {.parameters = request.parameters}))};
}

Result<void> InfluxqlEngine::run(const ParsedQuery& query, const QueryRequest& request,
                                 ResultSink& sink) const {
  Definitions definitions{.catalog = services_.catalog, .admin = services_.admin};
  Accounts accounts{.catalog = services_.catalog, .random = services_.random};
  const Clock& clock = services_.clock;
  const CancelFlag cancel =
      request.cancel ? request.cancel : std::make_shared<std::atomic<bool>>(false);
  const int64_t began_steady_ns = clock.steady_ns();
  // Source: InfluxDB 1.8, query.TaskManager.AttachQuery: of all statements together.
  const int64_t deadline_steady_ns =
      options_.timeout_ns > 0 ? began_steady_ns + options_.timeout_ns : 0;
  const auto ticket = running_->begin(request.text, request.database, began_steady_ns, cancel,
                                      deadline_steady_ns);
  for (size_t i = 0; i < query.statements.size(); ++i) {
    const Statement& statement = query.statements[i];
    const auto id = static_cast<uint32_t>(i);
    StatementContext context{
        .store = services_.store,
        .ingest = services_.ingest,
        .clock = clock,
        .options = options_,
        .names = {services_.catalog.snapshot(), request.database, request.policy, request.user},
        .now_ns = clock.now_ns(),
        .cancel = cancel,
        .deadline_steady_ns = deadline_steady_ns,
        .budget = MemoryBudget(options_.memory_bytes_max, options_.memory)};
    if (context.names.database.empty()) {
      context.names.database = std::string(default_database(statement));
    }
    TRY_VOID(sink.begin_statement(id));
    Answer answer(sink);
    const ServerFacts facts = this->facts();
    Result<void> result = context.check();
    if (result) {
      result =
          std::visit(StatementRunner(definitions, accounts, facts, context, answer), statement);
    }
    if (!result) {
      const std::string why = reason_of(result.error(), ticket.stop());
      if (answer.has_sink_failed() || why.empty()) return fail(result.error());
      TRY_VOID(sink.statement_error(why));
      TRY_VOID(sink.end_statement());
      if (i + 1 == query.statements.size()) return {};
      TRY_VOID(sink.begin_statement(id + 1));
      TRY_VOID(sink.statement_error("not executed"));
      return sink.end_statement();
    }
    if (request.is_read_only) {
      if (const auto warning = warning_of(statement, context.names)) {
        TRY_VOID(answer.message("warning", *warning));
      }
    }
    TRY_VOID(sink.end_statement());
  }
  return {};
}

}  // namespace varve::influxql
