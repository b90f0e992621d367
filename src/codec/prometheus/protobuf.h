// SPDX-License-Identifier: Apache-2.0
// As much of protobuf's wire format as Prometheus' messages need.
// Source: the Protocol Buffers encoding guide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve::protobuf {

struct Field {
  uint32_t number = 0;
  enum class Kind : uint8_t { kVarint, kFixed64, kBytes, kFixed32 } kind = Kind::kVarint;
  uint64_t integer = 0;     ///< Of varints and fixed ones.
  std::string_view bytes;   ///< Of strings and messages; a view of the input.

  double as_double() const;
};

/// The fields of one message in order. Threads: one owner. The input outlives it.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}
  /// Nothing at the end. kInvalidInput when it is no message.
  Result<std::optional<Field>> next();

 private:
  std::optional<uint64_t> varint();
  std::optional<uint64_t> fixed(size_t size_bytes);

  std::string_view rest_;
};

void append_varint(std::string& out, uint64_t value);
/// A varint field, also for int64.
void append_integer(std::string& out, uint32_t number, uint64_t value);
void append_double(std::string& out, uint32_t number, double value);
void append_bytes(std::string& out, uint32_t number, std::string_view bytes);

}  // namespace varve::protobuf
