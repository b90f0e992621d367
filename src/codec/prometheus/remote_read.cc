// SPDX-License-Identifier: Apache-2.0
#include "codec/prometheus/remote_read.h"

#include <algorithm>

#include "codec/prometheus/protobuf.h"

namespace varve {
namespace {

using protobuf::Field;
using protobuf::Reader;

bool is_message(const Field& field, uint32_t number) {
  return field.number == number && field.kind == Field::Kind::kBytes;
}

Result<LabelMatcher> parse_matcher(std::string_view message) {
  LabelMatcher matcher;
  Reader reader(message);
  while (const auto field = TRY(reader.next())) {
    if (field->number == 1 && field->kind == Field::Kind::kVarint) {
      if (field->integer > 3) {
        return fail(ErrorCode::kInvalidInput,
                    "unknown match type " + std::to_string(field->integer));
      }
      matcher.kind = static_cast<LabelMatcher::Kind>(field->integer);
    }
    if (is_message(*field, 2)) matcher.name = std::string(field->bytes);
    if (is_message(*field, 3)) matcher.value = std::string(field->bytes);
  }
  return matcher;
}

Result<RemoteReadQuery> parse_query(std::string_view message) {
  RemoteReadQuery query;
  Reader reader(message);
  while (const auto field = TRY(reader.next())) {
    const bool is_integer = field->kind == Field::Kind::kVarint;
    if (field->number == 1 && is_integer) query.start_ms = static_cast<int64_t>(field->integer);
    if (field->number == 2 && is_integer) query.end_ms = static_cast<int64_t>(field->integer);
    if (is_message(*field, 3)) query.matchers.push_back(TRY(parse_matcher(field->bytes)));
  }
  return query;
}

}  // namespace

Result<std::vector<RemoteReadQuery>> parse_remote_read(std::string_view message) {
  std::vector<RemoteReadQuery> queries;
  Reader reader(message);
  while (const auto field = TRY(reader.next())) {
    if (is_message(*field, 1)) queries.push_back(TRY(parse_query(field->bytes)));
  }
  return queries;
}

void RemoteReadAnswer::begin_result() {
  end_result();
  has_result_ = true;
}

void RemoteReadAnswer::begin_series(std::vector<std::pair<std::string, std::string>> labels) {
  end_series();
  has_series_ = true;
  std::sort(labels.begin(), labels.end());
  for (const auto& [name, value] : labels) {
    std::string label;
    protobuf::append_bytes(label, 1, name);
    protobuf::append_bytes(label, 2, value);
    protobuf::append_bytes(series_, 1, label);
  }
}

void RemoteReadAnswer::sample(int64_t time_ms, double value) {
  std::string sample;
  protobuf::append_double(sample, 1, value);
  protobuf::append_integer(sample, 2, static_cast<uint64_t>(time_ms));
  protobuf::append_bytes(series_, 2, sample);
  has_samples_ = true;
}

void RemoteReadAnswer::end_series() {
  if (has_series_ && has_samples_) protobuf::append_bytes(result_, 1, series_);
  series_.clear();
  has_series_ = has_samples_ = false;
}

void RemoteReadAnswer::end_result() {
  end_series();
  if (has_result_) protobuf::append_bytes(done_, 1, result_);
  result_.clear();
  has_result_ = false;
}

std::string RemoteReadAnswer::take() {
  end_result();
  return std::move(done_);
}

}  // namespace varve
