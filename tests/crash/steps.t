#!/usr/bin/perl
# Every step of a night is where it may be stopped: each commit, rename, request, answer and outcome in turn, of each
# provider, for creates, updates, doubts and a person's verdicts. The list of steps is what an undisturbed night went
# through. Stopped by SIGKILL, SIGTERM, SIGINT or SIGINT twice, and resumed, it comes to the same end; and once more
# changes nothing.
#
#   KYC_SCENES=kira/settle,payso/create  only these;  KYC_STEPS=committed#3,…  only these steps;  KYC_WAYS=kill,term
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);
use KycTest;
use KycRun;
use KycProof;
use KycScene;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my @ways = $ENV{KYC_WAYS} ? split /,/, $ENV{KYC_WAYS} : qw(kill term int twice);
my $rows = proof_is_long() ? 4 : 2;
my $all_ways = proof_is_long() || $ENV{KYC_WAYS};
# The short run takes every fourth step of a scene, in each scene others, one way each in turn.
my $every = proof_is_long() || $ENV{KYC_SCENES} || $ENV{KYC_STEPS} ? 1 : 4;
my $workers = $ENV{KYC_WORKERS} || 4;
my %only_steps = map { $_ => 1 } split /,/, $ENV{KYC_STEPS} || '';
my $json = JSON::PP->new->utf8->canonical;

# The slow ones first: there a doubt waits for its listing.
my @scenes = $ENV{KYC_SCENES} ? split /,/, $ENV{KYC_SCENES}
    : map { my $provider = $_; map { "$provider/$_" } scene_names($provider) } qw(payso kraken-embed kira payward);

my ($began, %kinds) = (time);
my %total = (faults => 0, runs => 0, expected => 0, made => 0, duplicates => 0, lost => 0, over_limit => 0);
for my $result (scene_side_by_side($workers, \&live_through, @scenes)) {
    my $name = $result->{item};
    subtest $name => sub {
        is($result->{died}, undef, 'was lived through') or return;
        cmp_ok($result->{steps}, '>', %only_steps ? 0 : $name =~ /verdicts|rekey/ ? 3 : 20, "has steps to stop at ($result->{steps})");
        is_deeply($result->{problems}, [], "$result->{stops} stops: the same end");
    };
    $kinds{$_} ||= 0 for keys %{$result->{kinds} || {}};
    $kinds{$_} += $result->{stopped}{$_} for keys %{$result->{stopped} || {}};
    $total{$_} += $result->{figures}{$_} || 0 for keys %total;
}
note sprintf '%d stops, %d runs, %.1f s', $total{faults}, $total{runs}, time - $began;
is_deeply([grep { !$kinds{$_} } sort keys %kinds], [], scalar(keys %kinds) . ' kinds of steps, each was stopped at');
is($total{duplicates}, 0, 'nobody twice');
is($total{lost}, 0, 'nobody lost');
is($total{over_limit}, 0, 'never over the limit');
proof_add('interrupted at every step', %total);
done_testing;

# One scene from its first step to its last.
sub live_through
{
    my ($name, $number) = @_;
    my ($provider, $kind) = split m{/}, $name;
    my %result = (problems => [], stops => 0);
    my $scene = scene_new($provider, $kind, rows => $rows, tag => "$$-$number");
    my $steps_log = "$scene->{folder}/steps";

    scene_restore($scene);
    scenario_run($scene, KYC_STEP_LOG => $steps_log);
    my @steps = grep { !%only_steps || $only_steps{$_} } split /\n/, read_file($steps_log);
    $result{kinds}{s/#.*//r} = 1 for @steps;
    my $want = scene_finish($scene);
    push @{$result{problems}}, map { "without a stop: $_" } @{$want->{problems}};
    scene_leave($scene);

    my ($turn, %stopped, %figures) = ($number);
    # The first step of each kind is always stopped at: in the creates of payward, or where the kind comes up at all.
    my %scene_of = ('logged in' => 'kira/create', 'verdict written' => 'kira/verdicts');
    my $is_first = sub { $steps[$_[0]] =~ /^(.*)#1$/ && $name eq ($scene_of{$1} || 'payward/create') };
    for my $step (@steps[grep { ($_ + $number) % $every == 0 || $is_first->($_) } 0 .. $#steps]) {
        for my $way ($all_ways ? @ways : $ways[$turn++ % @ways]) {
            scene_restore($scene);
            unlink $steps_log;
            my ($status, undef, $err) = scenario_run($scene, KYC_STEP_LOG => $steps_log, KYC_STOP_AT => $step, KYC_STOP_BY => $way);
            # Threads take turns in another way now and then: a step may not come up again.
            my $reached = read_file($steps_log) =~ /^\Q$step\E$/m;
            $stopped{$step =~ s/#.*//r}++ if $reached;
            $result{stops} += $reached;
            my @problems = $reached ? stopped_well($scene, $way, $status, $err) : ();
            my $end = scene_finish($scene);
            push @problems, scene_compare($end, $want);
            push @problems, "$end->{in_doubt} stayed in doubt, although what was in flight was to be finished"
                if $status == 6 && $way ne 'twice' && $end->{in_doubt} > $want->{in_doubt};
            push @{$result{problems}}, map { "$way at $step: $_" } @problems;
            scene_leave($scene);
            $figures{faults} += $reached;
            $figures{expected} += $rows;
            $figures{$_} += $end->{$_} for qw(made duplicates lost);
        }
    }
    $figures{runs} = $scene->{runs};
    $figures{over_limit} = $scene->{seen}{over_limit};
    $figures{faults} += $scene->{seen}{faults} || 0;
    return {%result, steps => scalar @steps, stopped => \%stopped, figures => \%figures};
}

# How a run ends that was stopped so. A signal that came when all was done, or before it was listened for, is that.
sub stopped_well
{
    my ($scene, $way, $status, $err) = @_;
    my %number = (kill => 9, term => 15, int => 2, twice => 2);
    return () if $status == 128 + $number{$way};
    return $scene->{name} =~ /^(verdicts|rekey)$/ ? () : scene_missing($scene) if $way ne 'kill' && ($status == 6 || $status == 0 || $status == 1);
    return "status $status: $err";
}
