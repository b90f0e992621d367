// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/test_database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace varve::influxql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(mark);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string time_text(int64_t ns) {
  if (ns % kSecond == 0) return std::to_string(ns / kSecond);
  return std::to_string(ns) + "ns";
}

std::string cell_text(const ColumnView& column, size_t row) {
  if (!column.has_value(row)) return "null";
  if (column.type == ValueType::kTimestamp) return time_text(column.as<int64_t>()[row]);
  const Value value = column.at(row);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* i64 = std::get_if<int64_t>(&value)) return std::to_string(*i64);
  if (const auto* u64 = std::get_if<uint64_t>(&value)) return std::to_string(*u64) + "u";
  if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
  // As every door words it.
  if (std::isnan(std::get<double>(value))) return "null";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::get<double>(value));
  return std::string(buffer, end.ptr);
}

/// Words an answer as TestDatabase::run says.
class TextSink final : public ResultSink {
 public:
  Result<void> begin_statement(uint32_t statement_id) override {
    if (statement_id > 0) text += " | ";
    has_series_ = false;
    return {};
  }
  Result<void> message(std::string_view level, std::string_view words) override {
    text += "[" + std::string(level) + ": " + std::string(words) + "]";
    return {};
  }
  Result<void> begin_series(const ResultHeader& header) override {
    if (has_series_) text += "; ";
    has_series_ = true;
    text += header.name;
    for (size_t i = 0; i < header.tags.size(); ++i) {
      text += (i == 0 ? "{" : ",") + header.tags[i].first + "=" + header.tags[i].second;
    }
    if (!header.tags.empty()) text += "}";
    for (size_t i = 0; i < header.columns.size(); ++i) {
      text += (i == 0 ? (text.empty() ? "" : " ") : ",") + header.columns[i];
    }
    text += ":";
    return {};
  }
  Result<void> rows(const ResultBlock& block) override {
    for (size_t row = 0; row < block.row_count; ++row) {
      for (size_t i = 0; i < block.columns.size(); ++i) {
        text += (i == 0 ? " " : ",") + cell_text(block.columns[i], row);
      }
    }
    return {};
  }
  Result<void> end_series() override { return {}; }
  Result<void> statement_error(std::string_view words) override {
    text += "error: " + std::string(words);
    return {};
  }
  Result<void> end_statement() override { return {}; }

  std::string text;

 private:
  bool has_series_ = false;
};

Value field_value(std::string_view text) {
  if (text.front() == '"') return std::string(text.substr(1, text.size() - 2));
  if (text == "true" || text == "false") return text == "true";
  const char last = text.back();
  if (last == 'i') {
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size() - 1, number);
    return number;
  }
  if (last == 'u') {
    uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size() - 1, number);
    return number;
  }
  return std::stod(std::string(text));
}

ValueType type_of(const Value& value) {
  if (std::holds_alternative<double>(value)) return ValueType::kFloat64;
  if (std::holds_alternative<int64_t>(value)) return ValueType::kInt64;
  if (std::holds_alternative<uint64_t>(value)) return ValueType::kUint64;
  return std::holds_alternative<bool>(value) ? ValueType::kBool : ValueType::kString;
}

}  // namespace

TestDatabase::TestDatabase() : clock_(1000 * kSecond) {
  catalog_ = std::move(*open_catalog(disk_.open(), {}));
  EXPECT_TRUE(catalog_->create_database("db", std::nullopt).has_value());
  ingest_ = make_ingest(*catalog_, store_, clock_, random_, {});
}

void TestDatabase::write(std::string_view lines, const std::string& policy) {
  for (const std::string_view line : split(lines, '\n')) {
    if (!line.empty()) write_line(line, policy);
  }
}

void TestDatabase::write_line(std::string_view line, const std::string& policy_name) {
  const DatabaseRef database = catalog_->snapshot()->database("db");
  const PolicyRef policy =
      database->policy(policy_name.empty() ? database->default_policy : policy_name);
  const auto parts = split(line, ' ');
  const auto key = split(parts[0], ',');
  std::vector<NewColumn> columns;
  std::vector<std::pair<std::string, Value>> fields;
  for (size_t i = 1; i < key.size(); ++i) {
    columns.push_back(
        {std::string(split(key[i], '=')[0]), ColumnKind::kTag, ValueType::kString});
  }
  for (const std::string_view field : split(parts[1], ',')) {
    const auto pair = split(field, '=');
    fields.emplace_back(pair[0], field_value(pair[1]));
    columns.push_back({std::string(pair[0]), ColumnKind::kField, type_of(fields.back().second)});
  }
  const std::string name(key[0]);
  const TableRef table = *catalog_->ensure_columns(policy->id, name, columns);
  std::vector<KeyCell> cells;
  for (size_t i = 1; i < key.size(); ++i) {
    const auto pair = split(key[i], '=');
    cells.push_back({table->tag(pair[0])->id, pair[1]});
  }
  std::sort(cells.begin(), cells.end(),
            [](const KeyCell& a, const KeyCell& b) { return a.column < b.column; });
  FakeStore::Cells row;
  for (const auto& [field, value] : fields) row[table->field(field, type_of(value))->id] = value;
  const int64_t time_ns = std::stoll(std::string(parts[2])) * kSecond;
  const auto segment = catalog_->ensure_segment(policy->id, time_ns);
  ASSERT_TRUE(segment.has_value());
  store_.put_segment(table->id, segment->id, segment->range);
  store_.put(table->id, encode_series_key(cells), time_ns, row);
}

std::string TestDatabase::run(std::string_view text) {
  return run(text, {.database = "db"});
}

std::string TestDatabase::run(std::string_view text, QueryRequest request) {
  const InfluxqlEngine engine({*catalog_, *ingest_, store_, store_, clock_, random_}, options_);
  request.text = std::string(text);
  const auto query = engine.parse(request);
  if (!query) return "refused: " + query.error().message;
  TextSink sink;
  const auto result = engine.run(*query, request, sink);
  if (!result) return "ended: " + result.error().message;
  return sink.text;
}

TestDatabase& shared_database() {
  static TestDatabase* const database = [] {
    auto* made = new TestDatabase;
    made->write(R"(cpu,host=a,region=east v=1,i=2i,ok=true,s="x" 0
cpu,host=a,region=east v=3,i=4i 10
cpu,host=a,region=east v=5 35
cpu,host=b,region=west v=2,i=7i,ok=false 5
cpu,host=b,region=west v=8,s="y" 20
mem used=10i 0
mem used=30i 30)");
    return made;
  }();
  return *database;
}

namespace {

TEST(TestDatabase, WordsAnswers) {
  TestDatabase database;
  database.write("cpu,host=a v=1.5,s=\"x\" 10");
  EXPECT_EQ(database.run("SELECT * FROM cpu"), "cpu time,host,s,v: 10,'a','x',1.5");
  EXPECT_EQ(database.run("SELECT"),
            "refused: found EOF, expected identifier, string, number, bool at line 1, char 8");
}

}  // namespace
}  // namespace varve::influxql
