#include "localbus/pool.hpp"

#include <algorithm>
#include <bit>

namespace beckon::localbus {

using qi::limits::maxPool;
using qi::limits::maxPoolSlabs;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::size_t granule = 64 * 1024;

// A quarter of leeway, so that pictures of about one size fit each other's slabs. Costs addresses, not memory: pages
// that nobody touches are not there.
std::size_t slabSize(std::size_t wanted) {
  const std::size_t step = std::max(granule, std::bit_floor(wanted) / 4);
  return std::min((wanted + step - 1) / step * step, maxPool);
}

}  // namespace

// Marks a slab as held for as long as it lives.
struct Pool::Hold {
  explicit Hold(std::shared_ptr<Slab> held) : slab(std::move(held)) { slab->isHeld = true; }
  ~Hold() { slab->isHeld.store(false, std::memory_order_release); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  std::shared_ptr<Slab> slab;
};

Pool::~Pool() = default;

Pool::Slab* Pool::findFree(std::size_t from, std::size_t to) {
  const auto found = std::ranges::find_if(slabs_, [&](const auto& slab) {
    return slab->isFree() && slab->bytes().size() >= from && slab->bytes().size() <= to;
  });
  if (found == slabs_.end()) return nullptr;
  slabs_.splice(slabs_.begin(), slabs_, found);
  return slabs_.front().get();
}

Pool::Slab* Pool::makeSlab(std::size_t size) {
  if (slabs_.size() >= maxPoolSlabs || size_ + size > maxPool) return nullptr;
  auto made = SharedMemory::make(size);
  if (!made) return nullptr;
  const auto slab = std::make_shared<Slab>();
  slab->number = ++lastNumber_;
  slab->memory = std::move(made->memory);
  slabs_.push_front(slab);
  size_ += size;
  notices_.push_back({pool::slabType, qi::encode(pool::Offer(slab->number, static_cast<std::uint32_t>(size))),
                      std::move(made->descriptor)});
  return slab.get();
}

Pool::Slab* Pool::slabFor(std::size_t size, TimePoint now) {
  const std::size_t fitting = slabSize(size);
  if (fitting < size) return nullptr;
  auto* slab = findFree(size, 2 * fitting);
  if (!slab) slab = makeSlab(fitting);
  if (!slab) slab = findFree(size, maxPool);
  if (!slab) {
    drop([](const Slab& each) { return each.isFree(); });
    slab = makeSlab(fitting);
  }
  if (slab) slab->usedLast = now;
  return slab;
}

PoolBuffer Pool::take(std::size_t size, bool isShared, TimePoint now) {
  if (isShared && size >= pool::threshold && slabFor(headroom + size, now)) {
    const auto& slab = slabs_.front();
    return {slab->bytes().subspan(headroom, size), std::make_shared<const Hold>(slab), true};
  }
  const auto bytes = std::make_shared<qi::Bytes>(size);
  return {*bytes, bytes, false};
}

std::optional<pool::Reference> Pool::lend(const Payload& payload, TimePoint now) {
  const auto lentAt = [&](Slab& slab, std::size_t offset) {
    slab.isLent = true;
    slab.usedLast = now;
    return pool::Reference(slab.number, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(payload.size()));
  };
  if (!payload.raw.empty() && payload.bytes.size() <= headroom)
    for (const auto& slab : slabs_)
      if (!slab->isLent && payload.raw.data() == slab->bytes().data() + headroom) {
        const std::size_t offset = headroom - payload.bytes.size();
        Payload(payload.bytes).copyTo(slab->bytes().data() + offset);
        return lentAt(*slab, offset);
      }
  auto* const slab = slabFor(payload.size(), now);
  if (!slab) return {};
  payload.copyTo(slab->bytes().data());
  return lentAt(*slab, 0);
}

Result<> Pool::handedBack(qi::ByteView payload, TimePoint now) {
  const auto number = qi::decode<std::uint32_t>(payload);
  if (!number) return number.error();
  const auto found = std::ranges::find_if(slabs_, [&](const auto& slab) { return slab->number == *number; });
  if (found == slabs_.end() || !(*found)->isLent)
    return Error{Code::protocolError, "the peer hands back a slab that it does not have", {}};
  (*found)->isLent = false;
  (*found)->usedLast = now;
  slabs_.splice(slabs_.begin(), slabs_, found);
  return {};
}

void Pool::dropIdle(TimePoint now) {
  drop([now](const Slab& slab) { return slab.isFree() && now - slab.usedLast >= idleTime; });
}

template <class Predicate>
void Pool::drop(const Predicate& which) {
  std::erase_if(slabs_, [&](const std::shared_ptr<Slab>& slab) {
    if (!which(*slab)) return false;
    size_ -= slab->bytes().size();
    notices_.push_back({pool::dropType, qi::encode(slab->number), Descriptor()});
    return true;
  });
}

Result<> PeerPool::arrived(Descriptor descriptor) {
  if (waiting_.size() >= maxPoolSlabs)
    return Error{Code::protocolError, "the peer sends file descriptors that nothing is said about", {}};
  waiting_.push_back(std::move(descriptor));
  return {};
}

Result<> PeerPool::offered(qi::ByteView payload) {
  const auto offer = qi::decode<pool::Offer>(payload);
  if (!offer) return offer.error();
  const auto [number, size] = *offer;
  if (waiting_.empty()) return Error{Code::protocolError, "the peer offers a slab without its file descriptor", {}};
  const auto descriptor = std::move(waiting_.front());
  waiting_.erase(waiting_.begin());
  if (slabs_.contains(number)) return Error{Code::protocolError, "the peer offers a slab twice", {}};
  if (size == 0 || slabs_.size() >= maxPoolSlabs || size_ + size > maxPool)
    return Error{Code::protocolError, "the peer's pool is larger than the limit of " + std::to_string(maxPool), {}};
  auto memory = SharedMemory::open(descriptor, size);
  if (!memory) return memory.error();
  size_ += size;
  slabs_.emplace(number, Slab{std::move(*memory)});
  return {};
}

Result<> PeerPool::dropped(qi::ByteView payload) {
  const auto number = qi::decode<std::uint32_t>(payload);
  if (!number) return number.error();
  const auto found = slabs_.find(*number);
  if (found == slabs_.end() || found->second.isBorrowed)
    return Error{Code::protocolError, "the peer drops a slab that is in use or that it does not have", {}};
  size_ -= found->second.memory->bytes().size();
  slabs_.erase(found);
  return {};
}

Result<PeerPool::Borrowed> PeerPool::borrow(qi::ByteView reference, const HandBack& handBack) {
  const auto decoded = qi::decode<pool::Reference>(reference);
  if (!decoded) return decoded.error();
  const auto [number, offset, size] = *decoded;
  const auto found = slabs_.find(number);
  if (found == slabs_.end())
    return Error{Code::protocolError, "the peer sends a payload in a slab that it does not have", {}};
  auto& slab = found->second;
  const auto whole = std::as_const(*slab.memory).bytes();
  if (offset > whole.size() || size > whole.size() - offset)
    return Error{Code::protocolError, "the peer sends a payload that reaches beyond its slab", {}};
  if (slab.isBorrowed) return Error{Code::protocolError, "the peer sends a payload in a slab that is in use", {}};
  struct Loan {
    Loan(std::shared_ptr<const SharedMemory> lent, std::uint32_t slab, HandBack end)
        : memory(std::move(lent)), number(slab), handBack(std::move(end)) {}
    ~Loan() { handBack(number); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    std::shared_ptr<const SharedMemory> memory;
    std::uint32_t number;
    HandBack handBack;
  };
  auto loan = std::make_shared<const Loan>(slab.memory, number, handBack);
  slab.isBorrowed = true;
  return Borrowed{whole.subspan(offset, size), std::move(loan)};
}

void PeerPool::returned(std::uint32_t slab) {
  if (const auto found = slabs_.find(slab); found != slabs_.end()) found->second.isBorrowed = false;
}

}  // namespace beckon::localbus
