// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/subquery_rows.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "query/influxql/execute/evaluate.h"
#include "query/influxql/execute/select.h"
#include "query/influxql/execute/window_states.h"

namespace varve::influxql {
namespace {

/// Where the outer SELECT finds a name: in a column of the subquery, in a tag, or nowhere.
struct Mapping {
  ValueType type = ValueType::kFloat64;
  std::optional<size_t> column;
  std::optional<size_t> tag;
  bool exists() const { return column.has_value() || tag.has_value(); }
};

class Collector final : public GroupConsumer {
 public:
  Collector(const SelectPlan& subquery, const RunOptions& inner, const RunOptions& outer,
            StatementContext& context)
      : subquery_(subquery), inner_(inner), context_(context), memory_(context.budget) {
    for (const std::string& tag : outer.group_by) key_tags_.push_back(*tag_number(tag));
  }

  void want(const std::vector<Variable>& variables, NanCast nan_cast) {
    nan_cast_ = nan_cast;
    for (const Variable& variable : variables) {
      Mapping mapping = find_column(variable);
      if (!mapping.column) {
        const auto& own = subquery_.dimensions;
        if (std::find(own.begin(), own.end(), variable.name) != own.end()) {
          mapping.tag = tag_number(variable.name);
          mapping.type = ValueType::kString;
        }
      }
      wanted_.push_back(mapping);
    }
  }

  void filter_by(const Expression& condition) {
    condition_ = make_row_expression(
        condition, [&](const Expression& expression) -> std::optional<size_t> {
          const auto* variable = expression.as<Variable>();
          if (variable == nullptr) return std::nullopt;
          Mapping mapping = find_column(*variable);
          // Any other name is a tag, which may be one that no row has.
          if (!mapping.column) {
            mapping.tag = tag_number(variable->name).value_or(inner_.group_by.size());
            mapping.type = ValueType::kString;
          }
          filter_inputs_.push_back(mapping);
          return filter_inputs_.size() - 1;
        });
  }

  const std::vector<Mapping>& wanted() const { return wanted_; }
  std::vector<SubqueryRows::Entry> take() { return std::move(entries_); }

  Result<void> begin_group(const GroupKey& key) override {
    group_ = key;
    SubqueryRows::Entry entry;
    entry.key.name = key.name;
    for (const size_t tag : key_tags_) entry.key.tags.push_back(key.tags[tag]);
    for (const Mapping& mapping : wanted_) entry.rows.columns.emplace_back(mapping.type);
    held_bytes_ += sizeof(entry) + entry.key.name.capacity() +
                   entry.key.tags.size() * sizeof(std::string) +
                   wanted_.size() * sizeof(ColumnVector);
    entries_.push_back(std::move(entry));
    return {};
  }

  Result<void> rows(const RowBlock& block) override {
    std::vector<uint8_t> mask;
    if (condition_) {
      const std::vector<ColumnVector> inputs = map(filter_inputs_, block, NanCast::kAsGo);
      std::vector<ColumnView> views;
      for (const ColumnVector& column : inputs) views.push_back(column.view());
      mask = evaluate_condition(*condition_, views, block.row_count());
    }
    Rows& kept = entries_.back().rows;
    const std::vector<ColumnVector> columns = map(wanted_, block, nan_cast_);
    for (size_t row = 0; row < block.row_count(); ++row) {
      if (condition_ && mask[row] == 0) continue;
      kept.times_ns.push_back(block.times_ns[row]);
      for (size_t i = 0; i < columns.size(); ++i) {
        append_cell(kept.columns[i], columns[i].view(), row);
      }
    }
    return memory_.set(held_bytes_ + kept.size_bytes());
  }

  Result<void> end_group() override {
    held_bytes_ += entries_.back().rows.size_bytes();
    return context_.check();
  }

 private:
  std::optional<size_t> tag_number(const std::string& name) const {
    const auto& tags = inner_.group_by;
    const auto found = std::find(tags.begin(), tags.end(), name);
    if (found == tags.end()) return std::nullopt;
    return static_cast<size_t>(found - tags.begin());
  }

  Mapping find_column(const Variable& variable) const {
    Mapping mapping;
    mapping.type = to_value_type(variable.type).value_or(ValueType::kFloat64);
    for (size_t i = 0; i < subquery_.outputs.size() && !mapping.column; ++i) {
      if (subquery_.outputs[i].inner_name == variable.name) mapping.column = i;
    }
    return mapping;
  }

  std::vector<ColumnVector> map(const std::vector<Mapping>& mappings, const RowBlock& block,
                                NanCast nan_cast) const {
    std::vector<ColumnVector> columns;
    for (const Mapping& mapping : mappings) {
      if (mapping.column) {
        columns.push_back(cast_column(block.columns[*mapping.column], mapping.type, nan_cast));
        continue;
      }
      ColumnVector column(mapping.type);
      if (mapping.tag) {
        const std::string text =
            *mapping.tag < group_.tags.size() ? group_.tags[*mapping.tag] : std::string();
        for (size_t row = 0; row < block.row_count(); ++row) column.append_string(text);
      } else {
        column.pad_to(block.row_count());
      }
      columns.push_back(std::move(column));
    }
    return columns;
  }

  const SelectPlan& subquery_;
  const RunOptions& inner_;
  StatementContext& context_;
  MemoryClaim memory_;
  size_t held_bytes_ = 0;
  std::vector<size_t> key_tags_;
  std::vector<Mapping> wanted_;
  NanCast nan_cast_ = NanCast::kAsGo;
  std::vector<Mapping> filter_inputs_;
  std::optional<RowExpression> condition_;
  GroupKey group_;
  std::vector<SubqueryRows::Entry> entries_;
};

}  // namespace

Result<SubqueryRows> SubqueryRows::run(const SelectPlan& subquery, const RunOptions& outer,
                                       const Wanted& wanted, StatementContext& context) {
  const RunOptions inner = options_of_inner(subquery, outer, context.now_ns);
  Collector collector(subquery, inner, outer, context);
  collector.want(wanted.variables, wanted.nan_cast);
  if (wanted.condition) collector.filter_by(*wanted.condition);
  SubqueryRows result;
  for (const Mapping& mapping : collector.wanted()) result.has_.push_back(mapping.exists());
  TRY_VOID(run_select(subquery, inner, context, collector));
  result.entries_ = collector.take();
  if (!inner.is_ascending) std::reverse(result.entries_.begin(), result.entries_.end());
  // A text that is selected first by name would decide; the outer SELECT need not know it.
  result.is_merged_ = subquery.calls.empty() && !subquery.refs.empty() &&
                      to_value_type(subquery.refs.front().type) != ValueType::kString;
  result.keeps_group_order_ =
      subquery.is_selector && is_mergeable(subquery.calls.front()) && inner.interval.is_zero() &&
      std::any_of(subquery.sources.begin(), subquery.sources.end(),
                  [](const SourcePlan& source) { return source.table == nullptr; });
  return result;
}

size_t SubqueryRows::size_bytes() const {
  size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.rows.size_bytes();
  return bytes;
}

}  // namespace varve::influxql
