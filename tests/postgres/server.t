#!/usr/bin/perl
# The server that the tests of PostgreSQL use (tests/lib/KycPostgres.pm): it starts, is copied, killed and followed by a
# standby, and nothing of it is left, not even when its test is killed. And the proxy that counts the round trips to it
# (tests/lib/KycTrips.pm).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes ();
use KycTest;
use KycPostgres;
use KycTrips;

my $why = postgres_missing();
plan skip_all => $why if $why;

my $pg = postgres_start();
my $url = postgres_database($pg);

sub count_of { return (postgres_query($_[0], 'SELECT count(*) FROM item'))[0][0]; }

subtest 'a database of its own' => sub {
    postgres_query($url, 'CREATE TABLE item(a integer, b text)');
    postgres_query($url, "INSERT INTO item VALUES (1, 'x'), (2, NULL)");
    is_deeply([postgres_query($url, 'SELECT a, b FROM item ORDER BY a')], [['1', 'x'], ['2', '']], 'rows');
    is_deeply([postgres_query($url, 'SHOW server_encoding')], [['UTF8']], 'UTF-8');
    isnt(postgres_database($pg), $url, 'another one has another name');
    ok(!eval { postgres_query($url, 'SELECT nothing'); 1 }, 'a query that fails dies');
    postgres_query($url, 'CREATE SCHEMA other; CREATE TABLE other.item AS SELECT 7 AS a');
    is_deeply([postgres_query($url, 'SELECT a FROM item', 'other')], [['7']], 'the tables of a schema');
};

subtest 'a copy of a database' => sub {
    my $copy = postgres_database($pg, $url);
    postgres_query($copy, 'DELETE FROM item');
    is(count_of($url), 2, 'leaves the first as it was');
    is(count_of($copy), 0, 'and is one of its own');
    postgres_copy($url, $copy);
    is(count_of($copy), 2, 'can become it again');
    postgres_drop($copy);
    ok(!eval { count_of($copy) }, 'until it is dropped');
};

subtest 'round trips' => sub {
    my $proxy = trips_start($pg->{port});
    my $through = trips_url($proxy, $url) . '?gssencmode=disable';
    is(count_of($through), 2, 'the proxy leads to the server');
    postgres_query($through . '&sslmode=disable', 'SELECT 1');
    is_deeply([map { $_->{trips} } trips_of($proxy)], [3, 2], 'TLS that is refused, the start, a query; the start, a query');
    my $slow = trips_start($pg->{port}, delay => 0.1);
    my $began = Time::HiRes::time();
    count_of(trips_url($slow, $url) . '?gssencmode=disable');
    cmp_ok(Time::HiRes::time() - $began, '>=', 0.3, 'each trip takes longer by the delay');
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if (!$pid) {
        test_forked();
        POSIX::_exit(eval { postgres_query($through, 'SELECT pg_sleep(60)'); 1 } ? 0 : 3);
    }
    for (1 .. 1000) { last if (trips_of($proxy))[2]; Time::HiRes::sleep(0.01); }
    trips_cut($proxy);
    waitpid $pid, 0;
    is($? >> 8, 3, 'a connection is cut off');
    is(count_of($through), 2, 'and the next one is not');
};

subtest 'it is killed' => sub {
    my $port = $pg->{port};
    postgres_kill($pg);
    ok(!eval { count_of($url) }, 'it does not answer');
    postgres_restart($pg);
    is(count_of($url), 2, 'what was committed is there again');
    is($pg->{port}, $port, 'on the same port');
};

subtest 'all of it waits' => sub {
    my @pids = postgres_pids($pg);
    cmp_ok(@pids, '>', 1, 'it has processes');
    postgres_signal($pg, 'STOP');
    my $is_still = sub { return !grep { process_state($_) !~ /^T?$/ } @pids };
    for (1 .. 500) { last if $is_still->(); Time::HiRes::sleep(0.01); }
    ok($is_still->(), 'every process is stopped');
    postgres_signal($pg, 'CONT');
    is(count_of($url), 2, 'and goes on');
};

subtest 'a standby' => sub {
    my $standby = postgres_add_standby($pg, sync => 1);
    my $there = postgres_url($standby, $url =~ s{.*/}{}r);
    postgres_query($url, "INSERT INTO item VALUES (3, 'y')");
    ok(!eval { postgres_query($there, 'DELETE FROM item'); 1 }, 'takes no writes');
    postgres_kill($pg);
    postgres_promote($standby);
    is(count_of($there), 3, 'has what was committed');
    postgres_query($there, "INSERT INTO item VALUES (4, 'z')");
    is(count_of($there), 4, 'takes writes once it is promoted');
    postgres_stop($standby);
    ok(!-e $standby->{folder}, 'its folder is removed');
};
postgres_stop($pg);
ok(!-e $pg->{folder}, 'the folder of a server that was killed is removed');

subtest 'a test that is killed' => sub {
    pipe my $read, my $write or die $!;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if (!$pid) {
        test_forked();
        my $server = postgres_start();
        syswrite $write, join(' ', $server->{folder}, postgres_pids($server)) . "\n";
        sleep 60;
        POSIX::_exit(0);
    }
    my ($folder, @pids) = split ' ', readline $read;
    cmp_ok(@pids, '>', 1, 'had a server');
    kill 'KILL', $pid;
    waitpid $pid, 0;
    my $is_left = sub { return scalar grep { process_state($_) ne '' } @pids };
    for (1 .. 1000) { last if !$is_left->(); Time::HiRes::sleep(0.01); }
    is($is_left->(), 0, 'leaves no process');
    ok(-d $folder, 'it leaves its folder');
    utime time - 600, time - 600, $folder;
    postgres_stop(postgres_start());
    for (1 .. 1000) { last if !-e $folder; Time::HiRes::sleep(0.01); } # another test's start may be removing it
    ok(!-e $folder, 'which the next start removes');
};

done_testing;
