// SPDX-License-Identifier: Apache-2.0
// Kernels for AVX-512 (F, BW, DQ, VL). What they leave out is the portable or AVX2 path's.
#include "engine/page/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the deliberately undefined registers inside its own header for a mistake of ours.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#endif

namespace varve::engine::page {

#if defined(__x86_64__)
#define VARVE_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,popcnt")))
#define VARVE_AVX512_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,popcnt"), always_inline)) inline
namespace {

/// Where field i of a group begins: byte (i × width) / 8, bit (i × width) % 8.
struct GroupOfFields {
  alignas(64) uint64_t bytes[16];
  alignas(64) uint64_t shifts[16];
  explicit GroupOfFields(unsigned width) {
    for (unsigned field = 0; field < 16; ++field) {
      bytes[field] = (field * width) >> 3;
      shifts[field] = (field * width) & 7;
    }
  }
};

/// How many whole groups of `fields` a load of `load_bytes` at each field's byte may read.
size_t whole_groups(size_t size_bytes, size_t count, unsigned width, size_t fields,
                    size_t load_bytes) {
  const size_t stride = fields * width / 8;
  const size_t reach = (((fields - 1) * width) >> 3) + load_bytes;
  if (size_bytes < reach) return 0;
  const size_t readable = (size_bytes - reach) / stride + 1;
  return readable < count / fields ? readable : count / fields;
}

VARVE_AVX512 size_t unpack_by_64(const uint8_t* bytes, size_t size_bytes, size_t count,
                                 unsigned width, uint32_t* out_u32, uint64_t* out_u64) {
  const GroupOfFields group(width);
  const __m512i places = _mm512_load_si512(group.bytes);
  const __m512i shifts = _mm512_load_si512(group.shifts);
  const __m512i mask = _mm512_set1_epi64(static_cast<int64_t>((uint64_t{1} << width) - 1));
  const size_t groups = whole_groups(size_bytes, count, width, 8, 8);
  for (size_t one = 0; one < groups; ++one, bytes += width) {
    const __m512i words = _mm512_i64gather_epi64(places, bytes, 1);
    const __m512i fields = _mm512_and_si512(_mm512_srlv_epi64(words, shifts), mask);
    if (out_u64 != nullptr) {
      _mm512_storeu_si512(out_u64 + one * 8, fields);
    } else {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out_u32 + one * 8),
                          _mm512_cvtepi64_epi32(fields));
    }
  }
  return groups * 8;
}

VARVE_AVX512_INLINE __m512i narrow(const uint64_t* sixteen) {
  return _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm512_cvtepi64_epi32(_mm512_load_si512(sixteen))),
      _mm512_cvtepi64_epi32(_mm512_load_si512(sixteen + 8)), 1);
}

VARVE_AVX512 size_t unpack_by_32(const uint8_t* bytes, size_t size_bytes, size_t count,
                                 unsigned width, uint32_t* out) {
  const GroupOfFields group(width);
  const __m512i places = narrow(group.bytes);
  const __m512i shifts = narrow(group.shifts);
  const __m512i mask = _mm512_set1_epi32(static_cast<int>((1u << width) - 1));
  const size_t groups = whole_groups(size_bytes, count, width, 16, 4);
  for (size_t one = 0; one < groups; ++one, bytes += size_t{2} * width) {
    const __m512i words = _mm512_i32gather_epi32(places, bytes, 1);
    _mm512_storeu_si512(out + one * 16,
                        _mm512_and_si512(_mm512_srlv_epi32(words, shifts), mask));
  }
  return groups * 16;
}

void unpack_u32(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width,
                uint32_t* out) {
  size_t index = width <= 25
                     ? unpack_by_32(bytes, size_bytes, count, width, out)
                     : unpack_by_64(bytes, size_bytes, count, width, out, nullptr);
  for (; index < count; ++index) {
    out[index] = static_cast<uint32_t>(unpack_one(bytes, size_bytes, index, width));
  }
}

void unpack_u64(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width,
                uint64_t* out) {
  if (width == 64) {
    kPortableKernels.unpack_u64(bytes, size_bytes, count, width, out);
    return;
  }
  size_t index = unpack_by_64(bytes, size_bytes, count, width, nullptr, out);
  for (; index < count; ++index) out[index] = unpack_one(bytes, size_bytes, index, width);
}

