// SPDX-License-Identifier: Apache-2.0
// Power is lost at every single I/O call of a run that does everything; afterwards the promises
// must hold: acknowledged requests are whole, others are whole or gone; what was deleted or dropped
// stays gone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>

#include "engine/testing.h"
#include "io/simulated_object_store.h"
#include "io/tiered_file_system.h"

namespace varve::engine {
namespace {

using namespace testing;

constexpr TableId kMain{1};
constexpr TableId kOther{2};
constexpr TableId kShortLived{3};
constexpr TableId kDoomed{4};

// Series stand in a snapshot of each table or in one of all, by the seed.
EngineOptions options(uint64_t seed) {
  EngineOptions options;
  options.directory = "data";
  options.automatic = false;
  options.wal_segment_bytes = 2'048;
  options.wal_segments_recycled_max = 1;
  options.compaction_files_min = 3;
  options.series_snapshot_series_min = seed % 3 == 0 ? 10'000 : 1;
  options.series_snapshot_shared_files_min = 1;
  options.sst_ids_jump = true;
  return options;
}

enum class Where { kDisk, kObjectStore };

// What a process finds when it starts: a disk, and maybe an object store beside it.
class Machine {
 public:
  Machine(Where where, uint64_t of_seed)
      : seed(of_seed), disk(of_seed), is_shared_(where == Where::kObjectStore) {
    store_ = std::make_unique<SimulatedObjectStore>(of_seed);
    // A request is one call more at which the power can go.
    store_->on_change([this] { return disk.sync_directory("/"); });
    loses_copies_ = seed % 2 == 0;
  }

  // For one life of a process. Errors: as of an object store.
  Result<FileSystem*> files() {
    if (!is_shared_) return &disk;
    tiered_.reset();
    if (loses_copies_) TRY_VOID(lose_copies());
    tiered_ = TRY(TieredFileSystem::open(
        disk, *store_,
        {.root = "data",
         .disk_bytes_max = 40'000,
         .block_bytes = 512,
         .upload_threads = loses_copies_ ? 2u : 0u}));
    return tiered_.get();
  }
  // What a server does now and then.
  bool clean_up() {
    return !tiered_ || tiered_->delete_removed(tiered_->removed_objects()).has_value();
  }

  const uint64_t seed;
  SimulatedFileSystem disk;

 private:
  Result<void> lose_copies() {
    for (const std::string folder : {"data/shard-0", "data/object-cache"}) {
      const auto names = disk.list(folder);
      if (!names) continue;
      for (const std::string& name : *names) {
        if (!name.ends_with(".sst") && !folder.ends_with("cache")) continue;
        TRY_VOID(disk.remove(join_path(folder, name)));
      }
    }
    return {};
  }

