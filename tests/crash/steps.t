#!/usr/bin/perl
# The coordinator is stopped after each of its steps in turn, as by a power cut, and resumed: always the same end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my $rows = 12;
# What a doubt waits for is short here: what the sandbox does is done before it answers, or never.
my %set = (payso => {'delivery.timeout' => '100ms', 'provider.settle_after' => '200ms'}, kira => {'provider.idempotency_window' => '1h'});
for my $provider (@ARGV ? @ARGV : qw(payward kira payso)) {
    my $stop_at = 0;
    my (%names, $finished);
    while (!$finished && $stop_at < 500) {
        $stop_at++;
        my $sandbox = sandbox_start('--seed', 7, '--nonce-window', 10_000_000_000, '--fault', 'drop:20%', '--fault', 'status-500:10%');
        my $case = case_new($sandbox, provider => $provider, rows => $rows, bad => 2, set => $set{$provider});
        $case->{bad_rows} = 2;
        {
            local $ENV{KYC_STOP_AT} = $stop_at;
            local $ENV{KYC_STEP_LOG} = "$case->{folder}/steps";
            my ($status) = case_run($case, '-q');
            $finished = $status != 128 + 9;
        }
        my @steps = split /\n/, read_file("$case->{folder}/steps");
        $names{$1}++ if $steps[-1] =~ /^\d+ (.*)/;
        sandbox_faults($sandbox);
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 1, "$provider, stopped at step $stop_at ($steps[-1]): the next run ends") or diag $err;
        is_settled($case, "$provider, stopped at step $stop_at: the same end");
        sandbox_stop($sandbox);
    }
    ok($finished, "$provider: every step was stopped at ($stop_at in all)");
    ok($names{$_}, "$provider: a stop after `$_`") for 'committed', 'submitted', 'outcome written';
}
done_testing;
