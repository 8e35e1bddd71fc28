# train() runs what a tenant has written with the tenant's rights alone, whoever trains: in views
# that are read and in functions that they call. Nothing that happens there stays behind.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->start;
$node->safe_psql('postgres', q{
    CREATE EXTENSION knowhow;
    CREATE ROLE tenant LOGIN;
    CREATE ROLE victim LOGIN;
    CREATE SCHEMA trap AUTHORIZATION tenant;
    CREATE TABLE secret AS SELECT 'the secret'::text AS text;
    REVOKE ALL ON secret FROM PUBLIC;
});
my @as_tenant = (extra_params => [ '-U', 'tenant' ]);
$node->safe_psql('postgres', q{
    CREATE TABLE trap.diary (who text, note text);
    CREATE TABLE trap.snippets (snippet_id bigint, title text, content knowhow.tfidf);
    INSERT INTO trap.snippets SELECT s, 'title', knowhow.to_tfidf('title ' || s) FROM generate_series(1, 10) s;
    CREATE FUNCTION trap.attack() RETURNS real LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
    CREATE VIEW trap.interactions AS SELECT 1::bigint AS user_id, s AS snippet_id, trap.attack() AS weight, now() AS occurred_at
    FROM generate_series(1::bigint, 10) s;
    SELECT knowhow.create_recommender('trap', 'trap.snippets', 'trap.interactions');
}, @as_tenant);

# What the tenant's function does, and the error that the superuser then reads ('' for none).
my %attacks = (
    'becomes superuser' => [ 'ALTER ROLE tenant SUPERUSER;', qr/must be superuser|permission denied/ ],
    'reads a secret' => [ 'INSERT INTO trap.diary SELECT current_user, text FROM public.secret;', qr/permission denied for table secret/ ],
    'sets the role' => [ 'SET ROLE pg_monitor;', qr/cannot set parameter "role" within security-restricted operation/ ],
    'sets the session' => [ 'SET SESSION AUTHORIZATION pg_monitor;', qr/cannot set parameter "session_authorization" within security-restricted operation|permission denied/ ],
    'resets the role' => [ 'RESET ROLE;', qr/cannot set parameter "role" within security-restricted operation/ ],
    'leaves a cursor' => [ q{EXECUTE 'DECLARE trap CURSOR WITH HOLD FOR SELECT 1';}, qr/security-restricted operation/ ],
    'leaves a temporary table' => [ 'CREATE TEMP TABLE left_behind (x int);', qr/cannot create temporary table within security-restricted operation/ ],
    'writes the catalogue' => [ 'DELETE FROM knowhow.recommender_catalog;', qr/permission denied for table recommender_catalog/ ],
    'ends the transaction' => [ 'COMMIT;', qr/invalid transaction termination/ ],
    'raises an error' => [ q{RAISE EXCEPTION 'by the tenant';}, qr/by the tenant/ ],
    'trains in turn' => [ q{PERFORM knowhow.train('trap');}, qr/./ ],
    'drops its own table' => [ 'DROP TABLE trap.snippets CASCADE;', qr/./ ],
);
for my $attack (sort keys %attacks) {
    my ($statement, $error) = @{ $attacks{$attack} };
    $node->safe_psql('postgres', qq{CREATE OR REPLACE FUNCTION trap.attack() RETURNS real LANGUAGE plpgsql AS
        'BEGIN } . ($statement =~ s/'/''/gr) . q{ RETURN 1; END'}, @as_tenant);
    my ($status, $out, $err) = $node->psql('postgres', q{SET statement_timeout = '20s'; SELECT knowhow.train('trap')});
    isnt($status, 0, "$attack: refused");
    like($err, $error, "$attack: a clear error");
}
is($node->safe_psql('postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'tenant'}), 'f', 'tenant is no superuser');

# What it may do, it does as the tenant; settings do not outlive the training.
$node->safe_psql('postgres', q{CREATE OR REPLACE FUNCTION trap.attack() RETURNS real LANGUAGE plpgsql AS
    'BEGIN INSERT INTO trap.diary VALUES (current_user, current_setting(''search_path''));
     PERFORM set_config(''search_path'', ''trap'', false); PERFORM set_config(''work_mem'', ''64kB'', false); RETURN 1; END'}, @as_tenant);
is($node->safe_psql('postgres', q{SELECT knowhow.train('trap') > 0; SHOW search_path; SHOW work_mem; SELECT current_user = session_user}),
    "t\n\"\$user\", public\n4MB\nt", 'user and settings are those from before');
is($node->safe_psql('postgres', 'SELECT DISTINCT who FROM trap.diary'), 'tenant', 'it ran as the tenant');

# A trigger that waits for the end of the transaction would run as the superuser.
$node->safe_psql('postgres', q{
    CREATE FUNCTION trap.later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''ALTER ROLE tenant SUPERUSER''; RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER later AFTER INSERT ON trap.diary DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap.later();
}, @as_tenant);
my ($status, $out, $err) = $node->psql('postgres', q{SELECT knowhow.train('trap')});
isnt($status, 0, 'a deferred trigger is refused');
is($node->safe_psql('postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'tenant'}), 'f', 'tenant still is no superuser');
$node->safe_psql('postgres', 'DROP TRIGGER later ON trap.diary', @as_tenant);

# A table whose owner is somebody else is not read on behalf of the tenant.
$node->safe_psql('postgres', q{ALTER TABLE trap.snippets OWNER TO victim});
($status, $out, $err) = $node->psql('postgres', q{SELECT knowhow.train('trap')});
like($err, qr/have different owners/, 'relations of two owners are refused');
($status, $out, $err) = $node->psql('postgres', q{SELECT knowhow.train('trap')}, @as_tenant);
isnt($status, 0, 'and the former owner may not train');

$node->stop;
done_testing();
