// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/server_statements.h"

#include <unistd.h>

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "ingest/drops.h"
#include "query/influxql/statement_facts.h"

namespace varve::influxql {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

/// Figures of one module under one set of labels.
struct StatsRow {
  std::vector<std::string> columns;
  std::vector<Value> values;
};
using Stats = std::map<std::pair<std::string, metrics::Labels>, StatsRow>;

// Cut off to whole units, as InfluxDB shows how long a query has run.
std::string short_duration(int64_t duration_ns) {
  for (const int64_t unit : {kSecondNs, kSecondNs / 1'000, kSecondNs / 1'000'000}) {
    if (duration_ns >= unit) return duration_text(duration_ns - duration_ns % unit);
  }
  return duration_text(duration_ns);
}

// "varve_wal_syncs_total" is figure "syncs_total" of module "wal".
std::pair<std::string, std::string> module_of(std::string_view name) {
  constexpr std::string_view kPrefix = "varve_";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  const size_t end = name.find('_');
  if (end == std::string_view::npos) return {std::string(name), "value"};
  return {std::string(name.substr(0, end)), std::string(name.substr(end + 1))};
}

Stats collect_stats() {
  Stats stats;
  for (const metrics::Family& family : metrics::collect()) {
    if (family.kind == metrics::Kind::kHistogram) continue;
    const auto [module, figure] = module_of(family.name);
    for (const metrics::Sample& sample : family.samples) {
      StatsRow& row = stats[{module, sample.labels}];
      row.columns.push_back(figure);
      row.values.emplace_back(sample.value);
    }
  }
  return stats;
}

}  // namespace

Result<void> execute(const ShowQueriesStatement&, const ServerFacts& facts, Answer& answer) {
  std::vector<std::vector<Value>> rows;
  for (const RunningQueries::Query& query : facts.queries.list()) {
    rows.push_back({static_cast<int64_t>(query.id), redact_passwords(query.text), query.database,
                    short_duration(facts.steady_ns - query.begin_steady_ns),
                    std::string(query.is_killed ? "killed" : "running")});
  }
  return answer.series("", {"qid", "query", "database", "duration", "status"}, rows);
}

Result<void> execute(const KillQueryStatement& statement, const ServerFacts& facts) {
  return facts.queries.kill(statement.id);
}

Result<void> execute(const ShowStatsStatement& statement, const ServerFacts& facts,
                     Answer& answer) {
  Stats stats = collect_stats();
  StatsRow& runtime = stats[{"runtime", {}}];
  runtime.columns.insert(runtime.columns.end(), {"uptime_seconds", "queries_running"});
  runtime.values.emplace_back((facts.steady_ns - facts.started_steady_ns) / kSecondNs);
  runtime.values.emplace_back(static_cast<int64_t>(facts.queries.list().size()));
  for (const auto& [key, row] : stats) {
    if (!statement.module.empty() && key.first != statement.module) continue;
    ResultHeader header{.name = key.first, .tags = {}, .columns = row.columns};
    for (const auto& [name, value] : key.second) header.tags.emplace_back(name, value);
    TRY_VOID(answer.series(header, {row.values}));
  }
  return {};
}

Result<void> execute(const ShowDiagnosticsStatement& statement, const ServerFacts& facts,
                     Answer& answer) {
  const auto is_wanted = [&](std::string_view module) {
    return statement.module.empty() || statement.module == module;
  };
  if (is_wanted("build")) {
    TRY_VOID(answer.series("build", {"Version"}, {{facts.version}}));
  }
  if (is_wanted("system")) {
    TRY_VOID(answer.series("system", {"PID", "currentTime", "started", "uptime"},
                           {{static_cast<int64_t>(getpid()), time_text(facts.now_ns),
                             time_text(facts.started_ns),
                             short_duration(facts.steady_ns - facts.started_steady_ns)}}));
  }
  if (!facts.storage || !(is_wanted("storage") || is_wanted("damage"))) return {};
  const StorageFacts storage = facts.storage();
  if (is_wanted("storage")) {
    TRY_VOID(answer.series("storage", {"writable", "quarantinedFiles", "pendingDeletes"},
                           {{storage.writable, static_cast<int64_t>(storage.quarantined_files),
                             static_cast<int64_t>(storage.deletes_pending)}}));
  }
  if (is_wanted("damage") && !storage.damage.empty()) {
    std::vector<std::vector<Value>> rows;
    for (const std::string& sentence : storage.damage) rows.push_back({sentence});
    TRY_VOID(answer.series("damage", {"message"}, rows));
  }
  return {};
}

}  // namespace varve::influxql
