// SPDX-License-Identifier: Apache-2.0
// What the words after `varve` ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "varve/admin_arguments.h"
#include "varve/server_access.h"

namespace varve {

/// One `--set section.key=value`, or a flag that stands for a key.
struct ConfigOverride {
  std::string path;
  std::string text;
  std::string source;  ///< "flag --http-addr".
};

struct ServeArguments {
  std::string config_path;  ///< Empty: no file.
  std::vector<ConfigOverride> overrides;
  bool welcome = false;
};

struct ConfigArguments {
  std::string config_path;
  std::vector<ConfigOverride> overrides;
};

enum class PrintFormat : uint8_t { kTable, kCsv, kJson };

struct QueryArguments {
  std::optional<std::string> text;  ///< None: a shell, or statements from standard input.
  ServerAccess server = {.url = "127.0.0.1:8086"};
  std::string database;
  std::string policy;
  std::string epoch;  ///< Empty: times as text.
  PrintFormat format = PrintFormat::kTable;
};

struct ImportArguments {
  std::string path;
  ServerAccess server = {.url = "127.0.0.1:8086"};
  std::string database;
  std::string policy;
  std::string precision = "ns";
  size_t batch_lines = 5'000;
  size_t connections = 4;
  bool resume = false;
};

struct ExportArguments {
  ServerAccess server = {.url = "127.0.0.1:8086"};
  std::string database;  ///< Empty: all; so for policy and measurement.
  std::string policy;
  std::string measurement;
  std::string start;  ///< As the server reads times; empty: no bound.
  std::string end;
  std::string out = "-";  ///< A file, or "-": standard output.
  bool gzip = false;
};

/// Nothing to run: help, the version, or a mistake, already worded.
struct PrintedAnswer {
  std::string text;
  int exit_status = 0;
};

using Command =
    std::variant<PrintedAnswer, ServeArguments, ConfigArguments, QueryArguments, ImportArguments,
                 ExportArguments, BackupArguments, RestoreArguments, VerifyArguments,
                 InspectArguments>;

/// `arguments` without the program's name.
Command parse_command_line(std::vector<std::string> arguments);

}  // namespace varve
