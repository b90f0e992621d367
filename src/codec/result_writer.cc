// SPDX-License-Identifier: Apache-2.0
#include "codec/result_writer.h"

#include "base/check.h"
#include "codec/influx_csv.h"
#include "codec/influx_json.h"
#include "codec/influx_msgpack.h"

namespace varve {

std::unique_ptr<ResultWriter> make_result_writer(ResultFormat format,
                                                 const ResultWriterOptions& options,
                                                 ByteSink& sink) {
  switch (format) {
    case ResultFormat::kCsv:
      return std::make_unique<InfluxCsv>(options, sink);
    case ResultFormat::kMsgpack:
      return std::make_unique<InfluxMsgpack>(options, sink);
    case ResultFormat::kJson:
      return std::make_unique<InfluxJson>(options, sink);
  }
  CHECK(false);
}

std::string error_document(ResultFormat format, std::string_view text, bool pretty) {
  switch (format) {
    case ResultFormat::kCsv:
      return csv_error_document(text);
    case ResultFormat::kMsgpack:
      return msgpack_error_document(text);
    case ResultFormat::kJson:
      return json_error_document(text, pretty);
  }
  CHECK(false);
}

}  // namespace varve
