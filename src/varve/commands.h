// SPDX-License-Identifier: Apache-2.0
// The commands of the program. Each prints for a person and gives the exit status.
#pragma once

#include "varve/command_line.h"

namespace varve {

int run_serve(const ServeArguments& arguments);
int run_config_show(const ConfigArguments& arguments);
int run_query(const QueryArguments& arguments);
int run_import(const ImportArguments& arguments);

}  // namespace varve
