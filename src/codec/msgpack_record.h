// SPDX-License-Identifier: Apache-2.0
// One record of a body in MessagePack, opened: where its columns are and how many rows it has. A
// row by itself is a record of one row, whose columns are its values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/msgpack_reader.h"
#include "codec/named_key.h"
#include "model/points.h"

namespace varve::msgpack {

/// What a time is counted in, and what stands for an absent one.
struct TimeRules {
  int64_t unit_ns = 1;
  int64_t default_ns = 0;
};

/// Gives its rows in order. Threads: one owner. The input outlives it.
class Record {
 public:
  /// Reads the record at the reader's place and moves beyond it.
  static Result<Record> open(Reader& reader, const TimeRules& rules);

  std::string_view table() const { return table_; }
  /// True when every row has the same tags.
  bool has_fixed_key() const { return has_fixed_key_; }
  bool at_end() const { return rows_left_ == 0; }
  /// What its rows repeat of what stands in the record once: names and texts of keys that differ by
  /// row, values that are the same in every row. In bytes of work and memory, roughly; saturates.
  uint64_t repeated_bytes() const;

  /// Reads the next row: tags that have text, sorted by name; its time; its fields, appended.
  /// Requires !at_end().
  struct Row {
    int64_t time_ns = 0;
    std::vector<named_key::Tag> tags;
  };
  Result<void> next(Row& row, std::vector<PointField>& fields);

 private:
  struct Column {
    std::string_view name;
    Reader values;
    bool is_fixed = false;           ///< The same value in every row.
    size_t fixed_bytes = 0;          ///< The size of that value.
    std::optional<ValueType> type;   ///< What its values say, or the column for them.
    bool has_floats = false;
  };

  struct Places {
    std::optional<size_t> tags, fields, values, times;
    std::optional<std::string_view> field;
    bool has_time_column = false;
  };

  Result<Places> find(Reader& reader);
  Result<void> open_fields(const Reader& reader, const Places& places);
  Result<void> open_tags(const Reader& reader, size_t place);
  Result<void> open_times(const Reader& reader, size_t place);
  Result<Column> open_column(Reader& reader, std::string_view name, std::string_view what);
  Result<void> set_row_count(uint64_t count, std::string_view what, std::string_view name);
  Result<int64_t> next_time();
  Result<void> next_field(Column& column, std::vector<PointField>& fields);

  TimeRules rules_;
  std::string_view table_;
  std::vector<Column> tags_;  // Sorted by name.
  std::vector<Column> fields_;
  std::optional<Column> times_;
  std::optional<uint64_t> row_count_;  // Unknown before the first column.
  uint64_t rows_left_ = 1;
  bool has_fixed_key_ = true;
};

}  // namespace varve::msgpack
