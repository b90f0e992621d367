// SPDX-License-Identifier: Apache-2.0
#include "model/write_batch.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace varve {
namespace {

WriteBatch batch_of_two_rows() {
  WriteBatch batch;
  batch.table = TableId{7};
  batch.mode = MergeMode::kMerge;
  batch.segment = SegmentId{3};
  batch.segment_range = {.begin_ns = 0, .end_ns = 10'000'000'000};
  batch.id = {.high = 1, .low = 2};
  batch.version = {.clock = 5, .node = 9};
  batch.key_bytes = encode_series_key({{.column = ColumnId{1}, .text = "a"}});
  batch.series.push_back({.hash = {.high = 0x11, .low = 0x22},
                          .key_offset = 0,
                          .key_size_bytes = static_cast<uint32_t>(batch.key_bytes.size())});
  batch.row_series = {0, 0};
  batch.times_ns = {1'000'000'000, 3'000'000'000};
  BatchColumn column{.id = ColumnId{4}, .values = ColumnVector(ValueType::kInt64)};
  column.values.append_i64(-1);
  column.values.append_i64(254);
  batch.columns.push_back(std::move(column));
  return batch;
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    out += kDigits[static_cast<uint8_t>(byte) >> 4];
    out += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return out;
}

void expect_same(const WriteBatch& a, const WriteBatch& b) {
  EXPECT_EQ(a.table, b.table);
  EXPECT_EQ(a.mode, b.mode);
  EXPECT_EQ(a.segment, b.segment);
  EXPECT_EQ(a.segment_range, b.segment_range);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.row_series, b.row_series);
  EXPECT_EQ(a.times_ns, b.times_ns);
  ASSERT_EQ(a.series.size(), b.series.size());
  for (size_t i = 0; i < a.series.size(); ++i) {
    EXPECT_EQ(a.series[i].hash, b.series[i].hash);
    EXPECT_EQ(a.key(a.series[i]), b.key(b.series[i]));
  }
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (size_t c = 0; c < a.columns.size(); ++c) {
    const ColumnView x = a.columns[c].values.view();
    const ColumnView y = b.columns[c].values.view();
    EXPECT_EQ(a.columns[c].id, b.columns[c].id);
    ASSERT_EQ(x.type, y.type);
    ASSERT_EQ(x.row_count, y.row_count);
    for (size_t i = 0; i < x.row_count; ++i) {
      EXPECT_EQ(x.state(i), y.state(i));
      if (x.type == ValueType::kFloat64) {
        EXPECT_EQ(std::bit_cast<uint64_t>(x.as<double>()[i]),
                  std::bit_cast<uint64_t>(y.as<double>()[i]));
      } else {
        EXPECT_EQ(x.at(i), y.at(i));
      }
    }
  }
}

WriteBatch decoded(const std::string& bytes) {
  auto batch = decode_write_batch(bytes);
  EXPECT_TRUE(batch) << batch.error().message;
  return batch ? std::move(*batch) : WriteBatch{};
}

TEST(WriteBatch, HasTheBytesThatTheFormatDescribes) {
  std::string bytes;
  encode_write_batch(batch_of_two_rows(), bytes);
  // docs/formats/write_batch.md explains every byte of it.
  EXPECT_EQ(hex(bytes),
            "01" "07" "01" "03" "0000000000000000" "00e40b5402000000"
            "0100000000000000" "0200000000000000" "0500000000000000" "0900"
            "01" "1100000000000000" "2200000000000000" "04" "01050161"
            "02"
            "0000000000000000" "01" "0000"
            "00ca9a3b00000000" "8094ebdc03" "0000000000000000" "01" "0002"
            "01" "04" "02" "00" "ffffffffffffffff" "01" "00ff");
  expect_same(batch_of_two_rows(), decoded(bytes));
}

TEST(WriteBatch, KeepsEveryTypeAndStateBitByBit) {
  WriteBatch batch = batch_of_two_rows();
  batch.row_series = {0, 0, 0, 0, 0};
  batch.times_ns = {1, 2, 3, 4, 5};
  batch.columns.clear();
  const auto add = [&](uint32_t id, ValueType type, auto fill) {
    BatchColumn column{.id = ColumnId{id}, .values = ColumnVector(type)};
    fill(column.values);
    ASSERT_EQ(column.values.row_count(), 5u);
    batch.columns.push_back(std::move(column));
  };
  add(1, ValueType::kFloat64, [](ColumnVector& v) {
    v.append_f64(-0.0);
    v.append_f64(std::bit_cast<double>(0x7ff8dead'beef0001ull));
    v.append_f64(-std::numeric_limits<double>::infinity());
    v.append_f64(std::numeric_limits<double>::denorm_min());
    v.append_f64(1e300);
  });
  add(2, ValueType::kFloat64, [](ColumnVector& v) {
    for (const double x : {1.0, 0.0, -7.0, 65536.0, 2147483647.0}) v.append_f64(x);
  });
  add(3, ValueType::kInt64, [](ColumnVector& v) {
    v.append_i64(std::numeric_limits<int64_t>::min());
    v.append_i64(std::numeric_limits<int64_t>::max());
    v.pad_to(4, CellState::kNull);
    v.append_i64(0);
  });
  add(4, ValueType::kUint64, [](ColumnVector& v) {
    v.pad_to(1, CellState::kAbsent);
    v.append_u64(std::numeric_limits<uint64_t>::max());
    v.append_u64(0);
    v.append_u64(300);
    v.append_u64(70'000);
  });
  add(5, ValueType::kBool, [](ColumnVector& v) {
    for (const bool x : {true, false, true, true, false}) v.append_bool(x);
  });
  add(6, ValueType::kString, [](ColumnVector& v) {
    v.append_string("");
    v.append_string(std::string(300, 'x'));
    v.pad_to(3, CellState::kNull);
    v.pad_to(4, CellState::kAbsent);
    v.append_string(std::string("a\0b", 3));
  });
  add(7, ValueType::kBytes, [](ColumnVector& v) { v.pad_to(5, CellState::kAbsent); });
  add(8, ValueType::kTimestamp, [](ColumnVector& v) {
    for (int64_t x : {1, 2, 3, 4, 5}) v.append_i64(kTimeMin + x);
  });
  std::string bytes;
  encode_write_batch(batch, bytes);
  expect_same(batch, decoded(bytes));
}

TEST(WriteBatch, CoversTheWholeRangeOfTimes) {
  WriteBatch batch = batch_of_two_rows();
  batch.segment_range = {};
  batch.times_ns = {kTimeMin, kTimeMax};
  std::string bytes;
  encode_write_batch(batch, bytes);
  expect_same(batch, decoded(bytes));
}

TEST(WriteBatch, TakesAboutTwentyTwoBytesForARowOfTenSmallIntegers) {
  WriteBatch batch = batch_of_two_rows();
  batch.segment_range = {};
  batch.row_series.clear();
  batch.times_ns.clear();
  batch.columns.clear();
  batch.series.assign(100, batch.series[0]);
  for (auto& series : batch.series) series.key_size_bytes = 0;
  for (uint32_t i = 0; i < 1'000; ++i) {
    batch.row_series.push_back(i % 100);
    batch.times_ns.push_back(1'700'000'000'000'000'000 + int64_t{i / 100} * 10'000'000'000);
  }
  for (uint32_t c = 0; c < 10; ++c) {
    BatchColumn column{.id = ColumnId{c}, .values = ColumnVector(ValueType::kInt64)};
    for (int64_t i = 0; i < 1'000; ++i) column.values.append_i64((i * 7 + c) % 100);
    batch.columns.push_back(std::move(column));
  }
  std::string bytes;
  encode_write_batch(batch, bytes);
  EXPECT_LE(bytes.size(), 22u * 1'000);
}

TEST(WriteBatch, RefusesEveryTruncationAndAnyTrailingByte) {
  std::string bytes;
  encode_write_batch(batch_of_two_rows(), bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto batch = decode_write_batch(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(batch) << size;
    EXPECT_EQ(batch.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(decode_write_batch(bytes + "x"));
}

TEST(WriteBatch, RefusesAnUnknownFormatAndStaysInsideDamagedBytes) {
  std::string bytes;
  encode_write_batch(batch_of_two_rows(), bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const auto batch = decode_write_batch(damaged);
      EXPECT_TRUE(i != 0 || !batch);
    }
  }
}

TEST(WriteBatch, NeverAllocatesForRowsThatAreNotThere) {
  WriteBatch batch = batch_of_two_rows();
  batch.columns.clear();
  std::string bytes;
  encode_write_batch(batch, bytes);
  // The row count stands right after the one series; make it enormous.
  const size_t at = bytes.find("\x01\x05\x01\x61") + 4;
  bytes.replace(at, 1, "\xff\xff\xff\xff\xff\xff\x01", 7);
  const auto refused = decode_write_batch(bytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "write batch ends inside its rows");
}

}  // namespace
}  // namespace varve
