// SPDX-License-Identifier: Apache-2.0
#include "io/tiered_file_system.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/metrics.h"

namespace varve {
namespace {

constexpr std::string_view kTierFolder = "object-cache";
// Blocks that are on their way at once, each in memory, however many ask.
constexpr size_t kFetchesMax = 16;
constexpr size_t kUnkeptMax = 8;

metrics::Gauge& removed_now = metrics::gauge(
    "varve_object_store_removed_objects", "Objects that are not needed and not yet deleted.");

// See the errors in the header.
Error as_io(Error error) {
  error.code = ErrorCode::kIo;
  return error;
}

}  // namespace

// Threads: as File says.
class TieredFileSystem::ObjectFile final : public File {
 public:
  ObjectFile(TieredFileSystem& files, std::string object, uint64_t size_bytes)
      : files_(files), object_(std::move(object)), size_bytes_(size_bytes) {
    files_.opened(object_);
  }
  ~ObjectFile() override { files_.closed(object_); }

  Result<std::string> read_at(uint64_t offset, size_t size_bytes) const override {
    std::string bytes(static_cast<size_t>(fitting(offset, size_bytes)), '\0');
    bytes.resize(TRY(read_into(offset, bytes.data(), bytes.size())));
    return bytes;
  }
  Result<size_t> read_into(uint64_t offset, char* out, size_t size_bytes) const override {
    const auto wanted = static_cast<size_t>(fitting(offset, size_bytes));
    if (wanted == 0) return size_t{0};
    if (const auto whole = files_.tier_->find_whole(object_)) {
      const auto read = whole->read_into(offset, out, wanted);
      if (read && *read == wanted) return wanted;
      files_.tier_->forget_whole(object_);
    } else if (const auto local = files_.file_on_its_way(object_)) {
      return local->read_into(offset, out, wanted);
    }
    TRY_VOID(files_.read_blocks(object_, size_bytes_, offset, out, wanted));
    return wanted;
  }
  Result<void> write_at(uint64_t, std::string_view) override { return refuse(); }
  Result<void> allocate(uint64_t, uint64_t) override { return refuse(); }
  Result<void> truncate(uint64_t) override { return refuse(); }
  Result<void> sync() override { return {}; }
  Result<uint64_t> size_bytes() const override { return size_bytes_; }

 private:
  uint64_t fitting(uint64_t offset, uint64_t size_bytes) const {
    return std::min(size_bytes, size_bytes_ - std::min(offset, size_bytes_));
  }
  Result<void> refuse() const {
    return fail(ErrorCode::kUnsupported,
                "an object cannot be changed: " + files_.store_.url(object_));
  }

  TieredFileSystem& files_;  // Outlives the file.
  const std::string object_;
  const uint64_t size_bytes_;
};

TieredFileSystem::TieredFileSystem(FileSystem& local, ObjectStore& store, TieredOptions options)
    : local_(local), store_(store), options_(std::move(options)) {}

TieredFileSystem::~TieredFileSystem() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  uploads_changed_.notify_all();
  uploaders_.clear();
  const MutexLock lock(mutex_);
  removed_now.add(-static_cast<int64_t>(removed_.size()));
}

bool TieredFileSystem::is_object_name(std::string_view path) {
  return path.ends_with(".sst") || path.ends_with(".sst.orphan");
}

std::optional<std::string> TieredFileSystem::below_root(const std::string& path) const {
  const std::string& root = options_.root;
  if (path == root) return "";
  if (!path.starts_with(root)) return std::nullopt;
  const size_t begin = root.ends_with('/') ? root.size() : root.size() + 1;
  if (path.size() <= begin || path[begin - 1] != '/') return std::nullopt;
  return path.substr(begin);
}

std::string TieredFileSystem::object_of(const std::string& path) const {
  if (!is_object_name(path)) return "";
  return below_root(path).value_or("");
}

