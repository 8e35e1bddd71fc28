# A day of scheduled trainings within 43 seconds, by a test's clock that goes 2160 times as fast. It is
# the day on which the clocks of Berlin were set forward and those of Asunción back, and on which the
# server was down over midday. Schedules behave as docs/operating.md says.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/..";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use Trainings;

my $dawn = '2022-03-26 20:00+00';
my $factor = 2160;

# The launcher must wake by itself when something is due: it looks around once a minute only, which
# is more than a day.
my $node = new_server('main', q{
shared_preload_libraries = 'knowhow'
knowhow.launcher = off
knowhow.launcher_naptime = 60
knowhow.max_concurrent_trainings = 4
max_worker_processes = 16
TimeZone = 'UTC'
DateStyle = 'ISO'
});
$node->safe_psql('postgres', 'CREATE EXTENSION knowhow');

# A recommender whose interval was set at `since`, and that has been trained when the day begins.
sub plan_trainings {
    my ($name, $every, $since, $zone, $window_start, $window_end) = @_;
    my $window = defined $window_start
        ? ", retrain_window_start => '$window_start', retrain_window_end => '$window_end'" : '';
    $node->safe_psql('postgres', qq{
        SELECT knowhow.create_knowledge_base('$name');
        INSERT INTO $name.users VALUES (1), (2);
        INSERT INTO $name.snippets (snippet_id, title) VALUES (1, 'one'), (2, 'two');
        INSERT INTO $name.ratings VALUES (1, 1, 5), (1, 2, 4), (2, 1, 4);
        SET knowhow.test_clock = '$since;2026-01-01;0';
        SELECT knowhow.alter_recommender('$name', retrain_every => '$every', retrain_time_zone => '$zone'$window);
        SET knowhow.test_clock = '$dawn;2026-01-01;0';
        SELECT knowhow.train('$name')});
    return;
}
sub next_due_at {
    my ($name) = @_;
    return $node->safe_psql('postgres', "SELECT next_due_at FROM knowhow.schedules WHERE recommender = '$name'");
}

plan_trainings('every_four_hours', '4 hours', '2022-03-26 18:00+00', 'UTC');
plan_trainings('berlin_five', '1 day', '2022-03-25 05:00+01', 'Europe/Berlin');
plan_trainings('asuncion_two', '1 day', '2022-03-25 14:00-03', 'America/Asuncion');
plan_trainings('berlin_night', '30 minutes', $dawn, 'Europe/Berlin', '02:30', '05:00');
plan_trainings('berlin_skipped_hour', '30 minutes', $dawn, 'Europe/Berlin', '02:00', '03:00');
plan_trainings('asuncion_double_hour', '30 minutes', $dawn, 'America/Asuncion', '23:00', '24:00');
plan_trainings('asuncion_midnight', '30 minutes', $dawn, 'America/Asuncion', '00:00', '02:00');
plan_trainings('long', '1 day', '2022-03-25 04:00+00', 'UTC', '04:00', '06:00');
plan_trainings('closed_when_up', '1 day', '2022-03-25 10:00+00', 'UTC', '10:00', '13:00');
$node->safe_psql('postgres', q{
    CREATE VIEW long.lasting AS SELECT i.* FROM (SELECT pg_sleep(4)) AS s, long.interactions i;
    SELECT knowhow.alter_recommender('long', interactions => 'long.lasting')});

my %expected_at_dawn = (
    every_four_hours => '2022-03-26 22:00:00+00',
    berlin_five => '2022-03-27 03:00:00+00',           # a day of 23 hours
    asuncion_two => '2022-03-27 18:00:00+00',          # a day of 25 hours
    berlin_night => '2022-03-27 01:00:00+00',          # at 03:00: there is no 02:30
    berlin_skipped_hour => '2022-03-28 00:00:00+00',   # not that night
    asuncion_double_hour => '2022-03-27 02:00:00+00',
    asuncion_midnight => '2022-03-27 04:00:00+00',     # not when 23:00 follows upon 23:59
    long => '2022-03-27 04:00:00+00',
    closed_when_up => '2022-03-27 10:00:00+00');
is($node->safe_psql('postgres', "SET knowhow.test_clock = '$dawn;2026-01-01;0'; SELECT next_due_at FROM knowhow.schedules WHERE recommender = '$_'"),
    $expected_at_dawn{$_}, "$_ is due at the right time") for sort keys %expected_at_dawn;

