// SPDX-License-Identifier: Apache-2.0
#include "catalog/sqlite_key_value.h"

#include <sqlite3.h>

#include <utility>

#include "base/check.h"
#include "base/checksum.h"
#include "catalog/reserved_keys.h"

namespace varve {
namespace {

// The zero byte keeps "a", "bc" and "ab", "c" apart.
int64_t checksum_of(std::string_view key, std::string_view value) {
  return crc32c(value, crc32c(std::string_view("\0", 1), crc32c(key)));
}

tl::unexpected<Error> wrong_checksum(std::string_view key) {
  return fail(ErrorCode::kCorrupt,
              "the row of \"" + std::string(key) + "\" of the catalog has a wrong checksum");
}

}  // namespace

class SqliteTransaction final : public KeyValueTransaction {
 public:
  SqliteTransaction(SqliteKeyValue& store, std::unique_lock<std::mutex> turn)
      : store_(&store), turn_(std::move(turn)) {}
  ~SqliteTransaction() override {
    if (open_) roll_back();
  }

  Result<std::optional<std::string>> get(std::string_view key) override {
    CHECK(open_);
    const Use get(*store_->get_);
    TRY_VOID(get->bind(1, key));
    if (!TRY(get->step())) return std::nullopt;
    std::string value = get->text(0);
    const auto checksum = get->number(1);
    if (checksum && *checksum != checksum_of(key, value)) return wrong_checksum(key);
    return value;
  }

  Result<std::vector<std::pair<std::string, std::string>>> scan(std::string_view prefix) override {
    CHECK(open_);
    auto statement = TRY(Statement::prepare(
        store_->file_, "SELECT key, value FROM key_value WHERE key >= ?1 ORDER BY key"));
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
    if (!store_->put_) return only_read();
    const Use put(*store_->put_);
    TRY_VOID(put->bind(1, key));
    TRY_VOID(put->bind(2, value));
    TRY_VOID(put->bind(3, checksum_of(key, value)));
    TRY(put->step());
    return {};
  }

  Result<void> remove(std::string_view key) override {
    CHECK(open_);
    if (!store_->remove_) return only_read();
    const Use remove(*store_->remove_);
    TRY_VOID(remove->bind(1, key));
    TRY(remove->step());
    return {};
  }

  Result<void> commit() override {
    CHECK(open_);
    open_ = false;
    auto committed = store_->file_.execute("COMMIT");
    if (!committed) roll_back();
    turn_.unlock();
    return committed;
  }

 private:
  // A kept statement, ready for the next use when this one ends.
  class Use {
   public:
    explicit Use(Statement& statement) : statement_(&statement) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { statement_->reset(); }
    Statement* operator->() const { return statement_; }

   private:
    Statement* statement_;
  };

  static tl::unexpected<Error> only_read() {
    return fail(ErrorCode::kIo, "the catalog file is open to be read only");
  }
  // Some errors end the transaction by themselves; rolling back again is then harmless.
  void roll_back() { static_cast<void>(store_->file_.execute("ROLLBACK")); }

