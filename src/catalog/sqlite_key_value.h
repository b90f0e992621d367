// SPDX-License-Identifier: Apache-2.0
// The catalog's entries in one SQLite file, each row with a checksum.
//
// While the file is open, `<path>-wal` stands beside it and belongs to it; a clean close folds it
// in. One process at a time: a second one waits a few seconds, then is refused with kIo.
// docs/formats/catalog.md describes the table.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/key_value.h"
#include "catalog/sqlite_file.h"

namespace varve {

/// All that can be read of a file.
struct SqliteContent {
  /// Rows whose checksum is right, and rows without one.
  CatalogEntries entries;
  /// Rows without a checksum: an earlier Varve wrote them.
  bool has_unchecked = false;
  /// An earlier Varve, or a person, has changed something since this one did.
  bool is_changed_by_others = false;
  /// What is wrong, one sentence each; empty: all there is was read.
  std::vector<std::string> complaints;
};

class SqliteKeyValue final : public KeyValue {
 public:
  /// Makes the file when missing (its folder must exist). kCorrupt when the file is no catalog;
  /// kIo, kNoSpace; every message names the file.
  static Result<std::unique_ptr<SqliteKeyValue>> open(const std::string& path, SqliteSync sync);
  static Result<std::unique_ptr<SqliteKeyValue>> open_to_read(const std::string& path);

  /// open() found no catalog, not even an empty one.
  bool was_made() const { return was_made_; }
  Result<std::unique_ptr<KeyValueTransaction>> begin() override;
  Result<std::vector<std::string>> check() override;
  /// Reads everything, damaged or not. kIo when that cannot be done now.
  Result<SqliteContent> content();
  using OnEntry = std::function<Result<void>(std::string_view key, std::string_view value)>;
  /// Every entry by rising key. kCorrupt at the first whose checksum is wrong.
  Result<void> visit(const OnEntry& on_entry);
  /// What was committed is on the disk when it returns.
  Result<void> checkpoint();

 private:
  friend class SqliteTransaction;

  explicit SqliteKeyValue(std::string path) : file_(std::move(path)) {}
  Result<void> begin_to_write();
  Result<void> watch_for_others();
  Result<void> prepare();
  /// From the first row to the first that cannot be read.
  Result<void> read_rows(const char* order, SqliteContent& content);
  Result<void> check_structure(std::vector<std::string>& complaints);

  SqliteFile file_;
  const char* begin_ = "BEGIN IMMEDIATE";
  bool was_made_ = false;
  bool has_checksums_ = false;
  // Of the open transaction.
  std::optional<Statement> get_;
  std::optional<Statement> put_;
  std::optional<Statement> remove_;
  std::mutex turn_;  // Held by the open transaction: they run one after the other.
};

/// Opens the file, durable with each commit.
Result<std::unique_ptr<KeyValue>> open_sqlite_key_value(const std::string& path);

/// Opens a file that exists and that nobody else uses, to look at it: nothing of it is changed,
/// also not when it is closed; put(), remove() and a commit() of changes fail. kNotFound when there
/// is none.
Result<std::unique_ptr<KeyValue>> open_sqlite_key_value_to_read(const std::string& path);

}  // namespace varve
