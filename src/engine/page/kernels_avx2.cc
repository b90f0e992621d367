// SPDX-License-Identifier: Apache-2.0
// Kernels for AVX2 and FMA. What they leave out is the portable path's.
#include "engine/page/kernels.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace varve::engine::page {

#if defined(__x86_64__)
#define VARVE_AVX2 __attribute__((target("avx2,fma,bmi2,popcnt")))
#define VARVE_AVX2_INLINE __attribute__((target("avx2,fma,bmi2,popcnt"), always_inline)) inline
namespace {

/// kExpand[mask][lane]: which of the next words lane `lane` takes when the lanes of `mask` take
/// one.
constexpr std::array<std::array<uint8_t, 8>, 256> make_expand() {
  std::array<std::array<uint8_t, 8>, 256> expand{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    uint8_t word = 0;
    for (unsigned lane = 0; lane < 8; ++lane) {
      expand[mask][lane] = word;
      if ((mask >> lane & 1) != 0) ++word;
      if (word == 8) word = 7;
    }
  }
  return expand;
}
alignas(64) constexpr auto kExpand = make_expand();

struct Round {
  const int* table;
  __m256i place_mask;
  int probability_bits;
};

VARVE_AVX2_INLINE __m256i step(__m256i& states, const Round& round) {
  const __m256i entries =
      _mm256_i32gather_epi32(round.table, _mm256_and_si256(states, round.place_mask), 4);
  const __m256i frequencies =
      _mm256_add_epi32(_mm256_and_si256(_mm256_srli_epi32(entries, 8), _mm256_set1_epi32(0xfff)),
                       _mm256_set1_epi32(1));
  states = _mm256_add_epi32(
      _mm256_mullo_epi32(frequencies, _mm256_srli_epi32(states, round.probability_bits)),
      _mm256_srli_epi32(entries, 20));
  return _mm256_and_si256(entries, _mm256_set1_epi32(0xff));
}

/// Gives the lanes that ran low their next words, in the order of lanes. Reads 16 bytes.
VARVE_AVX2_INLINE const uint8_t* refill(__m256i& states, const uint8_t* next) {
  const __m256i due = _mm256_cmpeq_epi32(_mm256_srli_epi32(states, 16), _mm256_setzero_si256());
  const auto mask = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(due)));
  const __m256i order =
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(kExpand[mask].data())));
  const __m256i words = _mm256_permutevar8x32_epi32(
      _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(next))), order);
  states = _mm256_blendv_epi8(states, _mm256_or_si256(_mm256_slli_epi32(states, 16), words), due);
  return next + 2 * static_cast<unsigned>(__builtin_popcount(mask));
}

template <size_t Vectors>
VARVE_AVX2_INLINE void put_symbols(const __m256i* symbols, uint8_t* out) {
  if constexpr (Vectors == 4) {
    const __m256i pairs = _mm256_packus_epi16(_mm256_packus_epi32(symbols[0], symbols[1]),
                                              _mm256_packus_epi32(symbols[2], symbols[3]));
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(out),
        _mm256_permutevar8x32_epi32(pairs, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
  } else {
    const __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128(symbols[0]),
                                            _mm256_extracti128_si256(symbols[0], 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(halves, halves));
  }
}

template <size_t Vectors>
VARVE_AVX2_INLINE bool symbols_of(LaneReader& lanes, size_t count, uint8_t* out) {
  constexpr size_t kLanes = Vectors * 8;
  const Round round{
      .table = reinterpret_cast<const int*>(lanes.table),
      .place_mask = _mm256_set1_epi32(static_cast<int>((1u << lanes.probability_bits) - 1)),
      .probability_bits = static_cast<int>(lanes.probability_bits)};
  __m256i states[Vectors];
  for (size_t one = 0; one < Vectors; ++one) {
    states[one] = _mm256_load_si256(reinterpret_cast<const __m256i*>(lanes.states + one * 8));
  }
  const uint8_t* next = lanes.next;
  bool is_enough = true;
  for (size_t index = 0; index < count && is_enough; index += kLanes) {
    __m256i found[Vectors];
    for (size_t one = 0; one < Vectors; ++one) found[one] = step(states[one], round);
    put_symbols<Vectors>(found, out + index);
    const auto left_bytes = static_cast<size_t>(lanes.end - next);
    if (left_bytes >= kLanes * 2) [[likely]] {
      for (size_t one = 0; one < Vectors; ++one) next = refill(states[one], next);
      continue;
    }
    uint8_t last_words[kLanes * 2] = {};
    __builtin_memcpy(last_words, next, left_bytes);
    const uint8_t* used = last_words;
    for (size_t one = 0; one < Vectors; ++one) used = refill(states[one], used);
    const auto used_bytes = static_cast<size_t>(used - last_words);
    is_enough = used_bytes <= left_bytes;
    next += used_bytes <= left_bytes ? used_bytes : left_bytes;
  }
  for (size_t one = 0; one < Vectors; ++one) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes.states + one * 8), states[one]);
  }
  lanes.next = next;
  return is_enough;
}

