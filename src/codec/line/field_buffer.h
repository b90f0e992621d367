// SPDX-License-Identifier: Apache-2.0
// Writes into PointChunk::fields without building and destroying cells again and again: the vector
// only grows, a count says how much of it is in use.
//
// Threads: one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/points.h"

namespace varve::line_protocol {

class FieldBuffer {
 public:
  /// Starts to fill the vector from its front. It outlives this use.
  void attach(std::vector<PointField>& fields) {
    fields_ = &fields;
    count_ = 0;
  }

  /// The next cell, for the caller to fill. Earlier references end.
  PointField& append() {
    if (count_ == fields_->size()) grow();
    return (*fields_)[count_++];
  }

  uint32_t count() const { return static_cast<uint32_t>(count_); }
  /// Forgets all cells from this one on.
  void truncate(uint32_t count) { count_ = count; }

 private:
  __attribute__((noinline)) void grow() { fields_->resize(std::max<size_t>(1024, count_ * 2)); }

  std::vector<PointField>* fields_ = nullptr;
  size_t count_ = 0;
};

}  // namespace varve::line_protocol
