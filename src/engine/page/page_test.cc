// SPDX-License-Identifier: Apache-2.0
#include "engine/page/page.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>

#include "engine/page/doubles.h"
#include "engine/page/integers.h"
#include "engine/page/kernels.h"
#include "engine/page/page_data.h"
#include "engine/page/symbol_plane.h"

namespace varve::engine {
namespace {

using namespace page_data;
using page::Simd;

std::vector<Simd> simds() {
  std::vector<Simd> found;
  for (const Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (page::kernels_of(simd) != nullptr) found.push_back(simd);
  }
  return found;
}

void expect_equal(const ColumnView& a, const ColumnView& b) {
  ASSERT_EQ(a.type, b.type);
  ASSERT_EQ(a.row_count, b.row_count);
  const size_t cell_bytes = ColumnVector::cell_size_bytes(a.type);
  for (size_t row = 0; row < a.row_count; ++row) {
    ASSERT_EQ(a.state(row), b.state(row)) << "row " << row;
    if (is_variable_size(a.type)) {
      ASSERT_EQ(a.as<std::string_view>()[row], b.as<std::string_view>()[row]) << "row " << row;
    } else {
      ASSERT_EQ(std::memcmp(static_cast<const char*>(a.values) + row * cell_bytes,
                            static_cast<const char*>(b.values) + row * cell_bytes, cell_bytes),
                0)
          << "row " << row;
    }
  }
}

/// Encodes and decodes on every path. Gives the bytes.
std::string expect_round_trip(const ColumnView& cells) {
  const std::string bytes = encode_page(cells);
  for (const Simd simd : simds()) {
    EXPECT_TRUE(page::use_simd(simd));
    EXPECT_EQ(encode_page(cells), bytes);
    // Bytes that end where memory ends, so that reading beyond is noticed.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const auto again =
        decode_page({exact.data(), exact.size()}, cells.type, cells.row_count);
    if (!again) {
      ADD_FAILURE() << again.error().message;
      continue;
    }
    expect_equal(cells, again->view());
  }
  return bytes;
}

double bytes_per_value(const ColumnVector& cells) {
  return static_cast<double>(expect_round_trip(cells.view()).size()) /
         static_cast<double>(cells.row_count());
}

ColumnVector doubles_of_bits(const std::vector<uint64_t>& bits) {
  ColumnVector cells(ValueType::kFloat64);
  for (const uint64_t one : bits) cells.append_f64(std::bit_cast<double>(one));
  return cells;
}

constexpr uint64_t kOddDoubles[] = {
    0x0000000000000000, 0x8000000000000000,  // zeros
    0x7ff0000000000000, 0xfff0000000000000,  // infinities
    0x7ff8000000000000, 0x7ff8000000000123, 0xfff4000000000001, 0x7ff0000000000001,  // no numbers
    0x0000000000000001, 0x800fffffffffffff,  // the smallest
    0x7fefffffffffffff, 0xffefffffffffffff,  // the largest
    0x4340000000000000, 0x4340000000000001, 0xc320000000000000, 0x3ff0000000000000};

TEST(Page, KeepsEveryBitOfOddDoubles) {
  std::vector<uint64_t> bits(std::begin(kOddDoubles), std::end(kOddDoubles));
  expect_round_trip(doubles_of_bits(bits).view());
  for (const uint64_t one : kOddDoubles) {
    expect_round_trip(doubles_of_bits({one}).view());
    expect_round_trip(doubles_of_bits(std::vector<uint64_t>(100, one)).view());
  }
  SeededRandom random(3);
  for (const double share : {0.001, 0.05, 0.5}) {
    auto values = two_decimals(random, 5000);
    for (double& value : values) {
      if (uniform(random) < share) {
        value = std::bit_cast<double>(kOddDoubles[random.next_u64() % std::size(kOddDoubles)]);
      }
    }
    expect_round_trip(column_of(values).view());
  }
}

TEST(Page, KeepsRandomBitsOfEveryTypeAndLength) {
  SeededRandom random(11);
  for (const size_t count : {1, 2, 3, 7, 31, 32, 33, 47, 48, 100, 1023, 1024, 1025, 1535, 1536,
                             1537, 4097, 8191, 8192}) {
    for (const ValueType type : {ValueType::kFloat64, ValueType::kInt64, ValueType::kUint64,
                                 ValueType::kTimestamp}) {
      for (int width = 0; width <= 64; width += count > 200 ? 9 : 3) {
        ColumnVector cells(type);
        auto* out = static_cast<char*>(cells.append_uninitialized(count));
        for (size_t row = 0; row < count; ++row) {
          const uint64_t bits = width == 0 ? 0 : random.next_u64() >> (64 - width);
          std::memcpy(out + row * 8, &bits, 8);
        }
        expect_round_trip(cells.view());
      }
    }
  }
}

TEST(Page, KeepsIntegersAtTheEnds) {
  constexpr int64_t kEnds[] = {std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max(),
                               std::numeric_limits<int64_t>::min() + 1, -1, 0, 1};
  SeededRandom random(5);
  for (const size_t count : {1, 2, 3, 5, 64, 300, 8192}) {
    for (const double share : {0.01, 1.0}) {
      ColumnVector cells(ValueType::kInt64);
      for (size_t row = 0; row < count; ++row) {
        cells.append_i64(uniform(random) < share ? kEnds[random.next_u64() % std::size(kEnds)]
                                                 : static_cast<int64_t>(row));
      }
      expect_round_trip(cells.view());
    }
  }
}

/// One of many forms that integers take.
std::vector<int64_t> random_integers(SeededRandom& random, size_t count) {
  std::vector<int64_t> values(count);
  const uint64_t form = random.next_u64() % 8;
  const auto spread = static_cast<int64_t>(uint64_t{1} << random.next_u64() % 40);
  const auto step = static_cast<int64_t>(uint64_t{1} + random.next_u64() % 1'000'000);
  const double share = uniform(random) < 0.5 ? 0 : uniform(random) * 0.2;
  uint64_t value = random.next_u64() >> random.next_u64() % 64;
  uint64_t slope = random.next_u64() % 1000;
  for (size_t row = 0; row < count; ++row) {
    const auto noise = static_cast<int64_t>(random.next_u64() % static_cast<uint64_t>(spread));
    switch (form) {
      case 0: value = static_cast<uint64_t>(noise); break;
      case 1: value += static_cast<uint64_t>(noise); break;
      case 2: value += static_cast<uint64_t>(noise - spread / 2); break;
      case 3: value = row * static_cast<uint64_t>(step) + static_cast<uint64_t>(noise); break;
      case 4:
        slope += static_cast<uint64_t>(noise % 5 - 2);
        value += slope;
        break;
      case 5:
        if (random.next_u64() % 50 == 0) value = static_cast<uint64_t>(noise);
        break;
      case 6: value = static_cast<uint64_t>(noise % 7 * noise % 7 * 1'000'003); break;
      default: value = row % 10 * 1000 + row / 10 * 7; break;
    }
    values[row] = static_cast<int64_t>(value * (form < 4 ? static_cast<uint64_t>(step) : 1));
    if (uniform(random) < share) values[row] = static_cast<int64_t>(random.next_u64());
  }
  return values;
}

TEST(Page, GivesBackGeneratedColumnsOfEveryTypeWithAbsentAndNullCells) {
  SeededRandom random(2026);
  for (int turn = 0; turn < 400; ++turn) {
    const size_t count = 1 + random.next_u64() % (turn % 4 == 0 ? kPageRowsMax : 400);
    const auto integers = random_integers(random, count);
    const double decimal = std::pow(10.0, static_cast<double>(random.next_u64() % 8));
    const double absent = turn % 3 == 0 ? uniform(random) : 0;
    const double null = turn % 5 == 0 ? uniform(random) : 0;
    for (const ValueType type :
         {ValueType::kFloat64, ValueType::kInt64, ValueType::kUint64, ValueType::kBool,
          ValueType::kString, ValueType::kBytes, ValueType::kTimestamp}) {
      ColumnVector cells(type);
      for (size_t row = 0; row < count; ++row) {
        if (uniform(random) < absent) {
          cells.pad_to(row + 1, CellState::kAbsent);
        } else if (uniform(random) < null) {
          cells.pad_to(row + 1, CellState::kNull);
        } else {
          switch (type) {
            case ValueType::kFloat64:
              cells.append_f64(static_cast<double>(integers[row]) / decimal);
              break;
            case ValueType::kUint64: cells.append_u64(static_cast<uint64_t>(integers[row])); break;
            case ValueType::kBool: cells.append_bool(integers[row] % 3 == 0); break;
            case ValueType::kString:
            case ValueType::kBytes:
              cells.append_string(integers[row] % 4 == 0 ? std::string()
                                                         : std::to_string(integers[row] % 999));
              break;
            default: cells.append_i64(integers[row]); break;
          }
        }
      }
      expect_round_trip(cells.view());
      if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "turn " << turn;
    }
  }
}

TEST(Page, KeepsTextsOfAnyBytes) {
  SeededRandom random(8);
  ColumnVector cells(ValueType::kBytes);
  for (size_t row = 0; row < 1000; ++row) {
    std::string text(random.next_u64() % 200, '\0');
    for (char& byte : text) byte = static_cast<char>(random.next_u64());
    cells.append_string(text);
  }
  expect_round_trip(cells.view());
  ColumnVector alike(ValueType::kString);
  for (size_t row = 0; row < 8000; ++row) alike.append_string(row % 3 == 0 ? "up" : "down");
  EXPECT_LT(expect_round_trip(alike.view()).size(), 1500u);
}

TEST(Page, IsAsSmallAsPromised) {
  SeededRandom random(1);
  constexpr size_t kRows = kPageRowsMax;
  EXPECT_LE(bytes_per_value(column_of(whole_walk(random, kRows))), 0.30);
  EXPECT_LE(bytes_per_value(integers_of(whole_walk(random, kRows))), 0.30);
  EXPECT_LE(bytes_per_value(column_of(two_decimals(random, kRows))), 0.62);
  EXPECT_LE(bytes_per_value(column_of(mostly_constant(random, kRows))), 0.03);
  EXPECT_LE(bytes_per_value(column_of(repeated(random, kRows))), 0.65);
  EXPECT_LE(bytes_per_value(column_of(full_precision(random, kRows))), 6.7);
  EXPECT_LE(expect_round_trip(times_of(times(random, kRows, 0, 1)).view()).size(), 24u);
  EXPECT_LE(bytes_per_value(times_of(times(random, kRows, 20'000'000, 1'000'000))), 0.80);
}

TEST(Page, OfFewRowsPaysNoTable) {
  SeededRandom random(4);
  EXPECT_LE(bytes_per_value(column_of(whole_walk(random, 10))), 1.7);
  EXPECT_LE(bytes_per_value(column_of(whole_walk(random, 100))), 0.55);
  EXPECT_LE(bytes_per_value(column_of(whole_walk(random, 500))), 0.40);
}

TEST(Page, OfManyShortSeriesStillCompresses) {
  SeededRandom random(4);
  std::vector<double> values, counters;
  std::vector<int64_t> stamps;
  while (stamps.size() + 10 <= kPageRowsMax) {
    for (const double value : whole_walk(random, 10)) values.push_back(value);
    for (const double value : counter(random, 10)) counters.push_back(value);
    for (const int64_t stamp : times(random, 10, 0, 1)) stamps.push_back(stamp);
  }
  EXPECT_LE(bytes_per_value(column_of(values)), 0.45);
  EXPECT_LE(bytes_per_value(column_of(counters)), 1.6);
  EXPECT_LE(bytes_per_value(times_of(stamps)), 0.02);
}

TEST(Page, DividesAsTheProcessorDivides) {
  SeededRandom random(9);
  for (int exponent = 0; exponent <= page::kExponentMax; ++exponent) {
    const double power = std::pow(10.0, exponent);
    std::vector<int64_t> scaled(4096);
    for (int64_t& one : scaled) {
      one = static_cast<int64_t>(random.next_u64()) >> random.next_u64() % 64;
    }
    scaled[0] = 0;
    scaled[1] = std::numeric_limits<int64_t>::min();
    scaled[2] = std::numeric_limits<int64_t>::max();
    for (const Simd simd : simds()) {
      std::vector<int64_t> cells = scaled;
      page::kernels_of(simd)->to_decimal(cells.data(), cells.size() - 3, power);
      for (size_t index = 0; index < cells.size() - 3; ++index) {
        ASSERT_EQ(std::bit_cast<uint64_t>(static_cast<double>(scaled[index]) / power),
                  static_cast<uint64_t>(cells[index]))
            << scaled[index] << " / " << power;
      }
    }
  }
}

/// Of symbols that are nearly all and of ones that are hardly there, in whole rounds and less.
TEST(Page, EncodesSymbolsAlikeOnEveryPath) {
  SeededRandom random(21);
  for (int turn = 0; turn < 400; ++turn) {
    const size_t count = 1'400 + random.next_u64() % 6'793;
    const uint64_t kinds = 2 + random.next_u64() % 255;
    const uint64_t skew = 1 + random.next_u64() % 2'000;
    std::vector<uint8_t> symbols(count);
    page::SymbolCounts counts{};
    for (uint8_t& symbol : symbols) {
      const bool is_rare = random.next_u64() % skew == 0;
      symbol = static_cast<uint8_t>(is_rare ? random.next_u64() % kinds : turn);
      ++counts[symbol];
    }
    const auto model = page::SymbolModel::of(counts, count);
    std::optional<std::string> first;
    for (const Simd simd : simds()) {
      EXPECT_TRUE(page::use_simd(simd));
      std::string bytes;
      page::encode_symbols(symbols, model, bytes);
      if (!first) first = bytes;
      ASSERT_EQ(bytes, *first) << "turn " << turn;
    }
  }
}

TEST(Page, RefusesWhatIsNoPage) {
  const auto refuses = [](std::string_view bytes, ValueType type, size_t row_count,
                          std::string_view message) {
    const auto cells = decode_page(bytes, type, row_count);
    ASSERT_FALSE(cells.has_value());
    EXPECT_EQ(cells.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(cells.error().message, message);
  };
  refuses("", ValueType::kInt64, 1, "a page has an unknown format");
  refuses("\x20", ValueType::kInt64, 1, "a page has an unknown format");
  refuses("\x14", ValueType::kInt64, 1, "a page has unknown states");
  refuses("\x10", ValueType::kInt64, 0, "a page has an impossible number of rows");
  refuses("\x10\x07", ValueType::kInt64, 1, "a page of numbers has an unknown body");
  refuses(std::string_view("\x10\x00\x06", 3), ValueType::kInt64, 1,
          "integers have an unknown coding");
  refuses(std::string_view("\x10\x00\x01\x00\x00\x00", 6), ValueType::kInt64, 5,
          "a packed plane has an impossible width");
  refuses(std::string_view("\x11\x00", 2), ValueType::kInt64, 5,
          "a page does not end where it should");
}

/// Whatever a damaged page gives, every path gives the same.
TEST(Page, DecodesDamagedBytesAlikeOnEveryPathOrRefusesThem) {
  SeededRandom random(77);
  std::vector<ColumnVector> columns;
  columns.push_back(column_of(whole_walk(random, 3000)));
  columns.push_back(column_of(two_decimals(random, 200)));
  columns.push_back(column_of(full_precision(random, 1500)));
  columns.push_back(column_of(repeated(random, 2500)));
  columns.push_back(column_of(mostly_constant(random, 3000)));
  columns.push_back(integers_of(counter(random, 2000)));
  columns.push_back(times_of(times(random, 2000, 20'000'000, 1'000)));
  for (const ColumnVector& column : columns) {
    const std::string bytes = encode_page(column.view());
    for (int turn = 0; turn < 300; ++turn) {
      std::string damaged = bytes;
      for (uint64_t flips = 1 + random.next_u64() % 3; flips > 0; --flips) {
        const uint64_t limit = turn % 2 == 0 ? damaged.size() : std::min<size_t>(40, bytes.size());
        damaged[random.next_u64() % limit] ^= static_cast<char>(1 << random.next_u64() % 8);
      }
      if (turn % 5 == 0) damaged.resize(random.next_u64() % damaged.size());
      std::optional<Result<ColumnVector>> first;
      for (const Simd simd : simds()) {
        EXPECT_TRUE(page::use_simd(simd));
        auto cells = decode_page(damaged, column.type(), column.row_count());
        if (!first) {
          first = std::move(cells);
          continue;
        }
        ASSERT_EQ(first->has_value(), cells.has_value());
        if (cells) {
          expect_equal((*first)->view(), cells->view());
        } else {
          EXPECT_EQ(first->error().message, cells.error().message);
        }
      }
    }
  }
}

}  // namespace
}  // namespace varve::engine
