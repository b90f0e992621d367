// SPDX-License-Identifier: Apache-2.0
#include "model/predicate.h"

#include <gtest/gtest.h>

#include <limits>

namespace varve {
namespace {

Predicate host(std::string text) {
  return Predicate::compare_tag(ColumnId{1}, CompareOp::kEqual, std::move(text));
}

Predicate usage_above(double bound) {
  return Predicate::compare_field(ColumnId{5}, ValueType::kFloat64, CompareOp::kGreater, bound);
}

TEST(Predicate, SimplifiesWhatIsAlreadyDecided) {
  EXPECT_TRUE(Predicate().is_always_true());
  EXPECT_TRUE(Predicate::all_of({}).is_always_true());
  EXPECT_TRUE(Predicate::any_of({}).is_always_false());
  EXPECT_TRUE(Predicate::all_of({host("a"), Predicate::always(false)}).is_always_false());
  EXPECT_TRUE(Predicate::any_of({host("a"), Predicate::always(true)}).is_always_true());
  EXPECT_EQ(Predicate::all_of({host("a"), Predicate::always(true)}), host("a"));
  EXPECT_EQ(Predicate::any_of({Predicate::always(false), host("a")}), host("a"));
  EXPECT_EQ(Predicate::all_of({Predicate::all_of({host("a"), usage_above(1)}), host("b")}),
            Predicate::all_of({host("a"), usage_above(1), host("b")}));
}

TEST(Predicate, KnowsWhichFieldsItNeeds) {
  const auto both = Predicate::any_of({host("a"), usage_above(1), usage_above(2)});
  EXPECT_FALSE(both.is_on_tags_only());
  EXPECT_TRUE(Predicate::all_of({host("a"), Predicate::match_tag(ColumnId{2}, "x", true)})
                  .is_on_tags_only());
  std::vector<ColumnId> columns;
  both.collect_field_columns(columns);
  EXPECT_EQ(columns, std::vector<ColumnId>{ColumnId{5}});
}

TEST(Predicate, PrintsAsSql) {
  EXPECT_EQ(Predicate::all_of({host("o'neil"), Predicate::any_of({usage_above(1.5),
                Predicate::match_tag(ColumnId{2}, "^eu", true)})}).to_string(),
            "c1 = 'o''neil' AND (c5 > 1.5 OR c2 !~ '^eu')");
  EXPECT_EQ(Predicate().to_string(), "true");
  EXPECT_EQ(Predicate::compare_field(ColumnId{3}, ValueType::kBool, CompareOp::kNotEqual, true)
                .to_string(), "c3 <> true");
}

TEST(Predicate, ComesBackFromItsBytes) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Predicate> cases = {
      Predicate(),
      Predicate::always(false),
      host("a"),
      Predicate::match_tag(ColumnId{2}, "^eu-[0-9]+$", false),
      Predicate::match_field(ColumnId{3}, "x|y", true),
      usage_above(nan),
      Predicate::compare_field(ColumnId{3}, ValueType::kInt64, CompareOp::kLess, int64_t{-5}),
      Predicate::compare_field(ColumnId{3}, ValueType::kUint64, CompareOp::kLess, uint64_t{5}),
      Predicate::compare_field(ColumnId{3}, ValueType::kBool, CompareOp::kEqual, true),
      Predicate::compare_field(ColumnId{3}, ValueType::kString, CompareOp::kEqual,
                               std::string("s")),
      Predicate::compare_field(ColumnId{3}, ValueType::kString, CompareOp::kEqual,
                               std::monostate{}),
      Predicate::all_of({host("a"), Predicate::any_of({usage_above(1), host("b")})}),
  };
  for (const Predicate& predicate : cases) {
    std::string bytes;
    encode_predicate(predicate, bytes);
    bytes += "rest";
    std::string_view view = bytes;
    const auto decoded = decode_predicate(view);
    ASSERT_TRUE(decoded) << predicate.to_string();
    EXPECT_EQ(*decoded, predicate) << predicate.to_string();
    EXPECT_EQ(view, "rest");
    for (size_t size = 0; size + 4 < bytes.size(); ++size) {
      std::string_view cut = std::string_view(bytes).substr(0, size);
      EXPECT_FALSE(decode_predicate(cut)) << predicate.to_string() << " cut at " << size;
    }
  }
}

TEST(Predicate, RefusesToNestTooDeeply) {
  const std::string level("\x03\x01", 2);  // AND of one part.
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += level;
  std::string_view view = bytes;
  const auto refused = decode_predicate(view);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "predicate is nested deeper than 1000 levels");
}

}  // namespace
}  // namespace varve
