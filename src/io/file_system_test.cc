// SPDX-License-Identifier: Apache-2.0
// What the real and the simulated file system promise alike.
#include "io/file_system.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/posix_file_system.h"
#include "io/simulated_file_system.h"
#include "io/temporary_folder.h"

namespace varve {
namespace {

using Mode = FileSystem::OpenMode;
using Names = std::vector<std::string>;

class FileSystemTwins : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "Simulated") {
      files_ = std::make_unique<SimulatedFileSystem>();
      folder_ = "/data";
      ASSERT_TRUE(files_->create_directories(folder_));
      return;
    }
    temporary_.emplace();
    folder_ = temporary_->path();
    files_ = std::make_unique<PosixFileSystem>();
  }

  std::string path(std::string_view name) const { return join_path(folder_, name); }
  std::unique_ptr<File> create(std::string_view name, std::string_view bytes = "") {
    auto file = files_->open(path(name), Mode::kCreate).value();
    EXPECT_TRUE(file->write_at(0, bytes));
    return file;
  }
  std::string text(std::string_view name) { return read_file(*files_, path(name)).value(); }
  template <class T>
  void expect_refused(const Result<T>& result, ErrorCode code, std::string_view name) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(to_string(result.error().code), to_string(code)) << result.error().message;
    EXPECT_NE(result.error().message.find(path(name)), std::string::npos) << result.error().message;
  }

  std::unique_ptr<FileSystem> files_;
  std::string folder_;

 private:
  std::optional<TemporaryFolder> temporary_;
};

INSTANTIATE_TEST_SUITE_P(All, FileSystemTwins, testing::Values("Posix", "Simulated"),
                         [](const auto& twin) { return twin.param; });

TEST_P(FileSystemTwins, ReadWhatWasWrittenWhereItWasWritten) {
  const auto file = create("f", "0123456789");
  ASSERT_TRUE(file->write_at(4, "ab"));
  EXPECT_EQ(file->read_at(0, 10), "0123ab6789");
  EXPECT_EQ(file->read_at(3, 4), "3ab6");
  EXPECT_EQ(file->size_bytes(), 10U);
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(text("f"), "0123ab6789");
}

TEST_P(FileSystemTwins, GiveFewerBytesAtTheEnd) {
  const auto file = create("f", "abc");
  EXPECT_EQ(file->read_at(1, 100), "bc");
  EXPECT_EQ(file->read_at(1, size_t{1} << 40), "bc");  // A damaged length reserves nothing.
  EXPECT_EQ(file->read_at(3, 1), "");
  EXPECT_EQ(file->read_at(99, 1), "");
  EXPECT_EQ(file->read_at(~uint64_t{0}, 1), "");
  char buffer[4] = {'-', '-', '-', '-'};
  EXPECT_EQ(file->read_into(2, buffer, sizeof buffer), 1U);
  EXPECT_EQ(std::string(buffer, 4), "c---");
}

TEST_P(FileSystemTwins, FillAGapWithZeros) {
  const auto file = create("f");
  ASSERT_TRUE(file->write_at(3, "x"));
  EXPECT_EQ(file->read_at(0, 10), std::string("\0\0\0x", 4));
}

TEST_P(FileSystemTwins, ReserveZerosAndKeepWhatIsThere) {
  const auto file = create("f", "abc");
  ASSERT_TRUE(file->allocate(0, 0));
  ASSERT_TRUE(file->allocate(1, 7));
  EXPECT_EQ(file->read_at(0, 100), std::string("abc\0\0\0\0\0", 8));
  ASSERT_TRUE(file->allocate(0, 2));
  EXPECT_EQ(file->size_bytes(), 8U);
  ASSERT_TRUE(file->allocate(1'000'000, 10));
  EXPECT_EQ(file->size_bytes(), 1'000'010U);
}

TEST_P(FileSystemTwins, CutAndLengthen) {
  const auto file = create("f", "abcdef");
  ASSERT_TRUE(file->truncate(2));
  ASSERT_TRUE(file->truncate(4));
  EXPECT_EQ(file->read_at(0, 100), std::string("ab\0\0", 4));
}

