#!/usr/bin/perl
# Nothing but a run changes what the alerts and guards of runs read: the files of the report folder, its history, and the
# metrics. Every command is tried; one that is new fails here until it is in the list. Then, what the runs themselves
# change when they stop, fail or read a part.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--verify-after', '0s..1s');

# {path => bytes, time, inode} of what a run writes: not what other commands keep beside it under names of their own.
sub files_of_runs
{
    my ($case) = @_;
    my (undef, $out) = run_program('find', "$case->{folder}/reports", "$case->{folder}/metrics", '-type', 'f');
    my %files;
    for my $path (sort split /\n/, $out) {
        (my $name = $path) =~ s{^\Q$case->{folder}\E/}{};
        next if $name =~ m{^reports/test/(?:check/|refresh\.|links\.|adopt\.json|ledger-\S*\.head)|^metrics/\S*\.refresh\.prom$};
        my @about = stat $path;
        $files{$name} = join ' ', @about[1, 2, 7, 9], read_file($path);
    }
    return \%files;
}

sub differing
{
    my ($before, $after) = @_;
    my %all = (%$before, %$after);
    return [grep { ($before->{$_} // '') ne ($after->{$_} // '') } sort keys %all];
}

sub case_of
{
    my ($provider) = @_;
    my $case = case_new($sandbox, provider => $provider, rows => 30, bad => 3);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, "$provider: a run with rejects") or diag $err;
    return $case;
}

my $case = case_of('kira');
my $folder = $case->{folder};
my $before = files_of_runs($case);
cmp_ok(scalar(keys %$before), '>=', 8, 'it has written report, history and metrics');
is_deeply([grep { m{^(?:metrics/test\.prom|reports/test/(?:summary\.json|report\.html|rejects\.csv\.gz|history/index\.html))$} } sort keys %$before],
    [qw(metrics/test.prom reports/test/history/index.html reports/test/rejects.csv.gz reports/test/report.html reports/test/summary.json)], 'all of them');
select undef, undef, undef, 0.05; # a time of a file that is written again would differ

my ($created) = map { @$_ } case_ledger($case, "SELECT external_id FROM customer WHERE state = 'created' LIMIT 1");
write_file("$folder/bad.yaml", read_file("$folder/job.yaml") . "report_keep: many\n");
my %tried = (
    check => [[], ['--limit', 5], ['--report', "$folder/reports/test"], ['--input', "$folder/missing.csv"], ['--against-provider'],
        ['--shard', '0/1'], ['--shard', '0/1', '--report', "$folder/reports/test"]],
    merge => [['--shards', 1], ['--shards', 2, '--again'], ['--shards', 1, '--report', "$folder/reports/test"]],
    status => [[], ['--json'], ['--verify'], ['--against-provider']],
    results => [[], ['--format', 'ndjson'], ['--state', 'created']],
    refresh => [[], ['--limit', 3]],
    links => [[], ['--report', "$folder/reports/test"]],
    documents => [[]],
    resolve => [['--key', $created, '--absent'], ['--key', 'nobody', '--absent']],
    adopt => [['--dry-run'], []],
    explain => [['--row', 1], ['--key', $created]],
    rejects => [[], ['--rule', 'email/format']],
    words => [[]],
    probe => [[]],
    backup => [["$folder/backup.ledger"]],
    restore => [["$folder/missing.ledger"]],
    forget => [['--key', 'zz-unknown']], # of a customer that there is, it removes what names it: tests/cli/forget.t
    guess => 'no job', version => 'no job', help => 'no job',
    run => 'below', ledger => 'at the end: no run goes on with a ledger that was copied',
);
for my $command (sort keys %tried) {
    next if !ref $tried{$command};
    for my $more (@{$tried{$command}}) {
        my ($status, $out, $err) = case_run($case, $command, @$more);
        my $sentence = join ' ', $command, map { s{^\Q$folder\E/}{}r } @$more;
        unlike($err, qr/option/, "$sentence is a command line");
        is_deeply(differing($before, files_of_runs($case)), [], "$sentence changes nothing of the run (status $status)");
    }
}
my (undef, $help) = run_program(program('kyc-import'), 'help');
my ($table) = $help =~ /COMMAND \[OPTIONS\]\n\n(.*?)\n\n/s;
my @commands = $table =~ /^  ([a-z]+) /mg;
is_deeply([grep { !$tried{$_} } @commands], [], 'every command was tried');
cmp_ok(scalar @commands, '>', 14, 'of ' . @commands);

# Runs that write nothing, or not there.
sub changes_of
{
    my ($sentence, $want_status, $want, @more) = @_;
    my $was = files_of_runs($case);
    select undef, undef, undef, 0.05;
    my ($status, undef, $err) = case_run($case, @more);
    is($status, $want_status, "$sentence: status $want_status") or diag $err;
    my @changed = @{differing($was, files_of_runs($case))};
    s{history/\d[^/]*}{history/TIME} for @changed;
    is_deeply([grep { !/index/ } @changed], $want, $sentence);
    return;
}

my @metrics = ('metrics/test.prom');
my @all = (@metrics, (map { "reports/test/history/TIME/$_" } qw(rejects.csv.gz report.html summary.json)),
    map { "reports/test/$_" } qw(rejects.csv.gz report.html summary.json));
changes_of('run --dry-run changes nothing', 1, [], 'run', '--dry-run', '-q');
changes_of('a run with a wrong option changes nothing', 2, [], 'run', '--no-such-option');
changes_of('a run of a wrong job file changes nothing', 2, [], 'run', '-q', '--set', 'report_keep=many');
changes_of('a run that cannot begin changes the metrics alone', 3, \@metrics, 'run', '-q', '--input', "$folder/missing.csv");
changes_of('run --strict that stops is the report of a run', 1, \@all, 'run', '-q', '--strict');
changes_of('a run with --limit is a run', 0, [grep { !m{rejects} || m{test/rejects} } @all], 'run', '-q', '--limit', 2);
changes_of('a run of another input is a run', 1, \@all, 'run', '-q', '--input', "$folder/export.csv");
{
    my $elsewhere = "$folder/elsewhere";
    changes_of('a run with --report writes there, and the metrics', 1, \@metrics, 'run', '-q', '--report', $elsewhere);
    ok(-s "$elsewhere/history/index.html", 'its history too');
}

# The time of the last complete run, on which the alert rests, is that of a night's run.
sub complete { return read_file("$folder/metrics/test.prom") =~ /^kyc_import_last_complete_timestamp_seconds\{\S*\} (\d+)$/m ? $1 : 0; }
my $complete = complete();
cmp_ok($complete, '>', 0, 'a run was complete');
select undef, undef, undef, 1.1;
for my $part (['--limit', 2], ['--strict'], ['--input', "$folder/reports/test/rejects.csv.gz"], ['--input', "$folder/missing.csv"]) {
    case_run($case, 'run', '-q', @$part);
    is(complete(), $complete, 'run ' . (join ' ', map { s{^\Q$folder\E/}{}r } @$part) . ' is not the night\'s');
}
is(case_summary($case)->{partial} ? 1 : 0, 1, 'a reject file is a part of the input');
case_run($case, 'run', '-q');
cmp_ok(complete(), '>', $complete, 'a run of the whole input is');
ok(!case_summary($case)->{partial}, 'and not a part');

# A restored ledger is another one; the report is still that of the last run.
my $restored = case_of('payso');
$before = files_of_runs($restored);
is((case_run($restored, 'backup', "$restored->{folder}/copy"))[0], 0, 'a backup');
my ($code, undef, $text) = case_run($restored, 'restore', "$restored->{folder}/copy");
is($code, 0, 'is restored') or diag $text;
is_deeply(differing($before, files_of_runs($restored)), [], 'restore changes nothing of the run');
changes_of('ledger copy changes nothing', 0, [], 'ledger', 'sqlite:test.ledger', 'sqlite:copy.ledger');
done_testing;
