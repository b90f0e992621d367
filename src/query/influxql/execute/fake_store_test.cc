// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/fake_store.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <set>

namespace varve::influxql {
namespace {

struct FakeRow {
  std::string key;
  int64_t time_ns = 0;
  FakeStore::Cells cells;
};

template <class T>
bool compare(CompareOp op, const T& a, const T& b) {
  switch (op) {
    case CompareOp::kEqual: return a == b;
    case CompareOp::kNotEqual: return a != b;
    case CompareOp::kLess: return a < b;
    case CompareOp::kLessEqual: return a <= b;
    case CompareOp::kGreater: return a > b;
    case CompareOp::kGreaterEqual: break;
  }
  return a >= b;
}

std::optional<double> number(const Value& value) {
  if (const auto* f64 = std::get_if<double>(&value)) return *f64;
  if (const auto* i64 = std::get_if<int64_t>(&value)) return static_cast<double>(*i64);
  if (const auto* u64 = std::get_if<uint64_t>(&value)) return static_cast<double>(*u64);
  return std::nullopt;
}

bool compare_values(CompareOp op, const Value& cell, const Value& literal) {
  const auto a = number(cell);
  const auto b = number(literal);
  if (a && b) return compare(op, *a, *b);
  return cell.index() == literal.index() && compare(op, cell, literal);
}

bool matches(const Predicate& predicate, const std::string& key, const FakeStore::Cells& cells) {
  const auto text = [&] { return std::string(key_cell(key, predicate.column())); };
  const auto matches_text = [&](const std::string& subject) {
    return re2::RE2::PartialMatch(subject, predicate.text()) != predicate.negated();
  };
  const auto cell = cells.find(predicate.column());
  switch (predicate.kind()) {
    case Predicate::Kind::kTrue: return true;
    case Predicate::Kind::kFalse: return false;
    case Predicate::Kind::kAnd:
      return std::all_of(predicate.parts().begin(), predicate.parts().end(),
                         [&](const Predicate& part) { return matches(part, key, cells); });
    case Predicate::Kind::kOr:
      return std::any_of(predicate.parts().begin(), predicate.parts().end(),
                         [&](const Predicate& part) { return matches(part, key, cells); });
    case Predicate::Kind::kCompareTag: return compare(predicate.op(), text(), predicate.text());
    case Predicate::Kind::kMatchTag: return matches_text(text());
    case Predicate::Kind::kCompareField:
      return cell != cells.end() && compare_values(predicate.op(), cell->second, predicate.value());
    case Predicate::Kind::kMatchField: break;
  }
  return cell != cells.end() && std::holds_alternative<std::string>(cell->second) &&
         matches_text(std::get<std::string>(cell->second));
}

class FakeStream final : public BatchStream {
 public:
  FakeStream(ScanSpec spec, std::vector<FakeRow> rows, size_t batch_rows, CancelFlag cancel)
      : spec_(std::move(spec)), rows_(std::move(rows)), batch_rows_(batch_rows), cancel_(cancel) {}

  Result<ScanBatch> next() override {
    if (cancel_ != nullptr && cancel_->load()) return fail(ErrorCode::kCancelled, "cancelled");
    ScanBatch batch;
    times_.clear();
    columns_.clear();
    for (const ScanColumn& column : spec_.columns) columns_.emplace_back(column.type);
    for (; next_ < rows_.size() && times_.size() < batch_rows_; ++next_) add(rows_[next_], batch);
    batch.times_ns = times_;
    for (const ColumnVector& column : columns_) batch.columns.push_back(column.view());
    return batch;
  }

 private:
  void add(const FakeRow& row, ScanBatch& batch) {
    const SeriesRef series{.hash = series_key_hash(row.key), .key = row.key};
    const auto place = static_cast<uint32_t>(times_.size());
    if (spec_.order == ScanOrder::kTime) {
      const auto known = std::find_if(batch.series.begin(), batch.series.end(),
                                      [&](const SeriesRef& s) { return s.hash == series.hash; });
      batch.row_series.push_back(static_cast<uint32_t>(known - batch.series.begin()));
      if (known == batch.series.end()) batch.series.push_back(series);
    } else if (!batch.runs.empty() && batch.runs.back().series.hash == series.hash) {
      batch.runs.back().end = place + 1;
    } else {
      batch.runs.push_back({series, place, place + 1});
    }
    times_.push_back(row.time_ns);
    for (size_t i = 0; i < columns_.size(); ++i) {
      const auto cell = row.cells.find(spec_.columns[i].id);
      if (cell == row.cells.end()) {
        columns_[i].pad_to(times_.size());
      } else {
        columns_[i].append_value(cell->second);
      }
    }
  }

