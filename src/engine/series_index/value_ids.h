// SPDX-License-Identifier: Apache-2.0
// Which value of one tag each series has: one, two or four bytes a series, by part, and for each
// part between which values it lies, so that rare values are found without reading the others.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/stable_array.h"

namespace varve::engine {

/// Series that were never set read as 0. Threads: one writer; readers are safe for series that the
/// writer published to them.
class ValueIds {
 public:
  static constexpr size_t kPartSeries = PartTable::kPartElements;

  /// The series [number * kPartSeries, + count) as bytes, shorts or ints.
  struct Part {
    const void* cells = nullptr;
    size_t count = 0;         ///< Series behind it have no value.
    unsigned width_log2 = 0;  ///< 0: uint8_t, 1: uint16_t, 2: uint32_t.
    uint32_t value_min = 0;   ///< Of the series that have a value; 0: none has.
    uint32_t value_max = 0;
  };
  Part part(size_t number) const;

  uint32_t get(size_t index) const {
    const auto part = parts_.get(index / kPartSeries);
    const size_t offset = index % kPartSeries;
    if (offset >= part.capacity) return 0;
    const char* cells = part.data + sizeof(Header);
    switch (part.width_log2) {
      case 0: return reinterpret_cast<const uint8_t*>(cells)[offset];
      case 1: return reinterpret_cast<const uint16_t*>(cells)[offset];
      default: return reinterpret_cast<const uint32_t*>(cells)[offset];
    }
  }

  /// The index is not published yet, the value not 0.
  void set(size_t index, uint32_t value_id);
  /// While nobody else knows the array: the ids of series [begin, + count), which lie in one part,
  /// none above `value_count`, in as many bytes as `value_count` takes (1, 2 or 4).
  void load(size_t begin, size_t count, const char* cells, uint32_t value_count);
  /// Writer only.
  size_t size_bytes() const { return parts_.size_bytes(); }

 private:
  // In front of the cells. Widened in step with them: whoever knows a series finds it covered.
  struct alignas(64) Header {
    std::atomic<uint32_t> value_min{0};
    std::atomic<uint32_t> value_max{0};
  };
  static_assert(sizeof(Header) == 64);
  PartTable::Part part_to_write(size_t number, size_t offset, uint32_t value_id);

  PartTable parts_;
  uint32_t value_highest_ = 0;  // Ever set.
};

}  // namespace varve::engine
