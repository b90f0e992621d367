// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/select.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "query/influxql/execute/call_builder.h"
#include "query/influxql/execute/group_input.h"
#include "query/influxql/execute/row_writer.h"

namespace varve::influxql {
namespace {

// Cuts OFFSET and LIMIT out of a group's rows as they come.
class RowLimit {
 public:
  RowLimit(int64_t offset, int64_t limit)
      : skip_(static_cast<uint64_t>(std::max<int64_t>(offset, 0))),
        left_(limit > 0 ? static_cast<uint64_t>(limit) : UINT64_MAX) {}

  /// The rows of the next `row_count` that are wanted: [begin, end).
  std::pair<size_t, size_t> take(size_t row_count) {
    const size_t begin = std::min<uint64_t>(skip_, row_count);
    const size_t end = begin + std::min<uint64_t>(left_, row_count - begin);
    skip_ -= begin;
    left_ -= end - begin;
    return {begin, end};
  }
  bool is_full() const { return left_ == 0; }

 private:
  uint64_t skip_;
  uint64_t left_;
};

uint64_t points_wanted(const RunOptions& options) {
  // Unsigned, since both may be as large as can be.
  return options.limit > 0
             ? static_cast<uint64_t>(options.limit) + static_cast<uint64_t>(options.offset)
             : 0;
}

// An offset without a limit leaves a single row of a table: its reader stops one row late, but it
// stops. Source: InfluxDB 1.8, tsm1.floatLimitIterator.
int64_t limit_of_rows(const SelectPlan& plan, const RunOptions& options) {
  const bool reads_tables =
      std::none_of(plan.sources.begin(), plan.sources.end(),
                   [](const SourcePlan& source) { return source.table == nullptr; });
  const bool stops = options.limit <= 0 && options.offset > 0 && reads_tables &&
                     options.group_by.size() == options.final_dimensions.size();
  return stops ? 1 : options.limit;
}

/// Writes the groups of a SELECT of rows, many at once where their rows were read together.
class GroupRows {
 public:
  GroupRows(const SelectPlan& plan, const RunOptions& options, StatementContext& context,
            GroupInput& input, RowWriter& writer)
      : options_(options),
        context_(context),
        input_(input),
        writer_(writer),
        rows_max_(limit_of_rows(plan, options)),
        wanted_{.rows_limit = rows_max_ > 0 ? static_cast<uint64_t>(rows_max_) +
                                                  static_cast<uint64_t>(options.offset)
                                            : 0,
                .is_page = rows_max_ <= 0 || options.offset > 0} {}

  Result<void> write() {
    const size_t group_count = input_.groups().size();
    for (size_t i = 0; i < group_count;) {
      TRY_VOID(context_.check());
      const size_t group = options_.is_ascending ? i : group_count - 1 - i;
      size_t written = writer_.takes_groups() ? TRY(write_ahead(group)) : 0;
      if (written == 0) {
        TRY_VOID(write_group(group));
        written = 1;
      }
      i += written;
    }
    return {};
  }

 private:
  // How many groups, beginning with this one.
  Result<size_t> write_ahead(size_t group) {
    constexpr size_t kPartsMax = 4'096;
    const auto held = TRY(input_.read_ahead(group, wanted_));
    if (!held) return size_t{0};
    GroupsBlock block{.parts = {}, .times_ns = held->times_ns, .columns = held->columns};
    const size_t count = held->spans.size();
    const auto flush = [&]() -> Result<void> {
      if (block.parts.empty()) return {};
      TRY_VOID(context_.check());
      TRY_VOID(writer_.groups(block));
      block.parts.clear();
      return {};
    };
    for (size_t i = 0; i < count; ++i) {
      const size_t place = options_.is_ascending ? i : count - 1 - i;
      const auto& span = held->spans[place];
      const auto [begin, end] =
          RowLimit(options_.offset, rows_max_).take(span.end - span.begin);
      if (begin == end) continue;
      block.parts.push_back({.key = &input_.groups()[held->group_begin + place],
                             .begin = span.begin + begin,
                             .end = span.begin + end});
      if (block.parts.size() == kPartsMax) TRY_VOID(flush());
    }
    TRY_VOID(flush());
    return count;
  }

  Result<void> write_group(size_t group) {
    writer_.begin_group(input_.groups()[group]);
    RowLimit limit(options_.offset, rows_max_);
    const auto take = [&](const RowBlock& block) -> Result<bool> {
      const auto [begin, end] = limit.take(block.row_count());
      std::vector<ColumnView> columns;
      for (const ColumnView& column : block.columns) columns.push_back(column.slice(begin, end));
      TRY_VOID(writer_.rows(block.times_ns.subspan(begin, end - begin), columns));
      return !limit.is_full();
    };
    TRY_VOID(input_.for_each_block(group, wanted_, take));
    return writer_.end_group();
  }

  const RunOptions& options_;
  StatementContext& context_;
  GroupInput& input_;
  RowWriter& writer_;
  const int64_t rows_max_;
  const BlockRequest wanted_;
};

Result<void> select_rows(const SelectPlan& plan, const RunOptions& options,
                         StatementContext& context, RowWriter& writer) {
  const auto input = TRY(GroupInput::open(plan, options, plan.refs, context));
  return GroupRows(plan, options, context, *input, writer).write();
}

// OFFSET and LIMIT cut the points of every call by themselves.
Points limited(Points points, const RunOptions& options) {
  const auto [begin, end] = RowLimit(options.offset, options.limit).take(points.size());
  if (begin == 0 && end == points.size()) return points;
  Points cut(points.values.type());
  cut.times_ns.assign(points.times_ns.begin() + static_cast<std::ptrdiff_t>(begin),
                      points.times_ns.begin() + static_cast<std::ptrdiff_t>(end));
  append_cells(cut.values, points.values.view(), begin, end - begin);
  for (const ColumnVector& column : points.aux) {
    cut.aux.emplace_back(column.type());
    append_cells(cut.aux.back(), column.view(), begin, end - begin);
  }
  return cut;
}

/// Joins the points of several calls by time.
class PointJoin {
 public:
  PointJoin(const SelectPlan& plan, bool is_ascending) : plan_(plan), is_ascending_(is_ascending) {}

