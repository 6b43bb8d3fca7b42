#include "localbus/object_table.hpp"

#include "tests/localbus/object_sample.hpp"
#include "tests/localbus/played.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// References to objects as they stand on the wire.
namespace beckon::localbus {
namespace {

using qi::MessageType;
using qi::ObjectRef;
using test::Counter;
using test::Frame;
using test::ObjectsBus;
using test::Proxy;
using test::RawPeer;
using test::sampleService;
using testing::HasSubstr;

constexpr std::uint32_t firstArgument = 0x80000000;
constexpr const char* notHandled = "The call request could not be handled.";

class ObjectTableTest : public testing::Test {
 protected:
  static qi::Address at(const ObjectRef& object, std::uint32_t action) {
    return {object.service, object.object, action};
  }
  ObjectRef get(RawPeer& peer, qi::ObjectFormat format = {}) {
    return read(peer.ask(ObjectsBus::member(ids.get)), format);
  }
  static ObjectRef read(const Frame& frame, qi::ObjectFormat format = {}) {
    return qi::decode<ObjectRef>(frame.payload, format).value();
  }
  // An object that a raw client hosts under a number.
  ObjectRef hosted(std::uint32_t number) const {
    ObjectRef object;
    object.metaObject = std::make_shared<const qi::MetaObject>(bus.service.counter.object->metaObject());
    object.service = sampleService;
    object.object = number;
    return object;
  }
  void terminate(RawPeer& peer, const ObjectRef& object) {
    peer.send({99, 0, 0, MessageType::post, 0, at(object, qi::action::terminate)}, qi::encode(std::uint32_t{0}));
  }

