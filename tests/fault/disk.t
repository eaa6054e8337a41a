#!/usr/bin/perl
# Full or read-only disks, missing folders, and closed standard streams.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use Test::More;
use KycProof;
use KycTest;
use KycRun;
use KycMachine;

my @mounted;

# A separate file system at FOLDER/NAME, of so many KiB; false when this user may not mount.
sub mount_small
{
    my ($case, $name, $kib) = @_;
    my $at = "$case->{folder}/$name";
    mkdir $at or die "$at: $!";
    my ($status) = run_program('mount', '-t', 'tmpfs', '-o', "size=${kib}k", 'kyc-test', $at);
    push @mounted, $at if $status == 0;
    return $status == 0;
}

sub unmount
{
    my ($at) = @_;
    run_program('umount', $at);
    @mounted = grep { $_ ne $at } @mounted;
}

END { run_program('umount', $_) for @mounted }

# The place that is full, its KiB, and the message; `room` enlarges the disk, and the next run completes.
my @full = (
    {sentence => 'the ledger', kib => 64, set => {ledger => 'sqlite:small/test.ledger'}, status => 5,
        message => qr{small/test\.ledger.*(?:disk is full.*free space|space on its disk)}s},
    {sentence => 'the ledger, in the middle of the work', kib => 260, rows => 400, set => {ledger => 'sqlite:small/test.ledger'},
        status => 5, message => qr{small/test\.ledger cannot be \w+: the disk is full.*\n\s*hint: free space on it, then run again}},
    {sentence => 'the report folder', kib => 8, rows => 200, bad => 100, report => 'small/report', status => 2,
        message => qr{small/report\S*: No space left on device: the report cannot be written\n\s*hint: check space and permissions there}},
    {sentence => 'the folder of the metrics', kib => 4, set => {metrics => 'small/test.prom'}, status => 2,
        message => qr{small/test\.prom: No space left on device: the metrics cannot be written\n\s*hint: check space and permissions there}},
);

for my $full (@full) {
    my $case = machine_case(rows => $full->{rows} || 12, bad => defined $full->{bad} ? $full->{bad} : 2, set => $full->{set} || {});
  SKIP: {
        skip "a full disk needs the right to mount: $full->{sentence}", 1 if !mount_small($case, 'small', $full->{kib});
        my @report = $full->{report} ? ('--report', "$case->{folder}/$full->{report}") : ();
        my ($status, undef, $err) = machine_run($case, {}, '-q', @report);
        machine_fails($case, "full: $full->{sentence}", $full, $status, $err);
        run_program('mount', '-o', 'remount,size=64m', "$case->{folder}/small");
        my $name = ($full->{set}{ledger} || '') =~ /sqlite:(.*)/ ? $1 : undef;
        ($status, undef, $err) = machine_run($case, undef, '-q', @report);
        is($status, 1, "full: $full->{sentence}: with room the next run completes") or diag $err;
        if ($name) { # where the helpers look for it
            symlink "$case->{folder}/$name", "$case->{folder}/test.ledger" or die $!;
            symlink "$case->{folder}/$name.key", "$case->{folder}/test.ledger.key" or die $!;
        }
        machine_holds($case, "full: $full->{sentence}");
    }
    unmount("$case->{folder}/small") if -d "$case->{folder}/small";
}

# Read-only: the whole folder of the job as a bind mount, or only the ledger's.
sub bind_read_only
{
    my ($at) = @_;
    my ($status) = run_program('mount', '--bind', $at, $at);
    return 0 if $status;
    push @mounted, $at;
    ($status) = run_program('mount', '-o', 'remount,bind,ro', $at);
    return $status == 0;
}

my @read_only = (
    {sentence => 'the folder of the ledger', folder => 'ledgers', set => {ledger => 'sqlite:ledgers/test.ledger'}, status => 5,
        message => qr{ledgers/test\.ledger\S*: Read-only file system\n\s*hint: check the folder and its permissions}},
    {sentence => 'the report folder', folder => 'reports', status => 2,
        message => qr{reports/test\S*: Read-only file system: the report cannot be written\n\s*hint: check space and permissions there}},
    {sentence => 'the folder of the metrics', folder => 'metrics', set => {metrics => 'metrics/test.prom'}, status => 2,
        message => qr{metrics/test\.prom: Read-only file system: the metrics cannot be written}},
);
for my $table (@read_only) {
    for my $before (0, 1) {
        my $case = machine_case(set => $table->{set} || {});
        my $folder = "$case->{folder}/$table->{folder}";
        my $sentence = "read-only: $table->{sentence}" . ($before ? ', at a second run' : '');
        mkdir $folder or die "$folder: $!";
        machine_run($case, undef, '-q', '--limit', 5) if $before;
      SKIP: {
            skip "$sentence: needs the right to mount", 1 if !bind_read_only($folder);
            my ($status, undef, $err) = machine_run($case, {}, '-q');
            machine_fails($case, $sentence, $table, $status, $err);
            unmount($folder);
            symlink "$folder/test.ledger$_", "$case->{folder}/test.ledger$_" for $table->{folder} eq 'ledgers' ? ('', '.key') : ();
            machine_holds($case, $sentence);
        }
    }
}

