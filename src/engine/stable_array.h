// SPDX-License-Identifier: Apache-2.0
// Arrays that grow while others read them without locks. They are made of parts of equal length;
// only the first part starts small. What a part held is never moved from under a reader: a part
// that grows is copied, and the copy it replaces stays until the array ends.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "base/prefetch.h"

namespace varve::engine {

/// The parts of one array. Threads: one writer; get() is safe anywhere.
class PartTable {
 public:
  /// Elements of a whole part.
  static constexpr size_t kPartElements = 16'384;

  struct Part {
    char* data = nullptr;     ///< Null: nothing was ever put here. 64-byte aligned.
    size_t capacity = 0;      ///< Elements.
    unsigned width_log2 = 0;  ///< For arrays whose parts differ in the width of an element.
  };

  PartTable() = default;
  PartTable(const PartTable&) = delete;
  PartTable& operator=(const PartTable&) = delete;
  ~PartTable();

  Part get(size_t number) const {
    const Directory* directory = directory_.load(std::memory_order_acquire);
    if (directory == nullptr || number >= directory->size) return {};
    const uintptr_t packed = directory->parts[number].load(std::memory_order_acquire);
    return {.data = reinterpret_cast<char*>(packed & ~kTagMask),
            .capacity = packed == 0 ? 0 : size_t{1} << (packed >> 2 & 15),
            .width_log2 = static_cast<unsigned>(packed & 3)};
  }

  /// Zeroed memory for a part that is not published yet. `capacity` is a power of two of at most
  /// kPartElements.
  static Part allocate(size_t size_bytes, size_t capacity, unsigned width_log2);
  /// Publishes a part of allocate(); one that stood there stays until the end.
  void put(size_t number, const Part& part, size_t size_bytes);
  /// Writer only.
  size_t size_bytes() const { return size_bytes_; }

 private:
  // The low bits of an aligned address: width, and the logarithm of the capacity.
  static constexpr uintptr_t kTagMask = 63;
  struct Directory {
    size_t size = 0;
    std::unique_ptr<std::atomic<uintptr_t>[]> parts;
  };

  std::atomic<const Directory*> directory_{nullptr};
  std::vector<std::unique_ptr<Directory>> directories_;  // The last one is in use.
  std::vector<char*> replaced_;
  size_t size_bytes_ = 0;
};

/// Elements that were never set read as zero bytes. Threads: one writer; readers are safe for
/// indexes that the writer published to them (for example through an atomic count).
template <class T>
class StableArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  static constexpr size_t kPartElements = PartTable::kPartElements;

  T get(size_t index) const {
    const auto part = parts_.get(index / kPartElements);
    const size_t offset = index % kPartElements;
    return offset < part.capacity ? reinterpret_cast<const T*>(part.data)[offset] : T{};
  }

  /// The elements of [begin, end), which lie in one part and were set. The address is good as long
  /// as the array.
  const T* at(size_t begin, size_t end) const {
    const auto part = parts_.get(begin / kPartElements);
    CHECK(begin < end && end - begin <= part.capacity - begin % kPartElements);
    return reinterpret_cast<const T*>(part.data) + begin % kPartElements;
  }

  void set(size_t index, const T& value) { *to_write(index, index + 1) = value; }

  /// Room for the elements of [begin, end), which lie in one part and no reader knows yet.
  T* to_write(size_t begin, size_t end) {
    const size_t number = begin / kPartElements;
    const size_t offset = begin % kPartElements;
    const size_t needed = offset + (end - begin);
    CHECK(needed <= kPartElements);
    auto part = parts_.get(number);
    if (needed > part.capacity) {
      const size_t capacity = number > 0 ? kPartElements : std::bit_ceil(needed < 4 ? 4 : needed);
      const auto grown = PartTable::allocate(capacity * sizeof(T), capacity, 0);
      if (part.data != nullptr) std::memcpy(grown.data, part.data, part.capacity * sizeof(T));
      parts_.put(number, grown, capacity * sizeof(T));
      part = grown;
    }
    return reinterpret_cast<T*>(part.data) + offset;
  }

  /// Fetches what get() will read.
  void prefetch(size_t index) const {
    const auto part = parts_.get(index / kPartElements);
    varve::prefetch(part.data + index % kPartElements * sizeof(T));
  }

  /// Writer only.
  size_t size_bytes() const { return parts_.size_bytes(); }

 private:
  PartTable parts_;
};

}  // namespace varve::engine
