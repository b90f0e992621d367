// SPDX-License-Identifier: Apache-2.0
#include "engine/page/symbol_plane.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "engine/page/integers.h"

namespace varve::engine::page {
namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr uint32_t kProbabilityBitsMin = 8;
constexpr uint32_t kProbabilityBitsMax = 12;
/// Below this many rows a finer model costs more time to set up than it saves bytes.
constexpr size_t kFineModelRows = 1024;
/// Each of 32 lanes costs three bytes or so; below this many rows eight must do.
constexpr size_t kManyLanesRows = 1536;
constexpr unsigned kSignificantBits = 4;
/// In place of a frequency's bit length: this symbol takes what the others leave.
constexpr uint32_t kRestMark = 15;
constexpr size_t kLaneCostBytes = 3;

uint32_t rounded(double frequency) {
  const auto whole = static_cast<uint32_t>(std::max(1.0, frequency + 0.5));
  const unsigned length = std::bit_width(whole);
  if (length <= kSignificantBits) return whole;
  const unsigned dropped = length - kSignificantBits;
  return (whole + (1u << dropped >> 1)) >> dropped << dropped;
}

uint32_t rounded_down(double frequency) {
  const auto whole = static_cast<uint32_t>(std::max(1.0, frequency));
  const unsigned length = std::bit_width(whole);
  if (length <= kSignificantBits) return whole;
  const unsigned dropped = length - kSignificantBits;
  return whole >> dropped << dropped;
}

}  // namespace

SymbolModel SymbolModel::of(const SymbolCounts& counts, size_t row_count) {
  SymbolModel model;
  model.probability_bits = row_count < kFineModelRows ? 10 : kProbabilityBitsMax;
  for (uint32_t symbol = 0; symbol < 256; ++symbol) {
    if (counts[symbol] == 0) continue;
    model.symbol_count = symbol + 1;
    if (counts[symbol] > counts[model.symbol_most]) model.symbol_most = symbol;
  }
  const uint32_t whole = 1u << model.probability_bits;
  const auto fill = [&](double parts, auto round) {
    uint32_t rest = whole;
    for (uint32_t symbol = 0; symbol < model.symbol_count; ++symbol) {
      if (counts[symbol] == 0 || symbol == model.symbol_most) continue;
      const uint32_t frequency =
          round(static_cast<double>(counts[symbol]) * parts / static_cast<double>(row_count));
      model.frequencies[symbol] = static_cast<uint16_t>(frequency);
      rest -= std::min(rest, frequency);
    }
    model.frequencies[model.symbol_most] = static_cast<uint16_t>(rest);
  };
  fill(whole, rounded);
  const double wanted = static_cast<double>(counts[model.symbol_most]) * whole /
                        static_cast<double>(row_count);
  if (model.frequencies[model.symbol_most] < std::max(1.0, wanted / 2)) {
    // Many rare symbols took more than their share. Rounded down from what is left when each has
    // one part, they cannot: (whole − 256)·(1 − p) + 255 < whole.
    fill(whole - 256, rounded_down);
  }
  CHECK(model.frequencies[model.symbol_most] > 0);
  return model;
}

void SymbolModel::encode(ByteWriter& out) const {
  out.u8(static_cast<uint8_t>(probability_bits));
  out.u8(static_cast<uint8_t>(symbol_count - 1));
  uint64_t bits = 0;
  unsigned bit_count = 0;
  const auto put = [&](uint32_t value, unsigned width) {
    bits |= uint64_t{value} << bit_count;
    bit_count += width;
    for (; bit_count >= 8; bit_count -= 8, bits >>= 8) out.u8(static_cast<uint8_t>(bits));
  };
  for (uint32_t symbol = 0; symbol < symbol_count; ++symbol) {
    if (symbol == symbol_most) {
      put(kRestMark, 4);
      continue;
    }
    const uint32_t frequency = frequencies[symbol];
    const unsigned length = std::bit_width(frequency);
    put(length, 4);
    if (length > kSignificantBits) {
      put((frequency >> (length - kSignificantBits)) & 7, kSignificantBits - 1);
    } else if (length > 1) {
      put(frequency & ((1u << (length - 1)) - 1), length - 1);
    }
  }
  if (bit_count > 0) out.u8(static_cast<uint8_t>(bits));
}

