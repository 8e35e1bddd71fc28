# kill -9 of the worker, the launcher and the postmaster in every phase of a background training.
# Whatever is killed, and when: one model is active and whole, the former or the new one; no
# committed row is lost; no run stays unfinished; and the next run succeeds.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use Trainings;

my $rounds = $ENV{KNOWHOW_KILLS} || 4;   # in which each victim is killed in each phase: 60 in all
my $gate = 1;

my $node = new_server('main', q{
shared_preload_libraries = 'knowhow'
knowhow.launcher_naptime = 1
restart_after_crash = on
max_worker_processes = 16
});
make_knowledge_base($node, 'postgres', 'kb', $gate);
$node->safe_psql('postgres', q{SELECT knowhow.train('kb'); CREATE TABLE committed (n int)});

my $model = q{SELECT model_id FROM knowhow.models WHERE recommender = 'kb' AND state = 'active'};
# The model's rows, and what is answered from them.
my $rows = qq{SELECT md5(string_agg((snippet_id, position, targets, weights)::text, ',' ORDER BY snippet_id))
    FROM knowhow.model_items WHERE model_id = ($model)};
my $answers = q{SELECT md5(array_agg((u, rank, r.snippet_id, round(score::numeric, 4)))::text)
    FROM generate_series(1, 20) u, knowhow.recommend(u, 'word7', 20, 'kb') r};
my $unfinished = q{SELECT count(*) FROM knowhow.training_runs WHERE state IN ('queued', 'running')};

# How a run is brought into a phase, seen by a session, and held there; each returns sessions that end
# with the server.
my %phases = (
    'waiting for its starter' => sub {
        my ($watch) = @_;
        my $starter = session($node);
        my $run = $starter->query_safe(q{BEGIN; SELECT knowhow.retrain_in_background('kb')});
        wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%run $run waits for its starter%')");
        return $starter;
    },
    reading => sub {
        my ($watch) = @_;
        my $holder = session($node);
        $holder->query_safe("SELECT pg_advisory_lock($gate)");
        phase_reached($watch, retrain($node, 'kb'), 'reading');
        return $holder;
    },
    learning => sub {
        my ($watch) = @_;
        $watch->query_safe('UPDATE kb.load SET people = 20, items = 6000');
        phase_reached($watch, retrain($node, 'kb'), 'learning');
        return;
    },
    # It waits for its recommender, all of its model still unwritten.
    'about to write' => sub {
        my ($watch) = @_;
        my ($holder, $other) = (session($node), session($node));
        $holder->query_safe("SELECT pg_advisory_lock($gate)");
        my $run = retrain($node, 'kb');
        phase_reached($watch, $run, 'reading');
        $other->query_safe(q{BEGIN; SELECT knowhow.alter_recommender('kb', params => '{}')});
        $holder->query_safe("SELECT pg_advisory_unlock($gate)");
        wait_until($watch, "EXISTS (SELECT FROM knowhow.training_progress p JOIN pg_stat_activity a USING (pid)
            WHERE p.run_id = $run AND p.phase = 'writing' AND a.wait_event_type = 'Lock')");
        return ($holder, $other);
    },
    # Some thousand rows of a model are on their way; any moment up to the end, activation included.
    'writing and activating' => sub {
        my ($watch) = @_;
        $watch->query_safe('UPDATE kb.load SET people = 10, items = 4000');
        phase_reached($watch, retrain($node, 'kb'), 'writing');
        usleep(rand 250_000);
        return;
    });

# Kills the process whose activity is like that; false: there is none, or it was ending by itself and
# the signal did it no harm. A server that lost a process ends all others and starts again; the
# postmaster's children notice its end by themselves.
sub kill_process {
    my ($watch, $activity) = @_;
    my $pid = $watch->query_safe("SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'knowhow %' AND query ~ '$activity'");
    my $log = -s $node->logfile;
    return 0 unless $pid ne '' && kill 'KILL', $pid;
    my $end = time + 180;
    my $gone;
    until (log_lines($node, 'database system is ready to accept connections', $log)) {
        die 'the server did not start again' if time > $end;
        $gone //= time unless kill 0, $pid;
        return 0 if defined $gone && time > $gone + 10 && !log_lines($node, 'was terminated by signal 9', $log);
        usleep(10_000);
    }
    return 1;
}
sub kill_postmaster {
    my ($watch) = @_;
    my @children = split /\n/, $watch->query_safe('SELECT pid FROM pg_stat_activity');
    $node->kill9;
    my $end = time + 60;
    while (my @left = grep { kill 0, $_ } @children) {
        last if time > $end;
        usleep(10_000);
    }
    is(scalar(grep { kill 0, $_ } @children), 0, 'the processes of a killed postmaster end');
    $node->start;
    return 1;
}
my %victims = (
    worker => sub { kill_process($_[0], 'run \d+') },
    launcher => sub { kill_process($_[0], 'waits until a recommender is due') },
    postmaster => \&kill_postmaster);

srand(14);
my ($number, $former, $new) = (0, 0, 0);
my $begin = time;
for my $phase (sort keys %phases) {
    for my $victim (sort keys %victims) {
        my @wrong;
        # In the last phase the worker may have done its work and gone before it is killed.
        for (my ($killed, $round) = (0, 1); $killed < $rounds; $round++) {
            $round <= 5 * $rounds + 15 or die "only $killed of $round rounds killed the $victim while $phase";
            $number++;
            my $before = $node->safe_psql('postgres', "$model; $rows; $answers");
            my $watch = session($node);
            my @sessions = ($watch, $phases{$phase}->($watch));
            $watch->query_safe("INSERT INTO committed VALUES ($number)");
            $killed += $victims{$victim}->($watch);
            $_->{run}->kill_kill for @sessions;
            my $active = $node->safe_psql('postgres', $model);
            push @wrong, "round $number: active model '$active'" unless $active =~ /^\d+$/;
            # Unfinished runs are closed by the launcher's next look.
            wait_until($node, "($unfinished) = 0");
            push @wrong, "round $number: rows are lost"
                unless $node->safe_psql('postgres', 'SELECT count(*) = max(n) AND count(*) = ' . $number . ' FROM committed') eq 't';
            my $after = $node->safe_psql('postgres', "$model; $rows; $answers");
            my $same_model = (split /\n/, $after)[0] eq (split /\n/, $before)[0];
            $same_model ? $former++ : $new++;
            push @wrong, "round $number: the former model answers otherwise" if $same_model && $after ne $before;
            my $end = run_end($node, retrain($node, 'kb'));
            push @wrong, "round $number: the next run: $end" unless $end eq 'succeeded';
            # From the same rows the next run made the same model, unless that one was half written.
            my $next = $node->safe_psql('postgres', "$rows; $answers");
            push @wrong, "round $number: the new model was not whole" if !$same_model && "$active\n$next" ne $after;
            $node->safe_psql('postgres', 'UPDATE kb.load SET people = 0, items = 0');
            push @wrong, "round $number: back to the first model: $end"
                unless ($end = run_end($node, retrain($node, 'kb'))) eq 'succeeded';
        }
        is(join("\n", @wrong), '', sprintf('%s killed while %s (%d rounds, %.0f s so far)', $victim, $phase, $rounds, time - $begin));
    }
}
cmp_ok($number, '>=', 15 * $rounds, "$number rounds; the former model was active after $former, the new one after $new");
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|could not read block|invalid page/, 'nothing is damaged');

done_testing();
