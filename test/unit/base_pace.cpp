#include "engine/base/pace.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <random>
#include <thread>

namespace knowhow {
namespace {

using namespace std::chrono_literals;
using Time = Pacer::Time;

// Two clocks that a test turns by itself.
struct Clocks {
    Time worked{5s};  // neither begins at zero
    Time now{1000s};

    void work(Time time) {
        worked += time;
        now += time;
    }
    void wait(Time time) { now += time; }
};

TEST(Pacer, KeepsTheShare) {
    for (const double share : {0.9, 0.5, 0.2, 0.01}) {
        for (const Time piece : {Time(10us), Time(700us), Time(30ms)}) {
            Clocks clocks;
            Pacer pacer(share, clocks.worked, clocks.now);
            const Clocks begin = clocks;
            while (clocks.worked - begin.worked < 3s) {
                clocks.work(piece);
                clocks.wait(pacer.rest(clocks.worked, clocks.now));
            }
            clocks.wait(pacer.last_rest(clocks.worked, clocks.now));
            EXPECT_NEAR((clocks.worked - begin.worked) / 1.0s,
                        share * ((clocks.now - begin.now) / 1.0s), 1e-4)
                << share << " in pieces of " << piece.count() << " ns";
        }
    }
}

TEST(Pacer, OwesNothingAtFullShare) {
    for (const double share : {1.0, 1.5, HUGE_VAL}) {
        Clocks clocks;
        Pacer pacer(share, clocks.worked, clocks.now);
        for (int i = 0; i < 100; ++i) {
            clocks.work(50ms);
            EXPECT_EQ(pacer.rest(clocks.worked, clocks.now), 0s);
        }
        EXPECT_EQ(pacer.last_rest(clocks.worked, clocks.now), 0s);
    }
}

TEST(Pacer, TinyAndSenselessSharesCountAsAThousandth) {
    for (const double share : {0.001, 1e-9, 0.0, -3.0}) {
        Clocks clocks;
        Pacer pacer(share, clocks.worked, clocks.now);
        clocks.work(1ms);
        EXPECT_EQ(pacer.rest(clocks.worked, clocks.now), 999ms) << share;
    }
}

TEST(Pacer, PutsOffShortRests) {
    Clocks clocks;
    Pacer pacer(0.5, clocks.worked, clocks.now);
    int rests = 0;
    for (int i = 0; i < 1000; ++i) {
        clocks.work(100us);
        const Time rest = pacer.rest(clocks.worked, clocks.now);
        if (rest > 0s) {
            EXPECT_EQ(rest, Pacer::kLeastRest);
            clocks.wait(rest);
            ++rests;
        }
    }
    EXPECT_EQ(rests, 50);
    clocks.work(300us);
    EXPECT_EQ(pacer.rest(clocks.worked, clocks.now), 0s);
    EXPECT_EQ(pacer.last_rest(clocks.worked, clocks.now), 300us);
}

TEST(Pacer, RestsThatLastTooLongCount) {
    Clocks clocks;
    Pacer pacer(0.25, clocks.worked, clocks.now);
    const Clocks begin = clocks;
    std::mt19937 random(1);
    std::uniform_int_distribution<int> late(0, 4000);
    for (int i = 0; i < 2000; ++i) {
        clocks.work(1ms);
        if (const Time rest = pacer.rest(clocks.worked, clocks.now); rest > 0s) {
            clocks.wait(rest + std::chrono::microseconds(late(random)));
        }
    }
    EXPECT_NEAR((clocks.worked - begin.worked) / (1.0 * (clocks.now - begin.now)), 0.25, 0.002);
}

TEST(Pacer, WaitingCountsAsRest) {
    // A CPU that others use: each millisecond of work takes four.
    Clocks clocks;
    Pacer pacer(0.25, clocks.worked, clocks.now);
    for (int i = 0; i < 100; ++i) {
        clocks.wait(3ms);
        clocks.work(1ms);
        EXPECT_EQ(pacer.rest(clocks.worked, clocks.now), 0s);
    }
}

TEST(Pacer, ALongWaitIsNotFollowedByALongBurst) {
    Clocks clocks;
    Pacer pacer(0.5, clocks.worked, clocks.now);
    clocks.wait(3600s);
    EXPECT_EQ(pacer.rest(clocks.worked, clocks.now), 0s);
    clocks.work(Pacer::kMostCredit);
    EXPECT_EQ(pacer.rest(clocks.worked, clocks.now), 0s);
    clocks.work(Pacer::kMostCredit);
    EXPECT_EQ(pacer.rest(clocks.worked, clocks.now), Pacer::kMostCredit);
}

TEST(Clocks, CpuTimeStandsStillInSleep) {
    const auto cpu = thread_cpu_time();
    const auto now = steady_time();
    std::this_thread::sleep_for(50ms);
    EXPECT_GE(steady_time() - now, 50ms);
    EXPECT_LT(thread_cpu_time() - cpu, 25ms);
    while (thread_cpu_time() - cpu < 25ms) {
    }
    SUCCEED();
}

#ifdef __linux__
TEST(GiveWay, ConcernsTheCallingThreadAlone) {
    const int before = getpriority(PRIO_PROCESS, 0);
    int inside = -1;
    int lower = -1;
    std::thread([&] {
        give_way(17);
        inside = getpriority(PRIO_PROCESS, 0);
        give_way(3);
        lower = getpriority(PRIO_PROCESS, 0);
    }).join();
    EXPECT_EQ(inside, 17);
    EXPECT_EQ(lower, 17) << "a nice value is never lowered";
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before);
}
#endif

}  // namespace
}  // namespace knowhow
