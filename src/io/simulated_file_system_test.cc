// SPDX-License-Identifier: Apache-2.0
#include "io/simulated_file_system.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/thread.h"

namespace varve {
namespace {

using Mode = FileSystem::OpenMode;
using Names = std::vector<std::string>;

constexpr uint64_t kSeeds = 200;

void put(FileSystem& files, const std::string& path, std::string_view bytes) {
  const auto file = files.open(path, Mode::kCreate).value();
  ASSERT_TRUE(file->write_at(0, bytes));
  ASSERT_TRUE(file->sync());
}

// "name=bytes " of every file below the folder: a whole disk as one word.
std::string picture(FileSystem& files, const std::string& folder = ".") {
  std::string text;
  const Names names = files.list(folder).value();
  for (const std::string& name : names) {
    const std::string path = join_path(folder, name);
    if (const auto bytes = read_file(files, path)) {
      text += path.substr(2) + "=" + *bytes + " ";
    } else {
      text += path.substr(2) + "/ " + picture(files, path);
    }
  }
  return text;
}

// Everything that a power failure right after `act` can leave, over many seeds.
std::set<std::string> outcomes(const std::function<void(SimulatedFileSystem&)>& act) {
  std::set<std::string> left;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimulatedFileSystem files(seed);
    act(files);
    files.restart();
    left.insert(picture(files));
  }
  return left;
}

TEST(SimulatedFileSystem, LosesASyncedFileWithoutASyncedName) {
  EXPECT_EQ(outcomes([](auto& files) { put(files, "f", "a"); }),
            (std::set<std::string>{"", "f=a "}));
}

TEST(SimulatedFileSystem, KeepsASyncedFileWithASyncedName) {
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "a");
              ASSERT_TRUE(files.sync_directory("."));
            }),
            (std::set<std::string>{"f=a "}));
}

TEST(SimulatedFileSystem, LosesBytesUnderASyncedName) {
  EXPECT_EQ(outcomes([](auto& files) {
              const auto file = files.open("f", Mode::kCreate).value();
              ASSERT_TRUE(files.sync_directory("."));
              ASSERT_TRUE(file->write_at(0, "a"));
            }),
            (std::set<std::string>{"f= ", "f=a ", std::string("f=\0 ", 4)}));
}

TEST(SimulatedFileSystem, LeavesTheOldOrTheNewNameOfARename) {
  const auto start = [](auto& files) {
    put(files, "old", "a");
    put(files, "target", "b");
    ASSERT_TRUE(files.sync_directory("."));
    ASSERT_TRUE(files.rename("old", "target"));
  };
  EXPECT_EQ(outcomes(start), (std::set<std::string>{"old=a target=b ", "target=a "}));
  EXPECT_EQ(outcomes([&](auto& files) {
              start(files);
              ASSERT_TRUE(files.sync_directory("."));
            }),
            (std::set<std::string>{"target=a "}));
}

TEST(SimulatedFileSystem, NeverLosesAFileBetweenTwoFolders) {
  const auto start = [](auto& files) {
    ASSERT_TRUE(files.create_directories("d"));
    put(files, "f", "a");
    ASSERT_TRUE(files.sync_directory("."));
    ASSERT_TRUE(files.rename("f", "d/g"));
  };
  EXPECT_EQ(outcomes(start), (std::set<std::string>{"d/ d/g=a ", "d/ f=a "}));
  for (const std::string synced : {".", "d"}) {
    EXPECT_EQ(outcomes([&](auto& files) {
                start(files);
                ASSERT_TRUE(files.sync_directory(synced));
              }),
              (std::set<std::string>{"d/ d/g=a "}));
  }
}

TEST(SimulatedFileSystem, NeverBringsBackTheOldNameOfASyncedRename) {
  EXPECT_EQ(outcomes([](auto& files) {
              ASSERT_TRUE(files.create_directories("d"));
              put(files, "f", "a");
              ASSERT_TRUE(files.rename("f", "d/g"));
              ASSERT_TRUE(files.sync_directory("d"));
            }),
            (std::set<std::string>{"d/ d/g=a "}));
}

