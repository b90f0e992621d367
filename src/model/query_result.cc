// SPDX-License-Identifier: Apache-2.0
#include "model/query_result.h"

namespace varve {

Result<void> ResultSink::series_batch(const SeriesBatch& batch) {
  ResultHeader header = *batch.header;
  ResultBlock block;
  for (const SeriesBatch::Series& series : batch.series) {
    for (size_t i = 0; i < header.tags.size(); ++i) header.tags[i].second = series.tag_values[i];
    block.columns.clear();
    for (const ColumnView& column : batch.block.columns) {
      block.columns.push_back(column.slice(series.row_begin, series.row_end));
    }
    block.row_count = series.row_end - series.row_begin;
    TRY_VOID(begin_series(header));
    TRY_VOID(rows(block));
    TRY_VOID(end_series());
  }
  return {};
}

}  // namespace varve
