// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/token_stream.h"

#include <utility>

#include "base/check.h"
#include "query/influxql/parameter_token.h"

namespace varve::influxql {

const Token& TokenStream::take(Token (Lexer::*next)()) {
  CHECK(taken_back_ <= kKept);
  if (taken_back_ > 0) {
    --taken_back_;
  } else {
    last_ = (last_ + 1) % kKept;
    kept_[last_] = (lexer_.*next)();
    put_parameter(kept_[last_]);
  }
  return kept_[(last_ + kKept - taken_back_) % kKept];
}

const Token& TokenStream::scan_word() {
  while (true) {
    const Token& token = scan();
    if (token.kind != TokenKind::kSpace && token.kind != TokenKind::kComment) return token;
  }
}

void TokenStream::put_parameter(Token& token) const {
  if (token.kind != TokenKind::kParameter || parameters_ == nullptr) return;
  const auto found = parameters_->find(std::string_view(token.text).substr(1));
  if (found == parameters_->end() || found->first.empty()) return;
  replace_by_parameter(token, found->second);
}

}  // namespace varve::influxql