TEST_P(FileSystemTwins, WriteManyBytesAtOnce) {
  const std::string bytes(5'000'000, 'v');
  create("f", bytes);
  EXPECT_EQ(text("f"), bytes);
}

TEST_P(FileSystemTwins, OpenOnlyAsTold) {
  expect_refused(files_->open(path("f"), Mode::kRead), ErrorCode::kNotFound, "f");
  expect_refused(files_->open(path("f"), Mode::kReadWrite), ErrorCode::kNotFound, "f");
  expect_refused(files_->open(path("no/f"), Mode::kCreate), ErrorCode::kNotFound, "no/f");
  create("f", "abc");
  expect_refused(files_->open(path("f"), Mode::kCreate), ErrorCode::kAlreadyExists, "f");
  expect_refused(files_->open(path("f/g"), Mode::kRead), ErrorCode::kNotFound, "f/g");
  EXPECT_TRUE(files_->open(path("f"), Mode::kReadWrite).value()->write_at(0, "X"));
  const auto reading = files_->open(path("f"), Mode::kRead).value();
  EXPECT_EQ(reading->read_at(0, 3), "Xbc");
  expect_refused(reading->write_at(0, "Y"), ErrorCode::kIo, "f");
  ASSERT_TRUE(files_->create_directories(path("d")));
  expect_refused(files_->open(path("d"), Mode::kRead), ErrorCode::kIo, "d");
}

TEST_P(FileSystemTwins, ListNamesInOrder) {
  create("b");
  create("a");
  ASSERT_TRUE(files_->create_directories(path("c/inner")));
  EXPECT_EQ(files_->list(folder_), (Names{"a", "b", "c"}));
  EXPECT_EQ(files_->list(path("c")), (Names{"inner"}));
  EXPECT_EQ(files_->list(path("c/inner")), Names{});
  expect_refused(files_->list(path("no")), ErrorCode::kNotFound, "no");
  expect_refused(files_->list(path("a")), ErrorCode::kNotFound, "a");
}

TEST_P(FileSystemTwins, RenameOverAFile) {
  create("old", "old");
  create("new", "new");
  ASSERT_TRUE(files_->rename(path("new"), path("old")));
  EXPECT_EQ(text("old"), "new");
  EXPECT_EQ(files_->list(folder_), (Names{"old"}));
  expect_refused(files_->rename(path("no"), path("old")), ErrorCode::kNotFound, "no");
  expect_refused(files_->rename(path("old"), path("no/f")), ErrorCode::kNotFound, "no/f");
  ASSERT_TRUE(files_->rename(path("old"), path("old")));
  EXPECT_EQ(text("old"), "new");
}

TEST_P(FileSystemTwins, RenameIntoAnotherFolder) {
  create("f", "abc");
  ASSERT_TRUE(files_->create_directories(path("d")));
  ASSERT_TRUE(files_->rename(path("f"), path("d/g")));
  EXPECT_EQ(text("d/g"), "abc");
  EXPECT_EQ(files_->exists(path("f")), false);
}

TEST_P(FileSystemTwins, RenameAFolderWithItsContents) {
  ASSERT_TRUE(files_->create_directories(path("d")));
  create("d/f", "abc");
  create("f", "");
  expect_refused(files_->rename(path("f"), path("d")), ErrorCode::kIo, "d");
  expect_refused(files_->rename(path("d"), path("d/e")), ErrorCode::kIo, "d");
  ASSERT_TRUE(files_->rename(path("d"), path("e")));
  EXPECT_EQ(text("e/f"), "abc");
}

TEST_P(FileSystemTwins, GiveAFileASecondName) {
  create("f", "kept");
  ASSERT_TRUE(files_->create_directories(path("other")));
  ASSERT_TRUE(files_->link(path("f"), path("other/g")));
  ASSERT_TRUE(files_->remove(path("f")));
  EXPECT_EQ(text("other/g"), "kept");
  create("taken", "as it was");
  expect_refused(files_->link(path("other/g"), path("taken")), ErrorCode::kAlreadyExists, "taken");
  expect_refused(files_->link(path("gone"), path("h")), ErrorCode::kNotFound, "gone");
  EXPECT_EQ(text("taken"), "as it was");
}

