# ALTER EXTENSION knowhow UPDATE while trainings run: it waits for none, they go on in the next version,
# an update that is rolled back changes nothing, and nobody minds columns that have been added.
use strict;
use warnings;
use File::Basename;
use File::Path;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Trainings;

# ---- A server's tree of our own, with a next version of the extension

# A server finds its tree by the path of its program: the programs are copied, all else is linked.
sub own_tree {
    my %folder = map { my $path = `pg_config --$_`; chomp $path; $_ => $path } qw(bindir sharedir pkglibdir);
    my $root = $folder{bindir};
    $root = dirname($root) until index($folder{sharedir}, "$root/") == 0;
    my $tree = PostgreSQL::Test::Utils::tempdir;
    my %own = map { $_ => $tree . substr($folder{$_}, length $root) } keys %folder;
    mkpath([ values %own ]);
    system_or_bail('cp', glob("$folder{bindir}/*"), $own{bindir});
    system_or_bail('cp', '-rs', "$folder{$_}/.", $own{$_}) for qw(sharedir pkglibdir);
    # A test's server may be a script, which names the program by its path.
    for my $script (grep { -T } glob("$own{bindir}/*")) {
        my $text = slurp_file($script) =~ s/\Q$folder{bindir}\E/$own{bindir}/gr;
        open my $file, '>', $script or die "$script: $!";
        print {$file} $text;
        close $file or die "$script: $!";
    }
    return ($own{bindir}, "$own{sharedir}/extension");
}
my ($programs, $scripts) = own_tree();
$ENV{PATH} = "$programs:$ENV{PATH}";

my $control = slurp_file("$scripts/knowhow.control");
my ($version) = $control =~ /^default_version = '(.*)'$/m;
unlink "$scripts/knowhow.control" or die $!;
my @versions = ($version, map { "$version-next$_" } 1 .. 6);
append_to_file("$scripts/knowhow.control", $control =~ s/^default_version = .*$/default_version = '$versions[-1]'/mr);
# As updates do, they add columns and functions, and replace a view and a function that the launcher
# calls. Processes go on with the library that they began with.
my @tables = qw(recommender_catalog model_catalog training_run_catalog schedule_catalog model_statistics
    model_items model_positions);
for my $number (1 .. $#versions) {
    my $name = "next$number";
    append_to_file("$scripts/knowhow--$versions[$number - 1]--$versions[$number].sql", qq{
        CREATE FUNCTION knowhow.$name() RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
        ALTER FUNCTION knowhow.due_recommenders() COST 200;
        DO \$\$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW knowhow.schedules WITH (security_barrier) AS '
            || pg_catalog.pg_get_viewdef('knowhow.schedules'::regclass); END \$\$;
    } . join '', map { "ALTER TABLE knowhow.$_ ADD COLUMN $name text;\n" } @tables);
}

# ---- Helpers

my $node = new_server('main', q{
shared_preload_libraries = 'knowhow'
knowhow.launcher_naptime = 1
max_worker_processes = 16
});
$node->safe_psql('postgres', "CREATE EXTENSION knowhow VERSION '$version'");
make_knowledge_base($node, 'postgres', 'kb', 1);
$node->safe_psql('postgres', q{SELECT knowhow.train('kb')});
my ($watch, $holder, $other) = map { session($node) } 1 .. 3;
my $log = -s $node->logfile;
my $update = 'ALTER EXTENSION knowhow UPDATE';
my $installed = q{SELECT extversion FROM pg_extension WHERE extname = 'knowhow'};
my $answers = q{SELECT md5(array_agg((u, rank, r.snippet_id, round(score::numeric, 4)))::text)
    FROM generate_series(1, 20) u, knowhow.recommend(u, 'word7', 20, 'kb') r};
my $before = $watch->query_safe($answers);
is($watch->query_safe($installed), $version, 'the present version');

# ---- One that is rolled back

