// SPDX-License-Identifier: Apache-2.0
// Decoded parts of sorted files that scans share, bounded by bytes; the one that was not used for
// the longest time goes first. What a scan holds stays alive until it lets go.
// Threads: safe anywhere.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "base/mutex.h"
#include "engine/cache/cached_block.h"

namespace varve {
class MemoryGovernor;
}

namespace varve::engine {

/// One column of one row group of one file, or a block of the file's series directory.
struct BlockKey {
  static constexpr uint32_t kDirectory = UINT32_MAX;

  uint64_t file = 0;       ///< Unique in the process.
  uint32_t row_group = 0;  ///< Or the number of the directory's block.
  uint32_t column = 0;     ///< 0: times; field f is f + 1; or kDirectory.
  friend bool operator==(const BlockKey&, const BlockKey&) = default;
};

struct BlockKeyHash {
  size_t operator()(const BlockKey& key) const {
    const uint64_t place = uint64_t{key.row_group} << 32 | key.column;
    return (key.file * 0x9e3779b97f4a7c15ull) ^ (place * 0xc2b2ae3d27d4eb4full);
  }
};

class BlockCache {
 public:
  /// `memory`: may allow less; null: does not. It outlives the cache.
  explicit BlockCache(size_t size_bytes_max, MemoryGovernor* memory = nullptr)
      : size_bytes_max_(size_bytes_max), memory_(memory) {}
  ~BlockCache();

  /// Null when it is not there. `Block` is what was added under that key.
  template <class Block>
  std::shared_ptr<const Block> find(const BlockKey& key) {
    return std::static_pointer_cast<const Block>(find_block(key));
  }
  void add(const BlockKey& key, std::shared_ptr<const CachedBlock> block);
  /// Forgets what is more than may be held now: others may have claimed memory since.
  void shrink();
  /// Forgets every block of a file.
  void forget(uint64_t file);
  size_t size_bytes() const;

 private:
  struct Entry {
    BlockKey key;
    std::shared_ptr<const CachedBlock> block;
    size_t size_bytes = 0;
  };
  std::shared_ptr<const CachedBlock> find_block(const BlockKey& key);
  void remove(std::list<Entry>::iterator entry) REQUIRES(mutex_);
  void shrink_to_allowed() REQUIRES(mutex_);

  /// How much may be held now.
  size_t allowed_bytes() const;
  const size_t size_bytes_max_;
  MemoryGovernor* const memory_;
  mutable Mutex mutex_;
  std::list<Entry> by_use_ GUARDED_BY(mutex_);  // Latest first.
  std::unordered_map<BlockKey, std::list<Entry>::iterator, BlockKeyHash> entries_
      GUARDED_BY(mutex_);
  size_t size_bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace varve::engine
