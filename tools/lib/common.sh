# Shell library: what every command in tools/ starts with. Sets ROOT (this clone) and BUILD (where
# it is built), and forgets whatever the caller's environment says about some other server.

set -euo pipefail
umask 022

: "${PG_CONFIG:=}"
for name in "${!PG@}"; do
    [ "$name" = PG_CONFIG ] || unset "$name"
done
unset name CDPATH DESTDIR LANGUAGE MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CMAKE_GENERATOR
export LC_ALL=C.UTF-8 LANG=C.UTF-8
# Package scripts need these folders, and `su` leaves them out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Builds go to build/ in the clone where that is the caller's own, else to the caller's cache
# folder: a clone that belongs to somebody else is left as it is.
build_folder() {
    local candidate=$ROOT/build
    if [ -e "$candidate" ]; then
        [ -O "$candidate" ] && [ -w "$candidate" ] && BUILD=$candidate && return
    elif [ -O "$ROOT" ] && [ -w "$ROOT" ]; then
        BUILD=$candidate && mkdir "$BUILD" && return
    fi
    BUILD=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/knowhow/$(cksum <<<"$ROOT" | cut -d' ' -f1)
    mkdir -p "$BUILD"
}
build_folder

# temporary_folder: makes a short path (socket paths end at 107 bytes) where programs may be run,
# and prints it. Only its owner can enter.
temporary_folder() {
    local place folder
    for place in /tmp /var/tmp; do
        folder=$(mktemp -d "$place/knowhow.XXXXXX" 2>/dev/null) || continue
        cp /bin/true "$folder/probe"
        if "$folder/probe" 2>/dev/null; then
            rm "$folder/probe"
            printf '%s\n' "$folder"
            return
        fi
        rm -r "$folder"
    done
    die "neither /tmp nor /var/tmp lets programs be written and run"
}
