#include "server/catalog/model.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <utils/fmgroids.h>
#include <utils/inval.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}

#include <cstring>

#include "server/catalog/tables.hpp"

namespace knowhow::server {
namespace {

// Columns of knowhow.model_catalog.
enum Column {
    kColumnId = 1,
    kColumnRecommenderId,
    kColumnState,
    kColumnAlgorithm,
    kColumnParams,
    kColumnSeed,
    kColumnTextVersion,
    kColumnTrainedAt,
    kColumnDocuments,
    kColumnPeople,
    kColumnInteractions,
    kColumnSizes,
    kColumnMetrics,
    kColumnNewestInteraction,
    kColumns = kColumnNewestInteraction
};

Model* read_row(HeapTuple tuple, TupleDesc columns) {
    Datum values[kColumns];
    bool nulls[kColumns];
    read_columns(tuple, columns, kColumns, values, nulls);
    auto string = [&](int column) {
        return nulls[column - 1] ? nullptr : TextDatumGetCString(values[column - 1]);
    };
    auto number = [&](int column) {
        return nulls[column - 1] ? 0 : DatumGetInt64(values[column - 1]);
    };
    auto json = [&](int column) {
        return nulls[column - 1] ? nullptr : DatumGetJsonbPCopy(values[column - 1]);
    };
    Model* const model = static_cast<Model*>(palloc0(sizeof(Model)));
    model->id = DatumGetInt32(values[kColumnId - 1]);
    model->recommender_id = DatumGetInt32(values[kColumnRecommenderId - 1]);
    model->state = string(kColumnState);
    model->algorithm = string(kColumnAlgorithm);
    model->params = json(kColumnParams);
    model->seed = number(kColumnSeed);
    model->text_version = string(kColumnTextVersion);
    model->trained_at =
        nulls[kColumnTrainedAt - 1] ? 0 : DatumGetTimestampTz(values[kColumnTrainedAt - 1]);
    model->documents = number(kColumnDocuments);
    model->people = number(kColumnPeople);
    model->interactions = number(kColumnInteractions);
    model->sizes = json(kColumnSizes);
    model->metrics = json(kColumnMetrics);
    model->newest_interaction = number(kColumnNewestInteraction);
    return model;
}

// The first row that the key finds in the index, or NULL. The partial index of active models
// needs no second condition: it holds no other rows.
Model* first_row(const char* index, int column, int32 id, bool active) {
    ScanKeyData key;
    ScanKeyInit(&key, static_cast<AttrNumber>(column), BTEqualStrategyNumber, F_INT4EQ,
                Int32GetDatum(id));
    Relation const catalog = table_open(catalog_table("model_catalog"), AccessShareLock);
    SysScanDesc const scan =
        systable_beginscan(catalog, catalog_table(index), true, GetActiveSnapshot(), 1, &key);
    Model* model = nullptr;
    HeapTuple tuple;
    while (model == nullptr && HeapTupleIsValid(tuple = systable_getnext(scan))) {
        Model* const candidate = read_row(tuple, RelationGetDescr(catalog));
        if (!active || strcmp(candidate->state, "active") == 0) {
            model = candidate;
        }
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return model;
}

// Deletes the models that the condition finds, with all rows that belong to them.
void delete_models(const char* condition, std::initializer_list<Parameter> parameters) {
    const char* const statement = psprintf(
        "WITH gone AS (DELETE FROM knowhow.model_catalog WHERE %s RETURNING model_id), "
        "statistics AS (DELETE FROM knowhow.model_statistics AS t USING gone "
        "WHERE t.model_id = gone.model_id), "
        "items AS (DELETE FROM knowhow.model_items AS t USING gone "
        "WHERE t.model_id = gone.model_id), "
        "positions AS (DELETE FROM knowhow.model_positions AS t USING gone "
        "WHERE t.model_id = gone.model_id) "
        "UPDATE knowhow.training_run_catalog AS t SET model_id = NULL FROM gone "
        "WHERE t.model_id = gone.model_id",
        condition);
    write_catalog(statement, parameters);
}

}  // namespace

const Jsonb* found_weights(const Model& model) {
    if (model.metrics == nullptr || !JB_ROOT_IS_OBJECT(model.metrics)) {
        return nullptr;
    }
    static char name[] = "weights";
    JsonbValue key;
    key.type = jbvString;
    key.val.string.val = name;
    key.val.string.len = static_cast<int>(strlen(name));
    JsonbValue* const found =
        findJsonbValueFromContainer(&model.metrics->root, JB_FOBJECT, &key);
    return found == nullptr || found->type != jbvBinary ? nullptr : JsonbValueToJsonb(found);
}

Model* active_model(int32 recommender_id) {
    return first_row("model_catalog_active_idx", kColumnRecommenderId, recommender_id, true);
}

Model* find_model(int32 model_id) {
    return first_row("model_catalog_pkey", kColumnId, model_id, false);
}

bool lock_recommender(int32 recommender_id) {
    return write_catalog(
               "SELECT recommender_id FROM knowhow.recommender_catalog "
               "WHERE recommender_id = $1 FOR NO KEY UPDATE",
               {int4_parameter(recommender_id)}) > 0;
}

int32 create_model(const Recommender& recommender, int64 seed) {
    int64 model_id = 0;
    uint64 const rows = write_catalog(
        "INSERT INTO knowhow.model_catalog (recommender_id, state, algorithm, params, seed) "
        "SELECT recommender_id, 'building', $2, $3, $4 FROM knowhow.recommender_catalog "
        "WHERE recommender_id = $1 FOR KEY SHARE RETURNING model_id",
        {int4_parameter(recommender.id), text_parameter(recommender.algorithm),
         jsonb_parameter(recommender.params), int8_parameter(seed)},
        &model_id);
    if (rows == 0) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("recommender \"%s\" does not exist", recommender.name),
                        errdetail("Another session has just dropped it.")));
    }
    return static_cast<int32>(model_id);
}

