// SPDX-License-Identifier: Apache-2.0
#include "varve/answer_printer.h"
#include "varve/commands.h"
#include "varve/shell_command.h"

namespace varve {

int run_query(const QueryArguments& arguments) {
  if (!arguments.text) return run_shell(arguments);
  auto client = client_of(completed(arguments.server));
  if (!client) {
    complain(client.error().message);
    return 1;
  }
  const AnswerSettings settings{.database = arguments.database,
                                .policy = arguments.policy,
                                .epoch = arguments.epoch,
                                .format = arguments.format};
  return ask_and_print(*client, settings, *arguments.text) ? 0 : 1;
}

}  // namespace varve
