// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "base/check.h"
#include "base/checksum.h"

namespace varve {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bits reversed.

using Table = std::array<uint32_t, 256>;

// kSlices[k][b] is what byte b contributes to the remainder when k more bytes follow it.
constexpr std::array<Table, 8> make_slices() {
  std::array<Table, 8> slices{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 1) != 0 ? (remainder >> 1) ^ kPolynomial : remainder >> 1;
    }
    slices[0][byte] = remainder;
  }
  for (size_t slice = 1; slice < slices.size(); ++slice) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = slices[slice - 1][byte];
      slices[slice][byte] = (before >> 8) ^ slices[0][before & 0xff];
    }
  }
  return slices;
}

constexpr std::array<Table, 8> kSlices = make_slices();

uint64_t load_u64(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

uint32_t crc32c_portable(std::string_view bytes, uint32_t seed) {
  uint32_t remainder = ~seed;
  const char* next = bytes.data();
  size_t left_bytes = bytes.size();
  for (; left_bytes >= 8; next += 8, left_bytes -= 8) {
    const uint64_t word = load_u64(next) ^ remainder;
    remainder = 0;
    for (size_t byte = 0; byte < 8; ++byte) {
      remainder ^= kSlices[7 - byte][(word >> (8 * byte)) & 0xff];
    }
  }
  for (; left_bytes > 0; ++next, --left_bytes) {
    const auto byte = static_cast<uint8_t>(*next);
    remainder = (remainder >> 8) ^ kSlices[0][(remainder ^ byte) & 0xff];
  }
  return ~remainder;
}

#if defined(__x86_64__)
namespace {

// The instruction takes three cycles but one can start each cycle, so three streams run side by
// side over blocks of these sizes; the streams are then joined with a table.
constexpr size_t kLongBlockBytes = 4096;
constexpr size_t kShortBlockBytes = 256;

// Row i is where a remainder of only bit i goes.
using Matrix = std::array<uint32_t, 32>;

constexpr uint32_t moved_by(const Matrix& matrix, uint32_t remainder) {
  uint32_t moved = 0;
  for (size_t bit = 0; bit < matrix.size(); ++bit) {
    if ((remainder >> bit & 1) != 0) moved ^= matrix[bit];
  }
  return moved;
}

// Moves a remainder over `size_bytes` zero bytes, which must be a power of two: the move over one
// byte, squared as often as needed.
constexpr std::array<Table, 4> make_shift(size_t size_bytes) {
  Matrix matrix{};
  for (size_t bit = 0; bit < matrix.size(); ++bit) {
    const uint32_t remainder = uint32_t{1} << bit;
    matrix[bit] = (remainder >> 8) ^ kSlices[0][remainder & 0xff];
  }
  for (; size_bytes > 1; size_bytes /= 2) {
    Matrix squared{};
    for (size_t bit = 0; bit < matrix.size(); ++bit) squared[bit] = moved_by(matrix, matrix[bit]);
    matrix = squared;
  }
  std::array<Table, 4> shift{};
  for (size_t place = 0; place < shift.size(); ++place) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      shift[place][byte] = moved_by(matrix, byte << (8 * place));
    }
  }
  return shift;
}

constexpr std::array<Table, 4> kLongShift = make_shift(kLongBlockBytes);
constexpr std::array<Table, 4> kShortShift = make_shift(kShortBlockBytes);

uint64_t shifted(const std::array<Table, 4>& shift, uint64_t remainder) {
  return shift[0][remainder & 0xff] ^ shift[1][remainder >> 8 & 0xff] ^
         shift[2][remainder >> 16 & 0xff] ^ shift[3][remainder >> 24 & 0xff];
}

template <size_t kBlockBytes>
__attribute__((target("sse4.2"))) uint64_t fold_blocks(const std::array<Table, 4>& shift,
                                                       uint64_t remainder,
                                                       std::string_view& rest) {
  while (rest.size() >= 3 * kBlockBytes) {
    uint64_t second = 0;
    uint64_t third = 0;
    const char* next = rest.data();
    for (const char* end = next + kBlockBytes; next < end; next += 8) {
      remainder = _mm_crc32_u64(remainder, load_u64(next));
      second = _mm_crc32_u64(second, load_u64(next + kBlockBytes));
      third = _mm_crc32_u64(third, load_u64(next + 2 * kBlockBytes));
    }
    remainder = shifted(shift, remainder) ^ second;
    remainder = shifted(shift, remainder) ^ third;
    rest.remove_prefix(3 * kBlockBytes);
  }
  return remainder;
}

}  // namespace

bool has_crc32c_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) uint32_t crc32c_instruction(std::string_view bytes,
                                                              uint32_t seed) {
  std::string_view rest = bytes;
  uint64_t remainder = ~seed;
  remainder = fold_blocks<kLongBlockBytes>(kLongShift, remainder, rest);
  remainder = fold_blocks<kShortBlockBytes>(kShortShift, remainder, rest);
  for (; rest.size() >= 8; rest.remove_prefix(8)) {
    remainder = _mm_crc32_u64(remainder, load_u64(rest.data()));
  }
  auto narrow = static_cast<uint32_t>(remainder);
  for (const char byte : rest) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(byte));
  return ~narrow;
}

#else

bool has_crc32c_instruction() { return false; }

uint32_t crc32c_instruction(std::string_view bytes, uint32_t seed) {
  CHECK(has_crc32c_instruction());
  return crc32c_portable(bytes, seed);
}

#endif

uint32_t crc32c(std::string_view bytes, uint32_t seed) {
  return has_crc32c_instruction() ? crc32c_instruction(bytes, seed) : crc32c_portable(bytes, seed);
}

}  // namespace varve
