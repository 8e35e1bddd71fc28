# What training_progress shows of trainings in other sessions: their phases as they advance, nothing
# of those that are over, in whatever way they ended, and nothing that is no business of the reader's.
# And how trainings keep the pace that knowhow.training_nice and knowhow.training_share set.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ();
use Test::More;
use Time::HiRes qw(time usleep);

my $patience = $ENV{KNOWHOW_PATIENCE} || 1;   # times as slow as the server may be

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "restart_after_crash = on\nknowhow.threads = 2\nknowhow.max_concurrent_trainings = 1\n");
$node->start;

sub make_base {
    my ($database) = @_;
    $node->safe_psql($database, q{
        CREATE EXTENSION knowhow;
        SELECT knowhow.create_knowledge_base('kb');
        INSERT INTO kb.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(1, 4000) s;
        CREATE TABLE many AS
        SELECT u::bigint AS user_id, (u * 7919 + i * i * 31) % 4000 + 1 AS snippet_id,
               (1 + (u + i) % 5)::real AS weight, now() AS occurred_at
        FROM generate_series(1::bigint, 4000) u, generate_series(1::bigint, 300) i;
        SELECT knowhow.alter_recommender('kb', algorithm => 'item_knn', interactions => 'many');
    });
    return;
}
make_base('postgres');
is($node->safe_psql('postgres', 'SELECT count(*) FROM knowhow.training_progress'), 0, 'nothing at first');

sub start_psql {
    my ($database, $sql) = @_;
    my ($out, $err) = ('', '');
    my $handle = IPC::Run::start(
        [ 'psql', '-X', '-A', '-t', '-q', '-v', 'VERBOSITY=sqlstate', '-h', $node->host, '-p', $node->port,
          '-d', $database, '-c', $sql ],
        '<', \undef, '>', \$out, '2>', \$err);
    return { handle => $handle, out => \$out, err => \$err };
}
sub finish { my ($session) = @_; $session->{handle}->finish; return ${ $session->{err} }; }

# Waits for a training that reads or learns; returns its pid.
sub running {
    my ($database) = @_;
    $node->poll_query_until($database, q{SELECT count(*) = 1 FROM knowhow.training_progress WHERE phase IN ('reading', 'learning') AND done > 0});
    return $node->safe_psql($database, 'SELECT pid FROM knowhow.training_progress');
}

# One session looks every 5 ms, in one transaction, while another one trains.
$node->safe_psql('postgres', q{CREATE TABLE sample AS SELECT now() AS at, 0::bigint AS runs, *, now() AS until FROM knowhow.training_progress});
my $sampler = start_psql('postgres', q{
    DO $$
    DECLARE
        seen bool := false;
    BEGIN
        LOOP
            INSERT INTO sample SELECT clock_timestamp(), (SELECT count(*) FROM knowhow.training_runs), *, clock_timestamp() FROM knowhow.training_progress;
            EXIT WHEN seen AND NOT FOUND;
            seen := seen OR FOUND;
            PERFORM pg_sleep(0.005);
        END LOOP;
    END
    $$});
my $trained = $node->safe_psql('postgres', q{SELECT pg_backend_pid(), knowhow.train()});
is(finish($sampler), '', 'another session looked on');
my ($pid, $model) = split /\|/, $trained;

sub holds { my ($condition, $name) = @_; return is($node->safe_psql('postgres', "SELECT $condition FROM sample"), 't', $name); }
is($node->safe_psql('postgres', 'SELECT string_agg(phase, \',\' ORDER BY first) FROM (SELECT phase, min(at) AS first FROM sample GROUP BY phase) p'),
    'reading,learning,writing', 'the phases follow each other');
