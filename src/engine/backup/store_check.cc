// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/store_check.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "engine/manifest/manifest_records.h"
#include "engine/series_index/index_snapshot.h"
#include "engine/shard/series_snapshots.h"
#include "engine/sst/sst_check.h"
#include "engine/sst/sst_reader.h"
#include "engine/wal/wal_format.h"

namespace varve::engine {
namespace {

constexpr auto kSecondLook = std::chrono::milliseconds(200);

Result<void> found(const CheckReport& report, CheckSummary& summary, const std::string& sentence) {
  ++summary.damaged;
  return report.damage(sentence);
}

Result<void> count(const CheckReport& report, CheckSummary& summary, uint64_t size_bytes) {
  ++summary.files;
  summary.bytes += size_bytes;
  return report.on_bytes ? report.on_bytes(size_bytes) : Result<void>();
}

Result<void> check_sst(FileSystem& files, const std::string& path, const SstMeta& meta) {
  const auto reader = TRY(open_sst(files, path));
  if (reader->table() != meta.table || reader->segment() != meta.segment ||
      reader->row_count() != meta.row_count) {
    return fail(ErrorCode::kCorrupt, path + " is not the file that the manifest names");
  }
  return check_sst_content(*reader);
}

// What the loss of a file means.
std::string rows_of(const SstMeta& meta, const CheckReport& report) {
  std::string table = report.table_name ? report.table_name(meta.table) : "";
  if (table.empty()) table = "table " + std::to_string(raw(meta.table));
  return std::to_string(meta.row_count) + " rows of " + table + " between " +
         std::to_string(meta.time_first_ns) + " and " + std::to_string(meta.time_last_ns) +
         " ns are left out of answers";
}

// Damaged places of one WAL segment, or why the whole cannot be read.
struct WalFindings {
  std::vector<std::string> places;
  uint64_t size_bytes = 0;
  uint64_t end = 0;  ///< Of its last good record.
  bool is_cut = false;
  Lsn lsn_first{};  ///< 0: no record.
  Lsn lsn_last{};
};

// A segment gets its space before its first record: where the file ends inside a record it was made
// shorter since.
bool ends_in_record(std::string_view bytes, const WalScan& scan) {
  if (!scan.torn) return false;
  const std::string_view rest = bytes.substr(scan.end);
  if (rest.size() < kWalRecordHeaderBytes) return true;
  ByteReader in(rest.substr(4));
  return wal_record_bytes(in.u32()) > rest.size();
}

Result<WalFindings> look_at_wal(FileSystem& files, const std::string& path,
                                const WalSegmentName& name) {
  WalFindings findings;
  const std::string bytes = TRY(read_file(files, path));
  findings.size_bytes = bytes.size();
  TRY_VOID(check_wal_segment_header(bytes));
  const WalScan scan = scan_wal_segment(bytes, name);
  findings.end = scan.end;
  findings.is_cut = ends_in_record(bytes, scan);
  if (!scan.records.empty()) {
    findings.lsn_first = scan.records.front().lsn;
    findings.lsn_last = scan.records.back().lsn;
  }
  for (const WalDamage& damage : scan.damage) {
    findings.places.push_back("from byte " + std::to_string(damage.begin) + " to " +
                              std::to_string(damage.end));
  }
  for (const WalRecord& record : scan.records) {
    const auto batches = decode_wal_body(record.body);
    if (batches) continue;
    findings.places.push_back("at byte " + std::to_string(record.offset) + " (" +
                              batches.error().message + ")");
  }
  return findings;
}

// Gives what was read, or nothing when that was said already.
Result<std::optional<WalFindings>> check_wal_segment(FileSystem& files, const std::string& path,
                                                     const WalSegmentName& name, bool in_use,
                                                     const CheckReport& report,
                                                     CheckSummary& summary) {
  auto findings = look_at_wal(files, path, name);
  if (in_use && (!findings || !findings->places.empty())) {
    // Read while it was written, perhaps.
    std::this_thread::sleep_for(kSecondLook);
    findings = look_at_wal(files, path, name);
    if (!findings && findings.error().code == ErrorCode::kNotFound) return std::nullopt;
  }
  if (!findings) {
    TRY_VOID(found(report, summary, path + " cannot be read: " + findings.error().message +
                                        "; its rows are lost unless they were written out"));
    return std::nullopt;
  }
  for (const std::string& place : findings->places) {
    TRY_VOID(found(report, summary,
                   path + " is damaged " + place +
                       "; the writes that stood there are lost unless they were written out, the "
                       "others are kept"));
  }
  TRY_VOID(count(report, summary, findings->size_bytes));
  return std::move(*findings);
}

// What is missing between segments, oldest first. Numbers are given to records one after the other;
// those up to `flushed` are not needed.
class WalSequence {
 public:
  WalSequence(std::optional<Lsn> flushed, const CheckReport& report, CheckSummary& summary)
      : report_(report), summary_(summary) {
    is_known_ = flushed.has_value();
    if (is_known_) last_ = raw(*flushed);
  }

