// SPDX-License-Identifier: Apache-2.0
#include "serve/admin/admission.h"

#include <string>
#include <utility>

#include "codec/text/json_text.h"

namespace varve::admin {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
    case ErrorCode::kConflict: return 400;
    case ErrorCode::kUnauthenticated: return 401;
    case ErrorCode::kForbidden: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kAlreadyExists: return 409;
    case ErrorCode::kUnsupported: return 501;
    case ErrorCode::kOverloaded:
    case ErrorCode::kCancelled: return 503;
    case ErrorCode::kNoSpace: return 507;
    default: return 500;
  }
}

HttpResponse error_response(int status, std::string_view why) {
  HttpResponse response{.status = status,
                        .headers = {{"Content-Type", "application/json"}},
                        .body = "{\"error\":"};
  append_json_string(response.body, why);
  response.body += "}\n";
  if (status == 503) response.headers.add("Retry-After", "1");
  if (status == 401) response.headers.add("WWW-Authenticate", "Basic realm=\"InfluxDB\"");
  return response;
}

void admit(const Access& access, HttpRequest request, const Responder& responder,
           std::function<void(const HttpRequest&)> then) {
  if (!access.is_enabled()) {
    if (is_from_this_machine(request)) return then(request);
    return responder.send(error_response(
        403, "administration is for programs on the server's own machine, unless the server asks "
             "who its clients are (auth.enabled)"));
  }
  access.identify(std::move(request),
                  [responder, then = std::move(then)](const HttpRequest& asked,
                                                      const Result<auth::Identity>& who) {
                    const auto allowed = who ? who->check_admin() : Result<void>(fail(who.error()));
                    if (allowed) return then(asked);
                    responder.send(
                        error_response(status_of(allowed.error().code), allowed.error().message));
                  });
}

bool is_from_this_machine(const HttpRequest& request) {
  const std::string& address = request.remote_address;
  const bool is_loopback = address.starts_with("127.") || address.starts_with("[::1]") ||
                           address.starts_with("::1:") || address.starts_with("[::ffff:127.");
  const auto has = [&](std::string_view name) { return request.headers.find(name).has_value(); };
  return is_loopback && !has("Origin") && !has("Forwarded") && !has("X-Forwarded-For") &&
         !has("Via");
}

}  // namespace varve::admin
