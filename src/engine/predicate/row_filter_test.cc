// SPDX-License-Identifier: Apache-2.0
#include "engine/predicate/row_filter.h"

#include <gtest/gtest.h>

#include <limits>

namespace varve::engine {
namespace {

constexpr ColumnId kColumn{1};

// Which rows of the column match, as "1010".
std::string matches(const ColumnVector& column, const Predicate& predicate) {
  const std::vector<ScanColumn> columns = {{.id = kColumn, .type = column.type()}};
  const auto filter = RowFilter::compile(predicate, columns);
  EXPECT_TRUE(filter);
  std::vector<uint8_t> selected(column.row_count());
  const std::vector<ColumnView> views = {column.view()};
  filter->evaluate(views, selected);
  std::string text;
  for (const uint8_t one : selected) text += one != 0 ? '1' : '0';
  return text;
}

Predicate is(CompareOp op, Value value) {
  return Predicate::compare_field(kColumn, ValueType::kFloat64, op, std::move(value));
}

TEST(RowFilter, ComparesNumbersOfAnyTypesByValue) {
  ColumnVector integers(ValueType::kInt64);
  for (const int64_t x : {int64_t{-1}, int64_t{5}, std::numeric_limits<int64_t>::max()}) {
    integers.append_i64(x);
  }
  EXPECT_EQ(matches(integers, is(CompareOp::kLess, 5.5)), "110");
  EXPECT_EQ(matches(integers, is(CompareOp::kEqual, 5.0)), "010");
  EXPECT_EQ(matches(integers, is(CompareOp::kGreaterEqual, uint64_t{5})), "011");
  EXPECT_EQ(matches(integers, is(CompareOp::kLess, 9223372036854775808.0)), "111");
  EXPECT_EQ(matches(integers, is(CompareOp::kEqual, 9223372036854775807.0)), "000")
      << "that double is 2^63";
  ColumnVector naturals(ValueType::kUint64);
  naturals.append_u64(0);
  naturals.append_u64(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(matches(naturals, is(CompareOp::kGreater, int64_t{-1})), "11");
  EXPECT_EQ(matches(naturals, is(CompareOp::kGreater, -0.5)), "11");
  EXPECT_EQ(matches(naturals, is(CompareOp::kLess, 0.5)), "10");
  ColumnVector floats(ValueType::kFloat64);
  floats.append_f64(std::numeric_limits<double>::quiet_NaN());
  floats.append_f64(-0.0);
  floats.append_f64(2.5);
  EXPECT_EQ(matches(floats, is(CompareOp::kEqual, int64_t{0})), "010");
  EXPECT_EQ(matches(floats, is(CompareOp::kNotEqual, 0.0)), "101");
  EXPECT_EQ(matches(floats, is(CompareOp::kGreater, uint64_t{2})), "001");
}

TEST(RowFilter, MatchesNothingAcrossOtherTypesAndWithoutAValue) {
  ColumnVector floats(ValueType::kFloat64);
  floats.append_f64(1);
  floats.pad_to(2);
  floats.pad_to(3, CellState::kNull);
  EXPECT_EQ(matches(floats, is(CompareOp::kEqual, std::string("1"))), "000");
  EXPECT_EQ(matches(floats, is(CompareOp::kNotEqual, true)), "000");
  EXPECT_EQ(matches(floats, is(CompareOp::kNotEqual, std::monostate{})), "000");
  EXPECT_EQ(matches(floats, is(CompareOp::kNotEqual, 7.0)), "100");
  EXPECT_EQ(matches(floats, Predicate::match_field(kColumn, "", false)), "000");
}

TEST(RowFilter, ComparesTextsAndBooleans) {
  ColumnVector texts(ValueType::kString);
  for (const char* text : {"", "abc", "b"}) texts.append_string(text);
  EXPECT_EQ(matches(texts, is(CompareOp::kEqual, std::string("abc"))), "010");
  EXPECT_EQ(matches(texts, is(CompareOp::kGreaterEqual, std::string("b"))), "001");
  EXPECT_EQ(matches(texts, Predicate::match_field(kColumn, "b", false)), "011");
  EXPECT_EQ(matches(texts, Predicate::match_field(kColumn, "^b", true)), "110");
  ColumnVector booleans(ValueType::kBool);
  booleans.append_bool(true);
  booleans.append_bool(false);
  EXPECT_EQ(matches(booleans, is(CompareOp::kEqual, true)), "10");
  EXPECT_EQ(matches(booleans, is(CompareOp::kNotEqual, true)), "01");
}

TEST(RowFilter, CombinesConditions) {
  ColumnVector integers(ValueType::kInt64);
  for (int64_t x = 0; x < 4; ++x) integers.append_i64(x);
  EXPECT_EQ(matches(integers, Predicate::all_of({is(CompareOp::kGreater, int64_t{0}),
                                                 is(CompareOp::kLess, int64_t{3})})),
            "0110");
  EXPECT_EQ(matches(integers, Predicate::any_of({is(CompareOp::kEqual, int64_t{0}),
                                                 is(CompareOp::kEqual, int64_t{3})})),
            "1001");
  EXPECT_EQ(matches(integers, Predicate::always(true)), "1111");
  EXPECT_EQ(matches(integers, Predicate::always(false)), "0000");
}

}  // namespace
}  // namespace varve::engine
