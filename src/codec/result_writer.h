// SPDX-License-Identifier: Apache-2.0
// Answers of queries, worded as InfluxDB words them: JSON, CSV or MessagePack.
//
//   const auto writer = make_result_writer(ResultFormat::kJson, {.pretty = true}, sink);
//   … query pushes statements, series and rows into *writer …
//   TRY_VOID(writer->finish());
//
// JSON and CSV go out while rows come in, in pieces of about 64 KiB; memory does not grow with the
// answer. MessagePack needs counts in front: it holds one answer, or one chunk when chunked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/byte_sink.h"
#include "codec/time_precision.h"
#include "model/query_result.h"

namespace varve {

enum class ResultFormat : uint8_t { kJson, kCsv, kMsgpack };

struct ResultWriterOptions {
  /// Times as integers of this unit, cut towards zero. Nothing: RFC 3339 (CSV: nanoseconds).
  std::optional<TimePrecision> epoch;
  bool pretty = false;           ///< JSON only: four spaces a level.
  bool chunked = false;          ///< A document for each `chunk_rows` rows of a series.
  uint64_t chunk_rows = 10'000;  ///< Requires > 0.
  size_t held_bytes_max = size_t{256} * 1024 * 1024;  ///< MessagePack: beyond it, kTooLarge.
};

/// A statement ends by statement_error() or end_statement(); end_statement() after
/// statement_error() changes nothing.
class ResultWriter : public ResultSink {
 public:
  /// Ends the answer and hands everything to the sink. Once, after the last statement.
  virtual Result<void> finish() = 0;
};

/// The sink outlives the writer.
std::unique_ptr<ResultWriter> make_result_writer(ResultFormat format,
                                                 const ResultWriterOptions& options,
                                                 ByteSink& sink);

/// The whole answer to a request that failed before any statement ran: {"error":"…"}.
std::string error_document(ResultFormat format, std::string_view text, bool pretty = false);

}  // namespace varve
