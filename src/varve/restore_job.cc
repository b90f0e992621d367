// SPDX-License-Identifier: Apache-2.0
#include "varve/restore_job.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "catalog/sqlite_key_value.h"
#include "engine/backup/backup_file_system.h"
#include "engine/backup/file_copy.h"
#include "engine/local_store.h"
#include "io/bucket_file_system.h"
#include "varve/byte_text.h"
#include "varve/restore_journal.h"
#include "varve/table_copy.h"

namespace varve {
namespace {

constexpr CatalogLimits kNoLimits{.columns_per_table_max = SIZE_MAX,
                                  .tables_per_policy_max = SIZE_MAX};

// The catalog of a backup, opened in place.
Result<std::unique_ptr<Catalog>> open_stored_catalog(FileSystem& files, const std::string& folder,
                                                     const engine::BackupListing& listing,
                                                     const std::string& copy_path) {
  const engine::BackupFile* file = listing.find("catalog.db");
  if (file == nullptr) return fail(ErrorCode::kCorrupt, folder + " lists no catalog.db");
  const std::string path = join_path(folder, file->stored);
  const engine::FileFingerprint wanted{.size_bytes = file->size_bytes, .crc = file->crc};
  if (TRY(engine::fingerprint_of(files, path, nullptr)) != wanted) {
    return fail(ErrorCode::kCorrupt, path + " is damaged: its size or checksum is wrong");
  }
  if (!BucketFileSystem::is_bucket_path(path)) {
    return open_catalog(TRY(open_sqlite_key_value_to_read(path)), kNoLimits);
  }
  TRY(engine::copy_file(files, path, copy_path, nullptr));
  auto catalog = open_catalog(TRY(open_sqlite_key_value_to_read(copy_path)), kNoLimits);
  // Open, it is read on; and nobody else needs it.
  static_cast<void>(files.remove(copy_path));
  return catalog;
}

// One table to copy.
struct TablePlan {
  PolicyRef policy;
  TableRef table;
};

PolicySpec spec_of(const Policy& policy, bool is_default) {
  return {.name = policy.name,
          .duration_ns = policy.duration_ns,
          .segment_duration_ns = policy.segment_duration_ns,
          .replica_count = policy.replica_count,
          .make_default = is_default};
}

class PartRestore {
 public:
  PartRestore(const RestoreParts& parts, const admin::RestoreQuestion& asked,
              admin::Progress& progress)
      : parts_(parts),
        asked_(asked),
        progress_(progress),
        target_name_(asked.as.empty() ? asked.database : asked.as) {}

  Result<admin::Outcome> run() {
    listing_ = TRY(engine::read_backup_listing(parts_.files, asked_.from));
    TRY_VOID(choose());
    TRY_VOID(check_target());
    if (!asked_.merges) {
      TRY_VOID(write_restore_journal(parts_.files, parts_.data_directory, journal_));
    }
    const auto copied = make_and_copy();
    if (!asked_.merges) TRY_VOID(settle(copied));
    if (!copied) return fail(copied.error());
    log::info("restore.done", {{"from", asked_.from},
                               {"database", target_name_},
                               {"tables", plans_.size()},
                               {"rows", rows_}});
    return admin::Outcome{.sentence = std::to_string(rows_) + " rows of " +
                                      std::to_string(plans_.size()) +
                                      (plans_.size() == 1 ? " table" : " tables") +
                                      " stand in \"" + target_name_ + "\""};
  }

 private:
  // Which tables of the backup are meant.
  Result<void> choose() {
    stored_catalog_ = TRY(open_stored_catalog(
        parts_.files, asked_.from, listing_,
        join_path(parts_.data_directory, "catalog-restore.tmp")));
    source_ = stored_catalog_->snapshot()->database(asked_.database);
    if (!source_) {
      return fail(ErrorCode::kNotFound,
                  "the backup holds no database \"" + asked_.database + "\"");
    }
    for (const PolicyRef& policy : source_->policies) {
      for (const TableRef& table : policy->tables()) {
        if (asked_.table.empty() || table->name == asked_.table) plans_.push_back({policy, table});
      }
    }
    if (!asked_.table.empty() && plans_.empty()) {
      return fail(ErrorCode::kNotFound, "database \"" + asked_.database +
                                            "\" of the backup holds no table \"" + asked_.table +
                                            "\"");
    }
    return {};
  }

