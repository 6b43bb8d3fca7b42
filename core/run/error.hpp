#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace beckon::run {

// What can go wrong where a user sees it. The text of a code (`codeText`) is stable: it is the same
// in the command line's output, on the wire and in logs, and scripts may compare it.
enum class Code {
  invalidArgument,   // the request itself makes no sense: an option, an address, a name
  malformedJson,     // an argument is not JSON
  badArguments,      // too few, too many or mistyped arguments for a member
  invalidConfig,     // a configuration file that cannot be used
  unknownService,    // no service of that name
  unknownMember,     // the service has no such method, signal or property
  unknownRobot,      // no such robot is visible to this account
  nameTaken,         // a service of that name is registered already
  notOwner,          // the registration belongs to another connection
  unreachable,       // nobody answers at the address
  notAuthenticated,  // wrong or missing credentials
  badCertificate,    // the peer's certificate does not verify
  refused,           // the policy of the robot says no
  timedOut,          // no answer before the deadline
  connectionLost,    // the connection ended while the answer was awaited
  tooLate,           // the request came after the time that it was good for; nothing was done
  serviceGone,       // the service ended while the answer was awaited
  callFailed,        // the service answered with an error of its own
  canceled,          // the call was canceled, and the service honoured it
  protocolError,     // the peer sent bytes that break the protocol
  notNow,            // allowed, but at other times
  leaseNeeded,       // allowed, but only for who has a control lease
  leaseHeld,         // somebody else has the control lease
  tooLarge,          // above a limit of size, count or depth
  overloaded,        // a bounded queue is full
  badCode,           // an enrolment code that enrols nobody (any more)
  badStatement,      // a key that the fleet's owner has not signed, or not for this account
  auditFailed,       // the robot cannot write its record, and is to do nothing then
  internal,          // a fault of Beckon's
};

// The stable text of a code, e.g. "unknown-service".
std::string_view codeText(Code code);
// The code of a stable text; Code::internal for a text that is not known.
Code codeFromText(std::string_view text);

// Something that a caller is expected to handle, told so that its user can act on it.
struct Error {
  Code code = Code::internal;
  std::string cause;     // what happened, one sentence without a final period
  std::string nextStep;  // what the user can do about it; empty where there is nothing to do
};

template <class T = void>
using Result = boost::system::result<T, Error>;

// Found by argument-dependent lookup when value() is asked of a Result that holds an error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace beckon::run
