// SPDX-License-Identifier: Apache-2.0
#include "varve/command_line.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(CommandLine, ReadsServeWithItsSettings) {
  const auto command =
      parse_command_line({"serve", "--config", "a.toml", "--data-dir", "d", "--http-addr=:0",
                          "--collect-host", "--set", "wal.sync=off", "--set", "logging.file=a=b"});
  const auto* serve = std::get_if<ServeArguments>(&command);
  ASSERT_NE(serve, nullptr);
  EXPECT_EQ(serve->config_path, "a.toml");
  EXPECT_FALSE(serve->welcome);
  std::string all;
  for (const auto& each : serve->overrides) {
    all += each.path + "=" + each.text + " (" + each.source + ")\n";
  }
  EXPECT_EQ(all,
            "wal.sync=off (flag --set)\n"
            "logging.file=a=b (flag --set)\n"
            "storage.data_dir=d (flag --data-dir)\n"
            "server.http_addr=:0 (flag --http-addr)\n"
            "collect.host=true (flag --collect-host)\n");
}

TEST(CommandLine, ReadsQueriesAndImports) {
  const auto command = parse_command_line(
      {"query", "SHOW DATABASES", "--db", "d", "--format", "csv", "--epoch", "s"});
  const auto* query = std::get_if<QueryArguments>(&command);
  ASSERT_NE(query, nullptr);
  EXPECT_EQ(query->text, "SHOW DATABASES");
  EXPECT_EQ(query->format, PrintFormat::kCsv);
  EXPECT_EQ(query->server.url, "127.0.0.1:8086");
  const auto other = parse_command_line(
      {"import", "f.lp", "--db", "d", "--batch-lines", "7", "--resume", "--precision", "ms"});
  const auto* import = std::get_if<ImportArguments>(&other);
  ASSERT_NE(import, nullptr);
  EXPECT_EQ(import->path, "f.lp");
  EXPECT_EQ(import->batch_lines, 7u);
  EXPECT_TRUE(import->resume);
  EXPECT_TRUE(std::holds_alternative<ConfigArguments>(parse_command_line({"config", "show"})));
}

TEST(CommandLine, AQueryWithoutATextIsAShell) {
  const auto read = [](std::vector<std::string> arguments) {
    const auto command = parse_command_line(std::move(arguments));
    const auto* query = std::get_if<QueryArguments>(&command);
    EXPECT_NE(query, nullptr);
    return query == nullptr ? QueryArguments{} : *query;
  };
  EXPECT_EQ(read({"query"}).text, std::nullopt);
  EXPECT_EQ(read({"query", ""}).text, "");
  EXPECT_EQ(read({"query", "--execute", "SHOW USERS"}).text, "SHOW USERS");
  EXPECT_EQ(read({"query", "-execute", "SHOW USERS"}).text, "SHOW USERS");
  EXPECT_EQ(read({"query", "--precision", "ms"}).epoch, "ms");
  EXPECT_EQ(read({"query", "--precision", "rfc3339"}).epoch, "");
  EXPECT_EQ(read({"query", "--format", "column"}).format, PrintFormat::kTable);
}

TEST(CommandLine, ExplainsMistakesAndGivesHelp) {
  const auto answers = [](std::vector<std::string> arguments, int status, std::string_view part) {
    const auto command = parse_command_line(std::move(arguments));
    const auto* answer = std::get_if<PrintedAnswer>(&command);
    ASSERT_NE(answer, nullptr) << part;
    EXPECT_EQ(answer->exit_status, status) << part;
    EXPECT_NE(answer->text.find(part), std::string::npos) << answer->text;
  };
  answers({"--version"}, 0, "varve 0.1.0\n");
  answers({"--help"}, 0, "Run the server");
  answers({"serve", "--help"}, 0, "Examples:\n  varve serve --data-dir");
  answers({"query", "--help"}, 0, "varve query 'SHOW DATABASES'");
  answers({"import", "--help"}, 0, "--resume");
  answers({}, 2, "Subcommands:");
  answers({"serv"}, 2, "there is no command \"serv\"");
  answers({"serve", "--datadir", "x"}, 2, "--datadir");
  answers({"serve", "--set", "wal.sync"}, 2, "is not of the form SECTION.KEY=VALUE");
  answers({"query", "a", "--execute", "b"}, 2, "--execute");
  answers({"query", "a", "--precision", "year"}, 2, "year");
  answers({"query", "a", "--format", "xml"}, 2, "xml");
  answers({"import", "f", "--db", "d", "--precision", "us"}, 2, "us");
  answers({"config"}, 2, "required");
}

}  // namespace
}  // namespace varve
