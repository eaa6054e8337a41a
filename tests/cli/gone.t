#!/usr/bin/perl
# A customer in doubt whose row is missing from the export: no run resolves it, so each run counts it, in summary.json, the
# table, the page and the metrics, and ends with status 1.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:100%@create');
my $case = case_new($sandbox, rows => 4, set => {'delivery.attempts' => 1});
my @lines = split /^/, csv_rows(4);
sub export { write_file("$case->{folder}/export.csv", join '', map { my $line = $lines[$_]; $line =~ s/1 Market St/$_[0]/; $line } 0, @_[1 .. $#_]) }

my ($status, $out, $err) = case_run($case, '-q');
is($status, 1, 'a run whose answers are lost');
is(join(' ', @{case_summary($case)}{qw(in_doubt in_doubt_absent)}), '4 0', 'leaves creates in doubt, all of them in its input');
sandbox_faults($sandbox);

export('1 Market St', 1, 3, 4);
($status, $out, $err) = case_run($case, 'check');
is($status, 0, 'a check of the export without one of them') or diag $err;
is(case_summary($case)->{in_doubt_absent}, 1, 'counts it');
like($out, qr/ absent in doubt +1$/m, 'and says so');
($status, $out, $err) = case_run($case, '-q', '--limit', 2);
is(case_summary($case)->{in_doubt_absent}, 0, 'a run of a part of the input counts none');

($status, $out, $err) = case_run($case);
is($status, 1, 'a run of the whole') or diag $err;
my $summary = case_summary($case);
adds_up($summary, 'a run');
is(join(' ', @$summary{qw(in_doubt absent in_doubt_absent status)}), '0 1 1 1', 'counts it');
like($out, qr/ absent in doubt +1$/m, 'and its table says so');
my $report = case_report($case);
like(read_file("$report/report.html"), qr/data-figure="in_doubt_absent">1</, 'and its page');
like(read_file("$report/report.html"), qr/1 customer in doubt is not in this input/, 'with what to do');
like(read_file(case_metrics($case)), qr/^kyc_import_records\{import="test",command="run",state="in_doubt_absent"\} 1$/m, 'and its metrics');
($status, $out, $err) = case_run($case, '-q');
is($status, 1, 'and the next run again');
like($err, qr/^kyc-import: warning: .*\b1 in doubt and not in this input\b/m, 'also with -q');
my ($listed) = case_run($case, 'status');
is($listed, 1, 'status lists it');

export('1 Market St', 1 .. 4);
($status, $out, $err) = case_run($case, '-q');
is($status, 0, 'its row is back, and it is resolved') or diag $err;
is(case_summary($case)->{in_doubt_absent}, 0, 'and not counted any more');

# An update in doubt is one as well.
sandbox_faults($sandbox, 'drop:100%@update');
export('2 Market St', 1 .. 4);
case_run($case, '-q');
is(case_summary($case)->{in_doubt}, 4, 'updates in doubt');
sandbox_faults($sandbox);
export('2 Market St', 1, 2);
($status) = case_run($case, '-q');
is("$status " . join(' ', @{case_summary($case)}{qw(updated absent in_doubt_absent)}), '1 2 2 2', 'two of them are gone');
export('2 Market St', 1 .. 4);
is((case_run($case, '-q'))[0], 0, 'and come again');
is_settled($case, 'resolved');
sandbox_stop($sandbox);
done_testing;
