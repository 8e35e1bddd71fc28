// The SQL functions that change the catalogue; declared in control/chapters/40_catalog.sql.
#include "server/border/border.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <funcapi.h>
#include <utils/lsyscache.h>
#include <utils/snapmgr.h>
#include <utils/tuplestore.h>
}

#include <cstring>

#include "server/catalog/binding.hpp"
#include "server/catalog/model.hpp"
#include "server/catalog/params.hpp"
#include "server/catalog/recommender.hpp"
#include "server/catalog/relation.hpp"
#include "server/catalog/schedule.hpp"
#include "server/catalog/tables.hpp"
#include "server/text/parser.hpp"
#include "server/worker/shared_state.hpp"

namespace knowhow::server {
namespace {

void require_argument(FunctionCallInfo fcinfo, int argument, const char* name) {
    if (PG_ARGISNULL(argument)) {
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name)));
    }
}

char* name_argument(FunctionCallInfo fcinfo, int argument, const char* name) {
    require_argument(fcinfo, argument, name);
    char* const value = text_to_cstring(PG_GETARG_TEXT_PP(argument));
    std::size_t const length = strlen(value);
    if (length == 0 || length >= NAMEDATALEN) {
        ereport(ERROR, (errcode(length == 0 ? ERRCODE_INVALID_NAME : ERRCODE_NAME_TOO_LONG),
                        errmsg("a recommender's name must have 1 to %d bytes, not %zu",
                               NAMEDATALEN - 1, length)));
    }
    return value;
}

Oid relation_argument(FunctionCallInfo fcinfo, int argument, Oid otherwise) {
    if (PG_ARGISNULL(argument)) {
        return otherwise;
    }
    Oid const relation = PG_GETARG_OID(argument);
    if (OidIsValid(relation) && !relation_exists(relation)) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("there is no relation with OID %u", relation)));
    }
    return relation;
}

void require_relation(Oid relation, int role) {
    if (!OidIsValid(relation)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("%s must name a relation", role_name(role))));
    }
}

// Who binds must own: otherwise models of other people's tables could be made by anybody.
void require_ownership_of_snippets(Recommender* recommender) {
    recommender->owner = relation_owner(recommender->snippets);
    if (!caller_owns(*recommender)) {
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("must be owner of %s to bind it as snippets of recommender \"%s\"",
                               qualified_name(recommender->snippets), recommender->name)));
    }
}

void require_free_name(bool free, const char* name) {
    if (!free) {
        ereport(ERROR, (errcode(ERRCODE_DUPLICATE_OBJECT),
                        errmsg("recommender \"%s\" already exists", name),
                        errhint("Choose another name; knowhow.alter_recommender() changes one "
                                "that exists, knowhow.drop_recommender() forgets it.")));
    }
}

[[noreturn]] void gone_meanwhile(const char* name) {
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("recommender \"%s\" does not exist", name),
             errdetail("Another session has just dropped it.")));
    pg_unreachable();
}

// A name is free again once the snippets behind it are gone.
void forget_if_gone(const char* name) {
    int64 recommender_id;
    if (write_catalog(
            "SELECT recommender_id FROM knowhow.recommender_catalog AS r "
            "WHERE name = $1 AND NOT EXISTS (SELECT FROM pg_class WHERE oid = r.snippets)",
            {text_parameter(name)}, &recommender_id) > 0) {
        delete_recommender_rows(static_cast<int32>(recommender_id));
    }
}

Parameter relation_parameter(Oid relation) {
    return {REGCLASSOID, ObjectIdGetDatum(relation), !OidIsValid(relation)};
}

Parameter names_parameter(const Recommender& recommender) {
    return {TEXTARRAYOID, names_to_bind(recommender)};
}

