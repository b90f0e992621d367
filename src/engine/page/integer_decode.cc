// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/page/integers.h"
#include "engine/page/symbol_plane.h"

namespace varve::engine::page {
namespace {

auto corrupt(const char* what) { return fail(ErrorCode::kCorrupt, what); }

/// A residual that its plane has no room for.
struct Exception {
  uint32_t index;
  uint64_t residual;
};

struct Header {
  Coding coding{};
  Transform transform{};
  Line line;
  uint64_t step = 1;
  uint64_t base = 0;        ///< Added after scaling.
  uint64_t delta = 0;       ///< Before the first value; for kDeltaOfDelta.
  unsigned packed_width = 0;  ///< Of the packed part.
  std::vector<Exception> exceptions;
};

/// Hands out the residuals, block by block, in the narrowest of three widths that holds them.
class ResidualReader {
 public:
  enum class Width { k8, k32, k64 };

  ResidualReader(const Header& header, size_t count) : coding_(header.coding), count_(count) {
    low_width_ = header.packed_width;
    const bool has_symbols = coding_ == Coding::kSymbols || coding_ == Coding::kDeflated;
    const unsigned width = low_width_ + (has_symbols ? 8 : 0);
    width_ = has_symbols && low_width_ == 0 ? Width::k8
             : width == 0                   ? Width::k8
             : width <= 32                  ? Width::k32
                                            : Width::k64;
  }

  Result<void> open(ByteReader& in) {
    const std::string_view packed = in.raw(packed_bytes(count_, low_width_));
    packed_ = reinterpret_cast<const uint8_t*>(packed.data());
    packed_size_bytes_ = packed.size();
    if (in.failed()) return corrupt("a packed plane ends early");
    if (coding_ == Coding::kSymbols) TRY_VOID(symbols_.open(in, count_));
    if (coding_ == Coding::kDeflated) {
      inflated_.resize(count_);
      TRY_VOID(inflate(in, inflated_));
    }
    if (coding_ == Coding::kFlat) std::memset(u8_, 0, sizeof u8_);
    return {};
  }

  Width width() const { return width_; }
  const uint8_t* u8() const { return u8_; }
  const uint32_t* u32() const { return u32_; }
  const uint64_t* u64() const { return u64_; }
  SymbolReader& symbols() { return symbols_; }

  /// The next `count` ≤ kBlockValues residuals; all blocks but the last are whole.
  bool next(const Kernels& kernels, size_t count) {
    const size_t row = row_;
    row_ += count;
    if (coding_ == Coding::kFlat) return true;
    if (coding_ == Coding::kSymbols &&
        !kernels.symbols(symbols_.lanes(), symbols_.padded(count), u8_)) {
      return false;
    }
    if (coding_ == Coding::kDeflated) std::memcpy(u8_, inflated_.data() + row, count);
    if (low_width_ == 0) return true;
    const size_t skipped_bytes = row / 8 * low_width_;
    const uint8_t* bytes = packed_ + skipped_bytes;
    const size_t left_bytes = packed_size_bytes_ - skipped_bytes;
    if (width_ == Width::k32) {
      kernels.unpack_u32(bytes, left_bytes, count, low_width_, u32_);
      if (coding_ != Coding::kPacked) add_upper(u32_, count);
    } else {
      kernels.unpack_u64(bytes, left_bytes, count, low_width_, u64_);
      if (coding_ != Coding::kPacked) add_upper(u64_, count);
    }
    return true;
  }

  bool is_at_end() const { return coding_ != Coding::kSymbols || symbols_.is_at_end(); }

 private:
  template <class Value>
  void add_upper(Value* values, size_t count) const {
    for (size_t index = 0; index < count; ++index) {
      values[index] |= static_cast<Value>(Value{u8_[index]} << low_width_);
    }
  }

  Coding coding_;
  size_t count_;
  Width width_ = Width::k8;
  unsigned low_width_ = 0;
  size_t row_ = 0;
  const uint8_t* packed_ = nullptr;
  size_t packed_size_bytes_ = 0;
  std::vector<char> inflated_;
  SymbolReader symbols_;
  alignas(64) uint8_t u8_[kBlockValues + kLanesMany];
  alignas(64) uint32_t u32_[kBlockValues];
  alignas(64) uint64_t u64_[kBlockValues];
};

/// Turns residuals into values: adds the line, scales.
class Restorer {
 public:
  Restorer(const Kernels& kernels, Header& header) : kernels_(kernels), header_(header) {}

