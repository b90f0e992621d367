// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/merge_order.h"

#include <utility>

#include "query/influxql/execute/interrupt.h"

namespace varve::influxql {
namespace {

class MergeHeap {
 public:
  MergeHeap(std::span<const int64_t> times_ns, bool is_ascending, const TieLess& tie_less)
      : times_ns_(times_ns), is_ascending_(is_ascending), tie_less_(tie_less) {}

  void init(std::vector<size_t> rows) {
    rows_ = std::move(rows);
    for (size_t i = rows_.size() / 2; i-- > 0;) down(i, rows_.size());
  }
  bool empty() const { return rows_.empty(); }
  void push(size_t row) {
    rows_.push_back(row);
    size_t child = rows_.size() - 1;
    while (child > 0) {
      const size_t parent = (child - 1) / 2;
      if (!less(child, parent)) break;
      std::swap(rows_[parent], rows_[child]);
      child = parent;
    }
  }
  size_t pop() {
    std::swap(rows_.front(), rows_.back());
    down(0, rows_.size() - 1);
    const size_t row = rows_.back();
    rows_.pop_back();
    return row;
  }

 private:
  bool less(size_t i, size_t j) const {
    const size_t a = rows_[i];
    const size_t b = rows_[j];
    if (times_ns_[a] != times_ns_[b]) return (times_ns_[a] < times_ns_[b]) == is_ascending_;
    return tie_less_(a, b);
  }
  void down(size_t parent, size_t count) {
    while (2 * parent + 1 < count) {
      size_t child = 2 * parent + 1;
      if (child + 1 < count && less(child + 1, child)) ++child;
      if (!less(child, parent)) return;
      std::swap(rows_[parent], rows_[child]);
      parent = child;
    }
  }

  std::span<const int64_t> times_ns_;
  bool is_ascending_;
  const TieLess& tie_less_;
  std::vector<size_t> rows_;
};

/// The sort, over numbers that are swapped about.
class UnstableSort {
 public:
  UnstableSort(size_t count, const std::function<bool(size_t, size_t)>& is_less)
      : is_less_(is_less), numbers_(count) {
    for (size_t i = 0; i < count; ++i) numbers_[i] = i;
  }

  std::vector<size_t> run() {
    const size_t count = numbers_.size();
    if (count > 1) sort(0, count, static_cast<int>(64 - __builtin_clzll(count)));
    return std::move(numbers_);
  }

 private:
  enum class Hint { kUnknown, kIncreasing, kDecreasing };

  bool less(size_t i, size_t j) const { return is_less_(numbers_[i], numbers_[j]); }
  void swap(size_t i, size_t j) { std::swap(numbers_[i], numbers_[j]); }

  void insertion_sort(size_t a, size_t b) {
    for (size_t i = a + 1; i < b; ++i) {
      for (size_t j = i; j > a && less(j, j - 1); --j) swap(j, j - 1);
    }
  }

  void sift_down(size_t low, size_t high, size_t first) {
    size_t root = low;
    while (true) {
      size_t child = 2 * root + 1;
      if (child >= high) return;
      if (child + 1 < high && less(first + child, first + child + 1)) ++child;
      if (!less(first + root, first + child)) return;
      swap(first + root, first + child);
      root = child;
    }
  }

  void heap_sort(size_t a, size_t b) {
    const size_t count = b - a;
    for (size_t i = (count - 1) / 2 + 1; i-- > 0;) sift_down(i, count, a);
    for (size_t i = count; i-- > 0;) {
      swap(a, a + i);
      sift_down(0, i, a);
    }
  }

  void sort(size_t a, size_t b, int bad_choices_left) {
    bool was_balanced = true;
    bool was_partitioned = true;
    while (true) {
      const size_t length = b - a;
      if (length <= 12) return insertion_sort(a, b);
      if (bad_choices_left == 0) return heap_sort(a, b);
      if (!was_balanced) {
        break_patterns(a, b);
        --bad_choices_left;
      }
      auto [pivot, hint] = choose_pivot(a, b);
      if (hint == Hint::kDecreasing) {
        for (size_t i = a, j = b - 1; i < j; ++i, --j) swap(i, j);
        pivot = (b - 1) - (pivot - a);
        hint = Hint::kIncreasing;
      }
      if (was_balanced && was_partitioned && hint == Hint::kIncreasing &&
          partial_insertion_sort(a, b)) {
        return;
      }
      if (a > 0 && !less(a - 1, pivot)) {
        a = partition_equal(a, b, pivot);
        continue;
      }
      const auto [middle, was_sorted] = partition(a, b, pivot);
      was_partitioned = was_sorted;
      const size_t left = middle - a;
      const size_t right = b - middle;
      const size_t least = length / 8;
      if (left < right) {
        was_balanced = left >= least;
        sort(a, middle, bad_choices_left);
        a = middle + 1;
      } else {
        was_balanced = right >= least;
        sort(middle + 1, b, bad_choices_left);
        b = middle;
      }
    }
  }

