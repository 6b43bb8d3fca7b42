#include "xmpp/element.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

TEST(Element, writesAttributesTextAndChildren) {
  const auto iq =
      Element("iq", "jabber:client").set("type", "get").set("id", "1").add(Element("ping", "urn:xmpp:ping"));
  EXPECT_EQ(iq.toXml(), "<iq xmlns='jabber:client' id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_EQ(Element("body", {}, "hello").toXml(), "<body>hello</body>");
}

TEST(Element, namesANamespaceOnlyWhereItChanges) {
  const auto message = Element("message", "jabber:client")
                           .add(Element("x", "urn:x").add(Element("y", "urn:x")).add(Element("z")))
                           .add(Element("body", "jabber:client"));
  EXPECT_EQ(message.toXml("jabber:client"), "<message><x xmlns='urn:x'><y/><z/></x><body/></message>");
  // Back in an outer namespace inside another one.
  const auto forwarded = Element("forwarded", "urn:f").add(Element("message", "jabber:client"));
  EXPECT_EQ(forwarded.toXml("jabber:client"), "<forwarded xmlns='urn:f'><message xmlns='jabber:client'/></forwarded>");
}

TEST(Element, escapesWhatXmlWouldTakeForItsOwn) {
  EXPECT_EQ(Element("a", {}, "<b a='c'>&amp;]]>\"").toXml(), "<a>&lt;b a='c'&gt;&amp;amp;]]&gt;\"</a>");
  EXPECT_EQ(Element("a").set("x", "'<&>\"\n\t\r").toXml(), "<a x='&apos;&lt;&amp;&gt;\"&#xA;&#x9;&#xD;'/>");
  EXPECT_EQ(Element("a", {}, "1\r\n2\t").toXml(), "<a>1&#xD;\n2\t</a>");
}

TEST(Element, replacesWhatXmlCannotCarry) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(Element("a", {}, std::string("\0\x01\x1f", 3)).toXml(), "<a>" + r + r + r + "</a>");
  EXPECT_EQ(Element("a", {}, "\xEF\xBF\xBE\xEF\xBF\xBF").toXml(),
            "<a>" + r + r + r + r + r + r + "</a>");  // U+FFFE, U+FFFF
  EXPECT_EQ(Element("a", {}, "\xC0\x80|\xED\xA0\x80|\xF4\x90\x80\x80|\xE2\x82").toXml(),
            "<a>" + r + r + "|" + r + r + r + "|" + r + r + r + r + "|" + r + r + "</a>");
}

TEST(Element, keepsCharactersOfAllLengths) {
  const std::string text = "a\x7fé€😀\xC2\x85\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD\xF4\x8F\xBF\xBF";
  EXPECT_EQ(Element("a", {}, text).toXml(), "<a>" + text + "</a>");
}

TEST(Element, findsAChildByNameAndNamespace) {
  const auto query = Element("query", "urn:q")
                         .add(Element("item", "urn:other", "wrong"))
                         .add(Element("item", {}, "right"))
                         .add(Element("item", "urn:q", "late"));
  ASSERT_TRUE(query.child("item", "urn:q"));
  EXPECT_EQ(query.childText("item", "urn:q"), "right");
  EXPECT_EQ(query.childText("item", "urn:other"), "wrong");
  EXPECT_EQ(query.child("item", "urn:none"), nullptr);
  EXPECT_EQ(query.childText("none", "urn:q"), "");
  EXPECT_EQ(query.attribute("none"), "");
  EXPECT_EQ(query.firstChild()->text, "wrong");
}

}  // namespace
}  // namespace beckon::xmpp
