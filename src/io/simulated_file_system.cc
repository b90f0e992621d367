// SPDX-License-Identifier: Apache-2.0
#include "io/simulated_file_system.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "io/random.h"
#include "io/simulated_bytes.h"
#include "io/simulated_names.h"

namespace varve {
namespace {

// What free_bytes() answers without a capacity; small enough to add to.
constexpr uint64_t kEndlessFreeBytes = uint64_t{1} << 60;
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

Error power_is_lost(const std::string& path) {
  return {ErrorCode::kIo, "the power is lost: " + path};
}

}  // namespace

struct SimulatedFileSystem::State {
  explicit State(uint64_t seed) : random(seed) {}

  enum class Fate : uint8_t {
    kDone,
    kInDoubt,  ///< The power goes during this call: it says no, but the disk may have it.
  };

  /// Every call on a path begins here, or with the next one.
  Result<void> check_power(const std::string& path) const REQUIRES(mutex) {
    if (power_lost) return fail(power_is_lost(path));
    return {};
  }
  /// Counts one changing call, of which it is known that the disk will take it.
  Fate begin_change() REQUIRES(mutex) {
    ++calls;
    if (calls_left == 0) power_lost = true;
    if (calls_left && *calls_left > 0) --*calls_left;
    return power_lost ? Fate::kInDoubt : Fate::kDone;
  }
  /// Asked before a changing call that the disk would take; an error is its outcome.
  Result<void> check_fault(const std::string& path) REQUIRES(mutex) {
    if (faults_left == 0) return {};
    if (calls_before_faults > 0) {
      --calls_before_faults;
      return {};
    }
    --faults_left;
    ++calls_failed;
    return fail(fault_code, "the disk refuses: " + path);
  }
  static Result<void> end_change(Fate fate, const std::string& path) {
    if (fate == Fate::kInDoubt) return fail(power_is_lost(path));
    return {};
  }
  Result<void> make_folder(const std::string& path) REQUIRES(mutex);
  Result<void> sync_folder(const std::string& path) REQUIRES(mutex);
  /// How many of the bytes that make a file longer still fit.
  uint64_t fitting_bytes(uint64_t growth_bytes) const REQUIRES(mutex) {
    if (capacity_bytes == kNoLimit) return growth_bytes;
    const uint64_t used = names.used_bytes();
    return std::min(growth_bytes, capacity_bytes - std::min(capacity_bytes, used));
  }

  mutable Mutex mutex;
  SeededRandom random;
  SimulatedNames names GUARDED_BY(mutex);
  std::set<const SimulatedNode*> locked GUARDED_BY(mutex);
  std::optional<uint64_t> calls_left GUARDED_BY(mutex);
  uint64_t calls GUARDED_BY(mutex) = 0;
  uint64_t restarts GUARDED_BY(mutex) = 0;
  uint64_t capacity_bytes GUARDED_BY(mutex) = kNoLimit;
  bool power_lost GUARDED_BY(mutex) = false;
  bool next_sync_fails GUARDED_BY(mutex) = false;
  uint64_t calls_before_faults GUARDED_BY(mutex) = 0;
  uint64_t faults_left GUARDED_BY(mutex) = 0;
  uint64_t calls_failed GUARDED_BY(mutex) = 0;
  ErrorCode fault_code GUARDED_BY(mutex) = ErrorCode::kIo;
};

Result<void> SimulatedFileSystem::State::make_folder(const std::string& path) {
  TRY_VOID(check_power(path));
  TRY_VOID(names.check_create(path));
  TRY_VOID(check_fault(path));
  const Fate fate = begin_change();
  names.create(path, /*folder=*/true);
  return end_change(fate, path);
}

Result<void> SimulatedFileSystem::State::sync_folder(const std::string& path) {
  TRY_VOID(check_power(path));
  const auto folder = names.find(path);
  if (!folder || !folder->is_folder) {
    return fail(ErrorCode::kNotFound, "cannot sync folder " + path + ": no such folder");
  }
  TRY_VOID(check_fault(path));
  const Fate fate = begin_change();
  // In doubt, the names stay waiting, and the restart decides.
  if (fate == Fate::kDone) names.sync(*folder);
  return end_change(fate, path);
}


class SimulatedFileSystem::OpenFile final : public File {
 public:
  OpenFile(State* disk, std::shared_ptr<SimulatedNode> node, std::string path, bool writable)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), writable_(writable) {
    const MutexLock lock(disk_->mutex);
    restarts_ = disk_->restarts;
  }

