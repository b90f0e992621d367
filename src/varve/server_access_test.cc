// SPDX-License-Identifier: Apache-2.0
#include "varve/server_access.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace varve {
namespace {

TEST(ServerAccess, LogsInWithAUserOnly) {
  EXPECT_FALSE(login_headers({.url = "h"}).find("Authorization"));
  EXPECT_EQ(login_headers({.user = "bob", .password = "pw"}).find("Authorization"),
            "Basic Ym9iOnB3");
}

TEST(ServerAccess, TakesFromTheEnvironmentWhatIsNotSaid) {
  setenv("VARVE_USER", "ann", 1);
  setenv("VARVE_PASSWORD", "secret", 1);
  const auto filled = completed({});
  EXPECT_EQ(filled.user, "ann");
  EXPECT_EQ(filled.password, "secret");
  const auto said = completed({.user = "bob", .password = "pw"});
  EXPECT_EQ(said.user, "bob");
  EXPECT_EQ(said.password, "pw");
  unsetenv("VARVE_USER");
  unsetenv("VARVE_PASSWORD");
  EXPECT_EQ(completed({}).user, "");
}

TEST(ServerAccess, NamesAUrlThatIsNone) {
  EXPECT_TRUE(client_of({.url = "https://[::1]:8086"}));
  const auto refused = client_of({.url = "http://a/b"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "\"http://a/b\" is no address; write it as host:port");
}

}  // namespace
}  // namespace varve
