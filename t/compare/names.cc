/* names - a C++ program that crashes behind much that is made of templates, inlined, or a lambda */
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

static int
leaf(volatile int *p)
{
	return *p;
}

namespace a { namespace b {

enum class E { one, two };

template <E e, unsigned long N, bool B> struct Deep {
	static __attribute__((noinline)) int
	run(int n, const std::string &s)
	{
		auto l = [n, &s](auto x) {
			return leaf((volatile int *)(long)(x + n - (int)s.size())) + 2;
		};

		return l(n) + 1;
	}
	operator int() const { return run(3, "abc"); }
	int operator()(int k) const { return (int)*this + k; }
};

} }

struct Base {
	virtual ~Base() {}
	virtual int go(int n) = 0;
};

template <class T> struct Impl : Base {
	std::function<T(int)> f;
	int go(int n) override { return (int)f(n) + 1; }
};

template <typename... A> __attribute__((noinline)) auto
many(A... n) -> decltype((0 + ... + n))
{
	a::b::Deep<a::b::E::two, 7, true> d;

	return d((0 + ... + n)) + 1;
}

static int
compare(int x, int y)
{
	return many(x, y, 'c') < 3;
}

int
main(int argc, char **)
{
	std::unique_ptr<Impl<long>> b(new Impl<long>);
	std::vector<int> v{3, 1, 2, argc};
	Base *q = b.get();

	b->f = [&](int n) -> long {
		std::sort(v.begin(), v.end(), [](int x, int y) { return compare(x, y) != 0; });
		return n;
	};
	return q->go(2);
}
