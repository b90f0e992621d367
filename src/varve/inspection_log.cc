// SPDX-License-Identifier: Apache-2.0
// WAL segments and manifests: files of records.
#include <algorithm>

#include "engine/backup/frozen_store.h"
#include "engine/deletes/table_delete.h"
#include "engine/manifest/manifest_records.h"
#include "engine/wal/wal_format.h"
#include "varve/byte_text.h"
#include "varve/inspection.h"

namespace varve {
namespace {

Inspection damage_entry(uint64_t begin, uint64_t end, const std::string& what) {
  return {{"offset", begin}, {"end", end}, {"what", what}};
}

std::string version_text(const Version& version) {
  return std::to_string(version.clock) + "." + std::to_string(version.node);
}

Inspection batch_entry(uint64_t lsn, uint64_t offset, const WriteBatch& batch) {
  Inspection entry = {{"lsn", lsn},
                      {"offset", offset},
                      {"table", raw(batch.table)},
                      {"segment", raw(batch.segment)},
                      {"rows", batch.row_count()},
                      {"series", batch.series.size()},
                      {"fields", batch.columns.size()}};
  if (!batch.times_ns.empty()) {
    const auto [first, last] = std::ranges::minmax_element(batch.times_ns);
    entry["time_first"] = utc_text(*first);
    entry["time_last"] = utc_text(*last);
  }
  return entry;
}

Inspection sst_entry(const engine::SstMeta& sst) {
  return {{"file", engine::sst_file_name(sst.id)},
          {"table", raw(sst.table)},
          {"segment", raw(sst.segment)},
          {"rows", sst.row_count},
          {"series", sst.series_count},
          {"bytes", sst.size_bytes},
          {"fields", sst.fields.size()},
          {"version_first", version_text(sst.version_first)},
          {"version_last", version_text(sst.version_last)},
          {"time_first", utc_text(sst.time_first_ns)},
          {"time_last", utc_text(sst.time_last_ns)}};
}

Inspection delete_entry(const engine::TableDelete& known) {
  return {{"table", raw(known.table)},
          {"version", version_text(known.version)},
          {"begin", utc_text(known.range.begin_ns)},
          {"end", utc_text(known.range.end_ns)},
          {"rows", known.predicate.to_string()}};
}

template <class Ids>
std::string list_text(const Ids& ids) {
  std::string text;
  for (const auto id : ids) text += (text.empty() ? "" : " ") + std::to_string(raw(id));
  return text;
}

Inspection edit_entry(const engine::ManifestRecord& record) {
  const engine::ManifestEdit& edit = record.decoded.edit;
  std::vector<engine::SstId> added;
  for (const auto& sst : edit.added) added.push_back(sst.id);
  return {{"offset", record.offset},
          {"bytes", record.size_bytes},
          {"added", list_text(added)},
          {"removed", list_text(edit.removed)},
          {"dropped_tables", list_text(edit.dropped)},
          {"dropped_segments", list_text(edit.dropped_segments)},
          {"deletes", edit.deletes.size()},
          {"deletes_forgotten", edit.forgotten.size()},
          {"flushed_lsn", raw(edit.flushed_lsn)}};
}

}  // namespace

Result<Inspection> inspect_wal(FileSystem& files, const std::string& path) {
  const std::string file_name = path.substr(path.rfind('/') + 1);
  const auto name = engine::WalSegmentName::parse(file_name);
  if (!name) {
    return fail(ErrorCode::kInvalidInput,
                path + " is not named like a WAL segment; its name holds the numbers that its "
                       "records are checked with: " + name.error().message);
  }
  const std::string bytes = TRY(read_file(files, path));
  const auto header = engine::check_wal_segment_header(bytes);
  if (!header) return fail(header.error().code, path + ": " + header.error().message);
  const auto scan = engine::scan_wal_segment(bytes, *name);
  Inspection damage = Inspection::array();
  for (const auto& [begin, end] : scan.damage) {
    damage.push_back(damage_entry(begin, end, "no record, though good ones follow"));
  }
  // The file's name says the same, so nothing is lost with it. Zeros: the power went before it was
  // written.
  const std::string head = bytes.substr(0, engine::kWalSegmentHeaderBytes);
  if (head != engine::encode_wal_segment_header(*name) &&
      head.find_first_not_of('\0') != std::string::npos) {
    damage.push_back(damage_entry(0, head.size(), "the header; records do not need it"));
  }
  Inspection records = Inspection::array();
  uint64_t rows = 0;
  for (const engine::WalRecord& record : scan.records) {
    const auto batches = engine::decode_wal_body(record.body);
    if (!batches) {
      damage.push_back(damage_entry(record.offset, record.offset + record.body.size(),
                                    batches.error().message));
      continue;
    }
    for (const WriteBatch& batch : *batches) {
      rows += batch.row_count();
      records.push_back(batch_entry(raw(record.lsn), record.offset, batch));
    }
  }
  return Inspection{{"file", path},
                    {"kind", "WAL segment"},
                    {"bytes", bytes.size()},
                    {"generation", name->generation},
                    {"salt", name->salt},
                    {"records", scan.records.size()},
                    {"rows", rows},
                    {"used_bytes", scan.end},
                    {"torn_at_the_end", scan.torn},
                    {"damage", std::move(damage)},
                    {"batches", std::move(records)}};
}

Result<Inspection> inspect_manifest(FileSystem& files, const std::string& path) {
  const std::string bytes = TRY(read_file(files, path));
  const auto scan = engine::scan_manifest(bytes);
  if (!scan) return fail(scan.error().code, path + ": " + scan.error().message);
  Inspection damage = Inspection::array();
  for (const auto& [begin, end, is_loss] : scan->damage) {
    damage.push_back(damage_entry(begin, end,
                                  is_loss ? "no record, though good ones follow"
                                          : "a record that has a good copy"));
  }
  if (scan->end == 0) damage.push_back(damage_entry(0, bytes.size(), "no good record"));
  Inspection edits = Inspection::array();
  for (const auto& record : TRY(engine::list_manifest_records(bytes))) {
    edits.push_back(edit_entry(record));
  }
  Inspection ssts = Inspection::array();
  uint64_t rows = 0;
  for (const auto& [id, sst] : scan->state.ssts()) {
    rows += sst.row_count;
    ssts.push_back(sst_entry(sst));
  }
  Inspection deletes = Inspection::array();
  for (const auto& [delete_name, known] : scan->state.deletes()) {
    deletes.push_back(delete_entry(known));
  }
  return Inspection{{"file", path},
                    {"kind", "manifest"},
                    {"bytes", bytes.size()},
                    {"used_bytes", scan->end},
                    {"torn_at_the_end", scan->end < bytes.size() && scan->end > 0},
                    {"flushed_lsn", raw(scan->state.flushed_lsn())},
                    {"version_highest", version_text(scan->state.version_highest())},
                    {"next_file", scan->state.sst_id_next()},
                    {"dropped_tables", list_text(scan->state.dropped())},
                    {"files", ssts.size()},
                    {"rows", rows},
                    {"damage", std::move(damage)},
                    {"deletes", std::move(deletes)},
                    {"edits", std::move(edits)},
                    {"sorted_files", std::move(ssts)}};
}

}  // namespace varve