  Result<std::string> read_at(uint64_t offset, size_t size_bytes) const override {
    const MutexLock lock(disk_->mutex);
    TRY_VOID(check_usable());
    return std::string(part(offset, size_bytes));
  }
  Result<size_t> read_into(uint64_t offset, char* out, size_t size_bytes) const override {
    const MutexLock lock(disk_->mutex);
    TRY_VOID(check_usable());
    const std::string_view bytes = part(offset, size_bytes);
    bytes.copy(out, bytes.size());
    return bytes.size();
  }
  Result<void> write_at(uint64_t offset, std::string_view bytes) override {
    const MutexLock lock(disk_->mutex);
    TRY_VOID(check_writable());
    const uint64_t growth_bytes = growth_to(offset + bytes.size());
    const uint64_t fitting_bytes = disk_->fitting_bytes(growth_bytes);
    if (const auto taken = disk_->check_fault(path_); !taken) {
      node_->bytes.write(offset, bytes.substr(0, bytes.size() / 2));
      return taken;
    }
    const Fate fate = disk_->begin_change();
    if (fitting_bytes < growth_bytes) {
      // As on a real disk, what still fits is written.
      const uint64_t end = node_->bytes.current().size() + fitting_bytes;
      if (end > offset) node_->bytes.write(offset, bytes.substr(0, end - offset));
      return fail(disk_is_full());
    }
    node_->bytes.write(offset, bytes);
    return State::end_change(fate, path_);
  }
  Result<void> allocate(uint64_t offset, uint64_t size_bytes) override {
    const MutexLock lock(disk_->mutex);
    TRY_VOID(check_writable());
    const uint64_t growth_bytes = growth_to(offset + size_bytes);
    if (disk_->fitting_bytes(growth_bytes) < growth_bytes) return fail(disk_is_full());
    TRY_VOID(disk_->check_fault(path_));
    const Fate fate = disk_->begin_change();
    if (growth_bytes > 0) node_->bytes.resize(offset + size_bytes);
    return State::end_change(fate, path_);
  }
  Result<void> truncate(uint64_t size_bytes) override {
    const MutexLock lock(disk_->mutex);
    TRY_VOID(check_writable());
    TRY_VOID(disk_->check_fault(path_));
    const Fate fate = disk_->begin_change();
    node_->bytes.resize(size_bytes);
    return State::end_change(fate, path_);
  }
  Result<void> sync() override {
    const MutexLock lock(disk_->mutex);
    TRY_VOID(check_usable());
    if (const auto taken = disk_->check_fault(path_); !taken) {
      node_->bytes.fail_sync(disk_->random);
      return taken;
    }
    const Fate fate = disk_->begin_change();
    if (std::exchange(disk_->next_sync_fails, false)) {
      node_->bytes.fail_sync(disk_->random);
      return fail(ErrorCode::kIo, "cannot sync " + path_ + ": the disk refused");
    }
    // In doubt, the bytes stay unsynced, and the restart decides.
    if (fate == Fate::kDone) node_->bytes.sync();
    return State::end_change(fate, path_);
  }
  Result<uint64_t> size_bytes() const override {
    const MutexLock lock(disk_->mutex);
    TRY_VOID(check_usable());
    return node_->bytes.current().size();
  }

 private:
  using Fate = State::Fate;

