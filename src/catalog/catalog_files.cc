// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog_files.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "catalog/catalog_choice.h"
#include "catalog/catalog_salvage.h"
#include "catalog/logged_key_value.h"
#include "catalog/reserved_keys.h"
#include "catalog/sqlite_key_value.h"

namespace varve {
namespace {

// Of one file; more are written over, the last first.
constexpr int kDamagedCopiesMax = 9;

constexpr const char* kWhatMayBeLost =
    "names of databases and tables, users and what was dropped lately may be lost or back: rows "
    "without a name are kept, in databases recovered-<n>; see SHOW DATABASES and SHOW USERS, or "
    "restore a backup";

metrics::Gauge& damage_found = metrics::gauge(
    "varve_catalog_damage",
    "What the start found of the catalog's files: 0 sound, 1 damaged and mended without a loss, 2 "
    "damaged, and entries may be lost.");

struct DatabaseFile {
  std::unique_ptr<SqliteKeyValue> store;  // Null: it cannot be opened.
  StoredDatabase content;
  std::string reason;  // The first of what is wrong.
};

class Opening : public std::enable_shared_from_this<Opening> {
 public:
  Opening(FileSystem& files, const std::string& path, bool has_rows)
      : files_(files), path_(path), log_path_(catalog_log_path(path)), has_rows_(has_rows) {}

  Result<CatalogFiles> run() {
    TRY_VOID(read_log());
    TRY_VOID(read_database());
    choose();
    // First the log, so that there is a whole one whenever the database is replaced.
    TRY_VOID(keep_damaged_log());
    if (choice_.is_lossy) TRY_VOID(write_log_of_choice());
    TRY_VOID(mend_database());
    auto store = std::make_unique<LoggedKeyValue>(files_, log_path_, std::move(database_->store),
                                                  choice_.generation);
    TRY_VOID(open_log(*store));
    if (is_full_) {
      store->wait_for_space([self = shared_from_this()] { return self->open_at_last(); });
    }
    log_.reset();
    for (const std::string& sentence : result_.damage) {
      log::error("catalog.damaged", {{"what", sentence}});
    }
    damage_found.set(choice_.is_lossy ? 2 : result_.damage.empty() ? 0 : 1);
    result_.is_recovering = choice_.entries.contains(kRecoveringKey);
    result_.store = std::move(store);
    return std::move(result_);
  }

 private:
  Result<void> read_log() {
    if (!TRY(files_.exists(log_path_))) return {};
    const std::string bytes = TRY(read_file(files_, log_path_));
    log_bytes_ = bytes.size();
    auto content = read_catalog_log(bytes);
    if (!content) return fail(content.error().code, log_path_ + ": " + content.error().message);
    log_ = std::move(*content);
    return {};
  }

  Result<void> read_database() {
    if (!TRY(files_.exists(path_))) return {};
    database_.emplace();
    auto opened = SqliteKeyValue::open(path_, SqliteSync::kCheckpoints);
    is_full_ = !opened && opened.error().code == ErrorCode::kNoSpace;
    if (is_full_) opened = SqliteKeyValue::open_to_read(path_);
    if (!opened && opened.error().code != ErrorCode::kCorrupt) return fail(opened.error());
    if (!opened) {
      spoil(opened.error().message);
      return {};
    }
    database_->store = std::move(*opened);
    auto content = database_->store->content();
    if (!content && content.error().code != ErrorCode::kCorrupt) return fail(content.error());
    if (!content) {
      spoil(content.error().message);
      return {};
    }
    StoredDatabase& found = database_->content;
    found.entries = std::move(content->entries);
    found.has_unchecked = content->has_unchecked;
    found.is_changed_by_others = content->is_changed_by_others;
    if (!content->complaints.empty()) spoil(content->complaints.front());
    // Of a file cut to nothing, say; an empty catalog is not what there are rows of.
    if (database_->store->was_made() && has_rows_) spoil("there is no catalog in it");
    if (const auto stored = found.entries.find(kGenerationKey); stored != found.entries.end()) {
      const auto generation = decode_generation(stored->second);
      if (!generation) spoil(generation.error().message);
      found.generation = generation.value_or(0);
      found.entries.erase(stored);
    }
    // An earlier Varve may have written rows since the log was; it makes sense then.
    if (found.has_unchecked && found.generation > 0) {
      CatalogEntries entries = found.entries;
      const auto senseless = make_sense_of(entries);
      if (!senseless.empty()) spoil(senseless.front());
    }
    return {};
  }

  void spoil(std::string reason) {
    if (database_->reason.empty()) database_->reason = std::move(reason);
    database_->content.is_sound = false;
  }

