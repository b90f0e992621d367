// SPDX-License-Identifier: Apache-2.0
#include "varve/take_over.h"

#include <set>

#include "base/checksum.h"
#include "engine/backup/backup_listing.h"
#include "engine/backup/backup_restore.h"
#include "io/tiered_file_system.h"
#include "varve/object_storage.h"

namespace varve {
namespace {

Result<void> begin_folder(FileSystem& local, const std::string& folder) {
  TRY_VOID(local.create_directories(folder));
  for (const std::string& name : TRY(local.list(folder))) {
    if (name == "lost+found") continue;
    return fail(ErrorCode::kInvalidInput, folder + " is not empty (there is " + name +
                                              "); name a new folder");
  }
  return {};
}

Result<std::string> fetch(ObjectStore& store, const engine::BackupFile& file) {
  std::string bytes = TRY(read_object(store, file.stored));
  if (bytes.size() == file.size_bytes && crc32c(bytes) == file.crc) return bytes;
  return fail(ErrorCode::kCorrupt,
              store.url(file.stored) + " is damaged: its size or checksum is wrong");
}

}  // namespace

Result<admin::Outcome> take_over_bucket(const Config& config, FileSystem& local,
                                        const TakeOver& asked, const Clock& clock,
                                        Random& random) {
  const auto place = parse_bucket_url(asked.from);
  if (!place) {
    return fail(ErrorCode::kInvalidInput,
                "--take-over is for a bucket that a server used: --from s3://bucket/prefix");
  }
  const auto store = TRY(
      S3ObjectStore::make(TRY(s3_options(config, local, place->bucket, place->prefix)), clock,
                          random));
  const auto owner = read_object_owner(*store);
  if (!owner && owner.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kInvalidInput,
                asked.from + " was used by no server; a backup is restored without --take-over");
  }
  if (!owner) return fail(owner.error());
  const auto listing = TRY(engine::decode_backup_listing(
      TRY(read_object(*store, std::string(engine::kBackupListingFile)))));
  TRY_VOID(begin_folder(local, asked.to));
  const engine::BackupFile* mark = nullptr;
  std::set<std::string> folders;
  for (const engine::BackupFile& file : listing.files) {
    if (TieredFileSystem::is_object_name(file.path)) continue;
    if (file.path == engine::kDataDirectoryMark) {
      mark = &file;
      continue;
    }
    const std::string path = join_path(asked.to, file.path);
    if (folders.insert(parent_folder(path)).second) {
      TRY_VOID(local.create_directories(parent_folder(path)));
    }
    TRY_VOID(write_file_atomically(local, path, TRY(fetch(*store, file))));
  }
  if (mark == nullptr) return fail(ErrorCode::kCorrupt, asked.from + " lists no file VARVE");
  auto identity = make_object_store_identity(store->url(""), random);
  identity.is_claimed = true;
  TRY_VOID(write_object_store_identity(local, asked.to, identity));
  TRY_VOID(take_over_objects(*store, make_object_owner(identity, asked.to, clock)));
  // Last: now it is a data directory.
  TRY_VOID(write_file_atomically(local, join_path(asked.to, std::string(mark->path)),
                                 TRY(fetch(*store, *mark))));
  return admin::Outcome{
      .sentence = asked.to + " goes on where " + owner->data_directory + " of host " +
                  owner->host + " was at " + listing.taken_at + "; start it with varve serve "
                  "--data-dir " + asked.to + " and the same storage.object_store"};
}

}  // namespace varve