struct Round {
  const int* table;
  __m512i place_mask;
  unsigned probability_bits;
};

/// Looks 16 lanes up and moves their states on, but for the words that are due.
VARVE_AVX512_INLINE __m512i step(__m512i& states, const Round& round) {
  const __m512i twelve_bits = _mm512_set1_epi32(0xfff);
  const __m512i entries =
      _mm512_i32gather_epi32(_mm512_and_si512(states, round.place_mask), round.table, 4);
  const __m512i frequencies = _mm512_add_epi32(
      _mm512_and_si512(_mm512_srli_epi32(entries, 8), twelve_bits), _mm512_set1_epi32(1));
  states = _mm512_add_epi32(
      _mm512_mullo_epi32(frequencies, _mm512_srli_epi32(states, round.probability_bits)),
      _mm512_srli_epi32(entries, 20));
  return _mm512_and_si512(entries, _mm512_set1_epi32(0xff));
}

/// Gives the lanes that ran low their next words, in the order of lanes. Reads 32 bytes.
VARVE_AVX512_INLINE const uint8_t* refill(__m512i& states, const uint8_t* next) {
  const __mmask16 due = _mm512_cmplt_epu32_mask(states, _mm512_set1_epi32(kLaneStateMin));
  const __m512i words = _mm512_maskz_expand_epi32(
      due, _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(next))));
  states = _mm512_mask_or_epi32(states, due, _mm512_slli_epi32(states, 16), words);
  return next + 2 * static_cast<unsigned>(__builtin_popcount(due));
}

/// Runs `take(index, symbols low, symbols high)` for each round of 32 symbols.
template <class Take>
VARVE_AVX512_INLINE bool each_round(LaneReader& lanes, size_t count, Take take) {
  const Round round{
      .table = reinterpret_cast<const int*>(lanes.table),
      .place_mask = _mm512_set1_epi32(static_cast<int>((1u << lanes.probability_bits) - 1)),
      .probability_bits = lanes.probability_bits};
  __m512i low = _mm512_load_si512(lanes.states);
  __m512i high = _mm512_load_si512(lanes.states + 16);
  const uint8_t* next = lanes.next;
  bool is_enough = true;
  for (size_t index = 0; index < count && is_enough; index += kLanesMany) {
    const __m512i symbols_low = step(low, round);
    const __m512i symbols_high = step(high, round);
    const auto left_bytes = static_cast<size_t>(lanes.end - next);
    if (left_bytes >= kLanesMany * 2) [[likely]] {
      next = refill(low, next);
      next = refill(high, next);
    } else {
      uint8_t last_words[kLanesMany * 2] = {};
      __builtin_memcpy(last_words, next, left_bytes);
      const uint8_t* used = refill(low, last_words);
      used = refill(high, used);
      const auto used_bytes = static_cast<size_t>(used - last_words);
      is_enough = used_bytes <= left_bytes;
      next += used_bytes <= left_bytes ? used_bytes : left_bytes;
    }
    take(index, symbols_low, symbols_high);
  }
  _mm512_store_si512(lanes.states, low);
  _mm512_store_si512(lanes.states + 16, high);
  lanes.next = next;
  return is_enough;
}

VARVE_AVX512 bool symbols(LaneReader& lanes, size_t count, uint8_t* out) {
  if (lanes.lane_count != kLanesMany) return avx2_kernels()->symbols(lanes, count, out);
  return each_round(lanes, count, [&](size_t index, __m512i low, __m512i high) VARVE_AVX512 {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + index), _mm512_cvtepi32_epi8(low));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + index + 16), _mm512_cvtepi32_epi8(high));
  });
}

VARVE_AVX512_INLINE __m512i running_sums(__m512i values) {
  const __m512i zero = _mm512_setzero_si512();
  values = _mm512_add_epi32(values, _mm512_alignr_epi32(values, zero, 15));
  values = _mm512_add_epi32(values, _mm512_alignr_epi32(values, zero, 14));
  values = _mm512_add_epi32(values, _mm512_alignr_epi32(values, zero, 12));
  return _mm512_add_epi32(values, _mm512_alignr_epi32(values, zero, 8));
}

