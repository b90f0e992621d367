// SPDX-License-Identifier: Apache-2.0
#include "engine/page/page.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "engine/page/doubles.h"
#include "engine/page/integers.h"

namespace varve::engine {
namespace {

using page::decode_integers;
using page::encode_integers;

constexpr uint8_t kFormat = 1;
constexpr unsigned kFormatShift = 4;

/// What the low half of the first byte says about states.
enum class States : uint8_t { kAllValues = 0, kAllAbsent = 1, kAllNull = 2, kMixed = 3 };

enum class Body : uint8_t { kIntegers = 0, kDecimals = 1, kDictionary = 2, kTexts = 3 };

constexpr size_t kDictionarySampleValues = 256;
constexpr size_t kDictionarySampleDistinctMax = 112;
constexpr size_t kDictionaryValuesMax = 2048;
constexpr size_t kVeryFew = 16;

auto corrupt(const char* what) { return fail(ErrorCode::kCorrupt, what); }

// ---- numbers ------------------------------------------------------------------------------------

size_t distinct_in_sample(std::span<const int64_t> values) {
  std::array<int64_t, kDictionarySampleValues> sample;
  size_t size = 0;
  const size_t stride = 1 + (values.size() - 1) / kDictionarySampleValues;
  for (size_t index = 0; index < values.size(); index += stride) sample[size++] = values[index];
  std::sort(sample.begin(), sample.begin() + size);
  return static_cast<size_t>(std::unique(sample.begin(), sample.begin() + size) - sample.begin());
}

/// Whether the same sample has at most kVeryFew distinct values; mostly the first few tell.
bool has_very_few(std::span<const int64_t> values) {
  std::array<int64_t, kVeryFew> known;
  size_t size = 0;
  const size_t stride = 1 + (values.size() - 1) / kDictionarySampleValues;
  for (size_t index = 0; index < values.size(); index += stride) {
    const auto end = known.begin() + size;
    if (std::find(known.begin(), end, values[index]) != end) continue;
    if (size == kVeryFew) return false;
    known[size++] = values[index];
  }
  return true;
}

/// Distinct values by rising bits, and for each value which it is; nothing when there are too many.
std::optional<std::string> encode_dictionary(std::span<const int64_t> values) {
  constexpr size_t kSlots = kDictionaryValuesMax * 4;
  std::vector<int32_t> slots(kSlots, -1);
  std::vector<int64_t> distinct;
  std::vector<int64_t> numbers(values.size());
  for (size_t index = 0; index < values.size(); ++index) {
    const uint64_t mixed = static_cast<uint64_t>(values[index]) * 0x9e3779b97f4a7c15;
    size_t slot = mixed >> 51 & (kSlots - 1);
    while (slots[slot] >= 0 && distinct[static_cast<size_t>(slots[slot])] != values[index]) {
      slot = (slot + 1) & (kSlots - 1);
    }
    if (slots[slot] < 0) {
      if (distinct.size() == kDictionaryValuesMax) return std::nullopt;
      slots[slot] = static_cast<int32_t>(distinct.size());
      distinct.push_back(values[index]);
    }
    numbers[index] = slots[slot];
  }
  std::vector<int64_t> sorted = distinct;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> place(distinct.size());
  for (size_t one = 0; one < distinct.size(); ++one) {
    place[one] = std::lower_bound(sorted.begin(), sorted.end(), distinct[one]) - sorted.begin();
  }
  for (int64_t& number : numbers) number = place[static_cast<size_t>(number)];
  std::string body;
  ByteWriter writer(body);
  writer.u8(static_cast<uint8_t>(Body::kDictionary));
  writer.varint(sorted.size());
  encode_integers(sorted, body);
  encode_integers(numbers, body);
  return body;
}

Result<void> decode_dictionary(ByteReader& in, size_t count, char* out) {
  const uint64_t distinct = in.varint();
  if (distinct == 0 || distinct > count) return corrupt("a dictionary has an impossible size");
  std::vector<uint64_t> values(distinct);
  TRY_VOID(decode_integers(in, distinct, values.data()));
  TRY_VOID(decode_integers(in, count, out));
  for (size_t index = 0; index < count; ++index) {
    uint64_t number;
    std::memcpy(&number, out + index * 8, 8);
    if (number >= distinct) return corrupt("a cell lies outside its dictionary");
    std::memcpy(out + index * 8, &values[number], 8);
  }
  return {};
}

/// `bits`: 8 bytes of each value as its type has them.
void encode_numbers(std::span<const int64_t> bits, bool are_doubles, std::string& out) {
  std::string best;
  if (are_doubles) {
    const std::span values(reinterpret_cast<const double*>(bits.data()), bits.size());
    if (const auto decimals = page::to_decimals(values)) {
      ByteWriter(best).u8(static_cast<uint8_t>(Body::kDecimals));
      encode_decimals(*decimals, best);
    }
  }
  // Numbers that walk are smaller as steps; a dictionary is for those that jump among few, which
  // steps make long, or among very few.
  const auto has_few = [&] {
    const size_t distinct = distinct_in_sample(bits);
    return distinct <= kDictionarySampleDistinctMax && distinct * 2 <= bits.size();
  };
  const auto consider_dictionary = [&] {
    const auto dictionary = encode_dictionary(bits);
    if (dictionary && (best.empty() || dictionary->size() < best.size())) best = *dictionary;
  };
  if (best.empty() && are_doubles && has_few()) consider_dictionary();
  if (best.empty()) {
    ByteWriter(best).u8(static_cast<uint8_t>(Body::kIntegers));
    encode_integers(bits, best);
  }
  const bool is_dictionary = best.front() == static_cast<char>(Body::kDictionary);
  if (!is_dictionary && best.size() * 8 > bits.size() &&
      (best.size() * 4 > bits.size() * 3 || has_very_few(bits)) && has_few()) {
    consider_dictionary();
  }
  out += best;
}

Result<void> decode_numbers(ByteReader& in, size_t count, bool are_doubles, char* out) {
  switch (static_cast<Body>(in.u8())) {
    case Body::kIntegers: return decode_integers(in, count, out);
    case Body::kDecimals:
      if (are_doubles) return page::decode_decimals(in, count, out);
      break;
    case Body::kDictionary: return decode_dictionary(in, count, out);
    case Body::kTexts: break;
  }
  return corrupt("a page of numbers has an unknown body");
}

// ---- texts --------------------------------------------------------------------------------------

void encode_texts(std::span<const std::string_view> texts, std::string& out) {
  std::unordered_map<std::string_view, int64_t> number_of;
  std::vector<int64_t> lengths, numbers;
  numbers.reserve(texts.size());
  std::string joined;
  for (const std::string_view text : texts) {
    const auto [found, is_new] =
        number_of.try_emplace(text, static_cast<int64_t>(number_of.size()));
    if (is_new) {
      lengths.push_back(static_cast<int64_t>(text.size()));
      joined += text;
    }
    numbers.push_back(found->second);
  }
  CHECK(joined.size() < kPageTextBytesMax);
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(Body::kTexts));
  writer.varint(lengths.size());
  encode_integers(lengths, out);
  encode_integers(numbers, out);
  std::string deflated;
  page::append_deflated(joined, deflated);
  const bool is_smaller = deflated.size() < joined.size();
  writer.u8(is_smaller ? 1 : 0);
  writer.raw(is_smaller ? std::string_view(deflated) : std::string_view(joined));
}

Result<void> decode_texts(ByteReader& in, size_t count, std::vector<std::string_view>& out,
                          std::string& joined) {
  if (static_cast<Body>(in.u8()) != Body::kTexts) {
    return corrupt("a page of texts has an unknown body");
  }
  const uint64_t distinct = in.varint();
  if (distinct == 0 || distinct > count) return corrupt("a dictionary has an impossible size");
  std::vector<int64_t> lengths(distinct), numbers(count);
  TRY_VOID(decode_integers(in, distinct, lengths.data()));
  TRY_VOID(decode_integers(in, count, numbers.data()));
  uint64_t size_bytes = 0;
  for (const int64_t length : lengths) {
    if (length < 0 || static_cast<uint64_t>(length) >= kPageTextBytesMax - size_bytes) {
      return corrupt("a text has an impossible length");
    }
    size_bytes += static_cast<uint64_t>(length);
  }
  const bool is_deflated = in.u8() == 1;
  if (is_deflated) {
    // zstd makes no more than some thousand bytes of one: a small page cannot ask for much memory.
    if (size_bytes / 65'536 > in.remaining_bytes()) {
      return corrupt("texts are longer than their bytes allow");
    }
    joined.resize(size_bytes);
    TRY_VOID(page::inflate(in, joined));
  } else {
    joined = in.raw(size_bytes);
    if (in.failed()) return corrupt("texts end early");
  }
  std::vector<std::string_view> texts;
  texts.reserve(distinct);
  size_t begin = 0;
  for (const int64_t length : lengths) {
    texts.push_back(std::string_view(joined).substr(begin, static_cast<size_t>(length)));
    begin += static_cast<size_t>(length);
  }
  out.reserve(count);
  for (const int64_t number : numbers) {
    if (number < 0 || static_cast<uint64_t>(number) >= distinct) {
      return corrupt("a cell lies outside its dictionary");
    }
    out.push_back(texts[static_cast<size_t>(number)]);
  }
  return {};
}

// ---- states -------------------------------------------------------------------------------------

States states_of(const ColumnView& cells) {
  if (cells.states == nullptr) return States::kAllValues;
  const auto first = cells.states[0];
  if (std::any_of(cells.states, cells.states + cells.row_count,
                  [&](CellState state) { return state != first; })) {
    return States::kMixed;
  }
  switch (first) {
    case CellState::kValue: return States::kAllValues;
    case CellState::kAbsent: return States::kAllAbsent;
    case CellState::kNull: return States::kAllNull;
  }
  return States::kMixed;
}

void encode_states(const ColumnView& cells, std::string& out) {
  std::vector<int64_t> numbers(cells.row_count);
  for (size_t row = 0; row < cells.row_count; ++row) {
    numbers[row] = static_cast<int64_t>(cells.states[row]);
  }
  encode_integers(numbers, out);
}

Result<std::vector<CellState>> decode_states(ByteReader& in, States states, size_t row_count) {
  if (states == States::kAllValues) return std::vector<CellState>();
  if (states == States::kAllAbsent) return std::vector(row_count, CellState::kAbsent);
  if (states == States::kAllNull) return std::vector(row_count, CellState::kNull);
  std::vector<int64_t> numbers(row_count);
  TRY_VOID(decode_integers(in, row_count, numbers.data()));
  std::vector<CellState> found(row_count);
  for (size_t row = 0; row < row_count; ++row) {
    if (numbers[row] < 0 || numbers[row] > static_cast<int64_t>(CellState::kValue)) {
      return corrupt("a cell has an unknown state");
    }
    found[row] = static_cast<CellState>(numbers[row]);
  }
  return found;
}

/// The cells that hold a value, without gaps.
template <class Cell>
std::vector<Cell> values_of(const ColumnView& cells) {
  std::vector<Cell> values;
  values.reserve(cells.row_count);
  const auto all = cells.as<Cell>();
  for (size_t row = 0; row < cells.row_count; ++row) {
    if (cells.has_value(row)) values.push_back(all[row]);
  }
  return values;
}

/// Moves the values of the first cells to where the states want them; the others become zero.
template <class Cell>
void spread(Cell* cells, size_t value_count, const std::vector<CellState>& states) {
  for (size_t row = states.size(); row-- > 0;) {
    cells[row] = states[row] == CellState::kValue ? cells[--value_count] : Cell{};
  }
}

/// Numbers of 8 bytes or bools; `value_count` of them hold a value.
Result<void> decode_fixed(ByteReader& in, ColumnVector& cells, size_t row_count,
                          size_t value_count, const std::vector<CellState>& states) {
  void* out = cells.append_uninitialized(row_count);
  if (cells.type() != ValueType::kBool) {
    const bool are_doubles = cells.type() == ValueType::kFloat64;
    if (value_count > 0) {
      TRY_VOID(decode_numbers(in, value_count, are_doubles, static_cast<char*>(out)));
    }
    if (!states.empty()) spread(static_cast<uint64_t*>(out), value_count, states);
    return {};
  }
  auto* bools = static_cast<uint8_t*>(out);
  std::vector<int64_t> numbers(value_count);
  TRY_VOID(decode_integers(in, value_count, numbers.data()));
  for (size_t one = 0; one < value_count; ++one) {
    if (numbers[one] < 0 || numbers[one] > 1) return corrupt("a boolean is neither 0 nor 1");
    bools[one] = static_cast<uint8_t>(numbers[one]);
  }
  if (!states.empty()) spread(bools, value_count, states);
  return {};
}

Result<void> decode_variable(ByteReader& in, ColumnVector& cells, size_t row_count,
                             size_t value_count, const std::vector<CellState>& states) {
  std::vector<std::string_view> texts;
  std::string joined;
  if (value_count > 0) TRY_VOID(decode_texts(in, value_count, texts, joined));
  size_t value = 0;
  for (size_t row = 0; row < row_count; ++row) {
    if (states.empty() || states[row] == CellState::kValue) {
      cells.append_string(texts[value++]);
    } else {
      cells.pad_to(row + 1, states[row]);
    }
  }
  return {};
}

}  // namespace

