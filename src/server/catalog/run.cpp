#include "server/catalog/run.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <utils/jsonb.h>
}

#include "server/catalog/params.hpp"
#include "server/catalog/tables.hpp"
#include "server/worker/locks.hpp"

namespace knowhow::server {
namespace {

Parameter seconds_parameter(const RunSeconds& seconds) {
    const char* const compare =
        seconds.compare > 0 ? psprintf("\"compare\": %.3f, ", seconds.compare) : "";
    return jsonb_parameter(DatumGetJsonbP(DirectFunctionCall1(
        jsonb_in,
        CStringGetDatum(psprintf("{%s\"read\": %.3f, \"learn\": %.3f, \"write\": %.3f}", compare,
                                 seconds.read, seconds.learn, seconds.write)))));
}

// Where an error came from belongs to its details: in a view's function nobody else finds it.
const char* detail_of(const ErrorData* error) {
    if (error->detail == nullptr || error->context == nullptr) {
        return error->detail != nullptr ? error->detail : error->context;
    }
    return psprintf("%s\n%s", error->detail, error->context);
}

}  // namespace

int64 queue_run(int32 recommender_id, int64 seed, const char* cause) {
    int64 run = 0;
    write_catalog(
        "INSERT INTO knowhow.training_run_catalog (recommender_id, state, cause, seed) "
        "VALUES ($1, 'queued', $2, $3) RETURNING run_id",
        {int4_parameter(recommender_id), text_parameter(cause), int8_parameter(seed)}, &run);
    return run;
}

bool start_run(int64 run_id) {
    bool const started = write_catalog(
                             "UPDATE knowhow.training_run_catalog SET state = 'running', "
                             "started_at = clock_timestamp() WHERE run_id = $1 AND state = 'queued'",
                             {int8_parameter(run_id)}) > 0;
    // Changes that come after this are not read for certain: they count for the next run.
    write_catalog("SELECT knowhow.record_start(recommender_id) FROM knowhow.training_run_catalog "
                  "WHERE run_id = $1 AND state = 'running'",
                  {int8_parameter(run_id)});
    return started;
}

void finish_run(int64 run_id, int32 model_id, int64 rows_read, const RunSeconds& seconds) {
    write_catalog(
        "UPDATE knowhow.training_run_catalog SET state = 'succeeded', model_id = $2, "
        "finished_at = clock_timestamp(), rows_read = $3, seconds = $4, "
        "sizes = (SELECT sizes FROM knowhow.model_catalog WHERE model_id = $2), "
        "metrics = (SELECT metrics FROM knowhow.model_catalog WHERE model_id = $2) "
        "WHERE run_id = $1",
        {int8_parameter(run_id), int4_parameter(model_id), int8_parameter(rows_read),
         seconds_parameter(seconds)});
    write_catalog("SELECT knowhow.record_outcome(recommender_id, true, cause) "
                  "FROM knowhow.training_run_catalog WHERE run_id = $1",
                  {int8_parameter(run_id)});
}

bool fail_run(int64 run_id, int64 rows_read, const RunSeconds& seconds, const ErrorData* error,
              bool canceled) {
    bool const found =
        write_catalog(
            "UPDATE knowhow.training_run_catalog SET state = $2, "
            "finished_at = clock_timestamp(), rows_read = $3, seconds = $4, "
            "error_sqlstate = $5, error_message = $6, error_detail = $7, error_hint = $8 "
            "WHERE run_id = $1",
            {int8_parameter(run_id), text_parameter(canceled ? "canceled" : "failed"),
             int8_parameter(rows_read), seconds_parameter(seconds),
             text_parameter(unpack_sql_state(error->sqlerrcode)),
             text_parameter(error->message == nullptr ? "" : error->message),
             text_parameter(detail_of(error)), text_parameter(error->hint)}) > 0;
    // A scheduled run that somebody cancels is postponed as a failed one is: it would begin again
    // at once.
    write_catalog("SELECT knowhow.record_outcome(recommender_id, false, cause) "
                  "FROM knowhow.training_run_catalog WHERE run_id = $1 "
                  "AND (state = 'failed' OR cause NOT IN ('train', 'background'))",
                  {int8_parameter(run_id)});
    return found;
}

void refuse_run(int64 run_id, int32 model_id, const RunSeconds& seconds, const ErrorData* error) {
    fail_run(run_id, 0, seconds, error, false);
    write_catalog(
        "UPDATE knowhow.training_run_catalog SET model_id = $2, metrics = "
        "(SELECT metrics FROM knowhow.model_catalog WHERE model_id = $2) WHERE run_id = $1",
        {int8_parameter(run_id), int4_parameter(model_id)});
}

int64 failures_in_a_row(int32 recommender_id) {
    int64 failures = 0;
    write_catalog(
        "SELECT count(*) FROM knowhow.training_run_catalog AS t "
        "WHERE recommender_id = $1 AND state = 'failed' AND run_id > coalesce("
        "(SELECT max(run_id) FROM knowhow.training_run_catalog "
        "WHERE recommender_id = $1 AND state = 'succeeded'), 0)",
        {int4_parameter(recommender_id)}, &failures);
    return failures;
}

void prune_runs(int32 recommender_id) {
    // The parameter is taken from the row: what a recommender that fails is bound to may be gone.
    int64 const standard = static_cast<int64>(param_number(nullptr, "keep_runs"));
    write_catalog(
        "DELETE FROM knowhow.training_run_catalog WHERE run_id IN ("
        "SELECT run_id FROM knowhow.training_run_catalog WHERE recommender_id = $1 "
        "AND state IN ('succeeded', 'failed', 'canceled') ORDER BY run_id DESC OFFSET "
        "(SELECT coalesce((params ->> 'keep_runs')::numeric::int8, $2) "
        "FROM knowhow.recommender_catalog WHERE recommender_id = $1))",
        {int4_parameter(recommender_id), int8_parameter(standard)});
}

void close_abandoned_runs() {
    int64 run = 0;
    // In the order of the ids; without a next one nothing is returned.
    while (write_catalog(
               "SELECT run_id FROM knowhow.training_run_catalog WHERE run_id > $1 "
               "AND (state = 'running' OR state = 'queued' "
               "AND requested_at < clock_timestamp() - interval '1 minute') "
               "ORDER BY run_id LIMIT 1",
               {int8_parameter(run)}, &run) > 0) {
        if (!run_is_abandoned(run)) {
            continue;
        }
        // Its process may just have finished it, and given back the lock then.
        write_catalog(
            "UPDATE knowhow.training_run_catalog SET state = 'failed', "
            "finished_at = clock_timestamp(), error_sqlstate = '57P01', "
            "error_message = 'the run ended without a word', "
            "error_detail = 'Its process was killed or could not be started, or the server "
            "stopped.' WHERE run_id = $1 AND state IN ('queued', 'running')",
            {int8_parameter(run)});
    }
}

}  // namespace knowhow::server
