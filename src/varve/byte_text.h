// SPDX-License-Identifier: Apache-2.0
// Sizes and times for a person.
#pragma once

#include <cstdint>
#include <string>

namespace varve {

/// "12 bytes", "3.4 KiB", "5.6 GiB".
std::string byte_text(uint64_t size_bytes);
/// "2026-01-02T03:04:05.678Z".
std::string utc_text(int64_t time_ns);

}  // namespace varve
