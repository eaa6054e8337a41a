#!/usr/bin/perl
# The end of a command that is a run of the ledger: the exit status is that of the ledger's row, `status`, the metrics, the
# report and the notification, also where it fails before its first record, or when its report cannot be written.
use strict;
use warnings;
use Fcntl qw(LOCK_EX);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);
use KycMachine;
use KycRun;
use KycTest;

my $json = JSON::PP->new->utf8;
my $time = qr/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;
my @sandboxes;

# A case with a sandbox of its own, whose notifications are kept in told.json.
sub case_of
{
    my (%option) = @_;
    push @sandboxes, sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandboxes[-1], rows => 30, %option);
    my $folder = $case->{folder};
    mkdir "$folder/locks";
    write_file("$folder/tell", qq(#!/bin/sh\ncat > "\${0%/*}/told.json"\n));
    chmod 0755, "$folder/tell" or die $!;
    write_file("$folder/job.yaml", read_file("$folder/job.yaml") . "notify: {command: ./tell, on: [0, 1, 2, 3, 4, 5, 6, 7]}\n");
    $case->{set} = {%{$case->{set}}, 'delivery.lock_folder' => "$folder/locks"};
    return $case;
}

sub value_of
{
    my ($path, $name) = @_;
    return -f $path && read_file($path) =~ /^kyc_import_$name\{\S*\} (\S+)$/m ? $1 : '';
}

sub status_of_page { my ($path) = @_; return read_file($path) =~ /data-figure="status">(\d+)</ ? $1 : ''; }

# The last run of the ledger has ended with this status, and so is it said everywhere.
sub ended
{
    my ($case, $sentence, $command, $want, $status, $err) = @_;
    my $folder = $case->{folder};
    is($status, $want, "$sentence: status $want") or diag $err;
    my ($row) = case_ledger($case, 'SELECT command, status, finished, chain_head FROM run ORDER BY id DESC LIMIT 1');
    is("$row->[0] " . ($row->[1] // ''), "$command $want", "$sentence: the ledger has it");
    like($row->[2] // '', qr/^$time$/, "$sentence: with its time");
    my (undef, $out) = case_run($case, 'status');
    my $name = $command eq 'settle' ? 'resolve' : $command;
    my $shown = $name eq 'run' ? '' : " \\($name\\)";
    like($out, qr/; the last$shown began $time and ended $time with status $want$/m, "$sentence: status says so");
    (undef, $out) = case_run($case, 'status', '--json');
    my $last = $json->decode($out)->{last_run};
    is_deeply([@$last{qw(command status finished in_progress)}], [$name, $want, $row->[2], JSON::PP::false], "$sentence: as JSON, too");
    is_verified($case, "$sentence: the ledger verifies");
    my $metrics = "$folder/metrics/test" . ($command eq 'refresh' ? '.refresh.prom' : '.prom');
    if ($command eq 'run' && -f $metrics) {
        is(value_of($metrics, 'status'), $want, "$sentence: so do the metrics");
        is(value_of($metrics, 'run_in_progress'), 0, "$sentence: in which no run is in progress");
    }
    return if $command !~ /^(?:run|refresh|links|documents)$/;
    my $told = $json->decode(read_file("$folder/told.json"));
    is("$told->{command} $told->{status}", "$command $want", "$sentence: so does the notification");
    return;
}

# The command again, without what failed.
sub goes_on
{
    my ($case, $sentence, $command) = @_;
    my ($status, undef, $err) = case_run($case, $command, '-q');
    ended($case, "$sentence, then again", $command, 0, $status, $err);
}

# A credential that another process uses: the run has its row, and no request.
{
    my $case = case_of();
    my ($status, undef, $err) = case_run($case, '-q', '--limit', 5);
    ended($case, 'a run', 'run', 0, $status, $err);
    my ($lock) = glob "$case->{folder}/locks/kyc-import-*.lock";
    open my $held, '+<', $lock or die "$lock: $!";
    flock $held, LOCK_EX or die $!;
    ($status, undef, $err) = case_run($case, '-q');
    ended($case, 'a credential in use', 'run', 7, $status, $err);
    is(case_summary($case)->{status}, 0, 'and the report is that of the run before');
    ($status, undef, $err) = case_run($case, 'refresh', '-q');
    ended($case, 'a refresh whose credential is in use', 'refresh', 7, $status, $err);
    close $held;
    goes_on($case, 'a credential in use', $_) for 'run', 'refresh';
}

# Each thread in turn cannot be started; a run has its row before the last two.
if (-e machine_shim() && !is_postgres()) {
    my $rows = 0;
    for my $from (1 .. 40) {
        my $case = case_of(rows => 3);
        my ($status, undef, $err, $met) = machine_run($case, {call => 'thread', how => 'EAGAIN', from => $from}, '-q');
        last if !defined $met;
        is($status, 2, "thread $from cannot be started: status 2") or diag $err;
        next if !case_has_ledger($case); # signals: before the ledger
        $rows++;
        ended($case, "thread $from cannot be started", 'run', 2, $status, $err);
        goes_on($case, "thread $from cannot be started", 'run');
    }
    cmp_ok($rows, '>=', 1, 'some of them once the ledger had the run');
}

# The last run cannot be recorded outside of the ledger, neither when it begins nor when it ends.
if (-e machine_shim()) {
    for my $command ('run', 'refresh', 'resolve', 'forget') {
        my $case = case_of(rows => 3);
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, 'a run') or diag $err;
        my %only = (resolve => ['--unchecked', '--key', 'cust-000001', '--user', 'AA00000000-other'], forget => ['--key', 'cust-000001']);
        for my $from ($only{$command} ? 1 : (1, $case->{url} ? 2 : 3)) {
            ($status, undef, $err) = machine_run($case, {call => 'rename', path => '*.head*', how => 'ENOSPC', from => $from, count => 0}, $command,
                @{$only{$command} || ['-q']});
            ended($case, "$command: head file $from", $command eq 'resolve' ? 'settle' : $command, 5, $status, $err);
        }
        goes_on($case, "$command: head files", 'run') if !$only{$command};
    }
}

# The disk is full for one moment, at each commit in turn: the ledger is written again after it.
if (-e machine_shim() && !is_postgres()) {
    my $case = case_of(rows => 3);
    case_run($case, '-q');
    case_run($case, 'refresh', '-q');
    my %recorded;
    for my $from (1 .. 20) {
        my ($before) = map { @$_ } case_ledger($case, 'SELECT max(id) FROM run');
        my ($status, undef, $err, $met) = machine_run($case, {call => 'sync', path => '*test.ledger-wal', how => 'ENOSPC', from => $from}, 'refresh', '-q');
        last if !defined $met;
        next if (case_ledger($case, 'SELECT max(id) FROM run'))[0][0] == $before;
        $recorded{$status}++;
        ended($case, "refresh: sync $from", 'refresh', $status, $status, $err);
        is(value_of("$case->{folder}/metrics/test.refresh.prom", 'refresh_status'), $status, "refresh: sync $from: the metrics have the status");
        like(read_file("$case->{folder}/metrics/test.refresh.prom"), qr/verification_customers\{\S*state="pending"\} 3$/m, "refresh: sync $from: and the customers of the ledger");
    }
    cmp_ok($recorded{5} || 0, '>=', 3, 'of some, once the ledger had the run');
}

# Files of the report that cannot be written.
for my $name ('summary.json', 'report.html') {
    my $case = case_of();
    case_run($case, '-q', '--limit', 5);
    unlink "$case->{folder}/reports/test/$name";
    mkdir "$case->{folder}/reports/test/$name" or die $!;
    my ($status, undef, $err) = case_run($case, '-q');
    ended($case, $name, 'run', 2, $status, $err);
    is(case_summary($case)->{status}, 2, "$name: summary.json has the status") if $name ne 'summary.json';
    is(status_of_page("$case->{folder}/reports/test/report.html"), 2, "$name: report.html has the status") if $name ne 'report.html';
    (undef, undef, $err) = case_run($case, 'status', '--max-age', '1h', '-q');
    like($err, qr/no run of this job was ever complete/, "$name: the run was not complete, as its metrics say");
    rmdir "$case->{folder}/reports/test/$name" or die $!;
    goes_on($case, $name, 'run');
    is(case_summary($case)->{status}, 0, "$name, then again: summary.json has the status");
}
{
    my $case = case_of();
    mkdir "$case->{folder}/metrics";
    write_file("$case->{folder}/metrics/test.prom", "a file of somebody else\n");
    my ($status, undef, $err) = case_run($case, '-q');
    unlink "$case->{folder}/metrics/test.prom";
    ended($case, 'metrics', 'run', 2, $status, $err);
    is(case_summary($case)->{status}, 2, 'metrics: summary.json has the status');
    is(status_of_page("$case->{folder}/reports/test/report.html"), 2, 'metrics: report.html has the status');
    my ($kept) = glob "$case->{folder}/reports/test/history/2*";
    is($json->decode(read_file("$kept/summary.json"))->{status}, 2, 'metrics: the kept summary, too');
    is(status_of_page("$kept/report.html"), 2, 'metrics: and the kept page');
    goes_on($case, 'metrics', 'run');
}
{
    my $case = case_of();
    is((case_run($case, '-q'))[0], 0, 'a run before the refresh');
    my ($report, $metrics) = ("$case->{folder}/reports/test", "$case->{folder}/metrics/test.refresh.prom");
    for my $path ("$report/refresh.json", "$report/refresh.html", $metrics) {
        my ($name) = $path =~ m{([^/]+)$};
        unlink $path;
        mkdir $path or die "$path: $!";
        my ($status, undef, $err) = case_run($case, 'refresh', '-q');
        ended($case, $name, 'refresh', 2, $status, $err);
        is($json->decode(read_file("$report/refresh.json"))->{status}, 2, "$name: refresh.json has the status") if $name ne 'refresh.json';
        is(status_of_page("$report/refresh.html"), 2, "$name: refresh.html has the status") if $name ne 'refresh.html';
        is(value_of($metrics, 'refresh_status'), 2, "$name: the metrics have the status") if $path ne $metrics;
        rmdir $path or die $!;
        goes_on($case, $name, 'refresh');
    }
}
{
    my $case = case_of(provider => 'kira');
    mkdir "$case->{folder}/reports";
    mkdir "$case->{folder}/reports/test";
    mkdir "$case->{folder}/reports/test/adopt.json" or die $!;
    my ($status, undef, $err) = case_run($case, 'adopt', '-q');
    ended($case, 'adopt.json', 'adopt', 2, $status, $err);
    rmdir "$case->{folder}/reports/test/adopt.json" or die $!;
    goes_on($case, 'adopt.json', 'adopt');
}
sandbox_stop($_) for @sandboxes;
done_testing;
