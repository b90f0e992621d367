// SPDX-License-Identifier: Apache-2.0
// An array that grows without moving: small at first, read without locks while one thread writes.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

#include "base/check.h"

namespace varve::engine {

/// Elements that were never set read as zero bytes. Threads: one writer; readers are safe for
/// indexes that the writer published to them (for example through an atomic count).
template <class T>
class StableArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  StableArray() = default;
  StableArray(const StableArray&) = delete;
  StableArray& operator=(const StableArray&) = delete;
  ~StableArray() {
    for (auto& level : levels_) std::free(level.load(std::memory_order_relaxed));
  }

  T get(size_t index) const {
    const size_t level = level_of(index);
    const T* elements = levels_[level].load(std::memory_order_acquire);
    return elements ? elements[index - begin_of(level)] : T{};
  }

  void set(size_t index, const T& value) {
    const size_t level = level_of(index);
    T* elements = levels_[level].load(std::memory_order_relaxed);
    if (elements == nullptr) {
      const size_t size = size_of(level);
      // The system gives zeroed pages only as they are touched: room that is not used costs none.
      elements = static_cast<T*>(std::calloc(size, sizeof(T)));
      CHECK(elements != nullptr);
      size_bytes_ += size * sizeof(T);
      levels_[level].store(elements, std::memory_order_release);
    }
    elements[index - begin_of(level)] = value;
  }

  /// Calls visit(index, elements, count) for each contiguous part of [0, end); `elements` is null
  /// where nothing was ever set.
  template <class Visit>
  void visit_parts(size_t end, const Visit& visit) const {
    for (size_t level = 0; level < kLevels && begin_of(level) < end; ++level) {
      const size_t begin = begin_of(level);
      const size_t count = end - begin < size_of(level) ? end - begin : size_of(level);
      visit(begin, static_cast<const T*>(levels_[level].load(std::memory_order_acquire)), count);
    }
  }

  /// Writer only.
  size_t size_bytes() const { return size_bytes_; }

 private:
  // Level k holds kFirst * 4^k elements, and kFirst * (4^k - 1) / 3 stand before it.
  static constexpr size_t kFirst = 8;
  static constexpr size_t kLevels = 15;
  static constexpr size_t level_of(size_t index) {
    return static_cast<size_t>(std::bit_width(3 * (index / kFirst) + 1) - 1) / 2;
  }
  static constexpr size_t size_of(size_t level) { return kFirst << (2 * level); }
  static constexpr size_t begin_of(size_t level) {
    return kFirst * (((size_t{1} << (2 * level)) - 1) / 3);
  }

  std::array<std::atomic<T*>, kLevels> levels_{};
  size_t size_bytes_ = 0;
};

}  // namespace varve::engine
