// SPDX-License-Identifier: Apache-2.0
#include "codec/influx_csv.h"

#include <cstring>

#include "codec/text/number_text.h"
#include "codec/text/utf8.h"

namespace varve {
namespace {

/// White space in the sense of Unicode.
bool is_space(uint32_t rune) {
  return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xA0 ||
         rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 ||
         rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return false;
  // "\." alone ends the data for some readers.
  if (text == "\\." || text.find_first_of(",\"\r\n") != std::string_view::npos) return true;
  return is_space(decode_rune(text).rune);
}

/// host=a,region=b; tags without a value are left out.
std::string tags_text(const ResultHeader& header) {
  std::string text;
  for (const auto& [name, value] : header.tags) {
    if (value.empty()) continue;
    if (!text.empty()) text += ',';
    text += name + "=" + value;
  }
  return text;
}

std::string header_line(const std::vector<std::string>& columns) {
  std::string line = "name,tags";
  for (const auto& column : columns) {
    line += ',';
    append_csv_cell(line, column);
  }
  return line + "\n";
}

}  // namespace

InfluxCsv::InfluxCsv(const ResultWriterOptions& options, ByteSink& sink)
    : out_(sink), epoch_ns_(options.epoch ? unit_ns(*options.epoch) : 1) {}

Result<void> InfluxCsv::begin_statement(uint32_t) {
  statement_has_header_ = false;
  return out_.status();
}

Result<void> InfluxCsv::message(std::string_view, std::string_view) { return out_.status(); }

Result<void> InfluxCsv::begin_series(const ResultHeader& header) {
  if (!statement_has_header_ || header.columns != columns_) {
    if (any_header_) out_.append('\n');
    columns_ = header.columns;
    out_.append(header_line(columns_));
    any_header_ = true;
    statement_has_header_ = true;
  }
  row_head_.clear();
  append_csv_cell(row_head_, header.name);
  row_head_ += ',';
  append_csv_cell(row_head_, tags_text(header));
  return out_.status();
}

void InfluxCsv::write_cell(const ColumnView& column, size_t row) {
  if (!column.has_value(row)) return;
  switch (column.type) {
    case ValueType::kTimestamp: {
      const int64_t time_ns = column.as<int64_t>()[row];
      out_.advance(
          write_i64(out_.room(kIntegerTextBytes), epoch_ns_ == 1 ? time_ns : time_ns / epoch_ns_));
      break;
    }
    case ValueType::kInt64:
      out_.advance(write_i64(out_.room(kIntegerTextBytes), column.as<int64_t>()[row]));
      break;
    case ValueType::kUint64:
      out_.advance(write_u64(out_.room(kIntegerTextBytes), column.as<uint64_t>()[row]));
      break;
    case ValueType::kBool:
      out_.append(column.as<uint8_t>()[row] ? "true" : "false");
      break;
    case ValueType::kFloat64: {
      const double value = column.as<double>()[row];
      // NULL in every format: it is no number that a client could read back.
      if (value == value) {
        out_.advance(write_fixed_float(out_.room(kFixedFloatTextBytes), value));
      }
      break;
    }
    case ValueType::kString:
    case ValueType::kBytes: {
      const auto text = column.as<std::string_view>()[row];
      if (needs_quotes(text)) {
        std::string quoted;
        append_csv_cell(quoted, text);
        out_.append(quoted);
      } else {
        out_.append(text);
      }
      break;
    }
  }
}

Result<void> InfluxCsv::rows(const ResultBlock& block) {
  for (size_t row = 0; row < block.row_count; ++row) {
    out_.append(row_head_);
    for (const auto& column : block.columns) {
      out_.append(',');
      write_cell(column, row);
    }
    out_.append('\n');
  }
  return out_.status();
}

Result<void> InfluxCsv::end_series() { return out_.status(); }
Result<void> InfluxCsv::statement_error(std::string_view) { return out_.status(); }
Result<void> InfluxCsv::end_statement() { return out_.status(); }
Result<void> InfluxCsv::finish() { return out_.flush(); }

void append_csv_cell(std::string& out, std::string_view text) {
  if (!needs_quotes(text)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string csv_error_document(std::string_view text) {
  std::string document = "error\n";
  append_csv_cell(document, text);
  return document + "\n";
}

}  // namespace varve
