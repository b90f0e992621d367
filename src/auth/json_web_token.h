// SPDX-License-Identifier: Apache-2.0
// Bearer tokens: JSON Web Tokens (RFC 7519) signed with a shared secret by HS256, HS384 or HS512.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve::auth {

/// The `username` of a token that is signed with the secret and good at that time. `exp` must be
/// there; `nbf` counts when it is. Pure. Errors: kUnauthenticated, in the words of InfluxDB 1.8,
/// such as "token signature is invalid" and "token expiration required".
Result<std::string> verify_json_web_token(std::string_view token, std::string_view secret,
                                          int64_t now_seconds);

}  // namespace varve::auth