  // Policies that are needed: all of a database, or those that hold the table.
  bool is_needed(const PolicyRef& policy) const {
    return asked_.table.empty() || std::ranges::any_of(plans_, [&](const TablePlan& plan) {
             return plan.policy == policy;
           });
  }

  Result<void> check_target() {
    // What monitoring tools expect to be the server's own.
    if (target_name_ == "_internal") {
      return fail(ErrorCode::kInvalidInput,
                  "\"_internal\" is no name for restored rows; give another database (--as)");
    }
    const auto target = parts_.catalog.snapshot()->database(target_name_);
    journal_ = {.database = target_name_, .makes_database = !target, .policies = {}, .tables = {}};
    if (asked_.merges) return {};
    if (target && asked_.table.empty()) {
      return fail(ErrorCode::kAlreadyExists,
                  "database \"" + target_name_ + "\" exists already; give another name (--as) or "
                  "let the rows be merged into it (--merge)");
    }
    for (const TablePlan& plan : plans_) {
      const auto policy = target ? target->policy(plan.policy->name) : nullptr;
      if (policy && policy->table(plan.table->name)) {
        return fail(ErrorCode::kAlreadyExists,
                    "table \"" + plan.table->name + "\" exists already in \"" + target_name_ +
                        "\"; give another database (--as) or let the rows be merged into it "
                        "(--merge)");
      }
      journal_.tables.emplace_back(plan.policy->name, plan.table->name);
      if (target && !policy) journal_.policies.push_back(plan.policy->name);
    }
    return {};
  }

  // The end, well or not, of what the journal announced.
  Result<void> settle(const Result<void>& copied) {
    if (!copied) {
      if (const auto undone = undo_restore(journal_, parts_.catalog, parts_.store_admin); !undone) {
        // The journal stays: the next start tries again.
        log::error("restore.undo_failed", {{"error", undone.error().message}});
        return {};
      }
    }
    return remove_restore_journal(parts_.files, parts_.data_directory);
  }

  Result<void> make_and_copy() {
    engine::BackupFileSystem view(parts_.files, asked_.from, listing_);
    const auto store = TRY(open_stored(view));
    TRY_VOID(check_health(*store));
    for (const TablePlan& plan : plans_) TRY_VOID(check_types(*store, plan));
    TRY_VOID(make_policies());
    for (size_t i = 0; i < plans_.size(); ++i) TRY_VOID(copy(*store, plans_[i], i));
    // A file may be found damaged while it is read; its rows are then left out.
    return check_health(*store);
  }

  // Files that were missing when the backup was made are no reason to keep back the rest.
  Result<void> check_health(const engine::LocalStore& store) const {
    for (const std::string& sentence : store.health().damage) {
      const bool is_known = std::ranges::any_of(listing_.missing, [&](const std::string& path) {
        return sentence.find("/" + path) != std::string::npos;
      });
      if (!is_known) return fail(ErrorCode::kCorrupt, "the backup is damaged: " + sentence);
    }
    return {};
  }

  // Before anything is written: inside a segment a field has one type.
  Result<void> check_types(Store& stored, const TablePlan& plan) const {
    const auto target = parts_.catalog.snapshot()->database(target_name_);
    const auto policy = target ? target->policy(plan.policy->name) : nullptr;
    const auto table = policy ? policy->table(plan.table->name) : nullptr;
    if (!table) return {};
    for (const Segment& segment : policy->segments) {
      const auto there = TRY(parts_.store.list_columns(table->id, segment.range));
      const auto comes = TRY(stored.list_columns(plan.table->id, segment.range));
      for (const ColumnId id : comes) {
        const Column* column = plan.table->column(id);
        if (column == nullptr || column->kind != ColumnKind::kField) continue;
        for (const ColumnId other_id : there) {
          const Column* other = table->column(other_id);
          if (other == nullptr || other->kind != ColumnKind::kField) continue;
          if (other->name != column->name || other->type == column->type) continue;
          return fail(ErrorCode::kConflict,
                      "field \"" + column->name + "\" of table \"" + table->name + "\" is " +
                          std::string(to_string(column->type)) + " in the backup, but " +
                          std::string(to_string(other->type)) + " in \"" + target_name_ +
                          "\" between " + utc_text(segment.range.begin_ns) + " and " +
                          utc_text(segment.range.end_ns) + "; nothing was written");
        }
      }
    }
    return {};
  }

