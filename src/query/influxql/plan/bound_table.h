// SPDX-License-Identifier: Apache-2.0
// A measurement of a FROM clause, found: its table, and which of its fields hold something in the
// time that is asked for.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "model/time_range.h"
#include "query/influxql/ast.h"
#include "store/store.h"

namespace varve::influxql {

DataType to_data_type(ValueType type);
/// The type of cells of a field or tag of that type; nothing for kUnknown, kAnyField and others
/// that no cell has.
std::optional<ValueType> to_value_type(DataType type);

/// True when `b` goes before `a` where a name has two types: float, integer, unsigned, string,
/// boolean, tag, in this order; anything goes before kUnknown.
/// Source: InfluxDB 1.8, influxql.DataType.LessThan.
bool is_weaker(DataType a, DataType b);

/// One table under the name of its measurement.
struct BoundTable {
  std::string name;
  TableRef table;
  PolicyRef policy;
  /// The part of the wanted time that the policy's segments cover; may be empty.
  TimeRange range;
  /// By name: the variants that hold cells in the range, in order of id.
  std::map<std::string, std::vector<const Column*>, std::less<>> fields;

  /// The strongest type among the variants, kTag for a tag, else kUnknown.
  DataType type_of(std::string_view column_name) const;
};
using BoundTableRef = std::shared_ptr<const BoundTable>;

/// What a name in a statement is looked up with.
struct Names {
  CatalogSnapshotRef catalog;
  std::string database;  ///< The request's.
  std::string policy;    ///< The request's; empty: the database's default.
  UserRef user = nullptr;  ///< Whose grants limit which databases are listed; null: all are.
};

/// Fills in the database and policy that a measurement does not name. Errors are InfluxDB's:
/// `database name required`, `database not found: x`, `default retention policy not set for: x`.
Result<void> qualify(Measurement& measurement, const Names& names);
/// The same for every measurement of a SELECT, its subqueries and its target.
Result<void> qualify(SelectStatement& select, const Names& names);

/// The tables that a qualified measurement means, sorted by name; an unknown one gives none.
/// Fails with `retention policy not found: x`.
Result<std::vector<BoundTableRef>> bind_tables(const Measurement& measurement, const Names& names,
                                               TimeRange range, Store& store);

}  // namespace varve::influxql
