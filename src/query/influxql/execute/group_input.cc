// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/group_input.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "query/influxql/execute/interrupt.h"
#include "query/influxql/execute/merge_order.h"
#include "query/influxql/plan/pushdown.h"

namespace varve::influxql {
namespace {

std::vector<ColumnView> views_of(const Rows& rows) {
  std::vector<ColumnView> views;
  for (const ColumnVector& column : rows.columns) views.push_back(column.view());
  return views;
}

// In which order the rows of several parts are taken.
enum class PartOrder : uint8_t {
  kTime,        ///< Of equal times those of earlier parts first.
  kMerge,       ///< As merge_order() does.
  kAsTheyCome,  ///< Part by part.
};

// What merge() takes for each row beside its cells.
constexpr size_t kMergeRowBytes = 40;

// The rows of several parts as one; some of them when it was interrupted.
Rows merge(const std::vector<const Rows*>& parts, PartOrder part_order, bool is_ascending,
           Interrupt& interrupt) {
  std::vector<int64_t> times;
  std::vector<uint32_t> streams;
  std::vector<size_t> rows;
  for (uint32_t part = 0; part < parts.size(); ++part) {
    for (size_t row = 0; row < parts[part]->size(); ++row) {
      times.push_back(parts[part]->times_ns[row]);
      streams.push_back(part);
      rows.push_back(row);
    }
  }
  std::vector<size_t> order(times.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (part_order == PartOrder::kMerge) {
    order = merge_order(times, streams, parts.size(), is_ascending,
                        [](size_t, size_t) { return false; }, &interrupt);
  } else if (part_order == PartOrder::kTime) {
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      if (interrupt.is_due()) return false;
      return is_ascending ? times[a] < times[b] : times[a] > times[b];
    });
  }
  Rows merged;
  std::vector<std::vector<ColumnView>> views;
  for (const Rows* part : parts) views.push_back(views_of(*part));
  for (const ColumnVector& column : parts.front()->columns) {
    merged.columns.emplace_back(column.type());
  }
  for (const size_t place : order) {
    if (interrupt.is_due()) break;
    merged.times_ns.push_back(times[place]);
    for (size_t i = 0; i < merged.columns.size(); ++i) {
      append_cell(merged.columns[i], views[streams[place]][i], rows[place]);
    }
  }
  return merged;
}

Rows turned(const Rows& rows) {
  Rows other;
  other.times_ns.assign(rows.times_ns.rbegin(), rows.times_ns.rend());
  for (const ColumnVector& column : rows.columns) {
    ColumnVector& copy = other.columns.emplace_back(column.type());
    for (size_t row = rows.size(); row-- > 0;) append_cell(copy, column.view(), row);
  }
  return other;
}

}  // namespace

Result<std::unique_ptr<GroupInput>> GroupInput::open(const SelectPlan& plan,
                                                     const RunOptions& options,
                                                     const std::vector<Variable>& wanted,
                                                     StatementContext& context) {
  std::unique_ptr<GroupInput> input(new GroupInput(options, context));
  TRY_VOID(input->add_sources(plan, wanted));
  TRY_VOID(input->number_groups());
  return input;
}

Result<void> GroupInput::add_sources(const SelectPlan& plan, const std::vector<Variable>& wanted) {
  has_.assign(wanted.size(), false);
  const auto cover = [&](TimeRange range) {
    if (range.empty()) return;
    extent_.begin_ns = std::min(extent_.begin_ns, range.begin_ns);
    extent_.end_ns = std::max(extent_.end_ns, range.end_ns);
  };
  size_t held_bytes = 0;
  for (const SourcePlan& source : plan.sources) {
    if (source.table != nullptr) {
      auto table = std::make_unique<TableGroups>(source.table, wanted, plan.condition);
      TRY_VOID(table->find(options_, context_));
      for (size_t i = 0; i < wanted.size(); ++i) {
        if (!columns_for(*source.table, wanted[i]).empty()) has_[i] = true;
      }
      cover(table->range());
      tables_.push_back(std::move(table));
      continue;
    }
    auto rows = std::make_unique<SubqueryRows>(
        TRY(SubqueryRows::run(*source.subquery, options_,
                              {.variables = wanted,
                               .condition = plan.condition,
                               .nan_cast = plan.calls.empty() ? NanCast::kNull : NanCast::kAsGo},
                              context_)));
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (rows->has(i)) has_[i] = true;
    }
    TRY_VOID(context_.check());
    for (const SubqueryRows::Entry& entry : rows->entries()) {
      for (const int64_t time_ns : entry.rows.times_ns) cover({time_ns, time_ns + 1});
    }
    held_bytes += rows->size_bytes();
    TRY_VOID(memory_.set(held_bytes));
    subqueries_.push_back(std::move(rows));
  }
  return {};
}

