// SPDX-License-Identifier: Apache-2.0
#include "io/posix_file_system.h"
#include "varve/admin_client.h"
#include "varve/commands.h"
#include "varve/config_sources.h"
#include "varve/object_storage.h"
#include "varve/verify_job.h"

namespace varve {

namespace {

Result<admin::Outcome> verify_folder(Config config, const std::string& path,
                                     admin::Progress& progress) {
  PosixFileSystem files;
  SystemRandom random;
  std::unique_ptr<ObjectStorage> objects;
  return verify_data_directory(files, path, progress, [&]() -> Result<FileSystem*> {
    TRY_VOID(use_bucket_of(files, path, config));
    objects = TRY(ObjectStorage::open(config, files, path, SystemClock::instance(), random));
    return objects ? static_cast<FileSystem*>(&objects->files()) : &files;
  });
}

Result<admin::Outcome> verify_any_backup(const Config& config, const std::string& place,
                                         admin::Progress& progress) {
  PosixFileSystem files;
  SystemRandom random;
  BucketFileSystem places(files, "",
                          bucket_opener(config, files, SystemClock::instance(), random));
  return verify_backup(places, place, progress);
}

}  // namespace

int run_verify(const VerifyArguments& arguments) {
  PrintedProgress progress;
  const bool is_offline = !arguments.backup.empty() || !arguments.data_dir.empty();
  if (!is_offline) {
    const auto server = server_of(arguments.server, arguments.config_path);
    if (server && (!arguments.server.url.empty() || server_answers(*server))) {
      return ask_administration(*server, "/api/v1/verify");
    }
  }
  const auto config = load_config(arguments.config_path, {});
  if (!config) return print_outcome(fail(config.error()));
  if (!arguments.backup.empty()) {
    return print_outcome(verify_any_backup(*config, arguments.backup, progress));
  }
  const std::string& folder =
      arguments.data_dir.empty() ? config->text("storage.data_dir") : arguments.data_dir;
  return print_outcome(verify_folder(*config, folder, progress));
}

}  // namespace varve
