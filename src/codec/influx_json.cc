// SPDX-License-Identifier: Apache-2.0
#include "codec/influx_json.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "codec/text/json_text.h"
#include "codec/text/number_text.h"

namespace varve {
namespace {

/// The levels of indentation in an answer.
enum Level { kDocument, kResults, kResult, kResultMember, kSeries, kSeriesMember, kRow, kCell };

constexpr size_t kCellBytesMax = 2 + TimeText::kBytesMax;

// The lines of the text as an array.
void append_json_list(OutputBuffer& out, std::string_view text) {
  out.append('[');
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    append_json_string(out, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!text.empty()) out.append(',');
  }
  out.append(']');
}

std::string line_at(int level, bool pretty) {
  return pretty ? "\n" + std::string(static_cast<size_t>(level) * 4, ' ') : std::string();
}

char* put(char* out, const std::string& text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_null(char* out) {
  std::memcpy(out, "null", 4);
  return out + 4;
}

}  // namespace

InfluxJson::InfluxJson(const ResultWriterOptions& options, ByteSink& sink)
    : ResultDocuments(options),
      out_(sink),
      epoch_ns_(options.epoch ? unit_ns(*options.epoch) : 0),
      row_open_(line(kRow) + "[" + line(kCell)),
      cell_separator_("," + line(kCell)),
      row_close_(line(kRow) + "]") {}

std::string InfluxJson::line(int level) const { return line_at(level, options().pretty); }

std::string InfluxJson::member(std::string_view name) const {
  return "\"" + std::string(name) + (options().pretty ? "\": " : "\":");
}

void InfluxJson::open_document() { out_.append("{" + line(kResults) + member("results") + "["); }

void InfluxJson::close_document() { out_.append(line(kResults) + "]" + line(kDocument) + "}\n"); }

void InfluxJson::write_empty_document() { out_.append("{}\n"); }

void InfluxJson::open_result(uint32_t statement_id, bool is_first) {
  out_.append((is_first ? "" : ",") + line(kResult) + "{" + line(kResultMember) +
              member("statement_id") + std::to_string(statement_id));
  result_has_series_ = false;
}

void InfluxJson::close_result(const ResultEnd& end) {
  if (result_has_series_) out_.append(line(kResultMember) + "]");
  write_messages(end);
  if (end.partial) out_.append("," + line(kResultMember) + member("partial") + "true");
  if (!end.error.empty()) {
    out_.append("," + line(kResultMember) + member("error"));
    append_json_string(out_, end.error);
  }
  out_.append(line(kResult) + "}");
}

void InfluxJson::write_messages(const ResultEnd& end) {
  if (end.messages.empty()) return;
  out_.append("," + line(kResultMember) + member("messages") + "[");
  bool first = true;
  for (const auto& message : end.messages) {
    out_.append((first ? "" : ",") + line(kSeries) + "{" + line(kSeriesMember) + member("level"));
    append_json_string(out_, message.level);
    out_.append("," + line(kSeriesMember) + member("text"));
    append_json_string(out_, message.text);
    out_.append(line(kSeries) + "}");
    first = false;
  }
  out_.append(line(kResultMember) + "]");
}

void InfluxJson::begin_member(std::string& head, std::string_view name) const {
  if (head.back() != '{') head += ',';
  head += line(kSeriesMember) + member(name);
}

void InfluxJson::append_columns(std::string& head, const ResultHeader& header) {
  if (header.columns.empty()) return;
  begin_member(head, "columns");
  if (columns_ != header.columns) {
    columns_ = header.columns;
    columns_text_ = "[";
    for (const auto& column : columns_) {
      if (columns_text_.back() != '[') columns_text_ += ',';
      columns_text_ += line(kRow);
      append_json_string(columns_text_, column);
    }
    columns_text_ += line(kSeriesMember) + "]";
  }
  head += columns_text_;
}

void InfluxJson::describe_series(const ResultHeader& header) {
  zone_ = header.zone;
  list_column_ = header.list_column;
  auto& head = series_head_;
  head = "{";
  if (!header.name.empty()) {
    begin_member(head, "name");
    append_json_string(head, header.name);
  }
  if (!header.tags.empty()) {
    begin_member(head, "tags");
    head += '{';
    for (const auto& [name, value] : header.tags) {
      if (head.back() != '{') head += ',';
      head += line(kRow);
      append_json_string(head, name);
      head += options().pretty ? ": " : ":";
      append_json_string(head, value);
    }
    head += line(kSeriesMember) + "}";
  }
  append_columns(head, header);
}

void InfluxJson::open_series(bool is_first) {
  out_.append(is_first ? "," + line(kResultMember) + member("series") + "[" : std::string(","));
  out_.append(line(kSeries));
  out_.append(series_head_);
  result_has_series_ = true;
  series_has_rows_ = false;
}

void InfluxJson::close_series(bool partial) {
  if (series_has_rows_) out_.append(line(kSeriesMember) + "]");
  if (partial) out_.append("," + line(kSeriesMember) + member("partial") + "true");
  out_.append(line(kSeries) + "}");
}

inline char* InfluxJson::write_time(char* out, int64_t time_ns) {
  // The division is the slow part, and nanoseconds need none.
  if (epoch_ns_ == 1) return write_i64(out, time_ns);
  if (epoch_ns_ != 0) return write_i64(out, time_ns / epoch_ns_);
  *out++ = '"';
  out = time_text_.write(out, time_ns, zone_ ? zone_->offset_seconds(time_ns) : 0);
  *out++ = '"';
  return out;
}

/// Any cell but text.
inline char* InfluxJson::write_number_cell(char* out, const ColumnView& column, size_t row) {
  if (!column.has_value(row)) return put_null(out);
  switch (column.type) {
    case ValueType::kTimestamp:
      return write_time(out, column.as<int64_t>()[row]);
    case ValueType::kInt64:
      return write_i64(out, column.as<int64_t>()[row]);
    case ValueType::kUint64:
      return write_u64(out, column.as<uint64_t>()[row]);
    case ValueType::kBool: {
      const bool value = column.as<uint8_t>()[row] != 0;
      std::memcpy(out, value ? "true " : "false", 5);
      return out + (value ? 4 : 5);
    }
    case ValueType::kFloat64: {
      const double value = column.as<double>()[row];
      return std::isfinite(value) ? write_float(out, value) : put_null(out);
    }
    default:
      return put_null(out);
  }
}

template <bool kPretty>
void InfluxJson::write_rows_as(const ResultBlock& block, size_t begin, size_t end) {
  // Room for a whole row without its texts; a text makes room again for what follows.
  const size_t cell_bytes_max = kCellBytesMax + cell_separator_.size();
  const size_t row_bytes_max =
      1 + row_open_.size() + row_close_.size() + block.columns.size() * cell_bytes_max;
  const auto put_mark = [](char* out, const std::string& pretty, char compact) {
    if constexpr (kPretty) return put(out, pretty);
    *out = compact;
    return out + 1;
  };
  for (size_t row = begin; row < end; ++row) {
    char* out = out_.room(row_bytes_max);
    *out = ',';
    out += series_has_rows_;
    series_has_rows_ = true;
    out = put_mark(out, row_open_, '[');
    for (size_t i = 0; i < block.columns.size(); ++i) {
      const auto& column = block.columns[i];
      if (i > 0) out = put_mark(out, cell_separator_, ',');
      if (is_variable_size(column.type) && column.has_value(row)) {
        out_.advance(out);
        if (i == list_column_) {
          append_json_list(out_, column.as<std::string_view>()[row]);
        } else {
          append_json_string(out_, column.as<std::string_view>()[row]);
        }
        out = out_.room(row_bytes_max);
      } else {
        out = write_number_cell(out, column, row);
      }
    }
    out_.advance(put_mark(out, row_close_, ']'));
  }
}

// What stands around the values of tags and the rows is the same for every series.
bool InfluxJson::write_series_batch(const SeriesBatch& batch, bool is_first) {
  const ResultHeader& header = *batch.header;
  if (options().pretty || header.tags.empty()) return false;
  zone_ = header.zone;
  list_column_ = header.list_column;
  std::string head = "{";
  if (!header.name.empty()) {
    begin_member(head, "name");
    append_json_string(head, header.name);
  }
  begin_member(head, "tags");
  std::vector<std::string> before_value;
  for (const auto& tag : header.tags) {
    auto& text = before_value.emplace_back(before_value.empty() ? "," + head + "{" : ",");
    append_json_string(text, tag.first);
    text += ':';
  }
  std::string behind_values = "}";
  append_columns(behind_values, header);
  behind_values += "," + member("values") + "[";
  if (is_first) out_.append("," + member("series") + "[");
  result_has_series_ = true;
  bool is_first_here = is_first;
  for (const SeriesBatch::Series& series : batch.series) {
    std::string_view begin = before_value.front();
    if (is_first_here) begin.remove_prefix(1);
    is_first_here = false;
    out_.append(begin);
    append_json_string(out_, series.tag_values[0]);
    for (size_t i = 1; i < before_value.size(); ++i) {
      out_.append(before_value[i]);
      append_json_string(out_, series.tag_values[i]);
    }
    out_.append(behind_values);
    series_has_rows_ = false;
    write_rows_as<false>(batch.block, series.row_begin, series.row_end);
    out_.append("]}");
  }
  return true;
}

void InfluxJson::write_rows(const ResultBlock& block, size_t begin, size_t end) {
  if (begin == end) return;
  if (!series_has_rows_) out_.append("," + line(kSeriesMember) + member("values") + "[");
  if (options().pretty) {
    write_rows_as<true>(block, begin, end);
  } else {
    write_rows_as<false>(block, begin, end);
  }
}

std::string json_error_document(std::string_view text, bool pretty) {
  std::string document = "{" + line_at(kResults, pretty) + (pretty ? "\"error\": " : "\"error\":");
  append_json_string(document, text);
  return document + line_at(kDocument, pretty) + "}\n";
}

}  // namespace varve
