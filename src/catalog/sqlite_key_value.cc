// SPDX-License-Identifier: Apache-2.0
#include "catalog/sqlite_key_value.h"

#include <sqlite3.h>

#include <filesystem>
#include <mutex>
#include <utility>

#include "base/check.h"

namespace varve {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

ErrorCode code_of(int status) {
  switch (status & 0xff) {
    case SQLITE_FULL: return ErrorCode::kNoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::kCorrupt;
    default: return ErrorCode::kIo;
  }
}

// The name as SQLite's URIs want it.
std::string uri_of(const std::string& path) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string uri = "file:";
  for (const char c : path) {
    if (c != '%' && c != '?' && c != '#') {
      uri += c;
      continue;
    }
    uri += '%';
    uri += kDigits[static_cast<unsigned char>(c) >> 4];
    uri += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return uri;
}

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// The open file.
class SqliteFile {
 public:
  explicit SqliteFile(std::string path) : path_(std::move(path)) {}
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;
  ~SqliteFile() { sqlite3_close(handle_); }

  Result<void> open() {
    const int status = sqlite3_open_v2(
        path_.c_str(), &handle_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (status != SQLITE_OK) return failed("open", status);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
    // Exclusive: the journal then needs no shared memory beside it, and nobody else can change
    // what the catalog holds in memory.
    TRY_VOID(execute("PRAGMA locking_mode=EXCLUSIVE"));
    TRY_VOID(execute("PRAGMA journal_mode=WAL"));
    TRY_VOID(execute("PRAGMA synchronous=FULL"));
    TRY_VOID(execute(
        "CREATE TABLE IF NOT EXISTS key_value (key TEXT PRIMARY KEY, value TEXT NOT NULL) "
        "WITHOUT ROWID"));
    return {};
  }

  Result<void> open_to_read() {
    if (!file_exists(path_)) {
      return fail(ErrorCode::kNotFound, "there is no catalog file " + path_);
    }
    // Without a journal beside it nothing has to be put together, and SQLite need not lock or make
    // anything. With one, the file is opened to write, since SQLite wants that, and left alone.
    const bool has_journal = file_exists(path_ + "-wal");
    const std::string uri = uri_of(path_) + (has_journal ? "" : "?immutable=1");
    const int mode = has_journal ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    const int status = sqlite3_open_v2(uri.c_str(), &handle_,
                                       mode | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    if (status != SQLITE_OK) return failed("open", status);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    TRY_VOID(execute("PRAGMA locking_mode=EXCLUSIVE"));
    return execute("PRAGMA query_only=ON");
  }

  Result<void> execute(const char* sql) {
    const int status = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) return failed(sql, status);
    return {};
  }

  tl::unexpected<Error> failed(std::string_view what, int status) const {
    const char* reason = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(status);
    return fail(code_of(status), "catalog file failed: " + path_ + ": " + reason + " (" +
                                     std::string(what) + ")");
  }

  sqlite3* handle() { return handle_; }

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// One prepared statement, finalised with its scope.
class Statement {
 public:
  static Result<Statement> prepare(SqliteFile& file, const char* sql) {
    sqlite3_stmt* handle = nullptr;
    const int status = sqlite3_prepare_v2(file.handle(), sql, -1, &handle, nullptr);
    if (status != SQLITE_OK) return file.failed(sql, status);
    return Statement(file, handle, sql);
  }
  Statement(Statement&& other) noexcept
      : file_(other.file_), handle_(std::exchange(other.handle_, nullptr)), sql_(other.sql_) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(handle_); }

  /// The bytes must outlive the statement.
  Result<void> bind(int place, std::string_view text) {
    const int status = sqlite3_bind_text(handle_, place, text.data(), static_cast<int>(text.size()),
                                         SQLITE_STATIC);
    if (status != SQLITE_OK) return file_->failed(sql_, status);
    return {};
  }
  /// True while there is a row.
  Result<bool> step() {
    const int status = sqlite3_step(handle_);
    if (status == SQLITE_ROW) return true;
    if (status == SQLITE_DONE) return false;
    return file_->failed(sql_, status);
  }
  std::string text(int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    return std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(handle_, column)));
  }

 private:
  Statement(SqliteFile& file, sqlite3_stmt* handle, const char* sql)
      : file_(&file), handle_(handle), sql_(sql) {}

