// SPDX-License-Identifier: Apache-2.0
#include "codec/line/number.h"

#include <charconv>
#include <limits>
#include <string>

namespace varve::line_protocol {
namespace {

constexpr uint64_t kInt64Max = std::numeric_limits<int64_t>::max();
constexpr uint64_t kExactDoubleMax = 1ull << 53;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool ends_value(char c) { return c == ',' || c == ' ' || c == '\n'; }

/// Reads digits into `value`; false when there are none, another byte, or more than fit.
bool parse_digits(std::string_view text, uint64_t& value, bool& out_of_range) {
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  out_of_range = error == std::errc::result_out_of_range && stop == end;
  return error == std::errc() && stop == end;
}

/// Go's wording; a hostile number is not repeated at full length.
std::string strconv_error(std::string_view function, std::string_view text, bool out_of_range) {
  constexpr size_t kShownBytesMax = 128;
  std::string shown(text.substr(0, kShownBytesMax));
  return "strconv." + std::string(function) + ": parsing \"" + shown +
         (out_of_range ? "\": value out of range" : "\": invalid syntax");
}

tl::unexpected<Error> invalid_number() { return fail(ErrorCode::kInvalidInput, "invalid number"); }

/// What the bytes of a number say before its value is known.
struct NumberForm {
  bool is_int = false;
  bool is_unsigned = false;
  bool decimal = false;
  bool scientific = false;
};

/// False when a byte stands where it must not.
bool read_form(std::string_view text, NumberForm& form) {
  for (size_t i = text.starts_with('-') ? 1 : 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool suffixed = form.is_int || form.is_unsigned;
    if (c == 'i' && i > 0 && !suffixed) {
      form.is_int = true;
    } else if (c == 'u' && i > 0 && !suffixed) {
      form.is_unsigned = true;
    } else if (c == '.') {
      if (form.decimal) return false;
      form.decimal = true;
    } else if (i > 0 && (c == 'e' || c == 'E')) {
      form.scientific = true;
    } else if (c == '+' || c == '-') {
      if (i == 0 || (text[i - 1] != 'e' && text[i - 1] != 'E')) return false;
    } else if (!is_digit(c)) {
      return false;
    }
  }
  if ((form.is_int || form.is_unsigned) && (form.decimal || form.scientific)) return false;
  // "-", ".", "-.", "-i": nothing is left without the signs.
  const size_t signs =
      (text.starts_with('-') ? 1u : 0u) + (form.is_int ? 1u : 0u) + (form.decimal ? 1u : 0u);
  return text.size() > signs;
}

}  // namespace

const char* read_plain_number(const char* text, PointField& field) {
  const char* const begin = text;
  const bool negative = *text == '-';
  text += negative;
  const char* const digits = text;
  uint64_t mantissa;
  text = read_digits(text, mantissa);
  size_t digit_count = static_cast<size_t>(text - digits);
  size_t decimals = 0;
  if (*text == '.') {
    uint64_t fraction;
    const char* const point = text + 1;
    text = read_digits(point, fraction);
    decimals = static_cast<size_t>(text - point);
    digit_count += decimals;
    if (digit_count > 19 || digit_count == 0) return nullptr;
    mantissa = mantissa * kPowersOf10[decimals] + fraction;
  } else if (digit_count > 19 || digit_count == 0) {
    return nullptr;
  } else if (*text == 'i') {
    if (!ends_value(text[1]) || mantissa > kInt64Max + negative) return nullptr;
    field.type = ValueType::kInt64;
    field.i64 = static_cast<int64_t>(negative ? 0 - mantissa : mantissa);
    return text + 1;
  } else if (*text == 'u') {
    if (!ends_value(text[1]) || negative) return nullptr;
    field.type = ValueType::kUint64;
    field.u64 = mantissa;
    return text + 1;
  }
  if (!ends_value(*text)) return nullptr;
  field.type = ValueType::kFloat64;
  if (mantissa <= kExactDoubleMax) {
    // Both operands are exact, so the quotient is the nearest double (Clinger).
    const double value = static_cast<double>(mantissa) / kDoublePowersOf10[decimals];
    field.f64 = negative ? -value : value;
    return text;
  }
  const auto [stop, error] = std::from_chars(begin, text, field.f64);
  return error == std::errc() && stop == text ? text : nullptr;
}

Result<void> parse_number(std::string_view text, PointField& field) {
  NumberForm form;
  if (!read_form(text, form)) return invalid_number();
  const bool negative = text.starts_with('-');
  if (form.is_int) {
    if (text.back() != 'i') return invalid_number();
    text.remove_suffix(1);
    const auto value = parse_int64(text);
    if (!value) {
      return fail(ErrorCode::kInvalidInput, "unable to parse integer " +
                                                std::string(text.substr(0, 128)) + ": " +
                                                value.error().message);
    }
    field.type = ValueType::kInt64;
    field.i64 = *value;
  } else if (form.is_unsigned) {
    if (text.back() != 'u' || negative) return invalid_number();
    text.remove_suffix(1);
    bool out_of_range;
    if (!parse_digits(text, field.u64, out_of_range)) {
      return fail(ErrorCode::kInvalidInput, "unable to parse unsigned " +
                                                std::string(text.substr(0, 128)) + ": " +
                                                strconv_error("ParseUint", text, out_of_range));
    }
    field.type = ValueType::kUint64;
  } else {
    if (!parse_float64(text, field.f64)) return fail(ErrorCode::kInvalidInput, "invalid float");
    field.type = ValueType::kFloat64;
  }
  return {};
}

Result<int64_t> parse_int64(std::string_view text) {
  const bool negative = text.starts_with('-');
  uint64_t magnitude = 0;
  bool out_of_range = false;
  const bool parsed = parse_digits(text.substr(negative), magnitude, out_of_range);
  if (!parsed || magnitude > kInt64Max + negative) {
    return fail(ErrorCode::kInvalidInput, strconv_error("ParseInt", text, parsed || out_of_range));
  }
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

bool parse_float64(std::string_view text, double& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end) return false;
  if (error == std::errc()) return true;
  if (error != std::errc::result_out_of_range) return false;
  // from_chars does not say on which side. Where the first digit that counts stands tells: the
  // power of ten it is worth, exponent included.
  int64_t power = 0;
  bool counts = false;
  bool after_point = false;
  size_t i = text.starts_with('-') ? 1 : 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      after_point = true;
    } else {
      if (!counts && after_point) --power;
      if (counts && !after_point) ++power;
      counts = counts || text[i] != '0';
    }
  }
  if (i < text.size()) {
    const bool negative_exponent = text[i + 1] == '-';
    int64_t exponent = 0;
    for (++i; i < text.size(); ++i) {
      if (is_digit(text[i]) && exponent < 1'000'000'000'000)
        exponent = exponent * 10 + text[i] - '0';
    }
    power += negative_exponent ? -exponent : exponent;
  }
  if (power > 0) return false;
  value = text.starts_with('-') ? -0.0 : 0.0;
  return true;
}

}  // namespace varve::line_protocol
