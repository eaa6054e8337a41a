#!/usr/bin/perl
# Two customers with one e-mail never share a user; a created customer is never created again, however its row changes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

sub export
{
    my ($case, $csv) = @_;
    write_file("$case->{folder}/export.csv", $csv);
}

# One e-mail for a whole family.
sub family
{
    my ($rows) = @_;
    my $csv = csv_rows($rows);
    $csv =~ s/cust-\d+\@example\.com/family\@example.com/g;
    return $csv;
}

for my $provider (qw(kira payso)) {
    my @options = ('--fault', 'drop:60%', '--fault', 'status-500:20%', '--seed', 5);
    my $sandbox = sandbox_start(@options);
    my %set = ('delivery.attempts' => $provider eq 'kira' ? 4 : 1);
    @set{'delivery.timeout', 'provider.settle_after'} = ('1s', '2s') if $provider eq 'payso';
    my $case = case_new($sandbox, provider => $provider, rows => 6, csv => family(6), set => \%set);
    case_run($case, '-q');
    cmp_ok(case_summary($case)->{in_doubt}, '>', 0, "$provider: a family, some of it in doubt");
    sandbox_faults($sandbox);
    my ($status, undef, $err) = case_run($case, '-q');
    my $summary = case_summary($case);
    adds_up($summary, $provider);
    is($summary->{refused}, 0, "$provider: no row is refused") or diag $err;
    my @users = map { $_->[0] } case_ledger($case, "SELECT user_id FROM customer WHERE user_id IS NOT NULL");
    my %different = map { $_ => 1 } @users;
    is(scalar keys %different, scalar @users, "$provider: no two customers share a user");
    is(scalar @users + $summary->{in_doubt}, 6, "$provider: each has its own user, or is in doubt for a person");
    my $users = sandbox_counts($sandbox)->{$provider}{users};
    is($users, 6, "$provider: as many users as customers");

    # Created, then rejected, then back, with --retry-refused too.
    my $csv = family(6);
    (my $broken = $csv) =~ s/1990-04-15/1990-02-30/g;
    export($case, $broken);
    case_run($case, '-q');
    is(case_summary($case)->{rejected}, 6, "$provider: their rows are rejected later");
    export($case, $csv);
    case_run($case, '-q', '--retry-refused');
    is(sandbox_counts($sandbox)->{$provider}{users}, $users, "$provider: and restored: no second user is created");
    sandbox_stop($sandbox);
}

# Refused by the provider, then retried on request only.
my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $case = case_new($sandbox, rows => 2, csv => do { my $csv = csv_rows(2); $csv =~ s/cust-000002\@/cust-000001\@/; $csv });
case_run($case, '-q');
is(case_summary($case)->{refused}, 1, 'payward: an e-mail of another user is refused');
sandbox_reset($sandbox);
case_run($case, '-q');
is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'payward: not sent again');
is(case_summary($case)->{refused}, 1, 'payward: and counted');
case_run($case, '-q', '--retry-refused');
is(sandbox_counts($sandbox)->{payward}{requests}, 1, 'payward: with --retry-refused only this one is sent again');
is(sandbox_counts($sandbox)->{payward}{users}, 1, 'payward: one user');
done_testing;
