// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "engine/local_store.h"
#include "io/posix_file_system.h"
#include "serve/http/form.h"
#include "varve/admin_client.h"
#include "varve/backup_job.h"
#include "varve/catalog_opening.h"
#include "varve/commands.h"
#include "varve/config_sources.h"
#include "varve/data_directory.h"
#include "varve/object_storage.h"
#include "varve/options.h"

namespace varve {
namespace {

// Opens the folder as a server would: rows that stand in its WAL are written out first.
Result<admin::Outcome> back_up_offline(const BackupArguments& arguments) {
  auto config = TRY(load_config(arguments.config_path, {}));
  PosixFileSystem files;
  SystemRandom random;
  const Clock& clock = SystemClock::instance();
  if (!TRY(files.exists(join_path(arguments.data_dir, "VARVE")))) {
    return fail(ErrorCode::kNotFound, arguments.data_dir + " is no data directory of Varve");
  }
  const auto directory = TRY(DataDirectory::open(files, arguments.data_dir));
  auto options = engine_options(config, directory.engine_path());
  options.shards = TRY(engine::LocalStore::stored_shard_count(files, options.directory));
  options.automatic = false;
  TRY_VOID(use_bucket_of(files, directory.path(), config));
  const auto objects =
      TRY(ObjectStorage::open(config, files, directory.path(), clock, random));
  FileSystem& data_files = objects ? static_cast<FileSystem&>(objects->files()) : files;
  options.sst_ids_jump = objects != nullptr;
  const auto opened = TRY(open_server_data({.local = files,
                                            .data_files = data_files,
                                            .clock = clock,
                                            .random = random,
                                            .catalog_path = directory.catalog_path(),
                                            .engine = options},
                                           catalog_limits(config)));
  const auto& catalog = opened.catalog;
  const auto& store = opened.store;
  PrintedProgress progress;
  BucketFileSystem places(data_files, join_path(directory.path(), "spool"),
                          bucket_opener(config, files, clock, random));
  const BackupParts parts{.files = places,
                          .clock = clock,
                          .catalog = *catalog,
                          .store = *store,
                          .data_directory = directory.path()};
  const auto summary = TRY(
      back_up(parts, {.to = arguments.to, .copies = arguments.copies}, progress));
  TRY_VOID(store->close());
  return admin::Outcome{.sentence = backup_sentence(arguments.to, summary)};
}

}  // namespace

int run_backup(const BackupArguments& arguments) {
  if (!arguments.data_dir.empty()) {
    static_cast<void>(log::configure({.level = log::Level::kWarn}));
    return print_outcome(back_up_offline(arguments));
  }
  const auto server = server_of(arguments.server, arguments.config_path);
  if (!server) return print_outcome(fail(server.error()));
  return ask_administration(*server, "/api/v1/backup?to=" +
                                          percent_encode(absolute_path(arguments.to)) +
                                          (arguments.copies ? "&copy=true" : ""));
}

}  // namespace varve
