/* throws - a C++ program that dies of an exception that nothing catches, or while one is being caught */
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

struct guard {
	std::string name;
	~guard() { name.clear(); }
};

__attribute__((noinline)) static int
throw_below(int depth)
{
	guard g{std::string(40, 'x')};

	if (depth == 0)
		throw std::runtime_error("thrown below");
	return throw_below(depth - 1) + 1;
}

__attribute__((noinline)) static int
abort_in_catch(int depth)
{
	try {
		return throw_below(depth);
	} catch (const std::exception &e) {
		if (std::strlen(e.what()) > 0)
			std::abort();
		return 0;
	}
}

int
main(int argc, char **argv)
{
	return argc > 1 && std::strcmp(argv[1], "catch") == 0 ? abort_in_catch(5) : throw_below(5);
}