$holder->query_safe('SELECT pg_advisory_lock(1)');
my $run = retrain($node, 'kb');
phase_reached($watch, $run, 'reading');
$other->query_safe("BEGIN; $update");
is($other->query_safe($installed), $versions[-1], 'within its transaction there is the last version');
$holder->query_safe('SELECT pg_advisory_unlock(1)');
wait_until($watch, "EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%(run $run), %' AND wait_event_type = 'Lock' AND wait_event = 'relation')");
pass('a run that wants to write waits for the update');
$other->query_safe('ROLLBACK');
is(run_end($node, $run), 'succeeded', 'rolled back: the run succeeds');
is($watch->query_safe($installed), $version, 'with the former version');

# ---- One that is committed while a run reads

$holder->query_safe('SELECT pg_advisory_lock(1)');
$run = retrain($node, 'kb');
phase_reached($watch, $run, 'reading');
$node->safe_psql('postgres', "$update TO '$versions[1]'");
is($watch->query_safe("SELECT phase FROM knowhow.training_progress WHERE run_id = $run"), 'reading',
    'an update does not wait for a run that reads');
is($watch->query_safe("$installed; SELECT knowhow.next1()"), "$versions[1]\nt", 'the next version is there');
$holder->query_safe('SELECT pg_advisory_unlock(1)');
is(run_end($node, $run), 'succeeded', 'the run goes on with it');
is($watch->query_safe($answers), $before, 'a session that was there before answers');
is($node->safe_psql('postgres', $answers), $before, 'and so does a new one');

# ---- One that is committed while a run learns, and another one is queued

$node->append_conf('postgresql.conf', 'knowhow.max_concurrent_trainings = 1');
$node->reload;
# Learning lasts longer each time, until one still learns when the update is done.
my ($queued, $number, $phase) = (undef, 1, '');
for (my $people = 50; $phase ne 'learning' && $number < $#versions; $people *= 4) {
    $watch->query_safe("UPDATE kb.load SET people = $people, items = 3000");
    $run = $other->query_safe(q{SELECT knowhow.retrain_in_background('kb')});
    next if !phase_reached($watch, $run, 'learning');
    $queued = $other->query_safe(q{SELECT knowhow.retrain_in_background('kb')});
    $watch->query_safe('UPDATE kb.load SET people = 0, items = 0');
    $number++;
    $other->query_safe("$update TO '$versions[$number]'");
    $phase = $watch->query_safe("SELECT phase FROM knowhow.training_progress WHERE run_id = $run");
}
is($phase, 'learning', 'an update does not wait for a run that learns');
is($watch->query_safe("$installed; SELECT knowhow.next$number()"), "$versions[$number]\nt", 'another version is there');
is(run_end($node, $run), 'succeeded', 'the run that learned goes on');
is(run_end($node, $queued), 'succeeded', 'and so does the one that was queued');
is($watch->query_safe($answers), $before, 'a session that was there before answers');
is($node->safe_psql('postgres', $answers), $before, 'and so does a new one');
is($watch->query_safe(q{SELECT knowhow.train('kb') > 0}), 't', 'a session that was there before trains');
is($watch->query_safe($answers), $before, 'the same model');

# ---- Afterwards

$watch->query_safe(q{SELECT knowhow.alter_recommender('kb', retrain_every => '1 second')});
wait_until($watch, q{(SELECT count(*) >= 2 FROM knowhow.training_runs WHERE cause = 'interval' AND state = 'succeeded')});
pass('the launcher starts trainings');
is($watch->query_safe(q{SELECT count(*) FROM knowhow.schedules}), 1, 'the view that was replaced answers');
$watch->query_safe(q{SELECT knowhow.alter_recommender('kb', retrain_every => '0')});
wait_until($watch, q{NOT EXISTS (SELECT FROM knowhow.training_runs WHERE state IN ('queued', 'running'))});
pass('nothing is stuck');
is($watch->query_safe(q{SELECT count(*) FROM knowhow.training_runs WHERE state <> 'succeeded'}), 0, 'no run has failed');
is_deeply([ log_lines($node, 'knowhow \w+: (ERROR|FATAL|PANIC|WARNING)', $log) ], [], 'and the log has no complaints');
$_->quit for $watch, $holder, $other;
$node->stop;
done_testing();
