// SPDX-License-Identifier: Apache-2.0
// The point that min, max, first or last chose in every slot, with the values beside it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/column_vector.h"
#include "model/partial_state.h"
#include "query/influxql/plan/function_call.h"

namespace varve::influxql {

/// Rules as in PartialStates; a point keeps its place against one that is as good.
class ChosenPoints {
 public:
  ChosenPoints(Function function, ValueType type) : function_(function), type_(type) {}

  void grow(size_t slot_count) { slots_.resize(slot_count); }
  /// Offers rows of a run to slots. `beside` are columns as long as the run.
  void offer(std::span<const StatePiece> pieces, std::span<const int64_t> times_ns,
             const ColumnView& values, std::span<const ColumnView> beside);

  struct Chosen {
    bool is_set = false;
    int64_t time_ns = 0;
    Value value;
    std::vector<Value> beside;
  };
  const Chosen& at(size_t slot) const { return slots_[slot]; }

 private:
  template <class T>
  void offer_cells(std::span<const StatePiece> pieces, std::span<const int64_t> times_ns,
                   const ColumnView& values, std::span<const ColumnView> beside);
  template <class T>
  bool is_better(int64_t time_ns, const T& value, int64_t than_time_ns, const T& than) const;

  Function function_;
  ValueType type_;
  std::vector<Chosen> slots_;
};

}  // namespace varve::influxql
