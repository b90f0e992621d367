// SPDX-License-Identifier: Apache-2.0
// Snappy's block format, as Prometheus sends and wants its bodies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve {

/// kInvalidInput when it is no snappy block; kTooLarge when more than `size_bytes_max` would come
/// out, found before anything is allocated.
Result<std::string> unsnappy(std::string_view compressed, size_t size_bytes_max);

std::string to_snappy(std::string_view plain);

}  // namespace varve
