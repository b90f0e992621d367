// SPDX-License-Identifier: Apache-2.0
// What the compaction thread knows: which merges are due, which failed and must wait.
// Threads: the compaction thread only.
#pragma once

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/deletes/delete_set.h"
#include "engine/options.h"
#include "engine/shard/table.h"
#include "io/clock.h"

namespace varve::engine {

/// Files of one segment, neighbours by version, that become one file or none.
struct MergeJob {
  std::shared_ptr<Table> table;
  SegmentView segment;
  std::vector<std::shared_ptr<SstFile>> inputs;
  std::shared_ptr<const DeleteSet> deletes;
  /// Deletes up to it are applied.
  Version deletes_applied;
  double score = 0;
};

/// Files that no pending delete touches: they may say so.
struct UntouchedFiles {
  std::shared_ptr<Table> table;
  std::vector<std::pair<std::shared_ptr<SstFile>, Version>> files;
};

class CompactionPlan {
 public:
  CompactionPlan(const EngineOptions& options, const Clock& clock)
      : options_(options), clock_(clock) {}

  /// Every merge that is due, the most urgent first. `at_once`: also what would wait for a better
  /// moment or after a failure.
  std::vector<MergeJob> due(const std::vector<std::shared_ptr<Table>>& tables, bool at_once);
  /// Gives and forgets what the last due() found.
  std::vector<UntouchedFiles> take_untouched() { return std::exchange(untouched_, {}); }

  /// The segment is left alone for a while that grows with each failure.
  void failed(const MergeJob& job);
  void succeeded(const MergeJob& job);

 private:
  using Place = std::pair<TableId, SegmentId>;
  struct Rest {
    int failures = 0;
    int64_t until_ns = 0;
  };
  // What is known of a file and the deletes it has not applied yet.
  struct Touched {
    Version checked;          // Deletes up to it were looked at.
    bool touched = false;
    int64_t since_ns = 0;
  };
  // When a segment got its newest file.
  struct Activity {
    SstId newest{};
    int64_t since_ns = 0;
  };

  // A segment with what its deletes mean for merges.
  struct Subject;
  void look_at(const std::shared_ptr<Table>& table, const TableView& view,
               const SegmentView& segment, bool at_once, std::vector<MergeJob>& jobs);
  bool add_for_deletes(Subject& subject, bool at_once, std::vector<MergeJob>& jobs);
  void find_touched(Subject& subject);
  bool is_cold(const Table& table, const SegmentView& segment);

  const EngineOptions& options_;
  const Clock& clock_;
  std::map<Place, Rest> resting_;
  std::map<Place, Activity> activity_;
  std::map<SstId, Touched> touched_;       // Of files that the last look saw.
  std::map<SstId, Touched> touched_next_;  // While looking.
  std::vector<UntouchedFiles> untouched_;
};

}  // namespace varve::engine
