// SPDX-License-Identifier: Apache-2.0
// Answers in InfluxDB's shape: statements, series, rows. `query` pushes them, a codec words them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/column_vector.h"

namespace varve {

/// A time zone as an answer needs it. Threads: safe anywhere.
class TimeZone {
 public:
  virtual ~TimeZone() = default;
  /// Seconds east of UTC at that moment.
  virtual int32_t offset_seconds(int64_t utc_ns) const = 0;
};

/// What a series is called. Rows of one series may come in several blocks.
struct ResultHeader {
  std::string name;  ///< Empty: left out of the answer.
  std::vector<std::pair<std::string, std::string>> tags;  ///< Sorted by name.
  std::vector<std::string> columns;
  /// True: column 0 holds times (kTimestamp), which `epoch` and the zone apply to. Any kTimestamp
  /// column is worded the same way.
  bool has_time = false;
  const TimeZone* zone = nullptr;  ///< Null: UTC. Outlives the statement.
  /// The texts of this column are lists, one entry a line. None by default.
  size_t list_column = SIZE_MAX;
};

/// Some rows of a series: one ColumnView for each column of its header.
struct ResultBlock {
  std::vector<ColumnView> columns;
  size_t row_count = 0;
};

/// Series of an answer with few rows each, alike but for the values of their tags.
struct SeriesBatch {
  /// Rows [row_begin, row_end) of the block, at least one.
  struct Series {
    std::span<const std::string> tag_values;  ///< One for each tag of the header.
    size_t row_begin = 0;
    size_t row_end = 0;
  };
  const ResultHeader* header = nullptr;  ///< Of each, but for the values of its tags.
  std::vector<Series> series;
  ResultBlock block;
};

/// Receives answers in order. An error that it gives back (the client went away) ends the query.
/// Threads: one query thread at a time; may block while the client is slow.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual Result<void> begin_statement(uint32_t statement_id) = 0;
  /// A message beside the answer, for example the warning about a deprecated use of GET.
  virtual Result<void> message(std::string_view level, std::string_view text) = 0;
  virtual Result<void> begin_series(const ResultHeader& header) = 0;
  virtual Result<void> rows(const ResultBlock& block) = 0;
  virtual Result<void> end_series() = 0;
  /// The same as begin_series(), rows() and end_series() for each, which is what it does here.
  virtual Result<void> series_batch(const SeriesBatch& batch);
  /// Ends the statement with an error; rows sent before stay.
  virtual Result<void> statement_error(std::string_view text) = 0;
  virtual Result<void> end_statement() = 0;
};

}  // namespace varve
