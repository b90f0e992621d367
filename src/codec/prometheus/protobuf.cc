// SPDX-License-Identifier: Apache-2.0
#include "codec/prometheus/protobuf.h"

#include <bit>
#include <cstring>

namespace varve::protobuf {
namespace {

constexpr uint32_t kVarintType = 0;
constexpr uint32_t kFixed64Type = 1;
constexpr uint32_t kBytesType = 2;
constexpr uint32_t kFixed32Type = 5;

void append_tag(std::string& out, uint32_t number, uint32_t type) {
  append_varint(out, uint64_t{number} << 3 | type);
}

}  // namespace

double Field::as_double() const { return std::bit_cast<double>(integer); }

std::optional<uint64_t> Reader::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return std::nullopt;
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

std::optional<uint64_t> Reader::fixed(size_t size_bytes) {
  if (rest_.size() < size_bytes) return std::nullopt;
  uint64_t value = 0;
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(&value, rest_.data(), size_bytes);
  rest_.remove_prefix(size_bytes);
  return value;
}

Result<std::optional<Field>> Reader::next() {
  if (rest_.empty()) return std::optional<Field>();
  Field field;
  std::optional<uint64_t> value;
  const auto tag = varint();
  if (tag && *tag >> 3 > 0 && *tag >> 3 <= UINT32_MAX) {
    field.number = static_cast<uint32_t>(*tag >> 3);
    switch (*tag & 7) {
      case kVarintType:
        field.kind = Field::Kind::kVarint;
        value = varint();
        break;
      case kFixed64Type:
        field.kind = Field::Kind::kFixed64;
        value = fixed(8);
        break;
      case kFixed32Type:
        field.kind = Field::Kind::kFixed32;
        value = fixed(4);
        break;
      case kBytesType:
        field.kind = Field::Kind::kBytes;
        value = varint();
        if (value && *value > rest_.size()) value.reset();
        if (value) {
          field.bytes = rest_.substr(0, *value);
          rest_.remove_prefix(*value);
        }
        break;
      default: break;
    }
  }
  if (!value) return fail(ErrorCode::kInvalidInput, "proto: the body is no such message");
  field.integer = *value;
  return std::optional(field);
}

void append_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void append_integer(std::string& out, uint32_t number, uint64_t value) {
  append_tag(out, number, kVarintType);
  append_varint(out, value);
}

void append_double(std::string& out, uint32_t number, double value) {
  append_tag(out, number, kFixed64Type);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void append_bytes(std::string& out, uint32_t number, std::string_view bytes) {
  append_tag(out, number, kBytesType);
  append_varint(out, bytes.size());
  out += bytes;
}

}  // namespace varve::protobuf
