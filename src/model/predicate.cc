// SPDX-License-Identifier: Apache-2.0
#include "model/predicate.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/bytes.h"
#include "base/check.h"

namespace varve {
namespace {

constexpr size_t kDepthMax = 1'000;

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string_view symbol(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual: return " = ";
    case CompareOp::kNotEqual: return " <> ";
    case CompareOp::kLess: return " < ";
    case CompareOp::kLessEqual: return " <= ";
    case CompareOp::kGreater: return " > ";
    case CompareOp::kGreaterEqual: return " >= ";
  }
  return " ? ";
}

std::string value_text(const Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(double number) const {
      char text[32];
      const auto end = std::to_chars(text, text + sizeof text, number).ptr;
      return std::string(text, end);
    }
    std::string operator()(int64_t number) const { return std::to_string(number); }
    std::string operator()(uint64_t number) const { return std::to_string(number); }
    std::string operator()(bool yes) const { return yes ? "true" : "false"; }
    std::string operator()(const std::string& text) const { return quoted(text); }
  };
  return std::visit(Visitor{}, value);
}

void encode_value(const Value& value, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(value.index()));
  switch (value.index()) {
    case 1: out.f64(std::get<double>(value)); break;
    case 2: out.signed_varint(std::get<int64_t>(value)); break;
    case 3: out.varint(std::get<uint64_t>(value)); break;
    case 4: out.u8(std::get<bool>(value)); break;
    case 5: out.string(std::get<std::string>(value)); break;
    default: break;
  }
}

Result<Value> decode_value(ByteReader& in) {
  switch (in.u8()) {
    case 0: return Value(std::monostate{});
    case 1: return Value(in.f64());
    case 2: return Value(in.signed_varint());
    case 3: return Value(in.varint());
    case 4: return Value(in.u8() != 0);
    case 5: return Value(std::string(in.string()));
    default: return fail(ErrorCode::kCorrupt, "predicate has an unknown kind of value");
  }
}

// One walk for reading: every level costs one call, so the depth bounds the stack.
Result<Predicate> decode_node(ByteReader& in, size_t depth);

Result<Predicate> decode_parts(ByteReader& in, bool all, size_t depth) {
  const uint64_t part_count = in.varint();
  std::vector<Predicate> parts;
  for (uint64_t i = 0; i < part_count; ++i) {
    if (in.failed()) return fail(ErrorCode::kCorrupt, "predicate ends inside a node");
    parts.push_back(TRY(decode_node(in, depth + 1)));
  }
  return all ? Predicate::all_of(std::move(parts)) : Predicate::any_of(std::move(parts));
}

Result<Predicate> decode_node(ByteReader& in, size_t depth) {
  if (depth > kDepthMax) {
    return fail(ErrorCode::kCorrupt, "predicate is nested deeper than 1000 levels");
  }
  const auto kind = static_cast<Predicate::Kind>(in.u8());
  switch (kind) {
    case Predicate::Kind::kTrue: return Predicate::always(true);
    case Predicate::Kind::kFalse: return Predicate::always(false);
    case Predicate::Kind::kAnd: return decode_parts(in, true, depth);
    case Predicate::Kind::kOr: return decode_parts(in, false, depth);
    default: break;
  }
  const uint64_t column = in.varint();
  if (in.failed() || column > UINT32_MAX) {
    return fail(ErrorCode::kCorrupt, "predicate has no valid column id");
  }
  const ColumnId id{static_cast<uint32_t>(column)};
  if (kind == Predicate::Kind::kMatchTag || kind == Predicate::Kind::kMatchField) {
    const bool negated = in.u8() != 0;
    std::string pattern(in.string());
    return kind == Predicate::Kind::kMatchTag
               ? Predicate::match_tag(id, std::move(pattern), negated)
               : Predicate::match_field(id, std::move(pattern), negated);
  }
  const uint8_t op = in.u8();
  if (op == 0 || op > static_cast<uint8_t>(CompareOp::kGreaterEqual)) {
    return fail(ErrorCode::kCorrupt, "predicate has an unknown operator");
  }
  if (kind == Predicate::Kind::kCompareTag) {
    return Predicate::compare_tag(id, static_cast<CompareOp>(op), std::string(in.string()));
  }
  if (kind != Predicate::Kind::kCompareField) {
    return fail(ErrorCode::kCorrupt, "predicate has an unknown kind of node");
  }
  const uint8_t type = in.u8();
  if (type == 0 || type > static_cast<uint8_t>(ValueType::kTimestamp)) {
    return fail(ErrorCode::kCorrupt, "predicate has an unknown type");
  }
  Value value = TRY(decode_value(in));
  return Predicate::compare_field(id, static_cast<ValueType>(type), static_cast<CompareOp>(op),
                                  std::move(value));
}

void encode_node(const Predicate& predicate, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(predicate.kind()));
  switch (predicate.kind()) {
    case Predicate::Kind::kTrue:
    case Predicate::Kind::kFalse: break;
    case Predicate::Kind::kAnd:
    case Predicate::Kind::kOr:
      out.varint(predicate.parts().size());
      for (const Predicate& part : predicate.parts()) encode_node(part, out);
      break;
    case Predicate::Kind::kCompareTag:
      out.varint(raw(predicate.column()));
      out.u8(static_cast<uint8_t>(predicate.op()));
      out.string(predicate.text());
      break;
    case Predicate::Kind::kMatchTag:
    case Predicate::Kind::kMatchField:
      out.varint(raw(predicate.column()));
      out.u8(predicate.negated());
      out.string(predicate.text());
      break;
    case Predicate::Kind::kCompareField:
      out.varint(raw(predicate.column()));
      out.u8(static_cast<uint8_t>(predicate.op()));
      out.u8(static_cast<uint8_t>(predicate.field_type()));
      encode_value(predicate.value(), out);
      break;
  }
}

