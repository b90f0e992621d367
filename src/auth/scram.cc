// SPDX-License-Identifier: Apache-2.0
#include "auth/scram.h"

#include <openssl/evp.h>

#include <charconv>
#include <optional>

#include "auth/base64.h"
#include "auth/digest.h"
#include "base/check.h"

namespace varve::auth {
namespace {

constexpr std::string_view kScheme = "SCRAM-SHA-256$";
// Source: RFC 7677; PostgreSQL's default, too.
constexpr uint32_t kIterations = 4096;
constexpr uint32_t kIterationsMax = 1'000'000;
constexpr size_t kSaltBytes = 16;

std::string_view text_of(const Digest256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

std::string make_scram_verifier(std::string_view password, std::string_view salt,
                                uint32_t iterations) {
  Digest256 salted;
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                          reinterpret_cast<const unsigned char*>(salt.data()),
                          static_cast<int>(salt.size()), static_cast<int>(iterations),
                          EVP_sha256(), static_cast<int>(salted.size()), salted.data()) == 1);
  const Digest256 client_key = hmac_sha256(text_of(salted), "Client Key");
  const Digest256 server_key = hmac_sha256(text_of(salted), "Server Key");
  std::string verifier(kScheme);
  verifier += std::to_string(iterations) + ":" + base64_encode(salt) + "$";
  verifier += base64_encode(text_of(sha256(text_of(client_key))));
  return verifier + ":" + base64_encode(text_of(server_key));
}

std::string make_scram_verifier(std::string_view password, Random& random) {
  return make_scram_verifier(password, random_bytes(kSaltBytes, random), kIterations);
}

bool verify_scram(std::string_view password, std::string_view verifier) {
  if (!verifier.starts_with(kScheme)) return false;
  const auto rest = verifier.substr(kScheme.size());
  uint32_t iterations = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), iterations);
  if (error != std::errc() || iterations == 0 || iterations > kIterationsMax) return false;
  const auto colon = static_cast<size_t>(end - rest.data());
  const auto dollar = rest.find('$');
  if (dollar == std::string_view::npos || colon >= dollar || rest[colon] != ':') return false;
  const auto salt =
      base64_decode(rest.substr(colon + 1, dollar - colon - 1), Base64::kStandard);
  return salt && equals_in_constant_time(make_scram_verifier(password, *salt, iterations),
                                         verifier);
}

}  // namespace varve::auth
