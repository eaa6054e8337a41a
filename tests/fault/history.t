#!/usr/bin/perl
# Kept reports that cannot be written, by each system call in turn: a warning, and neither the run nor its own report
# suffers. The next run leaves whole kept reports alone.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Errno qw(ENOSPC);
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $case = case_new($sandbox, rows => 10, bad => 2, set => {report_keep => 2});
my $report = "$case->{folder}/reports/test";
case_run($case, '-q') for 1 .. 2;
for my $call (qw(open write sync rename unlink)) {
    for my $from (1 .. 3) {
        my ($status, $err, $changed);
        my $before = (stat "$report/report.html")[1];
        {
            local @ENV{qw(LD_PRELOAD FAULT_CALL FAULT_PATH FAULT_FROM FAULT_COUNT FAULT_HOW)} =
                (program('fault-shim.so'), $call, '*/history*', $from, 0, ENOSPC + 0);
            ($status, undef, $err) = case_run($case, '-q');
        }
        is($status, 1, "$call, from number $from on: the status is that of the run") or diag $err;
        isnt((stat "$report/report.html")[1], $before, 'its report is written');
        like($err, qr{/history: No space left on device: the (?:report of this run is not kept|page of the kept reports cannot be written)\nhint: }, 'and a warning says what is missing')
            if $from == 1 && $call ne 'unlink';
    }
}
case_run($case, '-q');
opendir my $folder, "$report/history" or die $!;
my @left = grep { !/^\.\.?$/ } sort readdir $folder;
is(scalar @left, 3, 'the next run leaves two kept reports and the index') or diag "@left";
for my $run (grep { !/index/ } @left) {
    ok(-s "$report/history/$run/$_", "$_ is whole") for qw(report.html summary.json rejects.csv.gz);
}
done_testing;