  SqliteKeyValue* store_;  // Outlives the transaction.
  std::unique_lock<std::mutex> turn_;
  bool open_ = true;
};

Result<std::unique_ptr<SqliteKeyValue>> SqliteKeyValue::open(const std::string& path,
                                                             SqliteSync sync) {
  std::unique_ptr<SqliteKeyValue> store(new SqliteKeyValue(path));
  TRY_VOID(store->file_.open(sync));
  TRY_VOID(store->begin_to_write());
  return store;
}

Result<void> SqliteKeyValue::begin_to_write() {
  was_made_ = !TRY(TRY(Statement::prepare(
                           file_, "SELECT 1 FROM sqlite_master WHERE name = 'key_value'"))
                       .step());
  TRY_VOID(file_.execute(
      "CREATE TABLE IF NOT EXISTS key_value (key TEXT PRIMARY KEY, value TEXT NOT NULL, "
      "crc INTEGER) WITHOUT ROWID"));
  // Earlier versions had no checksums.
  if (!Statement::prepare(file_, "SELECT crc FROM key_value LIMIT 0")) {
    TRY_VOID(file_.execute("ALTER TABLE key_value ADD COLUMN crc INTEGER"));
  }
  TRY_VOID(watch_for_others());
  put_.emplace(TRY(Statement::prepare(
      file_, "INSERT OR REPLACE INTO key_value (key, value, crc) VALUES (?1, ?2, ?3)")));
  remove_.emplace(TRY(Statement::prepare(file_, "DELETE FROM key_value WHERE key = ?1")));
  return prepare();
}

// An earlier version knows of no checksums, generations or logs: what it removes leaves no trace.
// So the file itself takes the checksum off the generation, for everyone but this class.
Result<void> SqliteKeyValue::watch_for_others() {
  sqlite3_db_config(file_.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  for (const char* event : {"INSERT", "UPDATE", "DELETE"}) {
    const std::string sql = std::string("CREATE TRIGGER IF NOT EXISTS other_") + event + " AFTER " +
                            event + " ON key_value BEGIN UPDATE key_value SET crc = NULL WHERE " +
                            "key = '" + std::string(kGenerationKey) + "'; END";
    TRY_VOID(file_.execute(sql.c_str()));
  }
  return {};
}

Result<std::unique_ptr<SqliteKeyValue>> SqliteKeyValue::open_to_read(const std::string& path) {
  std::unique_ptr<SqliteKeyValue> store(new SqliteKeyValue(path));
  store->begin_ = "BEGIN";
  TRY_VOID(store->file_.open_to_read());
  TRY_VOID(store->prepare());
  return store;
}

Result<void> SqliteKeyValue::prepare() {
  has_checksums_ = Statement::prepare(file_, "SELECT crc FROM key_value LIMIT 0").has_value();
  get_.emplace(TRY(Statement::prepare(
      file_, has_checksums_ ? "SELECT value, crc FROM key_value WHERE key = ?1"
                            : "SELECT value, NULL FROM key_value WHERE key = ?1")));
  return {};
}

Result<std::unique_ptr<KeyValueTransaction>> SqliteKeyValue::begin() {
  std::unique_lock turn(turn_);
  TRY_VOID(file_.execute(begin_));
  return std::make_unique<SqliteTransaction>(*this, std::move(turn));
}

Result<void> SqliteKeyValue::read_rows(const char* order, SqliteContent& content) {
  const std::string sql = std::string(has_checksums_ ? "SELECT key, value, crc"
                                                     : "SELECT key, value, NULL") +
                          " FROM key_value ORDER BY key " + order;
  auto statement = TRY(Statement::prepare(file_, sql.c_str()));
  while (TRY(statement.step())) {
    auto key = statement.text(0);
    auto value = statement.text(1);
    const auto checksum = statement.number(2);
    if (checksum && *checksum != checksum_of(key, value)) {
      content.complaints.push_back(wrong_checksum(key).value().message);
      continue;
    }
    if (!checksum) content.has_unchecked = true;
    if (!checksum && key == kGenerationKey) content.is_changed_by_others = true;
    content.entries.insert_or_assign(std::move(key), std::move(value));
  }
  return {};
}

Result<SqliteContent> SqliteKeyValue::content() {
  const std::unique_lock turn(turn_);
  SqliteContent content;
  TRY_VOID(check_structure(content.complaints));
  if (const auto read = read_rows("ASC", content); !read) {
    if (read.error().code != ErrorCode::kCorrupt) return fail(read.error());
    content.complaints.push_back(read.error().message);
    // What stands behind the page that cannot be read.
    static_cast<void>(read_rows("DESC", content));
  }
  return content;
}

Result<void> SqliteKeyValue::check_structure(std::vector<std::string>& complaints) {
  auto statement = TRY(Statement::prepare(file_, "PRAGMA integrity_check"));
  for (;;) {
    const auto row = statement.step();
    if (!row && row.error().code != ErrorCode::kCorrupt) return fail(row.error());
    if (!row) complaints.push_back(row.error().message);
    if (!row || !*row) return {};
    std::string text = statement.text(0);
    if (text != "ok") complaints.push_back(std::move(text));
  }
}

Result<std::vector<std::string>> SqliteKeyValue::check() { return TRY(content()).complaints; }

Result<void> SqliteKeyValue::visit(const OnEntry& on_entry) {
  const std::unique_lock turn(turn_);
  auto statement =
      TRY(Statement::prepare(file_, "SELECT key, value, crc FROM key_value ORDER BY key"));
  while (TRY(statement.step())) {
    const std::string key = statement.text(0);
    const std::string value = statement.text(1);
    const auto checksum = statement.number(2);
    if (checksum && *checksum != checksum_of(key, value)) return wrong_checksum(key);
    TRY_VOID(on_entry(key, value));
  }
  return {};
}

Result<void> SqliteKeyValue::checkpoint() {
  const std::unique_lock turn(turn_);
  return file_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<std::unique_ptr<KeyValue>> open_sqlite_key_value(const std::string& path) {
  return std::unique_ptr<KeyValue>(TRY(SqliteKeyValue::open(path, SqliteSync::kCommits)));
}

Result<std::unique_ptr<KeyValue>> open_sqlite_key_value_to_read(const std::string& path) {
  return std::unique_ptr<KeyValue>(TRY(SqliteKeyValue::open_to_read(path)));
}

}  // namespace varve
