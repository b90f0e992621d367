// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/chunk_cells.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "io/random.h"

namespace varve::engine {
namespace {

ColumnView view_of(const std::vector<int64_t>& numbers) {
  return {.type = ValueType::kInt64, .values = numbers.data(), .row_count = numbers.size()};
}
ColumnView view_of(const std::vector<double>& numbers) {
  return {.type = ValueType::kFloat64, .values = numbers.data(), .row_count = numbers.size()};
}

template <class Number>
CellForm form_of(const std::vector<Number>& numbers) {
  return narrowest_form(view_of(numbers), 0, numbers.size());
}

TEST(ChunkCells, AFormHoldsWhatFitsItsBytes) {
  using Numbers = std::vector<int64_t>;
  EXPECT_EQ(form_of(Numbers{0, 127, -128}), CellForm::kInt8);
  EXPECT_EQ(form_of(Numbers{128}), CellForm::kInt16);
  EXPECT_EQ(form_of(Numbers{-129}), CellForm::kInt16);
  EXPECT_EQ(form_of(Numbers{32'767, -32'768}), CellForm::kInt16);
  EXPECT_EQ(form_of(Numbers{32'768}), CellForm::kInt32);
  EXPECT_EQ(form_of(Numbers{INT32_MAX, INT32_MIN}), CellForm::kInt32);
  EXPECT_EQ(form_of(Numbers{int64_t{INT32_MAX} + 1}), CellForm::kFull);
  EXPECT_EQ(form_of(Numbers{int64_t{INT32_MIN} - 1}), CellForm::kFull);
  EXPECT_EQ(form_of(Numbers{INT64_MAX}), CellForm::kFull);
  EXPECT_EQ(form_of(Numbers{INT64_MIN}), CellForm::kFull);
}

TEST(ChunkCells, OnlyFloatsThatComeBackBitByBitAreWhole) {
  using Numbers = std::vector<double>;
  EXPECT_EQ(form_of(Numbers{0.0, 127.0, -128.0}), CellForm::kInt8);
  EXPECT_EQ(form_of(Numbers{-32'768.0}), CellForm::kInt16);
  EXPECT_EQ(form_of(Numbers{2147483647.0, -2147483648.0}), CellForm::kInt32);
  const double quiet = std::numeric_limits<double>::quiet_NaN();
  for (const double number :
       {-0.0, 0.5, 2147483648.0, -2147483649.0, 0x1p51, 0x1p52, 0x1p53, -0x1p51, 6755399441055744.0,
        -6755399441055744.0, 1e300, -1e300, 5e-324, quiet, -quiet, double{INFINITY},
        double{-INFINITY}, std::bit_cast<double>(0x7ff0'0000'0000'0001u),
        std::bit_cast<double>(0xfff8'0000'0000'1234u)}) {
    EXPECT_EQ(form_of(Numbers{number}), CellForm::kFull) << number;
    Numbers many(200, 1.0);  // Also where it stands in a block.
    many[70] = number;
    EXPECT_EQ(form_of(many), CellForm::kFull) << number;
  }
}

TEST(ChunkCells, NumbersComeBackFromEachFormThatHoldsThem) {
  SeededRandom random(1);
  for (int round = 0; round < 2'000; ++round) {
    const unsigned bits = 1 + static_cast<unsigned>(random.next_u64() % 64);
    std::vector<int64_t> integers;
    std::vector<double> floats;
    for (uint64_t i = random.next_u64() % 200; i > 0; --i) {
      integers.push_back(static_cast<int64_t>(random.next_u64()) >> (64 - bits));
      floats.push_back(round % 2 == 0 ? static_cast<double>(integers.back())
                                      : std::bit_cast<double>(random.next_u64()));
    }
    const size_t begin = integers.size() / 3;
    for (const ColumnView& cells : {view_of(integers), view_of(floats)}) {
      const CellForm narrowest = narrowest_form(cells, begin, integers.size());
      for (const CellForm form :
           {CellForm::kInt8, CellForm::kInt16, CellForm::kInt32, CellForm::kFull}) {
        if (form < narrowest) continue;
        std::vector<char> bytes((integers.size() - begin) * cell_size_bytes(cells.type, form));
        put_cells(cells, begin, integers.size(), form, bytes.data());
        const ChunkCells chunk{.type = cells.type, .form = form, .values = bytes.data()};
        for (size_t i = begin; i < integers.size(); ++i) {
          ASSERT_EQ(chunk.word(static_cast<uint32_t>(i - begin)), cells.as<uint64_t>()[i]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace varve::engine
