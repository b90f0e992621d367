// SPDX-License-Identifier: Apache-2.0
#include "catalog/records.h"

#include <limits>

#include "catalog/record_json.h"

namespace varve {
namespace {

using namespace record;

// --- Words ---------------------------------------------------------------------------------------

struct TypeWord {
  ValueType type;
  std::string_view word;
};
constexpr TypeWord kTypeWords[] = {
    {ValueType::kFloat64, "float"},   {ValueType::kInt64, "integer"},
    {ValueType::kUint64, "unsigned"}, {ValueType::kBool, "boolean"},
    {ValueType::kString, "string"},   {ValueType::kBytes, "bytes"},
    {ValueType::kTimestamp, "timestamp"},
};
struct KindWord {
  ColumnKind kind;
  std::string_view word;
};
constexpr KindWord kKindWords[] = {
    {ColumnKind::kTime, "time"}, {ColumnKind::kTag, "tag"}, {ColumnKind::kField, "field"}};
struct ModeWord {
  MergeMode mode;
  std::string_view word;
};
constexpr ModeWord kModeWords[] = {{MergeMode::kMerge, "merge"},
                                   {MergeMode::kOverwrite, "overwrite"},
                                   {MergeMode::kAppend, "append"}};

std::string_view word_of(ValueType type) {
  for (const auto& entry : kTypeWords) {
    if (entry.type == type) return entry.word;
  }
  return "float";
}
std::string_view word_of(ColumnKind kind) {
  for (const auto& entry : kKindWords) {
    if (entry.kind == kind) return entry.word;
  }
  return "field";
}
std::string_view word_of(MergeMode mode) {
  for (const auto& entry : kModeWords) {
    if (entry.mode == mode) return entry.word;
  }
  return "merge";
}

constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
constexpr int64_t kInt64Min = std::numeric_limits<int64_t>::min();

// ["host","tag","string"]
Result<Column> decode_column(const Record& record, const json& parts) {
  if (!parts.is_array() || parts.size() != 3) {
    return record.corrupt("a column is no triple");
  }
  Column column;
  column.name = TRY(record.text(parts[0]));
  const auto kind = TRY(record.text(parts[1]));
  const auto type = TRY(record.text(parts[2]));
  bool has_kind = false;
  bool has_type = false;
  for (const auto& entry : kKindWords) {
    if (entry.word == kind) column.kind = entry.kind, has_kind = true;
  }
  for (const auto& entry : kTypeWords) {
    if (entry.word == type) column.type = entry.type, has_type = true;
  }
  if (!has_kind) return record.corrupt("unknown kind of column: " + kind);
  if (!has_type) return record.corrupt("unknown type of column: " + type);
  return column;
}

}  // namespace

std::string database_key(DatabaseId id) { return std::string(kDatabasePrefix) + id_text(id); }
std::string policy_key(PolicyId id) { return std::string(kPolicyPrefix) + id_text(id); }
std::string table_key(PolicyId policy, TableId id) {
  return std::string(kTablePrefix) + id_text(policy) + "/" + id_text(id);
}
std::string segment_key(PolicyId policy, SegmentId id) {
  return std::string(kSegmentPrefix) + id_text(policy) + "/" + id_text(id);
}

std::string encode_database(const Database& database) {
  std::string members = "\"name\":";
  append_text(members, database.name);
  members += ",\"default_policy\":";
  append_text(members, database.default_policy);
  return object(members);
}

std::string encode_policy(DatabaseId database, const Policy& policy) {
  std::string members = "\"database\":" + id_text(database) + ",\"name\":";
  append_text(members, policy.name);
  members += ",\"duration_ns\":" + std::to_string(policy.duration_ns);
  members += ",\"segment_duration_ns\":" + std::to_string(policy.segment_duration_ns);
  members += ",\"replica_count\":" + std::to_string(policy.replica_count);
  return object(members);
}

std::string encode_table(const Table& table) {
  std::string members = "\"name\":";
  append_text(members, table.name);
  members += ",\"mode\":\"";
  members += word_of(table.mode);
  members += "\",\"columns\":[";
  for (const auto& column : table.columns) {
    if (&column != &table.columns.front()) members += ',';
    members += '[';
    append_text(members, column.name);
    members += ",\"";
    members += word_of(column.kind);
    members += "\",\"";
    members += word_of(column.type);
    members += "\"]";
  }
  members += ']';
  return object(members);
}

std::string encode_segment(const Segment& segment) {
  return object("\"begin_ns\":" + std::to_string(segment.range.begin_ns) +
                ",\"end_ns\":" + std::to_string(segment.range.end_ns));
}

std::string encode_counter(uint32_t next) { return object("\"next\":" + std::to_string(next)); }

Result<Database> decode_database(std::string_view key, std::string_view value) {
  Record record(key);
  const auto ids = TRY(record.ids(kDatabasePrefix, 1));
  const auto members = TRY(record.parse(value));
  Database database;
  database.id = DatabaseId{ids[0]};
  database.name = TRY(record.text(members, "name"));
  database.default_policy = TRY(record.text(members, "default_policy"));
  return database;
}

Result<PolicyRecord> decode_policy(std::string_view key, std::string_view value) {
  Record record(key);
  const auto ids = TRY(record.ids(kPolicyPrefix, 1));
  const auto members = TRY(record.parse(value));
  PolicyRecord found;
  found.database = DatabaseId{
      static_cast<uint32_t>(TRY(record.number(members, "database", 1, kIdMax)))};
  found.policy.id = PolicyId{ids[0]};
  found.policy.name = TRY(record.text(members, "name"));
  found.policy.duration_ns = TRY(record.number(members, "duration_ns", 0, kInt64Max));
  found.policy.segment_duration_ns =
      TRY(record.number(members, "segment_duration_ns", 1, kInt64Max));
  found.policy.replica_count =
      static_cast<uint32_t>(TRY(record.number(members, "replica_count", 1, kIdMax)));
  return found;
}

Result<TableRecord> decode_table(std::string_view key, std::string_view value) {
  Record record(key);
  const auto ids = TRY(record.ids(kTablePrefix, 2));
  const auto members = TRY(record.parse(value));
  TableRecord found;
  found.policy = PolicyId{ids[0]};
  found.table.id = TableId{ids[1]};
  found.table.name = TRY(record.text(members, "name"));
  const auto mode = TRY(record.text(members, "mode"));
  bool has_mode = false;
  for (const auto& entry : kModeWords) {
    if (entry.word == mode) found.table.mode = entry.mode, has_mode = true;
  }
  if (!has_mode) return record.corrupt("unknown merge mode: " + mode);
  const auto columns = members.find("columns");
  if (columns == members.end() || !columns->is_array()) return record.missing("columns");
  for (const json& element : *columns) {
    auto column = TRY(decode_column(record, element));
    column.id = ColumnId{static_cast<uint32_t>(found.table.columns.size() + 1)};
    found.table.columns.push_back(std::move(column));
  }
  return found;
}

Result<SegmentRecord> decode_segment(std::string_view key, std::string_view value) {
  Record record(key);
  const auto ids = TRY(record.ids(kSegmentPrefix, 2));
  const auto members = TRY(record.parse(value));
  SegmentRecord found;
  found.policy = PolicyId{ids[0]};
  found.segment.id = SegmentId{ids[1]};
  found.segment.range.begin_ns = TRY(record.number(members, "begin_ns", kInt64Min, kInt64Max));
  found.segment.range.end_ns = TRY(record.number(members, "end_ns", kInt64Min, kInt64Max));
  if (found.segment.range.empty()) return record.corrupt("an empty range");
  return found;
}

Result<uint32_t> decode_counter(std::string_view key, std::string_view value) {
  Record record(key);
  const auto members = TRY(record.parse(value));
  return static_cast<uint32_t>(TRY(record.number(members, "next", 1, kIdMax)));
}

}  // namespace varve