  Result<void> make_policies() {
    auto target = parts_.catalog.snapshot()->database(target_name_);
    std::vector<PolicyRef> needed;
    for (const PolicyRef& policy : source_->policies) {
      if (is_needed(policy)) needed.push_back(policy);
    }
    // The default one first: a database is made with it.
    std::ranges::stable_partition(needed, [&](const PolicyRef& policy) {
      return policy->name == source_->default_policy;
    });
    for (const PolicyRef& policy : needed) {
      if (target && target->policy(policy->name)) continue;
      if (!target) {
        target = TRY(parts_.catalog.create_database(target_name_, spec_of(*policy, true)));
      } else {
        TRY(parts_.catalog.create_policy(target_name_, spec_of(*policy, false)));
      }
    }
    if (!target) TRY(parts_.catalog.create_database(target_name_, std::nullopt));
    return {};
  }

  Result<std::unique_ptr<engine::LocalStore>> open_stored(FileSystem& view) {
    engine::EngineOptions options;
    options.directory = "/engine";
    options.shards = TRY(engine::LocalStore::stored_shard_count(view, options.directory));
    options.automatic = false;
    options.block_cache_bytes = 16u << 20;
    std::vector<TableId> tables;
    for (const TablePlan& plan : plans_) tables.push_back(plan.table->id);
    return engine::LocalStore::open(std::move(options), view, parts_.clock, parts_.random, tables);
  }

  Result<void> copy(Store& store, const TablePlan& plan, size_t index) {
    const auto database = parts_.catalog.snapshot()->database(target_name_);
    const auto policy = database ? database->policy(plan.policy->name) : nullptr;
    if (!policy) {
      return fail(ErrorCode::kCancelled, "database \"" + target_name_ + "\" was changed meanwhile");
    }
    std::vector<NewColumn> columns;
    for (const Column& column : plan.table->columns) {
      columns.push_back({.name = column.name, .kind = column.kind, .type = column.type});
    }
    const auto table =
        TRY(parts_.catalog.ensure_columns(policy->id, plan.table->name, columns));
    if (table->mode != plan.table->mode) {
      return fail(ErrorCode::kConflict, "table \"" + table->name +
                                            "\" merges rows in another way than the one of the "
                                            "backup");
    }
    const uint64_t rows_before = rows_;
    const OnRows on_rows = [&](uint64_t rows) {
      return progress_.tick([&] {
        return std::to_string(rows_before + rows) + " rows; table " + std::to_string(index + 1) +
               " of " + std::to_string(plans_.size());
      });
    };
    TRY_VOID(on_rows(0));
    const CopySource source{.store = store, .policy = plan.policy, .table = plan.table};
    const CopyTarget target{.catalog = parts_.catalog,
                            .store = parts_.store,
                            .policy = policy->id,
                            .table = table};
    const auto copied = copy_table(source, target, on_rows);
    // Writers may have learnt which types the fields of a segment had before.
    parts_.ingest.forget_fields(table->id);
    rows_ += TRY(copied);
    return {};
  }

  const RestoreParts& parts_;
  const admin::RestoreQuestion& asked_;
  admin::Progress& progress_;
  const std::string target_name_;
  engine::BackupListing listing_;
  std::unique_ptr<Catalog> stored_catalog_;
  DatabaseRef source_;
  std::vector<TablePlan> plans_;
  RestoreJournal journal_;
  uint64_t rows_ = 0;
};

}  // namespace

Result<admin::Outcome> restore_part(const RestoreParts& parts, const admin::RestoreQuestion& asked,
                                    admin::Progress& progress) {
  return PartRestore(parts, asked, progress).run();
}

}  // namespace varve
