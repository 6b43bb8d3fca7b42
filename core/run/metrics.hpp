#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beckon::run {

// What a program counts, told as OpenMetrics 1.0 text. Passed to whoever counts; there is no global one. Everything on
// one executor. A counter once given stays where it is as long as the Metrics live, so who counts often keeps it.
class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  class Counter {
   public:
    void add(std::uint64_t count = 1) { value_ += count; }
    std::uint64_t value() const { return value_; }

   private:
    std::uint64_t value_ = 0;
  };

  // How long something took. Bounds from 100 us (a call on the LAN) to 10 s (the usual deadline of a call).
  class Histogram {
   public:
    static constexpr std::array bounds{1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2,
                                       5e-2, 0.1,    0.25, 0.5,  1.0,    2.5,  5.0,  10.0};  // seconds
    void observe(std::chrono::nanoseconds time);
    const auto& counts() const { return counts_; }
    std::chrono::nanoseconds sum() const { return sum_; }

   private:
    std::array<std::uint64_t, bounds.size() + 1> counts_{};  // the last: above all bounds
    std::chrono::nanoseconds sum_{0};
  };

  // Names are those of OpenMetrics without its suffixes ("beckon_calls", not "beckon_calls_total"). The same name and
  // labels give the same one. At most mostSeries of a name: what is beyond counts together, with "other" for each
  // label.
  static constexpr std::size_t mostSeries = 1000;
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {});
  // Asked for when somebody looks. `read` gives every series that there is at that moment; it lives as long as these.
  struct Sample {
    Labels labels;
    double value = 0;
  };
  void gauge(const std::string& name, const std::string& help, std::function<std::vector<Sample>()> read);

  static constexpr std::string_view contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  std::string text() const;

 private:
  template <class T>
  struct Family {
    std::string help;
    std::map<Labels, T> series;
  };
  template <class T>
  static T& series(std::map<std::string, Family<T>>& families, const std::string& name, const std::string& help,
                   const Labels& labels);

  std::map<std::string, Family<Counter>> counters_;
  std::map<std::string, Family<Histogram>> histograms_;
  std::map<std::string, std::pair<std::string, std::function<std::vector<Sample>()>>> gauges_;
};

}  // namespace beckon::run
