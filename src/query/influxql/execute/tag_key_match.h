// SPDX-License-Identifier: Apache-2.0
// WITH KEY = host, WITH KEY IN (…), WITH KEY =~ /…/.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "query/influxql/ast.h"

namespace re2 {
class RE2;
}

namespace varve::influxql {

class TagKeyMatch {
 public:
  /// Without a filter every key matches.
  explicit TagKeyMatch(const std::optional<TagKeyFilter>& filter);
  ~TagKeyMatch();
  bool matches(const std::string& key) const;

 private:
  std::optional<TagKeyFilter> filter_;
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace varve::influxql
