#!/usr/bin/perl
# Each system call fails in turn: the error names the file and what to do, and the next run completes.
use strict;
use warnings;
use File::Spec;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;
use KycProof;
use KycMachine;
use KycParallel;

# The expected result of a failed call, by its file; the first match counts. Without a fault the status is 1.
my $ledger_way_out = qr/(?:free space|check|raise|keep a copy)/;
my $report_way_out = qr/: the report cannot be written\n\s*hint: check space and permissions there, or choose another folder with --report/;
# What run_program keeps of standard output and standard error.
my $captured = do { my $folder = File::Spec->tmpdir; qr/^\Q$folder\E\/\w+$/ };
my @outcomes = (
    # The text in a lock serves messages alone; a draft that cannot be removed does no harm; OpenSSL asks the kernel
    # for randomness when it cannot open a device; an error of standard error cannot be reported.
    {call => 'write|truncate', file => qr/\.lock$/, status => 1},
    {call => 'unlink', file => qr/\.tmp-\d+$/, status => 1},
    {call => 'open|read', file => qr/^\/dev\/urandom$/, status => 1},
    {call => 'write', file => $captured, status => 1},
    # Without the id of the machine's start the wall clock counts.
    {call => 'open|read', file => qr/^\/proc\/sys\/kernel\/random\/boot_id$/, status => 1},
    # Looking for old drafts; SQLite's own sync of a folder; metrics that cannot be read.
    {call => 'open', file => qr/^DIR(?:\/reports\/test)?$/, status => 1},
    {call => 'sync', file => qr/^DIR$/, status => '1|5'},
    {call => 'open', file => qr/^DIR\/metrics(?:\/test\.prom)?$/, status => 1},
    {call => 'open|read', file => qr/\/job\.yaml$/, status => 2, message => qr/DIR\/job\.yaml: /},
    {call => 'open|read', file => qr/\/export\.csv$/, status => 3, message => qr/DIR\/export\.csv: cannot be (?:opened|read)/},
    {call => 'open', file => qr/kyc-import-\w+\.lock$/, status => 2, message => qr/lock of credentials\.api_key.*\n\s*hint: (?:free space|another)/},
    {call => '.*', file => qr/test\.ledger\.(?:lock|key)/, status => 5,
        message => qr/the ledger's (?:lock file|digest key) DIR.*$ledger_way_out/s},
    # The last process to close a ledger moves the WAL into it. If that fails, the WAL stays and is complete.
    {call => 'write|sync|truncate', file => qr/test\.ledger$/, status => '1|5'},
    {call => 'sync|read', file => qr/test\.ledger-wal$/, status => '1|5', at_the_end => 1},
    {call => 'truncate', file => qr/test\.ledger-wal$/, status => 1},
    {call => '.*', file => qr/test\.ledger(?:-wal|-shm|-journal)?$/, status => 5,
        message => qr/the ledger DIR\/test\.ledger cannot be (?:created|opened|read|written): .*\n\s*hint: $ledger_way_out/},
    {call => 'read', file => qr/metrics\/test\.prom$/, status => 1, message => qr/the time of the last success is lost: .*metrics\/test\.prom/},
    # During the run a warning; at its end status 2.
    {call => '.*', file => qr/^DIR\/metrics/, status => '1|2', message => qr/DIR\/metrics\/test\.prom: .*: the metrics cannot be written\n\s*hint: check space and permissions there/},
    # The head file of the ledger, in either place: one that cannot be read stops the run; one that cannot be written leaves the
    # other, and both only where all writes fail from then on.
    {call => 'open|read', file => qr/\.head$/, status => 5, message => qr/DIR\/\S*\.head: .*\n\s*hint: restore it from a backup/},
    {call => '.*', file => qr/\.head(?:\.tmp\S*)?$/, status => '1|2|5', message => qr/DIR\/\S+\.head: .*: the last run of the ledger could not be recorded here/},
    {call => 'sync', file => qr/^DIR\/reports\/test$/, status => '1|2', message => qr/the last run of the ledger could not be recorded here|$report_way_out/},
    {call => 'open|read', file => qr/^DIR\/reports\/test\/summary\.json$/, status => 5, message => qr/DIR\/reports\/test\/summary\.json.*\n\s*hint: restore it/},
    # The run and its own report do not depend on the kept ones. One that cannot be read is not on the page; what a killed run
    # has left beside them stays until the next run.
    {call => 'open|read', file => qr/^(?:\.|DIR\/reports\/test\/history(?:\/[^\/]+\/summary\.json)?)$/, status => 1},
    {call => '.*', file => qr/^(?:DIR\/reports\/test\/history|\.draft-|report\.html$)/, status => 1, message => qr/warning: DIR\/reports\/test\/history: .*: .*\n\s*hint: check space and permissions there/},
    {call => '.*', file => qr/^DIR\/reports\/test/, status => 2, message => qr/DIR\/reports\/test\S*: .*$report_way_out/},
);

sub outcome_of
{
    my ($call, $file) = @_;
    for my $outcome (@outcomes) {
        return $outcome if $call =~ /^(?:$outcome->{call})$/ && $file =~ $outcome->{file};
    }
    return undef;
}

# How a call fails, how many of them are tried in the short run, and where: at the first run or at one that updates.
my @tables = (
    {call => 'sync', how => 'EIO', sample => 4},
    {call => 'sync', how => 'EIO', sample => 2, before => 'update'},
    {call => 'sync', how => 'ENOSPC', sample => 2, provider => 'kira'},
    {call => 'sync', how => 'EIO', sample => 2, provider => 'payso'},
    {call => 'write', how => 'ENOSPC', sample => 5},
    {call => 'write', how => 'ENOSPC', sample => 2, before => 'update'},
    {call => 'write', how => 'EIO', sample => 3, provider => 'payso'},
    {call => 'write', how => 'ENOSPC', sample => 2, count => 0},
    {call => 'rename', how => 'EIO', sample => 2},
    {call => 'truncate', how => 'EIO', sample => 1},
    {call => 'open', how => 'EMFILE', sample => 4},
    {call => 'open', how => 'EACCES', sample => 2},
    {call => 'open', how => 'EIO', sample => 2, before => 'update'},
    {call => 'read', how => 'EIO', sample => 3},
    {call => 'read', how => 'EIO', sample => 2, before => 'update'},
    {call => 'map', how => 'ENOMEM', sample => 1},
    {call => 'unlink', how => 'EIO', sample => 2},
);

sub case_of
{
    my ($table) = @_;
    my $payso = ($table->{provider} || '') eq 'payso';
    my $case = machine_case(provider => $table->{provider},
        set => $payso ? {'provider.settle_after' => '400ms', 'delivery.timeout' => '200ms'} : {});
    if ($table->{before}) {
        my ($status, undef, $err) = machine_run($case, undef, '-q');
        die "before an update: $status $err" if $status != 1;
        write_file("$case->{folder}/export.csv", csv_rows($case->{valid}, $case->{bad_rows}) =~ s/1 Market St/2 Market St/gr);
    }
    return $case;
}

# The cases of a table, one after the other: {figures}.
sub run_table
{
    my ($table) = @_;
    my %fault = map { $_ => $table->{$_} } qw(call how count);
    my $counted = case_of($table);
    my $count = machine_count($counted, %fault);
    my $seen_at_the_end = 0;
    for my $from (machine_sample($count, $table->{sample})) {
        my $case = case_of($table);
        my ($status, undef, $err, $file) = machine_run($case, {%fault, from => $from}, '-q');
        my $short = defined $file ? $file =~ s/\Q$case->{folder}\E/DIR/r : 'not met';
        my $sentence = join ' ', grep { $_ } $table->{provider}, $table->{before}, $table->{call}, $from, 'of', $count,
            defined $table->{count} ? 'and all later' : '', $table->{how}, $short =~ s/-\d+$//r;
        my $outcome = defined $file ? outcome_of($table->{call}, $short) : {status => 1};
        ok($outcome, "$sentence: a known file") or next;
        machine_fails($case, "$sentence: status $status, its message and its report", $outcome, $status, $err)
            if !defined $table->{count};
        $seen_at_the_end++ if $outcome->{at_the_end} && $status == 1;
        machine_holds($case, $sentence);
    }
    # Each run has one such sync, when the WAL is moved into the ledger; the number of commits before it depends on the
    # threads' order, so several numbers may hit it.
    cmp_ok($seen_at_the_end, '<=', 3, "$table->{call}: all but the last sync of the WAL count") if $table->{call} eq 'sync';
    return machine_figures();
}

# Most of the time each run waits until the provider's window after the last one has passed: so the tables run in parallel.
machine_add(cells_run($ENV{KYC_AT_ONCE} || 6, map {
    my $table = $_;
    {name => join(' ', $table->{call}, 'fails with', $table->{how}, defined $table->{count} ? 'and all later ones' : (),
        $table->{before} ? "in an $table->{before}" : (), $table->{provider} ? "at $table->{provider}" : ()), run => sub { run_table($table) }};
} @tables));
machine_proof();
done_testing;
