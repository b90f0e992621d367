// SPDX-License-Identifier: Apache-2.0
#include "model/write_batch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"

namespace varve {
namespace {

constexpr uint8_t kFormat = 1;

// How the states of a column are written.
enum class StatesForm : uint8_t { kAllValues = 0, kTwoBits = 1 };
// How doubles are written.
enum class DoubleForm : uint8_t { kBits = 0, kIntegers = 1 };

// Every cell takes at least one byte, also when all are equal: so the size of what is decoded is
// bounded by the size of what is read, without a further limit.
size_t width_of(uint64_t range) {
  if (range <= 0xff) return 1;
  if (range <= 0xffff) return 2;
  return range <= 0xffff'ffff ? 4 : 8;
}

bool is_width(uint8_t width) { return width == 1 || width == 2 || width == 4 || width == 8; }

template <class Packed, class Number>
void append_packed_as(const Number* numbers, size_t count, uint64_t base, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + count * sizeof(Packed));
  char* to = out.data() + begin;
  for (size_t i = 0; i < count; ++i) {
    const auto packed = static_cast<Packed>(static_cast<uint64_t>(numbers[i]) - base);
    std::memcpy(to + i * sizeof(Packed), &packed, sizeof(Packed));
  }
}

// Numbers as: the smallest, the byte width, then each as its distance from the smallest. The
// distance is taken modulo 2^64, which is right for signed numbers of any range.
template <class Number>
void append_packed(const Number* numbers, size_t count, std::string& out) {
  Number low = count > 0 ? numbers[0] : 0;
  Number high = low;
  for (size_t i = 0; i < count; ++i) {
    low = std::min(low, numbers[i]);
    high = std::max(high, numbers[i]);
  }
  const auto base = static_cast<uint64_t>(low);
  const size_t width = width_of(static_cast<uint64_t>(high) - base);
  ByteWriter writer(out);
  writer.u64(base);
  writer.u8(static_cast<uint8_t>(width));
  switch (width) {
    case 1: append_packed_as<uint8_t>(numbers, count, base, out); break;
    case 2: append_packed_as<uint16_t>(numbers, count, base, out); break;
    case 4: append_packed_as<uint32_t>(numbers, count, base, out); break;
    default: append_packed_as<uint64_t>(numbers, count, base, out); break;
  }
}

template <class Packed, class Number>
void read_packed_as(std::string_view bytes, uint64_t base, Number* numbers) {
  const size_t count = bytes.size() / sizeof(Packed);
  for (size_t i = 0; i < count; ++i) {
    Packed packed;
    std::memcpy(&packed, bytes.data() + i * sizeof(Packed), sizeof(Packed));
    numbers[i] = static_cast<Number>(base + packed);
  }
}

template <class Number>
bool read_packed(ByteReader& in, size_t count, std::vector<Number>& numbers) {
  const uint64_t base = in.u64();
  const uint8_t width = in.u8();
  if (!is_width(width) || count > in.remaining_bytes() / width) return false;
  const auto bytes = in.raw(count * width);
  numbers.resize(count);
  switch (width) {
    case 1: read_packed_as<uint8_t>(bytes, base, numbers.data()); break;
    case 2: read_packed_as<uint16_t>(bytes, base, numbers.data()); break;
    case 4: read_packed_as<uint32_t>(bytes, base, numbers.data()); break;
    default: read_packed_as<uint64_t>(bytes, base, numbers.data()); break;
  }
  return true;
}

// Times as whole multiples of a unit where all are: most senders write seconds or milliseconds.
void append_times(const std::vector<int64_t>& times, std::string& out) {
  uint64_t unit = 1;
  for (const uint64_t candidate : {1'000'000'000ull, 1'000'000ull, 1'000ull}) {
    // Neighbours often have the same time, and a division costs more than a look.
    int64_t divided = times.empty() ? 0 : times[0];
    const auto divides = [&](int64_t time) {
      if (time == divided) return true;
      divided = time;
      return (static_cast<uint64_t>(time) - static_cast<uint64_t>(times[0])) % candidate == 0;
    };
    if (std::ranges::all_of(times, divides)) {
      unit = candidate;
      break;
    }
  }
  ByteWriter writer(out);
  if (times.empty()) return;
  const int64_t low = *std::ranges::min_element(times);
  std::vector<uint64_t> steps(times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    const bool is_repeated = i > 0 && times[i] == times[i - 1];
    steps[i] = is_repeated
                   ? steps[i - 1]
                   : (static_cast<uint64_t>(times[i]) - static_cast<uint64_t>(low)) / unit;
  }
  writer.i64(low);
  writer.varint(unit);
  append_packed(steps.data(), steps.size(), out);
}

bool read_times(ByteReader& in, size_t count, std::vector<int64_t>& times) {
  if (count == 0) return true;
  const auto low = static_cast<uint64_t>(in.i64());
  const uint64_t unit = in.varint();
  std::vector<uint64_t> steps;
  if (!read_packed(in, count, steps)) return false;
  times.resize(count);
  for (size_t i = 0; i < count; ++i) times[i] = static_cast<int64_t>(low + steps[i] * unit);
  return true;
}

// The cells that hold a value, in a row: the others take no bytes.
template <class T>
std::span<const T> present_cells(const ColumnView& view, std::vector<T>& storage) {
  if (view.states == nullptr) return view.as<T>();
  storage.clear();
  const auto cells = view.as<T>();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (view.states[i] == CellState::kValue) storage.push_back(cells[i]);
  }
  return storage;
}

