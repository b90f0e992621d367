// SPDX-License-Identifier: Apache-2.0
#include "varve/object_storage.h"

#include <gtest/gtest.h>

#include "io/simulated_file_system.h"

namespace varve {
namespace {

const ObjectStoreIdentity kIdentity{
    .id = "7bb03a5daaa928cb3289f672fd0732e2", .url = "s3://bucket/prefix/", .is_claimed = true};
const std::string kFile = "data/OBJECT_STORE";

TEST(ObjectStoreIdentity, IsKnownWhicheverBitOfItsFileFlips) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("data"));
  ASSERT_TRUE(write_object_store_identity(files, "data", kIdentity));
  const std::string bytes = *read_file(files, kFile);
  const auto is_known = [&] {
    const auto found = read_object_store_identity(files, "data");
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->id, kIdentity.id);
    EXPECT_EQ((*found)->url, kIdentity.url);
    EXPECT_TRUE((*found)->is_claimed);
  };
  for (const std::string& path : {kFile, kFile + ".copy"}) {
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = bytes;
        flipped[at] ^= static_cast<char>(1 << bit);
        ASSERT_TRUE(write_file_atomically(files, path, flipped));
        is_known();
      }
    }
    ASSERT_TRUE(files.remove(path));
    is_known();
    ASSERT_TRUE(write_object_store_identity(files, "data", kIdentity));
  }
}

TEST(ObjectStoreIdentity, IsReadAsAnEarlierVersionWroteIt) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("data"));
  ASSERT_TRUE(write_file_atomically(
      files, kFile, R"({"format": 1, "id": "a", "url": "s3://b/", "claimed": true})"));
  const auto found = read_object_store_identity(files, "data");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, "a");
  EXPECT_TRUE((*found)->is_claimed);
}

TEST(ObjectStoreIdentity, IsRefusedWhenBothFilesAreDamaged) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("data"));
  EXPECT_FALSE(read_object_store_identity(files, "data")->has_value()) << "there is none";
  for (const std::string& path : {kFile, kFile + ".copy"}) {
    ASSERT_TRUE(write_file_atomically(files, path, "{}"));
  }
  EXPECT_EQ(read_object_store_identity(files, "data").error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace varve
