// What comes over HTTPS is an enrolment, its answer or an error, and reads the same once it is written again; or it is
// refused in readable words. Input: the JSON.
#include "core/qi/utf8.hpp"
#include "fleet/enrolment.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>

using namespace beckon;
using fuzz::check;

namespace {

bool isReadable(const run::Error& error) {
  return !error.cause.empty() && qi::isUtf8(error.cause) && qi::isUtf8(error.nextStep);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::textOf({data, size});
  const auto request = fleet::EnrolmentRequest::read(text);
  check(request || isReadable(request.error()));
  if (request) {
    // What is signed says one thing: none of its fields has lines of its own.
    const auto claim = request->claim.text();
    check(std::count(claim.begin(), claim.end(), '\n') == 6);
    const auto again = fleet::EnrolmentRequest::read(request->json());
    check(again && again->claim.text() == claim && again->ticket == request->ticket && again->proof == request->proof);
  }
  const auto answer = fleet::EnrolmentAnswer::read(text);
  check(answer || isReadable(answer.error()));
  if (answer) {
    const auto again = fleet::EnrolmentAnswer::read(answer->json());
    check(again && again->account == answer->account && again->secret == answer->secret &&
          again->port == answer->port && again->authorities == answer->authorities &&
          again->ownerKey == answer->ownerKey && again->introduction == answer->introduction);
  }
  const auto error = fleet::readError(text);
  const auto again = fleet::readError(fleet::errorJson(error));
  check(again.code == error.code && again.cause == error.cause && again.nextStep == error.nextStep);
  return 0;
}
