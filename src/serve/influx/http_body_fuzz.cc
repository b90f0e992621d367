// SPDX-License-Identifier: Apache-2.0
// Whatever a client sends as query string, headers and body: forms, multipart, bind parameters, and
// a write's body, compressed or not, up to the points in it. The first byte chooses the way.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "serve/influx/parameters_json.h"
#include "serve/influx/query.h"
#include "serve/influx/write.h"

namespace {

using namespace varve;

constexpr size_t kBodyBytesMax = 1 << 20;

void must(bool fact) {
  if (!fact) std::abort();
}

/// Decoding undoes encoding, whatever the bytes are.
void check_form(std::string_view text) {
  must(percent_decode(percent_encode(text), PlusSign::kIsSpace) == text);
  const auto fields = parse_form(text);
  must(fields.size() <= kFormFieldsMax);
  std::string again;
  for (const auto& [name, value] : fields.fields()) {
    again += percent_encode(name) + "=" + percent_encode(value) + "&";
  }
  must(parse_form(again).fields() == fields.fields());
}

void check_query(std::string_view text, std::string_view content_type) {
  const auto half = text.size() / 2;
  const HttpRequest request{.method = "POST",
                            .path = "/query",
                            .parameters = parse_form(text.substr(0, half)),
                            .headers = {{"Content-Type", std::string(content_type)},
                                        {"Accept", std::string(text.substr(0, half))}},
                            .body = std::string(text.substr(half))};
  const auto question = influx::read_query(request);
  if (question) must(!question->text.empty() && question->writer.chunk_rows > 0);
}

void check_write(std::string_view text, bool gzip) {
  HttpRequest request{.method = "POST", .path = "/write"};
  request.parameters.add("db", "d");
  if (gzip) request.headers.add("Content-Encoding", "gzip");
  request.body = std::string(text);
  auto question = influx::read_write(request, 1'577'836'800'000'000'000, kBodyBytesMax);
  if (!question) return;
  PointChunk chunk;
  while (question->points->next(chunk)) {
    for (const auto& point : chunk.points) {
      must(point.fields_begin <= point.fields_end && point.fields_end <= chunk.fields.size());
      const auto key = question->points->parse_key(point.raw_key);
      if (!key) question->points->reject(point, key.error());
    }
  }
  question->points->errors();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      check_form(text);
      break;
    case 1:
      check_query(text, "application/x-www-form-urlencoded");
      break;
    case 2:
      check_query(text, "multipart/form-data; boundary=X");
      break;
    case 3:
      static_cast<void>(influx::parse_parameters(text));
      break;
    case 4:
      check_write(text, false);
      break;
    case 5:
      check_write(text, true);
      break;
  }
  return 0;
}
