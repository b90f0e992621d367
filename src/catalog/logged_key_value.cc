// SPDX-License-Identifier: Apache-2.0
#include "catalog/logged_key_value.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "catalog/reserved_keys.h"

namespace varve {

class LoggedTransaction final : public KeyValueTransaction {
 public:
  /// `may_change`: an error refuses a commit of changes.
  LoggedTransaction(LoggedKeyValue& store, std::unique_lock<std::mutex> turn,
                    Result<void> may_change, std::unique_ptr<KeyValueTransaction> database)
      : store_(&store),
        turn_(std::move(turn)),
        may_change_(std::move(may_change)),
        database_(std::move(database)) {}

  Result<std::optional<std::string>> get(std::string_view key) override {
    return database_->get(key);
  }

  Result<std::vector<std::pair<std::string, std::string>>> scan(std::string_view prefix) override {
    auto found = TRY(database_->scan(prefix));
    std::erase_if(found, [](const auto& entry) { return entry.first == kGenerationKey; });
    return found;
  }

  Result<void> put(std::string_view key, std::string_view value) override {
    TRY_VOID(database_->put(key, value));
    change_.edits.push_back({.key = std::string(key), .value = std::string(value)});
    return {};
  }

  Result<void> remove(std::string_view key) override {
    TRY_VOID(database_->remove(key));
    change_.edits.push_back({.key = std::string(key), .value = std::nullopt});
    return {};
  }

  Result<void> commit() override {
    CHECK(turn_.owns_lock());
    auto committed = write();
    database_.reset();
    turn_.unlock();
    return committed;
  }

 private:
  Result<void> write() {
    if (change_.edits.empty()) return {};
    TRY_VOID(may_change_);
    change_.generation = store_->generation_ + 1;
    TRY_VOID(database_->put(kGenerationKey, encode_generation(change_.generation)));
    TRY_VOID(store_->log_.append(change_));
    auto committed = database_->commit();
    if (!committed) {
      // The log has what the caller is told did not happen.
      store_->log_.take_back();
      return committed;
    }
    store_->generation_ = change_.generation;
    return {};
  }

  LoggedKeyValue* store_;  // Outlives the transaction.
  std::unique_lock<std::mutex> turn_;
  const Result<void> may_change_;
  std::unique_ptr<KeyValueTransaction> database_;
  CatalogChange change_;
};

LoggedKeyValue::LoggedKeyValue(FileSystem& files, std::string log_path,
                               std::unique_ptr<SqliteKeyValue> database, uint64_t generation)
    : log_(files, std::move(log_path)),
      database_(std::move(database)),
      generation_(generation) {}

// The snapshot stands in the log once, so first in the other file.
Result<void> LoggedKeyValue::begin_log() {
  TRY_VOID(database_->checkpoint());
  return log_.begin(generation_, [&](const OnCatalogEntry& on_entry) {
    return database_->visit([&](std::string_view key, std::string_view value) -> Result<void> {
      if (key == kGenerationKey) return {};
      return on_entry(key, value);
    });
  });
}

Result<std::unique_ptr<KeyValueTransaction>> LoggedKeyValue::begin() {
  std::unique_lock turn(turn_);
  // Without a log one can still read.
  Result<void> may_change = get_ready();
  return std::make_unique<LoggedTransaction>(*this, std::move(turn), std::move(may_change),
                                             TRY(database_->begin()));
}

Result<void> LoggedKeyValue::get_ready() {
  if (open_at_last_) {
    database_ = TRY(open_at_last_());
    open_at_last_ = nullptr;
    log_.want_beginning();
  }
  return log_.wants_beginning() ? begin_log() : Result<void>();
}

Result<std::vector<std::string>> LoggedKeyValue::check() {
  const std::unique_lock turn(turn_);
  return database_->check();
}

}  // namespace varve