  Result<void> check_usable() const REQUIRES(disk_->mutex) {
    if (restarts_ != disk_->restarts) {
      return fail(ErrorCode::kIo, "the file was opened before the restart: " + path_);
    }
    return disk_->check_power(path_);
  }
  Result<void> check_writable() const REQUIRES(disk_->mutex) {
    TRY_VOID(check_usable());
    if (!writable_) return fail(ErrorCode::kIo, "the file was opened for reading: " + path_);
    return {};
  }
  std::string_view part(uint64_t offset, size_t size_bytes) const {
    const std::string_view all = node_->bytes.current();
    return all.substr(std::min<uint64_t>(offset, all.size()), size_bytes);
  }
  uint64_t growth_to(uint64_t end) const {
    const uint64_t size_bytes = node_->bytes.current().size();
    return end > size_bytes ? end - size_bytes : 0;
  }
  Error disk_is_full() const { return {ErrorCode::kNoSpace, "the disk is full: " + path_}; }

  State* disk_;  // Outlives the file; owned by the file system.
  std::shared_ptr<SimulatedNode> node_;
  std::string path_;
  bool writable_;
  uint64_t restarts_;
};

class SimulatedFileSystem::HeldLock final : public FileLock {
 public:
  HeldLock(State* disk, std::shared_ptr<SimulatedNode> node, uint64_t restarts)
      : disk_(disk), node_(std::move(node)), restarts_(restarts) {}
  ~HeldLock() override {
    const MutexLock lock(disk_->mutex);
    // After a restart the lock may be somebody else's.
    if (restarts_ == disk_->restarts) disk_->locked.erase(node_.get());
  }

 private:
  State* disk_;  // Outlives the lock; owned by the file system.
  std::shared_ptr<SimulatedNode> node_;
  uint64_t restarts_;
};

SimulatedFileSystem::SimulatedFileSystem(uint64_t seed) : state_(std::make_unique<State>(seed)) {}

SimulatedFileSystem::~SimulatedFileSystem() = default;

void SimulatedFileSystem::lose_power_after(uint64_t calls) {
  const MutexLock lock(state_->mutex);
  state_->calls_left = calls;
}

bool SimulatedFileSystem::power_lost() const {
  const MutexLock lock(state_->mutex);
  return state_->power_lost;
}

uint64_t SimulatedFileSystem::calls() const {
  const MutexLock lock(state_->mutex);
  return state_->calls;
}

void SimulatedFileSystem::restart(bool power_was_lost) {
  const MutexLock lock(state_->mutex);
  if (power_was_lost) state_->names.lose_power(draw_luck(state_->random), state_->random);
  state_->locked.clear();
  state_->calls_left.reset();
  state_->calls = 0;
  ++state_->restarts;
  state_->power_lost = false;
  state_->next_sync_fails = false;
  state_->faults_left = 0;
}

void SimulatedFileSystem::set_capacity_bytes(uint64_t capacity_bytes) {
  const MutexLock lock(state_->mutex);
  state_->capacity_bytes = capacity_bytes;
}

void SimulatedFileSystem::flip_bit(const std::string& path, uint64_t offset, unsigned bit) {
  const MutexLock lock(state_->mutex);
  const auto node = state_->names.find(path);
  CHECK(node != nullptr);
  node->bytes.flip_bit(offset, bit);
}

void SimulatedFileSystem::fail_next_sync() {
  const MutexLock lock(state_->mutex);
  state_->next_sync_fails = true;
}

void SimulatedFileSystem::fail_calls(uint64_t after, uint64_t count, ErrorCode code) {
  const MutexLock lock(state_->mutex);
  state_->calls_before_faults = after;
  state_->faults_left = count;
  state_->fault_code = code;
  state_->calls_failed = 0;
}

uint64_t SimulatedFileSystem::calls_failed() const {
  const MutexLock lock(state_->mutex);
  return state_->calls_failed;
}