  // i and j are signed: j may come to stand before the first number.
  std::pair<size_t, bool> partition(size_t a, size_t b, size_t pivot) {
    swap(a, pivot);
    auto i = static_cast<int64_t>(a) + 1;
    auto j = static_cast<int64_t>(b) - 1;
    const auto first = static_cast<size_t>(a);
    const auto advance = [&] {
      while (i <= j && less(static_cast<size_t>(i), first)) ++i;
      while (i <= j && !less(static_cast<size_t>(j), first)) --j;
    };
    advance();
    const bool was_sorted = i > j;
    while (i <= j) {
      swap(static_cast<size_t>(i), static_cast<size_t>(j));
      ++i;
      --j;
      advance();
    }
    swap(static_cast<size_t>(j), first);
    return {static_cast<size_t>(j), was_sorted};
  }

  size_t partition_equal(size_t a, size_t b, size_t pivot) {
    swap(a, pivot);
    auto i = static_cast<int64_t>(a) + 1;
    auto j = static_cast<int64_t>(b) - 1;
    while (true) {
      while (i <= j && !less(a, static_cast<size_t>(i))) ++i;
      while (i <= j && less(a, static_cast<size_t>(j))) --j;
      if (i > j) return static_cast<size_t>(i);
      swap(static_cast<size_t>(i), static_cast<size_t>(j));
      ++i;
      --j;
    }
  }

  bool partial_insertion_sort(size_t a, size_t b) {
    size_t i = a + 1;
    for (int step = 0; step < 5; ++step) {
      while (i < b && !less(i, i - 1)) ++i;
      if (i == b) return true;
      if (b - a < 50) return false;
      swap(i, i - 1);
      if (i - a >= 2) {
        for (size_t j = i - 1; j >= 1 && less(j, j - 1); --j) swap(j, j - 1);
      }
      if (b - i >= 2) {
        for (size_t j = i + 1; j < b && less(j, j - 1); ++j) swap(j, j - 1);
      }
    }
    return false;
  }

  void break_patterns(size_t a, size_t b) {
    const size_t length = b - a;
    if (length < 8) return;
    uint64_t random = length;
    const size_t modulus = size_t{1} << (64 - __builtin_clzll(length));
    const size_t index = a + (length / 4) * 2 - 1;
    for (size_t i = 0; i < 3; ++i) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      size_t other = random & (modulus - 1);
      if (other >= length) other -= length;
      swap(index - 1 + i, a + other);
    }
  }

  std::pair<size_t, Hint> choose_pivot(size_t a, size_t b) {
    const size_t length = b - a;
    int swaps = 0;
    size_t i = a + length / 4 * 1;
    size_t j = a + length / 4 * 2;
    size_t k = a + length / 4 * 3;
    if (length >= 8) {
      if (length >= 50) {
        i = median(i - 1, i, i + 1, swaps);
        j = median(j - 1, j, j + 1, swaps);
        k = median(k - 1, k, k + 1, swaps);
      }
      j = median(i, j, k, swaps);
    }
    if (swaps == 0) return {j, Hint::kIncreasing};
    return {j, swaps == 12 ? Hint::kDecreasing : Hint::kUnknown};
  }

  size_t median(size_t a, size_t b, size_t c, int& swaps) const {
    const auto order = [&](size_t& x, size_t& y) {
      if (!less(y, x)) return;
      ++swaps;
      std::swap(x, y);
    };
    order(a, b);
    order(b, c);
    order(a, b);
    return b;
  }

  const std::function<bool(size_t, size_t)>& is_less_;
  std::vector<size_t> numbers_;
};

}  // namespace

std::vector<size_t> merge_order(std::span<const int64_t> times_ns,
                                std::span<const uint32_t> streams, size_t stream_count,
                                bool is_ascending, const TieLess& tie_less,
                                Interrupt* interrupt) {
  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> next(times_ns.size(), kNone);
  std::vector<size_t> heads(stream_count, kNone);
  for (size_t row = times_ns.size(); row-- > 0;) {
    next[row] = heads[streams[row]];
    heads[streams[row]] = row;
  }
  std::erase(heads, kNone);
  MergeHeap heap(times_ns, is_ascending, tie_less);
  heap.init(std::move(heads));
  std::vector<size_t> order;
  order.reserve(times_ns.size());
  while (!heap.empty()) {
    if (interrupt != nullptr && interrupt->is_due()) break;
    const size_t row = heap.pop();
    order.push_back(row);
    if (next[row] != kNone) heap.push(next[row]);
  }
  return order;
}

std::vector<size_t> unstable_order(size_t count,
                                   const std::function<bool(size_t, size_t)>& is_less) {
  return UnstableSort(count, is_less).run();
}

}  // namespace varve::influxql