std::string join(const std::vector<Predicate>& parts, std::string_view word) {
  std::string out;
  for (const Predicate& part : parts) {
    if (!out.empty()) out += word;
    const bool compound = part.kind() == Predicate::Kind::kAnd ||
                          part.kind() == Predicate::Kind::kOr;
    out += compound ? "(" + part.to_string() + ")" : part.to_string();
  }
  return out;
}

// Doubles by their bits, so that a predicate on NaN equals itself.
bool same_value(const Value& a, const Value& b) {
  if (a.index() != b.index()) return false;
  if (const double* x = std::get_if<double>(&a)) {
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(std::get<double>(b));
  }
  return a == b;
}

}  // namespace

Predicate::Predicate() {
  static const auto node = std::make_shared<const Node>();
  node_ = node;
}

Predicate Predicate::always(bool value) {
  if (value) return Predicate();
  static const auto node = [] {
    Node made;
    made.kind = Kind::kFalse;
    return std::make_shared<const Node>(std::move(made));
  }();
  return Predicate(node);
}

Predicate Predicate::all_of(std::vector<Predicate> parts) {
  Node node;
  node.kind = Kind::kAnd;
  for (Predicate& part : parts) {
    if (part.is_always_false()) return always(false);
    if (part.is_always_true()) continue;
    if (part.kind() == Kind::kAnd) {
      node.parts.insert(node.parts.end(), part.parts().begin(), part.parts().end());
    } else {
      node.parts.push_back(std::move(part));
    }
  }
  if (node.parts.empty()) return always(true);
  if (node.parts.size() == 1) return node.parts.front();
  return Predicate(std::make_shared<const Node>(std::move(node)));
}

Predicate Predicate::any_of(std::vector<Predicate> parts) {
  Node node;
  node.kind = Kind::kOr;
  for (Predicate& part : parts) {
    if (part.is_always_true()) return always(true);
    if (part.is_always_false()) continue;
    if (part.kind() == Kind::kOr) {
      node.parts.insert(node.parts.end(), part.parts().begin(), part.parts().end());
    } else {
      node.parts.push_back(std::move(part));
    }
  }
  if (node.parts.empty()) return always(false);
  if (node.parts.size() == 1) return node.parts.front();
  return Predicate(std::make_shared<const Node>(std::move(node)));
}

Predicate Predicate::compare_tag(ColumnId column, CompareOp op, std::string text) {
  Node node;
  node.kind = Kind::kCompareTag;
  node.column = column;
  node.op = op;
  node.text = std::move(text);
  return Predicate(std::make_shared<const Node>(std::move(node)));
}

Predicate Predicate::match_tag(ColumnId column, std::string pattern, bool negated) {
  Node node;
  node.kind = Kind::kMatchTag;
  node.column = column;
  node.text = std::move(pattern);
  node.negated = negated;
  return Predicate(std::make_shared<const Node>(std::move(node)));
}

Predicate Predicate::compare_field(ColumnId column, ValueType type, CompareOp op, Value value) {
  Node node;
  node.kind = Kind::kCompareField;
  node.column = column;
  node.field_type = type;
  node.op = op;
  node.value = std::move(value);
  return Predicate(std::make_shared<const Node>(std::move(node)));
}

Predicate Predicate::match_field(ColumnId column, std::string pattern, bool negated) {
  Node node;
  node.kind = Kind::kMatchField;
  node.column = column;
  node.field_type = ValueType::kString;
  node.text = std::move(pattern);
  node.negated = negated;
  return Predicate(std::make_shared<const Node>(std::move(node)));
}

bool Predicate::is_on_tags_only() const {
  if (kind() == Kind::kCompareField || kind() == Kind::kMatchField) return false;
  return std::ranges::all_of(parts(), [](const Predicate& p) { return p.is_on_tags_only(); });
}

void Predicate::collect_field_columns(std::vector<ColumnId>& columns) const {
  if (kind() == Kind::kCompareField || kind() == Kind::kMatchField) {
    if (std::ranges::find(columns, column()) == columns.end()) columns.push_back(column());
  }
  for (const Predicate& part : parts()) part.collect_field_columns(columns);
}

std::string Predicate::to_string() const {
  const std::string name = "c" + std::to_string(raw(column()));
  switch (kind()) {
    case Kind::kTrue: return "true";
    case Kind::kFalse: return "false";
    case Kind::kAnd: return join(parts(), " AND ");
    case Kind::kOr: return join(parts(), " OR ");
    case Kind::kCompareTag: return name + std::string(symbol(op())) + quoted(text());
    case Kind::kCompareField: return name + std::string(symbol(op())) + value_text(value());
    case Kind::kMatchTag:
    case Kind::kMatchField: return name + (negated() ? " !~ " : " ~ ") + quoted(text());
  }
  return "?";
}

bool operator==(const Predicate& a, const Predicate& b) {
  if (a.node_ == b.node_) return true;
  return a.kind() == b.kind() && a.column() == b.column() && a.field_type() == b.field_type() &&
         a.op() == b.op() && a.negated() == b.negated() && a.text() == b.text() &&
         same_value(a.value(), b.value()) && a.parts() == b.parts();
}

void encode_predicate(const Predicate& predicate, std::string& out) {
  ByteWriter writer(out);
  encode_node(predicate, writer);
}

Result<Predicate> decode_predicate(std::string_view& bytes) {
  ByteReader in(bytes);
  Predicate predicate = TRY(decode_node(in, 0));
  if (in.failed()) return fail(ErrorCode::kCorrupt, "predicate ends inside a node");
  bytes.remove_prefix(in.offset());
  return predicate;
}

}  // namespace varve
