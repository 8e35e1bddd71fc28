# verify_index() beside writers, on the primary and on a standby: no false alarm; nobody waits for it; it
# is cancelled at once.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $patience = $ENV{KNOWHOW_PATIENCE} || 1;   # times as slow as the server may be

my $seconds = $ENV{KNOWHOW_VERIFY_SECONDS} || 12;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\n");
$node->start;
$node->safe_psql('postgres', q{
    CREATE EXTENSION knowhow;
    CREATE TABLE docs (id bigserial PRIMARY KEY, n int, v knowhow.tfidf);
    CREATE FUNCTION vector(n bigint) RETURNS knowhow.tfidf LANGUAGE sql AS $$
        SELECT CASE WHEN n % 70 > 0 THEN string_agg(format('%L:%s', 'term' || (n * i * 7919) % 200, 1 + (n * i) % 5), ' ')::knowhow.tfidf END
        FROM generate_series(1, CASE WHEN n % 50 = 0 THEN 3000 ELSE 1 + n % 20 END) AS i
    $$;
    INSERT INTO docs (n, v) SELECT n, vector(n) FROM generate_series(1, 3000) AS n;
    CREATE INDEX docs_ip ON docs USING tfidf (v knowhow.tfidf_ip_ops);
    CREATE INDEX docs_some ON docs USING tfidf (v knowhow.tfidf_cosine_ops) WHERE n % 3 = 0;
});
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;

# Writes until the time is over.
my $until = time() + $seconds;
sub run_until {
    my ($name, @statements) = @_;
    my $file = $node->basedir . "/$name.sql";
    open my $script, '>', $file or die "$file: $!";
    print {$script} join "\n", @statements;
    close $script or die "$file: $!";
    my ($out, $err) = ('', '');
    my $handle = IPC::Run::start(
        [ 'pgbench', '-n', '-T', $seconds, '-h', $node->host, '-p', $node->port, '-f', $file, 'postgres' ],
        '<', \undef, '>', \$out, '2>', \$err);
    return { name => $name, handle => $handle, out => \$out, err => \$err };
}
my @writers = (
    run_until('insert', '\set n random(1, 100000)', 'INSERT INTO docs (n, v) VALUES (:n, vector(:n));'),
    run_until('change', '\set n random(0, 96)', 'BEGIN;',
        'UPDATE docs SET n = n + 1 WHERE id IN (SELECT id FROM docs WHERE n % 97 = :n LIMIT 20);',
        'DELETE FROM docs WHERE id IN (SELECT id FROM docs WHERE n % 89 = :n LIMIT 10);',
        'INSERT INTO docs (n, v) SELECT n, v FROM docs WHERE n % 83 = :n LIMIT 20;', 'COMMIT;',
        'BEGIN;', 'INSERT INTO docs (n, v) VALUES (1, vector(:n));', 'ROLLBACK;'),
    run_until('vacuum', 'VACUUM docs;', 'SELECT pg_sleep(0.2);', 'VACUUM docs;', 'SELECT pg_sleep(0.3);', 'REINDEX INDEX CONCURRENTLY docs_some;'));

my ($rounds, @alarms) = (0);
while (time() < $until - 1) {
    for my $server ($node, $standby) {
        for my $index (qw(docs_ip docs_some)) {
            my ($status, $out, $err) = $server->psql('postgres', "SELECT * FROM knowhow.verify_index('$index')");
            # A standby ends what holds replay up for too long; REINDEX CONCURRENTLY puts another index in place.
            next if $server == $standby && $err =~ /conflict with recovery/;
            next if $index eq 'docs_some' && $err =~ /is not valid|there is no relation|could not open relation|dropped meanwhile|does not exist/;
            push @alarms, $server->name . " $index: $out $err" if $status != 0 || $out ne '';
            ++$rounds;
        }
    }
}
$_->{handle}->finish for @writers;
cmp_ok($rounds, '>', 4, "$rounds verifications");
is(scalar @alarms, 0, 'none finds anything') or diag(join "\n", @alarms[ 0 .. ($#alarms < 5 ? $#alarms : 5) ]);
for my $writer (@writers) {
    unlike(${ $writer->{err} }, qr/ERROR|aborted/, "$writer->{name} was not disturbed");
    like(${ $writer->{out} }, qr/number of transactions actually processed: [1-9]/, "and went on");
}
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
for my $server ($node, $standby) {
    is($server->safe_psql('postgres', q{SELECT * FROM knowhow.verify_index('docs_ip') UNION ALL SELECT * FROM knowhow.verify_index('docs_some')}), '', $server->name . ' is sound in the end');
}
is($standby->safe_psql('postgres', q{SELECT documents FROM knowhow.index_statistics('docs_ip')}),
    $node->safe_psql('postgres', q{SELECT documents FROM knowhow.index_statistics('docs_ip')}), 'both count the same rows');

# A table whose verification takes long, cancelled at several moments of it.
$node->safe_psql('postgres', q{
    CREATE TABLE many AS SELECT n, vector(n % 47 + 2) AS v FROM generate_series(1, 200000) AS n;
    CREATE INDEX many_ip ON many USING tfidf (v knowhow.tfidf_ip_ops);
});
my $start = time();
is($node->safe_psql('postgres', q{SELECT * FROM knowhow.verify_index('many_ip')}), '', 'a large index is sound');
my $whole = time() - $start;
my ($longest, $cancelled) = (0, 0);
for my $part (0.05, 0.2, 0.4, 0.6, 0.8) {
    my $timeout = int(1000 * $whole * $part) || 1;
    $start = time();
    my ($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = $timeout; SELECT * FROM knowhow.verify_index('many_ip')");
    my $late = time() - $start - $timeout / 1000;
    $longest = $late if $late > $longest;
    ++$cancelled if $err =~ /canceling statement due to statement timeout/;
}
cmp_ok($cancelled, '>=', 3, "$cancelled of 5 were cancelled, of a verification that takes $whole s");
cmp_ok($longest, '<', $patience, "within $longest s");

# Who may only read does not make others wait.
my $reader = $node->psql('postgres', q{BEGIN; SELECT * FROM knowhow.verify_index('docs_ip'); SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('docs'::regclass, 'docs_ip'::regclass) AND mode <> 'AccessShareLock'; COMMIT}, on_error_die => 1, stdout => \my $modes);
is($modes, '', 'it locks as SELECT does');

# An unlogged index is nothing that a standby has.
$node->safe_psql('postgres', 'CREATE UNLOGGED TABLE brief (v knowhow.tfidf); CREATE INDEX brief_ip ON brief USING tfidf (v)');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
for my $function (qw(index_statistics verify_index)) {
    my ($status, $out, $err) = $standby->psql('postgres', "SELECT * FROM knowhow.$function('brief_ip')");
    like($err, qr/cannot read unlogged index "brief_ip" during recovery/, "$function() refuses it there");
}

done_testing();
