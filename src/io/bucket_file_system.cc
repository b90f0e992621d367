// SPDX-License-Identifier: Apache-2.0
#include "io/bucket_file_system.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace varve {
namespace {

// What is fetched at once by somebody who reads in order.
constexpr uint64_t kChunkBytes = 16ull << 20;
constexpr uint64_t kPieceBytes = 4ull << 20;
constexpr size_t kParallelRequests = 4;
constexpr std::string_view kScheme = "s3://";

std::string without_slashes(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

// Keeps the chunk that was read last.
class BucketFileSystem::ReadFile final : public File {
 public:
  ReadFile(ObjectStore& store, std::string name, uint64_t size_bytes)
      : store_(store), name_(std::move(name)), size_bytes_(size_bytes) {}

  Result<std::string> read_at(uint64_t offset, size_t size_bytes) const override {
    const uint64_t wanted =
        std::min<uint64_t>(size_bytes, size_bytes_ - std::min(offset, size_bytes_));
    std::string bytes(static_cast<size_t>(wanted), '\0');
    bytes.resize(TRY(read_into(offset, bytes.data(), bytes.size())));
    return bytes;
  }
  Result<size_t> read_into(uint64_t offset, char* out, size_t size_bytes) const override {
    size_t done = 0;
    while (done < size_bytes && offset + done < size_bytes_) {
      const auto chunk = TRY(chunk_at((offset + done) / kChunkBytes));
      const uint64_t within = (offset + done) % kChunkBytes;
      const size_t taken = std::min<size_t>(size_bytes - done, chunk->size() - within);
      std::copy_n(chunk->data() + within, taken, out + done);
      done += taken;
    }
    return done;
  }
  Result<void> write_at(uint64_t, std::string_view) override { return refuse(); }
  Result<void> allocate(uint64_t, uint64_t) override { return refuse(); }
  Result<void> truncate(uint64_t) override { return refuse(); }
  Result<void> sync() override { return {}; }
  Result<uint64_t> size_bytes() const override { return size_bytes_; }

 private:
  using Chunk = std::shared_ptr<const std::string>;

  Result<Chunk> chunk_at(uint64_t number) const {
    {
      const MutexLock lock(mutex_);
      if (chunk_ && number_ == number) return chunk_;
    }
    const uint64_t begin = number * kChunkBytes;
    const uint64_t wanted = std::min(kChunkBytes, size_bytes_ - begin);
    auto bytes = TRY(
        get_in_parallel(store_, name_, begin, wanted, kPieceBytes, kParallelRequests));
    if (bytes.size() != wanted) {
      return fail(ErrorCode::kIo, store_.url(name_) + " became shorter while it was read");
    }
    auto chunk = std::make_shared<const std::string>(std::move(bytes));
    const MutexLock lock(mutex_);
    chunk_ = chunk;
    number_ = number;
    return chunk;
  }
  Result<void> refuse() const {
    return fail(ErrorCode::kUnsupported, "an object cannot be changed: " + store_.url(name_));
  }

  ObjectStore& store_;  // Outlives the file.
  const std::string name_;
  const uint64_t size_bytes_;
  mutable Mutex mutex_;
  mutable Chunk chunk_ GUARDED_BY(mutex_);
  mutable uint64_t number_ GUARDED_BY(mutex_) = 0;
};

class BucketFileSystem::WrittenFile final : public File {
 public:
  WrittenFile(BucketFileSystem& files, std::string path, std::string spool,
              std::unique_ptr<File> file)
      : files_(files), path_(std::move(path)), spool_(std::move(spool)), file_(std::move(file)) {}
  ~WrittenFile() override {
    file_.reset();
    // A temporary one waits for its name.
    if (!path_.ends_with(".tmp")) static_cast<void>(files_.base_.remove(spool_));
  }

  Result<std::string> read_at(uint64_t offset, size_t size_bytes) const override {
    return file_->read_at(offset, size_bytes);
  }
  Result<size_t> read_into(uint64_t offset, char* out, size_t size_bytes) const override {
    return file_->read_into(offset, out, size_bytes);
  }
  Result<void> write_at(uint64_t offset, std::string_view bytes) override {
    return file_->write_at(offset, bytes);
  }
  Result<void> allocate(uint64_t offset, uint64_t size_bytes) override {
    return file_->allocate(offset, size_bytes);
  }
  Result<void> truncate(uint64_t size_bytes) override { return file_->truncate(size_bytes); }
  Result<void> sync() override {
    return path_.ends_with(".tmp") ? Result<void>() : files_.put_from_base(spool_, path_);
  }
  Result<uint64_t> size_bytes() const override { return file_->size_bytes(); }

 private:
  BucketFileSystem& files_;  // Outlives the file.
  const std::string path_;
  const std::string spool_;
  std::unique_ptr<File> file_;
};

class BucketFileSystem::HeldLock final : public FileLock {
 public:
  HeldLock(BucketFileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~HeldLock() override {
    const MutexLock lock(files_.mutex_);
    files_.locked_.erase(path_);
  }

 private:
  BucketFileSystem& files_;  // Outlives the lock.
  const std::string path_;
};

BucketFileSystem::BucketFileSystem(FileSystem& base, std::string spool_folder,
                                   OpenBucket open_bucket)
    : base_(base),
      spool_folder_(std::move(spool_folder)),
      open_bucket_(std::move(open_bucket)) {}

BucketFileSystem::~BucketFileSystem() {
  const MutexLock lock(mutex_);
  for (const auto& [path, spool] : spooled_) static_cast<void>(base_.remove(spool));
}

Result<BucketFileSystem::Place> BucketFileSystem::place_of(const std::string& path) {
  const std::string rest = without_slashes(path.substr(kScheme.size()));
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string bucket = rest.substr(0, slash);
  if (bucket.empty() || slash == rest.size()) {
    return fail(ErrorCode::kInvalidInput,
                path + " names no place in a bucket; write it as s3://bucket/name");
  }
  const MutexLock lock(mutex_);
  auto& store = buckets_[bucket];
  if (!store) {
    auto opened = open_bucket_(bucket);
    if (!opened) return fail(opened.error());
    store = std::move(*opened);
  }
  return Place{.store = store.get(), .name = rest.substr(slash + 1)};
}

std::optional<std::string> BucketFileSystem::spooled(const std::string& path) const {
  const MutexLock lock(mutex_);
  const auto found = spooled_.find(path);
  if (found == spooled_.end()) return std::nullopt;
  return found->second;
}

Result<void> BucketFileSystem::put_from_base(const std::string& from, const std::string& to) {
  const Place place = TRY(place_of(to));
  const auto file = TRY(base_.open(from, OpenMode::kRead));
  return place.store->put_file(place.name, *file);
}

Result<std::unique_ptr<File>> BucketFileSystem::open(const std::string& path, OpenMode mode) {
  if (!is_bucket_path(path)) return base_.open(path, mode);
  if (mode == OpenMode::kReadWrite) {
    return fail(ErrorCode::kUnsupported, "an object cannot be changed: " + path);
  }
  const Place place = TRY(place_of(path));
  if (mode == OpenMode::kRead) {
    if (const auto spool = spooled(path)) return base_.open(*spool, mode);
    return std::make_unique<ReadFile>(*place.store, place.name,
                                      TRY(place.store->size_bytes(place.name)));
  }
  TRY_VOID(base_.create_directories(spool_folder_));
  std::string spool;
  {
    const MutexLock lock(mutex_);
    spool = join_path(spool_folder_, "upload-" + std::to_string(spool_next_++) + ".tmp");
  }
  // One of an earlier process.
  if (TRY(base_.exists(spool))) TRY_VOID(base_.remove(spool));
  auto file = TRY(base_.open(spool, OpenMode::kCreate));
  if (path.ends_with(".tmp")) {
    const MutexLock lock(mutex_);
    spooled_[path] = spool;
  }
  return std::make_unique<WrittenFile>(*this, path, spool, std::move(file));
}

Result<bool> BucketFileSystem::exists(const std::string& path) {
  if (!is_bucket_path(path)) return base_.exists(path);
  if (path.ends_with(".tmp")) return spooled(path).has_value();
  const Place place = TRY(place_of(path));
  {
    const MutexLock lock(mutex_);
    if (folders_.contains(without_slashes(path))) return true;
  }
  const auto size_bytes = place.store->size_bytes(place.name);
  if (size_bytes) return true;
  if (size_bytes.error().code != ErrorCode::kNotFound) return fail(size_bytes.error());
  return !TRY(place.store->list(place.name + "/")).empty();
}

Result<std::vector<std::string>> BucketFileSystem::list(const std::string& folder) {
  if (!is_bucket_path(folder)) return base_.list(folder);
  const Place place = TRY(place_of(folder));
  const std::string begin = place.name + "/";
  std::set<std::string> names;
  for (const ObjectInfo& object : TRY(place.store->list(begin))) {
    const std::string rest = object.name.substr(begin.size());
    names.insert(rest.substr(0, rest.find('/')));
  }
  const MutexLock lock(mutex_);
  if (names.empty() && !folders_.contains(without_slashes(folder))) {
    return fail(ErrorCode::kNotFound, "there is nothing in " + folder);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void> BucketFileSystem::rename(const std::string& from, const std::string& to) {
  if (!is_bucket_path(from) && !is_bucket_path(to)) return base_.rename(from, to);
  const auto spool = spooled(from);
  if (!spool || !is_bucket_path(to)) {
    return fail(ErrorCode::kUnsupported, "an object keeps its name: " + from);
  }
  TRY_VOID(put_from_base(*spool, to));
  return remove(from);
}

Result<void> BucketFileSystem::link(const std::string& from, const std::string& to) {
  if (!is_bucket_path(from) && !is_bucket_path(to)) return base_.link(from, to);
  if (!is_bucket_path(from)) return put_from_base(from, to);
  return fail(ErrorCode::kUnsupported, "an object has one name: " + from);
}

Result<void> BucketFileSystem::remove(const std::string& path) {
  if (!is_bucket_path(path)) return base_.remove(path);
  if (path.ends_with(".tmp")) {
    std::string spool;
    {
      const MutexLock lock(mutex_);
      const auto found = spooled_.find(path);
      if (found == spooled_.end()) return fail(ErrorCode::kNotFound, "there is no " + path);
      spool = std::move(found->second);
      spooled_.erase(found);
    }
    return base_.remove(spool);
  }
  {
    const MutexLock lock(mutex_);
    folders_.erase(without_slashes(path));
  }
  const Place place = TRY(place_of(path));
  return place.store->remove(place.name);
}

Result<void> BucketFileSystem::create_directories(const std::string& folder) {
  if (!is_bucket_path(folder)) return base_.create_directories(folder);
  TRY(place_of(folder));
  const MutexLock lock(mutex_);
  folders_.insert(without_slashes(folder));
  return {};
}

Result<void> BucketFileSystem::sync_directory(const std::string& folder) {
  return is_bucket_path(folder) ? Result<void>() : base_.sync_directory(folder);
}

Result<std::unique_ptr<FileLock>> BucketFileSystem::lock(const std::string& path) {
  if (!is_bucket_path(path)) return base_.lock(path);
  {
    const MutexLock lock(mutex_);
    if (!locked_.insert(path).second) {
      return fail(ErrorCode::kAlreadyExists, path + " is held by this process");
    }
  }
  return std::make_unique<HeldLock>(*this, path);
}

Result<uint64_t> BucketFileSystem::free_bytes(const std::string& folder) {
  if (!is_bucket_path(folder)) return base_.free_bytes(folder);
  return std::numeric_limits<uint64_t>::max() / 2;
}

}  // namespace varve
