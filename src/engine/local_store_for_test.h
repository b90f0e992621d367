// SPDX-License-Identifier: Apache-2.0
// A LocalStore over simulated files, as its tests open, fill, restart and read it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/local_store.h"
#include "engine/testing.h"

namespace varve::engine::testing {

using Rows = std::vector<std::string>;

inline constexpr TableId kTable{7};

class LocalStoreTest : public ::testing::Test {
 protected:
  static EngineOptions manual() {
    EngineOptions options;
    options.directory = "data";
    options.automatic = false;
    options.wal_segment_bytes = 64 * 1024;
    return options;
  }
  void open(EngineOptions options = manual(), std::vector<TableId> live = {kTable, TableId{8}}) {
    store.reset();
    auto opened = LocalStore::open(std::move(options), files, clock, random, live);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }
  void write_rows(const std::vector<TestRow>& rows, MergeMode mode = MergeMode::kMerge,
                  TableId table = kTable) {
    const auto written = write(*store, request_of(table, rows, mode));
    ASSERT_TRUE(written) << written.error().message;
  }
  std::vector<std::string> rows(const ScanSpec& spec = spec_of(kTable)) {
    auto all = rows_of(*store, spec);
    if (spec.order == ScanOrder::kSeriesTime) std::ranges::stable_sort(all, {}, series_of_text);
    return all;
  }
  static std::string series_of_text(const std::string& text) {
    return text.substr(0, text.find('@'));
  }
  // Calls the check with rows in memtables, in files, and after a restart from the WAL.
  template <class Check>
  void in_every_place(const std::vector<std::vector<TestRow>>& requests, MergeMode mode,
                      const Check& check) {
    open();
    for (const auto& request : requests) write_rows(request, mode);
    { SCOPED_TRACE("memtable"); check(); }
    open();
    { SCOPED_TRACE("replayed"); check(); }
    ASSERT_TRUE(store->flush());
    { SCOPED_TRACE("flushed"); check(); }
    open();
    { SCOPED_TRACE("reopened"); check(); }
    store.reset();
    files.restart(false);
  }

  SimulatedFileSystem files{1};
  SimulatedClock clock{1'000'000'000};
  SeededRandom random{1};
  std::unique_ptr<LocalStore> store;
};

}  // namespace varve::engine::testing
