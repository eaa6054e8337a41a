#!/usr/bin/perl
# A create in doubt whose row has changed before the next run ends as one user with the new data, whether or not the first
# request had reached the provider; and so does an update.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $rows = 8;

sub case_with
{
    my ($sandbox, $provider) = @_;
    return case_new($sandbox, provider => $provider, rows => $rows, set => {'delivery.attempts' => 1});
}

# The export with another street, and another e-mail for the customers named.
sub change
{
    my ($case, $street, %email) = @_;
    my $csv = csv_rows($rows);
    $csv =~ s/1 Market St/$street/g;
    $csv =~ s/\Q$_\E\@example\.com/$email{$_}/ for keys %email;
    write_file("$case->{folder}/export.csv", $csv);
}

sub streets
{
    my ($case) = @_;
    return join ' | ', sort map { $_->{body}{residence}{line1} } sandbox_users($case->{sandbox}, $case->{provider});
}

# Every text of a JSON value.
sub values_of
{
    my ($value) = @_;
    return ref $value eq 'HASH' ? map { values_of($_) } values %$value : ref $value eq 'ARRAY' ? map { values_of($_) } @$value : $value // '';
}

# An update reaches the provider, its answer is lost, and its repeat is refused; then the row returns to the provider's
# first data, or the refusal is retried. Within a run, and over two.
for my $provider (qw(payward kraken-embed kira)) {
    for my $attempts (1, 2) {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, provider => $provider, csv => csv_rows(1), rows => 1, set => {'delivery.attempts' => $attempts});
        my $sentence = "$provider, " . ($attempts == 1 ? 'two runs' : 'one run');
        my $line = sub { my ($user) = sandbox_users($sandbox, $provider); join ' ', sort grep { /Market St/ } values_of($user->{body}) };
        case_run($case, '-q');
        is($line->(), '1 Market St', "$sentence: created");
        my $street = sub { write_file("$case->{folder}/export.csv", csv_rows(1) =~ s/1 Market St/$_[0]/r) };
        $street->('2 Market St');
        sandbox_faults($sandbox, 'drop:x1@update', 'status-422:x1@update');
        case_run($case, '-q') for 1 .. 3 - $attempts;
        is(join(' ', @{case_summary($case)}{qw(updated refused in_doubt)}), '0 1 0', "$sentence: the repeat is refused");
        is($line->(), '2 Market St', "$sentence: and the first had landed");
        is_verified($case, "$sentence: the ledger verifies");
        $street->('1 Market St');
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, "$sentence: the row returns to its first data") or diag $err;
        is($line->(), '1 Market St', "$sentence: and so does the user");
        is_settled($case, "$sentence: settled");

        # As before, and the refusal is retried.
        $street->('2 Market St');
        sandbox_faults($sandbox, 'drop:x1@update', 'status-422:x1@update');
        case_run($case, '-q') for 1 .. 3 - $attempts;
        is((case_run($case, '-q'))[0], 1, "$sentence: refused until it is retried");
        is((case_run($case, '-q', '--retry-refused'))[0], 0, "$sentence: --retry-refused");
        is($line->(), '2 Market St', "$sentence: and the user has the new data");
        is_settled($case, "$sentence: settled again");
        sandbox_stop($sandbox);
    }
}

for my $provider (@ARGV ? @ARGV : qw(payward)) {
    for my $fault ('drop', 'status-500', 'reset', 'truncate', 'garbage') {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', "$fault:100%");
        my $case = case_with($sandbox, $provider);
        case_run($case, '-q');
        is(case_summary($case)->{in_doubt}, $rows, "$provider, $fault: all are in doubt");
        sandbox_faults($sandbox);
        change($case, '2 Market St', 'cust-000003', 'new3@example.com');
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 1, "$provider, $fault: the next run") or diag $err;
        my $summary = case_summary($case);
        adds_up($summary, "$provider, $fault");
        is($summary->{in_doubt}, 1, "$provider, $fault: the customer whose e-mail changed stays in doubt, for a person");
        is_deeply([case_ledger($case, "SELECT external_id FROM customer WHERE state <> 'created'")],
            [['cust-000003']], "$provider, $fault: this one alone");
        my $counts = sandbox_counts($sandbox)->{$provider};
        is($counts->{duplicates}, 0, "$provider, $fault: no customer has two users");
        my $old = $fault =~ /drop|truncate|garbage/ ? 1 : 0;
        is(streets($case), join(' | ', ('1 Market St') x $old, ('2 Market St') x ($rows - 1)),
            "$provider, $fault: the others have the new data");
        change($case, '2 Market St');
        change($case, '1 Market St');
        case_run($case, '-q');
        is(streets($case), join(' | ', ('1 Market St') x $rows), "$provider, $fault: and the old data, once the rows go back");
        is_settled($case, "$provider, $fault: settled");
        sandbox_stop($sandbox);
    }

    # An update in doubt, then the row returns to the provider's first data.
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_with($sandbox, $provider);
    case_run($case, '-q');
    sandbox_faults($sandbox, 'drop:100%');
    change($case, '3 Market St');
    case_run($case, '-q');
    is(case_summary($case)->{in_doubt}, $rows, "$provider: updates in doubt");
    is(streets($case), join(' | ', ('3 Market St') x $rows), "$provider: which had landed");
    sandbox_faults($sandbox);
    change($case, '1 Market St');
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "$provider: the rows go back") or diag $err;
    is(streets($case), join(' | ', ('1 Market St') x $rows), "$provider: and so do the users");
    is(case_summary($case)->{updated}, $rows, "$provider: an update in doubt and then reverted is sent again");
    is_settled($case, "$provider: settled");
    sandbox_stop($sandbox);
}
done_testing;
