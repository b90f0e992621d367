// SPDX-License-Identifier: Apache-2.0
// Cuts a stream of statements, series and rows into documents: one for all, or, when chunked, one
// for each piece of a series. A format says only how each part looks.
//
// Whether a piece is the last is known when the next one comes; so a full piece stays open until
// then. That costs no memory, since "partial" stands behind the rows.
// Source: InfluxDB 1.x, services/httpd: chunks hold rows of one series.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/result_writer.h"

namespace varve {

struct ResultMessage {
  std::string level;
  std::string text;
};

/// What stands behind the series of a statement's result.
struct ResultEnd {
  std::span<const ResultMessage> messages;
  bool partial = false;  ///< More documents of this statement follow.
  std::string_view error;
};

/// Threads: as ResultSink.
class ResultDocuments : public ResultWriter {
 public:
  explicit ResultDocuments(const ResultWriterOptions& options);

  Result<void> begin_statement(uint32_t statement_id) final;
  Result<void> message(std::string_view level, std::string_view text) final;
  Result<void> begin_series(const ResultHeader& header) final;
  Result<void> rows(const ResultBlock& block) final;
  Result<void> end_series() final;
  Result<void> series_batch(const SeriesBatch& batch) final;
  Result<void> statement_error(std::string_view text) final;
  Result<void> end_statement() final;
  Result<void> finish() final;

 protected:
  const ResultWriterOptions& options() const { return options_; }

 private:
  virtual void open_document() = 0;
  virtual void close_document() = 0;
  /// An answer without any statement.
  virtual void write_empty_document() = 0;
  virtual void open_result(uint32_t statement_id, bool is_first) = 0;
  virtual void close_result(const ResultEnd& end) = 0;
  /// What the following open_series() calls open; the header lives until the series ends.
  virtual void describe_series(const ResultHeader& header) = 0;
  virtual void open_series(bool is_first) = 0;
  /// Rows [begin, end) of the block.
  virtual void write_rows(const ResultBlock& block, size_t begin, size_t end) = 0;
  virtual void close_series(bool partial) = 0;
  /// All of them at once; false when the format has no quicker way than one after the other.
  virtual bool write_series_batch(const SeriesBatch&, bool /*is_first*/) { return false; }
  /// What went wrong so far.
  virtual const Result<void>& status() const = 0;
  virtual Result<void> flush() = 0;

  void open_result_if_needed();
  void end_open_series(bool partial);
  void end_open_result(const ResultEnd& end);
  Result<void> close_statement(std::string_view error);

  const ResultWriterOptions options_;
  bool document_open_ = false;
  uint64_t result_count_ = 0;  // In the document.
  bool any_statement_ = false;
  bool statement_open_ = false;
  uint32_t statement_id_ = 0;
  std::vector<ResultMessage> messages_;
  bool result_open_ = false;
  uint64_t series_count_ = 0;  // In the open result.
  bool series_open_ = false;
  uint64_t chunk_row_count_ = 0;
};

}  // namespace varve
