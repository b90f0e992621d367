// SPDX-License-Identifier: Apache-2.0
// From 32 bits of a hash to the numbers that were added under them; the owner of what the numbers
// mean says which of them is the one.
//
// Open addressing in many small tables, each of which grows by a quarter when it is full: memory
// stays near 11 bytes a number, and no single addition takes long.
// Threads: none of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/prefetch.h"

namespace varve::engine {

class IdTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// The number under the hash of which is_same(number) holds, or kNone.
  template <class IsSame>
  uint32_t find(uint32_t hash, const IsSame& is_same) const {
    if (parts_.empty()) return kNone;
    const Part& part = parts_[part_of(hash)];
    if (part.capacity == 0) return kNone;
    for (uint32_t slot = home(part, hash);; slot = slot + 1 == part.capacity ? 0 : slot + 1) {
      const uint64_t entry = part.slots[slot];
      if (entry == 0) return kNone;
      if (entry >> 32 == hash) {
        const uint32_t number = static_cast<uint32_t>(entry) - 1;
        if (is_same(number)) return number;
      }
    }
  }

  /// Fetches what find() reads first.
  void prefetch(uint32_t hash) const {
    if (parts_.empty()) return;
    const Part& part = parts_[part_of(hash)];
    if (part.capacity == 0) return;
    const uint64_t* const slot = &part.slots[home(part, hash)];
    varve::prefetch(slot);
    // Who finds nothing looks at a dozen slots.
    varve::prefetch(slot + 64 / sizeof(uint64_t));
  }
  /// The first number that find() would ask about, or kNone.
  uint32_t guess(uint32_t hash) const {
    return find(hash, [](uint32_t) { return true; });
  }

  /// Requires number < kNone.
  void add(uint32_t hash, uint32_t number);
  /// Adds many numbers, one behind the other, to an empty table: `first` under the first hash.
  void fill(std::span<const uint32_t> hashes, uint32_t first);
  size_t size_bytes() const { return size_bytes_; }

 private:
  // An entry is the hash, then the number plus 1; 0: free.
  struct Part {
    std::unique_ptr<uint64_t[]> slots;
    uint32_t capacity = 0;
    uint32_t count = 0;
  };
  // Small tables have one part.
  static constexpr size_t kParts = 256;
  static constexpr uint32_t kOnePartMax = 1'024;

  size_t part_of(uint32_t hash) const { return parts_.size() == 1 ? 0 : hash >> 24; }
  static uint32_t home(const Part& part, uint32_t hash) {
    return static_cast<uint32_t>(uint64_t{hash & 0xff'ffff} * part.capacity >> 24);
  }
  static void place(Part& part, uint64_t entry);
  void grow(Part& part, uint32_t capacity);
  void split();

  std::vector<Part> parts_;
  size_t size_bytes_ = 0;
};

}  // namespace varve::engine
