// verify_index(): what is wrong with an index, in itself and beside its table.
#include "server/border/border.hpp"

extern "C" {
#include <access/tableam.h>
#include <access/xlog.h>
#include <catalog/index.h>
#include <funcapi.h>
#include <mb/pg_wchar.h>
#include <utils/builtins.h>
#include <utils/snapmgr.h>
#include <utils/tuplestore.h>
}

#include <cstring>

#include "server/catalog/acting.hpp"
#include "server/index/inspection.hpp"
#include "server/index/walk.hpp"
#include "server/module.hpp"
#include "server/type/tfidf.hpp"

namespace knowhow::server::index {
namespace {

struct Comparison {
    Walk* walk;
    MemoryContext per_row;
};

void compare_row(Relation, ItemPointer tid, Datum* values, bool* nulls, bool, void* argument) {
    Comparison* const comparison = static_cast<Comparison*>(argument);
    MemoryContext const before = MemoryContextSwitchTo(comparison->per_row);
    Datum const vector = nulls[0] ? Datum{0} : PointerGetDatum(PG_DETOAST_DATUM_PACKED(values[0]));
    engine([&] {
        comparison->walk->compare(
            search::make_tid(ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid)),
            nulls[0], nulls[0] ? VectorView() : tfidf_view(vector));
    });
    MemoryContextSwitchTo(before);
    MemoryContextReset(comparison->per_row);
}

// Every row that the snapshot sees and that belongs into the index, as CREATE INDEX CONCURRENTLY
// would find it: conditions and expressions of the index apply, and a row that HOT updates moved
// comes by the TID that the index has of it.
void compare_table(const Inspected& opened, Snapshot snapshot, Walk* walk) {
    Comparison comparison;
    comparison.walk = walk;
    comparison.per_row = AllocSetContextCreate(CurrentMemoryContext, "tfidf index verification row",
                                               ALLOCSET_DEFAULT_SIZES);
    IndexInfo* const info = BuildIndexInfo(opened.index);
    info->ii_Concurrent = true;
    TableScanDesc const scan =
        table_beginscan_strat(opened.table, snapshot, 0, nullptr, true, true);
    table_index_build_scan(opened.table, opened.index, info, true, false, compare_row, &comparison,
                           scan);
    MemoryContextDelete(comparison.per_row);
}

// Damaged bytes may be quoted, and are none of the database's encoding then.
Datum text_of(const std::string& sentence) {
    int const length = static_cast<int>(sentence.size());
    if (pg_verify_mbstr(GetDatabaseEncoding(), sentence.data(), length, true)) {
        return PointerGetDatum(cstring_to_text_with_len(sentence.data(), length));
    }
    StringInfoData text;
    initStringInfo(&text);
    for (char const byte : sentence) {
        if (byte >= ' ' && byte <= '~') {
            appendStringInfoChar(&text, byte);
        } else {
            appendStringInfo(&text, "\\x%02x", static_cast<unsigned char>(byte));
        }
    }
    return PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
}

void put(const Problem& problem, ReturnSetInfo* result) {
    Datum values[3] = {};
    bool nulls[3] = {!problem.block.has_value(), !problem.tid.has_value(), false};
    if (problem.block) {
        values[0] = Int64GetDatum(*problem.block);
    }
    if (problem.tid) {
        ItemPointer const pointer = static_cast<ItemPointer>(palloc(sizeof(ItemPointerData)));
        ItemPointerSet(pointer, search::tid_block(*problem.tid), search::tid_line(*problem.tid));
        values[1] = PointerGetDatum(pointer);
    }
    values[2] = text_of(problem.sentence);
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

// Errors of reading the file itself name it by its number only.
void say_which_index(void* name) {
    errcontext("verifying index \"%s\"", static_cast<const char*>(name));
}

// One go over index and table; the walk belongs to the context.
Walk* walk_once(const Inspected& opened, MemoryContext context) {
    // The rows that it sees are in the index by now. While it is kept no page to which the
    // metapage leads is used again, and VACUUM removes no row that it sees.
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    Walk* walk = nullptr;
    engine([&] {
        walk = adopt(context, std::make_unique<Walk>(
                                  opened.index, std::size_t{1024} * settings::max_memory));
        walk->read();
    });
    compare_table(opened, snapshot, walk);
    UnregisterSnapshot(snapshot);
    BlockNumber const blocks = RelationGetNumberOfBlocks(opened.table);
    engine([&] { walk->finish(blocks); });
    return walk;
}

constexpr int kMostAttempts = 5;

void verify(const Inspected& opened, ReturnSetInfo* result) {
    MemoryContext const context = AllocSetContextCreate(
        CurrentMemoryContext, "tfidf index verification", ALLOCSET_DEFAULT_SIZES);
    const Walk* walk = walk_once(opened, context);
    // A standby's snapshots do not keep the primary from using pages again.
    for (int attempt = 1; RecoveryInProgress() && walk->is_outdated() && !walk->problems().empty();
         ++attempt) {
        if (attempt == kMostAttempts) {
            ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                            errmsg("index \"%s\" changes faster than it can be verified",
                                   RelationGetRelationName(opened.index)),
                            errhint("Set hot_standby_feedback on this standby, or verify the index "
                                    "on the primary.")));
        }
        MemoryContextReset(context);
        walk = walk_once(opened, context);
    }
    for (const Problem& problem : walk->problems()) {
        put(problem, result);
    }
    MemoryContextDelete(context);
}

}  // namespace
}  // namespace knowhow::server::index

using namespace knowhow::server;

// verify_index(index regclass) -> set of problems; declared in control/chapters/25_index.sql.
KNOWHOW_FUNCTION(verify_index) {
    InitMaterializedSRF(fcinfo, 0);
    index::Inspected const opened = index::open_for_inspection(PG_GETARG_OID(0));
    ErrorContextCallback which;
    which.callback = index::say_which_index;
    which.arg = RelationGetRelationName(opened.index);
    which.previous = error_context_stack;
    error_context_stack = &which;
    // The index's expressions and conditions are its table's owner's.
    ActingAsOwner const before = act_as(opened.table->rd_rel->relowner);
    index::verify(opened, reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    act_as_before(before);
    error_context_stack = which.previous;
    index::close_inspected(opened);
    return static_cast<Datum>(0);
}
