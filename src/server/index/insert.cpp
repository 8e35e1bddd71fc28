// One row on its way in.
#include "server/index/callbacks.hpp"
#include "server/index/fresh.hpp"

namespace knowhow::server::index {

bool insert(Relation index, Datum* values, bool* nulls, ItemPointer tid, Relation, IndexUniqueCheck,
            bool, IndexInfo*) {
    if (nulls[0]) {
        append_fresh(index, tid, nullptr);
        return false;
    }
    struct varlena* const vector = PG_DETOAST_DATUM_PACKED(values[0]);
    append_fresh(index, tid, vector);
    if (vector != reinterpret_cast<struct varlena*>(DatumGetPointer(values[0]))) {
        pfree(vector);
    }
    return false;
}

}  // namespace knowhow::server::index
