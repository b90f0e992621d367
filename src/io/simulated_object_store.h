// SPDX-License-Identifier: Apache-2.0
// An object store in memory that fails where a test says so. What it took stays, whatever happens
// to those who use it: losing power is their affair (on_change).
// Threads: safe anywhere.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/object_store.h"
#include "io/random.h"

namespace varve {

class SimulatedObjectStore final : public ObjectStore {
 public:
  explicit SimulatedObjectStore(uint64_t seed = 1) : random_(seed) {}

  /// Called before each change. When it fails the change fails with that error, and is done all the
  /// same or not, as the seed decides: the request was under way. May be empty.
  void on_change(std::function<Result<void>()> hook);
  /// The next `calls` calls fail with kIo, changes being done or not as the seed decides.
  void fail_next(uint64_t calls);
  /// Every call fails so until it is switched off.
  void set_away(bool is_away);
  /// list() tells what there was so many changes ago.
  void set_list_lag(uint64_t changes);
  /// Calls so far, failed ones included.
  uint64_t calls() const;
  uint64_t bytes_read() const;
  uint64_t object_count() const;
  /// Of a stored byte.
  void flip_bit(const std::string& name, uint64_t offset);
  /// As if somebody had removed it from outside.
  void lose(const std::string& name);

  Result<void> put(const std::string& name, std::string_view bytes) override;
  Result<bool> put_if_absent(const std::string& name, std::string_view bytes) override;
  Result<void> put_file(const std::string& name, const File& file) override;
  Result<std::string> get(const std::string& name, uint64_t offset, uint64_t size_bytes) override;
  Result<uint64_t> size_bytes(const std::string& name) override;
  Result<std::vector<ObjectInfo>> list(const std::string& name_prefix) override;
  Result<void> remove(const std::string& name) override;
  Result<void> copy(const std::string& from, const std::string& to) override;
  std::string url(const std::string& name) const override { return "sim://" + name; }

 private:
  using Objects = std::map<std::string, std::string>;
  /// Counts the call; an error when it is to fail.
  Result<void> begin(const std::string& name) REQUIRES(mutex_);
  Result<void> change(const std::string& name, const std::function<void(Objects&)>& apply);
  Error missing(const std::string& name) const {
    return {ErrorCode::kNotFound, "there is no " + url(name)};
  }

  mutable Mutex mutex_;
  SeededRandom random_;
  Objects objects_ GUARDED_BY(mutex_);
  /// An object as it was before a change; no size: there was none.
  struct Before {
    std::string name;
    std::optional<uint64_t> size_bytes;
  };
  /// Of the last changes, oldest first.
  std::deque<Before> past_ GUARDED_BY(mutex_);
  std::function<Result<void>()> on_change_ GUARDED_BY(mutex_);
  uint64_t list_lag_ GUARDED_BY(mutex_) = 0;
  uint64_t failures_left_ GUARDED_BY(mutex_) = 0;
  uint64_t calls_ GUARDED_BY(mutex_) = 0;
  uint64_t bytes_read_ GUARDED_BY(mutex_) = 0;
  bool is_away_ GUARDED_BY(mutex_) = false;
};

}  // namespace varve
