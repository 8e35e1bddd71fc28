# pg_cron starts trainings as well: in the session of its job, and in the background.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $library = `pg_config --pkglibdir`;
chomp $library;
plan skip_all => 'pg_cron is not installed' unless -e "$library/pg_cron.so";

my $node = PostgreSQL::Test::Cluster->new('cron');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.use_background_workers = on\n");
$node->start;
$node->safe_psql('postgres', q{
    CREATE EXTENSION knowhow;
    CREATE EXTENSION pg_cron;
    SELECT knowhow.create_knowledge_base('here'), knowhow.create_knowledge_base('background');
    INSERT INTO here.snippets (title) VALUES ('one'), ('two');
    INSERT INTO background.snippets (title) VALUES ('one'), ('two');
    SELECT cron.schedule('train here', '* * * * *', $$SELECT knowhow.train('here')$$);
    SELECT cron.schedule('train background', '* * * * *', $$SELECT knowhow.retrain_in_background('background')$$)});

# It starts jobs at full minutes.
ok($node->poll_query_until('postgres', q{SELECT count(DISTINCT (recommender, cause)) = 2 FROM knowhow.training_runs
    WHERE state = 'succeeded' AND (recommender, cause) IN (('here', 'train'), ('background', 'background'))}),
    'both ways train');
ok($node->poll_query_until('postgres', q{SELECT count(*) >= 2 AND bool_and(status = 'succeeded') FROM cron.job_run_details}),
    'pg_cron reports both as succeeded');
is($node->safe_psql('postgres', 'SELECT count(*) FROM knowhow.recommenders WHERE active_model IS NOT NULL'), 2, 'both have a model');
$node->stop;
done_testing();
