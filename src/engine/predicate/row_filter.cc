// SPDX-License-Identifier: Apache-2.0
#include "engine/predicate/row_filter.h"

#include <algorithm>
#include <compare>
#include <functional>
#include <type_traits>

#include "base/check.h"

namespace varve::engine {
namespace {

// Numbers of different types compare by value, exactly: no integer is rounded to a double.
std::partial_ordering order(int64_t a, uint64_t b) {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<uint64_t>(a) <=> b;
}
template <class Integer>
std::partial_ordering order_with_double(Integer a, double b) {
  constexpr double kLow = std::is_signed_v<Integer> ? -9223372036854775808.0 : 0.0;
  constexpr double kEnd = std::is_signed_v<Integer> ? 9223372036854775808.0
                                                    : 18446744073709551616.0;
  if (b != b) return std::partial_ordering::unordered;
  if (b < kLow) return std::partial_ordering::greater;
  if (b >= kEnd) return std::partial_ordering::less;
  const auto whole = static_cast<Integer>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> (b - static_cast<double>(whole));
}
std::partial_ordering order(int64_t a, double b) { return order_with_double(a, b); }
std::partial_ordering order(uint64_t a, double b) { return order_with_double(a, b); }
std::partial_ordering reversed(std::partial_ordering order) { return 0 <=> order; }
std::partial_ordering order(uint64_t a, int64_t b) { return reversed(order(b, a)); }
std::partial_ordering order(double a, int64_t b) { return reversed(order(b, a)); }
std::partial_ordering order(double a, uint64_t b) { return reversed(order(b, a)); }

bool holds(std::partial_ordering order, CompareOp op) {
  switch (op) {
    case CompareOp::kEqual: return order == 0;
    case CompareOp::kNotEqual: return order != 0;
    case CompareOp::kLess: return order < 0;
    case CompareOp::kLessEqual: return order <= 0;
    case CompareOp::kGreater: return order > 0;
    case CompareOp::kGreaterEqual: return order >= 0;
  }
  return false;
}

void select_all(std::span<uint8_t> selected, bool yes) {
  std::ranges::fill(selected, yes ? 1 : 0);
}

template <class Test>
void select(std::span<uint8_t> selected, const Test& test) {
  for (size_t row = 0; row < selected.size(); ++row) selected[row] = test(row) ? 1 : 0;
}

// One loop for each operator, so that the compiler can vectorise it.
template <class T, class U>
void compare_numbers(std::span<const T> cells, CompareOp op, U bound,
                     std::span<uint8_t> selected) {
  if constexpr (std::is_same_v<T, U>) {
    switch (op) {
      case CompareOp::kEqual: return select(selected, [&](size_t i) { return cells[i] == bound; });
      case CompareOp::kNotEqual:
        return select(selected, [&](size_t i) { return cells[i] != bound; });
      case CompareOp::kLess: return select(selected, [&](size_t i) { return cells[i] < bound; });
      case CompareOp::kLessEqual:
        return select(selected, [&](size_t i) { return cells[i] <= bound; });
      case CompareOp::kGreater: return select(selected, [&](size_t i) { return cells[i] > bound; });
      case CompareOp::kGreaterEqual:
        return select(selected, [&](size_t i) { return cells[i] >= bound; });
    }
  } else {
    select(selected, [&](size_t i) { return holds(order(cells[i], bound), op); });
  }
}

template <class T>
void compare_with(std::span<const T> cells, CompareOp op, const Value& value,
                  std::span<uint8_t> selected) {
  if (const auto* f64 = std::get_if<double>(&value)) {
    compare_numbers(cells, op, *f64, selected);
  } else if (const auto* i64 = std::get_if<int64_t>(&value)) {
    compare_numbers(cells, op, *i64, selected);
  } else if (const auto* u64 = std::get_if<uint64_t>(&value)) {
    compare_numbers(cells, op, *u64, selected);
  } else {
    select_all(selected, false);
  }
}

void keep_rows_with_a_value(const ColumnView& cells, std::span<uint8_t> selected) {
  if (cells.states == nullptr) return;
  for (size_t row = 0; row < selected.size(); ++row) {
    selected[row] &= cells.states[row] == CellState::kValue ? 1 : 0;
  }
}

bool compares(uint64_t bits, ValueType type, CompareOp op, const Value& value) {
  const ColumnView cell{.type = type, .values = &bits, .states = nullptr, .row_count = 1};
  uint8_t selected = 0;
  const std::span one(&selected, 1);
  switch (type) {
    case ValueType::kFloat64: compare_with(cell.as<double>(), op, value, one); break;
    case ValueType::kUint64: compare_with(cell.as<uint64_t>(), op, value, one); break;
    default: compare_with(cell.as<int64_t>(), op, value, one);
  }
  return selected != 0;
}

// Whether one of the cells may compare so.
bool may_compare(const CellSummary& cells, ValueType type, CompareOp op, const Value& value) {
  const auto min = [&](CompareOp how) { return compares(cells.min_bits, type, how, value); };
  const auto max = [&](CompareOp how) { return compares(cells.max_bits, type, how, value); };
  switch (op) {
    case CompareOp::kEqual: return min(CompareOp::kLessEqual) && max(CompareOp::kGreaterEqual);
    case CompareOp::kNotEqual: return min(op) || max(op);
    case CompareOp::kLess:
    case CompareOp::kLessEqual: return min(op);
    case CompareOp::kGreater:
    case CompareOp::kGreaterEqual: return max(op);
  }
  return true;
}

}  // namespace

Result<RowFilter> RowFilter::compile(const Predicate& predicate,
                                     const std::vector<ScanColumn>& columns) {
  RowFilter filter;
  filter.root_ = TRY(compile_node(predicate, columns));
  return filter;
}

Result<RowFilter::Node> RowFilter::compile_node(const Predicate& predicate,
                                                const std::vector<ScanColumn>& columns) {
  Node node;
  node.kind = predicate.kind();
  for (const Predicate& part : predicate.parts()) {
    node.parts.push_back(TRY(compile_node(part, columns)));
  }
  if (node.kind == Predicate::Kind::kCompareField || node.kind == Predicate::Kind::kMatchField) {
    const auto found = std::ranges::find(columns, predicate.column(), &ScanColumn::id);
    CHECK(found != columns.end());
    node.column = static_cast<size_t>(found - columns.begin());
    node.type = found->type;
    node.op = predicate.op();
    node.value = predicate.value();
    node.negated = predicate.negated();
  }
  if (node.kind == Predicate::Kind::kMatchField) {
    node.pattern = std::make_shared<const Pattern>(TRY(Pattern::compile(predicate.text())));
  }
  return node;
}

bool RowFilter::may_match(std::span<const std::optional<CellSummary>> columns) const {
  return may_match(root_, columns);
}

bool RowFilter::may_match(const Node& node, std::span<const std::optional<CellSummary>> columns) {
  const auto part_may = [&](const Node& part) { return may_match(part, columns); };
  switch (node.kind) {
    case Predicate::Kind::kAnd: return std::ranges::all_of(node.parts, part_may);
    case Predicate::Kind::kOr: return std::ranges::any_of(node.parts, part_may);
    case Predicate::Kind::kFalse: return false;
    case Predicate::Kind::kCompareField: break;
    default: return true;
  }
  const auto& cells = columns[node.column];
  if (!cells) return true;
  return cells->count > 0 && may_compare(*cells, node.type, node.op, node.value);
}

void RowFilter::evaluate(std::span<const ColumnView> views, std::span<uint8_t> selected) const {
  evaluate_node(root_, views, selected);
}

void RowFilter::evaluate_node(const Node& node, std::span<const ColumnView> views,
                              std::span<uint8_t> selected) {
  switch (node.kind) {
    case Predicate::Kind::kAnd:
    case Predicate::Kind::kOr: {
      const bool all = node.kind == Predicate::Kind::kAnd;
      select_all(selected, all);
      std::vector<uint8_t> part(selected.size());
      for (const Node& child : node.parts) {
        evaluate_node(child, views, part);
        for (size_t row = 0; row < part.size(); ++row) {
          selected[row] = all ? selected[row] & part[row] : selected[row] | part[row];
        }
      }
      return;
    }
    case Predicate::Kind::kCompareField:
      compare(views[node.column], node.op, node.value, selected);
      return;
    case Predicate::Kind::kMatchField: {
      const ColumnView& cells = views[node.column];
      if (!is_variable_size(cells.type)) return select_all(selected, false);
      const auto texts = cells.as<std::string_view>();
      select(selected, [&](size_t row) {
        return cells.has_value(row) && node.pattern->matches(texts[row]) != node.negated;
      });
      return;
    }
    case Predicate::Kind::kTrue: return select_all(selected, true);
    default: return select_all(selected, false);
  }
}

void RowFilter::compare(const ColumnView& cells, CompareOp op, const Value& value,
                        std::span<uint8_t> selected) {
  switch (cells.type) {
    case ValueType::kFloat64: compare_with(cells.as<double>(), op, value, selected); break;
    case ValueType::kInt64:
    case ValueType::kTimestamp: compare_with(cells.as<int64_t>(), op, value, selected); break;
    case ValueType::kUint64: compare_with(cells.as<uint64_t>(), op, value, selected); break;
    case ValueType::kBool: {
      const bool* bound = std::get_if<bool>(&value);
      if (bound == nullptr) return select_all(selected, false);
      const auto booleans = cells.as<uint8_t>();
      select(selected, [&](size_t row) {
        return holds((booleans[row] != 0) <=> *bound, op);
      });
      break;
    }
    case ValueType::kString:
    case ValueType::kBytes: {
      const auto* bound = std::get_if<std::string>(&value);
      if (bound == nullptr) return select_all(selected, false);
      const auto texts = cells.as<std::string_view>();
      select(selected,
             [&](size_t row) { return holds(texts[row] <=> std::string_view(*bound), op); });
      break;
    }
  }
  keep_rows_with_a_value(cells, selected);
}

}  // namespace varve::engine