// True when every double is a whole number of at most 32 bits that an integer can give back bit by
// bit (−0.0 and NaN cannot).
bool as_integers(std::span<const double> numbers, std::vector<int64_t>& integers) {
  integers.resize(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!(numbers[i] >= -2147483648.0 && numbers[i] <= 2147483647.0)) return false;
    const auto integer = static_cast<int64_t>(numbers[i]);
    if (std::bit_cast<uint64_t>(static_cast<double>(integer)) !=
        std::bit_cast<uint64_t>(numbers[i])) {
      return false;
    }
    integers[i] = integer;
  }
  return true;
}

void append_doubles(const ColumnView& view, std::string& out) {
  std::vector<double> storage;
  std::vector<int64_t> integers;
  const auto cells = present_cells(view, storage);
  ByteWriter writer(out);
  if (as_integers(cells, integers)) {
    writer.u8(static_cast<uint8_t>(DoubleForm::kIntegers));
    append_packed(integers.data(), integers.size(), out);
  } else {
    writer.u8(static_cast<uint8_t>(DoubleForm::kBits));
    writer.raw(cells.data(), cells.size() * sizeof(double));
  }
}

void append_strings(const ColumnView& view, std::string& out) {
  std::vector<std::string_view> storage;
  const auto cells = present_cells(view, storage);
  std::vector<uint64_t> sizes(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) sizes[i] = cells[i].size();
  append_packed(sizes.data(), sizes.size(), out);
  for (const auto cell : cells) out += cell;
}

void append_states(const ColumnView& view, ByteWriter& out) {
  if (view.states == nullptr) {
    out.u8(static_cast<uint8_t>(StatesForm::kAllValues));
    return;
  }
  out.u8(static_cast<uint8_t>(StatesForm::kTwoBits));
  uint8_t packed = 0;
  for (size_t i = 0; i < view.row_count; ++i) {
    packed |= static_cast<uint8_t>(static_cast<uint8_t>(view.states[i]) << (i % 4 * 2));
    if (i % 4 == 3 || i + 1 == view.row_count) {
      out.u8(packed);
      packed = 0;
    }
  }
}

void append_column(const BatchColumn& column, std::string& out) {
  const ColumnView view = column.values.view();
  ByteWriter writer(out);
  writer.varint(raw(column.id));
  writer.u8(static_cast<uint8_t>(view.type));
  append_states(view, writer);
  switch (view.type) {
    case ValueType::kFloat64: append_doubles(view, out); break;
    case ValueType::kInt64:
    case ValueType::kTimestamp: {
      std::vector<int64_t> storage;
      const auto cells = present_cells(view, storage);
      append_packed(cells.data(), cells.size(), out);
      break;
    }
    case ValueType::kUint64: {
      std::vector<uint64_t> storage;
      const auto cells = present_cells(view, storage);
      append_packed(cells.data(), cells.size(), out);
      break;
    }
    case ValueType::kBool: {
      std::vector<uint8_t> storage;
      const auto cells = present_cells(view, storage);
      writer.raw(cells.data(), cells.size());
      break;
    }
    case ValueType::kString:
    case ValueType::kBytes: append_strings(view, out); break;
  }
}

// Spreads packed values over the rows that have one.
template <class Append>
void spread(const std::vector<CellState>& states, size_t row_count, ColumnVector& column,
            const Append& append) {
  column.reserve(row_count);
  size_t next = 0;
  for (size_t i = 0; i < row_count; ++i) {
    if (states.empty() || states[i] == CellState::kValue) {
      append(next++);
    } else {
      column.pad_to(i + 1, states[i]);
    }
  }
}

