// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/wal_replay.h"

#include <algorithm>
#include <utility>

#include "base/ahead_queue.h"
#include "base/log.h"
#include "base/thread.h"
#include "engine/wal/block_buffer.h"

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

// Enough that threads seldom wait for each other, and little memory.
constexpr size_t kPushBytes = 256u << 10;
constexpr size_t kPushRecords = 1'000;
constexpr size_t kAheadBytesMax = 16u << 20;

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
  // One place for all of them: memory that is touched for the first time is dear.
  // There may be more of them than a process may have open.
  BlockBuffer buffer;
  for (const OldSegment& segment : replay.segments) {
    const std::string path = join_path(folder, segment.name.file_name());
    const auto file = TRY(files.open(path, FileSystem::OpenMode::kRead));
    buffer.reserve(TRY(file->size_bytes()), 0);
  }
  for (OldSegment& segment : replay.segments) {
    const std::string path = join_path(folder, segment.name.file_name());
    auto file = TRY(files.open(path, FileSystem::OpenMode::kRead));
    const size_t size_bytes = TRY(file->read_into(0, buffer.data(), buffer.capacity_bytes()));
    const std::string_view bytes(buffer.data(), size_bytes);
    file.reset();
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

Result<WalReplay> replay_decoded_wal(FileSystem& files, const std::string& folder,
                                     const DecodedVisitor& visit) {
  AheadQueue<std::vector<DecodedRecord>> queue(kAheadBytesMax);
  Result<WalReplay> replay;
  Thread reader("varve-replay", [&] {
    std::vector<DecodedRecord> records;
    size_t body_bytes = 0;
    const auto push = [&] {
      if (records.empty()) return;
      static_cast<void>(queue.push(std::exchange(records, {}), std::exchange(body_bytes, 0)));
    };
    replay = replay_wal(files, folder, [&](uint64_t generation, const WalRecord& record) {
      records.push_back({.generation = generation,
                         .lsn = record.lsn,
                         .offset = record.offset,
                         .batches = decode_wal_body(record.body)});
      body_bytes += record.body.size();
      if (body_bytes >= kPushBytes || records.size() >= kPushRecords) push();
    });
    push();
    queue.close();
  });
  while (auto records = queue.pop()) {
    for (DecodedRecord& record : *records) visit(std::move(record));
  }
  reader.join();
  return replay;
}

}  // namespace varve::engine
