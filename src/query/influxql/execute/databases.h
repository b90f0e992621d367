// SPDX-License-Identifier: Apache-2.0
// The databases that a statement sees.
#pragma once

#include <algorithm>
#include <vector>

#include "query/influxql/plan/bound_table.h"

namespace varve::influxql {

/// In order of creation.
inline std::vector<DatabaseRef> databases_of(const Names& names) {
  std::vector<DatabaseRef> databases;
  for (const auto& [name, database] : names.catalog->databases) databases.push_back(database);
  std::sort(databases.begin(), databases.end(),
            [](const DatabaseRef& a, const DatabaseRef& b) { return raw(a->id) < raw(b->id); });
  return databases;
}

}  // namespace varve::influxql
