#!/usr/bin/perl
# Each fuzzer runs from its seeds for KYC_FUZZ_SECONDS (3; `make fuzz` gives it ten minutes) without a finding.
use strict;
use warnings;
use File::Basename qw(basename dirname);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycProof;

my $seconds = $ENV{KYC_FUZZ_SECONDS} || 3;
my $home = dirname($FindBin::Bin);
my @names = map { basename($_) =~ /^fuzz_(\w+)\.c$/ } sort glob "$home/fuzz/fuzz_*.c";
@names = grep { $_ eq $ENV{KYC_FUZZ_ONLY} } @names if $ENV{KYC_FUZZ_ONLY};
my $found = $ENV{KYC_FUZZ_FOUND} || scratch_folder();    # where what it found stays

# libfyaml leaks a kilobyte at some of its own errors.
my $scratch = scratch_folder();
write_file("$scratch/leaks", "leak:libfyaml\n");
$ENV{LSAN_OPTIONS} = "suppressions=$scratch/leaks:print_suppressions=0";

# An input that takes this long is a finding. The fuzzers of the proof have what processor time its tests leave.
my $slow = $ENV{KYC_FUZZ_ONLY} ? 120 : 10;
for my $name (@names) {
    my $corpus = scratch_folder();
    my @seeds = glob "$home/fuzz/corpus/$name/*";
    cmp_ok(scalar @seeds, '>', 2, "$name has seeds");
    my ($status, $out, $err) = run_program(program("asan/fuzz_$name"), "-max_total_time=$seconds", "-timeout=$slow",
        '-rss_limit_mb=1024', '-max_len=8192', '-print_final_stats=1', "-artifact_prefix=$found/$name-", $corpus,
        "$home/fuzz/corpus/$name");
    is($status, 0, "$name: nothing was found") or diag substr($err, -6000), `cd $found && head -c 2000 $name-* | base64`;
    my ($runs) = $err =~ /stat::number_of_executed_units:\s*(\d+)/;
    cmp_ok($runs || 0, '>', 100, "$name: " . ($runs || 0) . " inputs were tried");
    proof_add_fuzzer($name, seconds => $seconds, inputs => ($runs || 0) + 0, findings => $status ? 1 : 0);
}
done_testing;