Result<std::unique_ptr<TieredFileSystem>> TieredFileSystem::open(FileSystem& local,
                                                                 ObjectStore& store,
                                                                 TieredOptions options) {
  while (options.root.size() > 1 && options.root.ends_with('/')) options.root.pop_back();
  CHECK(options.block_bytes > 0);
  std::unique_ptr<TieredFileSystem> files(new TieredFileSystem(local, store, std::move(options)));
  files->tier_ = TRY(DiskTier::open(local, join_path(files->options_.root, kTierFolder),
                                    files->options_.disk_bytes_max,
                                    files->options_.disk_free_bytes_min));
  TRY_VOID(files->find_objects());
  TRY_VOID(files->adopt_local_files(files->options_.root));
  for (size_t i = 0; i < files->options_.upload_threads; ++i) {
    files->uploaders_.emplace_back("varve-upload", [all = files.get()] { all->run_uploads(); });
  }
  return files;
}

Result<void> TieredFileSystem::find_objects() {
  const auto objects = store_.list("");
  if (!objects) return fail(objects.error());
  const MutexLock lock(mutex_);
  for (const ObjectInfo& object : *objects) {
    if (is_object_name(object.name)) sizes_[object.name] = object.size_bytes;
  }
  return {};
}

// Every sorted file below the folder that stands on the local disk. One that the listing lacks is
// uploaded: at worst the listing was late, and it is uploaded once more.
Result<void> TieredFileSystem::adopt_local_files(const std::string& folder) {
  const auto names = local_.list(folder);
  if (!names) return {};  // Not there, or no folder.
  for (const std::string& name : *names) {
    const std::string path = join_path(folder, name);
    if (name == kTierFolder) continue;
    const std::string object = object_of(path);
    if (object.empty()) {
      // Only folders of the engine hold sorted files; everything else is told apart by listing it.
      if (name.find('.') == std::string::npos) TRY_VOID(adopt_local_files(path));
      continue;
    }
    const auto file = local_.open(path, OpenMode::kRead);
    if (!file) continue;
    const uint64_t size_bytes = TRY((*file)->size_bytes());
    std::optional<uint64_t> stored_bytes;
    {
      const MutexLock lock(mutex_);
      const auto known = sizes_.find(object);
      if (known != sizes_.end()) stored_bytes = known->second;
    }
    if (!stored_bytes) {
      log::info("object_store.adopts", {{"file", path}, {"bytes", size_bytes}});
      TRY_VOID(upload(path, object));
    } else if (*stored_bytes != size_bytes) {
      // The object is the truth, this is a copy of it that came to harm.
      log::warn("disk_tier.copy_damaged", {{"file", path}, {"bytes", size_bytes}});
      TRY_VOID(local_.remove(path));
      continue;
    }
    tier_->add_whole(object, path, size_bytes);
  }
  return {};
}

void TieredFileSystem::note(const std::string& object, uint64_t size_bytes) {
  const MutexLock lock(mutex_);
  sizes_[object] = size_bytes;
  if (removed_.erase(object) > 0) removed_now.add(-1);
}

Result<void> TieredFileSystem::put_local(const std::string& from, const std::string& object) {
  const auto file = TRY(local_.open(from, OpenMode::kRead));
  if (const auto allowed = may_change(); !allowed) return fail(as_io(allowed.error()));
  if (const auto put = store_.put_file(object, *file); !put) return fail(as_io(put.error()));
  return {};
}

Result<void> TieredFileSystem::upload(const std::string& from, const std::string& object) {
  const uint64_t size_bytes = TRY(TRY(local_.open(from, OpenMode::kRead))->size_bytes());
  TRY_VOID(put_local(from, object));
  note(object, size_bytes);
  return {};
}

Result<uint64_t> TieredFileSystem::object_size(const std::string& object) {
  {
    const MutexLock lock(mutex_);
    const auto known = sizes_.find(object);
    if (known != sizes_.end()) return known->second;
    if (removed_.contains(object)) {
      return fail(ErrorCode::kNotFound, store_.url(object) + " was removed");
    }
  }
  // The listing may have been late.
  const auto size_bytes = store_.size_bytes(object);
  if (!size_bytes) {
    if (size_bytes.error().code == ErrorCode::kNotFound) return fail(size_bytes.error());
    return fail(as_io(size_bytes.error()));
  }
  note(object, *size_bytes);
  return *size_bytes;
}

