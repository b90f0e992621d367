// SPDX-License-Identifier: Apache-2.0
// A plane of 8-bit symbols, entropy coded with one model of their frequencies: interleaved rANS,
// 16-bit words, 8 or 32 lanes. Bytes: docs/formats/page.md.
// Threads: pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/page/kernels.h"

namespace varve::engine::page {

using SymbolCounts = std::array<uint32_t, 256>;

/// How often each symbol is expected, in parts of 2^probability_bits.
struct SymbolModel {
  uint32_t probability_bits = 0;
  uint32_t symbol_count = 0;  ///< Symbols are below it; the last one is expected.
  uint32_t symbol_most = 0;   ///< The most frequent one.
  std::array<uint16_t, 256> frequencies{};

  /// Of at least one symbol. Frequencies keep four significant bits, which costs little and makes
  /// the model short.
  static SymbolModel of(const SymbolCounts& counts, size_t row_count);
  void encode(ByteWriter& out) const;
  static Result<SymbolModel> decode(ByteReader& in);
  /// Bytes of model and symbols, to within a few.
  size_t cost_bytes(const SymbolCounts& counts, size_t row_count) const;
};

/// Lanes that a plane of that many symbols takes.
size_t lane_count_of(size_t row_count);

/// Requires that the model expects every symbol.
void encode_symbols(std::span<const uint8_t> symbols, const SymbolModel& model, std::string& out);

/// Reads what encode_symbols() wrote, round by round. The bytes outlive it.
class SymbolReader {
 public:
  /// Checks everything that can be checked before the first symbol.
  Result<void> open(ByteReader& in, size_t row_count);
  LaneReader& lanes() { return lanes_; }
  /// Symbols come in whole rounds: how many to ask for to have `row_count` of the rest.
  size_t padded(size_t row_count) const;
  /// After the last symbol: all words are used up and every lane is back where it began.
  bool is_at_end() const;

 private:
  LaneReader lanes_;
  alignas(64) std::array<uint32_t, 4096> table_;
};

}  // namespace varve::engine::page
