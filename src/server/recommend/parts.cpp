#include "server/recommend/parts.hpp"

namespace knowhow::server {

void Parts::report(long candidates) const {
    constexpr const char* kNames[kParts] = {"person", "text",   "profile",  "collaborative",
                                            "labels", "others", "describe", "rank"};
    if (!message_level_is_interesting(DEBUG1)) {
        return;
    }
    char text[512];
    int at = 0;
    for (int part = 0; part < kParts; ++part) {
        at += snprintf(text + at, sizeof text - static_cast<size_t>(at), "%s %.2f ms, ",
                       kNames[part], INSTR_TIME_GET_MILLISEC(spent_[part]));
    }
    ereport(DEBUG1, (errmsg_internal("knowhow: %s%ld candidates", text, candidates)));
}

}  // namespace knowhow::server
