// SPDX-License-Identifier: Apache-2.0
// Aggregates from what files keep of their rows are those of the rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "engine/testing.h"
#include "model/partial_state.h"
#include "store/summary_stream.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};
constexpr int kRounds = 16;

struct Folded {
  std::string states;  // As text, by series, window and column.
  size_t rows = 0;
  size_t summaries = 0;
};

std::string text_of(const Value& value) {
  if (std::holds_alternative<double>(value)) {
    char text[40];
    snprintf(text, sizeof(text), "%a", std::get<double>(value));
    return text;
  }
  if (std::holds_alternative<std::string>(value)) return std::get<std::string>(value);
  return std::to_string(std::get<int64_t>(value));
}

// Folds an answer as a query does, whether it has rows or summaries.
Folded fold(Store& store, const ScanSpec& spec, bool takes_summaries) {
  const GroupBy& group_by = *spec.group_by;
  Folded folded;
  std::map<KeyHash, uint32_t> places;
  const Window& window = group_by.window;
  constexpr uint32_t kWindows = 64;
  std::vector<PartialStates> states;
  for (const ScanColumn& column : spec.columns) {
    StateParts parts = 0;
    for (const Aggregate& aggregate : group_by.aggregates) {
      if (aggregate.column.id != column.id) continue;
      if (aggregate.function == AggregateFunction::kSum) parts = parts | StatePart::kSum;
      if (aggregate.function == AggregateFunction::kMin) parts = parts | StatePart::kMin;
      if (aggregate.function == AggregateFunction::kMax) parts = parts | StatePart::kMax;
      if (aggregate.function == AggregateFunction::kFirst) parts = parts | StatePart::kFirst;
      if (aggregate.function == AggregateFunction::kLast) parts = parts | StatePart::kLast;
    }
    states.emplace_back(column.type, parts, 16 * kWindows);
  }
  const auto slot_of = [&](const KeyHash& series, int64_t time_ns) {
    const uint32_t place =
        places.emplace(series, static_cast<uint32_t>(places.size())).first->second;
    const int64_t since = window.every_ns == 0 ? 0 : (time_ns - window.origin_ns) / window.every_ns;
    EXPECT_LT(since, kWindows);
    return place * kWindows + static_cast<uint32_t>(since);
  };
  auto stream = store.scan(spec, nullptr);
  EXPECT_TRUE(stream);
  if (takes_summaries) {
    auto* summarized = dynamic_cast<SummaryStream*>(stream->get());
    EXPECT_NE(summarized, nullptr);
    summarized->take_summaries([&](const RunSummary& summary) -> Result<void> {
      ++folded.summaries;
      const uint32_t slot = slot_of(summary.series, summary.time_first_ns);
      EXPECT_EQ(slot, slot_of(summary.series, summary.time_last_ns));
      for (size_t c = 0; c < states.size(); ++c) {
        states[c].fold_summary(slot, summary.columns[c], summary.time_first_ns,
                               summary.time_last_ns);
      }
      return {};
    });
  }
  while (true) {
    const auto batch = (*stream)->next();
    EXPECT_TRUE(batch);
    if (batch->row_count() == 0) break;
    for (const SeriesRun& run : batch->runs) {
      for (uint32_t row = run.begin; row < run.end; ++row) {
        ++folded.rows;
        const StatePiece piece{.slot = slot_of(run.series.hash, batch->times_ns[row]),
                               .begin = row,
                               .end = row + 1};
        for (size_t c = 0; c < states.size(); ++c) {
          states[c].fold(std::span(&piece, 1), batch->times_ns, batch->columns[c]);
        }
      }
    }
  }
  for (const auto& [series, place] : places) {
    for (uint32_t slot = place * kWindows; slot < (place + 1) * kWindows; ++slot) {
      for (const PartialStates& column : states) {
        if (column.count(slot) == 0) continue;
        folded.states += std::to_string(series.low) + "/" + std::to_string(slot % kWindows) + ":" +
                         std::to_string(column.count(slot));
        const auto add = [&](StatePart part, const char* name, auto&& get) {
          if (has_part(column.parts(), part)) folded.states += name + text_of(get());
        };
        add(StatePart::kSum, " sum ", [&] { return column.sum(slot); });
        add(StatePart::kMin, " min ", [&] { return column.min(slot); });
        add(StatePart::kMax, " max ", [&] { return column.max(slot); });
        add(StatePart::kFirst, " first ", [&] { return column.first(slot); });
        add(StatePart::kLast, " last ", [&] { return column.last(slot); });
        folded.states += "\n";
      }
    }
  }
  return folded;
}

struct Setting {
  SstLayout layout = SstLayout::kPacked;
  MergeMode mode = MergeMode::kMerge;
};

class SummaryScan : public ::testing::TestWithParam<Setting> {
 protected:
  void open() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.sst_layout = GetParam().layout;
    auto opened = LocalStore::open(options, *files, clock, random, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }

