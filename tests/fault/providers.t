#!/usr/bin/perl
# Each provider: the export is created in full, without a complaint of the provider, without faults and under all kinds of
# them at once; no customer has two users, none is lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(sum0);
use Test::More;
use KycTest;
use KycRun;
use KycParallel;
use KycProof;

my $rows = $ENV{KYC_ROWS} || (proof_is_long() ? 3000 : 150);
my @faults = map { ('--fault', "$_:3%") } qw(status-429 status-500 status-503 reset drop slow garbage truncate);
my %set = (
    payso => {'provider.settle_after' => '1s'},
    kira => {},
);

for my $provider (@ARGV ? @ARGV : provider_names()) {
    for my $run (['no faults'], ['every fault', @faults]) {
        my ($name, @options) = @$run;
        parallel "$provider, $name" => sub {
            my $sandbox = sandbox_start('--seed', 11, '--nonce-window', 10_000_000_000, '--slow-for', '1s',
                '--rate', '300/s', @options);
            my $case = case_new($sandbox, provider => $provider, rows => $rows, bad => 5,
                set => {'delivery.timeout' => '500ms', 'delivery.attempts' => 8, 'delivery.rate' => '300/s', %{$set{$provider} || {}}});
            $case->{bad_rows} = 5;
            my ($status, undef, $err) = case_run($case, '-q');
            is($status, 1, "the run ends") or diag $err;
            my $summary = case_summary($case);
            adds_up($summary, 'the run');
            is($summary->{refused}, 0, "no row is refused");
            # Where the provider has no safe repeat, only a person may be able to resolve a lost answer.
            my $kraken = $provider eq 'kraken-embed';
            is($summary->{created} + ($kraken ? $summary->{in_doubt} : 0), $rows, "every row is created")
                or diag "in doubt $summary->{in_doubt}, unsent $summary->{unsent}";
            my $counts = sandbox_counts($sandbox)->{$provider};
            is($counts->{complaints}, 0, "no complaint");
            is($counts->{users}, $rows, "one user for each valid row");
            is($counts->{duplicates}, 0, "no customer has two users");
            sandbox_faults($sandbox);
            is_settled($case, 'resolved') if !$kraken || !@options;
            proof_add("$name, in one run", faults => sum0(values %{$counts->{faults}}), runs => 1, expected => $rows, made => $counts->{users},
                duplicates => $counts->{duplicates}, lost => $rows - $summary->{created} - $summary->{in_doubt}, over_limit => $counts->{over_limit});
            is($counts->{over_limit}, 0, "never over the limit");
            sandbox_stop($sandbox);
        };
    }
}
parallel_run(4);
done_testing;
