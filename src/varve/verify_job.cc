// SPDX-License-Identifier: Apache-2.0
#include "varve/verify_job.h"

#include <map>
#include <memory>
#include <utility>

#include "catalog/catalog_files.h"
#include "catalog/sqlite_key_value.h"
#include "engine/backup/backup_restore.h"
#include "engine/backup/store_check.h"
#include "varve/byte_text.h"
#include "varve/data_directory.h"

namespace varve {
namespace {

constexpr CatalogLimits kNoLimits{.columns_per_table_max = SIZE_MAX,
                                  .tables_per_policy_max = SIZE_MAX};

using TableNames = std::map<TableId, std::string>;

TableNames names_in(const CatalogSnapshot& picture) {
  TableNames names;
  for (const auto& [database_name, database] : picture.databases) {
    for (const auto& policy : database->policies) {
      for (const auto& table : policy->tables()) {
        names[table->id] = "\"" + database_name + "\".\"" + policy->name + "\".\"" + table->name +
                           "\"";
      }
    }
  }
  return names;
}

class Reporter {
 public:
  Reporter(admin::Progress& progress, TableNames names)
      : progress_(progress), names_(std::move(names)) {}

  engine::CheckReport report() {
    return {.damage = [this](const std::string& sentence) { return progress_.damage(sentence); },
            .on_bytes =
                [this](uint64_t size_bytes) {
                  bytes_ += size_bytes;
                  return progress_.tick([&] { return byte_text(bytes_) + " checked"; });
                },
            .table_name =
                [this](TableId id) {
                  const auto found = names_.find(id);
                  return found == names_.end() ? std::string() : found->second;
                }};
  }

 private:
  admin::Progress& progress_;
  TableNames names_;
  uint64_t bytes_ = 0;
};

admin::Outcome outcome_of(const engine::CheckSummary& summary, uint64_t catalog_complaints) {
  const uint64_t damaged = summary.damaged + catalog_complaints;
  return {.sentence = std::to_string(summary.files + 1) + " files, " + byte_text(summary.bytes) +
                      " checked: " +
                      (damaged == 0 ? "all is well" : std::to_string(damaged) + " damaged places"),
          .damaged = damaged};
}

Result<uint64_t> tell_catalog(const std::vector<std::string>& complaints,
                              admin::Progress& progress) {
  for (const std::string& complaint : complaints) {
    TRY_VOID(progress.damage("the catalog is damaged: " + complaint +
                             "; the next start mends it from catalog.log as far as that is whole"));
  }
  return complaints.size();
}

// Without changing it. A catalog that cannot be opened is damage, not a reason to stop.
Result<uint64_t> check_catalog_file(FileSystem& files, const std::string& path,
                                    admin::Progress& progress, TableNames& names) {
  uint64_t count = 0;
  for (const std::string& complaint : TRY(check_catalog_log(files, path))) {
    TRY_VOID(progress.damage(complaint + "; the next start mends it from " + path));
    ++count;
  }
  auto key_value = open_sqlite_key_value_to_read(path);
  if (!key_value) return count + TRY(tell_catalog({key_value.error().message}, progress));
  auto complaints = (*key_value)->check();
  if (!complaints) complaints = std::vector<std::string>{complaints.error().message};
  const auto catalog = open_catalog(std::move(*key_value), kNoLimits);
  if (catalog) {
    names = names_in(*(*catalog)->snapshot());
  } else if (complaints->empty()) {
    complaints->push_back(catalog.error().message);
  }
  return count + TRY(tell_catalog(*complaints, progress));
}

}  // namespace

Result<admin::Outcome> verify_running(FileSystem& files, const Catalog& catalog,
                                      engine::LocalStore& store, admin::Progress& progress) {
  const uint64_t complaints = TRY(tell_catalog(TRY(catalog.check()), progress));
  Reporter reporter(progress, names_in(*catalog.snapshot()));
  const auto frozen = TRY(store.freeze());
  return outcome_of(TRY(engine::check_running_store(files, frozen, reporter.report())), complaints);
}

Result<admin::Outcome> verify_data_directory(FileSystem& files, const std::string& path,
                                             admin::Progress& progress,
                                             const std::function<Result<FileSystem*>()>& mount) {
  const std::string mark = join_path(path, "VARVE");
  if (!TRY(files.exists(mark))) {
    return fail(ErrorCode::kNotFound, path + " is no data directory of Varve");
  }
  const auto lock = files.lock(join_path(path, "LOCK"));
  if (!lock) return fail(lock.error());
  uint64_t complaints = 0;
  if (const auto marked = DataDirectory::check_mark(files, path); !marked) {
    if (marked.error().code != ErrorCode::kCorrupt) return fail(marked.error());
    TRY_VOID(progress.damage(marked.error().message +
                             "; the next start writes it anew where the other files are"));
    ++complaints;
  }
  FileSystem& mounted = mount ? *TRY(mount()) : files;
  TableNames names;
  complaints += TRY(check_catalog_file(files, join_path(path, "catalog.db"), progress, names));
  Reporter reporter(progress, std::move(names));
  const auto summary =
      TRY(engine::check_store_at_rest(mounted, join_path(path, "engine"), reporter.report()));
  return outcome_of(summary, complaints);
}

Result<admin::Outcome> verify_backup(FileSystem& files, const std::string& folder,
                                     admin::Progress& progress) {
  const auto listing = TRY(engine::read_backup_listing(files, folder));
  const std::string all = byte_text(listing.size_bytes());
  uint64_t bytes_done = 0;
  const auto damage =
      TRY(engine::check_backup(files, folder, listing, [&](uint64_t size_bytes) {
        bytes_done += size_bytes;
        return progress.tick([&] { return byte_text(bytes_done) + " of " + all; });
      }));
  for (const engine::BackupDamage& found : damage) {
    TRY_VOID(progress.damage(join_path(folder, found.file.stored) + " is damaged: " +
                             found.reason + "; " + found.file.path + " cannot be restored"));
  }
  for (const std::string& path : listing.missing) {
    TRY_VOID(progress.damage(path + " was missing in the data directory when the backup was made; "
                                    "its rows are in no backup of this folder"));
  }
  const uint64_t damaged = damage.size() + listing.missing.size();
  return admin::Outcome{
      .sentence = std::to_string(listing.files.size()) + " files, " + all + " of " +
                  listing.taken_at + " checked: " +
                  (damaged == 0 ? "all is well" : std::to_string(damaged) + " damaged or missing"),
      .damaged = damaged};
}

}  // namespace varve
