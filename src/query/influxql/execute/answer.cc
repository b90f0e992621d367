// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/answer.h"

#include <algorithm>

namespace varve::influxql {
namespace {

constexpr size_t kRowsPerBlock = 8192;

ValueType type_of(const Value& value) {
  if (std::holds_alternative<int64_t>(value)) return ValueType::kInt64;
  if (std::holds_alternative<uint64_t>(value)) return ValueType::kUint64;
  if (std::holds_alternative<bool>(value)) return ValueType::kBool;
  if (std::holds_alternative<double>(value)) return ValueType::kFloat64;
  return ValueType::kString;
}

ColumnVector column_of(const std::vector<std::vector<Value>>& rows, size_t begin, size_t end,
                       size_t column) {
  ValueType type = ValueType::kString;
  for (size_t row = begin; row < end; ++row) {
    if (std::holds_alternative<std::monostate>(rows[row][column])) continue;
    type = type_of(rows[row][column]);
    break;
  }
  ColumnVector cells(type);
  for (size_t row = begin; row < end; ++row) cells.append_value(rows[row][column]);
  return cells;
}

}  // namespace

Result<void> Answer::series(const std::string& name, const std::vector<std::string>& columns,
                            const std::vector<std::vector<Value>>& rows) {
  return series({.name = name, .tags = {}, .columns = columns}, rows);
}

Result<void> Answer::series(const ResultHeader& header,
                            const std::vector<std::vector<Value>>& rows) {
  TRY_VOID(begin_series(header));
  for (size_t begin = 0; begin < rows.size(); begin += kRowsPerBlock) {
    const size_t end = std::min(rows.size(), begin + kRowsPerBlock);
    std::vector<ColumnVector> cells;
    ResultBlock block{.columns = {}, .row_count = end - begin};
    for (size_t column = 0; column < header.columns.size(); ++column) {
      cells.push_back(column_of(rows, begin, end, column));
    }
    for (const ColumnVector& column : cells) block.columns.push_back(column.view());
    TRY_VOID(this->rows(block));
  }
  return end_series();
}

}  // namespace varve::influxql
