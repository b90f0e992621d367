// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "serve/http/client.h"
#include "varve/commands.h"
#include "varve/import_sender.h"
#include "varve/result_table.h"

namespace varve {
namespace {

int complain(std::string_view message) {
  std::fprintf(stderr, "varve: %.*s\n", static_cast<int>(message.size()), message.data());
  return 1;
}

HttpQuestion question_of(const QueryArguments& arguments) {
  std::string form = "q=" + percent_encode(arguments.text);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) form += "&" + std::string(name) + "=" + percent_encode(value);
  };
  add("db", arguments.database);
  add("rp", arguments.policy);
  add("epoch", arguments.epoch);
  const bool csv = arguments.format == PrintFormat::kCsv;
  return {.method = "POST",
          .target = "/query",
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                      {"Accept", csv ? "text/csv" : "application/json"}},
          .body = std::move(form)};
}

Result<void> print(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
  return fail(ErrorCode::kIo, "cannot write to standard output");
}

int print_table(const std::string& body) {
  const auto answer = draw_answer(body);
  if (!answer) return complain(answer.error().message);
  std::fputs(answer->text.c_str(), stdout);
  std::fflush(stdout);
  for (const auto& message : answer->messages) complain("warning: " + message);
  for (const auto& error : answer->errors) complain(error);
  return answer->errors.empty() ? 0 : 1;
}

}  // namespace

int run_query(const QueryArguments& arguments) {
  const ServerAccess server = completed(arguments.server);
  auto client = client_of(server);
  if (!client) return complain(client.error().message);
  const auto question = question_of(arguments);
  // Rows of CSV need no look at the whole answer: they are printed as they come.
  const bool streams = arguments.format == PrintFormat::kCsv;
  const auto answer = streams ? client->ask(question, print) : client->ask(question);
  if (!answer) {
    return complain(answer.error().message + (answer.error().message.starts_with("nothing answers")
                                                  ? "; is the server running? (varve serve)"
                                                  : ""));
  }
  if (answer->status != 200) {
    const auto reason = answer->headers.find("X-Influxdb-Error");
    if (answer->status == 401) return complain(error_of_body(answer->body));
    return complain(reason ? std::string(*reason)
                           : server.url + " answered with status " +
                                 std::to_string(answer->status));
  }
  if (arguments.format == PrintFormat::kTable) return print_table(answer->body);
  if (streams) return 0;
  if (const auto printed = print(answer->body); !printed) return complain(printed.error().message);
  const auto drawn = draw_answer(answer->body);
  return drawn && drawn->errors.empty() ? 0 : 1;
}

}  // namespace varve
