# Engine loops stay interruptible: cancel, termination (also while threads run), and other
# databases' DROP DATABASE, which waits for every backend to answer.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $patience = $ENV{KNOWHOW_PATIENCE} || 1;   # times as slow as the server may be

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE SCHEMA border; CREATE EXTENSION knowhow_border;');

# Starts a statement in a session of its own; returns the handle and its backend.
my $number = 0;
sub start_statement
{
    my ($statement) = @_;
    my $name = 'border_' . ++$number;
    my %session = (stdin => '', stdout => '', stderr => '', name => $name);
    $session{handle} = IPC::Run::start(
        [ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d',
          $node->connstr('postgres') . " application_name=$name", '-c', $statement ],
        '<', \$session{stdin}, '>', \$session{stdout}, '2>', \$session{stderr});
    $node->poll_query_until('postgres',
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = '$name' AND state = 'active'")
      or die "the statement did not start";
    usleep(200_000);
    return \%session;
}

# Calls a function of PostgreSQL on the session; returns the seconds until the session answered.
sub seconds_to_end
{
    my ($session, $function) = @_;
    my $start = time;
    $node->safe_psql('postgres',
        "SELECT $function(pid) FROM pg_stat_activity WHERE application_name = '$session->{name}'");
    $session->{handle}->finish;
    return time - $start;
}

my %loops = (
    'a loop' => 'SELECT border.loop(60)',
    'threads' => 'SELECT border.parallel_loop(60, 3)');

foreach my $name (sort keys %loops)
{
    my $session = start_statement($loops{$name});
    cmp_ok(seconds_to_end($session, 'pg_cancel_backend'), '<', 2 * $patience, "$name: cancelled at once");
    like($session->{stderr}, qr/57014: canceling statement due to user request/, "$name: cancelled");

    foreach my $round (1 .. 5)
    {
        $session = start_statement($loops{$name});
        cmp_ok(seconds_to_end($session, 'pg_terminate_backend'), '<', 2 * $patience, "$name: terminated at once");
        like($session->{stderr}, qr/57P01: terminating connection due to administrator command/,
            "$name: terminated");
    }
}

# DROP DATABASE waits until every backend has answered a barrier, whatever its database.
sub seconds_to_drop
{
    $node->safe_psql('postgres', 'CREATE DATABASE other');
    my $start = time;
    $node->safe_psql('postgres', 'DROP DATABASE other');
    return time - $start;
}

foreach my $name (sort keys %loops)
{
    my $session = start_statement($loops{$name});
    cmp_ok(seconds_to_drop(), '<', 2 * $patience, "$name: DROP DATABASE of another database is not delayed");
    seconds_to_end($session, 'pg_cancel_backend');
}

# That the test can fail: a loop that does not ask does delay it.
my $silent = start_statement('SELECT border.loop(6, false)');
cmp_ok(seconds_to_drop(), '>', 2, 'a loop that never asks delays DROP DATABASE');
$silent->{handle}->finish;

# A shutdown ends them too, and nothing above has crashed the server.
my @sessions = map { start_statement($_) } values %loops;
my $start = time;
$node->stop('fast');
cmp_ok(time - $start, '<', 5 * $patience, 'a fast shutdown is not delayed');
$_->{handle}->finish foreach @sessions;
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC/, 'no backend has crashed');

done_testing();
