#!/usr/bin/perl
# Runs are killed at random moments while they create, update and resolve creates in doubt; the provider loses answers and is
# killed itself now and then. Even so, each row ends as one user with the latest data, and no customer is lost.
#
#   kill.t [PROVIDER…]     KYC_SEED=N repeats what a failure printed; KYC_KILLS=N kills for each provider
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;
use KycParallel;
use KycProof;
use KycScenario;

my $json = JSON::PP->new->utf8->canonical;
my $seed = $ENV{KYC_SEED} || int(time) % 1_000_000 * 100;
my $kills = $ENV{KYC_KILLS} || (proof_is_long() ? 260 : 14);
my $kills_of_a_case = 26;
my @providers = @ARGV ? @ARGV : qw(payso kira kraken-embed payward);

# Each case has a sandbox, a ledger and a seed of its own.
my @cases;
for my $provider (@providers) {
    my $left = $ENV{KYC_SEED} && @ARGV == 1 ? ($kills < $kills_of_a_case ? $kills : $kills_of_a_case) : $kills;
    for (my $number = 0; $left > 0; $number++, $left -= $kills_of_a_case) {
        push @cases, {provider => $provider, seed => $seed + $number, kills => $left < $kills_of_a_case ? $left : $kills_of_a_case};
    }
}

my $began = time;
my %total = (faults => 0, runs => 0, expected => 0, made => 0, duplicates => 0, lost => 0, over_limit => 0);
my ($deaths, $struck, %killed) = (0, 0);
for my $result (parallel_map(proof_is_long() ? 3 : 4, \&play, @cases)) {
    my $case = $result->{item};
    is($result->{died}, undef, "$case->{provider}, seed $case->{seed}: ran to its end") or next;
    is_deeply($result->{problems}, [], "$case->{provider}, seed $case->{seed}: $result->{summary}")
        or diag "again: KYC_SEED=$case->{seed} tests/crash/kill.t $case->{provider}"
            . ($case->{kills} == $kills_of_a_case ? '' : "  (KYC_KILLS=$case->{kills})");
    $total{$_} += $result->{figures}{$_} || 0 for keys %total;
    $killed{$_} += $result->{killed}{$_} || 0 for keys %{$result->{killed} || {}};
    $deaths += $result->{deaths} || 0;
    $struck += $result->{struck} || 0;
}
note sprintf 'killed: %s, the provider %d; answers that went wrong: %d; %d runs, %.1f s',
    join(', ', map { "$_ $killed{$_}" } sort keys %killed), $deaths, $struck, $total{runs}, time - $began;
for my $phase (grep { $_ ne 'update' || grep { $_ ne 'payso' } @providers } qw(create update settle)) {
    cmp_ok($killed{$phase} || 0, '>', 0, "killed to $phase: " . ($killed{$phase} || 0));
}
cmp_ok($total{faults}, '>=', $kills * @providers, 'as many kills as promised');
is($total{duplicates}, 0, 'no customer has two users');
is($total{lost}, 0, 'no customer is lost');
is($total{over_limit}, 0, 'never over the limit');
proof_add('random kills', %total);
my %none = map { $_ => 0 } proof_columns();
proof_add('  the provider killed meanwhile', %none, faults => $deaths);
proof_add('  answers lost, resets, 429, 500 meanwhile', %none, faults => $struck);
done_testing;

