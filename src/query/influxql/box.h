// SPDX-License-Identifier: Apache-2.0
// A value on the heap, so that a type can contain itself. Copying a Box copies what is inside, so
// every type made of boxes is a plain value: `Expression copy = original;` is a deep copy.
#pragma once

#include <memory>
#include <utility>

namespace varve::influxql {

/// Holds exactly one T; only a moved-from Box is empty, and may only be assigned to or destroyed.
template <class T>
class Box {
 public:
  Box(T value) : value_(std::make_unique<T>(std::move(value))) {}  // NOLINT: implicit by intention.
  Box(const Box& other) : value_(std::make_unique<T>(*other.value_)) {}
  Box(Box&& other) noexcept = default;
  Box& operator=(const Box& other) {
    value_ = std::make_unique<T>(*other.value_);
    return *this;
  }
  Box& operator=(Box&& other) noexcept = default;
  ~Box() = default;

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

  friend bool operator==(const Box& a, const Box& b) { return *a.value_ == *b.value_; }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace varve::influxql
