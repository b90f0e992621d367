// SPDX-License-Identifier: Apache-2.0
// The answer of one statement on its way into the sink.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/query_result.h"
#include "model/value.h"

namespace varve::influxql {

/// Knows when it is the sink that failed, which ends the query, and not the statement.
/// Threads: one owner.
class Answer {
 public:
  explicit Answer(ResultSink& sink) : sink_(sink) {}

  Result<void> begin_series(const ResultHeader& header) { return pass(sink_.begin_series(header)); }
  Result<void> rows(const ResultBlock& block) { return pass(sink_.rows(block)); }
  Result<void> end_series() { return pass(sink_.end_series()); }
  Result<void> series_batch(const SeriesBatch& batch) { return pass(sink_.series_batch(batch)); }
  Result<void> message(std::string_view level, std::string_view text) {
    return pass(sink_.message(level, text));
  }

  /// A whole series of few rows without a time. In a column all values have one type (or are
  /// NULL). Without rows it is still a series.
  Result<void> series(const std::string& name, const std::vector<std::string>& columns,
                      const std::vector<std::vector<Value>>& rows);

  Result<void> series(const ResultHeader& header, const std::vector<std::vector<Value>>& rows);

  bool has_sink_failed() const { return has_sink_failed_; }

 private:
  Result<void> pass(Result<void> result) {
    if (!result) has_sink_failed_ = true;
    return result;
  }

  ResultSink& sink_;
  bool has_sink_failed_ = false;
};

}  // namespace varve::influxql
