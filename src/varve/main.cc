// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "varve/commands.h"

namespace varve {
namespace {

int print(const PrintedAnswer& answer) {
  std::fputs(answer.text.c_str(), answer.exit_status == 0 ? stdout : stderr);
  return answer.exit_status;
}

struct Run {
  int operator()(const PrintedAnswer& answer) const { return print(answer); }
  int operator()(const ServeArguments& arguments) const { return run_serve(arguments); }
  int operator()(const ConfigArguments& arguments) const { return run_config_show(arguments); }
  int operator()(const QueryArguments& arguments) const { return run_query(arguments); }
  int operator()(const ImportArguments& arguments) const { return run_import(arguments); }
  int operator()(const ExportArguments& arguments) const { return run_export(arguments); }
  int operator()(const BackupArguments& arguments) const { return run_backup(arguments); }
  int operator()(const RestoreArguments& arguments) const { return run_restore(arguments); }
  int operator()(const VerifyArguments& arguments) const { return run_verify(arguments); }
  int operator()(const InspectArguments& arguments) const { return run_inspect(arguments); }
};

}  // namespace
}  // namespace varve

// Read by jemalloc when the program starts: a thread of its own returns freed pages after a second.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

int main(int argument_count, char** arguments) {
  return std::visit(varve::Run{},
                    varve::parse_command_line({arguments + 1, arguments + argument_count}));
}
