// SPDX-License-Identifier: Apache-2.0
// A sink of answers that keeps only whether one failed.
#pragma once

#include <string>

#include "model/query_result.h"

namespace varve::influx {

/// Threads: one at a time.
class NullSink final : public ResultSink {
 public:
  Result<void> begin_statement(uint32_t) override { return {}; }
  Result<void> message(std::string_view, std::string_view) override { return {}; }
  Result<void> begin_series(const ResultHeader&) override { return {}; }
  Result<void> rows(const ResultBlock&) override { return {}; }
  Result<void> end_series() override { return {}; }
  Result<void> statement_error(std::string_view text) override {
    failed_ = true;
    error_ = std::string(text);
    return {};
  }
  Result<void> end_statement() override { return {}; }

  bool failed() const { return failed_; }
  const std::string& error() const { return error_; }

 private:
  bool failed_ = false;
  std::string error_;
};

}  // namespace varve::influx
