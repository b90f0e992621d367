// SPDX-License-Identifier: Apache-2.0
#include "engine/shard/merge_pick.h"

#include <algorithm>

namespace varve::engine {
namespace {

// A merge reads so many files at most.
constexpr size_t kRunFilesMax = 32;

struct Growing {
  uint64_t bytes = 0;
  uint64_t largest = 0;
  size_t count = 0;

  void add(uint64_t size_bytes) {
    bytes += size_bytes;
    largest = std::max(largest, size_bytes);
    ++count;
  }
};

// Calls visit(begin, end, Growing) for every run of at least two files that may be merged.
template <class Visit>
void for_each_run_of_neighbours(std::span<const FileFacts> files, uint64_t bytes_max,
                                size_t files_max, const Visit& visit) {
  for (size_t begin = 0; begin < files.size(); ++begin) {
    Growing run;
    for (size_t end = begin; end < files.size() && run.count < files_max; ++end) {
      const FileFacts& file = files[end];
      if (file.barrier || file.epoch != files[begin].epoch) break;
      run.add(std::max<uint64_t>(1, file.size_bytes));
      if (run.bytes > bytes_max) break;
      if (run.count >= 2) visit(begin, end + 1, run);
    }
  }
}

std::optional<FileRun> pick_by_score(std::span<const FileFacts> files,
                                     const EngineOptions& options) {
  if (files.size() < options.compaction_files_min) return std::nullopt;
  std::optional<FileRun> best;
  const auto consider = [&](size_t begin, size_t end, const Growing& run) {
    // How many times the largest one the whole is: near 1, a file is copied for the sake of crumbs.
    const double fan = static_cast<double>(run.bytes) / static_cast<double>(run.largest);
    const double score =
        static_cast<double>(run.count - 1) / static_cast<double>(run.bytes) * fan * fan;
    if (!best || score > best->score) best = {.begin = begin, .end = end, .score = score};
  };
  for_each_run_of_neighbours(files, options.compaction_bytes_max, kRunFilesMax, consider);
  if (!best) return best;
  // Among segments the one with the most files comes first.
  best->score += static_cast<double>(files.size()) / options.compaction_files_min;
  return best;
}

// Source: CeresDB, size tiered compaction; there of any files, here of neighbours only.
std::optional<FileRun> pick_by_size(std::span<const FileFacts> files,
                                    const EngineOptions& options) {
  std::optional<FileRun> best;
  const auto consider = [&](size_t begin, size_t end, const Growing& run) {
    if (run.count < options.compaction_threshold_min) return;
    const double mean = static_cast<double>(run.bytes) / static_cast<double>(run.count);
    const auto alike = [&](const FileFacts& file) {
      const auto size = static_cast<double>(file.size_bytes);
      return size >= mean * options.compaction_bucket_low &&
             size <= mean * options.compaction_bucket_high;
    };
    const auto of_run = files.subspan(begin, end - begin);
    const auto is_small = [&](const FileFacts& file) {
      return file.size_bytes < options.compaction_small_bytes;
    };
    if (!std::ranges::all_of(of_run, is_small) && !std::ranges::all_of(of_run, alike)) return;
    const auto score = static_cast<double>(run.count);
    if (!best || score > best->score) best = {.begin = begin, .end = end, .score = score};
  };
  for_each_run_of_neighbours(files, options.compaction_input_bytes_max,
                             options.compaction_threshold_max, consider);
  return best;
}

}  // namespace

std::optional<FileRun> pick_run(std::span<const FileFacts> files, const EngineOptions& options) {
  return options.compaction_strategy == CompactionStrategy::kDefault
             ? pick_by_score(files, options)
             : pick_by_size(files, options);
}

std::optional<FileRun> pick_cold_run(std::span<const FileFacts> files,
                                     const EngineOptions& options) {
  std::optional<FileRun> longest;
  const auto consider = [&](size_t begin, size_t end, const Growing& run) {
    if (longest && longest->end - longest->begin >= run.count) return;
    longest = {.begin = begin, .end = end, .score = 0};
  };
  for_each_run_of_neighbours(files, options.compaction_bytes_max, SIZE_MAX, consider);
  return longest;
}

}  // namespace varve::engine
