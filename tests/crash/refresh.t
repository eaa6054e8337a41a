#!/usr/bin/perl
# refresh, stopped at every failpoint in turn (each request, answer, written state and commit) by SIGKILL, SIGTERM, SIGINT or
# SIGINT twice, and run again: the ledger has the states of the provider, each change is an event once, and a customer that
# became rejected is reported by the first refresh that ends.
#
# tests/lib/KycStops.pm has the variables that choose some of them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;
use KycStops;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my @states = qw(verified rejected needs_action unverified);
my %want = ('cust-000001' => 'verified', 'cust-000002' => 'rejected', 'cust-000003' => 'action_needed', 'cust-000004' => 'pending');

stops_test(\&play, 13, qw(payward kraken-embed kira payso));

# A job whose customers are created and pending, and whose users have moved on since; its files are kept to begin again.
sub prepare
{
    my ($provider) = @_;
    my $state = scratch_folder();
    my @options = ('--nonce-window', 10_000_000_000, '--state', "$state/state", '--listen', '127.0.0.1:' . free_port());
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
    return stops_keep($case, $state, @options);
}

# What is wrong after a refresh, and further ones. is_last: no other one is needed.
sub problems_of
{
    my ($case, $provider, $is_last) = @_;
    my @problems;
    my ($ended) = case_ledger($case, "SELECT count(*) FROM run WHERE command = 'refresh' AND status = 1");
    if (!$is_last) {
        my ($next, undef, $err) = stops_run($case, 'refresh');
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
    my ($status) = stops_run($case, 'refresh');
    push @problems, "a further refresh: status $status" if $status;
    return @problems;
}

sub play
{
    my ($provider, $number) = @_;
    my $play = prepare($provider);

    return stops_play($play, $number, 'refresh', 1, sub { my ($status, $way) = @_; return problems_of($play->{case}, $provider, !defined $way) });
}
