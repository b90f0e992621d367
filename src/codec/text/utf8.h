// SPDX-License-Identifier: Apache-2.0
// UTF-8, judged as Go judges it.
#pragma once

#include <cstdint>
#include <string_view>

namespace varve {

struct DecodedRune {
  uint32_t rune = 0;
  uint32_t size_bytes = 0;  ///< Zero: the first byte does not start valid UTF-8.
};

/// The first character of a text that is not empty. Overlong forms, surrogates and what is above
/// U+10FFFF are not valid.
DecodedRune decode_rune(std::string_view text);

}  // namespace varve