  const bool is_shared_;
  bool loses_copies_ = false;
  std::unique_ptr<SimulatedObjectStore> store_;
  std::unique_ptr<TieredFileSystem> tiered_;
};

// More with VARVE_CRASH_SEEDS.
uint64_t seed_count(uint64_t usual) {
  const char* wanted = std::getenv("VARVE_CRASH_SEEDS");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

// What was asked, and what was promised.
struct Ledger {
  enum class Outcome { kAcknowledged, kUnknown };
  std::map<int64_t, Outcome> requests;  // By number.
  bool drop_begun = false;
  bool drop_acknowledged = false;
  std::set<int64_t> short_lived;  // Requests with rows in the table that is dropped.

  // A delete or the drop of a segment: the rows of kDoomed that were there before it.
  struct Removal {
    std::set<std::string> rows;
    bool acknowledged = false;
  };
  std::vector<Removal> removals;
  std::set<std::string> doomed;        // Rows of kDoomed that were acknowledged.
  std::set<std::string> doomed_asked;  // All that were asked for.
};

// Request i has three rows of its own, in two tables and two segments, and one row that every
// request writes again.
WriteRequest request(int64_t i, bool short_lived) {
  WriteRequest request = request_of(kMain, {{"a", i, {{kCount, i}}},
                                            {"b", kSegmentNs + i, {{kCount, i}}},
                                            {"shared", 0, {{kCount, i}}}});
  auto other = request_of(short_lived ? kShortLived : kOther,
                          {{"a", i, {{kState, std::to_string(i)}}}});
  request.batches.push_back(std::move(other.batches[0]));
  return request;
}

// The same times and hosts again and again, so that deletes have older and newer forms of a row.
WriteRequest doomed_request(int64_t i) {
  const std::string host = i % 2 == 0 ? "even" : "odd";
  return request_of(kDoomed, {{host, i % 4, {{kCount, i}}}, {host, kSegmentNs + i, {{kCount, i}}}});
}

class Script {
 public:
  Script(Machine& machine, Ledger& ledger) : machine_(machine), ledger_(ledger) {}

  // False when the power went.
  bool all() {
    return open() && write_some(4, true) && flush() && write_some(3, false) && flush() &&
           write_some(2, true) && reopen() && write_some(2, false) && flush() && compact() &&
           drop() && write_some(3, false) && flush() && reopen() && flush() &&
           write_some(2, false) && close();
  }
  bool all_with_deletes() {
    return open() && write_doomed(4) && flush() && write_doomed(2) && remove_host("odd") &&
           write_doomed(3) && flush() && remove_above(5) && write_doomed(2) && reopen() &&
           write_doomed(1) && compact() && flush() && remove_host("even") && compact() &&
           write_doomed(3) && drop_second_segment() && reopen() && flush() && compact() && close();
  }

  bool open() {
    const auto files = machine_.files();
    if (!files) return false;
    auto opened = LocalStore::open(options(machine_.seed), **files, clock_, random_,
                                   {kMain, kOther, kShortLived, kDoomed});
    if (!opened) return false;
    store_ = std::move(*opened);
    return true;
  }

 private:
  bool write_some(int64_t count, bool short_lived) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t number = next_++;
      if (short_lived) ledger_.short_lived.insert(number);
      ledger_.requests[number] = Ledger::Outcome::kUnknown;
      if (!write(*store_, request(number, short_lived))) return false;
      ledger_.requests[number] = Ledger::Outcome::kAcknowledged;
    }
    return true;
  }
  static std::string doomed_row(const std::string& host, int64_t time_ns, int64_t count) {
    return host + "@" + std::to_string(time_ns) + " 11=" + std::to_string(count);
  }
  bool write_doomed(int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t number = next_++;
      const std::string host = number % 2 == 0 ? "even" : "odd";
      std::vector<std::string> rows = {doomed_row(host, number % 4, number)};
      WriteRequest request = doomed_request(number);
      if (second_dropped_) {
        request.batches.resize(1);
      } else {
        rows.push_back(doomed_row(host, kSegmentNs + number, number));
      }
      ledger_.doomed_asked.insert(rows.begin(), rows.end());
      if (!write(*store_, std::move(request))) return false;
      std::erase_if(ledger_.doomed, [&](const std::string& row) {
        return row.starts_with(host + "@" + std::to_string(number % 4) + " ");
      });
      ledger_.doomed.insert(rows.begin(), rows.end());
    }
    return true;
  }
  bool remove_if(Predicate predicate, const std::function<bool(const std::string&)>& matches) {
    begin_removal(matches);
    if (!store_->remove({.table = kDoomed, .range = {}, .predicate = std::move(predicate)})) {
      return false;
    }
    end_removal();
    return true;
  }
  void begin_removal(const std::function<bool(const std::string&)>& matches) {
    Ledger::Removal& removal = ledger_.removals.emplace_back();
    for (const std::string& row : ledger_.doomed) {
      if (matches(row)) removal.rows.insert(row);
    }
  }
  void end_removal() {
    Ledger::Removal& removal = ledger_.removals.back();
    removal.acknowledged = true;
    for (const std::string& row : removal.rows) ledger_.doomed.erase(row);
  }
  bool remove_host(const std::string& host) {
    return remove_if(Predicate::compare_tag(kHost, CompareOp::kEqual, host),
                     [&](const std::string& row) { return row.starts_with(host); });
  }
  bool remove_above(int64_t bound) {
    return remove_if(
        Predicate::compare_field(kCount, ValueType::kInt64, CompareOp::kGreater, bound),
        [&](const std::string& row) { return std::stoll(row.substr(row.find('=') + 1)) > bound; });
  }
  bool drop_second_segment() {
    second_dropped_ = true;
    begin_removal([](const std::string& row) {
      return std::stoll(row.substr(row.find('@') + 1)) >= kSegmentNs;
    });
    if (!store_->drop_segments({segment_of(kSegmentNs)})) return false;
    end_removal();
    return true;
  }
  bool flush() { return store_->flush().has_value() && machine_.clean_up(); }
  bool compact() { return store_->compact().has_value(); }
  bool drop() {
    ledger_.drop_begun = true;
    if (!store_->drop_tables({kShortLived})) return false;
    ledger_.drop_acknowledged = true;
    return true;
  }
  bool reopen() {
    store_.reset();
    return open();
  }
  bool close() { return store_->close().has_value(); }

