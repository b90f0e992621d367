// SPDX-License-Identifier: Apache-2.0
// The inner loops of reading pages, once for every processor and once more where wider registers
// are at hand. All paths give the same values for the same bytes, also for damaged ones.
// Threads: safe anywhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace varve::engine::page {

/// Values are decoded in blocks of this many, so that what passes between two loops stays in the
/// nearest cache.
inline constexpr size_t kBlockValues = 1024;

/// Most lanes that an entropy-coded plane has; the other count is kLanesFew.
inline constexpr size_t kLanesMany = 32;
inline constexpr size_t kLanesFew = 8;
/// A lane's state lies in [kLaneStateMin, 2^32); every lane ends with kLaneStateMin.
inline constexpr uint32_t kLaneStateMin = 1u << 16;

/// Where decoding of an entropy-coded plane stands.
struct LaneReader {
  alignas(64) uint32_t states[kLanesMany];
  size_t lane_count = 0;
  /// By the low bits of a state: symbol | (frequency − 1) << 8 | place within the symbol << 20.
  const uint32_t* table = nullptr;
  uint32_t probability_bits = 0;
  const uint8_t* next = nullptr;  ///< 16-bit little-endian words.
  const uint8_t* end = nullptr;
};

/// What encoding a plane needs to know of each symbol, and where its 32 lanes stand.
struct LaneWriter {
  alignas(64) uint32_t states[kLanesMany];
  alignas(64) double reciprocals[256];  ///< 1 / frequency.
  alignas(64) uint32_t parts[256];      ///< frequency | where its parts begin << 16.
  uint32_t probability_bits = 0;
};

/// The line that residuals are added to: with every value `value` grows by `slope`; all wraps.
struct Line {
  uint64_t value = 0;
  uint64_t slope = 0;
};

struct Kernels {
  /// Little-endian bit fields of `width` bits, the first at bit 0 of `bytes`. Reads nothing
  /// outside `size_bytes`, which must hold `count` fields. width: 1 to 32.
  void (*unpack_u32)(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width,
                     uint32_t* out);
  /// width: 1 to 56, and 64.
  void (*unpack_u64)(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width,
                     uint64_t* out);

  /// Encodes symbols, the last one first, in whole rounds over 32 lanes; their words end at `end`.
  /// Gives where they begin, at most `count` before. Null where it would not be faster.
  uint16_t* (*put_lanes)(LaneWriter& lanes, const uint8_t* symbols, size_t count, uint16_t* end);

  /// The next symbols, whole rounds over all lanes: `count` is a multiple of the lane count.
  /// False when the words end early.
  bool (*symbols)(LaneReader& lanes, size_t count, uint8_t* out);

  /// out[i] = line + residuals[i], the line moving on before each value.
  void (*add_line_u8)(const uint8_t* residuals, size_t count, Line& line, int64_t* out);
  void (*add_line_u32)(const uint32_t* residuals, size_t count, Line& line, int64_t* out);
  void (*add_line_u64)(const uint64_t* residuals, size_t count, Line& line, int64_t* out);
  /// The same, and every residual stays in the line.
  void (*sum_u8)(const uint8_t* residuals, size_t count, Line& line, int64_t* out);
  void (*sum_u32)(const uint32_t* residuals, size_t count, Line& line, int64_t* out);
  void (*sum_u64)(const uint64_t* residuals, size_t count, Line& line, int64_t* out);

  /// In place: the 8 bytes of an int64_t become those of double(it) / power, correctly rounded.
  /// power: 10^0 to 10^15.
  void (*to_decimal)(void* values, size_t count, double power);

  /// symbols(), then sum_u8() and, with a power above 0, to_decimal() in one; 32 lanes. Null where
  /// it would not be faster.
  bool (*sum_symbols)(LaneReader& lanes, size_t count, Line& line, double power, void* out);
};

enum class Simd : uint8_t { kPortable, kAvx2, kAvx512 };

/// Null when this processor or build cannot.
const Kernels* kernels_of(Simd simd);

/// The widest that this processor has; VARVE_SIMD=portable|avx2|avx512 in the environment at the
/// first call asks for another.
const Kernels& kernels();

/// For tests and benchmarks: from now on kernels() gives these. False when there are none.
bool use_simd(Simd simd);

// The implementations; the wider ones are null outside x86-64.
extern const Kernels kPortableKernels;
const Kernels* avx2_kernels();
const Kernels* avx512_kernels();

// Parts that the wider kernels share for the ends of their input.

inline uint64_t load_le(const uint8_t* bytes, size_t size_bytes) {
  uint64_t word = 0;
  __builtin_memcpy(&word, bytes, size_bytes);
  return word;
}

/// Field `index` of fields of `width` bits, by a load that stays inside `size_bytes`.
inline uint64_t unpack_one(const uint8_t* bytes, size_t size_bytes, size_t index, unsigned width) {
  const size_t bit = index * width;
  const size_t from = bit >> 3;
  const size_t left_bytes = size_bytes - from;
  const uint64_t word = load_le(bytes + from, left_bytes < 8 ? left_bytes : 8);
  if (width == 64) return word;
  return (word >> (bit & 7)) & ((uint64_t{1} << width) - 1);
}

/// How many of `count` fields an 8-byte load reads without passing the end.
inline size_t loadable(size_t size_bytes, size_t count, unsigned width) {
  if (size_bytes < 8) return 0;
  const size_t fields = ((size_bytes - 8) * 8 + 7) / width + 1;
  return fields < count ? fields : count;
}

template <class Residual>
inline void add_line_each(const Residual* residuals, size_t count, Line& line, int64_t* out) {
  uint64_t value = line.value;
  for (size_t index = 0; index < count; ++index) {
    value += line.slope;
    out[index] = static_cast<int64_t>(value + residuals[index]);
  }
  line.value = value;
}

template <class Residual>
inline void sum_each(const Residual* residuals, size_t count, Line& line, int64_t* out) {
  uint64_t value = line.value;
  for (size_t index = 0; index < count; ++index) {
    value += line.slope + residuals[index];
    out[index] = static_cast<int64_t>(value);
  }
  line.value = value;
}

}  // namespace varve::engine::page
