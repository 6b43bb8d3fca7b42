#include "xmpp/caps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

// XEP-0115 section 5.2.
Disco exodus() {
  return {{{"client", "pc", "", "Exodus 0.9.1"}},
          {"http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info",
           "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc"},
          {}};
}

// XEP-0115 section 5.3.
Disco psi() {
  Disco disco = exodus();
  disco.identities = {{"client", "pc", "el", "Ψ 0.11"}, {"client", "pc", "en", "Psi 0.11"}};
  disco.forms = {{"urn:xmpp:dataforms:softwareinfo",
                  {{"ip_version", {"ipv6", "ipv4"}},
                   {"os", {"Mac"}},
                   {"os_version", {"10.5.1"}},
                   {"software", {"Psi"}},
                   {"software_version", {"0.11"}}}}};
  return disco;
}

TEST(Caps, hashesTheSimpleExampleOfTheStandard) { EXPECT_EQ(capsHash(exodus()), "QgayPKawpkPSDYmwT/WM94uAlu0="); }

TEST(Caps, hashesTheComplexExampleOfTheStandard) { EXPECT_EQ(capsHash(psi()), "q07IKJEyjvHSyhy//CH0CxmKi8w="); }

TEST(Caps, whatWasWrittenAsAQueryHashesTheSameWhenReadAgain) {
  auto query = psi().query("node#ver");
  EXPECT_EQ(query.attribute("node"), "node#ver");
  // The parser drops prefixes of attributes.
  for (auto& child : query.children)
    if (const auto lang = child.attributes.extract("xml:lang")) child.set("lang", lang.mapped());
  EXPECT_EQ(capsHash(Disco::read(query)), capsHash(psi()));
}

TEST(Caps, aFormWithoutItsTypeIsLeftOutOfTheHash) {
  auto query = exodus().query();
  query.add(Element("x", "jabber:x:data").add(Element("field").set("var", "os").add(Element("value", {}, "Mac"))));
  EXPECT_EQ(capsHash(Disco::read(query)), capsHash(exodus()));
}

TEST(Caps, ridesInPresence) {
  Element presence("presence", "jabber:client");
  EXPECT_FALSE(Caps::read(presence));
  presence.add(Caps{"http://code.google.com/p/exodus", "QgayPKawpkPSDYmwT/WM94uAlu0="}.element());
  const auto caps = Caps::read(presence);
  ASSERT_TRUE(caps);
  EXPECT_EQ(caps->node, "http://code.google.com/p/exodus");
  EXPECT_EQ(caps->ver, "QgayPKawpkPSDYmwT/WM94uAlu0=");
  EXPECT_EQ(caps->hash, "sha-1");
}

}  // namespace
}  // namespace beckon::xmpp
