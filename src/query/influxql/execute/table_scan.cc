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
  if (pushed_.rest) {
    rest_ = make_row_expression(
        *pushed_.rest, [&](const Expression& expression) -> std::optional<size_t> {
          const auto* variable = expression.as<Variable>();
          if (variable == nullptr) return std::nullopt;
          sources_.push_back(make_condition_source(*variable));
          return sources_.size() - 1;
        });
  }
  order_tags();
}

void TableScan::order_tags() {
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].tag || sources_[i].is_text) tag_sources_.push_back(i);
    if (sources_[i].tag) key_tags_.push_back(*sources_[i].tag);
  }
  std::ranges::sort(key_tags_);
  key_tags_.erase(std::unique(key_tags_.begin(), key_tags_.end()), key_tags_.end());
  std::ranges::sort(tag_sources_, {}, [&](size_t i) { return sources_[i].tag; });
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
  if (store_decides_all()) {
    spec.rows_limit = request.rows_limit;
    spec.series_rows_limit = request.series_rows_limit;
  }
  if (request.summaries != nullptr) spec.group_by = summaries_wanted(*request.summaries);
  // In order of time rows of one time are told apart by all tags.
  if (spec.order == ScanOrder::kSeriesTime) spec.key_tags = key_tags_;
  stream_ = TRY(context.store.scan(spec, context.cancel));
  if (!spec.group_by) return {};
  if (stream_->is_aggregated()) {
    spec.group_by.reset();
    stream_ = TRY(context.store.scan(spec, context.cancel));
  }
  if (auto* stream = dynamic_cast<SummaryStream*>(stream_.get())) {
    stream->take_summaries(request.summaries->visit);
  }
  return {};
}

// Only of columns that are wanted as the table keeps them, and when no row may be dropped here.
std::optional<GroupBy> TableScan::summaries_wanted(const SummaryRequest& request) const {
  if (!store_decides_all() || scan_columns_.size() != wanted_count_) return std::nullopt;
  GroupBy group_by{.tags = {}, .window = request.window, .aggregates = {}};
  for (size_t i = 0; i < wanted_count_; ++i) {
    const ColumnSource& source = sources_[i];
    if (source.scan_columns != std::vector<size_t>{i}) return std::nullopt;
    const ScanColumn& column = scan_columns_[i];
    if (to_value_type(source.variable.type) != column.type) return std::nullopt;
    constexpr std::pair<StatePart, AggregateFunction> kFunctions[] = {
        {StatePart::kSum, AggregateFunction::kSum},
        {StatePart::kMin, AggregateFunction::kMin},
        {StatePart::kMax, AggregateFunction::kMax},
        {StatePart::kFirst, AggregateFunction::kFirst},
        {StatePart::kLast, AggregateFunction::kLast}};
    group_by.aggregates.push_back({AggregateFunction::kCount, column});
    for (const auto& [part, function] : kFunctions) {
      if (has_part(request.parts[i], part)) group_by.aggregates.push_back({function, column});
    }
  }
  return group_by;
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
    pin_texts(all);
    return all;
  }
}

// Only texts of keys: what keeps those of a field alive may be far more.
void TableScan::pin_texts(TableBatch& batch) const {
  const auto is_text = [](const ScanColumn& column) { return is_variable_size(column.type); };
  const bool is_long = !batch.runs.empty() && batch.runs.size() * 64 < batch.row_count();
  if (tag_sources_.empty() || is_long || std::ranges::any_of(scan_columns_, is_text)) return;
  batch.texts_pin = batch_.pin;
  batch.texts_pin_bytes = batch.row_count() * (scan_columns_.size() + 1) * sizeof(int64_t);
  for (const SeriesRun& run : batch.runs) batch.texts_pin_bytes += run.series.key.size();
  for (const SeriesRef& series : batch.series) batch.texts_pin_bytes += series.key.size();
}

TableScan::Columns TableScan::build_columns(const ScanBatch& batch) const {
  Columns columns;
  columns.views.resize(sources_.size());
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].tag || sources_[i].is_text) continue;
    columns.views[i] = build_field(sources_[i], batch, columns);
  }
  if (!tag_sources_.empty()) build_tags(batch, columns);
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

void TableScan::build_tags(const ScanBatch& batch, Columns& columns) const {
  // Texts of one series for each of tag_sources_. They stay where the batch keeps its keys.
  std::vector<std::string_view> texts(tag_sources_.size());
  const auto read_key = [&](const SeriesRef& series) {
    KeyReader key(series.key);
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto& tag = sources_[tag_sources_[i]].tag;
      texts[i] = tag ? key.text(*tag) : std::string_view();
    }
  };
  const auto cells = std::make_shared<std::vector<ColumnVector>>();
  for (size_t i = 0; i < texts.size(); ++i) {
    cells->emplace_back(ValueType::kString).reserve(batch.row_count());
  }
  // A tag that a series lacks has no value.
  const auto append = [&](size_t i, size_t row_count) {
    ColumnVector& to = (*cells)[i];
    if (texts[i].empty() && !sources_[tag_sources_[i]].is_text) {
      to.pad_to(to.row_count() + row_count);
    } else {
      for (size_t row = 0; row < row_count; ++row) to.append_string_view(texts[i]);
    }
  };
  for (const SeriesRun& run : batch.runs) {
    read_key(run.series);
    for (size_t i = 0; i < texts.size(); ++i) append(i, run.end - run.begin);
  }
  if (batch.runs.empty()) {
    std::vector<std::string_view> texts_of_series;
    for (const SeriesRef& series : batch.series) {
      read_key(series);
      texts_of_series.insert(texts_of_series.end(), texts.begin(), texts.end());
    }
    for (size_t i = 0; i < tag_sources_.size(); ++i) {
      for (const uint32_t series : batch.row_series) {
        texts[i] = texts_of_series[series * tag_sources_.size() + i];
        append(i, 1);
      }
    }
  }
  for (size_t i = 0; i < tag_sources_.size(); ++i) {
    columns.views[tag_sources_[i]] = (*cells)[i].view();
  }
  columns.owners.push_back(cells);
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
