// SPDX-License-Identifier: Apache-2.0
#include "auth/credentials.h"

#include <gtest/gtest.h>

#include "auth/base64.h"

namespace varve::auth {
namespace {

TEST(Base64, ReadsWhatItWrites) {
  const auto is = [](std::string_view bytes, std::string_view text) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text, Base64::kStandard), bytes);
  };
  is("", "");
  is("f", "Zg==");
  is("fo", "Zm8=");
  is("foo", "Zm9v");
  is("foob", "Zm9vYg==");
  is("\xff\xfe\xfd", "//79");
  EXPECT_EQ(base64_decode("__79", Base64::kUrl), "\xff\xfe\xfd");
  EXPECT_EQ(base64_decode("Zm8", Base64::kUrl), "fo");
  EXPECT_EQ(base64_decode("Zm\r\n9v", Base64::kStandard), "foo");
}

TEST(Base64, RefusesWhatIsNotExactlyOfItsForm) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "=", "Zm8=Zm8=", "Zm9v=", "Zm_v"}) {
    EXPECT_FALSE(base64_decode(text, Base64::kStandard)) << text;
  }
  for (const char* text : {"Z", "Zg==", "Zm/v", "Zm9v\n"}) {
    EXPECT_FALSE(base64_decode(text, Base64::kUrl)) << text;
  }
}

TEST(Authorization, SaysWhoSomebodyClaimsToBe) {
  const auto says = [](std::string_view header, std::string_view user, std::string_view password) {
    const auto found = parse_authorization(header);
    EXPECT_EQ(found.kind, Credentials::Kind::kPassword) << header;
    EXPECT_EQ(found.user, user) << header;
    EXPECT_EQ(found.password, password) << header;
  };
  says("Basic Ym9iOnB3", "bob", "pw");
  says("bAsIc Ym9iOnB3", "bob", "pw");
  says("Basic Ym9iOg==", "bob", "");
  says("Basic OnB3", "", "pw");
  says("Basic Ym9iOmE6Yg==", "bob", "a:b");
  says("Token bob:p:w", "bob", "p:w");
  const auto bearer = parse_authorization("Bearer a.b.c");
  EXPECT_EQ(bearer.kind, Credentials::Kind::kBearer);
  EXPECT_EQ(bearer.token, "a.b.c");
}

TEST(Authorization, IsNothingWhenItMakesNoSense) {
  for (const char* header :
       {"", " ", "Basic", "Basic ", "Basic ???", "Basic Ym9i", "Basic Ym9iOnB3 x", "Digest a",
        "Token bob", "Token bob:pw x", "token bob:pw", "bearer a.b.c", "Bearer a b", "Bearer"}) {
    EXPECT_EQ(parse_authorization(header).kind, Credentials::Kind::kNone) << header;
  }
}

}  // namespace
}  // namespace varve::auth
