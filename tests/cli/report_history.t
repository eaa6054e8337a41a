#!/usr/bin/perl
# REPORT/history/: the reports of the last runs, their index page, what is removed of them and what is not; and that
# nothing but a run changes the files of the last run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $time = qr/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z/;

sub mode { return sprintf '%o', (stat $_[0])[2] & 07777; }

# The names in history/, sorted; without the index.
sub kept
{
    my ($case) = @_;
    opendir my $folder, "$case->{folder}/reports/test/history" or return ();
    return grep { !/^(?:\.\.?|index\.html)$/ } sort readdir $folder;
}

sub history { return "$_[0]{folder}/reports/test/history"; }

sub names_in
{
    opendir my $folder, $_[0] or return ();
    return grep { !/^\.\.?$/ } sort readdir $folder;
}

sub is_run
{
    my ($case, $want, $sentence, @more) = @_;
    my ($status, undef, $err) = case_run($case, '-q', @more);
    is($status, $want, $sentence) or diag $err;
    return $err;
}

subtest 'each run is kept, with what it wrote' => sub {
    my $case = case_new($sandbox, rows => 20, bad => 2);
    is_run($case, 1, 'a run');
    my $report = "$case->{folder}/reports/test";
    my @kept = kept($case);
    is(scalar @kept, 1, 'is kept');
    my $folder = history($case) . "/$kept[0]";
    my $summary = JSON::PP->new->utf8->decode(read_file("$report/summary.json"));
    is($kept[0], $summary->{started} =~ tr/:/-/r, 'under the time at which it began');
    is_deeply([names_in($folder)], [qw(rejects.csv.gz report.html summary.json)], 'page, summary and reject file');
    is(read_file("$folder/$_"), read_file("$report/$_"), "$_ is that of the run") for qw(rejects.csv.gz summary.json);
    is((stat "$folder/rejects.csv.gz")[1], (stat "$report/rejects.csv.gz")[1], 'the reject file is the same file: it takes no room of its own');
    is(mode($_), '700', "$_ is its owner's") for history($case), $folder;
    is(mode($_), '600', "$_ is its owner's") for glob("$folder/*"), history($case) . '/index.html';

    my $first = read_file("$folder/rejects.csv.gz");
    write_file("$case->{folder}/export.csv", csv_rows(20, 0));
    is_run($case, 0, 'a run without rejects');
    is(scalar(() = kept($case)), 2, 'is kept beside the first');
    is(read_file("$folder/rejects.csv.gz"), $first, 'whose reject file is as it was');
    is_deeply([names_in(history($case) . '/' . (kept($case))[1])], [qw(report.html summary.json)], 'and the second has none');
};

