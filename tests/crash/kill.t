#!/usr/bin/perl
# A run that is killed at 50 random moments, and the provider with it now and then, comes to the same end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);
use KycTest;
use KycRun;

my $kills = $ENV{KYC_KILLS} || 50;
my $seed = $ENV{KYC_SEED} || time;
srand $seed;
note "seed $seed";

my $state = scratch_folder();
my @options = ('--state', "$state/state", '--nonce-window', 10_000_000_000, '--latency', '1ms..8ms', '--fault', 'drop:3%', '--fault', 'status-500:3%',
    '--fault', 'reset:2%');
my $sandbox = sandbox_start(@options);
my $port = $sandbox->{port};
my $rows = 30 * $kills + 200;
my $case = case_new($sandbox, rows => $rows, bad => 20, set => {'delivery.rate' => '300/s', 'delivery.burst' => 5});
$case->{bad_rows} = 20;

my ($killed, $ended) = (0, 0);
for my $round (1 .. $kills) {
    my $pid = case_start($case, '-q');
    sleep 0.02 + rand 0.2;
    $killed += kill 'KILL', $pid;
    waitpid $pid, 0;
    $ended++ if !($? & 127);
    if ($round % 10 == 0) {
        sandbox_kill($sandbox);
        $sandbox = sandbox_start('--listen', "127.0.0.1:$port", @options);
        $case->{sandbox} = $sandbox;
    }
}
is($ended, 0, "all $kills runs were killed before their end");
my $before = sandbox_counts($sandbox)->{payward}{users};
cmp_ok($before, '>', 0, 'users were made before the kills');
cmp_ok($before, '<', $rows, 'and not all of them');

sandbox_faults($sandbox);
my ($status, undef, $err) = case_run($case, '-q');
is($status, 1, 'the run that is let finish says that rows were rejected') or diag $err;
my $summary = case_summary($case);
is($summary->{in_doubt}, 0, 'nothing stays in doubt');
is($summary->{unsent}, 0, 'nothing stays unsent');
is_settled($case, 'after the kills');
done_testing;
