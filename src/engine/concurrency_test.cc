// SPDX-License-Identifier: Apache-2.0
// Writers, readers, flushes, compactions and drops at once.
#include <gtest/gtest.h>

#include <atomic>

#include "base/thread.h"
#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};

TEST(Concurrency, AScanHasEveryAcknowledgedRowExactlyOnceWhileFilesReplaceMemtables) {
  SimulatedFileSystem files(1);
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  EngineOptions options;
  options.directory = "data";
  options.automatic = false;
  options.compaction_files_min = 3;
  options.wal_segment_bytes = 64 * 1024;
  auto opened = LocalStore::open(options, files, clock, random, {});
  ASSERT_TRUE(opened);
  LocalStore& store = **opened;
  constexpr int64_t kRequests = 400;
  std::atomic<int64_t> acknowledged{0};
  std::atomic<bool> done{false};

  Thread writer("writer", [&] {
    for (int64_t i = 0; i < kRequests; ++i) {
      const auto written = write(store, request_of(kTable, {{"a", i, {{kCount, i}}},
                                                            {"b" + std::to_string(i % 7), i,
                                                             {{kState, std::string("x")}}}}));
      EXPECT_TRUE(written);
      acknowledged.store(i + 1);
    }
    done.store(true);
  });
  Thread flusher("flusher", [&] {
    while (!done.load()) {
      EXPECT_TRUE(store.flush());
      EXPECT_TRUE(store.compact());
    }
  });
  Thread dropper("dropper", [&] {
    for (uint32_t id = 100; !done.load(); ++id) {
      EXPECT_TRUE(write(store, request_of(TableId{id}, {{"a", 1, {{kCount, int64_t{1}}}}})));
      EXPECT_TRUE(store.drop_tables({TableId{id}}));
      EXPECT_TRUE(rows_of(store, spec_of(TableId{id})).empty());
    }
  });
  const auto scan = [&](ScanOrder order) {
    while (!done.load()) {
      const int64_t before = acknowledged.load();
      ScanSpec spec = spec_of(kTable, {kCount});
      spec.order = order;
      const auto rows = rows_of(store, spec);
      EXPECT_GE(static_cast<int64_t>(rows.size()), before);
      for (size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i], "a@" + std::to_string(i) + " 11=" + std::to_string(i));
      }
      static_cast<void>(store.list_series({.table = kTable, .range = {}, .predicate = {}}));
      static_cast<void>(store.list_columns(kTable, {}));
      static_cast<void>(store.stats(kTable));
      static_cast<void>(store.health());
    }
  };
  Thread by_series("by_series", [&] { scan(ScanOrder::kSeriesTime); });
  Thread by_time("by_time", [&] { scan(ScanOrder::kTime); });
  for (Thread* thread : {&writer, &flusher, &dropper, &by_series, &by_time}) thread->join();
  EXPECT_EQ(rows_of(store, spec_of(kTable)).size(), size_t{2 * kRequests});
  EXPECT_TRUE(store.close());
}

}  // namespace
}  // namespace varve::engine
