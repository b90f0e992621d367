// SPDX-License-Identifier: Apache-2.0
// Base64 in the two alphabets of RFC 4648 that credentials come in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace varve::auth {

enum class Base64 : uint8_t {
  kStandard,  ///< "+/", padded with "=".
  kUrl,       ///< "-_", without padding.
};

std::string base64_encode(std::string_view bytes);

/// Nothing for a text that is not exactly of that form. Line ends between the digits of kStandard
/// are left out, as Go does.
std::optional<std::string> base64_decode(std::string_view text, Base64 alphabet);

}  // namespace varve::auth
