// SPDX-License-Identifier: Apache-2.0
// The bounded trial: a sample of at most 128 residuals decides about the widths worth trying; what
// remains is costed on all values and the cheapest kept.
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "base/check.h"
#include "engine/page/encode_loops.h"
#include "engine/page/integers.h"
#include "engine/page/shape.h"
#include "engine/page/symbol_plane.h"

namespace varve::engine::page {
namespace {

constexpr size_t kWindowSampleMax = 128;
/// Below this many values a symbol model does not pay.
constexpr size_t kSymbolRowsMin = 48;
constexpr size_t kPlanesRowsMin = 512;
/// Planes of bytes hardly ever repeat over a distance: the fastest level does.
constexpr int kPlanesZstdLevel = 1;
constexpr int kZstdLevel = 3;
constexpr size_t kHeaderCostBytes = 8;

size_t varint_bytes(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

/// Residuals in [low, low + 2^width) have a place in the plane; the others are exceptions.
struct Window {
  int64_t low = 0;
  unsigned width = 0;
  bool has(int64_t residual) const {
    const uint64_t above = static_cast<uint64_t>(difference(residual, low));
    return width == 64 || above >> width == 0;
  }
};

/// Whether no residual is an exception. A window may wrap around the ends of 64 bits, and its ends
/// then say nothing of what lies between them.
bool holds_all(const Window& window, const Shape& shape) {
  return shape.least >= window.low && window.has(shape.least) && window.has(shape.most);
}

struct Plan {
  Coding coding = Coding::kFlat;
  Window window;
  unsigned packed_width = 0;
  SymbolModel model;
  size_t cost_bytes = 0;
};

// ---- the coding ---------------------------------------------------------------------------------

/// For every width below `width_end` the window that holds most of a sorted sample, and how much of
/// the sample it leaves out.
struct SampledWindow {
  Window window;
  double left_out = 0;
};

std::vector<SampledWindow> sampled_windows(const Shape& shape, unsigned width_end) {
  const auto& residuals = shape.residuals;
  const size_t size = std::min(residuals.size(), kWindowSampleMax);
  std::vector<int64_t> sample(size);
  for (size_t one = 0; one < size; ++one) sample[one] = residuals[one * residuals.size() / size];
  if (width_end <= 8) {
    // Residuals so near to each other are sorted by counting them.
    std::array<uint8_t, 256> counts{};
    for (const int64_t residual : sample) ++counts[difference(residual, shape.least) & 0xff];
    size_t next = 0;
    for (size_t above = 0; above < counts.size(); ++above) {
      for (; counts[above] > 0; --counts[above]) {
        sample[next++] = shape.least + static_cast<int64_t>(above);
      }
    }
  } else {
    std::sort(sample.begin(), sample.end());
  }
  std::vector<SampledWindow> windows(width_end);
  for (unsigned width = 0; width < width_end; ++width) {
    size_t begin = 0, held_most = 0;
    for (size_t end = 1; end <= size; ++end) {
      while (static_cast<uint64_t>(difference(sample[end - 1], sample[begin])) >> width != 0) {
        ++begin;
      }
      if (end - begin <= held_most) continue;
      held_most = end - begin;
      windows[width].window = {.low = sample[begin], .width = width};
    }
    windows[width].left_out = 1 - static_cast<double>(held_most) / static_cast<double>(size);
  }
  return windows;
}

/// What exceptions take, counted until that is more than `bytes_max`.
size_t exception_bytes(const Shape& shape, const Window& window, size_t bytes_max) {
  size_t size_bytes = 0;
  size_t next = 0;
  for (size_t index = 0; index < shape.residuals.size() && size_bytes <= bytes_max; ++index) {
    if (window.has(shape.residuals[index])) continue;
    size_bytes += varint_bytes(index - next) +
                  varint_bytes(zigzag(difference(shape.residuals[index], window.low)));
    next = index + 1;
  }
  return size_bytes;
}

/// Nothing when it costs more than `cost_max_bytes`.
std::optional<Plan> plan_packed(const Shape& shape, Window window, size_t cost_max_bytes) {
  if (window.width > kPackedWidthMax) window.width = 64;
  Plan plan{.coding = window.width == 0 ? Coding::kFlat : Coding::kPacked,
            .window = window,
            .packed_width = window.width,
            .model = {},
            .cost_bytes = 0};
  plan.cost_bytes = kHeaderCostBytes + packed_bytes(shape.residuals.size(), window.width);
  if (plan.cost_bytes > cost_max_bytes) return std::nullopt;
  if (!window.has(shape.least) || !window.has(shape.most)) {
    plan.cost_bytes += exception_bytes(shape, window, cost_max_bytes - plan.cost_bytes);
  }
  if (plan.cost_bytes > cost_max_bytes) return std::nullopt;
  return plan;
}

std::optional<Plan> plan_symbols(const Shape& shape, Window window) {
  const size_t count = shape.residuals.size();
  if (window.width < 8) {
    // Room for 256 symbols costs nothing: the window grows to both sides.
    const uint64_t below = static_cast<uint64_t>(difference(window.low, shape.least));
    const uint64_t wanted = (256 - (uint64_t{1} << window.width)) / 2;
    window.low = difference(window.low, static_cast<int64_t>(std::min(below, wanted)));
    window.width = 8;
  }
  const unsigned low_width = window.width - 8;
  if (low_width > kPackedWidthMax) return std::nullopt;
  // Four tables, so that equal neighbours need not wait for each other.
  std::array<SymbolCounts, 4> parts{};
  size_t exceptions = 0, exceptions_bytes = 0, next = 0;
  const bool is_held_all = holds_all(window, shape);
  if (is_held_all) {
    std::array<uint8_t, kIntegersMax> symbols;
    put_symbols(shape.residuals, window.low, low_width, symbols.data());
    for (size_t index = 0; index < count; ++index) ++parts[index & 3][symbols[index]];
  }
  for (size_t index = 0; index < count && !is_held_all; ++index) {
    const auto above = static_cast<uint64_t>(difference(shape.residuals[index], window.low));
    if (above >> low_width < 256) {
      ++parts[index & 3][above >> low_width];
    } else {
      ++exceptions;
      exceptions_bytes += varint_bytes(index - next) +
                          varint_bytes(zigzag(static_cast<int64_t>(above)));
      next = index + 1;
    }
  }
  SymbolCounts counts{};
  for (const SymbolCounts& part : parts) {
    for (size_t symbol = 0; symbol < counts.size(); ++symbol) counts[symbol] += part[symbol];
  }
  // An exception leaves a hole in the plane, filled with what is cheapest.
  auto& most = *std::max_element(counts.begin(), counts.end());
  most += static_cast<uint32_t>(exceptions);
  if (most == count) return std::nullopt;  // Packing needs no bits at all for that.
  Plan plan{.coding = Coding::kSymbols,
            .window = window,
            .packed_width = low_width,
            .model = SymbolModel::of(counts, count),
            .cost_bytes = 0};
  plan.cost_bytes = kHeaderCostBytes + packed_bytes(count, low_width) + exceptions_bytes +
                    plan.model.cost_bytes(counts, count);
  return plan;
}

/// The cheapest of symbols in some windows and of `best`.
Plan with_symbols(const Shape& shape, const Window& whole,
                  const std::vector<SampledWindow>& windows, Plan best) {
  const auto consider = [&](std::optional<Plan> plan) {
    if (plan && plan->cost_bytes < best.cost_bytes) best = std::move(*plan);
  };
  consider(plan_symbols(shape, whole));
  if (whole.width <= 8) return best;
  unsigned tried = whole.width;
  for (const double left_out_max : {0.0, 0.02, 0.12}) {
    const auto narrowest = std::find_if(windows.begin(), windows.end(), [&](const auto& one) {
      return one.left_out <= left_out_max && one.window.width >= 4;
    });
    if (narrowest == windows.end() || narrowest->window.width == tried) continue;
    tried = narrowest->window.width;
    consider(plan_symbols(shape, narrowest->window));
  }
  return best;
}

Plan best_plan(const Shape& shape) {
  const size_t count = shape.residuals.size();
  const uint64_t range = static_cast<uint64_t>(difference(shape.most, shape.least));
  const Window whole{.low = shape.least, .width = static_cast<unsigned>(std::bit_width(range))};
  Plan best = *plan_packed(shape, whole, SIZE_MAX);
  if (whole.width == 0) return best;
  const auto windows = sampled_windows(shape, whole.width);
  const double each_bytes = 1 + (whole.width + 7) / 7;
  const SampledWindow* packed = nullptr;
  double packed_cost = static_cast<double>(count * whole.width) / 8;
  for (const SampledWindow& one : windows) {
    const double cost = static_cast<double>(count) *
                        (one.window.width / 8.0 + one.left_out * each_bytes);
    if (cost >= packed_cost) continue;
    packed_cost = cost;
    packed = &one;
  }
  if (count >= kSymbolRowsMin) best = with_symbols(shape, whole, windows, std::move(best));
  if (packed == nullptr) return best;
  // Last, since counting its exceptions mostly ends as soon as they cost more than the best so far.
  // Packed fields win a tie with symbols: they are read faster.
  const bool wins_ties = best.coding == Coding::kSymbols;
  auto plan = plan_packed(shape, packed->window, best.cost_bytes - (wins_ties ? 0 : 1));
  return plan ? std::move(*plan) : best;
}

/// A context is costly to make and keeps nothing between frames; each thread has its own.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                                ZSTD_freeCCtx);
  return context.get();
}

std::string deflate(std::string_view bytes, int level) {
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compressCCtx(compressor(), frame.data(), frame.size(), bytes.data(),
                                        bytes.size(), level);
  CHECK(!ZSTD_isError(size));
  frame.resize(size);
  return frame;
}

// ---- the bytes ----------------------------------------------------------------------------------

void put_header(const Shape& shape, const Plan& plan, const std::vector<uint64_t>& exceptions,
                std::string& out) {
  ByteWriter writer(out);
  uint8_t head = static_cast<uint8_t>(plan.coding) |
                 static_cast<uint8_t>(static_cast<unsigned>(shape.transform) << kTransformShift);
  if (shape.step > 1) head |= kScaledFlag;
  if (!exceptions.empty()) head |= kExceptionsFlag;
  writer.u8(head);
  uint64_t base = shape.base;
  int64_t slope = plan.window.low;
  if (shape.transform == Transform::kLine) {
    // The line moves before each value.
    slope = shape.trend;
    base += shape.step * static_cast<uint64_t>(difference(plan.window.low, slope));
  }
  writer.signed_varint(static_cast<int64_t>(base));
  writer.signed_varint(slope);
  if (shape.transform == Transform::kDeltaOfDelta) writer.signed_varint(shape.delta);
  if (shape.step > 1) writer.varint(shape.step);
  if (exceptions.empty()) return;
  writer.varint(exceptions.size());
  uint64_t next = 0;
  for (const uint64_t index : exceptions) {
    writer.varint(index - next);
    writer.signed_varint(difference(shape.residuals[index], plan.window.low));
    next = index + 1;
  }
}

/// Whether most stretches of eight symbols of a second thousand stood in the first.
bool seems_repetitive(std::span<const uint8_t> symbols) {
  constexpr size_t kPart = 1024, kSlots = 4096, kProbes = 32;
  if (symbols.size() < 2 * kPart) return false;
  const auto slot_of = [](uint64_t word) { return word * 0x9e3779b97f4a7c15 >> 52; };
  std::array<uint64_t, kSlots> seen;
  seen.fill(~uint64_t{0});
  for (size_t index = 0; index < kPart; ++index) {
    const uint64_t word = load_le(symbols.data() + index, 8);
    seen[slot_of(word)] = word;
  }
  size_t hits = 0;
  for (size_t probe = 0; probe < kProbes; ++probe) {
    const uint64_t word = load_le(symbols.data() + kPart + probe * 29, 8);
    hits += seen[slot_of(word)] == word ? 1 : 0;
  }
  return hits * 2 > kProbes;
}

/// zstd finds what repeats over long distances, as when a page holds many short series that were
/// measured at the same times.
bool is_deflated_smaller(std::span<const uint8_t> symbols, const Plan& plan) {
  if (!seems_repetitive(symbols)) return false;
  const size_t coded = plan.cost_bytes - packed_bytes(symbols.size(), plan.packed_width);
  const std::string_view text(reinterpret_cast<const char*>(symbols.data()), symbols.size());
  return deflate(text, kZstdLevel).size() * 10 < coded * 9;
}

void put(const Shape& shape, Plan plan, std::string& out) {
  const size_t count = shape.residuals.size();
  const bool has_symbols = plan.coding == Coding::kSymbols;
  std::vector<uint64_t> exceptions;
  std::vector<uint64_t> low(plan.packed_width > 0 ? count : 0);
  std::vector<uint8_t> symbols(has_symbols ? count : 0);
  const uint8_t filler = static_cast<uint8_t>(plan.model.symbol_most);
  const bool is_held_all = holds_all(plan.window, shape);
  if (is_held_all && !low.empty()) put_above(shape.residuals, plan.window.low, low.data());
  if (is_held_all && has_symbols) {
    put_symbols(shape.residuals, plan.window.low, plan.packed_width, symbols.data());
  }
  for (size_t index = 0; index < count && !is_held_all; ++index) {
    const auto above = static_cast<uint64_t>(difference(shape.residuals[index], plan.window.low));
    const bool is_held = plan.window.has(shape.residuals[index]);
    if (!is_held) exceptions.push_back(index);
    if (!low.empty()) low[index] = is_held ? above : 0;
    if (has_symbols) {
      symbols[index] = is_held ? static_cast<uint8_t>(above >> plan.packed_width) : filler;
    }
  }
  if (has_symbols && is_deflated_smaller(symbols, plan)) plan.coding = Coding::kDeflated;
  put_header(shape, plan, exceptions, out);
  if (plan.coding == Coding::kFlat) return;
  ByteWriter(out).u8(static_cast<uint8_t>(plan.packed_width));
  pack(low, plan.packed_width, out);
  if (plan.coding == Coding::kSymbols) encode_symbols(symbols, plan.model, out);
  if (plan.coding == Coding::kDeflated) {
    append_deflated({reinterpret_cast<const char*>(symbols.data()), count}, out);
  }
}

std::string planes_of(std::span<const int64_t> values) {
  std::string planes(values.size() * 8, '\0');
  for (size_t index = 0; index < values.size(); ++index) {
    for (size_t byte = 0; byte < 8; ++byte) {
      planes[byte * values.size() + index] =
          static_cast<char>(static_cast<uint64_t>(values[index]) >> (8 * byte));
    }
  }
  return planes;
}

void encode_any(std::span<const int64_t> values, bool may_nest, std::string& out);

void try_runs(std::span<const int64_t> values, size_t run_count, std::string& best) {
  std::vector<int64_t> lengths, starts;
  lengths.reserve(run_count);
  starts.reserve(run_count);
  for (const int64_t value : values) {
    if (!starts.empty() && starts.back() == value) {
      ++lengths.back();
    } else {
      starts.push_back(value);
      lengths.push_back(1);
    }
  }
  std::string runs;
  ByteWriter writer(runs);
  writer.u8(static_cast<uint8_t>(Coding::kRuns));
  writer.varint(lengths.size());
  encode_any(lengths, false, runs);
  encode_any(starts, false, runs);
  if (runs.size() < best.size()) best = std::move(runs);
}

void try_planes(std::span<const int64_t> values, std::string& best) {
  const size_t sample = std::min<size_t>(values.size(), 1024);
  const size_t sample_bytes = deflate(planes_of(values.first(sample)), kPlanesZstdLevel).size();
  if (sample_bytes * values.size() * 10 > best.size() * sample * 9) return;
  std::string planes(1, static_cast<char>(Coding::kPlanes));
  ByteWriter(planes).string(deflate(planes_of(values), kPlanesZstdLevel));
  if (planes.size() < best.size()) best = std::move(planes);
}

void encode_any(std::span<const int64_t> values, bool may_nest, std::string& out) {
  CHECK(values.size() <= kIntegersMax);
  if (values.empty()) return;
  const Steps steps = steps_of(values);
  const size_t run_count = steps.changes + 1;
  if (steps.are_equal) {
    const int64_t step = values.size() > 1 ? difference(values[1], values[0]) : 0;
    ByteWriter writer(out);
    writer.u8(static_cast<uint8_t>(Coding::kFlat));
    writer.signed_varint(difference(values[0], step));
    writer.signed_varint(step);
    return;
  }
  const Shape shape = shape_of(values);
  const Plan plan = best_plan(shape);
  std::string best;
  put(shape, plan, best);
  if (may_nest && run_count <= values.size() / 4 && run_count < best.size()) {
    try_runs(values, run_count, best);
  }
  if (may_nest && best.size() > values.size() * 4 && values.size() >= kPlanesRowsMin) {
    try_planes(values, best);
  }
  out += best;
}

}  // namespace

void encode_integers(std::span<const int64_t> values, std::string& out) {
  encode_any(values, true, out);
}

void pack(std::span<const uint64_t> values, unsigned width, std::string& out) {
  if (width == 0) return;
  const size_t begin = out.size();
  if (width == 64) {
    out.append(reinterpret_cast<const char*>(values.data()), values.size() * 8);
    return;
  }
  out.resize(begin + packed_bytes(values.size(), width) + 8);
  char* next = out.data() + begin;
  const uint64_t mask = (uint64_t{1} << width) - 1;
  uint64_t bits = 0;
  unsigned bit_count = 0;  // Below 8 between values.
  for (const uint64_t value : values) {
    bits |= (value & mask) << bit_count;
    bit_count += width;
    std::memcpy(next, &bits, 8);
    const unsigned whole_bytes = bit_count >> 3;
    next += whole_bytes;
    bits = whole_bytes == 8 ? 0 : bits >> (whole_bytes * 8);
    bit_count &= 7;
  }
  out.resize(begin + packed_bytes(values.size(), width));
}

void append_deflated(std::string_view bytes, std::string& out) {
  ByteWriter(out).string(deflate(bytes, kZstdLevel));
}

}  // namespace varve::engine::page
