// SPDX-License-Identifier: Apache-2.0
// What the block cache can hold: something decoded that never changes.
#pragma once

#include <cstddef>

namespace varve::engine {

class CachedBlock {
 public:
  virtual ~CachedBlock() = default;
  /// Memory held, for the budget.
  virtual size_t size_bytes() const = 0;
};

}  // namespace varve::engine
