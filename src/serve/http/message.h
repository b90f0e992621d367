// SPDX-License-Identifier: Apache-2.0
// What an HTTP client asks and what it gets, apart from how bytes travel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/http/form.h"

namespace varve {

class BodyPool;

/// Header fields in order of arrival; names compare without case.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first field of that name. The view lives until the headers change.
  std::optional<std::string_view> find(std::string_view name) const;
  /// Every field of that name.
  std::vector<std::string_view> find_all(std::string_view name) const;
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replaces what stands there under the name.
  void set(std::string_view name, std::string value);
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// True when both are the same but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view left, std::string_view right);

struct HttpRequest {
  std::string method;     ///< As sent: methods have a case.
  std::string path;       ///< Without the query string; percent escapes decoded.
  FormFields parameters;  ///< Of the query string.
  HttpHeaders headers;
  std::string body;            ///< Without any transfer coding.
  /// Takes the body's memory when it is done with. Null: nobody does.
  std::shared_ptr<BodyPool> body_pool;
  std::string remote_address;  ///< "127.0.0.1:40000".
};

/// The fields of a POST's form body; empty when the body is something else.
FormFields form_of(const HttpRequest& request);

struct HttpResponse {
  int status = 200;
  /// Date, Content-Length, Transfer-Encoding and Connection are the server's. Values lose their
  /// line ends when they are sent.
  HttpHeaders headers = {};
  std::string body = {};
};

/// "Not Found" for 404; empty when the number has no words.
std::string_view status_text(int status);

/// Whether answers of that status have a body at all.
constexpr bool status_has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace varve
