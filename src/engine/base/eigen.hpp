// Eigen, as it may run inside a PostgreSQL backend: the only way to include it.
#pragma once

#ifdef POSTGRES_H
#error "postgres.h redefines names that Eigen uses: keep the two in different files"
#endif

#include <stdexcept>

// Threads come from parallel_for() alone. A failed assertion is an error of our own code: it must
// end one statement, not the server, which abort() would take down with every connection.
#define EIGEN_DONT_PARALLELIZE
#define eigen_assert(condition)                                         \
    do {                                                                \
        if (!(condition)) {                                             \
            throw std::logic_error("eigen_assert(" #condition ")");     \
        }                                                               \
    } while (false)

#include <Eigen/Core>
#include <Eigen/Cholesky>
