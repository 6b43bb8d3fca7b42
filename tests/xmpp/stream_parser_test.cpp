#include "xmpp/stream_parser.hpp"

#include "tests/strophe/strophe_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace beckon::xmpp {
namespace {

using testing::HasSubstr;

constexpr std::size_t parserLimit = 10000;
const std::string streamHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
    "xmlns:stream='http://etherx.jabber.org/streams' from='relay.x' id='42'>";

// What came, a line each.
class StreamParserTest : public testing::Test {
 protected:
  void feed(std::string_view bytes) {
    parser.feed(bytes);
    while (true) {
      auto event = parser.next();
      if (!event) {
        broken = event.error();
        return;
      }
      if (!*event) return;
      if (const auto* opened = std::get_if<StreamParser::Opened>(&**event)) {
        events.push_back("opened " + opened->header.toXml());
      } else if (const auto* child = std::get_if<StreamParser::Child>(&**event)) {
        elements.push_back(child->element);
        events.push_back("child " + child->element.toXml("jabber:component:accept"));
      } else if (const auto* dropped = std::get_if<StreamParser::Dropped>(&**event)) {
        EXPECT_EQ(dropped->why.code, run::Code::tooLarge);
        events.push_back("dropped " + dropped->head.toXml("jabber:component:accept"));
      } else {
        events.emplace_back("closed");
      }
    }
  }

  void feedBytes(std::string_view bytes) {
    for (const char byte : bytes) feed({&byte, 1});
  }

  static std::string nested(int depth) {
    std::string out;
    for (int i = 0; i < depth; ++i) out += "<a>";
    for (int i = 0; i < depth; ++i) out += "</a>";
    return out;
  }

  StreamParser parser{parserLimit};
  std::vector<std::string> events;
  std::vector<Element> elements;
  std::optional<run::Error> broken;
};

TEST_F(StreamParserTest, givesTheHeaderEachStanzaAndTheEnd) {
  feed(streamHeader + " <iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>\n<stream:error/></stream:stream>");
  EXPECT_THAT(events,
              testing::ElementsAre("opened <stream xmlns='http://etherx.jabber.org/streams' from='relay.x' id='42'/>",
                                   "child <iq id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
                                   "child <error xmlns='http://etherx.jabber.org/streams'/>", "closed"));
  EXPECT_EQ(elements[0].xmlns, "jabber:component:accept");
  EXPECT_FALSE(broken);
}

TEST_F(StreamParserTest, saysTheSameHoweverTheBytesAreSplit) {
  const auto stanzas =
      streamHeader +
      "<message xml:lang='de' to='a@b'><body>gr\xC3\xBC\xC3\x9F &amp; &#x1F600; <![CDATA[<x>]]>\r\nb</body>"
      "<p:x xmlns:p='urn:p' p:y='a > b'/></message> <iq/></stream:stream>";
  feed(stanzas);
  const auto whole = std::exchange(events, {});
  ASSERT_EQ(whole.size(), 4u);
  for (std::size_t i = 0; i <= stanzas.size(); ++i) {
    parser = StreamParser(parserLimit);
    feed(stanzas.substr(0, i));
    feed(stanzas.substr(i));
    ASSERT_EQ(std::exchange(events, {}), whole) << i;
  }
  parser = StreamParser(parserLimit);
  feedBytes(stanzas);
  EXPECT_EQ(events, whole);
  EXPECT_FALSE(broken);
}

TEST_F(StreamParserTest, givesAStanzaAsSoonAsItsLastByteIsThere) {
  feed(streamHeader);
  feedBytes("<message><body>x</body></message>");
  EXPECT_EQ(elements.size(), 1u);
  feedBytes("<presence a='>'/");
  EXPECT_EQ(elements.size(), 1u);
  feed(">");
  EXPECT_EQ(elements.size(), 2u);
}

// expat would take it.
TEST_F(StreamParserTest, refusesUtf16HoweverItIsSplit) {
  for (const std::string mark : {"", "\xFF\xFE"}) {
    std::string bytes = mark;
    for (const char c : std::string("<s><iq/>")) bytes += {c, '\0'};
    for (const bool whole : {true, false}) {
      parser = StreamParser(parserLimit);
      broken.reset();
      whole ? feed(bytes) : feedBytes(bytes);
      ASSERT_TRUE(broken);
      EXPECT_THAT(broken->cause, HasSubstr("UTF-8"));
      EXPECT_TRUE(events.empty());
    }
  }
}

TEST_F(StreamParserTest, keepsOfAttributesWithAPrefixTheLocalName) {
  feed(streamHeader + "<message xml:lang='de' xmlns:p='urn:p' p:q='1' p:xmlns='urn:other' xmlns:xmlns2='urn:y'/>");
  EXPECT_EQ(events.back(), "child <message lang='de' q='1'/>");
}

TEST_F(StreamParserTest, givesWhatCameBeforeTheStreamBroke) {
  feed(streamHeader + "<iq/><presence/></wrong><iq/>");
  EXPECT_EQ(events.size(), 3u);
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->code, run::Code::protocolError);
  feed("<iq/>");
  EXPECT_EQ(events.size(), 3u);
  EXPECT_FALSE(parser.next());
}

