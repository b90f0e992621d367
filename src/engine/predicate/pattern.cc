// SPDX-License-Identifier: Apache-2.0
#include "engine/predicate/pattern.h"

#include <re2/re2.h>

namespace varve::engine {

Result<Pattern> Pattern::compile(const std::string& text) {
  RE2::Options options;
  options.set_log_errors(false);
  auto expression = std::make_shared<const RE2>(text, options);
  if (!expression->ok()) {
    return fail(ErrorCode::kInvalidInput,
                "regular expression /" + text + "/ is not valid: " + expression->error());
  }
  return Pattern(std::move(expression));
}

bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

}  // namespace varve::engine
