// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/standing_statements.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "query/influxql/ast_text.h"
#include "query/influxql/execute/databases.h"

namespace varve::influxql {
namespace {

Result<void> check_policy(const Measurement& measurement, const Names& names) {
  const DatabaseRef database = names.catalog->database(measurement.database);
  if (database != nullptr && database->policy(measurement.policy) != nullptr) return {};
  return fail(ErrorCode::kNotFound, "retention policy not found: " + measurement.database + "." +
                                        measurement.policy);
}

Result<void> check_policies(const SelectStatement& select, const Names& names) {
  if (select.target) TRY_VOID(check_policy(select.target->measurement, names));
  for (const Source& source : select.sources) {
    if (const auto* subquery = std::get_if<SubQuery>(&source)) {
      TRY_VOID(check_policies(*subquery->statement, names));
    } else {
      TRY_VOID(check_policy(std::get<Measurement>(source), names));
    }
  }
  return {};
}

// Source: InfluxDB 1.8, meta.validateURL.
bool is_destination(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = url.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https" && scheme != "udp") return false;
  std::string_view host = url.substr(scheme_end + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const size_t user_end = host.rfind('@'); user_end != std::string_view::npos) {
    host.remove_prefix(user_end + 1);
  }
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == host.size()) return false;
  const bool is_ipv6 = host.starts_with('[') && colon > 0 && host[colon - 1] == ']';
  if (!is_ipv6 && host.find(':') != colon) return false;
  return std::all_of(host.begin() + static_cast<std::ptrdiff_t>(colon) + 1, host.end(),
                     [](char c) { return c >= '0' && c <= '9'; }) &&
         host.find(' ') == std::string_view::npos;
}

}  // namespace

Result<void> execute(const CreateContinuousQueryStatement& statement, const Names& names,
                     Definitions& definitions) {
  Names here = names;
  here.database = statement.database;
  CreateContinuousQueryStatement full = statement;
  TRY_VOID(qualify(full.select, here));
  TRY_VOID(check_policies(full.select, here));
  return definitions.catalog.create_continuous_query(statement.database, statement.name,
                                                     to_string(Statement(std::move(full))));
}

Result<void> execute(const DropContinuousQueryStatement& statement, Definitions& definitions) {
  return definitions.catalog.drop_continuous_query(statement.database, statement.name);
}

Result<void> execute(const CreateSubscriptionStatement& statement, Definitions& definitions) {
  for (const std::string& destination : statement.destinations) {
    if (!is_destination(destination)) {
      return fail(ErrorCode::kInvalidInput, "invalid subscription URL: " + destination);
    }
  }
  return definitions.catalog.create_subscription(statement.database, statement.policy,
                                                 {.id = {},
                                                  .name = statement.name,
                                                  .mode = statement.mode,
                                                  .destinations = statement.destinations});
}

Result<void> execute(const DropSubscriptionStatement& statement, Definitions& definitions) {
  return definitions.catalog.drop_subscription(statement.database, statement.policy,
                                               statement.name);
}

Result<void> execute(const ShowContinuousQueriesStatement&, const Names& names, Answer& answer) {
  for (const DatabaseRef& database : databases_of(names)) {
    std::vector<std::vector<Value>> rows;
    for (const SavedQueryRef& query : database->continuous_queries) {
      rows.push_back({query->name, query->text});
    }
    TRY_VOID(answer.series(database->name, {"name", "query"}, rows));
  }
  return {};
}

Result<void> execute(const ShowSubscriptionsStatement&, const Names& names, Answer& answer) {
  for (const DatabaseRef& database : databases_of(names)) {
    std::vector<std::vector<Value>> rows;
    for (const PolicyRef& policy : database->policies) {
      for (const SubscriptionRef& subscription : policy->subscriptions) {
        std::string destinations;
        for (const std::string& destination : subscription->destinations) {
          if (!destinations.empty()) destinations += '\n';
          destinations += destination;
        }
        rows.push_back({policy->name, subscription->name, subscription->mode, destinations});
      }
    }
    if (rows.empty()) continue;
    TRY_VOID(answer.series({.name = database->name,
                            .tags = {},
                            .columns = {"retention_policy", "name", "mode", "destinations"},
                            .list_column = 3},
                           rows));
  }
  return {};
}

}  // namespace varve::influxql
