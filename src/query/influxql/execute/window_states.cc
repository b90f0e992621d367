// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/window_states.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace varve::influxql {
namespace {

// Slots that may lie densely whether or not rows fall into them.
constexpr uint64_t kDenseSlotsMax = uint64_t{1} << 22;
// Of a slot that was looked for by group and window: in the map, and in the list of its group.
constexpr size_t kSparseSlotBytes = 96;

StateParts parts_for(Function function) {
  switch (function) {
    case Function::kSum:
    case Function::kMean:
      return static_cast<StateParts>(StatePart::kSum);
    case Function::kMin:
      return static_cast<StateParts>(StatePart::kMin);
    case Function::kMax:
      return static_cast<StateParts>(StatePart::kMax);
    case Function::kSpread:
      return StatePart::kMin | StatePart::kMax;
    case Function::kFirst:
      return static_cast<StateParts>(StatePart::kFirst);
    case Function::kLast:
      return static_cast<StateParts>(StatePart::kLast);
    default:
      return 0;
  }
}

ValueType argument_type(const FunctionCall& call) {
  return to_value_type(call.argument.type).value_or(ValueType::kFloat64);
}

ValueType result_type(const FunctionCall& call) {
  if (call.function == Function::kCount) return ValueType::kInt64;
  return call.function == Function::kMean ? ValueType::kFloat64 : argument_type(call);
}

Value spread(const Value& min, const Value& max) {
  if (const auto* f64 = std::get_if<double>(&max)) return *f64 - std::get<double>(min);
  if (const auto* i64 = std::get_if<int64_t>(&max)) {
    return static_cast<int64_t>(static_cast<uint64_t>(*i64) -
                                static_cast<uint64_t>(std::get<int64_t>(min)));
  }
  return std::get<uint64_t>(max) - std::get<uint64_t>(min);
}

// What InfluxDB calls the function when it cannot take a type.
std::string influx_name(const FunctionCall& call) {
  switch (call.function) {
    case Function::kNonNegativeDerivative:
      return "derivative";
    case Function::kNonNegativeDifference:
      return "difference";
    case Function::kHoltWinters:
    case Function::kHoltWintersWithFit:
      return "elapsed";
    default: {
      std::string name = call.name;
      std::replace(name.begin(), name.end(), '_', ' ');
      return name;
    }
  }
}

}  // namespace

bool is_mergeable(const FunctionCall& call) {
  return !call.inner && call.function <= Function::kSpread;
}

Result<void> check_argument_type(const FunctionCall& call, DataType type) {
  if (type != DataType::kBoolean && type != DataType::kString && type != DataType::kTag) return {};
  const bool is_boolean = type == DataType::kBoolean;
  switch (call.function) {
    case Function::kCount:
    case Function::kFirst:
    case Function::kLast:
    case Function::kMode:
    case Function::kDistinct:
    case Function::kSample:
    case Function::kElapsed:
      return {};
    case Function::kMin:
    case Function::kMax:
      if (is_boolean) return {};
      break;
    default:
      break;
  }
  return fail(ErrorCode::kInvalidInput, "unsupported " + influx_name(call) +
                                            " iterator type: *query." +
                                            (is_boolean ? "boolean" : "string") +
                                            "InterruptIterator");
}

size_t WindowStates::column_of(const Variable& variable) {
  const auto known = std::find(wanted_.begin(), wanted_.end(), variable);
  if (known != wanted_.end()) return static_cast<size_t>(known - wanted_.begin());
  wanted_.push_back(variable);
  parts_.push_back(0);
  return wanted_.size() - 1;
}

size_t WindowStates::add(const FunctionCall& call, const std::vector<Variable>& beside,
                         bool keeps_times) {
  CHECK(!has_run_ && is_mergeable(call));
  const size_t column = column_of(call.argument);
  parts_[column] = static_cast<StateParts>(parts_[column] | parts_for(call.function));
  requests_.push_back({call, column, keeps_times});
  if (!beside.empty()) {
    CHECK(requests_.size() == 1 && wanted_.size() == 1);
    beside_ = beside;
    // They follow the argument, even when one of them is the argument again.
    wanted_.insert(wanted_.end(), beside.begin(), beside.end());
  }
  return requests_.size() - 1;
}

