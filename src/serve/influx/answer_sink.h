// SPDX-License-Identifier: Apache-2.0
// Where an answer's bytes go: short ones leave whole, long ones as a stream that slows its writer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/byte_sink.h"
#include "serve/http/gzip_encoder.h"
#include "serve/http/responder.h"

namespace varve::influx {

/// Threads: one owner, on a thread that may wait.
class AnswerSink final : public ByteSink {
 public:
  struct Options {
    /// What stays below it is sent with its length, the rest in pieces; 0: each write is a piece.
    size_t whole_bytes_max = 0;
    bool gzips = false;  ///< Compresses what is not short.
  };
  /// Sends 200 with these headers.
  AnswerSink(Responder responder, HttpHeaders headers, const Options& options)
      : responder_(std::move(responder)), headers_(std::move(headers)), options_(options) {}

  Result<void> write(std::string_view bytes) override;
  Result<void> finish();
  /// Written so far, before compression.
  uint64_t bytes() const { return bytes_; }
  /// Whether part of the answer is on its way, so that it cannot become an error any more.
  bool has_begun() const { return stream_ != nullptr; }

 private:
  void begin_gzip();
  Result<void> send_piece(std::string_view bytes);

  Responder responder_;
  HttpHeaders headers_;
  const Options options_;
  std::unique_ptr<GzipEncoder> gzip_;  // Null: as it is.
  uint64_t bytes_ = 0;
  std::string held_;
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace varve::influx
