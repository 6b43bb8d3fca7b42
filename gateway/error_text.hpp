#pragma once

#include "core/run/error.hpp"

#include <string>

namespace beckon::gateway {

// With its stable code in front and all in its cause: an error of qi is a text, and callers see nothing else.
inline run::Error asText(run::Error error) {
  error.cause = std::string(run::codeText(error.code)) + ": " + error.cause +
                (error.nextStep.empty() ? "" : "; " + error.nextStep);
  return error;
}

}  // namespace beckon::gateway
