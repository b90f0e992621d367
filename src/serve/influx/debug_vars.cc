// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/debug_vars.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/memory_governor.h"
#include "serve/influx/errors.h"

namespace varve::influx {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

/// Keeps each series with one row as an object. Threads: one at a time.
class ObjectSink final : public ResultSink {
 public:
  struct Row {
    uint32_t statement = 0;
    std::string name;
    Json tags = Json::object();
    Json values = Json::object();
  };

  Result<void> begin_statement(uint32_t statement_id) override {
    statement_ = statement_id;
    return {};
  }
  Result<void> message(std::string_view, std::string_view) override { return {}; }
  Result<void> begin_series(const ResultHeader& header) override {
    Row& row = rows_.emplace_back();
    row.statement = statement_;
    row.name = header.name;
    for (const auto& [name, text] : header.tags) row.tags[name] = text;
    columns_ = header.columns;
    return {};
  }
  Result<void> rows(const ResultBlock& block) override {
    for (size_t i = 0; i < columns_.size() && block.row_count > 0; ++i) {
      rows_.back().values[columns_[i]] = json_of(block.columns[i].at(0));
    }
    return {};
  }
  Result<void> end_series() override { return {}; }
  Result<void> statement_error(std::string_view) override { return {}; }
  Result<void> end_statement() override { return {}; }

  const std::vector<Row>& all() const { return rows_; }
  int64_t number(std::string_view name, const char* column) const {
    for (const Row& row : rows_) {
      if (row.name == name && row.values.contains(column)) return row.values[column].get<int64_t>();
    }
    return 0;
  }

 private:
  uint32_t statement_ = 0;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char byte : name) {
    if (byte == '"' || byte == '\\') text += '\\';
    text += byte;
  }
  return text + "\"";
}

void add_module(Json& document, const std::string& key, const std::string& name, Json tags,
                Json values) {
  document[key] = {{"name", name}, {"tags", std::move(tags)}, {"values", std::move(values)}};
}

/// Statement 0 tells of the build and the system, 1 of the modules, then two of each database.
Json document_of(const ObjectSink& answers, const std::vector<std::string>& databases) {
  Json document;
  std::vector<int64_t> counts(2 + 2 * databases.size());
  for (const auto& row : answers.all()) {
    if (row.statement >= 2 && row.values.contains("count")) {
      counts[row.statement] += row.values["count"].get<int64_t>();
    }
    if (row.statement == 0) document[row.name] = row.values;
    if (row.statement != 1) continue;
    std::string key = row.name;
    for (const auto& [name, text] : row.tags.items()) key += ":" + text.get<std::string>();
    add_module(document, key, row.name, row.tags, row.values);
  }
  const auto resident = MemoryGovernor::this_process().resident_bytes();
  document["cmdline"] = {"varve", "serve"};
  document["memstats"] = {{"Alloc", resident}, {"HeapAlloc", resident}, {"Sys", resident}};
  add_module(document, "httpd", "httpd", Json::object(),
             {{"queryReq", answers.number("query", "requests_total")},
              {"writeReq", answers.number("write", "requests_total")},
              {"pointsWrittenOK", answers.number("write", "points_total")},
              {"pointsWrittenDropped", answers.number("ingest", "rows_dropped_total")}});
  for (size_t i = 0; i < databases.size(); ++i) {
    add_module(document, "database:" + databases[i], "database", {{"database", databases[i]}},
               {{"numMeasurements", counts[2 + 2 * i]}, {"numSeries", counts[3 + 2 * i]}});
  }
  return document;
}

void answer(const QueryServices& services, const Reply& reply) {
  std::vector<std::string> databases;
  std::string text = "SHOW DIAGNOSTICS; SHOW STATS";
  const auto catalog = services.catalog.snapshot();
  for (const auto& [name, database] : catalog->databases) {
    databases.push_back(name);
    const auto on = " EXACT CARDINALITY ON " + quoted(name);
    text += "; SHOW MEASUREMENT" + on + "; SHOW SERIES" + on;
  }
  const influxql::QueryRequest request{
      .text = text, .is_read_only = true, .cancel = reply.responder().cancelled()};
  const auto parsed = services.engine.parse(request);
  if (!parsed) return reply.send_error(parsed.error());
  ObjectSink answers;
  const auto done = services.engine.run(*parsed, request, answers);
  if (!done) return reply.send_error(done.error());
  reply.send(200, "application/json; charset=utf-8",
             document_of(answers, databases)
                     .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                 "\n");
}

}  // namespace

void handle_debug_vars(const QueryServices& services, Reply reply) {
  const bool taken = services.pool.try_submit([services, reply] { answer(services, reply); });
  if (!taken) reply.send_error(503, "too many queries are waiting");
}

}  // namespace varve::influx
