// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/tag_key_match.h"

#include <re2/re2.h>

#include <algorithm>

namespace varve::influxql {

TagKeyMatch::TagKeyMatch(const std::optional<TagKeyFilter>& filter) : filter_(filter) {
  if (!filter_) return;
  if (filter_->comparison == TagKeyFilter::Comparison::kMatch ||
      filter_->comparison == TagKeyFilter::Comparison::kNotMatch) {
    regex_ = std::make_unique<re2::RE2>(filter_->regex.pattern, re2::RE2::Quiet);
  }
}

TagKeyMatch::~TagKeyMatch() = default;

bool TagKeyMatch::matches(const std::string& key) const {
  if (!filter_) return true;
  const bool is_listed =
      std::find(filter_->keys.begin(), filter_->keys.end(), key) != filter_->keys.end();
  switch (filter_->comparison) {
    case TagKeyFilter::Comparison::kEqual:
    case TagKeyFilter::Comparison::kIn:
      return is_listed;
    case TagKeyFilter::Comparison::kNotEqual:
      return !is_listed;
    case TagKeyFilter::Comparison::kMatch:
      return re2::RE2::PartialMatch(key, *regex_);
    case TagKeyFilter::Comparison::kNotMatch:
      break;
  }
  return !re2::RE2::PartialMatch(key, *regex_);
}

}  // namespace varve::influxql
