// SPDX-License-Identifier: Apache-2.0
// Any bytes as what an S3 service says: a listing, a complaint, the id of an upload, or nothing.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "io/s3_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto listing = varve::parse_s3_listing(body);
  if (listing) CHECK(listing->objects.size() <= size / std::string_view("<Contents>").size());
  CHECK(varve::s3_complaint(body).size() <= 300);
  static_cast<void>(varve::xml_text(body, "UploadId"));
  // What is escaped comes back as it was.
  const std::string element = "<Key>" + varve::xml_escape(body) + "</Key>";
  const auto text = varve::xml_text(element, "Key");
  CHECK(text.has_value());
  if (body.find("&#") == std::string_view::npos) CHECK(*text == body);
  return 0;
}
