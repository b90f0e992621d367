// SPDX-License-Identifier: Apache-2.0
// Authorization headers and bearer tokens from anybody. A token is refused unless it is signed, and
// what is signed is read as it was written.
#include <cstddef>
#include <cstdint>
#include <string>

#include "auth/base64.h"
#include "auth/credentials.h"
#include "auth/digest.h"
#include "auth/json_web_token.h"
#include "auth/scram.h"
#include "base/check.h"

namespace {

std::string without_padding(std::string text) {
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve::auth;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto credentials = parse_authorization(text);
  if (credentials.kind == Credentials::Kind::kPassword) {
    CHECK(credentials.user.find(':') == std::string::npos);
  }
  CHECK(!verify_json_web_token(credentials.token, "secret", 1'600'000'000));
  CHECK(!verify_json_web_token(text, "secret", 1'600'000'000));
  CHECK(base64_decode(base64_encode(text), Base64::kStandard) == text);
  // The same claims under a signature that fits: whatever they are, nothing breaks.
  const std::string body = without_padding(base64_encode(R"({"alg":"HS256"})")) + "." +
                           without_padding(base64_encode(text));
  static_cast<void>(verify_json_web_token(
      body + "." + without_padding(base64_encode(hmac(HashFunction::kSha256, "secret", body))),
      "secret", 1'600'000'000));
  if (size < 60) static_cast<void>(verify_scram("x", text));
  return 0;
}
