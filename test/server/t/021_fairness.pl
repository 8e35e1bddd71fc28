# Many recommenders that are due all the time, in several databases, and one in three that always
# fails: each has its turn, the failing ones delay nobody, and the log stays short. The
# whole of it, with 20 databases for five minutes, is bench/training/fairness.py.
use strict;
use warnings;
use List::Util qw(min max);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $databases = 5;
my $seconds = 30;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'knowhow'
max_worker_processes = 16
log_statement = none
log_connections = off
log_disconnections = off
log_min_messages = warning
});
$node->start;

for my $database (map { "fair_$_" } 1 .. $databases) {
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, 'SET client_min_messages = warning; CREATE EXTENSION knowhow;'
        . join('', map { qq{
            SELECT knowhow.create_knowledge_base('$_');
            INSERT INTO $_.users SELECT generate_series(1, 10);
            INSERT INTO $_.snippets (snippet_id, title) SELECT s, 'title ' || s FROM generate_series(1, 20) s;
            INSERT INTO $_.ratings SELECT u, s, 4 FROM generate_series(1, 10) u, generate_series(1, 20) s WHERE (u + s) % 3 = 0;
        } } qw(one two failing)) . q{
        CREATE VIEW failing.broken AS SELECT user_id, snippet_id, (weight / (user_id - user_id))::float4 AS weight, occurred_at
        FROM failing.interactions;
        SELECT knowhow.alter_recommender('failing', interactions => 'failing.broken')});
}
my $from = -s $node->logfile;
for my $database (map { "fair_$_" } 1 .. $databases) {
    $node->safe_psql($database, join ';', map { "SELECT knowhow.alter_recommender('$_', retrain_every => '2 seconds')" }
        qw(one two failing));
}
my $begin = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
$node->safe_psql('postgres', "SELECT pg_sleep($seconds)");
my $end = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
my @logged = split /\n/, slurp_file($node->logfile, $from);

# Of each recommender: runs that ended, the longest time without the end of one, and how many ended
# otherwise than they must.
my (%runs, %waits, $wrong);
for my $database (map { "fair_$_" } 1 .. $databases) {
    for my $base (qw(one two failing)) {
        my ($count, $wait, $other) = split /\|/, $node->safe_psql($database, qq{
            SELECT count(*) FILTER (WHERE state IS NOT NULL), max(wait),
                   count(*) FILTER (WHERE state <> '@{[$base eq 'failing' ? 'failed' : 'succeeded']}')
            FROM (SELECT state, extract(epoch FROM at - lag(at) OVER (ORDER BY at)) AS wait
                  FROM (SELECT state, finished_at AS at FROM knowhow.training_runs
                        WHERE recommender = '$base' AND finished_at BETWEEN '$begin' AND '$end'
                        UNION ALL VALUES (NULL, '$begin'::timestamptz), (NULL, '$end')) AS ends) AS waits});
        push @{ $runs{$base eq 'failing' ? 'failing' : 'healthy'} }, $count;
        push @{ $waits{$base eq 'failing' ? 'failing' : 'healthy'} }, $wait;
        $wrong += $other;
    }
}
for my $kind (qw(healthy failing)) {
    note sprintf('%s: %d to %d runs, longest wait %.1f s', $kind, min(@{ $runs{$kind} }), max(@{ $runs{$kind} }),
        max(@{ $waits{$kind} }));
}
is($wrong, 0, 'what must succeed does, and what must fail fails');
cmp_ok(min(@{ $runs{failing} }), '>=', 2, 'every failing recommender is tried again');
cmp_ok(min(@{ $runs{healthy} }), '>=', $seconds / 2 / 3, 'every other is served again and again');
cmp_ok(max(@{ $runs{healthy} }), '<=', 2 * min(@{ $runs{healthy} }), 'none much more often than another');
cmp_ok(max(@{ $waits{healthy} }), '<', 10, 'none waits for long');
cmp_ok(scalar(@logged), '<', 50, 'the log stays short') or diag join "\n", @logged;
$node->stop;
done_testing();
