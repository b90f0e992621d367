// SPDX-License-Identifier: Apache-2.0
// The twin of the catalog's store for tests and simulated runs: keeps what was committed, and loses
// power where it is told.
//
//   MemoryKeyValueDisk disk;               // outlives every opening
//   disk.lose_power_at(3, PowerLoss::kAfterCommit);
//   auto key_value = disk.open();          // the third commit lands, but nobody hears of it
//   disk.restart();
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "catalog/key_value.h"

namespace varve {

enum class PowerLoss : uint8_t {
  kBeforeCommit,  ///< Nothing of the transaction stays.
  kAfterCommit,   ///< All of it stays, but its commit() fails.
};

/// Threads: safe anywhere.
class MemoryKeyValueDisk {
 public:
  /// What is committed is seen by every opening, earlier and later. The disk outlives it.
  std::unique_ptr<KeyValue> open();

  /// The n-th commit from now (1: the next) fails with that error; those after it work.
  void fail_commit(uint64_t commit_number, Error error);
  /// At the n-th commit from now the power goes: it fails with kIo, and so does everything after
  /// it until restart().
  void lose_power_at(uint64_t commit_number, PowerLoss side);
  /// The power is back; what was planned is forgotten.
  void restart();

  uint64_t commit_count() const;
  /// What is committed now.
  std::map<std::string, std::string, std::less<>> content() const;

 private:
  friend class MemoryKeyValueTransaction;
  friend class MemoryKeyValue;
  using Content = std::map<std::string, std::string, std::less<>>;

  Result<Content> begin();
  Result<void> commit(Content changed);

  std::mutex turn_;  // Held by the open transaction: they run one after the other.
  mutable Mutex mutex_;
  Content content_ GUARDED_BY(mutex_);
  uint64_t commit_count_ GUARDED_BY(mutex_) = 0;
  bool has_power_ GUARDED_BY(mutex_) = true;
  // Numbers of commits counted since the beginning; 0: none.
  uint64_t failing_commit_ GUARDED_BY(mutex_) = 0;
  Error failing_error_ GUARDED_BY(mutex_);
  uint64_t last_commit_ GUARDED_BY(mutex_) = 0;
  PowerLoss side_ GUARDED_BY(mutex_) = PowerLoss::kBeforeCommit;
};

}  // namespace varve
