#include "core/qi/meta_object.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

const MetaObject speech{{{100, {100, "v", "say", "(s)", "", {}, ""}},
                         {101, {101, "v", "say", "(ss)", "", {}, ""}},
                         {102, {102, "v", "_ping", "()", "", {}, ""}}},
                        {{103, {103, "done", "(I)"}}},
                        {{104, {104, "volume", "i"}}},
                        "speech"};

TEST(MetaObject, hasTheSignatureThatLibqiAdvertises) {
  EXPECT_EQ(signatureText<MetaObject>(),
            "({I(Issss[(ss)<MetaMethodParameter,name,description>]s)<MetaMethod,uid,returnSignature,name,"
            "parametersSignature,description,parameters,returnDescription>}{I(Iss)<MetaSignal,uid,name,signature>}"
            "{I(Iss)<MetaProperty,uid,name,signature>}s)<MetaObject,methods,signals,properties,description>");
}

TEST(MetaObject, findsMembersByName) {
  ASSERT_TRUE(speech.findMethod("say"));
  EXPECT_EQ(speech.findMethod("say")->uid, 100u) << "the first of two overloads";
  EXPECT_EQ(speech.findSignal("done")->uid, 103u);
  EXPECT_EQ(speech.findProperty("volume")->uid, 104u);
}

TEST(MetaObject, findsNothingWhereThereIsNone) {
  EXPECT_FALSE(speech.findMethod("done"));
  EXPECT_FALSE(speech.findSignal("say"));
  EXPECT_FALSE(speech.findProperty(""));
}

TEST(MetaObject, hidesStandardActionsAndUnderscores) {
  EXPECT_TRUE(isHidden(5, "property"));
  EXPECT_TRUE(isHidden(102, "_ping"));
  EXPECT_FALSE(isHidden(100, "say"));
}

}  // namespace
}  // namespace beckon::qi
