// SPDX-License-Identifier: Apache-2.0
// Answers as JSON: {"results":[{"statement_id":0,"series":[{"name":…,"columns":…,"values":…}]}]}
// and a newline. Members stand in InfluxDB's order; numbers and strings look as Go writes them;
// NaN and the infinities are null.
#pragma once

#include <string>
#include <vector>

#include "codec/result_documents.h"
#include "codec/text/output_buffer.h"
#include "codec/text/time_text.h"

namespace varve {

class InfluxJson final : public ResultDocuments {
 public:
  InfluxJson(const ResultWriterOptions& options, ByteSink& sink);

 private:
  void open_document() override;
  void close_document() override;
  void write_empty_document() override;
  void open_result(uint32_t statement_id, bool is_first) override;
  void close_result(const ResultEnd& end) override;
  void describe_series(const ResultHeader& header) override;
  void open_series(bool is_first) override;
  void write_rows(const ResultBlock& block, size_t begin, size_t end) override;
  void close_series(bool partial) override;
  bool write_series_batch(const SeriesBatch& batch, bool is_first) override;
  const Result<void>& status() const override { return out_.status(); }
  Result<void> flush() override { return out_.flush(); }

  void write_messages(const ResultEnd& end);
  /// The name of a member of a series, behind those that `head` has already.
  void begin_member(std::string& head, std::string_view name) const;
  void append_columns(std::string& head, const ResultHeader& header);
  template <bool kPretty>
  void write_rows_as(const ResultBlock& block, size_t begin, size_t end);
  char* write_number_cell(char* out, const ColumnView& column, size_t row);
  char* write_time(char* out, int64_t time_ns);
  /// A line break and the indentation of a level when pretty, else nothing.
  std::string line(int level) const;
  /// "name": with the space that pretty wants.
  std::string member(std::string_view name) const;

  OutputBuffer out_;
  const int64_t epoch_ns_;  // 0: RFC 3339.
  TimeText time_text_;
  bool result_has_series_ = false;
  std::string series_head_;
  // Of the series before, which mostly has the same columns.
  std::vector<std::string> columns_;
  std::string columns_text_;
  size_t list_column_ = SIZE_MAX;
  const TimeZone* zone_ = nullptr;
  bool series_has_rows_ = false;
  // What stands around rows and cells when pretty; else it is one byte each.
  const std::string row_open_;
  const std::string cell_separator_;
  const std::string row_close_;
};

/// {"error":"…"} and a newline.
std::string json_error_document(std::string_view text, bool pretty);

}  // namespace varve
