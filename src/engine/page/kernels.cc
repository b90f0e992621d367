// SPDX-License-Identifier: Apache-2.0
#include "engine/page/kernels.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace varve::engine::page {
namespace {

template <class Value>
void unpack(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width, Value* out) {
  if (width == 64) {
    std::memcpy(out, bytes, count * 8);
    return;
  }
  const size_t safe = loadable(size_bytes, count, width);
  const uint64_t mask = (uint64_t{1} << width) - 1;
  size_t index = 0;
  for (size_t bit = 0; index < safe; ++index, bit += width) {
    out[index] = static_cast<Value>((load_le(bytes + (bit >> 3), 8) >> (bit & 7)) & mask);
  }
  for (; index < count; ++index) {
    out[index] = static_cast<Value>(unpack_one(bytes, size_bytes, index, width));
  }
}

void unpack_u32(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width,
                uint32_t* out) {
  unpack(bytes, size_bytes, count, width, out);
}

void unpack_u64(const uint8_t* bytes, size_t size_bytes, size_t count, unsigned width,
                uint64_t* out) {
  unpack(bytes, size_bytes, count, width, out);
}

/// One round: a symbol from each lane. Requires `Lanes` readable words at `next`.
template <size_t Lanes>
inline const uint8_t* round_of_lanes(const LaneReader& lanes, uint32_t* states,
                                     const uint8_t* next, uint8_t* out) {
  const uint32_t mask = (1u << lanes.probability_bits) - 1;
  for (size_t lane = 0; lane < Lanes; ++lane) {
    const uint32_t entry = lanes.table[states[lane] & mask];
    const uint32_t state = (((entry >> 8) & 0xfff) + 1) * (states[lane] >> lanes.probability_bits) +
                           (entry >> 20);
    out[lane] = static_cast<uint8_t>(entry);
    // Whether a word is due is as good as random: arithmetic, so that no branch is made of it.
    const uint32_t due = 0 - static_cast<uint32_t>(state < kLaneStateMin);
    uint16_t word;
    std::memcpy(&word, next, 2);
    states[lane] = (state << (due & 16)) | (word & due);
    next += due & 2;
  }
  return next;
}

template <size_t Lanes>
bool symbols_of(LaneReader& lanes, size_t count, uint8_t* out) {
  uint32_t states[Lanes];
  std::memcpy(states, lanes.states, sizeof states);
  const uint8_t* next = lanes.next;
  bool is_enough = true;
  for (size_t index = 0; index < count && is_enough; index += Lanes) {
    const auto left_bytes = static_cast<size_t>(lanes.end - next);
    if (left_bytes >= Lanes * 2) {
      next = round_of_lanes<Lanes>(lanes, states, next, out + index);
      continue;
    }
    uint8_t last_words[Lanes * 2] = {};
    std::memcpy(last_words, next, left_bytes);
    const auto used_bytes = static_cast<size_t>(
        round_of_lanes<Lanes>(lanes, states, last_words, out + index) - last_words);
    is_enough = used_bytes <= left_bytes;
    next += used_bytes <= left_bytes ? used_bytes : left_bytes;
  }
  std::memcpy(lanes.states, states, sizeof states);
  lanes.next = next;
  return is_enough;
}

bool symbols(LaneReader& lanes, size_t count, uint8_t* out) {
  return lanes.lane_count == kLanesMany ? symbols_of<kLanesMany>(lanes, count, out)
                                        : symbols_of<kLanesFew>(lanes, count, out);
}

void to_decimal(void* values, size_t count, double power) {
  auto* cells = static_cast<char*>(values);
  for (size_t index = 0; index < count; ++index) {
    int64_t scaled;
    std::memcpy(&scaled, cells + index * 8, 8);
    const double value = static_cast<double>(scaled) / power;
    std::memcpy(cells + index * 8, &value, 8);
  }
}

std::atomic<const Kernels*> chosen{nullptr};

const Kernels* choose() {
  if (const char* asked = std::getenv("VARVE_SIMD")) {
    const std::string_view name = asked;
    const Kernels* found = name == "avx512"     ? kernels_of(Simd::kAvx512)
                           : name == "avx2"     ? kernels_of(Simd::kAvx2)
                           : name == "portable" ? kernels_of(Simd::kPortable)
                                                : nullptr;
    if (found != nullptr) return found;
  }
  for (const Simd simd : {Simd::kAvx512, Simd::kAvx2}) {
    if (const Kernels* found = kernels_of(simd)) return found;
  }
  return &kPortableKernels;
}

}  // namespace

const Kernels kPortableKernels{.unpack_u32 = unpack_u32,
                               .unpack_u64 = unpack_u64,
                               .put_lanes = nullptr,
                               .symbols = symbols,
                               .add_line_u8 = add_line_each<uint8_t>,
                               .add_line_u32 = add_line_each<uint32_t>,
                               .add_line_u64 = add_line_each<uint64_t>,
                               .sum_u8 = sum_each<uint8_t>,
                               .sum_u32 = sum_each<uint32_t>,
                               .sum_u64 = sum_each<uint64_t>,
                               .to_decimal = to_decimal,
                               .sum_symbols = nullptr};

const Kernels* kernels_of(Simd simd) {
  switch (simd) {
    case Simd::kPortable: return &kPortableKernels;
    case Simd::kAvx2: return avx2_kernels();
    case Simd::kAvx512: return avx512_kernels();
  }
  return nullptr;
}

const Kernels& kernels() {
  const Kernels* found = chosen.load(std::memory_order_relaxed);
  if (found == nullptr) {
    found = choose();
    chosen.store(found, std::memory_order_relaxed);
  }
  return *found;
}

bool use_simd(Simd simd) {
  const Kernels* found = kernels_of(simd);
  if (found != nullptr) chosen.store(found, std::memory_order_relaxed);
  return found != nullptr;
}

}  // namespace varve::engine::page