  ScanSpec spec_;
  std::vector<FakeRow> rows_;
  size_t batch_rows_;
  CancelFlag cancel_;
  size_t next_ = 0;
  std::vector<int64_t> times_;
  std::vector<ColumnVector> columns_;
};

bool has_wanted(const ScanSpec& spec, const FakeStore::Cells& cells) {
  return std::any_of(spec.columns.begin(), spec.columns.end(),
                     [&](const ScanColumn& column) { return cells.contains(column.id); });
}

void sort_rows(const ScanSpec& spec, std::vector<FakeRow>& rows) {
  std::sort(rows.begin(), rows.end(), [&](const FakeRow& a, const FakeRow& b) {
    const auto earlier = [&] { return (a.time_ns < b.time_ns) != spec.descending; };
    if (spec.order == ScanOrder::kTime) {
      return a.time_ns != b.time_ns ? earlier() : a.key < b.key;
    }
    const KeyHash x = series_key_hash(a.key);
    const KeyHash y = series_key_hash(b.key);
    return x != y ? x < y : a.time_ns != b.time_ns && earlier();
  });
}

}  // namespace

void FakeStore::put(TableId table, const std::string& key, int64_t time_ns, const Cells& cells) {
  for (const auto& [column, value] : cells) tables_[table][key][time_ns][column] = value;
}

void FakeStore::put_segment(TableId table, SegmentId segment, TimeRange range) {
  segments_[segment][table] = range;
}

void FakeStore::write(WriteRequest request, WriteDone done) {
  for (const WriteBatch& batch : request.batches) {
    put_segment(batch.table, batch.segment, batch.segment_range);
    for (size_t row = 0; row < batch.row_count(); ++row) {
      Cells cells;
      for (const BatchColumn& column : batch.columns) {
        const ColumnView view = column.values.view();
        if (view.has_value(row)) cells[column.id] = view.at(row);
      }
      put(batch.table, std::string(batch.key(batch.series[batch.row_series[row]])),
          batch.times_ns[row], cells);
    }
  }
  done({});
}

bool FakeStore::is_in_segments(int64_t time_ns, TimeRange range) const {
  const auto floor = [&](int64_t ns) {
    return ns - ((ns % segment_ns_) + segment_ns_) % segment_ns_;
  };
  return TimeRange{floor(time_ns), floor(time_ns) + segment_ns_}.overlaps(range);
}

Result<std::unique_ptr<BatchStream>> FakeStore::scan(const ScanSpec& spec, CancelFlag cancel) {
  scans_.push_back(spec);
  std::vector<FakeRow> rows;
  const auto table = tables_.find(spec.table);
  if (table != tables_.end()) {
    for (const auto& [key, series] : table->second) {
      if (spec.series && !std::binary_search(spec.series->begin(), spec.series->end(),
                                             series_key_hash(key))) {
        continue;
      }
      for (const auto& [time_ns, cells] : series) {
        if (!spec.range.contains(time_ns) || !has_wanted(spec, cells)) continue;
        if (matches(spec.predicate, key, cells)) rows.push_back({key, time_ns, cells});
      }
    }
  }
  sort_rows(spec, rows);
  if (spec.rows_limit > 0 && rows.size() > spec.rows_limit) rows.resize(spec.rows_limit);
  return std::unique_ptr<BatchStream>(
      std::make_unique<FakeStream>(spec, std::move(rows), batch_rows_, std::move(cancel)));
}

Result<SeriesList> FakeStore::list_series(const SeriesSpec& spec) {
  auto keys = std::make_shared<std::vector<std::string>>();
  const auto table = tables_.find(spec.table);
  if (table != tables_.end()) {
    for (const auto& [key, series] : table->second) {
      const bool is_live = std::any_of(series.begin(), series.end(), [&](const auto& row) {
        return is_in_segments(row.first, spec.range);
      });
      if (is_live && matches(spec.predicate, key, {})) keys->push_back(key);
    }
  }
  std::sort(keys->begin(), keys->end(), [](const std::string& a, const std::string& b) {
    return series_key_hash(a) < series_key_hash(b);
  });
  SeriesList list;
  for (const std::string& key : *keys) list.series.push_back({series_key_hash(key), key});
  list.pin = std::move(keys);
  return list;
}

Result<std::vector<ColumnId>> FakeStore::list_columns(TableId table, TimeRange range) {
  std::set<ColumnId> columns;
  for (const auto& [key, series] : tables_[table]) {
    for (const auto& [time_ns, cells] : series) {
      if (!is_in_segments(time_ns, range)) continue;
      for (const auto& [column, value] : cells) columns.insert(column);
    }
  }
  return std::vector<ColumnId>(columns.begin(), columns.end());
}

TableStats FakeStore::stats(TableId table) {
  const auto found = tables_.find(table);
  return {.series_count = found == tables_.end() ? 0 : found->second.size()};
}

void FakeStore::remove_rows(TableId table, TimeRange range, const Predicate& predicate) {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return;
  for (auto& [key, series] : found->second) {
    std::erase_if(series, [&](const auto& row) {
      return range.contains(row.first) && matches(predicate, key, row.second);
    });
  }
  std::erase_if(found->second, [](const auto& series) { return series.second.empty(); });
}

Result<void> FakeStore::remove(const DeleteSpec& spec) {
  removals_.push_back(spec);
  remove_rows(spec.table, spec.range, spec.predicate);
  return {};
}

Result<void> FakeStore::drop_segments(const std::vector<SegmentId>& segments) {
  for (const SegmentId segment : segments) {
    for (const auto& [table, range] : segments_[segment]) remove_rows(table, range, {});
    segments_.erase(segment);
  }
  return {};
}

Result<void> FakeStore::drop_tables(const std::vector<TableId>& tables) {
  for (const TableId table : tables) tables_.erase(table);
  return {};
}

namespace {

TEST(FakeStore, GivesRowsInBothOrders) {
  FakeStore store;
  const std::string a = encode_series_key({{ColumnId{1}, "a"}});
  const std::string b = encode_series_key({{ColumnId{1}, "b"}});
  store.put(TableId{1}, a, 1, {{ColumnId{2}, 1.0}});
  store.put(TableId{1}, b, 2, {{ColumnId{2}, 2.0}});
  store.put(TableId{1}, a, 3, {{ColumnId{2}, 3.0}});
  ScanSpec spec{.table = TableId{1}, .range = {}, .columns = {{ColumnId{2}, ValueType::kFloat64}}};
  spec.order = ScanOrder::kTime;
  spec.descending = true;
  auto stream = store.scan(spec, nullptr);
  ASSERT_TRUE(stream.has_value());
  const auto batch = (*stream)->next();
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(std::vector<int64_t>(batch->times_ns.begin(), batch->times_ns.end()),
            (std::vector<int64_t>{3, 2, 1}));
}

TEST(FakeStore, ForgetsDeletedRowsAndDroppedSegments) {
  FakeStore store;
  const std::string a = encode_series_key({{ColumnId{1}, "a"}});
  const std::string b = encode_series_key({{ColumnId{1}, "b"}});
  store.put(TableId{1}, a, 1, {{ColumnId{2}, 1.0}});
  store.put(TableId{1}, a, 5, {{ColumnId{3}, 1.0}});
  store.put(TableId{1}, b, 1, {{ColumnId{2}, 2.0}});
  store.put_segment(TableId{1}, SegmentId{7}, {0, 3});
  ASSERT_TRUE(store.remove({.table = TableId{1},
                            .range = {1, 2},
                            .predicate = Predicate::compare_tag(ColumnId{1}, CompareOp::kEqual,
                                                                "b")}));
  EXPECT_EQ(store.stats(TableId{1}).series_count, 1u);
  ASSERT_TRUE(store.drop_segments({SegmentId{7}, SegmentId{8}}));
  EXPECT_EQ(*store.list_columns(TableId{1}, {}), std::vector<ColumnId>{ColumnId{3}});
}

}  // namespace
}  // namespace varve::influxql
