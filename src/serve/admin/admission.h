// SPDX-License-Identifier: Apache-2.0
// Who may ask for administration, and how a refusal is worded.
//
// Where the server asks who its clients are, an administrator is answered, from wherever. Where it
// does not, only programs on the server's own machine are: these works read and write folders
// there, and take everything that is stored. A request that a browser sends for a page, or that a
// proxy hands on, is then refused whatever its address.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "serve/access/access.h"
#include "serve/http/responder.h"

namespace varve::admin {

int status_of(ErrorCode code);

/// {"error":"…"}
HttpResponse error_response(int status, std::string_view why);

/// Calls `then` when whoever asks may, maybe on another thread; else answers.
void admit(const Access& access, HttpRequest request, const Responder& responder,
           std::function<void(const HttpRequest&)> then);

/// Whether a request comes from a program on this machine: a loopback address, no Origin, and no
/// trace of a proxy.
bool is_from_this_machine(const HttpRequest& request);

}  // namespace varve::admin
