// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/answer_sink.h"

namespace varve::influx {
namespace {

// A shorter answer fits into a packet as it is.
constexpr size_t kGzipBytesMin = 2 * 1024;

}  // namespace

void AnswerSink::begin_gzip() {
  if (!options_.gzips) return;
  headers_.add("Content-Encoding", "gzip");
  headers_.add("Vary", "Accept-Encoding");
  gzip_ = std::make_unique<GzipEncoder>();
}

Result<void> AnswerSink::send_piece(std::string_view bytes) {
  if (!gzip_) return stream_->write(bytes);
  // Whoever wants chunks wants each of them when it is there.
  const bool waits = options_.whole_bytes_max == 0;
  return stream_->write(gzip_->encode(
      bytes, waits ? GzipEncoder::Flush::kBlock : GzipEncoder::Flush::kNone));
}

Result<void> AnswerSink::write(std::string_view bytes) {
  bytes_ += bytes.size();
  if (stream_) return send_piece(bytes);
  if (held_.size() + bytes.size() <= options_.whole_bytes_max) {
    held_.append(bytes);
    return {};
  }
  begin_gzip();
  stream_ = responder_.begin({.status = 200, .headers = headers_, .body = {}});
  if (!held_.empty()) TRY_VOID(send_piece(held_));
  std::string().swap(held_);
  return send_piece(bytes);
}

Result<void> AnswerSink::finish() {
  if (stream_) {
    if (gzip_) TRY_VOID(stream_->write(gzip_->encode("", GzipEncoder::Flush::kEnd)));
    return stream_->finish();
  }
  if (held_.size() >= kGzipBytesMin) begin_gzip();
  if (gzip_) held_ = gzip_->encode(held_, GzipEncoder::Flush::kEnd);
  responder_.send({.status = 200, .headers = std::move(headers_), .body = std::move(held_)});
  return {};
}

}  // namespace varve::influx
