#!/usr/bin/perl
# Creates without an answer at the providers that can be asked about them: found or absent, with a row that changed meanwhile
# or not; and which customer may get a user that was found. No customer ever has two.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $rows = 6;
# payso lists its users after twice the timeout, so it is short.
my %quick = (kira => {}, payso => {'provider.settle_after' => '400ms', 'delivery.timeout' => '1s'});

sub case_for
{
    my ($sandbox, $provider, %option) = @_;
    return case_new($sandbox, provider => $provider, rows => $rows, %option,
        set => {%{$quick{$provider}}, %{$option{set} || {}}});
}

# Leaves rows in doubt: sent, and the answer lost. All of them, except at kira, where a login must succeed first.
sub lose_answers
{
    my ($case, $fault, $sentence) = @_;
    my $all = $case->{provider} ne 'kira';
    sandbox_faults($case->{sandbox}, $fault . ($all ? ':100%' : ':60%'));
    local $case->{set} = {%{$case->{set}}, 'delivery.in_doubt' => 'hold'};
    case_run($case, '-q');
    sandbox_faults($case->{sandbox});
    cmp_ok(case_summary($case)->{in_doubt}, '>=', $all ? $rows : 1, "$sentence: some are in doubt");
}

sub change_street
{
    my ($case) = @_;
    write_file("$case->{folder}/export.csv", csv_rows($rows) =~ s/1 Market St/2 Market St/gr);
}

sub streets
{
    my ($case) = @_;
    my $member = $case->{provider} eq 'kira' ? 'address_street' : 'address_line1';
    return join ' | ', sort map { ($_->{body}{user} || $_->{body})->{$member} }
        sandbox_users($case->{sandbox}, $case->{provider});
}

sub asked
{
    my ($case, $operation) = @_;
    return (case_ledger($case, "SELECT count(*) FROM event WHERE operation = '$operation' AND attempt > 0"))[0][0];
}

# A create in doubt of an earlier run, by provider, by its true result, and by its row.
for my $provider (qw(kira payso)) {
    for my $fault (qw(drop reset)) {
        for my $changed (0, 1) {
            my $sentence = "$provider, $fault" . ($changed ? ', the row changed' : '');
            my $sandbox = sandbox_start();
            my $case = case_for($sandbox, $provider);
            lose_answers($case, $fault, $sentence);
            change_street($case) if $changed;
            my ($status, undef, $err) = case_run($case, '-q');
            my $summary = case_summary($case);
            my $kept = $changed && $provider eq 'payso' && $fault eq 'drop'; # it takes no update
            is($status, $kept ? 1 : 0, "$sentence: the next run") or diag $err;
            adds_up($summary, $sentence);
            is($summary->{refused}, $kept ? $rows : 0, "$sentence: refused");
            is(streets($case), join(' | ', ($changed && !$kept ? '2 Market St' : '1 Market St') x $rows),
                "$sentence: each is there once, with the data");
            # At kira too: the provider has not sent its time yet, so the age of the key is unknown.
            cmp_ok(asked($case, $provider eq 'kira' ? 'look_up' : 'list'), '>', 0, "$sentence: asked about");
            change_street($case) if $kept;
            write_file("$case->{folder}/export.csv", csv_rows($rows)) if $kept;
            is_settled($case, "$sentence: settled");
            sandbox_stop($sandbox);
        }
    }
}

# kira: the key has expired, so a repeat would be a second user.
for my $fault (qw(drop reset)) {
    my $sandbox = sandbox_start('--idempotency-life', '1ms');
    my $case = case_for($sandbox, 'kira', set => {'provider.idempotency_window' => '1h'});
    lose_answers($case, $fault, "kira, $fault, an old key");
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "kira, $fault, an old key: the next run") or diag $err;
    cmp_ok(asked($case, 'look_up'), '>', 0, "kira, $fault, an old key: looked up");
    is_settled($case, "kira, $fault, an old key: settled");
    sandbox_stop($sandbox);
}