TEST_P(FileSystemTwins, RemoveFilesAndEmptyFolders) {
  ASSERT_TRUE(files_->create_directories(path("d")));
  create("d/f");
  expect_refused(files_->remove(path("d")), ErrorCode::kIo, "d");
  ASSERT_TRUE(files_->remove(path("d/f")));
  ASSERT_TRUE(files_->remove(path("d")));
  EXPECT_EQ(files_->exists(path("d")), false);
  expect_refused(files_->remove(path("d")), ErrorCode::kNotFound, "d");
}

TEST_P(FileSystemTwins, KeepTheBytesOfARemovedFileWhileItIsOpen) {
  const auto file = create("f", "abc");
  ASSERT_TRUE(files_->remove(path("f")));
  EXPECT_EQ(file->read_at(0, 3), "abc");
}

TEST_P(FileSystemTwins, MakeFoldersAndTheirParents) {
  ASSERT_TRUE(files_->create_directories(path("a/b//c/")));
  EXPECT_EQ(files_->exists(path("a/b/c")), true);
  ASSERT_TRUE(files_->create_directories(path("a/b/c")));
  create("a/f");
  expect_refused(files_->create_directories(path("a/f")), ErrorCode::kAlreadyExists, "a/f");
  expect_refused(files_->create_directories(path("a/f/g")), ErrorCode::kAlreadyExists, "a/f");
}

TEST_P(FileSystemTwins, SyncFoldersThatExist) {
  EXPECT_TRUE(files_->sync_directory(folder_));
  expect_refused(files_->sync_directory(path("no")), ErrorCode::kNotFound, "no");
  create("f");
  expect_refused(files_->sync_directory(path("f")), ErrorCode::kNotFound, "f");
}

TEST_P(FileSystemTwins, GiveALockToOneAtATime) {
  auto held = files_->lock(path("LOCK"));
  ASSERT_TRUE(held.has_value());
  const auto second = files_->lock(path("LOCK"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(second.error().message.starts_with("data directory " + folder_ + " is in use by "))
      << second.error().message;
  EXPECT_TRUE(files_->lock(path("OTHER")).has_value());
  held->reset();
  EXPECT_TRUE(files_->lock(path("LOCK")).has_value());
}

TEST_P(FileSystemTwins, KnowTheFreeSpace) {
  EXPECT_GT(files_->free_bytes(folder_).value(), 0U);
  expect_refused(files_->free_bytes(path("no")), ErrorCode::kNotFound, "no");
}

TEST_P(FileSystemTwins, ReplaceAFileAtomically) {
  ASSERT_TRUE(write_file_atomically(*files_, path("f"), "first"));
  EXPECT_EQ(text("f"), "first");
  create("f.tmp", "left by a crash, and longer than what comes");
  ASSERT_TRUE(write_file_atomically(*files_, path("f"), "second"));
  EXPECT_EQ(text("f"), "second");
  ASSERT_TRUE(write_file_atomically(*files_, path("f"), ""));
  EXPECT_EQ(text("f"), "");
  EXPECT_EQ(files_->list(folder_), (Names{"f"}));
  expect_refused(write_file_atomically(*files_, path("no/f"), ""), ErrorCode::kNotFound, "no/f");
}

TEST(Paths, AreJoinedAndParted) {
  EXPECT_EQ(join_path("a/b", "c"), "a/b/c");
  EXPECT_EQ(join_path("a/", "c"), "a/c");
  EXPECT_EQ(join_path("/", "c"), "/c");
  EXPECT_EQ(join_path("", "c"), "c");
  EXPECT_EQ(parent_folder("a/b/c"), "a/b");
  EXPECT_EQ(parent_folder("a/b/"), "a");
  EXPECT_EQ(parent_folder("c"), ".");
  EXPECT_EQ(parent_folder("/c"), "/");
  EXPECT_EQ(parent_folder("/"), "/");
}

}  // namespace
}  // namespace varve
