// SPDX-License-Identifier: Apache-2.0
// Numbers as text, into memory of the caller; each function returns the end of what it wrote.
#pragma once

#include <cstddef>
#include <cstdint>

namespace varve {

/// Room that the functions of the same name need, at most.
inline constexpr size_t kIntegerTextBytes = 28;
inline constexpr size_t kFloatTextBytes = 40;
inline constexpr size_t kFixedFloatTextBytes = 400;

char* write_u64(char* out, uint64_t value);
char* write_i64(char* out, int64_t value);

/// The shortest text that reads back; an exponent only below 1e-6 or from 1e21 on.
/// Source: Go, encoding/json. Requires a finite value.
char* write_float(char* out, double value);

/// The shortest text that reads back, never with an exponent; "NaN", "+Inf", "-Inf".
/// Source: Go, strconv.FormatFloat(v, 'f', -1, 64).
char* write_fixed_float(char* out, double value);

/// `value` below 10^8 as 8 digits, zeros in front.
void write_8_digits(char* out, uint32_t value);

}  // namespace varve
