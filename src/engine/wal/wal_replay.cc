// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/wal_replay.h"

#include <algorithm>

#include "base/log.h"

namespace varve::engine {
namespace {

void keep_damage(FileSystem& files, const std::string& path, std::string_view bytes,
                 const WalDamage& damage, std::vector<std::string>& sentences) {
  const std::string copy = path + "-" + std::to_string(damage.begin) + ".damaged";
  log::error("wal.damaged", {{"file", path},
                             {"offset", damage.begin},
                             {"bytes", damage.end - damage.begin},
                             {"copy", copy}});
  const auto kept = write_file_atomically(files, copy,
                                          bytes.substr(damage.begin, damage.end - damage.begin));
  if (!kept) log::warn("wal.copy_failed", {{"file", copy}, {"error", kept.error().message}});
  sentences.push_back(path + " is damaged from byte " + std::to_string(damage.begin) + " to " +
                      std::to_string(damage.end) + "; the records around it were replayed");
}

}  // namespace

Result<WalReplay> replay_wal(FileSystem& files, const std::string& folder,
                             const WalVisitor& visit) {
  WalReplay replay;
  for (const std::string& file_name : TRY(files.list(folder))) {
    if (const auto name = WalSegmentName::parse(file_name)) {
      replay.segments.push_back({.name = *name, .lsn_last = Lsn{}, .size_bytes = 0});
    }
  }
  std::ranges::sort(replay.segments, {},
                    [](const OldSegment& segment) { return segment.name.generation; });
  for (OldSegment& segment : replay.segments) {
    const std::string path = join_path(folder, segment.name.file_name());
    const std::string bytes = TRY(read_file(files, path));
    if (const auto known = check_wal_segment_header(bytes); !known) {
      return fail(known.error().code, path + ": " + known.error().message);
    }
    const WalScan scan = scan_wal_segment(bytes, segment.name);
    for (const WalDamage& damage : scan.damage) {
      keep_damage(files, path, bytes, damage, replay.damage);
    }
    if (scan.torn) {
      log::warn("wal.torn", {{"file", path}, {"offset", scan.end}});
    }
    for (const WalRecord& record : scan.records) visit(segment.name.generation, record);
    if (!scan.records.empty()) segment.lsn_last = scan.records.back().lsn;
    segment.size_bytes = scan.end;
  }
  return replay;
}

}  // namespace varve::engine
