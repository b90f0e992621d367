// SPDX-License-Identifier: Apache-2.0
#include "codec/deflate_fault.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace varve {
namespace {

constexpr size_t kCodeBitsMax = 15;
constexpr size_t kWindowBytes = 32 * 1024;
constexpr int kLiteralCodes = 286;
constexpr int kDistanceCodes = 30;

enum class Outcome { kGood, kTruncated, kCorrupt };

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  /// False at the end of the stream.
  bool read(unsigned count, uint32_t& value) {
    value = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (at_bits_ / 8 >= bytes_.size()) return false;
      const auto byte = static_cast<uint8_t>(bytes_[at_bits_ / 8]);
      value |= static_cast<uint32_t>((byte >> (at_bits_ % 8)) & 1) << i;
      ++at_bits_;
    }
    return true;
  }
  void align() { at_bits_ = (at_bits_ + 7) / 8 * 8; }
  bool skip_bytes(size_t count) {
    if (count > bytes_.size() - at_bits_ / 8) return false;
    at_bits_ += count * 8;
    return true;
  }
  size_t offset_bytes() const { return (at_bits_ + 7) / 8; }

 private:
  std::string_view bytes_;
  size_t at_bits_ = 0;
};

/// A canonical Huffman code: how many symbols each length has, and the symbols in order.
class Code {
 public:
  /// False when more codes are used than there are, or too few for more than one symbol.
  bool set(std::span<const uint8_t> lengths) {
    counts_ = {};
    for (const uint8_t length : lengths) ++counts_[length];
    int left = 1;
    for (size_t bits = 1; bits <= kCodeBitsMax; ++bits) {
      left = left * 2 - counts_[bits];
      if (left < 0) return false;
    }
    std::array<int, kCodeBitsMax + 2> begins{};
    for (size_t bits = 1; bits <= kCodeBitsMax; ++bits)
      begins[bits + 1] = begins[bits] + counts_[bits];
    for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
      if (lengths[symbol] != 0) symbols_[begins[lengths[symbol]]++] = static_cast<uint16_t>(symbol);
    }
    const auto used = lengths.size() - static_cast<size_t>(counts_[0]);
    return left == 0 || used <= 1;
  }

  Outcome read(BitReader& bits, int& symbol) const {
    int code = 0;
    int first = 0;
    int index = 0;
    for (size_t length = 1; length <= kCodeBitsMax; ++length) {
      uint32_t bit;
      if (!bits.read(1, bit)) return Outcome::kTruncated;
      code |= static_cast<int>(bit);
      const int count = counts_[length];
      if (code - count < first) {
        symbol = symbols_[index + (code - first)];
        return Outcome::kGood;
      }
      index += count;
      first = (first + count) * 2;
      code *= 2;
    }
    return Outcome::kCorrupt;
  }

 private:
  std::array<int, kCodeBitsMax + 1> counts_{};
  std::array<uint16_t, 320> symbols_{};
};