TEST_F(StreamParserTest, ignoresWhatFollowsTheEnd) {
  feed(streamHeader + "</stream:stream><<<");
  feed("<<<");
  EXPECT_EQ(events.back(), "closed");
  EXPECT_FALSE(broken);
}

class ForbiddenXml : public StreamParserTest, public testing::WithParamInterface<const char*> {};

TEST_P(ForbiddenXml, breaksTheStreamHoweverItIsSplit) {
  feed(GetParam());
  ASSERT_TRUE(broken) << testing::PrintToString(events);
  EXPECT_EQ(broken->code, run::Code::protocolError);
  const auto before = std::exchange(events, {});
  parser = StreamParser(parserLimit);
  broken.reset();
  feedBytes(GetParam());
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->code, run::Code::protocolError);
  EXPECT_EQ(events, before);
}

INSTANTIATE_TEST_SUITE_P(StreamParser, ForbiddenXml,
                         testing::Values("<!DOCTYPE s><s>", "<!DOCTYPE s [<!ENTITY a 'b'>]><s>&a;</s>",
                                         "<!DOCTYPE s SYSTEM 'file:///etc/passwd'><s/>", "<!-- --><s>", "<?a b?><s>",
                                         "<s><a><!-- --></a>", "<s><?a b?></s>", "<s><a>&b;</a></s>",
                                         "<s><?xml version='1.0'?></s>", "<s>text<a/></s>", "<s></t>", "<s><a b=c/>",
                                         "<s><a b='1' b='2'/>", "<s><a>\xFF</a></s>", "<s><a>\x01</a></s>",
                                         "<s><a>\xC0\x80</a></s>", "<s><p:a/>", "HTTP/1.1 400 Bad Request\r\n",
                                         "\x15\x03\x01", "<s><a>]]></a>", "<s><a>&#0;</a>"));

// The classic: 10^9 copies of a word by nine declarations.
TEST_F(StreamParserTest, refusesEntityDeclarationsBeforeAnyIsUsed) {
  std::string bomb = "<!DOCTYPE s [<!ENTITY a0 'lol'>";
  for (int i = 1; i < 10; ++i) {
    bomb += "<!ENTITY a" + std::to_string(i) + " '";
    for (int j = 0; j < 10; ++j) bomb += "&a" + std::to_string(i - 1) + ";";
    bomb += "'>";
  }
  feed(bomb + "]><s><a>&a9;</a>");
  ASSERT_TRUE(broken);
  EXPECT_THAT(broken->cause, HasSubstr("document type"));
  EXPECT_TRUE(events.empty());
}

TEST_F(StreamParserTest, dropsWhatIsNestedTooDeeplyAndGoesOn) {
  feed(streamHeader + nested(64) + "<iq id='deep'>" + nested(64) + "</iq>" + nested(5000) + "<presence/>");
  ASSERT_EQ(events.size(), 5u);
  EXPECT_THAT(events[1], HasSubstr("child <a><a>"));
  EXPECT_EQ(events[2], "dropped <iq id='deep'/>");
  EXPECT_EQ(events[3], "dropped <a/>");
  EXPECT_EQ(events[4], "child <presence/>");
}

class LargeStanza : public StreamParserTest, public testing::WithParamInterface<std::pair<const char*, std::size_t>> {
 protected:
  // The content of a stanza of about this many bytes.
  static std::string content(std::string_view kind, std::size_t size) {
    std::string out;
    if (kind == "text") return "<b>" + std::string(size, 'x') + "</b>";
    if (kind == "attribute") return "<b c='" + std::string(size, 'x') + "'/>";
    while (out.size() < size) {
      if (kind == "elements") out += "<b/>";
      if (kind == "attributes") out += "<b c='1' d='2'/>";
      if (kind == "lines") out += "\n";
    }
    return out;
  }
};

