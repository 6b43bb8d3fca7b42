#pragma once

#include <string>
#include <string_view>

// Text on the wire is meant as UTF-8 but not bound to it.
namespace beckon::qi {

// RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF.
bool isUtf8(std::string_view text);

// Text from a peer as it can be shown to a user: valid UTF-8 without control characters other than newline and
// tab, which could steer a terminal (U+FFFD stands for each); at most `limit` bytes, cut between characters,
// "..." behind the cut.
std::string printable(std::string_view text, std::size_t limit = std::string_view::npos);

}  // namespace beckon::qi
