// SPDX-License-Identifier: Apache-2.0
// Memory of request bodies that are done with, for those that come: it is mapped already, and no
// byte of it has to be made zero before bytes are read over it. What nobody uses for a while goes.
// Threads: safe anywhere.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/memory_governor.h"
#include "base/mutex.h"

namespace varve {

class BodyPool {
 public:
  /// Smaller bodies are not worth keeping, larger ones are too much to keep.
  static constexpr size_t kBytesMin = 64 << 10;
  static constexpr size_t kBytesMax = 8u << 20;
  static constexpr size_t kBodiesMax = 4;

  /// What is kept is claimed there; it outlives the pool. Null: no limit.
  explicit BodyPool(MemoryGovernor* memory) : held_(memory, MemoryGovernor::Use::kBodies) {}

  /// The room to ask for when so many bytes will come: bodies of nearly one size then get the same
  /// memory again. It is what the allocator would set aside anyway.
  static size_t room_for(size_t size_bytes);

  /// A text with room for so many bytes, as long as it was when it was given: what stands in it is
  /// anything. Empty, and without room, when there is none.
  std::string take(size_t size_bytes);
  void give(std::string body);
  /// Called now and then: frees what was not in use since the last call.
  void drop_unused();

  size_t kept_count() const;

 private:
  bool is_worth_keeping(const std::string& body) const {
    return body.capacity() >= kBytesMin && body.capacity() <= kBytesMax;
  }

  mutable Mutex mutex_;
  std::vector<std::string> free_ GUARDED_BY(mutex_);
  size_t unused_count_ GUARDED_BY(mutex_) = 0;  // The fewest there since drop_unused().
  ScopedMemory held_ GUARDED_BY(mutex_);
};

}  // namespace varve