holds("min(pid) = $pid AND max(pid) = $pid", 'all by the training process');
holds("min(run_id) = max(run_id) AND min(run_id) = (SELECT run_id FROM knowhow.training_runs WHERE model_id = $model)", 'all of its run');
holds(q{bool_and(recommender = 'kb' AND threads = 2 AND NOT background)}, 'its recommender and threads');
holds('max(runs) = 0', 'before its transaction committed');
holds('min(started_at) = max(started_at) AND bool_and(elapsed BETWEEN \'0\' AND until - started_at)', 'the time it started');
holds('bool_and(done >= 0 AND (total IS NULL OR done <= total))', 'never more is done than there is');
holds(q{bool_and(estimated_end IS NULL OR estimated_end >= started_at + elapsed)}, 'it ends in the future');
holds(q{count(estimated_end) FILTER (WHERE phase = 'learning') > 5}, 'an end is estimated');
holds(q{max(memory_bytes) BETWEEN 1000000 AND 1024 * 1024 * 1024}, 'memory');
holds(q{count(DISTINCT done) FILTER (WHERE phase = 'reading') > 5 AND count(DISTINCT done) FILTER (WHERE phase = 'learning') > 5}, 'work advances');
holds(q{max(total) FILTER (WHERE phase = 'learning') = 4000 AND max(total) FILTER (WHERE phase = 'writing') > 4000}, 'totals');
is($node->safe_psql('postgres', q{
    SELECT bool_and(elapsed > last_elapsed AND (phase <> last_phase OR done >= last_done))
    FROM (SELECT *, lag(elapsed) OVER w AS last_elapsed, lag(phase) OVER w AS last_phase, lag(done) OVER w AS last_done
          FROM sample WINDOW w AS (ORDER BY at)) s WHERE last_phase IS NOT NULL}),
    't', 'elapsed grows, and nothing goes back');
# Learning is reported every 50 ms: the time between two different numbers is how old one can be.
my $oldest = $node->safe_psql('postgres', q{
    SELECT extract(epoch FROM max(at - last_at))
    FROM (SELECT at, lag(at) OVER (ORDER BY at) AS last_at
          FROM (SELECT min(at) AS at FROM sample WHERE phase = 'learning' AND total > 0 GROUP BY done) changes) s});
cmp_ok($oldest, '<', $patience, sprintf('what is shown was at most %.2f s old', $oldest));

# However a training ends, its row goes.
sub gone {
    my ($name) = @_;
    is($node->safe_psql('postgres', 'SELECT count(*) FROM knowhow.training_progress'), 0, "nothing $name");
    return;
}
gone('after the end');
{
    my $training = start_psql('postgres', 'SELECT knowhow.train()');
    my $victim = running('postgres');
    $node->safe_psql('postgres', "SELECT pg_cancel_backend($victim)");
    like(finish($training), qr/57014/, 'cancelled');
    gone('after a cancellation');
}
{
    my $training = start_psql('postgres', 'SELECT knowhow.train()');
    my $victim = running('postgres');
    $node->safe_psql('postgres', "SELECT pg_terminate_backend($victim)");
    like(finish($training), qr/57P01/, 'terminated');
    gone('after a termination');
}
{
    my $training = start_psql('postgres', 'SELECT knowhow.train()');
    my $victim = running('postgres');
    kill 'KILL', $victim;
    isnt(finish($training), '', 'killed');
    $node->poll_query_until('postgres', 'SELECT 1', '1');
    gone('after a crash');
}
{
    # The error is caught; the transaction and the statement go on.
    my $session = start_psql('postgres', q{
        SET statement_timeout = 200;
        DO $$
        BEGIN
            BEGIN
                PERFORM knowhow.train();
            EXCEPTION WHEN query_canceled THEN
                SET LOCAL application_name = 'caught';
            END;
            PERFORM pg_sleep(600);
        END
        $$});
    $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'caught'});
    gone('after an error that was caught');
    $node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'caught'});
    like(finish($session), qr/57014/, 'that session was still at work');
}

# In the background: one at a time here, and the other one waits.
$node->safe_psql('postgres', q{
    ALTER DATABASE postgres SET knowhow.training_share = 50;
    SELECT knowhow.create_knowledge_base('second');
    SELECT knowhow.alter_recommender('second', algorithm => 'item_knn', interactions => 'many');
    SELECT knowhow.retrain_in_background('kb'), knowhow.retrain_in_background('second')});
$node->poll_query_until('postgres', q{SELECT string_agg(phase, ',' ORDER BY phase) = 'learning,queued'
    FROM knowhow.training_progress WHERE background AND (phase = 'queued' OR total > 0)});