  void block(const ResidualReader& residuals, size_t count, int64_t* out) {
    size_t begin = 0;
    const auto& exceptions = header_.exceptions;
    for (; exception_ < exceptions.size() && exceptions[exception_].index < row_ + count;
         ++exception_) {
      const size_t at = exceptions[exception_].index - row_;
      span(residuals, begin, at, out);
      each(&exceptions[exception_].residual, 1, out + at);
      begin = at + 1;
    }
    span(residuals, begin, count, out);
    row_ += count;
    if (header_.step == 1) return;
    for (size_t index = 0; index < count; ++index) {
      out[index] = static_cast<int64_t>(header_.base +
                                        header_.step * static_cast<uint64_t>(out[index]));
    }
  }

 private:
  void span(const ResidualReader& residuals, size_t begin, size_t end, int64_t* out) {
    if (begin == end) return;
    switch (residuals.width()) {
      case ResidualReader::Width::k8:
        return each(residuals.u8() + begin, end - begin, out + begin);
      case ResidualReader::Width::k32:
        return each(residuals.u32() + begin, end - begin, out + begin);
      case ResidualReader::Width::k64:
        return each(residuals.u64() + begin, end - begin, out + begin);
    }
  }

  template <class Residual>
  void each(const Residual* residuals, size_t count, int64_t* out) {
    Line& line = header_.line;
    if (header_.transform == Transform::kDeltaOfDelta) {
      for (size_t index = 0; index < count; ++index) {
        header_.delta += line.slope + residuals[index];
        line.value += header_.delta;
        out[index] = static_cast<int64_t>(line.value);
      }
      return;
    }
    const bool is_delta = header_.transform == Transform::kDelta;
    if constexpr (sizeof(Residual) == 1) {
      (is_delta ? kernels_.sum_u8 : kernels_.add_line_u8)(residuals, count, line, out);
    } else if constexpr (sizeof(Residual) == 4) {
      (is_delta ? kernels_.sum_u32 : kernels_.add_line_u32)(residuals, count, line, out);
    } else {
      (is_delta ? kernels_.sum_u64 : kernels_.add_line_u64)(residuals, count, line, out);
    }
  }

