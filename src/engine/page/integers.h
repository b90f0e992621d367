// SPDX-License-Identifier: Apache-2.0
// A run of 64-bit integers as bytes: what every page comes down to. Bytes: docs/formats/page.md.
// Threads: pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace varve::engine::page {

inline constexpr size_t kIntegersMax = 8192;

enum class Coding : uint8_t {
  kFlat = 0,      ///< Every residual is 0.
  kPacked = 1,    ///< Bit fields of one width.
  kSymbols = 2,   ///< The upper 8 bits entropy coded, the lower ones packed.
  kDeflated = 3,  ///< The upper 8 bits as one zstd frame, the lower ones packed.
  kRuns = 4,      ///< Values and how often each repeats, both as integers again.
  kPlanes = 5,    ///< No residuals: byte 0 of all values, byte 1 …, as one zstd frame.
};

enum class Transform : uint8_t {
  kLine = 0,         ///< Residuals lie above a line.
  kDelta = 1,        ///< Residuals are what a step is more than the slope.
  kDeltaOfDelta = 2, ///< Residuals are what a step changes by, more than the slope.
};

/// Appends at most kIntegersMax values, in the smallest form that a bounded trial finds.
void encode_integers(std::span<const int64_t> values, std::string& out);

/// Reads `count` (≤ kIntegersMax) values into 8-byte cells. With a power above 0 the cells become
/// doubles: value / power. kCorrupt when the bytes make no sense.
Result<void> decode_integers(ByteReader& in, size_t count, void* out, double power = 0);

// Shared by the two directions.

constexpr uint8_t kCodingMask = 0x07;
constexpr unsigned kTransformShift = 3;
constexpr uint8_t kScaledFlag = 0x20;
constexpr uint8_t kExceptionsFlag = 0x40;
constexpr unsigned kPackedWidthMax = 56;  ///< And 64: a field must fit an 8-byte load.

constexpr size_t packed_bytes(size_t count, unsigned width) { return (count * width + 7) / 8; }

/// Appends the low `width` bits of each value.
void pack(std::span<const uint64_t> values, unsigned width, std::string& out);

/// One zstd frame, appended with its size before it.
void append_deflated(std::string_view bytes, std::string& out);
/// Exactly `out.size()` bytes.
Result<void> inflate(ByteReader& in, std::span<char> out);

}  // namespace varve::engine::page