Result<void> GroupInput::number_groups() {
  if (tables_.size() == 1 && subqueries_.empty()) {
    groups_ = tables_.front()->take_keys();
    return {};
  }
  std::vector<std::vector<GroupKey>> keys_of_tables;
  for (const auto& table : tables_) {
    keys_of_tables.push_back(table->take_keys());
    const auto& keys = keys_of_tables.back();
    groups_.insert(groups_.end(), keys.begin(), keys.end());
  }
  for (const auto& subquery : subqueries_) {
    for (const SubqueryRows::Entry& entry : subquery->entries()) groups_.push_back(entry.key);
  }
  Interrupt interrupt(context_);
  std::ranges::sort(groups_, [&](const GroupKey& a, const GroupKey& b) {
    return !interrupt.is_due() && a < b;
  });
  TRY_VOID(interrupt.check());
  groups_.erase(std::unique(groups_.begin(), groups_.end()), groups_.end());
  for (size_t i = 0; i < tables_.size(); ++i) {
    std::vector<size_t> numbers;
    for (const GroupKey& key : keys_of_tables[i]) numbers.push_back(*find(key));
    tables_[i]->number(std::move(numbers));
  }
  for (const auto& subquery : subqueries_) {
    TRY_VOID(context_.check());
    for (SubqueryRows::Entry& entry : subquery->entries()) {
      entry.group = *find(entry.key);
      if (entry.rows.size() > 0) rows_of_[entry.group].push_back(&entry.rows);
    }
  }
  return {};
}

std::optional<size_t> GroupInput::find(const GroupKey& key) const {
  // Mostly groups are asked for one after the other, in rising or in falling order.
  const size_t hint = found_last_;
  for (const size_t place : {hint, hint + 1, hint - 1}) {
    if (place < groups_.size() && groups_[place] == key) return found_last_ = place;
  }
  const auto found = std::lower_bound(groups_.begin(), groups_.end(), key);
  if (found == groups_.end() || *found != key) return std::nullopt;
  return found_last_ = static_cast<size_t>(found - groups_.begin());
}

Result<void> GroupInput::for_each_run(const VisitRun& visit, const GroupSummaryRequest* summaries) {
  for (const auto& table : tables_) TRY_VOID(table->for_each_run(context_, visit, summaries));
  for (const auto& subquery : subqueries_) {
    for (const SubqueryRows::Entry& entry : subquery->entries()) {
      TRY_VOID(context_.check());
      const Rows rising = options_.is_ascending ? Rows{} : turned(entry.rows);
      const Rows& rows = options_.is_ascending ? entry.rows : rising;
      TRY_VOID(visit({.group = entry.group, .times_ns = rows.times_ns, .columns = views_of(rows)}));
    }
  }
  return {};
}

Result<std::optional<RowsAhead::Held>> GroupInput::read_ahead(size_t group,
                                                              const BlockRequest& wanted) {
  if (tables_.size() != 1 || !subqueries_.empty()) return std::nullopt;
  return tables_.front()->read_ahead(context_, group, wanted);
}

Result<void> GroupInput::for_each_block(size_t group, const BlockRequest& wanted,
                                        const VisitBlock& visit) {
  size_t source_count = 0;
  TableGroups* table = nullptr;
  const Rows* rows = nullptr;
  for (const auto& candidate : tables_) {
    if (!candidate->has_group(group)) continue;
    table = candidate.get();
    ++source_count;
  }
  if (const auto found = rows_of_.find(group); found != rows_of_.end()) {
    rows = found->second.front();
    source_count += found->second.size();
  }
  if (source_count == 0) return {};
  Rows gathered;
  if (source_count > 1) {
    gathered = TRY(gather(group, wanted));
    rows = &gathered;
  } else if (table != nullptr) {
    TRY(table->for_each_block(context_, group, wanted, visit));
    return {};
  }
  if (rows->size() > 0) TRY(visit({.times_ns = rows->times_ns, .columns = views_of(*rows)}));
  return {};
}

Result<Rows> GroupInput::gather(size_t group, const BlockRequest& wanted) {
  std::vector<Rows> owned;
  owned.reserve(tables_.size());
  MemoryClaim memory(context_.budget);
  size_t held_bytes = 0;
  for (const auto& table : tables_) {
    if (!table->has_group(group)) continue;
    Rows& rows = owned.emplace_back();
    TRY(table->for_each_block(
        context_, group, wanted, [&](const RowBlock& block) -> Result<bool> {
          for (size_t i = rows.columns.size(); i < block.columns.size(); ++i) {
            rows.columns.emplace_back(block.columns[i].type);
          }
          rows.times_ns.insert(rows.times_ns.end(), block.times_ns.begin(), block.times_ns.end());
          for (size_t i = 0; i < block.columns.size(); ++i) {
            append_cells(rows.columns[i], block.columns[i], 0, block.row_count());
          }
          TRY_VOID(memory.set(held_bytes + rows.size_bytes()));
          return true;
        }));
    held_bytes += rows.size_bytes();
  }
  std::vector<const Rows*> parts;
  for (const Rows& rows : owned) {
    if (rows.size() > 0) parts.push_back(&rows);
  }
  if (const auto found = rows_of_.find(group); found != rows_of_.end()) {
    parts.insert(parts.end(), found->second.begin(), found->second.end());
  }
  if (parts.empty()) return Rows{};
  PartOrder order = PartOrder::kTime;
  if (tables_.empty() && subqueries_.size() == 1) {
    if (subqueries_.front()->keeps_group_order()) order = PartOrder::kAsTheyCome;
    if (subqueries_.front()->is_merged()) order = PartOrder::kMerge;
  }
  // The merged rows are there beside those that are merged.
  size_t merged_bytes = 0;
  for (const Rows* rows : parts) {
    merged_bytes += rows->size_bytes() + rows->size() * kMergeRowBytes;
  }
  TRY_VOID(memory.set(held_bytes + merged_bytes));
  Interrupt interrupt(context_);
  Rows merged = merge(parts, order, options_.is_ascending, interrupt);
  TRY_VOID(interrupt.check());
  return merged;
}

}  // namespace varve::influxql