/// The correctly rounded quotient without a division. With y = 1/p rounded, q0 = a·y is within two
/// units of a/p; r = a − q0·p is exact, since p has at most 35 significant bits; q0 + r·y is then
/// off by less than 2^-51 units before it is rounded. a/p lies never that close to, nor on, the
/// middle of two doubles: that would be an odd 54-bit number times 5^e, and a has 53 bits; a near
/// miss is at least 1/(2·5^15) units away. So rounding gives what dividing gives.
VARVE_AVX512_INLINE __m512d divide(__m512d a, __m512d power, __m512d reciprocal) {
  const __m512d q0 = _mm512_mul_pd(a, reciprocal);
  const __m512d rest = _mm512_fnmadd_pd(q0, power, a);
  return _mm512_fmadd_pd(rest, reciprocal, q0);
}

template <bool IsDecimal>
VARVE_AVX512_INLINE bool sum_symbols_as(LaneReader& lanes, size_t count, Line& line, double power,
                                        void* out) {
  // A block's sums of symbols fit in 32 bits; only the line needs 64.
  static_assert(kBlockValues * 255 < (uint64_t{1} << 31));
  const __m512d powers = _mm512_set1_pd(power);
  const __m512d reciprocals = _mm512_set1_pd(IsDecimal ? 1 / power : 0);
  const __m512i last_lane = _mm512_set1_epi32(15);
  const __m512i eight_on = _mm512_set1_epi64(static_cast<int64_t>(line.slope * 8));
  __m512i line_at = _mm512_add_epi64(
      _mm512_set1_epi64(static_cast<int64_t>(line.value)),
      _mm512_mullo_epi64(_mm512_set1_epi64(static_cast<int64_t>(line.slope)),
                         _mm512_set_epi64(8, 7, 6, 5, 4, 3, 2, 1)));
  __m512i carry = _mm512_setzero_si512();
  auto* cells = static_cast<char*>(out);
  const auto put = [&](__m256i sums, char* to) VARVE_AVX512 {
    const __m512i values = _mm512_add_epi64(_mm512_cvtepi32_epi64(sums), line_at);
    line_at = _mm512_add_epi64(line_at, eight_on);
    if constexpr (IsDecimal) {
      _mm512_storeu_pd(to, divide(_mm512_cvtepi64_pd(values), powers, reciprocals));
    } else {
      _mm512_storeu_si512(to, values);
    }
  };
  const bool is_enough =
      each_round(lanes, count, [&](size_t index, __m512i low, __m512i high) VARVE_AVX512 {
        char* to = cells + index * 8;
        const __m512i sums_low = _mm512_add_epi32(running_sums(low), carry);
        carry = _mm512_permutexvar_epi32(last_lane, sums_low);
        put(_mm512_castsi512_si256(sums_low), to);
        put(_mm512_extracti64x4_epi64(sums_low, 1), to + 64);
        const __m512i sums_high = _mm512_add_epi32(running_sums(high), carry);
        carry = _mm512_permutexvar_epi32(last_lane, sums_high);
        put(_mm512_castsi512_si256(sums_high), to + 128);
        put(_mm512_extracti64x4_epi64(sums_high, 1), to + 192);
      });
  line.value += line.slope * count +
                static_cast<uint32_t>(_mm_cvtsi128_si32(_mm512_castsi512_si128(carry)));
  return is_enough;
}

VARVE_AVX512 bool sum_symbols(LaneReader& lanes, size_t count, Line& line, double power,
                              void* out) {
  return power > 0 ? sum_symbols_as<true>(lanes, count, line, power, out)
                   : sum_symbols_as<false>(lanes, count, line, power, out);
}

