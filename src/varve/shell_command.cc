// SPDX-License-Identifier: Apache-2.0
#include "varve/shell_command.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "varve/interrupt.h"
#include "varve/line_editor.h"
#include "varve/shell.h"
#include "varve/shell_history.h"
#include "varve/version.h"

namespace varve {
namespace {

/// Statements of a pipe or a file. One that fails does not end the others, but for `use`.
int run_piped(Shell& shell) {
  bool has_failed = false;
  for (std::string line; std::getline(std::cin, line);) {
    for (const auto part : split_shell_line(line)) {
      const auto outcome = shell.run(part);
      if (outcome == ShellOutcome::kExit) return has_failed ? 1 : 0;
      if (outcome == ShellOutcome::kMisplaced) {
        complain("stopped, since what follows was meant for another database");
        return 1;
      }
      has_failed = has_failed || outcome == ShellOutcome::kFailed;
    }
  }
  return has_failed ? 1 : 0;
}

std::optional<ServerAccess> ask_login(LineEditor& editor, ServerAccess access) {
  if (access.user.empty()) {
    const auto typed = editor.read("user: ");
    if (typed.end != TypedEnd::kLine || typed.text.empty()) return std::nullopt;
    access.user = typed.text;
  }
  forget_interrupt();
  access.password = ask_for_password(access.user);
  if (is_interrupted()) return std::nullopt;
  return access;
}

/// Runs the parts of a line; false: the person wants to leave.
bool run_parts(Shell& shell, std::string_view line) {
  for (const auto part : split_shell_line(line)) {
    forget_interrupt();
    const auto outcome = shell.run(part);
    std::fflush(stdout);
    if (outcome == ShellOutcome::kExit) return false;
    if (outcome == ShellOutcome::kMisplaced || is_interrupted()) return true;
  }
  return true;
}

int run_typed(Shell& shell, const std::string& url) {
  LineEditor editor;
  const ShellHistory history(shell_history_path());
  for (const auto& line : history.lines()) editor.remember(line);
  shell.on_auth([&](ServerAccess access) { return ask_login(editor, std::move(access)); });
  std::printf("varve %s, server %s; \"help\" lists the commands\n", std::string(kVersion).c_str(),
              url.c_str());
  for (;;) {
    std::fflush(stdout);
    const auto typed = editor.read("> ");
    if (typed.end == TypedEnd::kInterrupt) continue;
    if (typed.end == TypedEnd::kEnd) break;
    if (belongs_in_history(typed.text)) {
      editor.remember(typed.text);
      history.add(typed.text);
    }
    if (!run_parts(shell, typed.text)) return 0;
  }
  std::puts("");  // Ctrl-D leaves the prompt's line open.
  return 0;
}

}  // namespace

int run_shell(const QueryArguments& arguments) {
  const bool is_typed = isatty(STDIN_FILENO) != 0;
  const ServerAccess access = completed(arguments.server);
  auto client = client_of(access);
  if (!client) {
    complain(client.error().message);
    return 1;
  }
  AnswerSettings settings{.database = arguments.database,
                          .policy = arguments.policy,
                          .epoch = arguments.epoch,
                          .format = arguments.format};
  Shell shell(access, std::move(*client), std::move(settings), is_typed);
  if (!is_typed) return run_piped(shell);
  note_interrupts();
  return run_typed(shell, access.url);
}

}  // namespace varve
