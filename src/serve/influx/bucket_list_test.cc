// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/bucket_list.h"

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/memory_key_value.h"

namespace varve::influx {
namespace {

class BucketList : public ::testing::Test {
 protected:
  BucketList() {
    EXPECT_TRUE(catalog_->create_database("d", {}));
    EXPECT_TRUE(catalog_->create_database("e", {}));
    PolicySpec week;
    week.name = "week";
    week.duration_ns = int64_t{7} * 86'400 * 1'000'000'000;
    EXPECT_TRUE(catalog_->create_policy("d", week));
  }
  /// The names in the answer, or the error.
  std::string names(std::string_view parameters) {
    const auto document =
        list_buckets(*catalog_->snapshot(), auth::Identity::unasked(), parse_form(parameters));
    if (!document) return "error: " + document.error().message;
    std::string out;
    constexpr std::string_view kName = "\"name\":\"";
    for (size_t at = document->find(kName); at != std::string::npos;
         at = document->find(kName, at + 1)) {
      const size_t begin = at + kName.size();
      out += (out.empty() ? "" : " ") + document->substr(begin, document->find('"', begin) - begin);
    }
    return out;
  }

  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = open_catalog(disk_.open(), {}).value();
};

TEST_F(BucketList, NamesEveryPolicyOfEveryDatabase) {
  EXPECT_EQ(names(""), "d/autogen d/week e/autogen");
  EXPECT_EQ(names("org=any&limit=2"), "d/autogen d/week");
  EXPECT_EQ(names("offset=1"), "d/week e/autogen");
  EXPECT_EQ(names("offset=9"), "");
  EXPECT_EQ(names("after=d/autogen&limit=1"), "d/week");
  EXPECT_EQ(names("limit=-1"), "d/autogen d/week e/autogen");
}

TEST_F(BucketList, FindsOneByItsNameOrId) {
  EXPECT_EQ(names("name=d/week"), "d/week");
  EXPECT_EQ(names("id=d/week"), "d/week");
  EXPECT_EQ(names("name=e"), "e/autogen");
  EXPECT_EQ(names("name=e&id=d"), "error: list buckets: name: \"e\" and id: \"d\" do not match");
  EXPECT_EQ(names("name=nix"), "error: bucket not found: \"nix\"");
  EXPECT_EQ(names("name=d/nix"), "error: bucket not found: \"d/nix\"");
  EXPECT_EQ(names("after=nix"), "error: list buckets \"after\" parameter not found: \"nix\"");
  EXPECT_EQ(names("after=d/week&offset=1"),
            "error: list buckets cannot have both \"offset\" and \"after\" arguments");
  EXPECT_EQ(names("limit=x"), "error: list buckets parameter is not an integer - limit=\"x\"");
}

TEST_F(BucketList, DescribesABucketAsInfluxDbDoes) {
  EXPECT_EQ(find_bucket(*catalog_->snapshot(), auth::Identity::unasked(), "d/week").value(),
            R"({"description":"","name":"d/week","retentionRules":[{"type":"",)"
            R"("everySeconds":604800,"shardGroupDurationSeconds":86400}],"orgId":"",)"
            R"("schemaType":"implicit","id":"d/week","type":"","rp":"week",)"
            R"("createdAt":"0001-01-01T00:00:00Z","updatedAt":"0001-01-01T00:00:00Z"})");
}

}  // namespace
}  // namespace varve::influx
