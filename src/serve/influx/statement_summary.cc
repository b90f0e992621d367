// SPDX-License-Identifier: Apache-2.0
#include "serve/influx/statement_summary.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <utility>

namespace varve::influx {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// One past the closing quote; the end of the text when there is none.
size_t skip_quoted(std::string_view text, size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

/// A slash begins a regular expression where an operand is wanted, not behind one.
bool begins_regex(std::string_view before) {
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (before.empty()) return false;
  const char last = before.back();
  if (last == '~' || last == ',' || last == '(' || last == '.') return true;
  return before.ends_with("FROM") || before.ends_with("SELECT") || before.ends_with("BY") ||
         before.ends_with("MEASUREMENT");
}

std::string cut(std::string_view text) {
  constexpr std::string_view kMore = "…";
  if (text.size() <= StatementSummary::kTextBytesMax) return std::string(text);
  size_t end = StatementSummary::kTextBytesMax - kMore.size();
  // Not inside a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(kMore);
}

std::string first_word(std::string_view text) {
  return std::string(text.substr(0, text.find(' ')));
}

}  // namespace

std::string normalized_statement(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    size_t end = at + 1;
    if (c == '"') {
      end = skip_quoted(text, at);
      out.append(text.substr(at, end - at));
    } else if (c == '\'' || (c == '/' && begins_regex(text.substr(0, at)))) {
      end = skip_quoted(text, at);
      out += '?';
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      // Numbers, with a point, and durations.
      while (end < text.size() && (is_word(text[end]) || text[end] == '.')) ++end;
      out += '?';
    } else if (is_word(c)) {
      while (end < text.size() && is_word(text[end])) ++end;
      out.append(text.substr(at, end - at));
    } else {
      out += c;
    }
    at = end;
  }
  return out;
}

void LatencyHistogram::add(uint64_t microseconds) {
  const uint64_t value = std::max<uint64_t>(microseconds, 1);
  const auto exponent = static_cast<size_t>(std::bit_width(value)) - 1;
  const uint64_t shifted = exponent >= 3 ? value >> (exponent - 3) : value << (3 - exponent);
  const size_t eighth = shifted & 7;
  ++counts_[std::min(8 * exponent + eighth, kBuckets - 1)];
  ++total_;
}

uint64_t LatencyHistogram::quantile_us(double share) const {
  if (total_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(total_)));
  uint64_t below = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    below += counts_[bucket];
    if (below < wanted || below == 0) continue;
    // The middle of the bucket.
    const double low = std::ldexp(1.0 + static_cast<double>(bucket % 8) / 8,
                                  static_cast<int>(bucket / 8));
    return static_cast<uint64_t>(low * 17 / 16);
  }
  return 0;
}

void StatementSummary::record(const StatementRun& run) {
  if (!is_on()) return;
  const std::string normalized = normalized_statement(run.text);
  const Hash128 digest = hash128(std::string(run.database) + '\n' + normalized);
  const auto took_us = static_cast<uint64_t>(run.took_ns / 1'000);
  const MutexLock lock(mutex_);
  const auto found = index_.find(digest);
  if (found != index_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
  } else {
    if (entries_.size() >= entries_max_) {
      index_.erase(entries_.back().digest);
      entries_.pop_back();
    }
    entries_.push_front({.normalized = cut(normalized),
                         .sample = {},
                         .database = std::string(run.database),
                         .type = first_word(run.text),
                         .digest = digest,
                         .min_us = took_us,
                         .first_ns = run.now_ns,
                         .latency = {}});
    index_.emplace(digest, entries_.begin());
  }
  StatementEntry& entry = entries_.front();
  entry.sample = cut(run.text);
  ++entry.runs;
  entry.errors += run.failed ? 1 : 0;
  entry.rows += run.rows;
  entry.bytes += run.bytes;
  entry.sum_us += took_us;
  entry.min_us = std::min(entry.min_us, took_us);
  entry.max_us = std::max(entry.max_us, took_us);
  entry.last_ns = run.now_ns;
  entry.latency.add(took_us);
}

std::vector<StatementEntry> StatementSummary::list() const {
  const MutexLock lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

void StatementSummary::clear() {
  const MutexLock lock(mutex_);
  index_.clear();
  entries_.clear();
}

}  // namespace varve::influx
