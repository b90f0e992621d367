// SPDX-License-Identifier: Apache-2.0
// Writes to a ByteSink in pieces of about 64 KiB.
//
//   char* out = buffer.room(24);            // at least so much
//   buffer.advance(write_i64(out, value));
//
// The first error of the sink is kept; what comes after it is thrown away.
// Threads: one owner.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "codec/byte_sink.h"

namespace varve {

class OutputBuffer {
 public:
  explicit OutputBuffer(ByteSink& sink) : sink_(&sink) { resize(kBufferBytes); }

  /// At least `size_bytes` writable bytes; valid until the next call.
  char* room(size_t size_bytes) {
    if (static_cast<size_t>(end_ - at_) < size_bytes) make_room(size_bytes);
    return at_;
  }
  /// Says up to where room() was used.
  void advance(char* to) { at_ = to; }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > kBufferBytes / 2) {
      send();
      write(bytes);
      return;
    }
    char* const out = room(bytes.size());
    std::memcpy(out, bytes.data(), bytes.size());
    at_ = out + bytes.size();
  }
  void append(char byte) {
    *room(1) = byte;
    ++at_;
  }

  /// Hands everything to the sink.
  Result<void> flush() {
    send();
    return status_;
  }
  const Result<void>& status() const { return status_; }

 private:
  static constexpr size_t kBufferBytes = 64 * 1024;

  void make_room(size_t size_bytes) {
    send();
    if (static_cast<size_t>(end_ - at_) < size_bytes) resize(size_bytes);
  }
  void send() {
    write({bytes_.get(), static_cast<size_t>(at_ - bytes_.get())});
    at_ = bytes_.get();
  }
  void write(std::string_view bytes) {
    if (!bytes.empty() && status_) status_ = sink_->write(bytes);
  }
  void resize(size_t size_bytes) {
    bytes_.reset(new char[size_bytes]);
    at_ = bytes_.get();
    end_ = at_ + size_bytes;
  }

  ByteSink* sink_;  // Outlives the buffer.
  std::unique_ptr<char[]> bytes_;
  char* at_ = nullptr;
  char* end_ = nullptr;
  Result<void> status_;
};

}  // namespace varve
