// SPDX-License-Identifier: Apache-2.0
// Requests that wait for the catalog's thread.
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>

#include "catalog/memory_key_value.h"
#include "ingest/fake_store.h"
#include "ingest/ingest.h"
#include "ingest/point_list.h"

namespace varve {
namespace {

constexpr int64_t kNowNs = 1'577'836'800'000'000'000;

/// One point of a table; its readings are counted, and each but the first waits for a signal.
class HeldPoint final : public PointSource {
 public:
  HeldPoint(std::shared_future<void> go, int& readings) : go_(std::move(go)), readings_(readings) {
    ++readings_;
    points_.add("cpu", {}, kNowNs);
    points_.field("v", 1.0);
  }
  bool next(PointChunk& chunk) override { return points_.next(chunk); }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    return points_.parse_key(raw_key);
  }
  void reject(const Point& point, const Error& error) override { points_.reject(point, error); }
  void rewind() override {
    go_.wait();
    ++readings_;
    points_.rewind();
  }
  std::string errors() const override { return points_.errors(); }

 private:
  PointList points_;
  std::shared_future<void> go_;
  int& readings_;
};

TEST(Parked, RequestsThatLackTheSameReadTheirPointsForItOnce) {
  MemoryKeyValueDisk disk;
  auto catalog = std::move(*open_catalog(disk.open(), {}));
  ASSERT_TRUE(catalog->create_database("db", std::nullopt));
  FakeStore store;
  SimulatedClock clock(kNowNs);
  SeededRandom random(7);
  const auto ingest = make_ingest(*catalog, store, clock, random, {});
  std::promise<void> go;
  const auto gone = go.get_future().share();
  int readings[3] = {};
  std::future<Result<IngestSummary>> answers[3];
  for (int i = 0; i < 3; ++i) {
    auto promise = std::make_shared<std::promise<Result<IngestSummary>>>();
    answers[i] = promise->get_future();
    ingest->write({"db", ""}, std::make_unique<HeldPoint>(gone, readings[i]),
                  [promise](Result<IngestSummary> done) { promise->set_value(std::move(done)); });
  }
  go.set_value();
  for (auto& answer : answers) {
    const auto summary = answer.get();
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->rows_written, 1u);
  }
  EXPECT_EQ(readings[0], 3) << "in vain, to make what it lacks, and to be written";
  EXPECT_EQ(readings[1], 2);
  EXPECT_EQ(readings[2], 2);
}

}  // namespace
}  // namespace varve
