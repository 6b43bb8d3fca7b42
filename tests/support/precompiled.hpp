#pragma once

// What nearly every test includes beside the libraries' own.
#include "core/run/precompiled.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
