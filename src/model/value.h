// SPDX-License-Identifier: Apache-2.0
// Types of columns and single values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace varve {

/// How a column's cells are kept. The numbers are part of the disk and wire formats; further types
/// (a declared SQL type over one of these, or a new storage form) get new numbers.
enum class ValueType : uint8_t {
  kFloat64 = 1,
  kInt64 = 2,
  kUint64 = 3,
  kBool = 4,
  kString = 5,     ///< UTF-8 by intention, bytes in fact.
  kBytes = 6,
  kTimestamp = 7,  ///< int64 nanoseconds.
};

/// InfluxDB's word: "float", "integer", "unsigned", "boolean", "string"; "bytes", "timestamp".
std::string_view to_string(ValueType type);

/// True for types whose cells are text or bytes.
constexpr bool is_variable_size(ValueType type) {
  return type == ValueType::kString || type == ValueType::kBytes;
}

enum class ColumnKind : uint8_t { kTime = 1, kTag = 2, kField = 3 };

/// What happens to two rows of one series and time. Fixed when the table is made.
enum class MergeMode : uint8_t {
  kMerge = 1,      ///< Fields merge; per field the last version wins (InfluxDB).
  kOverwrite = 2,  ///< The last row replaces the whole row.
  kAppend = 3,     ///< Both stay.
};

/// What a cell holds.
enum class CellState : uint8_t {
  kAbsent = 0,  ///< The row says nothing about this column.
  kNull = 1,    ///< The row says: no value.
  kValue = 2,
};

/// A single value, as in a literal. monostate is NULL.
using Value = std::variant<std::monostate, double, int64_t, uint64_t, bool, std::string>;

}  // namespace varve
