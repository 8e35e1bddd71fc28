// PostgreSQL's own headers, made fit for C++. The first include of every file in src/server, and
// never included together with ICU or Eigen: postgres.h redefines printf, Min, Max, Abs and more.
#pragma once

extern "C" {
#include <postgres.h>

#include <fmgr.h>
#include <miscadmin.h>
#include <utils/builtins.h>
#include <utils/memutils.h>
#if PG_VERSION_NUM >= 160000
#include <varatt.h>   // part of postgres.h before
#endif
}

// Macros that would break the standard library's headers when these are included after this one.
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef strerror
#undef strerror_r
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext
#undef bind
#undef Min
#undef Max
#undef Abs
