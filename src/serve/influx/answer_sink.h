// SPDX-License-Identifier: Apache-2.0
// Where an answer's bytes go: short ones leave whole, long ones as a stream that slows its writer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/byte_sink.h"
#include "serve/http/responder.h"

namespace varve::influx {

/// Threads: one owner, on a thread that may wait.
class AnswerSink final : public ByteSink {
 public:
  /// What stays below `whole_bytes_max` is sent with its length, 200 and these headers.
  AnswerSink(Responder responder, HttpHeaders headers, size_t whole_bytes_max)
      : responder_(std::move(responder)),
        headers_(std::move(headers)),
        whole_bytes_max_(whole_bytes_max) {}

  Result<void> write(std::string_view bytes) override;
  Result<void> finish();
  /// Whether part of the answer is on its way, so that it cannot become an error any more.
  bool has_begun() const { return stream_ != nullptr; }

 private:
  Responder responder_;
  HttpHeaders headers_;
  const size_t whole_bytes_max_;
  std::string held_;
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace varve::influx
