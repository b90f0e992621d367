// SPDX-License-Identifier: Apache-2.0
// An open SQLite file and its statements; the only two files that call SQLite are this one's and
// sqlite_key_value.cc. Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace varve {

/// When a commit is on the disk.
enum class SqliteSync : uint8_t {
  kCommits,      ///< When commit() returns.
  kCheckpoints,  ///< With the next checkpoint; a power failure takes the newest ones, in order.
};

class SqliteFile {
 public:
  explicit SqliteFile(std::string path);
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;
  ~SqliteFile();

  /// Makes it when missing.
  Result<void> open(SqliteSync sync);
  /// Changes nothing of it. kNotFound.
  Result<void> open_to_read();
  Result<void> execute(const char* sql);
  /// kCorrupt, kNoSpace or kIo; names the file, the reason and what was tried.
  tl::unexpected<Error> failed(std::string_view what, int status) const;
  sqlite3* handle() { return handle_; }

 private:
  Result<void> opened(int status);
  ErrorCode code_of(int status) const;

  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// One prepared statement, finalised with its scope.
class Statement {
 public:
  static Result<Statement> prepare(SqliteFile& file, const char* sql);
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  /// Ready to be bound and stepped once more.
  void reset();
  /// The bytes must outlive the statement, or its next reset().
  Result<void> bind(int place, std::string_view text);
  Result<void> bind(int place, int64_t number);
  /// True while there is a row.
  Result<bool> step();
  std::string text(int column) const;
  /// Nothing when the cell is NULL.
  std::optional<int64_t> number(int column) const;

 private:
  Statement(SqliteFile& file, sqlite3_stmt* handle, const char* sql);

  SqliteFile* file_;  // Outlives the statement.
  sqlite3_stmt* handle_;
  const char* sql_;
};

}  // namespace varve
