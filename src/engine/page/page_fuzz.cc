// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a page of each type, on every path; and as the cells of a page.
#include <cstdint>
#include <cstring>

#include "engine/page/kernels.h"
#include "engine/page/page.h"

namespace {

using namespace varve;
using namespace varve::engine;

bool is_equal(const ColumnView& a, const ColumnView& b) {
  for (size_t row = 0; row < a.row_count; ++row) {
    if (a.state(row) != b.state(row)) return false;
    if (is_variable_size(a.type)) {
      if (a.as<std::string_view>()[row] != b.as<std::string_view>()[row]) return false;
    } else if (a.type == ValueType::kBool) {
      if (a.as<uint8_t>()[row] != b.as<uint8_t>()[row]) return false;
    } else if (a.as<uint64_t>()[row] != b.as<uint64_t>()[row]) {
      return false;
    }
  }
  return true;
}

void decode_everywhere(std::string_view bytes, ValueType type, size_t row_count) {
  page::use_simd(page::Simd::kPortable);
  const auto portable = decode_page(bytes, type, row_count);
  for (const page::Simd simd : {page::Simd::kAvx2, page::Simd::kAvx512}) {
    if (!page::use_simd(simd)) continue;
    const auto wide = decode_page(bytes, type, row_count);
    if (wide.has_value() != portable.has_value()) __builtin_trap();
    if (wide && !is_equal(wide->view(), portable->view())) __builtin_trap();
  }
}

void encode(std::string_view bytes, ValueType type) {
  const size_t row_count = std::min(bytes.size() / 8, kPageRowsMax);
  if (row_count == 0) return;
  ColumnVector cells(type);
  std::memcpy(cells.append_uninitialized(row_count), bytes.data(), row_count * 8);
  const std::string page = encode_page(cells.view());
  const auto again = decode_page(page, type, row_count);
  if (!again || !is_equal(cells.view(), again->view())) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  if (size_bytes < 3) return 0;
  const auto type = static_cast<ValueType>(1 + data[0] % 7);
  const size_t row_count = 1 + (data[1] | data[2] << 8) % kPageRowsMax;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size_bytes - 3);
  decode_everywhere(bytes, type, row_count);
  if (!is_variable_size(type) && type != ValueType::kBool) encode(bytes, type);
  return 0;
}
