// SPDX-License-Identifier: Apache-2.0
// Finds where a function of several numbers is least, without derivatives (Nelder and Mead).
#pragma once

#include <functional>
#include <vector>

namespace varve::influxql {

struct Minimum {
  double value = 0;
  std::vector<double> place;
};

/// The function may change the place it is given (to keep it within bounds).
/// Ends when the values at the corners differ by less than epsilon, or after 1000 steps.
Minimum simplex_search(const std::function<double(std::vector<double>&)>& function,
                       const std::vector<double>& start, double epsilon);

}  // namespace varve::influxql