std::string encode_page(const ColumnView& cells) {
  CHECK(cells.row_count > 0 && cells.row_count <= kPageRowsMax);
  std::string out;
  ByteWriter writer(out);
  const States states = states_of(cells);
  writer.u8(static_cast<uint8_t>(kFormat << kFormatShift | static_cast<unsigned>(states)));
  if (states == States::kAllAbsent || states == States::kAllNull) return out;
  if (states == States::kMixed) encode_states(cells, out);
  const bool is_dense = states == States::kAllValues;
  if (is_variable_size(cells.type)) {
    const auto texts = values_of<std::string_view>(cells);
    if (!texts.empty()) encode_texts(texts, out);
  } else if (cells.type == ValueType::kBool) {
    const auto bools = values_of<uint8_t>(cells);
    encode_integers(std::vector<int64_t>(bools.begin(), bools.end()), out);
  } else if (const bool are_doubles = cells.type == ValueType::kFloat64; is_dense) {
    encode_numbers(cells.as<int64_t>(), are_doubles, out);
  } else if (const auto values = values_of<int64_t>(cells); !values.empty()) {
    encode_numbers(values, are_doubles, out);
  }
  return out;
}

std::string absent_page() {
  return std::string(1, static_cast<char>(kFormat << kFormatShift |
                                          static_cast<unsigned>(States::kAllAbsent)));
}