/// One step of 16 lanes. (state + 1/2) / frequency is farther from a whole number than a product
/// of doubles can be wrong, so that its whole part is the quotient.
VARVE_AVX512_INLINE __m512i put_lanes_16(__m512i states, const uint8_t* symbols,
                                         const LaneWriter& lanes, uint16_t*& end) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(symbols));
  const __m512i places = _mm512_cvtepu8_epi32(bytes);
  const __m512i parts = _mm512_i32gather_epi32(places, lanes.parts, 4);
  const __m512i frequencies = _mm512_and_si512(parts, _mm512_set1_epi32(0xffff));
  const __m512i begins = _mm512_srli_epi32(parts, 16);
  const __m128i bits = _mm_cvtsi32_si128(static_cast<int>(lanes.probability_bits));
  const __m128i other_bits = _mm_cvtsi32_si128(static_cast<int>(32 - lanes.probability_bits));
  const __mmask16 due =
      _mm512_cmpge_epu32_mask(_mm512_srl_epi32(states, other_bits), frequencies);
  const auto due_count = static_cast<unsigned>(__builtin_popcount(due));
  end -= due_count;
  _mm256_mask_storeu_epi16(end, static_cast<__mmask16>((1u << due_count) - 1),
                           _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(due, states)));
  const __m512i kept = _mm512_mask_srli_epi32(states, due, states, 16);
  const __m512d half = _mm512_set1_pd(0.5);
  const auto quotient = [&](__m256i numbers, __m256i eight_places) VARVE_AVX512 {
    const __m512d reciprocals = _mm512_i32gather_pd(eight_places, lanes.reciprocals, 8);
    return _mm512_cvttpd_epu32(
        _mm512_mul_pd(_mm512_add_pd(_mm512_cvtepu32_pd(numbers), half), reciprocals));
  };
  const __m256i low = quotient(_mm512_castsi512_si256(kept), _mm512_castsi512_si256(places));
  const __m256i high =
      quotient(_mm512_extracti64x4_epi64(kept, 1), _mm512_extracti64x4_epi64(places, 1));
  const __m512i quotients = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  const __m512i rests = _mm512_sub_epi32(kept, _mm512_mullo_epi32(quotients, frequencies));
  return _mm512_add_epi32(_mm512_sll_epi32(quotients, bits), _mm512_add_epi32(rests, begins));
}

VARVE_AVX512 uint16_t* put_lanes(LaneWriter& lanes, const uint8_t* symbols, size_t count,
                                 uint16_t* end) {
  static_assert(kLanesMany == 32);
  __m512i low = _mm512_load_si512(lanes.states);
  __m512i high = _mm512_load_si512(lanes.states + 16);
  for (size_t index = count; index > 0; index -= kLanesMany) {
    high = put_lanes_16(high, symbols + index - 16, lanes, end);
    low = put_lanes_16(low, symbols + index - 32, lanes, end);
  }
  _mm512_store_si512(lanes.states, low);
  _mm512_store_si512(lanes.states + 16, high);
  return end;
}

VARVE_AVX512 void to_decimal(void* values, size_t count, double power) {
  auto* cells = static_cast<char*>(values);
  const __m512d powers = _mm512_set1_pd(power);
  const __m512d reciprocals = _mm512_set1_pd(1 / power);
  for (size_t index = 0; index < count; index += 8) {
    const size_t left = count - index;
    const __mmask8 lanes = left >= 8 ? 0xff : static_cast<__mmask8>((1u << left) - 1);
    const __m512d scaled =
        _mm512_cvtepi64_pd(_mm512_maskz_loadu_epi64(lanes, cells + index * 8));
    _mm512_mask_storeu_pd(cells + index * 8, lanes, divide(scaled, powers, reciprocals));
  }
}

}  // namespace

const Kernels* avx512_kernels() {
  static const Kernels* const found = []() -> const Kernels* {
    if (avx2_kernels() == nullptr || !__builtin_cpu_supports("avx512f") ||
        !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("popcnt")) {
      return nullptr;
    }
    static Kernels made = kPortableKernels;
    made.unpack_u32 = unpack_u32;
    made.unpack_u64 = unpack_u64;
    made.put_lanes = put_lanes;
    made.symbols = symbols;
    made.to_decimal = to_decimal;
    made.sum_symbols = sum_symbols;
    return &made;
  }();
  return found;
}

#else

const Kernels* avx512_kernels() { return nullptr; }

#endif

}  // namespace varve::engine::page
