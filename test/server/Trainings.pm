# What tests of background trainings share: a server with knowledge bases whose trainings can be
# held in their tracks, and ways to wait for what happens instead of guessing how long it takes.
package Trainings;
use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(new_server make_knowledge_base session retrain wait_until run_state run_end
    phase_reached log_lines);

# A started server. Compiling queries takes longer than all that these trainings do.
sub new_server {
    my ($name, $settings) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ], allows_streaming => 1);
    $node->append_conf('postgresql.conf', "jit = off\nshared_buffers = 16MB\nlog_line_prefix = '%m [%p] %b: '\n"
        . ($settings // ''));
    $node->start;
    return $node;
}

# A small knowledge base `name`. Its background trainings read through a view that
#  - waits as long as somebody else holds the advisory lock `gate` (foreground ones pass);
#  - adds what table `load` asks for: so many people with so many items each. Learning (item_knn)
#    takes people * items * items steps, 1e9 of them about a second.
sub make_knowledge_base {
    my ($node, $database, $name, $gate, @params) = @_;
    $node->safe_psql($database, qq{
        CREATE EXTENSION IF NOT EXISTS knowhow;
        SELECT knowhow.create_knowledge_base('$name');
        INSERT INTO $name.users SELECT generate_series(1, 20);
        INSERT INTO $name.snippets (snippet_id, title) SELECT s, 'title word' || s FROM generate_series(1, 60) s;
        INSERT INTO $name.ratings SELECT u, s, 1 + (u + s) % 5
        FROM generate_series(1, 20) u, generate_series(1, 60) s WHERE (u * s) % 7 < 3;
        CREATE TABLE $name.load AS SELECT 0 AS people, 0 AS items;
        CREATE FUNCTION $name.gate() RETURNS bool LANGUAGE plpgsql AS \$\$
        BEGIN
            IF EXISTS (SELECT FROM pg_stat_get_activity(pg_backend_pid())
                       WHERE backend_type IS DISTINCT FROM 'client backend') THEN
                PERFORM pg_advisory_xact_lock_shared($gate);
            END IF;
            RETURN true;
        END \$\$;
        CREATE VIEW $name.training AS
        SELECT i.user_id, i.snippet_id, i.weight, i.occurred_at
        FROM $name.interactions i, (SELECT $name.gate() OFFSET 0) AS g
        UNION ALL
        SELECT 1000000 + u, 1000000 + (u * 7919 + i) % (2 * items), 1 + (u * i) % 5, now()
        FROM $name.load, generate_series(1::bigint, people) u, generate_series(1::bigint, items) i;
        SELECT knowhow.alter_recommender('$name', algorithm => 'item_knn', interactions => '$name.training');
    }, @params);
    return;
}

# A session that stays. $session->query_safe(...) runs something in it, and may take as long as any
# other query, however old the session is.
sub session {
    my ($node, $database, @params) = @_;
    my $session = $node->background_psql($database // 'postgres', on_error_stop => 0, @params);
    $session->set_query_timer_restart();
    $session->query_safe('SET client_min_messages = warning');
    return $session;
}

# Starts a run and returns its id.
sub retrain {
    my ($node, $recommender, $database) = @_;
    return $node->safe_psql($database // 'postgres',
        "SELECT knowhow.retrain_in_background('$recommender')");
}

# Waits until the SQL condition is true, looking 100 times a second; dies when it does not get so.
# `where` is a session, or a server (then with a database, by default postgres).
sub wait_until {
    my ($where, $condition, $database) = @_;
    my $statement = qq{
        SET statement_timeout = 0; SET default_transaction_isolation = 'read committed';
        DO \$wait\$
        DECLARE give_up timestamptz := clock_timestamp() + interval '180 s';
        BEGIN
            WHILE NOT coalesce(($condition), false) LOOP
                PERFORM pg_stat_clear_snapshot(), pg_sleep(0.01);
                IF clock_timestamp() > give_up THEN
                    RAISE EXCEPTION 'still not so: %', \$\$$condition\$\$;
                END IF;
            END LOOP;
        END \$wait\$};
    if ($where->isa('PostgreSQL::Test::BackgroundPsql')) {
        $where->query_safe($statement);
    } else {
        $where->safe_psql($database // 'postgres', $statement);
    }
    return;
}

sub run_state {
    my ($node, $run, $database) = @_;
    return $node->safe_psql($database // 'postgres',
        "SELECT state FROM knowhow.training_runs WHERE run_id = $run");
}

# Waits for the end of a run; returns state|SQLSTATE|message|detail|hint, without those
# that are NULL.
sub run_end {
    my ($node, $run, $database) = @_;
    wait_until($node, "NOT EXISTS (SELECT FROM knowhow.training_runs WHERE run_id = $run AND state IN ('queued', 'running'))",
        $database);
    return $node->safe_psql($database // 'postgres',
        "SELECT concat_ws('|', state, error_sqlstate, error_message, error_detail, error_hint) FROM knowhow.training_runs WHERE run_id = $run");
}

# Waits until the run is in that phase (queued, reading, learning, writing) or beyond it; whether
# it is in it.
sub phase_reached {
    my ($where, $run, $phase) = @_;
    my %after = (queued => "''", reading => q{'learning', 'writing'}, learning => q{'writing'}, writing => q{''});
    my $now = "SELECT phase FROM knowhow.training_progress WHERE run_id = $run";
    wait_until($where, "($now) IN ('$phase', $after{$phase}) OR EXISTS "
        . "(SELECT FROM knowhow.training_runs WHERE run_id = $run AND state NOT IN ('queued', 'running'))");
    return ($where->isa('PostgreSQL::Test::BackgroundPsql') ? $where->query_safe($now)
        : $where->safe_psql('postgres', $now)) eq $phase;
}

# The lines that the server has logged since $from (bytes) and that match.
sub log_lines {
    my ($node, $pattern, $from) = @_;
    my $log = slurp_file($node->logfile, $from // 0);
    return grep { /$pattern/ } split /\n/, $log;
}

1;
