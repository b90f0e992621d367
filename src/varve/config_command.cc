// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "varve/commands.h"
#include "varve/config_sources.h"

namespace varve {

int run_config_show(const ConfigArguments& arguments) {
  const auto config = load_config(arguments.config_path, arguments.overrides);
  if (!config) {
    std::fprintf(stderr, "varve: %s\n", config.error().message.c_str());
    return 1;
  }
  std::fputs(config->show().c_str(), stdout);
  return 0;
}

}  // namespace varve
