// What the launcher, its visits and sessions tell each other, in shared memory. It exists only
// where the library is in shared_preload_libraries.
//
// All functions here are PostgreSQL phases.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <utils/timestamp.h>
}

namespace knowhow::server {

// More than can run at a time: knowhow.max_concurrent_trainings ends at 64.
constexpr int kMaxVisits = 72;
constexpr int kMaxWakes = 64;
constexpr std::size_t kVisitErrorBytes = 256;

enum class VisitState : std::int32_t {
    kFree,
    kStarting,  // registered with the postmaster
    kLooking,   // its process looks what is due
    kTraining,
    kLeft,  // until the launcher has read its last report
};

// A visit is a process that looks into one database for recommenders that are due and trains them.
struct Visit {
    VisitState state;
    uint32 generation;  // distinguishes the visits that have had this place
    Oid database;
    TimestampTz since;  // when the state was entered
    uint64 report;      // number of its last report, ascending over all visits
    bool reported;      // that report is news
    // When the first recommender of the database is due that this visit does not train itself: in
    // the past for one that waits for somebody else to come, DT_NOEND where time brings nothing.
    TimestampTz due;
    bool failed;
    char error[kVisitErrorBytes];  // what went wrong, where it failed; "" for a silent end
};

// What the launcher finds when it is woken.
struct News {
    Visit visits[kMaxVisits];
    int wakes;  // databases in which a schedule has changed; kMaxWakes + 1 stands for all
    Oid wake[kMaxWakes];
};

// Called from _PG_init while the postmaster loads the library.
void request_shared_state();

// ---- The launcher

// Makes this process the one that is woken, until it exits.
void become_launcher();
// Copies all there is, marks it as read, and frees the places of visits that have left.
void take_news(News* news);
// Takes a place for a visit that is about to be started. -1: all are taken.
int new_visit(Oid database, uint32* generation);
// Gives back the place of a visit that has not come; if it comes after all, it finds that out.
// False: it has come.
bool give_up_visit(int visit);
// Since when some other database has been waiting for a visit; DT_NOEND: none has.
void announce_waiting(TimestampTz since);

// ---- A visit

// Takes the place that the launcher has given. False: it has been given up.
bool arrive(int visit, uint32 generation);
// Enters a state and tells what was found.
void report_visit(VisitState state, TimestampTz due);
// How a visit ends.
struct Ending {
    bool failed;
    char error[kVisitErrorBytes];  // why, or "" where there is nothing to say
    TimestampTz due;               // where it did not fail: as in Visit
};
void leave(const Ending& ending);
TimestampTz waiting_since();

// ---- Sessions

// Once this transaction has committed the launcher looks into the database at once. Does nothing
// where there is no launcher.
void wake_launcher(Oid database);

}  // namespace knowhow::server
