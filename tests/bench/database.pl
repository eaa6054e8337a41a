#!/usr/bin/perl
# A ledger in PostgreSQL compared with one in a file, of the same build and in one run:
#
#   perl tests/bench/database.pl [BUILD]
#
# BUILD (build) has kyc-import, kyc-sandbox and the tools (`make all bench-tools`). The server is started here; its cluster
# and the file are on one disk (TMPDIR), so that a commit of either waits for it. The two take turns within each figure;
# figures of time are medians. Between the program and the database is delay-proxy, which adds half a millisecond to each
# round trip, as a network would.
#
# Exit status 1 when a goal is missed, with its name at the end, unless it is known to be (tests/README.md).
#
# PARTS='commits scan night limit' chooses parts, ROUNDS=N (default 5) of each, ROWS=N (default 1,000,000) customers,
# CREATES=N (default 50,000) of a round of commits, BENCH_SECONDS=N (default 20) of limit.
#
# commits  creates per second in commits of 256, each of which journals new customers with random keys and acknowledges
#          those of the commit before, in a ledger of ROWS customers; and round trips for each commit.
# scan     customers per second that are read before the first record of a run.
# night    a run of ROWS rows in which nothing changed.
# limit    the share of a limit of 1,000/s that a run uses, its requests stamped by the kernel at the sandbox.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use IO::Handle ();
use IO::Socket::INET;
use JSON::PP;
use KycPostgres;
use KycTest;
use Time::HiRes qw(time sleep);

die "usage: database.pl [BUILD]\n" if @ARGV > 1;
my $build = abs_path($ARGV[0] || $ENV{KYC_BUILD} || 'build') or die "there is no such build\n";
local $ENV{KYC_BUILD} = $build;
my $why = postgres_missing();
if ($why) {
    print "a ledger in PostgreSQL is not measured: $why\n";
    exit 0;
}

use constant {ONE_WAY_US => 250, COMMIT_RECORDS => 256};
my %wanted = map { $_ => 1 } split ' ', $ENV{PARTS} || 'commits scan night limit';
my ($rounds, $rows, $creates, $seconds) =
    ($ENV{ROUNDS} || 5, $ENV{ROWS} || 1_000_000, $ENV{CREATES} || 50_000, $ENV{BENCH_SECONDS} || 20);

my @missed;
my $scratch = scratch_folder();
my $pg = postgres_start(on_disk => 1, settings => {shared_buffers => '256MB', max_wal_size => '4GB'});
my $proxy = proxy_start();
my $job = "$FindBin::Bin/bench.yaml";
$ENV{KYC_BENCH_LEDGER_KEY} = 'the key of a measurement';
($ENV{KYC_DEMO_KEY}, $ENV{KYC_DEMO_SECRET}) = ('bench-key', 'bm90IGEgc2VjcmV0');

printf "%-52s %12s %12s %9s %9s\n", 'what', 'PostgreSQL', 'SQLite', 'ratio', 'goal';
if ($wanted{commits} || $wanted{scan} || $wanted{night}) {
    write_rows($rows);
    my $file = "$scratch/filled.ledger";
    my $database = postgres_database($pg);
    output('fill-ledger', $job, "$scratch/rows.csv", $_) for $file, $database;
    postgres_query($database, 'VACUUM ANALYZE');
    scan($file, $database) if $wanted{scan};
    night($file, $database) if $wanted{night};
    commits($file, $database) if $wanted{commits};
}
limit() if $wanted{limit};
print "missed: $_\n" for @missed;
exit(@missed > 0);

# known: it is missed, and why is in tests/README.md.
sub bar
{
    my ($what, $is_met, %option) = @_;
    return if $is_met;
    if ($option{known}) { print "missed, as is known: $what\n"; }
    else { push @missed, $what; }
}

sub line
{
    my ($what, $format, $goal, @values) = @_;
    my @cells = map { sprintf $format, $_ } @values;
    printf "%-52s %12s %12s %9s %9s\n", $what, $cells[0], $cells[1] || '', @values > 1 ? sprintf '%.2f', $values[0] / $values[1] : '', $goal;
}

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[$#sorted / 2]; }

sub output
{
    my ($name, @arguments) = @_;
    my ($status, $out, $err) = run_program(program($name), @arguments);
    die "$name: status $status: $err" if $status;
    return $out;
}

sub write_rows { return write_file("$scratch/rows.csv", output('generate-rows', $_[0], '--keys', 'random')); }

# {port, in, out, pid}: connections through it are counted at their end.
sub proxy_start
{
    my $port = free_port();
    pipe my $read, my $in or die "pipe: $!";
    pipe my $out, my $write or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<&', $read;
        open STDOUT, '>&', $write;
        close $_ for $in, $out;
        exec program('delay-proxy'), $port, $pg->{port}, ONE_WAY_US or die "delay-proxy: $!";
    }
    test_process($pid);
    close $_ for $read, $write;
    for (1 .. 100) {
        last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
        sleep 0.05;
    }
    $out->blocking(0);
    return {port => $port, in => $in, out => $out, pid => $pid};
}

sub slow { return $_[0] =~ s/:$pg->{port}\b/:$proxy->{port}/r; }

