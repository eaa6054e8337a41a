#!/usr/bin/perl
# The wall clock is stepped while it runs: nonces rise, the rate holds, doubts are settled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycProof;
use KycTest;
use KycRun;
use KycMachine;

# The wall clock is stepped while it runs, by as much, at these readings of it.
my %clocks = (
    'an hour back' => '60:-3600', 'an hour on' => '60:3600', 'a year on, and back again' => '40:31536000,90:0',
    'ten years back from the start' => '1:-315360000', 'to and fro' => join(',', map { $_ * 15 . ':' . ($_ % 2 ? -7200 : 7200) } 1 .. 20),
);
for my $sentence (sort keys %clocks) {
    for my $provider (proof_is_long() || $sentence eq 'to and fro' ? qw(payward kira payso) : 'payward') {
        my $set = $provider eq 'payso' ? {'provider.settle_after' => '400ms', 'delivery.timeout' => '200ms'} : {};
        my $case = machine_case(provider => $provider, rows => 40, set => {%$set, 'delivery.rate' => '100/s', 'delivery.burst' => 1},
            sandbox => ['--rate', '110/s', '--fault', 'drop:10%']);
        my ($status, undef, $err) = machine_run($case, {clock => $clocks{$sentence}}, '-q');
        machine_fails($case, "$provider, the clock goes $sentence", {status => 1}, $status, $err);
        my $counts = sandbox_counts($case->{sandbox})->{$provider};
        is($counts->{over_limit}, 0, "$provider, the clock goes $sentence: never over the limit");
        sandbox_faults($case->{sandbox});
        machine_holds($case, "$provider, the clock goes $sentence");
    }
}

machine_proof();
done_testing;
