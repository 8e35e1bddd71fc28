// recommend(), search(), similar() and explain_recommendation(): the SQL entry points.
#include "server/border/border.hpp"

extern "C" {
#include <funcapi.h>
}

#include "server/recommend/explain.hpp"
#include "server/recommend/request.hpp"
#include "server/recommend/serve.hpp"

namespace knowhow::server {

KNOWHOW_FUNCTION(recommend) {
    InitMaterializedSRF(fcinfo, 0);
    serve(recommend_request(fcinfo), reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    return static_cast<Datum>(0);
}

KNOWHOW_FUNCTION(search) {
    InitMaterializedSRF(fcinfo, 0);
    serve(search_request(fcinfo), reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    return static_cast<Datum>(0);
}

KNOWHOW_FUNCTION(similar) {
    InitMaterializedSRF(fcinfo, 0);
    serve(similar_request(fcinfo), reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    return static_cast<Datum>(0);
}

KNOWHOW_FUNCTION(explain_recommendation) {
    InitMaterializedSRF(fcinfo, 0);
    explain(explain_request(fcinfo), reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo));
    return static_cast<Datum>(0);
}

}  // namespace knowhow::server
