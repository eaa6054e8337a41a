#!/usr/bin/perl
# Runs that are killed at random moments, over and over, while they create, update and settle, the provider losing answers
# and being killed itself now and then: all the same each row ends as one user with the last data, and nobody is lost.
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
use KycProof;
use KycScene;

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
for my $result (scene_side_by_side(proof_is_long() ? 3 : 4, \&live_through, @cases)) {
    my $case = $result->{item};
    is($result->{died}, undef, "$case->{provider}, seed $case->{seed}: lived through") or next;
    is_deeply($result->{problems}, [], "$case->{provider}, seed $case->{seed}: $result->{said}")
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
is($total{duplicates}, 0, 'nobody twice');
is($total{lost}, 0, 'nobody lost');
is($total{over_limit}, 0, 'never over the limit');
proof_add('random kills', %total);
my %none = map { $_ => 0 } proof_columns();
proof_add('  the provider killed meanwhile', %none, faults => $deaths);
proof_add('  answers lost, resets, 429, 500 meanwhile', %none, faults => $struck);
done_testing;

# One case: nights with a kill each, a last one without, and what there is then.
sub live_through
{
    my ($item, $number) = @_;
    srand $item->{seed};
    my $provider = $item->{provider};
    my $night = {provider => $provider, tag => "$$-$number", port => scene_free_port(), state => scratch_folder(), streets => [],
        killed => {}, runs => 0, deaths => 0, seen => {}};
    start_provider($night);
    my %set = ('delivery.rate' => '300/s', 'delivery.burst' => 5);
    @set{'delivery.timeout', 'provider.settle_after'} = ('300ms', '600ms') if $provider eq 'payso';
    $night->{case} = case_new($night->{sandbox}, provider => $provider, rows => 0, csv => '', set => \%set);

    my $made = 0;
    for (my $round = 0; $made < $item->{kills} && $round < 4 * $item->{kills}; $round++) {
        $made += kill_once($night, (qw(create update settle))[$round % 3]);
    }
    my @problems = last_night($night);
    push @problems, "$made kills in 4 times as many nights" if $made < $item->{kills};
    leave_provider($night, 1);
    push @problems, "$night->{seen}{over_limit} requests over the limit" if $night->{seen}{over_limit};
    my $figures = {faults => $made, runs => $night->{runs}, expected => scalar @{$night->{streets}},
        map { $_ => $night->{$_} || 0 } qw(made duplicates lost)};
    $figures->{over_limit} = $night->{seen}{over_limit} || 0;
    return {problems => \@problems, figures => $figures, killed => $night->{killed}, deaths => $night->{deaths},
        struck => $night->{seen}{faults} || 0,
        said => "$made kills, $night->{deaths} of the provider, $figures->{expected} rows: the same end"
            . sprintf ' (longest run %.0f s)', $night->{longest}};
}

sub start_provider
{
    my ($night) = @_;
    $night->{sandbox} = sandbox_start('--listen', "127.0.0.1:$night->{port}", '--key-tag', $night->{tag}, '--state', "$night->{state}/state",
        '--rate', '300/s', '--nonce-window', 10_000_000_000, '--latency', '1ms..8ms', '--seed', int rand 1_000_000);
    $night->{case}{sandbox} = $night->{sandbox} if $night->{case};
}

# Ends the provider, gently or not, when what it saw has been added up.
sub leave_provider
{
    my ($night, $gently) = @_;
    my $counts = sandbox_counts($night->{sandbox})->{$night->{provider}};
    $night->{seen}{over_limit} += $counts->{over_limit};
    $night->{seen}{faults} += $_ for values %{$counts->{faults}};
    $gently ? sandbox_stop($night->{sandbox}) : sandbox_kill($night->{sandbox});
}

# The export as it is tonight: who, and on which street.
sub write_export
{
    my ($night) = @_;
    my ($head, @rows) = split /^/, csv_rows(scalar @{$night->{streets}});
    $rows[$_] =~ s/1 Market St/$night->{streets}[$_]/ for 0 .. $#rows;
    write_file("$night->{case}{folder}/export.csv", join '', $head, @rows);
}

sub run
{
    my ($night, @more) = @_;
    my $began = time;
    my @result = case_run($night->{case}, @more, '-q');
    my $seconds = time - $began;
    $night->{runs}++;
    $night->{longest} = $seconds if $seconds > ($night->{longest} || 0);
    return @result;
}

# A night with new work of its phase and a kill in the middle. True when the run did not end before it.
sub kill_once
{
    my ($night, $phase) = @_;
    my ($provider, $streets) = @$night{qw(provider streets)};
    # Whom to ask what became of a lost create there is nobody at kraken-embed but a person.
    my @lost = $provider eq 'kraken-embed' ? () : ('drop:4%');

    if ($phase eq 'update' && $provider ne 'payso' && @$streets) {
        $streets->[rand @$streets] = int(rand 90) + 10 . ' Market St' for 1 .. 40;
    } else {
        $phase = 'create' if $phase eq 'update';
        push @$streets, ('1 Market St') x 40;
    }
    write_export($night);
    if ($phase eq 'settle') {
        sandbox_faults($night->{sandbox}, 'status-500:20%', @lost ? 'drop:30%' : ());
        local $night->{case}{set} = {%{$night->{case}{set}}, 'delivery.in_doubt' => 'hold'};
        run($night);
    }
    sandbox_faults($night->{sandbox}, 'status-500:3%', 'reset:2%', 'status-429:0.3%', @lost);

    my $pid = case_start($night->{case}, '-q');
    $night->{runs}++;
    my $patience = $provider eq 'payso' && $phase eq 'settle' ? 1.2 : 0.25;
    my ($death, $end) = sort { $a <=> $b } map { 0.01 + rand $patience } 1, 2;
    if (rand() < 0.12) {
        sleep $death;
        leave_provider($night, 0);
        start_provider($night);
        $night->{deaths}++;
        $end -= $death;
    }
    sleep $end;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    my $killed = ($? & 127) == 9;
    $night->{killed}{$phase} += $killed;
    return $killed;
}

# A person who looks up each doubt at the provider.
sub settle_all
{
    my ($night, $id) = @_;
    my @doubts = map { $_->[0] } case_ledger($night->{case}, "SELECT external_id FROM customer WHERE state <> 'created'");
    my $file = "$night->{case}{folder}/users.csv";
    write_file($file, join '', "external_id,user_id\n", map { "$_,$id->{$_}\n" } grep { $id->{$_} } @doubts);
    return run($night, 'settle', '--from', $file);
}

sub street_of
{
    my $body = $_[0]{body}{user} || $_[0]{body};
    return $body->{residence} ? $body->{residence}{line1} : defined $body->{address_street} ? $body->{address_street} : $body->{address_line1};
}

# The night that is let finish, and then: each row one user with the last data, the ledger says what the provider has,
# and another night changes nothing.
sub last_night
{
    my ($night) = @_;
    my ($case, $provider, $streets) = @$night{qw(case provider streets)};
    my @problems;
    sandbox_faults($night->{sandbox});
    my ($status, undef, $err) = run($night);
    my $summary = case_summary($case);
    if ($provider eq 'kraken-embed' && $summary->{in_doubt}) {
        my %id = map { $_->{external_id} => $_->{id} } sandbox_users($night->{sandbox}, $provider);
        ($status, undef, $err) = settle_all($night, \%id);
        push @problems, "the verdicts: status $status: $err" if $status;
        ($status, undef, $err) = run($night);
        $summary = case_summary($case);
    }
    push @problems, "the last night: status $status: $err" if $status;
    my $sum = 0;
    $sum += $summary->{$_} for qw(rejected unchanged created updated refused in_doubt unsent);
    push @problems, 'not every row is accounted for: ' . $json->encode($summary)
        if $sum != $summary->{read} || $summary->{read} != @$streets || $summary->{in_doubt} || $summary->{unsent} || $summary->{refused};

    my (%street, %id, %want);
    for my $user (sandbox_users($night->{sandbox}, $provider)) {
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

    my $counts = sandbox_counts($night->{sandbox})->{$provider};
    push @problems, "$counts->{duplicates} have two users" if $counts->{duplicates};
    push @problems, "$counts->{bad_nonces} nonces out of order, $counts->{bad_signatures} bad signatures"
        if $counts->{bad_nonces} || $counts->{bad_signatures};
    ($status, undef, $err) = run($night);
    $summary = case_summary($case);
    my $more = sandbox_counts($night->{sandbox})->{$provider}{requests} - $counts->{requests};
    push @problems, "once more: status $status, $more requests, unchanged $summary->{unchanged} of $summary->{read}: $err"
        if $status || $more || $summary->{unchanged} != @$streets;
    ($status, my $out, $err) = case_run($case, 'status', '--verify');
    push @problems, "status --verify: status $status: $out$err" if $status;
    $night->{made} = keys %id;
    $night->{duplicates} = $counts->{duplicates};
    $night->{lost} = grep { !$owner{$_} } keys %want;
    return @problems;
}
