// SPDX-License-Identifier: Apache-2.0
// Answers as MessagePack: the tree of the JSON answer, but "series" is always there and the result
// of a failed statement holds nothing but "error". Times without an epoch are extension type 5:
// 8 bytes of seconds and 4 of nanoseconds, big-endian.
// Source: InfluxDB 1.x, services/httpd/response_writer.go.
#pragma once

#include <string>

#include "codec/result_documents.h"
#include "codec/text/msgpack_bytes.h"

namespace varve {

class InfluxMsgpack final : public ResultDocuments {
 public:
  InfluxMsgpack(const ResultWriterOptions& options, ByteSink& sink);

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
  const Result<void>& status() const override { return status_; }
  Result<void> flush() override { return status_; }

  void write_cell(const ColumnView& column, size_t row);
  void write_time(int64_t time_ns);

  ByteSink* sink_;
  const int64_t epoch_ns_;  // 0: the extension.
  Result<void> status_;
  uint32_t statement_id_ = 0;
  std::string results_;  // Of the open document.
  uint32_t result_count_ = 0;
  std::string series_;  // Of the open result.
  uint32_t series_count_ = 0;
  std::string series_head_;
  size_t list_column_ = SIZE_MAX;
  uint8_t series_member_count_ = 0;
  size_t series_begin_ = 0;     // Where in series_ the open one starts.
  size_t row_count_begin_ = 0;  // Where its count of rows stands.
  uint32_t row_count_ = 0;
};

/// {"error": "…"}
std::string msgpack_error_document(std::string_view text);

}  // namespace varve
