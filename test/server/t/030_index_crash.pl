# The tfidf index after kill -9 at random moments of a mixed load, and on a streaming replica: no
# committed row is missing, none comes twice, and the order is that of the sequential scan.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = $ENV{KNOWHOW_CRASH_ROUNDS} || 20;
my $seed = $ENV{KNOWHOW_CRASH_SEED} || 4;
srand $seed;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\n");
$node->start;
$node->safe_psql('postgres', q{
    CREATE EXTENSION knowhow;
    CREATE TABLE docs (id bigserial PRIMARY KEY, writer int, step int, v knowhow.tfidf);
    CREATE FUNCTION vector(n bigint) RETURNS knowhow.tfidf LANGUAGE sql AS $$
        SELECT string_agg(format('%L:%s', 'term' || (n * i * 7919) % 200, 1 + (n * i) % 5), ' ')::knowhow.tfidf
        FROM generate_series(1, CASE WHEN n % 50 = 0 THEN 4000 ELSE 1 + n % 20 END) AS i
    $$;
    INSERT INTO docs (writer, step, v) SELECT 0, n, vector(n) FROM generate_series(1, 500) AS n;
    CREATE INDEX docs_ip ON docs USING tfidf (v knowhow.tfidf_ip_ops) WITH (fresh_pages = 2);
    CREATE INDEX docs_cosine ON docs USING tfidf (v knowhow.tfidf_cosine_ops);
});

# The whole order by the index and by the table: by the place of their rows where equal, which
# HOT updates, of which there are none here, would blur.
my $differences = q{
    SET enable_seqscan = off;
    SELECT count(*) FROM (VALUES ('term1:1 term14:2'), ('term0:3 term50:-1'), ('')) AS queries (q),
    LATERAL (
        SELECT (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY v OPERATOR(knowhow.<#>) q::knowhow.tfidf) AS t)
            IS DISTINCT FROM
            (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY (v OPERATOR(knowhow.<#>) q::knowhow.tfidf) + 0, ctid) AS t)
            OR (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY v OPERATOR(knowhow.<=>) q::knowhow.tfidf) AS t)
            IS DISTINCT FROM
            (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY (v OPERATOR(knowhow.<=>) q::knowhow.tfidf) + 0, ctid) AS t)
            AS differs) AS compared
    WHERE differs;
};
my $plan = $node->safe_psql('postgres',
    q{SET enable_seqscan = off; EXPLAIN SELECT id FROM docs ORDER BY v OPERATOR(knowhow.<=>) 'term1:1'});
like($plan, qr/Index Scan using docs_cosine/, 'the comparison goes by the index');

# A session that writes without end and prints the number of each step that it committed.
sub writer {
    my ($number, $round) = @_;
    my $sql = join '', map {
        my $step = $round * 100000 + $_;
        my $roll = ($_ * 31 + $number * 17 + $round) % 10;
        my $extra = $roll < 3 ? "UPDATE docs SET id = DEFAULT, v = vector(id + 1) WHERE id % 37 = $_ % 37 AND writer = 10 + $number;"
            : $roll < 5 ? "DELETE FROM docs WHERE id % 41 = $_ % 41 AND writer = 0;" : '';
        my $vacuum = $number == 1 && $_ % 15 == 0 ? "VACUUM docs;\n" : '';
        $vacuum = "REINDEX INDEX docs_ip;\n" if $number == 1 && $_ % 40 == 7;
        "${vacuum}BEGIN; INSERT INTO docs (writer, step, v) VALUES (" . (10 + $number) . ", $step, vector($step)); $extra COMMIT;\n\\echo $step\n"
            . "BEGIN; INSERT INTO docs (writer, step, v) VALUES (" . (10 + $number) . ", -$step, vector($step)); ROLLBACK;\n"
    } 1 .. 2000;
    my ($out, $err) = ('', '');
    my $file = $node->basedir . "/writer_$number.sql";
    open my $script, '>', $file or die "$file: $!";
    print {$script} $sql;
    close $script or die "$file: $!";
    my $handle = IPC::Run::start(
        [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $node->port, '-d', 'postgres', '-f', $file ],
        '<', \undef, '>', \$out, '2>', \$err);
    return { handle => $handle, out => \$out, err => \$err };
}

my $problems = q{SELECT i, p FROM (VALUES ('docs_ip'::regclass), ('docs_cosine')) AS indexes (i), knowhow.verify_index(i) AS p};
my ($missing, $aborted, $wrong, $damaged, $segments, $committed) = (0, 0, 0, 0, 0, 0);
for my $round (1 .. $rounds) {
    my @writers = map { writer($_, $round) } 1 .. 2;
    usleep(100_000 + int rand 700_000);
    # All of the server's processes, so that none ends its work in peace.
    my @processes = split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
    my $postmaster = $node->{_pid};
    $node->kill9;
    kill 'KILL', @processes;
    $_->{handle}->finish for @writers;
    # Until then its lock file counts.
    usleep(20_000) while kill 0, $postmaster;
    # A process that was born meanwhile holds the shared memory until it sees that it is an orphan.
    for (1 .. 50) {
        last if $node->start(fail_ok => 1);
        usleep(100_000);
    }
    for my $number (1 .. 2) {
        my @steps = ${ $writers[ $number - 1 ]->{out} } =~ /^(\d+)$/mg;
        $committed += @steps;
        next unless @steps;
        $missing += $node->safe_psql('postgres',
            "SELECT count(*) FROM unnest('{" . join(',', @steps) . "}'::int[]) AS s WHERE NOT EXISTS (SELECT FROM docs WHERE step = s AND writer = 10 + $number)");
    }
    $aborted += $node->safe_psql('postgres', 'SELECT count(*) FROM docs WHERE step < 0');
    for my $moment ('after recovery', 'after VACUUM') {
        $wrong += $node->safe_psql('postgres', $differences);
        my $found = $node->safe_psql('postgres', $problems);
        diag "round $round, $moment: $found" if $found ne '';
        $damaged++ if $found ne '';
        $segments += $node->safe_psql('postgres', q{SELECT segments FROM knowhow.index_statistics('docs_ip')});
        $node->safe_psql('postgres', 'VACUUM docs');
    }
}
cmp_ok($committed, '>', $rounds, "$rounds rounds (seed $seed) committed $committed transactions");
is($missing, 0, 'no committed row is missing');
is($aborted, 0, 'no row of an aborted transaction is there');
is($damaged, 0, 'verify_index() finds nothing, before and after VACUUM');
cmp_ok($segments, '>', 2 * $rounds, 'there was more than one segment on average');
is($wrong, 0, 'the order by the index is that of the sequential scan, before and after VACUUM');

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', q{
    INSERT INTO docs (writer, step, v) SELECT 5, n, vector(n) FROM generate_series(1, 300) AS n;
    DELETE FROM docs WHERE id % 3 = 0;
    VACUUM docs;
    INSERT INTO docs (writer, step, v) SELECT 6, n, vector(n) FROM generate_series(1, 100) AS n;
});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', $differences), 0, 'a standby answers as its tables say');
my $order = q{SET enable_seqscan = off; SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY v OPERATOR(knowhow.<#>) 'term1:1 term14:2' LIMIT 100) AS t};
is($standby->safe_psql('postgres', $order), $node->safe_psql('postgres', $order), 'and as its primary');

done_testing();