# One case: runs with a kill each, a last one without, and the state after it.
sub play
{
    my ($item, $number) = @_;
    srand $item->{seed};
    my $provider = $item->{provider};
    my $state = {provider => $provider, tag => "$$-$number", port => free_port(), folder => scratch_folder(), streets => [],
        killed => {}, runs => 0, deaths => 0, seen => {}};
    start_provider($state);
    my %set = ('delivery.rate' => '300/s', 'delivery.burst' => 5);
    @set{'delivery.timeout', 'provider.settle_after'} = ('300ms', '600ms') if $provider eq 'payso';
    $state->{case} = case_new($state->{sandbox}, provider => $provider, rows => 0, csv => '', set => \%set);

    my $made = 0;
    for (my $round = 0; $made < $item->{kills} && $round < 4 * $item->{kills}; $round++) {
        $made += kill_once($state, (qw(create update settle))[$round % 3]);
    }
    my @problems = finish($state);
    push @problems, "$made kills in 4 times as many runs" if $made < $item->{kills};
    leave_provider($state, 1);
    push @problems, "$state->{seen}{over_limit} requests over the limit" if $state->{seen}{over_limit};
    my $figures = {faults => $made, runs => $state->{runs}, expected => scalar @{$state->{streets}},
        map { $_ => $state->{$_} || 0 } qw(made duplicates lost)};
    $figures->{over_limit} = $state->{seen}{over_limit} || 0;
    return {problems => \@problems, figures => $figures, killed => $state->{killed}, deaths => $state->{deaths},
        struck => $state->{seen}{faults} || 0,
        summary => "$made kills, $state->{deaths} of the provider, $figures->{expected} rows: the same end"
            . sprintf ' (longest run %.0f s)', $state->{longest}};
}

sub start_provider
{
    my ($state) = @_;
    $state->{sandbox} = sandbox_start('--listen', "127.0.0.1:$state->{port}", '--key-tag', $state->{tag}, '--state', "$state->{folder}/state",
        '--rate', '300/s', '--nonce-window', 10_000_000_000, '--latency', '1ms..8ms', '--seed', int rand 1_000_000);
    $state->{case}{sandbox} = $state->{sandbox} if $state->{case};
}

# Adds up the provider's counters and ends it, by SIGTERM or SIGKILL.
sub leave_provider
{
    my ($state, $gently) = @_;
    my $counts = sandbox_counts($state->{sandbox})->{$state->{provider}};
    $state->{seen}{over_limit} += $counts->{over_limit};
    $state->{seen}{faults} += $_ for values %{$counts->{faults}};
    $gently ? sandbox_stop($state->{sandbox}) : sandbox_kill($state->{sandbox});
}

# The export with the present street of each customer.
sub write_export
{
    my ($state) = @_;
    my ($head, @rows) = split /^/, csv_rows(scalar @{$state->{streets}});
    $rows[$_] =~ s/1 Market St/$state->{streets}[$_]/ for 0 .. $#rows;
    write_file("$state->{case}{folder}/export.csv", join '', $head, @rows);
}

sub run
{
    my ($state, @more) = @_;
    my $began = time;
    my @result = case_run($state->{case}, @more, '-q');
    my $seconds = time - $began;
    $state->{runs}++;
    $state->{longest} = $seconds if $seconds > ($state->{longest} || 0);
    return @result;
}

# A run with new work of its phase and a kill in the middle. True when the run did not end before it.
sub kill_once
{
    my ($state, $phase) = @_;
    my ($provider, $streets) = @$state{qw(provider streets)};
    # At kraken-embed only a person can resolve a create whose answer was lost.
    my @lost = $provider eq 'kraken-embed' ? () : ('drop:4%');

    if ($phase eq 'update' && $provider ne 'payso' && @$streets) {
        $streets->[rand @$streets] = int(rand 90) + 10 . ' Market St' for 1 .. 40;
    } else {
        $phase = 'create' if $phase eq 'update';
        push @$streets, ('1 Market St') x 40;
    }
    write_export($state);
    if ($phase eq 'settle') {
        sandbox_faults($state->{sandbox}, 'status-500:20%', @lost ? 'drop:30%' : ());
        local $state->{case}{set} = {%{$state->{case}{set}}, 'delivery.in_doubt' => 'hold'};
        run($state);
    }
    sandbox_faults($state->{sandbox}, 'status-500:3%', 'reset:2%', 'status-429:0.3%', @lost);

    my $pid = case_start($state->{case}, '-q');
    $state->{runs}++;
    my $patience = $provider eq 'payso' && $phase eq 'settle' ? 1.2 : 0.25;
    my ($death, $end) = sort { $a <=> $b } map { 0.01 + rand $patience } 1, 2;
    if (rand() < 0.12) {
        sleep $death;
        leave_provider($state, 0);
        start_provider($state);
        $state->{deaths}++;
        $end -= $death;
    }
    sleep $end;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    my $killed = ($? & 127) == 9;
    $state->{killed}{$phase} += $killed;
    return $killed;
}

