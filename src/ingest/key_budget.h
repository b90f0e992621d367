// SPDX-License-Identifier: Apache-2.0
// How many keys are worth keeping. Senders that come round keep a cache busy; when keys are so many
// that it is full before any comes again, a large one only costs memory and is far away.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace varve {

/// Threads: one owner.
class KeyBudget {
 public:
  /// As few as stay near the processor.
  static constexpr size_t kFew = 65'536;
  /// After so many times `keys_most` keys in small caches a large one is tried again: what is sent
  /// may have changed.
  static constexpr uint64_t kTriesAfter = 16;

  explicit KeyBudget(size_t keys_most) : keys_most_(keys_most), keys_max_(keys_most) {}

  size_t keys_max() const { return keys_max_; }
  /// A cache of `key_count` keys is full and goes; so many lookups were made in it.
  void note_full(size_t key_count, uint64_t lookup_count) {
    learned_count_ += key_count;
    const bool pays = lookup_count >= 2 * uint64_t{key_count};
    if (pays || learned_count_ > kTriesAfter * keys_most_) {
      keys_max_ = keys_most_;
      learned_count_ = 0;
    } else {
      keys_max_ = std::min(keys_most_, std::max(kFew, keys_max_ / 4));
    }
  }

 private:
  const size_t keys_most_;
  size_t keys_max_;
  uint64_t learned_count_ = 0;  // Since the budget was whole.
};

}  // namespace varve