Result<std::unique_ptr<File>> SimulatedFileSystem::open(const std::string& path, OpenMode mode) {
  std::shared_ptr<SimulatedNode> node;
  {
    const MutexLock lock(state_->mutex);
    TRY_VOID(state_->check_power(path));
    if (mode == OpenMode::kCreate) {
      TRY_VOID(state_->names.check_create(path));
      TRY_VOID(state_->check_fault(path));
      const auto fate = state_->begin_change();
      node = state_->names.create(path, /*folder=*/false);
      TRY_VOID(State::end_change(fate, path));
    } else {
      node = state_->names.find(path);
      if (!node) return fail(ErrorCode::kNotFound, "no such file: " + path);
      if (node->is_folder) return fail(ErrorCode::kIo, "cannot open a folder: " + path);
    }
  }
  return std::make_unique<OpenFile>(state_.get(), std::move(node), path, mode != OpenMode::kRead);
}

Result<bool> SimulatedFileSystem::exists(const std::string& path) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(path));
  return state_->names.find(path) != nullptr;
}

Result<std::vector<std::string>> SimulatedFileSystem::list(const std::string& folder) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(folder));
  const auto node = state_->names.find(folder);
  if (!node || !node->is_folder) return fail(ErrorCode::kNotFound, "no such folder: " + folder);
  std::vector<std::string> names;
  for (const auto& entry : node->names) names.push_back(entry.first);
  return names;
}

Result<void> SimulatedFileSystem::rename(const std::string& from, const std::string& to) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(from));
  TRY_VOID(state_->names.check_rename(from, to));
  TRY_VOID(state_->check_fault(from));
  const auto fate = state_->begin_change();
  state_->names.rename(from, to);
  return State::end_change(fate, from);
}

Result<void> SimulatedFileSystem::link(const std::string& from, const std::string& to) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(from));
  TRY_VOID(state_->names.check_link(from, to));
  TRY_VOID(state_->check_fault(to));
  const auto fate = state_->begin_change();
  state_->names.link(from, to);
  return State::end_change(fate, to);
}

Result<void> SimulatedFileSystem::remove(const std::string& path) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(path));
  TRY_VOID(state_->names.check_remove(path));
  TRY_VOID(state_->check_fault(path));
  const auto fate = state_->begin_change();
  state_->names.remove(path);
  return State::end_change(fate, path);
}

Result<void> SimulatedFileSystem::create_directories(const std::string& folder) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(folder));
  for (size_t end = 0; end < folder.size();) {
    end = std::min(folder.find('/', end + 1), folder.size());
    const std::string path = folder.substr(0, end);
    if (path.find_first_not_of('/') == std::string::npos) continue;
    const auto node = state_->names.find(path);
    if (node && !node->is_folder) {
      return fail(ErrorCode::kAlreadyExists, "cannot make folder " + path + ": it is a file");
    }
    if (!node) TRY_VOID(state_->make_folder(path));
    const bool is_last = folder.find_first_not_of('/', end) == std::string::npos;
    if (!node || is_last) TRY_VOID(state_->sync_folder(parent_folder(path)));
  }
  return {};
}

Result<void> SimulatedFileSystem::sync_directory(const std::string& folder) {
  const MutexLock lock(state_->mutex);
  return state_->sync_folder(folder);
}

Result<std::unique_ptr<FileLock>> SimulatedFileSystem::lock(const std::string& path) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(path));
  auto node = state_->names.find(path);
  if (!node) {
    TRY_VOID(state_->names.check_create(path));
    TRY_VOID(state_->check_fault(path));
    const auto fate = state_->begin_change();
    node = state_->names.create(path, /*folder=*/false);
    TRY_VOID(State::end_change(fate, path));
  }
  if (!state_->locked.insert(node.get()).second) {
    return fail(ErrorCode::kAlreadyExists,
                "data directory " + parent_folder(path) + " is in use by another process");
  }
  return std::make_unique<HeldLock>(state_.get(), std::move(node), state_->restarts);
}

Result<uint64_t> SimulatedFileSystem::free_bytes(const std::string& folder) {
  const MutexLock lock(state_->mutex);
  TRY_VOID(state_->check_power(folder));
  if (!state_->names.find(folder)) {
    return fail(ErrorCode::kNotFound, "no such folder: " + folder);
  }
  return state_->fitting_bytes(kEndlessFreeBytes);
}

}  // namespace varve
