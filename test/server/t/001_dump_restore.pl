# A dump of the whole database and its restore bring everything back: knowledge bases, recommenders,
# models, the active one, and sequences that go on; for a superuser and for a plain database owner.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->start;
my $dumps = PostgreSQL::Test::Utils::tempdir;

# The source: its owner is no superuser and has created the extension.
$node->safe_psql('postgres', q{
    CREATE ROLE owner LOGIN;
    CREATE ROLE tenant LOGIN;
    CREATE DATABASE source OWNER owner TEMPLATE template0;
});
$node->safe_psql('source', 'GRANT CREATE ON DATABASE source TO tenant; GRANT tenant TO owner;');
my @as_owner = (extra_params => [ '-U', 'owner' ]);
$node->safe_psql('source', q{
    CREATE EXTENSION knowhow;
    SELECT knowhow.create_knowledge_base('dropped');
    SELECT knowhow.create_knowledge_base('kb "quoted"');
    INSERT INTO "kb ""quoted""".users VALUES (1, 'Ann'), (2, 'Ben');
    INSERT INTO "kb ""quoted""".snippets (title, body) VALUES ('Deep learning', 'text'), ('深度学习', NULL);
    INSERT INTO "kb ""quoted""".ratings VALUES (1, 1, 5), (2, 2, 3);
    INSERT INTO "kb ""quoted""".events (user_id, snippet_id, kind) VALUES (1, 2, 'view');
    INSERT INTO "kb ""quoted""".labels (snippet_id, kind, value) VALUES (1, 'topic', 'learning');
    SELECT knowhow.alter_recommender('kb "quoted"', params => '{"neighbours": 33}');
    CREATE TABLE notes (snippet_id bigint, title text, content knowhow.tfidf);
    CREATE VIEW likes AS SELECT 1::bigint AS user_id, 1::bigint AS snippet_id, 1::real AS weight,
                                now() AS occurred_at;
    CREATE TABLE tags (snippet_id bigint, kind text, value text);
    SELECT knowhow.create_recommender('half gone', 'notes', 'likes', 'tags');
    CREATE TEXT SEARCH CONFIGURATION mine (COPY = knowhow.multilingual);
    SELECT knowhow.create_recommender('bound', 'notes', 'likes', algorithm => 'user_knn',
                                      params => '{"text_config": "public.mine"}');
}, @as_owner);
$node->safe_psql('source', q{SELECT knowhow.create_knowledge_base('tenant')},
    extra_params => [ '-U', 'tenant' ]);

