// SPDX-License-Identifier: Apache-2.0
// Measures each statement of a query on its way to the writer of the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/clock.h"
#include "model/query_result.h"
#include "query/influxql/ast.h"
#include "serve/influx/statement_summary.h"

namespace varve::influx {

/// Threads: one owner. What it is given outlives it.
class StatementRecorder final : public ResultSink {
 public:
  /// `bytes_so_far` tells how long the answer is by now.
  StatementRecorder(ResultSink& next, const Clock& clock, std::function<uint64_t()> bytes_so_far);

  Result<void> begin_statement(uint32_t statement_id) override;
  Result<void> message(std::string_view level, std::string_view text) override;
  Result<void> begin_series(const ResultHeader& header) override;
  Result<void> rows(const ResultBlock& block) override;
  Result<void> end_series() override;
  Result<void> series_batch(const SeriesBatch& batch) override;
  Result<void> statement_error(std::string_view text) override;
  Result<void> end_statement() override;

  /// Hands on what was measured, after the answer's last byte, and logs what took `slow_ns` or
  /// longer (0: nothing). `statements` are those that ran. Null: no summary.
  void report(const std::vector<influxql::Statement>& statements, std::string_view database,
              StatementSummary* summary, int64_t slow_ns);

 private:
  struct Run {
    uint32_t statement_id = 0;
    int64_t began_ns = 0;
    int64_t took_ns = -1;  // Negative: it has not ended.
    uint64_t rows = 0;
    uint64_t bytes_before = 0;
    bool failed = false;
  };
  void end();

  ResultSink& next_;
  const Clock& clock_;
  const std::function<uint64_t()> bytes_so_far_;
  std::vector<Run> runs_;
};

}  // namespace varve::influx
