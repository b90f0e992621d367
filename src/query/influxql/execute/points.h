// SPDX-License-Identifier: Apache-2.0
// Points of one group on their way through functions, as columns.
//
// times_ns[i], values row i and each aux[k] row i form a point. A cell without a value is a point
// that is there but says nothing (`null`).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/column_vector.h"

namespace varve::influxql {

/// What a group of rows is called. Ordered by name, then tags: the order of answers.
struct GroupKey {
  std::string name;
  std::vector<std::string> tags;  ///< Texts, in order of the dimensions; "" where there is none.
  friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

struct Points {
  explicit Points(ValueType type) : values(type) {}

  std::vector<int64_t> times_ns;
  ColumnVector values;
  std::vector<ColumnVector> aux;

  size_t size() const { return times_ns.size(); }
  size_t size_bytes() const;
};

/// Rows of several columns, for example those of one group in order of time.
struct Rows {
  std::vector<int64_t> times_ns;
  std::vector<ColumnVector> columns;

  size_t size() const { return times_ns.size(); }
  size_t size_bytes() const;
};

/// Appends one cell; the column takes over text and, where `cell` has no value, an absent cell.
/// Requires equal types.
void append_cell(ColumnVector& column, const ColumnView& cells, size_t row);

/// Appends `row_count` cells beginning at `begin`. Requires equal types.
void append_cells(ColumnVector& column, const ColumnView& cells, size_t begin, size_t row_count);

/// Appends all cells; texts are viewed, not copied. Requires equal types.
void append_viewed(ColumnVector& column, const ColumnView& cells);

/// The cell as a Go program would cast it: numbers to numbers (floats cut off), anything else only
/// to its own type; an absent cell where that is impossible.
void append_cast(ColumnVector& column, const ColumnView& cells, size_t row);

/// True when casting can give values at all.
bool can_cast(ValueType from, ValueType to);

/// What an integer is made of that is not a number.
enum class NanCast : uint8_t {
  kAsGo,  ///< The least integer, as Go's conversion gives it.
  kNull,  ///< An absent cell.
};

/// A copy with every cell cast.
ColumnVector cast_column(const ColumnView& cells, ValueType type,
                         NanCast nan_cast = NanCast::kAsGo);

/// The points in opposite order.
Points reversed(const Points& points);

}  // namespace varve::influxql
