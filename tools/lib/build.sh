# Shell library: builds of the module outside the source folders. Source common.sh first.

# What a build may read: sources only, never what a build in the source folders left there.
is_source=(-type f ! -name '*.o' ! -name '*.d' ! -name '*.so' ! -name '*.bc' ! -name '*.pyc'
    '(' ! -path '*/knowhow--*.sql' -o -path '*/knowhow--*--*.sql' ')')

# each_source_folder: prints the folders that hold sources, relative to the clone, NUL-separated.
each_source_folder() {
    local top
    (
        cd "$ROOT"
        for top in control src sql expected test; do
            [ ! -d $top ] || find $top -type d -print0
        done
    )
}

# link_sources DIR: makes DIR a folder of links to the sources. Objects already there stay, so that
# only what changed is compiled.
link_sources() {
    local target=$1 folder
    mkdir -p "$target"
    find "$target" -type l -delete
    ln -s "$ROOT/Makefile" "$target/"
    while IFS= read -r -d '' folder; do
        mkdir -p "$target/$folder"
        find "$ROOT/$folder" -maxdepth 1 "${is_source[@]}" -exec ln -st "$target/$folder" {} +
    done < <(each_source_folder)
}

# copy_sources DIR: real copies, which the server's user can read whatever the clone's folder is.
copy_sources() {
    local target=$1 folder
    while IFS= read -r -d '' folder; do
        mkdir -p "$target/$folder"
        find "$ROOT/$folder" -maxdepth 1 "${is_source[@]}" -exec cp -t "$target/$folder" {} +
    done < <(each_source_folder)
}

# build_module VARIANT TREE [MAKE ARGUMENT...]: builds the extension in BUILD/VARIANT and installs
# it in the private tree. Runs of several commands at once wait for one another.
build_module() {
    local variant=$1 tree=$2 folder log stamp
    shift 2
    folder=$BUILD/$variant log=$BUILD/$variant.log
    (
        flock 9 && link_sources "$folder" && cd "$folder" || exit 1
        # What make does not see: other flags, another compiler or server, a source taken away.
        stamp=$(cat Makefile <("$PG_CONFIG" --version) <("${CXX:-g++}" --version) \
            <(find src test -name '*.cpp' | sort) <(echo "$*") | cksum)
        if [ "$(cat stamp 2>/dev/null)" != "$stamp" ]; then
            find "$folder" -type f -delete
            echo "$stamp" >stamp
        fi
        make -j"$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" >"$log" 2>&1 9>&- &&
            make install DESTDIR="$tree" PG_CONFIG="$PG_CONFIG" "$@" >>"$log" 2>&1 9>&-
    ) 9>"$BUILD/$variant.lock" || {
        grep -E -A 5 'error|Error|warning' "$log" | head -n 60 >&2 || tail -n 60 "$log" >&2
        die "building failed (whole log: $log)"
    }
}

# build_border VARIANT TREE [MAKE ARGUMENT...]: likewise the test module of test/border, which is
# never installed anywhere but in a private tree. After build_module of the same variant.
build_border() {
    local variant=$1 tree=$2
    shift 2
    (
        flock 9 && cd "$BUILD/$variant/test/border" || exit 1
        make -j"$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" &&
            make install DESTDIR="$tree" PG_CONFIG="$PG_CONFIG" "$@"
    ) 9>"$BUILD/$variant.lock"
}
