// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest_edit.h"

#include <algorithm>
#include <cstdio>

#include "base/bytes.h"

namespace varve::engine {
namespace {

constexpr uint8_t kFormat = 1;

// Parts of an edit. A part that an older program does not know makes the edit unreadable for it, by
// intention: it must not act on half a truth.
enum class Part : uint8_t {
  kEnd = 0,
  kAddedSst = 1,
  kRemovedSst = 2,
  kFlushed = 3,
  kVersionMax = 4,
  kDroppedTable = 5,
  kNextFileNumber = 6,
};

void write_version(ByteWriter& writer, const Version& version) {
  writer.u64(version.clock);
  writer.u16(version.node);
}

Version read_version(ByteReader& reader) {
  Version version;
  version.clock = reader.u64();
  version.node = reader.u16();
  return version;
}

void write_sst(ByteWriter& writer, const SstFile& sst) {
  writer.varint(sst.number);
  writer.varint(raw(sst.table));
  writer.varint(raw(sst.segment));
  writer.i64(sst.segment_range.begin_ns);
  writer.i64(sst.segment_range.end_ns);
  writer.u8(static_cast<uint8_t>(sst.mode));
  write_version(writer, sst.version_first);
  write_version(writer, sst.version_last);
  writer.i64(sst.time_first_ns);
  writer.i64(sst.time_last_ns);
  writer.varint(sst.row_count);
  writer.varint(sst.series_count);
  writer.varint(sst.size_bytes);
  writer.varint(sst.fields_present.size());
  for (const ColumnId id : sst.fields_present) writer.varint(raw(id));
}

SstFile read_sst(ByteReader& reader) {
  SstFile sst;
  sst.number = reader.varint();
  sst.table = TableId{static_cast<uint32_t>(reader.varint())};
  sst.segment = SegmentId{static_cast<uint32_t>(reader.varint())};
  sst.segment_range.begin_ns = reader.i64();
  sst.segment_range.end_ns = reader.i64();
  sst.mode = static_cast<MergeMode>(reader.u8());
  sst.version_first = read_version(reader);
  sst.version_last = read_version(reader);
  sst.time_first_ns = reader.i64();
  sst.time_last_ns = reader.i64();
  sst.row_count = reader.varint();
  sst.series_count = reader.varint();
  sst.size_bytes = reader.varint();
  const uint64_t field_count = reader.varint();
  for (uint64_t field = 0; field < field_count && !reader.failed(); ++field) {
    sst.fields_present.push_back(ColumnId{static_cast<uint32_t>(reader.varint())});
  }
  return sst;
}

}  // namespace

std::string sst_file_name(uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "%010llu.sst", static_cast<unsigned long long>(number));
  return name;
}

Result<void> ManifestState::apply(const ManifestEdit& edit) {
  for (const uint64_t number : edit.removed) {
    if (ssts.erase(number) == 0) {
      return fail(ErrorCode::kCorrupt, "it removes " + sst_file_name(number) + ", which it does not have");
    }
  }
  for (const SstFile& sst : edit.added) {
    if (!ssts.emplace(sst.number, sst).second) {
      return fail(ErrorCode::kCorrupt, "it adds " + sst_file_name(sst.number) + " twice");
    }
    next_file_number = std::max(next_file_number, sst.number + 1);
  }
  if (edit.flushed) flushed = std::max(flushed, *edit.flushed);
  if (edit.version_max) version_max = std::max(version_max, *edit.version_max);
  for (const TableId table : edit.dropped_tables) {
    dropped_tables.insert(table);
    std::erase_if(ssts, [&](const auto& entry) { return entry.second.table == table; });
  }
  if (edit.next_file_number) {
    next_file_number = std::max(next_file_number, *edit.next_file_number);
  }
  return {};
}

ManifestEdit ManifestState::as_edit() const {
  ManifestEdit edit;
  for (const auto& [number, sst] : ssts) edit.added.push_back(sst);
  edit.flushed = flushed;
  edit.version_max = version_max;
  edit.dropped_tables.assign(dropped_tables.begin(), dropped_tables.end());
  edit.next_file_number = next_file_number;
  return edit;
}

std::string encode_manifest_edit(const ManifestEdit& edit) {
  std::string out;
  ByteWriter writer(out);
  const auto part = [&](Part kind) { writer.u8(static_cast<uint8_t>(kind)); };
  writer.u8(kFormat);
  // Drops first: an SST added by the same edit must not go with them.
  for (const TableId table : edit.dropped_tables) {
    part(Part::kDroppedTable);
    writer.varint(raw(table));
  }
  for (const uint64_t number : edit.removed) {
    part(Part::kRemovedSst);
    writer.varint(number);
  }
  for (const SstFile& sst : edit.added) {
    part(Part::kAddedSst);
    write_sst(writer, sst);
  }
  if (edit.flushed) {
    part(Part::kFlushed);
    writer.varint(raw(*edit.flushed));
  }
  if (edit.version_max) {
    part(Part::kVersionMax);
    write_version(writer, *edit.version_max);
  }
  if (edit.next_file_number) {
    part(Part::kNextFileNumber);
    writer.varint(*edit.next_file_number);
  }
  part(Part::kEnd);
  return out;
}

Result<ManifestEdit> decode_manifest_edit(std::string_view bytes) {
  ByteReader reader(bytes);
  if (const uint8_t format = reader.u8(); format != kFormat) {
    return fail(ErrorCode::kUnsupported, "an edit of format " + std::to_string(format) +
                                             "; this program reads 1");
  }
  ManifestEdit edit;
  while (!reader.failed()) {
    const auto part = static_cast<Part>(reader.u8());
    switch (part) {
      case Part::kEnd:
        if (reader.failed() || !reader.at_end()) break;
        return edit;
      case Part::kAddedSst: edit.added.push_back(read_sst(reader)); continue;
      case Part::kRemovedSst: edit.removed.push_back(reader.varint()); continue;
      case Part::kFlushed: edit.flushed = Lsn{reader.varint()}; continue;
      case Part::kVersionMax: edit.version_max = read_version(reader); continue;
      case Part::kDroppedTable:
        edit.dropped_tables.push_back(TableId{static_cast<uint32_t>(reader.varint())});
        continue;
      case Part::kNextFileNumber: edit.next_file_number = reader.varint(); continue;
    }
    break;
  }
  return fail(ErrorCode::kCorrupt, "an edit does not end where it should");
}

}  // namespace varve::engine
