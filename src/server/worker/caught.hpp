// Errors that a worker survives.
#pragma once

#include "server/border/border.hpp"

extern "C" {
#include <access/xact.h>
}

namespace knowhow::server {

// Runs body(); where it raises an error, aborts the transaction and returns the error, copied to
// the current memory context, which must outlive the transaction. NULL: there was none.
// body must throw no exception and hold no object with a destructor while it calls PostgreSQL.
template <typename Body>
ErrorData* caught(Body&& body) {
    MemoryContext const memory = CurrentMemoryContext;
    ErrorData* volatile error = nullptr;
    PG_TRY();
    { body(); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        error = CopyErrorData();
        FlushErrorState();
        AbortCurrentTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(memory);
    return error;
}

}  // namespace knowhow::server
