#!/usr/bin/perl
# A run is stopped at every failpoint in turn (each commit, rename, request, answer and outcome), of each provider, for
# creates, updates, creates in doubt, users given by a person and users that adopt finds. An undisturbed run logs the list of failpoints. Stopped by
# SIGKILL, SIGTERM, SIGINT or SIGINT twice, and resumed, it reaches the same end; and another run changes nothing.
#
#   KYC_SCENARIOS=kira/in-doubt,payso/create  only these;  KYC_STEPS=committed#3,…  only these steps;  KYC_WAYS=kill,term
#   KYC_EVERY=24  every 24th step (6)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);
use KycTest;
use KycRun;
use KycParallel;
use KycProof;
use KycScenario;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my @ways = $ENV{KYC_WAYS} ? split /,/, $ENV{KYC_WAYS} : qw(kill term int twice);
my $rows = proof_is_long() ? 4 : 2;
my $all_ways = proof_is_long() || $ENV{KYC_WAYS};
# The short run takes every sixth step of a scenario, in each scenario others, one way each in turn.
my $every = $ENV{KYC_EVERY} || (proof_is_long() || $ENV{KYC_SCENARIOS} || $ENV{KYC_STEPS} ? 1 : 6);
my $workers = $ENV{KYC_WORKERS} || 4;
my %only_steps = map { $_ => 1 } split /,/, $ENV{KYC_STEPS} || '';
my $json = JSON::PP->new->utf8->canonical;

# The slow ones first: there a create in doubt waits for a listing.
my @scenarios = $ENV{KYC_SCENARIOS} ? split /,/, $ENV{KYC_SCENARIOS}
    : map { my $provider = $_; map { "$provider/$_" } scenario_names($provider) } qw(payso kraken-embed kira payward);

my ($began, %kinds) = (time);
my %total = (faults => 0, runs => 0, expected => 0, made => 0, duplicates => 0, lost => 0, over_limit => 0);
for my $result (parallel_map($workers, \&play, @scenarios)) {
    my $name = $result->{item};
    subtest $name => sub {
        is($result->{died}, undef, 'ran to its end') or return;
        cmp_ok($result->{steps}, '>', %only_steps ? 0 : $name =~ /resolve|rekey|adopt/ ? 3 : 20, "has steps to stop at ($result->{steps})");
        is_deeply($result->{problems}, [], "$result->{stops} stops: the same end");
    };
    $kinds{$_} ||= 0 for keys %{$result->{kinds} || {}};
    $kinds{$_} += $result->{stopped}{$_} for keys %{$result->{stopped} || {}};
    $total{$_} += $result->{figures}{$_} || 0 for keys %total;
}
note sprintf '%d stops, %d runs, %.1f s', $total{faults}, $total{runs}, time - $began;
is_deeply([grep { !$kinds{$_} } sort keys %kinds], [], scalar(keys %kinds) . ' kinds of steps, each was stopped at');
is($total{duplicates}, 0, 'no customer has two users');
is($total{lost}, 0, 'no customer is lost');
is($total{over_limit}, 0, 'never over the limit');
proof_add('interrupted at every step', %total);
done_testing;

# One scenario from its first step to its last.
sub play
{
    my ($name, $number) = @_;
    my ($provider, $kind) = split m{/}, $name;
    my %result = (problems => [], stops => 0);
    my $scenario = scenario_new($provider, $kind, rows => $rows, tag => "$$-$number");
    my $steps_log = "$scenario->{folder}/steps";

    scenario_restore($scenario);
    scenario_run($scenario, KYC_STEP_LOG => $steps_log);
    my @steps = grep { !%only_steps || $only_steps{$_} } split /\n/, read_file($steps_log);
    $result{kinds}{s/#.*//r} = 1 for @steps;
    my $want = scenario_finish($scenario);
    push @{$result{problems}}, map { "without a stop: $_" } @{$want->{problems}};
    scenario_leave($scenario);

    my ($turn, %stopped, %figures) = ($number);
    # Always stop at the first step of each kind: in the creates of payward, or in the scenario that has it at all.
    my %scenario_of = ('logged in' => 'kira/create', 'history run removed' => 'payward/update', 'verdict written' => 'kira/resolve', map { $_ => 'payso/adopt' } 'adopt started', 'adopted', 'adopt ended');
    my $is_first = sub { $steps[$_[0]] =~ /^(.*)#1$/ && $name eq ($scenario_of{$1} || 'payward/create') };
    for my $step (@steps[grep { ($_ + $number) % $every == 0 || $is_first->($_) } 0 .. $#steps]) {
        for my $way ($all_ways ? @ways : $ways[$turn++ % @ways]) {
            scenario_restore($scenario);
            unlink $steps_log;
            my ($status, undef, $err) = scenario_run($scenario, KYC_STEP_LOG => $steps_log, KYC_STOP_AT => $step, KYC_STOP_BY => $way);
            # The threads' order differs now and then: a step may not be reached again.
            my $reached = read_file($steps_log) =~ /^\Q$step\E$/m;
            $stopped{$step =~ s/#.*//r}++ if $reached;
            $result{stops} += $reached;
            my @problems = $reached ? (stopped_well($scenario, $way, $status, $err), scenario_kept($scenario)) : ();
            my $end = scenario_finish($scenario);
            push @problems, scenario_compare($end, $want);
            push @problems, "$end->{in_doubt} stayed in doubt, although the requests in flight should have been finished"
                if $status == 6 && $way ne 'twice' && $end->{in_doubt} > $want->{in_doubt};
            push @{$result{problems}}, map { "$way at $step: $_" } @problems;
            scenario_leave($scenario);
            $figures{faults} += $reached;
            $figures{expected} += $rows;
            $figures{$_} += $end->{$_} for qw(made duplicates lost);
        }
    }
    $figures{runs} = $scenario->{runs};
    $figures{over_limit} = $scenario->{seen}{over_limit};
    $figures{faults} += $scenario->{seen}{faults} || 0;
    return {%result, steps => scalar @steps, stopped => \%stopped, figures => \%figures};
}

# Why the end of a stopped run is wrong. A signal may also arrive when all is done, or before its handler is installed.
sub stopped_well
{
    my ($scenario, $way, $status, $err) = @_;
    my %number = (kill => 9, term => 15, int => 2, twice => 2);
    return () if $status == 128 + $number{$way};
    # It did not have the ledger yet, so it writes no report, as one that another run keeps out.
    return () if $status == 6 && $err =~ /interrupted while waiting for the database/;
    return $scenario->{name} =~ /^(resolve|rekey|adopt)$/ ? () : scenario_missing($scenario) if $way ne 'kill' && ($status == 6 || $status == 0 || $status == 1);
    return "status $status: $err";
}
