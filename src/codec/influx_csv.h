// SPDX-License-Identifier: Apache-2.0
// Answers as CSV: a header "name,tags,<columns>", then a line for each row. An empty line and a new
// header stand where a statement begins or the columns change. NULL is empty; times are integers.
// Errors of single statements and messages have no place in it, as in InfluxDB.
// Source: InfluxDB 1.x, services/httpd/response_writer.go; quotes as Go's encoding/csv.
#pragma once

#include <string>
#include <vector>

#include "codec/result_writer.h"
#include "codec/text/output_buffer.h"

namespace varve {

class InfluxCsv final : public ResultWriter {
 public:
  InfluxCsv(const ResultWriterOptions& options, ByteSink& sink);

  Result<void> begin_statement(uint32_t statement_id) override;
  Result<void> message(std::string_view level, std::string_view text) override;
  Result<void> begin_series(const ResultHeader& header) override;
  Result<void> rows(const ResultBlock& block) override;
  Result<void> end_series() override;
  Result<void> statement_error(std::string_view text) override;
  Result<void> end_statement() override;
  Result<void> finish() override;

 private:
  void write_cell(const ColumnView& column, size_t row);

  OutputBuffer out_;
  const int64_t epoch_ns_;
  bool any_header_ = false;
  bool statement_has_header_ = false;
  std::vector<std::string> columns_;  // Of the last header.
  std::string row_head_;              // "name,tags"
};

/// The text as a cell, quoted where it must be.
void append_csv_cell(std::string& out, std::string_view text);

/// A header "error" and the text.
std::string csv_error_document(std::string_view text);

}  // namespace varve
