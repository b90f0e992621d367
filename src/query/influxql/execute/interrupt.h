// SPDX-License-Identifier: Apache-2.0
// For computations that take long between two calls of StatementContext::check(), above all sorts.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "base/result.h"
#include "query/influxql/execute/statement_context.h"

namespace varve::influxql {

/// Threads: one owner.
class Interrupt {
 public:
  /// The context outlives it.
  explicit Interrupt(const StatementContext& context)
      : check_([&context] { return context.check(); }) {}
  /// `check` fails from the moment on when the work is to end.
  explicit Interrupt(std::function<Result<void>()> check) : check_(std::move(check)) {}

  /// True from the moment on when the work is to end; looks now and then. A comparison that is
  /// false from then on ends any sort of the standard library, and ours, soon and in bounds; what
  /// it leaves is in no order, and check() says so.
  bool is_due() {
    if (++calls_ % kLooksEvery == 0 && !is_due_) is_due_ = !check_();
    return is_due_;
  }
  /// Fails when the work is to end.
  Result<void> check() const { return check_(); }

 private:
  static constexpr uint32_t kLooksEvery = 4'096;
  const std::function<Result<void>()> check_;
  uint32_t calls_ = 0;
  bool is_due_ = false;
};

}  // namespace varve::influxql