Result<void> TieredFileSystem::read_blocks(const std::string& object, uint64_t object_bytes,
                                           uint64_t offset, char* out, size_t size_bytes) {
  const uint64_t block_bytes = options_.block_bytes;
  const uint64_t first = offset / block_bytes;
  const uint64_t last = (offset + size_bytes - 1) / block_bytes;
  return run_in_parallel(
      static_cast<size_t>(last - first + 1), options_.parallel_requests,
      [&](size_t i) -> Result<void> {
        const uint64_t block = first + i;
        const uint64_t begin = std::max(offset, block * block_bytes);
        const uint64_t end = std::min(offset + size_bytes, (block + 1) * block_bytes);
        return read_block(object, object_bytes, block, begin - block * block_bytes,
                          out + (begin - offset), static_cast<size_t>(end - begin));
      });
}

bool TieredFileSystem::read_copy(const std::string& object, uint64_t block, uint64_t offset,
                                 char* out, size_t size_bytes) {
  if (tier_->read_block(object, block, offset, out, size_bytes)) return true;
  std::shared_ptr<const std::string> bytes;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, held] : unkept_) {
      if (name.second == block && name.first == object) bytes = held;
    }
  }
  if (!bytes || offset + size_bytes > bytes->size()) return false;
  std::copy_n(bytes->data() + offset, size_bytes, out);
  return true;
}

// Several threads that want one block fetch it once.
Result<void> TieredFileSystem::read_block(const std::string& object, uint64_t object_bytes,
                                          uint64_t block, uint64_t offset, char* out,
                                          size_t size_bytes) {
  const std::pair key(object, block);
  while (true) {
    if (read_copy(object, block, offset, out, size_bytes)) return {};
    const MutexLock lock(mutex_);
    const auto may_fetch = [&]() REQUIRES(mutex_) {
      return fetching_.size() < kFetchesMax && !fetching_.contains(key);
    };
    if (may_fetch()) {
      fetching_.insert(key);
      break;
    }
    fetched_.wait(mutex_, may_fetch);
  }
  const uint64_t begin = block * options_.block_bytes;
  const uint64_t wanted = std::min(options_.block_bytes, object_bytes - begin);
  auto bytes = store_.get(object, begin, wanted);
  std::shared_ptr<const std::string> unkept;
  if (bytes && bytes->size() == wanted) {
    std::copy_n(bytes->data() + offset, size_bytes, out);
    if (!tier_->add_block(object, block, *bytes)) {
      unkept = std::make_shared<const std::string>(*bytes);
    }
  }
  {
    const MutexLock lock(mutex_);
    if (unkept) unkept_.emplace_front(key, std::move(unkept));
    if (unkept_.size() > kUnkeptMax) unkept_.pop_back();
    fetching_.erase(key);
    fetched_.notify_all();
  }
  if (!bytes) {
    if (bytes.error().code == ErrorCode::kNotFound) return fail(bytes.error());
    return fail(as_io(bytes.error()));
  }
  if (bytes->size() == wanted) return {};
  return fail(ErrorCode::kCorrupt, store_.url(object) + " ends at byte " +
                                       std::to_string(begin + bytes->size()) + " instead of " +
                                       std::to_string(object_bytes));
}

void TieredFileSystem::opened(const std::string& object) {
  const MutexLock lock(mutex_);
  ++open_[object];
}

void TieredFileSystem::closed(const std::string& object) {
  {
    const MutexLock lock(mutex_);
    const auto found = open_.find(object);
    if (--found->second > 0) return;
    open_.erase(found);
  }
  tier_->close_whole(object);
}

Result<std::unique_ptr<File>> TieredFileSystem::open(const std::string& path, OpenMode mode) {
  const std::string object = object_of(path);
  if (object.empty()) return local_.open(path, mode);
  if (mode != OpenMode::kRead) {
    return fail(ErrorCode::kUnsupported, path + " is kept in the object store: write it under "
                                                "another name and rename it");
  }
  return std::make_unique<ObjectFile>(*this, object, TRY(object_size(object)));
}

