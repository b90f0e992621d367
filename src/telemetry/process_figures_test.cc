// SPDX-License-Identifier: Apache-2.0
#include "telemetry/process_figures.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace varve {
namespace {

TEST(ProcessFigures, ReadsPastANameWithSpacesAndParentheses) {
  const auto ticks = parse_process_stat(
      "42 (a (b) c) S 1 42 42 0 -1 4194560 1060 0 0 0 150 25 0 0 20 0 1 0 9876 4096 512\n");
  ASSERT_TRUE(ticks.has_value());
  EXPECT_EQ(ticks->cpu, 175U);
  EXPECT_EQ(ticks->started, 9876U);
}

TEST(ProcessFigures, SaysNothingAboutTextThatEndsEarly) {
  EXPECT_FALSE(parse_process_stat("").has_value());
  EXPECT_FALSE(parse_process_stat("42 (varve) S 1 42").has_value());
}

TEST(ProcessFigures, CountsEachOpenDescriptorOnce) {
  uint64_t open_count = 0;
  for (int number = 0; number < getdtablesize(); ++number) {
    if (fcntl(number, F_GETFD) >= 0) ++open_count;
  }
  EXPECT_EQ(read_process_figures().open_fds, open_count);
}

TEST(ProcessFigures, CountsFilesAsTheyOpenAndClose) {
  const auto before = read_process_figures().open_fds;
  ASSERT_TRUE(before.has_value());
  const int opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(read_process_figures().open_fds, *before + 1);
  close(opened);
  EXPECT_EQ(read_process_figures().open_fds, *before);
}

TEST(ProcessFigures, KnowsTheMemoryAndTheTimes) {
  const ProcessFigures figures = read_process_figures();
  EXPECT_GT(figures.resident_bytes.value_or(0), 100'000U);
  EXPECT_GE(figures.cpu_seconds.value_or(-1), 0.0);
  EXPECT_GE(figures.uptime_seconds.value_or(-1), 0.0);
}

}  // namespace
}  // namespace varve
