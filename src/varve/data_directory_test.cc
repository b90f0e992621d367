// SPDX-License-Identifier: Apache-2.0
#include "varve/data_directory.h"

#include <gtest/gtest.h>

#include "io/simulated_file_system.h"

namespace varve {
namespace {

TEST(DataDirectory, MarksANewFolderAndOpensItAgain) {
  SimulatedFileSystem files;
  {
    const auto directory = DataDirectory::open(files, "a/data/");
    ASSERT_TRUE(directory) << directory.error().message;
    EXPECT_EQ(directory->path(), "a/data");
    EXPECT_EQ(directory->engine_path(), "a/data/engine");
    EXPECT_EQ(*read_file(files, "a/data/VARVE"), "format 1\nformat 1\n");
  }
  EXPECT_TRUE(DataDirectory::open(files, "a/data"));
}

TEST(DataDirectory, RefusesASecondProcess) {
  SimulatedFileSystem files;
  const auto first = DataDirectory::open(files, "data");
  ASSERT_TRUE(first);
  const auto second = DataDirectory::open(files, "data");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
}

TEST(DataDirectory, RefusesAFolderThatIsNotOurs) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("data"));
  ASSERT_TRUE(write_file_atomically(files, "data/letter.txt", "Dear all"));
  const auto directory = DataDirectory::open(files, "data");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().message,
            "data is not empty and holds no data of Varve (there is letter.txt); choose another "
            "folder");
  EXPECT_FALSE(*files.exists("data/LOCK"));
}

TEST(DataDirectory, RefusesAnotherFormat) {
  const auto refuses = [](std::string_view text, std::string_view message) {
    SimulatedFileSystem files;
    ASSERT_TRUE(files.create_directories("data"));
    ASSERT_TRUE(write_file_atomically(files, "data/VARVE", text));
    const auto directory = DataDirectory::open(files, "data");
    ASSERT_FALSE(directory) << text;
    EXPECT_EQ(directory.error().message, message);
  };
  refuses("format 2\n", "data was written by a newer Varve: its format is 2, this one reads 1");
  refuses("", "data/VARVE does not hold a format number");
  refuses("format x", "data/VARVE does not hold a format number");
}

TEST(DataDirectory, MendsItsMarkWhereOurFilesAre) {
  const std::string mark = "format 1\nformat 1\n";
  for (size_t at = 0; at < mark.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      SimulatedFileSystem files;
      ASSERT_TRUE(files.create_directories("data/engine"));
      for (const char* name : {"catalog.db", "engine/SHARDS"}) {
        ASSERT_TRUE(write_file_atomically(files, join_path("data", name), "x"));
      }
      std::string flipped = mark;
      flipped[at] ^= static_cast<char>(1 << bit);
      ASSERT_TRUE(write_file_atomically(files, "data/VARVE", flipped));
      const auto directory = DataDirectory::open(files, "data");
      ASSERT_TRUE(directory) << at << ": " << directory.error().message;
      EXPECT_NE(directory->damage().find("data/VARVE"), std::string::npos) << at;
      EXPECT_EQ(*read_file(files, "data/VARVE"), mark);
    }
  }
}

TEST(DataDirectory, TakesOverTheMarkOfAnEarlierVersion) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("data"));
  ASSERT_TRUE(write_file_atomically(files, "data/VARVE", "format 1\n"));
  const auto directory = DataDirectory::open(files, "data");
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->damage(), "");
  EXPECT_EQ(*read_file(files, "data/VARVE"), "format 1\nformat 1\n");
}

TEST(DataDirectory, OpensWhereverThePowerFailedBefore) {
  int calls = 0;
  for (bool finished = false; !finished; ++calls) {
    SimulatedFileSystem files(static_cast<uint64_t>(calls) + 1);
    files.lose_power_after(static_cast<uint64_t>(calls));
    finished = DataDirectory::open(files, "data").has_value();
    files.restart();
    const auto again = DataDirectory::open(files, "data");
    EXPECT_TRUE(again) << calls << ": " << again.error().message;
  }
}

}  // namespace
}  // namespace varve
