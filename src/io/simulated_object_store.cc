// SPDX-License-Identifier: Apache-2.0
#include "io/simulated_object_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace varve {

void SimulatedObjectStore::on_change(std::function<Result<void>()> hook) {
  const MutexLock lock(mutex_);
  on_change_ = std::move(hook);
}

void SimulatedObjectStore::fail_next(uint64_t calls) {
  const MutexLock lock(mutex_);
  failures_left_ = calls;
}

void SimulatedObjectStore::set_away(bool is_away) {
  const MutexLock lock(mutex_);
  is_away_ = is_away;
}

void SimulatedObjectStore::set_list_lag(uint64_t changes) {
  const MutexLock lock(mutex_);
  list_lag_ = changes;
}

uint64_t SimulatedObjectStore::calls() const {
  const MutexLock lock(mutex_);
  return calls_;
}

uint64_t SimulatedObjectStore::bytes_read() const {
  const MutexLock lock(mutex_);
  return bytes_read_;
}

uint64_t SimulatedObjectStore::object_count() const {
  const MutexLock lock(mutex_);
  return objects_.size();
}

void SimulatedObjectStore::flip_bit(const std::string& name, uint64_t offset) {
  const MutexLock lock(mutex_);
  const auto found = objects_.find(name);
  CHECK(found != objects_.end());
  CHECK(offset < found->second.size());
  found->second[offset] = static_cast<char>(found->second[offset] ^ 1);
}

void SimulatedObjectStore::lose(const std::string& name) {
  const MutexLock lock(mutex_);
  objects_.erase(name);
}

Result<void> SimulatedObjectStore::begin(const std::string& name) {
  ++calls_;
  const bool fails = is_away_ || failures_left_ > 0;
  if (failures_left_ > 0) --failures_left_;
  if (fails) return fail(ErrorCode::kIo, url(name) + ": the object store does not answer");
  return {};
}

Result<void> SimulatedObjectStore::change(const std::string& name,
                                          const std::function<void(Objects&)>& apply) {
  std::function<Result<void>()> hook;
  {
    const MutexLock lock(mutex_);
    hook = on_change_;
  }
  const Result<void> allowed = hook ? hook() : Result<void>();
  const MutexLock lock(mutex_);
  Result<void> outcome = begin(name);
  if (outcome && !allowed) outcome = allowed;
  // A failed request may have arrived all the same.
  if (!outcome && (is_away_ || random_.next_u64() % 2 == 0)) return outcome;
  Before before{.name = name, .size_bytes = {}};
  if (const auto known = objects_.find(name); known != objects_.end()) {
    before.size_bytes = known->second.size();
  }
  past_.push_back(std::move(before));
  constexpr size_t kPastMax = 64;
  if (past_.size() > kPastMax) past_.pop_front();
  apply(objects_);
  return outcome;
}

Result<void> SimulatedObjectStore::put(const std::string& name, std::string_view bytes) {
  return change(name, [&](Objects& objects) { objects[name] = std::string(bytes); });
}

Result<bool> SimulatedObjectStore::put_if_absent(const std::string& name,
                                                 std::string_view bytes) {
  bool is_new = false;
  TRY_VOID(change(name, [&](Objects& objects) {
    is_new = objects.try_emplace(name, bytes).second;
  }));
  return is_new;
}

Result<void> SimulatedObjectStore::put_file(const std::string& name, const File& file) {
  return put(name, TRY(file.read_at(0, TRY(file.size_bytes()))));
}

Result<std::string> SimulatedObjectStore::get(const std::string& name, uint64_t offset,
                                              uint64_t size_bytes) {
  const MutexLock lock(mutex_);
  TRY_VOID(begin(name));
  const auto found = objects_.find(name);
  if (found == objects_.end()) return fail(missing(name));
  std::string bytes =
      found->second.substr(std::min<uint64_t>(offset, found->second.size()), size_bytes);
  bytes_read_ += bytes.size();
  return bytes;
}

Result<uint64_t> SimulatedObjectStore::size_bytes(const std::string& name) {
  const MutexLock lock(mutex_);
  TRY_VOID(begin(name));
  const auto found = objects_.find(name);
  if (found == objects_.end()) return fail(missing(name));
  return found->second.size();
}

Result<std::vector<ObjectInfo>> SimulatedObjectStore::list(const std::string& name_prefix) {
  const MutexLock lock(mutex_);
  TRY_VOID(begin(name_prefix));
  std::map<std::string, uint64_t> seen;
  for (const auto& [name, bytes] : objects_) seen[name] = bytes.size();
  const size_t late = std::min<size_t>(list_lag_, past_.size());
  for (size_t i = past_.size(); i > past_.size() - late; --i) {
    const Before& before = past_[i - 1];
    if (before.size_bytes) {
      seen[before.name] = *before.size_bytes;
    } else {
      seen.erase(before.name);
    }
  }
  std::vector<ObjectInfo> objects;
  for (const auto& [name, size_bytes] : seen) {
    if (name.starts_with(name_prefix)) objects.push_back({name, size_bytes});
  }
  return objects;
}

Result<void> SimulatedObjectStore::remove(const std::string& name) {
  return change(name, [&](Objects& objects) { objects.erase(name); });
}

Result<void> SimulatedObjectStore::copy(const std::string& from, const std::string& to) {
  bool is_there = true;
  TRY_VOID(change(to, [&](Objects& objects) {
    const auto found = objects.find(from);
    is_there = found != objects.end();
    if (is_there) objects[to] = std::string(found->second);
  }));
  return is_there ? Result<void>() : fail(missing(from));
}

}  // namespace varve
