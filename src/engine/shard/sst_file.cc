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

std::atomic<uint64_t> cache_ids{1};

}  // namespace

SstFile::SstFile(SstMeta meta, std::shared_ptr<const SstReader> reader, BlockCache& cache,
                 DamageList& damage)
    : meta_(std::move(meta)),
      reader_(std::move(reader)),
      cache_(cache),
      damage_(damage),
      cache_id_(cache_ids.fetch_add(1)) {
  sst_count.add(1);
  sst_bytes.add(static_cast<int64_t>(meta_.size_bytes));
}

SstFile::~SstFile() {
  cache_.forget(cache_id_);
  sst_count.add(-1);
  sst_bytes.add(-static_cast<int64_t>(meta_.size_bytes));
}

Result<std::shared_ptr<const DecodedColumn>> SstFile::read(uint32_t row_group, int field) {
  const BlockKey key{
      .file = cache_id_, .row_group = row_group, .column = static_cast<uint32_t>(field + 1)};
  if (auto block = cache_.find<DecodedColumn>(key)) return block;
  auto block = field < 0 ? reader_->read_times(row_group)
                         : reader_->read_field(row_group, static_cast<uint32_t>(field));
  if (!block) {
    if (block.error().code == ErrorCode::kCorrupt) quarantine(block.error());
    return fail(std::move(block).error());
  }
  cache_.add(key, *block);
  return std::move(*block);
}

Result<std::shared_ptr<const SeriesDirectory>> SstFile::read_directory(uint32_t block) {
  const BlockKey key{.file = cache_id_, .row_group = block, .column = BlockKey::kDirectory};
  if (auto directory = cache_.find<SeriesDirectory>(key)) return directory;
  auto directory = reader_->read_directory(block);
  if (!directory) {
    if (directory.error().code == ErrorCode::kCorrupt) quarantine(directory.error());
    return directory;
  }
  cache_.add(key, *directory);
  return directory;
}

void SstFile::quarantine(const Error& error) {
  if (!quarantined_.exchange(true)) report_damaged_sst(damage_, reader_->path(), error);
}

void report_damaged_sst(DamageList& damage, const std::string& path, const Error& error) {
  quarantined_files.add();
  log::error("sst.quarantined", {{"file", path}, {"error", error.message}});
  damage.add(error.message.find(path) == std::string::npos ? path + ": " + error.message
                                                           : error.message);
}

}  // namespace varve::engine
