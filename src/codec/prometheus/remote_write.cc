// SPDX-License-Identifier: Apache-2.0
#include "codec/prometheus/remote_write.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/check.h"
#include "codec/named_key.h"
#include "codec/prometheus/protobuf.h"
#include "codec/text_arena.h"

namespace varve {
namespace {

using protobuf::Field;
using protobuf::Reader;

constexpr size_t kChunkPoints = 256;
constexpr std::string_view kFieldName = "value";
constexpr std::string_view kNameLabel = "__name__";
/// Source: InfluxDB 1.x.
constexpr std::string_view kNoName = "prom_metric_not_specified";
constexpr int64_t kNsPerMs = 1'000'000;

tl::unexpected<Error> wrong(std::string_view why) {
  return fail(ErrorCode::kInvalidInput, "remote write: " + std::string(why));
}

bool is_message(const Field& field, uint32_t number) {
  return field.number == number && field.kind == Field::Kind::kBytes;
}

/// A label's name and text.
Result<named_key::Tag> read_label(std::string_view message) {
  named_key::Tag label;
  Reader reader(message);
  while (const auto field = TRY(reader.next())) {
    if (is_message(*field, 1)) label.first = field->bytes;
    if (is_message(*field, 2)) label.second = field->bytes;
  }
  return label;
}

struct Sample {
  double value = 0;
  int64_t time_ms = 0;
};

Result<Sample> read_sample(std::string_view message) {
  Sample sample;
  Reader reader(message);
  while (const auto field = TRY(reader.next())) {
    if (field->number == 1 && field->kind == Field::Kind::kFixed64) {
      sample.value = field->as_double();
    }
    if (field->number == 2 && field->kind == Field::Kind::kVarint) {
      sample.time_ms = static_cast<int64_t>(field->integer);
    }
  }
  return sample;
}

class RemoteWriteSource final : public PointSource {
 public:
  explicit RemoteWriteSource(std::string message)
      : message_(std::move(message)), series_list_(message_), samples_("") {}

  Result<void> check() {
    PointChunk chunk;
    while (TRY(fill(chunk))) {
    }
    rewind();
    return {};
  }

  bool next(PointChunk& chunk) override {
    const auto more = fill(chunk);
    CHECK(more);  // check() read the same bytes.
    return *more;
  }

  Result<PointKey> parse_key(std::string_view raw_key) override {
    return named_key::parse(raw_key);
  }

  void reject(const Point& point, const Error& error) override {
    if (!errors_.empty()) errors_ += '\n';
    errors_ += "sample of '" + std::string(point.line) + "': " + error.message;
  }

  void rewind() override {
    series_list_ = Reader(message_);
    samples_ = Reader("");
    point_count_ = 0;
    errors_.clear();
  }

  std::string errors() const override { return errors_; }
  // Numbers take less here than in rows.
  size_t size_bytes() const override { return 2 * message_.size(); }

 private:
  Result<bool> fill(PointChunk& chunk) {
    arena_.reset();
    chunk.points.clear();
    chunk.fields.clear();
    key_ = {};
    while (chunk.points.size() < kChunkPoints) {
      const auto field = TRY(samples_.next());
      if (!field) {
        if (!TRY(open_series())) break;
        continue;
      }
      if (is_message(*field, 2)) TRY_VOID(add(TRY(read_sample(field->bytes)), chunk));
    }
    return !chunk.points.empty();
  }

  Result<bool> open_series() {
    while (const auto field = TRY(series_list_.next())) {
      if (!is_message(*field, 1)) continue;
      TRY_VOID(read_labels(field->bytes));
      samples_ = Reader(field->bytes);
      key_ = {};
      return true;
    }
    return false;
  }

  Result<void> read_labels(std::string_view series) {
    tags_.clear();
    table_ = kNoName;
    Reader reader(series);
    while (const auto field = TRY(reader.next())) {
      if (!is_message(*field, 1)) continue;
      const auto label = TRY(read_label(field->bytes));
      if (label.first.empty()) return wrong("a label has no name");
      if (label.second.empty()) continue;
      if (label.first == kNameLabel) table_ = label.second;
      tags_.push_back(label);
    }
    std::sort(tags_.begin(), tags_.end());
    for (size_t i = 1; i < tags_.size(); ++i) {
      if (tags_[i].first == tags_[i - 1].first) {
        return wrong("label '" + std::string(tags_[i].first) + "' occurs twice");
      }
    }
    return {};
  }

  Result<void> add(const Sample& sample, PointChunk& chunk) {
    if (!std::isfinite(sample.value)) return {};
    Point point;
    if (__builtin_mul_overflow(sample.time_ms, kNsPerMs, &point.time_ns)) {
      return wrong("time " + std::to_string(sample.time_ms) + " ms is outside of what "
                   "nanoseconds can count");
    }
    if (key_.empty()) key_ = TRY(named_key::make(table_, tags_, arena_));
    point.raw_key = key_;
    point.line = table_;
    point.line_index = point_count_++;
    point.fields_begin = static_cast<uint32_t>(chunk.fields.size());
    point.fields_end = point.fields_begin + 1;
    PointField& field = chunk.fields.emplace_back();
    field.name = kFieldName;
    field.type = ValueType::kFloat64;
    field.f64 = sample.value;
    chunk.points.push_back(point);
    return {};
  }

  const std::string message_;
  Reader series_list_;
  Reader samples_;  // Of the open series: its message, labels and all.
  std::string_view table_;
  std::vector<named_key::Tag> tags_;
  std::string_view key_;  // Of the open series, in the arena of this chunk.
  TextArena arena_;
  uint32_t point_count_ = 0;
  std::string errors_;
};

}  // namespace

Result<std::unique_ptr<PointSource>> make_remote_write_source(std::string message) {
  auto source = std::make_unique<RemoteWriteSource>(std::move(message));
  TRY_VOID(source->check());
  return std::unique_ptr<PointSource>(std::move(source));
}

}  // namespace varve
