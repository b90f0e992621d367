// SPDX-License-Identifier: Apache-2.0
#include "auth/password.h"

#include <argon2.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace varve::auth {
namespace {

// Source: OWASP, "Password Storage Cheat Sheet": 19 MiB, two passes, one lane.
constexpr uint32_t kPasses = 2;
constexpr uint32_t kMemoryKib = 19 * 1024;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr size_t kPasswordBytesMax = 64 * 1024;

}  // namespace

Result<std::string> hash_password(std::string_view password, Random& random) {
  if (password.size() > kPasswordBytesMax) {
    return fail(ErrorCode::kTooLarge, "the password is longer than 65536 bytes");
  }
  std::array<uint8_t, kSaltBytes> salt;
  for (size_t i = 0; i < salt.size(); i += sizeof(uint64_t)) {
    const uint64_t bytes = random.next_u64();
    std::memcpy(&salt[i], &bytes, sizeof bytes);
  }
  std::string hash(
      argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int failure =
      argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                            salt.data(), salt.size(), kHashBytes, hash.data(), hash.size());
  if (failure != ARGON2_OK) {
    return fail(ErrorCode::kInternal,
                std::string("cannot hash a password: ") + argon2_error_message(failure));
  }
  hash.resize(std::strlen(hash.c_str()));
  return hash;
}

bool verify_password(std::string_view password, const std::string& hash) {
  return password.size() <= kPasswordBytesMax &&
         argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace varve::auth
