// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/bound_table.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace varve::influxql {
namespace {

// Strongest first.
int rank(DataType type) {
  switch (type) {
    case DataType::kFloat: return 0;
    case DataType::kInteger: return 1;
    case DataType::kUnsigned: return 2;
    case DataType::kString: return 3;
    case DataType::kBoolean: return 4;
    case DataType::kTime: return 5;
    case DataType::kDuration: return 6;
    case DataType::kTag: return 7;
    case DataType::kAnyField: return 8;
    case DataType::kUnknown: break;
  }
  return 9;
}

// The part of a range that the segments cover, from the first to the last that overlaps it.
TimeRange covered_range(const Policy& policy, TimeRange range) {
  TimeRange covered{.begin_ns = range.end_ns, .end_ns = range.begin_ns};
  for (const Segment& segment : policy.segments) {
    if (!segment.range.overlaps(range)) continue;
    covered.begin_ns = std::min(covered.begin_ns, std::max(segment.range.begin_ns, range.begin_ns));
    covered.end_ns = std::max(covered.end_ns, std::min(segment.range.end_ns, range.end_ns));
  }
  return covered;
}

Result<BoundTableRef> bind_table(const TableRef& table, const PolicyRef& policy, TimeRange range,
                                 Store& store) {
  auto bound = std::make_shared<BoundTable>();
  bound->name = table->name;
  bound->table = table;
  bound->policy = policy;
  bound->range = covered_range(*policy, range);
  if (!bound->range.empty()) {
    for (const ColumnId id : TRY(store.list_columns(table->id, bound->range))) {
      const Column* column = table->column(id);
      // A column newer than this picture of the catalog is not part of the statement.
      if (column == nullptr || column->kind != ColumnKind::kField) continue;
      bound->fields[column->name].push_back(column);
    }
  }
  return BoundTableRef(std::move(bound));
}

}  // namespace

DataType to_data_type(ValueType type) {
  switch (type) {
    case ValueType::kFloat64: return DataType::kFloat;
    case ValueType::kInt64: return DataType::kInteger;
    case ValueType::kUint64: return DataType::kUnsigned;
    case ValueType::kBool: return DataType::kBoolean;
    case ValueType::kString:
    case ValueType::kBytes: return DataType::kString;
    case ValueType::kTimestamp: break;
  }
  return DataType::kTime;
}

std::optional<ValueType> to_value_type(DataType type) {
  switch (type) {
    case DataType::kFloat: return ValueType::kFloat64;
    case DataType::kInteger: return ValueType::kInt64;
    case DataType::kUnsigned: return ValueType::kUint64;
    case DataType::kBoolean: return ValueType::kBool;
    case DataType::kString:
    case DataType::kTag: return ValueType::kString;
    case DataType::kTime: return ValueType::kTimestamp;
    default: return std::nullopt;
  }
}

bool is_weaker(DataType a, DataType b) { return rank(b) < rank(a); }

DataType BoundTable::type_of(std::string_view column_name) const {
  DataType type = DataType::kUnknown;
  if (const auto variants = fields.find(column_name); variants != fields.end()) {
    for (const Column* column : variants->second) {
      const DataType candidate = to_data_type(column->type);
      if (is_weaker(type, candidate)) type = candidate;
    }
    return type;
  }
  return table->tag(column_name) != nullptr && !range.empty() ? DataType::kTag : type;
}

Result<void> qualify(Measurement& measurement, const Names& names) {
  if (measurement.database.empty()) measurement.database = names.database;
  if (measurement.database.empty()) {
    return fail(ErrorCode::kInvalidInput, "database name required");
  }
  const DatabaseRef database = names.catalog->database(measurement.database);
  if (database == nullptr) {
    return fail(ErrorCode::kNotFound, "database not found: " + measurement.database);
  }
  if (measurement.policy.empty()) measurement.policy = names.policy;
  if (measurement.policy.empty()) measurement.policy = database->default_policy;
  if (measurement.policy.empty()) {
    return fail(ErrorCode::kNotFound,
                "default retention policy not set for: " + measurement.database);
  }
  return {};
}

Result<void> qualify(SelectStatement& select, const Names& names) {
  if (select.target) TRY_VOID(qualify(select.target->measurement, names));
  for (Source& source : select.sources) {
    if (auto* measurement = std::get_if<Measurement>(&source)) {
      TRY_VOID(qualify(*measurement, names));
    } else {
      TRY_VOID(qualify(*std::get<SubQuery>(source).statement, names));
    }
  }
  return {};
}

Result<std::vector<BoundTableRef>> bind_tables(const Measurement& measurement, const Names& names,
                                               TimeRange range, Store& store) {
  const DatabaseRef database = names.catalog->database(measurement.database);
  const PolicyRef policy = database == nullptr ? nullptr : database->policy(measurement.policy);
  if (policy == nullptr) {
    return fail(ErrorCode::kNotFound, "retention policy not found: " + measurement.policy);
  }
  std::vector<BoundTableRef> bound;
  if (!measurement.regex) {
    if (const TableRef table = policy->table(measurement.name)) {
      bound.push_back(TRY(bind_table(table, policy, range, store)));
    }
    return bound;
  }
  const re2::RE2 pattern(measurement.regex->pattern, re2::RE2::Quiet);
  for (const TableRef& table : policy->tables()) {
    if (re2::RE2::PartialMatch(table->name, pattern)) {
      bound.push_back(TRY(bind_table(table, policy, range, store)));
    }
  }
  return bound;
}

}  // namespace varve::influxql