TEST_P(LargeStanza, isDroppedAndTheStreamGoesOn) {
  const auto [kind, size] = GetParam();
  feed(streamHeader + "<iq id='1'>" + content(kind, size) + "</iq>");
  EXPECT_EQ(events.back(), "dropped <iq id='1'/>");
  feedBytes("<iq id='2'>" + content(kind, size) + "</iq>");
  EXPECT_EQ(events.back(), "dropped <iq id='2'/>");
  feed("<iq id='3'>" + content(kind, parserLimit / 10) + "</iq>");
  EXPECT_THAT(events.back(), HasSubstr("child <iq id='3'>"));
  EXPECT_FALSE(broken);
}

INSTANTIATE_TEST_SUITE_P(StreamParser, LargeStanza,
                         testing::Values(std::pair("text", parserLimit + 1), std::pair("attribute", parserLimit + 1),
                                         std::pair("elements", parserLimit), std::pair("attributes", 2 * parserLimit),
                                         std::pair("lines", parserLimit + 1)));

TEST_F(StreamParserTest, keepsAStanzaOfExactlyTheLimit) {
  // Its name with the namespace and what stands between them.
  const auto room = parserLimit - std::string("jabber:component:accept message").size();
  feed(streamHeader + "<message>" + std::string(room, 'x') + "</message><message>" + std::string(room + 1, 'x') +
       "</message>");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_THAT(events[1], HasSubstr("child"));
  EXPECT_EQ(events[2], "dropped <message/>");
}

// A server writes each quote as six bytes, whatever the sender did.
TEST_F(StreamParserTest, doesNotCountHowTextIsEscaped) {
  std::string text;
  while (text.size() < 6 * (parserLimit - 100)) text += "&quot;";
  feed(streamHeader + "<message>" + text + "</message>");
  ASSERT_EQ(elements.size(), 1u);
  EXPECT_EQ(elements[0].text, std::string(parserLimit - 100, '"'));
}

// Each element has its namespace in full: a long one must not be multiplied by many small elements.
TEST_F(StreamParserTest, countsTheNamespaceOfEachElement) {
  std::string many;
  for (int i = 0; i < 10; ++i) many += "<b/>";
  feed(streamHeader + "<iq id='1' xmlns='" + std::string(parserLimit / 9, 'n') + "'>" + many + "</iq>");
  EXPECT_THAT(events.back(), HasSubstr("dropped <iq xmlns="));
}

TEST_F(StreamParserTest, dropsAStanzaWhoseOwnTagIsTooLarge) {
  feed(streamHeader + "<iq from='a' id='" + std::string(parserLimit, 'x') + "'/><" + std::string(parserLimit, 'y') +
       "/><presence/>");
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1], "dropped <iq/>");
  EXPECT_EQ(events[2], "dropped </>");
  EXPECT_EQ(events[3], "child <presence/>");
}

TEST_F(StreamParserTest, doesNotHoldATagOrTextWithoutEnd) {
  for (const std::string start : {"<a b='", "<a b='>", "<a>", "<", "<!--", "<![CDATA["}) {
    parser = StreamParser(parserLimit);
    broken.reset();
    feed(streamHeader);
    feed(start);
    std::size_t sent = 0;
    for (; !broken && sent < 32 * parserLimit; sent += 1000) feed(std::string(1000, 'x'));
    ASSERT_TRUE(broken) << start;
    EXPECT_GE(sent, 15 * parserLimit) << start;
  }
}

// libstrophe's parser is the other reader of the same stanzas.
TEST_F(StreamParserTest, readsElementsAsLibstropheDoes) {
  fuzz::StropheParser strophe;
  for (const std::string xml :
       {"<a/>", "<a xmlns='urn:a'><b/><c xmlns='urn:c'><d/></c></a>", "<p:a xmlns:p='urn:p'><b/><p:b/></p:a>",
        "<a xml:lang='de' lang='en'/>", "<a lang='en' xml:lang='de'/>", "<a xmlns:p='urn:p' p:q='1' q='2'/>",
        "<a> x <b>y</b> z </a>", "<a>&lt;&amp;&#233;<![CDATA[<&]]></a>", "<a b='&#xA; &quot;&apos;\n\t'/>",
        "<a>\r\n\r</a>", "<a xmlns='urn:a'><b xmlns=''/></a>", "<a\n b = '1' ></a >",
        "<\xC3\xA9 \xC3\xBC='1'>\xF0\x9F\x98\x80</\xC3\xA9>"}) {
    parser = StreamParser(parserLimit);
    elements.clear();
    feed("<s>" + xml);
    const auto theirs = strophe.parse(xml);
    ASSERT_TRUE(theirs) << xml;
    ASSERT_EQ(elements.size(), 1u) << xml;
    EXPECT_EQ(elements[0], *theirs) << xml << "\n" << elements[0].toXml() << "\n" << theirs->toXml();
  }
}

}  // namespace
}  // namespace beckon::xmpp
