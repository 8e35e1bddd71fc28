# What was trained before a dump answers the same after the restore, for a database owner who is no
# superuser too.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->start;
$node->safe_psql('postgres', q{
    CREATE ROLE owner LOGIN;
    CREATE DATABASE source OWNER owner TEMPLATE template0;
});
my @as_owner = (extra_params => [ '-U', 'owner' ]);
$node->safe_psql('source', q{
    CREATE EXTENSION knowhow;
    SELECT knowhow.create_knowledge_base('kb');
    INSERT INTO kb.users SELECT generate_series(1, 20);
    INSERT INTO kb.snippets (snippet_id, title, body)
    SELECT s, 'Title "' || s || '"', CASE s % 3 WHEN 0 THEN '深度学习 camera' WHEN 1 THEN 'node.js refund' ELSE 'C++ refund' END
    FROM generate_series(1, 300) s;
    INSERT INTO kb.labels (snippet_id, kind, value) SELECT s, 'topic', 'a:' || s % 5 FROM generate_series(1, 300) s;
    INSERT INTO kb.ratings SELECT u, s, 1 + (u * s) % 5 FROM generate_series(1, 20) u, generate_series(1, 300) s WHERE (u + s) % 9 < 4;
    SELECT knowhow.train(), knowhow.train(seed => 7);
    DELETE FROM kb.ratings WHERE snippet_id > 250;
    SELECT knowhow.train();
    SELECT knowhow.activate_model(2);
}, @as_owner);

# Scores follow the age of snippets, which grows between two calls: they are rounded.
my $answers = q{
    SELECT u, q, rank, r.snippet_id, title, round(score::numeric, 6), reason, evidence -> 'model_id'
    FROM generate_series(1, 21) u, (VALUES (NULL), ('C++ 深度学习')) AS v(q), knowhow.recommend(u, q) r;
    SELECT * FROM knowhow.search('node.js 300');
    SELECT s, rank, r.snippet_id, round(score::numeric, 6) FROM generate_series(1, 20) s, knowhow.similar(s) r;
};
my $expected = $node->safe_psql('source', $answers, @as_owner);
like($expected, qr/liked by people/, 'the source answers');

my $dumps = PostgreSQL::Test::Utils::tempdir;
for my $user ('owner', $node->safe_psql('postgres', 'SELECT current_user')) {
    my @connection = ('-h', $node->host, '-p', $node->port, '-U', $user);
    my $copy = "copy_of_$user";
    command_ok([ 'pg_dump', @connection, '-F', 'custom', '-f', "$dumps/$user", 'source' ], "$user: dump");
    $node->safe_psql('postgres', "CREATE DATABASE $copy OWNER owner TEMPLATE template0");
    command_ok([ 'pg_restore', '--exit-on-error', @connection, '-d', $copy, "$dumps/$user" ], "$user: restore");
    is_deeply([ split /\n/, $node->safe_psql($copy, $answers, @as_owner) ], [ split /\n/, $expected ],
        "$user: the copy answers alike");
    is($node->safe_psql($copy, q{SELECT knowhow.activate_model(3); SELECT knowhow.train() > 3}, @as_owner), "\nt",
        "$user: the copy goes on");
}

$node->stop;
done_testing();
