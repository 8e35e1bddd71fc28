#include "server/catalog/schedule.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <pgtime.h>
#include <utils/date.h>
#include <utils/timestamp.h>
}

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "server/catalog/tables.hpp"
#include "server/module.hpp"

namespace knowhow::server {
namespace {

constexpr int kArguments = 7;
constexpr int32 kMostMonths = 1200;
constexpr int32 kMostDays = 36525;

void check_every(const Interval& every) {
    // A month may be short of 30 days, and an hour a day of 23: no part makes up for another.
    bool const none = every.month == 0 && every.day == 0 && every.time == 0;
    bool const negative = every.month < 0 || every.day < 0 || every.time < 0;
    bool const short_time = every.month == 0 && every.day == 0 && every.time < USECS_PER_SEC;
    bool const long_time = every.month > kMostMonths || every.day > kMostDays ||
                           every.time > kMostDays * USECS_PER_DAY;
    if (!none && (negative || short_time || long_time)) {
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("retrain_every must be from 1 second to 100 years, not %s",
                        DatumGetCString(DirectFunctionCall1(
                            interval_out,
                            IntervalPGetDatum(const_cast<Interval*>(&every))))),
                 errhint("'0' takes the rule away.")));
    }
}

void check_after_changes(int64 rows) {
    if (rows < 0) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("retrain_after_changes must be a number of rows, not " INT64_FORMAT,
                               rows),
                        errhint("0 takes the rule away.")));
    }
}

void check_at_drift(float4 drift) {
    if (!(drift >= 0 && drift <= 1)) {
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("retrain_at_drift must be from 0 to 1, not %g", static_cast<double>(drift)),
                 errhint("0.1 trains again when a tenth of the snippets may be new or changed; 0 "
                         "takes the rule away.")));
    }
}

void check_time_zone(const char* name) {
    if (strlen(name) > TZ_STRLEN_MAX || pg_tzset(name) == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("retrain_time_zone \"%s\" is not a time zone", name),
                        errhint("SELECT name FROM pg_timezone_names lists them; abbreviations "
                                "such as CEST, which hold for a part of the year, are none.")));
    }
}

bool any_given(FunctionCallInfo fcinfo, int first) {
    for (int i = 0; i < kArguments; ++i) {
        if (!PG_ARGISNULL(first + i)) {
            return true;
        }
    }
    return false;
}

// The clock that a test has set: it showed `start` at `real_start`, goes `speed` times as fast as
// the server's, and shows `now`.
struct TestClock {
    TimestampTz start;
    TimestampTz real_start;
    double speed;
    TimestampTz now;
};

// Reads "virtual start;real start;factor". Throws nothing; errors are PostgreSQL's.
TestClock parse_test_clock(char* setting) {
    char* const real = strchr(setting, ';');
    char* const factor = real == nullptr ? nullptr : strchr(real + 1, ';');
    if (factor == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("two semicolons")));
    }
    *real = *factor = '\0';
    auto time = [](const char* text) {
        return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
                                                       ObjectIdGetDatum(InvalidOid),
                                                       Int32GetDatum(-1)));
    };
    double const speed =
        DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(factor + 1)));
    if (!(speed >= 0 && speed <= 1e6)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the factor")));
    }
    TestClock clock = {time(setting), time(real + 1), speed, 0};
    double const passed = static_cast<double>(GetCurrentTimestamp() - clock.real_start) * speed;
    clock.now = clock.start + static_cast<int64>(std::llround(passed));
    if (!IS_VALID_TIMESTAMP(clock.now) || TIMESTAMP_NOT_FINITE(clock.real_start)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("out of range")));
    }
    return clock;
}

// False: no test has set one.
bool read_test_clock(TestClock* clock) {
    if (settings::test_clock == nullptr || *settings::test_clock == '\0') {
        return false;
    }
    char* const setting = pstrdup(settings::test_clock);
    bool readable = true;
    try {
        guarded([&] { *clock = parse_test_clock(setting); });
    } catch (const PostgresError&) {
        readable = false;
    }
    if (!readable) {
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("knowhow.test_clock is \"%s\"", settings::test_clock),
                 errhint("Write \"virtual start;real start;factor\", such as \"2026-03-29 "
                         "00:00+01;2026-01-01 12:00+00;60\", or nothing.")));
    }
    pfree(setting);
    return true;
}

}  // namespace

bool alter_schedule(FunctionCallInfo fcinfo, int first, int32 recommender_id) {
    if (!any_given(fcinfo, first)) {
        return true;
    }
    if (!PG_ARGISNULL(first)) {
        check_every(*PG_GETARG_INTERVAL_P(first));
    }
    if (!PG_ARGISNULL(first + 1)) {
        check_after_changes(PG_GETARG_INT64(first + 1));
    }
    if (!PG_ARGISNULL(first + 2)) {
        check_at_drift(PG_GETARG_FLOAT4(first + 2));
    }
    if (!PG_ARGISNULL(first + 5)) {
        check_time_zone(text_to_cstring(PG_GETARG_TEXT_PP(first + 5)));
    }
    auto parameter = [&](Oid type, int argument) {
        bool const null = PG_ARGISNULL(first + argument);
        return Parameter{type, null ? static_cast<Datum>(0) : PG_GETARG_DATUM(first + argument),
                         null};
    };
    int64 found = 0;
    write_catalog("SELECT knowhow.set_schedule($1, $2, $3, $4, $5, $6, $7, $8)::int",
                  {int4_parameter(recommender_id), parameter(INTERVALOID, 0),
                   parameter(INT8OID, 1), parameter(FLOAT4OID, 2), parameter(TIMEOID, 3),
                   parameter(TIMEOID, 4), parameter(TEXTOID, 5), parameter(BOOLOID, 6)},
                  &found);
    return found != 0;
}

TimestampTz server_time_of(TimestampTz time) {
    TestClock clock;
    if (!read_test_clock(&clock)) {
        return time;
    }
    if (time <= clock.now) {
        return GetCurrentTimestamp() + (time - clock.now);
    }
    // Rounded up: whoever wakes then must not be early.
    double const moment = static_cast<double>(clock.real_start) +
                          std::ceil(static_cast<double>(time - clock.start) / clock.speed);
    return moment < static_cast<double>(END_TIMESTAMP) ? static_cast<TimestampTz>(moment)
                                                       : DT_NOEND;
}

}  // namespace knowhow::server

using namespace knowhow::server;

KNOWHOW_FUNCTION(schedule_now) {
    TestClock clock;
    PG_RETURN_TIMESTAMPTZ(read_test_clock(&clock) ? clock.now : GetCurrentTimestamp());
}

KNOWHOW_FUNCTION(preloaded) {
    PG_RETURN_BOOL(settings::preloaded);
}
