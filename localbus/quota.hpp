#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace beckon::localbus {

// How many of something may be there at a time. A place that was taken is given back by its end, which may come after
// that of the quota. Used on one executor only.
class Quota {
 public:
  class Place {
   public:
    explicit Place(std::shared_ptr<std::size_t> taken) : taken_(std::move(taken)) { ++*taken_; }
    Place(Place&&) noexcept = default;
    Place& operator=(Place&& other) noexcept {
      std::swap(taken_, other.taken_);
      return *this;
    }
    ~Place() {
      if (taken_) --*taken_;
    }

   private:
    std::shared_ptr<std::size_t> taken_;
  };

  explicit Quota(std::size_t most) : most_(most) {}
  // None when all are taken.
  std::optional<Place> take() {
    if (!taken_) taken_ = std::make_shared<std::size_t>(0);
    if (*taken_ >= most_) return {};
    return Place(taken_);
  }

 private:
  std::size_t most_;
  std::shared_ptr<std::size_t> taken_;  // once it is asked for: most connections subscribe to nothing
};

}  // namespace beckon::localbus
