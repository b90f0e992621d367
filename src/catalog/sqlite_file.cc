// SPDX-License-Identifier: Apache-2.0
#include "catalog/sqlite_file.h"

#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace varve {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

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

}  // namespace

SqliteFile::SqliteFile(std::string path) : path_(std::move(path)) {}
SqliteFile::~SqliteFile() { sqlite3_close(handle_); }

Result<void> SqliteFile::opened(int status) {
  if (status != SQLITE_OK) return failed("open", status);
  sqlite3_extended_result_codes(handle_, 1);
  return {};
}

Result<void> SqliteFile::open(SqliteSync sync) {
  TRY_VOID(opened(sqlite3_open_v2(
      path_.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
      nullptr)));
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  // Exclusive: the journal then needs no shared memory beside it, and nobody else can change
  // what the catalog holds in memory.
  TRY_VOID(execute("PRAGMA locking_mode=EXCLUSIVE"));
  TRY_VOID(execute("PRAGMA journal_mode=WAL"));
  return execute(sync == SqliteSync::kCommits ? "PRAGMA synchronous=FULL"
                                              : "PRAGMA synchronous=NORMAL");
}

Result<void> SqliteFile::open_to_read() {
  if (!file_exists(path_)) {
    return fail(ErrorCode::kNotFound, "there is no catalog file " + path_);
  }
  // Without a journal beside it nothing has to be put together, and SQLite need not lock or make
  // anything. With one, the file is opened to write, since SQLite wants that, and left alone.
  const bool has_journal = file_exists(path_ + "-wal");
  const std::string uri = uri_of(path_) + (has_journal ? "" : "?immutable=1");
  const int mode = has_journal ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  TRY_VOID(opened(sqlite3_open_v2(uri.c_str(), &handle_,
                                  mode | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr)));
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  TRY_VOID(execute("PRAGMA locking_mode=EXCLUSIVE"));
  return execute("PRAGMA query_only=ON");
}

Result<void> SqliteFile::execute(const char* sql) {
  const int status = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return failed(sql, status);
  return {};
}

// Every statement here is ours and right: what SQLite does not understand are the file's bytes. A
// flipped bit of its head can also look like a file that may only be read.
ErrorCode SqliteFile::code_of(int status) const {
  switch (status & 0xff) {
    case SQLITE_FULL: return ErrorCode::kNoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_FORMAT: return ErrorCode::kCorrupt;
    case SQLITE_READONLY:
      return access(path_.c_str(), W_OK) == 0 ? ErrorCode::kCorrupt : ErrorCode::kIo;
    default: return ErrorCode::kIo;
  }
}

tl::unexpected<Error> SqliteFile::failed(std::string_view what, int status) const {
  const char* reason = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(status);
  return fail(code_of(status), "catalog file failed: " + path_ + ": " + reason + " (" +
                                   std::string(what) + ")");
}

Result<Statement> Statement::prepare(SqliteFile& file, const char* sql) {
  sqlite3_stmt* handle = nullptr;
  const int status = sqlite3_prepare_v2(file.handle(), sql, -1, &handle, nullptr);
  if (status != SQLITE_OK) return file.failed(sql, status);
  return Statement(file, handle, sql);
}

Statement::Statement(SqliteFile& file, sqlite3_stmt* handle, const char* sql)
    : file_(&file), handle_(handle), sql_(sql) {}
Statement::Statement(Statement&& other) noexcept
    : file_(other.file_), handle_(std::exchange(other.handle_, nullptr)), sql_(other.sql_) {}
Statement::~Statement() { sqlite3_finalize(handle_); }

// What it gives is the last step's error once more.
void Statement::reset() { sqlite3_reset(handle_); }

Result<void> Statement::bind(int place, std::string_view text) {
  const int status = sqlite3_bind_text(handle_, place, text.data(), static_cast<int>(text.size()),
                                       SQLITE_STATIC);
  if (status != SQLITE_OK) return file_->failed(sql_, status);
  return {};
}

Result<void> Statement::bind(int place, int64_t number) {
  const int status = sqlite3_bind_int64(handle_, place, number);
  if (status != SQLITE_OK) return file_->failed(sql_, status);
  return {};
}

Result<bool> Statement::step() {
  const int status = sqlite3_step(handle_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return file_->failed(sql_, status);
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (bytes == nullptr) return {};  // A damaged cell can be a NULL.
  return std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(handle_, column)));
}

std::optional<int64_t> Statement::number(int column) const {
  if (sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_int64(handle_, column);
}

}  // namespace varve
