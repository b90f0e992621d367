// SPDX-License-Identifier: Apache-2.0
// One page of 8,192 cells a step, encoded, and decoded with each instruction set.
// Sketch: the order-0 entropy of a whole walk's steps is 0.27 bytes a value, of two decimals 0.57;
// 32 interleaved lanes of table look-ups give about 1.5 G values/s in 512-bit registers, and five
// times less one by one. Aim: encode 60 M values/s, decode 1, 0.4 and 0.2 G values/s.
#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "base/check.h"
#include "engine/page/kernels.h"
#include "engine/page/page.h"
#include "engine/page/page_data.h"

namespace varve::engine {
namespace {

using namespace page_data;
using page::Simd;

struct Dataset {
  std::string name;
  std::function<ColumnVector(SeededRandom&)> make;
};

const std::vector<Dataset>& datasets() {
  constexpr size_t kRows = kPageRowsMax;
  static const std::vector<Dataset> all{
      {"whole_walk", [](auto& r) { return column_of(whole_walk(r, kRows)); }},
      {"whole_walk_integers", [](auto& r) { return integers_of(whole_walk(r, kRows)); }},
      {"whole_walk_512", [](auto& r) { return column_of(whole_walk(r, 512)); }},
      {"two_decimals", [](auto& r) { return column_of(two_decimals(r, kRows)); }},
      {"full_precision", [](auto& r) { return column_of(full_precision(r, kRows)); }},
      {"counter", [](auto& r) { return column_of(counter(r, kRows)); }},
      {"repeated", [](auto& r) { return column_of(repeated(r, kRows)); }},
      {"mostly_constant", [](auto& r) { return column_of(mostly_constant(r, kRows)); }},
      {"times_regular", [](auto& r) { return times_of(times(r, kRows, 0, 1)); }},
      {"times_jitter_ms", [](auto& r) { return times_of(times(r, kRows, 20'000'000, 1'000'000)); }},
      {"times_jitter_ns", [](auto& r) { return times_of(times(r, kRows, 20'000'000, 1)); }},
  };
  return all;
}

constexpr size_t kPages = 16;

std::vector<ColumnVector> pages_of(const Dataset& dataset) {
  SeededRandom random(7);
  std::vector<ColumnVector> pages;
  for (size_t one = 0; one < kPages; ++one) pages.push_back(dataset.make(random));
  return pages;
}

void encode(benchmark::State& state, const Dataset& dataset) {
  const auto pages = pages_of(dataset);
  size_t rows = 0, size_bytes = 0, turn = 0;
  for (auto _ : state) {
    const ColumnView cells = pages[turn++ % kPages].view();
    const std::string bytes = encode_page(cells);
    rows += cells.row_count;
    size_bytes += bytes.size();
  }
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
  state.counters["bytes/value"] = static_cast<double>(size_bytes) / static_cast<double>(rows);
}

void decode(benchmark::State& state, const Dataset& dataset, Simd simd) {
  if (!page::use_simd(simd)) {
    state.SkipWithError("this processor has no such instructions");
    return;
  }
  const auto pages = pages_of(dataset);
  std::vector<std::string> bytes;
  for (const ColumnVector& cells : pages) bytes.push_back(encode_page(cells.view()));
  size_t rows = 0, turn = 0;
  for (auto _ : state) {
    const size_t one = turn++ % kPages;
    const auto cells = decode_page(bytes[one], pages[one].type(), pages[one].row_count());
    CHECK(cells.has_value());
    rows += cells->row_count();
  }
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
}

const bool registered = [] {
  for (const Dataset& dataset : datasets()) {
    benchmark::RegisterBenchmark(("EncodePage/" + dataset.name).c_str(),
                                 [&dataset](benchmark::State& state) { encode(state, dataset); });
    for (const auto& [name, simd] : {std::pair{"portable", Simd::kPortable},
                                     {"avx2", Simd::kAvx2},
                                     {"avx512", Simd::kAvx512}}) {
      benchmark::RegisterBenchmark(
          ("DecodePage/" + dataset.name + "/" + name).c_str(),
          [&dataset, simd](benchmark::State& state) { decode(state, dataset, simd); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace varve::engine
