// SPDX-License-Identifier: Apache-2.0
#include "varve/restore_journal.h"

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace varve {
namespace {

using nlohmann::json;

constexpr std::string_view kFile = "RESTORE";

// Names may be any bytes, JSON texts may not.
json bytes_of(const std::string& name) {
  json bytes = json::array();
  for (const char c : name) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

std::string name_of(const json& bytes) {
  std::string name;
  if (!bytes.is_array()) return name;
  for (const json& byte : bytes) {
    if (byte.is_number_unsigned()) name += static_cast<char>(byte.get<unsigned>());
  }
  return name;
}

std::string encode(const RestoreJournal& journal) {
  json document = {{"format", 1},
                   {"database", bytes_of(journal.database)},
                   {"makes_database", journal.makes_database},
                   {"policies", json::array()},
                   {"tables", json::array()}};
  for (const auto& policy : journal.policies) document["policies"].push_back(bytes_of(policy));
  for (const auto& [policy, table] : journal.tables) {
    document["tables"].push_back({bytes_of(policy), bytes_of(table)});
  }
  return document.dump() + "\n";
}

Result<RestoreJournal> decode(const std::string& path, const std::string& text) {
  const auto document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto has = [&](const char* member) { return document.contains(member); };
  if (!document.is_object() || !has("database") || !has("makes_database") || !has("policies") ||
      !has("tables") || !document["makes_database"].is_boolean()) {
    return fail(ErrorCode::kCorrupt,
                path + " makes no sense: it should say what a restore that was interrupted had "
                       "begun to make; drop that by hand, then remove the file");
  }
  RestoreJournal journal{.database = name_of(document["database"]),
                         .makes_database = document["makes_database"].get<bool>(),
                         .policies = {},
                         .tables = {}};
  for (const json& policy : document["policies"]) journal.policies.push_back(name_of(policy));
  for (const json& table : document["tables"]) {
    if (table.is_array() && table.size() == 2) {
      journal.tables.emplace_back(name_of(table[0]), name_of(table[1]));
    }
  }
  return journal;
}

}  // namespace

std::string restore_journal_path(const std::string& data_directory) {
  return join_path(data_directory, kFile);
}

Result<void> write_restore_journal(FileSystem& files, const std::string& data_directory,
                                   const RestoreJournal& journal) {
  return write_file_atomically(files, restore_journal_path(data_directory), encode(journal));
}

Result<void> remove_restore_journal(FileSystem& files, const std::string& data_directory) {
  TRY_VOID(files.remove(restore_journal_path(data_directory)));
  return files.sync_directory(data_directory);
}

Result<void> undo_restore(const RestoreJournal& journal, Catalog& catalog, StoreAdmin& store) {
  std::vector<TableId> gone;
  if (journal.makes_database) {
    gone = TRY(catalog.drop_database(journal.database));
  } else if (const auto database = catalog.snapshot()->database(journal.database)) {
    for (const auto& [policy_name, table] : journal.tables) {
      const auto policy = database->policy(policy_name);
      if (!policy) continue;
      if (const auto id = TRY(catalog.drop_table(policy->id, table))) gone.push_back(*id);
    }
    for (const std::string& policy : journal.policies) {
      if (!database->policy(policy)) continue;
      const auto tables = TRY(catalog.drop_policy(journal.database, policy));
      gone.insert(gone.end(), tables.begin(), tables.end());
    }
  }
  return store.drop_tables(gone);
}

Result<void> undo_interrupted_restore(FileSystem& files, const std::string& data_directory,
                                      Catalog& catalog, StoreAdmin& store) {
  const std::string path = restore_journal_path(data_directory);
  if (!TRY(files.exists(path))) return {};
  const auto journal = decode(path, TRY(read_file(files, path)));
  if (!journal) {
    log::error("restore.journal_damaged", {{"error", journal.error().message}});
    return {};
  }
  TRY_VOID(undo_restore(*journal, catalog, store));
  log::warn("restore.undone", {{"database", journal->database},
                               {"tables", journal->tables.size()},
                               {"reason", "the server ended before the restore did"}});
  return remove_restore_journal(files, data_directory);
}

}  // namespace varve
