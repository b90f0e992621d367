// SPDX-License-Identifier: Apache-2.0
// The catalog's store on one machine: a log of our own, and an SQLite file that follows it.
//
//   change ─▶ record in the log, synced ─▶ SQLite (synced at checkpoints) ─▶ acknowledged
//
// catalog_files.h opens the two and mends either from the other. Threads: as KeyValue.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "catalog/catalog_log.h"
#include "catalog/key_value.h"
#include "catalog/sqlite_key_value.h"
#include "io/file_system.h"

namespace varve {

class LoggedKeyValue final : public KeyValue {
 public:
  /// The database holds the entries of that generation. The log is begun by the first begin(),
  /// unless it is gone on with. The file system outlives the store.
  LoggedKeyValue(FileSystem& files, std::string log_path, std::unique_ptr<SqliteKeyValue> database,
                 uint64_t generation);

  /// The log holds the same and ends well; its size, and that of its snapshot.
  Result<void> go_on(uint64_t log_bytes, uint64_t snapshot_bytes) {
    return log_.go_on(log_bytes, snapshot_bytes);
  }
  /// Writes the log anew, out of the database.
  Result<void> begin_log();
  /// The database is one in memory, since the disk is full. No change is made before this gives
  /// the one to go on with, which holds the same.
  using OpenAtLast = std::function<Result<std::unique_ptr<SqliteKeyValue>>()>;
  void wait_for_space(OpenAtLast open) { open_at_last_ = std::move(open); }

  Result<std::unique_ptr<KeyValueTransaction>> begin() override;
  Result<std::vector<std::string>> check() override;

 private:
  friend class LoggedTransaction;

  Result<void> get_ready();

  CatalogLogWriter log_;
  std::unique_ptr<SqliteKeyValue> database_;
  uint64_t generation_;
  OpenAtLast open_at_last_;
  std::mutex turn_;  // Held by the open transaction.
};

}  // namespace varve