TEST(SimulatedFileSystem, KeepsTheBytesOfALinkedFileUnderASyncedName) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimulatedFileSystem files(seed);
    ASSERT_TRUE(files.create_directories("a"));
    ASSERT_TRUE(files.create_directories("b"));
    ASSERT_TRUE(write_file_atomically(files, "a/f", "bytes"));
    ASSERT_TRUE(files.link("a/f", "b/f"));
    ASSERT_TRUE(files.sync_directory("b"));
    ASSERT_TRUE(files.remove("a/f"));
    files.restart();
    EXPECT_EQ(read_file(files, "b/f"), "bytes");
  }
}

TEST(SimulatedFileSystem, MayBringBackARemovedFile) {
  const auto start = [](auto& files) {
    put(files, "f", "a");
    ASSERT_TRUE(files.sync_directory("."));
    ASSERT_TRUE(files.remove("f"));
  };
  EXPECT_EQ(outcomes(start), (std::set<std::string>{"", "f=a "}));
  EXPECT_EQ(outcomes([&](auto& files) {
              start(files);
              ASSERT_TRUE(files.sync_directory("."));
            }),
            (std::set<std::string>{""}));
}

TEST(SimulatedFileSystem, KeepsNamesIndependentlyOfEachOther) {
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "");
              put(files, "g", "");
            }),
            (std::set<std::string>{"", "f= ", "g= ", "f= g= "}));
}

TEST(SimulatedFileSystem, NeverUndoesANewerChangeOfAName) {
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "1");
              ASSERT_TRUE(files.remove("f"));
              put(files, "f", "2");
              ASSERT_TRUE(files.rename("f", "g"));
              ASSERT_TRUE(files.sync_directory("."));
              put(files, "f", "3");
            }),
            (std::set<std::string>{"g=2 ", "f=3 g=2 "}));
}

TEST(SimulatedFileSystem, LosesAFolderWithAllThatWasSyncedInside) {
  // Unlike create_directories(), which syncs the parent, a rename leaves that to the caller.
  EXPECT_EQ(outcomes([](auto& files) {
              ASSERT_TRUE(files.create_directories("d"));
              ASSERT_TRUE(files.rename("d", "e"));
              put(files, "e/f", "a");
              ASSERT_TRUE(files.sync_directory("e"));
            }),
            (std::set<std::string>{"d/ d/f=a ", "e/ e/f=a "}));
}

TEST(SimulatedFileSystem, KeepsFoldersThatCreateDirectoriesMade) {
  EXPECT_EQ(outcomes([](auto& files) { ASSERT_TRUE(files.create_directories("a/b")); }),
            (std::set<std::string>{"a/ a/b/ "}));
}

TEST(SimulatedFileSystem, RefusesEverythingOnceThePowerIsLost) {
  SimulatedFileSystem files;
  put(files, "f", "a");
  const auto file = files.open("f", Mode::kReadWrite).value();
  files.lose_power_after(1);
  EXPECT_TRUE(file->write_at(0, "b"));
  EXPECT_FALSE(files.power_lost());
  EXPECT_FALSE(file->sync());
  EXPECT_TRUE(files.power_lost());
  EXPECT_EQ(file->read_at(0, 1).error().code, ErrorCode::kIo);
  EXPECT_EQ(file->write_at(0, "c").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.exists("f").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.list(".").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.open("g", Mode::kCreate).error().code, ErrorCode::kIo);
  EXPECT_EQ(files.rename("f", "g").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.remove("f").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.create_directories("d").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.sync_directory(".").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.lock("LOCK").error().code, ErrorCode::kIo);
  EXPECT_EQ(files.free_bytes(".").error().code, ErrorCode::kIo);
}

TEST(SimulatedFileSystem, LeavesTheCallInDoubtAtWhichThePowerGoes) {
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "a");
              ASSERT_TRUE(files.sync_directory("."));
              files.lose_power_after(0);
              ASSERT_FALSE(files.rename("f", "g"));
            }),
            (std::set<std::string>{"f=a ", "g=a "}));
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "a");
              ASSERT_TRUE(files.sync_directory("."));
              const auto file = files.open("f", Mode::kReadWrite).value();
              files.lose_power_after(0);
              ASSERT_FALSE(file->write_at(0, "b"));
            }),
            (std::set<std::string>{"f=a ", "f=b "}));
}

