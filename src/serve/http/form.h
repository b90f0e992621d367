// SPDX-License-Identifier: Apache-2.0
// Fields of a query string or of a form body (application/x-www-form-urlencoded, multipart).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace varve {

/// Decoded fields in order; a name may repeat.
class FormFields {
 public:
  /// The first field of that name. The view lives until the fields change.
  std::optional<std::string_view> find(std::string_view name) const;
  /// The same, or an empty text.
  std::string_view get(std::string_view name) const;
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  size_t size() const { return fields_.size(); }
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

enum class PlusSign : unsigned char { kIsSpace, kIsItself };

/// Undoes percent escapes; nothing when one is malformed.
std::optional<std::string> percent_decode(std::string_view text, PlusSign plus);

/// Everything but letters, digits and "-_.~" as %XX.
std::string percent_encode(std::string_view text);

/// "a=1&b=x+y". A field with a malformed escape is left out, and so is everything beyond
/// kFormFieldsMax fields.
FormFields parse_form(std::string_view text);
inline constexpr size_t kFormFieldsMax = 1'000;

/// A multipart/form-data body, whose boundary stands in `content_type`. Parts with a file name
/// count as fields too: InfluxDB takes the query from an uploaded file. Malformed parts are left
/// out.
FormFields parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace varve
