// SPDX-License-Identifier: Apache-2.0
// Room for short-lived text: taken piece by piece, given back all at once.
//
// Threads: one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace varve {

class TextArena {
 public:
  /// Room for `size_bytes` bytes, valid until reset().
  char* allocate(size_t size_bytes) {
    if (size_bytes > free_bytes_) grow(size_bytes);
    char* room = next_;
    next_ += size_bytes;
    free_bytes_ -= size_bytes;
    return room;
  }

  /// Everything given out becomes invalid. One block is kept for the next round.
  void reset() {
    if (blocks_.empty()) return;
    blocks_.resize(1);
    next_ = blocks_[0].bytes.get();
    free_bytes_ = blocks_[0].size_bytes;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size_bytes;
  };

  void grow(size_t size_bytes) {
    constexpr size_t kBlockBytes = 64 * 1024;
    const size_t block_bytes = std::max(kBlockBytes, size_bytes);
    blocks_.push_back({std::unique_ptr<char[]>(new char[block_bytes]), block_bytes});
    next_ = blocks_.back().bytes.get();
    free_bytes_ = block_bytes;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  size_t free_bytes_ = 0;
};

}  // namespace varve
