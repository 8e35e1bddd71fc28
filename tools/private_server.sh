# Shell library: a private copy of PostgreSQL's server tree, and throwaway servers in it.
#
# Before PostgreSQL 18 an extension must lie in the server's own tree. The copy has real programs
# (a server finds its tree by its own path) and links for everything else, so that
# `make install DESTDIR=` into it touches no system folder.

: "${PG_CONFIG:=pg_config}"

# private_tree DIR: makes or refreshes the copy below DIR. Sets PRIVATE_BIN.
private_tree() {
    local tree=$1 bin pkglib share
    bin=$("$PG_CONFIG" --bindir) pkglib=$("$PG_CONFIG" --pkglibdir) share=$("$PG_CONFIG" --sharedir)
    rm -rf "$tree"
    mkdir -p "$tree$bin" "$tree$pkglib" "$tree$share"
    cp "$bin"/* "$tree$bin/"
    cp -rs "$pkglib/." "$tree$pkglib/"
    cp -rs "$share/." "$tree$share/"
    PRIVATE_BIN=$tree$bin
}

# The user that servers run as: initdb and the server refuse root, who hands over to `postgres`.
server_user() {
    if [ "$(id -u)" != 0 ]; then
        id -un
    elif id -u postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# as_server_user COMMAND...
as_server_user() {
    local user
    if [ "$(id -u)" = 0 ]; then
        user=$(server_user)
        setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups env HOME=/tmp "$@"
    else
        "$@"
    fi
}

# start_server FOLDER [SETTING...]: makes a cluster in FOLDER/data, starts it with the socket in
# FOLDER, and points PGHOST, PGPORT and PGUSER to it. FOLDER lets its owner in and nobody else, so
# that the server needs no passwords. Durability is given up: these servers are thrown away.
start_server() {
    local folder=$1
    shift
    mkdir -p -m 700 "$folder"
    : >"$folder/log"
    chown "$(server_user)" "$folder" "$folder/log"
    (
        cd "$folder"
        exec </dev/null
        as_server_user "$PRIVATE_BIN/initdb" -D "$folder/data" -U postgres -A trust \
            -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$folder/initdb.log" 2>&1 ||
            { cat "$folder/initdb.log" >&2; exit 1; }
        {
            echo "unix_socket_directories = '$folder'"
            echo "listen_addresses = ''"
            echo "port = 5432"
            echo "fsync = off"
            echo "dynamic_shared_memory_type = $(shared_memory)"
            printf '%s\n' "$@"
        } >>"$folder/data/postgresql.conf"
        # The server would keep the caller's locks with the file descriptors that it inherits.
        as_server_user "$PRIVATE_BIN/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 120 start \
            >"$folder/start.log" 2>&1 9>&- || { cat "$folder/start.log" "$folder/log" >&2; exit 1; }
    )
    export PGHOST=$folder PGPORT=5432 PGUSER=postgres
}

# POSIX shared memory where /dev/shm has room for parallel queries, else memory-mapped files.
shared_memory() {
    local free
    free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1) || true
    if [ -d /dev/shm ] && as_server_user test -w /dev/shm && [ "${free:-0}" -ge 262144 ]; then
        echo posix
    else
        echo mmap
    fi
}

# runs_in PID FOLDER: whether that process is a server in that folder. A file that a crashed server
# left may hold the number of somebody else's process by now; a server's working folder tells.
runs_in() {
    [ "$(readlink "/proc/$1/cwd" 2>/dev/null)" = "$(readlink -f "$2/data")" ]
}

# stop_server FOLDER: stops the server in FOLDER, if it runs.
stop_server() {
    local folder=$1 pid
    pid=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null) || return 0
    runs_in "$pid" "$folder" && kill -QUIT "$pid" 2>/dev/null || return 0
    while runs_in "$pid" "$folder"; do
        sleep 0.1
    done
}
