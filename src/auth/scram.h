// SPDX-License-Identifier: Apache-2.0
// SCRAM-SHA-256: what a server keeps so that it can take part in that exchange later (RFC 5802,
// 7677), as a text of RFC 5803: "SCRAM-SHA-256$4096:salt$StoredKey:ServerKey".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/random.h"

namespace varve::auth {

/// Takes some milliseconds on purpose. The password goes in as its bytes: one that is not ASCII is
/// as its client prepares it (SASLprep).
std::string make_scram_verifier(std::string_view password, Random& random);

/// For a known salt.
std::string make_scram_verifier(std::string_view password, std::string_view salt,
                                uint32_t iterations);

/// False for another password, and for a text that is no such verifier.
bool verify_scram(std::string_view password, std::string_view verifier);

}  // namespace varve::auth