TEST(SimulatedFileSystem, LeavesASyncInDoubtAtWhichThePowerGoes) {
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "a");
              files.lose_power_after(0);
              ASSERT_FALSE(files.sync_directory("."));
            }),
            (std::set<std::string>{"", "f=a "}));
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "a");
              ASSERT_TRUE(files.sync_directory("."));
              const auto file = files.open("f", Mode::kReadWrite).value();
              ASSERT_TRUE(file->write_at(0, "b"));
              files.lose_power_after(0);
              ASSERT_FALSE(file->sync());
            }),
            (std::set<std::string>{"f=a ", "f=b "}));
}

TEST(SimulatedFileSystem, SyncsTheNamesOfOneFolderOnly) {
  EXPECT_EQ(outcomes([](auto& files) {
              ASSERT_TRUE(files.create_directories("d"));
              put(files, "d/f", "a");
              put(files, "g", "b");
              ASSERT_TRUE(files.sync_directory("d"));
            }),
            (std::set<std::string>{"d/ d/f=a ", "d/ d/f=a g=b "}));
}

TEST(SimulatedFileSystem, CountsEveryChangingCallAndNoOther) {
  SimulatedFileSystem files;
  const auto counts = [&](uint64_t calls, const std::function<void()>& act) {
    const uint64_t before = files.calls();
    act();
    EXPECT_EQ(files.calls() - before, calls);
  };
  std::unique_ptr<File> file;
  counts(1, [&] { file = files.open("f", Mode::kCreate).value(); });
  counts(1, [&] { ASSERT_TRUE(file->write_at(0, "a")); });
  counts(1, [&] { ASSERT_TRUE(file->allocate(0, 10)); });
  counts(1, [&] { ASSERT_TRUE(file->truncate(5)); });
  counts(1, [&] { ASSERT_TRUE(file->sync()); });
  counts(1, [&] { ASSERT_TRUE(files.rename("f", "g")); });
  counts(1, [&] { ASSERT_TRUE(files.sync_directory(".")); });
  counts(4, [&] { ASSERT_TRUE(files.create_directories("a/b")); });
  counts(1, [&] { ASSERT_TRUE(files.remove("g")); });
  counts(0, [&] {
    EXPECT_TRUE(file->read_at(0, 1));
    EXPECT_TRUE(file->size_bytes());
    EXPECT_TRUE(files.exists("f"));
    EXPECT_TRUE(files.list("."));
    EXPECT_TRUE(files.free_bytes("."));
    EXPECT_FALSE(files.open("f", Mode::kRead));
    EXPECT_FALSE(files.remove("f"));
  });
  files.restart();
  EXPECT_EQ(files.calls(), 0U);
}

TEST(SimulatedFileSystem, KeepsEverythingWhenOnlyTheProcessDied) {
  SimulatedFileSystem files;
  put(files, "f", "a");
  const auto file = files.open("f", Mode::kReadWrite).value();
  ASSERT_TRUE(file->write_at(0, "b"));
  files.restart(/*power_was_lost=*/false);
  EXPECT_EQ(picture(files), "f=b ");
}

TEST(SimulatedFileSystem, StillWaitsForItsSyncAfterTheProcessDied) {
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "a");
              files.restart(/*power_was_lost=*/false);
            }),
            (std::set<std::string>{"", "f=a "}));
}

TEST(SimulatedFileSystem, FreesLocksAndForgetsOpenFilesAtARestart) {
  SimulatedFileSystem files;
  put(files, "f", "a");
  ASSERT_TRUE(files.sync_directory("."));
  const auto file = files.open("f", Mode::kReadWrite).value();
  auto before = files.lock("f").value();
  files.restart();
  EXPECT_EQ(file->read_at(0, 1).error().code, ErrorCode::kIo);
  EXPECT_EQ(file->write_at(0, "b").error().code, ErrorCode::kIo);
  const auto after = files.lock("f");
  ASSERT_TRUE(after.has_value());
  before.reset();  // Must not free what is somebody else's by now.
  EXPECT_FALSE(files.lock("f").has_value());
}