  void choose() {
    if (!log_ && !database_) {
      choice_.is_lossy = has_rows_;
      choice_.database_differs = true;
      if (has_rows_) {
        tell(path_ + " and " + log_path_ + " are missing although there are rows");
        salvage();
      }
      return;
    }
    choice_ = choose_catalog(log_, database_ ? std::optional(database_->content) : std::nullopt);
    tell_of_database();
    tell_of_log();
    // Nothing vouches for what an earlier Varve wrote.
    if (choice_.is_lossy || choice_.is_unchecked) salvage();
  }

  void tell_of_database() {
    if (!choice_.database_is_wrong) return;
    const std::string what = !database_ ? " is missing" : " is damaged" + reason_text();
    tell(path_ + what + (choice_.is_lossy ? "" : "; it was made again from " + log_path_ +
                                                     " and nothing is lost"));
  }

  std::string reason_text() const {
    return database_->reason.empty() ? ": it is not what " + log_path_ + " says"
                                     : ": " + database_->reason;
  }

  void tell_of_log() {
    const bool was_there = log_ || (database_ && database_->content.generation > 0);
    if (!was_there) return;  // An earlier version knew of no log.
    std::string what;
    if (!log_) {
      what = " is missing";
    } else if (!log_->damage.empty()) {
      what = " is damaged " + log_->damage.front();
    } else if (choice_.log_is_wrong) {
      what = " is damaged: changes are missing in it";
    } else {
      return;
    }
    is_log_damaged_ = log_.has_value();
    tell(log_path_ + what +
         (choice_.is_lossy ? "" : "; it was written anew and nothing is lost"));
  }

  void salvage() {
    const auto lost = make_sense_of(choice_.entries);
    if (lost.empty() && !choice_.is_lossy) return;
    for (const std::string& sentence : lost) tell(path_ + ": " + sentence);
    raise_counters(choice_.entries);
    if (std::string held = hold_users(choice_.entries); !held.empty()) tell(std::move(held));
    choice_.is_lossy = true;
    choice_.database_differs = true;
    choice_.database_is_wrong = database_.has_value();
    choice_.entries.insert_or_assign(std::string(kRecoveringKey), "1{}");
    tell(kWhatMayBeLost);
  }

  void tell(std::string sentence) { result_.damage.push_back(std::move(sentence)); }

  // Where a damaged file is kept.
  Result<std::string> place_for(const std::string& path) {
    std::string place = path + ".damaged";
    for (int i = 1; i < kDamagedCopiesMax && TRY(files_.exists(place)); ++i) {
      place = path + ".damaged-" + std::to_string(i);
    }
    return place;
  }

  // A copy, since there must be one under its own name until it is replaced.
  Result<void> keep_damaged_log() {
    if (!is_log_damaged_) return {};
    const std::string bytes = TRY(read_file(files_, log_path_));
    const auto kept = write_file_atomically(files_, TRY(place_for(log_path_)), bytes);
    return kept || kept.error().code != ErrorCode::kNoSpace ? kept : Result<void>();
  }

  Result<void> write_log_of_choice() {
    CatalogLogWriter writer(files_, log_path_);
    return writer.begin(choice_.generation, [&](const OnCatalogEntry& on_entry) -> Result<void> {
      for (const auto& [key, value] : choice_.entries) TRY_VOID(on_entry(key, value));
      return {};
    });
  }

  // A full disk can still be read: then a database in memory stands in for the file.
  Result<void> mend_database() {
    if (!is_full_) {
      const auto mended = mend_database_file();
      if (mended || mended.error().code != ErrorCode::kNoSpace) return mended;
    }
    log::warn("catalog.waits_for_space", {{"file", path_}});
    is_full_ = true;
    database_.emplace();
    database_->store = TRY(SqliteKeyValue::open(":memory:", SqliteSync::kCheckpoints));
    return write_database(/*puts_all=*/true);
  }

  // Before the first change after a start with a full disk.
  Result<std::unique_ptr<SqliteKeyValue>> open_at_last() {
    database_.reset();
    TRY_VOID(read_database());
    if (is_full_) return fail(ErrorCode::kNoSpace, "the disk is full: " + path_);
    choice_.database_is_wrong = database_ && !database_->content.is_sound;
    choice_.database_differs = true;
    TRY_VOID(mend_database_file());
    return std::move(database_->store);
  }

  Result<void> mend_database_file() {
    const bool is_made = database_ && database_->store && database_->store->was_made();
    if (database_ && choice_.database_is_wrong && !is_made) {
      database_->store.reset();
      const std::string place = TRY(place_for(path_));
      for (const char* suffix : {"", "-wal", "-journal"}) {
        if (!TRY(files_.exists(path_ + suffix))) continue;
        TRY_VOID(files_.rename(path_ + suffix, place + suffix));
      }
      TRY_VOID(files_.sync_directory(parent_folder(path_)));
      database_.reset();
    }
    if (!database_) {
      // Of a file that is gone; SQLite would put them together with the new one.
      for (const char* suffix : {"-wal", "-journal"}) {
        if (TRY(files_.exists(path_ + suffix))) TRY_VOID(files_.remove(path_ + suffix));
      }
      database_.emplace();
      database_->store = TRY(SqliteKeyValue::open(path_, SqliteSync::kCheckpoints));
    }
    const bool is_new = database_->content.entries.empty();
    const bool puts_all = database_->content.has_unchecked;
    if (!choice_.database_differs && !puts_all) return {};
    if (!is_new && !puts_all) {
      log::warn("catalog.caught_up", {{"from", database_->content.generation},
                                      {"to", choice_.generation},
                                      {"file", path_}});
    }
    return write_database(puts_all);
  }

