// SPDX-License-Identifier: Apache-2.0
#include "varve/bucket_snapshot.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/checksum.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/backup/file_copy.h"
#include "varve/backup_job.h"
#include "varve/byte_text.h"
#include "varve/version.h"

namespace varve {
namespace {

constexpr std::string_view kStatePrefix = "state-";
// Users and what they may do are no part of the picture that is compared.
constexpr int64_t kCatalogTrustedNs = 60'000'000'000;

metrics::Counter& snapshots = metrics::counter(
    "varve_bucket_snapshots_total", "Snapshots of manifests and catalog that were uploaded.");
metrics::Counter& failures = metrics::counter(
    "varve_bucket_snapshot_errors_total", "Such uploads that failed; they are tried again.");
metrics::Gauge& uploaded_at = metrics::gauge(
    "varve_bucket_snapshot_time_seconds",
    "When the bucket was last known to hold what was flushed, in seconds since 1970.");

}  // namespace

struct BucketSnapshot::Content {
  std::vector<engine::StateFile> files;
  engine::BackupListing listing;
  std::vector<std::string> removed;  // Objects that were needless before.
  std::string all;                   // To compare.
};

// What the bucket holds from before, so that checksums need not be computed again.
Result<void> BucketSnapshot::learn_previous() {
  if (knows_previous_) return {};
  const auto text = read_object(parts_.objects, std::string(engine::kBackupListingFile));
  if (text) {
    auto listing = engine::decode_backup_listing(*text);
    // A damaged one is replaced.
    if (listing) listing_ = std::move(*listing);
  } else if (text.error().code != ErrorCode::kNotFound) {
    return fail(text.error());
  }
  knows_previous_ = true;
  return {};
}

Result<void> BucketSnapshot::add_sorted_files(const engine::FrozenStore& frozen,
                                              const engine::IsLive& is_live,
                                              engine::BackupListing& listing) {
  for (const engine::FrozenShard& shard : frozen.shards) {
    for (const auto& [id, sst] : shard.state.ssts()) {
      if (!is_live(sst)) continue;
      const std::string name = "engine/" + shard.folder + "/" + engine::sst_file_name(id);
      const engine::BackupFile* known = listing_.find(name);
      if (known != nullptr && known->size_bytes == sst.size_bytes) {
        listing.files.push_back(*known);
        continue;
      }
      const auto seen = engine::fingerprint_of(
          parts_.files, join_path(parts_.data_directory, name), nullptr);
      if (!seen && seen.error().code == ErrorCode::kNotFound) {
        listing.missing.push_back(name);
        continue;
      }
      if (!seen) return fail(seen.error());
      listing.files.push_back(
          {.path = name, .stored = name, .size_bytes = seen->size_bytes, .crc = seen->crc});
    }
  }
  return {};
}

Result<BucketSnapshot::Content> BucketSnapshot::collect() {
  Content content;
  // Before the manifests are read: what is needless now is named by none of them.
  content.removed = parts_.files.removed_objects();
  const auto frozen = TRY(parts_.store.freeze());
  const auto picture = parts_.catalog.snapshot();
  const int64_t now_ns = parts_.clock.steady_ns();
  if (catalog_.empty() || picture != picture_ || now_ns - catalog_copied_ns_ > kCatalogTrustedNs) {
    // After the manifests, so that it knows every table they name.
    catalog_ = TRY(catalog_file_bytes(
        parts_.local, parts_.catalog, join_path(parts_.data_directory, "catalog-snapshot.tmp")));
    picture_ = picture;
    catalog_copied_ns_ = now_ns;
  }
  const auto is_live = live_in(*parts_.catalog.snapshot());
  content.files = engine::state_files(frozen, is_live);
  content.files.push_back({.path = "catalog.db", .bytes = catalog_});
  content.files.push_back(
      {.path = "VARVE",
       .bytes = TRY(read_file(parts_.local, join_path(parts_.data_directory, "VARVE")))});
  for (const engine::StateFile& file : content.files) content.all += file.bytes + '\0';
  if (content.all == uploaded_) return content;
  content.listing.varve_version = std::string(kVersion);
  content.listing.taken_at = utc_text(parts_.clock.now_ns());
  content.listing.data_directory = engine::as_utf8(parts_.data_directory);
  content.listing.generation = listing_.generation + 1;
  content.listing.shards = static_cast<uint32_t>(frozen.shards.size());
  TRY_VOID(add_sorted_files(frozen, is_live, content.listing));
  return content;
}

Result<void> BucketSnapshot::upload(Content content) {
  engine::BackupListing& listing = content.listing;
  const std::string folder =
      std::string(kStatePrefix) + std::to_string(listing.generation) + "/";
  for (const engine::StateFile& file : content.files) {
    const std::string stored = folder + file.path;
    TRY_VOID(parts_.objects.put(stored, file.bytes));
    listing.files.push_back({.path = file.path,
                             .stored = stored,
                             .size_bytes = file.bytes.size(),
                             .crc = crc32c(file.bytes)});
  }
  std::ranges::sort(listing.files, {}, &engine::BackupFile::path);
  TRY_VOID(parts_.objects.put(std::string(engine::kBackupListingFile),
                              engine::encode_backup_listing(listing)));
  listing_ = std::move(listing);
  uploaded_ = std::move(content.all);
  snapshots.add();
  return {};
}

// Only now: until then the newest snapshot named them.
Result<void> BucketSnapshot::delete_needless(const std::vector<std::string>& removed) {
  const std::string current =
      std::string(kStatePrefix) + std::to_string(listing_.generation) + "/";
  for (const ObjectInfo& object : TRY(parts_.objects.list(std::string(kStatePrefix)))) {
    if (!object.name.starts_with(current)) TRY_VOID(parts_.objects.remove(object.name));
  }
  std::vector<std::string> needless;
  for (const std::string& name : removed) {
    if (listing_.find(name) == nullptr) needless.push_back(name);
  }
  return parts_.files.delete_removed(needless);
}

Result<void> BucketSnapshot::run() {
  TRY_VOID(learn_previous());
  TRY_VOID(parts_.files.may_change());
  Content content = TRY(collect());
  const bool is_new = content.all != uploaded_;
  const auto removed = std::move(content.removed);
  if (is_new) TRY_VOID(upload(std::move(content)));
  uploaded_at.set(parts_.clock.now_ns() / 1'000'000'000);
  if (is_new || !removed.empty()) TRY_VOID(delete_needless(removed));
  return {};
}

void BucketSnapshot::work() {
  bool failed = false;
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    const auto done = run();
    if (!done) failures.add();
    if (!done && !failed) {
      log::error("bucket_snapshot.failed", {{"error", done.error().message}});
    }
    failed = !done;
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(parts_.interval_ms),
                   [&] { return is_stopping_; });
  }
}

void BucketSnapshot::start() {
  thread_ = Thread("varve-snapshot", [this] { work(); });
}

void BucketSnapshot::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

}  // namespace varve
