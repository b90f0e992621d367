// SPDX-License-Identifier: Apache-2.0
#include "serve/http/response_head.h"

namespace varve {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

}  // namespace

std::string response_head(const HttpResponse& response, const ResponseHead& head) {
  std::string out;
  out.reserve(512);
  out += head.is_http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += status_text(response.status);
  out += "\r\n";
  for (const auto& [name, value] : response.headers.fields()) append_field(out, name, value);
  append_field(out, "Date", head.date);
  if (head.body_bytes >= 0) {
    if (status_has_body(response.status)) {
      append_field(out, "Content-Length", std::to_string(head.body_bytes));
    }
  } else if (!head.is_http_1_0) {
    append_field(out, "Transfer-Encoding", "chunked");
  }
  if (!head.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (head.is_http_1_0) {
    append_field(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  return out;
}

}  // namespace varve
