// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/row_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "query/influxql/execute/evaluate.h"

namespace varve::influxql {
namespace {

constexpr size_t kRowsPerBlock = 8192;

DataType symbol_type(const SelectPlan& plan, size_t symbol) {
  return symbol < plan.calls.size() ? plan.calls[symbol].type
                                    : plan.refs[symbol - plan.calls.size()].type;
}

bool is_number(DataType type) {
  return type == DataType::kFloat || type == DataType::kInteger || type == DataType::kUnsigned;
}

ColumnVector number_column(const Fill& fill, size_t row_count) {
  const auto* f64 = std::get_if<double>(&fill.number);
  ColumnVector column(f64 != nullptr ? ValueType::kFloat64 : ValueType::kInt64);
  for (size_t i = 0; i < row_count; ++i) {
    if (f64 != nullptr) {
      column.append_f64(*f64);
    } else {
      column.append_i64(std::get<int64_t>(fill.number));
    }
  }
  return column;
}

bool has_gap(const ColumnView& cells) {
  return cells.states != nullptr &&
         std::any_of(cells.states, cells.states + cells.row_count,
                     [](CellState state) { return state != CellState::kValue; });
}

}  // namespace

RowWriter::RowWriter(const SelectPlan& plan, const RunOptions& options, GroupConsumer& consumer)
    : plan_(plan), options_(options), consumer_(consumer) {}

void RowWriter::begin_group(const GroupKey& key) {
  key_ = key;
  has_begun_ = false;
  previous_.clear();
  previous_.resize(plan_.calls.size() + plan_.refs.size());
}

Result<void> RowWriter::end_group() {
  return has_begun_ ? consumer_.end_group() : Result<void>();
}

void RowWriter::fill_with_number(size_t symbol, const ColumnView& cells, Filled& filled) {
  const DataType type = symbol_type(plan_, symbol);
  if (is_number(type)) {
    const ColumnVector number = number_column(options_.fill, 1);
    ColumnVector& column = filled.owned.emplace(cells.type);
    for (size_t row = 0; row < cells.row_count; ++row) {
      if (cells.has_value(row)) {
        append_cell(column, cells, row);
      } else {
        append_cast(column, number.view(), 0);
      }
    }
    filled.view = column.view();
    return;
  }
  // A number stands even in a column of texts.
  filled.has_number.resize(cells.row_count);
  for (size_t row = 0; row < cells.row_count; ++row) {
    filled.has_number[row] = !cells.has_value(row);
  }
}

void RowWriter::fill_with_previous(size_t symbol, const ColumnView& cells, Filled& filled) {
  auto& previous = previous_[symbol];
  ColumnVector& column = filled.owned.emplace(cells.type);
  std::optional<size_t> last;
  for (size_t row = 0; row < cells.row_count; ++row) {
    if (cells.has_value(row)) {
      append_cell(column, cells, row);
      last = row;
    } else if (last) {
      append_cell(column, cells, *last);
    } else if (previous) {
      append_cell(column, previous->view(), 0);
    } else {
      column.pad_to(row + 1);
    }
  }
  filled.view = column.view();
  if (!last) return;
  previous.emplace(cells.type);
  append_cell(*previous, cells, *last);
}

RowWriter::Filled RowWriter::fill_symbol(size_t symbol, const ColumnView& cells) {
  Filled filled;
  filled.view = cells;
  // The result of a function whose argument does not exist is never filled.
  const bool is_nothing =
      symbol < plan_.calls.size() && plan_.calls[symbol].type == DataType::kUnknown;
  if (is_nothing) return filled;
  if (options_.fill.mode == FillMode::kPrevious) {
    fill_with_previous(symbol, cells, filled);
  } else if (options_.fill.mode == FillMode::kNumber && has_gap(cells)) {
    fill_with_number(symbol, cells, filled);
  }
  return filled;
}

Result<void> RowWriter::rows(std::span<const int64_t> times_ns,
                             std::span<const ColumnView> symbols) {
  if (times_ns.empty()) return {};
  CHECK(symbols.size() == plan_.calls.size() + plan_.refs.size());
  if (!has_begun_) {
    has_begun_ = true;
    TRY_VOID(consumer_.begin_group(key_));
  }
  std::vector<Filled> filled;
  filled.reserve(symbols.size());
  for (size_t i = 0; i < symbols.size(); ++i) filled.push_back(fill_symbol(i, symbols[i]));
  // A stretch ends where a column changes between its own values and the fill number.
  const auto same_kinds = [&](size_t a, size_t b) {
    return std::all_of(filled.begin(), filled.end(), [&](const Filled& symbol) {
      return symbol.has_number.empty() || symbol.has_number[a] == symbol.has_number[b];
    });
  };
  size_t begin = 0;
  while (begin < times_ns.size()) {
    size_t end = begin + 1;
    const size_t most = std::min(times_ns.size(), begin + kRowsPerBlock);
    while (end < most && same_kinds(begin, end)) ++end;
    TRY_VOID(write_rows(times_ns, filled, begin, end));
    begin = end;
  }
  return {};
}

bool RowWriter::takes_groups() const {
  const bool is_filled =
      options_.fill.mode == FillMode::kPrevious || options_.fill.mode == FillMode::kNumber;
  return !is_filled && plan_.calls.empty() &&
         std::ranges::all_of(plan_.outputs, [](const OutputColumn& output) {
           return output.value.kind == RowExpression::Kind::kInput;
         });
}

Result<void> RowWriter::groups(GroupsBlock block) {
  CHECK(takes_groups() && block.columns.size() == plan_.refs.size());
  std::vector<ColumnView> columns;
  for (const OutputColumn& output : plan_.outputs) {
    columns.push_back(block.columns[output.value.input]);
  }
  block.columns = std::move(columns);
  return consumer_.groups(block);
}

Result<void> RowWriter::write_rows(std::span<const int64_t> times_ns,
                                   const std::vector<Filled>& symbols, size_t begin, size_t end) {
  const size_t row_count = end - begin;
  std::optional<ColumnVector> number;
  std::vector<ColumnView> inputs;
  inputs.reserve(symbols.size());
  for (const Filled& symbol : symbols) {
    const bool is_number = !symbol.has_number.empty() && symbol.has_number[begin] != 0;
    if (is_number && !number) number = number_column(options_.fill, row_count);
    inputs.push_back(is_number ? number->view() : symbol.view.slice(begin, end));
  }
  std::vector<Evaluated> results;
  std::vector<ColumnView> columns;
  results.reserve(plan_.outputs.size());
  columns.reserve(plan_.outputs.size());
  for (const OutputColumn& output : plan_.outputs) {
    if (output.value.kind == RowExpression::Kind::kInput) {
      columns.push_back(inputs[output.value.input]);
      continue;
    }
    results.push_back(evaluate(output.value, inputs, row_count, IntegerDivision::kFloat));
    columns.push_back(results.back().view);
  }
  return consumer_.rows({.times_ns = times_ns.subspan(begin, row_count), .columns = columns});
}

}  // namespace varve::influxql
