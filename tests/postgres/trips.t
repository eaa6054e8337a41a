#!/usr/bin/perl
# How often a run, or a dry run, waits for its database: at most twice a commit (what the writes of a batch will read, asked for at once;
# and the commit itself, in one flush), and a few times at its begin and end. Counted by a proxy; the commits by the step
# log of the test build.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycPostgres;

my $pg;
BEGIN {
    my $why = postgres_missing();
    plan skip_all => $why if $why;
    $pg = postgres_start(settings => {fsync => 'off'}); # the slower a commit, the more rows share it
    @ENV{qw(KYC_LEDGER KYC_POSTGRES_URL)} = ('postgresql', postgres_url($pg));
}
use KycTest;
use KycRun;
use KycTrips;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';
use constant {ROWS => 2000, OTHERS => 30};    # OTHERS: of opening, the scan, the run's begin and end

my $sandbox = sandbox_start('--rate', '2000/s', '--nonce-window', 10_000_000_000, '--latency', '5ms..20ms');
my $proxy = trips_start($pg->{port});

# A run through the proxy: the trips of its main connection, which is the busiest, and its commits.
sub count_run
{
    my ($case, $name, %want) = @_;
    my $known = () = trips_of($proxy);
    my $folder = scratch_folder();
    my $log = "$folder/steps";
    local $ENV{KYC_STEP_LOG} = $log;
    my ($status, $out, $err) = case_run($case, '-q', '--accept-updates');
    is($status, $want{refused} ? 1 : 0, "$name: the run ends as it must") or diag $err;
    my $summary = case_summary($case);
    is($summary->{$_}, $want{$_}, "$name: $want{$_} $_") for sort keys %want;
    my @connections = trips_of($proxy);
    my ($trips) = sort { $b <=> $a } map { $_->{trips} } @connections[$known .. $#connections];
    my $commits = () = read_file($log) =~ /^commit sent#/mg;
    cmp_ok($trips, '<=', 2 * $commits + OTHERS, "$name: $trips trips for $commits commits");
    cmp_ok($commits, '>', OTHERS, "$name: in so many commits that three trips each would be seen") if !$want{unchanged};
    note sprintf '%.2f trips a commit', $trips / ($commits || 1);
    return ($trips, $commits);
}

my $case = case_new($sandbox, rows => ROWS, set => {'delivery.rate' => '500/s', 'delivery.in_flight' => 16});
my $job = "$case->{folder}/job.yaml";
write_file($job, read_file($job) =~ s/^ledger: \S+/'ledger: ' . trips_url($proxy, $case->{url})/mre);

count_run($case, 'creates', created => ROWS);
my (undef, $commits) = count_run($case, 'nothing changed', unchanged => ROWS);
cmp_ok($commits, '<', 20, 'in few commits');

# Each row of the ledger is read before its update, in the same question as others; also in a dry run.
my $csv = read_file("$case->{folder}/export.csv");
write_file("$case->{folder}/export.csv", $csv =~ s/1 Market St/2 Market St/gr);
my $known = () = trips_of($proxy);
my ($status, $out, $err) = case_run($case, 'check', '-q');
is($status, 0, 'a dry run of changed rows') or diag $err;
my ($dry_trips) = sort { $b <=> $a } map { $_->{trips} } (trips_of($proxy))[$known .. $known + 1];
cmp_ok($dry_trips, '<=', ROWS / 256 + OTHERS, "$dry_trips trips of a dry run");
count_run($case, 'updates', updated => ROWS);

# New customers among changed ones, whose creates are refused or lost on the way.
sandbox_faults($sandbox, 'drop:5%@create', 'status-500:5%@create', 'status-422:x3@create');
my $more = csv_rows(300, 0, ROWS + 1) =~ s/^.*\n//r;
write_file("$case->{folder}/export.csv", $csv =~ s/1 Market St/3 Market St/gr . $more);
count_run($case, 'both', created => 297, updated => ROWS, refused => 3);

done_testing();
