// SPDX-License-Identifier: Apache-2.0
// find_key_end(): 64 bytes a step, each byte one bit of three masks.
#include <bit>
#include <cstdint>

#include "codec/line/key.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace varve::line_protocol {
namespace {

struct Masks {
  uint64_t space = 0;
  uint64_t backslash = 0;
  uint64_t newline = 0;
};

/// What the blocks so far say.
struct KeyEndState {
  uint64_t last_was_backslash = 0;
  uint64_t doubled = 0;
};

/// Adds a block; true when the key ends in it, at `offset`.
inline __attribute__((always_inline)) bool ends_in(const Masks& masks, KeyEndState& state,
                                                   unsigned& offset) {
  const uint64_t escaped = (masks.backslash << 1) | state.last_was_backslash;
  const uint64_t stops = (masks.space & ~escaped) | masks.newline;
  const uint64_t doubled = masks.backslash & escaped;
  if (stops == 0) {
    state.doubled |= doubled;
    state.last_was_backslash = masks.backslash >> 63;
    return false;
  }
  state.doubled |= doubled & ((stops & (0 - stops)) - 1);
  offset = static_cast<unsigned>(std::countr_zero(stops));
  return true;
}

inline __attribute__((always_inline)) KeyEnd key_end(const char* end, const KeyEndState& state) {
  return {.end = end, .plain = *end == ' ' && state.doubled == 0};
}

KeyEnd find_portable(const char* line) {
  bool escaped = false;
  bool doubled = false;
  const char* at = line;
  for (;; ++at) {
    if (*at == '\n' || (*at == ' ' && !escaped)) break;
    const bool backslash = *at == '\\';
    doubled |= backslash && escaped;
    escaped = backslash;
  }
  return {.end = at, .plain = *at == ' ' && !doubled};
}

#if defined(__x86_64__)

KeyEnd find_sse2(const char* line) {
  const auto space = _mm_set1_epi8(' ');
  const auto backslash = _mm_set1_epi8('\\');
  const auto newline = _mm_set1_epi8('\n');
  KeyEndState state;
  unsigned offset;
  for (const char* at = line;; at += 64) {
    Masks masks;
    for (unsigned i = 0; i < 64; i += 16) {
      const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
      const auto bits = [&](__m128i wanted) {
        return static_cast<uint64_t>(
                   static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted))))
               << i;
      };
      masks.space |= bits(space);
      masks.backslash |= bits(backslash);
      masks.newline |= bits(newline);
    }
    if (ends_in(masks, state, offset)) return key_end(at + offset, state);
  }
}

#define VARVE_BITS32(bytes, wanted) \
  static_cast<uint64_t>(            \
      static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, wanted))))

__attribute__((target("avx2"))) KeyEnd find_avx2(const char* line) {
  const auto space = _mm256_set1_epi8(' ');
  const auto backslash = _mm256_set1_epi8('\\');
  const auto newline = _mm256_set1_epi8('\n');
  KeyEndState state;
  unsigned offset;
  for (const char* at = line;; at += 64) {
    const auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32));
    const Masks masks{.space = VARVE_BITS32(low, space) | VARVE_BITS32(high, space) << 32,
                      .backslash = VARVE_BITS32(low, backslash) | VARVE_BITS32(high, backslash)
                                                                      << 32,
                      .newline = VARVE_BITS32(low, newline) | VARVE_BITS32(high, newline) << 32};
    if (ends_in(masks, state, offset)) return key_end(at + offset, state);
  }
}

#undef VARVE_BITS32

__attribute__((target("avx512f,avx512bw"))) KeyEnd find_avx512(const char* line) {
  const auto space = _mm512_set1_epi8(' ');
  const auto backslash = _mm512_set1_epi8('\\');
  const auto newline = _mm512_set1_epi8('\n');
  KeyEndState state;
  unsigned offset;
  for (const char* at = line;; at += 64) {
    const auto bytes = _mm512_loadu_si512(at);
    const Masks masks{.space = _mm512_cmpeq_epi8_mask(bytes, space),
                      .backslash = _mm512_cmpeq_epi8_mask(bytes, backslash),
                      .newline = _mm512_cmpeq_epi8_mask(bytes, newline)};
    if (ends_in(masks, state, offset)) return key_end(at + offset, state);
  }
}

#endif

FindKeyEnd widest() {
  const auto paths = key_end_paths();
  if (paths.avx512 != nullptr) return paths.avx512;
  if (paths.avx2 != nullptr) return paths.avx2;
  if (paths.sse2 != nullptr) return paths.sse2;
  return paths.portable;
}

}  // namespace

KeyEnd find_key_end(const char* line) {
  static const FindKeyEnd find = widest();
  return find(line);
}

KeyEndPaths key_end_paths() {
  KeyEndPaths paths{.portable = find_portable};
#if defined(__x86_64__)
  paths.sse2 = find_sse2;
  if (__builtin_cpu_supports("avx2")) paths.avx2 = find_avx2;
  if (__builtin_cpu_supports("avx512bw")) paths.avx512 = find_avx512;
#endif
  return paths;
}

}  // namespace varve::line_protocol
