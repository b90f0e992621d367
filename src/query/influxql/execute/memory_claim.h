// SPDX-License-Identifier: Apache-2.0
// How much memory one statement may hold, and who holds how much of it.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace varve::influxql {

/// The allowance of one statement. Threads: one owner.
class MemoryBudget {
 public:
  explicit MemoryBudget(size_t bytes_max) : bytes_max_(bytes_max) {}
  size_t bytes_max() const { return bytes_max_; }

 private:
  friend class MemoryClaim;
  size_t bytes_max_;
  size_t used_bytes_ = 0;
};

/// A part of the allowance, given back when it ends.
class MemoryClaim {
 public:
  explicit MemoryClaim(MemoryBudget& budget) : budget_(&budget) {}
  MemoryClaim(const MemoryClaim&) = delete;
  MemoryClaim& operator=(const MemoryClaim&) = delete;
  ~MemoryClaim() { budget_->used_bytes_ -= bytes_; }

  /// Says how much is held now. Fails with kOverloaded when that is more than what is left.
  Result<void> set(size_t bytes) {
    const size_t others = budget_->used_bytes_ - bytes_;
    if (bytes > budget_->bytes_max_ - others) {
      return fail(ErrorCode::kOverloaded,
                  "query needs more memory than allowed: " + std::to_string(others + bytes) +
                      " of " + std::to_string(budget_->bytes_max_) + " bytes");
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