is($node->safe_psql('postgres', q{SELECT done IS NULL, total IS NULL, estimated_end IS NULL, threads IS NULL, elapsed > '0'
    FROM knowhow.training_progress WHERE phase = 'queued'}), 't|t|t|t|t', 'of one that waits only that is known');
SKIP: {
    skip 'threads have a nice value of their own on Linux only', 1 unless $^O eq 'linux';
    my $learner = $node->safe_psql('postgres', q{SELECT pid FROM knowhow.training_progress WHERE phase = 'learning'});
    my @nice = map { (split ' ', (slurp_file($_) =~ s/.*\)//r))[16] } glob "/proc/$learner/task/*/stat";
    # The server has the nice value of this test, and threads keep at least that.
    my $own = getpriority(0, 0);
    my $threads = $own > 10 ? $own : 10;
    is(join(',', sort { $a <=> $b } @nice), "$own,$threads,$threads", 'threads give way, the process that holds locks does not');
}
$node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM knowhow.training_runs WHERE cause = 'background' AND state = 'succeeded'});
gone('after both');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET knowhow.training_share');

# A share of the time, and a cancellation does not wait for the rest to end.
{
    my $training = start_psql('postgres', q{SET knowhow.training_share = 20; SET knowhow.threads = 1; SELECT knowhow.train('kb')});
    my $victim = running('postgres');
    # Reading does not rest, and is paid for when learning begins.
    $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM knowhow.training_progress WHERE phase = 'learning'});
  SKIP: {
        skip 'without /proc', 1 unless -e "/proc/$victim/stat";
        my $cpu = sub {
            my @field = split ' ', (slurp_file("/proc/$victim/stat") =~ s/.*\)//r);
            return ($field[11] + $field[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
        };
        my ($start, $used) = (time, $cpu->());
        usleep(3e6);
        my $share = ($cpu->() - $used) / (time - $start);
        cmp_ok($share, '<', 0.27, sprintf('it takes %.2f of one CPU', $share));
    }
    my $asked = time;
    $node->safe_psql('postgres', "SELECT pg_cancel_backend($victim)");
    like(finish($training), qr/57014/, 'cancelled as it rests');
    cmp_ok(time - $asked, '<', $patience, 'at once');
}

# Who sees it.
$node->safe_psql('postgres', q{
    CREATE ROLE reader;
    CREATE ROLE stranger;
    GRANT USAGE ON SCHEMA kb TO reader, stranger;
    GRANT SELECT ON kb.snippets TO reader});
$node->safe_psql('postgres', 'CREATE DATABASE other');
make_base('other');   # its recommender has the same number
my @trainings = (start_psql('postgres', q{SELECT knowhow.train('kb')}), start_psql('postgres', q{SELECT knowhow.train('second')}),
    start_psql('other', 'SELECT knowhow.train()'));
$node->poll_query_until('postgres', 'SELECT count(*) = 2 FROM knowhow.training_progress');
running('other');
my $view = 'SELECT string_agg(recommender, \',\' ORDER BY recommender) FROM knowhow.training_progress';
is($node->safe_psql('postgres', $view), 'kb,second', 'two at once, and none of the other database');
is($node->safe_psql('other', $view), 'kb', 'the other database shows its own');
is($node->safe_psql('postgres', "SET ROLE reader; $view"), 'kb', 'who may read the snippets sees their training');
is($node->safe_psql('postgres', "SET ROLE stranger; $view"), '', 'others see nothing');
is($node->safe_psql('postgres', 'SET ROLE stranger; SELECT count(*) FROM knowhow.running_trainings()'), '0', 'nor by the function beneath');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_progress_vacuum, pg_stat_progress_analyze, pg_stat_progress_copy,
    pg_stat_progress_create_index, pg_stat_progress_cluster, pg_stat_progress_basebackup}), '0', "PostgreSQL's own views are not misled");
is(join('', map { finish($_) } @trainings), '', 'and all of them succeed');
gone('at last');

$node->stop;
done_testing();
