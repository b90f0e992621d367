// SPDX-License-Identifier: Apache-2.0
// What of a WHERE a Store can decide, and what is left to decide row by row.
#pragma once

#include <optional>
#include <vector>

#include "model/predicate.h"
#include "query/influxql/expression.h"
#include "query/influxql/plan/bound_table.h"

namespace varve::influxql {

struct PushedCondition {
  Predicate predicate;
  /// Holds as well; nothing: the predicate says all.
  std::optional<Expression> rest;
  /// What must hold of the tags alone, whatever the fields.
  Predicate tags;
};

/// The variables of the condition are typed; one without a type is a tag, which may be one that no
/// series has. Equality of a tag with '' means its absence; orders (<, >=) of text and
/// booleans hold for no row.
PushedCondition push_down(const std::optional<Expression>& condition, const BoundTable& table);

/// Columns of a table that give a field of that type, in order of id; empty: none can.
std::vector<const Column*> columns_for(const BoundTable& table, const Variable& field);

}  // namespace varve::influxql
