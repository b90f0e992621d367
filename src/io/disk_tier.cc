// SPDX-License-Identifier: Apache-2.0
#include "io/disk_tier.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/log.h"
#include "base/metrics.h"

namespace varve {
namespace {

constexpr size_t kCrcBytes = 4;

metrics::Gauge& tier_bytes = metrics::gauge(
    "varve_disk_tier_bytes", "Copies on the local disk of what stands in the object store.");
metrics::Counter& hits = metrics::counter(
    "varve_disk_tier_hits_total", "Reads of objects that the local disk answered.");
metrics::Counter& misses = metrics::counter(
    "varve_disk_tier_misses_total", "Blocks of objects that had to be fetched.");
metrics::Counter& evictions = metrics::counter(
    "varve_disk_tier_evictions_total", "Copies that made room for others on the local disk.");
metrics::Counter& damaged = metrics::counter(
    "varve_disk_tier_damaged_total", "Copies on the local disk that were found damaged.");

std::string flat(const std::string& object) {
  std::string name = object;
  std::ranges::replace(name, '/', '~');
  return name;
}

// The inverse of block_path's name; nothing for any other.
std::optional<std::pair<std::string, uint64_t>> parse_block_name(std::string_view name) {
  const auto at = name.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t block = 0;
  const auto parsed = std::from_chars(name.data() + at + 1, name.data() + name.size(), block);
  if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) return std::nullopt;
  std::string object(name.substr(0, at));
  std::ranges::replace(object, '~', '/');
  return std::pair(std::move(object), block);
}

}  // namespace

DiskTier::DiskTier(FileSystem& files, std::string folder, uint64_t bytes_max,
                   uint64_t free_bytes_min)
    : files_(files),
      folder_(std::move(folder)),
      bytes_max_(bytes_max),
      free_bytes_min_(free_bytes_min) {}

DiskTier::~DiskTier() {
  const MutexLock lock(mutex_);
  tier_bytes.add(-static_cast<int64_t>(size_bytes_));
}

Result<std::unique_ptr<DiskTier>> DiskTier::open(FileSystem& files, std::string folder,
                                                 uint64_t bytes_max, uint64_t free_bytes_min) {
  std::unique_ptr<DiskTier> tier(
      new DiskTier(files, std::move(folder), bytes_max, free_bytes_min));
  TRY_VOID(files.create_directories(tier->folder_));
  for (const std::string& name : TRY(files.list(tier->folder_))) {
    const std::string path = join_path(tier->folder_, name);
    const auto block = parse_block_name(name);
    const auto file = files.open(path, FileSystem::OpenMode::kRead);
    const auto size = file ? (*file)->size_bytes() : Result<uint64_t>(fail(file.error()));
    if (!block || !size || *size <= kCrcBytes) {
      tier->remove_files({path});
      continue;
    }
    tier->add(*block, {.path = path, .size_bytes = *size, .file = nullptr, .place = {}});
  }
  return tier;
}

std::string DiskTier::block_path(const std::string& object, uint64_t block) const {
  return join_path(folder_, flat(object) + "@" + std::to_string(block));
}

uint64_t DiskTier::missing_bytes() const {
  if (free_bytes_min_ == 0) return 0;
  const auto free_bytes = files_.free_bytes(folder_);
  return free_bytes ? free_bytes_min_ - std::min(free_bytes_min_, *free_bytes) : 0;
}

void DiskTier::add(Key key, Entry entry) {
  std::vector<std::string> removed;
  const uint64_t missing = missing_bytes();
  {
    const MutexLock lock(mutex_);
    // Whoever was first keeps its place; both have the same bytes under the same path.
    if (entries_.contains(key)) return;
    by_use_.push_front(key);
    entry.place = by_use_.begin();
    size_bytes_ += entry.size_bytes;
    tier_bytes.add(static_cast<int64_t>(entry.size_bytes));
    entries_.emplace(std::move(key), std::move(entry));
    removed = make_room(missing);
  }
  remove_files(removed);
}

std::string DiskTier::take_out(std::map<Key, Entry>::iterator entry) {
  std::string path = std::move(entry->second.path);
  size_bytes_ -= entry->second.size_bytes;
  tier_bytes.add(-static_cast<int64_t>(entry->second.size_bytes));
  by_use_.erase(entry->second.place);
  entries_.erase(entry);
  return path;
}

std::vector<std::string> DiskTier::make_room(uint64_t missing_bytes) {
  std::vector<std::string> removed;
  const uint64_t bytes_max =
      std::min(bytes_max_, size_bytes_ - std::min(size_bytes_, missing_bytes));
  while (size_bytes_ > bytes_max && !by_use_.empty()) {
    removed.push_back(take_out(entries_.find(by_use_.back())));
    evictions.add();
  }
  return removed;
}

