#!/usr/bin/perl
# Mutated answers: whatever arrives over a real socket, the program (built with ASan and UBSan) does not crash, every user
# at the server is accounted for in the ledger, and no customer is refused without a 4xx.
#
#   tests/fault/mutations.t                       the short run; the long one is `make proof`
#   KYC_SEED=7 tests/fault/mutations.t            with other mutations
#   KYC_SEED=7 KYC_CASE=kira:123 tests/fault/mutations.t     one customer alone, and its answers
#   KYC_SEED=7 KYC_CASE=kira:1-250 tests/fault/mutations.t   a batch alone; KYC_KEEP=1 keeps its folder
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);
use KycParallel;
use KycMutation;
use KycProof;
use KycRun;
use KycTest;

my $long = proof_is_long();
my $seed = $ENV{KYC_SEED} || ($long ? int time : 1);
my $answers = $ENV{KYC_MUTATIONS} || ($long ? 25_000 : 2_000);    # for each provider
my $batch = 250;
my @providers = provider_names();

# The sanitizers' build of the program: that of `make check` beside the plain one, or the one under test anyway.
my $build = $ENV{KYC_BUILD} || 'build';
my $sanitized = $build =~ m{/[at]san$} ? $build : "$build/asan";
$sanitized = $build if !-x "$sanitized/kyc-import" && $build !~ m{build$};
plan skip_all => "$sanitized/kyc-import is not built: make asan-programs" if !-x "$sanitized/kyc-import";
my %set = ('delivery.in_flight' => 16, 'delivery.attempts' => 8, 'delivery.timeout' => '1s', 'delivery.canary' => 0, 'delivery.retry_for' => '60s',
    'delivery.rate' => '5000/s', 'delivery.burst' => 100, 'delivery.stop_after.refused_in_a_row' => 100_000, 'delivery.stop_after.refused_share' => '100%',
    'delivery.stop_after.updated_share' => '100%');

# Runs until one is not stopped: a mutated answer that became a 401 or a redirect rightly stops one.
sub run_through
{
    my ($cell, $what) = @_;
    for my $turn (1 .. 60) {
        local $ENV{KYC_BUILD} = $sanitized;
        my ($status, $out, $err) = case_run($cell->{case}, '-q');
        $cell->{sum}{runs}++;
        if ($status !~ /^[014]$/ || $err =~ /Sanitizer|runtime error|Assertion/) {
            fail("$what, run $turn: status $status");
            diag substr $err, 0, 4000;
            return;
        }
        return 1 if $status != 4;
    }
    fail("$what: 60 runs were stopped one after the other");
    return;
}

# The problems of one customer after its run; empty: none.
sub fault_of
{
    my ($number, $seen, $row, $listing_is_unclear) = @_;
    my ($state, $user_id) = $row ? @$row : ('missing', '');
    # Its request was sent on a connection that the server closed at that moment.
    $seen ||= {users => 0, bytes => ''};
    my $own_id = sprintf 'USER%012d', $number;
    my $is_refused = $state eq 'refused';
    # An id that a mutation made is not found by the update.
    my $update_refused = grep { $_ } @$seen{qw(update_refused update_ambiguous)}, $user_id ne '' && $user_id ne $own_id;
    return "it is $state" if $state !~ /^(?:created|in_doubt|refused)$/;
    return "a second create was sent although its user was to be found" if $seen->{again_refused} && !$seen->{create_ambiguous};
    return 'it is refused without a 4xx' if $is_refused && !$seen->{create_refused} && !$seen->{create_ambiguous} && !$update_refused;
    return if $seen->{create_ambiguous};
    return "it has a user at the provider and is refused" if $seen->{users} && $is_refused && !$update_refused;
    # After a create without an answer, a refusal other than 400 and 422 does not show that there is no user.
    my $stays_in_doubt = $state eq 'in_doubt' && ($listing_is_unclear || $seen->{create_refused});
    return "it has no user at the provider and is $state" if !$seen->{users} && !$is_refused && !$stays_in_doubt;
    # A body may hold an id in pieces, or escaped.
    return "it has the user $user_id, which no answer to it named"
        if $user_id ne '' && $user_id ne $own_id && index($seen->{bytes}, $user_id) < 0 && $seen->{bytes} !~ /\\|\r\n[0-9a-f]+\r\n/;
    return;
}

