#!/usr/bin/perl
# refresh, stopped at every failpoint in turn (each request, answer, written state and commit) by SIGKILL, SIGTERM, SIGINT or
# SIGINT twice, and run again: the ledger has the states of the provider, each change is an event once, and a customer that
# became rejected is reported by the first refresh that ends.
#
#   KYC_SCENARIOS=kira,…  KYC_STEPS=committed#3,… only these steps;  KYC_WAYS=kill,term,int,twice
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use Test::More;
use KycTest;
use KycRun;
use KycParallel;
use KycProof;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my @states = qw(verified rejected needs_action unverified);
my %want = ('cust-000001' => 'verified', 'cust-000002' => 'rejected', 'cust-000003' => 'action_needed', 'cust-000004' => 'pending');
my @ways = $ENV{KYC_WAYS} ? split /,/, $ENV{KYC_WAYS} : qw(kill term int twice);
my $every = proof_is_long() || $ENV{KYC_STEPS} ? 1 : 3;
my %only = map { $_ => 1 } split /,/, $ENV{KYC_STEPS} || '';
my @scenarios = $ENV{KYC_SCENARIOS} ? split /,/, $ENV{KYC_SCENARIOS} : qw(payward kraken-embed kira payso);

my $runs = 0;
my %total = map { $_ => 0 } proof_columns();
for my $result (parallel_map($ENV{KYC_WORKERS} || 4, \&play, @scenarios)) {
    subtest $result->{item} => sub {
        is($result->{died}, undef, 'ran to its end') or return;
        cmp_ok($result->{steps}, '>', %only ? 0 : 12, "has steps to stop at ($result->{steps})");
        cmp_ok($result->{stops}, '>', 0, "$result->{stops} stops");
        is_deeply($result->{problems}, [], 'each with the same end');
        $total{faults} += $result->{stops};
        $total{runs} += $result->{runs};
    };
}
proof_add('interrupted at every step', %total);
done_testing;

# A job whose customers are created and pending, and whose users have moved on since; its files are kept to begin again.
sub prepare
{
    my ($provider) = @_;
    my $state = scratch_folder();
    my @options = ('--nonce-window', 10_000_000_000, '--state', "$state/state");
    my $sandbox = sandbox_start(@options);
    my $case = case_new($sandbox, provider => $provider, rows => scalar @states);
    my ($status, undef, $err) = case_run($case, '-q');
    die "the run: $status $err" if $status;
    case_run($case, 'refresh', '-q');
    my %id = map { @$_ } case_ledger($case, 'SELECT external_id, user_id FROM customer');
    for my $i (0 .. $#states) {
        my $user = $id{'cust-00000' . ($i + 1)} =~ s/ /%20/gr;
        sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=$provider&user=$user&state=$states[$i]", '');
    }
    sandbox_stop($sandbox);
    my @files = grep { -f } glob "$case->{folder}/test.ledger* $state/*";
    mkdir "$state/kept" or die $!;
    for my $i (0 .. $#files) { copy($files[$i], "$state/kept/$i") or die "$files[$i]: $!"; }
    return {case => $case, state => $state, options => ['--listen', "127.0.0.1:$sandbox->{port}", @options, '--key-tag', $$], files => \@files};
}

sub begin
{
    my ($play) = @_;
    my $case = $play->{case};
    unlink grep { -f } glob "$case->{folder}/test.ledger* $play->{state}/state* " . case_report($case) . '/*';
    for my $i (0 .. $#{$play->{files}}) { copy("$play->{state}/kept/$i", $play->{files}[$i]) or die $!; chmod 0600, $play->{files}[$i]; }
    $case->{sandbox} = sandbox_start(@{$play->{options}});
}

sub refresh
{
    my ($case, %environment) = @_;
    local @ENV{keys %environment} = values %environment;
    $runs++;
    return case_run($case, 'refresh', '-q');
}

# What is wrong after a refresh with this status, and further ones. is_last: no other one is needed.
sub problems_of
{
    my ($play, $provider, $status, $is_last) = @_;
    my $case = $play->{case};
    my @problems;
    my ($ended) = case_ledger($case, "SELECT count(*) FROM run WHERE command = 'refresh' AND status = 1");
    if (!$is_last) {
        my ($next, undef, $err) = refresh($case);
        push @problems, "the next refresh: status $next: $err" if $next != ($ended->[0] ? 0 : 1);
    }
    my %got = map { @$_ } case_ledger($case, 'SELECT external_id, verification FROM customer');
    push @problems, map { "$_ is $got{$_}" } grep { $got{$_} ne $want{$_} } sort keys %want;
    for my $state (qw(verified rejected)) {
        my ($events) = case_ledger($case, "SELECT count(*) FROM event WHERE operation = 'verification' AND code = '$state'");
        push @problems, "$events->[0] events for $state" if $events->[0] != 1;
    }
    my $counts = sandbox_counts($case->{sandbox})->{$provider};
    push @problems, "$counts->{over_limit} over the limit, $counts->{complaints} complaints" if $counts->{over_limit} || $counts->{complaints};
    my ($verified, $text) = case_run($case, 'status', '--verify');
    push @problems, "not verified: $text" if $text !~ /^verified: /m || $verified > 1;
    ($status) = refresh($case);
    push @problems, "a further refresh: status $status" if $status;
    return @problems;
}

sub play
{
    my ($provider, $number) = @_;
    my $play = prepare($provider);
    my $log = "$play->{case}{folder}/steps";
    my %result = (problems => [], stops => 0);

    begin($play);
    my ($status, undef, $err) = refresh($play->{case}, KYC_STEP_LOG => $log);
    push @{$result{problems}}, "without a stop: status $status: $err" if $status != 1;
    my @steps = grep { !%only || $only{$_} } split /\n/, read_file($log);
    push @{$result{problems}}, map { "without a stop: $_" } problems_of($play, $provider, $status, 1);
    sandbox_stop($play->{case}{sandbox});
    my $turn = $number;
    for my $step (@steps[grep { ($_ + $number) % $every == 0 } 0 .. $#steps]) {
        for my $way (proof_is_long() || $ENV{KYC_WAYS} ? @ways : $ways[$turn++ % @ways]) {
            begin($play);
            unlink $log;
            ($status, undef, $err) = refresh($play->{case}, KYC_STEP_LOG => $log, KYC_STOP_AT => $step, KYC_STOP_BY => $way);
            my %signal = (kill => 9, term => 15, int => 2, twice => 2);
            my @problems = grep { $_ } $status == 128 + $signal{$way} || $status == 6 || $status <= 1 ? undef : "status $status: $err";
            $result{stops} += read_file($log) =~ /^\Q$step\E$/m;
            push @problems, problems_of($play, $provider, $status, 0);
            push @{$result{problems}}, map { "$way at $step: $_" } @problems;
            sandbox_stop($play->{case}{sandbox});
        }
    }
    return {%result, steps => scalar @steps, runs => $runs};
}
