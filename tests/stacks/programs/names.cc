// SPDX-License-Identifier: MIT
// names [WAY]: what C++ calls functions: overloads, templates, operators, lambdas, a destructor while an
// exception is on its way.
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "place.h"

namespace shop {
namespace {

FRAME int hidden(int a)
{
	say_ready(0);
	int ret = park();

	STAY(a);
	return ret + a;
}

} // namespace

struct counter {
	int count;

	FRAME explicit counter(int a) : count(hidden(a))
	{
		STAY(count);
	}

	FRAME int operator()(int a)
	{
		counter other(a);

		STAY(other.count);
		return count + other.count;
	}

	FRAME static int overloaded(const std::string &text)
	{
		alignas(counter) static char room[sizeof(counter)];
		int ret = (*reinterpret_cast<counter *>(room))(static_cast<int>(text.size()));

		STAY(ret);
		return ret;
	}

	FRAME static int overloaded(const std::vector<int> &many)
	{
		int ret = overloaded(std::to_string(many.size()));

		STAY(ret);
		return ret;
	}
};

template <typename T, int n> struct box {
	template <typename F> FRAME static int apply(F f, T value)
	{
		int ret = f(value) + n;

		STAY(ret);
		return ret;
	}
};

} // namespace shop

struct fails {
	FRAME ~fails()
	{
		int ret = shop::counter::overloaded(std::vector<int>(3));

		STAY(ret);
	}
};

FRAME void throws(int a)
{
	fails object;

	STAY(&object);
	if (a)
		throw std::runtime_error("on its way");
}

FRAME int catches(int a)
{
	try {
		throws(a);
	} catch (const std::runtime_error &) {
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	std::function<int(int)> call = [argc](int a) {
		int ret = shop::box<long, 7>::apply([](long b) { return catches(static_cast<int>(b)) + 1; }, a + argc);

		STAY(ret);
		return ret;
	};

	place_begin(argv[1]);
	std::thread thread([&call] {
		prctl(PR_SET_NAME, "worker");
		int ret = call(1);

		STAY(ret);
	});
	thread.join();
	return argc;
}
