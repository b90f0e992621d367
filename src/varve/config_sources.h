// SPDX-License-Identifier: Apache-2.0
// Where a process finds its configuration.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "varve/command_line.h"
#include "varve/config.h"

namespace varve {

/// Defaults, then the file (none when the path is empty), then this process's environment, then
/// the flags.
Result<Config> load_config(const std::string& config_path,
                           const std::vector<ConfigOverride>& overrides);

}  // namespace varve