// Writes an altered recommender back; algorithm and params stay where they are not given.
uint64 store(const Recommender& recommender, const char* name, bool same_algorithm,
             const Jsonb* params) {
    return write_catalog(
        "UPDATE knowhow.recommender_catalog SET name = $2, snippets = $3, interactions = $4, "
        "labels = $5, ratings = $6, events = $7, users = $8, links = $9, bound_names = $10, "
        "algorithm = coalesce($11, algorithm), "
        "params = jsonb_strip_nulls(params || coalesce($12, '{}')) WHERE recommender_id = $1",
        {int4_parameter(recommender.id), text_parameter(name),
         relation_parameter(recommender.snippets), relation_parameter(recommender.interactions),
         relation_parameter(recommender.labels), relation_parameter(recommender.ratings),
         relation_parameter(recommender.events), relation_parameter(recommender.users),
         relation_parameter(recommender.links),
         names_parameter(recommender),
         text_parameter(same_algorithm ? nullptr : recommender.algorithm),
         jsonb_parameter(params)});
}

}  // namespace
}  // namespace knowhow::server

using namespace knowhow::server;

KNOWHOW_FUNCTION(create_recommender) {
    PreventCommandIfReadOnly("create_recommender()");
    require_argument(fcinfo, 7, "algorithm");
    require_argument(fcinfo, 8, "params");
    Recommender recommender = {};
    recommender.name = name_argument(fcinfo, 0, "name");
    recommender.snippets = relation_argument(fcinfo, 1, InvalidOid);
    recommender.interactions = relation_argument(fcinfo, 2, InvalidOid);
    recommender.labels = relation_argument(fcinfo, 3, InvalidOid);
    recommender.ratings = relation_argument(fcinfo, 4, InvalidOid);
    recommender.events = relation_argument(fcinfo, 5, InvalidOid);
    recommender.users = relation_argument(fcinfo, 6, InvalidOid);
    recommender.algorithm = text_to_cstring(PG_GETARG_TEXT_PP(7));
    recommender.params = PG_GETARG_JSONB_P(8);
    recommender.links = relation_argument(fcinfo, 9, InvalidOid);
    require_relation(recommender.snippets, kSnippets);
    require_relation(recommender.interactions, kInteractions);
    check_algorithm(recommender.algorithm);
    check_params(recommender.params);
    require_ownership_of_snippets(&recommender);
    check_bound_relations(recommender);

    forget_if_gone(recommender.name);
    require_free_name(
        write_catalog(
            "INSERT INTO knowhow.recommender_catalog (name, snippets, interactions, "
            "labels, ratings, events, users, links, bound_names, algorithm, params, text_version) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, jsonb_strip_nulls($11), $12) "
            "ON CONFLICT (name) DO NOTHING",
            {text_parameter(recommender.name), relation_parameter(recommender.snippets),
             relation_parameter(recommender.interactions), relation_parameter(recommender.labels),
             relation_parameter(recommender.ratings), relation_parameter(recommender.events),
             relation_parameter(recommender.users), relation_parameter(recommender.links),
             names_parameter(recommender), text_parameter(recommender.algorithm),
             jsonb_parameter(recommender.params), text_parameter(text_version())}) > 0,
        recommender.name);
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(alter_recommender) {
    PreventCommandIfReadOnly("alter_recommender()");
    char* const name = name_argument(fcinfo, 0, "name");
    Datum bound_names;
    Recommender recommender = *stored_recommender(name, &bound_names);
    if (!OidIsValid(recommender.owner)) {
        // Nobody owns it now; who bound other snippets would come by models of the old ones.
        require_bound(recommender, bound_names, 0);
    }
    require_owner(recommender, "alter it");
    // What another session has just altered is neither lost nor overwritten: lock, look again.
    if (!lock_recommender(recommender.id)) {
        gone_meanwhile(name);
    }
    PushActiveSnapshot(GetTransactionSnapshot());
    recommender = *stored_recommender(name, &bound_names);
    PopActiveSnapshot();
    require_owner(recommender, "alter it");

    Jsonb* params = nullptr;
    if (!PG_ARGISNULL(1)) {
        recommender.algorithm = text_to_cstring(PG_GETARG_TEXT_PP(1));
        check_algorithm(recommender.algorithm);
    }
    if (!PG_ARGISNULL(2)) {
        params = PG_GETARG_JSONB_P(2);
        check_params(params);
    }
    recommender.snippets = relation_argument(fcinfo, 3, recommender.snippets);
    recommender.interactions = relation_argument(fcinfo, 4, recommender.interactions);
    recommender.labels = relation_argument(fcinfo, 5, recommender.labels);
    recommender.ratings = relation_argument(fcinfo, 6, recommender.ratings);
    recommender.events = relation_argument(fcinfo, 7, recommender.events);
    recommender.users = relation_argument(fcinfo, 8, recommender.users);
    recommender.links = relation_argument(fcinfo, 17, recommender.links);
    require_relation(recommender.snippets, kSnippets);
    require_relation(recommender.interactions, kInteractions);
    unsigned rebound = 0;
    for (int role = 0; role < kRoles; ++role) {
        if (!PG_ARGISNULL(role == kLinks ? 17 : 3 + role)) {
            rebound |= 1U << role;
        }
    }
    require_bound(recommender, bound_names, rebound);
    require_ownership_of_snippets(&recommender);
    check_bound_relations(recommender);

    const char* new_name = name;
    if (!PG_ARGISNULL(9)) {
        new_name = name_argument(fcinfo, 9, "new_name");
        if (strcmp(name, new_name) != 0) {
            forget_if_gone(new_name);
        }
    }
    // The unique index decides about the new name: another session may want the same.
    uint64 rows = 0;
    bool taken = false;
    try {
        guarded([&] { rows = store(recommender, new_name, PG_ARGISNULL(1), params); });
    } catch (const PostgresError& error) {
        if (error.data()->sqlerrcode != ERRCODE_UNIQUE_VIOLATION) {
            throw;
        }
        taken = true;
    }
    require_free_name(!taken, new_name);
    if (rows == 0 || !alter_schedule(fcinfo, 10, recommender.id)) {
        gone_meanwhile(name);
    }
    wake_launcher(MyDatabaseId);
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(drop_recommender) {
    PreventCommandIfReadOnly("drop_recommender()");
    char* const name = name_argument(fcinfo, 0, "name");
    Datum bound_names;
    const Recommender* const recommender = stored_recommender(name, &bound_names);
    // Where the snippets are gone nobody owns it any more, and the name is free to all anyway.
    if (OidIsValid(recommender->owner)) {
        require_owner(*recommender, "drop it");
    }
    delete_recommender_rows(recommender->id);
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(activate_model) {
    PreventCommandIfReadOnly("activate_model()");
    require_argument(fcinfo, 0, "model_id");
    int32 const model_id = PG_GETARG_INT32(0);
    auto unknown_model = [&] {
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("model %d does not exist", model_id),
                 errhint("SELECT * FROM knowhow.models lists those that you may see.")));
    };
    const Model* model = find_model(model_id);
    if (model == nullptr) {
        unknown_model();
    }
    const Recommender* const recommender = recommender_by_id(model->recommender_id);
    if (recommender == nullptr) {
        unknown_model();
    }
    require_owner(*recommender, "activate its models");
    if (!lock_recommender(recommender->id)) {
        unknown_model();
    }
    // Only now does the state stay as it is.
    int64 usable = 0;
    if (write_catalog("SELECT (state IN ('active', 'retired'))::int FROM knowhow.model_catalog "
                      "WHERE model_id = $1",
                      {int4_parameter(model_id)}, &usable) == 0) {
        unknown_model();
    }
    if (usable == 0) {
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("model %d cannot be made active", model_id),
                        errdetail("Its training did not finish: it is %s.", model->state)));
    }
    activate_model_row(model_id);
    PG_RETURN_VOID();
}

KNOWHOW_FUNCTION(known_parameters) {
    InitMaterializedSRF(fcinfo, 0);
    ReturnSetInfo* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    int count;
    const KnownParam* const params = known_params(&count);
    static const char* const type_names[] = {"integer", "real", "text", "text"};  // by ParamType
    for (const KnownParam* param = params; param < params + count; ++param) {
        bool const is_text = param->standard_text != nullptr;
        Datum values[] = {
            CStringGetTextDatum(param->name),
            CStringGetTextDatum(type_names[static_cast<int>(param->type)]),
            CStringGetTextDatum(is_text ? param->standard_text
                                        : psprintf("%.15g", param->standard)),
            Float8GetDatum(param->minimum),
            Float8GetDatum(param->maximum),
            CStringGetTextDatum(param->description)};
        bool nulls[lengthof(values)] = {false, false, false, is_text, is_text, false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return static_cast<Datum>(0);
}
