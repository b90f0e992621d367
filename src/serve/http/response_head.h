// SPDX-License-Identifier: Apache-2.0
// The first lines of an answer, ready to send.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "serve/http/handler.h"

namespace varve {

struct ResponseHead {
  std::string_view date;    ///< Of the Date field.
  int64_t body_bytes = -1;  ///< Negative: of unknown size.
  bool is_http_1_0 = false;
  bool keep_alive = true;
};

/// Status line and fields, with the empty line behind them. Bytes that would end a field are spaces
/// in it.
std::string response_head(const HttpResponse& response, const ResponseHead& head);

}  // namespace varve
