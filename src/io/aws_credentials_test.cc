// SPDX-License-Identifier: Apache-2.0
#include "io/aws_credentials.h"

#include <gtest/gtest.h>

#include <map>

#include "io/simulated_file_system.h"

namespace varve {
namespace {

EnvironmentLookup environment(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

constexpr std::string_view kFile =
    "# keys\n[default]\naws_access_key_id = a\r\naws_secret_access_key=s/+=\n\n"
    "[ other ]\naws_access_key_id=b\naws_secret_access_key = t\naws_session_token = u\n[empty]\n";

TEST(AwsCredentialsTest, AreTakenFromTheEnvironmentFirst) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/home/.aws"));
  ASSERT_TRUE(write_file_atomically(files, "/home/.aws/credentials", kFile));
  const auto found = find_aws_credentials(
      files, environment({{"AWS_ACCESS_KEY_ID", "x"}, {"AWS_SECRET_ACCESS_KEY", "y"},
                          {"AWS_SESSION_TOKEN", "z"}, {"HOME", "/home"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key, "x");
  EXPECT_EQ(found->secret_key, "y");
  EXPECT_EQ(found->session_token, "z");
}

TEST(AwsCredentialsTest, AreTakenFromTheProfileOfTheFileElse) {
  SimulatedFileSystem files;
  ASSERT_TRUE(files.create_directories("/home/.aws"));
  ASSERT_TRUE(write_file_atomically(files, "/home/.aws/credentials", kFile));
  EXPECT_EQ(find_aws_credentials(files, environment({{"HOME", "/home"}}))->secret_key, "s/+=");
  const auto other = find_aws_credentials(
      files, environment({{"AWS_SHARED_CREDENTIALS_FILE", "/home/.aws/credentials"},
                          {"AWS_PROFILE", "other"}}));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->access_key, "b");
  EXPECT_EQ(other->session_token, "u");
}

TEST(AwsCredentialsTest, ThatAreNowhereAreMissedByName) {
  SimulatedFileSystem files;
  const auto none = find_aws_credentials(files, environment({}));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_NE(none.error().message.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_FALSE(parse_aws_credentials(kFile, "empty"));
}

}  // namespace
}  // namespace varve
