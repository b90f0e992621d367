// SPDX-License-Identifier: Apache-2.0
// Little-endian bytes in and out: what every disk and wire form of Varve is made of.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace varve {

/// Appends values to a string. Fixed-width values are little-endian; varints are LEB128.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(&out) {}

  void u8(uint8_t value) { out_->push_back(static_cast<char>(value)); }
  void u16(uint16_t value) { fixed(value); }
  void u32(uint32_t value) { fixed(value); }
  void u64(uint64_t value) { fixed(value); }
  void i64(int64_t value) { fixed(value); }
  void f64(double value) { fixed(value); }
  void varint(uint64_t value) {
    while (value >= 0x80) {
      u8(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    u8(static_cast<uint8_t>(value));
  }
  /// Zigzag, so that small negative numbers stay short.
  void signed_varint(int64_t value) {
    varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void raw(const void* data, size_t size_bytes) {
    out_->append(static_cast<const char*>(data), size_bytes);
  }
  void raw(std::string_view bytes) { out_->append(bytes); }
  /// A varint length, then the bytes.
  void string(std::string_view text) {
    varint(text.size());
    raw(text);
  }
  size_t size_bytes() const { return out_->size(); }

 private:
  template <class T>
  void fixed(T value) {
    static_assert(std::endian::native == std::endian::little);
    raw(&value, sizeof value);
  }

  std::string* out_;  // Outlives the writer.
};

/// Reads what ByteWriter wrote. After a read past the end every further read gives zero and
/// failed() is true: check once, at the end. Never reads outside the bytes, whatever they hold.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}

  uint8_t u8() { return fixed<uint8_t>(); }
  uint16_t u16() { return fixed<uint16_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }
  int64_t i64() { return fixed<int64_t>(); }
  double f64() { return fixed<double>(); }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = u8();
      if (shift == 63 && byte > 1) break;  // The tenth byte holds the last of 64 bits.
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail_all();
    return 0;
  }
  int64_t signed_varint() {
    const uint64_t value = varint();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  /// Views the bytes being read.
  std::string_view raw(size_t size_bytes) {
    if (size_bytes > rest_.size()) {
      fail_all();
      return {};
    }
    const auto bytes = rest_.substr(0, size_bytes);
    rest_.remove_prefix(size_bytes);
    return bytes;
  }
  std::string_view string() { return raw(varint()); }

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }
  size_t remaining_bytes() const { return rest_.size(); }
  size_t offset() const { return size_ - rest_.size(); }

 private:
  template <class T>
  T fixed() {
    T value{};
    if (sizeof(T) > rest_.size()) {
      fail_all();
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  void fail_all() {
    failed_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  size_t size_;
  bool failed_ = false;
};

}  // namespace varve
