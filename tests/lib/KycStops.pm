# KycStops: a command that is stopped at every failpoint in turn by SIGKILL, SIGTERM, SIGINT or SIGINT twice, and run again.
#
# For commands that work on users that exist. The customers are created once (stops_keep); each stop begins with the ledger
# and the sandbox's state of then.
#
#   KYC_SCENARIOS=kira,… only these;  KYC_STEPS=committed#3,… only these steps;  KYC_WAYS=kill,term,int,twice
package KycStops;
use strict;
use warnings;
use Exporter 'import';
use File::Copy qw(copy);
use Test::More;
use KycTest;
use KycRun;
use KycParallel;
use KycProof;

our @EXPORT = qw(stops_test stops_keep stops_run stops_play);

my @ways = $ENV{KYC_WAYS} ? split /,/, $ENV{KYC_WAYS} : qw(kill term int twice);
my %signal = (kill => 9, term => 15, int => 2, twice => 2);
my $every = proof_is_long() || $ENV{KYC_STEPS} ? 1 : 3;
my %only = map { $_ => 1 } split /,/, $ENV{KYC_STEPS} || '';
my $runs = 0;

# Plays each scenario in a process of its own, and tests what stops_play returns. least: steps that there are, at least.
sub stops_test
{
    my ($play, $least, @scenarios) = @_;
    my %total = map { $_ => 0 } proof_columns();

    @scenarios = split /,/, $ENV{KYC_SCENARIOS} if $ENV{KYC_SCENARIOS};
    for my $result (parallel_map($ENV{KYC_WORKERS} || 4, $play, @scenarios)) {
        subtest $result->{item} => sub {
            is($result->{died}, undef, 'ran to its end') or return;
            cmp_ok($result->{steps}, '>=', %only ? 1 : $least, "has steps to stop at ($result->{steps})");
            cmp_ok($result->{stops}, '>', 0, "$result->{stops} stops");
            is_deeply($result->{problems}, [], 'each with the same end');
            $total{faults} += $result->{stops};
            $total{runs} += $result->{runs};
        };
    }
    proof_add('interrupted at every step', %total);
    done_testing;
}

# Stops the sandbox, whose state is in state/state, and keeps its files and the ledger's. The options are those it was started
# with, among them --listen with a free_port: each stop starts it on that port again. Returns what stops_play plays.
sub stops_keep
{
    my ($case, $state, @options) = @_;
    my $sandbox = $case->{sandbox};

    sandbox_stop($sandbox);
    my @files = grep { -f } glob "$case->{folder}/test.ledger* $state/*";
    mkdir "$state/kept" or die $!;
    for my $i (0 .. $#files) { copy($files[$i], "$state/kept/$i") or die "$files[$i]: $!"; }
    return {case => $case, state => $state, saved => is_postgres() ? case_save_ledger($case) : undef, options => [@options, '--key-tag', $$], files => \@files};
}

sub begin
{
    my ($play) = @_;
    my $case = $play->{case};

    unlink grep { -f } glob "$case->{folder}/test.ledger* $play->{state}/state* " . case_report($case) . '/*';
    for my $i (0 .. $#{$play->{files}}) { copy("$play->{state}/kept/$i", $play->{files}[$i]) or die $!; chmod 0600, $play->{files}[$i]; }
    case_restore_ledger($case, $play->{saved}) if is_postgres();
    $case->{sandbox} = sandbox_start(@{$play->{options}});
}

# Runs the command silently. Returns status, standard output and error.
sub stops_run
{
    my ($case, $command, %environment) = @_;
    local @ENV{keys %environment} = values %environment;

    $runs++;
    return case_run($case, $command, '-q');
}

# command: to be stopped. status: its own, without a stop. number: of the scenario, by which each has other steps and ways.
# problems: called with the status of the stopped command and the way of the stop (undef: none); it runs the command again,
# and returns what is wrong.
sub stops_play
{
    my ($play, $number, $command, $status, $problems) = @_;
    my $case = $play->{case};
    my $log = "$case->{folder}/steps";
    my %result = (problems => [], stops => 0);

    begin($play);
    my ($got, undef, $err) = stops_run($case, $command, KYC_STEP_LOG => $log);
    push @{$result{problems}}, "without a stop: status $got: $err" if $got != $status;
    my @steps = grep { !%only || $only{$_} } split /\n/, read_file($log);
    push @{$result{problems}}, map { "without a stop: $_" } $problems->($got, undef);
    sandbox_stop($case->{sandbox});
    my $turn = $number;
    for my $step (@steps[grep { ($_ + $number) % $every == 0 } 0 .. $#steps]) {
        for my $way (proof_is_long() || $ENV{KYC_WAYS} ? @ways : $ways[$turn++ % @ways]) {
            begin($play);
            unlink $log;
            ($got, undef, $err) = stops_run($case, $command, KYC_STEP_LOG => $log, KYC_STOP_AT => $step, KYC_STOP_BY => $way);
            my @problems = $got == 128 + $signal{$way} || $got == 6 || $got <= 1 ? () : "status $got: $err";
            $result{stops} += read_file($log) =~ /^\Q$step\E$/m;
            push @problems, $problems->($got, $way);
            push @{$result{problems}}, map { "$way at $step: $_" } @problems;
            sandbox_stop($case->{sandbox});
        }
    }
    return {%result, steps => scalar @steps, runs => $runs};
}

1;