  /// `points[i]` are those of call `calls[i]`. Values beside the points exist for a single call.
  Result<void> write(const std::vector<Points>& points, const std::vector<size_t>& calls,
                     RowWriter& writer) const {
    const bool is_aligned =
        std::all_of(points.begin(), points.end(), [&](const Points& other) {
          return other.times_ns == points.front().times_ns;
        });
    if (is_aligned) return write_columns(points.front().times_ns, points, calls, writer);
    std::vector<Points> joined;
    for (const Points& one : points) {
      joined.emplace_back(one.values.type());
      for (const ColumnVector& column : one.aux) joined.back().aux.emplace_back(column.type());
    }
    const std::vector<int64_t> times = join(points, joined);
    return write_columns(times, joined, calls, writer);
  }

 private:
  std::vector<int64_t> join(const std::vector<Points>& points, std::vector<Points>& joined) const {
    std::vector<int64_t> times;
    std::vector<size_t> next(points.size(), 0);
    while (true) {
      std::optional<int64_t> time;
      for (size_t i = 0; i < points.size(); ++i) {
        if (next[i] >= points[i].size()) continue;
        const int64_t candidate = points[i].times_ns[next[i]];
        if (!time || (is_ascending_ ? candidate < *time : candidate > *time)) time = candidate;
      }
      if (!time) return times;
      times.push_back(*time);
      for (size_t i = 0; i < points.size(); ++i) {
        if (next[i] < points[i].size() && points[i].times_ns[next[i]] == *time) {
          append_cell(joined[i].values, points[i].values.view(), next[i]);
          for (size_t k = 0; k < points[i].aux.size(); ++k) {
            append_cell(joined[i].aux[k], points[i].aux[k].view(), next[i]);
          }
          ++next[i];
        } else {
          joined[i].values.pad_to(times.size());
          for (ColumnVector& column : joined[i].aux) column.pad_to(times.size());
        }
      }
    }
  }

  Result<void> write_columns(const std::vector<int64_t>& times, const std::vector<Points>& points,
                             const std::vector<size_t>& calls, RowWriter& writer) const {
    ColumnVector nothing(ValueType::kFloat64);
    nothing.pad_to(times.size());
    std::vector<ColumnView> symbols(plan_.calls.size() + plan_.refs.size(), nothing.view());
    for (size_t i = 0; i < points.size(); ++i) {
      symbols[calls[i]] = points[i].values.view();
      for (size_t k = 0; k < points[i].aux.size(); ++k) {
        symbols[plan_.calls.size() + k] = points[i].aux[k].view();
      }
    }
    return writer.rows(times, symbols);
  }

  const SelectPlan& plan_;
  bool is_ascending_;
};

Result<void> select_points(const SelectPlan& plan, const RunOptions& options,
                           StatementContext& context, RowWriter& writer) {
  CallBuilder builder(plan, context);
  std::vector<std::unique_ptr<CallPoints>> sources;
  std::vector<size_t> calls;
  for (size_t i = 0; i < plan.calls.size(); ++i) {
    // Of an argument that does not exist nothing is known, not even that there are no points.
    if (plan.calls[i].type == DataType::kUnknown) continue;
    sources.push_back(TRY(builder.build(plan.calls[i], options, points_wanted(options))));
    calls.push_back(i);
  }
  // Calls of one pass have the same groups.
  const std::vector<GroupKey>* groups = nullptr;
  std::vector<GroupKey> united;
  for (const auto& source : sources) {
    TRY_VOID(source->prepare());
    const std::vector<GroupKey>& more = source->groups();
    if (groups == nullptr) groups = &more;
    if (groups == &more) continue;
    std::vector<GroupKey> both;
    std::ranges::set_union(*groups, more, std::back_inserter(both));
    united = std::move(both);
    groups = &united;
  }
  if (groups == nullptr) return {};
  const PointJoin join(plan, options.is_ascending);
  for (size_t i = 0; i < groups->size(); ++i) {
    const GroupKey& key = (*groups)[options.is_ascending ? i : groups->size() - 1 - i];
    TRY_VOID(context.check());
    std::vector<Points> points;
    MemoryClaim memory(context.budget);
    size_t size_bytes = 0;
    for (const auto& source : sources) {
      points.push_back(limited(TRY(source->points(key)), options));
      size_bytes += points.back().size_bytes();
      TRY_VOID(memory.set(size_bytes));
    }
    writer.begin_group(key);
    TRY_VOID(join.write(points, calls, writer));
    TRY_VOID(writer.end_group());
  }
  return {};
}

}  // namespace

Result<void> run_select(const SelectPlan& plan, const RunOptions& options,
                        StatementContext& context, GroupConsumer& consumer) {
  if (plan.is_empty()) return {};
  RowWriter writer(plan, options, consumer);
  if (plan.calls.empty()) return select_rows(plan, options, context, writer);
  return select_points(plan, options, context, writer);
}

}  // namespace varve::influxql
