// SPDX-License-Identifier: Apache-2.0
#include "io/bucket_file_system.h"

#include <gtest/gtest.h>

#include "io/simulated_file_system.h"
#include "io/simulated_object_store.h"

namespace varve {
namespace {

using Mode = FileSystem::OpenMode;

// What a bucket keeps belongs to the test.
class Borrowed final : public ObjectStore {
 public:
  explicit Borrowed(ObjectStore& store) : store_(store) {}
  Result<void> put(const std::string& name, std::string_view bytes) override {
    return store_.put(name, bytes);
  }
  Result<bool> put_if_absent(const std::string& name, std::string_view bytes) override {
    return store_.put_if_absent(name, bytes);
  }
  Result<void> put_file(const std::string& name, const File& file) override {
    return store_.put_file(name, file);
  }
  Result<std::string> get(const std::string& name, uint64_t offset, uint64_t size) override {
    return store_.get(name, offset, size);
  }
  Result<uint64_t> size_bytes(const std::string& name) override {
    return store_.size_bytes(name);
  }
  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override {
    return store_.list(prefix);
  }
  Result<void> remove(const std::string& name) override { return store_.remove(name); }
  Result<void> copy(const std::string& from, const std::string& to) override {
    return store_.copy(from, to);
  }
  std::string url(const std::string& name) const override { return store_.url(name); }

 private:
  ObjectStore& store_;
};

class BucketFileSystemTest : public testing::Test {
 protected:
  SimulatedFileSystem local_;
  SimulatedObjectStore bucket_;
  BucketFileSystem files_{local_, "/spool",
                          [this](const std::string&) -> Result<std::unique_ptr<ObjectStore>> {
                            return std::make_unique<Borrowed>(bucket_);
                          }};
};

TEST_F(BucketFileSystemTest, KeepsTemporaryFilesToItselfAndPutsWholeOnes) {
  ASSERT_TRUE(write_file_atomically(files_, "s3://b/x/f", "old"));
  ASSERT_TRUE(write_file_atomically(files_, "s3://b/x/f", "new bytes"));
  EXPECT_EQ(*bucket_.list(""), (std::vector<ObjectInfo>{{"x/f", 9}}));
  EXPECT_EQ(*read_file(files_, "s3://b/x/f"), "new bytes");
  EXPECT_TRUE(local_.list("/spool")->empty());
  ASSERT_TRUE(write_file_atomically(files_, "/elsewhere", "local"));
  EXPECT_EQ(*read_file(local_, "/elsewhere"), "local");
  EXPECT_EQ(bucket_.object_count(), 1u);
}

TEST_F(BucketFileSystemTest, ListsWhatStandsInAFolder) {
  EXPECT_EQ(files_.list("s3://b/x").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files_.create_directories("s3://b/x"));
  EXPECT_TRUE(files_.list("s3://b/x")->empty());
  ASSERT_TRUE(bucket_.put("x/a", "1"));
  ASSERT_TRUE(bucket_.put("x/sub/b", "2"));
  ASSERT_TRUE(bucket_.put("xy/c", "3"));
  EXPECT_EQ(*files_.list("s3://b/x/"), (std::vector<std::string>{"a", "sub"}));
  EXPECT_TRUE(*files_.exists("s3://b/x/sub"));
  EXPECT_FALSE(*files_.exists("s3://b/x/su"));
  EXPECT_EQ(files_.list("s3://b/x/a").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files_.remove("s3://b/x/a"));
  EXPECT_FALSE(*files_.exists("s3://b/x/a"));
}

TEST_F(BucketFileSystemTest, LinksByPuttingAndLocksWithinItself) {
  ASSERT_TRUE(write_file_atomically(local_, "/f", "bytes"));
  ASSERT_TRUE(files_.link("/f", "s3://b/f"));
  EXPECT_EQ(*read_file(files_, "s3://b/f"), "bytes");
  const auto held = files_.lock("s3://b/LOCK");
  ASSERT_TRUE(held);
  EXPECT_EQ(files_.lock("s3://b/LOCK").error().code, ErrorCode::kAlreadyExists);
}

TEST_F(BucketFileSystemTest, SaysWhatFailed) {
  bucket_.set_away(true);
  EXPECT_EQ(write_file_atomically(files_, "s3://b/f", "x").error().code, ErrorCode::kIo);
  EXPECT_EQ(read_file(files_, "s3://b/f").error().code, ErrorCode::kIo);
  EXPECT_EQ(files_.open("s3://b", Mode::kRead).error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(local_.list("/spool")->empty()) << "nothing is left behind";
}

}  // namespace
}  // namespace varve
