// SPDX-License-Identifier: Apache-2.0
// `varve query` without a text: what each line does, apart from where lines come from.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "varve/answer_printer.h"
#include "varve/shell_line.h"

namespace varve {

enum class ShellOutcome : uint8_t {
  kDone,
  kFailed,     ///< The reason is on standard error.
  kMisplaced,  ///< `use` failed: what follows would go where it is not meant to.
  kExit,
};

/// Threads: one owner; calls block.
class Shell {
 public:
  /// Asks a person who they are, for `auth`; `user` may be empty. Without an answer: nothing.
  using AskLogin = std::function<std::optional<ServerAccess>(ServerAccess access)>;

  /// `access` is complete. `talks`: a person reads along, and is told what was changed.
  Shell(ServerAccess access, HttpClient client, AnswerSettings settings, bool talks)
      : access_(std::move(access)),
        client_(std::make_unique<HttpClient>(std::move(client))),
        settings_(std::move(settings)),
        talks_(talks) {}

  void on_auth(AskLogin ask) { ask_login_ = std::move(ask); }
  /// One part of a line, as split_shell_line() gives it.
  ShellOutcome run(std::string_view part);

 private:
  ShellOutcome run_line(const UseLine& line);
  ShellOutcome run_line(const PrecisionLine& line);
  ShellOutcome run_line(const FormatLine& line);
  ShellOutcome run_line(const InsertLine& line);
  ShellOutcome run_line(const AuthLine& line);
  ShellOutcome run_line(const StatementLine& line);
  ShellOutcome run_line(const SettingsLine&);
  ShellOutcome run_line(const ChunkedLine&);
  ShellOutcome run_line(const HelpLine&);
  ShellOutcome run_line(const ExitLine&) { return ShellOutcome::kExit; }
  ShellOutcome run_line(const std::monostate&) { return ShellOutcome::kDone; }
  /// Whether the first column of the answer holds the name.
  Result<bool> lists(const std::string& statement, const std::string& name);

  ServerAccess access_;
  std::unique_ptr<HttpClient> client_;
  AnswerSettings settings_;
  bool talks_;
  AskLogin ask_login_;
};

}  // namespace varve
