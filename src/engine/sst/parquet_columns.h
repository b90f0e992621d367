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
#include <unordered_map>
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

/// One tag of a row group as a dictionary column: texts appear once, rows come in runs.
class TagColumn {
 public:
  /// The next `row_count` rows have this text; an empty one is a null.
  void append(std::string_view text, size_t row_count);
  arrow::Result<std::shared_ptr<arrow::Array>> finish();

 private:
  std::unordered_map<std::string, int32_t> index_of_;
  std::vector<std::string_view> texts_;  // Into index_of_, whose nodes stay where they are.
  std::vector<int32_t> indices_;         // -1: null.
};

}  // namespace varve::engine
