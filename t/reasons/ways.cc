/* ways - dies as C++ programs do, in the way that is named */
#include <cassert>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static volatile int one = 1;

namespace shop {
struct refused {
	int why;
};
struct late : std::runtime_error {
	using std::runtime_error::runtime_error;
};
template <typename T> struct box {
	T *inner;
	void
	put(const T &value)
	{
		*inner = value;
	}
};
} // namespace shop

struct base {
	base() { call(); }
	virtual ~base() = default;
	virtual void pure() = 0;
	void call() { pure(); }
};
struct derived : base {
	void pure() override {}
};

static void
leaves() noexcept
{
	if (one)
		throw shop::refused{ 3 };
}

int
main(int argc, char **argv)
{
	const std::string how = argc > 1 ? argv[1] : "";

	if (how == "bad_alloc")
		return (new char[static_cast<size_t>(one) << 60])[0];
	if (how == "runtime_error")
		throw std::runtime_error("the shop is closed");
	if (how == "own")
		throw shop::refused{ 3 };
	if (how == "own_standard")
		throw shop::late("too late");
	if (how == "own_template")
		throw shop::box<std::vector<int>>{ nullptr };
	if (how == "int")
		throw 42;
	if (how == "text")
		throw "a text";
	if (how == "out_of_range")
		return std::vector<int>(3).at(static_cast<size_t>(one) + 9);
	if (how == "noexcept")
		leaves();
	if (how == "rethrow") {
		try {
			throw std::logic_error("first");
		} catch (const std::exception &) {
			throw;
		}
	}
	if (how == "second") {
		try {
			throw std::logic_error("first");
		} catch (const std::exception &) {
			throw shop::refused{ 4 };
		}
	}
	if (how == "terminate")
		std::terminate();
	if (how == "thread") {
		std::thread t([] { std::this_thread::sleep_for(std::chrono::hours(1)); });
		return 0;
	}
	if (how == "pure")
		derived().call();
	if (how == "template") {
		shop::box<std::string> b{ nullptr };
		shop::box<long> c{ nullptr };
		c.put(one);
		b.put("x");
	}
	if (how == "assert")
		assert(one == 2);
	return 2;
}
