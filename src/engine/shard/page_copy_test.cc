// SPDX-License-Identifier: Apache-2.0
// Merges that take pages over as they are: a store that merges gives what one gives that never
// does.
#include "engine/shard/page_copy.h"

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "engine/testing.h"
#include "io/random.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{3};
constexpr int64_t kStretchNs = 1'000;

metrics::Counter& copied_pages() {
  return metrics::counter("varve_compaction_copied_pages_total", "");
}

struct OneStore {
  explicit OneStore(bool merges, SstLayout layout = SstLayout::kPacked) {
    options.directory = "data";
    options.automatic = false;
    options.compaction_files_min = merges ? 2 : 1'000;
    options.row_group_rows_max = 16;
    options.sst_layout = layout;
    open();
  }
  void open() {
    store.reset();
    auto opened = LocalStore::open(options, files, clock, random, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }

  EngineOptions options;
  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

Value cell_of(ColumnId column, SeededRandom& random) {
  const auto number = static_cast<int64_t>(random.next_u64() % 100);
  if (column == kUsage) return static_cast<double>(number) / 4;
  if (column == kCount) return number;
  return "s" + std::to_string(number % 5);
}

// The rows of one stretch of time; sometimes of the one before too, so that pages overlap.
std::vector<TestRow> rows_of_stretch(int64_t stretch, SeededRandom& random) {
  std::vector<TestRow> rows;
  for (const std::string host : {"a", "b", "c", "d", "e"}) {
    if (random.next_u64() % 4 == 0) continue;
    const bool reaches_back = stretch > 0 && random.next_u64() % 4 == 0;
    const int64_t begin = (reaches_back ? stretch - 1 : stretch) * kStretchNs;
    const auto span = static_cast<uint64_t>(reaches_back ? 2 * kStretchNs : kStretchNs);
    const bool has_count = random.next_u64() % 3 != 0;
    for (uint64_t row = random.next_u64() % 40; row > 0; --row) {
      TestRow one{host, begin + static_cast<int64_t>(random.next_u64() % span), {}};
      one.cells.emplace_back(kUsage, cell_of(kUsage, random));
      if (has_count) one.cells.emplace_back(kCount, cell_of(kCount, random));
      if (random.next_u64() % 5 == 0) one.cells.emplace_back(kState, cell_of(kState, random));
      rows.push_back(std::move(one));
    }
  }
  return rows;
}

Result<void> remove(Store& store, const std::string& host, const TimeRange& range) {
  DeleteSpec spec;
  spec.table = kTable;
  spec.range = range;
  if (!host.empty()) spec.predicate = Predicate::compare_tag(kHost, CompareOp::kEqual, host);
  return store.remove(spec);
}

void run(uint64_t seed, MergeMode mode) {
  SeededRandom random(seed);
  OneStore merging(true);
  OneStore plain(false);
  for (int64_t stretch = 0; stretch < 40; ++stretch) {
    const auto rows = rows_of_stretch(stretch, random);
    const bool deletes = random.next_u64() % 8 == 0;
    const bool flushes = random.next_u64() % 6 != 0;
    const int64_t from = static_cast<int64_t>(random.next_u64() % 40) * kStretchNs / 2;
    const TimeRange range{.begin_ns = from, .end_ns = from + 2 * kStretchNs};
    const std::string host = random.next_u64() % 2 == 0 ? "a" : "";
    for (OneStore* one : {&merging, &plain}) {
      ASSERT_TRUE(rows.empty() || write(*one->store, request_of(kTable, rows, mode)));
      ASSERT_TRUE(!flushes || one->store->flush());
      ASSERT_TRUE(!deletes || remove(*one->store, host, range));
    }
    ASSERT_TRUE(random.next_u64() % 3 != 0 || merging.store->compact());
    if (random.next_u64() % 10 == 0) merging.open();
    if (stretch % 5 == 4) {
      ASSERT_EQ(rows_of(*merging.store, spec_of(kTable)), rows_of(*plain.store, spec_of(kTable)))
          << "seed " << seed << " stretch " << stretch;
    }
  }
  ASSERT_TRUE(merging.store->compact());
  EXPECT_EQ(rows_of(*merging.store, spec_of(kTable)), rows_of(*plain.store, spec_of(kTable)));
}

TEST(PageCopy, MergesGiveTheRowsThatWereThere) {
  const auto before = copied_pages().value();
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    run(seed, MergeMode::kMerge);
    run(seed, MergeMode::kOverwrite);
    run(seed, MergeMode::kAppend);
  }
  EXPECT_GT(copied_pages().value(), before + 100);
}

// Five files, each with its own stretch of 16 rows: a page.
void fill(OneStore& one) {
  for (int64_t stretch = 0; stretch < 5; ++stretch) {
    std::vector<TestRow> rows;
    for (int64_t row = 0; row < 16; ++row) {
      rows.push_back({"a", stretch * kStretchNs + row, {{kCount, stretch * 100 + row}}});
    }
    ASSERT_TRUE(write(*one.store, request_of(kTable, rows)));
    ASSERT_TRUE(one.store->flush());
  }
}

TEST(PageCopy, TakesFullPagesOverAndKeepsTheirStatistics) {
  OneStore one(true);
  fill(one);
  const auto before = copied_pages().value();
  const auto rows = rows_of(*one.store, spec_of(kTable));
  ASSERT_EQ(rows.size(), 80u);
  ASSERT_TRUE(one.store->compact());
  EXPECT_EQ(copied_pages().value() - before, 5u);
  EXPECT_EQ(one.store->stats(kTable).sst_count, 1u);
  EXPECT_EQ(rows_of(*one.store, spec_of(kTable)), rows);
  one.open();
  EXPECT_EQ(rows_of(*one.store, spec_of(kTable)), rows);
}

TEST(PageCopy, OtherLayoutsAreWrittenAnew) {
  OneStore one(true, SstLayout::kColumnar);
  fill(one);
  const auto before = copied_pages().value();
  const auto rows = rows_of(*one.store, spec_of(kTable));
  ASSERT_TRUE(one.store->compact());
  EXPECT_EQ(copied_pages().value(), before);
  EXPECT_EQ(one.store->stats(kTable).sst_count, 1u);
  EXPECT_EQ(rows_of(*one.store, spec_of(kTable)), rows);
  // From then on pages are packed; files that are not so are read.
  one.options.sst_layout = SstLayout::kPacked;
  one.open();
  ASSERT_TRUE(write(*one.store, request_of(kTable, {{"a", 90'000, {{kUsage, 1.5}}}})));
  ASSERT_TRUE(one.store->flush());
  ASSERT_TRUE(one.store->compact());
  EXPECT_EQ(rows_of(*one.store, spec_of(kTable)).size(), rows.size() + 1);
}

TEST(PageCopy, ADamagedPageEndsTheMergeAndKeepsTheFiles) {
  OneStore one(true);
  fill(one);
  one.store.reset();
  const std::string damaged = "data/shard-0/2.sst";
  // The pages stand before the directory and the footer.
  const uint64_t size = read_file(one.files, damaged)->size();
  for (uint64_t byte = 4; byte < size / 5; byte += 3) one.files.flip_bit(damaged, byte, 1);
  one.open();
  static_cast<void>(one.store->compact());
  EXPECT_EQ(one.store->health().quarantined_files, 1u);
  EXPECT_EQ(rows_of(*one.store, spec_of(kTable)).size(), 64u);
}

}  // namespace
}  // namespace varve::engine