  Result<void> add(const std::string& path, const WalFindings& findings) {
    if (raw(findings.lsn_first) == 0) return cut(path, findings);
    if (is_known_ && raw(findings.lsn_first) > last_ + 1) {
      TRY_VOID(found(report_, summary_,
                     path + " does not follow what is before it: records " +
                         std::to_string(last_ + 1) + " to " +
                         std::to_string(raw(findings.lsn_first) - 1) +
                         " are missing; a file is lost or was cut, or a failing disk refused "
                         "those writes"));
    }
    last_ = std::max(last_, raw(findings.lsn_last));
    is_known_ = true;
    return cut(path, findings);
  }

 private:
  Result<void> cut(const std::string& path, const WalFindings& findings) {
    if (!findings.is_cut) return {};
    return found(report_, summary_, path + " was cut inside a record, at byte " +
                                        std::to_string(findings.end) +
                                        "; the writes behind it are lost");
  }

  uint64_t last_ = 0;
  bool is_known_ = false;
  const CheckReport& report_;
  CheckSummary& summary_;
};

std::string first_line(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Result<void> check_sorted_files(FileSystem& files, const std::string& folder,
                                const ManifestState& state, const CheckReport& report,
                                CheckSummary& summary) {
  for (const auto& [id, meta] : state.ssts()) {
    const std::string path = join_path(folder, sst_file_name(id));
    const auto checked = check_sst(files, path, meta);
    if (!checked) {
      const bool is_missing = checked.error().code == ErrorCode::kNotFound;
      TRY_VOID(found(report, summary,
                     (is_missing ? path + " is missing" : checked.error().message) + "; " +
                         rows_of(meta, report)));
    }
    TRY_VOID(count(report, summary, meta.size_bytes));
  }
  return {};
}

namespace {

// What a start will go by when nothing says which manifest is in force. Damage in it is not told.
Result<ManifestState> newest_state(FileSystem& files, const std::string& folder) {
  constexpr std::string_view kPrefix = "MANIFEST-";
  uint64_t newest = 0;
  for (const std::string& name : TRY(files.list(folder))) {
    if (!name.starts_with(kPrefix)) continue;
    uint64_t number = 0;
    const auto end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) newest = std::max(newest, number);
  }
  if (newest == 0) return ManifestState{};
  const std::string bytes =
      TRY(read_file(files, join_path(folder, std::string(kPrefix) + std::to_string(newest))));
  auto scan = scan_manifest(bytes);
  return scan ? std::move(scan->state) : ManifestState{};
}

}  // namespace

Result<ManifestState> check_manifest(FileSystem& files, const std::string& folder,
                                     const CheckReport& report, CheckSummary& summary) {
  const std::string pointer = join_path(folder, "CURRENT");
  auto named = read_file(files, pointer);
  if (!named && named.error().code == ErrorCode::kNotFound) {
    const auto names = TRY(files.list(folder));
    const bool has_files = std::ranges::any_of(
        names, [](const std::string& name) { return name.ends_with(".sst"); });
    // Without data files the power went before the first manifest was there.
    if (!has_files) return ManifestState{};
    TRY_VOID(found(report, summary, pointer + " is missing; the newest manifest will be used"));
    return newest_state(files, folder);
  }
  if (!named) return fail(named.error());
  if (named->ends_with('\n')) named->pop_back();
  const std::string path = join_path(folder, *named);
  if (!named->starts_with("MANIFEST-") || !TRY(files.exists(path))) {
    TRY_VOID(found(report, summary, pointer + " is damaged at byte 0: it names no manifest; the "
                                              "newest will be used"));
    return newest_state(files, folder);
  }
  const std::string bytes = TRY(read_file(files, path));
  TRY_VOID(count(report, summary, bytes.size()));
  auto scan = scan_manifest(bytes);
  if (!scan) {
    TRY_VOID(found(report, summary, path + ": " + scan.error().message));
    return ManifestState{};
  }
  for (const ManifestDamage& damage : scan->damage) {
    TRY_VOID(found(report, summary, path + " is damaged " + to_string(damage)));
  }
  if (scan->end == 0) {
    TRY_VOID(found(report, summary, path + " is damaged at byte 0: it has no good record; the next "
                                           "start goes by what the sorted files say"));
  }
  return std::move(scan->state);
}

Result<void> check_wal(FileSystem& files, const std::string& folder, std::optional<Lsn> flushed,
                       bool in_use, const CheckReport& report, CheckSummary& summary) {
  if (!TRY(files.exists(folder))) return {};
  auto names = TRY(files.list(folder));
  std::ranges::sort(names);  // By generation.
  WalSequence sequence(flushed, report, summary);
  for (const std::string& file_name : names) {
    const auto name = WalSegmentName::parse(file_name);
    if (!name) continue;
    const std::string path = join_path(folder, file_name);
    // A running server renames segments that it does not need any more.
    if (in_use && !TRY(files.exists(path))) continue;
    const auto findings = TRY(check_wal_segment(files, path, *name, in_use, report, summary));
    if (findings && !in_use) TRY_VOID(sequence.add(path, *findings));
  }
  return {};
}

Result<void> check_series_snapshots(FileSystem& files, const std::string& folder,
                                    const ManifestState& state, const CheckReport& report,
                                    CheckSummary& summary) {
  std::map<TableId, MergeMode> tables;
  for (const auto& [id, meta] : state.ssts()) tables.emplace(meta.table, meta.mode);
  for (const auto& [table, mode] : tables) {
    const std::string path = SeriesSnapshots::path(folder, table);
    const auto file = files.open(path, FileSystem::OpenMode::kRead);
    if (!file && file.error().code == ErrorCode::kNotFound) continue;
    if (!file) return fail(file.error());
    const auto every = [](const SnapshotSegment&) { return true; };
    const auto read = read_index_snapshot(**file, {.table = table, .mode = mode}, 0, every);
    if (!read) {
      TRY_VOID(found(report, summary,
                     path + " cannot be used: " + read.error().message +
                         "; no row is lost, a start takes longer"));
    }
    TRY_VOID(count(report, summary, TRY((*file)->size_bytes())));
  }
  const std::string path = SeriesSnapshots::shared_path(folder);
  const auto file = files.open(path, FileSystem::OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return {};
  if (!file) return fail(file.error());
  const auto read = read_shared_snapshot(
      **file, 0, [](TableId, const SnapshotSegment&) { return true; },
      [](const SnapshotHeader&, const LoadedSnapshot&) {});
  if (!read) {
    TRY_VOID(found(report, summary,
                   path + " cannot be used: " + read.error().message +
                       "; no row is lost, a start takes longer"));
  }
  return count(report, summary, TRY((*file)->size_bytes()));
}

Result<void> check_shards_file(FileSystem& files, const std::string& directory,
                               const CheckReport& report, CheckSummary& summary) {
  uint64_t folders = 0;
  for (const std::string& name : TRY(files.list(directory))) folders += name.starts_with("shard-");
  if (folders == 0) return {};
  const std::string path = join_path(directory, "SHARDS");
  const auto text = read_file(files, path);
  if (!text && text.error().code != ErrorCode::kNotFound) return fail(text.error());
  if (!text) {
    return found(report, summary, path + " is missing; there are " + std::to_string(folders) +
                                      " folders of shards");
  }
  TRY_VOID(count(report, summary, text->size()));
  if (first_line(*text) == std::to_string(folders)) return {};
  return found(report, summary, path + " is damaged at byte 0: it does not say that there are " +
                                    std::to_string(folders) + " folders of shards");
}

Result<CheckSummary> check_store_at_rest(FileSystem& files, const std::string& directory,
                                         const CheckReport& report) {
  CheckSummary summary;
  if (!TRY(files.exists(directory))) return summary;
  TRY_VOID(check_shards_file(files, directory, report, summary));
  for (const std::string& name : TRY(files.list(directory))) {
    if (!name.starts_with("shard-")) continue;
    const std::string folder = join_path(directory, name);
    const uint64_t damaged = summary.damaged;
    const auto state = TRY(check_manifest(files, folder, report, summary));
    // What a damaged manifest said about the log is not known.
    const auto flushed =
        summary.damaged == damaged ? std::optional(state.flushed_lsn()) : std::nullopt;
    TRY_VOID(check_sorted_files(files, folder, state, report, summary));
    TRY_VOID(check_series_snapshots(files, folder, state, report, summary));
    TRY_VOID(check_wal(files, join_path(folder, "wal"), flushed, false, report, summary));
  }
  return summary;
}

Result<CheckSummary> check_running_store(FileSystem& files, const FrozenStore& store,
                                         const CheckReport& report) {
  CheckSummary summary;
  TRY_VOID(check_shards_file(files, store.directory, report, summary));
  for (const FrozenShard& shard : store.shards) {
    const std::string folder = join_path(store.directory, shard.folder);
    auto manifest = check_manifest(files, folder, report, summary);
    // The server may have begun another file between two reads.
    if (!manifest && manifest.error().code == ErrorCode::kNotFound) {
      manifest = check_manifest(files, folder, report, summary);
    }
    if (!manifest) return fail(manifest.error());
    TRY_VOID(check_sorted_files(files, folder, shard.state, report, summary));
    TRY_VOID(check_wal(files, join_path(folder, "wal"), shard.state.flushed_lsn(), true, report,
                       summary));
  }
  return summary;
}

}  // namespace varve::engine
