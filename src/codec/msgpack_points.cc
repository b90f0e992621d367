// SPDX-License-Identifier: Apache-2.0
#include "codec/msgpack_points.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "codec/msgpack_record.h"
#include "codec/named_key.h"
#include "codec/text_arena.h"

namespace varve {
namespace {

using msgpack::Kind;
using msgpack::Reader;
using msgpack::Record;

/// Fields in one chunk, so that wide rows do not make it leave the cache.
constexpr size_t kChunkFieldsMax = 16 * 1024;
class MsgpackSource final : public PointSource {
 public:
  MsgpackSource(std::string body, const MsgpackPointsOptions& options)
      : body_(std::move(body)),
        chunk_points_max_(options.chunk_points_max),
        repeated_bytes_max_(options.repeated_bytes_max),
        rules_{.unit_ns = unit_ns(options.precision),
               .default_ns = floor_to_unit(options.now_ns, options.precision)},
        reader_(body_) {
    CHECK(chunk_points_max_ > 0);
  }

  /// Reads all of it.
  Result<void> check() {
    PointChunk chunk;
    while (true) {
      const auto more = fill(chunk);
      if (!more) {
        return fail(more.error().code, "invalid MessagePack: record " +
                                           std::to_string(record_number_) + ", row " +
                                           std::to_string(row_number_) + ": " +
                                           more.error().message);
      }
      if (!*more) break;
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
    errors_ += "row " + std::to_string(point.line_index + 1) + ": " + error.message;
  }

  void rewind() override {
    reader_.seek(0);
    records_left_.reset();
    record_.reset();
    record_number_ = 0;
    row_number_ = 0;
    repeated_bytes_ = 0;
    point_count_ = 0;
    errors_.clear();
  }

  std::string errors() const override { return errors_; }
  // Numbers take less here than in rows.
  size_t size_bytes() const override { return 2 * body_.size(); }

 private:
  /// The chunk's points; false when there are no more.
  Result<bool> fill(PointChunk& chunk) {
    arena_.reset();
    fixed_key_ = {};
    chunk.points.clear();
    chunk.fields.clear();
    while (chunk.points.size() < chunk_points_max_ && chunk.fields.size() < kChunkFieldsMax) {
      if (!record_ || record_->at_end()) {
        if (!TRY(open_record())) break;
        continue;
      }
      TRY_VOID(add_row(chunk));
    }
    return !chunk.points.empty();
  }

  Result<bool> open_record() {
    if (!records_left_) {
      records_left_ = 1;
      if (TRY(reader_.peek()) == Kind::kArray) records_left_ = TRY(reader_.read()).count;
    }
    if (*records_left_ == 0) {
      if (reader_.at_end()) return false;
      return fail(ErrorCode::kInvalidInput,
                  "something follows at byte " + std::to_string(reader_.position()));
    }
    --*records_left_;
    ++record_number_;
    row_number_ = 0;
    fixed_key_ = {};
    record_.reset();
    record_ = TRY(Record::open(reader_, rules_));
    const uint64_t repeated_bytes = record_->repeated_bytes();
    if (repeated_bytes > repeated_bytes_max_ - repeated_bytes_) {
      return fail(ErrorCode::kTooLarge, "its rows repeat more than " +
                                            std::to_string(repeated_bytes_max_) +
                                            " bytes of keys and values: send fewer at once");
    }
    repeated_bytes_ += repeated_bytes;
    return true;
  }

  Result<void> add_row(PointChunk& chunk) {
    ++row_number_;
    Point point;
    point.fields_begin = static_cast<uint32_t>(chunk.fields.size());
    TRY_VOID(record_->next(row_, chunk.fields));
    point.fields_end = static_cast<uint32_t>(chunk.fields.size());
    if (point.fields_end == point.fields_begin) return {};  // Nothing but nil.
    point.time_ns = row_.time_ns;
    point.raw_key = TRY(key());
    point.line = record_->table();
    point.line_index = point_count_++;
    chunk.points.push_back(point);
    return {};
  }

  Result<std::string_view> key() {
    if (!fixed_key_.empty()) return fixed_key_;
    const auto made = TRY(named_key::make(record_->table(), row_.tags, arena_));
    if (record_->has_fixed_key()) fixed_key_ = made;
    return made;
  }

  const std::string body_;
  const uint32_t chunk_points_max_;
  const uint64_t repeated_bytes_max_;
  const msgpack::TimeRules rules_;
  Reader reader_;
  std::optional<uint32_t> records_left_;  // Unknown before the first byte is read.
  std::optional<Record> record_;
  Record::Row row_;
  std::string_view fixed_key_;  // Of the record, in the arena of this chunk.
  TextArena arena_;
  uint64_t record_number_ = 0;
  uint64_t row_number_ = 0;
  uint64_t repeated_bytes_ = 0;  // By the records up to the open one.
  uint32_t point_count_ = 0;
  std::string errors_;
};

}  // namespace

Result<std::unique_ptr<PointSource>> make_msgpack_source(std::string body,
                                                         const MsgpackPointsOptions& options) {
  auto source = std::make_unique<MsgpackSource>(std::move(body), options);
  TRY_VOID(source->check());
  return std::unique_ptr<PointSource>(std::move(source));
}

}  // namespace varve
