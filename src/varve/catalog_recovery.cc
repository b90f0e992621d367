// SPDX-License-Identifier: Apache-2.0
#include "varve/catalog_recovery.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "catalog/catalog_files.h"
#include "catalog/catalog_salvage.h"
#include "catalog/policy_rules.h"
#include "catalog/records.h"
#include "engine/local_store.h"
#include "engine/sst/sst_description.h"
#include "engine/sst/sst_reader.h"
#include "varve/catalog_opening.h"

namespace varve {
namespace {

template <class Decode, class Take>
void each(const CatalogEntries& entries, std::string_view prefix, Decode decode, Take take) {
  for (auto at = entries.lower_bound(prefix);
       at != entries.end() && at->first.starts_with(prefix); ++at) {
    if (auto found = decode(at->first, at->second)) take(std::move(*found));
  }
}

// Tables that share a segment are of one policy.
std::vector<std::vector<const StoredTable*>> groups_of(
    const std::vector<const StoredTable*>& tables) {
  std::vector<size_t> group(tables.size());
  std::iota(group.begin(), group.end(), size_t{0});
  const auto find = [&](size_t i) {
    while (group[i] != i) i = group[i] = group[group[i]];
    return i;
  };
  std::map<SegmentId, size_t> owner;
  for (size_t i = 0; i < tables.size(); ++i) {
    for (const auto& [segment, range] : tables[i]->segments) {
      const auto [known, is_new] = owner.emplace(segment, i);
      if (!is_new) group[find(i)] = find(known->second);
    }
  }
  std::map<size_t, std::vector<const StoredTable*>> by_root;
  for (size_t i = 0; i < tables.size(); ++i) by_root[find(i)].push_back(tables[i]);
  std::vector<std::vector<const StoredTable*>> groups;
  for (auto& [root, members] : by_root) groups.push_back(std::move(members));
  return groups;
}

class Recovery {
 public:
  explicit Recovery(CatalogEntries& entries) : entries_(entries) {
    each(entries_, kTablePrefix, decode_table,
         [&](TableRecord found) { tables_.emplace(found.table.id, std::move(found)); });
    each(entries_, kSegmentPrefix, decode_segment,
         [&](const SegmentRecord& found) { policies_.emplace(found.segment.id, found.policy); });
  }

  std::vector<std::string> add(const std::vector<StoredTable>& stored) {
    for (const StoredTable& table : stored) {
      raise_counter(entries_, "table", raw(table.id) + 1);
      for (const auto& [segment, range] : table.segments) {
        raise_counter(entries_, "segment", raw(segment) + 1);
      }
    }
    std::vector<const StoredTable*> nameless;
    for (const StoredTable& table : stored) {
      const auto known = tables_.find(table.id);
      if (known == tables_.end()) {
        nameless.push_back(&table);
      } else {
        add_segments(table, known->second.policy);
        add_columns(table, known->second);
      }
    }
    for (const auto& group : groups_of(nameless)) {
      const PolicyId policy = policy_for(group);
      for (const StoredTable* table : group) add_table(*table, policy);
    }
    // Names that two have by now, and times.
    std::ranges::move(make_sense_of(entries_), std::back_inserter(sentences_));
    return std::move(sentences_);
  }

 private:
  uint32_t take(std::string_view kind) {
    const uint32_t id = next_id(entries_, kind);
    raise_counter(entries_, kind, id + 1);
    return id;
  }

  PolicyId policy_for(const std::vector<const StoredTable*>& group) {
    for (const StoredTable* table : group) {
      for (const auto& [segment, range] : table->segments) {
        if (const auto known = policies_.find(segment); known != policies_.end()) {
          return known->second;
        }
      }
    }
    Database database;
    database.id = DatabaseId{take("db")};
    database.name = std::string(kRecoveredName) + std::to_string(++databases_made_);
    database.default_policy = kDefaultPolicyName;
    Policy policy = make_policy({.name = std::string(kDefaultPolicyName)}).value();
    policy.id = PolicyId{take("policy")};
    entries_.insert_or_assign(database_key(database.id), encode_database(database));
    entries_.insert_or_assign(policy_key(policy.id), encode_policy(database.id, policy));
    sentences_.push_back(std::to_string(group.size()) +
                         " tables without a database are in database " + database.name);
    return policy.id;
  }