TEST(SimulatedFileSystem, RepeatsItselfForASeed) {
  const auto run = [](uint64_t seed) {
    SimulatedFileSystem files(seed);
    std::string seen;
    for (int round = 0; round < 5; ++round) {
      for (const char* name : {"a", "b", "c"}) {
        if (files.exists(name).value()) continue;
        put(files, name, "1");
        const auto file = files.open(name, Mode::kReadWrite).value();
        EXPECT_TRUE(file->write_at(0, std::string(2000, 'x')));
      }
      files.restart();
      seen += picture(files) + "|";
    }
    return seen;
  };
  std::set<std::string> all;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(run(seed), run(seed));
    all.insert(run(seed));
  }
  EXPECT_GT(all.size(), 15U);
}

TEST(SimulatedFileSystem, RefusesWhatDoesNotFit) {
  SimulatedFileSystem files;
  files.set_capacity_bytes(10);
  put(files, "f", "12345678");
  EXPECT_EQ(files.free_bytes("."), 2U);
  const auto file = files.open("f", Mode::kReadWrite).value();
  EXPECT_EQ(file->allocate(0, 11).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(file->write_at(6, "abcdef").error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(file->read_at(0, 100), "123456abcd");  // What still fitted.
  EXPECT_EQ(files.free_bytes("."), 0U);
  EXPECT_TRUE(file->write_at(0, "XX"));  // Overwriting needs no space.
  ASSERT_TRUE(files.remove("f"));
  EXPECT_EQ(files.free_bytes("."), 10U);
  put(files, "g", "0123456789");
  files.set_capacity_bytes(20);
  EXPECT_EQ(files.free_bytes("."), 10U);
}

TEST(SimulatedFileSystem, GivesItsSpaceBackWhenAnAtomicWriteDoesNotFit) {
  SimulatedFileSystem files;
  files.set_capacity_bytes(10);
  put(files, "f", "old");
  const auto refused = write_file_atomically(files, "f", "much too long");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(picture(files), "f=old ");
}

TEST(SimulatedFileSystem, FlipsABitThatWasSynced) {
  SimulatedFileSystem files;
  put(files, "f", "abc");
  ASSERT_TRUE(files.sync_directory("."));
  files.flip_bit("f", 1, 0);
  EXPECT_EQ(picture(files), "f=acc ");
  files.restart();
  EXPECT_EQ(picture(files), "f=acc ");
}

TEST(SimulatedFileSystem, FailsOneSyncAndMayLoseItsBytesForGood) {
  EXPECT_EQ(outcomes([](auto& files) {
              put(files, "f", "a");
              ASSERT_TRUE(files.sync_directory("."));
              const auto file = files.open("f", Mode::kReadWrite).value();
              ASSERT_TRUE(file->write_at(0, "b"));
              files.fail_next_sync();
              ASSERT_EQ(file->sync().error().code, ErrorCode::kIo);
              ASSERT_TRUE(file->sync());
              ASSERT_EQ(read_file(files, "f"), "b");
            }),
            (std::set<std::string>{"f=a ", "f=b "}));
}

TEST(SimulatedFileSystem, RefusesSomeCallsAndGoesOn) {
  SimulatedFileSystem files;
  put(files, "f", "abcd");
  const auto file = files.open("f", Mode::kReadWrite).value();
  files.fail_calls(1, 2, ErrorCode::kNoSpace);
  ASSERT_TRUE(file->write_at(0, "b"));
  EXPECT_EQ(file->write_at(0, "wxyz").error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(*read_file(files, "f"), "wxcd") << "a part may be written";
  EXPECT_EQ(files.rename("f", "g").error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(files.calls_failed(), 2u);
  ASSERT_TRUE(files.rename("f", "g"));
  files.fail_calls(0, 100, ErrorCode::kIo);
  EXPECT_EQ(files.sync_directory(".").error().code, ErrorCode::kIo);
  files.fail_calls(0, 0, ErrorCode::kIo);
  EXPECT_TRUE(files.sync_directory("."));
}

TEST(WriteFileAtomically, LeavesTheOldOrTheNewFileWhereverThePowerFails) {
  const std::string old_bytes(3000, 'o');
  const std::string new_bytes(5000, 'n');
  for (uint64_t seed = 0; seed < 50; ++seed) {
    bool finished = false;
    uint64_t calls = 0;
    for (; !finished; ++calls) {
      SimulatedFileSystem files(seed);
      ASSERT_TRUE(write_file_atomically(files, "f", old_bytes));
      files.lose_power_after(calls);
      finished = write_file_atomically(files, "f", new_bytes).has_value();
      files.restart();
      const auto bytes = read_file(files, "f");
      ASSERT_TRUE(bytes.has_value()) << "seed " << seed << ", call " << calls;
      EXPECT_TRUE(*bytes == new_bytes || (!finished && *bytes == old_bytes))
          << "seed " << seed << ", call " << calls;
      // What the failure left behind is in nobody's way.
      EXPECT_TRUE(write_file_atomically(files, "f", old_bytes));
      EXPECT_EQ(files.list("."), (Names{"f"}));
    }
    EXPECT_EQ(calls, 6U);  // Create, write, sync, rename, sync of the folder; then none fails.
  }
}

TEST(WriteFileAtomically, LeavesNothingOrAllOfANewFile) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    bool finished = false;
    for (uint64_t calls = 0; !finished; ++calls) {
      SimulatedFileSystem files(seed);
      files.lose_power_after(calls);
      finished = write_file_atomically(files, "f", "new").has_value();
      files.restart();
      const std::string left = picture(files);
      const bool whole = left.find("f=new ") != std::string::npos;
      EXPECT_TRUE(whole || !finished) << "seed " << seed << ", call " << calls;
      EXPECT_TRUE(whole || !files.exists("f").value()) << "seed " << seed << ", call " << calls;
    }
  }
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenItsSyncFails) {
  SimulatedFileSystem files;
  ASSERT_TRUE(write_file_atomically(files, "f", "old"));
  files.fail_next_sync();
  EXPECT_FALSE(write_file_atomically(files, "f", "new"));
  EXPECT_EQ(picture(files), "f=old ");
}

TEST(SimulatedFileSystem, WouldCatchAWriterThatForgetsASync) {
  // The tests above mean something only if the disk punishes what they guard against.
  const auto loses = [](bool sync_file, bool sync_folder) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      SimulatedFileSystem files(seed);
      put(files, "f", "old");
      EXPECT_TRUE(files.sync_directory("."));
      const auto file = files.open("f.tmp", Mode::kCreate).value();
      EXPECT_TRUE(file->write_at(0, "new"));
      EXPECT_TRUE(!sync_file || file->sync());
      EXPECT_TRUE(files.rename("f.tmp", "f"));
      EXPECT_TRUE(!sync_folder || files.sync_directory("."));
      files.restart();
      if (read_file(files, "f") != "new") return true;
    }
    return false;
  };
  EXPECT_FALSE(loses(true, true));
  EXPECT_TRUE(loses(false, true));
  EXPECT_TRUE(loses(true, false));
}

TEST(SimulatedFileSystem, IsSafeFromManyThreads) {
  SimulatedFileSystem files;
  {
    std::vector<Thread> threads;
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back("io", [&files, name = std::to_string(number)] {
        const auto file = files.open(name, Mode::kCreate).value();
        for (uint64_t round = 0; round < 200; ++round) {
          EXPECT_TRUE(file->write_at(round, "x"));
          EXPECT_TRUE(file->sync());
          EXPECT_TRUE(files.list("."));
        }
      });
    }
    threads.emplace_back("io", [&files] {
      for (int round = 0; round < 200; ++round) {
        EXPECT_LE(read_file(files, "0").value_or("").size(), 200U);
      }
    });
  }
  EXPECT_EQ(read_file(files, "3"), std::string(200, 'x'));
}

}  // namespace
}  // namespace varve