void finish_model(int32 model_id, const ModelResult& result) {
    write_catalog(
        "UPDATE knowhow.model_catalog SET text_version = $2, trained_at = now(), "
        "documents = $3, people = $4, interactions = $5, sizes = $6, metrics = $7, "
        "newest_interaction = $8 WHERE model_id = $1",
        {int4_parameter(model_id), text_parameter(result.text_version),
         int8_parameter(result.documents), int8_parameter(result.people),
         int8_parameter(result.interactions), jsonb_parameter(result.sizes),
         jsonb_parameter(result.metrics), timestamp_parameter(result.newest_interaction)});
}

void refuse_model(int32 model_id, const Jsonb* metrics) {
    write_catalog(
        "UPDATE knowhow.model_catalog SET state = 'failed', metrics = $2 WHERE model_id = $1",
        {int4_parameter(model_id), jsonb_parameter(metrics)});
}

void activate_model_row(int32 model_id) {
    // The two states change one after the other: a unique index is checked row by row.
    write_catalog(
        "UPDATE knowhow.model_catalog SET state = 'retired' WHERE state = 'active' "
        "AND model_id <> $1 AND recommender_id = "
        "(SELECT recommender_id FROM knowhow.model_catalog WHERE model_id = $1)",
        {int4_parameter(model_id)});
    if (write_catalog("UPDATE knowhow.model_catalog SET state = 'active' WHERE model_id = $1",
                      {int4_parameter(model_id)}) == 0) {
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("model %d does not exist", model_id)));
    }
}

void delete_model_rows(int32 model_id) {
    delete_models("model_id = $1", {int4_parameter(model_id)});
}

void delete_recommender_rows(int32 recommender_id) {
    // One statement after the other, each with a new snapshot: the first waits for a training that
    // holds the row, the next then sees the model that it has left.
    write_catalog("DELETE FROM knowhow.recommender_catalog WHERE recommender_id = $1",
                  {int4_parameter(recommender_id)});
    delete_models("recommender_id = $1", {int4_parameter(recommender_id)});
    // What sessions have kept of these models is forgotten: a backup that is restored now numbers its
    // own as they were numbered.
    for (const char* table : {"model_positions", "model_statistics"}) {
        CacheInvalidateRelcacheByRelid(catalog_table(table));
    }
    for (const char* table : {"training_run_catalog", "tuning_trial_catalog", "schedule_catalog",
                              "change_counters"}) {
        write_catalog(psprintf("DELETE FROM knowhow.%s WHERE recommender_id = $1", table),
                      {int4_parameter(recommender_id)});
    }
}

void prune_models(int32 recommender_id, int keep) {
    delete_models(
        "state IN ('retired', 'failed') AND model_id IN ("
        "SELECT model_id FROM (SELECT model_id, row_number() OVER (PARTITION BY state = 'failed' "
        "ORDER BY state = 'active' DESC, model_id DESC) AS place FROM knowhow.model_catalog "
        "WHERE recommender_id = $1 AND state IN ('retired', 'failed', 'active')) AS m "
        "WHERE place > $2)",
        {int4_parameter(recommender_id), int8_parameter(keep)});
}

}  // namespace knowhow::server
