// SPDX-License-Identifier: Apache-2.0
// What a store does when nobody writes.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "engine/testing.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kTable{1};
constexpr int64_t kSecondNs = 1'000'000'000;

class Idle : public ::testing::Test {
 protected:
  void open(size_t idle_bytes_min) {
    store.reset();
    EngineOptions options;
    options.directory = "data";
    options.memtable_idle_bytes_min = idle_bytes_min;
    auto opened = LocalStore::open(options, files, clock, random, {kTable});
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void write_row(int64_t time) {
    ASSERT_TRUE(write(*store, request_of(kTable, {{"a", time, {{kCount, time}}}})));
  }
  size_t wal_files() {
    size_t count = 0;
    const auto names = files.list("data/shard-0/wal");
    for (const std::string& name : *names) count += name.ends_with(".wal");
    return count;
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{0};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

TEST_F(Idle, WritesRowsOutAndKeepsNoLogWhenNobodyWrites) {
  open(1);
  write_row(1);
  EXPECT_EQ(store->stats(kTable).sst_count, 0u);
  clock.advance_ns(6 * kSecondNs);
  while (store->stats(kTable).sst_count == 0) std::this_thread::yield();
  while (wal_files() > 0) std::this_thread::yield();
  write_row(2);
  EXPECT_EQ(wal_files(), 1u);
  open(1'000'000'000);
  EXPECT_EQ(store->stats(kTable).sst_rows, 1u);
  EXPECT_EQ(store->stats(kTable).memtable_rows, 1u) << "the log after the rest is read like any";
}

TEST_F(Idle, LeavesFewRowsInTheLog) {
  open(1'000'000);
  write_row(1);
  clock.advance_ns(6 * kSecondNs);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(store->stats(kTable).sst_count, 0u);
  EXPECT_EQ(wal_files(), 1u);
}

}  // namespace
}  // namespace varve::engine
