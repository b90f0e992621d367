// SPDX-License-Identifier: Apache-2.0
// Which form an answer has, and an error of any endpoint, by the request's Accept header.
// Source: InfluxDB 1.8, services/httpd, NewResponseWriter.
#pragma once

#include <string_view>

#include "codec/result_writer.h"
#include "serve/http/message.h"

namespace varve::influx {

struct AnswerForm {
  ResultFormat format = ResultFormat::kJson;
  std::string_view content_type = "application/json";
  bool is_pretty = false;
};

/// The first type of the list that we have; JSON when there is none. Weights (q=) are not weighed.
AnswerForm choose_form(const HttpHeaders& headers);
/// The same, with what `pretty=true` among the parameters asks for.
AnswerForm choose_form(const HttpRequest& request);

}  // namespace varve::influx
