// SPDX-License-Identifier: Apache-2.0
#include "varve/export_output.h"

#include <gtest/gtest.h>

#include "io/simulated_file_system.h"

namespace varve {
namespace {

class ExportOutputTest : public ::testing::Test {
 protected:
  std::vector<std::string> names() { return files_.list("out").value(); }

  SimulatedFileSystem files_;
  Result<void> made_ = files_.create_directories("out");
};

TEST_F(ExportOutputTest, HasItsNameOnceItIsWhole) {
  auto output = ExportOutput::open(files_, "out/a.lp", false);
  ASSERT_TRUE(output) << output.error().message;
  ASSERT_TRUE(output->write("# DML\nm v=1 1\n"));
  ASSERT_TRUE(output->write("# EXPORTED rows=1 "));
  ASSERT_TRUE(output->write("left_out=2\n"));
  EXPECT_EQ(names(), std::vector<std::string>{"a.lp.partial"});
  const auto figures = output->finish();
  ASSERT_TRUE(figures);
  EXPECT_EQ(figures->rows, 1u);
  EXPECT_EQ(figures->cells_left_out, 2u);
  EXPECT_EQ(output->lines(), 3u);
  EXPECT_EQ(names(), std::vector<std::string>{"a.lp"});
}

TEST_F(ExportOutputTest, LeavesWhatWasThereWhenItBreaksOff) {
  for (const bool whole : {true, false}) {
    auto output = ExportOutput::open(files_, "out/a.lp", false);
    ASSERT_TRUE(output);
    ASSERT_TRUE(output->write(whole ? "old\n# EXPORTED rows=0 left_out=0\n" : "new m v=1 1\n"));
    EXPECT_EQ(output->finish().has_value(), whole);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a.lp"});
  const auto file = files_.open("out/a.lp", FileSystem::OpenMode::kRead).value();
  EXPECT_EQ(file->read_at(0, 3).value(), "old");
}

TEST(ExportFigures, StandInTheLastLineOnly) {
  EXPECT_TRUE(export_figures("m v=1 1\n# EXPORTED rows=3 left_out=0\n"));
  EXPECT_FALSE(export_figures("m v=1 1\n# EXPORTED rows=3 left_out=0"));
  EXPECT_FALSE(export_figures("# EXPORTED rows=x left_out=0\n"));
  EXPECT_FALSE(export_figures(""));
}

}  // namespace
}  // namespace varve
