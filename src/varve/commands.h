// SPDX-License-Identifier: Apache-2.0
// The commands of the program. Each prints for a person and gives the exit status.
#pragma once

#include "varve/command_line.h"

namespace varve {

int run_serve(const ServeArguments& arguments);
int run_config_show(const ConfigArguments& arguments);
int run_query(const QueryArguments& arguments);
int run_import(const ImportArguments& arguments);
int run_export(const ExportArguments& arguments);
int run_backup(const BackupArguments& arguments);
int run_restore(const RestoreArguments& arguments);
int run_verify(const VerifyArguments& arguments);
int run_inspect(const InspectArguments& arguments);

}  // namespace varve
