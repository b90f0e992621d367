// SPDX-License-Identifier: Apache-2.0
#include "engine/predicate/tag_filter.h"

#include <algorithm>
#include <cstring>

#include "engine/predicate/pattern.h"

namespace varve::engine {
namespace {

const Predicate kAlways = Predicate::always(true);
const Predicate kNever = Predicate::always(false);

// Bytes of 0 or 1 to bits, the first byte to the lowest bit.
uint64_t pack_bits(const uint8_t* bytes) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) {
    uint64_t eight = 0;
    std::memcpy(&eight, bytes + i * 8, 8);
    bits |= (eight * 0x0102'0408'1020'4080u >> 56) << (i * 8);
  }
  return bits;
}

// Loops of a fixed length, so that the compiler makes vectors of them.
template <class T, class Decide>
void match_cells(const void* cells, size_t count, const Decide& decide,
                 SeriesBits::Words& words) {
  const T* ids = static_cast<const T*>(cells);
  uint8_t matched[64];
  size_t word = 0;
  for (; (word + 1) * 64 <= count; ++word) {
    for (size_t i = 0; i < 64; ++i) matched[i] = decide(ids[word * 64 + i]);
    words[word] = pack_bits(matched);
  }
  for (size_t i = word * 64; i < count; ++i) {
    words[word] |= uint64_t{decide(ids[i])} << (i % 64);
  }
}

template <class Decide>
void match_cells(const ValueIds::Part& part, size_t count, const Decide& decide,
                 SeriesBits::Words& words) {
  switch (part.width_log2) {
    case 0: return match_cells<uint8_t>(part.cells, count, decide, words);
    case 1: return match_cells<uint16_t>(part.cells, count, decide, words);
    default: return match_cells<uint32_t>(part.cells, count, decide, words);
  }
}

// Sets the bits [begin, end).
void set_bits(SeriesBits::Words& words, size_t begin, size_t end) {
  for (; begin < end && begin % 64 != 0; ++begin) words[begin / 64] |= uint64_t{1} << (begin % 64);
  for (; begin + 64 <= end; begin += 64) words[begin / 64] = ~uint64_t{0};
  for (; begin < end; ++begin) words[begin / 64] |= uint64_t{1} << (begin % 64);
}

// Clears the bits from `begin` on.
void clear_bits(SeriesBits::Words& words, size_t begin) {
  if (begin % 64 != 0) words[begin / 64] &= (uint64_t{1} << (begin % 64)) - 1;
  for (size_t word = (begin + 63) / 64; word < words.size(); ++word) words[word] = 0;
}

}  // namespace

Result<TagFilter> TagFilter::compile(const Predicate& predicate, const SeriesIndex& index,
                                     const CancelFlag& cancel) {
  // The number of series before the values: whatever value these series have is then known.
  TagFilter filter(predicate, index.series_count());
  filter.root_ = TRY(filter.compile_node(predicate, index, cancel));
  filter.on_tags_only_ = predicate.is_on_tags_only();
  filter.key_.resize(filter.leaves_.size());
  return filter;
}

Result<TagFilter::Node> TagFilter::compile_node(const Predicate& predicate,
                                                const SeriesIndex& index,
                                                const CancelFlag& cancel) {
  Node node;
  for (const Predicate& part : predicate.parts()) {
    node.parts.push_back(TRY(compile_node(part, index, cancel)));
  }
  switch (predicate.kind()) {
    case Predicate::Kind::kTrue:
    case Predicate::Kind::kFalse: node.constant = predicate.is_always_true(); break;
    case Predicate::Kind::kAnd: node.kind = Node::Kind::kAnd; break;
    case Predicate::Kind::kOr: node.kind = Node::Kind::kOr; break;
    case Predicate::Kind::kCompareTag:
    case Predicate::Kind::kMatchTag:
      node.kind = Node::Kind::kLeaf;
      node.leaf = leaves_.size();
      leaves_.push_back(TRY(compile_leaf(predicate, index, cancel)));
      break;
    case Predicate::Kind::kCompareField:
    case Predicate::Kind::kMatchField: node.kind = Node::Kind::kField; break;
  }
  return node;
}

Result<TagFilter::Leaf> TagFilter::compile_leaf(const Predicate& predicate,
                                                const SeriesIndex& index,
                                                const CancelFlag& cancel) {
  Leaf leaf;
  leaf.tag = index.tag(predicate.column());
  // Value id 0 stands for the tag that a series does not have, which equals ''.
  if (predicate.kind() == Predicate::Kind::kCompareTag) {
    leaf.is_equal = predicate.op() != CompareOp::kNotEqual;
    // Source: model/predicate.h: tags know = and != only; what stands here for others never holds.
    if (leaf.is_equal && predicate.op() != CompareOp::kEqual) return leaf;
    if (predicate.text().empty()) {
      leaf.value_id = 0;
    } else if (const uint32_t known = leaf.tag ? leaf.tag->find(predicate.text()) : 0) {
      leaf.value_id = known;
    }
    return leaf;
  }
  const Pattern pattern = TRY(Pattern::compile(predicate.text()));
  const uint32_t value_count = leaf.tag ? leaf.tag->value_count() : 0;
  leaf.is_pattern = true;
  leaf.verdicts.resize(value_count + 1);
  leaf.verdicts[0] = pattern.matches("") != predicate.negated();
  for (uint32_t id = 1; id <= value_count; ++id) {
    // A pattern may take milliseconds for a value, and there may be millions.
    if (cancel && cancel->load(std::memory_order_relaxed)) {
      return fail(ErrorCode::kCancelled, "the scan was cancelled");
    }
    if (pattern.matches(leaf.tag->text(id)) == predicate.negated()) continue;
    leaf.verdicts[id] = 1;
    leaf.match_first = std::min(leaf.match_first, id);
    leaf.match_last = id;
  }
  return leaf;
}

