// SPDX-License-Identifier: Apache-2.0
#include "varve/shell.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "varve/import_sender.h"
#include "varve/interrupt.h"

namespace varve {
namespace {

constexpr const char* kHelp = R"(use DB[.POLICY]              database of statements and points
precision UNIT               times as rfc3339, or as numbers: h, m, s, ms, u or ns
format FORMAT                column, csv or json
insert [into POLICY] LINE    write a point: insert room,floor=1 temperature=21.5
settings                     what is set
chunked                      answers in pieces, or whole again
auth [NAME]                  say who you are
help                         this
exit, quit, Ctrl-D           leave
Ctrl-C ends a query, or clears the line. Everything else goes to the server as InfluxQL:
SHOW DATABASES; SHOW MEASUREMENTS; SELECT * FROM room LIMIT 10
)";

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

const char* format_word(PrintFormat format) {
  switch (format) {
    case PrintFormat::kCsv: return "csv";
    case PrintFormat::kJson: return "json";
    case PrintFormat::kTable: break;
  }
  return "column";
}

ShellOutcome failed(const std::string& message) {
  complain(message);
  return ShellOutcome::kFailed;
}

}  // namespace

ShellOutcome Shell::run(std::string_view part) {
  const auto line = parse_shell_line(part);
  if (!line) {
    complain(line.error().message);
    const bool is_use = line.error().message.starts_with("write: use");
    return is_use ? ShellOutcome::kMisplaced : ShellOutcome::kFailed;
  }
  return std::visit([&](const auto& each) { return run_line(each); }, *line);
}

Result<bool> Shell::lists(const std::string& statement, const std::string& name) {
  const auto body = TRY(ask_for_json(*client_, {}, statement));
  const auto document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto at = [&](const char* path) {
    const nlohmann::json::json_pointer pointer(path);
    return document.is_object() && document.contains(pointer) ? document[pointer]
                                                              : nlohmann::json();
  };
  if (const auto error = at("/results/0/error"); error.is_string()) {
    return fail(ErrorCode::kInvalidInput, error.get<std::string>());
  }
  for (const auto& row : at("/results/0/series/0/values")) {
    if (row.is_array() && !row.empty() && row[0] == name) return true;
  }
  return false;
}

ShellOutcome Shell::run_line(const UseLine& line) {
  const auto refuse = [](const std::string& message) {
    complain(message);
    return ShellOutcome::kMisplaced;
  };
  const auto has_database = lists("SHOW DATABASES", line.database);
  if (!has_database) return refuse(has_database.error().message);
  if (!*has_database) {
    return refuse("there is no database " + quoted(line.database) + " that you may see");
  }
  if (!line.policy.empty()) {
    const auto has_policy =
        lists("SHOW RETENTION POLICIES ON " + quoted(line.database), line.policy);
    if (!has_policy) return refuse(has_policy.error().message);
    if (!*has_policy) {
      return refuse("database " + quoted(line.database) + " has no retention policy " +
                    quoted(line.policy));
    }
  }
  settings_.database = line.database;
  settings_.policy = line.policy;
  if (talks_) std::printf("using database %s\n", line.database.c_str());
  return ShellOutcome::kDone;
}

ShellOutcome Shell::run_line(const PrecisionLine& line) {
  settings_.epoch = line.epoch;
  return ShellOutcome::kDone;
}

ShellOutcome Shell::run_line(const FormatLine& line) {
  settings_.format = line.format;
  return ShellOutcome::kDone;
}

ShellOutcome Shell::run_line(const InsertLine& line) {
  const auto& database = line.database.empty() ? settings_.database : line.database;
  const auto& policy = line.policy.empty() ? settings_.policy : line.policy;
  if (database.empty()) return failed("write first: use DATABASE");
  std::string target = "/write?db=" + percent_encode(database);
  if (!policy.empty()) target += "&rp=" + percent_encode(policy);
  if (!settings_.epoch.empty()) target += "&precision=" + settings_.epoch;
  const auto answer = client_->ask({.method = "POST",
                                   .target = std::move(target),
                                   .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                                   .body = line.text + "\n"});
  if (!answer && is_interrupted()) return failed("interrupted");
  if (!answer) return failed(with_hint(answer.error().message));
  return answer->status / 100 == 2 ? ShellOutcome::kDone : failed(error_of_body(answer->body));
}

ShellOutcome Shell::run_line(const AuthLine& line) {
  if (!ask_login_) return failed("auth wants a terminal; else give --user and VARVE_PASSWORD");
  ServerAccess access = access_;
  access.user = line.user;
  access.password.clear();
  auto known = ask_login_(std::move(access));
  if (!known) return ShellOutcome::kFailed;
  auto client = client_of(*known);
  if (!client) return failed(client.error().message);
  access_ = std::move(*known);
  client_ = std::make_unique<HttpClient>(std::move(*client));
  return ShellOutcome::kDone;
}

ShellOutcome Shell::run_line(const StatementLine& line) {
  return ask_and_print(*client_, settings_, line.text) ? ShellOutcome::kDone
                                                      : ShellOutcome::kFailed;
}

ShellOutcome Shell::run_line(const SettingsLine&) {
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text.c_str(); };
  std::printf("server     %s\nuser       %s\ndatabase   %s\npolicy     %s\n", access_.url.c_str(),
              or_dash(access_.user), or_dash(settings_.database), or_dash(settings_.policy));
  std::printf("precision  %s\nformat     %s\nchunked    %s\n",
              settings_.epoch.empty() ? "rfc3339" : settings_.epoch.c_str(),
              format_word(settings_.format), settings_.chunked ? "yes" : "no");
  return ShellOutcome::kDone;
}

ShellOutcome Shell::run_line(const ChunkedLine&) {
  settings_.chunked = !settings_.chunked;
  if (talks_) std::printf("answers come %s\n", settings_.chunked ? "in pieces" : "whole");
  return ShellOutcome::kDone;
}

ShellOutcome Shell::run_line(const HelpLine&) {
  std::fputs(kHelp, stdout);
  return ShellOutcome::kDone;
}

}  // namespace varve
