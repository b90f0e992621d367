// SPDX-License-Identifier: Apache-2.0
// The ways to compute one CRC32C. Callers use crc32c() of base/checksum.h, which picks; these are
// apart so that tests and benchmarks can hold them against each other.
#pragma once

#include <cstdint>
#include <string_view>

namespace varve {

/// Slicing by eight: tables only, runs anywhere.
uint32_t crc32c_portable(std::string_view bytes, uint32_t seed);

/// Whether this processor has the instruction that crc32c_instruction() needs.
bool has_crc32c_instruction();

/// Three interleaved streams of the SSE4.2 instruction. Requires has_crc32c_instruction().
uint32_t crc32c_instruction(std::string_view bytes, uint32_t seed);

}  // namespace varve
