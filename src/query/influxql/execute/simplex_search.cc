// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/simplex_search.h"

#include <cmath>
#include <utility>

namespace varve::influxql {
namespace {

constexpr int kStepsMax = 1000;

class Simplex {
 public:
  Simplex(const std::function<double(std::vector<double>&)>& function,
          const std::vector<double>& start)
      : function_(function), dimensions_(start.size()) {
    const auto n = static_cast<double>(dimensions_);
    const double far = (std::sqrt(n + 1) - 1 + n) / (n * std::sqrt(2.0));
    const double near = (std::sqrt(n + 1) - 1) / (n * std::sqrt(2.0));
    corners_.assign(dimensions_ + 1, start);
    for (size_t i = 1; i <= dimensions_; ++i) {
      for (size_t j = 0; j < dimensions_; ++j) corners_[i][j] += i - 1 == j ? far : near;
    }
    for (std::vector<double>& corner : corners_) values_.push_back(function_(corner));
  }

  /// Moves the worst corner; false when the corners are as good as one.
  bool step(double epsilon) {
    rank();
    const std::vector<double> centre = centre_of_others();
    std::vector<double> reflected = between(centre, corners_[worst_], -1);
    const double value = function_(reflected);
    if (value < values_[best_]) {
      std::vector<double> expanded = between(centre, reflected, 2);
      const double further = function_(expanded);
      if (further < value) {
        replace(worst_, std::move(expanded), further);
      } else {
        replace(worst_, reflected, value);
      }
    } else if (value < values_[second_worst_]) {
      replace(worst_, reflected, value);
    } else {
      contract(centre, reflected, value);
    }
    return spread() >= epsilon;
  }

  Minimum minimum() {
    rank();
    Minimum minimum{.value = 0, .place = corners_[best_]};
    minimum.value = function_(corners_[best_]);
    return minimum;
  }

 private:
  // centre + factor * (to - centre).
  std::vector<double> between(const std::vector<double>& centre, const std::vector<double>& to,
                              double factor) const {
    std::vector<double> place(dimensions_);
    for (size_t i = 0; i < dimensions_; ++i) place[i] = centre[i] + factor * (to[i] - centre[i]);
    return place;
  }

  void rank() {
    worst_ = 0;
    best_ = 0;
    for (size_t i = 0; i <= dimensions_; ++i) {
      if (values_[i] > values_[worst_]) worst_ = i;
      if (values_[i] < values_[best_]) best_ = i;
    }
    second_worst_ = best_;
    for (size_t i = 0; i <= dimensions_; ++i) {
      if (values_[i] > values_[second_worst_] && values_[i] < values_[worst_]) second_worst_ = i;
    }
  }

  std::vector<double> centre_of_others() const {
    std::vector<double> centre(dimensions_, 0);
    for (size_t i = 0; i <= dimensions_; ++i) {
      if (i == worst_) continue;
      for (size_t j = 0; j < dimensions_; ++j) centre[j] += corners_[i][j];
    }
    for (double& coordinate : centre) coordinate /= static_cast<double>(dimensions_);
    return centre;
  }

  void contract(const std::vector<double>& centre, const std::vector<double>& reflected,
                double value) {
    const bool is_outside = value < values_[worst_];
    std::vector<double> place = between(centre, is_outside ? reflected : corners_[worst_], 0.5);
    const double closer = function_(place);
    if (closer < values_[worst_]) {
      replace(worst_, std::move(place), closer);
      return;
    }
    // Nothing helped: everything moves towards the best corner.
    for (size_t i = 0; i <= dimensions_; ++i) {
      if (i != best_) corners_[i] = between(corners_[best_], corners_[i], 0.5);
    }
    values_[worst_] = function_(corners_[worst_]);
    values_[second_worst_] = function_(corners_[second_worst_]);
  }

  double spread() const {
    double mean = 0;
    for (const double value : values_) mean += value;
    mean /= static_cast<double>(values_.size());
    double sum = 0;
    for (const double value : values_) {
      sum += (value - mean) * (value - mean) / static_cast<double>(dimensions_);
    }
    return std::sqrt(sum);
  }

  void replace(size_t corner, std::vector<double> place, double value) {
    corners_[corner] = std::move(place);
    values_[corner] = value;
  }

  const std::function<double(std::vector<double>&)>& function_;
  size_t dimensions_;
  std::vector<std::vector<double>> corners_;
  std::vector<double> values_;
  size_t best_ = 0;
  size_t worst_ = 0;
  size_t second_worst_ = 0;
};

}  // namespace

Minimum simplex_search(const std::function<double(std::vector<double>&)>& function,
                       const std::vector<double>& start, double epsilon) {
  Simplex simplex(function, start);
  for (int step = 0; step < kStepsMax && simplex.step(epsilon); ++step) {
  }
  return simplex.minimum();
}

}  // namespace varve::influxql
