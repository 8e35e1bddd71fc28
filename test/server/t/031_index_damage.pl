# Damage all over the file of a tfidf index: verify_index() finds it, or raises an error that names the
# index; whatever reads or writes the index ends with an answer or an error, never with a crash or
# without an end; where verify_index() finds nothing the answers are right; REINDEX mends all.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{KNOWHOW_DAMAGES} || 120;
my $seed = $ENV{KNOWHOW_DAMAGE_SEED} || 4;
srand $seed;

my $node = PostgreSQL::Test::Cluster->new('main');
# A page whose checksum is wrong is not even looked at.
my @plain = `initdb --help` =~ /--no-data-checksums/ ? ('--no-data-checksums') : ();
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8', @plain ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\njit = off\nrestart_after_crash = on\n");
$node->start;
$node->safe_psql('postgres', qq{
    CREATE EXTENSION knowhow;
    ALTER DATABASE postgres SET search_path = public, knowhow;
    SET search_path = public, knowhow;
    SELECT setseed(0.$seed);
    CREATE TABLE built AS SELECT n, CASE WHEN n % 40 > 0 THEN (
        SELECT string_agg(format('%L:%s', 'term' || floor(300 * random() ^ 3), 1 + floor(5 * random()) + i % 2 - (n % 9 = 0)::int * 3), ' ')::tfidf
        FROM generate_series(1, 1 + n % 30) AS i) END AS v
    FROM generate_series(1, 600) AS n;
    CREATE TABLE fresh AS SELECT n + 600 AS n, v FROM built WHERE n <= 120;
    INSERT INTO fresh SELECT 800, string_agg(format('%L:1', 'long' || i), ' ')::tfidf FROM generate_series(1, 3000) AS i;
});
# One table and one index for each damage; by turns by inner product and by cosine.
$node->safe_psql('postgres', join '', map {
    my $class = $_ % 2 ? 'tfidf_ip_ops' : 'tfidf_cosine_ops';
    "CREATE TABLE docs_$_ AS SELECT * FROM built ORDER BY n;
     CREATE INDEX index_$_ ON docs_$_ USING tfidf (v $class);
     INSERT INTO docs_$_ SELECT * FROM fresh ORDER BY n;
     DELETE FROM docs_$_ WHERE n % 13 = 5;
     VACUUM docs_$_;
     INSERT INTO docs_$_ SELECT n + 1000, v FROM fresh WHERE n % 10 = 0;\n"
} 1 .. $rounds);

