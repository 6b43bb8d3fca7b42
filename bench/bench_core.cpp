// Encode and decode of a typical message: the arguments of an event that tells of two faces, by C++ types and by
// dynamic values. The limit is straight-line code written by hand for this one type, without any check.
#include "bench/report.hpp"
#include "core/qi/convert.hpp"

#include <memory>

namespace beckon::bench {
namespace {

struct Face {
  std::int32_t id = 0;
  float alpha = 0, beta = 0, sizeX = 0, sizeY = 0, confidence = 0;
  std::string name;
};

struct FacesEvent {
  std::string key;
  std::int64_t seconds = 0, microseconds = 0;
  std::vector<Face> faces;
  std::string subscriber;
};

}  // namespace
}  // namespace beckon::bench

template <>
struct beckon::qi::Struct<beckon::bench::Face> {
  using T = beckon::bench::Face;
  static constexpr Text name{"Face"};
  static constexpr auto fields = std::tuple{Field{Text{"id"}, &T::id},       Field{Text{"alpha"}, &T::alpha},
                                            Field{Text{"beta"}, &T::beta},   Field{Text{"sizeX"}, &T::sizeX},
                                            Field{Text{"sizeY"}, &T::sizeY}, Field{Text{"confidence"}, &T::confidence},
                                            Field{Text{"name"}, &T::name}};
};

template <>
struct beckon::qi::Struct<beckon::bench::FacesEvent> {
  using T = beckon::bench::FacesEvent;
  static constexpr Text name{"FacesEvent"};
  static constexpr auto fields = std::tuple{Field{Text{"key"}, &T::key}, Field{Text{"seconds"}, &T::seconds},
                                            Field{Text{"microseconds"}, &T::microseconds},
                                            Field{Text{"faces"}, &T::faces}, Field{Text{"subscriber"}, &T::subscriber}};
};

namespace beckon::bench {
namespace {

const FacesEvent event{"FaceDetected",
                       1321957800,
                       123456,
                       {{1, 0.1f, -0.2f, 0.15f, 0.2f, 0.87f, "Ada"}, {2, -0.3f, 0.05f, 0.12f, 0.16f, 0.62f, "Grace"}},
                       "ALBasicAwareness_face"};

// The limit: into a buffer of the right size.
struct PlainWriter {
  std::uint8_t* at;
  void plain(const void* from, std::size_t size) {
    std::memcpy(at, from, size);
    at += size;
  }
  template <class T>
  void number(T value) {
    plain(&value, sizeof value);
  }
  void string(const std::string& text) {
    number(static_cast<std::uint32_t>(text.size()));
    plain(text.data(), text.size());
  }
};

std::size_t encodedSize(const FacesEvent& from) {
  std::size_t size = 4 + from.key.size() + 16 + 4 + 4 + from.subscriber.size();
  for (const auto& face : from.faces) size += 28 + face.name.size();
  return size;
}

qi::Bytes encodeByHand(const FacesEvent& from) {
  qi::Bytes out(encodedSize(from));
  PlainWriter to{out.data()};
  to.string(from.key);
  to.number(from.seconds);
  to.number(from.microseconds);
  to.number(static_cast<std::uint32_t>(from.faces.size()));
  for (const auto& face : from.faces) {
    to.plain(&face.id, 24);  // six members of four bytes in a row
    to.string(face.name);
  }
  to.string(from.subscriber);
  return out;
}

struct PlainReader {
  const std::uint8_t* at;
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  void string(std::string& to) {
    const auto size = number<std::uint32_t>();
    to.assign(reinterpret_cast<const char*>(at), size);
    at += size;
  }
};

FacesEvent decodeByHand(qi::ByteView bytes) {
  FacesEvent to;
  PlainReader from{bytes.data()};
  from.string(to.key);
  to.seconds = from.number<std::int64_t>();
  to.microseconds = from.number<std::int64_t>();
  to.faces.resize(from.number<std::uint32_t>());
  for (auto& face : to.faces) {
    std::memcpy(&face.id, from.at, 24);
    from.at += 24;
    from.string(face.name);
  }
  from.string(to.subscriber);
  return to;
}

template <class Work>
Run each(const Work& work) {
  return [work] { return nanosecondsEach(work); };
}

void measureEvent(Report& report) {
  const qi::Bytes bytes = qi::encode(event);
  const qi::Signature type = qi::signatureOf<FacesEvent>();
  const qi::Value value = qi::toValue(event);
  if (encodeByHand(event) != bytes || qi::encode(decodeByHand(bytes)) != bytes || qi::encodeValue(value) != bytes)
    throw std::logic_error("the coders do not agree");

  const Run encodeLimit = each([] { keep(encodeByHand(event).data()); });
  const Run decodeLimit = each([&] { keep(decodeByHand(bytes)); });
  report.add({"qi.encode.typed", "ns", each([] { keep(qi::encode(event).data()); }), {}, encodeLimit});
  report.add({"qi.decode.typed", "ns", each([&] { keep(*qi::decode<FacesEvent>(bytes)); }), {}, decodeLimit});
  report.add({"qi.encode.dynamic", "ns", each([&] { keep(qi::encodeValue(value).data()); }), {}, encodeLimit});
  report.add({"qi.decode.dynamic", "ns", each([&] { keep(*qi::decodeValue(bytes, type)); }), {}, decodeLimit});
}

// A picture of 1 MiB; the limit is memory of that size, taken and filled.
void measureRaw(Report& report) {
  const qi::Bytes picture(1024 * 1024, std::uint8_t{7});
  const qi::Bytes bytes = qi::encode(picture);
  const Run copy = each([&] {
    const std::unique_ptr<std::uint8_t[]> to(new std::uint8_t[picture.size()]);
    std::memcpy(to.get(), picture.data(), picture.size());
    keep(to.get());
  });
  report.add({"qi.encode.raw", "ns", each([&] { keep(qi::encode(picture).data()); }), {}, copy});
  report.add({"qi.decode.raw", "ns", each([&] { keep(qi::decode<qi::Bytes>(bytes)->data()); }), {}, copy});
}

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) {
  beckon::bench::Report report(beckon::bench::parseOptions(argc, argv));
  beckon::bench::measureEvent(report);
  beckon::bench::measureRaw(report);
  return report.finish();
}
