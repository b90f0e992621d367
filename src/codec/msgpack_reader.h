// SPDX-License-Identifier: Apache-2.0
// Reads MessagePack values one by one, from bytes that nobody vouches for.
// Source: the MessagePack specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace varve::msgpack {

enum class Kind : uint8_t {
  kNil,
  kBool,
  kInt,   ///< Fits int64.
  kUint,  ///< Above int64.
  kFloat,
  kString,
  kBinary,
  kArray,  ///< `count` values follow.
  kMap,    ///< `count` pairs follow.
  kExtension,
};

std::string_view name_of(Kind kind);

/// A value, or the head of an array or a map.
struct Value {
  Kind kind = Kind::kNil;
  union {
    bool boolean;
    int64_t i64 = 0;
    uint64_t u64;
    double f64;
    uint32_t count;
    int8_t extension;
  };
  std::string_view bytes;  ///< Of strings, binaries and extensions; a view of the input.
};

/// Threads: one owner. The input outlives it. Errors: kInvalidInput, which say at which byte.
class Reader {
 public:
  explicit Reader(std::string_view input) : input_(input) {}

  Result<Value> read();
  /// The same, or an error that says what stands in its place. `what` names it for the message.
  Result<Value> read(Kind kind, std::string_view what);
  /// Leaves out one value with all that is in it.
  Result<void> skip();
  /// What kind the next value is, without reading it.
  Result<Kind> peek() const;

  size_t position() const { return at_; }
  void seek(size_t position) { at_ = position; }
  bool at_end() const { return at_ == input_.size(); }

 private:
  Result<std::string_view> take(size_t size_bytes);
  Result<uint64_t> take_integer(size_t size_bytes);
  Result<Value> read_bytes(Kind kind, size_t length_bytes, bool has_type);

  std::string_view input_;
  size_t at_ = 0;
};

}  // namespace varve::msgpack
