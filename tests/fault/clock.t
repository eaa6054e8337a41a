#!/usr/bin/perl
# The wall clock is stepped during a run, and between two runs: nonces rise, the rate is kept, creates in doubt are resolved.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use KycProof;
use KycTest;
use KycRun;
use KycMachine;

# The wall clock is stepped during a run, by so much, at these readings of it.
my %clocks = (
    'an hour back' => '60:-3600', 'an hour on' => '60:3600', 'a year on, and back again' => '40:31536000,90:0',
    'ten years back from the start' => '1:-315360000', 'to and fro' => join(',', map { $_ * 15 . ':' . ($_ % 2 ? -7200 : 7200) } 1 .. 20),
);
for my $sentence (sort keys %clocks) {
    for my $provider (proof_is_long() || $sentence eq 'to and fro' ? qw(payward kira payso) : 'payward') {
        machine_parallel "$provider, the clock is set $sentence" => sub {
            my $set = $provider eq 'payso' ? {'provider.settle_after' => '400ms', 'delivery.timeout' => '200ms'} : {};
            my $case = machine_case(provider => $provider, rows => 40, set => {%$set, 'delivery.rate' => '100/s', 'delivery.burst' => 1},
                sandbox => ['--rate', '110/s', '--fault', 'drop:10%']);
            my ($status, undef, $err) = machine_run($case, {clock => $clocks{$sentence}}, '-q');
            machine_fails($case, "$provider, the clock is set $sentence", {status => 1}, $status, $err);
            my $counts = sandbox_counts($case->{sandbox})->{$provider};
            is($counts->{over_limit}, 0, "$provider, the clock is set $sentence: never over the limit");
            sandbox_faults($case->{sandbox});
            machine_holds($case, "$provider, the clock is set $sentence");
        };
    }
}

# The wall clock is stepped between two runs without a pause between them: the rate is kept over both.
sub clock_steps_between_runs
{
    my ($sentence, $clock) = @_;
    my $rate = 20;
    my $case = machine_case(rows => $rate, bad => 0, set => {'delivery.rate' => "$rate/s", 'delivery.burst' => $rate}, sandbox => ['--rate', "$rate/s"]);
    my ($status, undef, $err) = machine_run($case, undef, '-q');
    is($status, 0, "$sentence: the first run") or diag $err;
    write_file("$case->{folder}/export.csv", csv_rows(2 * $rate));
    $case->{valid} = 2 * $rate;
    ($status, undef, $err) = machine_run($case, {clock => $clock}, '-q');
    is($status, 0, "$sentence: the second run") or diag $err;
    my $counts = sandbox_counts($case->{sandbox})->{payward};
    is($counts->{over_limit}, 0, "$sentence: never over the limit (at most $counts->{max_per_second} in a second)");
    machine_holds($case, $sentence);
}
for my $step (
    ['clock steps: an hour on between two runs', '1:3600'],
    ['clock steps: a year on between two runs', '1:31536000'],
    ['clock steps: an hour back between two runs', '1:-3600'],
) {
    machine_parallel $step->[0] => sub { clock_steps_between_runs(@$step) };
}