# A file or folder in the place of the other.
my @in_the_way = (
    {sentence => 'a file where the report folder should be', make => sub { write_file("$_[0]/reports", '') }, undo => sub { unlink "$_[0]/reports" },
        status => 2, message => qr{DIR/reports/test: Not a directory: the report cannot be written\n\s*hint: check space and permissions there, or choose another folder}},
    {sentence => 'a folder where the reject file should be', make => sub { mkdir "$_[0]/$_" for 'reports', 'reports/test', 'reports/test/rejects.csv.gz' },
        undo => sub { rmdir "$_[0]/reports/test/rejects.csv.gz" }, status => 2, message => qr{reports/test/rejects\.csv\.gz: Is a directory: the report}},
    {sentence => 'a folder where summary.json should be', make => sub { mkdir "$_[0]/$_" for 'reports', 'reports/test', 'reports/test/summary.json' },
        undo => sub { rmdir "$_[0]/reports/test/summary.json" }, status => 5, message => qr{reports/test/summary\.json: it is a folder, not a file\. .*\n\s*hint: restore it}},
    {sentence => 'a folder where the metrics should be', set => {metrics => 'm.prom'}, make => sub { mkdir "$_[0]/m.prom" },
        undo => sub { rmdir "$_[0]/m.prom" }, status => 2, message => qr{DIR/m\.prom: Is a directory: the metrics cannot be written}},
    {sentence => 'no folder for the ledger', set => {ledger => 'sqlite:none/test.ledger'}, make => sub { }, undo => sub { mkdir "$_[0]/none" },
        status => 5, message => qr{none/test\.ledger: its folder DIR/none: No such file or directory\n\s*hint: create the folder, or name another}},
    {sentence => 'a folder where the ledger should be', make => sub { mkdir "$_[0]/test.ledger" }, undo => sub { rmdir "$_[0]/test.ledger" },
        status => 5, message => qr{ledger DIR/test\.ledger cannot be opened: .*it is a folder, not a file\n\s*hint: remove it}},
    {sentence => 'a folder where the lock should be', make => sub { mkdir "$_[0]/test.ledger.lock" }, undo => sub { rmdir "$_[0]/test.ledger.lock" },
        status => 5, message => qr{lock file DIR/test\.ledger\.lock: Is a directory\n\s*hint: check the folder}},
    {sentence => 'a link where the lock should be', make => sub { symlink '/dev/null', "$_[0]/test.ledger.lock" }, undo => sub { unlink "$_[0]/test.ledger.lock" },
        status => 5, message => qr{lock file DIR/test\.ledger\.lock: .*\n\s*hint: check the folder}},
);
for my $table (@in_the_way) {
    my $case = machine_case(set => $table->{set} || {});
    $table->{make}->($case->{folder});
    my ($status, undef, $err) = machine_run($case, {}, '-q');
    machine_fails($case, $table->{sentence}, $table, $status, $err);
    $table->{undo}->($case->{folder});
    if ($table->{sentence} eq 'no folder for the ledger') {
        machine_run($case, undef, '-q');
        symlink "$case->{folder}/none/test.ledger$_", "$case->{folder}/test.ledger$_" for '', '.key';
    }
    machine_holds($case, $table->{sentence});
}

# Standard streams: closed or full. No other file may get their numbers. The result is printed when the report
# has been written.
my @streams = (
    {sentence => 'standard output is full', shell => 'exec >/dev/full', status => 2, summary => 1, message => qr/cannot write to standard output: No space left/},
    {sentence => 'standard output is closed', shell => 'exec >&-', status => 2, summary => 1, message => qr/cannot write to standard output: Bad file descriptor/},
    {sentence => 'standard error is closed', shell => 'exec 2>&-', status => 1},
    {sentence => 'standard error is full', shell => 'exec 2>/dev/full', status => 1},
    {sentence => 'standard input is closed', shell => 'exec <&-', status => 1},
    {sentence => 'all three are closed', shell => 'exec <&- >&- 2>&-', status => 2, summary => 1},
    {sentence => 'standard input is the export, and closed', shell => 'exec <&-', arguments => ['--input', '-'], status => 3,
        message => qr/standard input: cannot be read further than byte 0: Bad file descriptor/},
    {sentence => 'a file size limit', shell => 'ulimit -f 24', status => '2|5', message => qr/File too large|ulimit -f/},
);
for my $table (@streams) {
    my $case = machine_case();
    my ($status, $out, $err) = machine_limited($case, $table->{shell}, @{$table->{arguments} || []});
    machine_fails($case, $table->{sentence}, $table, $status, $err);
    is(scalar(grep { -e $_ && read_file($_) =~ /kyc-import: |read +\d/ } glob "$case->{folder}/test.ledger* $case->{folder}/reports/test/*.json"), 0,
        "$table->{sentence}: no message went into a file");
    machine_holds($case, $table->{sentence});
}

# Messages in the middle of a run with all three closed: the lock would be the next file to get number 2.
{
    my $case = machine_case();
    local $ENV{TEST_API_SECRET_1} = 'bm90IHRoZSBzZWNyZXQ=';
    my ($status) = machine_limited($case, 'exec <&- >&- 2>&-');
    is($status, '2', 'all three are closed, and the provider stops the run');
    is(scalar(grep { -e $_ && read_file($_) =~ /kyc-import: / } glob "$case->{folder}/test.ledger* $case->{folder}/*.csv"), 0,
        'all three are closed: no message went into a file');
    sandbox_stop($case->{sandbox});
}
machine_proof();
done_testing;
