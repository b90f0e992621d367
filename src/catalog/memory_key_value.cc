// SPDX-License-Identifier: Apache-2.0
#include "catalog/memory_key_value.h"

#include <utility>

#include "base/check.h"

namespace varve {
namespace {

tl::unexpected<Error> no_power() { return fail(ErrorCode::kIo, "the simulated disk has no power"); }

}  // namespace

class MemoryKeyValueTransaction final : public KeyValueTransaction {
 public:
  MemoryKeyValueTransaction(MemoryKeyValueDisk& disk, std::unique_lock<std::mutex> turn,
                            MemoryKeyValueDisk::Content content)
      : disk_(&disk), turn_(std::move(turn)), content_(std::move(content)) {}

  Result<std::optional<std::string>> get(std::string_view key) override {
    CHECK(turn_.owns_lock());
    const auto found = content_.find(key);
    if (found == content_.end()) return std::nullopt;
    return found->second;
  }

  Result<std::vector<std::pair<std::string, std::string>>> scan(std::string_view prefix) override {
    CHECK(turn_.owns_lock());
    std::vector<std::pair<std::string, std::string>> found;
    for (auto entry = content_.lower_bound(prefix);
         entry != content_.end() && entry->first.starts_with(prefix); ++entry) {
      found.emplace_back(*entry);
    }
    return found;
  }

  Result<void> put(std::string_view key, std::string_view value) override {
    CHECK(turn_.owns_lock());
    content_.insert_or_assign(std::string(key), std::string(value));
    return {};
  }

  Result<void> remove(std::string_view key) override {
    CHECK(turn_.owns_lock());
    const auto found = content_.find(key);
    if (found != content_.end()) content_.erase(found);
    return {};
  }

  Result<void> commit() override {
    CHECK(turn_.owns_lock());
    auto committed = disk_->commit(std::move(content_));
    turn_.unlock();
    return committed;
  }

 private:
  MemoryKeyValueDisk* disk_;  // Outlives the transaction.
  std::unique_lock<std::mutex> turn_;
  MemoryKeyValueDisk::Content content_;  // A copy: simple, and a catalog under test is small.
};

class MemoryKeyValue final : public KeyValue {
 public:
  explicit MemoryKeyValue(MemoryKeyValueDisk& disk) : disk_(&disk) {}

  Result<std::unique_ptr<KeyValueTransaction>> begin() override {
    std::unique_lock turn(disk_->turn_);
    auto content = TRY(disk_->begin());
    return std::make_unique<MemoryKeyValueTransaction>(*disk_, std::move(turn),
                                                       std::move(content));
  }

 private:
  MemoryKeyValueDisk* disk_;  // Outlives it.
};

std::unique_ptr<KeyValue> MemoryKeyValueDisk::open() {
  return std::make_unique<MemoryKeyValue>(*this);
}

void MemoryKeyValueDisk::fail_commit(uint64_t commit_number, Error error) {
  CHECK(commit_number > 0);
  const MutexLock lock(mutex_);
  failing_commit_ = commit_count_ + commit_number;
  failing_error_ = std::move(error);
}

void MemoryKeyValueDisk::lose_power_at(uint64_t commit_number, PowerLoss side) {
  CHECK(commit_number > 0);
  const MutexLock lock(mutex_);
  last_commit_ = commit_count_ + commit_number;
  side_ = side;
}

void MemoryKeyValueDisk::restart() {
  const MutexLock lock(mutex_);
  has_power_ = true;
  failing_commit_ = 0;
  last_commit_ = 0;
}

uint64_t MemoryKeyValueDisk::commit_count() const {
  const MutexLock lock(mutex_);
  return commit_count_;
}

MemoryKeyValueDisk::Content MemoryKeyValueDisk::content() const {
  const MutexLock lock(mutex_);
  return content_;
}

Result<MemoryKeyValueDisk::Content> MemoryKeyValueDisk::begin() {
  const MutexLock lock(mutex_);
  if (!has_power_) return no_power();
  return content_;
}

Result<void> MemoryKeyValueDisk::commit(Content changed) {
  const MutexLock lock(mutex_);
  if (!has_power_) return no_power();
  ++commit_count_;
  if (commit_count_ == failing_commit_) return fail(failing_error_);
  if (commit_count_ != last_commit_) {
    content_ = std::move(changed);
    return {};
  }
  has_power_ = false;
  if (side_ == PowerLoss::kAfterCommit) content_ = std::move(changed);
  return no_power();
}

}  // namespace varve
