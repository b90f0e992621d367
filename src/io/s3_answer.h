// SPDX-License-Identifier: Apache-2.0
// What an S3 service says, read from its XML. Pure; the text is not trusted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/object_store.h"

namespace varve {

/// The text of the first element of the name, its entities resolved; nothing when there is none.
std::optional<std::string> xml_text(std::string_view document, std::string_view element);

struct S3Listing {
  std::vector<ObjectInfo> objects;  ///< With whole keys.
  std::string next;                 ///< Where the next page begins; empty: there is none.
};
Result<S3Listing> parse_s3_listing(std::string_view document);

/// "SlowDown: Please reduce your request rate." of an error's body; empty when it is none.
std::string s3_complaint(std::string_view body);

/// As text of an element.
std::string xml_escape(std::string_view text);

}  // namespace varve
