// SPDX-License-Identifier: Apache-2.0
// A log in preallocated files of one folder. A file that is no longer needed is renamed and used
// again: its blocks are there, so that appending changes no metadata and cannot run out of space.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/memory_governor.h"
#include "base/mutex.h"
#include "engine/wal/block_buffer.h"
#include "engine/wal/log.h"
#include "engine/wal/wal_format.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"

namespace varve::engine {

struct LocalLogOptions {
  std::string folder;
  uint64_t segment_bytes = 64ull << 20;
  /// The first segment, and the first after a rest; each following one is twice as large, up to
  /// segment_bytes.
  uint64_t segment_bytes_first = 1ull << 20;
  size_t segments_recycled_max = 2;
  /// Above that of every segment that ever was.
  uint64_t generation_first = 1;
  /// Where the memory of records on their way is claimed; null: nowhere.
  MemoryGovernor* memory = nullptr;
};

/// A segment of an earlier run.
struct OldSegment {
  WalSegmentName name;
  Lsn lsn_last{};
  uint64_t size_bytes = 0;
};

class LocalLog final : public Log {
 public:
  /// `old` are the segments that stand in the folder. The references outlive the log.
  LocalLog(LocalLogOptions options, FileSystem& files, const Clock& clock, Random& random,
           const std::vector<OldSegment>& old);

  uint64_t generation() const override { return file_ ? name_.generation : 0; }
  bool fits(size_t size_bytes) const override {
    return file_ && size_bytes <= capacity_bytes_ - offset_;
  }
  Result<void> rotate(size_t size_bytes) override;
  Result<void> append(std::span<const std::string> bodies, Lsn lsn_first, bool sync) override;
  Result<void> sync() override;
  void release(Lsn lsn) override;
  void rest(Lsn lsn) override;
  uint64_t size_bytes() const override;

 private:
  struct Segment {
    WalSegmentName name;
    Lsn lsn_last{};
    uint64_t size_bytes = 0;
  };
  std::string path(const WalSegmentName& name) const;
  Result<std::unique_ptr<File>> make_file(const std::string& path, uint64_t size_bytes);
  Result<void> write_records(std::span<const std::string> bodies, Lsn lsn_first,
                             uint64_t size_bytes, bool around_cache);
  void retire_current();
  void remove_files(const std::vector<WalSegmentName>& names);

  const LocalLogOptions options_;
  FileSystem& files_;
  const Clock& clock_;
  Random& random_;

  // Writer thread only.
  std::unique_ptr<File> file_;  // Null: abandoned, or none yet.
  WalSegmentName name_;
  uint64_t generation_next_;
  uint64_t capacity_bytes_ = 0;
  uint64_t capacity_next_;
  uint64_t offset_ = 0;
  bool has_unsynced_ = false;  // Of the current segment.
  // Blocks on their way to the file. The first block of the next write is there already, as far as
  // it was written: whole blocks are written, so that none has to be read for the sake of its rest.
  BlockBuffer blocks_;
  ScopedMemory blocks_memory_;

  mutable Mutex mutex_;
  std::vector<Segment> segments_ GUARDED_BY(mutex_);  // The current one is last.
  std::vector<WalSegmentName> spare_ GUARDED_BY(mutex_);
  bool current_open_ GUARDED_BY(mutex_) = false;
};

}  // namespace varve::engine
