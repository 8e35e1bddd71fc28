# The tfidf index under transactions that are prepared: what they free and write is sound in their own
# session, in others and after a crash, whether they commit or not.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\nmax_prepared_transactions = 4\n");
$node->start;
$node->safe_psql('postgres', q{
    CREATE EXTENSION knowhow;
    CREATE TABLE docs (id int, v knowhow.tfidf);
    CREATE FUNCTION vector(n int) RETURNS knowhow.tfidf LANGUAGE sql AS $$
        SELECT string_agg(format('%L:%s', 'term' || (n * i * 7919) % 200, 1 + (n * i) % 5), ' ')::knowhow.tfidf
        FROM generate_series(1, 1 + n % 20) AS i
    $$;
    INSERT INTO docs SELECT n, vector(n) FROM generate_series(1, 1000) AS n;
    CREATE INDEX docs_ip ON docs USING tfidf (v knowhow.tfidf_ip_ops) WITH (fresh_pages = 2);
});

my $statistics = q{FROM knowhow.index_statistics('docs_ip')};
my $problems = q{SELECT p FROM knowhow.verify_index('docs_ip') AS p};
# The whole order by the index, and by the table.
my $differs = q{SET enable_seqscan = off; SELECT count(*) FROM (VALUES ('term1:1 term14:2'), ('term0:3 term50:-1')) AS queries (q)
    WHERE (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY v OPERATOR(knowhow.<#>) q::knowhow.tfidf) AS t)
        IS DISTINCT FROM
        (SELECT array_agg(id) FROM (SELECT id FROM docs ORDER BY (v OPERATOR(knowhow.<#>) q::knowhow.tfidf) + 0, ctid) AS t)};

# What others add meanwhile takes pages, and merges segments in its turn.
my $added = 10000;
sub add {
    my ($rows) = @_;
    $node->safe_psql('postgres', "INSERT INTO docs SELECT n, vector(n) FROM generate_series($added + 1, $added + $rows) AS n");
    $added += $rows;
}

# A scan that began before goes on among segments that are merged meanwhile.
my $reader = $node->background_psql('postgres', on_error_stop => 1);
for my $end ('COMMIT', 'ROLLBACK') {
    $node->safe_psql('postgres', 'REINDEX INDEX docs_ip');   # without free pages
    my $rows = $node->safe_psql('postgres', 'SELECT count(*) FROM docs');
    $reader->query_safe(q{SET enable_seqscan = off; BEGIN; DECLARE c CURSOR FOR
        SELECT id FROM docs ORDER BY v OPERATOR(knowhow.<#>) 'term1:1 term14:2'; FETCH 1 FROM c});
    my $free = $node->safe_psql('postgres', qq{
        BEGIN; INSERT INTO docs SELECT n, vector(n) FROM generate_series(2001, 6000) AS n;
        SELECT free_pages $statistics; PREPARE TRANSACTION 'much';
        INSERT INTO docs SELECT n, vector(n) FROM generate_series(6001, 7000) AS n});
    cmp_ok($free, '>', 0, "$end: a transaction frees pages and is prepared");
    add(500);
    is($node->safe_psql('postgres', $problems), '', '... the index is sound beside it');
    is($node->safe_psql('postgres', $differs), '0', '... and has the order of the table');
    my $read = () = $reader->query_safe('FETCH ALL FROM c') =~ /^\d+$/mg;
    is($read, $rows - 1, '... also for a scan that began before');
    $reader->query_safe('COMMIT');
    $node->stop('immediate');
    $node->start;
    $reader = $node->background_psql('postgres', on_error_stop => 1);
    is($node->safe_psql('postgres', $problems), '', '... it is sound after a crash');
    add(500);
    $node->safe_psql('postgres', "$end PREPARED 'much'");
    is($node->safe_psql('postgres', 'SELECT count(*) FROM docs'), $rows + 2000 + ($end eq 'COMMIT' ? 4000 : 0),
        '... the transaction ends as it is told to');
    is($node->safe_psql('postgres', $problems), '', '... and leaves a sound index');
    is($node->safe_psql('postgres', $differs), '0', '... with the order of the table');
    $node->safe_psql('postgres', 'VACUUM docs');
    add(500);
    is($node->safe_psql('postgres', $problems), '', '... it is sound when its pages are used again');
    is($node->safe_psql('postgres', $differs), '0', '... with the order of the table');
}
$reader->quit;

done_testing();