  // As the choice has it.
  Result<void> write_database(bool puts_all) {
    const CatalogEntries& stored = database_->content.entries;
    const auto change = TRY(database_->store->begin());
    for (const auto& [key, value] : stored) {
      if (!choice_.entries.contains(key)) TRY_VOID(change->remove(key));
    }
    for (const auto& [key, value] : choice_.entries) {
      const auto known = stored.find(key);
      if (!puts_all && known != stored.end() && known->second == value) continue;
      TRY_VOID(change->put(key, value));
    }
    TRY_VOID(change->put(kGenerationKey, encode_generation(choice_.generation)));
    return change->commit();
  }

  Result<void> open_log(LoggedKeyValue& store) {
    const bool is_good = log_ && !is_log_damaged_ && !choice_.log_is_wrong &&
                         !choice_.log_is_overtaken && !log_->is_torn && !choice_.is_lossy;
    if (is_good) return store.go_on(log_bytes_, log_->snapshot_bytes);
    if (log_ && log_->is_torn) log::warn("catalog_log.torn", {{"file", log_path_}});
    auto begun = store.begin_log();
    if (begun || begun.error().code != ErrorCode::kNoSpace) return begun;
    // A full disk can still be read: the next change begins the log.
    log::warn("catalog.log_not_written", {{"error", begun.error().message}});
    return {};
  }

  FileSystem& files_;
  const std::string path_;
  const std::string log_path_;
  const bool has_rows_;
  std::optional<CatalogLogContent> log_;
  uint64_t log_bytes_ = 0;
  bool is_log_damaged_ = false;
  bool is_full_ = false;
  std::optional<DatabaseFile> database_;
  CatalogChoice choice_;
  CatalogFiles result_;
};

}  // namespace

std::string catalog_log_path(const std::string& database_path) {
  constexpr std::string_view kEnding = ".db";
  std::string path = database_path;
  if (path.ends_with(kEnding)) path.resize(path.size() - kEnding.size());
  return path + ".log";
}

Result<CatalogFiles> open_catalog_files(FileSystem& files, const std::string& path, bool has_rows) {
  return std::make_shared<Opening>(files, path, has_rows)->run();
}

Result<std::vector<std::string>> begin_recovery(KeyValue& store) {
  damage_found.set(2);
  std::vector<std::string> sentences = {
      "the catalog lacks entries that it must have had, since there are rows of them",
      kWhatMayBeLost};
  const auto change = TRY(store.begin());
  CatalogEntries before;
  for (auto& [key, value] : TRY(change->scan(""))) before.emplace(key, std::move(value));
  CatalogEntries entries = before;
  if (std::string held = hold_users(entries); !held.empty()) sentences.push_back(std::move(held));
  raise_counters(entries);
  entries.insert_or_assign(std::string(kRecoveringKey), "1{}");
  for (const auto& [key, value] : entries) {
    const auto known = before.find(key);
    if (known == before.end() || known->second != value) TRY_VOID(change->put(key, value));
  }
  TRY_VOID(change->commit());
  for (const std::string& sentence : sentences) log::error("catalog.damaged", {{"what", sentence}});
  return sentences;
}

Result<void> settle_recovery(KeyValue& store) {
  const auto change = TRY(store.begin());
  TRY_VOID(change->remove(kRecoveringKey));
  return change->commit();
}

Result<std::vector<std::string>> check_catalog_log(FileSystem& files,
                                                   const std::string& database_path) {
  const std::string path = catalog_log_path(database_path);
  std::vector<std::string> complaints;
  if (!TRY(files.exists(path))) return complaints;
  const auto content = read_catalog_log(TRY(read_file(files, path)));
  if (!content) return std::vector<std::string>{path + ": " + content.error().message};
  for (const std::string& place : content->damage) {
    complaints.push_back(path + " is damaged " + place);
  }
  uint64_t last = content->snapshot_generation;
  bool is_whole = content->is_snapshot_whole;
  for (const CatalogChange& change : content->changes) {
    is_whole = is_whole && change.generation == ++last;
    last = change.generation;
  }
  if (!is_whole && complaints.empty()) complaints.push_back(path + " lacks changes");
  return complaints;
}

}  // namespace varve
