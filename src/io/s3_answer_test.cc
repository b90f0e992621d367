// SPDX-License-Identifier: Apache-2.0
#include "io/s3_answer.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

TEST(S3Answer, ListsObjectsAndWhereTheNextPageBegins) {
  const auto listing = parse_s3_listing(
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b=</NextContinuationToken>"
      "<Contents><Key>p/1&lt;2&#34;.sst</Key><ETag>&quot;e&quot;</ETag><Size>12</Size></Contents>"
      "<Contents><Key>p/2</Key><Size>0</Size></Contents></ListBucketResult>");
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->objects, (std::vector<ObjectInfo>{{"p/1<2\".sst", 12}, {"p/2", 0}}));
  EXPECT_EQ(listing->next, "a&b=");
  EXPECT_TRUE(parse_s3_listing("<ListBucketResult/>")->objects.empty());
}

TEST(S3Answer, RefusesWhatIsNoListing) {
  for (const char* text :
       {"", "<html>gateway</html>", "<ListBucketResult><Contents><Key>a</Key></Contents>"
                                    "</ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>1e3</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult", "<ListBucketResult>"}) {
    EXPECT_FALSE(parse_s3_listing(text)) << text;
  }
}

TEST(S3Answer, KeepsWhatTheServiceComplainsAbout) {
  EXPECT_EQ(s3_complaint("<Error><Code>SlowDown</Code><Message>Please wait.</Message></Error>"),
            "SlowDown: Please wait.");
  EXPECT_EQ(s3_complaint("<html>bad gateway</html>"), "");
  EXPECT_EQ(xml_escape("\"a\"<b>&"), "&quot;a&quot;&lt;b&gt;&amp;");
}

}  // namespace
}  // namespace varve
