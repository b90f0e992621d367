// SPDX-License-Identifier: Apache-2.0
// How much memory one statement may hold, and who holds how much of it.
#pragma once

#include <cstddef>
#include <string>

#include "base/memory_governor.h"
#include "base/result.h"

namespace varve::influxql {

/// The allowance of one statement. Threads: one owner.
class MemoryBudget {
 public:
  /// `memory`: the limit of all statements together; null: none. It outlives the budget.
  explicit MemoryBudget(size_t bytes_max, MemoryGovernor* memory = nullptr)
      : bytes_max_(bytes_max), held_(memory, MemoryGovernor::Use::kQueries) {}
  size_t bytes_max() const { return bytes_max_; }

 private:
  friend class MemoryClaim;
  // Claimed in steps, so that the small changes of a statement stay its own affair.
  static constexpr size_t kStepBytes = 1 << 20;
  // Half as much again for arrays that are copied while they grow.
  bool hold(size_t bytes) {
    return held_.set((bytes + bytes / 2 + kStepBytes - 1) / kStepBytes * kStepBytes);
  }

  size_t bytes_max_;
  size_t used_bytes_ = 0;
  ScopedMemory held_;
};

/// A part of the allowance, given back when it ends.
class MemoryClaim {
 public:
  explicit MemoryClaim(MemoryBudget& budget) : budget_(&budget) {}
  MemoryClaim(const MemoryClaim&) = delete;
  MemoryClaim& operator=(const MemoryClaim&) = delete;
  ~MemoryClaim() {
    budget_->used_bytes_ -= bytes_;
    static_cast<void>(budget_->hold(budget_->used_bytes_));
  }

  /// Says how much is held now. Fails with kOverloaded when that is more than what is left.
  Result<void> set(size_t bytes) {
    const size_t others = budget_->used_bytes_ - bytes_;
    if (bytes > budget_->bytes_max_ - others) {
      return fail(ErrorCode::kOverloaded,
                  "query needs more memory than allowed: " + std::to_string(others + bytes) +
                      " of " + std::to_string(budget_->bytes_max_) +
                      " bytes (limits.query_memory_bytes_max, at most a quarter of memory.limit)");
    }
    if (!budget_->hold(others + bytes)) {
      return fail(ErrorCode::kOverloaded,
                  "the server's memory limit (memory.limit) is reached; the query needs " +
                      std::to_string(others + bytes) + " bytes");
    }
    budget_->used_bytes_ = others + bytes;
    bytes_ = bytes;
    return {};
  }

 private:
  MemoryBudget* budget_;  // Outlives the claim.
  size_t bytes_ = 0;
};

}  // namespace varve::influxql