# One e-mail for all: each customer gets its own user.
for my $provider (qw(kira payso)) {
    for my $fault (qw(drop reset)) {
        my $sandbox = sandbox_start('--idempotency-life', '1ms');
        my $csv = csv_rows($rows) =~ s/cust-00000\d\@/family\@/gr;
        my $case = case_for($sandbox, $provider, csv => $csv,
            set => $provider eq 'kira' ? {'provider.idempotency_window' => '1h'} : {});
        lose_answers($case, $fault, "$provider, $fault, one e-mail");
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, "$provider, $fault, one e-mail: the next run") or diag $err;
        my %owners = map { $_->[0] => $_->[1] } case_ledger($case, "SELECT user_id, external_id FROM customer");
        my @users = sandbox_users($sandbox, $provider);
        is(@users, $rows, "$provider, $fault, one e-mail: as many users as rows");
        is(join(' ', map { ($_->{body}{user} || $_->{body})->{last_name} } @users),
            join(' ', map { 'Morgan' . (($owners{$_->{id}} || '') =~ s/cust-0*//r) } @users), "$provider, $fault, one e-mail: each has its own user");
        sandbox_stop($sandbox);
    }
}

# payso answers that the e-mail is taken: by a user of this person, by one of another name, by one of another customer.
{
    my $sandbox = sandbox_start('--payso-unique', 'email');
    my $case = case_for($sandbox, 'payso');
    case_run($case, '-q');
    my $other = case_for($sandbox, 'payso', csv => csv_rows(1) . (csv_rows(1, 0, 2) =~ s/^.*?\n//r =~ s/Alex/Sam/r)
        . (csv_rows(1, 0, 3) =~ s/^.*?\n//r) . (csv_rows(1, 0, 3) =~ s/^.*?\n//r =~ s/^cust-000003/other-3/r));
    my ($status, undef, $err) = case_run($other, '-q', '--new-ledger');
    is($status, 1, 'taken e-mails: the run') or diag $err;
    my %state = map { $_->[0] => $_->[1] } case_ledger($other, 'SELECT external_id, state FROM customer');
    # Two keys of the same person: the user belongs to the one whose answer arrived first.
    is_deeply([delete(@state{qw(cust-000001 cust-000002)}), sort values %state], [qw(created refused created refused)],
        'taken e-mails: who agrees in every member and is nobody else\'s is ours; the others are refused')
        or diag explain [case_ledger($other, 'SELECT external_id, state, code, message FROM customer')];
    like(case_rejects($other), qr{email/exists|exists}, 'taken e-mails: refused as email/exists');
    is(sandbox_counts($sandbox)->{payso}{users}, $rows, 'taken e-mails: no user was created');
    sandbox_stop($sandbox);
}

# kira: an expired token is replaced once for all requests that carried it.
{
    my $sandbox = sandbox_start('--token-life', '1s', '--latency', '20ms');
    my $case = case_for($sandbox, 'kira', rows => 60, csv => csv_rows(60), set => {'delivery.rate' => '20/s', 'delivery.burst' => 1});
    $case->{valid} = 60;
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'short tokens: the run') or diag $err;
    my $counts = sandbox_counts($sandbox)->{kira};
    cmp_ok($counts->{logins}, '>', 3, "short tokens: several logins ($counts->{logins})");
    is($counts->{bad_tokens}, 0, 'short tokens: none was used past its end');
    is_settled($case, 'short tokens: resolved');
    sandbox_stop($sandbox);
}

# kira: the login is refused, or gets no answer.
{
    my $sandbox = sandbox_start();
    my $case = case_for($sandbox, 'kira');
    local $ENV{TEST_PASSWORD_1} = 'not-the-password';
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 4, 'a refused login stops the run');
    like($err, qr/refuses the login; check provider\.credentials/, 'and says what to do');
    is_deeply([case_ledger($case, 'SELECT DISTINCT state, attempts, user_id IS NULL, pending_digest IS NULL FROM customer')], [['unsent', 0, 1, 1]],
        'and leaves every customer unsent');
    is((case_ledger($case, 'SELECT count(*) FROM event WHERE attempt > 0'))[0][0], 0, 'without an attempt');
    is(sandbox_counts($sandbox)->{kira}{requests}, 1, 'and was tried once');
    sandbox_stop($sandbox);
    $ENV{TEST_PASSWORD_1} = 'demo-kira-password';
    $sandbox = sandbox_start('--fault', 'status-503:x2');
    $case = case_for($sandbox, 'kira');
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'a login without an answer is asked for again') or diag $err;
    is_settled($case, 'a login without an answer: resolved');
    sandbox_stop($sandbox);
}

done_testing;
