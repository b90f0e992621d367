// SPDX-License-Identifier: Apache-2.0
#include "io/tiered_file_system.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/thread.h"
#include "io/simulated_file_system.h"
#include "io/simulated_object_store.h"

namespace varve {
namespace {

using Mode = FileSystem::OpenMode;

class TieredFileSystemTest : public testing::Test {
 protected:
  TieredFileSystemTest() { open_files(); }

  void open_files(uint64_t disk_bytes_max = 1 << 20) {
    files_.reset();
    ASSERT_TRUE(local_.create_directories("/d/engine/shard-0"));
    auto opened = TieredFileSystem::open(
        local_, store_,
        {.root = "/d", .disk_bytes_max = disk_bytes_max, .block_bytes = 100, .may_change = {}});
    ASSERT_TRUE(opened) << opened.error().message;
    files_ = std::move(*opened);
  }

  static Result<void> write_to(FileSystem& files, const std::string& path,
                               const std::string& bytes) {
    {
      const auto file = TRY(files.open(path + ".tmp", Mode::kCreate));
      TRY_VOID(file->write_at(0, bytes));
      TRY_VOID(file->sync());
    }
    TRY_VOID(files.rename(path + ".tmp", path));
    return files.sync_directory(parent_folder(path));
  }
  Result<void> write(const std::string& path, const std::string& bytes) {
    return write_to(*files_, path, bytes);
  }

  // As if the machine had lost its disk, but for the folders.
  void lose_disk(uint64_t disk_bytes_max = 1 << 20) {
    files_.reset();
    for (const char* folder : {"/d/engine/shard-0", "/d/object-cache"}) {
      const auto names = local_.list(folder).value();
      for (const auto& name : names) {
        ASSERT_TRUE(local_.remove(join_path(folder, name)));
      }
    }
    open_files(disk_bytes_max);
  }

