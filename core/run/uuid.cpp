#include "core/run/uuid.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace beckon::run {

std::string makeUuid() { return boost::uuids::to_string(boost::uuids::random_generator()()); }

}  // namespace beckon::run
