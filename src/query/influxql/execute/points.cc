// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/points.h"

#include <cmath>
#include <limits>

#include "base/check.h"

namespace varve::influxql {
namespace {

bool is_number(ValueType type) {
  return type == ValueType::kFloat64 || type == ValueType::kInt64 || type == ValueType::kUint64;
}

// A float outside the range of integers becomes what x86 (and so InfluxDB) makes of it.
int64_t to_i64(double value) {
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) {
    return std::numeric_limits<int64_t>::min();
  }
  return static_cast<int64_t>(value);
}

uint64_t to_u64(double value) {
  if (value >= 9223372036854775808.0 && value < 18446744073709551616.0) {
    return static_cast<uint64_t>(value);
  }
  return static_cast<uint64_t>(to_i64(value));
}

template <class T>
void append_number(ColumnVector& column, T value) {
  switch (column.type()) {
    case ValueType::kFloat64:
      column.append_f64(static_cast<double>(value));
      break;
    case ValueType::kInt64:
      if constexpr (std::is_same_v<T, double>) {
        column.append_i64(to_i64(value));
      } else {
        column.append_i64(static_cast<int64_t>(value));
      }
      break;
    default:
      if constexpr (std::is_same_v<T, double>) {
        column.append_u64(to_u64(value));
      } else {
        column.append_u64(static_cast<uint64_t>(value));
      }
  }
}

}  // namespace

size_t Points::size_bytes() const {
  size_t bytes = times_ns.capacity() * sizeof(int64_t) + values.size_bytes();
  for (const ColumnVector& column : aux) bytes += column.size_bytes();
  return bytes;
}

size_t Rows::size_bytes() const {
  size_t bytes = times_ns.capacity() * sizeof(int64_t);
  for (const ColumnVector& column : columns) bytes += column.size_bytes();
  return bytes;
}

void append_cell(ColumnVector& column, const ColumnView& cells, size_t row) {
  if (!cells.has_value(row)) {
    column.pad_to(column.row_count() + 1);
    return;
  }
  switch (cells.type) {
    case ValueType::kFloat64:
      column.append_f64(cells.as<double>()[row]);
      break;
    case ValueType::kInt64:
    case ValueType::kTimestamp:
      column.append_i64(cells.as<int64_t>()[row]);
      break;
    case ValueType::kUint64:
      column.append_u64(cells.as<uint64_t>()[row]);
      break;
    case ValueType::kBool:
      column.append_bool(cells.as<uint8_t>()[row] != 0);
      break;
    case ValueType::kString:
    case ValueType::kBytes:
      column.append_string(cells.as<std::string_view>()[row]);
      break;
  }
}

void append_viewed(ColumnVector& column, const ColumnView& cells) {
  if (!is_variable_size(cells.type)) return column.append_view(cells);
  const auto texts = cells.as<std::string_view>();
  for (size_t row = 0; row < cells.row_count; ++row) {
    if (cells.has_value(row)) {
      column.append_string_view(texts[row]);
    } else {
      column.pad_to(column.row_count() + 1, cells.state(row));
    }
  }
}

void append_cells(ColumnVector& column, const ColumnView& cells, size_t begin, size_t row_count) {
  if (cells.states == nullptr) return column.append_view(cells.slice(begin, begin + row_count));
  for (size_t row = begin; row < begin + row_count; ++row) append_cell(column, cells, row);
}

bool can_cast(ValueType from, ValueType to) {
  if (is_number(from)) return is_number(to);
  if (is_variable_size(from)) return is_variable_size(to);
  return from == to;
}

void append_cast(ColumnVector& column, const ColumnView& cells, size_t row) {
  if (!cells.has_value(row) || !can_cast(cells.type, column.type())) {
    column.pad_to(column.row_count() + 1);
    return;
  }
  if (!is_number(cells.type)) {
    append_cell(column, cells, row);
  } else if (cells.type == ValueType::kFloat64) {
    append_number(column, cells.as<double>()[row]);
  } else if (cells.type == ValueType::kInt64) {
    append_number(column, cells.as<int64_t>()[row]);
  } else {
    append_number(column, cells.as<uint64_t>()[row]);
  }
}

ColumnVector cast_column(const ColumnView& cells, ValueType type, NanCast nan_cast) {
  ColumnVector column(type);
  column.reserve(cells.row_count);
  const bool looks_for_nan = nan_cast == NanCast::kNull && cells.type == ValueType::kFloat64 &&
                             type != ValueType::kFloat64;
  for (size_t row = 0; row < cells.row_count; ++row) {
    if (looks_for_nan && cells.has_value(row) && std::isnan(cells.as<double>()[row])) {
      column.pad_to(row + 1);
    } else {
      append_cast(column, cells, row);
    }
  }
  return column;
}

Points reversed(const Points& points) {
  Points turned(points.values.type());
  turned.times_ns.assign(points.times_ns.rbegin(), points.times_ns.rend());
  const ColumnView values = points.values.view();
  for (const ColumnVector& column : points.aux) turned.aux.emplace_back(column.type());
  for (size_t row = points.size(); row-- > 0;) {
    append_cell(turned.values, values, row);
    for (size_t i = 0; i < points.aux.size(); ++i) {
      append_cell(turned.aux[i], points.aux[i].view(), row);
    }
  }
  return turned;
}

}  // namespace varve::influxql
