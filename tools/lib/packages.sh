# Shell library: the one list of Debian packages, and how the missing ones are installed.
# Source common.sh first.

# Below, VERSION stands for PostgreSQL's major version.
BUILD_PACKAGES="make g++ libicu-dev libeigen3-dev postgresql-VERSION postgresql-server-dev-VERSION"
CHECK_PACKAGES="cmake libgtest-dev clang libclang-rt-dev perl libipc-run-perl postgresql-VERSION-cron
    python3 python3-numpy python3-scipy python3-sklearn"
BENCH_PACKAGES="python3 python3-numpy python3-scipy python3-sklearn"

OLDEST_POSTGRESQL=15
NEWEST_POSTGRESQL=18
CLUSTER_SETTINGS=/etc/postgresql-common/createcluster.d

# choose_postgresql: sets POSTGRESQL to the major version to build for: that of PG_CONFIG, else the
# newest installed one that has server headers, else the newest installed one, else Debian's.
choose_postgresql() {
    local version bin best=
    if [ -n "$PG_CONFIG" ]; then
        POSTGRESQL=$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/') ||
            die "PG_CONFIG=$PG_CONFIG cannot be run"
        if [ "$POSTGRESQL" -lt $OLDEST_POSTGRESQL ] || [ "$POSTGRESQL" -gt $NEWEST_POSTGRESQL ]; then
            die "PG_CONFIG=$PG_CONFIG is PostgreSQL $POSTGRESQL;" \
                "versions $OLDEST_POSTGRESQL to $NEWEST_POSTGRESQL are supported"
        fi
        return
    fi
    for ((version = NEWEST_POSTGRESQL; version >= OLDEST_POSTGRESQL; version--)); do
        bin=/usr/lib/postgresql/$version/bin
        [ -x $bin/postgres ] || continue
        if [ -x $bin/pg_config ] && [ -f "$($bin/pg_config --includedir-server)/postgres.h" ]; then
            POSTGRESQL=$version
            return
        fi
        : "${best:=$version}"
    done
    POSTGRESQL=$best
}

# Debian's own choice, from the metapackage `postgresql`.
packaged_postgresql() {
    apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@"
}

# A package counts as there only when it is installed whole.
missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s ' "$package"
    done
}

# install_packages LIST...: installs what is missing of the given lists and sets PG_CONFIG.
install_packages() {
    local missing wanted log updated=false absent=true setting=$CLUSTER_SETTINGS/knowhow.conf
    command -v dpkg-query >/dev/null || {
        [ -n "$PG_CONFIG" ] || die "this is no Debian system: install the packages that" \
            "tools/lib/packages.sh lists by other means, and set PG_CONFIG"
        return 0
    }
    log=$BUILD/packages.log
    choose_postgresql
    if [ -z "$POSTGRESQL" ]; then
        POSTGRESQL=$(packaged_postgresql)
        if [ -z "$POSTGRESQL" ]; then
            apt update >"$log" 2>&1 || install_failed "$log" "apt-get update" "(as root)"
            updated=true
            POSTGRESQL=$(packaged_postgresql)
        fi
        [ -n "$POSTGRESQL" ] || die "apt knows no package named postgresql: check /etc/apt"
        [ "$POSTGRESQL" -ge $OLDEST_POSTGRESQL ] ||
            die "Debian's PostgreSQL here is $POSTGRESQL; $OLDEST_POSTGRESQL or later is needed"
    fi
    wanted=${*//VERSION/$POSTGRESQL}
    if [ -n "$PG_CONFIG" ]; then
        # That server is the caller's: its packages are too.
        wanted=$(tr -s ' \n' '\n' <<<"$wanted" | grep -v '^postgresql-' | tr '\n' ' ')
    fi
    missing=$(missing_packages $wanted)
    if [ -n "$missing" ]; then
        say "Installing Debian packages: $missing"
        [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
            die "this needs root or sudo. As root: apt-get install --no-install-recommends $missing"
        ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && absent=false
        # A server package that arrives first makes a cluster of its own and starts it. Nobody asked
        # for that one, so it is switched off for this one installation.
        if $absent; then
            as_root mkdir -p $CLUSTER_SETTINGS
            as_root sh -c "echo 'create_main_cluster = false' > $setting"
            trap 'as_root rm -f '$setting'' EXIT
        fi
        if ! apt install -y --no-install-recommends $missing >"$log" 2>&1; then
            $updated || apt update >>"$log" 2>&1 || true
            apt install -y --no-install-recommends $missing >>"$log" 2>&1 ||
                install_failed "$log" "apt-get install --no-install-recommends $missing"
        fi
        if $absent; then
            as_root rm -f $setting
            as_root rmdir --ignore-fail-on-non-empty $CLUSTER_SETTINGS
            trap - EXIT
        fi
    fi
    : "${PG_CONFIG:=/usr/lib/postgresql/$POSTGRESQL/bin/pg_config}"
}

install_failed() {
    local log=$1
    shift
    tail -n 20 "$log" >&2
    die "installing packages failed (whole log: $log). By hand: $*"
}
