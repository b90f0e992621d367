// SPDX-License-Identifier: Apache-2.0
// Computes a RowExpression over columns, a column at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/column_vector.h"
#include "query/influxql/plan/row_expression.h"

namespace varve::influxql {

/// How `/` treats two integers: SELECT makes a float of them, WHERE cuts the fraction off.
/// Source: InfluxDB 1.8, influxql.ValuerEval.IntegerFloatDivision.
enum class IntegerDivision : uint8_t { kFloat, kCut };

/// A result: its own column, or a view of an input.
struct Evaluated {
  ColumnView view;
  std::shared_ptr<const void> owner;  ///< Keeps the view alive; null: an input's or a literal's.
};

/// Every input has `row_count` rows. The result lives as long as the inputs, the expression and
/// `owner`. A result without any value is a column of absent floats.
Evaluated evaluate(const RowExpression& expression, std::span<const ColumnView> inputs,
                   size_t row_count, IntegerDivision division);

/// One byte a row: 1 where the expression is a boolean true.
std::vector<uint8_t> evaluate_condition(const RowExpression& expression,
                                        std::span<const ColumnView> inputs, size_t row_count);

}  // namespace varve::influxql
