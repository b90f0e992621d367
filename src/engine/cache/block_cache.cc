// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/block_cache.h"

#include <algorithm>

#include "base/memory_governor.h"
#include "base/metrics.h"

namespace varve::engine {
namespace {

metrics::Counter& hits =
    metrics::counter("varve_block_cache_hits_total", "Decoded blocks found in the cache.");
metrics::Counter& misses =
    metrics::counter("varve_block_cache_misses_total", "Decoded blocks not found in the cache.");
metrics::Gauge& held_bytes =
    metrics::gauge("varve_block_cache_bytes", "Bytes of decoded blocks in the cache.");

}  // namespace

BlockCache::~BlockCache() {
  held_bytes.add(-static_cast<int64_t>(size_bytes_));
  if (memory_ != nullptr) memory_->release(MemoryGovernor::Use::kCache, size_bytes_);
}

size_t BlockCache::allowed_bytes() const {
  if (memory_ == nullptr) return size_bytes_max_;
  return std::min(size_bytes_max_, memory_->cache_bytes_max());
}

std::shared_ptr<const CachedBlock> BlockCache::find_block(const BlockKey& key) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    misses.add();
    return nullptr;
  }
  hits.add();
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return found->second->block;
}

void BlockCache::add(const BlockKey& key, std::shared_ptr<const CachedBlock> block) {
  const size_t bytes = block->size_bytes();
  if (bytes > size_bytes_max_) return;
  const MutexLock lock(mutex_);
  if (entries_.contains(key)) return;
  by_use_.push_front({.key = key, .block = std::move(block), .size_bytes = bytes});
  entries_.emplace(key, by_use_.begin());
  size_bytes_ += bytes;
  held_bytes.add(static_cast<int64_t>(bytes));
  if (memory_ != nullptr) memory_->claim(MemoryGovernor::Use::kCache, bytes);
  shrink_to_allowed();
}

void BlockCache::shrink() {
  const MutexLock lock(mutex_);
  shrink_to_allowed();
}

void BlockCache::shrink_to_allowed() {
  const size_t allowed = allowed_bytes();
  while (size_bytes_ > allowed) remove(std::prev(by_use_.end()));
}

void BlockCache::remove(std::list<Entry>::iterator entry) {
  size_bytes_ -= entry->size_bytes;
  held_bytes.add(-static_cast<int64_t>(entry->size_bytes));
  if (memory_ != nullptr) memory_->release(MemoryGovernor::Use::kCache, entry->size_bytes);
  entries_.erase(entry->key);
  by_use_.erase(entry);
}

void BlockCache::forget(uint64_t file) {
  const MutexLock lock(mutex_);
  for (auto entry = by_use_.begin(); entry != by_use_.end();) {
    const auto next = std::next(entry);
    if (entry->key.file == file) remove(entry);
    entry = next;
  }
}

size_t BlockCache::size_bytes() const {
  const MutexLock lock(mutex_);
  return size_bytes_;
}

}  // namespace varve::engine
