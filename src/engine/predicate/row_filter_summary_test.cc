// SPDX-License-Identifier: Apache-2.0
// What a filter concludes from summaries.
#include <gtest/gtest.h>

#include <bit>

#include "engine/predicate/row_filter.h"

namespace varve::engine {
namespace {

constexpr ColumnId kDouble{1};
constexpr ColumnId kInteger{2};

TEST(RowFilter, KnowsFromMinimumAndMaximumThatNoRowMatches) {
  const std::vector<ScanColumn> columns = {{kDouble, ValueType::kFloat64},
                                           {kInteger, ValueType::kInt64}};
  const auto bits = [](auto value) { return std::bit_cast<uint64_t>(value); };
  const std::vector<std::optional<CellSummary>> known = {
      CellSummary{.count = 3, .min_bits = bits(1.5), .max_bits = bits(2.5)},
      CellSummary{.count = 3, .min_bits = bits(int64_t{-4}), .max_bits = bits(int64_t{-4})}};
  const auto may = [&](const Predicate& predicate) {
    return RowFilter::compile(predicate, columns)->may_match(known);
  };
  const auto on_double = [&](CompareOp op, Value value) {
    return Predicate::compare_field(kDouble, ValueType::kFloat64, op, std::move(value));
  };
  const auto on_integer = [&](CompareOp op, Value value) {
    return Predicate::compare_field(kInteger, ValueType::kInt64, op, std::move(value));
  };
  EXPECT_TRUE(may(on_double(CompareOp::kGreater, 2.4)));
  EXPECT_FALSE(may(on_double(CompareOp::kGreater, 2.5)));
  EXPECT_TRUE(may(on_double(CompareOp::kGreaterEqual, 2.5)));
  EXPECT_FALSE(may(on_double(CompareOp::kLess, int64_t{1})));
  EXPECT_TRUE(may(on_double(CompareOp::kLess, int64_t{2})));
  EXPECT_FALSE(may(on_double(CompareOp::kEqual, 1.0)));
  EXPECT_TRUE(may(on_double(CompareOp::kEqual, 2.0)));
  EXPECT_TRUE(may(on_double(CompareOp::kNotEqual, 1.5)));
  EXPECT_FALSE(may(on_double(CompareOp::kEqual, Value(std::string("2")))));
  EXPECT_FALSE(may(on_integer(CompareOp::kNotEqual, int64_t{-4})));
  EXPECT_FALSE(may(on_integer(CompareOp::kGreater, uint64_t{0})));
  EXPECT_TRUE(may(on_integer(CompareOp::kLess, -3.5)));
  EXPECT_FALSE(may(Predicate::all_of({on_double(CompareOp::kEqual, 2.0),
                                      on_integer(CompareOp::kEqual, int64_t{1})})));
  EXPECT_TRUE(may(Predicate::any_of({on_double(CompareOp::kEqual, 2.0),
                                     on_integer(CompareOp::kEqual, int64_t{1})})));
}

TEST(RowFilter, ConcludesNothingFromWhatIsNotKnown) {
  const std::vector<ScanColumn> columns = {{kDouble, ValueType::kFloat64}};
  const auto filter = RowFilter::compile(
      Predicate::compare_field(kDouble, ValueType::kFloat64, CompareOp::kEqual, 1.0), columns);
  const std::vector<std::optional<CellSummary>> unknown = {std::nullopt};
  const std::vector<std::optional<CellSummary>> absent = {CellSummary{}};
  EXPECT_TRUE(filter->may_match(unknown));
  EXPECT_FALSE(filter->may_match(absent));
}

}  // namespace
}  // namespace varve::engine