# ---- The day

my $begin = time;
$node->append_conf('postgresql.conf', sprintf("knowhow.launcher = on\nknowhow.test_clock = '%s;%s;%d'\n", $dawn,
    $node->safe_psql('postgres', "SELECT to_timestamp($begin)"), $factor));
$node->reload;

# Waits until so many hours of the day have passed.
sub wait_for_hour {
    my ($hours) = @_;
    my $end = $begin + $hours * 3600 / $factor;
    while ((my $left = $end - time) > 0) {
        usleep(1e6 * $left);
    }
    return;
}
wait_for_hour(4 + 9.4);
$node->stop('fast');
wait_for_hour(4 + 14.1);
$node->start;
wait_for_hour(4 + 21.5);
$node->append_conf('postgresql.conf', "knowhow.launcher = off\n");
$node->reload;

# ---- What has happened

# Starts and ends of the trainings of a recommender in hours after the midnight of UTC.
sub trainings {
    my ($name) = @_;
    my $hours = sub { return "-4 + extract(epoch FROM $_[0]) * $factor / 3600 - $begin * $factor / 3600" };
    my @trainings = split /\n/, $node->safe_psql('postgres', 'SELECT ' . $hours->('started_at') . ', ' . $hours->('finished_at')
        . ", state FROM knowhow.training_runs WHERE recommender = '$name' AND cause <> 'train' ORDER BY run_id");
    return map { [ split /\|/ ] } @trainings;
}

# The trainings have begun in these spans of hours, in each exactly one or, where that follows, at
# least one, and all that have ended have succeeded.
sub begun_in {
    my ($name, $what, @spans) = @_;
    my @trainings = trainings($name);
    my $told = join ', ', map { sprintf '%.2f', $_->[0] } @trainings;
    my @wrong = map { "$_->[2] at $_->[0]" } grep { $_->[2] ne 'succeeded' } @trainings;
    my $count = 0;
    for my $span (@spans) {
        my ($from, $to, $several) = @$span;
        my $in = grep { $_->[0] >= $from && $_->[0] < $to } @trainings;
        push @wrong, "$in between $from and $to" unless $in == 1 || $several && $in > 1;
        $count += $in;
    }
    push @wrong, @trainings - $count . ' at other hours' if $count != @trainings;
    is(join('; ', @wrong), '', "$name: $what") or diag("begun at $told");
    return @trainings;
}

my @regular = begun_in('every_four_hours', 'on the grid; for what was missed while the server was down once, and on the grid again',
    [ -2, 2 ], [ 2, 6 ], [ 6, 9.4 ], [ 14.1, 18 ], [ 18, 21.5 ]);
note sprintf('every four hours: %s', join ' ', map { sprintf '%.2f', $_->[0] } @regular);
begun_in('berlin_five', 'a day keeps its hour when clocks are set forward', [ 3, 9.4 ]);
begun_in('asuncion_two', 'and when they are set back', [ 18, 21.5 ]);
begun_in('berlin_night', 'a window that begins in the hour that is skipped opens after it', [ 1, 3, 'several' ]);
begun_in('berlin_skipped_hour', 'one that lies in it does not open');
begun_in('asuncion_double_hour', 'one in the hour that comes twice opens for both', [ 2, 3, 'several' ], [ 3, 4, 'several' ]);
begun_in('asuncion_midnight', 'one that follows upon it opens once', [ 4, 6, 'several' ]);
my ($long) = begun_in('long', 'nothing is started outside the window', [ 4, 6 ]);
cmp_ok($long->[1], '>', 6, 'what runs goes on when it closes');
begun_in('closed_when_up', 'a window that was missed is not made up for');
is(next_due_at('closed_when_up'), '2022-03-28 10:00:00+00', 'the next is that of the next day');
is(next_due_at('every_four_hours'), '2022-03-27 22:00:00+00', 'the grid goes on');
is(next_due_at('berlin_five'), '2022-03-28 03:00:00+00', 'by the new time of Berlin');
is(next_due_at('asuncion_two'), '2022-03-28 18:00:00+00', 'and of Asunción');

$node->stop;
done_testing();
