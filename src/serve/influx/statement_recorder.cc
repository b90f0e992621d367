// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/statement_recorder.h"

#include <utility>

#include "base/log.h"
#include "query/influxql/ast_text.h"

namespace varve::influx {
namespace {

// What is said of a statement behind one that failed: it did not run.
constexpr std::string_view kNotExecuted = "not executed";

}  // namespace

StatementRecorder::StatementRecorder(ResultSink& next, const Clock& clock,
                                     std::function<uint64_t()> bytes_so_far)
    : next_(next), clock_(clock), bytes_so_far_(std::move(bytes_so_far)) {}

Result<void> StatementRecorder::begin_statement(uint32_t statement_id) {
  runs_.push_back({.statement_id = statement_id,
                   .began_ns = clock_.steady_ns(),
                   .bytes_before = bytes_so_far_()});
  return next_.begin_statement(statement_id);
}

Result<void> StatementRecorder::message(std::string_view level, std::string_view text) {
  return next_.message(level, text);
}

Result<void> StatementRecorder::begin_series(const ResultHeader& header) {
  return next_.begin_series(header);
}

Result<void> StatementRecorder::rows(const ResultBlock& block) {
  if (!runs_.empty()) runs_.back().rows += block.row_count;
  return next_.rows(block);
}

Result<void> StatementRecorder::end_series() { return next_.end_series(); }

Result<void> StatementRecorder::series_batch(const SeriesBatch& batch) {
  if (!runs_.empty()) {
    for (const SeriesBatch::Series& series : batch.series) {
      runs_.back().rows += series.row_end - series.row_begin;
    }
  }
  return next_.series_batch(batch);
}

Result<void> StatementRecorder::statement_error(std::string_view text) {
  if (!runs_.empty()) {
    if (text == kNotExecuted) {
      runs_.pop_back();
    } else {
      runs_.back().failed = true;
    }
  }
  return next_.statement_error(text);
}

Result<void> StatementRecorder::end_statement() {
  end();
  return next_.end_statement();
}

void StatementRecorder::end() {
  if (runs_.empty() || runs_.back().took_ns >= 0) return;
  runs_.back().took_ns = clock_.steady_ns() - runs_.back().began_ns;
}

void StatementRecorder::report(const std::vector<influxql::Statement>& statements,
                               std::string_view database, StatementSummary* summary,
                               int64_t slow_ns) {
  const bool is_kept = summary != nullptr && summary->is_on();
  if (!runs_.empty() && runs_.back().took_ns < 0) {
    runs_.back().failed = true;  // The client went away, or the query was cut off.
    end();
  }
  uint64_t bytes_end = bytes_so_far_();
  // Backwards, as the answer of each ends where that of the next begins.
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    const bool is_slow = slow_ns > 0 && run->took_ns >= slow_ns;
    const uint64_t bytes = bytes_end - run->bytes_before;
    bytes_end = run->bytes_before;
    if (run->statement_id >= statements.size() || (!is_slow && !is_kept)) continue;
    const std::string text = to_string(statements[run->statement_id]);
    if (is_kept) {
      summary->record({.text = text,
                       .database = database,
                       .took_ns = run->took_ns,
                       .rows = run->rows,
                       .bytes = bytes,
                       .failed = run->failed,
                       .now_ns = clock_.now_ns()});
    }
    if (!is_slow) continue;
    log::warn("query.slow", {{"took_ms", run->took_ns / 1'000'000},
                             {"database", database},
                             {"rows", run->rows},
                             {"failed", run->failed},
                             {"query", text.substr(0, StatementSummary::kTextBytesMax)}});
  }
}

}  // namespace varve::influx
