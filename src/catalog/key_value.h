// SPDX-License-Identifier: Apache-2.0
// The small transactional store beneath the catalog. SQLite on one machine (sqlite_key_value.h),
// a twin in memory that can lose what was not committed for simulated runs (memory_key_value.h),
// later etcd. The same catalog code stands on each.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace varve {

/// What a store holds, by key.
using CatalogEntries = std::map<std::string, std::string, std::less<>>;

/// One atomic change. Gone without commit(). Threads: one owner.
class KeyValueTransaction {
 public:
  virtual ~KeyValueTransaction() = default;
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  /// Keys that begin with the prefix, sorted by bytes; sees the transaction's own changes.
  virtual Result<std::vector<std::pair<std::string, std::string>>> scan(
      std::string_view prefix) = 0;
  virtual Result<void> put(std::string_view key, std::string_view value) = 0;
  virtual Result<void> remove(std::string_view key) = 0;
  /// Durable when it returns. After an error nothing of the transaction stays.
  virtual Result<void> commit() = 0;
};

/// Threads: safe anywhere; transactions run one after the other.
class KeyValue {
 public:
  virtual ~KeyValue() = default;
  virtual Result<std::unique_ptr<KeyValueTransaction>> begin() = 0;
  /// What is wrong with the stored bytes, one sentence each; empty when they are sound.
  virtual Result<std::vector<std::string>> check() { return std::vector<std::string>(); }
};

}  // namespace varve
