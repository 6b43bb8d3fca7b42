#include "apps/doctor/generation.hpp"

#include <gtest/gtest.h>

namespace beckon::doctor {
namespace {

Login telling(std::initializer_list<std::pair<const char*, bool>> capabilities) {
  Login login;
  for (const auto& [name, value] : capabilities) login.told.emplace(name, qi::dynamic(value));
  login.told.emplace("__qi_auth_state", qi::dynamic(std::uint32_t{3}));
  return login;
}

const BusFacts six{6, false, {}}, seven{7, true, {}};

TEST(Generation, isToldFromCapabilitiesAndServiceInfo) {
  const auto libqi4 = telling({{"ClientServerSocket", true}, {"ObjectPtrUID", true}, {"RelativeEndpointURI", true}});
  EXPECT_EQ(generationOf(libqi4, &seven).name, "libqi 4");
  EXPECT_EQ(generationOf(libqi4, &seven).from,
            "its ServiceInfo has 7 fields, objectUid among them; it knows RelativeEndpointURI");
  EXPECT_EQ(generationOf(telling({{"ObjectPtrUID", true}}), &seven).name, "NAOqi 2.9 or libqi before 4");
  EXPECT_EQ(generationOf(telling({}), &six).name, "NAOqi 2.1 to 2.5");
  EXPECT_EQ(generationOf(telling({}), &six).from, "its ServiceInfo has 6 fields, no objectUid; no MessageFlags");
  Login before;
  before.isWithout = true;
  EXPECT_EQ(generationOf(before, &six).name, "older than NAOqi 2.1");
}

TEST(Generation, ofBeckonIsToldByWhatLibqiDoesNotSay) {
  Login ours;
  ours.told = qi::ownCapabilities();
  EXPECT_EQ(generationOf(ours, &seven).name, "Beckon");
  auto session = telling({{"ObjectPtrUID", true}});
  session.told.emplace("BeckonSession", qi::dynamic(std::string("x")));
  EXPECT_EQ(generationOf(session, nullptr).name, "Beckon");
}

TEST(Generation, isNotGuessedWithoutFacts) {
  EXPECT_EQ(generationOf(telling({}), nullptr).name, "not known");
  EXPECT_EQ(generationOf(telling({{"MessageFlags", true}}), nullptr).name, "NAOqi before 2.9");
  EXPECT_EQ(generationOf(telling({{"ObjectPtrUID", true}}), nullptr).name, "NAOqi 2.9 or libqi before 4");
}

}  // namespace
}  // namespace beckon::doctor