bool read_states(ByteReader& in, size_t row_count, std::vector<CellState>& states,
                 size_t& value_count) {
  value_count = row_count;
  const uint8_t form = in.u8();
  if (form == static_cast<uint8_t>(StatesForm::kAllValues)) return !in.failed();
  if (form != static_cast<uint8_t>(StatesForm::kTwoBits)) return false;
  const auto packed = in.raw((row_count + 3) / 4);
  if (in.failed()) return false;
  states.resize(row_count);
  value_count = 0;
  for (size_t i = 0; i < row_count; ++i) {
    const int state = static_cast<uint8_t>(packed[i / 4]) >> (i % 4 * 2) & 3;
    if (state > static_cast<int>(CellState::kValue)) return false;
    states[i] = static_cast<CellState>(state);
    value_count += states[i] == CellState::kValue;
  }
  return true;
}

bool read_doubles(ByteReader& in, size_t value_count, std::vector<double>& numbers) {
  const uint8_t form = in.u8();
  if (form == static_cast<uint8_t>(DoubleForm::kIntegers)) {
    std::vector<int64_t> integers;
    if (!read_packed(in, value_count, integers)) return false;
    numbers.assign(integers.begin(), integers.end());
    return true;
  }
  if (form != static_cast<uint8_t>(DoubleForm::kBits)) return false;
  if (value_count > in.remaining_bytes() / sizeof(double)) return false;
  const auto bytes = in.raw(value_count * sizeof(double));
  numbers.resize(value_count);
  if (value_count > 0) std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return true;
}

bool read_strings(ByteReader& in, size_t value_count, std::vector<std::string_view>& strings) {
  std::vector<uint64_t> sizes;
  if (!read_packed(in, value_count, sizes)) return false;
  strings.reserve(value_count);
  for (const uint64_t size : sizes) strings.push_back(in.raw(size));
  return !in.failed();
}

bool read_cells(ByteReader& in, size_t row_count, ColumnVector& column) {
  std::vector<CellState> states;
  size_t value_count = 0;
  if (!read_states(in, row_count, states, value_count)) return false;
  switch (column.type()) {
    case ValueType::kFloat64: {
      std::vector<double> numbers;
      if (!read_doubles(in, value_count, numbers)) return false;
      spread(states, row_count, column, [&](size_t i) { column.append_f64(numbers[i]); });
      return true;
    }
    case ValueType::kInt64:
    case ValueType::kTimestamp: {
      std::vector<int64_t> numbers;
      if (!read_packed(in, value_count, numbers)) return false;
      spread(states, row_count, column, [&](size_t i) { column.append_i64(numbers[i]); });
      return true;
    }
    case ValueType::kUint64: {
      std::vector<uint64_t> numbers;
      if (!read_packed(in, value_count, numbers)) return false;
      spread(states, row_count, column, [&](size_t i) { column.append_u64(numbers[i]); });
      return true;
    }
    case ValueType::kBool: {
      const auto bytes = in.raw(value_count);
      if (in.failed()) return false;
      spread(states, row_count, column, [&](size_t i) { column.append_bool(bytes[i] != 0); });
      return true;
    }
    case ValueType::kString:
    case ValueType::kBytes: {
      std::vector<std::string_view> strings;
      if (!read_strings(in, value_count, strings)) return false;
      spread(states, row_count, column, [&](size_t i) { column.append_string(strings[i]); });
      return true;
    }
  }
  return false;
}

tl::unexpected<Error> corrupt(const char* what) {
  return fail(ErrorCode::kCorrupt, std::string("write batch ") + what);
}

Result<void> read_header(ByteReader& in, WriteBatch& batch) {
  const uint8_t format = in.u8();
  if (format != kFormat) return corrupt("has an unknown format");
  const uint64_t table = in.varint();
  const uint8_t mode = in.u8();
  const uint64_t segment = in.varint();
  if (table > UINT32_MAX || segment > UINT32_MAX) return corrupt("has an id that is too large");
  if (mode == 0 || mode > static_cast<uint8_t>(MergeMode::kAppend)) {
    return corrupt("has an unknown merge mode");
  }
  batch.table = TableId{static_cast<uint32_t>(table)};
  batch.mode = static_cast<MergeMode>(mode);
  batch.segment = SegmentId{static_cast<uint32_t>(segment)};
  batch.segment_range.begin_ns = in.i64();
  batch.segment_range.end_ns = in.i64();
  batch.id.high = in.u64();
  batch.id.low = in.u64();
  batch.version.clock = in.u64();
  batch.version.node = in.u16();
  if (in.failed()) return corrupt("ends inside its header");
  return {};
}

