#!/usr/bin/perl
# Creates in doubt whose user the provider shows unclearly: listed and not fetched, without a compared member, with an e-mail
# in lower case, in a list that is not whole. What is not shown clearly is never absence: nobody has two users.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $rows = 4;

# E-mails with capitals before the @, where no rule changes them.
sub capitals { return csv_rows($rows) =~ s/cust-(\d+)\@/Cust-$1\@/gr; }

# Customers in doubt whose creates have landed, at a provider with these options. At kira the idempotency keys are forgotten.
sub landed
{
    my ($provider, $options, %option) = @_;
    my $sandbox = sandbox_start('--idempotency-life', '1ms', @$options);
    my $case = case_new($sandbox, provider => $provider, rows => $rows, %option, set => {'delivery.timeout' => '200ms',
        $provider eq 'kira' ? ('provider.idempotency_window' => '1h') : ('provider.settle_after' => '400ms')});
    sandbox_faults($sandbox, 'drop:100%@create');
    local $case->{set} = {%{$case->{set}}, 'delivery.in_doubt' => 'hold'};
    case_run($case, '-q');
    sandbox_faults($sandbox);
    is(case_summary($case)->{in_doubt}, $rows, "$provider: all are in doubt");
    return $case;
}

sub codes { return join ' ', map { $_->[0] } case_ledger($_[0], 'SELECT DISTINCT code FROM customer ORDER BY 1'); }

# A run that must leave all in doubt under a code, with something to do in status; then one that settles all.
sub stays_unclear
{
    my ($case, $sentence, $code, $advice) = @_;
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, "$sentence: status 1") or diag $err;
    is(case_summary($case)->{in_doubt}, $rows, "$sentence: all stay in doubt");
    is(sandbox_counts($case->{sandbox})->{$case->{provider}}{users}, $rows, "$sentence: nobody is created again");
    is(codes($case), $code, "$sentence: $code");
    my (undef, $out) = case_run($case, 'status');
    like($out, $advice, "$sentence: status has its hint");
    sandbox_faults($case->{sandbox});
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "$sentence: the run after it") or diag $err;
    is_settled($case, "$sentence: settled");
    sandbox_stop($case->{sandbox});
}

sub is_settled_at_once
{
    my ($case, $sentence) = @_;
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "$sentence: the next run") or diag $err, explain [case_ledger($case, 'SELECT external_id, state, code, message FROM customer')];
    is_settled($case, "$sentence: settled");
    sandbox_stop($case->{sandbox});
}

{
    my $case = landed('kira', []);
    sandbox_faults($case->{sandbox}, 'not-found:100%@fetch');
    stays_unclear($case, 'kira, listed and not fetched', 'user_not_fetched', qr/lists a user .* does not give it/);
}
{
    my $case = landed('kira', []);
    sandbox_faults($case->{sandbox}, 'left-out:100%@fetch');
    is_settled_at_once($case, 'kira, without the birth date: the external_id agrees');
}
{
    my $case = landed('payso', []);
    sandbox_faults($case->{sandbox}, 'left-out:100%@list');
    stays_unclear($case, 'payso, without the birth date', 'user_incomplete', qr/agrees in what is given of it/);
}

# E-mails that are stored in lower case.
is_settled_at_once(landed($_, ['--emails', 'lower-case'], csv => capitals()), "$_, e-mails in lower case") for qw(kira payso);
{
    my $case = landed('payso', ['--emails', 'lower-case'], csv => capitals());
    write_file("$case->{folder}/export.csv", capitals() =~ s/Cust-(\d+)\@/new-$1\@/gr);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'payso, e-mails in lower case, the row has another: refused as record/no_update') or diag $err;
    is(case_summary($case)->{refused}, $rows, 'each is found by the e-mail of its journal');
    is(sandbox_counts($case->{sandbox})->{payso}{users}, $rows, 'and nobody is created again');
    sandbox_stop($case->{sandbox});
}
{
    my $sandbox = sandbox_start('--emails', 'lower-case', '--payso-unique', 'email');
    my $case = case_new($sandbox, provider => 'payso', rows => $rows, csv => capitals(), set => {'provider.settle_after' => '400ms', 'delivery.timeout' => '200ms'});
    case_run($case, '-q');
    my $set = $case->{set};
    $case = case_new($sandbox, provider => 'payso', rows => $rows, csv => capitals(), set => $set); # without its ledger
    is_settled_at_once($case, 'payso, users that exist already, e-mails in lower case');
}

done_testing;
