// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest_state.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/checksum.h"

namespace varve::engine {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint32_t kRecordMagic = 0x314e4d56;  // "VMN1"
constexpr size_t kRecordHeaderBytes = 16;

// What an edit is made of. The numbers are part of the format.
enum class Part : uint8_t {
  kEnd = 0,
  kAdd = 1,
  kRemove = 2,
  kDrop = 3,
  kFlushedLsn = 4,
  kVersion = 5,
  kSstIdNext = 6,
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

}  // namespace

void ManifestState::apply(const ManifestEdit& edit) {
  for (const SstId id : edit.removed) ssts.erase(id);
  for (const SstMeta& sst : edit.added) {
    sst_id_next = std::max(sst_id_next, raw(sst.id) + 1);
    ssts[sst.id] = sst;
  }
  // A flush leaves nothing of the earlier dropped tables in the WAL.
  if (edit.flushed_lsn != Lsn{}) dropped.clear();
  for (const TableId table : edit.dropped) {
    dropped.insert(table);
    std::erase_if(ssts, [&](const auto& entry) { return entry.second.table == table; });
  }
  flushed_lsn = std::max(flushed_lsn, edit.flushed_lsn);
  version_highest = std::max(version_highest, edit.version_highest);
}

ManifestEdit ManifestState::snapshot() const {
  ManifestEdit edit;
  for (const auto& [id, sst] : ssts) edit.added.push_back(sst);
  edit.dropped.assign(dropped.begin(), dropped.end());
  edit.flushed_lsn = flushed_lsn;
  edit.version_highest = version_highest;
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
  for (const TableId table : edit.dropped) {
    part(Part::kDrop);
    writer.varint(raw(table));
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
      default: return corrupt();
    }
    if (in.failed()) return corrupt();
  }
}

void append_manifest_record(std::string_view edit, std::string& out) {
  ByteWriter writer(out);
  const size_t begin = out.size();
  writer.u32(kRecordMagic);
  writer.u32(static_cast<uint32_t>(edit.size()));
  writer.u32(crc32c(edit));
  writer.u32(crc32c(std::string_view(out).substr(begin)));
  writer.raw(edit);
}

Result<ManifestScan> scan_manifest(std::string_view bytes) {
  ManifestScan scan;
  for (size_t offset = 0; bytes.size() - offset >= kRecordHeaderBytes;) {
    const auto header = bytes.substr(offset, kRecordHeaderBytes);
    ByteReader in(header);
    const bool magic = in.u32() == kRecordMagic;
    const uint32_t size = in.u32();
    const uint32_t edit_crc = in.u32();
    const bool whole = magic && in.u32() == crc32c(header.substr(0, 12)) &&
                       size <= bytes.size() - offset - kRecordHeaderBytes &&
                       crc32c(bytes.substr(offset + kRecordHeaderBytes, size)) == edit_crc;
    if (!whole) {
      ++offset;
      continue;
    }
    const auto decoded = decode_manifest_edit(bytes.substr(offset + kRecordHeaderBytes, size));
    if (!decoded && decoded.error().code == ErrorCode::kUnsupported) return fail(decoded.error());
    if (!decoded) {
      ++offset;
      continue;
    }
    if (offset != scan.end) scan.damage.emplace_back(scan.end, offset);
    scan.state.apply(decoded->edit);
    scan.state.sst_id_next = std::max(scan.state.sst_id_next, decoded->sst_id_next);
    offset += kRecordHeaderBytes + size;
    scan.end = offset;
  }
  return scan;
}

}  // namespace varve::engine