  void add_segments(const StoredTable& table, PolicyId policy) {
    for (const auto& [id, range] : table.segments) {
      if (!policies_.emplace(id, policy).second) continue;
      entries_.insert_or_assign(segment_key(policy, id),
                                encode_segment(Segment{.id = id, .range = range}));
    }
  }

  void add_table(const StoredTable& stored, PolicyId policy) {
    TableRecord made;
    made.policy = policy;
    made.table.id = stored.id;
    made.table.name =
        stored.name.empty() ? "table-" + std::to_string(raw(stored.id)) : stored.name;
    made.table.mode = stored.mode;
    entries_.insert_or_assign(table_key(policy, stored.id), encode_table(made.table));
    add_segments(stored, policy);
    add_columns(stored, made);
  }

  // Ids are places in the list: what no file names is held by a name of its own.
  void add_columns(const StoredTable& stored, TableRecord& record) {
    std::vector<Column>& columns = record.table.columns;
    const size_t before = columns.size();
    std::set<std::string> names;
    for (const Column& column : columns) names.insert(column.name);
    for (const engine::SstColumn& column : stored.columns) {
      while (columns.size() + 1 < raw(column.id)) {
        columns.push_back(column_of(columns.size() + 1, ColumnKind::kField, ValueType::kFloat64));
      }
      if (columns.size() + 1 != raw(column.id)) continue;
      columns.push_back(column_of(raw(column.id), column.kind, column.type));
      if (!column.name.empty()) columns.back().name = column.name;
    }
    if (columns.size() == before) return;
    entries_.insert_or_assign(table_key(record.policy, record.table.id),
                              encode_table(record.table));
  }

  static Column column_of(size_t id, ColumnKind kind, ValueType type) {
    return {.id = ColumnId{static_cast<uint32_t>(id)},
            .name = "column-" + std::to_string(id),
            .kind = kind,
            .type = type};
  }

  CatalogEntries& entries_;
  std::vector<std::string> sentences_;
  std::map<TableId, TableRecord> tables_;
  std::map<SegmentId, PolicyId> policies_;
  int databases_made_ = 0;
};

// Of one table, out of its files.
class TableLook {
 public:
  explicit TableLook(FileSystem& files) : files_(files) {}

  void add(const engine::SstMeta& meta, const std::string& path) {
    table_.id = meta.table;
    table_.mode = meta.mode;
    segments_.emplace(meta.segment, meta.segment_range);
    for (const auto& field : meta.fields) {
      columns_.try_emplace(field.id, engine::SstColumn{.id = field.id, .type = field.type});
    }
    if (const auto read = add_names(path); !read) {
      log::warn("catalog.file_tells_nothing", {{"error", read.error().message}});
    }
  }

  StoredTable finish() {
    for (auto& [id, column] : columns_) table_.columns.push_back(std::move(column));
    table_.segments.assign(segments_.begin(), segments_.end());
    return std::move(table_);
  }

 private:
  Result<void> add_names(const std::string& path) {
    const auto reader = TRY(engine::open_sst(files_, path));
    for (const engine::SstColumn& field : reader->fields()) name(field);
    const auto described = TRY(engine::describe_sst(files_, path));
    std::set<int64_t> tags;
    for (const auto& [key, value] : described.metadata) {
      if (key == "varve.table_name" && value != "t" + std::to_string(raw(table_.id))) {
        table_.name = value;
      }
      if (key == "varve.tags") tags = ids_in(value);
    }
    for (const auto& column : described.columns) {
      if (!tags.contains(column.field_id)) continue;
      name({.id = ColumnId{static_cast<uint32_t>(column.field_id)},
            .kind = ColumnKind::kTag,
            .type = ValueType::kString,
            .name = column.name});
    }
    return {};
  }

