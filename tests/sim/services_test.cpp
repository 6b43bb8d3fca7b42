#include "apps/sim/robot.hpp"
#include "tests/sim/bus.hpp"
#include "tests/sim/manual_clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The simulator's services as a client meets them: over TCP, through a directory, by name. Time is the test's.
namespace beckon::sim {
namespace {

using qi::Value;
using run::Result;
using test::arguments;
using Floats = std::vector<float>;
using Names = std::vector<std::string>;

struct Services : testing::Test {
  test::ManualClock clock;
  test::RobotBus bus;
  Robot robot{clock, "rosie"};
  std::shared_ptr<directory::Session> provider = bus.session(), client;
  std::vector<std::shared_ptr<localbus::RemoteObject::Subscription>> subscriptions;

  Services() {
    for (const auto& [name, service] : robot.services()) bus.await(provider->registerService(name, service)).value();
    client = bus.session();
  }
  ~Services() override {
    subscriptions.clear();
    client->close();
    provider->close();
  }

  void pass(double seconds) {
    clock.advance(seconds);
    robot.advance();
  }
  std::shared_ptr<localbus::RemoteObject> object(const std::string& service) {
    return bus.await(client->service(service)).value();
  }
  template <class... Args>
  Result<Value> call(const std::string& service, const std::string& method, const Args&... args) {
    return bus.await(object(service)->call(method, arguments(args...)));
  }
  template <class T, class... Args>
  T get(const std::string& service, const std::string& method, const Args&... args) {
    return qi::fromValue<T>(call(service, method, args...).value()).value();
  }
  template <class T>
  T data(const std::string& key) {
    return get<T>("ALMemory", "getData", key);
  }
  // Keeps the events of a signal.
  template <class... Args>
  std::shared_ptr<std::vector<std::tuple<Args...>>> watch(const std::string& service, const std::string& signal) {
    auto events = std::make_shared<std::vector<std::tuple<Args...>>>();
    subscriptions.push_back(
        bus.await(object(service)->subscribe(signal,
                                             [events](const Value& event) {
                                               events->push_back(qi::fromValue<std::tuple<Args...>>(event).value());
                                             }))
            .value());
    return events;
  }
};

TEST_F(Services, haveTheNamesAndSignaturesOfNaoqi) {
  const std::map<std::string, Names> expected{
      {"ALMotion",
       {"wakeUp::v()", "rest::v()", "robotIsWakeUp::b()", "move::v(fff)", "move::v(fffm)", "moveToward::v(fff)",
        "moveToward::v(fffm)", "moveTo::v(fff)", "moveTo::v(ffff)", "moveTo::v(fffm)", "moveTo::v(ffffm)",
        "moveInit::v()", "waitUntilMoveIsFinished::v()", "moveIsActive::b()", "stopMove::v()",
        "getRobotPosition::[f](b)", "getRobotVelocity::[f]()"}},
      {"ALTextToSpeech",
       {"say::v(s)", "say::v(ss)", "stopAll::v()", "setLanguage::v(s)", "getLanguage::s()",
        "getAvailableLanguages::[s]()", "getSupportedLanguages::[s]()", "setVolume::v(f)", "getVolume::f()",
        "setParameter::v(sf)", "getParameter::f(s)"}},
      {"ALMemory",
       {"declareEvent::v(s)",     "getData::m(s)",          "getData::m(si)",       "getTimestamp::m(s)",
        "getDataList::[s](s)",    "getDataListName::[s]()", "getEventList::[s]()",  "getMicroEventList::[s]()",
        "getListData::m(m)",      "getType::s(s)",          "insertData::v(si)",    "insertData::v(sf)",
        "insertData::v(ss)",      "insertData::v(sm)",      "insertListData::v(m)", "raiseEvent::v(sm)",
        "raiseMicroEvent::v(sm)", "removeData::v(s)",       "removeEvent::v(s)",    "removeMicroEvent::v(s)"}},
      {"ALBattery", {"getBatteryCharge::i()"}},
      {"ALVideoDevice",
       {"subscribeCamera::s(siiii)", "unsubscribe::b(s)", "getSubscribers::m()", "getCameraIndexes::m()",
        "getFrameRate::i(s)", "getActiveCamera::i(s)", "getResolution::i(s)", "getColorSpace::i(s)",
        "getImageLocal::m(s)", "getImageRemote::m(s)", "releaseImage::b(s)"}}};
  for (const auto& [service, members] : expected) {
    Names found;
    for (const auto& [id, method] : object(service)->metaObject().methods)
      if (!qi::isHidden(id, method.name))
        found.push_back(method.name + "::" + method.returnSignature + method.parametersSignature);
    EXPECT_EQ(found, members) << service;
  }
}

TEST_F(Services, aMoveChangesThePosition) {
  EXPECT_EQ(get<Floats>("ALMotion", "getRobotPosition", true), (Floats{0, 0, 0}));
  ASSERT_TRUE(call("ALMotion", "moveToward", 1.0f, 0.0f, 0.0f));
  EXPECT_TRUE(get<bool>("ALMotion", "moveIsActive"));
  clock.advance(2);  // a call looks at the clock itself
  EXPECT_FLOAT_EQ(get<Floats>("ALMotion", "getRobotPosition", true)[0], 0.7f);
  EXPECT_FLOAT_EQ(get<Floats>("ALMotion", "getRobotVelocity")[0], 0.35f);
  ASSERT_TRUE(call("ALMotion", "stopMove"));
  pass(2);
  EXPECT_FLOAT_EQ(get<Floats>("ALMotion", "getRobotPosition", true)[0], 0.7f);
  EXPECT_FALSE(get<bool>("ALMotion", "moveIsActive"));
}

TEST_F(Services, moveToAnswersOnArrivalOrWhenItIsStopped) {
  const auto motion = object("ALMotion");
  const auto arriving = bus.start(motion->call("moveTo", arguments(0.35f, 0.0f, 0.0f)));
  ASSERT_TRUE(bus.runUntil([&] { return robot.motion().isMoving(); }));
  pass(0.5);
  EXPECT_TRUE(get<bool>("ALMotion", "moveIsActive"));
  EXPECT_FALSE(*arriving);
  pass(0.51);
  ASSERT_TRUE(bus.runUntil([&] { return arriving->has_value(); }));
  EXPECT_TRUE(**arriving);

  const auto stopped = bus.start(
      motion->call("moveTo", arguments(9.0f, 0.0f, 0.0f, 100.0f, Value(qi::List{qi::Signature::of("m"), {}}))));
  ASSERT_TRUE(bus.runUntil([&] { return robot.motion().isMoving(); }));
  const auto waiting = bus.start(motion->call("waitUntilMoveIsFinished", arguments()));
  ASSERT_TRUE(call("ALMotion", "stopMove"));
  ASSERT_TRUE(bus.runUntil([&] { return stopped->has_value() && waiting->has_value(); }));
  EXPECT_TRUE(**stopped);
  EXPECT_TRUE(**waiting);
}

TEST_F(Services, aRobotThatRestsSaysWhyItDoesNotMove) {
  const auto events = watch<std::string, Value>("ALMemory", "event");
  ASSERT_TRUE(call("ALMotion", "rest"));
  EXPECT_FALSE(get<bool>("ALMotion", "robotIsWakeUp"));
  EXPECT_FALSE(data<bool>("robotIsWakeUp"));
  const auto refused = call("ALMotion", "moveToward", 1.0f, 0.0f, 0.0f);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().cause, testing::HasSubstr("call ALMotion.wakeUp first"));
  ASSERT_TRUE(call("ALMotion", "wakeUp"));
  EXPECT_TRUE(get<bool>("ALMotion", "robotIsWakeUp"));
  EXPECT_TRUE(call("ALMotion", "moveToward", 1.0f, 0.0f, 0.0f, Value(qi::List{qi::Signature::of("m"), {}})));
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ(std::get<0>(events->front()), "robotIsWakeUp");
}

TEST_F(Services, whatWasSaidIsWhatIsReported) {
  const auto done = watch<std::int32_t, std::string>("ALTextToSpeech", "textDone");
  const auto started = watch<std::int32_t, std::string>("ALTextToSpeech", "textStarted");
  const auto speech = object("ALTextToSpeech");
  const auto first = bus.start(speech->call("say", arguments(std::string("Hello"))));
  const auto second = bus.start(speech->call("say", arguments(std::string("Bonjour"), std::string("French"))));
  ASSERT_TRUE(bus.runUntil([&] { return !started->empty(); }));
  EXPECT_EQ(data<std::string>("ALTextToSpeech/CurrentSentence"), "Hello");
  EXPECT_TRUE(data<bool>("ALTextToSpeech/TextStarted"));
  EXPECT_FALSE(*first);
  pass(SpeechModel::pauseSeconds + 5 * SpeechModel::secondsPerCharacter + 0.01);
  ASSERT_TRUE(bus.runUntil([&] { return first->has_value() && started->size() == 2; }));
  EXPECT_FALSE(*second);
  EXPECT_EQ(data<std::string>("ALTextToSpeech/CurrentSentence"), "Bonjour");
  pass(10);
  ASSERT_TRUE(bus.runUntil([&] { return second->has_value() && done->size() == 2; }));
  EXPECT_THAT(*done, testing::ElementsAre(std::tuple(1, "Hello"), std::tuple(2, "Bonjour")));
  EXPECT_TRUE(data<bool>("ALTextToSpeech/TextDone"));
  const auto status = data<std::tuple<std::int32_t, std::string>>("ALTextToSpeech/Status");
  EXPECT_EQ(status, std::tuple(2, "done"));
}

TEST_F(Services, stopAllInterruptsAndAnswersTheCallers) {
  const auto said = bus.start(object("ALTextToSpeech")->call("say", arguments(std::string(1000, 'x'))));
  const auto started = watch<std::int32_t, std::string>("ALTextToSpeech", "textStarted");
  ASSERT_TRUE(call("ALTextToSpeech", "stopAll"));
  ASSERT_TRUE(bus.runUntil([&] { return said->has_value(); }));
  EXPECT_TRUE(**said);
  EXPECT_TRUE(data<bool>("ALTextToSpeech/TextInterrupted"));
}

TEST_F(Services, speechHasALanguageASpeedAndAVolume) {
  const auto languages = watch<std::string>("ALTextToSpeech", "languageTTS");
  ASSERT_TRUE(call("ALTextToSpeech", "setLanguage", std::string("French")));
  EXPECT_EQ(get<std::string>("ALTextToSpeech", "getLanguage"), "French");
  EXPECT_THAT(get<Names>("ALTextToSpeech", "getAvailableLanguages"), testing::Contains("French"));
  EXPECT_FALSE(call("ALTextToSpeech", "setLanguage", std::string("Klingon")));
  EXPECT_THAT(*languages, testing::ElementsAre(std::tuple("French")));

  ASSERT_TRUE(call("ALTextToSpeech", "setParameter", std::string("speed"), 200.0f));
  EXPECT_EQ(get<float>("ALTextToSpeech", "getParameter", std::string("speed")), 200);
  EXPECT_FALSE(call("ALTextToSpeech", "getParameter", std::string("doubleVoice")));

  const auto volumes = watch<float>("ALTextToSpeech", "volume");
  ASSERT_TRUE(call("ALTextToSpeech", "setVolume", 0.25f));
  EXPECT_EQ(get<float>("ALTextToSpeech", "getVolume"), 0.25f);
  EXPECT_FALSE(call("ALTextToSpeech", "setVolume", 1.5f));
  const auto speech = object("ALTextToSpeech");
  EXPECT_TRUE(bus.await(speech->setProperty("volume", 0.5)));
  EXPECT_FALSE(bus.await(speech->setProperty("volume", -0.5)));
  EXPECT_EQ(get<float>("ALTextToSpeech", "getVolume"), 0.5f);
  EXPECT_THAT(*volumes, testing::ElementsAre(std::tuple(0.25f), std::tuple(0.5f)));
}

TEST_F(Services, theBatteryEmptiesOnTheMoveAndTellsIt) {
  const auto charges = watch<std::int32_t>("ALBattery", "charge");
  EXPECT_EQ(get<int>("ALBattery", "getBatteryCharge"), 100);
  ASSERT_TRUE(call("ALMotion", "move", 0.1f, 0.0f, 0.0f));
  for (int i = 0; i < 12; ++i) pass(1);
  ASSERT_TRUE(bus.runUntil([&] { return charges->size() == 3; }));
  EXPECT_THAT(*charges, testing::ElementsAre(std::tuple(99), std::tuple(98), std::tuple(97)));
  EXPECT_FLOAT_EQ(data<float>("Device/SubDeviceList/Battery/Charge/Sensor/Value"), 0.97f);
  EXPECT_EQ(data<int>("BatteryChargeChanged"), 97);
  EXPECT_EQ(qi::fromValue<int>(bus.await(object("ALBattery")->property("charge")).value()).value(), 97);
  const auto refused = bus.await(object("ALBattery")->setProperty("charge", 100));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().cause, testing::HasSubstr("cannot be set"));
}

