// SPDX-License-Identifier: Apache-2.0
#include "engine/page/encode_loops.h"

#if defined(__GNUC__) && !defined(__clang__)
// Loops over values are worth being unrolled into vectors, which g++ does not do at -O2.
#pragma GCC optimize("O3")
#endif

namespace varve::engine::page {
namespace {

struct Loops {
  Extent (*extent)(const int64_t* values, size_t count);
  Steps (*steps)(const int64_t* values, size_t count);
  uint64_t (*sum)(const int64_t* values, size_t count);
  void (*put_steps)(const int64_t* values, size_t count, int64_t* out);
  void (*put_above)(const int64_t* values, size_t count, uint64_t low, uint64_t* out);
  void (*put_symbols)(const int64_t* values, size_t count, uint64_t low, unsigned shift,
                      uint8_t* out);
};

// The same text for each processor.
#define VARVE_ENCODE_LOOPS(NAME, ATTRIBUTE)                                                    \
  ATTRIBUTE Extent extent_##NAME(const int64_t* values, size_t count) {                        \
    int64_t least = values[0], most = values[0];                                               \
    for (size_t i = 1; i < count; ++i) {                                                       \
      least = values[i] < least ? values[i] : least;                                           \
      most = values[i] > most ? values[i] : most;                                              \
    }                                                                                          \
    return {.least = least, .most = most};                                                     \
  }                                                                                            \
  ATTRIBUTE Steps steps_##NAME(const int64_t* values, size_t count) {                          \
    if (count < 2) return {};                                                                  \
    const uint64_t first = static_cast<uint64_t>(values[1]) - static_cast<uint64_t>(values[0]); \
    uint64_t changes = 0, differs = 0;                                                         \
    for (size_t i = 1; i < count; ++i) {                                                       \
      const uint64_t step =                                                                    \
          static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(values[i - 1]);             \
      changes += step != 0 ? 1 : 0;                                                            \
      differs |= step ^ first;                                                                 \
    }                                                                                          \
    return {.changes = changes, .are_equal = differs == 0};                                    \
  }                                                                                            \
  ATTRIBUTE uint64_t sum_##NAME(const int64_t* values, size_t count) {                         \
    uint64_t sum = 0;                                                                          \
    for (size_t i = 0; i < count; ++i) sum += static_cast<uint64_t>(values[i]);                \
    return sum;                                                                                \
  }                                                                                            \
  ATTRIBUTE void put_steps_##NAME(const int64_t* values, size_t count, int64_t* out) {         \
    for (size_t i = 1; i < count; ++i) {                                                       \
      out[i - 1] = static_cast<int64_t>(static_cast<uint64_t>(values[i]) -                     \
                                        static_cast<uint64_t>(values[i - 1]));                 \
    }                                                                                          \
  }                                                                                            \
  ATTRIBUTE void put_above_##NAME(const int64_t* values, size_t count, uint64_t low,           \
                                  uint64_t* out) {                                             \
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint64_t>(values[i]) - low;        \
  }                                                                                            \
  ATTRIBUTE void put_symbols_##NAME(const int64_t* values, size_t count, uint64_t low,         \
                                    unsigned shift, uint8_t* out) {                            \
    for (size_t i = 0; i < count; ++i) {                                                       \
      out[i] = static_cast<uint8_t>((static_cast<uint64_t>(values[i]) - low) >> shift);        \
    }                                                                                          \
  }                                                                                            \
  const Loops loops_##NAME{extent_##NAME,    steps_##NAME,     sum_##NAME,                     \
                           put_steps_##NAME, put_above_##NAME, put_symbols_##NAME};

VARVE_ENCODE_LOOPS(portable, )
#if defined(__x86_64__)
VARVE_ENCODE_LOOPS(avx2, __attribute__((target("avx2"))))
VARVE_ENCODE_LOOPS(avx512, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))))
#endif
#undef VARVE_ENCODE_LOOPS

const Loops& loops() {
#if defined(__x86_64__)
  static const Loops& best =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
          ? loops_avx512
      : __builtin_cpu_supports("avx2") ? loops_avx2
                                       : loops_portable;
  return best;
#else
  return loops_portable;
#endif
}

}  // namespace

Extent extent_of(std::span<const int64_t> values) {
  return loops().extent(values.data(), values.size());
}

Steps steps_of(std::span<const int64_t> values) {
  return loops().steps(values.data(), values.size());
}

uint64_t sum_of(std::span<const int64_t> values) {
  return loops().sum(values.data(), values.size());
}

void put_steps(std::span<const int64_t> values, int64_t* out) {
  loops().put_steps(values.data(), values.size(), out);
}

void put_above(std::span<const int64_t> values, int64_t low, uint64_t* out) {
  loops().put_above(values.data(), values.size(), static_cast<uint64_t>(low), out);
}

void put_symbols(std::span<const int64_t> values, int64_t low, unsigned shift, uint8_t* out) {
  loops().put_symbols(values.data(), values.size(), static_cast<uint64_t>(low), shift, out);
}

}  // namespace varve::engine::page