  ObjectsBus bus;
  Counter& counter = bus.service.counter;
  const decltype(bus.service.ids)& ids = bus.service.ids;
};

TEST_F(ObjectTableTest, givesEachReturnOfAnObjectANumberOfItsOwn) {
  auto peer = bus.raw();
  const auto one = get(peer), other = get(peer);
  EXPECT_EQ(one.service, sampleService);
  EXPECT_GE(one.object, 3u);
  EXPECT_GT(other.object, one.object);
  EXPECT_LT(other.object, firstArgument);
  EXPECT_EQ(one.uid, other.uid);
  EXPECT_EQ(one.uid, counter.object->uid());
  EXPECT_EQ(*one.metaObject, counter.object->metaObject());
  EXPECT_EQ(peer.ask(at(one, counter.ids.add), qi::encode(1)).as<int>(), 1);
  EXPECT_EQ(peer.ask(at(other, counter.ids.add), qi::encode(1)).as<int>(), 2);
}

TEST_F(ObjectTableTest, givesNoOtherObjectTheSameUid) {
  Counter other;
  EXPECT_NE(other.object->uid(), counter.object->uid());
  EXPECT_NE(other.object->uid(), qi::ObjectUid{});
}

TEST_F(ObjectTableTest, numbersArgumentsApartFromResults) {
  test::Played played;
  auto server = played.begin();
  const auto service =
      std::make_shared<RemoteObject>(played.connection, sampleService, qi::mainObject, "Objects",
                                     std::make_shared<const qi::MetaObject>(bus.service.object->metaObject()));
  std::set<std::uint32_t> numbers;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(service->post("keep", test::tuple(counter.object)));
    const auto sent = read(server.message());
    EXPECT_EQ(sent.service, sampleService);
    EXPECT_GE(sent.object, firstArgument);
    numbers.insert(sent.object);
    // Who was called calls back.
    const auto answer = server.ask(at(sent, counter.ids.add), qi::encode(1));
    EXPECT_EQ(answer.as<int>(), i + 1);
  }
  EXPECT_EQ(numbers.size(), 2u);
  played.connection->close({run::Code::connectionLost, "done", {}});
}

TEST_F(ObjectTableTest, endsAnObjectByPostOrByCall) {
  auto peer = bus.raw();
  const auto posted = get(peer), called = get(peer);
  terminate(peer, posted);
  EXPECT_EQ(peer.ask(at(posted, counter.ids.add), qi::encode(1)).errorText(), notHandled);
  const auto answer = peer.ask(at(called, qi::action::terminate), qi::encode(std::uint32_t{0}));
  EXPECT_EQ(answer.header.type, MessageType::reply);
  EXPECT_TRUE(answer.payload.empty());
  EXPECT_EQ(peer.ask(at(called, qi::action::terminate), qi::encode(std::uint32_t{0})).errorText(), notHandled);
  EXPECT_EQ(bus.lastEnd->objects().size(), 0u);
  EXPECT_EQ(counter.total, 0);
}

TEST_F(ObjectTableTest, refusesToEndAMainObject) {
  auto peer = bus.raw();
  terminate(peer, hosted(qi::mainObject));
  EXPECT_EQ(peer.ask(ObjectsBus::member(qi::action::terminate), qi::encode(std::uint32_t{0})).errorText(),
            "a service's main object cannot be terminated");
  EXPECT_GE(get(peer).object, 3u);
}

TEST_F(ObjectTableTest, keepsOneConnectionsObjectsFromAnother) {
  auto peer = bus.raw(), other = bus.raw();
  const auto object = get(peer);
  EXPECT_EQ(other.ask(at(object, counter.ids.add), qi::encode(1)).errorText(), notHandled);
  EXPECT_EQ(other.ask(at(object, qi::action::terminate), qi::encode(std::uint32_t{0})).errorText(), notHandled);
  EXPECT_EQ(peer.ask(at(object, counter.ids.add), qi::encode(1)).as<int>(), 1);
}

TEST_F(ObjectTableTest, sendsTheNullObjectAsNumberZero) {
  auto peer = bus.raw();
  const auto none = read(peer.ask(ObjectsBus::member(ids.none)));
  EXPECT_EQ(none.object, 0u);
  EXPECT_EQ(none.service, sampleService);
  EXPECT_EQ(*none.metaObject, qi::MetaObject());
  EXPECT_EQ(peer.ask(at(none, counter.ids.add), qi::encode(1)).errorText(), notHandled);
}

TEST_F(ObjectTableTest, tellsClientsWithTheSameNumberApart) {
  RawPeer peers[] = {bus.raw(), bus.raw()};
  const auto object = hosted(firstArgument);
  std::uint32_t calls[2];
  for (int i = 0; i < 2; ++i) calls[i] = peers[i].call(ObjectsBus::member(ids.use), qi::encodeAll({}, object, i));
  for (int i : {1, 0}) {
    auto asked = peers[i].message();
    EXPECT_EQ(asked.header.type, MessageType::call);
    EXPECT_EQ(asked.header.address, at(object, counter.ids.add));
    EXPECT_EQ(asked.as<int>(), i);
    asked.header.type = MessageType::reply;
    peers[i].send(asked.header, qi::encode(10 + i));
    const auto answer = peers[i].message();
    EXPECT_EQ(answer.header.id, calls[i]);
    EXPECT_EQ(answer.as<int>(), 10 + i);
    // Needed no more.
    const auto end = peers[i].message();
    EXPECT_EQ(end.header.type, MessageType::post);
    EXPECT_EQ(end.header.address, at(object, qi::action::terminate));
  }
}

TEST_F(ObjectTableTest, letsGoOfArgumentsOfACallThatCannotBeRead) {
  auto peer = bus.raw();
  const auto object = hosted(firstArgument + 5);
  const auto id = peer.call(ObjectsBus::member(ids.use), qi::encode(object));  // its number is missing
  // In whatever order.
  bool isAnswered = false, isEnded = false;
  for (int i = 0; i < 2; ++i) {
    const auto next = peer.message();
    if (next.header.type == MessageType::error && next.header.id == id) {
      isAnswered = true;
      EXPECT_EQ(next.errorText(), "ISerialization error Status Read Past End");
    } else {
      isEnded = next.header.address == at(object, qi::action::terminate);
    }
  }
  EXPECT_TRUE(isAnswered && isEnded);
}

TEST_F(ObjectTableTest, sendsAMetaObjectOnceWhereBothKeepThem) {
  const auto caching = test::capabilitiesWith(qi::capability::metaObjectCache, true);
  const qi::ObjectFormat format{.metaObjectCache = true, .uid = true};
  auto peer = bus.raw(caching, caching);
  const auto first = get(peer, format), second = get(peer, format);
  ASSERT_TRUE(first.metaObject);
  EXPECT_EQ(first.cacheId, 1u);
  EXPECT_FALSE(second.metaObject);
  EXPECT_EQ(second.cacheId, 1u);
  EXPECT_NE(first.object, second.object);
  EXPECT_EQ(peer.ask(at(second, counter.ids.add), qi::encode(1)).as<int>(), 1);
  // The cache is the connection's own, and only of those where both have it.
  auto other = bus.raw(caching, caching);
  EXPECT_TRUE(get(other, format).metaObject);
  auto without = bus.raw(caching);
  EXPECT_EQ(get(without).uid, counter.object->uid());
}

TEST_F(ObjectTableTest, findsAMetaObjectThatItKept) {
  const auto caching = test::capabilitiesWith(qi::capability::metaObjectCache, true);
  const auto client = bus.open(bus.join(caching, caching));
  const auto first = bus.fetch(client, "get"), second = bus.fetch(client, "get");
  EXPECT_EQ(second->metaObject(), counter.object->metaObject());
  EXPECT_EQ(bus.add(first, 1) + bus.add(second, 1), 3);
  Counter mine;
  for (int i : {1, 2}) EXPECT_EQ(qi::fromValue<int>(bus.call(client, "use", mine.object, 1).value()).value(), i);
}

TEST_F(ObjectTableTest, refusesAMetaObjectThatItNeverGot) {
  const auto caching = test::capabilitiesWith(qi::capability::metaObjectCache, true);
  const qi::ObjectFormat format{.metaObjectCache = true, .uid = true};
  auto peer = bus.raw(caching, caching);
  auto object = hosted(firstArgument);
  object.metaObject = nullptr;
  object.cacheId = 77;
  const auto answer = peer.ask(ObjectsBus::member(ids.keep), qi::encode(object, format));
  EXPECT_EQ(answer.header.type, MessageType::error);
  EXPECT_FALSE(answer.errorText().empty());
  EXPECT_EQ(bus.service.kept, nullptr);
  EXPECT_TRUE(get(peer, format).metaObject);
}

TEST_F(ObjectTableTest, keepsNoMoreMetaObjectsThanItsLimit) {
  const auto caching = test::capabilitiesWith(qi::capability::metaObjectCache, true);
  const qi::ObjectFormat format{.metaObjectCache = true, .uid = true};
  auto peer = bus.raw(caching, caching);
  auto object = hosted(0);  // nothing to let go of
  object.metaObject = std::make_shared<const qi::MetaObject>();
  std::vector<ObjectRef> refs;
  for (object.cacheId = 1; object.cacheId <= qi::limits::maxMetaObjects; ++object.cacheId) refs.push_back(object);
  const auto relay = [&](const std::vector<ObjectRef>& all) {
    return peer.ask(ObjectsBus::member(ids.count), qi::encodeAll(format, all, std::map<std::string, std::uint8_t>(),
                                                                 std::string(), object, qi::Value(qi::Dynamic{})));
  };
  --object.cacheId;
  EXPECT_EQ(relay(refs).as<int>(), static_cast<int>(qi::limits::maxMetaObjects));
  ++object.cacheId;
  EXPECT_THAT(relay({object}).errorText(), HasSubstr("the peer wants more than 1024 meta objects to be kept"));
  object.cacheId = ObjectRef::notCached;
  EXPECT_EQ(relay({object}).as<int>(), 1);
}

TEST_F(ObjectTableTest, leavesTheUidOutWhereOneSideDoesNotWantIt) {
  const auto plain = test::capabilitiesWith(qi::capability::objectPtrUid, false);
  auto peer = bus.raw(plain), usual = bus.raw();
  const auto answer = peer.ask(ObjectsBus::member(ids.get));
  EXPECT_EQ(answer.payload.size() + sizeof(qi::ObjectUid), usual.ask(ObjectsBus::member(ids.get)).payload.size());
  const auto object = read(answer, {.uid = false});
  EXPECT_EQ(peer.ask(at(object, counter.ids.add), qi::encode(1)).as<int>(), 1);

  const auto client = bus.open(bus.join(plain));
  const auto proxy = bus.fetch(client, "get");
  EXPECT_EQ(proxy->uid(), qi::ObjectUid{});
  EXPECT_EQ(bus.add(proxy, 1), 2);
}

TEST_F(ObjectTableTest, refusesMoreObjectsThanItsLimitUntilOneIsTerminated) {
  auto peer = bus.raw();
  const auto before = get(peer);
  const auto left = static_cast<std::uint32_t>(qi::limits::maxObjects);
  // One more than there is room for: the last is null.
  const auto many = qi::decode<std::vector<ObjectRef>>(peer.ask(ObjectsBus::member(ids.many), qi::encode(left)).payload,
                                                       qi::ObjectFormat{})
                        .value();
  ASSERT_EQ(many.size(), left);
  EXPECT_GT(many[left - 2].object, before.object);
  EXPECT_EQ(many[left - 1].object, 0u);
  EXPECT_EQ(bus.lastEnd->objects().size(), qi::limits::maxObjects);
  EXPECT_EQ(peer.ask(ObjectsBus::member(ids.get)).errorText(),
            "this connection has 65536 objects that it did not terminate");
  // Others, and calls that return none, go on.
  EXPECT_EQ(peer.ask(at(before, counter.ids.add), qi::encode(1)).as<int>(), 1);
  auto other = bus.raw();
  EXPECT_NE(get(other).object, 0u);
  terminate(peer, many[7]);
  EXPECT_NE(get(peer).object, 0u);
  EXPECT_EQ(bus.service.speck->releases, 1);
}

}  // namespace
}  // namespace beckon::localbus