const std::vector<GroupKey>& WindowStates::groups() const { return input_->groups(); }

Result<void> WindowStates::run() {
  if (has_run_) return {};
  has_run_ = true;
  input_ = TRY(GroupInput::open(plan_, options_, wanted_, context_));
  for (const Request& request : requests_) {
    if (!input_->has(request.column)) continue;
    TRY_VOID(check_argument_type(request.call, request.call.argument.type));
  }
  if (input_->extent().empty() || input_->groups().empty()) return {};
  grid_.emplace(options_, input_->extent());
  const size_t group_count = input_->groups().size();
  if (grid_->count() > UINT64_MAX / group_count) {
    return fail(ErrorCode::kTooLarge, "max-select-buckets limit exceeded: (" +
                                          std::to_string(grid_->count()) + "/" +
                                          std::to_string(UINT64_MAX / group_count) + ")");
  }
  is_dense_ = grid_->count() <= kDenseSlotsMax / group_count;
  if (is_dense_) slot_count_ = group_count * grid_->count();
  TRY_VOID(claim_memory(slot_count_));
  group_slots_.resize(is_dense_ ? 0 : group_count);
  if (beside_.empty()) {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      states_.emplace_back(to_value_type(wanted_[i].type).value_or(ValueType::kFloat64),
                           parts_[i], slot_count_);
    }
  } else {
    chosen_.emplace(requests_.front().call.function, argument_type(requests_.front().call));
    chosen_->grow(slot_count_);
  }
  const auto summaries = summary_request();
  return input_->for_each_run([this](const RowRun& run) { return fold(run); },
                              summaries ? &*summaries : nullptr);
}

// A summary does not know when its minimum or maximum was, nor what stood beside it.
std::optional<GroupSummaryRequest> WindowStates::summary_request() {
  const auto window = grid_->even_window();
  if (!window || chosen_) return std::nullopt;
  for (const Request& request : requests_) {
    const Function function = request.call.function;
    const bool is_extreme = function == Function::kMin || function == Function::kMax;
    if (is_extreme && request.keeps_times) return std::nullopt;
  }
  return GroupSummaryRequest{.window = *window,
                             .parts = parts_,
                             .visit = [this](size_t group, const RunSummary& summary) {
                               return fold_summary(group, summary);
                             }};
}

// Before they are there.
Result<void> WindowStates::claim_memory(size_t slot_count) {
  size_t slot_bytes = is_dense_ ? 0 : kSparseSlotBytes;
  if (beside_.empty()) {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const ValueType type = to_value_type(wanted_[i].type).value_or(ValueType::kFloat64);
      slot_bytes += PartialStates::slot_size_bytes(type, parts_[i]);
    }
  } else {
    slot_bytes += sizeof(ChosenPoints::Chosen) + 64 * beside_.size();
  }
  const size_t group_bytes = is_dense_ ? 0 : input_->groups().size() * sizeof(group_slots_[0]);
  return memory_.set(group_bytes + slot_count * slot_bytes);
}

Result<uint32_t> WindowStates::slot_of(size_t group, uint64_t window) {
  if (is_dense_) return static_cast<uint32_t>(group * grid_->count() + window);
  const auto [entry, is_new] = sparse_slots_.try_emplace(
      group * grid_->count() + window, static_cast<uint32_t>(sparse_slots_.size()));
  if (!is_new) return entry->second;
  group_slots_[group].emplace_back(window, entry->second);
  if (sparse_slots_.size() > slot_count_) {
    // By half, since both the old and the new ones are there for a moment.
    const size_t more = std::max<size_t>(4096, slot_count_ + slot_count_ / 2);
    if (more > UINT32_MAX) {
      return fail(ErrorCode::kTooLarge, "max-select-buckets limit exceeded: (" +
                                            std::to_string(more) + "/" +
                                            std::to_string(UINT32_MAX) + ")");
    }
    TRY_VOID(claim_memory(more));
    slot_count_ = more;
    for (PartialStates& states : states_) states.grow(slot_count_);
    if (chosen_) chosen_->grow(slot_count_);
  }
  return entry->second;
}