Result<void> read_series(ByteReader& in, WriteBatch& batch) {
  const uint64_t series_count = in.varint();
  if (series_count > in.remaining_bytes() / sizeof(KeyHash)) {
    return corrupt("ends inside its series");
  }
  batch.series.resize(series_count);
  for (BatchSeries& series : batch.series) {
    series.hash.high = in.u64();
    series.hash.low = in.u64();
    const auto key = in.string();
    if (batch.key_bytes.size() + key.size() > UINT32_MAX) return corrupt("has too many key bytes");
    series.key_offset = static_cast<uint32_t>(batch.key_bytes.size());
    series.key_size_bytes = static_cast<uint32_t>(key.size());
    batch.key_bytes += key;
  }
  if (in.failed()) return corrupt("ends inside its series");
  return {};
}

Result<void> read_rows(ByteReader& in, WriteBatch& batch) {
  const uint64_t row_count = in.varint();
  if (in.failed() || row_count > in.remaining_bytes()) return corrupt("ends inside its rows");
  if (!read_packed(in, row_count, batch.row_series)) return corrupt("ends inside its rows");
  const auto known = [&](uint32_t series) { return series < batch.series.size(); };
  if (!std::ranges::all_of(batch.row_series, known)) {
    return corrupt("has a row of a series that it does not list");
  }
  if (!read_times(in, row_count, batch.times_ns)) return corrupt("ends inside its times");
  const auto inside = [&](int64_t time) { return batch.segment_range.contains(time); };
  if (!std::ranges::all_of(batch.times_ns, inside)) {
    return corrupt("has a time outside its segment");
  }
  return {};
}

}  // namespace

size_t WriteBatch::size_bytes() const {
  size_t bytes = sizeof(*this) + key_bytes.capacity() + series.capacity() * sizeof(BatchSeries) +
                 row_series.capacity() * sizeof(uint32_t) + times_ns.capacity() * sizeof(int64_t);
  for (const BatchColumn& column : columns) {
    bytes += sizeof(BatchColumn) + column.values.size_bytes();
  }
  return bytes;
}

void encode_write_batch(const WriteBatch& batch, std::string& out) {
  DCHECK(batch.row_series.size() == batch.times_ns.size());
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.varint(raw(batch.table));
  writer.u8(static_cast<uint8_t>(batch.mode));
  writer.varint(raw(batch.segment));
  writer.i64(batch.segment_range.begin_ns);
  writer.i64(batch.segment_range.end_ns);
  writer.u64(batch.id.high);
  writer.u64(batch.id.low);
  writer.u64(batch.version.clock);
  writer.u16(batch.version.node);
  writer.varint(batch.series.size());
  for (const BatchSeries& series : batch.series) {
    writer.u64(series.hash.high);
    writer.u64(series.hash.low);
    writer.string(batch.key(series));
  }
  writer.varint(batch.row_count());
  append_packed(batch.row_series.data(), batch.row_series.size(), out);
  append_times(batch.times_ns, out);
  writer.varint(batch.columns.size());
  for (const BatchColumn& column : batch.columns) {
    DCHECK(column.values.row_count() == batch.row_count());
    append_column(column, out);
  }
}

Result<WriteBatch> decode_write_batch(std::string_view bytes) {
  ByteReader in(bytes);
  WriteBatch batch;
  TRY_VOID(read_header(in, batch));
  TRY_VOID(read_series(in, batch));
  TRY_VOID(read_rows(in, batch));
  const uint64_t column_count = in.varint();
  for (uint64_t i = 0; i < column_count; ++i) {
    const uint64_t id = in.varint();
    const uint8_t type = in.u8();
    if (in.failed() || id > UINT32_MAX || type == 0 ||
        type > static_cast<uint8_t>(ValueType::kTimestamp)) {
      return corrupt("has no valid column");
    }
    BatchColumn column{.id = ColumnId{static_cast<uint32_t>(id)},
                       .values = ColumnVector(static_cast<ValueType>(type))};
    if (!read_cells(in, batch.row_count(), column.values)) return corrupt("ends inside a column");
    batch.columns.push_back(std::move(column));
  }
  if (in.failed()) return corrupt("ends too early");
  if (!in.at_end()) return corrupt("has bytes after its end");
  return batch;
}

}  // namespace varve
