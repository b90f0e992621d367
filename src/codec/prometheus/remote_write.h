// SPDX-License-Identifier: Apache-2.0
// A body of Prometheus' remote write as points: the metric's name is the table, every label a tag
// (`__name__` too), and each sample one field `value`. Samples that are no finite number (stale
// markers among them) are left out; exemplars, histograms and metadata are not read.
// Source: prometheus/prompb/remote.proto; InfluxDB 1.x, prometheus.WriteRequestToPoints.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "model/points.h"

namespace varve {

/// `message`: a prometheus.WriteRequest, uncompressed. It is read once to find whether all of it is
/// right. kInvalidInput.
Result<std::unique_ptr<PointSource>> make_remote_write_source(std::string message);

}  // namespace varve
