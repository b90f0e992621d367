// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/ast.h"

namespace varve::influxql {

std::string_view to_string(Privilege privilege) {
  switch (privilege) {
    case Privilege::kNone: return "NO PRIVILEGES";
    case Privilege::kRead: return "READ";
    case Privilege::kWrite: return "WRITE";
    case Privilege::kAll: return "ALL PRIVILEGES";
  }
  return "";
}

std::string column_name(const Field& field) {
  return field.alias.empty() ? column_name(field.expression) : field.alias;
}

bool is_raw_query(const SelectStatement& select) {
  for (const Field& field : select.fields) {
    if (has_call(field.expression)) return false;
  }
  return true;
}

Result<int64_t> group_by_interval(const SelectStatement& select) {
  for (const Dimension& dimension : select.dimensions) {
    const auto* call = dimension.expression.as<Call>();
    if (call == nullptr || call->name != "time") continue;
    if (call->arguments.empty() || call->arguments.size() > 2) {
      return fail(ErrorCode::kInvalidInput, "time dimension expected 1 or 2 arguments");
    }
    const auto* duration = call->arguments.front().as<DurationLiteral>();
    if (duration == nullptr) {
      return fail(ErrorCode::kInvalidInput, "time dimension must have duration argument");
    }
    return duration->nanoseconds;
  }
  return int64_t{0};
}

}  // namespace varve::influxql
