// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/table_scan.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "query/influxql/execute/evaluate.h"
#include "query/influxql/execute/points.h"

namespace varve::influxql {

TableScan::TableScan(BoundTableRef table, std::vector<Variable> wanted,
                     const std::optional<Expression>& condition)
    : table_(std::move(table)), pushed_(push_down(condition, *table_)) {
  for (const Variable& variable : wanted) sources_.push_back(make_source(variable));
  wanted_count_ = sources_.size();
  wanted_field_count_ = scan_columns_.size();
  if (!pushed_.rest) return;
  rest_ = make_row_expression(
      *pushed_.rest, [&](const Expression& expression) -> std::optional<size_t> {
        const auto* variable = expression.as<Variable>();
        if (variable == nullptr) return std::nullopt;
        sources_.push_back(make_condition_source(*variable));
        return sources_.size() - 1;
      });
}

TableScan::ColumnSource TableScan::make_condition_source(const Variable& variable) {
  if (variable.type != DataType::kTag && variable.type != DataType::kUnknown) {
    return make_source(variable);
  }
  // A name that nothing is known of is a tag that no series has.
  ColumnSource source{.variable = variable, .scan_columns = {}, .tag = {}, .is_text = true};
  if (const Column* column = table_->table->tag(variable.name)) source.tag = column->id;
  return source;
}

TableScan::ColumnSource TableScan::make_source(const Variable& variable) {
  ColumnSource source{.variable = variable, .scan_columns = {}, .tag = {}};
  if (variable.type == DataType::kTag) {
    if (const Column* column = table_->table->tag(variable.name)) source.tag = column->id;
    return source;
  }
  for (const Column* column : columns_for(*table_, variable)) {
    const auto known = std::find_if(
        scan_columns_.begin(), scan_columns_.end(),
        [&](const ScanColumn& scan_column) { return scan_column.id == column->id; });
    source.scan_columns.push_back(static_cast<size_t>(known - scan_columns_.begin()));
    if (known == scan_columns_.end()) scan_columns_.push_back({column->id, column->type});
  }
  return source;
}

Result<void> TableScan::open(StatementContext& context, Request request) {
  CHECK(has_fields());
  ScanSpec spec;
  spec.table = table_->table->id;
  spec.range = request.range.intersect(table_->range);
  spec.columns = scan_columns_;
  spec.predicate = pushed_.predicate;
  spec.series = std::move(request.series);
  spec.order = request.order;
  spec.descending = request.descending;
  if (store_decides_all()) spec.rows_limit = request.rows_limit;
  stream_ = TRY(context.store.scan(spec, context.cancel));
  return {};
}

Result<TableBatch> TableScan::next(StatementContext& context) {
  while (true) {
    TRY_VOID(context.check());
    batch_ = TRY(stream_->next());
    if (batch_.row_count() == 0) return TableBatch{};
    columns_ = build_columns(batch_);
    if (rest_) {
      TableBatch kept = filter(batch_, columns_);
      if (kept.row_count() == 0) continue;
      return kept;
    }
    TableBatch all;
    all.runs = batch_.runs;
    all.series = batch_.series;
    all.row_series = batch_.row_series;
    all.times_ns = batch_.times_ns;
    all.columns = columns_.views;
    return all;
  }
}

TableScan::Columns TableScan::build_columns(const ScanBatch& batch) const {
  Columns columns;
  columns.views.reserve(sources_.size());
  for (const ColumnSource& source : sources_) {
    columns.views.push_back(source.tag || source.is_text ? build_tag(source, batch, columns)
                                                         : build_field(source, batch, columns));
  }
  return columns;
}

ColumnView TableScan::build_field(const ColumnSource& source, const ScanBatch& batch,
                                  Columns& columns) const {
  const ValueType type = to_value_type(source.variable.type).value_or(ValueType::kFloat64);
  if (source.scan_columns.size() == 1) {
    const ColumnView& only = batch.columns[source.scan_columns.front()];
    if (only.type == type) return only;
  }
  // Variants of one field: at most one of them has a cell in a row.
  auto cells = std::make_shared<ColumnVector>(type);
  cells->reserve(batch.row_count());
  for (size_t row = 0; row < batch.row_count(); ++row) {
    const auto holder = std::find_if(
        source.scan_columns.begin(), source.scan_columns.end(),
        [&](size_t column) { return batch.columns[column].has_value(row); });
    if (holder == source.scan_columns.end()) {
      cells->pad_to(row + 1);
    } else {
      append_cast(*cells, batch.columns[*holder], row);
    }
  }
  columns.owners.push_back(cells);
  return cells->view();
}

ColumnView TableScan::build_tag(const ColumnSource& source, const ScanBatch& batch,
                                Columns& columns) const {
  auto cells = std::make_shared<ColumnVector>(ValueType::kString);
  cells->reserve(batch.row_count());
  const auto text_of = [&](const SeriesRef& series) {
    return source.tag ? key_cell(series.key, *source.tag) : std::string_view();
  };
  // The texts stay where the batch keeps its series keys. A tag that a series lacks has no value.
  const auto append = [&](std::string_view text) {
    if (text.empty() && !source.is_text) {
      cells->pad_to(cells->row_count() + 1);
    } else {
      cells->append_string_view(text);
    }
  };
  for (const SeriesRun& run : batch.runs) {
    const std::string_view text = text_of(run.series);
    for (uint32_t row = run.begin; row < run.end; ++row) append(text);
  }
  if (batch.runs.empty()) {
    std::vector<std::string_view> texts;
    for (const SeriesRef& series : batch.series) texts.push_back(text_of(series));
    for (const uint32_t series : batch.row_series) append(texts[series]);
  }
  columns.owners.push_back(cells);
  return cells->view();
}

std::vector<uint8_t> TableScan::rows_to_keep(const ScanBatch& batch,
                                             const Columns& columns) const {
  std::vector<uint8_t> mask = evaluate_condition(*rest_, columns.views, batch.row_count());
  if (wanted_field_count_ == scan_columns_.size()) return mask;
  // The store gave rows for the condition's fields, too: one without any wanted field is none.
  for (size_t row = 0; row < mask.size(); ++row) {
    if (mask[row] == 0) continue;
    bool has_field = false;
    for (size_t i = 0; i < wanted_field_count_ && !has_field; ++i) {
      has_field = batch.columns[i].has_value(row);
    }
    mask[row] = has_field;
  }
  return mask;
}

TableBatch TableScan::filter(const ScanBatch& batch, const Columns& columns) {
  const std::vector<uint8_t> mask = rows_to_keep(batch, columns);
  kept_times_.clear();
  kept_row_series_.clear();
  kept_columns_.clear();
  for (size_t i = 0; i < wanted_count_; ++i) kept_columns_.emplace_back(columns.views[i].type);
  const auto keep = [&](size_t row) {
    kept_times_.push_back(batch.times_ns[row]);
    for (size_t i = 0; i < wanted_count_; ++i) {
      append_cell(kept_columns_[i], columns.views[i], row);
    }
  };
  TableBatch kept;
  kept.series = batch.series;
  for (const SeriesRun& run : batch.runs) {
    const auto begin = static_cast<uint32_t>(kept_times_.size());
    for (uint32_t row = run.begin; row < run.end; ++row) {
      if (mask[row] != 0) keep(row);
    }
    const auto end = static_cast<uint32_t>(kept_times_.size());
    if (begin < end) kept.runs.push_back({run.series, begin, end});
  }
  if (batch.runs.empty()) {
    for (size_t row = 0; row < batch.row_count(); ++row) {
      if (mask[row] == 0) continue;
      keep(row);
      kept_row_series_.push_back(batch.row_series[row]);
    }
  }
  kept.times_ns = kept_times_;
  kept.row_series = kept_row_series_;
  for (const ColumnVector& column : kept_columns_) kept.columns.push_back(column.view());
  return kept;
}

}  // namespace varve::influxql