TEST_F(Services, anEmptyRobotRestsAndIsCharged) {
  ASSERT_TRUE(call("ALMotion", "moveToward", 1.0f, 0.0f, 0.0f));
  pass(1000);
  EXPECT_EQ(get<int>("ALBattery", "getBatteryCharge"), 0);
  EXPECT_FALSE(get<bool>("ALMotion", "robotIsWakeUp"));
  EXPECT_FALSE(data<bool>("BatteryChargingFlagChanged"));
  pass(10);
  EXPECT_EQ(get<int>("ALBattery", "getBatteryCharge"), 5);
  EXPECT_TRUE(data<bool>("BatteryChargingFlagChanged"));
}

TEST_F(Services, memoryKeepsValuesAndTellsEvents) {
  EXPECT_EQ(data<std::string>("Device/DeviceList/ChestBoard/BodyNickName"), "rosie");
  ASSERT_TRUE(call("ALMemory", "insertData", std::string("n"), 5));
  ASSERT_TRUE(call("ALMemory", "insertData", std::string("f"), 2.5f));
  ASSERT_TRUE(call("ALMemory", "insertData", std::string("s"), std::string("text")));
  ASSERT_TRUE(call("ALMemory", "insertData", std::string("l"), Value(qi::toValue(std::vector<int>{1, 2}))));
  EXPECT_EQ(data<int>("n"), 5);
  EXPECT_EQ(data<float>("f"), 2.5f);
  EXPECT_EQ(data<std::string>("s"), "text");
  EXPECT_EQ(data<std::vector<int>>("l"), (std::vector<int>{1, 2}));
  EXPECT_EQ(get<int>("ALMemory", "getData", std::string("n"), 0), 5);
  EXPECT_EQ((get<std::tuple<int, int, int>>("ALMemory", "getTimestamp", std::string("n"))),
            std::tuple(5, 1'700'000'000, 0));
  EXPECT_THAT(get<Names>("ALMemory", "getDataList", std::string("Battery/")),
              testing::ElementsAre("Device/SubDeviceList/Battery/Charge/Sensor/Value"));
  ASSERT_TRUE(call("ALMemory", "removeData", std::string("n")));
  const auto missing = call("ALMemory", "getData", std::string("n"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().cause, testing::HasSubstr("no data \"n\""));

  const auto events = watch<std::string, Value>("ALMemory", "event");
  ASSERT_TRUE(call("ALMemory", "raiseEvent", std::string("FrontTactilTouched"), Value(1.0f)));
  ASSERT_TRUE(call("ALMemory", "raiseMicroEvent", std::string("mine"), Value(std::string("x"))));
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ(std::get<0>((*events)[0]), "FrontTactilTouched");
  EXPECT_EQ(qi::fromValue<float>(std::get<1>((*events)[0])).value(), 1.0f);
  EXPECT_EQ(get<std::string>("ALMemory", "getType", std::string("mine")), "MicroEvent");
  EXPECT_THAT(get<Names>("ALMemory", "getEventList"), testing::Contains("FrontTactilTouched"));
  EXPECT_THAT(get<Names>("ALMemory", "getMicroEventList"), testing::Contains("mine"));
}

TEST_F(Services, memoryTakesAndGivesLists) {
  ASSERT_TRUE(call("ALMemory", "insertListData",
                   std::vector<std::tuple<std::string, Value>>{{"a", Value(1)}, {"b", Value(2)}}));
  const auto values = get<std::vector<Value>>("ALMemory", "getListData", Names{"a", "missing", "b"});
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(qi::fromValue<int>(values[0]).value(), 1);
  EXPECT_TRUE(values[1].inner().as<qi::Void>());
  EXPECT_EQ(qi::fromValue<int>(values[2]).value(), 2);
}

TEST_F(Services, aCameraGivesAnImageInNaoqisLayout) {
  const auto handle = get<std::string>("ALVideoDevice", "subscribeCamera", std::string("me"), 0, 2, 11, 10);
  EXPECT_EQ(handle, "me_0");
  EXPECT_EQ(get<int>("ALVideoDevice", "getResolution", handle), 2);
  const auto image = get<std::vector<Value>>("ALVideoDevice", "getImageRemote", handle);
  ASSERT_EQ(image.size(), 12u);
  const std::vector<int> numbers{640, 480, 3, 11, 1'700'000'000, 0};
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(qi::fromValue<int>(image[i]).value(), numbers[i]) << i;
  const auto* bytes = image[6].inner().as<qi::Bytes>();
  ASSERT_NE(bytes, nullptr);
  EXPECT_EQ(*bytes, testPattern({640, 480}, ColorSpace::rgb, 0, 17'000'000'000));
  EXPECT_EQ(qi::fromValue<int>(image[7]).value(), 0);
  EXPECT_TRUE(get<bool>("ALVideoDevice", "releaseImage", handle));
  EXPECT_TRUE(get<bool>("ALVideoDevice", "unsubscribe", handle));
  EXPECT_FALSE(get<bool>("ALVideoDevice", "unsubscribe", handle));
  const auto refused = call("ALVideoDevice", "getImageRemote", handle);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().cause, testing::HasSubstr("subscribeCamera"));
}

}  // namespace
}  // namespace beckon::sim
