#!/usr/bin/perl
# A simulated onboarding over ten days of the sandbox's time, at each provider: new customers every day, states that move,
# links made and visited, requests lost all along. In the end the ledger knows of each customer what the sandbox knows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use KycRun;
use KycTest;
use Test::More;

my $json = JSON::PP->new->utf8;

use constant {DAYS => 10, ROWS_A_DAY => 8};

my %has_links = map { $_ => 1 } qw(kira payso);
my %ledger_word = (unverified => 'pending', started => 'pending', in_review => 'pending', needs_action => 'action_needed',
    verified => 'verified', rejected => 'rejected');

# {USER => STATE} of the ledger, as `results` gives it.
sub states_of_ledger
{
    my ($case) = @_;
    my @lines = map { $json->decode($_) } split /\n/, (case_run($case, 'results', '--format', 'ndjson'))[1];
    return {map { $_->{user_id} => $_->{verification} } @lines};
}

sub states_of_sandbox
{
    my ($sb, $provider) = @_;
    return {map { $_->{id} => $ledger_word{$_->{state}} } sandbox_users($sb, $provider)};
}

# Visits the links that were written since the last time. Returns how many.
sub visit_links
{
    my ($sb, $case, $visited) = @_;
    my $path = case_report($case) . '/links.csv';
    return 0 if !-e $path;
    my @links = grep { !$visited->{$_}++ } read_file($path) =~ m{(https://verify\.example/\S+?)(?=[,\n])}g;
    sandbox_control($sb, 'POST', '/_sandbox/visit', $_) for @links;
    return scalar @links;
}

sub simulate
{
    my ($provider) = @_;
    my $sb = sandbox_start('--nonce-window', 10_000_000_000, '--seed', 7, '--verify-after', '6h..23h', '--reject-share', '5%',
        '--action-share', '30%', '--conflicts', 'name-user');
    my $case = case_new($sb, provider => $provider, rows => ROWS_A_DAY, set => {
        'delivery.rate' => '500/s', $provider eq 'payso' ? ('delivery.timeout' => '1s', 'provider.settle_after' => '2s') : ()});
    my (%visited, %worst);
    for my $day (1 .. DAYS) {
        write_file("$case->{folder}/export.csv", csv_rows(ROWS_A_DAY * ($day < DAYS / 2 ? $day : DAYS / 2)));
        sandbox_faults($sb, 'drop:5%', 'status-500:5%');
        for my $command ('run', 'refresh', $has_links{$provider} ? 'links' : ()) {
            my ($status, $out, $err) = case_run($case, $command);
            $worst{$command} = $status if !defined $worst{$command} || $status > $worst{$command};
            diag("$provider, day $day, $command: $status $err") if $status > 1;
        }
        sandbox_faults($sb);
        visit_links($sb, $case, \%visited) if $has_links{$provider};
        sandbox_control($sb, 'POST', '/_sandbox/later', '12h');
    }
    case_run($case, 'refresh');
    my $counts = sandbox_counts($sb)->{$provider};
    ok !(grep { $_ > 1 } values %worst), 'each command ended with status 0 or 1';
    is $counts->{users}, ROWS_A_DAY * DAYS / 2, 'every customer is a user';
    is $counts->{duplicates}, 0, 'none is one twice';
    is_deeply states_of_ledger($case), states_of_sandbox($sb, $provider), 'the ledger has the state of each';
    ok $counts->{states}{verified} > $counts->{users} / 2, 'most are verified';
    is $counts->{complaints}, 0, 'no request was the client\'s mistake';
    if ($has_links{$provider}) {
        my $lost = $provider eq 'payso' ? $counts->{faults}{drop} || 0 : 0;
        ok scalar(keys %visited) > 0, 'links were made and visited';
        ok $counts->{duplicate_links} <= $lost, "$counts->{duplicate_links} second links, at most one for an answer that was lost";
    }
    my ($status, $out) = case_run($case, 'status', '--verify');
    is $status, 0, 'the ledger is intact';
    sandbox_stop($sb);
}

subtest $_ => \&simulate, $_ for provider_names();

done_testing;
