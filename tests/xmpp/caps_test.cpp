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
  EXPECT_EQ(capsHash(Disco::read(query).value()), capsHash(psi()));
}

TEST(Caps, aFormWithoutItsTypeIsLeftOutOfTheHash) {
  auto query = exodus().query();
  query.add(Element("x", "jabber:x:data").add(Element("field").set("var", "os").add(Element("value", {}, "Mac"))));
  EXPECT_EQ(capsHash(Disco::read(query).value()), capsHash(exodus()));
}

Element identity(std::string_view category, std::string_view type, std::string_view name = {}) {
  return Element("identity", std::string(ns::discoInfo)).set("category", category).set("type", type).set("name", name);
}

Element feature(std::string_view var) { return Element("feature", std::string(ns::discoInfo)).set("var", var); }

Element field(std::string_view var, std::initializer_list<std::string> values, std::string_view type = {}) {
  Element out("field", "jabber:x:data");
  out.set("var", var).set("type", type);
  for (const auto& value : values) out.add(Element("value", "jabber:x:data", value));
  return out;
}

Element form(std::initializer_list<Element> fields) {
  Element out("x", "jabber:x:data");
  for (const auto& f : fields) out.add(f);
  return out;
}

Element queryOf(std::initializer_list<Element> children) {
  Element out("query", std::string(ns::discoInfo));
  for (const auto& child : children) out.add(child);
  return out;
}

TEST(Caps, takesAWellFormedAnswer) {
  EXPECT_TRUE(Disco::read(exodus().query()));
  EXPECT_TRUE(Disco::read(queryOf({identity("a", "b", "c/d"), feature("e/f")})));
  const auto ignored = form({field("FORM_TYPE", {"t"}), field("x", {"1"})});  // not hidden: left out
  const auto disco = Disco::read(queryOf({identity("a", "b"), ignored, ignored}));
  ASSERT_TRUE(disco);
  EXPECT_TRUE(disco->forms.empty());
}

TEST(Caps, refusesAnIllFormedAnswer) {
  const auto id = identity("a", "b");
  const auto type = field("FORM_TYPE", {"t"}, "hidden");
  const std::vector<Element> wrong{
      queryOf({id, id}),
      queryOf({id, feature("f"), feature("f")}),
      queryOf({id, form({type}), form({type, field("x", {"1"})})}),
      queryOf({id, form({field("FORM_TYPE", {"t", "u"}, "hidden")})}),
      queryOf({id, form({type, type})}),
      queryOf({id, form({type, field("x", {"1"}), field("x", {"2"})})}),
  };
  for (const auto& query : wrong) EXPECT_FALSE(Disco::read(query)) << query.toXml();
}

// Both say a/b//<urn:f<, once they are put together for the hash.
TEST(Caps, refusesAnAnswerThatHashesLikeAnotherOne) {
  const std::vector<Element> wrong{
      queryOf({}),
      queryOf({feature("a/b//"), feature("urn:f")}),
      queryOf({identity("a", "b", "<urn:f")}),
      queryOf({identity("a", "b"), feature("urn:f<urn:g")}),
      queryOf({identity("a/b", "c")}),
      queryOf({identity("a", "b/c")}),
      queryOf({identity("", "b")}),
      queryOf({identity("http:", "")}),
      queryOf({identity("a", "b").set("lang", "d/e")}),
      queryOf({identity("a", "b"), form({field("FORM_TYPE", {"t<x<1"}, "hidden")})}),
      queryOf({identity("a", "b"), form({field("FORM_TYPE", {"t"}, "hidden"), field("x<1", {})})}),
      queryOf({identity("a", "b"), form({field("FORM_TYPE", {"t"}, "hidden"), field("x", {"1<2"})})}),
  };
  for (const auto& query : wrong) EXPECT_FALSE(Disco::read(query)) << query.toXml();
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
