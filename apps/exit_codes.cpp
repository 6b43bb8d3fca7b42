#include "apps/exit_codes.hpp"

namespace beckon::apps {

int exitCode(run::Code code) {
  using enum run::Code;
  switch (code) {
    case invalidArgument:
    case malformedJson:
    case badArguments:
    case invalidConfig:
      return 2;
    case unknownService:
    case unknownMember:
    case unknownRobot:
      return 3;
    case unreachable:
    case badCertificate:
    case connectionLost:
    case serviceGone:
      return 4;
    case timedOut:
    case tooLate:
      return 5;
    case refused:
    case notAuthenticated:
    case notOwner:
    case nameTaken:
    case notNow:
    case leaseNeeded:
    case leaseHeld:
    case badCode:
    case badStatement:
    case auditFailed:
      return 6;
    case callFailed:
    case canceled:
      return 7;
    case protocolError:
    case tooLarge:
    case overloaded:
      return 8;
    case internal:
      return 1;
  }
  return 1;
}

}  // namespace beckon::apps
