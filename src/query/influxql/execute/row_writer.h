// SPDX-License-Identifier: Apache-2.0
// From symbols (values of calls and variables) to the columns of the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "query/influxql/execute/row_run.h"
#include "query/influxql/execute/run_options.h"
#include "query/influxql/plan/select_plan.h"

namespace varve::influxql {

/// Puts fill values where a symbol has none, computes the outputs, hands them on. A group without
/// rows is not mentioned to the consumer. Threads: one owner.
class RowWriter {
 public:
  RowWriter(const SelectPlan& plan, const RunOptions& options, GroupConsumer& consumer);

  void begin_group(const GroupKey& key);
  /// One column for each call of the plan, then one for each ref, all as long as the times.
  Result<void> rows(std::span<const int64_t> times_ns, std::span<const ColumnView> symbols);
  Result<void> end_group();

  /// Whether rows may come by groups(): when they go out as they are.
  bool takes_groups() const;
  /// The same as begin_group(), rows() and end_group() for each, of which there is one at least.
  Result<void> groups(GroupsBlock block);

 private:
  /// A symbol after filling.
  struct Filled {
    ColumnView view;
    std::optional<ColumnVector> owned;
    /// Rows in which the fill number stands though the column is of another kind; empty: none.
    std::vector<uint8_t> has_number;
  };

  Filled fill_symbol(size_t symbol, const ColumnView& cells);
  void fill_with_number(size_t symbol, const ColumnView& cells, Filled& filled);
  void fill_with_previous(size_t symbol, const ColumnView& cells, Filled& filled);
  Result<void> write_rows(std::span<const int64_t> times_ns, const std::vector<Filled>& symbols,
                          size_t begin, size_t end);

  const SelectPlan& plan_;
  const RunOptions& options_;
  GroupConsumer& consumer_;
  GroupKey key_;
  bool has_begun_ = false;
  /// The last value of each symbol in this group, for fill(previous).
  std::vector<std::optional<ColumnVector>> previous_;
};

}  // namespace varve::influxql
