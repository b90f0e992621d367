// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest_state.h"

#include <algorithm>

#include "base/bytes.h"

namespace varve::engine {
namespace {

constexpr uint8_t kFormat = 3;

// What an edit is made of. The numbers are part of the format.
enum class Part : uint8_t {
  kEnd = 0,
  kAdd = 1,
  kRemove = 2,
  kDrop = 3,
  kFlushedLsn = 4,
  kVersion = 5,
  kSstIdNext = 6,
  // Since format 2.
  kApplied = 7,
  kDelete = 8,
  kForget = 9,
  kDropSegment = 10,
};

void write_version(ByteWriter& out, const Version& version) {
  out.u64(version.clock);
  out.u16(version.node);
}

Version read_version(ByteReader& in) {
  const uint64_t clock = in.u64();
  return {.clock = clock, .node = in.u16()};
}

void write_sst(ByteWriter& out, const SstMeta& sst) {
  out.varint(raw(sst.id));
  out.varint(raw(sst.table));
  out.u8(static_cast<uint8_t>(sst.mode));
  out.varint(raw(sst.segment));
  out.i64(sst.segment_range.begin_ns);
  out.i64(sst.segment_range.end_ns);
  write_version(out, sst.version_first);
  write_version(out, sst.version_last);
  out.varint(sst.row_count);
  out.varint(sst.series_count);
  out.varint(sst.size_bytes);
  out.i64(sst.time_first_ns);
  out.i64(sst.time_last_ns);
  out.varint(sst.fields.size());
  for (const ScanColumn& field : sst.fields) {
    out.varint(raw(field.id));
    out.u8(static_cast<uint8_t>(field.type));
  }
}

bool read_sst(ByteReader& in, SstMeta& sst) {
  sst.id = SstId{in.varint()};
  sst.table = TableId{static_cast<uint32_t>(in.varint())};
  const uint8_t mode = in.u8();
  sst.segment = SegmentId{static_cast<uint32_t>(in.varint())};
  sst.segment_range.begin_ns = in.i64();
  sst.segment_range.end_ns = in.i64();
  sst.version_first = read_version(in);
  sst.version_last = read_version(in);
  sst.row_count = in.varint();
  sst.series_count = in.varint();
  sst.size_bytes = in.varint();
  sst.time_first_ns = in.i64();
  sst.time_last_ns = in.i64();
  const uint64_t field_count = in.varint();
  for (uint64_t i = 0; i < field_count && !in.failed(); ++i) {
    const auto id = static_cast<uint32_t>(in.varint());
    const uint8_t type = in.u8();
    if (type == 0 || type > static_cast<uint8_t>(ValueType::kTimestamp)) return false;
    sst.fields.push_back({.id = ColumnId{id}, .type = static_cast<ValueType>(type)});
  }
  if (mode == 0 || mode > static_cast<uint8_t>(MergeMode::kAppend)) return false;
  sst.mode = static_cast<MergeMode>(mode);
  return !in.failed();
}

void write_delete(ByteWriter& out, const TableDelete& added) {
  out.varint(raw(added.table));
  write_version(out, added.version);
  out.varint(raw(added.lsn));
  out.i64(added.range.begin_ns);
  out.i64(added.range.end_ns);
  std::string predicate;
  encode_predicate(added.predicate, predicate);
  out.string(predicate);
}

bool read_delete(ByteReader& in, TableDelete& added) {
  added.table = TableId{static_cast<uint32_t>(in.varint())};
  added.version = read_version(in);
  added.lsn = Lsn{in.varint()};
  added.range.begin_ns = in.i64();
  added.range.end_ns = in.i64();
  std::string_view bytes = in.string();
  if (in.failed()) return false;
  auto predicate = decode_predicate(bytes);
  if (!predicate || !bytes.empty()) return false;
  added.predicate = std::move(*predicate);
  return true;
}

}  // namespace

void ManifestState::add(const SstMeta& sst) {
  sst_id_next_ = std::max(sst_id_next_, raw(sst.id) + 1);
  by_table_.emplace(sst.table, sst.id);
  by_segment_.emplace(sst.segment, sst.id);
  version_highest_ = std::max({version_highest_, sst.version_last, sst.deletes_applied});
  ssts_[sst.id] = sst;
}

void ManifestState::remove(SstId id) {
  const auto found = ssts_.find(id);
  if (found == ssts_.end()) return;
  by_table_.erase({found->second.table, id});
  by_segment_.erase({found->second.segment, id});
  ssts_.erase(found);
}

void ManifestState::drop(TableId table) {
  dropped_.insert(table);
  for (const SstMeta* sst : ssts_of(table)) remove(sst->id);
  for (const TableDelete& known : deletes_of(table)) deletes_.erase({table, known.version});
}

std::vector<const SstMeta*> ManifestState::ssts_of(TableId table) const {
  std::vector<const SstMeta*> files;
  for (auto at = by_table_.lower_bound({table, SstId{}});
       at != by_table_.end() && at->first == table; ++at) {
    files.push_back(&ssts_.at(at->second));
  }
  return files;
}

std::vector<const SstMeta*> ManifestState::ssts_of(SegmentId segment) const {
  std::vector<const SstMeta*> files;
  for (auto at = by_segment_.lower_bound({segment, SstId{}});
       at != by_segment_.end() && at->first == segment; ++at) {
    files.push_back(&ssts_.at(at->second));
  }
  return files;
}

std::vector<TableDelete> ManifestState::deletes_of(TableId table) const {
  std::vector<TableDelete> of_table;
  for (auto at = deletes_.lower_bound({table, Version{}});
       at != deletes_.end() && at->first.table == table; ++at) {
    of_table.push_back(at->second);
  }
  return of_table;
}

bool ManifestState::has_deletes(TableId table) const {
  const auto at = deletes_.lower_bound({table, Version{}});
  return at != deletes_.end() && at->first.table == table;
}

void ManifestState::apply(const ManifestEdit& edit) {
  for (const SstId id : edit.removed) remove(id);
  for (const SstMeta& sst : edit.added) add(sst);
  for (const auto& [id, version] : edit.applied) {
    if (const auto found = ssts_.find(id); found != ssts_.end()) {
      Version& applied = found->second.deletes_applied;
      applied = std::max(applied, version);
      version_highest_ = std::max(version_highest_, version);
    }
  }
  for (const TableDelete& added : edit.deletes) {
    version_highest_ = std::max(version_highest_, added.version);
    deletes_[{added.table, added.version}] = added;
  }
  for (const DeleteName& name : edit.forgotten) deletes_.erase(name);
  // A flush leaves nothing of the earlier dropped tables in the WAL.
  if (edit.flushed_lsn != Lsn{}) {
    dropped_.clear();
    dropped_segments_.clear();
  }
  for (const TableId table : edit.dropped) drop(table);
  for (const SegmentId segment : edit.dropped_segments) {
    dropped_segments_.insert(segment);
    for (const SstMeta* sst : ssts_of(segment)) remove(sst->id);
  }
  flushed_lsn_ = std::max(flushed_lsn_, edit.flushed_lsn);
  version_highest_ = std::max(version_highest_, edit.version_highest);
}

ManifestEdit ManifestState::snapshot() const {
  ManifestEdit edit;
  for (const auto& [id, sst] : ssts_) edit.added.push_back(sst);
  for (const auto& [name, known] : deletes_) edit.deletes.push_back(known);
  edit.dropped.assign(dropped_.begin(), dropped_.end());
  edit.dropped_segments.assign(dropped_segments_.begin(), dropped_segments_.end());
  edit.flushed_lsn = flushed_lsn_;
  edit.version_highest = version_highest_;
  return edit;
}

void encode_manifest_edit(const ManifestEdit& edit, uint64_t sst_id_next, std::string& out) {
  ByteWriter writer(out);
  const auto part = [&](Part kind) { writer.u8(static_cast<uint8_t>(kind)); };
  writer.u8(kFormat);
  for (const SstId id : edit.removed) {
    part(Part::kRemove);
    writer.varint(raw(id));
  }
  for (const SstMeta& sst : edit.added) {
    part(Part::kAdd);
    write_sst(writer, sst);
  }
  // An added file brings its version along; zero is left out.
  const auto applied = [&](SstId id, const Version& version) {
    part(Part::kApplied);
    writer.varint(raw(id));
    write_version(writer, version);
  };
  for (const SstMeta& sst : edit.added) {
    if (sst.deletes_applied != Version{}) applied(sst.id, sst.deletes_applied);
  }
  for (const auto& [id, version] : edit.applied) applied(id, version);
  for (const TableDelete& added : edit.deletes) {
    part(Part::kDelete);
    write_delete(writer, added);
  }
  for (const DeleteName& name : edit.forgotten) {
    part(Part::kForget);
    writer.varint(raw(name.table));
    write_version(writer, name.version);
  }
  for (const TableId table : edit.dropped) {
    part(Part::kDrop);
    writer.varint(raw(table));
  }
  for (const SegmentId segment : edit.dropped_segments) {
    part(Part::kDropSegment);
    writer.varint(raw(segment));
  }
  if (edit.flushed_lsn != Lsn{}) {
    part(Part::kFlushedLsn);
    writer.varint(raw(edit.flushed_lsn));
  }
  if (edit.version_highest != Version{}) {
    part(Part::kVersion);
    write_version(writer, edit.version_highest);
  }
  part(Part::kSstIdNext);
  writer.varint(sst_id_next);
  part(Part::kEnd);
}

Result<DecodedEdit> decode_manifest_edit(std::string_view bytes) {
  ByteReader in(bytes);
  const uint8_t format = in.u8();
  if (format > kFormat) {
    return fail(ErrorCode::kUnsupported,
                "manifest has format " + std::to_string(format) +
                    "; this version of Varve reads up to " + std::to_string(kFormat));
  }
  DecodedEdit decoded;
  const auto corrupt = [] { return fail(ErrorCode::kCorrupt, "manifest edit makes no sense"); };
  if (format == 0) return corrupt();
  while (true) {
    switch (static_cast<Part>(in.u8())) {
      case Part::kEnd:
        if (in.failed() || !in.at_end()) return corrupt();
        return decoded;
      case Part::kAdd: {
        SstMeta sst;
        if (!read_sst(in, sst)) return corrupt();
        decoded.edit.added.push_back(std::move(sst));
        break;
      }
      case Part::kRemove: decoded.edit.removed.push_back(SstId{in.varint()}); break;
      case Part::kDrop:
        decoded.edit.dropped.push_back(TableId{static_cast<uint32_t>(in.varint())});
        break;
      case Part::kFlushedLsn: decoded.edit.flushed_lsn = Lsn{in.varint()}; break;
      case Part::kVersion: decoded.edit.version_highest = read_version(in); break;
      case Part::kSstIdNext: decoded.sst_id_next = in.varint(); break;
      case Part::kApplied: {
        const SstId id{in.varint()};
        decoded.edit.applied.push_back({.id = id, .version = read_version(in)});
        break;
      }
      case Part::kDelete: {
        TableDelete added;
        if (!read_delete(in, added)) return corrupt();
        decoded.edit.deletes.push_back(std::move(added));
        break;
      }
      case Part::kForget: {
        const TableId table{static_cast<uint32_t>(in.varint())};
        decoded.edit.forgotten.push_back({.table = table, .version = read_version(in)});
        break;
      }
      case Part::kDropSegment:
        decoded.edit.dropped_segments.push_back(SegmentId{static_cast<uint32_t>(in.varint())});
        break;
      default: return corrupt();
    }
    if (in.failed()) return corrupt();
  }
}

}  // namespace varve::engine
