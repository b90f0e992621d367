// SPDX-License-Identifier: Apache-2.0
// What a line typed into the shell asks for. Pure: no terminal, no server.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "varve/command_line.h"

namespace varve {

/// `use db`, `use db.rp`, each name bare or in double quotes.
struct UseLine {
  std::string database;
  std::string policy;  ///< Empty: the default one.
};
/// `precision rfc3339|h|m|s|ms|u|ns`.
struct PrecisionLine {
  std::string epoch;  ///< Empty: times as text.
};
/// `format column|csv|json`.
struct FormatLine {
  PrintFormat format = PrintFormat::kTable;
};
/// `insert LINE`, `insert into rp LINE`, `insert into db.rp LINE`.
struct InsertLine {
  std::string database;  ///< Empty: the one in use; so for the policy.
  std::string policy;
  std::string text;
};
/// `auth` or `auth NAME`.
struct AuthLine {
  std::string user;
};
struct SettingsLine {};
struct ChunkedLine {};
struct HelpLine {};
struct ExitLine {};
/// Everything else: for the server.
struct StatementLine {
  std::string text;
};

/// monostate: nothing stands there.
using ShellLine = std::variant<std::monostate, UseLine, PrecisionLine, FormatLine, InsertLine,
                               AuthLine, SettingsLine, ChunkedLine, HelpLine, ExitLine,
                               StatementLine>;

/// The parts between semicolons, those within quotes, regular expressions and comments left alone.
/// A part that begins with `insert` takes the rest of the line. The views point into `line`.
std::vector<std::string_view> split_shell_line(std::string_view line);

/// Reads one part. kInvalidInput says how a command of the shell is written.
Result<ShellLine> parse_shell_line(std::string_view part);

}  // namespace varve
