// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/sst_file.h"

#include "base/log.h"
#include "base/metrics.h"

namespace varve::engine {
namespace {

metrics::Gauge& sst_count = metrics::gauge("varve_sst_files", "Sorted files in use.");
metrics::Gauge& sst_bytes = metrics::gauge("varve_sst_bytes", "Bytes of the sorted files in use.");
metrics::Counter& quarantined_files = metrics::counter(
    "varve_quarantined_files_total", "Files left out of every answer because they are damaged.");

metrics::Gauge& quarantined_now = metrics::gauge(
    "varve_quarantined_files", "Sorted files that are left out of every answer now.");

std::atomic<uint64_t> cache_ids{1};

}  // namespace

SstFile::SstFile(SstMeta meta, std::string path, ReaderCache& readers, BlockCache& cache,
                 DamageList& damage)
    : meta_(std::move(meta)),
      handle_(readers, std::move(path)),
      cache_(cache),
      damage_(damage),
      cache_id_(cache_ids.fetch_add(1)),
      deletes_applied_(meta_.deletes_applied) {
  sst_count.add(1);
  sst_bytes.add(static_cast<int64_t>(meta_.size_bytes));
}

SstFile::~SstFile() {
  cache_.forget(cache_id_);
  if (quarantined()) quarantined_now.add(-1);
  sst_count.add(-1);
  sst_bytes.add(-static_cast<int64_t>(meta_.size_bytes));
}

template <class T>
Result<T> SstFile::quarantine_if_corrupt(Result<T> read) {
  if (!read && read.error().code == ErrorCode::kCorrupt) quarantine(read.error());
  return read;
}

Result<std::shared_ptr<const SstReader>> SstFile::reader() {
  auto reader = handle_.reader();
  if (!reader && reader.error().code == ErrorCode::kNotFound) {
    reader = fail(ErrorCode::kCorrupt, path() + " is missing: " + reader.error().message);
  } else if (reader && ((*reader)->table() != meta_.table ||
                        (*reader)->segment() != meta_.segment ||
                        (*reader)->row_count() != meta_.row_count)) {
    reader = fail(ErrorCode::kCorrupt, path() + " is not the file that the manifest names");
  }
  return quarantine_if_corrupt(std::move(reader));
}

Result<std::shared_ptr<const DecodedColumn>> SstFile::read(uint32_t row_group, int field) {
  const BlockKey key{
      .file = cache_id_, .row_group = row_group, .column = static_cast<uint32_t>(field + 1)};
  if (auto block = cache_.find<DecodedColumn>(key)) return block;
  const auto open = TRY(reader());
  auto block = TRY(quarantine_if_corrupt(
      field < 0 ? open->read_times(row_group)
                : open->read_field(row_group, static_cast<uint32_t>(field))));
  cache_.add(key, block);
  return block;
}

Result<std::shared_ptr<const SeriesDirectory>> SstFile::read_directory(uint32_t block) {
  const BlockKey key{.file = cache_id_, .row_group = block, .column = BlockKey::kDirectory};
  if (auto directory = cache_.find<SeriesDirectory>(key)) return directory;
  const auto open = TRY(reader());
  auto directory = TRY(quarantine_if_corrupt(open->read_directory(block)));
  cache_.add(key, directory);
  return directory;
}

void SstFile::quarantine(const Error& error) {
  if (quarantined_.exchange(true)) return;
  quarantined_now.add(1);
  report_damaged_sst(damage_, path(), error);
}

void report_damaged_sst(DamageList& damage, const std::string& path, const Error& error) {
  quarantined_files.add();
  log::error("sst.quarantined", {{"file", path}, {"error", error.message}});
  damage.add(error.message.find(path) == std::string::npos ? path + ": " + error.message
                                                           : error.message);
}

}  // namespace varve::engine
