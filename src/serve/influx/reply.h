// SPDX-License-Identifier: Apache-2.0
// One answer of the InfluxDB door: a Responder with the headers that every answer carries.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/http/responder.h"
#include "serve/influx/accept.h"

namespace varve::influx {

/// What clients take us for: the last InfluxDB whose behaviour we follow that all of them know.
inline constexpr std::string_view kServerVersion = "1.8.10";

/// X-Influxdb-Version, X-Influxdb-Build, the request's ids, and what a browser wants to see.
HttpHeaders common_headers(const HttpRequest& request);

/// A UUID of version 1, as InfluxDB names requests. Threads: safe anywhere.
std::string make_request_id();

/// A whole answer with an error in it, in the form that was asked for, and the same text in
/// X-Influxdb-Error.
HttpResponse error_response(HttpHeaders common, const AnswerForm& form, int status,
                            std::string_view message);

/// The right to answer one request. Copies share it. Threads: as Responder.
class Reply {
 public:
  Reply(const HttpRequest& request, Responder responder)
      : headers_(std::make_shared<const HttpHeaders>(common_headers(request))),
        form_(choose_form(request)),
        responder_(std::move(responder)) {}

  /// An answer without a body.
  void send_status(int status) const;
  void send(int status, std::string_view content_type, std::string body) const;
  void send_error(int status, std::string_view message) const;
  /// With the status that the door gives to such errors; those that pass say when to come back.
  void send_error(const Error& error) const;
  /// Plain text, as InfluxDB's router answers: "404 page not found\n".
  void send_text(int status, std::string_view text) const;
  /// 405, naming the methods that work.
  void send_wrong_method(std::string_view allowed) const;

  const HttpHeaders& headers() const { return *headers_; }
  const Responder& responder() const { return responder_; }

 private:
  std::shared_ptr<const HttpHeaders> headers_;  // A reply is copied from hand to hand.
  AnswerForm form_;
  Responder responder_;
};

}  // namespace varve::influx
