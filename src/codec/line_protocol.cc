// SPDX-License-Identifier: Apache-2.0
#include "codec/line_protocol.h"

#include <utility>

#include "base/check.h"
#include "codec/line/field_buffer.h"
#include "codec/line/grammar.h"
#include "codec/line/key.h"
#include "codec/line/line_errors.h"
#include "codec/line/plain_line.h"
#include "codec/text_arena.h"

namespace varve {
namespace {

using namespace line_protocol;

/// Fields in one chunk, so that wide lines do not make it leave the cache.
constexpr uint32_t kChunkFieldsMax = 16 * 1024;

class LineProtocolSource final : public PointSource {
 public:
  LineProtocolSource(std::string body, const LineProtocolOptions& options,
                     std::function<void(std::string)> done)
      : rules_{.unit_ns = unit_ns(options.precision),
               .default_ns = floor_to_unit(options.now_ns, options.precision),
               .fields_max = options.line_fields_max},
        chunk_points_max_(options.chunk_points_max),
        size_bytes_(body.size()),
        body_(pad(std::move(body))),
        plain_(body_.data() + size_bytes_, rules_),
        errors_(options.error_bytes_max),
        done_(std::move(done)) {
    CHECK(chunk_points_max_ > 0);
  }
  ~LineProtocolSource() override {
    if (done_) done_(std::move(body_));
  }
  LineProtocolSource(const LineProtocolSource&) = delete;
  LineProtocolSource& operator=(const LineProtocolSource&) = delete;

  bool next(PointChunk& chunk) override {
    arena_.reset();
    fields_.attach(chunk.fields);
    chunk.points.clear();
    while (at_ < size_bytes_ && chunk.points.size() < chunk_points_max_ &&
           fields_.count() < kChunkFieldsMax) {
      const char* const line = body_.data() + at_;
      if (*line == '\n') {
        ++at_;
        continue;
      }
      Point point;
      const uint32_t fields_before = fields_.count();
      if (const char* const newline = plain_.read(line, point, fields_, arena_)) {
        at_ = static_cast<size_t>(newline - body_.data()) + 1;
      } else {
        fields_.truncate(fields_before);
        if (!read_any_line(point)) {
          fields_.truncate(fields_before);
          continue;
        }
      }
      point.line_index = line_index_++;
      chunk.points.push_back(point);
    }
    return !chunk.points.empty();
  }

  bool keys_are_lines() const override { return true; }
  Result<PointKey> parse_key(std::string_view raw_key) override {
    return line_protocol::parse_key(raw_key, arena_);
  }

  void reject(const Point& point, const Error& error) override {
    errors_.add(point.line_index, point.line, error.message);
  }

  void rewind() override {
    at_ = 0;
    line_index_ = 0;
    errors_.clear();
  }

  std::string errors() const override { return errors_.text(); }
  size_t size_bytes() const override { return size_bytes_; }

 private:
  /// Newlines behind the end stop every scan.
  static std::string pad(std::string body) {
    body.append(kLineProtocolPaddingBytes, '\n');
    return body;
  }

  /// Moves past the line at `at_`; false when it is blank, a comment or wrong.
  bool read_any_line(Point& point) {
    const auto rest = std::string_view(body_).substr(at_, size_bytes_ - at_);
    const size_t end = line_end(rest);
    at_ += end + 1;
    auto line = skip_blanks(rest.substr(0, end));
    if (line.empty() || line[0] == '#') return false;
    if (line.back() == '\n') line.remove_suffix(1);
    point.line = line;
    const auto parsed = parse_line(line, rules_, point, fields_, arena_);
    if (parsed) return true;
    errors_.add(line_index_++, line, parsed.error().message);
    return false;
  }

  const LineRules rules_;
  const uint32_t chunk_points_max_;
  const size_t size_bytes_;  // Without the padding.
  std::string body_;  // Never changed.
  PlainLineReader plain_;
  FieldBuffer fields_;
  TextArena arena_;
  LineErrors errors_;
  const std::function<void(std::string)> done_;
  size_t at_ = 0;
  uint32_t line_index_ = 0;
};

}  // namespace

std::unique_ptr<PointSource> make_line_protocol_source(std::string body,
                                                       const LineProtocolOptions& options,
                                                       std::function<void(std::string)> done) {
  return std::make_unique<LineProtocolSource>(std::move(body), options, std::move(done));
}

}  // namespace varve