# A Retry-After is counted by the same clock, and applies beyond the run that received it.
machine_parallel 'a Retry-After longer than retry_for' => sub {
    my $case = machine_case(rows => 3, bad => 0, sandbox => ['--retry-after', '600s', '--fault', 'status-429:x1'], set => {'delivery.retry_for' => '5s', 'delivery.in_flight' => 1});
    my ($status, undef, $err) = machine_run($case, undef, '-q');
    is($status, 4, 'a Retry-After longer than retry_for stops the run') or diag $err;
    my $requests = sandbox_counts($case->{sandbox})->{payward}{requests};
    for my $clock (undef, '1:7200') {
        my $sentence = 'clock steps: the next run' . ($clock ? ', two hours on' : '');
        ($status, undef, $err) = machine_run($case, $clock && {clock => $clock}, '-q');
        is($status, 4, "$sentence, stops as well") or diag $err;
        like($err, qr/the provider asked another run to wait, and 5\d\d s of that are left, longer than delivery\.retry_for: run again after that/, "$sentence, says for how long");
    }
    is(case_summary($case)->{unsent}, 3, 'every row is unsent');
    # Killed while it waits for the rest, it leaves the rest to the next one.
    {
        local $case->{set}{'delivery.retry_for'} = '3600s';
        my $pid = case_start($case);
        for (1 .. 1000) {
            last if -e "$case->{folder}/err" && read_file("$case->{folder}/err") =~ /5\d\d s of that are left/;
            sleep 0.01;
        }
        sleep 0.3;
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
    ($status, undef, $err) = machine_run($case, undef, '-q');
    is($status, 4, 'clock steps: the run after one that was killed while it waited stops as well') or diag $err;
    ($status, undef, $err) = machine_run($case, undef, 'status', '--against-provider');
    is(sandbox_counts($case->{sandbox})->{payward}{requests}, $requests, 'none of them asked the provider');
    $case->{valid} = 0;    # every row is unsent until the provider's time is over
    machine_end($case);
};
machine_parallel 'a Retry-After that the next run may wait for' => sub {
    my $case = machine_case(rows => 3, bad => 0, sandbox => ['--retry-after', '4s', '--fault', 'status-429:x1'], set => {'delivery.retry_for' => '2s', 'delivery.in_flight' => 1});
    my ($status, undef, $err) = machine_run($case, undef, '-q');
    is($status, 4, 'a Retry-After of 4 s stops a run that waits for 2 s at most') or diag $err;
    $case->{set}{'delivery.retry_for'} = '60s';
    my $started = time;
    ($status, undef, $err) = machine_run($case, {clock => '1:7200'});
    is($status, 0, 'clock steps: the next run that may wait for longer continues') or diag $err;
    cmp_ok(time - $started, '>', 2, 'clock steps: after the rest of it');
    like($err, qr/the provider asked the previous run to wait \(Retry-After\): [23] s of that remain/, 'and says so');
    machine_holds($case, 'clock steps: a Retry-After stays in force');
};

# kira drops a key after a while, and a clock that is hours off makes an attempt look younger than it is: creates in doubt of
# one run, resolved by the next, each with another clock. All have reached kira, and every key has expired.
my %pairs = (
    'two hours ahead, and so the attempts lie in the future' => {first => 7200, second => 0},
    'two hours ahead, as the ledger shows the next run' => {first => 7200, second => 10800, window => '3h'},
    'two hours ahead, and corrected before the provider has sent its time' => {first => '7200,15:0', second => 10800, window => '3h'},
    'two hours ahead when it was killed' => {first => 7200, second => 0, kill => 1},
    'three hours behind in both runs' => {first => -10800, second => -10800, window => '3h'},
    'three hours behind in both runs, the first was killed' => {first => -10800, second => -10800, window => '3h', kill => 1},
);
for my $sentence (sort keys %pairs) {
    machine_parallel "a clock $sentence" => sub {
        my %pair = (window => '24h', %{$pairs{$sentence}});
        my $case = machine_case(provider => 'kira', rows => 4, bad => 0, set => {'provider.idempotency_window' => $pair{window}},
            sandbox => ['--idempotency-life', '1ms', '--slow-for', '600ms', '--latency', '50ms']);
        my $fault = $pair{first} && {clock => "1:$pair{first}"};
        if ($pair{kill}) {
            sandbox_faults($case->{sandbox}, 'slow:100%@create');
            local @ENV{qw(LD_PRELOAD FAULT_CLOCK)} = (machine_shim(), $fault->{clock});
            my $pid = case_start($case, '-q');
            sleep 0.02 until (sandbox_counts($case->{sandbox})->{kira}{by_operation}{create} || 0) >= 4;
            kill 'KILL', $pid;
            waitpid $pid, 0;
            sleep 0.05 until sandbox_counts($case->{sandbox})->{kira}{users} == 4;
        } else {
            sandbox_faults($case->{sandbox}, 'drop:100%@create');
            local $case->{set} = {%{$case->{set}}, 'delivery.in_doubt' => 'hold'};
            machine_run($case, $fault, '-q');
            is(case_summary($case)->{in_doubt}, 4, "a clock $sentence: all are in doubt");
        }
        sandbox_faults($case->{sandbox});
        my ($status, undef, $err) = machine_run($case, $pair{second} && {clock => "1:$pair{second}"}, '-q');
        is($status, 0, "a clock $sentence: the next run") or diag $err;
        is(sandbox_counts($case->{sandbox})->{kira}{users}, 4, "a clock $sentence: no second user is created");
        machine_holds($case, "a clock $sentence");
    };
}

# States were read, and links are made, while the clock is ahead; then it is set back.
for my $provider (qw(kira payso)) {
    machine_parallel "$provider, the clock is set back after a refresh" => sub {
        my $case = machine_case(provider => $provider, rows => 3, bad => 0);
        my $state = $provider eq 'kira' ? 'needs_action' : 'rejected';
        my $all = sub {
            my ($to) = @_;
            sandbox_control($case->{sandbox}, 'POST', "/_sandbox/verification?api=$provider&user=$_->[0]&state=$to", '')
                for case_ledger($case, 'SELECT user_id FROM customer');
        };
        my $links = sub { return sandbox_counts($case->{sandbox})->{$provider}{links}; };
        my $ahead = {clock => '1:31536000'};
        machine_run($case, undef, '-q');
        machine_run($case, $ahead, 'refresh', '-q');
        $all->($state);
        my ($status, $out, $err) = case_run($case, 'refresh', '--json');
        is($status, 1, "$provider: a refresh by the right clock reads states and counts what changed") or diag $out, $err;
        like($out, qr/"read":3,/, "$provider: of every user");
        case_run($case, 'links', '-q');
        is($links->(), 3, "$provider: a link each");
        $all->('verified');
        machine_run($case, $ahead, 'refresh', '--only', 'action_needed,rejected', '-q');
        $all->($state);
        machine_run($case, $ahead, 'refresh', '--only', 'verified', '-q');
        case_run($case, 'links', '-q') for 1 .. 2;
        is($links->(), 6, "$provider: one for a state of the future, and not one a night");
        $all->('verified');
        case_run($case, 'refresh', '-q');
        $all->($state);
        case_run($case, 'refresh', '--only', 'verified', '-q');
        case_run($case, 'links', '-q') for 1 .. 2;
        is($links->(), 9, "$provider: and one for a state after it");
        is_verified($case, "$provider: the ledger verifies");
    };
}

machine_parallel_run(6);
machine_proof();
done_testing;
