#!/usr/bin/perl
# A run that is killed at 50 random moments, and the provider with it now and then, comes to the same end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);
use KycTest;
use KycRun;

my $kills = $ENV{KYC_KILLS} || 50;
my $seed = $ENV{KYC_SEED} || time;
srand $seed;
note "seed $seed";

# payward as often as it is promised, the others fewer times each.
my @providers = @ARGV ? map { [$_, $kills] } @ARGV
    : (['payward', $kills], map { [$_, int($kills * 0.3)] } qw(kraken-embed kira payso));
kill_often(@$_) for @providers;
done_testing;

sub kill_often
{
    my ($provider, $count) = @_;
    my $state = scratch_folder();
    my @options = ('--state', "$state/state", '--nonce-window', 10_000_000_000, '--latency', '1ms..8ms');
    # A lost answer at kraken-embed is for a person, not for this test.
    my @faults = $provider eq 'kraken-embed' ? ('--fault', 'reset:2%', '--fault', 'status-429:2%')
        : ('--fault', 'drop:3%', '--fault', 'status-500:3%', '--fault', 'reset:2%');
    my $sandbox = sandbox_start(@options, @faults);
    my $port = $sandbox->{port};
    my $rows = 30 * $count + 200;
    my %set = ('delivery.rate' => '300/s', 'delivery.burst' => 5);
    @set{'delivery.timeout', 'provider.settle_after'} = ('500ms', '1s') if $provider eq 'payso';
    my $case = case_new($sandbox, provider => $provider, rows => $rows, bad => 20, set => \%set);
    $case->{bad_rows} = 20;

    my $ended = 0;
    for my $round (1 .. $count) {
        my $pid = case_start($case, '-q');
        sleep 0.02 + rand 0.2;
        kill 'KILL', $pid;
        waitpid $pid, 0;
        $ended++ if !($? & 127);
        if ($round % 10 == 0) {
            sandbox_kill($sandbox);
            $sandbox = sandbox_start('--listen', "127.0.0.1:$port", @options, @faults);
            $case->{sandbox} = $sandbox;
        }
    }
    is($ended, 0, "$provider: all $count runs were killed before their end");
    my $before = sandbox_counts($sandbox)->{$provider}{users};
    cmp_ok($before, '>', 0, "$provider: users were made before the kills");
    cmp_ok($before, '<', $rows, "$provider: and not all of them");

    sandbox_faults($sandbox);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, "$provider: the run that is let finish says that rows were rejected") or diag $err;
    my $summary = case_summary($case);
    is($summary->{unsent}, 0, "$provider: nothing stays unsent");
    if ($provider eq 'kraken-embed') {
        is($summary->{in_doubt}, settle_all($case), "$provider: what is in doubt is for a person, who settles it");
    } else {
        is($summary->{in_doubt}, 0, "$provider: nothing stays in doubt");
    }
    is_settled($case, "$provider: after the kills");
    sandbox_stop($sandbox);
}

# A person who looks up each doubt at the provider. Gives how many there were.
sub settle_all
{
    my ($case) = @_;
    my %id = map { $_->{external_id} => $_->{id} } sandbox_users($case->{sandbox}, $case->{provider});
    my @doubts = map { $_->[0] } case_ledger($case, "SELECT external_id FROM customer WHERE state <> 'created'");
    write_file("$case->{folder}/users.csv", join '', "external_id,user_id\n", map { "$_,$id{$_}\n" } @doubts);
    my ($status, $out, $err) = case_run($case, 'settle', '--from', "$case->{folder}/users.csv");
    diag $err if $status;
    return scalar @doubts;
}
