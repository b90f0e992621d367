// SPDX-License-Identifier: Apache-2.0
#include "query/influxql/execute/technical_indicators.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace varve::influxql {
namespace {

enum class Warmup { kExponential, kSimple };

/// Takes value after value; gives one for each.
class Indicator {
 public:
  virtual ~Indicator() = default;
  virtual double add(double value) = 0;
  /// How many values it takes until results mean something.
  virtual int64_t warm_count() const = 0;
};

/// An exponential moving average. While it is warming up, a plain mean or one of growing period.
class Average {
 public:
  Average(int64_t period, Warmup warmup, double weight)
      : period_(period), warmup_(warmup), weight_(weight) {}
  Average(int64_t period, Warmup warmup)
      : Average(period, warmup, 2 / static_cast<double>(period + 1)) {}

  double add(double value) {
    const auto count = static_cast<double>(count_);
    if (count_ == 0) {
      last_ = value;
    } else if (is_warm()) {
      last_ += (value - last_) * weight_;
    } else if (warmup_ == Warmup::kSimple) {
      last_ = (last_ * count + value) / (count + 1);
    } else {
      last_ += (value - last_) * (2 / (count + 2));
    }
    if (count_ < period_) ++count_;
    return last_;
  }
  bool is_warm() const { return count_ == period_; }
  /// True when an average of this one can begin.
  bool feeds_next() const { return is_warm() || warmup_ == Warmup::kExponential; }
  int64_t warm_count() const { return period_ - 1; }
  Warmup warmup() const { return warmup_; }
  double last() const { return last_; }

 private:
  int64_t period_;
  Warmup warmup_;
  double weight_;
  int64_t count_ = 0;
  double last_ = 0;
};

/// One to three averages, each of the one before.
class AverageChain final : public Indicator {
 public:
  AverageChain(size_t depth, int64_t period, Warmup warmup)
      : averages_(depth, Average(period, warmup)) {}

  double add(double value) override {
    std::vector<double> results = {averages_[0].add(value)};
    for (size_t i = 1; i < averages_.size(); ++i) {
      const double previous = results.back();
      results.push_back(averages_[i - 1].feeds_next() ? averages_[i].add(previous) : previous);
    }
    switch (results.size()) {
      case 1: return results[0];
      case 2: return 2 * results[0] - results[1];
      default: return 3 * results[0] - 3 * results[1] + results[2];
    }
  }
  int64_t warm_count() const override {
    const auto depth = static_cast<int64_t>(averages_.size());
    return averages_[0].warm_count() * (averages_[0].warmup() == Warmup::kExponential ? 1 : depth);
  }

 private:
  std::vector<Average> averages_;
};

/// The rate of change of a triple average, in percent.
class TripleDerivative final : public Indicator {
 public:
  TripleDerivative(int64_t period, Warmup warmup)
      : first_(period, warmup), second_(period, warmup), third_(period, warmup) {}

  double add(double value) override {
    double current = first_.add(value);
    if (first_.feeds_next()) {
      current = second_.add(current);
      if (second_.feeds_next()) current = third_.add(current);
    }
    const double rate = (current / last_ - 1) * 100;
    last_ = current;
    return rate;
  }
  int64_t warm_count() const override {
    return first_.warm_count() * (first_.warmup() == Warmup::kExponential ? 1 : 3) + 1;
  }

 private:
  Average first_, second_, third_;
  double last_ = 0;
};

/// Averages of rises and of falls, and what is made of the two.
class RisesAndFalls final : public Indicator {
 public:
  enum class Form { kStrength, kMomentum };
  RisesAndFalls(Form form, int64_t period, Warmup warmup)
      : form_(form),
        rises_(period + 1, warmup, 1 / static_cast<double>(period)),
        falls_(period + 1, warmup, 1 / static_cast<double>(period)) {}

  double add(double value) override {
    const double rise = rises_.add(value > last_ ? value - last_ : 0);
    const double fall = falls_.add(value < last_ ? last_ - value : 0);
    last_ = value;
    if (form_ == Form::kStrength) return 100 - 100 / (1 + rise / fall);
    return 100 * ((rise - fall) / (rise + fall));
  }
  int64_t warm_count() const override { return rises_.warm_count(); }

 private:
  Form form_;
  Average rises_, falls_;
  double last_ = 0;
};

/// A ring of the last values with their differences. Begins full of zeros.
class Ring {
 public:
  struct Entry {
    double value = 0;
    double difference = 0;
  };
  explicit Ring(int64_t size) : entries_(static_cast<size_t>(size < 1 ? 1 : size)) {}

  const Entry& newest() const { return entries_[newest_]; }
  const Entry& oldest() const { return entries_[next()]; }
  void push(Entry entry) {
    newest_ = next();
    entries_[newest_] = entry;
  }
  int64_t size() const { return static_cast<int64_t>(entries_.size()); }

 private:
  size_t next() const { return newest_ + 1 >= entries_.size() ? 0 : newest_ + 1; }
  std::vector<Entry> entries_;
  size_t newest_ = 0;
};

/// Chande's oscillator over plain sums of rises and falls.
class PlainMomentum final : public Indicator {
 public:
  explicit PlainMomentum(int64_t period) : ring_(period - 1) {}

