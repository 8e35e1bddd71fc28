# pg_upgrade (here to a cluster of the same version) accepts a database with the extension, and
# recommenders keep their relations and models.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @encoding = (extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
my $old = PostgreSQL::Test::Cluster->new('old');
$old->init(@encoding);
$old->start;
$old->safe_psql('postgres', q{
    CREATE EXTENSION knowhow;
    SELECT knowhow.create_knowledge_base('kb');
    INSERT INTO kb.users VALUES (1);
    INSERT INTO kb.snippets (title) VALUES ('Deep learning');
    INSERT INTO kb.ratings VALUES (1, 1, 5, '2020-01-01');
    INSERT INTO knowhow.model_catalog (recommender_id, state, algorithm, params, seed)
    VALUES (1, 'active', 'item_knn', '{}', 0), (1, 'retired', 'item_knn', '{}', 0);
});
my $contents = q{
    SELECT * FROM knowhow.recommenders;
    SELECT * FROM knowhow.models ORDER BY model_id;
    SELECT * FROM kb.snippets;
    SELECT * FROM kb.interactions;
};
my $before = $old->safe_psql('postgres', $contents);
my $bindir = $old->config_data('--bindir');
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init(@encoding);
chdir(PostgreSQL::Test::Utils::tempdir) or die "cannot change folder: $!";
command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir,
    '-b', $bindir, '-B', $bindir, '-s', $new->host, '-p', $old->port, '-P', $new->port ],
    'pg_upgrade');
$new->start;
is($new->safe_psql('postgres', $contents), $before, 'everything is there');
$new->safe_psql('postgres', 'SELECT knowhow.activate_model(2)');
is($new->safe_psql('postgres', 'SELECT active_model FROM knowhow.recommenders'), 2,
    'the catalogue goes on');
$new->stop;
done_testing();
