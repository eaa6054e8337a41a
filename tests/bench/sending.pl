#!/usr/bin/perl
# The sending half in `make bench`: how much of a limit is used, and the rate without one, compared with a bare loop of
# libcurl that posts the same bodies to the same sandbox in turns with it. Prints lines of the table; exit status 1 when a
# figure misses what a release has to keep, with its name at the end.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use JSON::PP;
use KycTest;

my $bench = abs_path($FindBin::Bin);
my $seconds = $ENV{BENCH_SECONDS} || 20;
my $rounds = $ENV{ROUNDS} || 5;
my @missed;

limit_used(100, 64, '100/s, 20-200 ms, burst 5');
limit_used(1000, 400, '1,000/s, 20-200 ms, random keys, durable');
throttle_open(40_000);
print "missed: $_\n" for @missed;
exit(@missed > 0);

sub line { printf "%-44s %10s %10s %10s   (%s)\n", @_; }

sub rows_file
{
    my ($folder, $count, $keys) = @_;
    my ($status, $out) = run_program(program('generate-rows'), $count, '--keys', $keys);
    die 'generate-rows failed' if $status;
    write_file("$folder/rows.csv", $out);
    return "$folder/rows.csv";
}

sub run_job
{
    my ($sandbox, $job, $provider, $folder, %set) = @_;
    unlink glob "$folder/bench.ledger*";
    my ($status, undef, $err) = run_program(program('kyc-import'), 'run', "$bench/$job", '-q', '--progress', 'never',
        '--new-ledger', '--input', "$folder/rows.csv", '--report', "$folder/report", '--set', "report=$folder/report", '--set', "ledger=sqlite:$folder/bench.ledger",
        '--set', "provider.base_url=$sandbox->{url}/$provider", map { ('--set', "$_=$set{$_}") } sort keys %set);
    die "run: status $status: $err" if $status;
    return JSON::PP->new->utf8->decode(read_file("$folder/report/summary.json"));
}

# The share of the limit, from the first to the last request as the kernel stamped them at the server.
sub limit_used
{
    my ($rate, $in_flight, $what) = @_;
    my $folder = scratch_folder();
    my $sandbox = sandbox_start('--rate', "$rate/s", '--latency', '20ms..200ms', '--nonce-window', 10_000_000_000);
    ($ENV{KYC_DEMO_KEY}, $ENV{KYC_DEMO_SECRET}) = @{(sandbox_keys($sandbox))[0]};
    my $rows = $rate * $seconds;
    rows_file($folder, $rows, 'random');
    my $summary = run_job($sandbox, 'bench.yaml', 'payward', $folder, 'delivery.rate' => "$rate/s",
        'delivery.burst' => 5, 'delivery.in_flight' => $in_flight, 'provider.nonce_window' => 10_000_000_000);
    my $counts = sandbox_counts($sandbox)->{payward};
    die "$counts->{users} users of $rows rows" if $counts->{users} != $rows;
    my $used = ($rows - 5) / ($counts->{arriving_ns} / 1e9) / $rate;
    line($what, sprintf('%.2f %%', 100 * $used), '99 %', '99 %', "of the limit, over $seconds s");
    line('  the most in any second, server and our clock', "$counts->{max_per_second}, $summary->{max_per_second}", $rate, $rate,
        "$counts->{over_limit} over the limit");
    push @missed, $what if $used < 0.99;
    push @missed, "$what: requests over the limit" if $counts->{over_limit} > 0 || $counts->{max_per_second} > $rate || $summary->{max_per_second} > $rate;
    sandbox_stop($sandbox);
}

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[$#sorted / 2]; }

sub fresh_sandbox
{
    my $sandbox = sandbox_start();
    $ENV{KYC_BENCH_TOKEN} = sandbox_login($sandbox, 'payso')->{token};
    return $sandbox;
}

# Requests a second by the server's clock; ends the sandbox.
sub rate_of
{
    my ($sandbox, $count) = @_;
    my $counts = sandbox_counts($sandbox)->{payso};
    die "$counts->{users} users of $count" if $counts->{users} != $count;
    return $count / ($counts->{arriving_ns} / 1e9);
}

sub throttle_open
{
    my ($count) = @_;
    my $folder = scratch_folder();
    my (@ours, @bare);
    rows_file($folder, $count, 'rising');
    for (1 .. $rounds) {
        my $sandbox = fresh_sandbox();
        run_job($sandbox, 'bench-payso.yaml', 'payso', $folder, 'delivery.rate' => '1000000/s', 'delivery.burst' => 1000,
            'delivery.in_flight' => 64);
        push @ours, rate_of($sandbox, $count);
        if (!-e "$folder/bodies") {
            my @bodies = map { s/^.*?"body"://r =~ s/\}$//r } split /\n/, sandbox_control($sandbox, 'GET', '/_sandbox/users/payso');
            write_file("$folder/bodies", join '', map { "$_\n" } @bodies);
        }
        sandbox_stop($sandbox);

        $sandbox = fresh_sandbox();
        my $path = program('bare-curl');
        system "'$path' '$sandbox->{url}/payso/users' '$ENV{KYC_BENCH_TOKEN}' 64 < '$folder/bodies' > '$folder/bare'"
            and die 'bare-curl failed';
        push @bare, rate_of($sandbox, $count);
        sandbox_stop($sandbox);
    }
    my ($ours, $bare) = (median(@ours), median(@bare));
    line('throttle open, rising keys ÷ bare libcurl', sprintf('%.1f %%', 100 * $ours / $bare), '', '80 %',
        sprintf '%.0f/s ÷ %.0f/s, 64 in flight', $ours, $bare);
}
