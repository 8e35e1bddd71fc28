# A hot standby answers recommend(), search() and similar() as its primary does, and says plainly
# that it does not train. Training reaches it with the rest of the log.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$primary->start;
$primary->safe_psql('postgres', q{
    CREATE EXTENSION knowhow;
    SELECT knowhow.create_knowledge_base('kb');
    INSERT INTO kb.users SELECT generate_series(1, 30);
    INSERT INTO kb.snippets (snippet_id, title, body)
    SELECT s, 'Title ' || s, CASE s % 2 WHEN 0 THEN 'camera pixel' ELSE 'refund customer' END || ' word' || s
    FROM generate_series(1, 200) s;
    INSERT INTO kb.labels (snippet_id, kind, value) SELECT s, 'topic', 'topic ' || s % 3 FROM generate_series(1, 200) s;
    INSERT INTO kb.ratings SELECT u, s, 1 + (u * s) % 5 FROM generate_series(1, 30) u, generate_series(1, 200) s WHERE (u + s) % 7 < 3;
    SELECT knowhow.train();
});
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

# Scores follow the age of snippets, which grows between two calls: they are rounded.
my $answers = q{
    SELECT u, q, rank, r.snippet_id, title, round(score::numeric, 6), reason
    FROM generate_series(1, 31) u, (VALUES (NULL), ('camera word7')) AS v(q), knowhow.recommend(u, q) r;
    SELECT rank, snippet_id, score, evidence FROM knowhow.search('refund word9');
    SELECT s, rank, r.snippet_id, round(score::numeric, 6) FROM generate_series(1, 20) s, knowhow.similar(s) r;
};

sub same_answers {
    my ($what) = @_;
    $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
    my $expected = $primary->safe_psql('postgres', $answers);
    isnt($expected, '', "$what: the primary answers");
    is_deeply([ split /\n/, $standby->safe_psql('postgres', $answers) ], [ split /\n/, $expected ],
        "$what: the standby answers alike");
    return;
}

same_answers('slim');
my ($status, $out, $err) = $standby->psql('postgres', 'SELECT knowhow.train()');
like($err, qr/cannot execute knowhow\.train\(\) (in a read-only transaction|during recovery)/, 'train() on the standby');

# A new rating, a new snippet and a new model are there at once.
$primary->safe_psql('postgres', q{
    INSERT INTO kb.users VALUES (31);
    INSERT INTO kb.ratings VALUES (31, 4, 5);
});
same_answers('a new rating');
$primary->safe_psql('postgres', q{
    INSERT INTO kb.snippets (snippet_id, title) VALUES (1000, 'brandnewword');
    SELECT knowhow.train();
});
same_answers('a new model');
is($standby->safe_psql('postgres', q{SELECT snippet_id FROM knowhow.search('brandnewword')}), 1000,
    'a new word is found');
$primary->safe_psql('postgres', q{SELECT knowhow.alter_recommender('kb', algorithm => 'user_knn')});
same_answers('user_knn');
$primary->safe_psql('postgres', q{SELECT knowhow.alter_recommender('kb', algorithm => 'slim');
    SELECT knowhow.activate_model(min(model_id)) FROM knowhow.models});
same_answers('the former model');

# Promoted, it trains.
$standby->promote;
ok($standby->safe_psql('postgres', 'SELECT knowhow.train()') > 0, 'after promotion it trains');

$standby->stop;
$primary->stop;
done_testing();
