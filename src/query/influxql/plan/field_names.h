// SPDX-License-Identifier: Apache-2.0
// The names of result columns.
#pragma once

#include <string>
#include <vector>

namespace varve::influxql {

/// A column as written: with an alias, or else the name its expression suggests.
struct NamedColumn {
  std::string alias;
  std::string name;
};

/// The name of every column: aliases as they are; a suggested name that is taken gets _1, _2 …
/// Source: InfluxDB 1.8, influxql.SelectStatement.ColumnNames.
std::vector<std::string> unique_names(const std::vector<NamedColumn>& columns);

}  // namespace varve::influxql
