#!/usr/bin/perl
# provider.keep: members of the provider's answers, by paths; what is refused, what is merged, what is told, and
# the columns of results.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $json = JSON::PP->new->utf8->canonical;

sub set_keep
{
    my ($case, $keep) = @_;
    $case->{job} //= read_file("$case->{folder}/job.yaml");
    (my $job = $case->{job}) =~ s/^(  credentials: .*\n)/$1  keep: $keep\n/m or die;
    write_file("$case->{folder}/job.yaml", $job);
}

sub kept_of
{
    my ($case) = @_;
    my ($status, $out) = case_run($case, 'results', '--format', 'ndjson');
    return [map { $json->decode($_)->{kept} } split /\n/, $out];
}

# What may not be kept: each is an error at its place, with a hint.
my $kira = sandbox_start('--seed', 3);
my $case = case_new($kira, provider => 'kira', rows => 2);
for (
    ['[verification_status, verification_link]', 31, qr/`keep` names `verification_link`, a link: links are credentials, which the ledger never holds\n.*hint: remove it; run writes the links of answers to links\.csv/s],
    ['[data.kycUrl]', 10, qr/`keep` names `data\.kycUrl`, a link/],
    ['[email]', 10, qr/`keep` names `email`, of which `email` is sent by the create: the ledger holds no data of the customer\n.*hint: /s],
    ['[data.first_name]', 10, qr/`keep` names `data\.first_name`, of which `first_name`/],
    ['[residential_address.city]', 10, qr/of which `residential_address` is sent by the create/],
    ['[metadata]', 10, qr/of which `metadata` is sent/],
    ['[data]', 10, qr/`keep` names `data`, which may hold all data of the customer\n.*hint: name the member within it that you need, such as data\.accounts/s],
    ['[data.user]', 10, qr/`keep` names `data\.user`, which may hold all/],
    ['[id..x]', 10, qr/`keep` names `id\.\.x`, which is not a path of names\n.*hint: write dots between/s],
    ['[id.]', 10, qr/`id\.`, which is not a path/],
    ["['']", 10, qr/not a path|empty/],
    ['[id, id]', 14, qr/`keep` names `id` twice/],
    ['id', 9, qr/`keep`/],
    ['[' . join(', ', map { "m$_" } 1 .. 65) . ']', 9, qr/`keep` has 65 names, and may have 64/],
    ) {
    my ($keep, $column, $want) = @$_;
    set_keep($case, $keep);
    my ($status, $out, $err) = case_run($case, 'check', '-q');
    is("$status$out", '2', "keep: $keep is status 2");
    like($err, qr/job\.yaml:\d+:$column: /, 'at its place');
    like($err, $want, 'with what is wrong and what to do');
}
for my $refused (['payward', 'full_name'], ['payward', 'data.residence.city'], ['payward', 'external_reference'], ['kraken-embed', 'date_of_birth'], ['payso', 'user.ssn'], ['payso', 'user']) {
    my ($provider, $name) = @$refused;
    my $other = case_new($kira, provider => $provider, rows => 1);
    set_keep($other, "[$name]");
    my ($status, undef, $err) = case_run($other, 'check', '-q');
    is($status, 2, "$provider: keep: [$name] is refused");
    like($err, qr/:\d+:10: `keep` names `\Q$name\E`/, 'at its place');
}
for my $taken (['payward', 'data.accounts'], ['kraken-embed', 'status.state'], ['payso', 'kyc.general.status'], ['kira', 'verification_link_error']) {
    my ($provider, $name) = @$taken;
    my $other = case_new($kira, provider => $provider, rows => 1);
    set_keep($other, "[$name]");
    is((case_run($other, 'check', '-q'))[0], 0, "$provider: keep: [$name] is accepted");
}

# Merged: an update has other members than the create.
set_keep($case, '[verification_status, requires_reverification, nothing]');
my ($status, $out, $err) = case_run($case, '-q');
is($status, 0, 'a run that keeps three members');
is($json->encode(kept_of($case)), '[{"verification_status":"unverified"},{"verification_status":"unverified"}]', 'the create has one of them');
like($err, qr/job\.yaml:\d+:56: no answer of the provider has ever had `nothing`\n.*hint: write the name as/s, 'the misspelt one is told at the end');
like($err, qr/no answer of the provider has ever had `requires_reverification`/, 'and one that only updates have');
my $csv = read_file("$case->{folder}/export.csv");
write_file("$case->{folder}/export.csv", $csv =~ s/^(cust-000001,.*),\w+$/$1,finance/mr);
($status, $out, $err) = case_run($case, '-q');
is($json->encode(kept_of($case)),
    '[{"requires_reverification":false,"verification_status":"unverified"},{"verification_status":"unverified"}]', "an update's members are merged into them");
unlike($err, qr/had `requires_reverification`/, 'which is not told any more');
like($err, qr/has ever had `nothing`/, 'the other one is');
($status, $out, $err) = case_run($case, '-q');
is($err, '', 'a run that changes nothing tells nothing');

# Columns.
($status, $out) = case_run($case, 'results');
my @lines = split /\n/, $out;
like($lines[0], qr/,kept,.*,kept\.verification_status,kept\.requires_reverification,kept\.nothing$/, 'results has a column for each');
like($lines[1], qr/\}",.*,unverified,false,$/, 'with its bare value');
like($lines[2], qr/\}",.*,unverified,,$/, 'or empty');
sandbox_stop($kira);

# payward's default, and paths.
my $payward = sandbox_start('--nonce-window', 10_000_000_000);
$case = case_new($payward, rows => 2);
($status, $out, $err) = case_run($case, '-q');
is("$status$err", '0', 'without keep');
my $kept = kept_of($case);
is(scalar(grep { $_ && ref $_->{accounts} eq 'ARRAY' && keys %$_ == 1 } @$kept), 2, 'payward keeps the accounts');
($status, $out) = case_run($case, 'results');
@lines = split /\n/, $out;
like($lines[0], qr/,kept,.*,kept\.accounts$/, 'results has a column for them');
like($lines[1], qr/,"\[\{""id"":.*\}\]"$/, 'as JSON');
set_keep($case, '[data.accounts]');
write_file("$case->{folder}/export.csv", csv_rows(3));
($status, $out, $err) = case_run($case, '-q');
is("$status$err", '0', 'by a path');
$kept = kept_of($case);
is(join(' ', map { join ',', sort keys %$_ } @$kept), 'accounts accounts data.accounts', 'under that path; what was kept before stays');
set_keep($case, '[]');
write_file("$case->{folder}/export.csv", csv_rows(4));
case_run($case, '-q');
$kept = kept_of($case);
is($kept->[3], undef, 'an empty list keeps nothing');
unlike((case_run($case, 'results'))[1], qr/kept\./, 'and has no columns');
my ($help) = (run_program(program('kyc-import'), 'help', 'payward'))[1];
like($help, qr/keep +list of [^;]+; default \[accounts\];/, 'help has the default');
like((run_program(program('kyc-import'), 'help', 'kira'))[1], qr/keep +list of [^;]+; default \[\];/, 'and that of the others');
sandbox_stop($payward);
done_testing;
