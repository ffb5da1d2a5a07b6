// Defines main() of the C++ test programs.
#define BOOST_TEST_MODULE facebus
#include <boost/test/unit_test.hpp>
