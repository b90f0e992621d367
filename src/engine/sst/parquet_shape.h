// SPDX-License-Identifier: Apache-2.0
// What other tools see of a file: names and types of its Parquet columns, and how they are encoded.
#pragma once

#include <arrow/type.h>
#include <parquet/properties.h>

#include <memory>
#include <vector>

#include "engine/sst/sst_writer.h"
#include "model/column_vector.h"

namespace varve::engine {

/// The columns of a file in their order: `time`, of kHybrid `minTime` and `maxTime`, tags, fields.
struct ParquetShape {
  SstLayout layout = SstLayout::kColumnar;
  std::vector<SstColumn> tags;
  std::vector<SstColumn> fields;

  /// A column that would take a name of ours gets its id behind it.
  static ParquetShape make(const SstWriterOptions& options);
  bool is_hybrid() const { return layout == SstLayout::kHybrid; }
  std::shared_ptr<arrow::Schema> schema() const;
  /// `cells`: those of the fields in the first row group; `tag_texts`: how many different texts
  /// each tag has there. Encodings are chosen by them.
  std::shared_ptr<parquet::WriterProperties> properties(
      const SstWriterOptions& options, const std::vector<ColumnVector>& cells,
      const std::vector<size_t>& tag_texts) const;
};

/// A list of such elements, none of which is an empty list.
std::shared_ptr<arrow::DataType> list_type(const std::shared_ptr<arrow::DataType>& element,
                                           bool nullable, uint32_t column_id);

}  // namespace varve::engine