  // Newer files come later.
  void name(const engine::SstColumn& column) {
    engine::SstColumn& known = columns_[column.id];
    const std::string older = std::move(known.name);
    known = column;
    if (known.name.empty()) known.name = older;
  }

  static std::set<int64_t> ids_in(std::string_view text) {
    std::set<int64_t> ids;
    while (!text.empty()) {
      int64_t id = 0;
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
      if (parsed.ec == std::errc()) ids.insert(id);
      text.remove_prefix(std::min(text.size(),
                                  static_cast<size_t>(parsed.ptr - text.data()) + 1));
    }
    return ids;
  }

  FileSystem& files_;
  StoredTable table_;
  std::map<ColumnId, engine::SstColumn> columns_;
  std::map<SegmentId, TimeRange> segments_;
};

struct StoredTables {
  std::vector<StoredTable> tables;
  engine::SeenIds seen;
};

Result<StoredTables> stored_tables(const CatalogPlace& place, const CatalogEntries& entries) {
  std::map<TableId, engine::TableLabels> labels;
  each(entries, kTablePrefix, decode_table, [&](const TableRecord& found) {
    engine::TableLabels& known = labels[found.table.id];
    known.table = found.table.name;
    for (const Column& column : found.table.columns) {
      known.columns.push_back({.id = column.id, .kind = column.kind, .name = column.name});
    }
  });
  engine::EngineOptions options = place.engine;
  options.automatic = false;
  options.keeps_unnamed_tables = true;
  options.labels = [&](TableId table) -> std::optional<engine::TableLabels> {
    const auto known = labels.find(table);
    return known == labels.end() ? std::nullopt : std::optional(known->second);
  };
  const auto store = TRY(engine::LocalStore::open(std::move(options), place.data_files,
                                                  place.clock, place.random, {}));
  engine::SeenIds seen = store->take_ids_seen();
  TRY_VOID(store->flush());
  std::map<TableId, TableLook> looks;
  {
    const auto frozen = TRY(store->freeze());
    for (const engine::FrozenShard& shard : frozen.shards) {
      const std::string folder = join_path(frozen.directory, shard.folder);
      for (const auto& [id, meta] : shard.state.ssts()) {
        looks.try_emplace(meta.table, place.data_files)
            .first->second.add(meta, join_path(folder, engine::sst_file_name(id)));
      }
    }
  }
  TRY_VOID(store->close());
  StoredTables stored{.tables = {}, .seen = std::move(seen)};
  for (auto& [id, look] : looks) stored.tables.push_back(look.finish());
  return stored;
}

}  // namespace

std::vector<std::string> add_stored_tables(const std::vector<StoredTable>& tables,
                                           CatalogEntries& entries) {
  return Recovery(entries).add(tables);
}

Result<std::vector<std::string>> recover_tables(const CatalogPlace& place, KeyValue& catalog) {
  CatalogEntries before;
  {
    const auto reading = TRY(catalog.begin());
    for (auto& [key, value] : TRY(reading->scan(""))) before.emplace(key, std::move(value));
  }
  log::warn("catalog.recovery_began", {{"file", place.catalog_path}});
  CatalogEntries entries = before;
  const auto stored = TRY(stored_tables(place, before));
  auto sentences = add_stored_tables(stored.tables, entries);
  raise_counter(entries, "table", raw(stored.seen.table) + 1);
  raise_counter(entries, "segment", raw(stored.seen.segment) + 1);
  const auto change = TRY(catalog.begin());
  for (const auto& [key, value] : before) {
    if (!entries.contains(key)) TRY_VOID(change->remove(key));
  }
  for (const auto& [key, value] : entries) {
    const auto known = before.find(key);
    if (known == before.end() || known->second != value) TRY_VOID(change->put(key, value));
  }
  TRY_VOID(change->commit());
  TRY_VOID(settle_recovery(catalog));
  for (const std::string& sentence : sentences) {
    log::warn("catalog.recovered", {{"what", sentence}});
  }
  return sentences;
}

}  // namespace varve
