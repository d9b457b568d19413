/* A C++ program that crashes behind inlined functions, templates, operators and an anonymous namespace; no headers. */
namespace shop {

template <typename T> struct Cart {
	T *items;
	T price(long i) const { return total(items + i, 2); }
	__attribute__((always_inline)) static T total(T *p, int n) { return *p + n; }
	__attribute__((noinline)) bool operator<(const Cart &o) const;
};

namespace {

template <typename F> __attribute__((always_inline)) inline int
each(F f, int n)
{
	return f(n) + 1;
}

__attribute__((noinline)) int
hidden(volatile int *p)
{
	Cart<volatile int> c = { p };

	return each([&](int k) __attribute__((always_inline)) { return (int)c.price(k); }, 2) + 1;
}

}

template <typename T> bool
Cart<T>::operator<(const Cart &o) const
{
	return hidden(items) < (int)(o.items - items);
}

}

template <class T, int N> __attribute__((noinline)) T *
run(T *t)
{
	return *t < *t ? t : t + N;
}

static __attribute__((always_inline)) inline int
start(int n)
{
	shop::Cart<volatile int> c[8] = { { nullptr } };

	return run<shop::Cart<volatile int>, 7>(c) == c + n;
}

int
main(int argc, char **)
{
	return start(argc) + 1;
}
