// SPDX-License-Identifier: Apache-2.0
#include "model/value.h"

namespace varve {

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::kFloat64: return "float";
    case ValueType::kInt64: return "integer";
    case ValueType::kUint64: return "unsigned";
    case ValueType::kBool: return "boolean";
    case ValueType::kString: return "string";
    case ValueType::kBytes: return "bytes";
    case ValueType::kTimestamp: return "timestamp";
  }
  return "unknown";
}

}  // namespace varve
