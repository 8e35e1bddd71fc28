# Shell library: a private copy of PostgreSQL's server tree, and throwaway servers in it.
# Sourced by tools/demo, tools/check and tools/bench.
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

# as_server_user COMMAND...: initdb and the server refuse root; root hands over to `postgres`.
as_server_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp "$@"
    else
        "$@"
    fi
}