Result<SymbolModel> SymbolModel::decode(ByteReader& in) {
  SymbolModel model;
  model.probability_bits = in.u8();
  model.symbol_count = uint32_t{in.u8()} + 1;
  if (model.probability_bits < kProbabilityBitsMin ||
      model.probability_bits > kProbabilityBitsMax) {
    return fail(ErrorCode::kCorrupt, "a symbol model has an unknown precision");
  }
  uint64_t bits = 0;
  unsigned bit_count = 0;
  const auto take = [&](unsigned width) {
    for (; bit_count < width; bit_count += 8) bits |= uint64_t{in.u8()} << bit_count;
    const auto value = static_cast<uint32_t>(bits & ((1u << width) - 1));
    bits >>= width;
    bit_count -= width;
    return value;
  };
  uint32_t rest = 1u << model.probability_bits;
  bool has_rest = false;
  for (uint32_t symbol = 0; symbol < model.symbol_count; ++symbol) {
    const uint32_t length = take(4);
    if (length == kRestMark && !has_rest) {
      model.symbol_most = symbol;
      has_rest = true;
      continue;
    }
    uint32_t frequency = 0;
    if (length > kSignificantBits) {
      frequency = (8 | take(kSignificantBits - 1)) << (length - kSignificantBits);
    } else if (length > 0) {
      frequency = 1u << (length - 1);
      if (length > 1) frequency |= take(length - 1);
    }
    if (frequency >= rest) return fail(ErrorCode::kCorrupt, "a symbol model has too many parts");
    rest -= frequency;
    model.frequencies[symbol] = static_cast<uint16_t>(frequency);
  }
  if (in.failed() || !has_rest) return fail(ErrorCode::kCorrupt, "a symbol model is incomplete");
  model.frequencies[model.symbol_most] = static_cast<uint16_t>(rest);
  return model;
}

size_t SymbolModel::cost_bytes(const SymbolCounts& counts, size_t row_count) const {
  double bits = 0;
  size_t model_bits = 0;
  for (uint32_t symbol = 0; symbol < symbol_count; ++symbol) {
    model_bits += 4;
    if (counts[symbol] == 0) continue;
    bits += counts[symbol] * (probability_bits - std::log2(frequencies[symbol]));
    model_bits += kSignificantBits - 1;
  }
  return static_cast<size_t>(bits / 8) + model_bits / 8 + 6 +
         lane_count_of(row_count) * kLaneCostBytes;
}

size_t lane_count_of(size_t row_count) {
  return row_count < kManyLanesRows ? kLanesFew : kLanesMany;
}

namespace {

/// Symbols whole rounds long: behind the last one stands what is cheapest.
struct PaddedSymbols {
  std::array<uint8_t, kIntegersMax + kLanesMany> symbols;
  size_t size;
  PaddedSymbols(std::span<const uint8_t> some, size_t lane_count, uint32_t filler)
      : size((some.size() + lane_count - 1) / lane_count * lane_count) {
    std::copy(some.begin(), some.end(), symbols.begin());
    std::fill(symbols.begin() + some.size(), symbols.begin() + size, static_cast<uint8_t>(filler));
  }
};

/// As Kernels::put_lanes, of any number of lanes.
uint16_t* put_lanes_each(const SymbolModel& model, const PaddedSymbols& padded, size_t lane_count,
                         uint32_t* states, uint16_t* end) {
  struct Step {
    uint64_t reciprocal;  // ceil(2^63 / frequency): exact quotients of 32-bit states.
    uint64_t limit;       // From here on a state must give a word away first.
    uint32_t begin;
    uint32_t frequency;
  };
  std::array<Step, 256> steps;
  uint32_t begin = 0;
  const uint32_t bits = model.probability_bits;
  for (uint32_t symbol = 0; symbol < model.symbol_count; ++symbol) {
    const uint32_t frequency = model.frequencies[symbol];
    if (frequency == 0) continue;
    steps[symbol] = {.reciprocal = ((uint64_t{1} << 63) - 1) / frequency + 1,
                     .limit = uint64_t{frequency} << (32 - bits),
                     .begin = begin,
                     .frequency = frequency};
    begin += frequency;
  }
  for (size_t index = padded.size; index-- > 0;) {
    const Step& step = steps[padded.symbols[index]];
    uint32_t& state = states[index & (lane_count - 1)];
    const bool is_due = state >= step.limit;
    // Written in any case, kept only when due: no branch.
    end[-1] = static_cast<uint16_t>(state);
    end -= is_due ? 1 : 0;
    const uint32_t kept = state >> (static_cast<uint32_t>(is_due) << 4);
    const auto quotient = static_cast<uint32_t>(Wide{kept} * step.reciprocal >> 63);
    state = (quotient << bits) + (kept - quotient * step.frequency) + step.begin;
  }
  return end;
}

}  // namespace

