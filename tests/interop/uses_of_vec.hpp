#pragma once

#include "localbus/remote_object.hpp"
#include "tests/localbus/loop.hpp"

// What the recorded clients did with the service Vec on libqi's API, done again on ours.
namespace beckon::test {

using UseOfVec = boost::asio::awaitable<void> (*)(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);

boost::asio::awaitable<void> callEveryType(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);
boost::asio::awaitable<void> postTwice(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);
boost::asio::awaitable<void> callWhatFails(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);
boost::asio::awaitable<void> useProperty(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);
boost::asio::awaitable<void> useSignal(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);
boost::asio::awaitable<void> useObjects(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);
boost::asio::awaitable<void> cancelACall(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);
boost::asio::awaitable<void> countCalls(Loop& loop, std::shared_ptr<localbus::RemoteObject> vec);

// Lets leave what waits to be sent.
boost::asio::awaitable<void> turn(Loop& loop);

}  // namespace beckon::test
