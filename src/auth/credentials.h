// SPDX-License-Identifier: Apache-2.0
// What a client says of itself, taken apart: nothing here is believed yet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace varve::auth {

struct Credentials {
  enum class Kind : uint8_t {
    kNone,      ///< Nothing was said, or nothing that makes sense.
    kPassword,  ///< `user` and `password`.
    kBearer,    ///< `token`.
  };
  Kind kind = Kind::kNone;
  std::string user = {};
  std::string password = {};
  std::string token = {};
};

/// Reads an Authorization header: `Basic base64(user:password)`, `Token user:password` or
/// `Bearer token`. Source: InfluxDB 1.8, services/httpd: these two words have a case, Basic has
/// none; two words and no more. Pure.
Credentials parse_authorization(std::string_view header);

}  // namespace varve::auth
