// SPDX-License-Identifier: Apache-2.0
// Memory for whole blocks of a file, from which a disk can read without a copy between.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "io/file_system.h"

namespace varve::engine {

/// Threads: one owner.
class BlockBuffer {
 public:
  /// Makes room for so many bytes; the first `kept` stay, the others are anything.
  void reserve(size_t size_bytes, size_t kept) {
    if (size_bytes <= capacity_bytes_) return;
    const size_t capacity_bytes = std::max(size_bytes, 2 * capacity_bytes_);
    Bytes bytes(new (kAlignment) char[capacity_bytes]);
    if (kept > 0) std::memcpy(bytes.get(), bytes_.get(), kept);
    bytes_ = std::move(bytes);
    capacity_bytes_ = capacity_bytes;
  }
  void free() {
    bytes_.reset();
    capacity_bytes_ = 0;
  }
  char* data() { return bytes_.get(); }
  size_t capacity_bytes() const { return capacity_bytes_; }

 private:
  static constexpr std::align_val_t kAlignment{File::kBlockBytes};
  struct Free {
    void operator()(char* bytes) const { ::operator delete[](bytes, kAlignment); }
  };
  using Bytes = std::unique_ptr<char[], Free>;

  Bytes bytes_;
  size_t capacity_bytes_ = 0;
};

}  // namespace varve::engine
