// SPDX-License-Identifier: Apache-2.0
#include "auth/json_web_token.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "auth/base64.h"
#include "auth/digest.h"

namespace varve::auth {
namespace {

constexpr int64_t kNow = 1'600'000'000;

std::string url_form(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::string signed_token(std::string_view header, std::string_view claims,
                         std::string_view secret = "secret",
                         HashFunction function = HashFunction::kSha256) {
  const std::string body = url_form(header) + "." + url_form(claims);
  return body + "." + url_form(hmac(function, secret, body));
}

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view kClaims = R"({"username":"bob","exp":1600000001})";

TEST(JsonWebToken, NamesItsUserWhenItIsSignedAndInTime) {
  EXPECT_EQ(verify_json_web_token(signed_token(kHeader, kClaims), "secret", kNow), "bob");
  EXPECT_EQ(verify_json_web_token(
                signed_token(R"({"alg":"HS512"})", kClaims, "", HashFunction::kSha512), "", kNow),
            "bob");
  EXPECT_EQ(verify_json_web_token(
                signed_token(kHeader, R"({"username":"bob","exp":1.7e9,"nbf":1600000000})"),
                "secret", kNow),
            "bob");
  // Source: RFC 7515, appendix A.1: an implementation that is not ours made this signature.
  const std::string_view key =
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
  EXPECT_EQ(verify_json_web_token(
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb2"
                "90Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                *base64_decode(key, Base64::kUrl), 1'300'000'000)
                .error()
                .message,
            "username in token must be a string");
}

TEST(JsonWebToken, IsRefusedInInfluxDbsWords) {
  const auto refuses = [](const std::string& token, std::string_view message) {
    const auto name = verify_json_web_token(token, "secret", kNow);
    ASSERT_FALSE(name) << token;
    EXPECT_EQ(name.error().code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(name.error().message, message) << token;
  };
  const std::string segments =
      "token is malformed: token contains an invalid number of segments";
  refuses("", segments);
  refuses("a.b", segments);
  refuses("a.b.c.d", segments);
  refuses(std::string(100'000, '.'), segments);
  refuses("?.b.c", "token is malformed: failed to decode token header");
  refuses("abc.def.ghi", "token is malformed: failed to unmarshal token header");
  refuses(url_form("[]") + ".e30.x", "token is malformed: failed to unmarshal token header");
  refuses(url_form(kHeader) + ".?.x", "token is malformed: failed to decode token claims");
  refuses(url_form(kHeader) + ".ab.x", "token is malformed: failed to unmarshal token claims");
  refuses(signed_token("{}", kClaims),
          "token is unverifiable: signing method (alg) is unspecified.");
  refuses(signed_token(R"({"alg":"none"})", kClaims),
          "token is unverifiable: unexpected signing method");
  refuses(url_form(R"({"alg":"none"})") + "." + url_form(kClaims) + ".",
          "token is unverifiable: unexpected signing method");
  refuses(signed_token(kHeader, kClaims, "other"), "token signature is invalid");
  refuses(signed_token(kHeader, kClaims, "secret", HashFunction::kSha512),
          "token signature is invalid");
  refuses(url_form(kHeader) + "." + url_form(kClaims) + ".", "token signature is invalid");
  refuses(signed_token(kHeader, R"({"username":"bob","exp":1600000000})"), "token is expired");
  refuses(signed_token(kHeader, R"({"username":"bob","exp":1700000000,"nbf":1600000001})"),
          "token is not valid yet");
  refuses(signed_token(kHeader, R"({"username":"bob"})"), "token expiration required");
  refuses(signed_token(kHeader, R"({"username":"bob","exp":"1700000000"})"),
          "token expiration required");
  refuses(signed_token(kHeader, R"({"exp":1700000000})"), "username in token must be a string");
  refuses(signed_token(kHeader, R"({"exp":1700000000,"username":7})"),
          "username in token must be a string");
  refuses(signed_token(kHeader, R"({"exp":1700000000,"username":""})"),
          "token must contain a username");
}

}  // namespace
}  // namespace varve::auth
