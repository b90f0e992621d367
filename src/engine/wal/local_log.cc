// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/local_log.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"

namespace varve::engine {
namespace {

metrics::Histogram& sync_seconds =
    metrics::histogram("varve_wal_sync_seconds", "Time that a sync of the WAL took.");
metrics::Counter& sync_errors =
    metrics::counter("varve_wal_errors_total", "Writes and syncs of the WAL that failed.");

// Below it the cache costs less than the way around it.
constexpr uint64_t kAroundCacheBytesMin = 64 << 10;
// A burst of large requests must not leave its memory with a log at rest.
constexpr size_t kBlocksKeptMax = 8u << 20;

constexpr uint64_t whole_blocks(uint64_t size_bytes) {
  return (size_bytes + File::kBlockBytes - 1) / File::kBlockBytes * File::kBlockBytes;
}

}  // namespace

LocalLog::LocalLog(LocalLogOptions options, FileSystem& files, const Clock& clock, Random& random,
                   const std::vector<OldSegment>& old)
    : options_(std::move(options)),
      files_(files),
      clock_(clock),
      random_(random),
      generation_next_(options_.generation_first),
      capacity_next_(std::min(options_.segment_bytes_first, options_.segment_bytes)),
      blocks_memory_(options_.memory, MemoryGovernor::Use::kMemtables) {
  const MutexLock lock(mutex_);
  for (const OldSegment& segment : old) {
    segments_.push_back({segment.name, segment.lsn_last, segment.size_bytes});
    generation_next_ = std::max(generation_next_, segment.name.generation + 1);
  }
}

std::string LocalLog::path(const WalSegmentName& name) const {
  return join_path(options_.folder, name.file_name());
}

// A file of the wanted size: a spare one under a new name, or a new one.
Result<std::unique_ptr<File>> LocalLog::make_file(const std::string& new_path,
                                                  uint64_t size_bytes) {
  std::optional<WalSegmentName> spare;
  {
    const MutexLock lock(mutex_);
    if (!spare_.empty()) {
      spare = spare_.back();
      spare_.pop_back();
    }
  }
  std::unique_ptr<File> file;
  if (spare) {
    if (const auto renamed = files_.rename(path(*spare), new_path); !renamed) {
      const MutexLock lock(mutex_);
      spare_.push_back(*spare);
      return fail(renamed.error());
    }
    file = TRY(files_.open(new_path, FileSystem::OpenMode::kReadWrite));
  } else {
    file = TRY(files_.open(new_path, FileSystem::OpenMode::kCreate));
  }
  const uint64_t has_bytes = TRY(file->size_bytes());
  if (has_bytes < size_bytes) TRY_VOID(file->allocate(has_bytes, size_bytes - has_bytes));
  return file;
}

Result<void> LocalLog::rotate(size_t size_bytes) {
  // With wal.sync=interval nobody would sync the old segment once it is not the current one.
  if (file_ && has_unsynced_) TRY_VOID(sync());
  const WalSegmentName name{.generation = generation_next_++,
                            .salt = static_cast<uint32_t>(random_.next_u64())};
  const uint64_t capacity = whole_blocks(
      std::max<uint64_t>(capacity_next_, kWalSegmentHeaderBytes + size_bytes));
  const std::string new_path = path(name);
  auto file = make_file(new_path, capacity);
  const std::string header = encode_wal_segment_header(name);
  Result<void> ready =
      file ? (*file)->write_at(0, header) : Result<void>(fail(file.error()));
  if (ready) ready = (*file)->sync();
  if (ready) ready = files_.sync_directory(options_.folder);
  if (!ready) {
    // What stands there holds no record, so it may as well stay when it cannot be removed.
    static_cast<void>(files_.remove(new_path));
    return ready;
  }
  retire_current();
  file_ = std::move(*file);
  name_ = name;
  capacity_bytes_ = capacity;
  capacity_next_ = std::min(options_.segment_bytes, 2 * capacity_next_);
  offset_ = kWalSegmentHeaderBytes;
  blocks_.reserve(File::kBlockBytes, 0);
  std::memcpy(blocks_.data(), header.data(), header.size());
  has_unsynced_ = false;
  const MutexLock lock(mutex_);
  segments_.push_back({.name = name, .lsn_last = Lsn{}, .size_bytes = offset_});
  current_open_ = true;
  return {};
}

void LocalLog::retire_current() {
  file_.reset();
  const MutexLock lock(mutex_);
  current_open_ = false;
}

Result<void> LocalLog::append(std::span<const std::string> bodies, Lsn lsn_first, bool sync_now) {
  CHECK(file_);
  uint64_t size_bytes = 0;
  for (const std::string& body : bodies) size_bytes += wal_record_bytes(body.size());
  CHECK(size_bytes <= capacity_bytes_ - offset_);
  {
    // Also when the write fails: some of the records may be found after a restart.
    const MutexLock lock(mutex_);
    segments_.back().lsn_last = Lsn{raw(lsn_first) + bodies.size() - 1};
    segments_.back().size_bytes += size_bytes;
  }
  // What must be on the disk at once gains nothing from a copy in the system's cache.
  const bool around_cache = sync_now && size_bytes >= kAroundCacheBytesMin;
  if (const auto written = write_records(bodies, lsn_first, size_bytes, around_cache); !written) {
    sync_errors.add();
    retire_current();
    return written;
  }
  offset_ += size_bytes;
  has_unsynced_ = true;
  return sync_now ? sync() : Result<void>();
}

Result<void> LocalLog::write_records(std::span<const std::string> bodies, Lsn lsn_first,
                                     uint64_t size_bytes, bool around_cache) {
  const size_t begun = offset_ % File::kBlockBytes;
  const size_t whole = whole_blocks(begun + size_bytes);
  // Rows that were let in must be logged: others wait.
  blocks_memory_.set_anyway(std::max(whole, blocks_.capacity_bytes()));
  blocks_.reserve(whole, begun);
  char* const records = blocks_.data() + begun;
  uint64_t lsn = raw(lsn_first);
  size_t at = 0;
  for (const std::string& body : bodies) {
    write_wal_record(name_, Lsn{lsn++}, body, records + at);
    at += wal_record_bytes(body.size());
  }
  std::memset(records + at, 0, whole - begun - at);
  const std::string_view blocks(blocks_.data(), whole);
  const uint64_t offset = offset_ - begun;
  TRY_VOID(around_cache ? file_->write_blocks_at(offset, blocks) : file_->write_at(offset, blocks));
  // What the next write begins with.
  const size_t end = begun + size_bytes;
  const size_t begun_next = end % File::kBlockBytes;
  std::memmove(blocks_.data(), blocks_.data() + end - begun_next, begun_next);
  if (blocks_.capacity_bytes() > kBlocksKeptMax) {
    BlockBuffer kept;
    kept.reserve(File::kBlockBytes, 0);
    std::memcpy(kept.data(), blocks_.data(), begun_next);
    blocks_ = std::move(kept);
  }
  blocks_memory_.set_anyway(blocks_.capacity_bytes());
  return {};
}

Result<void> LocalLog::sync() {
  if (!file_) return {};
  const int64_t began_ns = clock_.steady_ns();
  const auto synced = file_->sync();
  sync_seconds.observe(static_cast<double>(clock_.steady_ns() - began_ns) * 1e-9);
  if (!synced) {
    // The pages may be dropped by now: syncing them again would succeed and mean nothing.
    sync_errors.add();
    retire_current();
    return synced;
  }
  has_unsynced_ = false;
  return synced;
}

void LocalLog::release(Lsn lsn) {
  std::vector<WalSegmentName> unneeded;
  {
    const MutexLock lock(mutex_);
    std::vector<Segment> kept;
    for (size_t i = 0; i < segments_.size(); ++i) {
      const bool current = current_open_ && i + 1 == segments_.size();
      if (current || raw(segments_[i].lsn_last) > raw(lsn)) {
        kept.push_back(segments_[i]);
      } else if (spare_.size() < options_.segments_recycled_max) {
        spare_.push_back(segments_[i].name);
      } else {
        unneeded.push_back(segments_[i].name);
      }
    }
    segments_ = std::move(kept);
  }
  remove_files(unneeded);
}

void LocalLog::rest(Lsn lsn) {
  {
    const MutexLock lock(mutex_);
    if (!segments_.empty() && raw(segments_.back().lsn_last) > raw(lsn)) return;
  }
  retire_current();
  release(lsn);
  std::vector<WalSegmentName> spare;
  {
    const MutexLock lock(mutex_);
    spare.swap(spare_);
  }
  remove_files(spare);
  blocks_.free();
  blocks_memory_.set_anyway(0);
  capacity_next_ = std::min(options_.segment_bytes_first, options_.segment_bytes);
}

void LocalLog::remove_files(const std::vector<WalSegmentName>& names) {
  for (const WalSegmentName& name : names) {
    if (const auto removed = files_.remove(path(name)); !removed) {
      log::warn("wal.remove_failed", {{"file", path(name)}, {"error", removed.error().message}});
    }
  }
}

uint64_t LocalLog::size_bytes() const {
  const MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const Segment& segment : segments_) bytes += segment.size_bytes;
  return bytes;
}

}  // namespace varve::engine
