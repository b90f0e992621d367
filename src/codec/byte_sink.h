// SPDX-License-Identifier: Apache-2.0
// Where an answer goes: a socket, a file, a string.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace varve {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// Takes all of the bytes, in order; may block while the reader is slow. After an error nothing
  /// more is written.
  virtual Result<void> write(std::string_view bytes) = 0;
};

/// Collects in memory.
class StringSink final : public ByteSink {
 public:
  Result<void> write(std::string_view bytes) override {
    text_ += bytes;
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace varve