# What each table's index does, every error caught: one line of results.
$node->safe_psql('postgres', q{
    CREATE FUNCTION attempt(statement text, OUT outcome text) LANGUAGE plpgsql AS $$
    DECLARE
        context text;
    BEGIN
        EXECUTE statement INTO outcome;
        outcome := coalesce(outcome, '');
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
        outcome := format('%s: %s (%s)', SQLSTATE, SQLERRM, substring(context FROM 'verifying index[^\n]*'));
    END
    $$;
    CREATE FUNCTION inspect(i int, OUT verified text, OUT counted text, OUT answers text) LANGUAGE plpgsql AS $$
    DECLARE
        operator text := CASE WHEN i % 2 = 1 THEN '<#>' ELSE '<=>' END;
    BEGIN
        verified := attempt(format('SELECT string_agg(concat_ws('' '', block, tid, problem), ''; '') FROM verify_index(%L)', 'index_' || i));
        counted := attempt(format('SELECT documents FROM index_statistics(%L)', 'index_' || i));
        SELECT string_agg(attempt(format(
            'SELECT CASE WHEN (SELECT array_agg(n) FROM (SELECT n FROM docs_%s ORDER BY v %s %L) AS t)
                           IS DISTINCT FROM
                           (SELECT array_agg(n) FROM (SELECT n FROM docs_%s ORDER BY (v %s %L) + 0, ctid) AS t)
                    THEN ''another order'' ELSE ''right'' END', i, operator, q, i, operator, q)), '; ')
        INTO answers
        FROM (VALUES ('term0:1 term1:2 term17:1'), ('term0:1 term250:1 long7:3'), ('term3:-1'), ('')) AS queries (q);
    END
    $$;
});
my $by_index = "SET enable_seqscan = off; SET statement_timeout = '60s';";
my $faulty = "SELECT i, verified, counted, answers FROM generate_series(1, $rounds) AS i, inspect(i) WHERE verified <> '' OR answers <> 'right; right; right; right' ORDER BY i";
is($node->safe_psql('postgres', "SET enable_seqscan = off; $faulty"), '', 'before, everything is well');
like($node->safe_psql('postgres', "$by_index EXPLAIN SELECT n FROM docs_1 ORDER BY v <#> 'term1:1'"), qr/index_1/, 'answers come by the index');

my %paths = map { split /\|/ } split /\n/, $node->safe_psql('postgres',
    "SELECT i, pg_relation_filepath('index_' || i) FROM generate_series(1, $rounds) AS i");
$node->stop;

# Returns what was done.
sub damage {
    my ($path) = @_;
    open my $file, '+<:raw', $path or die "$path: $!";
    my $size = -s $file;
    my $pages = $size / 8192;
    my $read = sub { my ($at, $bytes) = @_; my $buffer; seek $file, $at, 0; read $file, $buffer, $bytes; return $buffer };
    my $write = sub { my ($at, $bytes) = @_; seek $file, $at, 0; print {$file} $bytes };
    my $roll = rand;
    my $done;
    if ($roll < 0.65) {
        # In the metapage more often than its share.
        my $at = int rand(rand() < 0.1 ? 1000 : $size);
        my $bit = int rand 8;
        $write->($at, chr(ord($read->($at, 1)) ^ 1 << $bit));
        $done = "bit $bit of byte " . $at % 8192 . ' of block ' . int($at / 8192);
    }
    elsif ($roll < 0.8) {
        my $bytes = 1 + int rand 64;
        my $at = int rand($size - $bytes);
        $write->($at, join '', map { chr int rand 256 } 1 .. $bytes);
        $done = "$bytes bytes from byte " . $at % 8192 . ' of block ' . int($at / 8192);
    }
    elsif ($roll < 0.87) {
        my $page = int rand $pages;
        $write->($page * 8192, "\0" x 8192);
        $done = "block $page is zeroed";
    }
    elsif ($roll < 0.95) {
        my ($from, $to) = map { int rand $pages } 1 .. 2;
        $write->($to * 8192, $read->($from * 8192, 8192));
        $done = "block $to is a copy of block $from";
    }
    else {
        my $page = int rand $pages;
        truncate $file, $page * 8192;
        $done = "cut off at block $page";
    }
    close $file or die "$path: $!";
    return $done;
}
my %done = map { $_ => damage($node->data_dir . "/$paths{$_}") } 1 .. $rounds;
$node->start;

# One session each, so that one that ends badly takes no other along.
my ($found, $harmless, @bad) = (0, 0);
my $expected = qr/^(?:XX001|XX002|0A000): /;
for my $i (1 .. $rounds) {
    my ($status, $out, $err) = $node->psql('postgres', "$by_index SELECT verified, counted, answers FROM inspect($i)",
        extra_params => [ '-F', "\t" ]);
    my ($verified, $counted, $answers) = split /\t/, $out;
    my $what = "index_$i ($done{$i}): ";
    if ($status != 0 || !defined $answers) {
        push @bad, "$what$err";
        next;
    }
    my @outcomes = ($counted, split /; /, $answers);
    push @bad, map { "$what$_" } grep { !/$expected/ && !/^(?:\d+|right|another order)$/ } @outcomes;
    # Whoever reads the error must learn which index to mend, and where it is damaged.
    push @bad, map { "${what}unnamed: $_" } grep { /$expected/ && !(/index_$i\b/ && /block|format version/) && !/$paths{$i}/ } @outcomes;
    if ($verified eq '') {
        ++$harmless;
        push @bad, "${what}not noticed: $answers" if $answers ne 'right; right; right; right';
    }
    else {
        ++$found;
        push @bad, "${what}unnamed: $verified" if $verified =~ /^[0-9A-Z]{5}: / && $verified !~ /index_$i\b/;
    }
}
cmp_ok($found, '>', $rounds / 3, "$found of $rounds damages are noticed (seed $seed), $harmless do no harm");
is(scalar @bad, 0, 'none ends in a crash, a wrong answer that goes unnoticed, or an error without a name')
    or diag(join "\n", @bad);

# Writing to what is damaged, and mending it.
@bad = ();
for my $i (1 .. $rounds) {
    for my $statement ("INSERT INTO docs_$i SELECT n + 2000, v FROM fresh", "DELETE FROM docs_$i WHERE n % 7 = 0", "VACUUM docs_$i") {
        my ($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = '60s'; $statement", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
        push @bad, "index_$i ($done{$i}): $statement: $err" if $status != 0 && $err !~ /ERROR:  (?:XX001|XX002|0A000)/;
    }
}
is(scalar @bad, 0, 'writing ends well or with an error') or diag(join "\n", @bad);
$node->safe_psql('postgres', join '', map { "REINDEX TABLE docs_$_;\n" } 1 .. $rounds);
is($node->safe_psql('postgres', "SET enable_seqscan = off; $faulty"), '', 'REINDEX mends all');
my $log = slurp_file($node->logfile);
unlike($log, qr/terminated by signal|PANIC|TRAP|Sanitizer/, 'no process crashed');

# Another session's temporary index.
my $other = $node->background_psql('postgres');
$other->query_safe('CREATE TEMPORARY TABLE passing (v knowhow.tfidf); CREATE INDEX passing_ip ON passing USING tfidf (v);');
my $oid = $node->safe_psql('postgres', q{SELECT oid FROM pg_class WHERE relname = 'passing_ip'});
for my $function (qw(index_statistics verify_index)) {
    my ($status, $out, $err) = $node->psql('postgres', "SELECT * FROM knowhow.$function($oid)");
    like($err, qr/cannot read index "passing_ip": it is of another session's temporary table/, "$function() refuses it");
}
$other->quit;

done_testing();