Result<bool> TieredFileSystem::exists(const std::string& path) {
  const std::string object = object_of(path);
  if (object.empty()) return local_.exists(path);
  const auto size_bytes = object_size(object);
  if (!size_bytes && size_bytes.error().code != ErrorCode::kNotFound) {
    return fail(size_bytes.error());
  }
  return size_bytes.has_value();
}

Result<std::vector<std::string>> TieredFileSystem::list(const std::string& folder) {
  const auto local = TRY(local_.list(folder));
  std::set<std::string> names;
  for (const std::string& name : local) {
    if (object_of(join_path(folder, name)).empty()) names.insert(name);
  }
  const auto below = below_root(folder);
  if (!below) return local;
  const std::string begin = below->empty() ? "" : *below + "/";
  const MutexLock lock(mutex_);
  for (auto known = sizes_.lower_bound(begin);
       known != sizes_.end() && known->first.starts_with(begin); ++known) {
    const std::string rest = known->first.substr(begin.size());
    names.insert(rest.substr(0, rest.find('/')));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void> TieredFileSystem::rename(const std::string& from, const std::string& to) {
  const std::string source = object_of(from);
  const std::string target = object_of(to);
  if (source.empty() && target.empty()) return local_.rename(from, to);
  if (target.empty()) {
    return fail(ErrorCode::kUnsupported, from + " is kept in the object store");
  }
  if (!source.empty()) {
    const uint64_t size_bytes = TRY(object_size(source));
    if (const auto copied = store_.copy(source, target); !copied) {
      return fail(as_io(copied.error()));
    }
    note(target, size_bytes);
    return remove(from);
  }
  return options_.upload_threads > 0 ? begin_upload(from, to, target)
                                     : rename_to_object(from, to, target);
}

Result<void> TieredFileSystem::rename_to_object(const std::string& from, const std::string& to,
                                                const std::string& object) {
  TRY_VOID(upload(from, object));
  // Durable from here on: what follows only keeps a copy at hand.
  if (const auto renamed = local_.rename(from, to); !renamed) {
    log::warn("disk_tier.copy_lost", {{"file", to}, {"error", renamed.error().message}});
    static_cast<void>(local_.remove(from));
    return {};
  }
  if (const auto size_bytes = object_size(object)) tier_->add_whole(object, to, *size_bytes);
  return {};
}

// Should the process end before the upload does, the next one finds a file that the listing lacks.
Result<void> TieredFileSystem::begin_upload(const std::string& from, const std::string& to,
                                            const std::string& object) {
  const uint64_t size_bytes = TRY(TRY(local_.open(from, OpenMode::kRead))->size_bytes());
  TRY_VOID(local_.rename(from, to));
  note(object, size_bytes);
  {
    const MutexLock lock(mutex_);
    uploads_[object] = {.path = to, .size_bytes = size_bytes, .error = {}};
    upload_queue_.push_back(object);
  }
  uploads_changed_.notify_all();
  return {};
}

void TieredFileSystem::run_uploads() {
  while (true) {
    std::string object;
    std::string path;
    {
      const MutexLock lock(mutex_);
      uploads_changed_.wait(mutex_, [&]() REQUIRES(mutex_) {
        return is_stopping_ || !upload_queue_.empty();
      });
      // What waits was promised to nobody.
      if (is_stopping_) return;
      object = std::move(upload_queue_.front());
      upload_queue_.pop_front();
      const Upload& next = uploads_.find(object)->second;
      if (!next.is_removed) path = next.path;
    }
    finish_upload(object, path.empty() ? Result<void>() : put_local(path, object));
  }
}

void TieredFileSystem::finish_upload(const std::string& object, Result<void> outcome) {
  Upload ended;
  {
    const MutexLock lock(mutex_);
    Upload& upload = uploads_.find(object)->second;
    if (!outcome && !upload.is_removed) {
      upload.is_done = true;
      upload.error = outcome.error();
      uploads_changed_.notify_all();
      return;
    }
    ended = upload;
  }
  // The copy before the entry goes: a reader finds one of them, or the object.
  if (!ended.is_removed) tier_->add_whole(object, ended.path, ended.size_bytes);
  bool is_removed = false;
  {
    const MutexLock lock(mutex_);
    is_removed = uploads_.find(object)->second.is_removed;
    uploads_.erase(object);
    if (is_removed && removed_.insert(object).second) removed_now.add(1);
  }
  uploads_changed_.notify_all();
  if (!is_removed) return;
  tier_->forget(object);
  if (ended.is_removed) static_cast<void>(local_.remove(ended.path));
}

Result<void> TieredFileSystem::wait_for_uploads(const std::string& folder) {
  const auto below = below_root(folder);
  if (!below) return {};
  const std::string begin = below->empty() ? "" : *below + "/";
  const auto is_here = [&](const std::string& object) {
    return object.starts_with(begin) && object.find('/', begin.size()) == std::string::npos;
  };
  const MutexLock lock(mutex_);
  uploads_changed_.wait(mutex_, [&]() REQUIRES(mutex_) {
    return std::ranges::none_of(uploads_, [&](const auto& entry) {
      return is_here(entry.first) && !entry.second.is_done && !entry.second.is_removed;
    });
  });
  for (const auto& [object, upload] : uploads_) {
    if (is_here(object) && upload.is_done && !upload.is_removed) return fail(upload.error);
  }
  return {};
}

std::unique_ptr<File> TieredFileSystem::file_on_its_way(const std::string& object) {
  std::string path;
  {
    const MutexLock lock(mutex_);
    const auto found = uploads_.find(object);
    if (found == uploads_.end()) return nullptr;
    path = found->second.path;
  }
  auto file = local_.open(path, OpenMode::kRead);
  return file ? std::move(*file) : nullptr;
}

Result<void> TieredFileSystem::link(const std::string& from, const std::string& to) {
  if (object_of(from).empty() && object_of(to).empty()) return local_.link(from, to);
  return fail(ErrorCode::kUnsupported, "an object has one name: " + from);
}

Result<void> TieredFileSystem::remove(const std::string& path) {
  const std::string object = object_of(path);
  if (object.empty()) return local_.remove(path);
  std::string local_path;
  {
    const MutexLock lock(mutex_);
    if (sizes_.erase(object) == 0) return fail(ErrorCode::kNotFound, "there is no " + path);
    const auto on_its_way = uploads_.find(object);
    if (on_its_way != uploads_.end() && !on_its_way->second.is_done) {
      // Whoever uploads it does the rest.
      on_its_way->second.is_removed = true;
      uploads_changed_.notify_all();
      return {};
    }
    if (on_its_way != uploads_.end()) {
      local_path = on_its_way->second.path;
      uploads_.erase(on_its_way);
    }
    // A request that failed may have arrived, or still arrive.
    if (removed_.insert(object).second) removed_now.add(1);
  }
  uploads_changed_.notify_all();
  if (!local_path.empty()) static_cast<void>(local_.remove(local_path));
  tier_->forget(object);
  return {};
}

std::vector<std::string> TieredFileSystem::removed_objects() const {
  const MutexLock lock(mutex_);
  return {removed_.begin(), removed_.end()};
}

Result<void> TieredFileSystem::delete_removed(const std::vector<std::string>& objects) {
  if (objects.empty()) return {};
  TRY_VOID(may_change());
  return run_in_parallel(objects.size(), options_.parallel_requests,
                         [&](size_t i) -> Result<void> {
                           TRY_VOID(store_.remove(objects[i]));
                           const MutexLock lock(mutex_);
                           if (removed_.erase(objects[i]) > 0) removed_now.add(-1);
                           return {};
                         });
}

Result<void> TieredFileSystem::create_directories(const std::string& folder) {
  return local_.create_directories(folder);
}

Result<void> TieredFileSystem::sync_directory(const std::string& folder) {
  TRY_VOID(local_.sync_directory(folder));
  return wait_for_uploads(folder);
}

Result<std::unique_ptr<FileLock>> TieredFileSystem::lock(const std::string& path) {
  return local_.lock(path);
}

Result<uint64_t> TieredFileSystem::free_bytes(const std::string& folder) {
  return local_.free_bytes(folder);
}

}  // namespace varve
