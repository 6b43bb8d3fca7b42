#pragma once

#include "core/run/error.hpp"
#include "fleet/code.hpp"
#include "fleet/membership.hpp"
#include "xmpp/proxy.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace beckon::apps {

// Exchanges a code for a membership, which is kept in `folder` with the identity that is made there. `name`: of the
// account that is asked for. `anew`: what was enrolled there before is replaced, and its key. `proxy`: the only way
// out, if there is one. Errors: invalidArgument for a name that cannot be one; nameTaken where the folder has a
// membership already, unless it is to be replaced (`anew`); badCode, nameTaken, overloaded as the relay says; those of
// post(), of the folder, and of Membership::make.
boost::asio::awaitable<run::Result<fleet::Membership>> enrol(fleet::Code code, std::string name,
                                                             std::filesystem::path folder, bool anew,
                                                             std::optional<xmpp::Proxy> proxy);

// The same for a robot that goes on as what it is until it has another place: what was enrolled in `folder` stays there
// until the new membership, with a key of its own, is whole; then that is there instead. After an error the same code
// may be tried again. Whoever reads the folder calls fleet::Membership::finishMove() before.
boost::asio::awaitable<run::Result<fleet::Membership>> enrolElsewhere(fleet::Code code, std::string name,
                                                                      std::filesystem::path folder,
                                                                      std::optional<xmpp::Proxy> proxy);

// What stands on a command line: the code or, for "-", the first line of standard input. Errors: those of
// fleet::Code::parse; invalidArgument where no line comes.
run::Result<fleet::Code> readCode(std::string text);

// "NAO 1.local" is nao-1: what fleet::isName() takes of a name that a person or computer has; may be empty.
std::string nameFrom(const std::string& text);

}  // namespace beckon::apps
