// SPDX-License-Identifier: Apache-2.0
#include "io/posix_file_system.h"
#include "varve/admin_client.h"
#include "varve/commands.h"
#include "varve/config_sources.h"
#include "varve/object_storage.h"
#include "varve/verify_job.h"

namespace varve {

int run_verify(const VerifyArguments& arguments) {
  PosixFileSystem files;
  PrintedProgress progress;
  if (!arguments.backup.empty()) {
    const auto config = load_config(arguments.config_path, {});
    if (!config) return print_outcome(fail(config.error()));
    SystemRandom random;
    BucketFileSystem places(
        files, "", bucket_opener(*config, files, SystemClock::instance(), random));
    return print_outcome(verify_backup(places, arguments.backup, progress));
  }
  if (!arguments.data_dir.empty()) {
    return print_outcome(verify_data_directory(files, arguments.data_dir, progress));
  }
  const auto server = server_of(arguments.server, arguments.config_path);
  if (server && (!arguments.server.url.empty() || server_answers(*server))) {
    return ask_administration(*server, "/api/v1/verify");
  }
  const auto config = load_config(arguments.config_path, {});
  if (!config) return print_outcome(fail(config.error()));
  return print_outcome(
      verify_data_directory(files, config->text("storage.data_dir"), progress));
}

}  // namespace varve