  // Values with few different ones, so that there are ties, and the odd ones of doubles.
  Value double_of(uint64_t draw) const {
    if (odd_doubles && draw % 50 == 0) return std::numeric_limits<double>::quiet_NaN();
    if (odd_doubles && draw % 50 == 1) return -0.0;
    if (odd_doubles && draw % 50 == 2) return -std::numeric_limits<double>::infinity();
    return static_cast<double>(draw % 17) + (odd_doubles ? 0.0 : 1.0);
  }

  // Some hundred rows of each series in a stretch of time: in order, out of order or twice.
  void write_some(std::mt19937_64& chance, int64_t begin_ns, int64_t length_ns) {
    std::vector<TestRow> rows;
    const bool has_gaps = chance() % 2 == 0;
    for (int i = 0; i < 600; ++i) {
      TestRow row{.host = "h" + std::to_string(chance() % 3),
                  .time_ns = begin_ns + static_cast<int64_t>(
                                            chance() % static_cast<uint64_t>(length_ns)),
                  .cells = {}};
      if (!has_gaps || chance() % 5 != 0) row.cells.emplace_back(kUsage, double_of(chance()));
      if (row.cells.empty() || !has_gaps || chance() % 5 != 0) {
        row.cells.emplace_back(kCount, static_cast<int64_t>(chance() % 1'000) - 500);
      }
      if (chance() % 3 == 0) row.cells.emplace_back(kState, std::string("s"));
      rows.push_back(std::move(row));
    }
    ASSERT_TRUE(write(*store, request_of(kTable, rows, GetParam().mode)));
  }

  void remove_some(std::mt19937_64& chance) {
    DeleteSpec spec{.table = kTable, .range = {}, .predicate = {}};
    const auto begin_ns = static_cast<int64_t>(chance() % (2 * kSegmentNs));
    spec.range = {.begin_ns = begin_ns,
                  .end_ns = begin_ns + static_cast<int64_t>(chance() % kSegmentNs)};
    if (chance() % 2 == 0) {
      spec.predicate = Predicate::compare_tag(kHost, CompareOp::kEqual,
                                              "h" + std::to_string(chance() % 3));
    }
    ASSERT_TRUE(store->remove(spec));
  }

  // Files and perhaps a memtable, which may overlap; some rows are deleted.
  void fill(std::mt19937_64& chance) {
    store.reset();
    files = std::make_unique<SimulatedFileSystem>(1);
    odd_doubles = chance() % 2 == 0;
    open();
    const bool overlaps = chance() % 2 == 0;
    for (int64_t part = 0; part < 4; ++part) {
      const int64_t begin_ns = overlaps ? static_cast<int64_t>(chance() % kSegmentNs)
                                        : part * kSegmentNs / 2;
      write_some(chance, begin_ns, kSegmentNs / 2);
      if (part < 3 || chance() % 2 == 0) {
        ASSERT_TRUE(store->flush());
      }
      if (chance() % 6 == 0) remove_some(chance);
      if (chance() % 6 == 0) {
        ASSERT_TRUE(store->compact());
      }
    }
  }

  GroupBy some_group_by(std::mt19937_64& chance, const ScanSpec& spec) {
    GroupBy group_by;
    const int64_t lengths_ns[] = {0, kSegmentNs / 3, kSegmentNs, 2 * kSegmentNs};
    group_by.window = {.every_ns = lengths_ns[chance() % 4], .origin_ns = -250'000};
    for (const ScanColumn& column : spec.columns) {
      group_by.aggregates.push_back({AggregateFunction::kCount, column});
      for (const auto function : {AggregateFunction::kSum, AggregateFunction::kMin,
                                  AggregateFunction::kMax, AggregateFunction::kFirst,
                                  AggregateFunction::kLast}) {
        const bool is_double_sum =
            function == AggregateFunction::kSum && column.type == ValueType::kFloat64;
        if (!is_double_sum && chance() % 3 == 0) group_by.aggregates.push_back({function, column});
      }
    }
    return group_by;
  }

  std::unique_ptr<SimulatedFileSystem> files;
  SimulatedClock clock{0};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
  bool odd_doubles = false;
};

TEST_P(SummaryScan, GivesTheAggregatesOfItsRows) {
  size_t summaries = 0;
  size_t rows_saved = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    std::mt19937_64 chance(static_cast<uint64_t>(round));
    fill(chance);
    for (int question = 0; question < 12; ++question) {
      std::vector<ColumnId> columns;
      for (const ColumnId id : {kUsage, kCount, kState}) {
        if (chance() % (id == kState ? 6 : 2) == 0) columns.push_back(id);
      }
      if (columns.empty()) columns.push_back(kCount);
      ScanSpec spec = spec_of(kTable, columns);
      if (chance() % 3 == 0) {
        spec.range.begin_ns = static_cast<int64_t>(chance() % kSegmentNs);
        spec.range.end_ns = spec.range.begin_ns + static_cast<int64_t>(chance() % kSegmentNs) + 1;
      }
      if (chance() % 5 == 0) {
        spec.predicate = Predicate::compare_field(kCount, ValueType::kInt64, CompareOp::kGreater,
                                                  int64_t{0});
      }
      spec.group_by = some_group_by(chance, spec);
      const Folded slow = fold(*store, spec, false);
      const Folded fast = fold(*store, spec, true);
      ASSERT_EQ(fast.states, slow.states) << to_string(spec);
      EXPECT_EQ(slow.summaries, 0u);
      summaries += fast.summaries;
      rows_saved += slow.rows - fast.rows;
    }
  }
  EXPECT_GT(summaries, 20u);
  EXPECT_GT(rows_saved, 2'000u);
}

// Rows for which a condition on fields holds, chosen among all rows here.
TEST_P(SummaryScan, LeavesOutOnlyRowsThatDoNotMatch) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    std::mt19937_64 chance(static_cast<uint64_t>(round) + 1'000);
    fill(chance);
    for (int question = 0; question < 12; ++question) {
      ScanSpec spec = spec_of(kTable, {kUsage, kCount});
      spec.order = chance() % 2 == 0 ? ScanOrder::kTime : ScanOrder::kSeriesTime;
      spec.descending = chance() % 2 == 0;
      const auto op = static_cast<CompareOp>(1 + chance() % 6);
      // Bounds beyond and at the ends of what there is, so that many runs are left out.
      const double usage = static_cast<double>(chance() % 20) - 1;
      const auto count = static_cast<int64_t>(chance() % 40) * 50 - 1'000;
      const auto on_usage = Predicate::compare_field(kUsage, ValueType::kFloat64, op, usage);
      const auto on_count = Predicate::compare_field(kCount, ValueType::kInt64, op, count);
      const size_t form = chance() % 4;
      const auto holds = [&](double value, double bound) {
        switch (op) {
          case CompareOp::kEqual: return value == bound;
          case CompareOp::kNotEqual: return value != bound;
          case CompareOp::kLess: return value < bound;
          case CompareOp::kLessEqual: return value <= bound;
          case CompareOp::kGreater: return value > bound;
          default: return value >= bound;
        }
      };
      const auto matches = [&](const std::string& row) {
        const auto cell_of = [&](const char* name, double bound) {
          const size_t at = row.find(name);
          if (at == std::string::npos) return false;
          return holds(std::strtod(row.c_str() + at + 4, nullptr), bound);
        };
        const bool usage_matches = cell_of(" 10=", usage);
        const bool count_matches = cell_of(" 11=", static_cast<double>(count));
        if (form == 0) return usage_matches;
        if (form == 1) return count_matches;
        return form == 2 ? usage_matches && count_matches : usage_matches || count_matches;
      };
      auto rows = rows_of(*store, spec);
      std::erase_if(rows, [&](const std::string& row) { return !matches(row); });
      spec.predicate = form == 0   ? on_usage
                       : form == 1 ? on_count
                       : form == 2 ? Predicate::all_of({on_usage, on_count})
                                   : Predicate::any_of({on_usage, on_count});
      ASSERT_EQ(rows_of(*store, spec), rows) << to_string(spec);
    }
  }
}

TEST_P(SummaryScan, DoesNotDecodeWhatCannotMatch) {
  files = std::make_unique<SimulatedFileSystem>(1);
  open();
  std::vector<TestRow> rows;
  for (int64_t time_ns = 0; time_ns < 500; ++time_ns) {
    rows.push_back({.host = "a", .time_ns = time_ns, .cells = {{kCount, time_ns}}});
  }
  ASSERT_TRUE(write(*store, request_of(kTable, rows, GetParam().mode)));
  ASSERT_TRUE(store->flush());
  auto& hits = metrics::counter("varve_block_cache_hits_total", "");
  auto& misses = metrics::counter("varve_block_cache_misses_total", "");
  const auto blocks_read = [&](int64_t bound, size_t row_count) {
    ScanSpec spec = spec_of(kTable, {kCount});
    spec.predicate =
        Predicate::compare_field(kCount, ValueType::kInt64, CompareOp::kGreater, bound);
    const uint64_t before = hits.value() + misses.value();
    EXPECT_EQ(rows_of(*store, spec).size(), row_count);
    return hits.value() + misses.value() - before;
  };
  // A block of the directory; then times and the field, too.
  EXPECT_EQ(blocks_read(499, 0), 1u);
  EXPECT_EQ(blocks_read(498, 1), 3u);
}

std::string name_of(const ::testing::TestParamInfo<Setting>& info) {
  return std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Layouts, SummaryScan,
                         ::testing::Values(Setting{SstLayout::kColumnar, MergeMode::kMerge},
                                           Setting{SstLayout::kHybrid, MergeMode::kMerge},
                                           Setting{SstLayout::kPacked, MergeMode::kMerge},
                                           Setting{SstLayout::kPacked, MergeMode::kAppend},
                                           Setting{SstLayout::kPacked, MergeMode::kOverwrite}),
                         name_of);

}  // namespace
}  // namespace varve::engine