# Of the program that has just ended: the trips of its busiest connection.
sub trips
{
    sleep 0.2;
    my $text = '';
    1 while sysread $proxy->{out}, $text, 65536, length $text;
    return (sort { $b <=> $a } $text =~ /trips (\d+)/g)[0];
}

# Calls by turns, each rounds times; returns the values of each.
sub by_turns
{
    my @measure = @_;
    my @values;
    for my $round (1 .. $rounds) {
        push @{$values[$_]}, $measure[$_]->($round) for $round % 2 ? 0 .. $#measure : reverse 0 .. $#measure;
    }
    return @values;
}

sub commits
{
    my ($file, $database) = @_;
    my $trips = 0;
    my $measure = sub { return output('ledger-commits', $job, @_) =~ /per_second ([\d.]+)/ ? $1 : die };
    # Without the trips of the opening, which looks for the last run among all events of this ledger, since it has none.
    my $through_proxy = sub {
        my ($seed) = @_;
        my $ledger = slow($database);
        output('ledger-commits', $job, $ledger, 0, $seed);
        my $opening = trips();
        my $rate = $measure->($ledger, $creates, $seed);
        $trips = trips() - $opening;
        return $rate;
    };
    my ($there, $here) = map { median(@{$_}) } by_turns($through_proxy, sub { $measure->($file, $creates, @_) });
    my $per_commit = $trips / ($creates / COMMIT_RECORDS + 1);
    line(sprintf('creates/s in commits of %d, %s ms a trip', COMMIT_RECORDS, 2 * ONE_WAY_US / 1000), '%.0f', '>= 1.00', $there, $here);
    line('  trips for each commit', '%.2f', '<= 2', $per_commit);
    bar('creates/s', $there >= $here, known => 1);
    bar('trips for each commit', $per_commit <= 2);
}

sub scan
{
    my ($file, $database) = @_;
    my $measure = sub { output('ledger-scan', $job, $_[0]) =~ /per_second ([\d.]+)/ ? $1 : die };
    my ($there, $here) = map { median(@{$_}) } by_turns(sub { $measure->($database) }, sub { $measure->($file) });
    line('customers/s of the scan', '%.0f', '>= 1 M/s', $there, $here);
    bar('customers/s of the scan', $there >= 1e6);
}

# Of a run; returns its summary.
sub run_job
{
    my ($rows_file, $ledger, %set) = @_;
    my @settings = ("report=$scratch/report", $ledger =~ /^postgresql:/ ? ("ledger=$ledger", 'ledger_key=env:KYC_BENCH_LEDGER_KEY') : "ledger=sqlite:$ledger");
    output('kyc-import', 'run', $job, '-q', '--progress', 'never', '--new-ledger', '--input', $rows_file, '--report', "$scratch/report",
        map { ('--set', $_) } @settings, map { "$_=$set{$_}" } sort keys %set);
    return JSON::PP->new->utf8->decode(read_file("$scratch/report/summary.json"));
}

sub night
{
    my ($file, $database) = @_;
    my $measure = sub {
        my ($ledger) = @_;
        my $start = time;
        my $summary = run_job("$scratch/rows.csv", $ledger);
        my $took = time - $start;
        die "not every row was unchanged\n" if $summary->{unchanged} != $rows;
        return $took;
    };
    my ($there, $here) = map { median(@{$_}) } by_turns(sub { $measure->($database) }, sub { $measure->($file) });
    line("a run of $rows rows without a change", '%.2f s', '<= 1.30', $there, $here);
    bar('a run without a change', $there <= 1.3 * $here);
}

# The share of the limit, from the first to the last request.
sub limit
{
    my ($rate, $count) = (1000, 1000 * $seconds);
    my $database = postgres_database($pg);
    my $sandbox = sandbox_start('--rate', "$rate/s", '--latency', '20ms..200ms', '--nonce-window', 10_000_000_000);
    local ($ENV{KYC_DEMO_KEY}, $ENV{KYC_DEMO_SECRET}) = @{(sandbox_keys($sandbox))[0]};
    write_rows($count);
    run_job("$scratch/rows.csv", slow($database), 'provider.base_url' => "$sandbox->{url}/payward", 'delivery.rate' => "$rate/s",
        'delivery.burst' => 5, 'delivery.in_flight' => 400, 'provider.nonce_window' => 10_000_000_000);
    my $counts = sandbox_counts($sandbox)->{payward};
    die "$counts->{users} users of $count\n" if $counts->{users} != $count;
    my ($commits) = map { $_->[0] } postgres_query($database, 'SELECT count(*) FROM event WHERE chain IS NOT NULL', 'kyc_bench');
    my ($used, $per_commit) = (($count - 5) / ($counts->{arriving_ns} / 1e9) / $rate, trips() / $commits);
    line("the share of $rate/s that is used", '%.2f %%', '>= 99 %', 100 * $used);
    line('  over the limit', '%d', '0', $counts->{over_limit});
    line('  trips for each commit', '%.2f', '<= 2', $per_commit);
    bar("the share of $rate/s that is used", $used >= 0.99);
    bar('requests over the limit', $counts->{over_limit} == 0);
    bar('trips for each commit of a run', $per_commit <= 2);
    sandbox_stop($sandbox);
}
