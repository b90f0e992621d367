// SPDX-License-Identifier: Apache-2.0
// Wildcards and regular expressions among the fields and the dimensions become names.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/influxql/ast.h"

namespace varve::influxql {

/// The names that the sources of a SELECT have.
struct SourceNames {
  std::map<std::string, DataType> fields;
  std::set<std::string> tags;
};

bool has_wildcard(const std::vector<Field>& fields);
bool has_wildcard(const std::vector<Dimension>& dimensions);

/// Replaces what stands for many names by the names, sorted. Tags are fields as well unless the
/// dimensions name them. Functions get only fields that they can take.
/// Source: InfluxDB 1.8, influxql.SelectStatement.RewriteFields.
Result<void> expand_wildcards(SelectStatement& select, const SourceNames& names);

}  // namespace varve::influxql
