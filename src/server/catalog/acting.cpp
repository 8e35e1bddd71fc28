#include "server/catalog/acting.hpp"

extern "C" {
#include <miscadmin.h>
#include <utils/guc.h>
}

namespace knowhow::server {

ActingAsOwner act_as(Oid owner) {
    ActingAsOwner before;
    GetUserIdAndSecContext(&before.user, &before.context);
    SetUserIdAndSecContext(owner, before.context | SECURITY_RESTRICTED_OPERATION);
    before.settings = NewGUCNestLevel();
    (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_SAVE, true, 0, false);
    return before;
}

void act_as_before(const ActingAsOwner& before) {
    AtEOXact_GUC(false, before.settings);
    SetUserIdAndSecContext(before.user, before.context);
}

}  // namespace knowhow::server
