#include "apps/cli/command.hpp"

#include <gtest/gtest.h>

namespace beckon::cli {
namespace {

struct Place {
  Verb verb;
  const char *bus, *text;
  const char *robot, *service, *member;
};

TEST(ReadPlace, takesApartWhatTheVerbAsksFor) {
  const Place places[]{
      {Verb::services, "", "nao1", "nao1", "", ""},
      {Verb::services, "", "nao1@robots.example", "nao1@robots.example", "", ""},
      {Verb::info, "", "nao1/ALMotion", "nao1", "ALMotion", ""},
      {Verb::info, "tcp://x", "ALMotion", "", "ALMotion", ""},
      {Verb::info, "tcp://x", "my.service", "", "my.service", ""},
      {Verb::call, "", "nao1@robots.example/ALTextToSpeech.say", "nao1@robots.example", "ALTextToSpeech", "say"},
      {Verb::call, "tcp://x", "ALTextToSpeech.say", "", "ALTextToSpeech", "say"},
      {Verb::call, "tcp://x", "my.service.say", "", "my.service", "say"},
      {Verb::call, "tcp://x", "my.service.say::(s)", "", "my.service", "say::(s)"},
      {Verb::call, "", "nao1/S.m::((ss)<P,a.b,c>)", "nao1", "S", "m::((ss)<P,a.b,c>)"},
      {Verb::get, "", "nao1/ALBattery.charge", "nao1", "ALBattery", "charge"},
      {Verb::set, "tcp://x", "S.volume", "", "S", "volume"},
      {Verb::watch, "tcp://x", "S.spoken", "", "S", "spoken"},
      {Verb::trace, "tcp://x", "S.say", "", "S", "say"},
      {Verb::trace, "tcp://x", "S", "", "S", ""},
      {Verb::stats, "tcp://x", "my.service", "", "my.service", ""},
  };
  for (const auto &place : places) {
    Command command;
    command.verb = place.verb;
    command.bus = place.bus;
    const auto read = readPlace(place.text, command);
    ASSERT_TRUE(read) << place.text << ": " << read.error().cause;
    EXPECT_EQ(command.robot, place.robot) << place.text;
    EXPECT_EQ(command.service, place.service) << place.text;
    EXPECT_EQ(command.member, place.member) << place.text;
  }
}

TEST(ReadPlace, showsTheRightFormOfWhatIsWrong) {
  struct Wrong {
    Verb verb;
    const char *bus, *text, *form, *example;
  };
  const Wrong wrongs[]{
      {Verb::services, "", "", "ROBOT", "nao1"},
      {Verb::services, "", "nao1/ALMotion", "ROBOT", "nao1"},
      {Verb::info, "", "ALMotion", "ROBOT/SERVICE", "nao1/ALTextToSpeech"},
      {Verb::info, "", "nao1/", "ROBOT/SERVICE", "nao1/ALTextToSpeech"},
      {Verb::info, "", "/ALMotion", "ROBOT/SERVICE", "nao1/ALTextToSpeech"},
      {Verb::info, "tcp://x", "nao1/ALMotion", "SERVICE", "ALTextToSpeech"},
      {Verb::info, "tcp://x", "", "SERVICE", "ALTextToSpeech"},
      {Verb::call, "", "ALMotion.stopMove", "ROBOT/SERVICE.MEMBER", "nao1/ALTextToSpeech.say"},
      {Verb::call, "", "nao1/ALMotion", "ROBOT/SERVICE.MEMBER", "nao1/ALTextToSpeech.say"},
      {Verb::call, "tcp://x", "ALMotion", "SERVICE.MEMBER", "ALTextToSpeech.say"},
      {Verb::get, "tcp://x", "S.", "SERVICE.MEMBER", "ALTextToSpeech.say"},
      {Verb::set, "tcp://x", ".volume", "SERVICE.MEMBER", "ALTextToSpeech.say"},
      {Verb::watch, "tcp://x", "say::(a.b)", "SERVICE.MEMBER", "ALTextToSpeech.say"},
      {Verb::trace, "tcp://x", "S.", "SERVICE[.MEMBER]", "ALTextToSpeech.say"},
      {Verb::trace, "tcp://x", "nao1/S", "SERVICE[.MEMBER]", "ALTextToSpeech.say"},
      {Verb::stats, "tcp://x", "nao1/S", "SERVICE", "ALTextToSpeech"},
  };
  for (const auto &wrong : wrongs) {
    Command command;
    command.verb = wrong.verb;
    command.bus = wrong.bus;
    const auto read = readPlace(wrong.text, command);
    ASSERT_FALSE(read) << wrong.text;
    EXPECT_EQ(read.error().code, run::Code::invalidArgument);
    EXPECT_EQ(read.error().cause, "\"" + std::string(wrong.text) + "\" is not of the form " + wrong.form);
    EXPECT_EQ(read.error().nextStep, "write for example " + std::string(wrong.example));
  }
}

TEST(Complete, saysWhatDoesNotGoTogether) {
  struct Wrong {
    Command command;
    const char *place, *cause;
  };
  const auto with = [](Verb verb, const char *bus, std::vector<std::string> arguments = {}) {
    Command command;
    command.verb = verb;
    command.bus = bus;
    command.arguments = std::move(arguments);
    return command;
  };
  const auto onLan = [&](Verb verb, const char *bus = "") {
    auto command = with(verb, bus);
    command.lan = true;
    return command;
  };
  const auto ofAll = [&](const char *bus) {
    auto command = with(Verb::call, bus);
    command.all = "lab-*";
    return command;
  };
  auto patient = with(Verb::call, "");
  patient.time = std::chrono::seconds(61);
  auto secured = with(Verb::services, "");
  secured.tls.insecure = true;
  auto withToken = with(Verb::services, "");
  withToken.tokenFile = "token";
  const Wrong wrongs[]{
      {onLan(Verb::services), "", "--lan is for robots: it lists those of this network"},
      {onLan(Verb::robots, "tcp://x"), "", "--lan is for robots: it lists those of this network"},
      {withToken, "me@robots.local", "a token is for a robot's LAN door"},
      {withToken, ".local", "a token is for a robot's LAN door"},
      {with(Verb::trace, ""), "rosie.local/S", "trace and stats are for a bus"},
      {withToken, "nao1", "a token is for a robot's LAN door"},
      {secured, "nao1", "TLS options are for a bus"},
      {with(Verb::call, "", {"--frob"}), "nao1/S.m", "there is no option --frob"},
      {with(Verb::get, "", {"1"}), "nao1/S.m", "\"1\" is one word too many"},
      {with(Verb::robots, ""), "nao1", "\"nao1\" is one word too many"},
      {with(Verb::services, "tcp://x"), "S", "\"S\" is one word too many"},
      {patient, "nao1/S.m", "by XMPP a robot gives a call 60 seconds at most"},
      {with(Verb::trace, ""), "nao1/S", "trace and stats are for a bus"},
      {with(Verb::stats, ""), "", "trace and stats are for a bus"},
      {with(Verb::trace, "tcp://x", {"1"}), "S", "\"1\" is one word too many"},
      {with(Verb::robots, "tcp://x"), "", "a bus has services, not robots"},
      {ofAll("tcp://x"), "S.m", "--all is for robots by XMPP, and there is --bus, too"},
      {ofAll(""), "nao1/S.m", "\"nao1/S.m\" is not of the form SERVICE.MEMBER"},
      {with(Verb::set, "tcp://x"), "S.p", "set takes one value"},
      {with(Verb::set, "tcp://x", {"1", "2"}), "S.p", "set takes one value"},
  };
  for (auto [command, place, cause] : wrongs) {
    const auto complete = cli::complete(place, command);
    ASSERT_FALSE(complete) << cause;
    EXPECT_EQ(complete.error().cause, cause);
    EXPECT_FALSE(complete.error().nextStep.empty()) << cause;
  }
}

TEST(Complete, knowsARobotOfThisNetworkByItsNameWithWhatALanDoorNeeds) {
  for (const auto *place : {"rosie.local/S.m", "rosie #2.local/S.m", "a.b.local/S.m"}) {
    Command command;
    command.verb = Verb::call;
    command.tokenFile = "token";
    command.tls.pin = "SHA256:..";
    command.time = std::chrono::seconds(61);
    ASSERT_TRUE(cli::complete(place, command)) << place;
    EXPECT_TRUE(command.isOnLan) << place;
    EXPECT_EQ(command.robot + "/S.m", place);
  }
  Command byXmpp;
  byXmpp.verb = Verb::services;
  ASSERT_TRUE(cli::complete("me@robots.local", byXmpp));
  EXPECT_FALSE(byXmpp.isOnLan);
}

TEST(Complete, namesNoRobotInThePlaceWhereManyAreMeant) {
  Command command;
  command.verb = Verb::call;
  command.all = "*.local";
  ASSERT_TRUE(cli::complete("my.local.m", command));
  EXPECT_EQ(command.robot, "");
  EXPECT_EQ(command.service, "my.local");
  EXPECT_FALSE(command.isOnLan);
}

TEST(Complete, tracesAndMeasuresAllServicesWhereNoneIsNamed) {
  for (const auto verb : {Verb::trace, Verb::stats}) {
    Command command;
    command.verb = verb;
    command.bus = "tcp://x";
    EXPECT_TRUE(cli::complete("", command));
    EXPECT_TRUE(command.service.empty());
  }
}

TEST(Complete, readsWhomToControlAndForWhat) {
  Command listing;
  listing.verb = Verb::control;
  ASSERT_TRUE(complete("nao1", listing));
  EXPECT_EQ(listing.robot, "nao1");
  EXPECT_EQ(listing.lease, "");
  Command holding;
  holding.verb = Verb::control;
  holding.bus = "tcps://x";
  holding.holds = true;
  ASSERT_TRUE(complete("drive", holding));
  EXPECT_EQ(holding.lease, "drive");
  Command running;
  running.verb = Verb::control;
  running.arguments = {"drive"};
  running.program = {"sleep", "5"};
  ASSERT_TRUE(complete("nao1.local", running));
  EXPECT_TRUE(running.isOnLan);
  EXPECT_EQ(running.lease, "drive");
  for (const bool holds : {false, true}) {
    Command wrong;
    wrong.verb = Verb::control;
    wrong.holds = holds;
    if (!holds) wrong.arguments = {"drive"};
    EXPECT_FALSE(complete("nao1", wrong)) << "a lease for nothing, or nothing to hold";
  }
}

}  // namespace
}  // namespace beckon::cli
