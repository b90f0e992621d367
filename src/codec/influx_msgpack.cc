// SPDX-License-Identifier: Apache-2.0
#include "codec/influx_msgpack.h"

#include <algorithm>

namespace varve {

using namespace msgpack;

namespace {

// The lines of the text as an array.
void append_list(std::string& out, std::string_view text) {
  append_array(out, static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n') +
                                          (text.empty() ? 0 : 1)));
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    append_string(out, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

InfluxMsgpack::InfluxMsgpack(const ResultWriterOptions& options, ByteSink& sink)
    : ResultDocuments(options),
      sink_(&sink),
      epoch_ns_(options.epoch ? unit_ns(*options.epoch) : 0) {}

void InfluxMsgpack::open_document() {
  results_.clear();
  result_count_ = 0;
}

void InfluxMsgpack::close_document() {
  std::string head;
  append_map(head, 1);
  append_string(head, "results");
  append_array(head, result_count_);
  if (status_) status_ = sink_->write(head);
  if (status_) status_ = sink_->write(results_);
  results_.clear();
}

void InfluxMsgpack::write_empty_document() {
  open_document();
  close_document();
}

void InfluxMsgpack::open_result(uint32_t statement_id, bool) {
  statement_id_ = statement_id;
  series_.clear();
  series_count_ = 0;
}

void InfluxMsgpack::close_result(const ResultEnd& end) {
  ++result_count_;
  auto& out = results_;
  if (!end.error.empty() && series_count_ == 0) {
    append_map(out, 1);
    append_string(out, "error");
    append_string(out, end.error);
    return;
  }
  append_map(out, 2u + !end.messages.empty() + end.partial + !end.error.empty());
  append_string(out, "statement_id");
  append_u64(out, statement_id_);
  if (!end.messages.empty()) {
    append_string(out, "messages");
    append_array(out, static_cast<uint32_t>(end.messages.size()));
    for (const auto& message : end.messages) {
      append_map(out, 2);
      append_string(out, "level");
      append_string(out, message.level);
      append_string(out, "text");
      append_string(out, message.text);
    }
  }
  append_string(out, "series");
  append_array(out, series_count_);
  out += series_;
  series_.clear();
  if (end.partial) {
    append_string(out, "partial");
    append_bool(out, true);
  }
  if (!end.error.empty()) {
    append_string(out, "error");
    append_string(out, end.error);
  }
}

void InfluxMsgpack::describe_series(const ResultHeader& header) {
  series_member_count_ = 2;
  list_column_ = header.list_column;
  auto& head = series_head_;
  head.clear();
  if (!header.name.empty()) {
    ++series_member_count_;
    append_string(head, "name");
    append_string(head, header.name);
  }
  if (!header.tags.empty()) {
    ++series_member_count_;
    append_string(head, "tags");
    append_map(head, static_cast<uint32_t>(header.tags.size()));
    for (const auto& [name, value] : header.tags) {
      append_string(head, name);
      append_string(head, value);
    }
  }
  append_string(head, "columns");
  append_array(head, static_cast<uint32_t>(header.columns.size()));
  for (const auto& column : header.columns) append_string(head, column);
  append_string(head, "values");
}

void InfluxMsgpack::open_series(bool) {
  ++series_count_;
  series_begin_ = series_.size();
  append_map(series_, series_member_count_);
  series_ += series_head_;
  row_count_begin_ = series_.size();
  append_open_array(series_);
  row_count_ = 0;
}

void InfluxMsgpack::write_time(int64_t time_ns) {
  if (epoch_ns_ != 0) return append_i64(series_, time_ns / epoch_ns_);
  constexpr int64_t kSecondNs = 1'000'000'000;
  const int64_t rest = time_ns % kSecondNs;
  append_time(series_, time_ns / kSecondNs - (rest < 0),
              static_cast<uint32_t>(rest < 0 ? rest + kSecondNs : rest));
}

void InfluxMsgpack::write_cell(const ColumnView& column, size_t row) {
  if (!column.has_value(row)) return append_nil(series_);
  switch (column.type) {
    case ValueType::kTimestamp:
      return write_time(column.as<int64_t>()[row]);
    case ValueType::kInt64:
      return append_i64(series_, column.as<int64_t>()[row]);
    case ValueType::kUint64:
      return append_u64(series_, column.as<uint64_t>()[row]);
    case ValueType::kBool:
      return append_bool(series_, column.as<uint8_t>()[row] != 0);
    case ValueType::kFloat64: {
      const double value = column.as<double>()[row];
      return value == value ? append_f64(series_, value) : append_nil(series_);
    }
    case ValueType::kString:
    case ValueType::kBytes:
      return append_string(series_, column.as<std::string_view>()[row]);
  }
}

void InfluxMsgpack::write_rows(const ResultBlock& block, size_t begin, size_t end) {
  for (size_t row = begin; row < end && status_; ++row) {
    append_array(series_, static_cast<uint32_t>(block.columns.size()));
    for (size_t i = 0; i < block.columns.size(); ++i) {
      if (i == list_column_ && block.columns[i].has_value(row)) {
        append_list(series_, block.columns[i].as<std::string_view>()[row]);
      } else {
        write_cell(block.columns[i], row);
      }
    }
    ++row_count_;
    if (results_.size() + series_.size() > options().held_bytes_max) {
      status_ = fail(ErrorCode::kTooLarge,
                     "the answer is too large for MessagePack without chunks: more than " +
                         std::to_string(options().held_bytes_max) + " bytes");
    }
  }
}

void InfluxMsgpack::close_series(bool partial) {
  set_array_count(series_, row_count_begin_, row_count_);
  if (!partial) return;
  append_string(series_, "partial");
  append_bool(series_, true);
  // At most five members: the count is the low half of the first byte.
  ++series_[series_begin_];
}

std::string msgpack_error_document(std::string_view text) {
  std::string document;
  append_map(document, 1);
  append_string(document, "error");
  append_string(document, text);
  return document;
}

}  // namespace varve
