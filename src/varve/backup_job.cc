// SPDX-License-Identifier: Apache-2.0
#include "varve/backup_job.h"

#include <filesystem>
#include <set>
#include <utility>

#include "base/log.h"
#include "catalog/sqlite_key_value.h"
#include "engine/backup/file_copy.h"
#include "engine/backup/store_backup.h"
#include "io/bucket_file_system.h"
#include "varve/byte_text.h"
#include "varve/version.h"

namespace varve {
namespace {

// A path without links, "." and ".."; what does not exist yet is kept as it is.
Result<std::string> real_path(const std::string& path) {
  std::error_code error;
  auto real = std::filesystem::weakly_canonical(path, error).string();
  if (error) return fail(ErrorCode::kIo, "cannot examine " + path + ": " + error.message());
  while (real.size() > 1 && real.ends_with('/')) real.pop_back();
  return real;
}

bool is_inside(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder == "/" ? folder : folder + "/");
}

Result<void> add_catalog(engine::BackupWriter& writer, const BackupParts& parts, bool is_far) {
  const Catalog& catalog = parts.catalog;
  if (is_far) {
    const std::string path = join_path(parts.data_directory, "catalog-backup.tmp");
    return writer.add_state_file("catalog.db",
                                 TRY(catalog_file_bytes(parts.files, catalog, path)));
  }
  const std::string path = TRY(writer.state_file_to_write("catalog.db"));
  {
    // Closed before it is listed: its journal is folded in then.
    const auto target = TRY(open_sqlite_key_value(path));
    TRY_VOID(catalog.copy_to(*target));
  }
  return writer.add_written_state_file("catalog.db");
}

}  // namespace

Result<std::string> catalog_file_bytes(FileSystem& local, const Catalog& catalog,
                                       const std::string& path) {
  const auto remove = [&] {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      static_cast<void>(engine::remove_if_there(local, path + suffix));
    }
  };
  remove();
  {
    const auto target = TRY(open_sqlite_key_value(path));
    TRY_VOID(catalog.copy_to(*target));
  }
  auto bytes = read_file(local, path);
  remove();
  return bytes;
}

engine::IsLive live_in(const CatalogSnapshot& picture) {
  std::set<TableId> tables;
  std::set<SegmentId> segments;
  for (const auto& [name, database] : picture.databases) {
    for (const auto& policy : database->policies) {
      for (const auto& table : policy->tables()) tables.insert(table->id);
      for (const Segment& segment : policy->segments) segments.insert(segment.id);
    }
  }
  return [tables = std::move(tables), segments = std::move(segments)](const engine::SstMeta& sst) {
    return tables.contains(sst.table) && segments.contains(sst.segment);
  };
}

Result<void> check_apart(const std::string& name, const std::string& folder,
                         const std::string& other_name, const std::string& other_folder) {
  const std::string inner = TRY(real_path(folder));
  const std::string outer = TRY(real_path(other_folder));
  if (!is_inside(inner, outer) && !is_inside(outer, inner)) return {};
  return fail(ErrorCode::kInvalidInput, name + " and " + other_name +
                                            " must not lie in each other; choose another folder");
}

Result<engine::BackupSummary> back_up(const BackupParts& parts, const admin::BackupQuestion& asked,
                                      admin::Progress& progress) {
  const int64_t began_ns = parts.clock.steady_ns();
  const bool is_far = BucketFileSystem::is_bucket_path(asked.to);
  if (!is_far) {
    TRY_VOID(check_apart(asked.to, asked.to, "the data directory " + parts.data_directory,
                         parts.data_directory));
  }
  const engine::BackupOptions options{.folder = asked.to,
                                      .data_directory = TRY(real_path(parts.data_directory)),
                                      .varve_version = std::string(kVersion),
                                      .taken_at = utc_text(parts.clock.now_ns()),
                                      .shards = parts.store.shard_count(),
                                      .copies = asked.copies && !is_far};
  auto writer = TRY(engine::BackupWriter::open(parts.files, options));
  TRY_VOID(progress.tick([] { return "writing rows out of memory"; }));
  TRY_VOID(parts.store.flush());
  const auto frozen = TRY(parts.store.freeze());
  TRY_VOID(add_catalog(*writer, parts, is_far));
  // Asked after the copy: what is gone by now is left out.
  const auto is_live = live_in(*parts.catalog.snapshot());
  const std::string all = byte_text(engine::live_bytes(frozen, is_live));
  uint64_t bytes_done = 0;
  TRY_VOID(engine::add_store(*writer, frozen, is_live, [&](uint64_t size_bytes) {
    bytes_done += size_bytes;
    return progress.tick([&] { return byte_text(bytes_done) + " of " + all; });
  }));
  const std::string mark = join_path(parts.data_directory, "VARVE");
  TRY_VOID(writer->add_state_file("VARVE", TRY(read_file(parts.files, mark))));
  const auto summary = TRY(std::move(*writer).finish());
  log::info("backup.done", {{"folder", asked.to},
                            {"files", summary.files},
                            {"bytes", summary.bytes},
                            {"files_new", summary.files_new},
                            {"bytes_new", summary.bytes_new},
                            {"took_ms", (parts.clock.steady_ns() - began_ns) / 1'000'000}});
  return summary;
}

std::string backup_sentence(const std::string& folder, const engine::BackupSummary& summary) {
  std::string text = folder + " holds " + std::to_string(summary.files) + " files, " +
                     byte_text(summary.bytes) + "; new are " + std::to_string(summary.files_new) +
                     ", " + byte_text(summary.bytes_new);
  if (summary.bytes_copied > 0) text += " (" + byte_text(summary.bytes_copied) + " copied)";
  if (summary.files_missing > 0) {
    text += "; " + std::to_string(summary.files_missing) +
            " files were missing in the data directory: run varve verify";
  }
  return text;
}

}  // namespace varve