constexpr uint16_t kLengthBases[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                     15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                     67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr uint8_t kLengthBits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                   2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

/// Walks one stream, block by block.
class DeflateWalk {
 public:
  explicit DeflateWalk(std::string_view stream) : bits_(stream) {}

  Outcome walk() {
    for (;;) {
      uint32_t is_last;
      uint32_t kind;
      if (!bits_.read(1, is_last) || !bits_.read(2, kind)) return Outcome::kTruncated;
      const auto outcome = kind == 0   ? walk_stored()
                           : kind == 1 ? walk_fixed()
                           : kind == 2 ? walk_dynamic()
                                       : Outcome::kCorrupt;
      if (outcome != Outcome::kGood || is_last) return outcome;
    }
  }
  size_t offset_bytes() const { return bits_.offset_bytes(); }

 private:
  Outcome walk_stored() {
    bits_.align();
    uint32_t size;
    uint32_t inverse;
    if (!bits_.read(16, size) || !bits_.read(16, inverse)) return Outcome::kTruncated;
    if ((size ^ inverse) != 0xFFFF) return Outcome::kCorrupt;
    written_bytes_ += size;
    return bits_.skip_bytes(size) ? Outcome::kGood : Outcome::kTruncated;
  }

  Outcome walk_fixed() {
    std::array<uint8_t, 288> lengths;
    std::fill(lengths.begin(), lengths.begin() + 144, 8);
    std::fill(lengths.begin() + 144, lengths.begin() + 256, 9);
    std::fill(lengths.begin() + 256, lengths.begin() + 280, 7);
    std::fill(lengths.begin() + 280, lengths.end(), 8);
    literals_.set(lengths);
    std::array<uint8_t, kDistanceCodes + 2> distances;
    distances.fill(5);
    distances_.set(distances);
    return walk_symbols();
  }

  Outcome walk_dynamic() {
    uint32_t literal_count;
    uint32_t distance_count;
    uint32_t length_count;
    if (!bits_.read(5, literal_count) || !bits_.read(5, distance_count) ||
        !bits_.read(4, length_count)) {
      return Outcome::kTruncated;
    }
    literal_count += 257;
    distance_count += 1;
    length_count += 4;
    if (literal_count > kLiteralCodes || distance_count > kDistanceCodes) return Outcome::kCorrupt;
    constexpr uint8_t kOrder[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    std::array<uint8_t, 19> code_lengths{};
    for (uint32_t i = 0; i < length_count; ++i) {
      uint32_t length;
      if (!bits_.read(3, length)) return Outcome::kTruncated;
      code_lengths[kOrder[i]] = static_cast<uint8_t>(length);
    }
    if (!literals_.set(code_lengths)) return Outcome::kCorrupt;
    std::array<uint8_t, 320> lengths{};
    const auto outcome = read_lengths(std::span(lengths).first(literal_count + distance_count));
    if (outcome != Outcome::kGood) return outcome;
    const std::span<const uint8_t> all(lengths);
    if (lengths[256] == 0 || !literals_.set(all.first(literal_count)) ||
        !distances_.set(all.subspan(literal_count, distance_count))) {
      return Outcome::kCorrupt;
    }
    return walk_symbols();
  }

  /// Lengths of codes, themselves coded: runs of the last one or of zeros.
  Outcome read_lengths(std::span<uint8_t> lengths) {
    for (size_t at = 0; at < lengths.size();) {
      int symbol;
      const auto outcome = literals_.read(bits_, symbol);
      if (outcome != Outcome::kGood) return outcome;
      if (symbol < 16) {
        lengths[at++] = static_cast<uint8_t>(symbol);
        continue;
      }
      if (symbol == 16 && at == 0) return Outcome::kCorrupt;
      const uint8_t repeated = symbol == 16 ? lengths[at - 1] : 0;
      uint32_t run;
      if (!bits_.read(symbol == 16 ? 2 : symbol == 17 ? 3 : 7, run)) return Outcome::kTruncated;
      run += symbol == 18 ? 11 : 3;
      if (run > lengths.size() - at) return Outcome::kCorrupt;
      for (; run > 0; --run) lengths[at++] = repeated;
    }
    return Outcome::kGood;
  }

  Outcome walk_symbols() {
    for (;;) {
      int symbol;
      auto outcome = literals_.read(bits_, symbol);
      if (outcome != Outcome::kGood) return outcome;
      if (symbol == 256) return Outcome::kGood;
      if (symbol < 256) {
        ++written_bytes_;
        continue;
      }
      symbol -= 257;
      if (symbol >= static_cast<int>(std::size(kLengthBases))) return Outcome::kCorrupt;
      uint32_t extra;
      if (!bits_.read(kLengthBits[symbol], extra)) return Outcome::kTruncated;
      const size_t length = kLengthBases[symbol] + extra;
      int distance_symbol;
      outcome = distances_.read(bits_, distance_symbol);
      if (outcome != Outcome::kGood) return outcome;
      if (distance_symbol >= kDistanceCodes) return Outcome::kCorrupt;
      const unsigned distance_bits =
          distance_symbol < 2 ? 0u : static_cast<unsigned>(distance_symbol) / 2 - 1;
      if (!bits_.read(distance_bits, extra)) return Outcome::kTruncated;
      const size_t distance =
          distance_symbol < 2
              ? static_cast<size_t>(distance_symbol) + 1
              : ((2 + static_cast<size_t>(distance_symbol) % 2) << distance_bits) + 1 + extra;
      if (distance > std::min(written_bytes_, kWindowBytes)) return Outcome::kCorrupt;
      written_bytes_ += length;
    }
  }

  BitReader bits_;
  size_t written_bytes_ = 0;
  Code literals_;
  Code distances_;
};

}  // namespace

DeflateFault find_deflate_fault(std::string_view stream) {
  DeflateWalk walk(stream);
  const auto outcome = walk.walk();
  return {.truncated = outcome == Outcome::kTruncated, .offset_bytes = walk.offset_bytes()};
}

}  // namespace varve
