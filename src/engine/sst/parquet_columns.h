// SPDX-License-Identifier: Apache-2.0
// Our columns as Arrow arrays, borrowed: an array is valid while what it was made of stands still.
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sst/sst_footer.h"
#include "model/column_vector.h"
#include "model/value.h"

namespace varve::engine {

/// How a field's cells appear to other tools.
std::shared_ptr<arrow::DataType> arrow_type(ValueType type);

/// A cell that holds no value becomes a null.
arrow::Result<std::shared_ptr<arrow::Array>> to_arrow(const ColumnView& cells);

std::shared_ptr<const arrow::KeyValueMetadata> key_values(const FooterTexts& texts);

/// One tag of a row group: texts appear once, rows come in runs.
class TagColumn {
 public:
  /// The next `row_count` rows have this text; an empty one is a null. `number`: what
  /// append_known() knows it by from now on; 0: nothing.
  void append(std::string_view text, size_t row_count, uint32_t number = 0);
  /// The next row has the text of this number; false: none came with it since the column began.
  bool append_known(uint32_t number);
  size_t text_count() const { return text_ends_.size(); }
  /// As a dictionary column. Begins anew; so does finish_plain().
  arrow::Result<std::shared_ptr<arrow::Array>> finish();
  /// As a column of texts.
  arrow::Result<std::shared_ptr<arrow::Array>> finish_plain();

 private:
  std::string_view text(int32_t index) const;
  int32_t find_or_add(std::string_view text);
  int32_t add(std::string_view text);
  void grow();
  void clear();

  std::string bytes_;              // Of all texts.
  std::vector<size_t> text_ends_;  // By index.
  std::vector<int32_t> slots_;     // By hash: an index, or -1.
  bool is_hashed_ = false;         // Whether slots_ has the texts: not while all have numbers.
  std::vector<int32_t> numbered_;  // By number: an index, or -1.
  std::vector<int32_t> indices_;   // -1: null.
};

/// The runs of a row group as lists: run i has the cells [ends[i - 1], ends[i]).
struct ListColumn {
  std::vector<int32_t> ends = {0};
  ColumnVector times_first{ValueType::kTimestamp};
  ColumnVector times_last{ValueType::kTimestamp};

  void add(size_t end, int64_t time_first_ns, int64_t time_last_ns);
  void clear();
  /// Borrows `ends`.
  std::shared_ptr<arrow::Array> to_lists(const std::shared_ptr<arrow::DataType>& type,
                                         const std::shared_ptr<arrow::Array>& cells) const;
};

}  // namespace varve::engine
