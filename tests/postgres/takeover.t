#!/usr/bin/perl
# Runs on several hosts take one ledger in PostgreSQL over from each other: from runs that are killed, that are suspended
# for longer than their lease and wake up, that lose their connection but go on sending, or whose server is killed. The next
# run writes at once, or after the lease; no request of the former one leaves after its right to send has ended; and each row
# is one user in the end.
#
#   takeover.t [PROVIDER…]     KYC_SEED=N repeats what a failure printed
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);
use KycPostgres;

our $pg;
BEGIN {
    my $why = postgres_missing();
    plan skip_all => $why if $why;
    $pg = postgres_start();
    @ENV{qw(KYC_LEDGER KYC_POSTGRES_URL)} = ('postgresql', postgres_url($pg));
}
use KycTest;
use KycRun;
use KycParallel;
use KycProof;
use KycHosts;
use KycTrips;

my $lease_s = 1;
$ENV{KYC_LEASE_MS} = 1000 * $lease_s;
$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my $seed = my $first_seed = $ENV{KYC_SEED} || int(time) % 1_000_000 * 100;
my @providers = @ARGV ? @ARGV : proof_is_long() ? qw(payso kira kraken-embed payward) : qw(payso kira);
my %each = proof_is_long() ? (kills => 1000, stops => 100, deaths => 50) : (kills => 12, stops => 6, deaths => 3);
$_ = int($_ / @providers + 0.99) for @each{qw(kills stops)};
my %set = ('delivery.rate' => '300/s', 'delivery.burst' => 5);
my %set_of = (payso => {'delivery.timeout' => '300ms', 'provider.settle_after' => '600ms'});
my @zeros = map { $_ => 0 } proof_columns();

# Where a run stops by itself: its sender, or the thread that writes the ledger.
my @points = ('answer received', 'request sent', 'commit sent', 'transaction written', 'committed', 'outcome taken');

sub start_sandbox
{
    my ($tag, @more) = @_;
    return sandbox_start('--key-tag', $tag, '--rate', '300/s', '--nonce-window', 10_000_000_000, '--latency', '1ms..8ms',
        '--seed', int rand 1_000_000, @more);
}

sub ms { return sprintf '%.0f ms', $_[0] / 1e6; }

my $began = time;
parallel "$_: killed and suspended" => cell_of($_, \&kills_and_stops) for @providers;
parallel 'a holder that has lost its connection may still send, whoever came between' => cell_of('payward', \&third_host);
parallel 'the lease that a run has by itself' => cell_of('payward', \&own_lease);
my %total = (faults => 0, runs => 0, expected => 0, made => 0, duplicates => 0, lost => 0, over_limit => 0);
my %more = map { $_ => 0 } qw(stops deaths after_kill_ns after_stop_ns);
for my $figures (parallel_run(5), deaths_of_the_server()) {
    $total{$_} += $figures->{$_} || 0 for keys %total;
    $more{$_} += $figures->{$_} || 0 for qw(stops deaths);
    $more{$_} = max($more{$_}, $figures->{$_} || 0) for qw(after_kill_ns after_stop_ns);
}
cmp_ok($total{faults}, '>=', $each{kills} * @providers, 'as many kills as promised');
cmp_ok($more{stops}, '>=', $each{stops} * @providers, 'as many suspended runs');
cmp_ok($more{after_kill_ns}, '<=', 1e9, 'after a kill the next run writes within a second: ' . ms($more{after_kill_ns}));
cmp_ok($more{after_stop_ns}, '<=', (1 + $lease_s) * 1e9, 'of a suspended one within the lease and a second: ' . ms($more{after_stop_ns}));
is($total{$_}, 0, "$_: 0") for qw(duplicates lost over_limit);
note sprintf '%d kills, %d suspended, %d deaths of the server, %d runs, %.1f s', $total{faults}, @more{qw(stops deaths)}, $total{runs}, time - $began;
proof_add('hosts that take over from a killed one', %total);
proof_add('  from one suspended for longer than its lease', @zeros, faults => $more{stops});
proof_add('  the database server killed', @zeros, faults => $more{deaths});
diag "again: KYC_SEED=$first_seed tests/postgres/takeover.t @providers" if !Test::More->builder->is_passing;
done_testing;

