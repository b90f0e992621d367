// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/answer_sink.h"

namespace varve::influx {

Result<void> AnswerSink::write(std::string_view bytes) {
  if (stream_) return stream_->write(bytes);
  if (held_.size() + bytes.size() <= whole_bytes_max_) {
    held_.append(bytes);
    return {};
  }
  stream_ = responder_.begin({.status = 200, .headers = headers_, .body = {}});
  TRY_VOID(stream_->write(held_));
  std::string().swap(held_);
  return stream_->write(bytes);
}

Result<void> AnswerSink::finish() {
  if (stream_) return stream_->finish();
  responder_.send({.status = 200, .headers = std::move(headers_), .body = std::move(held_)});
  return {};
}

}  // namespace varve::influx