  SqliteFile* file_;  // Outlives the statement.
  sqlite3_stmt* handle_;
  const char* sql_;
};

class SqliteTransaction final : public KeyValueTransaction {
 public:
  SqliteTransaction(SqliteFile& file, std::unique_lock<std::mutex> turn)
      : file_(&file), turn_(std::move(turn)) {}
  ~SqliteTransaction() override {
    if (open_) roll_back();
  }

  Result<std::optional<std::string>> get(std::string_view key) override {
    CHECK(open_);
    auto statement =
        TRY(Statement::prepare(*file_, "SELECT value FROM key_value WHERE key = ?1"));
    TRY_VOID(statement.bind(1, key));
    if (!TRY(statement.step())) return std::nullopt;
    return statement.text(0);
  }

  Result<std::vector<std::pair<std::string, std::string>>> scan(std::string_view prefix) override {
    CHECK(open_);
    auto statement = TRY(Statement::prepare(
        *file_, "SELECT key, value FROM key_value WHERE key >= ?1 ORDER BY key"));
    TRY_VOID(statement.bind(1, prefix));
    std::vector<std::pair<std::string, std::string>> found;
    while (TRY(statement.step())) {
      auto key = statement.text(0);
      if (!key.starts_with(prefix)) break;
      found.emplace_back(std::move(key), statement.text(1));
    }
    return found;
  }

  Result<void> put(std::string_view key, std::string_view value) override {
    CHECK(open_);
    auto statement = TRY(Statement::prepare(
        *file_, "INSERT OR REPLACE INTO key_value (key, value) VALUES (?1, ?2)"));
    TRY_VOID(statement.bind(1, key));
    TRY_VOID(statement.bind(2, value));
    TRY_VOID(statement.step());
    return {};
  }

  Result<void> remove(std::string_view key) override {
    CHECK(open_);
    auto statement = TRY(Statement::prepare(*file_, "DELETE FROM key_value WHERE key = ?1"));
    TRY_VOID(statement.bind(1, key));
    TRY_VOID(statement.step());
    return {};
  }

  Result<void> commit() override {
    CHECK(open_);
    open_ = false;
    auto committed = file_->execute("COMMIT");
    if (!committed) roll_back();
    turn_.unlock();
    return committed;
  }

 private:
  // Some errors end the transaction by themselves; rolling back again is then harmless.
  void roll_back() { sqlite3_exec(file_->handle(), "ROLLBACK", nullptr, nullptr, nullptr); }

  SqliteFile* file_;  // Outlives the transaction.
  std::unique_lock<std::mutex> turn_;
  bool open_ = true;
};

class SqliteKeyValue final : public KeyValue {
 public:
  explicit SqliteKeyValue(std::string path) : file_(std::move(path)) {}
  Result<void> open() { return file_.open(); }
  Result<void> open_to_read() {
    begin_ = "BEGIN";
    return file_.open_to_read();
  }

  Result<std::unique_ptr<KeyValueTransaction>> begin() override {
    std::unique_lock turn(turn_);
    TRY_VOID(file_.execute(begin_));
    return std::make_unique<SqliteTransaction>(file_, std::move(turn));
  }

  Result<std::vector<std::string>> check() override {
    const std::unique_lock turn(turn_);
    auto statement = TRY(Statement::prepare(file_, "PRAGMA integrity_check"));
    std::vector<std::string> complaints;
    while (TRY(statement.step())) {
      std::string text = statement.text(0);
      if (text != "ok") complaints.push_back(std::move(text));
    }
    return complaints;
  }

 private:
  SqliteFile file_;
  const char* begin_ = "BEGIN IMMEDIATE";
  std::mutex turn_;  // Held by the open transaction: they run one after the other.
};

}  // namespace

Result<std::unique_ptr<KeyValue>> open_sqlite_key_value(const std::string& path) {
  auto key_value = std::make_unique<SqliteKeyValue>(path);
  TRY_VOID(key_value->open());
  return key_value;
}

Result<std::unique_ptr<KeyValue>> open_sqlite_key_value_to_read(const std::string& path) {
  auto key_value = std::make_unique<SqliteKeyValue>(path);
  TRY_VOID(key_value->open_to_read());
  return key_value;
}

}  // namespace varve