  SimulatedFileSystem local_;
  SimulatedObjectStore store_;
  std::unique_ptr<TieredFileSystem> files_;
  const std::string path_ = "/d/engine/shard-0/7.sst";
};

std::string bytes_of(size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>('a' + i * i % 23);
  return bytes;
}

TEST_F(TieredFileSystemTest, PutsSortedFilesIntoTheStoreAndLeavesOthersOnTheDisk) {
  ASSERT_TRUE(write(path_, "rows"));
  ASSERT_TRUE(write_file_atomically(*files_, "/d/engine/shard-0/CURRENT", "x"));
  EXPECT_EQ(*store_.list(""), (std::vector<ObjectInfo>{{"engine/shard-0/7.sst", 4}}));
  EXPECT_EQ(*files_->list("/d/engine/shard-0"), (std::vector<std::string>{"7.sst", "CURRENT"}));
  EXPECT_EQ(*read_file(*files_, path_), "rows");
  EXPECT_TRUE(*files_->exists(path_));
  EXPECT_FALSE(*files_->exists("/d/engine/shard-0/8.sst"));
  // Read from the copy.
  EXPECT_EQ(store_.bytes_read(), 0u);
}

TEST_F(TieredFileSystemTest, FetchesNoMoreThanTheBlocksThatAreAskedFor) {
  const std::string bytes = bytes_of(1'050);
  ASSERT_TRUE(write(path_, bytes));
  lose_disk();
  const auto file = files_->open(path_, Mode::kRead).value();
  EXPECT_EQ(*file->size_bytes(), bytes.size());
  EXPECT_EQ(*file->read_at(1'040, 50), bytes.substr(1'040));
  EXPECT_EQ(store_.bytes_read(), 50u);
  EXPECT_EQ(*file->read_at(150, 100), bytes.substr(150, 100));
  EXPECT_EQ(store_.bytes_read(), 250u);
  EXPECT_EQ(*file->read_at(120, 160), bytes.substr(120, 160));
  EXPECT_EQ(store_.bytes_read(), 250u);
  EXPECT_EQ(*file->read_at(0, 5'000), bytes);
  EXPECT_EQ(store_.bytes_read(), 1'050u);
}

TEST_F(TieredFileSystemTest, KeepsItsBlocksOverARestartUnlessTheyCameToHarm) {
  const std::string bytes = bytes_of(300);
  ASSERT_TRUE(write(path_, bytes));
  lose_disk();
  EXPECT_EQ(*read_file(*files_, path_), bytes);
  EXPECT_EQ(store_.bytes_read(), 300u);
  open_files();
  local_.flip_bit("/d/object-cache/engine~shard-0~7.sst@1", 3, 3);
  EXPECT_EQ(*read_file(*files_, path_), bytes);
  EXPECT_EQ(store_.bytes_read(), 400u);
}

TEST_F(TieredFileSystemTest, StaysWithinItsShareOfTheDisk) {
  open_files(500);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(write("/d/engine/shard-0/" + std::to_string(i) + ".sst", bytes_of(150)));
    EXPECT_LE(files_->disk_tier_bytes(), 500u);
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(*read_file(*files_, "/d/engine/shard-0/" + std::to_string(i) + ".sst"),
              bytes_of(150));
    EXPECT_LE(files_->disk_tier_bytes(), 500u);
  }
  size_t local_bytes = 0;
  for (const char* folder : {"/d/engine/shard-0", "/d/object-cache"}) {
    const auto names = local_.list(folder).value();
    for (const auto& name : names) {
      local_bytes += read_file(local_, join_path(folder, name))->size();
    }
  }
  EXPECT_LE(local_bytes, 500u);
}

TEST_F(TieredFileSystemTest, LeavesRoomOnTheDiskForOthers) {
  files_.reset();
  auto opened = TieredFileSystem::open(
      local_, store_, {.root = "/d", .disk_bytes_max = 1'000'000, .disk_free_bytes_min = 500});
  ASSERT_TRUE(opened);
  files_ = std::move(*opened);
  local_.set_capacity_bytes(2'000);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(write("/d/engine/shard-0/" + std::to_string(i) + ".sst", bytes_of(150)));
    EXPECT_GE(*local_.free_bytes("/d"), 350u);
  }
  EXPECT_GT(files_->disk_tier_bytes(), 500u);
}

TEST_F(TieredFileSystemTest, ReadsOnWhenItsCopyGoesWhileTheFileIsOpen) {
  open_files(200);
  ASSERT_TRUE(write(path_, bytes_of(150)));
  const auto file = files_->open(path_, Mode::kRead).value();
  EXPECT_EQ(file->read_at(0, 10)->size(), 10u);
  ASSERT_TRUE(write("/d/engine/shard-0/8.sst", bytes_of(180)));
  EXPECT_EQ(*file->read_at(0, 150), bytes_of(150));
}

TEST_F(TieredFileSystemTest, SaysThatTheStoreIsAwayAndNeverThatAFileIsMissing) {
  ASSERT_TRUE(write(path_, bytes_of(300)));
  lose_disk();
  store_.set_away(true);
  const auto read = read_file(*files_, path_);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kIo);
  const auto unknown = files_->exists("/d/engine/shard-0/9.sst");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kIo);
  const auto written = write("/d/engine/shard-0/9.sst", "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  store_.set_away(false);
  EXPECT_EQ(*read_file(*files_, path_), bytes_of(300));
  store_.lose("engine/shard-0/7.sst");
  lose_disk();
  EXPECT_EQ(read_file(*files_, path_).error().code, ErrorCode::kNotFound);
}

TEST_F(TieredFileSystemTest, FindsWhatALateListingLacks) {
  ASSERT_TRUE(write(path_, "rows"));
  files_.reset();
  ASSERT_TRUE(local_.remove(path_));
  store_.set_list_lag(1);
  open_files();
  EXPECT_TRUE(*files_->exists(path_));
  EXPECT_EQ(*read_file(*files_, path_), "rows");
}

TEST_F(TieredFileSystemTest, UploadsWhatADirectoryHeldBefore) {
  files_.reset();
  ASSERT_TRUE(write_to(local_, path_, "old rows"));
  open_files();
  EXPECT_EQ(*read_object(store_, "engine/shard-0/7.sst"), "old rows");
  lose_disk();
  EXPECT_EQ(*read_file(*files_, path_), "old rows");
}

TEST_F(TieredFileSystemTest, DeletesAnObjectOnlyWhenItIsTold) {
  ASSERT_TRUE(write(path_, "rows"));
  ASSERT_TRUE(files_->remove(path_));
  EXPECT_FALSE(*files_->exists(path_));
  EXPECT_EQ(files_->list("/d/engine/shard-0")->size(), 0u);
  EXPECT_EQ(store_.object_count(), 1u);
  store_.set_away(true);
  EXPECT_FALSE(files_->delete_removed(files_->removed_objects()));
  store_.set_away(false);
  EXPECT_EQ(files_->removed_objects(), std::vector<std::string>{"engine/shard-0/7.sst"});
  EXPECT_TRUE(files_->delete_removed(files_->removed_objects()));
  EXPECT_EQ(store_.object_count(), 0u);
  EXPECT_TRUE(files_->removed_objects().empty());
}

TEST_F(TieredFileSystemTest, SetsFilesAsideWithinTheStore) {
  ASSERT_TRUE(write(path_, "rows"));
  ASSERT_TRUE(files_->rename(path_, path_ + ".orphan"));
  EXPECT_FALSE(*files_->exists(path_));
  lose_disk();
  EXPECT_EQ(*read_file(*files_, path_ + ".orphan"), "rows");
}

TEST_F(TieredFileSystemTest, GoesOnWithoutCopiesWhenTheDiskIsFull) {
  ASSERT_TRUE(write(path_, bytes_of(300)));
  lose_disk();
  local_.set_capacity_bytes(0);
  EXPECT_EQ(*read_file(*files_, path_), bytes_of(300));
  EXPECT_EQ(*read_file(*files_, path_), bytes_of(300));
  EXPECT_EQ(files_->disk_tier_bytes(), 0u);
  // Small reads do not cost a block each.
  EXPECT_EQ(store_.bytes_read(), 300u);
}

TEST_F(TieredFileSystemTest, MakesItsFolderAgainWhenSomebodyRemovedIt) {
  ASSERT_TRUE(write(path_, bytes_of(300)));
  lose_disk();
  ASSERT_TRUE(local_.remove("/d/object-cache"));
  EXPECT_EQ(*read_file(*files_, path_), bytes_of(300));
  EXPECT_GT(files_->disk_tier_bytes(), 300u);
}

TEST_F(TieredFileSystemTest, FetchesABlockOnceForManyThreads) {
  const std::string bytes = bytes_of(1'000);
  ASSERT_TRUE(write(path_, bytes));
  lose_disk();
  {
    std::vector<Thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back("reader", [&] { EXPECT_EQ(*read_file(*files_, path_), bytes); });
    }
  }
  EXPECT_EQ(store_.bytes_read(), 1'000u);
}

// Uploads go on beside their writer.
class UploadTest : public TieredFileSystemTest {
 protected:
  UploadTest() {
    files_.reset();
    auto opened = TieredFileSystem::open(
        local_, store_,
        {.root = "/d", .disk_bytes_max = 1 << 20, .block_bytes = 100, .upload_threads = 3});
    EXPECT_TRUE(opened);
    files_ = std::move(*opened);
  }
  // Without the sync that waits.
  Result<void> begin(const std::string& path, const std::string& bytes) {
    {
      const auto file = TRY(files_->open(path + ".tmp", Mode::kCreate));
      TRY_VOID(file->write_at(0, bytes));
      TRY_VOID(file->sync());
    }
    return files_->rename(path + ".tmp", path);
  }
  void hold_uploads() {
    store_.on_change([this]() -> Result<void> {
      std::unique_lock lock(mutex_);
      released_.wait(lock, [this] { return !is_held_; });
      return {};
    });
  }
  void release_uploads() {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    released_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable released_;
  bool is_held_ = true;
};

TEST_F(UploadTest, AreReadMeanwhileAndWaitedForByTheSync) {
  hold_uploads();
  for (int i = 0; i < 20; ++i) {
    const std::string path = "/d/engine/shard-0/" + std::to_string(i) + ".sst";
    ASSERT_TRUE(begin(path, bytes_of(100 + static_cast<size_t>(i))));
    EXPECT_TRUE(*files_->exists(path));
    EXPECT_EQ(*read_file(*files_, path), bytes_of(100 + static_cast<size_t>(i)));
  }
  EXPECT_EQ(files_->list("/d/engine/shard-0")->size(), 20u);
  EXPECT_EQ(store_.object_count(), 0u);
  EXPECT_TRUE(files_->sync_directory("/d/engine")) << "another folder";
  release_uploads();
  ASSERT_TRUE(files_->sync_directory("/d/engine/shard-0"));
  EXPECT_EQ(store_.object_count(), 20u);
  EXPECT_EQ(*read_file(*files_, "/d/engine/shard-0/7.sst"), bytes_of(107));
}

TEST_F(UploadTest, ThatFailedFailTheSyncUntilTheirFilesAreRemoved) {
  store_.set_away(true);
  ASSERT_TRUE(begin(path_, "rows"));
  const auto synced = files_->sync_directory("/d/engine/shard-0");
  ASSERT_FALSE(synced);
  EXPECT_EQ(synced.error().code, ErrorCode::kIo);
  EXPECT_EQ(*read_file(*files_, path_), "rows");
  EXPECT_FALSE(files_->sync_directory("/d/engine/shard-0")) << "whoever asks";
  store_.set_away(false);
  ASSERT_TRUE(files_->remove(path_));
  EXPECT_FALSE(*files_->exists(path_));
  EXPECT_FALSE(*local_.exists(path_));
  ASSERT_TRUE(begin("/d/engine/shard-0/8.sst", "again"));
  EXPECT_TRUE(files_->sync_directory("/d/engine/shard-0"));
  EXPECT_EQ(store_.object_count(), 1u);
}

TEST_F(UploadTest, OfFilesThatAreRemovedMeanwhileLeaveNothing) {
  hold_uploads();
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(begin("/d/engine/shard-0/" + std::to_string(i) + ".sst", "rows"));
  }
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(files_->remove("/d/engine/shard-0/" + std::to_string(i) + ".sst"));
  }
  EXPECT_TRUE(files_->list("/d/engine/shard-0")->empty());
  release_uploads();
  while (files_->removed_objects().size() < 8) std::this_thread::yield();
  ASSERT_TRUE(files_->delete_removed(files_->removed_objects()));
  EXPECT_EQ(store_.object_count(), 0u);
  while (!local_.list("/d/engine/shard-0")->empty()) std::this_thread::yield();
  EXPECT_EQ(files_->disk_tier_bytes(), 0u);
}

TEST_F(TieredFileSystemTest, ChangesNothingOnceItMayNot) {
  files_.reset();
  auto opened = TieredFileSystem::open(
      local_, store_, {.root = "/d", .may_change = [] {
        return fail(ErrorCode::kForbidden, "the prefix belongs to somebody else");
      }});
  ASSERT_TRUE(opened);
  files_ = std::move(*opened);
  const auto written = write(path_, "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  EXPECT_EQ(store_.object_count(), 0u);
}

}  // namespace
}  // namespace varve
