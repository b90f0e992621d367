// SPDX-License-Identifier: Apache-2.0
#include "varve/shell_line.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

template <class T>
T parsed(std::string_view text) {
  const auto line = parse_shell_line(text);
  EXPECT_TRUE(line.has_value()) << text;
  if (!line) return {};
  const T* found = std::get_if<T>(&*line);
  EXPECT_NE(found, nullptr) << text;
  return found == nullptr ? T{} : *found;
}

std::string refusal(std::string_view text) {
  const auto line = parse_shell_line(text);
  return line ? "" : line.error().message;
}

using Parts = std::vector<std::string_view>;

TEST(ShellLine, UseTakesADatabaseAndAPolicyAlsoInQuotes) {
  EXPECT_EQ(parsed<UseLine>("use plant").database, "plant");
  EXPECT_EQ(parsed<UseLine>("  USE plant ; ").policy, "");
  EXPECT_EQ(parsed<UseLine>("use plant.year").policy, "year");
  const auto quoted = parsed<UseLine>(R"(use "my.\"db\""."two weeks")");
  EXPECT_EQ(quoted.database, "my.\"db\"");
  EXPECT_EQ(quoted.policy, "two weeks");
  for (const auto* wrong : {"use", "use a b", "use a.", "use \"a", "use .a"}) {
    EXPECT_NE(refusal(wrong), "") << wrong;
  }
}

TEST(ShellLine, PrecisionAndFormatKnowTheirWords) {
  EXPECT_EQ(parsed<PrecisionLine>("precision rfc3339").epoch, "");
  EXPECT_EQ(parsed<PrecisionLine>("precision MS").epoch, "ms");
  EXPECT_EQ(parsed<PrecisionLine>("precision us").epoch, "u");
  EXPECT_NE(refusal("precision year"), "");
  EXPECT_NE(refusal("precision"), "");
  EXPECT_EQ(parsed<FormatLine>("format column").format, PrintFormat::kTable);
  EXPECT_EQ(parsed<FormatLine>("format csv;").format, PrintFormat::kCsv);
  EXPECT_EQ(parsed<FormatLine>("format JSON").format, PrintFormat::kJson);
  EXPECT_NE(refusal("format xml"), "");
}

TEST(ShellLine, InsertKeepsItsLineAndTakesATarget) {
  EXPECT_EQ(parsed<InsertLine>("insert cpu,host=a s=\"x;y\" 1").text, "cpu,host=a s=\"x;y\" 1");
  const auto policy = parsed<InsertLine>("INSERT INTO year cpu v=1");
  EXPECT_EQ(policy.database, "");
  EXPECT_EQ(policy.policy, "year");
  EXPECT_EQ(policy.text, "cpu v=1");
  const auto both = parsed<InsertLine>(R"(insert into plant."two weeks" cpu v=1)");
  EXPECT_EQ(both.database, "plant");
  EXPECT_EQ(both.policy, "two weeks");
  EXPECT_EQ(both.text, "cpu v=1");
  EXPECT_EQ(parsed<InsertLine>("insert into,host=a v=1").text, "into,host=a v=1");
  EXPECT_NE(refusal("insert"), "");
  EXPECT_NE(refusal("insert into year"), "");
}

TEST(ShellLine, TheOtherCommandsStandAlone) {
  parsed<SettingsLine>("settings");
  parsed<ChunkedLine>("chunked");
  parsed<HelpLine>("help");
  parsed<ExitLine>("exit");
  parsed<ExitLine>("Quit;");
  parsed<std::monostate>("  ; ");
  EXPECT_EQ(parsed<AuthLine>("auth").user, "");
  EXPECT_EQ(parsed<AuthLine>("auth ann").user, "ann");
  EXPECT_NE(refusal("auth ann secret"), "");
}

TEST(ShellLine, EverythingElseIsForTheServer) {
  EXPECT_EQ(parsed<StatementLine>(" SELECT * FROM cpu ; ").text, "SELECT * FROM cpu");
  EXPECT_EQ(parsed<StatementLine>("usefoo").text, "usefoo");
  EXPECT_EQ(parsed<StatementLine>("exit now").text, "exit now");
}

TEST(ShellLine, SplitsAtSemicolonsOutsideOfQuotesExpressionsAndComments) {
  EXPECT_EQ(split_shell_line("a;b ; ;c"), (Parts{"a", "b ", "c"}));
  EXPECT_EQ(split_shell_line(R"(x 'a;\';b' ; y "c;d")"), (Parts{R"(x 'a;\';b' )", R"( y "c;d")"}));
  EXPECT_EQ(split_shell_line("w =~ /a;b/;c"), (Parts{"w =~ /a;b/", "c"}));
  EXPECT_EQ(split_shell_line("select v from /a;\\/;b/;c"), (Parts{"select v from /a;\\/;b/", "c"}));
  EXPECT_EQ(split_shell_line("select a / 2;select b / 3"), (Parts{"select a / 2", "select b / 3"}));
  EXPECT_EQ(split_shell_line("a /* ; */;b -- c;d"), (Parts{"a /* ; */", "b -- c;d"}));
  EXPECT_EQ(split_shell_line("use d;insert m s=\"x;y\";b"),
            (Parts{"use d", "insert m s=\"x;y\";b"}));
  EXPECT_EQ(split_shell_line("x 'open;y"), (Parts{"x 'open;y"}));
  EXPECT_EQ(split_shell_line(""), Parts{});
}

}  // namespace
}  // namespace varve
