// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/holt_winters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "query/influxql/execute/simplex_search.h"

namespace varve::influxql {
namespace {

constexpr int64_t kForecastMax = 1'000'000;
constexpr double kEpsilon = 1.0e-4;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Where the weights stand among the parameters; then follow level, trend and the seasons.
constexpr size_t kWeightCount = 4;
constexpr size_t kLevel = 4;
constexpr size_t kTrend = 5;
constexpr size_t kSeasons = 6;

class Model {
 public:
  Model(std::vector<double> past, size_t season_length)
      : past_(std::move(past)), season_length_(season_length < 2 ? 0 : season_length) {}

  /// The values from the first of the past to `count` after the last.
  std::vector<double> forecast(size_t count, std::vector<double>& parameters) const {
    for (size_t i = 0; i < kWeightCount; ++i) parameters[i] = std::clamp(parameters[i], 0.0, 1.0);
    const double alpha = parameters[0];
    const double beta = parameters[1];
    const double gamma = parameters[2];
    const double phi = parameters[3];
    double level = parameters[kLevel];
    double trend = parameters[kTrend];
    std::vector<double> seasons(parameters.begin() + kSeasons, parameters.end());
    const size_t m = seasons.size();
    size_t season_offset = m - 1;
    double phi_sum = phi;
    std::vector<double> values(past_.size() + count);
    values[0] = past_[0];
    for (size_t t = 1; t < values.size(); ++t) {
      double before = 1;
      double ahead = 1;
      if (m > 0) {
        before = seasons[(t - m + season_offset) % m];
        ahead = seasons[(t - m + t % m + season_offset) % m];
      }
      const double value = values[t - 1];
      const double damped = level + phi * trend;
      const double next_level = alpha * (value / before) + (1 - alpha) * damped;
      const double next_trend = beta * (next_level - level) + (1 - beta) * phi * trend;
      const double season = gamma * (value / damped) + (1 - gamma) * before;
      level = next_level;
      trend = next_trend;
      values[t] = (level + phi_sum * trend) * ahead;
      phi_sum += std::pow(phi, static_cast<double>(t));
      if (m > 0) {
        seasons[(t + season_offset) % m] = season;
        ++season_offset;
      }
    }
    // The search goes on from the seasons as they were left.
    std::copy(seasons.begin(), seasons.end(), parameters.begin() + kSeasons);
    return values;
  }

  std::vector<double> fitted_parameters() const {
    std::vector<double> start = first_guess();
    const std::function<double(std::vector<double>&)> error_of =
        [this](std::vector<double>& parameters) { return squared_error(parameters); };
    Minimum best{.value = std::numeric_limits<double>::infinity(), .place = {}};
    constexpr double kGuesses[] = {0.3, 0.7};
    for (const double alpha : kGuesses) {
      for (const double beta : kGuesses) {
        for (const double gamma : kGuesses) {
          for (const double phi : kGuesses) {
            std::copy_n(std::initializer_list<double>{alpha, beta, gamma, phi}.begin(),
                        kWeightCount, start.begin());
            Minimum found = simplex_search(error_of, start, kEpsilon);
            if (found.value < best.value || best.place.empty()) best = std::move(found);
          }
        }
      }
    }
    return best.place;
  }

  size_t past_count() const { return past_.size(); }

 private:
  double squared_error(std::vector<double>& parameters) const {
    const std::vector<double> values = forecast(0, parameters);
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(past_[i])) continue;
      if (std::isnan(values[i])) return std::numeric_limits<double>::infinity();
      sum += (values[i] - past_[i]) * (values[i] - past_[i]);
    }
    return sum;
  }

  std::vector<double> first_guess() const {
    std::vector<double> guess(kSeasons + season_length_, 0);
    const size_t m = season_length_;
    if (m == 0) {
      guess[kLevel] = 0.5 * past_[0];
      if (past_.size() > 1 && !std::isnan(past_[1])) guess[kTrend] = 0.5 * (past_[1] - past_[0]);
      return guess;
    }
    const auto length = static_cast<double>(m);
    for (size_t i = 0; i < m; ++i) {
      if (!std::isnan(past_[i])) guess[kLevel] += past_[i] / length;
      if (m + i < past_.size() && !std::isnan(past_[i]) && !std::isnan(past_[m + i])) {
        guess[kTrend] += (past_[m + i] - past_[i]) / (length * length);
      }
    }
    for (size_t i = 0; i < m; ++i) {
      guess[kSeasons + i] = std::isnan(past_[i]) ? 0 : past_[i] / guess[kLevel];
    }
    return guess;
  }

  std::vector<double> past_;
  size_t season_length_;
};

int64_t rounded(int64_t time_ns, int64_t interval_ns) {
  const int64_t whole = time_ns / interval_ns;
  return (whole + (time_ns % interval_ns > interval_ns / 2 ? 1 : 0)) * interval_ns;
}

// One value for each interval; those that are not there are missing.
std::vector<double> regular_values(const Points& points, int64_t interval_ns) {
  const ColumnVector values = cast_column(points.values.view(), ValueType::kFloat64);
  const auto cells = values.view().as<double>();
  std::vector<double> regular = {cells[0]};
  int64_t time_ns = rounded(points.times_ns[0], interval_ns);
  for (size_t row = 1; row < points.size(); ++row) {
    const int64_t next_ns = rounded(points.times_ns[row], interval_ns);
    if (next_ns <= time_ns) continue;
    for (time_ns += interval_ns; time_ns != next_ns; time_ns += interval_ns) {
      regular.push_back(kMissing);
    }
    regular.push_back(cells[row]);
  }
  return regular;
}

}  // namespace

Result<Points> apply_holt_winters(const FunctionCall& call, int64_t interval_ns,
                                  const Points& points) {
  const int64_t count = call.integer(0, 0);
  const int64_t season_length = call.integer(1, 0);
  if (count > kForecastMax) {
    return fail(ErrorCode::kTooLarge, "cannot forecast more than " + std::to_string(kForecastMax) +
                                          " points, got " + std::to_string(count));
  }
  Points result(ValueType::kFloat64);
  const size_t least = std::max<size_t>(2, static_cast<size_t>(season_length));
  if (points.size() < least || interval_ns <= 0) return result;
  const int64_t span_ns = rounded(points.times_ns.back(), interval_ns) -
                          rounded(points.times_ns.front(), interval_ns);
  if (span_ns / interval_ns <= 0 || span_ns / interval_ns > kForecastMax) return result;
  const Model model(regular_values(points, interval_ns), static_cast<size_t>(season_length));
  std::vector<double> parameters = model.fitted_parameters();
  const std::vector<double> values = model.forecast(static_cast<size_t>(count), parameters);
  const bool with_fit = call.function == Function::kHoltWintersWithFit;
  for (size_t i = with_fit ? 0 : model.past_count(); i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const auto steps = static_cast<int64_t>(with_fit ? i : i - model.past_count() + 1);
    const int64_t from_ns = with_fit ? points.times_ns.front() : points.times_ns.back();
    result.times_ns.push_back(from_ns + interval_ns * steps);
    result.values.append_f64(values[i]);
  }
  return result;
}

}  // namespace varve::influxql
