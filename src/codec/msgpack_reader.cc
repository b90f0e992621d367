// SPDX-License-Identifier: Apache-2.0
#include "codec/msgpack_reader.h"

#include <bit>
#include <string>

namespace varve::msgpack {
namespace {

Value of_count(Kind kind, uint64_t count) {
  Value value;
  value.kind = kind;
  value.count = static_cast<uint32_t>(count);
  return value;
}

Value of_int(int64_t number) {
  Value value;
  value.kind = Kind::kInt;
  value.i64 = number;
  return value;
}

Value of_uint(uint64_t number) {
  if (number <= INT64_MAX) return of_int(static_cast<int64_t>(number));
  Value value;
  value.kind = Kind::kUint;
  value.u64 = number;
  return value;
}

Value of_float(double number) {
  Value value;
  value.kind = Kind::kFloat;
  value.f64 = number;
  return value;
}

Value of_bool(bool flag) {
  Value value;
  value.kind = Kind::kBool;
  value.boolean = flag;
  return value;
}

/// Of `size_bytes` bytes, two's complement.
int64_t sign_extend(uint64_t bits, size_t size_bytes) {
  const auto shift = 64 - 8 * size_bytes;
  return static_cast<int64_t>(bits << shift) >> shift;
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::kNil: return "nil";
    case Kind::kBool: return "a boolean";
    case Kind::kInt: return "an integer";
    case Kind::kUint: return "an unsigned integer";
    case Kind::kFloat: return "a float";
    case Kind::kString: return "a string";
    case Kind::kBinary: return "binary data";
    case Kind::kArray: return "an array";
    case Kind::kMap: return "a map";
    case Kind::kExtension: return "an extension";
  }
  return "";
}

Result<std::string_view> Reader::take(size_t size_bytes) {
  if (size_bytes > input_.size() - at_) {
    return fail(ErrorCode::kInvalidInput,
                "the data ends at byte " + std::to_string(input_.size()) + " within a value");
  }
  const auto taken = input_.substr(at_, size_bytes);
  at_ += size_bytes;
  return taken;
}

Result<uint64_t> Reader::take_integer(size_t size_bytes) {
  uint64_t number = 0;
  for (const char byte : TRY(take(size_bytes))) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

Result<Value> Reader::read_bytes(Kind kind, size_t length_bytes, bool has_type) {
  const uint64_t size_bytes = TRY(take_integer(length_bytes));
  Value value;
  value.kind = kind;
  if (has_type) value.extension = static_cast<int8_t>(TRY(take_integer(1)));
  value.bytes = TRY(take(size_bytes));
  return value;
}

Result<Value> Reader::read() {
  const auto head = static_cast<uint8_t>(TRY(take(1))[0]);
  if (head <= 0x7f) return of_int(head);
  if (head >= 0xe0) return of_int(static_cast<int8_t>(head));
  if (head <= 0x8f) return of_count(Kind::kMap, head & 0x0fu);
  if (head <= 0x9f) return of_count(Kind::kArray, head & 0x0fu);
  if (head <= 0xbf) {
    Value value;
    value.kind = Kind::kString;
    value.bytes = TRY(take(head & 0x1fu));
    return value;
  }
  switch (head) {
    case 0xc0: return Value{};
    case 0xc2:
    case 0xc3: return of_bool(head == 0xc3);
    case 0xc4:
    case 0xc5:
    case 0xc6: return read_bytes(Kind::kBinary, size_t{1} << (head - 0xc4), false);
    case 0xc7:
    case 0xc8:
    case 0xc9: return read_bytes(Kind::kExtension, size_t{1} << (head - 0xc7), true);
    case 0xca: return of_float(std::bit_cast<float>(static_cast<uint32_t>(TRY(take_integer(4)))));
    case 0xcb: return of_float(std::bit_cast<double>(TRY(take_integer(8))));
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: return of_uint(TRY(take_integer(size_t{1} << (head - 0xcc))));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: {
      const size_t size_bytes = size_t{1} << (head - 0xd0);
      return of_int(sign_extend(TRY(take_integer(size_bytes)), size_bytes));
    }
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: {
      Value value;
      value.kind = Kind::kExtension;
      value.extension = static_cast<int8_t>(TRY(take_integer(1)));
      value.bytes = TRY(take(size_t{1} << (head - 0xd4)));
      return value;
    }
    case 0xd9:
    case 0xda:
    case 0xdb: return read_bytes(Kind::kString, size_t{1} << (head - 0xd9), false);
    case 0xdc:
    case 0xdd: return of_count(Kind::kArray, TRY(take_integer(head == 0xdc ? 2 : 4)));
    case 0xde:
    case 0xdf: return of_count(Kind::kMap, TRY(take_integer(head == 0xde ? 2 : 4)));
    default: break;
  }
  return fail(ErrorCode::kInvalidInput,
              "byte " + std::to_string(at_ - 1) + " begins no MessagePack value");
}

Result<Value> Reader::read(Kind kind, std::string_view what) {
  const size_t begin = at_;
  Value value = TRY(read());
  if (value.kind == kind) return value;
  return fail(ErrorCode::kInvalidInput, std::string(what) + " at byte " + std::to_string(begin) +
                                            " is " + std::string(name_of(value.kind)) + ", not " +
                                            std::string(name_of(kind)));
}

Result<void> Reader::skip() {
  // Counted rather than nested, so that no depth of input is a depth of calls.
  uint64_t left = 1;
  while (left > 0) {
    const Value value = TRY(read());
    --left;
    if (value.kind == Kind::kArray) left += value.count;
    if (value.kind == Kind::kMap) left += uint64_t{2} * value.count;
  }
  return {};
}

Result<Kind> Reader::peek() const {
  Reader ahead = *this;
  return TRY(ahead.read()).kind;
}

}  // namespace varve::msgpack