# Models as training leaves them.
$node->safe_psql('source', q{
    INSERT INTO knowhow.model_catalog (recommender_id, state, algorithm, params, seed, trained_at)
    SELECT recommender_id, state, algorithm, params, 7, now()
    FROM knowhow.recommender_catalog, (VALUES ('retired'), ('active'), ('building')) AS s(state)
    ORDER BY recommender_id;
    INSERT INTO knowhow.training_run_catalog (recommender_id, model_id, state)
    SELECT recommender_id, model_id, CASE state WHEN 'building' THEN 'running' ELSE 'succeeded' END
    FROM knowhow.model_catalog ORDER BY model_id;
    INSERT INTO knowhow.model_statistics
    SELECT model_id, 't', '学习', '''学习'':2' FROM knowhow.model_catalog;
    INSERT INTO knowhow.model_items SELECT model_id, 1, 0, '{1}', '{0.5}' FROM knowhow.model_catalog;
    INSERT INTO knowhow.model_positions SELECT model_id, 0, 1, '{1,2}', '{1,0.25}', '{0,1}', '{0.125,2}', '{1,0}' FROM knowhow.model_catalog;
    INSERT INTO knowhow.tuning_trial_catalog
    SELECT nextval('knowhow.tuning_id_seq'), 0, recommender_id, 'slim', '{"ridge": 30}', 'ndcg', 10, 0.25, 0, -0.125, 0.125, 3, 4, 1.5,
           true, false, '2024-01-01', '2024-02-01', 7, now()
    FROM knowhow.recommender_catalog ORDER BY recommender_id;
    UPDATE knowhow.recommender_catalog SET text_version = 'another ICU' WHERE name = 'bound';
    DROP SCHEMA dropped CASCADE;
    DROP TABLE tags;
});

# Everything that must come back, as one text.
my $contents = q{
    SELECT r.* FROM knowhow.recommenders r WHERE name <> 'half gone' ORDER BY name;
    SELECT * FROM knowhow.models WHERE recommender <> 'half gone' AND state <> 'building' ORDER BY model_id;
    SELECT * FROM knowhow.training_runs WHERE recommender <> 'half gone' AND state <> 'running' ORDER BY run_id;
    SELECT * FROM knowhow.tuning_trials WHERE recommender <> 'half gone' ORDER BY tuning_id;
    SELECT i.* FROM knowhow.model_items i JOIN knowhow.models m USING (model_id)
    WHERE m.recommender <> 'half gone' AND m.state <> 'building' ORDER BY model_id;
    SELECT p.* FROM knowhow.model_positions p JOIN knowhow.models m USING (model_id)
    WHERE m.recommender <> 'half gone' AND m.state <> 'building' ORDER BY model_id;
    SELECT s.* FROM knowhow.model_statistics s JOIN knowhow.models m USING (model_id)
    WHERE m.recommender <> 'half gone' AND m.state <> 'building' ORDER BY model_id;
    SELECT last_value, is_called FROM knowhow.recommender_catalog_recommender_id_seq;
    SELECT last_value, is_called FROM knowhow.model_catalog_model_id_seq;
    SELECT last_value, is_called FROM knowhow.training_run_catalog_run_id_seq;
    SELECT last_value, is_called FROM knowhow.tuning_id_seq;
    SELECT * FROM "kb ""quoted""".snippets ORDER BY snippet_id;
    SELECT * FROM "kb ""quoted""".interactions ORDER BY user_id, snippet_id;
    SELECT * FROM "kb ""quoted""".labels;
    SELECT relname, relowner::regrole, relacl FROM pg_class
    WHERE relnamespace IN ('knowhow'::regnamespace, 'tenant'::regnamespace) AND relkind IN ('r', 'v', 'S') ORDER BY 1, 2;
    SELECT nspowner::regrole, array_to_string(nspacl, ' ') ~ '(^| )=U/' FROM pg_namespace WHERE nspname = 'knowhow';
};
my $before = $node->safe_psql('source', $contents);
like($before, qr/kb "quoted"\|"kb ""quoted"""\.snippets/, 'the source is there');

sub check_copy {
    my ($database, $who) = @_;
    is($node->safe_psql($database, $contents), $before, "$who: all contents are back");
    is($node->safe_psql($database, q{
        SELECT count(*) FROM knowhow.recommender_catalog WHERE name IN ('dropped', 'half gone');
        SELECT count(*) FROM knowhow.model_catalog WHERE state = 'building';
        SELECT count(*) FROM knowhow.training_run_catalog WHERE state = 'running';
        SELECT count(*) FROM knowhow.tuning_trial_catalog WHERE recommender_id NOT IN (SELECT recommender_id FROM knowhow.recommender_catalog);
    }), "0\n0\n0\n0", "$who: what lacks a relation or was unfinished is left out");
    $node->safe_psql($database, q{SELECT knowhow.activate_model(model_id) FROM knowhow.models
        WHERE recommender = 'bound' AND state = 'retired'}, @as_owner);
    $node->safe_psql($database, q{SELECT knowhow.create_knowledge_base('another')}, @as_owner);
    $node->safe_psql($database, q{INSERT INTO another.snippets (title) VALUES ('x')}, @as_owner);
    is($node->safe_psql($database, q{SELECT count(*) FROM knowhow.recommenders}, @as_owner), 4,
        "$who: the catalogue goes on");
    return;
}

for my $who ('postgres', 'owner') {
    my $user = $who eq 'owner' ? 'owner' : $node->safe_psql('postgres', 'SELECT current_user');
    my $port = $node->port;
    my @connection = ('-h', $node->host, '-p', $port, '-U', $user);
    for my $format ('plain', 'custom', 'directory') {
        my $file = "$dumps/$who.$format";
        my $copy = "copy_${who}_$format";
        command_ok([ 'pg_dump', @connection, '-F', $format, '-f', $file, 'source' ],
            "$who: dump, $format");
        $node->safe_psql('postgres', "CREATE DATABASE $copy OWNER owner TEMPLATE template0");
        $node->safe_psql($copy, "GRANT CREATE ON DATABASE $copy TO tenant");
        command_ok($format eq 'plain'
            ? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @connection, '-f', $file, $copy ]
            : [ 'pg_restore', '--exit-on-error', ($format eq 'directory' ? ('-j', '2') : ()),
                @connection, '-d', $copy, $file ],
            "$who: restore, $format");
        check_copy($copy, "$who, $format");
    }
}

# What a dump of one schema loses is the binding; create_recommender makes it again.
$node->safe_psql('postgres', 'CREATE DATABASE single OWNER owner TEMPLATE template0');
$node->safe_psql('single', 'CREATE EXTENSION knowhow', @as_owner);
command_ok([ 'pg_dump', '-h', $node->host, '-p', $node->port, '-U', 'owner', '-n', '"kb ""quoted"""',
    '-f', "$dumps/single", 'source' ], 'dump of one schema');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $node->port, '-U',
    'owner', '-f', "$dumps/single", 'single' ], 'restore of one schema');
is($node->safe_psql('single', 'SELECT count(*) FROM knowhow.recommenders', @as_owner), 0,
    'one schema brings no recommender');
$node->safe_psql('single', q{
    SELECT knowhow.create_recommender(name, (quote_ident(name) || '.snippets')::regclass,
        (quote_ident(name) || '.interactions')::regclass, (quote_ident(name) || '.labels')::regclass,
        (quote_ident(name) || '.ratings')::regclass, (quote_ident(name) || '.events')::regclass)
    FROM (VALUES ('kb "quoted"')) AS v(name)}, @as_owner);

# A row that the database owner forges gives no access to what belongs to others.
$node->safe_psql('source', q{
    INSERT INTO knowhow.recommender_catalog (name, snippets, interactions, bound_names)
    VALUES ('forged', 'tenant.snippets', 'likes',
            '{tenant.snippets,public.likes,NULL,NULL,NULL,NULL}')}, @as_owner);
my ($status, $stdout, $stderr) = $node->psql('source',
    q{SELECT knowhow.alter_recommender('forged')}, extra_params => [ '-U', 'tenant' ]);
like($stderr, qr/relations of recommender "forged" have different owners/,
    'a forged binding of another owner\'s view is refused');

$node->stop;
done_testing();
