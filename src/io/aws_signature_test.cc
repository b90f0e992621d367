// SPDX-License-Identifier: Apache-2.0
#include "io/aws_signature.h"

#include <gtest/gtest.h>

namespace varve {
namespace {

// The examples that Amazon publishes for S3: 2013-05-24T00:00:00Z, us-east-1.
constexpr int64_t kNowNs = 1'369'353'600'000'000'000;
const AwsCredentials kCredentials{.access_key = "AKIAIOSFODNN7EXAMPLE",
                                  .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                  .session_token = ""};

std::string header(const AwsSigned& answer, std::string_view wanted) {
  for (const auto& [name, value] : answer.headers) {
    if (name == wanted) return value;
  }
  return "";
}

std::string signature_of(AwsRequest request) {
  request.headers.emplace_back("host", "examplebucket.s3.amazonaws.com");
  const std::string text = header(
      sign_aws_request(std::move(request), kCredentials, "us-east-1", kNowNs), "authorization");
  return text.substr(text.rfind('=') + 1);
}

TEST(AwsSignature, IsTheOneOfThePublishedExamples) {
  EXPECT_EQ(signature_of({.path = "/test.txt", .headers = {{"range", "bytes=0-9"}}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(signature_of({.method = "PUT",
                          .path = "/test$file.text",
                          .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                      {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                          .body = "Welcome to Amazon S3."}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(signature_of({.query = {{"lifecycle", ""}}}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature_of({.query = {{"prefix", "J"}, {"max-keys", "2"}}}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignature, EncodesPathAndQueryForTheWire) {
  const auto answer = sign_aws_request({.path = "/a b/ü.sst", .query = {{"q", "x/y z"}}},
                                       kCredentials, "us-east-1", kNowNs);
  EXPECT_EQ(answer.target, "/a%20b/%C3%BC.sst?q=x%2Fy%20z");
}

TEST(AwsSignature, SignsTheTokenOfTemporaryCredentials) {
  AwsCredentials credentials = kCredentials;
  credentials.session_token = "token";
  const auto answer = sign_aws_request({}, credentials, "us-east-1", kNowNs);
  EXPECT_EQ(header(answer, "x-amz-security-token"), "token");
  EXPECT_NE(header(answer, "authorization").find("x-amz-security-token"), std::string::npos);
}

}  // namespace
}  // namespace varve