  double add(double value) override {
    const double difference = has_value_ ? value - ring_.newest().value : 0;
    (difference > 0 ? rises_ : falls_) += std::abs(difference);
    const double total = rises_ + falls_;
    const double result = rises_ != 0 || falls_ != 0 ? 100 * ((rises_ - falls_) / total) : 0;
    const double leaving = ring_.oldest().difference;
    (leaving > 0 ? rises_ : falls_) -= std::abs(leaving);
    ring_.push({value, difference});
    has_value_ = true;
    return result;
  }
  int64_t warm_count() const override { return ring_.size(); }

 private:
  Ring ring_;
  bool has_value_ = false;
  double rises_ = 0;
  double falls_ = 0;
};

/// How far the value went compared with the way it took.
class EfficiencyRatio final : public Indicator {
 public:
  explicit EfficiencyRatio(int64_t period) : ring_(period) {}

  double add(double value) override {
    const double distance = std::abs(value - ring_.oldest().value);
    const double step = std::abs(value - ring_.newest().value);
    way_ += step - ring_.oldest().difference;
    ring_.push({value, step});
    if (count_ <= ring_.size()) ++count_;
    return distance == 0 || way_ == 0 ? 0 : distance / way_;
  }
  int64_t warm_count() const override { return ring_.size(); }
  bool is_warm() const { return count_ == ring_.size() + 1; }
  double newest() const { return ring_.newest().value; }

 private:
  Ring ring_;
  double way_ = 0;
  int64_t count_ = 0;
};

/// An average that follows faster the straighter the value moves.
class AdaptiveAverage final : public Indicator {
 public:
  explicit AdaptiveAverage(int64_t period) : ratio_(period) {}

  double add(double value) override {
    if (!ratio_.is_warm()) last_ = ratio_.newest();
    constexpr double kSlow = 2.0 / (30 + 1);
    constexpr double kFast = 2.0 / (2 + 1);
    const double weight = std::pow(ratio_.add(value) * (kFast - kSlow) + kSlow, 2);
    last_ += weight * (value - last_);
    return last_;
  }
  int64_t warm_count() const override { return ratio_.warm_count(); }

 private:
  EfficiencyRatio ratio_;
  double last_ = 0;
};

std::unique_ptr<Indicator> make_indicator(const FunctionCall& call) {
  const int64_t period = call.integer(0, 1);
  std::string warmup_name = "exponential";
  const bool has_warmup = call.parameters.size() > 2;
  if (has_warmup) warmup_name = call.parameters[2].as<StringLiteral>()->value;
  const Warmup warmup = warmup_name == "simple" ? Warmup::kSimple : Warmup::kExponential;
  switch (call.function) {
    case Function::kExponentialMovingAverage:
      return std::make_unique<AverageChain>(1, period, warmup);
    case Function::kDoubleExponentialMovingAverage:
      return std::make_unique<AverageChain>(2, period, warmup);
    case Function::kTripleExponentialMovingAverage:
      return std::make_unique<AverageChain>(3, period, warmup);
    case Function::kTripleExponentialDerivative:
      return std::make_unique<TripleDerivative>(period, warmup);
    case Function::kRelativeStrengthIndex:
      return std::make_unique<RisesAndFalls>(RisesAndFalls::Form::kStrength, period, warmup);
    case Function::kChandeMomentumOscillator:
      if (!has_warmup || warmup_name == "none") return std::make_unique<PlainMomentum>(period);
      return std::make_unique<RisesAndFalls>(RisesAndFalls::Form::kMomentum, period, warmup);
    case Function::kKaufmansEfficiencyRatio:
      return std::make_unique<EfficiencyRatio>(period);
    default:
      return std::make_unique<AdaptiveAverage>(period);
  }
}

bool drops_infinities(Function function) {
  return function == Function::kTripleExponentialDerivative ||
         function == Function::kKaufmansEfficiencyRatio ||
         function == Function::kKaufmansAdaptiveMovingAverage;
}

}  // namespace

bool is_technical(Function function) {
  return function >= Function::kExponentialMovingAverage &&
         function <= Function::kKaufmansAdaptiveMovingAverage;
}

Points apply_technical(const FunctionCall& call, const Points& points) {
  const std::unique_ptr<Indicator> indicator = make_indicator(call);
  int64_t hold = call.integer(1, -1);
  if (hold == -1) hold = indicator->warm_count();
  const ColumnVector values = cast_column(points.values.view(), ValueType::kFloat64);
  const auto cells = values.view().as<double>();
  Points result(ValueType::kFloat64);
  for (size_t row = 0; row < points.size(); ++row) {
    const double value = indicator->add(cells[row]);
    if (static_cast<int64_t>(row) < hold) continue;
    if (std::isinf(value) && drops_infinities(call.function)) continue;
    result.times_ns.push_back(points.times_ns[row]);
    result.values.append_f64(value);
  }
  return result;
}

}  // namespace varve::influxql
