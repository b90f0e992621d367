// SPDX-License-Identifier: Apache-2.0
// Bodies with Content-Encoding: gzip.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve {

/// Decompresses all members of a gzip file. Allocates in proportion to the output, never above
/// `bytes_max` and a little. The result has spare capacity for a parser's padding.
///
/// Errors: kTooLarge above `bytes_max`; else kInvalidInput with Go's words: "gzip: invalid header",
/// "gzip: invalid checksum", "unexpected EOF" when cut off, "flate: corrupt input before offset N".
Result<std::string> gunzip(std::string_view body, size_t bytes_max);

}  // namespace varve
