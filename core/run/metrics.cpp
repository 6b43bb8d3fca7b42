#include "core/run/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace beckon::run {
namespace {

// A label's value or a help text: these three are escaped (OpenMetrics, "ABNF").
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

class Writer {
 public:
  void family(const std::string& name, std::string_view type, const std::string& help) {
    fmt::format_to(std::back_inserter(text_), "# TYPE {0} {1}\n# HELP {0} {2}\n", name, type, escaped(help));
  }
  template <class Value>
  void sample(const std::string& name, std::string_view suffix, const Metrics::Labels& labels, Value value,
              std::string_view bound = {}) {
    text_ += name;
    text_ += suffix;
    char mark = '{';
    const auto label = [&](std::string_view key, std::string_view of) {
      fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", std::exchange(mark, ','), key, escaped(of));
    };
    for (const auto& [key, of] : labels) label(key, of);
    if (!bound.empty()) label("le", bound);
    if (mark == ',') text_ += '}';
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }
  std::string finish() {
    text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  std::string text_;
};

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void Metrics::Histogram::observe(std::chrono::nanoseconds time) {
  const auto bound = std::ranges::lower_bound(bounds, seconds(time));
  ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
  sum_ += time;
}

template <class T>
T& Metrics::series(std::map<std::string, Family<T>>& families, const std::string& name, const std::string& help,
                   const Labels& labels) {
  auto& family = families.try_emplace(name, Family<T>{help, {}}).first->second;
  if (family.series.size() < mostSeries || family.series.contains(labels)) return family.series[labels];
  auto others = labels;
  for (auto& [key, value] : others) value = "other";
  return family.series[others];
}

Metrics::Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return series(counters_, name, help, labels);
}

Metrics::Histogram& Metrics::histogram(const std::string& name, const std::string& help, const Labels& labels) {
  return series(histograms_, name, help, labels);
}

void Metrics::gauge(const std::string& name, const std::string& help, std::function<std::vector<Sample>()> read) {
  gauges_[name] = {help, std::move(read)};
}

std::string Metrics::text() const {
  Writer out;
  for (const auto& [name, family] : counters_) {
    out.family(name, "counter", family.help);
    for (const auto& [labels, counter] : family.series) out.sample(name, "_total", labels, counter.value());
  }
  for (const auto& [name, gauge] : gauges_) {
    out.family(name, "gauge", gauge.first);
    for (const auto& sample : gauge.second()) out.sample(name, "", sample.labels, sample.value);
  }
  for (const auto& [name, family] : histograms_) {
    out.family(name, "histogram", family.help);
    for (const auto& [labels, histogram] : family.series) {
      std::uint64_t count = 0;  // of this bucket and those below
      for (std::size_t i = 0; i < Histogram::bounds.size(); ++i) {
        count += histogram.counts()[i];
        out.sample(name, "_bucket", labels, count, fmt::format("{}", Histogram::bounds[i]));
      }
      count += histogram.counts().back();
      out.sample(name, "_bucket", labels, count, "+Inf");
      out.sample(name, "_count", labels, count);
      out.sample(name, "_sum", labels, seconds(histogram.sum()));
    }
  }
  return out.finish();
}

}  // namespace beckon::run
