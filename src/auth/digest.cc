// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace varve::auth {
namespace {

const EVP_MD* openssl_name(HashFunction function) {
  switch (function) {
    case HashFunction::kSha256: return EVP_sha256();
    case HashFunction::kSha384: return EVP_sha384();
    case HashFunction::kSha512: break;
  }
  return EVP_sha512();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string hmac(HashFunction function, std::string_view key, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size_bytes = 0;
  // An empty key is a key, but a null pointer is none.
  const void* key_bytes = key.empty() ? "" : key.data();
  CHECK(HMAC(openssl_name(function), key_bytes, static_cast<int>(key.size()), bytes_of(message),
             message.size(), digest, &size_bytes) != nullptr);
  return std::string(reinterpret_cast<const char*>(digest), size_bytes);
}

Digest256 hmac_sha256(std::string_view key, std::string_view message) {
  const std::string bytes = hmac(HashFunction::kSha256, key, message);
  Digest256 digest;
  CHECK(bytes.size() == digest.size());
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

Digest256 sha256(std::string_view message) {
  Digest256 digest;
  SHA256(bytes_of(message), message.size(), digest.data());
  return digest;
}

bool equals_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string random_bytes(size_t count, Random& random) {
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
    const uint64_t drawn = random.next_u64();
    std::memcpy(&bytes[i], &drawn, std::min(sizeof drawn, count - i));
  }
  return bytes;
}

}  // namespace varve::auth
