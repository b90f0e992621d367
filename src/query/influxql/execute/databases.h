// SPDX-License-Identifier: Apache-2.0
// The databases that a statement sees.
#pragma once

#include <algorithm>
#include <vector>

#include "query/influxql/plan/bound_table.h"

namespace varve::influxql {

/// Those that the user may see, in order of creation.
inline std::vector<DatabaseRef> databases_of(const Names& names) {
  std::vector<DatabaseRef> databases;
  for (const auto& [name, database] : names.catalog->databases) {
    if (names.user == nullptr || may_see(*names.user, database->id)) databases.push_back(database);
  }
  std::sort(databases.begin(), databases.end(),
            [](const DatabaseRef& a, const DatabaseRef& b) { return raw(a->id) < raw(b->id); });
  return databases;
}

}  // namespace varve::influxql
