// SPDX-License-Identifier: Apache-2.0
// Bodies of answers as gzip, made while they grow.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "serve/http/message.h"

namespace varve {

/// Whether the client takes gzip: Accept-Encoding names it, and not with q=0.
bool accepts_gzip(const HttpHeaders& headers);

/// One body. Threads: one owner.
class GzipEncoder {
 public:
  enum class Flush : uint8_t {
    kNone,   ///< What comes out may lag behind.
    kBlock,  ///< Whoever has what came out so far can read all that went in.
    kEnd,    ///< The body is complete; the last call.
  };

  GzipEncoder();
  ~GzipEncoder();
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  /// Gives the compressed bytes that are ready; they may be none.
  std::string encode(std::string_view bytes, Flush flush);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace varve
