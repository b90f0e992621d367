// SPDX-License-Identifier: Apache-2.0
// Points made by code rather than read from a request: for those inside Varve who write as any
// client does.
//
//   auto points = std::make_unique<PointList>();
//   points->add("cpu", {{"host", "a"}}, now_ns);
//   points->field("usage_user", 12.5);
//   ingest.write({.database = "host"}, std::move(points), done);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/column_vector.h"
#include "model/points.h"

namespace varve {

/// Threads: one at a time.
class PointList final : public PointSource {
 public:
  using Tag = std::pair<std::string_view, std::string_view>;

  /// Begins a point. Tags may come in any order; those without text are left out. Copies all.
  /// Requires no name twice.
  void add(std::string_view table, std::vector<Tag> tags, int64_t time_ns);
  // A field of the point begun last.
  void field(std::string_view name, double value);
  void field(std::string_view name, int64_t value);
  void field(std::string_view name, uint64_t value);
  void field(std::string_view name, bool value);
  void field(std::string_view name, std::string_view text);

  size_t point_count() const { return points_.size(); }

  bool next(PointChunk& chunk) override;
  Result<PointKey> parse_key(std::string_view raw_key) override;
  void reject(const Point& point, const Error& error) override;
  void rewind() override;
  std::string errors() const override { return errors_; }
  size_t size_bytes() const override;

 private:
  PointField& begin_field(std::string_view name, ValueType type);

  StringArena bytes_;
  std::vector<Point> points_;
  std::vector<PointField> fields_;
  size_t next_point_ = 0;
  std::string errors_;
};

}  // namespace varve
