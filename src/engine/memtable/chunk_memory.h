// SPDX-License-Identifier: Apache-2.0
// The memory of one chunk in one piece. Large ones ask for huge pages: rows of one series lie far
// apart, and a flush that gathers them would miss the address cache at each row.
// Threads: one owner.
#pragma once

#include <cstddef>

namespace varve::engine {

class ChunkMemory {
 public:
  /// Uninitialized, for take() of `size_bytes` in sum, each rounded up to kAlignment.
  explicit ChunkMemory(size_t size_bytes);
  ~ChunkMemory();
  ChunkMemory(const ChunkMemory&) = delete;
  ChunkMemory& operator=(const ChunkMemory&) = delete;

  static constexpr size_t kAlignment = 64;
  static constexpr size_t rounded(size_t size_bytes) {
    return (size_bytes + kAlignment - 1) / kAlignment * kAlignment;
  }
  /// The next bytes, aligned; valid as long as the object.
  char* take(size_t size_bytes);

 private:
  char* data_ = nullptr;
  size_t size_bytes_ = 0;
  size_t taken_bytes_ = 0;
  size_t mapped_bytes_ = 0;  // 0: from the heap.
};

}  // namespace varve::engine
