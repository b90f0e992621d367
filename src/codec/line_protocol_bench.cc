// SPDX-License-Identifier: Apache-2.0
// How fast a body becomes points. Lines are like those of TSBS: 10 tags, 10 fields, 345 bytes.
// Sketch: a key of 200 bytes is 4 vectors, a field of 18 bytes about 10 ns: aim below 330 ns a row.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include "codec/line_protocol.h"

namespace varve {
namespace {

enum Numbers { kIntegers, kTwoDecimals, kSixteenDigits };

std::string number(Numbers numbers, std::mt19937_64& random) {
  const auto integer = random() % 101;
  if (numbers == kIntegers) return std::to_string(integer) + "i";
  if (numbers == kTwoDecimals)
    return std::to_string(integer) + "." + std::to_string(random() % 90 + 10);
  return std::to_string(integer) + "." +
         std::to_string(random() % 90'000'000'000'000 + 10'000'000'000'000);
}

std::string make_body(size_t rows, Numbers numbers) {
  static constexpr const char* kFields[] = {
      "usage_user", "usage_system",  "usage_idle",  "usage_nice",  "usage_iowait",
      "usage_irq",  "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice"};
  std::mt19937_64 random(7);
  std::string body;
  for (size_t row = 0; row < rows; ++row) {
    body += "cpu,hostname=host_" + std::to_string(row % 4000) +
            ",region=eu-central-1,datacenter=eu-central-1a,rack=" + std::to_string(row % 97) +
            ",os=Ubuntu15.10,arch=x86,team=SF,service=" + std::to_string(row % 19) +
            ",service_version=1,service_environment=production";
    char separator = ' ';
    for (const char* field : kFields) {
      body += separator;
      body += field;
      body += '=';
      body += number(numbers, random);
      separator = ',';
    }
    body +=
        " " +
        std::to_string(1451606400000000000 + static_cast<int64_t>(row / 4000) * 10'000'000'000) +
        "\n";
  }
  return body;
}

void run(benchmark::State& state, std::string body) {
  const size_t size_bytes = body.size();
  const auto source = make_line_protocol_source(std::move(body), {});
  PointChunk chunk;
  size_t rows = 0;
  for (auto _ : state) {
    source->rewind();
    while (source->next(chunk)) rows += chunk.points.size();
  }
  if (!source->errors().empty()) state.SkipWithError(source->errors().c_str());
  state.SetItemsProcessed(static_cast<int64_t>(rows));
  state.SetBytesProcessed(static_cast<int64_t>(size_bytes) * state.iterations());
}

void BM_TenTagsTenFields(benchmark::State& state) {
  run(state, make_body(10'000, static_cast<Numbers>(state.range(0))));
}
BENCHMARK(BM_TenTagsTenFields)
    ->ArgName("numbers")
    ->Arg(kIntegers)
    ->Arg(kTwoDecimals)
    ->Arg(kSixteenDigits);

void BM_OneTagOneField(benchmark::State& state) {
  std::string body;
  for (int row = 0; row < 50'000; ++row) {
    body += "weather,station=s" + std::to_string(row % 100) +
            " temperature=" + std::to_string(row % 40) + ".5 " +
            std::to_string(1577836800000000000 + row) + "\n";
  }
  run(state, std::move(body));
}
BENCHMARK(BM_OneTagOneField);

void BM_Strings(benchmark::State& state) {
  std::string body;
  for (int row = 0; row < 20'000; ++row) {
    body += R"(log,host=a message="a line of a log, with \"quotes\" and more text",level=3i )" +
            std::to_string(1577836800000000000 + row) + "\n";
  }
  run(state, std::move(body));
}
BENCHMARK(BM_Strings);

/// Field names with escapes: the grammar reads them.
void BM_Grammar(benchmark::State& state) {
  std::string body;
  for (int row = 0; row < 20'000; ++row) {
    body += R"(disk,path=C:\ drive free\ space=1.5,used\ space=3i )" +
            std::to_string(1577836800000000000 + row) + "\n";
  }
  run(state, std::move(body));
}
BENCHMARK(BM_Grammar);

void BM_ParseKey(benchmark::State& state) {
  const auto source = make_line_protocol_source(make_body(256, kIntegers), {});
  PointChunk chunk;
  size_t keys = 0;
  for (auto _ : state) {
    source->rewind();
    while (source->next(chunk)) {
      for (const auto& point : chunk.points)
        benchmark::DoNotOptimize(source->parse_key(point.raw_key));
      keys += chunk.points.size();
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(keys));
}
BENCHMARK(BM_ParseKey);

}  // namespace
}  // namespace varve
