// SPDX-License-Identifier: Apache-2.0
// A regular expression (RE2 syntax) that is looked for anywhere in a text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace varve::engine {

/// Threads: safe anywhere.
class Pattern {
 public:
  /// kInvalidInput with the reason when it does not compile or needs too much memory.
  static Result<Pattern> compile(const std::string& text);
  bool matches(std::string_view text) const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> expression)
      : expression_(std::move(expression)) {}
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace varve::engine
