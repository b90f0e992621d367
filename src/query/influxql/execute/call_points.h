// SPDX-License-Identifier: Apache-2.0
// The points that a function call makes, group by group.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/points.h"

namespace varve::influxql {

/// Threads: one owner.
class CallPoints {
 public:
  virtual ~CallPoints() = default;
  /// Does what must be done for all groups at once. Call it first.
  virtual Result<void> prepare() = 0;
  /// Sorted; not every group need have points.
  virtual const std::vector<GroupKey>& groups() const = 0;
  /// In the order of the answer: rising times, or falling when descending.
  virtual Result<Points> points(const GroupKey& group) = 0;
};

}  // namespace varve::influxql
