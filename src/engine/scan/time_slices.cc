// SPDX-License-Identifier: Apache-2.0
#include "engine/scan/time_slices.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace varve::engine {
namespace {

double length(const TimeRange& range) {
  return static_cast<double>(static_cast<uint64_t>(range.end_ns) -
                             static_cast<uint64_t>(range.begin_ns));
}

// Where the number of rows per time changes: begins and ends of spans, and of the range.
std::vector<int64_t> breakpoints(const TimeRange& range, std::span<const RowSpan> spans) {
  std::vector<int64_t> points{range.begin_ns, range.end_ns};
  for (const RowSpan& span : spans) {
    const TimeRange part = range.intersect(span.range);
    if (part.empty()) continue;
    points.push_back(part.begin_ns);
    points.push_back(part.end_ns);
  }
  std::ranges::sort(points);
  const auto repeated = std::ranges::unique(points);
  points.erase(repeated.begin(), repeated.end());
  return points;
}

// The rows of each piece between two neighbouring breakpoints.
std::vector<double> rows_of_pieces(const TimeRange& range, std::span<const RowSpan> spans,
                                   const std::vector<int64_t>& points) {
  std::vector<double> change(points.size(), 0);  // Of rows per nanosecond.
  const auto at = [&](int64_t point) -> double& {
    const auto found = std::ranges::lower_bound(points, point);
    return change[static_cast<size_t>(found - points.begin())];
  };
  for (const RowSpan& span : spans) {
    const TimeRange part = range.intersect(span.range);
    if (part.empty()) continue;
    const double rows_per_ns = static_cast<double>(span.row_count) / length(span.range);
    at(part.begin_ns) += rows_per_ns;
    at(part.end_ns) -= rows_per_ns;
  }
  std::vector<double> rows;
  double rows_per_ns = 0;
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    rows_per_ns += change[i];
    const TimeRange piece{.begin_ns = points[i], .end_ns = points[i + 1]};
    rows.push_back(std::max(0.0, rows_per_ns) * length(piece));
  }
  return rows;
}

}  // namespace

std::vector<TimeRange> cut_time(const TimeRange& range, std::span<const RowSpan> spans,
                                uint64_t rows_max, size_t slices_max) {
  std::vector<TimeRange> slices;
  if (range.empty()) return slices;
  const std::vector<int64_t> points = breakpoints(range, spans);
  const std::vector<double> rows_of_piece = rows_of_pieces(range, spans, points);
  const double total = std::accumulate(rows_of_piece.begin(), rows_of_piece.end(), 0.0);
  const double wanted =
      std::max(static_cast<double>(rows_max), total / static_cast<double>(slices_max));
  int64_t begin_ns = range.begin_ns;
  double gathered = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    const TimeRange piece{.begin_ns = points[i - 1], .end_ns = points[i]};
    const double rows = rows_of_piece[i - 1];
    if (gathered > 0 && gathered + rows > wanted) {
      slices.push_back({.begin_ns = begin_ns, .end_ns = piece.begin_ns});
      begin_ns = piece.begin_ns;
      gathered = 0;
    }
    const double parts = std::min(std::ceil(rows / wanted), length(piece));
    const double step = length(piece) / std::max(parts, 1.0);
    for (double part = 1; part < parts; ++part) {
      const auto end_ns = static_cast<int64_t>(static_cast<uint64_t>(piece.begin_ns) +
                                               static_cast<uint64_t>(part * step));
      slices.push_back({.begin_ns = begin_ns, .end_ns = end_ns});
      begin_ns = end_ns;
    }
    gathered += parts > 1 ? rows / parts : rows;
  }
  slices.push_back({.begin_ns = begin_ns, .end_ns = range.end_ns});
  return slices;
}

}  // namespace varve::engine
