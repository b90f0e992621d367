// SPDX-License-Identifier: Apache-2.0
// A predicate over field columns, evaluated for many rows at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "engine/predicate/pattern.h"
#include "model/cell_summary.h"
#include "model/column_vector.h"
#include "model/predicate.h"
#include "model/scan_spec.h"

namespace varve::engine {

/// Compiled against the columns that rows will have. Threads: safe anywhere.
class RowFilter {
 public:
  /// The predicate has conditions on fields only, each in `columns`. kInvalidInput when a regular
  /// expression does not compile.
  static Result<RowFilter> compile(const Predicate& predicate,
                                   const std::vector<ScanColumn>& columns);

  /// Sets selected[i] to 1 when row i matches, else 0. `views` stand in the order of the columns
  /// given to compile(); all have selected.size() rows.
  void evaluate(std::span<const ColumnView> views, std::span<uint8_t> selected) const;

  /// False when no row can match of which this is known: what each column holds, in their order.
  /// Nothing is known of columns of text, and of those that hold NaN.
  bool may_match(std::span<const std::optional<CellSummary>> columns) const;

 private:
  struct Node {
    Predicate::Kind kind = Predicate::Kind::kTrue;
    std::vector<Node> parts;
    size_t column = 0;
    ValueType type = ValueType::kFloat64;  // Of the column.
    CompareOp op = CompareOp::kEqual;
    Value value;
    std::shared_ptr<const Pattern> pattern;
    bool negated = false;
  };
  static Result<Node> compile_node(const Predicate& predicate,
                                   const std::vector<ScanColumn>& columns);
  static void evaluate_node(const Node& node, std::span<const ColumnView> views,
                            std::span<uint8_t> selected);
  static bool may_match(const Node& node, std::span<const std::optional<CellSummary>> columns);
  static void compare(const ColumnView& cells, CompareOp op, const Value& value,
                      std::span<uint8_t> selected);

  Node root_;
};

}  // namespace varve::engine
