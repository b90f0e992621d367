// SPDX-License-Identifier: Apache-2.0
#include "varve/shell_history.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace varve {
namespace {

std::string fresh_path(const char* name) {
  auto path = testing::TempDir() + name;
  std::filesystem::remove(path);
  return path;
}

TEST(ShellHistory, RefusesWhatIsSecret) {
  EXPECT_TRUE(belongs_in_history("SELECT * FROM cpu"));
  EXPECT_TRUE(belongs_in_history("SELECT author FROM book"));
  EXPECT_FALSE(belongs_in_history("CREATE USER ann WITH Password 'x'"));
  EXPECT_FALSE(belongs_in_history("SHOW DATABASES; set password for ann = 'x'"));
  EXPECT_FALSE(belongs_in_history("auth"));
  EXPECT_FALSE(belongs_in_history("  AUTH ann secret"));
  EXPECT_FALSE(belongs_in_history("use d; auth ann"));
  EXPECT_FALSE(belongs_in_history("  "));
}

TEST(ShellHistory, KeepsLinesForItsOwnerOnly) {
  const auto path = fresh_path("shell_history_kept");
  std::ofstream(path) << "first\n";
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  const ShellHistory history(path);
  history.add("second");
  history.add("auth ann");
  EXPECT_EQ(ShellHistory(path).lines(), (std::vector<std::string>{"first", "second"}));
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST(ShellHistory, ShrinksAFileThatHasTwiceTheLines) {
  const auto path = fresh_path("shell_history_long");
  const ShellHistory history(path, 3);
  for (int i = 0; i < 6; ++i) history.add("line " + std::to_string(i));
  const std::vector<std::string> newest{"line 3", "line 4", "line 5"};
  EXPECT_EQ(ShellHistory(path, 3).lines(), newest);
  EXPECT_EQ(ShellHistory(path, 10).lines(), newest);
}

TEST(ShellHistory, WorksWithoutAFile) {
  ShellHistory("").add("x");
  const ShellHistory nowhere("/nonexistent/folder/history");
  nowhere.add("x");
  EXPECT_TRUE(nowhere.lines().empty());
}

}  // namespace
}  // namespace varve