# Compares the ledger with the server's record.
sub compare
{
    my ($cell, $what) = @_;
    my ($sum, $first, $count) = @$cell{qw(sum first count)};
    my $seen = mutation_seen($cell->{server});
    my %row = map { $_->[0] => [@$_[1, 2]] } case_ledger($cell->{case}, 'SELECT external_id, state, user_id FROM customer');
    my $faults = 0;
    # payso's listing proves absence only when it has every user of the ledger; an id of a mutated answer is not in it.
    my %at_server = map { (sprintf 'USER%012d', $_->{number}) => 1 } grep { $_->{users} } values %{$seen->{customers}};
    my $listing_is_unclear = $cell->{provider} eq 'payso' && grep { $_->[1] ne '' && !$at_server{$_->[1]} } values %row;
    @$sum{qw(users accounted again in_doubt)} = (0) x 4;
    for my $number ($first .. $first + $count - 1) {
        my $key = mutation_key($number);
        my ($customer, $row) = ($seen->{customers}{$key}, $row{$key});
        my $fault = fault_of($number, $customer, $row, $listing_is_unclear);
        $sum->{users}++ if $customer->{users};
        $sum->{accounted}++ if $customer->{users} && !$fault;
        $sum->{refused}++ if $row && $row->[0] eq 'refused';
        $sum->{in_doubt}++ if $row && $row->[0] eq 'in_doubt';
        # payso refuses the second create. Behind an ambiguous answer it may be sent; else it is a fault (fault_of).
        $sum->{again}++ if $customer->{again_refused} && !$customer->{create_ambiguous};
        diag "KYC_SEED=$seed KYC_CASE=$cell->{provider}:$number: after $what: $fault" if $fault;
        $faults++ if $fault;
        diag explain {%{$customer || {}}, ledger => $row} if $cell->{show};
    }
    $sum->{mutated} = $seen->{mutated};
    $sum->{faults} += $faults;
    is($faults, 0, "after $what, customers $first to " . ($first + $count - 1) . ' are accounted for');
    is(join(' ', sort keys %{$seen->{strange}}), '', 'no request but those of the operations');
}

sub run_batch
{
    my ($provider, $first, $count, $show) = @_;
    my $server = mutation_start($provider, seed => $seed);
    my $csv = csv_rows($count, 0, $first) =~ s/cust-/m-/gr;
    my $case = case_new($server, provider => $provider, csv => $csv, rows => $count,
        set => {%set, $provider eq 'payso' ? ('provider.settle_after' => '5s') : ()});
    my $cell = {provider => $provider, server => $server, case => $case, first => $first, count => $count, show => $show,
        sum => {runs => 0, faults => 0, refused => 0}};
    run_through($cell, 'the creates') or return $cell->{sum};
    compare($cell, 'the creates');
    if ($provider ne 'payso') {    # which takes no update
        write_file("$case->{folder}/export.csv", $csv =~ s/1 Market St/2 Market St/gr);
        run_through($cell, 'the updates') && compare($cell, 'the updates');
    }
    mutation_end($server);
    is_verified($case, 'the ledger verifies');
    return $cell->{sum};
}

if ($ENV{KYC_CASE}) {
    my ($provider, $first, $last) = $ENV{KYC_CASE} =~ /^([a-z-]+):(\d+)(?:-(\d+))?$/ or die 'KYC_CASE=PROVIDER:NUMBER, or PROVIDER:FIRST-LAST';
    run_batch($provider, $first, ($last || $first) - $first + 1, !$last);
    done_testing;
    exit;
}

note "seed $seed (KYC_SEED=$seed)";
my @cells;
for my $provider (@providers) {
    # Who can be updated is answered twice with a mutation, unless the first was a refusal.
    my $rows = $provider eq 'payso' ? int(1.02 * $answers) : int(0.65 * $answers);
    for (my $first = 1; $first <= $rows; $first += $batch) {
        my ($from, $count) = ($first, $rows - $first + 1 < $batch ? $rows - $first + 1 : $batch);
        push @cells, {name => "$provider, customers $from to " . ($from + $count - 1) . ", seed $seed", provider => $provider,
            run => sub { run_batch($provider, $from, $count) }};
    }
}
my $began = time;
my @figures = cells_run($ENV{KYC_AT_ONCE} || 10, @cells);
my %total;
for my $at (grep { $figures[$_] } 0 .. $#cells) {
    $total{$cells[$at]{provider}}{$_} += $figures[$at]{$_} for keys %{$figures[$at]};
}
for my $provider (@providers) {
    my $sum = $total{$provider} || {};
    note "$provider: " . join ', ', map { "$_ $sum->{$_}" } sort keys %$sum;
    cmp_ok($sum->{mutated} || 0, '>=', $answers, "$provider: at least $answers mutated answers");
    is($sum->{accounted}, $sum->{users}, "$provider: every user at the server is accounted for");
    proof_add('mutated answers', faults => $sum->{mutated} || 0, runs => $sum->{runs} || 0, expected => $sum->{users} || 0,
        made => $sum->{accounted} || 0, duplicates => $sum->{again} || 0, lost => $sum->{faults} || 0, over_limit => 0);
}
note sprintf '%.1f s', time - $began;
done_testing;
