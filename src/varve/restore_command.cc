// SPDX-License-Identifier: Apache-2.0
#include "engine/backup/backup_restore.h"
#include "io/posix_file_system.h"
#include "serve/http/form.h"
#include "varve/admin_client.h"
#include "varve/backup_job.h"
#include "varve/byte_text.h"
#include "varve/commands.h"
#include "varve/config_sources.h"
#include "varve/object_storage.h"
#include "varve/take_over.h"

namespace varve {
namespace {

Result<admin::Outcome> restore_whole(const RestoreArguments& arguments) {
  PosixFileSystem local;
  PrintedProgress progress;
  const auto config = TRY(load_config(arguments.config_path, {}));
  SystemRandom random;
  const Clock& clock = SystemClock::instance();
  if (arguments.takes_over) {
    return take_over_bucket(config, local, {.from = arguments.from, .to = arguments.data_dir},
                            clock, random);
  }
  BucketFileSystem files(local, "", bucket_opener(config, local, clock, random));
  if (!BucketFileSystem::is_bucket_path(arguments.from)) {
    TRY_VOID(check_apart("the backup " + arguments.from, arguments.from,
                         "the new folder " + arguments.data_dir, arguments.data_dir));
  }
  const auto listing = TRY(engine::read_backup_listing(files, arguments.from));
  const std::string all = byte_text(listing.size_bytes());
  uint64_t bytes_done = 0;
  TRY(engine::restore_backup(
      files,
      {.from = arguments.from, .to = arguments.data_dir, .verifies = arguments.verifies},
      [&](uint64_t size_bytes) {
        bytes_done += size_bytes;
        return progress.tick([&] { return byte_text(bytes_done) + " of " + all; });
      }));
  return admin::Outcome{.sentence = arguments.data_dir + " holds the backup of " +
                                    listing.taken_at + ": " +
                                    std::to_string(listing.files.size()) + " files, " + all +
                                    "; start it with varve serve --data-dir " +
                                    arguments.data_dir};
}

std::string target_of(const RestoreArguments& arguments) {
  std::string target = "/api/v1/restore?from=" + percent_encode(absolute_path(arguments.from)) +
                       "&db=" + percent_encode(arguments.database);
  if (!arguments.as.empty()) target += "&as=" + percent_encode(arguments.as);
  if (!arguments.table.empty()) target += "&table=" + percent_encode(arguments.table);
  if (arguments.merges) target += "&merge=true";
  return target;
}

}  // namespace

int run_restore(const RestoreArguments& arguments) {
  if (!arguments.data_dir.empty()) return print_outcome(restore_whole(arguments));
  if (arguments.database.empty()) {
    return print_outcome(fail(ErrorCode::kInvalidInput,
                              "say what to restore: all of it into a new folder (--data-dir), or "
                              "one database into a running server (--db)"));
  }
  const auto server = server_of(arguments.server, arguments.config_path);
  if (!server) return print_outcome(fail(server.error()));
  return ask_administration(*server, target_of(arguments));
}

}  // namespace varve