  Machine& machine_;
  Ledger& ledger_;
  SimulatedClock clock_{1'000'000'000};
  SeededRandom random_{7};
  std::unique_ptr<LocalStore> store_;
  int64_t next_ = 1;
  bool second_dropped_ = false;
};

// What was acknowledged and not removed is there; what was removed is not; nothing else came up.
void expect_deletes_kept(LocalStore& store, const Ledger& ledger) {
  const auto rows = rows_of(store, spec_of(kDoomed));
  const std::set<std::string> found(rows.begin(), rows.end());
  const Ledger::Removal* unsure = nullptr;
  if (!ledger.removals.empty() && !ledger.removals.back().acknowledged) {
    unsure = &ledger.removals.back();
  }
  for (const std::string& row : ledger.doomed) {
    if (found.contains(row) || (unsure != nullptr && unsure->rows.contains(row))) continue;
    // The request that was not acknowledged may have replaced it.
    const std::string place = row.substr(0, row.find(' '));
    const bool replaced = std::ranges::any_of(found, [&](const std::string& other) {
      return other.starts_with(place + " ") && other != row && ledger.doomed_asked.contains(other);
    });
    EXPECT_TRUE(replaced) << "acknowledged, and lost: " << row;
  }
  for (const Ledger::Removal& removal : ledger.removals) {
    if (!removal.acknowledged) continue;
    for (const std::string& row : removal.rows) {
      EXPECT_FALSE(found.contains(row)) << "came back: " << row;
    }
  }
  for (const std::string& row : found) {
    EXPECT_TRUE(ledger.doomed_asked.contains(row)) << "nobody wrote " << row;
  }
  // All or nothing.
  if (unsure != nullptr && !unsure->rows.empty()) {
    size_t left = 0;
    for (const std::string& row : unsure->rows) left += found.contains(row);
    EXPECT_TRUE(left == 0 || left == unsure->rows.size()) << "a delete is torn";
  }
}

void expect_promises_kept(LocalStore& store, const Ledger& ledger) {
  std::set<std::string> found;
  for (const TableId table : {kMain, kOther, kShortLived}) {
    for (const std::string& row : rows_of(store, spec_of(table))) {
      EXPECT_TRUE(found.insert(std::to_string(raw(table)) + " " + row).second) << row;
    }
  }
  int64_t shared_at_least = 0;
  int64_t shared_at_most = 0;
  for (const auto& [number, outcome] : ledger.requests) {
    const std::string n = std::to_string(number);
    const bool short_lived = ledger.short_lived.contains(number);
    std::vector<std::string> rows = {"1 a@" + n + " 11=" + n,
                                     "1 b@" + std::to_string(kSegmentNs + number) + " 11=" + n};
    const std::string other = (short_lived ? "3 a@" : "2 a@") + n + " 12='" + n + "'";
    if (short_lived && ledger.drop_begun) {
      EXPECT_FALSE(ledger.drop_acknowledged && found.contains(other)) << "came back: " << other;
    } else {
      rows.push_back(other);
    }
    size_t present = 0;
    for (const std::string& row : rows) present += found.contains(row);
    if (outcome == Ledger::Outcome::kAcknowledged) {
      EXPECT_EQ(present, rows.size()) << "request " << n << " was acknowledged";
      shared_at_least = number;
    } else {
      EXPECT_TRUE(present == 0 || present == rows.size()) << "request " << n << " is torn";
    }
    if (present > 0) shared_at_most = number;
  }
  int64_t shared = 0;
  for (const std::string& row : found) {
    if (row.starts_with("1 shared@0 11=")) shared = std::stoll(row.substr(14));
  }
  EXPECT_GE(shared, shared_at_least);
  EXPECT_LE(shared, shared_at_most);
}

// Gives true when the run ended before the power went.
bool run_deletes_until(uint64_t calls, uint64_t seed, Where where) {
  Machine machine(where, seed);
  Ledger ledger;
  machine.disk.lose_power_after(calls);
  bool finished = false;
  {
    Script script(machine, ledger);
    finished = script.all_with_deletes();
  }
  machine.disk.restart();
  SimulatedClock clock{2'000'000'000};
  SeededRandom random{9};
  const auto open = [&] {
    return LocalStore::open(options(machine.seed), *machine.files().value(), clock, random,
                            {kDoomed});
  };
  auto store = open();
  EXPECT_TRUE(store) << (store ? "" : store.error().message);
  if (!store) return finished;
  expect_deletes_kept(**store, ledger);
  EXPECT_TRUE((*store)->health().damage.empty()) << (*store)->health().damage.front();
  EXPECT_TRUE((*store)->flush());
  expect_deletes_kept(**store, ledger);
  EXPECT_TRUE((*store)->compact());
  expect_deletes_kept(**store, ledger);
  store->reset();
  store = open();
  EXPECT_TRUE(store);
  if (store) expect_deletes_kept(**store, ledger);
  return finished;
}

// Gives true when the run ended before the power went.
bool run_until(uint64_t calls, uint64_t seed, Where where) {
  Machine machine(where, seed);
  Ledger ledger;
  machine.disk.lose_power_after(calls);
  bool finished = false;
  {
    Script script(machine, ledger);
    finished = script.all();
  }
  machine.disk.restart();
  SimulatedClock clock{2'000'000'000};
  SeededRandom random{9};
  const auto open = [&] {
    return LocalStore::open(options(machine.seed), *machine.files().value(), clock, random,
                            {kMain, kOther, kShortLived});
  };
  auto store = open();
  EXPECT_TRUE(store) << (store ? "" : store.error().message);
  if (!store) return finished;
  expect_promises_kept(**store, ledger);
  EXPECT_TRUE((*store)->health().damage.empty())
      << (*store)->health().damage.front();
  // The store goes on as if nothing had happened, and so does the next one.
  ledger.requests[1'000] = Ledger::Outcome::kAcknowledged;
  EXPECT_TRUE(write(**store, request(1'000, false)));
  EXPECT_TRUE((*store)->flush());
  EXPECT_TRUE((*store)->compact());
  expect_promises_kept(**store, ledger);
  store->reset();
  store = open();
  EXPECT_TRUE(store);
  if (store) expect_promises_kept(**store, ledger);
  return finished;
}

void run_at_every_call(uint64_t seeds, Where where, bool (*run)(uint64_t, uint64_t, Where)) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    for (uint64_t calls = 0;; ++calls) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", power lost after call " +
                   std::to_string(calls));
      const bool finished = run(calls, seed, where);
      if (finished || ::testing::Test::HasFailure()) break;
      ASSERT_LT(calls, 2'000u);
    }
  }
}

TEST(Crash, KeepsEveryPromiseWhereverThePowerGoes) {
  run_at_every_call(seed_count(3), Where::kDisk, run_until);
}

TEST(Crash, KeepsEveryPromiseOnAnObjectStoreWhereverThePowerGoes) {
  run_at_every_call(seed_count(2), Where::kObjectStore, run_until);
}

TEST(Crash, NothingDeletedComesBackWhereverThePowerGoes) {
  run_at_every_call(seed_count(3), Where::kDisk, run_deletes_until);
}

TEST(Crash, NothingDeletedComesBackFromAnObjectStoreWhereverThePowerGoes) {
  run_at_every_call(seed_count(2), Where::kObjectStore, run_deletes_until);
}

// The operating system keeps what was written when only the process ends.
TEST(Crash, LosesNothingWhenOnlyTheProcessEnds) {
  Machine machine(Where::kDisk, 1);
  Ledger ledger;
  {
    Script script(machine, ledger);
    EXPECT_TRUE(script.all());
  }
  machine.disk.restart(false);
  SimulatedClock clock{2'000'000'000};
  SeededRandom random{9};
  const auto store =
      LocalStore::open(options(machine.seed), machine.disk, clock, random,
                       {kMain, kOther, kShortLived});
  ASSERT_TRUE(store);
  expect_promises_kept(**store, ledger);
}

}  // namespace
}  // namespace varve::engine