bool TagFilter::verdict(const Leaf& leaf, uint32_t value_id) {
  if (!leaf.is_pattern) return (value_id == leaf.value_id) == leaf.is_equal;
  // A value that came after the filter was compiled belongs to a series that came after it too.
  return value_id < leaf.verdicts.size() && leaf.verdicts[value_id] != 0;
}

bool TagFilter::verdict(size_t leaf, SeriesId id) const {
  const TagValues* tag = leaves_[leaf].tag;
  return verdict(leaves_[leaf], tag ? tag->value_ids().get(raw(id)) : 0);
}

bool TagFilter::may_match(const Node& node, SeriesId id) const {
  const auto part_may = [&](const Node& part) { return may_match(part, id); };
  switch (node.kind) {
    case Node::Kind::kConstant: return node.constant;
    case Node::Kind::kAnd: return std::ranges::all_of(node.parts, part_may);
    case Node::Kind::kOr: return std::ranges::any_of(node.parts, part_may);
    case Node::Kind::kLeaf: return verdict(node.leaf, id);
    case Node::Kind::kField: return true;
  }
  return true;
}

bool TagFilter::match_part(size_t number, SeriesBits::Words& words) const {
  const size_t begin = number * SeriesBits::kPartSeries;
  if (begin >= series_count_) return false;
  const size_t count = std::min<size_t>(series_count_ - begin, SeriesBits::kPartSeries);
  words.fill(0);
  switch (match(root_, number, count, words)) {
    case Match::kNone: return false;
    case Match::kAll: set_bits(words, 0, count); return true;
    case Match::kSome:
      return std::ranges::any_of(words, [](uint64_t word) { return word != 0; });
  }
  return false;
}

// With kSome the words, which were zero, hold the matching series.
TagFilter::Match TagFilter::match(const Node& node, size_t number, size_t count,
                                  SeriesBits::Words& words) const {
  switch (node.kind) {
    case Node::Kind::kConstant: return node.constant ? Match::kAll : Match::kNone;
    case Node::Kind::kField: return Match::kAll;
    case Node::Kind::kLeaf: return match_leaf(leaves_[node.leaf], number, count, words);
    case Node::Kind::kAnd:
    case Node::Kind::kOr: break;
  }
  const bool is_and = node.kind == Node::Kind::kAnd;
  const Match neutral = is_and ? Match::kAll : Match::kNone;
  Match whole = neutral;
  for (const Node& part : node.parts) {
    SeriesBits::Words part_words{};
    const Match matched = match(part, number, count, part_words);
    if (matched == neutral) continue;
    if (matched != Match::kSome) {
      words.fill(0);
      return matched;
    }
    for (size_t i = 0; i < words.size(); ++i) {
      if (whole == neutral) {
        words[i] = part_words[i];
      } else {
        words[i] = is_and ? words[i] & part_words[i] : words[i] | part_words[i];
      }
    }
    whole = Match::kSome;
  }
  return whole;
}

TagFilter::Match TagFilter::match_leaf(const Leaf& leaf, size_t number, size_t count,
                                       SeriesBits::Words& words) {
  const bool absent = verdict(leaf, 0);
  const auto part = leaf.tag ? leaf.tag->value_ids().part(number) : ValueIds::Part{};
  if (part.value_min == 0) return absent ? Match::kAll : Match::kNone;
  const size_t known = std::min(count, part.count);
  if (leaf.is_pattern) {
    const bool apart = leaf.match_first > part.value_max || leaf.match_last < part.value_min;
    if (apart && !absent) return Match::kNone;
    const uint8_t* verdicts = leaf.verdicts.data();
    match_cells(part, known, [verdicts](auto id) { return verdicts[id]; }, words);
  } else {
    const bool apart = leaf.value_id > part.value_max ||
                       (leaf.value_id != 0 && leaf.value_id < part.value_min);
    if (apart) return leaf.is_equal ? Match::kNone : Match::kAll;
    // It fits the cells, since it lies between two of them.
    const auto is_wanted = [wanted = leaf.value_id](auto id) -> uint8_t {
      return id == static_cast<decltype(id)>(wanted);
    };
    match_cells(part, known, is_wanted, words);
    if (!leaf.is_equal) {
      for (uint64_t& word : words) word = ~word;
      clear_bits(words, known);
    }
  }
  if (absent) set_bits(words, known, count);
  return Match::kSome;
}

const Predicate& TagFilter::rest(SeriesId id) {
  if (on_tags_only_) return may_match(id) ? kAlways : kNever;
  if (leaves_.empty()) return predicate_;
  for (size_t i = 0; i < leaves_.size(); ++i) key_[i] = verdict(i, id);
  if (const auto known = rests_.find(key_); known != rests_.end()) return known->second;
  size_t next_leaf = 0;
  return rests_.emplace(key_, resolve(predicate_, key_, next_leaf)).first->second;
}

Predicate TagFilter::resolve(const Predicate& predicate, const std::vector<bool>& verdicts,
                             size_t& next_leaf) const {
  switch (predicate.kind()) {
    case Predicate::Kind::kAnd:
    case Predicate::Kind::kOr: {
      std::vector<Predicate> parts;
      for (const Predicate& part : predicate.parts()) {
        parts.push_back(resolve(part, verdicts, next_leaf));
      }
      return predicate.kind() == Predicate::Kind::kAnd ? Predicate::all_of(std::move(parts))
                                                       : Predicate::any_of(std::move(parts));
    }
    case Predicate::Kind::kCompareTag:
    case Predicate::Kind::kMatchTag: return Predicate::always(verdicts[next_leaf++]);
    default: return predicate;
  }
}

}  // namespace varve::engine
