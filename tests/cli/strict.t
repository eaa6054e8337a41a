#!/usr/bin/perl
# run --strict: nothing is sent unless every row is valid; an input that changed between its two passes is never sent.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
sub requests { return sandbox_counts($sandbox)->{payward}{requests} }

my $case = case_new($sandbox, rows => 400, bad => 3);
my $good = csv_rows(400);
my ($status, $out, $err) = case_run($case, '--strict');
is($status, 1, 'three rows of 403 are rejected: status 1') or diag $err;
is(requests(), 0, 'nothing is sent');
ok(!-e "$case->{folder}/test.ledger", 'nothing is written to the ledger: there is none');
like($err, qr/nothing was sent \(--strict\)/, 'the message says so');
my $summary = case_summary($case);
adds_up($summary, 'rejected');
is($summary->{unsent}, 400, 'every valid row is unsent');
is($summary->{rejected}, 3, 'the three are rejected');
is($summary->{command}, 'run', 'it was a run');
my $rejects = case_rejects($case);
is(scalar(() = $rejects =~ /^bad-/mg), 3, 'the reject file has them');
case_run($case, 'check');
is(case_rejects($case), $rejects, 'byte for byte as by check');

# A warning is not a rejection; and the corrected export is sent.
my $other = case_new($sandbox, csv => $good =~ s/Alex,Morgan7,/Al\x{e2}\x{80}\x{8b}ex,Morgan7,/r, rows => 400);
($status, $out, $err) = case_run($other, '--strict');
is($status, 0, 'every row is valid: sent') or diag $err;
$summary = case_summary($other);
is($summary->{created}, 400, 'and created');
cmp_ok($summary->{warned}, '>', 0, 'a warning does not keep them back');
is_settled({%$other, valid => 400}, 'a strict run');
($status) = case_run($other, '--strict', '-q');
is($status, 0, 'once more');
is(case_summary($other)->{unchanged}, 400, 'nothing changes');

# The reject file as the input of the run that replaces it.
my $fixed = case_rejects($case) =~ s/(bad-\d+)(,\w+,\w+),not an address/$1$2,$1\@example.com/gr =~ s/1990-02-30/1990-02-03/gr;
my $rejected = "$case->{folder}/reports/test/rejects.csv.gz";
write_file("$case->{folder}/plain.csv", $fixed);
run_program('sh', '-c', "gzip -c '$case->{folder}/plain.csv' > '$rejected'");
($status, $out, $err) = case_run($case, '--strict', '--input', $rejected);
is($status, 0, 'the fixed reject file is an input of a strict run') or diag $err;
is(case_summary($case)->{created}, 3, 'and its rows are created');

# Not from a pipe.
($status, $out, $err) = case_run($case, '--strict', '--input', '-');
is($status, 2, 'not from standard input');
like($err, qr/so it cannot be standard input/, 'and the message says why');
run_program('mkfifo', "$case->{folder}/pipe.csv");
($status, $out, $err) = case_run($case, '--strict', '--input', "$case->{folder}/pipe.csv");
is($status, 2, 'nor from a pipe with a name');
($status, $out, $err) = case_run($case, '--strict', '--input', "$case->{folder}/gone.csv");
is($status, 3, 'a file that is not there');
($status, $out, $err) = case_run($case, '--strict', '--dry-run', '-q');
is($status, 1, 'with --dry-run it is a check');

# Changed after every row was found valid. The second pass may or may not have begun by then, so it is slow and compares
# again at its end; tests/unit/pipeline/test_input_snapshot.c shows that nothing is sent when it has not begun.
my $last = case_new($sandbox, csv => csv_rows(60, 0, 5001), rows => 60, set => {'delivery.rate' => '30/s', 'delivery.burst' => 1});
my $path = "$last->{folder}/export.csv";
for my $change (
    ['grown', sub { write_file($path, read_file($path) . "\n") }],
    ['another file in its place', sub { write_file("$path.new", read_file($path)); rename "$path.new", $path }],
) {
    my ($sentence, $act) = @$change;
    unlink "$last->{folder}/err";
    my $pid = case_start($last, '--strict');
    select undef, undef, undef, 0.01 until -e "$last->{folder}/err" && read_file("$last->{folder}/err") =~ /all rows are valid/
        or waitpid($pid, 1) == $pid;
    $act->();
    waitpid $pid, 0;
    is($? >> 8, 3, "$sentence: status 3") or diag read_file("$last->{folder}/err");
    like(read_file("$last->{folder}/err"), qr/changed/, "$sentence: the message says so");
    unlink glob "$last->{folder}/test.ledger*";
    run_program('rm', '-rf', "$last->{folder}/reports");
    write_file($path, csv_rows(60, 0, 6001));
}

# Interrupted in its first pass: nothing is sent.
my $large = case_new($sandbox, csv => csv_rows(120_000, 0, 10_001), rows => 120_000);
sandbox_reset($sandbox);
my $pid = case_start($large, '--strict');
wait_until_it_heeds_signals($pid);
kill 'INT', $pid;
waitpid $pid, 0;
is($? >> 8, 6, 'interrupted: status 6') or diag read_file("$large->{folder}/err");
is(requests(), 0, 'interrupted in its first pass: nothing is sent') if read_file("$large->{folder}/err") !~ /all rows are valid/;
sandbox_stop($sandbox);
done_testing;
