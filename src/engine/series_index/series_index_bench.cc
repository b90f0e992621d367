// SPDX-License-Identifier: Apache-2.0
// The index of a fleet: ten tags a series, one of them unique. One thread.
// Sketch: creating a series hashes a key of 100 bytes, looks up ten texts and misses the cache
// some five times: 1 us; aim above 0.5 M a second. One host among ten million: look at 610 parts,
// aim below 50 us.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <numeric>

#include "base/check.h"
#include "engine/predicate/tag_filter.h"
#include "engine/series_index/fleet_keys.h"
#include "engine/series_index/index_snapshot.h"
#include "engine/series_index/series_index.h"
#include "io/posix_file_system.h"
#include "io/temporary_folder.h"

namespace varve::engine {
namespace {

size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t pages = 0;
  size_t resident = 0;
  statm >> pages >> resident;
  return resident * 4'096;
}

constexpr size_t kChunk = 100'000;

// Keys are made outside of the time that is measured, a chunk at a time.
void CreateSeries(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    malloc_trim(0);
    const size_t before = resident_bytes();
    auto index = std::make_unique<SeriesIndex>(1);
    for (size_t begin = 0; begin < count; begin += kChunk) {
      std::vector<std::string> keys;
      std::vector<KeyHash> hashes;
      for (size_t i = begin; i < std::min(count, begin + kChunk); ++i) {
        keys.push_back(testing::fleet_key(i));
        hashes.push_back(series_key_hash(keys.back()));
      }
      state.ResumeTiming();
      for (size_t i = 0; i < keys.size(); ++i) CHECK(index->add(hashes[i], keys[i]).has_value());
      state.PauseTiming();
    }
    malloc_trim(0);
    const auto per_series = [count](size_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(count);
    };
    state.counters["RSS/series"] = per_series(resident_bytes() - before);
    state.counters["bytes/series"] = per_series(index->size_bytes());
    index.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(CreateSeries)
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

struct Fleet {
  explicit Fleet(size_t count) : index(1) {
    for (size_t i = 0; i < count; ++i) {
      const std::string key = testing::fleet_key(i);
      CHECK(index.add(series_key_hash(key), key).has_value());
    }
  }
  SeriesIndex index;
};

// The last one asked for stays: it takes long to make.
Fleet& fleet(size_t count) {
  static std::unique_ptr<Fleet> fleet;
  if (!fleet || fleet->index.series_count() != count) {
    fleet.reset();
    fleet = std::make_unique<Fleet>(count);
  }
  return *fleet;
}

void FilterSeries(benchmark::State& state, const Predicate& predicate) {
  const SeriesIndex& index = fleet(static_cast<size_t>(state.range(0))).index;
  size_t found = 0;
  for (auto _ : state) {
    const auto filter = TagFilter::compile(predicate, index);
    SeriesBits bits;
    for (size_t part = 0; part < filter->part_count(); ++part) {
      SeriesBits::Words words;
      if (filter->match_part(part, words)) bits.part_to_write(part) = words;
    }
    found = bits.count();
  }
  state.counters["found"] = static_cast<double>(found);
}
#define VARVE_FILTER(name, predicate)                \
  BENCHMARK_CAPTURE(FilterSeries, name, predicate)   \
      ->Arg(1'000'000)                               \
      ->Arg(10'000'000)                              \
      ->Unit(benchmark::kMicrosecond)
VARVE_FILTER(one_host,
             Predicate::compare_tag(testing::kHostname, CompareOp::kEqual, "host_777777"));
VARVE_FILTER(one_rack, Predicate::compare_tag(testing::kRack, CompareOp::kEqual, "77"));
VARVE_FILTER(rack_pattern, Predicate::match_tag(testing::kRack, "^7", false));
VARVE_FILTER(rack_and_not_region,
             Predicate::all_of({Predicate::compare_tag(testing::kRack, CompareOp::kEqual, "77"),
                                Predicate::compare_tag(testing::kRegion, CompareOp::kNotEqual,
                                                       "eu-west-1")}));
VARVE_FILTER(host_pattern, Predicate::match_tag(testing::kHostname, "99$", false));

void OrderByHash(benchmark::State& state) {
  SeriesIndex& index = fleet(static_cast<size_t>(state.range(0))).index;
  SeriesBits all;
  for (uint32_t i = 0; i < index.series_count(); ++i) all.add(SeriesId{i});
  index.by_hash();
  for (auto _ : state) benchmark::DoNotOptimize(index.by_hash(all).data());
}
BENCHMARK(OrderByHash)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

void AppendKeys(benchmark::State& state) {
  const SeriesIndex& index = fleet(static_cast<size_t>(state.range(0))).index;
  const auto order = index.by_hash();
  size_t next = 0;
  std::string key;
  for (auto _ : state) {
    key.clear();
    index.append_key((*order)[next], key);
    if (++next == order->size()) next = 0;
  }
}
BENCHMARK(AppendKeys)->Arg(1'000)->Arg(1'000'000)->Arg(10'000'000);

struct SnapshotFile {
  const TemporaryFolder folder;
  const std::string path = folder.file("bench.series");
  PosixFileSystem files;
  SnapshotHeader header{.table = TableId{1}, .mode = MergeMode::kMerge};

  uint64_t write(const SeriesIndex& index) {
    std::vector<SnapshotSegment> segments(1);
    segments[0].files = {1};
    for (uint32_t i = 0; i < index.series_count(); ++i) segments[0].series.add(SeriesId{i});
    static_cast<void>(files.remove(path));
    const auto file = files.open(path, FileSystem::OpenMode::kCreate);
    CHECK(write_index_snapshot(**file, header, index, segments).has_value());
    return *(*file)->size_bytes();
  }
};

void WriteSnapshot(benchmark::State& state) {
  const SeriesIndex& index = fleet(static_cast<size_t>(state.range(0))).index;
  SnapshotFile file;
  uint64_t bytes = 0;
  for (auto _ : state) bytes = file.write(index);
  state.counters["bytes/series"] = static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(WriteSnapshot)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

void ReadSnapshot(benchmark::State& state) {
  SnapshotFile file;
  file.write(fleet(static_cast<size_t>(state.range(0))).index);
  for (auto _ : state) {
    const auto opened = file.files.open(file.path, FileSystem::OpenMode::kRead);
    const auto loaded = read_index_snapshot(**opened, file.header, 1,
                                            [](const SnapshotSegment&) { return true; });
    CHECK(loaded.has_value());
    CHECK(loaded->index->series_count() == static_cast<uint64_t>(state.range(0)));
  }
}
BENCHMARK(ReadSnapshot)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace
}  // namespace varve::engine