Result<void> WindowStates::fold_summary(size_t group, const RunSummary& summary) {
  uint64_t window = 0;
  grid_->split(std::span(&summary.time_first_ns, 1),
               [&](uint64_t number, size_t, size_t) { window = number; });
  const uint32_t slot = TRY(slot_of(group, window));
  for (size_t i = 0; i < states_.size(); ++i) {
    states_[i].fold_summary(slot, summary.columns[i], summary.time_first_ns,
                            summary.time_last_ns);
  }
  return {};
}

Result<void> WindowStates::fold(const RowRun& run) {
  pieces_.clear();
  std::optional<Error> error;
  grid_->split(run.times_ns, [&](uint64_t window, size_t begin, size_t end) {
    const auto slot = slot_of(run.group, window);
    if (!slot) {
      error = slot.error();
      return;
    }
    pieces_.push_back({*slot, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  });
  if (error) return fail(std::move(*error));
  if (chosen_) {
    chosen_->offer(pieces_, run.times_ns, run.columns[0], run.columns.subspan(1));
    return {};
  }
  for (size_t i = 0; i < states_.size(); ++i) {
    states_[i].fold(pieces_, run.times_ns, run.columns[i]);
  }
  return {};
}

std::vector<std::pair<uint64_t, uint32_t>> WindowStates::slots_of(size_t group) const {
  std::vector<std::pair<uint64_t, uint32_t>> slots;
  if (is_dense_) {
    for (uint64_t window = 0; window < grid_->count(); ++window) {
      slots.emplace_back(window, static_cast<uint32_t>(group * grid_->count() + window));
    }
  } else {
    slots = group_slots_[group];
    std::sort(slots.begin(), slots.end());
  }
  return slots;
}

void WindowStates::append_point(const Request& request, uint32_t slot, uint64_t window,
                                Points& points) const {
  if (chosen_) {
    const ChosenPoints::Chosen& chosen = chosen_->at(slot);
    if (!chosen.is_set) return;
    points.times_ns.push_back(request.keeps_times ? chosen.time_ns : grid_->time_of(window));
    points.values.append_value(chosen.value);
    for (size_t i = 0; i < points.aux.size(); ++i) {
      if (std::holds_alternative<std::monostate>(chosen.beside[i])) {
        points.aux[i].pad_to(points.size());
      } else {
        points.aux[i].append_value(chosen.beside[i]);
      }
    }
    return;
  }
  const PartialStates& states = states_[request.column];
  if (states.count(slot) == 0) return;
  int64_t chosen_time_ns = 0;
  switch (request.call.function) {
    case Function::kCount:
      points.values.append_i64(static_cast<int64_t>(states.count(slot)));
      break;
    case Function::kSum:
      points.values.append_value(states.sum(slot));
      break;
    case Function::kMean:
      points.values.append_f64(states.mean(slot));
      break;
    case Function::kSpread:
      points.values.append_value(spread(states.min(slot), states.max(slot)));
      break;
    case Function::kMin:
      points.values.append_value(states.min(slot));
      chosen_time_ns = states.min_time_ns(slot);
      break;
    case Function::kMax:
      points.values.append_value(states.max(slot));
      chosen_time_ns = states.max_time_ns(slot);
      break;
    case Function::kFirst:
      points.values.append_value(states.first(slot));
      chosen_time_ns = states.first_time_ns(slot);
      break;
    default:
      points.values.append_value(states.last(slot));
      chosen_time_ns = states.last_time_ns(slot);
  }
  points.times_ns.push_back(request.keeps_times ? chosen_time_ns : grid_->time_of(window));
}

Points WindowStates::points(const GroupKey& group, size_t call) const {
  const Request& request = requests_[call];
  Points points(result_type(request.call));
  for (const Variable& variable : beside_) {
    points.aux.emplace_back(to_value_type(variable.type).value_or(ValueType::kFloat64));
  }
  const auto number = input_->find(group);
  if (!number || !grid_) return points;
  for (const auto& [window, slot] : slots_of(*number)) append_point(request, slot, window, points);
  return points;
}

}  // namespace varve::influxql
