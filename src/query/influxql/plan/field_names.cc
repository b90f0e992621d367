// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/plan/field_names.h"

#include <map>

namespace varve::influxql {

std::vector<std::string> unique_names(const std::vector<NamedColumn>& columns) {
  std::vector<std::string> names(columns.size());
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].alias.empty()) continue;
    names[i] = columns[i].alias;
    seen[columns[i].alias] = 1;
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].alias.empty()) continue;
    std::string name = columns[i].name;
    if (const auto known = seen.find(name); known != seen.end()) {
      size_t number = known->second;
      std::string numbered = name + "_" + std::to_string(number);
      while (seen.contains(numbered)) {
        numbered = name + "_" + std::to_string(++number);
      }
      known->second = number + 1;
      name = std::move(numbered);
    }
    ++seen[name];
    names[i] = std::move(name);
  }
  return names;
}

}  // namespace varve::influxql
