// SPDX-License-Identifier: Apache-2.0
// Where in a list of evenly spread hashes in rising order one of them would stand: a list in order
// needs no hash table, only the beginning of each of many equal slices of what hashes can be.
// About half a byte a hash. Threads: one owner while it is made, then safe anywhere.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/checksum.h"
#include "base/prefetch.h"

namespace varve::engine {

class HashBuckets {
 public:
  /// Of the list, [begin, end).
  struct Slice {
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  /// For so many hashes, which add() is called for in order; then finish().
  void begin(uint32_t count) {
    count_ = count;
    shift_ = 64 - std::bit_width(count / kSliceHashes | 1);
    begins_.clear();
    begins_.reserve((size_t{1} << (64 - shift_)) + 1);
    next_ = 0;
  }
  void add(const Hash128& hash) {
    const uint64_t slice = hash.high >> shift_;
    while (begins_.size() <= slice) begins_.push_back(next_);
    ++next_;
  }
  void finish() { begins_.resize((size_t{1} << (64 - shift_)) + 1, next_); }

  uint32_t count() const { return count_; }
  Slice slice(const Hash128& hash) const {
    const uint64_t slice = hash.high >> shift_;
    return {.begin = begins_[slice], .end = begins_[slice + 1]};
  }
  /// Fetches what slice() reads.
  void prefetch(const Hash128& hash) const {
    if (count_ > 0) varve::prefetch(&begins_[hash.high >> shift_]);
  }
  size_t size_bytes() const { return begins_.capacity() * sizeof(uint32_t); }

 private:
  static constexpr uint32_t kSliceHashes = 8;

  uint32_t count_ = 0;
  uint32_t next_ = 0;
  int shift_ = 63;
  std::vector<uint32_t> begins_;
};

}  // namespace varve::engine
