// SPDX-License-Identifier: Apache-2.0
#include "engine/page/doubles.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "engine/page/integers.h"

namespace varve::engine::page {
namespace {

constexpr std::array<double, kExponentMax + 1> kPowers{
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
/// Adding and taking it away again rounds to an integer, for values up to 2^51.
constexpr double kRounder = 6755399441055744.0;
constexpr double kScaledMax = 2251799813685248.0;
constexpr size_t kSampleValues = 64;
constexpr double kExceptionBits = 80;
constexpr double kBitsPerDigit = 3.33;

/// The integer that gives `value` back when divided by the power, if there is one.
bool scale(double value, double power, int64_t& out) {
  const double wanted = value * power;
  if (!(wanted < kScaledMax && wanted > -kScaledMax)) return false;
  const double rounder = kRounder;
  const double whole = (wanted + rounder) - rounder;
  out = static_cast<int64_t>(whole);
  return std::bit_cast<uint64_t>(static_cast<double>(out) / power) ==
         std::bit_cast<uint64_t>(value);
}

/// The cheapest exponent for a sample, by the digits that it adds and the exceptions that it
/// leaves.
std::optional<int> choose_exponent(std::span<const double> values) {
  std::array<size_t, kExponentMax + 1> needs{};
  size_t sampled = 0;
  const size_t stride = 1 + (values.size() - 1) / kSampleValues;
  for (size_t index = 0; index < values.size(); index += stride) {
    ++sampled;
    for (int exponent = 0; exponent <= kExponentMax; ++exponent) {
      int64_t scaled = 0;
      if (!scale(values[index], kPowers[exponent], scaled)) continue;
      ++needs[exponent];
      break;
    }
  }
  std::optional<int> best;
  double best_bits = 0;
  size_t held = 0;
  for (int exponent = 0; exponent <= kExponentMax; ++exponent) {
    held += needs[exponent];
    if (held * 8 < sampled * 7) continue;
    const double bits = static_cast<double>(sampled) * kBitsPerDigit * exponent +
                        static_cast<double>(sampled - held) * kExceptionBits;
    if (best && bits >= best_bits) continue;
    best = exponent;
    best_bits = bits;
  }
  return best;
}

}  // namespace

std::optional<Decimals> to_decimals(std::span<const double> values) {
  const auto exponent = choose_exponent(values);
  if (!exponent) return std::nullopt;
  Decimals decimals{.exponent = *exponent, .scaled = {}, .exceptions = {}};
  decimals.scaled.resize(values.size());
  const double power = kPowers[static_cast<size_t>(*exponent)];
  const size_t exceptions_max = values.size() / 8 + 1;
  int64_t before = 0;
  for (size_t index = 0; index < values.size(); ++index) {
    int64_t scaled = 0;
    if (scale(values[index], power, scaled)) {
      before = scaled;
    } else {
      decimals.exceptions.emplace_back(static_cast<uint32_t>(index),
                                       std::bit_cast<uint64_t>(values[index]));
      if (decimals.exceptions.size() > exceptions_max) return std::nullopt;
    }
    // In place of an exception stands what costs the least: what stood before it.
    decimals.scaled[index] = before;
  }
  return decimals;
}

void encode_decimals(const Decimals& decimals, std::string& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(decimals.exponent));
  writer.varint(decimals.exceptions.size());
  uint64_t next = 0;
  for (const auto& [index, bits] : decimals.exceptions) {
    writer.varint(index - next);
    writer.u64(bits);
    next = index + 1;
  }
  encode_integers(decimals.scaled, out);
}

Result<void> decode_decimals(ByteReader& in, size_t count, void* out) {
  const uint8_t exponent = in.u8();
  const uint64_t exception_count = in.varint();
  if (exponent > kExponentMax || exception_count > count) {
    return fail(ErrorCode::kCorrupt, "decimal numbers have an impossible header");
  }
  std::vector<std::pair<uint64_t, uint64_t>> exceptions;
  exceptions.reserve(exception_count);
  uint64_t next = 0;
  for (uint64_t one = 0; one < exception_count; ++one) {
    const uint64_t gap = in.varint();
    const uint64_t bits = in.u64();
    if (in.failed() || gap >= count - next) {
      return fail(ErrorCode::kCorrupt, "an exception lies outside its page");
    }
    exceptions.emplace_back(next + gap, bits);
    next += gap + 1;
  }
  TRY_VOID(decode_integers(in, count, out, kPowers[exponent]));
  auto* cells = static_cast<char*>(out);
  for (const auto& [index, bits] : exceptions) std::memcpy(cells + index * 8, &bits, 8);
  return {};
}

}  // namespace varve::engine::page
