// SPDX-License-Identifier: Apache-2.0
// Shares one limit of memory among those who hold much of it: request bodies, memtables, the block
// cache, queries.
//
//     0 ···················· cache ··· writes ··· queries ··· limit
//
// The cache grows, writes are let in and queries may claim memory up to their marks; writes end
// kHeadroomBytes before the limit.
// So what is cached goes first, then writes wait, then queries fail, and the rest stays free for
// what grows before anybody could count it. Whoever is about to hold much claims it first. Claims
// are seldom there as a whole, and not everything is claimed (the series index, the program, what
// the allocator keeps): what counts is all claims, and on top of them the most that the process was
// lately seen to hold beyond its claims.
// Threads: safe anywhere.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace varve {

class MemoryGovernor {
 public:
  /// Between where writes end and the limit; less when the limit is small.
  static constexpr size_t kHeadroomBytes = 512ull << 20;
  static constexpr double kHeadroomShare = 0.25;

  /// Who holds memory.
  enum class Use : uint8_t { kBodies, kMemtables, kCache, kQueries };
  static constexpr size_t kUseCount = 4;

  struct Process {
    /// Bytes of memory that the process holds now, without pages of files; 0 when nobody knows.
    /// Null: never asked.
    std::function<size_t()> resident_bytes;
    /// Bytes in pages of files, above all of the program itself. Null: none.
    std::function<size_t()> file_bytes;
    /// Gives the operating system what the allocator keeps. Null: nothing to give.
    std::function<void()> trim;
    /// Time that never goes back.
    std::function<int64_t()> steady_ns;
  };

  MemoryGovernor(size_t limit_bytes, Process process);
  /// Of this process, by /proc and the C library.
  static Process this_process();

  size_t limit_bytes() const { return limit_bytes_; }
  /// All claims, and what the process lately held beyond them.
  size_t used_bytes() const;
  size_t claimed_bytes(Use use) const {
    return claimed_[static_cast<size_t>(use)].load(std::memory_order_relaxed);
  }

  /// Claims memory that is about to be allocated. False, and nothing is claimed, when that would go
  /// beyond the share of this use. Measures the process now and then.
  bool try_claim(Use use, size_t bytes);
  /// Claims what is there already.
  void claim(Use use, size_t bytes);
  void release(Use use, size_t bytes);

  /// How much the cache may hold now.
  size_t cache_bytes_max() const;
  /// True when writes are refused or soon will be: time to flush.
  bool is_tight() const;

 private:
  size_t claimed_total() const;
  size_t for_cache() const { return limit_bytes_ - headroom_bytes_ / 4 * 5; }
  size_t for_writes() const { return limit_bytes_ - headroom_bytes_; }
  size_t for_queries() const { return limit_bytes_ - headroom_bytes_ / 2; }
  void measure();
  void trim_if_it_pays(int64_t now_ns, size_t resident);
  /// Returns what the process holds.
  size_t note_unclaimed(int64_t now_ns);

  const size_t limit_bytes_;
  const size_t headroom_bytes_;
  const Process process_;
  std::atomic<size_t> claimed_[kUseCount] = {};
  // What the process held beyond its claims: the most of lately, forgotten little by little.
  std::atomic<size_t> unclaimed_bytes_{0};
  std::atomic<int64_t> measured_ns_{INT64_MIN};
  std::atomic<int64_t> trimmed_ns_{INT64_MIN};
};

/// Half of the machine's memory, or of the control group's limit when that is lower.
size_t default_memory_limit_bytes();

/// A claim that ends with the object. Threads: one owner.
class ScopedMemory {
 public:
  /// Null: everything is allowed.
  ScopedMemory(MemoryGovernor* governor, MemoryGovernor::Use use)
      : governor_(governor), use_(use) {}
  ScopedMemory(const ScopedMemory&) = delete;
  ScopedMemory& operator=(const ScopedMemory&) = delete;
  ~ScopedMemory() { static_cast<void>(set(0)); }

  /// Holds `bytes` from now on; false, and unchanged, when that is too much.
  bool set(size_t bytes) {
    if (governor_ == nullptr) return true;
    if (bytes > bytes_ && !governor_->try_claim(use_, bytes - bytes_)) return false;
    if (bytes < bytes_) governor_->release(use_, bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }
  /// The same for what has to be there in any case: others then wait.
  void set_anyway(size_t bytes) {
    if (governor_ == nullptr) return;
    if (bytes > bytes_) governor_->claim(use_, bytes - bytes_);
    if (bytes < bytes_) governor_->release(use_, bytes_ - bytes);
    bytes_ = bytes;
  }
  size_t bytes() const { return bytes_; }

 private:
  MemoryGovernor* governor_;
  MemoryGovernor::Use use_;
  size_t bytes_ = 0;
};

}  // namespace varve
