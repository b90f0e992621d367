// SPDX-License-Identifier: Apache-2.0
// The bytes of docs/formats/page.md, form by form. Should one of these fail, files that exist would
// be read wrongly: the format needs a new number.
#include <gtest/gtest.h>

#include <functional>

#include "engine/page/page.h"

namespace varve::engine {
namespace {

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

ColumnVector integers(size_t count, const std::function<int64_t(int64_t)>& value) {
  ColumnVector cells(ValueType::kInt64);
  for (size_t row = 0; row < count; ++row) cells.append_i64(value(static_cast<int64_t>(row)));
  return cells;
}

void expect_bytes(const ColumnVector& cells, std::string_view expected) {
  EXPECT_EQ(hex(encode_page(cells.view())), expected);
}

TEST(PageGolden, OfALine) {
  expect_bytes(integers(5000, [](int64_t row) { return 100 + 10 * row; }), "100000b40114");
}

TEST(PageGolden, OfPackedNumbers) {
  expect_bytes(integers(9, [](int64_t row) { return 3 + row * row % 5; }), "10000106000308198404");
}

TEST(PageGolden, OfScaledStepsWithAnException) {
  expect_bytes(integers(40,
                        [](int64_t row) {
                          return 1000 * (row + row * row % 3) + (row > 20 ? 1'000'000'000 : 0);
                        }),
               "1000699f1f00e807011580897a021a866118866118866118");
}

TEST(PageGolden, OfChangesOfSteps) {
  expect_bytes(
      integers(60, [](int64_t row) { return row * row * row; }),
      "1000110a0c150900000030c04002060f2454c0b0c14308122754b48031c3460e1e3f841441b2c449142a"
      "57b4740133c64c1a366fe4d4c1b3c74f20428714358234c952264e9f449542b50a");
}

TEST(PageGolden, OfSymbols) {
  expect_bytes(integers(400,
                        [](int64_t row) {
                          return __builtin_ctz(static_cast<unsigned>(row * row * 7919 >> 5) | 256);
                        }),
               "1000020000000a089f389e8a5502950430fc03f90b69500500cacd150046191ef8cb510400e94a84"
               "00513320006d0caa014c42d9fee8758dc022803ed911b779fee2b83cc6808675f0d23896cec32f9b"
               "5e9256cc677bec0549b251b339855f675be6825727f226c88ec418ab4d75a3ffbfd0185cc6c5a52a"
               "d9404dbd7192ce3b3b7dcefa521327bd123b62beb3e48fa9bf");
}

TEST(PageGolden, OfRuns) {
  expect_bytes(integers(300, [](int64_t row) { return row / 60 * (row / 60) * 1000; }),
               "1000040500780030d00f0405e807");
}

TEST(PageGolden, OfDecimalsWithAnException) {
  ColumnVector cells(ValueType::kFloat64);
  for (const double value : {20.5, 20.25, -0.0, 20.75, 21.0, 20.5, 20.5, 20.75}) {
    cells.append_f64(value);
  }
  expect_bytes(cells, "1001020102000000000000008021d21f0019028197");
}

TEST(PageGolden, OfADictionary) {
  constexpr int64_t kFew[] = {5, 1'000'007, 999'999'999'999};
  expect_bytes(integers(48, [&](int64_t row) { return kFew[row * row % 7 % 3]; }),
               "100203600a00020201c2843d00fa9f94a58d1d010000029416a54569515a9416a54569");
}

TEST(PageGolden, OfTexts) {
  ColumnVector cells(ValueType::kString);
  for (const char* text : {"up", "down", "up", "", "up"}) cells.append_string(text);
  expect_bytes(cells, "100303210000020209010000028400007570646f776e");
}

TEST(PageGolden, OfBooleansAbsentAndNullCells) {
  ColumnVector cells(ValueType::kBool);
  cells.append_bool(true);
  cells.pad_to(3, CellState::kAbsent);
  cells.append_bool(false);
  cells.pad_to(5, CellState::kNull);
  expect_bytes(cells, "13010000028201000401");
  ColumnVector absent(ValueType::kBytes);
  absent.pad_to(4, CellState::kAbsent);
  expect_bytes(absent, "11");
}

void expect_read(std::string_view hex_bytes, const ColumnVector& cells) {
  std::string bytes;
  for (size_t at = 0; at + 1 < hex_bytes.size(); at += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex_bytes.substr(at, 2)), nullptr, 16));
  }
  const auto again = decode_page(bytes, ValueType::kInt64, cells.row_count());
  ASSERT_TRUE(again.has_value()) << hex(encode_page(cells.view()));
  for (size_t row = 0; row < cells.row_count(); ++row) {
    ASSERT_EQ(again->view().as<int64_t>()[row], cells.view().as<int64_t>()[row]);
  }
}

/// zstd may find other bytes one day; those of today must be read.
TEST(PageGolden, OfDeflatedSymbolsIsRead) {
  expect_read("10001302c30105001a28b52ffd60340785000028646400b46403001d68f100b8f1022c",
              integers(2100, [](int64_t row) { return row % 10 * (row % 10); }));
}

TEST(PageGolden, OfPlanesIsRead) {
  expect_read("1000051928b52ffd20c0850000280101007f0004100084243e4299d306",
              integers(24, [](int64_t row) { return row < 12 ? 0x0101 : 0x7f00000001; }));
}

}  // namespace
}  // namespace varve::engine
