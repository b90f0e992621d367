// SPDX-License-Identifier: Apache-2.0
// A condition on the cells of a row, over tags and fields alike.
//
// Rules (InfluxQL's; SQL pushes down only what means the same):
//   - a tag that a series does not have equals ''; tags compare as text, = and != only (other
//     operators are false), and regular expressions see '' too;
//   - a field cell without a value matches nothing, not even !=;
//   - numbers of different types compare by value; other mixtures of types match nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "model/value.h"

namespace varve {

enum class CompareOp : uint8_t {
  kEqual = 1,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

/// An immutable tree; cheap to copy.
class Predicate {
 public:
  enum class Kind : uint8_t {
    kTrue = 1,
    kFalse,
    kAnd,
    kOr,
    kCompareTag,    ///< tag column, kEqual or kNotEqual, text
    kMatchTag,      ///< tag column, regular expression (RE2 syntax, unanchored), negated or not
    kCompareField,  ///< field column, any operator, value
    kMatchField,    ///< string field column, regular expression, negated or not
  };

  /// Matches every row.
  Predicate();
  static Predicate always(bool value);
  static Predicate all_of(std::vector<Predicate> parts);
  static Predicate any_of(std::vector<Predicate> parts);
  static Predicate compare_tag(ColumnId column, CompareOp op, std::string text);
  static Predicate match_tag(ColumnId column, std::string pattern, bool negated);
  static Predicate compare_field(ColumnId column, ValueType type, CompareOp op, Value value);
  static Predicate match_field(ColumnId column, std::string pattern, bool negated);

  Kind kind() const { return node_->kind; }
  const std::vector<Predicate>& parts() const { return node_->parts; }
  ColumnId column() const { return node_->column; }
  ValueType field_type() const { return node_->field_type; }
  CompareOp op() const { return node_->op; }
  const Value& value() const { return node_->value; }          ///< Of kCompareField.
  const std::string& text() const { return node_->text; }      ///< Tag text or pattern.
  bool negated() const { return node_->negated; }

  bool is_always_true() const { return kind() == Kind::kTrue; }
  bool is_always_false() const { return kind() == Kind::kFalse; }
  /// True when no field column occurs: it can be decided per series.
  bool is_on_tags_only() const;
  /// Adds every field column that occurs, each once.
  void collect_field_columns(std::vector<ColumnId>& columns) const;
  /// As SQL-like text, for EXPLAIN and logs.
  std::string to_string() const;

  friend bool operator==(const Predicate& a, const Predicate& b);

 private:
  struct Node {
    Kind kind = Kind::kTrue;
    std::vector<Predicate> parts;
    ColumnId column{};
    ValueType field_type = ValueType::kFloat64;
    CompareOp op = CompareOp::kEqual;
    Value value;
    std::string text;
    bool negated = false;
  };
  explicit Predicate(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

  std::shared_ptr<const Node> node_;
};

void encode_predicate(const Predicate& predicate, std::string& out);
/// kCorrupt when the bytes are none; nesting deeper than 1,000 is refused.
Result<Predicate> decode_predicate(std::string_view& bytes);

}  // namespace varve