  const Kernels& kernels_;
  Header& header_;
  size_t row_ = 0;
  size_t exception_ = 0;
};

Result<void> read_exceptions(ByteReader& in, size_t count, std::vector<Exception>& out) {
  const uint64_t exception_count = in.varint();
  if (exception_count > count) return corrupt("a page has more exceptions than values");
  out.reserve(exception_count);
  uint64_t next = 0;
  for (uint64_t one = 0; one < exception_count; ++one) {
    const uint64_t gap = in.varint();
    if (in.failed() || gap >= count - next) {
      return corrupt("an exception lies outside its page");
    }
    out.push_back({.index = static_cast<uint32_t>(next + gap),
                   .residual = static_cast<uint64_t>(in.signed_varint())});
    next += gap + 1;
  }
  return {};
}

Result<Header> read_header(ByteReader& in, uint8_t head, size_t count) {
  Header header;
  header.coding = static_cast<Coding>(head & kCodingMask);
  const unsigned transform = head >> kTransformShift & 3;
  if (transform > static_cast<unsigned>(Transform::kDeltaOfDelta) || (head & 0x80) != 0) {
    return corrupt("integers have an unknown transform");
  }
  header.transform = static_cast<Transform>(transform);
  header.base = static_cast<uint64_t>(in.signed_varint());
  header.line.slope = static_cast<uint64_t>(in.signed_varint());
  if (header.transform == Transform::kDeltaOfDelta) {
    header.delta = static_cast<uint64_t>(in.signed_varint());
  }
  if ((head & kScaledFlag) != 0) {
    header.step = in.varint();
  }
  if (header.step == 1) header.line.value = header.base;
  if ((head & kExceptionsFlag) != 0) TRY_VOID(read_exceptions(in, count, header.exceptions));
  if (header.coding == Coding::kFlat) return header;
  header.packed_width = in.u8();
  const bool is_packed = header.coding == Coding::kPacked;
  if ((header.packed_width > kPackedWidthMax && !(is_packed && header.packed_width == 64)) ||
      (header.packed_width == 0 && is_packed)) {
    return corrupt("a packed plane has an impossible width");
  }
  return header;
}

/// The most common form at full speed: symbols of steps, nothing else. Decodes whole rounds and
/// gives how many values that were, or nothing at the end of the words.
Result<size_t> sum_symbols(const Kernels& kernels, ResidualReader& residuals, Header& header,
                           size_t count, char* out, double power) {
  size_t row = 0;
  while (count - row >= kLanesMany) {
    const size_t block = std::min(kBlockValues, (count - row) / kLanesMany * kLanesMany);
    if (!kernels.sum_symbols(residuals.symbols().lanes(), block, header.line, power,
                             out + row * 8)) {
      return corrupt("a plane of symbols ends early");
    }
    row += block;
  }
  return row;
}

Result<void> decode_residuals(ByteReader& in, uint8_t head, size_t count, void* out,
                              double power) {
  Header header = TRY(read_header(in, head, count));
  if (in.failed()) return corrupt("integers end early");
  ResidualReader residuals(header, count);
  TRY_VOID(residuals.open(in));
  const Kernels& kernels = page::kernels();
  auto* cells = static_cast<char*>(out);
  size_t row = 0;
  if (kernels.sum_symbols != nullptr && header.coding == Coding::kSymbols &&
      header.transform == Transform::kDelta && header.packed_width == 0 && header.step == 1 &&
      header.exceptions.empty() && residuals.symbols().lanes().lane_count == kLanesMany) {
    row = TRY(sum_symbols(kernels, residuals, header, count, cells, power));
  }
  Restorer restorer(kernels, header);
  while (row < count) {
    const size_t block = std::min(kBlockValues, count - row);
    if (!residuals.next(kernels, block)) return corrupt("a plane of symbols ends early");
    auto* values = reinterpret_cast<int64_t*>(cells + row * 8);
    restorer.block(residuals, block, values);
    if (power > 0) kernels.to_decimal(values, block, power);
    row += block;
  }
  if (!residuals.is_at_end()) return corrupt("a plane of symbols does not end where it began");
  return {};
}

Result<void> decode_runs(ByteReader& in, size_t count, void* out, double power);
Result<void> decode_planes(ByteReader& in, size_t count, void* out, double power);

Result<void> decode_any(ByteReader& in, size_t count, void* out, double power, bool may_nest) {
  if (count == 0) return {};
  const uint8_t head = in.u8();
  switch (static_cast<Coding>(head & kCodingMask)) {
    case Coding::kFlat:
    case Coding::kPacked:
    case Coding::kSymbols:
    case Coding::kDeflated: return decode_residuals(in, head, count, out, power);
    case Coding::kRuns:
      if (!may_nest) return corrupt("runs lie inside runs");
      return decode_runs(in, count, out, power);
    case Coding::kPlanes: return decode_planes(in, count, out, power);
  }
  return corrupt("integers have an unknown coding");
}

Result<void> decode_runs(ByteReader& in, size_t count, void* out, double power) {
  const uint64_t run_count = in.varint();
  if (run_count == 0 || run_count > count) return corrupt("runs have an impossible count");
  std::vector<int64_t> lengths(run_count);
  std::vector<uint64_t> values(run_count);  // int64_t, or double's bits.
  TRY_VOID(decode_any(in, run_count, lengths.data(), 0, false));
  TRY_VOID(decode_any(in, run_count, values.data(), power, false));
  auto* cells = static_cast<char*>(out);
  size_t left = count;
  for (uint64_t run = 0; run < run_count; ++run) {
    const auto length = static_cast<uint64_t>(lengths[run]);
    if (length == 0 || length > left) return corrupt("runs do not add up to their page");
    left -= length;
    const uint64_t value = values[run];
    for (uint64_t row = 0; row < length; ++row, cells += 8) std::memcpy(cells, &value, 8);
  }
  if (left != 0) return corrupt("runs do not add up to their page");
  return {};
}

Result<void> decode_planes(ByteReader& in, size_t count, void* out, double power) {
  std::vector<char> planes(count * 8);
  TRY_VOID(inflate(in, planes));
  auto* cells = static_cast<char*>(out);
  for (size_t index = 0; index < count; ++index) {
    for (size_t byte = 0; byte < 8; ++byte) cells[index * 8 + byte] = planes[byte * count + index];
  }
  if (power > 0) kernels().to_decimal(out, count, power);
  return {};
}

}  // namespace

Result<void> decode_integers(ByteReader& in, size_t count, void* out, double power) {
  TRY_VOID(decode_any(in, count, out, power, true));
  if (in.failed()) return corrupt("integers end early");
  return {};
}

Result<void> inflate(ByteReader& in, std::span<char> out) {
  const std::string_view frame = in.string();
  if (in.failed()) return corrupt("a zstd frame ends early");
  // A context is 150 KB and worth keeping; each thread has its own.
  thread_local const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                                ZSTD_freeDCtx);
  const size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) || size != out.size()) return corrupt("a zstd frame is damaged");
  return {};
}

}  // namespace varve::engine::page
