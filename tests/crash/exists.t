#!/usr/bin/perl
# At kraken-embed a create is not repeatable: a doubt that ends in `exists` stays in doubt, is not repeated again, and status
# says what to do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:100%');
my $case = case_new($sandbox, provider => 'kraken-embed', rows => 3, set => {'delivery.attempts' => 1});
case_run($case, '-q');
is(case_summary($case)->{in_doubt}, 3, 'three creates without an answer');
sandbox_faults($sandbox);
my ($status, undef, $err) = case_run($case, '-q');
is($status, 1, 'the next run repeats them') or diag $err;
is(case_summary($case)->{in_doubt}, 3, 'and is told that they exist, not who they are');
sandbox_reset($sandbox);
case_run($case, '-q');
is(sandbox_counts($sandbox)->{'kraken-embed'}{requests}, 0, 'they are not repeated again');
is(case_summary($case)->{in_doubt}, 3, 'and stay in doubt');
is(sandbox_counts($sandbox)->{'kraken-embed'}{users}, 3, 'nobody was made twice');
($status, my $out) = case_run($case, 'status');
is($status, 1, 'status has something to tell');
like($out, qr/cust-000001.*\n.*look him up there/, 'what to do about each');
done_testing;