void encode_symbols(std::span<const uint8_t> symbols, const SymbolModel& model, std::string& out) {
  CHECK(symbols.size() <= kIntegersMax);
  const size_t lane_count = lane_count_of(symbols.size());
  const PaddedSymbols padded(symbols, lane_count, model.symbol_most);
  LaneWriter lanes;
  std::fill_n(lanes.states, lane_count, kLaneStateMin);
  std::array<uint16_t, kIntegersMax + kLanesMany> words;
  uint16_t* const end = words.data() + padded.size;
  uint16_t* begin = nullptr;
  if (lane_count == kLanesMany && kernels().put_lanes != nullptr) {
    lanes.probability_bits = model.probability_bits;
    uint32_t part = 0;
    for (uint32_t symbol = 0; symbol < model.symbol_count; ++symbol) {
      const uint32_t frequency = model.frequencies[symbol];
      if (frequency == 0) continue;
      lanes.reciprocals[symbol] = 1.0 / frequency;
      lanes.parts[symbol] = frequency | part << 16;
      part += frequency;
    }
    begin = kernels().put_lanes(lanes, padded.symbols.data(), padded.size, end);
  } else {
    begin = put_lanes_each(model, padded, lane_count, lanes.states, end);
  }
  ByteWriter writer(out);
  model.encode(writer);
  writer.varint(static_cast<uint64_t>(end - begin));
  for (size_t lane = 0; lane < lane_count; ++lane) writer.u32(lanes.states[lane]);
  writer.raw(begin, static_cast<size_t>(end - begin) * 2);
}

Result<void> SymbolReader::open(ByteReader& in, size_t row_count) {
  const SymbolModel model = TRY(SymbolModel::decode(in));
  uint32_t place = 0;
  for (uint32_t symbol = 0; symbol < model.symbol_count; ++symbol) {
    const uint32_t frequency = model.frequencies[symbol];
    const uint32_t entry = symbol | (frequency - 1) << 8;
    for (uint32_t part = 0; part < frequency; ++part) table_[place++] = entry | part << 20;
  }
  CHECK(place == 1u << model.probability_bits);
  lanes_.table = table_.data();
  lanes_.probability_bits = model.probability_bits;
  lanes_.lane_count = lane_count_of(row_count);
  const uint64_t word_count = in.varint();
  for (size_t lane = 0; lane < lanes_.lane_count; ++lane) {
    lanes_.states[lane] = in.u32();
    if (lanes_.states[lane] < kLaneStateMin) {
      return fail(ErrorCode::kCorrupt, "a lane of symbols has an impossible state");
    }
  }
  if (word_count > in.remaining_bytes() / 2) {
    return fail(ErrorCode::kCorrupt, "a plane of symbols ends early");
  }
  const std::string_view words = in.raw(word_count * 2);
  lanes_.next = reinterpret_cast<const uint8_t*>(words.data());
  lanes_.end = lanes_.next + words.size();
  return {};
}

size_t SymbolReader::padded(size_t row_count) const {
  return (row_count + lanes_.lane_count - 1) / lanes_.lane_count * lanes_.lane_count;
}

bool SymbolReader::is_at_end() const {
  return lanes_.next == lanes_.end &&
         std::all_of(lanes_.states, lanes_.states + lanes_.lane_count,
                     [](uint32_t state) { return state == kLaneStateMin; });
}

}  // namespace varve::engine::page
