// SPDX-License-Identifier: Apache-2.0
#include "io/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "io/posix_error.h"
#include "io/posix_file.h"
#include "io/temporary_folder.h"

namespace varve {
namespace {

using Mode = FileSystem::OpenMode;

class PosixFileSystemTest : public testing::Test {
 protected:
  std::string path(std::string_view name) const { return folder_.file(name); }

  PosixFileSystem files_;
  const TemporaryFolder folder_;
};

TEST_F(PosixFileSystemTest, NamesTheProcessThatHoldsTheLock) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // A failing test leaves nobody behind.
    PosixFileSystem files;
    const auto lock = files.lock(path("LOCK"));
    const char said = lock ? 'y' : 'n';
    if (write(ready[1], &said, 1) == 1) pause();
    _exit(0);
  }
  char said = 0;
  ASSERT_EQ(read(ready[0], &said, 1), 1);
  EXPECT_EQ(said, 'y');
  const auto refused = files_.lock(path("LOCK"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(refused.error().message,
            "data directory " + folder_.path() + " is in use by process " + std::to_string(holder));

  // However the holder ends, the lock is free.
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_TRUE(files_.lock(path("LOCK")).has_value());
  close(ready[0]);
  close(ready[1]);
}

TEST_F(PosixFileSystemTest, KeepsItsFilesFromChildProcessesAndOtherPeople) {
  const auto descriptor = open_descriptor(path("f"), O_RDWR | O_CREAT).value();
  EXPECT_NE(fcntl(descriptor.number(), F_GETFD) & FD_CLOEXEC, 0);
  struct stat about {};
  ASSERT_EQ(fstat(descriptor.number(), &about), 0);
  EXPECT_EQ(about.st_mode & 07, 0U);
}

TEST_F(PosixFileSystemTest, ReservesBlocksAndNotOnlyASize) {
  const auto file = files_.open(path("f"), Mode::kCreate).value();
  ASSERT_TRUE(file->allocate(0, 1'000'000));
  struct stat about {};
  ASSERT_EQ(stat(path("f").c_str(), &about), 0);
  EXPECT_EQ(about.st_size, 1'000'000);
  EXPECT_GE(about.st_blocks * 512, 1'000'000);
}

TEST_F(PosixFileSystemTest, ReservesByWritingWhereTheSystemCannot) {
  const auto file = files_.open(path("f"), Mode::kCreate).value();
  ASSERT_TRUE(file->write_at(0, "abc"));
  ASSERT_TRUE(file->truncate(300'000));  // A hole.
  ASSERT_TRUE(allocate_by_writing(*file, 1, 699'999));
  std::string expected(700'000, '\0');
  expected.replace(0, 3, "abc");
  EXPECT_EQ(file->read_at(0, 1'000'000), expected);
  struct stat about {};
  ASSERT_EQ(stat(path("f").c_str(), &about), 0);
  EXPECT_GE(about.st_blocks * 512, 700'000);
}

TEST_F(PosixFileSystemTest, SaysThatTheDiskIsFull) {
  const auto full = files_.open("/dev/full", Mode::kReadWrite).value();
  const auto refused = full->write_at(0, "abc");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(refused.error().message, "cannot write /dev/full: No space left on device");
}

TEST_F(PosixFileSystemTest, MixesWritesAroundTheCacheWithOthers) {
  const auto file = files_.open(path("f"), Mode::kCreate);
  ASSERT_TRUE(file);
  constexpr size_t kBlock = File::kBlockBytes;
  const std::unique_ptr<char, decltype(&std::free)> blocks(
      static_cast<char*>(std::aligned_alloc(kBlock, 3 * kBlock)), &std::free);
  const std::string_view bytes(blocks.get(), 3 * kBlock);
  std::memset(blocks.get(), 'a', bytes.size());
  ASSERT_TRUE((*file)->write_blocks_at(0, bytes));
  ASSERT_TRUE((*file)->write_at(kBlock + 1, "bb"));
  std::memset(blocks.get(), 'c', bytes.size());
  ASSERT_TRUE((*file)->write_blocks_at(2 * kBlock, bytes.substr(0, kBlock)));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(read_file(files_, path("f")), std::string(kBlock + 1, 'a') + "bb" +
                                              std::string(kBlock - 3, 'a') +
                                              std::string(kBlock, 'c'));
}

TEST_F(PosixFileSystemTest, SaysWhyBlocksCannotBeWritten) {
  const auto full = files_.open("/dev/full", Mode::kReadWrite);
  ASSERT_TRUE(full);
  const std::unique_ptr<char, decltype(&std::free)> blocks(
      static_cast<char*>(std::aligned_alloc(4'096, 4'096)), &std::free);
  std::memset(blocks.get(), 'a', 4'096);
  const auto refused = (*full)->write_blocks_at(0, {blocks.get(), 4'096});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
}

TEST_F(PosixFileSystemTest, MakesFoldersInTheWorkingDirectoryToo) {
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  EXPECT_TRUE(files_.create_directories("a/b"));
  EXPECT_TRUE(write_file_atomically(files_, "f", "abc"));
  std::filesystem::current_path(before);
  EXPECT_EQ(files_.exists(path("a/b")), true);
  EXPECT_EQ(read_file(files_, path("f")), "abc");
}

TEST(PosixError, HasTheCodeThatFileSystemsPromise) {
  const auto becomes = [](int error_number, ErrorCode code) {
    EXPECT_EQ(to_string(posix_error("open", "f", error_number).code), to_string(code));
  };
  becomes(ENOENT, ErrorCode::kNotFound);
  becomes(ENOTDIR, ErrorCode::kNotFound);
  becomes(EEXIST, ErrorCode::kAlreadyExists);
  becomes(ENOSPC, ErrorCode::kNoSpace);
  becomes(EDQUOT, ErrorCode::kNoSpace);
  becomes(EIO, ErrorCode::kIo);
  becomes(EACCES, ErrorCode::kIo);
  EXPECT_EQ(posix_error("open", "a/f", EACCES).message, "cannot open a/f: Permission denied");
}

}  // namespace
}  // namespace varve
