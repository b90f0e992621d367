// SPDX-License-Identifier: Apache-2.0
// Keyed digests and how secrets are compared.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/random.h"

namespace varve::auth {

using Digest256 = std::array<uint8_t, 32>;

enum class HashFunction : uint8_t { kSha256, kSha384, kSha512 };

/// HMAC of RFC 2104; as many bytes as the function has.
std::string hmac(HashFunction function, std::string_view key, std::string_view message);
Digest256 hmac_sha256(std::string_view key, std::string_view message);
Digest256 sha256(std::string_view message);
/// Equal, in a time that does not tell where they differ.
bool equals_in_constant_time(std::string_view left, std::string_view right);
std::string random_bytes(size_t count, Random& random);

}  // namespace varve::auth