void DiskTier::remove_files(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const auto removed = files_.remove(path);
    if (removed || removed.error().code == ErrorCode::kNotFound) continue;
    log::warn("disk_tier.remove_failed", {{"file", path}, {"error", removed.error().message}});
  }
}

void DiskTier::drop(const Key& key) {
  std::string path;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    path = take_out(found);
  }
  remove_files({path});
}

void DiskTier::add_whole(const std::string& object, std::string path, uint64_t size_bytes) {
  add({object, kWhole},
      {.path = std::move(path), .size_bytes = size_bytes, .file = nullptr, .place = {}});
}

std::shared_ptr<const File> DiskTier::find_whole(const std::string& object) {
  const Key key{object, kWhole};
  std::string path;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    by_use_.splice(by_use_.begin(), by_use_, found->second.place);
    if (found->second.file) {
      hits.add();
      return found->second.file;
    }
    path = found->second.path;
  }
  auto opened = files_.open(path, FileSystem::OpenMode::kRead);
  if (!opened) {
    drop(key);
    return nullptr;
  }
  std::shared_ptr<const File> file = std::move(*opened);
  hits.add();
  const MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  if (found != entries_.end() && !found->second.file) found->second.file = file;
  return file;
}

void DiskTier::close_whole(const std::string& object) {
  std::shared_ptr<const File> closed;  // Ends after the lock.
  const MutexLock lock(mutex_);
  const auto found = entries_.find({object, kWhole});
  if (found != entries_.end()) closed = std::move(found->second.file);
}

bool DiskTier::add_block(const std::string& object, uint64_t block, std::string_view bytes) {
  misses.add();
  std::string stored(bytes);
  ByteWriter(stored).u32(crc32c(bytes));
  if (stored.size() > bytes_max_) return false;
  const std::string path = block_path(object, block);
  {
    const MutexLock lock(mutex_);
    if (entries_.contains({object, block})) return true;
  }
  auto file = files_.open(path, FileSystem::OpenMode::kCreate);
  // Somebody may have cleared everything away.
  if (!file && file.error().code == ErrorCode::kNotFound && files_.create_directories(folder_)) {
    file = files_.open(path, FileSystem::OpenMode::kCreate);
  }
  if (!file) return false;
  if (const auto written = (*file)->write_at(0, stored); !written) {
    file->reset();
    remove_files({path});
    return false;
  }
  add({object, block}, {.path = path,
                        .size_bytes = stored.size(),
                        .is_checked = true,
                        .file = nullptr,
                        .place = {}});
  return true;
}

bool DiskTier::check_block(const Entry& entry) const {
  const auto file = files_.open(entry.path, FileSystem::OpenMode::kRead);
  if (!file) return false;
  const auto bytes = (*file)->read_at(0, entry.size_bytes);
  if (!bytes || bytes->size() != entry.size_bytes) return false;
  const std::string_view all(*bytes);
  ByteReader reader(all.substr(all.size() - kCrcBytes));
  return reader.u32() == crc32c(all.substr(0, all.size() - kCrcBytes));
}

bool DiskTier::read_block(const std::string& object, uint64_t block, uint64_t offset, char* out,
                          size_t size_bytes) {
  const Key key{object, block};
  Entry seen;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    by_use_.splice(by_use_.begin(), by_use_, found->second.place);
    seen = found->second;
  }
  bool is_good = offset + size_bytes + kCrcBytes <= seen.size_bytes;
  if (is_good && !seen.is_checked) {
    is_good = check_block(seen);
    if (!is_good) damaged.add();
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end()) found->second.is_checked = is_good;
  }
  if (is_good) {
    const auto file = files_.open(seen.path, FileSystem::OpenMode::kRead);
    const auto read = file ? (*file)->read_into(offset, out, size_bytes) : Result<size_t>(0);
    is_good = file && read && *read == size_bytes;
  }
  if (!is_good) {
    drop(key);
    return false;
  }
  hits.add();
  return true;
}

void DiskTier::forget(const std::string& object) {
  std::vector<std::string> removed;
  {
    const MutexLock lock(mutex_);
    auto entry = entries_.lower_bound({object, 0});
    while (entry != entries_.end() && entry->first.first == object) {
      const auto next = std::next(entry);
      removed.push_back(take_out(entry));
      entry = next;
    }
  }
  remove_files(removed);
}

void DiskTier::forget_whole(const std::string& object) { drop({object, kWhole}); }

uint64_t DiskTier::size_bytes() const {
  const MutexLock lock(mutex_);
  return size_bytes_;
}

}  // namespace varve
