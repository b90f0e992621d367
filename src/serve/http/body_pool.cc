// SPDX-License-Identifier: Apache-2.0
#include "serve/http/body_pool.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace varve {

// Quarters of a power of two, with the byte that ends a text.
size_t BodyPool::room_for(size_t size_bytes) {
  if (size_bytes < kBytesMin) return size_bytes;
  const size_t step_bytes = std::bit_floor(size_bytes) / 4;
  return (size_bytes / step_bytes + 1) * step_bytes - 1;
}

std::string BodyPool::take(size_t size_bytes) {
  if (size_bytes < kBytesMin) return {};
  const MutexLock lock(mutex_);
  // The one given last is the nearest to the processor.
  const auto found = std::find_if(free_.rbegin(), free_.rend(), [&](const std::string& body) {
    return body.capacity() >= size_bytes;
  });
  if (found == free_.rend()) return {};
  std::string body = std::move(*found);
  free_.erase(std::next(found).base());
  held_.set_anyway(held_.bytes() - body.capacity());
  unused_count_ = std::min(unused_count_, free_.size());
  return body;
}

void BodyPool::give(std::string body) {
  if (!is_worth_keeping(body)) return;
  const MutexLock lock(mutex_);
  if (free_.size() >= kBodiesMax || !held_.set(held_.bytes() + body.capacity())) return;
  free_.push_back(std::move(body));
}

void BodyPool::drop_unused() {
  std::vector<std::string> dropped;
  {
    const MutexLock lock(mutex_);
    // Those given longest ago.
    const auto end = free_.begin() + static_cast<ptrdiff_t>(unused_count_);
    dropped.assign(std::make_move_iterator(free_.begin()), std::make_move_iterator(end));
    free_.erase(free_.begin(), end);
    for (const std::string& body : dropped) held_.set_anyway(held_.bytes() - body.capacity());
    unused_count_ = free_.size();
  }
}

size_t BodyPool::kept_count() const {
  const MutexLock lock(mutex_);
  return free_.size();
}

}  // namespace varve
