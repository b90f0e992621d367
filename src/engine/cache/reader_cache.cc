// SPDX-License-Identifier: Apache-2.0
#include "engine/cache/reader_cache.h"

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"

namespace varve::engine {
namespace {

metrics::Counter& opened =
    metrics::counter("varve_sst_opened_total", "Sorted files opened, again or for the first time.");
metrics::Gauge& open_readers =
    metrics::gauge("varve_sst_open_readers", "Sorted files that are open.");
metrics::Gauge& held_bytes = metrics::gauge(
    "varve_sst_reader_bytes", "Bytes of footers and directory indexes of open sorted files.");

}  // namespace

ReaderCache::Handle::Handle(ReaderCache& cache, std::string path)
    : cache_(cache), path_(std::move(path)) {
  const MutexLock lock(cache_.mutex_);
  ++cache_.entries_[path_].handles;
}

ReaderCache::Handle::~Handle() {
  std::vector<std::shared_ptr<const SstReader>> closed;  // They end after the lock.
  bool removed = false;
  {
    const MutexLock lock(cache_.mutex_);
    const auto found = cache_.entries_.find(path_);
    if (--found->second.handles > 0) return;
    removed = found->second.removed;
    cache_.close(found->second, closed);
    cache_.entries_.erase(found);
  }
  if (removed) cache_.unlink(path_);
}

void ReaderCache::close(Entry& entry, std::vector<std::shared_ptr<const SstReader>>& closed) {
  if (!entry.reader) return;
  by_use_.erase(entry.place);
  size_bytes_ -= entry.size_bytes;
  open_readers.add(-1);
  held_bytes.add(-static_cast<int64_t>(entry.size_bytes));
  closed.push_back(std::move(entry.reader));
  entry.reader.reset();
}

std::shared_ptr<const SstReader> ReaderCache::find(const std::string& path) {
  const MutexLock lock(mutex_);
  Entry& entry = entries_.find(path)->second;
  if (!entry.reader) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, entry.place);
  return entry.reader;
}

Result<std::shared_ptr<const SstReader>> ReaderCache::reader(const std::string& path) {
  if (auto known = find(path)) return known;
  // No lock across I/O: should two threads open the file at once, one of them did so in vain.
  auto reader = TRY(open_sst(files_, path));
  opened.add();
  std::vector<std::shared_ptr<const SstReader>> closed;
  const MutexLock lock(mutex_);
  Entry& entry = entries_.find(path)->second;
  if (entry.reader) return entry.reader;
  entry.reader = reader;
  entry.size_bytes = reader->size_bytes();
  by_use_.push_front(&entry);
  entry.place = by_use_.begin();
  size_bytes_ += entry.size_bytes;
  open_readers.add(1);
  held_bytes.add(static_cast<int64_t>(entry.size_bytes));
  while (by_use_.size() > 1 && (by_use_.size() > readers_max_ || size_bytes_ > bytes_max_)) {
    close(*by_use_.back(), closed);
  }
  return reader;
}

void ReaderCache::remove(const std::string& path) {
  {
    const MutexLock lock(mutex_);
    if (const auto found = entries_.find(path); found != entries_.end()) {
      found->second.removed = true;
      return;
    }
  }
  unlink(path);
}

void ReaderCache::unlink(const std::string& path) {
  if (const auto removed = files_.remove(path); !removed) {
    log::warn("shard.remove_failed", {{"file", path}, {"error", removed.error().message}});
  }
}

size_t ReaderCache::reader_count() const {
  const MutexLock lock(mutex_);
  return by_use_.size();
}

size_t ReaderCache::size_bytes() const {
  const MutexLock lock(mutex_);
  return size_bytes_;
}

}  // namespace varve::engine
