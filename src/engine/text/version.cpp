#include "engine/text/version.hpp"

#include <unicode/uchar.h>
#include <unicode/uversion.h>

namespace knowhow::text {
namespace {

constexpr int kParserVersion = 1;

}  // namespace

std::string text_version() {
    char icu[U_MAX_VERSION_STRING_LENGTH];
    char unicode[U_MAX_VERSION_STRING_LENGTH];
    UVersionInfo version;
    u_getVersion(version);
    u_versionToString(version, icu);
    u_getUnicodeVersion(version);
    u_versionToString(version, unicode);
    return "parser " + std::to_string(kParserVersion) + ", ICU " + icu + ", Unicode " + unicode;
}

}  // namespace knowhow::text
