// SPDX-License-Identifier: Apache-2.0
#include "varve/config_sources.h"

#include <unistd.h>

#include "io/posix_file_system.h"

namespace varve {

Result<Config> load_config(const std::string& config_path,
                           const std::vector<ConfigOverride>& overrides) {
  Config config;
  if (!config_path.empty()) {
    PosixFileSystem files;
    TRY_VOID(config.read_toml(TRY(read_file(files, config_path)), config_path));
  }
  std::vector<std::string> entries;
  for (char** entry = environ; entry && *entry; ++entry) entries.emplace_back(*entry);
  TRY_VOID(config.read_environment(entries));
  for (const auto& each : overrides) TRY_VOID(config.set(each.path, each.text, each.source));
  return config;
}

}  // namespace varve