# A person looks up each create in doubt at the provider.
sub resolve_all
{
    my ($state, $id) = @_;
    my @in_doubt = map { $_->[0] } case_ledger($state->{case}, "SELECT external_id FROM customer WHERE state <> 'created'");
    my $file = "$state->{case}{folder}/users.csv";
    write_file($file, join '', "external_id,user_id\n", map { "$_,$id->{$_}\n" } grep { $id->{$_} } @in_doubt);
    return run($state, 'settle', '--from', $file);
}

sub street_of
{
    my $body = $_[0]{body}{user} || $_[0]{body};
    return $body->{residence} ? $body->{residence}{line1} : defined $body->{address_street} ? $body->{address_street} : $body->{address_line1};
}

# A run to its end, after which each row is one user with the latest data, ledger and provider agree, and another run
# changes nothing. Returns the problems.
sub finish
{
    my ($state) = @_;
    my ($case, $provider, $streets) = @$state{qw(case provider streets)};
    my @problems;
    sandbox_faults($state->{sandbox});
    my ($status, undef, $err) = run($state);
    my $summary = case_summary($case);
    if ($provider eq 'kraken-embed' && $summary->{in_doubt}) {
        my %id = map { $_->{external_id} => $_->{id} } sandbox_users($state->{sandbox}, $provider);
        ($status, undef, $err) = resolve_all($state, \%id);
        push @problems, "the users given: status $status: $err" if $status;
        ($status, undef, $err) = run($state);
        $summary = case_summary($case);
    }
    push @problems, "the last run: status $status: $err" if $status;
    my $sum = 0;
    $sum += $summary->{$_} for qw(skipped rejected unchanged created updated refused in_doubt unsent);
    push @problems, 'not every row is accounted for: ' . $json->encode($summary)
        if $sum != $summary->{read} || $summary->{read} != @$streets || $summary->{in_doubt} || $summary->{unsent} || $summary->{refused};

    my (%street, %id, %want);
    for my $user (sandbox_users($state->{sandbox}, $provider)) {
        my $key = $user->{external_id} || $user->{email} =~ s/@.*//r;
        $street{$key} = street_of($user);
        $id{$key} = $user->{id};
    }
    $want{sprintf 'cust-%06d', $_ + 1} = $streets->[$_] for 0 .. $#$streets;
    push @problems, map { "$_: at the provider " . ($street{$_} // 'nobody') . ', in the export ' . ($want{$_} // 'nobody') }
        grep { ($street{$_} // '') ne ($want{$_} // '') } sort keys %{{%street, %want}};
    my %owner = map { $_->[0] => $_->[1] } case_ledger($case, "SELECT external_id, user_id FROM customer WHERE state = 'created' AND pending_digest IS NULL");
    push @problems, map { "$_: in the ledger " . ($owner{$_} // 'nobody') . ', at the provider ' . ($id{$_} // 'nobody') }
        grep { ($owner{$_} // '') ne ($id{$_} // '') } sort keys %{{%owner, %id}};

    my $counts = sandbox_counts($state->{sandbox})->{$provider};
    push @problems, "$counts->{duplicates} have two users" if $counts->{duplicates};
    push @problems, "$counts->{bad_nonces} nonces out of order, $counts->{bad_signatures} bad signatures"
        if $counts->{bad_nonces} || $counts->{bad_signatures};
    ($status, undef, $err) = run($state);
    $summary = case_summary($case);
    my $more = sandbox_counts($state->{sandbox})->{$provider}{requests} - $counts->{requests};
    push @problems, "once more: status $status, $more requests, unchanged $summary->{unchanged} of $summary->{read}: $err"
        if $status || $more || $summary->{unchanged} != @$streets;
    ($status, my $out, $err) = case_run($case, 'status', '--verify');
    push @problems, "status --verify: status $status: $out$err" if $status;
    $state->{made} = keys %id;
    $state->{duplicates} = $counts->{duplicates};
    $state->{lost} = grep { !$owner{$_} } keys %want;
    return @problems;
}
