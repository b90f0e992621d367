// SPDX-License-Identifier: Apache-2.0
#include "auth/password.h"

#include <gtest/gtest.h>

namespace varve::auth {
namespace {

TEST(Password, IsVerifiedByItsHashAndNotToBeFoundInIt) {
  SeededRandom random(1);
  const auto hash = hash_password("Adm1n-pw", random);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_EQ(hash->find("Adm1n"), std::string::npos);
  EXPECT_TRUE(verify_password("Adm1n-pw", *hash));
  EXPECT_FALSE(verify_password("adm1n-pw", *hash));
  EXPECT_FALSE(verify_password("", *hash));
}

TEST(Password, HasASaltOfItsOwn) {
  SeededRandom random(1);
  EXPECT_NE(*hash_password("a", random), *hash_password("a", random));
}

TEST(Password, MayBeEmptyAndHoldAnyBytes) {
  SeededRandom random(1);
  for (const std::string& password : {std::string(), std::string("a\0b", 3), std::string("\xff")}) {
    const auto hash = hash_password(password, random);
    ASSERT_TRUE(hash);
    EXPECT_TRUE(verify_password(password, *hash));
    EXPECT_FALSE(verify_password(password + "x", *hash));
  }
  EXPECT_EQ(hash_password(std::string(65'537, 'a'), random).error().code, ErrorCode::kTooLarge);
}

TEST(Password, IsNotVerifiedByNonsense) {
  for (const char* nonsense : {"", "x", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA",
                                     "$argon2id$v=19$m=19456,t=2,p=1$AAAA"}) {
    EXPECT_FALSE(verify_password("x", nonsense)) << nonsense;
  }
}

}  // namespace
}  // namespace varve::auth