bool is_absent_page(std::string_view page) { return page == absent_page(); }

Result<ColumnVector> decode_page(std::string_view bytes, ValueType type, size_t row_count) {
  if (row_count == 0 || row_count > kPageRowsMax) {
    return corrupt("a page has an impossible number of rows");
  }
  ByteReader in(bytes);
  const uint8_t head = in.u8();
  if (in.failed() || head >> kFormatShift != kFormat) {
    return corrupt("a page has an unknown format");
  }
  const uint8_t state_code = head & ((1 << kFormatShift) - 1);
  if (state_code > static_cast<uint8_t>(States::kMixed)) {
    return corrupt("a page has unknown states");
  }
  std::vector<CellState> states =
      TRY(decode_states(in, static_cast<States>(state_code), row_count));
  const auto value_count = states.empty()
                               ? row_count
                               : static_cast<size_t>(std::count(states.begin(), states.end(),
                                                                CellState::kValue));
  ColumnVector cells(type);
  if (is_variable_size(type)) {
    TRY_VOID(decode_variable(in, cells, row_count, value_count, states));
  } else {
    TRY_VOID(decode_fixed(in, cells, row_count, value_count, states));
    if (!states.empty()) cells.set_states(std::move(states));
  }
  if (in.failed() || !in.at_end()) return corrupt("a page does not end where it should");
  return cells;
}

}  // namespace varve::engine
