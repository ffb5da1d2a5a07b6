// main() of every test program.
#define BOOST_TEST_MODULE facebus
#include <boost/test/unit_test.hpp>
