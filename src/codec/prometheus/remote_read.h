// SPDX-License-Identifier: Apache-2.0
// Prometheus' remote read: what it asks for, and the samples it gets.
// Source: prometheus/prompb/remote.proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace varve {

struct LabelMatcher {
  enum class Kind : uint8_t { kEqual, kNotEqual, kMatch, kNotMatch } kind = Kind::kEqual;
  std::string name;
  std::string value;  ///< A text, or a regular expression for the whole text.
};

/// Both ends included.
struct RemoteReadQuery {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  std::vector<LabelMatcher> matchers;
};

/// `message`: a prometheus.ReadRequest, uncompressed. kInvalidInput.
Result<std::vector<RemoteReadQuery>> parse_remote_read(std::string_view message);

/// Puts a prometheus.ReadResponse together. Threads: one owner.
class RemoteReadAnswer {
 public:
  /// Begins the answer to the next query.
  void begin_result();
  /// Begins a series. Labels in any order, no name twice.
  void begin_series(std::vector<std::pair<std::string, std::string>> labels);
  /// In order of time.
  void sample(int64_t time_ms, double value);
  size_t size_bytes() const { return done_.size() + result_.size() + series_.size(); }
  /// The message. The answer is empty afterwards.
  std::string take();

 private:
  void end_series();
  void end_result();

  std::string done_;
  std::string result_;
  std::string series_;
  bool has_result_ = false;
  bool has_series_ = false;
  bool has_samples_ = false;
};

}  // namespace varve
