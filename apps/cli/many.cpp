#include "apps/cli/many.hpp"

#include "apps/cli/print.hpp"
#include "remote/exchange.hpp"
#include "remote/many.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace beckon::cli {

using boost::asio::awaitable;
using run::Result;

namespace {

// Of what gives nothing.
awaitable<Result<qi::Value>> done(awaitable<Result<>> asked) {
  const auto result = co_await std::move(asked);
  if (!result) co_return result.error();
  co_return qi::Value(qi::Void{});
}

awaitable<Result<qi::Value>> ask(remote::Remote& remote, const Command& command, const qi::Json& arguments,
                                 std::string robot) {
  if (command.verb == Verb::call)
    return remote.call(std::move(robot), command.service, command.member, arguments, command.time);
  if (command.verb == Verb::get) return remote.get(std::move(robot), command.service, command.member, command.time);
  if (command.verb == Verb::post)
    return done(remote.post(std::move(robot), command.service, command.member, arguments));
  return done(remote.set(std::move(robot), command.service, command.member, arguments.at(0), command.time));
}

}  // namespace

awaitable<Result<>> many(boost::asio::io_context& io, remote::Remote& remote, const Command& command,
                         const qi::Json& arguments, bool& haveAll) {
  policy::Glob names(command.all);
  auto matching = remote.matching(std::move(names));
  auto robots = co_await std::move(matching);
  if (!robots) co_return robots.error();
  std::size_t failed = 0;
  const auto count = robots->size();
  remote::Many many{.robots = std::move(*robots),
                    .time = command.time + remote::Exchanges::travelTime,
                    .ask = [&](std::string robot) { return ask(remote, command, arguments, std::move(robot)); },
                    .told =
                        [&](const std::string& robot, const Result<qi::Value>& result) {
                          if (!result) ++failed;
                          printOf(robot, result, command.json);
                        }};
  auto asking = remote::askMany(io.get_executor(), std::move(many));
  co_await std::move(asking);
  if (failed > 0 && !command.json) std::cerr << failed << " of " << count << " robots failed" << std::endl;
  haveAll = failed == 0;
  co_return Result<>();
}

}  // namespace beckon::cli
