// SPDX-License-Identifier: Apache-2.0
// A disk in memory that fails where a test says so.
//
//   SimulatedFileSystem files(seed);
//   files.lose_power_after(17);      // the 18th changing call and everything after it fails
//   … run …
//   files.restart();                 // what was not synced is lost, or kept in part
//
// It counts every call that changes something (write, allocate, truncate, sync, create, rename,
// link, remove, sync_directory) as one I/O call. The call at which the power goes is in doubt, as
// on a real machine: it fails, but the disk may have its effect. What is modelled, and what is not:
// docs/decisions/0003-simulated-io.md.
// Threads: safe anywhere. Files and locks must not outlive their file system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"

namespace varve {

class SimulatedFileSystem final : public FileSystem {
 public:
  explicit SimulatedFileSystem(uint64_t seed = 1);
  ~SimulatedFileSystem() override;

  /// After `calls` more changing calls the power is gone: each further call, reading too, fails
  /// with kIo.
  void lose_power_after(uint64_t calls);
  bool power_lost() const;
  /// Changing calls since the last restart.
  uint64_t calls() const;
  /// Comes back after a power failure (or as after a process crash, when the power stayed on and
  /// `power_was_lost` is false: then all written bytes and names stay, and still wait for their
  /// sync). Each unsynced write is lost, kept, or torn between sectors of 512 bytes, as the seed
  /// decides; each unsynced name is kept or not, and a file without a durable name is gone, synced
  /// or not. Locks are free again; open files of before only fail.
  void restart(bool power_was_lost = true);
  /// Writes and allocations that would go beyond it fail with kNoSpace. Default: no limit.
  void set_capacity_bytes(uint64_t capacity_bytes);
  /// Flips one bit of a stored byte.
  void flip_bit(const std::string& path, uint64_t offset, unsigned bit);
  /// The next sync of any file fails with kIo, once. What it should have made durable is lost at
  /// a power failure or not, as the seed decides, and no later sync changes that.
  void fail_next_sync();
  /// After `after` more changing calls the next `count` of them fail with the code, and the disk
  /// goes on. A write may do a part, a sync is as after fail_next_sync(), others have no effect.
  /// Zero calls end what was asked for earlier.
  void fail_calls(uint64_t after, uint64_t count, ErrorCode code);
  /// How many calls have failed so since fail_calls().
  uint64_t calls_failed() const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> create_directories(const std::string& folder) override;
  Result<void> sync_directory(const std::string& folder) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& folder) override;

 private:
  class HeldLock;
  class OpenFile;
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace varve
