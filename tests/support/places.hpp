#pragma once

#include <filesystem>

// Of the tree that the test was built in. Known to one file only: all others are compiled alike in every tree, so that
// ccache need not compile them again.
namespace beckon::test {

std::filesystem::path sourceFolder();
// Where the programs are that were built with it.
std::filesystem::path programFolder();

}  // namespace beckon::test
