#pragma once

#include "directory/interface.hpp"
#include "directory/session.hpp"

#include <functional>
#include <string>

// What the main of a program on a bus does: a loop, a session, a body that uses it, and signals.
namespace beckon::directory {

// Where a directory of this computer listens, as libqi's does.
inline constexpr const char* usualBus = "tcp://127.0.0.1:9559";

// The options of a session on this computer. Error invalidConfig: see run::machineId().
run::Result<Session::Options> usualOptions();

// Runs `body` on a session with the bus at `url`, on one thread, until it ends or the program is told to (SIGINT,
// SIGTERM; everything that it awaits then ends, and the exit status is 0). Returns the exit status: 0, or 1 when there
// is no bus or the body gives an error, which is told on standard error with what can be done about it, or throws.
int runOnBus(const std::string& url, std::function<Awaitable<>(Session&)> body);
// With the address that is the program's first argument, or usualBus.
int runOnBus(int argc, char** argv, std::function<Awaitable<>(Session&)> body);

// Lasts until the program is told to end.
Awaitable<> untilStopped();

// The main of a program that is one service: provides it under `name`, says "ready" on standard output, and lasts.
int serveOnBus(int argc, char** argv, std::string name, Interface<Service>& service);

}  // namespace beckon::directory
