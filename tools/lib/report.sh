# Shell library: counts test cases and reports them. Source common.sh first.
# Every kind of test leaves a log; count_* reads it and adds to the totals.

total_passed=0 total_failed=0 total_skipped=0

section() {
    printf '\n== %s\n' "$*"
    last_tally=$SECONDS
}

# tally NAME PASSED FAILED SKIPPED: adds to the totals and prints one line.
tally() {
    total_passed=$((total_passed + $2))
    total_failed=$((total_failed + $3))
    total_skipped=$((total_skipped + $4))
    printf '%-44s %5d passed, %d failed' "$1" "$2" "$3"
    [ "$4" = 0 ] || printf ', %d skipped' "$4"
    printf '  (%d s)\n' $((SECONDS - last_tally))
    last_tally=$SECONDS
}

# matches PATTERN FILE: the number of lines.
matches() { grep -c -E -e "$1" "$2" || true; }

# count NAME LOG STATUS PASSED FAILED SKIPPED: a run that ended badly without saying which case
# failed (it crashed, or did not run all it planned) counts as one failure.
count() {
    local name=$1 log=$2 status=$3 passed=$4 failed=$5 skipped=$6
    [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
    tally "$name" "$passed" "$failed" "$skipped"
}

count_gtest() {
    local name=$1 log=$2 status=$3
    count "$name" "$log" "$status" "$(matches '^\[       OK \]' "$log")" \
        "$(matches '^\[  FAILED  \] .* \([0-9]+ ms\)$' "$log")" \
        "$(matches '^\[  SKIPPED \] .* \([0-9]+ ms\)$' "$log")"
    [ "$status" = 0 ] || show '^\[  FAILED  \]|Failure$|ERROR: |runtime error' 25 "$log"
}

# pg_regress says `test x ... ok` up to PostgreSQL 15 and TAP since.
count_regress() {
    local name=$1 log=$2 status=$3 diffs=$4
    count "$name" "$log" "$status" \
        "$(matches '^(test .* \.\.\. ok|     .* \.\.\. ok|ok [0-9]+)' "$log")" \
        "$(matches '(\.\.\. |^test .* )FAILED|^not ok [0-9]+' "$log")" 0
    [ "$status" = 0 ] || { last_lines 30 "$log"; head -n 200 "$diffs" 2>/dev/null | shorten || true; }
}

# count_tap NAME LOG STATUS: top-level results only; subtests are indented.
count_tap() {
    local name=$1 log=$2 status=$3 skipped
    skipped=$(matches '^ok [0-9]+.*# (SKIP|skip)|^1\.\.0 # (SKIP|skip)' "$log")
    count "$name" "$log" "$status" \
        "$(matches '^ok [0-9]+( |$)' <(grep -v -E '# (SKIP|skip|TODO)' "$log"))" \
        "$(matches '^not ok [0-9]+' <(grep -v '# TODO' "$log"))" "$skipped"
    [ "$status" = 0 ] && [ "$(matches '^not ok' "$log")" = 0 ] ||
        { show '^not ok|^Traceback|^# ' 15 "$log"; last_lines 15 "$log"; }
}

# count_one NAME LOG STATUS: a run that is one test by itself.
count_one() {
    local name=$1 log=$2 status=$3
    if [ "$status" = 0 ]; then
        tally "$name" 1 0 0
    else
        tally "$name" 0 1 0
        last_lines 60 "$log"
    fi
}

# show PATTERN LINES LOG: the failing places, not the whole log.
show() { grep -E -B 5 -A "$2" -e "$1" "$3" | head -n 150 | shorten || true; }
last_lines() { tail -n "$1" "$2" | shorten; }
shorten() { sed -E 's/^(.{300}).+$/\1 .../'; }

# finish: the last line of every check; fails when a test did.
finish() {
    printf '\n%d passed, %d failed' $total_passed $total_failed
    [ $total_skipped = 0 ] || printf ', %d skipped' $total_skipped
    printf '\n'
    [ $total_failed = 0 ] && [ $total_passed != 0 ]
}

# at_most N FUNCTION ARGUMENT...: calls FUNCTION for each argument in a process of its own, N at a
# time. FUNCTION writes its exit status where it is looked for afterwards.
at_most() {
    local limit=$1 function=$2 argument
    shift 2
    for argument in "$@"; do
        while [ "$(jobs -rp | wc -l)" -ge "$limit" ]; do
            wait -n || true
        done
        "$function" "$argument" &
    done
    wait
}