subtest 'the last report_keep runs are kept' => sub {
    my $case = case_new($sandbox, rows => 3, set => {report_keep => 3});
    my @all;
    for my $n (1 .. 5) {
        is_run($case, 0, "run $n");
        push @all, (kept($case))[-1];
    }
    is_deeply([kept($case)], [@all[2 .. 4]], 'three are left, the newest');
    my $index = read_file(history($case) . '/index.html');
    is_deeply([$index =~ m{<a href="($time)/report\.html">}g], [reverse @all[2 .. 4]], 'the index lists these, newest first');
    unlike($index, qr/<script|\son\w+=|:\/\//i, 'without a script, and with nothing from outside');
    $case->{set}{report_keep} = 1;
    is_run($case, 0, 'a run that keeps one');
    is(scalar(() = kept($case)), 1, 'removes the others');
    $case->{set}{report_keep} = 0;
    is_run($case, 0, 'a run that keeps none');
    is(scalar(() = kept($case)), 1, 'leaves what was kept');
    my $other = case_new($sandbox, rows => 3, set => {report_keep => 0});
    is_run($other, 0, 'and a job that keeps none');
    ok(!-e history($other), 'has no history');
};

subtest 'what a person puts there is never removed' => sub {
    my $case = case_new($sandbox, rows => 3, set => {report_keep => 1});
    is_run($case, 0, 'a first run');
    my $history = history($case);
    my ($pinned) = kept($case);
    write_file("$history/$pinned/note.txt", "the night of the outage\n");
    mkdir "$history/$_" or die "$_: $!" for 'audit', '2001-02-03T04-05-06.789Z', '2001-02-03T04-05-06.788Z', '.draft-notes', '.removed-2001';
    write_file("$history/audit/summary.json", '{}');
    write_file("$history/2001-02-03T04-05-06.789Z/report.html", 'a page of mine');
    write_file("$history/2001-02-03T04-05-06.788Z/summary.json", '{"started": "2026-01-01T00:00:00.000Z", "status": 0}');
    write_file("$history/2001-02-03", 'a list of mine');
    symlink "$case->{folder}", "$history/2001-02-03T04-05-06.787Z" or die $!;
    write_file("$case->{folder}/summary.json", '{"started": "2001-02-03T04:05:06.787Z", "status": 0}');
    my @mine = ($pinned, 'audit', '2001-02-03T04-05-06.789Z', '2001-02-03T04-05-06.788Z', '2001-02-03', '2001-02-03T04-05-06.787Z', '.draft-notes', '.removed-2001');
    is_run($case, 0, "another run") for 1 .. 3;
    my %left = map { $_ => 1 } kept($case);
    is_deeply([grep { !$left{$_} } @mine], [], 'files, folders and links of somebody else stay');
    is(scalar keys %left, @mine + 1, 'beside the one run that is kept');
    is_deeply([names_in("$history/$pinned")], [qw(note.txt report.html summary.json)], 'a kept run with a note in it stays whole');
    like(read_file("$history/index.html"), qr{href="$pinned/report\.html"}, 'and in the index');
    is(read_file("$case->{folder}/summary.json"), '{"started": "2001-02-03T04:05:06.787Z", "status": 0}', 'nothing behind a link is touched');
};

subtest 'leftovers of a killed run are removed' => sub {
    my $case = case_new($sandbox, rows => 3);
    is_run($case, 0, 'a run');
    my $history = history($case);
    for my $name (".draft-2026-01-01T00-00-00.000Z-4242", '.removed-2026-01-01T00-00-00.000Z') {
        mkdir "$history/$name" or die $!;
        write_file("$history/$name/report.html", 'half a pa');
        write_file("$history/$name/rejects.csv.gz", 'personal data');
    }
    is_run($case, 0, 'the next run');
    is_deeply([grep { /^\./ } kept($case)], [], 'has removed them');
};

subtest 'history that cannot be written is a warning' => sub {
    my $case = case_new($sandbox, rows => 3);
    mkdir "$case->{folder}/reports" and mkdir "$case->{folder}/reports/test" or die $!;
    write_file(history($case), 'a file');
    my $err = is_run($case, 0, 'the run has its own status');
    like($err, qr{^kyc-import: warning: \S+/reports/test/history: Not a directory: the report of this run is not kept\nhint: }m, 'and a warning with the reason');
    ok(-s "$case->{folder}/reports/test/report.html", 'its report is written');
};

subtest 'a setting that cannot be' => sub {
    for my $wrong (['1001', qr/may be from 0 to 1000/], ['-1', qr/may be from 0 to 1000/], ['two weeks', qr/may be from 0 to 1000/], ["''", qr/is empty/]) {
        my ($value, $hint) = @$wrong;
        my $case = case_new($sandbox, rows => 1);
        write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "report_keep: $value\n");
        my ($status, undef, $err) = case_run($case, 'check', '-q');
        is($status, 2, "report_keep: $value is refused");
        like($err, qr/job\.yaml:\d+:14: /, 'at its place');
        like($err, $hint, 'with what it may be');
    }
};

done_testing;
