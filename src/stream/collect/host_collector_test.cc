// SPDX-License-Identifier: Apache-2.0
#include "stream/collect/host_collector.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <optional>
#include <set>

#include "catalog/memory_key_value.h"
#include "model/points.h"

namespace varve::collect {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kNowNs = 1'577'836'800 * kSecondNs;

/// A machine made of texts.
class FakeFacts final : public HostFacts {
 public:
  explicit FakeFacts(std::map<std::string, std::string>& texts) : texts_(texts) {}
  Result<std::string> read(const std::string& path) override {
    const auto found = texts_.find(path);
    if (found == texts_.end()) return fail(ErrorCode::kIo, "no such file: " + path);
    return found->second;
  }
  Result<SpaceFigures> space(const std::string& mount_path) override {
    if (mount_path != "/") return fail(ErrorCode::kIo, "no such path: " + mount_path);
    return SpaceFigures{1000, 400, 300, 50, 20};
  }

 private:
  std::map<std::string, std::string>& texts_;
};

std::map<std::string, std::string> machine() {
  return {
      {"/proc/stat", "cpu 100 0 100 800\ncpu0 100 0 100 800\n"},
      {"/proc/loadavg", "0.5 0.25 0.125 1/2 3\n"},
      {"/proc/uptime", "60.5 1\n"},
      {"/proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\n"},
      {"/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /gone ext4 rw 0 0\n"},
      {"/proc/diskstats", " 8 0 sda 1 0 2 0 3 0 4 0 0 0 0\n"},
      {"/proc/net/dev", "eth0: 10 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n"},
  };
}

// "cpu,cpu=cpu0,host=h usage_idle" -> value
std::map<std::string, double> read_all(PointSource& points, std::set<int64_t>* times = nullptr) {
  std::map<std::string, double> values;
  PointChunk chunk;
  while (points.next(chunk)) {
    for (const auto& point : chunk.points) {
      const auto key = points.parse_key(point.raw_key);
      std::string name(key->table);
      for (const auto& [tag, text] : key->tags) {
        name += "," + std::string(tag) + "=" + std::string(text);
      }
      if (times) times->insert(point.time_ns);
      for (uint32_t i = point.fields_begin; i < point.fields_end; ++i) {
        const auto& field = chunk.fields[i];
        values[name + " " + std::string(field.name)] =
            field.type == ValueType::kFloat64 ? field.f64 : static_cast<double>(field.i64);
      }
    }
  }
  return values;
}

TEST(HostSampler, NamesFiguresAsTelegrafDoes) {
  auto texts = machine();
  HostSampler sampler(std::make_unique<FakeFacts>(texts), "h");
  auto values = read_all(*sampler.sample(kNowNs));
  EXPECT_FALSE(values.contains("cpu,cpu=cpu0,host=h usage_idle")) << "usage needs two samples";
  EXPECT_EQ(values["system,host=h load1"], 0.5);
  EXPECT_EQ(values["system,host=h n_cpus"], 1);
  EXPECT_EQ(values["system,host=h uptime"], 60);
  EXPECT_EQ(values["mem,host=h used_percent"], 75);
  EXPECT_EQ(values["mem,host=h total"], 1'024'000);
  EXPECT_EQ(values["disk,device=sda1,fstype=ext4,host=h,mode=rw,path=/ used"], 600);
  EXPECT_NEAR(values["disk,device=sda1,fstype=ext4,host=h,mode=rw,path=/ used_percent"], 66.667,
              0.001);
  EXPECT_EQ(values["disk,device=sda1,fstype=ext4,host=h,mode=rw,path=/ inodes_used"], 30);
  EXPECT_EQ(values["diskio,host=h,name=sda read_bytes"], 1'024);
  EXPECT_EQ(values["net,host=h,interface=eth0 bytes_recv"], 10);
  EXPECT_EQ(values["net,host=h,interface=eth0 bytes_sent"], 20);

  texts["/proc/stat"] = "cpu 110 0 120 850 0 0 0 20 4\ncpu0 110 0 120 850 0 0 0 20 4\n";
  values = read_all(*sampler.sample(kNowNs + kSecondNs));
  for (const std::string cpu : {"cpu0", "cpu-total"}) {
    EXPECT_EQ(values["cpu,cpu=" + cpu + ",host=h usage_user"], 6) << "without the guest's";
    EXPECT_EQ(values["cpu,cpu=" + cpu + ",host=h usage_guest"], 4);
    EXPECT_EQ(values["cpu,cpu=" + cpu + ",host=h usage_system"], 20);
    EXPECT_EQ(values["cpu,cpu=" + cpu + ",host=h usage_idle"], 50);
    EXPECT_EQ(values["cpu,cpu=" + cpu + ",host=h usage_steal"], 20);
  }
}

TEST(HostSampler, LeavesOutWhatItCannotRead) {
  std::map<std::string, std::string> texts = {{"/proc/loadavg", "1 2 3 4/5 6\n"}};
  HostSampler sampler(std::make_unique<FakeFacts>(texts), "h");
  const auto values = read_all(*sampler.sample(kNowNs));
  EXPECT_EQ(values.size(), 3u);
}

TEST(HostSampler, SurvivesCountersThatFall) {
  auto texts = machine();
  HostSampler sampler(std::make_unique<FakeFacts>(texts), "h");
  sampler.sample(kNowNs);
  texts["/proc/stat"] = "cpu 90 0 100 900\ncpu0 1 0 1 8\n";
  const auto values = read_all(*sampler.sample(kNowNs + kSecondNs));
  EXPECT_EQ(values.at("cpu,cpu=cpu-total,host=h usage_user"), 0);
  EXPECT_FALSE(values.contains("cpu,cpu=cpu0,host=h usage_user"));
  for (const auto& [name, value] : values) {
    if (name.find("usage_") == std::string::npos) continue;
    EXPECT_GE(value, 0) << name;
    EXPECT_LE(value, 100) << name;
  }
}

TEST(LinuxHostFacts, ReadsThisMachine) {
  HostSampler sampler(std::make_unique<LinuxHostFacts>(), machine_name());
  const auto values = read_all(*sampler.sample(kNowNs));
  const std::string host = "host=" + machine_name();
  EXPECT_GT(values.at("mem," + host + " total"), 0);
  EXPECT_GT(values.at("system," + host + " n_cpus"), 0);
  const auto missing = LinuxHostFacts().read("/proc/no such file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kIo);
  EXPECT_FALSE(LinuxHostFacts().space("/no such path"));
}

/// Keeps what is written and answers when told to.
class FakeIngest final : public Ingest {
 public:
  void write(IngestTarget target, std::unique_ptr<PointSource> points, IngestDone done) override {
    {
      const std::lock_guard lock(mutex_);
      ++write_count;
      database = target.database;
      values = read_all(*points, &times);
      if (is_holding) {
        held = std::move(done);
        return;
      }
    }
    written_.notify_all();
    if (error) return done(fail(*error));
    done(IngestSummary{});
  }
  void forget_fields(TableId) override {}
  void stop() override {}
  void wait_for_writes(int count) {
    std::unique_lock lock(mutex_);
    written_.wait(lock, [&] { return write_count >= count; });
  }

  int write_count = 0;
  std::string database;
  std::map<std::string, double> values;
  std::set<int64_t> times;
  bool is_holding = false;
  std::optional<Error> error;
  IngestDone held;

 private:
  std::mutex mutex_;
  std::condition_variable written_;
};

class HostCollectorTest : public testing::Test {
 protected:
  HostCollector collector(HostCollectorOptions options) {
    return HostCollector(*catalog_, ingest_, clock_, std::make_unique<FakeFacts>(texts_),
                         std::move(options));
  }

  std::map<std::string, std::string> texts_ = machine();
  MemoryKeyValueDisk disk_;
  std::unique_ptr<Catalog> catalog_ = std::move(*open_catalog(disk_.open(), {}));
  FakeIngest ingest_;
  SimulatedClock clock_{kNowNs + 123};
};

TEST_F(HostCollectorTest, MakesItsDatabaseAndWritesAtRoundTimes) {
  auto collector = this->collector({.host = "h"});
  collector.collect();
  EXPECT_TRUE(catalog_->snapshot()->database("host"));
  EXPECT_EQ(ingest_.database, "host");
  EXPECT_EQ(ingest_.times, std::set<int64_t>{kNowNs});
  EXPECT_EQ(ingest_.values["system,host=h load1"], 0.5);
  // Dropped by somebody: it comes back with the next round.
  ASSERT_TRUE(catalog_->drop_database("host"));
  clock_.advance_ns(kSecondNs);
  collector.collect();
  EXPECT_TRUE(catalog_->snapshot()->database("host"));
  EXPECT_EQ(ingest_.times, (std::set<int64_t>{kNowNs, kNowNs + kSecondNs}));
}

TEST_F(HostCollectorTest, LeavesRoundsOutWhileAnAnswerIsAwaited) {
  auto collector = this->collector({.host = "h"});
  ingest_.is_holding = true;
  collector.collect();
  collector.collect();
  collector.collect();
  EXPECT_EQ(ingest_.write_count, 1);
  ingest_.held(IngestSummary{});
  collector.collect();
  EXPECT_EQ(ingest_.write_count, 2);
}

TEST_F(HostCollectorTest, GoesOnAfterFailures) {
  auto collector = this->collector({.host = "h"});
  disk_.fail_commit(1, Error{ErrorCode::kNoSpace, "no space"});
  collector.collect();
  EXPECT_EQ(ingest_.write_count, 0);
  ingest_.error = Error{ErrorCode::kOverloaded, "too much"};
  collector.collect();
  collector.collect();
  ingest_.error.reset();
  collector.collect();
  EXPECT_EQ(ingest_.write_count, 3);
}

TEST_F(HostCollectorTest, WorksByItselfUntilItIsStopped) {
  auto collector = this->collector({.database = "own", .host = "h", .interval_ns = 1'000'000});
  collector.start();
  ingest_.wait_for_writes(3);
  collector.stop();
  const int write_count = ingest_.write_count;
  EXPECT_EQ(ingest_.database, "own");
  collector.stop();
  EXPECT_EQ(ingest_.write_count, write_count);
  collector.start();
  ingest_.wait_for_writes(write_count + 1);
}

}  // namespace
}  // namespace varve::collect