# Each cell has a sandbox, hosts and a random sequence of its own.
sub cell_of
{
    my ($provider, $play) = @_;
    my $number = ++$seed;
    return sub {
        srand $number;
        my $hosts = hosts_new(start_sandbox("$$-$number"), provider => $provider, count => 3, set => {%set, %{$set_of{$provider} || {}}});
        my $result = $play->($hosts) || {};
        sandbox_stop($hosts->{sandbox});
        return $result;
    };
}

# Runs in a row, each of which is killed or suspended: the next one takes over.
sub kills_and_stops
{
    my ($hosts) = @_;
    my %did = (faults => 0, stops => 0, after_kill_ns => 0, after_stop_ns => 0);
    my ($number, $killed_ns, @problems) = (0, 0);
    hosts_add_rows($hosts, 5);
    my ($begun, $why) = host_run($hosts, 0);
    push @problems, "the first run: status $begun: $why" if $begun;
    for my $round (1 .. 4 * ($each{kills} + $each{stops})) {
        my ($kills_left, $stops_left) = ($each{kills} - $did{faults}, $each{stops} - $did{stops});
        last if $kills_left <= 0 && $stops_left <= 0;
        my $is_stop = rand($kills_left + $stops_left) < $stops_left;
        # The same host is not waited for.
        $number = ($number + 1) % 3 if rand() < 0.4;
        hosts_add_rows($hosts, 15);
        my $requests = sandbox_counts($hosts->{sandbox})->{$hosts->{provider}}{requests};
        my $point = $points[rand @points] . '#' . (1 + int rand 12);
        my $stops_itself = $is_stop && rand() < 0.7;
        my $run = host_start($hosts, $number, $stops_itself ? (KYC_STOP_AT => $point, KYC_STOP_BY => 'stop') : ());
        my $taken_ns = host_step($run, 'lease taken');
        if (!defined $taken_ns) {
            push @problems, 'no run takes the ledger: ' . join ' ', map { $_ // 'none' } host_end($run);
            last;
        }
        my ($wanted_ns) = host_steps($run, 'lease wanted');
        $did{after_kill_ns} = max($did{after_kill_ns}, $taken_ns - max($wanted_ns, $killed_ns)) if $killed_ns;
        push @problems, 'it waited for the lease of a killed run' if $killed_ns && read_file($run->{err}) =~ /not renewed? its lease/;
        $killed_ns = 0;
        if ($is_stop && suspend($hosts, $run, $requests, $stops_itself)) {
            push @problems, take_over_from_suspended($hosts, $run, ($number + 1) % 3, \%did);
            $number = ($number + 1) % 3;
        } else {
            sleep rand 0.5 if !$is_stop;
            kill 'KILL', $run->{pid};
            kill 'CONT', $run->{pid};
            my ($status, $err) = host_end($run);
            push @problems, "a run before it was killed: status $status: $err" if $status != 128 + 9 && $status > 1;
            $killed_ns = boot_ns() if $status == 128 + 9;
            $did{faults} += $status == 128 + 9;
        }
        push @problems, hosts_problems($hosts);
        last if @problems;
    }
    push @problems, hosts_finish($hosts);
    is_deeply(\@problems, [], "$did{faults} kills, $did{stops} suspended: the same end");
    return {%did, runs => $hosts->{runs}, expected => $hosts->{rows}, map { $_ => $hosts->{$_} } qw(made duplicates lost over_limit)};
}

# True when the run is suspended, and no request of it is between the gate and the provider: that moment no program can
# guard against.
sub suspend
{
    my ($hosts, $run, $requests, $stops_itself) = @_;
    my $until_ns = boot_ns() + rand 1.5e9;
    for (1 .. 500) {
        my $state = host_state($run);
        return 0 if $state eq '';
        if ($state ne 'T' && !$stops_itself && boot_ns() > $until_ns) {
            kill 'STOP', $run->{pid};
            sleep 0.001 while host_state($run) !~ /^T?$/;
            next;
        }
        if ($state eq 'T') {
            sleep 0.03; # what was written has arrived
            my $arrived = sandbox_counts($hosts->{sandbox})->{$hosts->{provider}}{requests} - $requests;
            my ($at_gate, $left) = map { scalar(() = host_steps($run, $_)) } 'request at the gate', 'request leaves';
            return 1 if $at_gate == $left && $left == $arrived;
            kill 'CONT', $run->{pid};
            sleep 0.001 while host_state($run) eq 'T';
            $stops_itself = 0;
        }
        sleep 0.005;
    }
    return 0;
}

# Another host takes over while the run is suspended, which then wakes up. Returns the problems.
sub take_over_from_suspended
{

    my ($hosts, $run, $number, $did) = @_;
    my $stopped_ns = boot_ns();
    my $next = host_start($hosts, $number);
    my $taken_ns = host_step($next, 'lease taken');
    my @problems;
    push @problems, 'nobody takes the ledger of a suspended run over' if !defined $taken_ns;
    $did->{after_stop_ns} = max($did->{after_stop_ns}, ($taken_ns || boot_ns()) - max($stopped_ns, host_steps($next, 'lease wanted')));
    sleep rand 0.4;
    kill 'CONT', $run->{pid};
    my ($status, $err) = host_end($run, 20);
    # It had done all that it had to.
    my $is_done = defined $status && $status <= 1;
    push @problems, 'the run that was suspended: status ' . ($status // 'none') . ": $err"
        if !$is_done && (!defined $status || $status != 7 || $err !~ /another run has taken the ledger/);
    my @late = grep { $_ > $stopped_ns } host_steps($run, 'request leaves');
    push @problems, scalar(@late) . ' requests of it left afterwards' if @late;
    ($status, $err) = host_end($next);
    push @problems, 'the run that took over: status ' . ($status // 'none') . ": $err" if !defined $status || $status > 1;
    my ($first_ns) = host_steps($next, 'request leaves');
    push @problems, 'it sent ' . ms($first_ns - $stopped_ns) . ' after the other one was suspended'
        if $first_ns && $first_ns < $stopped_ns + $lease_s * 1e9;
    $did->{stops} += !$is_done;
    return @problems;
}

# A's connection ends without its knowledge, so it may send until its lease ends. B takes over at once, has nothing to
# send, and gives the lease back. Whoever comes after B must wait for A all the same.
sub third_host
{
    my ($hosts) = @_;
    my ($a, $b, $c) = 0 .. 2;
    my $lease_ns = 4e9;
    local $ENV{KYC_LEASE_MS} = $lease_ns / 1e6;
    my $proxy = trips_start($pg->{port});
    my $case = $hosts->{all}[$a];
    hosts_use_url($hosts, $case->{url} =~ s/:$pg->{port}\//:$proxy->{port}\//r, $a);
    $case->{set}{'delivery.rate'} = '50/s';
    $hosts->{all}[$b]{set}{'input.min_records'} = 0;
    hosts_add_rows($hosts, 300); # of which it sends 50 a second
    write_file("$hosts->{all}[$b]{folder}/export.csv", csv_rows(0));

    my $first = host_start($hosts, $a);
    for (1 .. 2000) {
        last if (() = host_steps($first, 'request leaves')) >= 10;
        sleep 0.005;
    }
    my $cut_ns = boot_ns();
    kill 'STOP', $proxy->{pid};
    postgres_query($case->{url}, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    my ($status, $err, $second) = host_run($hosts, $b);
    my ($taken_ns) = host_steps($second, 'lease taken');
    is($status, 1, 'the second host has nothing to send, and leaves what is in doubt') or diag $err;
    cmp_ok($taken_ns - (host_steps($second, 'lease wanted'))[0], '<', 0.5 * $lease_ns, 'it need not wait for the ledger');
    my $third = host_start($hosts, $c);
    my $first_ns = host_step($third, 'request leaves');
    my @late = grep { $_ > $cut_ns } host_steps($first, 'request leaves');
    cmp_ok(scalar @late, '>', 0, 'the first one goes on sending: ' . @late);
    cmp_ok(max(0, @late), '<', $cut_ns + $lease_ns, 'until its lease ends');
    cmp_ok($first_ns, '>', max(0, @late), 'and the third one sends after it');
    cmp_ok($first_ns, '>=', $taken_ns + $lease_ns, 'that is a lease later');
    kill 'CONT', $proxy->{pid};
    ($status, $err) = host_end($first, 20);
    is($status, 7, 'the first one learns that it was taken over');
    like($err, qr/another run has taken the ledger .* over: \S+, process \d+, since 2/, 'with its name');
    is((host_end($third))[0], 0, 'the third one ends well');
    write_file("$hosts->{all}[$b]{folder}/export.csv", csv_rows($hosts->{rows}));
    is_deeply([hosts_finish($hosts)], [], 'each row is one user');
    return {faults => 0, runs => $hosts->{runs}, expected => $hosts->{rows}, map { $_ => $hosts->{$_} } qw(made duplicates lost over_limit)};
}

# 15 seconds (src/ledger/ledger_lease.h), where no test shortens it.
sub own_lease
{
    my ($hosts) = @_;
    my $own_ns = 15e9;
    delete local $ENV{KYC_LEASE_MS};
    hosts_add_rows($hosts, 20);
    is((host_run($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'kill'))[0], 128 + 9, 'a run is killed while it sends');
    my $killed_ns = boot_ns();
    my ($status, $err, $again) = host_run($hosts, 0);
    is($status, 0, 'the next one on the same host ends well') or diag $err;
    my $again_ns = (host_steps($again, 'request leaves'))[0] // boot_ns();
    cmp_ok($again_ns - $killed_ns, '<=', 5e9, 'and sends without waiting for the lease: ' . ms($again_ns - $killed_ns));
    hosts_add_rows($hosts, 60);
    my $first = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop');
    host_until_stopped($first);
    my $stopped_ns = boot_ns();
    my $second = host_start($hosts, 1);
    my $taken_ns = host_step($second, 'lease taken') // 0;
    my ($wanted_ns) = host_steps($second, 'lease wanted');
    cmp_ok($taken_ns, '>', $stopped_ns, 'another host takes the ledger of a suspended run over');
    cmp_ok($taken_ns - $wanted_ns, '<=', $own_ns + 1e9, 'within the lease and a second: ' . ms($taken_ns - $wanted_ns));
    my $sent_ns = host_step($second, 'request leaves') // 0;
    cmp_ok($sent_ns, '>=', $stopped_ns + $own_ns, 'and sends when the other one may no longer');
    kill 'CONT', $first->{pid};
    is((host_end($first, 20))[0], 7, 'which learns of it when it wakes up');
    is((host_end($second))[0], 0, 'the other one ends well');
    is_deeply([hosts_finish($hosts)], [], 'each row is one user');
    return {faults => 0, runs => $hosts->{runs}, expected => $hosts->{rows}, map { $_ => $hosts->{$_} } qw(made duplicates lost over_limit)};
}

# One server for all, killed while a run of each provider writes.
sub deaths_of_the_server
{
    my @all = map { hosts_new(start_sandbox("$$-deaths-$_"), provider => $_, count => 2, set => {%set, %{$set_of{$_} || {}}}) } @providers;
    my %problems = map { $_->{provider} => [] } @all;
    srand ++$seed;
    my ($deaths, $struck) = (0, 0);
    # Of as many runs as promised, whichever moments come: a run may have ended before its server is killed.
    for my $round (1 .. 4 * $each{deaths}) {
        last if $deaths >= $each{deaths} && $struck >= $each{deaths} * @all / 2;
        my @runs = map { hosts_add_rows($_, 60); [$_, host_start($_, 0)] } @all;
        host_step($_->[1], 'lease taken') for @runs;
        sleep 0.02 + rand 0.2;
        postgres_kill($pg);
        $deaths++;
        for (@runs) {
            my ($hosts, $run) = @$_;
            my ($status, $err) = host_end($run, 20);
            push @{$problems{$hosts->{provider}}}, 'the run: status ' . ($status // 'none') . ": $err"
                if !defined $status || ($status > 1 && $status != 5);
            $struck += defined $status && $status == 5;
        }
        postgres_restart($pg);
        push @{$problems{$_->{provider}}}, hosts_problems($_) for @all;
    }
    cmp_ok($struck, '>=', $each{deaths} * @all / 2, "runs that lost their server: $struck of " . $deaths * @all);
    my %figures = (deaths => $deaths);
    for my $hosts (@all) {
        my @problems = (@{$problems{$hosts->{provider}}}, hosts_finish($hosts));
        is_deeply(\@problems, [], "$hosts->{provider}: the server was killed $deaths times: the same end");
        $figures{expected} += $hosts->{rows};
        $figures{$_} += $hosts->{$_} for qw(runs made duplicates lost over_limit);
        sandbox_stop($hosts->{sandbox});
    }
    return \%figures;
}