VARVE_AVX2 bool symbols(LaneReader& lanes, size_t count, uint8_t* out) {
  return lanes.lane_count == kLanesMany ? symbols_of<4>(lanes, count, out)
                                        : symbols_of<1>(lanes, count, out);
}

/// int64_t to double for the whole range, correctly rounded: the upper 48 and the lower 16 bits
/// become doubles by writing them into the mantissas of 3·2^67 and 2^52; one addition rounds.
VARVE_AVX2_INLINE __m256d to_double(__m256i values) {
  const __m256d high_magic = _mm256_set1_pd(442721857769029238784.0);
  const __m256d both_magic = _mm256_set1_pd(442726361368656609280.0);
  const __m256d low_magic = _mm256_set1_pd(4503599627370496.0);
  const __m256i high = _mm256_add_epi64(
      _mm256_blend_epi16(_mm256_srai_epi32(values, 16), _mm256_setzero_si256(), 0x33),
      _mm256_castpd_si256(high_magic));
  const __m256i low = _mm256_blend_epi16(values, _mm256_castpd_si256(low_magic), 0x88);
  return _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), both_magic),
                       _mm256_castsi256_pd(low));
}

/// As the AVX-512 path divides; the proof stands there.
VARVE_AVX2 void to_decimal(void* values, size_t count, double power) {
  auto* cells = static_cast<char*>(values);
  const __m256d powers = _mm256_set1_pd(power);
  const __m256d reciprocals = _mm256_set1_pd(1 / power);
  size_t index = 0;
  for (; index + 4 <= count; index += 4) {
    auto* cell = reinterpret_cast<__m256i*>(cells + index * 8);
    const __m256d scaled = to_double(_mm256_loadu_si256(cell));
    const __m256d q0 = _mm256_mul_pd(scaled, reciprocals);
    const __m256d rest = _mm256_fnmadd_pd(q0, powers, scaled);
    _mm256_storeu_pd(reinterpret_cast<double*>(cell), _mm256_fmadd_pd(rest, reciprocals, q0));
  }
  kPortableKernels.to_decimal(cells + index * 8, count - index, power);
}

/// Fields of at most 25 bits, eight at a time.
VARVE_AVX2 size_t unpack_by_32(const uint8_t* bytes, size_t size_bytes, size_t count,
                               unsigned width, uint32_t* out) {
  const size_t reach = ((7 * size_t{width}) >> 3) + 4;
  if (size_bytes < reach) return 0;
  alignas(32) uint32_t places[8], shifts[8];
  for (unsigned field = 0; field < 8; ++field) {
    places[field] = (field * width) >> 3;
    shifts[field] = (field * width) & 7;
  }
  const __m256i place = _mm256_load_si256(reinterpret_cast<const __m256i*>(places));
  const __m256i shift = _mm256_load_si256(reinterpret_cast<const __m256i*>(shifts));
  const __m256i mask = _mm256_set1_epi32(static_cast<int>((1u << width) - 1));
  const size_t readable = (size_bytes - reach) / width + 1;
  const size_t groups = readable < count / 8 ? readable : count / 8;
  for (size_t one = 0; one < groups; ++one, bytes += width) {
    const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(bytes), place, 1);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + one * 8),
                        _mm256_and_si256(_mm256_srlv_epi32(words, shift), mask));
  }
  return groups * 8;
}

void unpack_u32(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width,
                uint32_t* out) {
  if (width > 25) {
    kPortableKernels.unpack_u32(bytes, size_bytes, count, width, out);
    return;
  }
  size_t index = unpack_by_32(bytes, size_bytes, count, width, out);
  for (; index < count; ++index) {
    out[index] = static_cast<uint32_t>(unpack_one(bytes, size_bytes, index, width));
  }
}

}  // namespace

const Kernels* avx2_kernels() {
  static const Kernels* const found = []() -> const Kernels* {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt")) {
      return nullptr;
    }
    static Kernels made = kPortableKernels;
    made.unpack_u32 = unpack_u32;
    made.symbols = symbols;
    made.to_decimal = to_decimal;
    return &made;
  }();
  return found;
}

#else

const Kernels* avx2_kernels() { return nullptr; }

#endif

}  // namespace varve::engine::page
