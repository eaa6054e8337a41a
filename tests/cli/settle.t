#!/usr/bin/perl
# settle, the old name of resolve: users given by a person, adoption of existing users, a changed e-mail accepted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:100%');
my $case = case_new($sandbox, provider => 'kraken-embed', rows => 3, set => {'delivery.attempts' => 1});
case_run($case, '-q');
sandbox_faults($sandbox);
case_run($case, '-q');
is(case_summary($case)->{in_doubt}, 3, 'three creates in doubt that only a person can resolve');
my %id = map { $_->{external_id} => $_->{id} } sandbox_users($sandbox, 'kraken-embed');

my ($status, $out, $err) = case_run($case, 'settle', '--key', 'cust-000001', '--user', $id{'cust-000001'});
is($status, 0, 'the user that it has') or diag $err;
like($out, qr/^1 resolved, 0 adopted, 0 accepted as they are, 0 not written$/, 'is reported');
($status, $out, $err) = case_run($case, 'settle', '--key', 'cust-000002', '--user', $id{'cust-000001'});
is($status, 1, 'a user of another customer');
like($err, qr/the provider has this user for another customer/, 'is never given');
($status, $out, $err) = case_run($case, 'settle', '--key', 'cust-000002', '--user', $id{'cust-000001'}, '--unchecked');
like($err, qr/another customer of this ledger already has this user/, 'nor unchecked');
($status, $out, $err) = case_run($case, 'settle', '--key', 'cust-000001', '--user', $id{'cust-000002'}, '--unchecked');
like($out, qr/^0 resolved, 0 adopted, 0 accepted as they are, 1 corrected, 0 not written$/, 'a later answer corrects an earlier one');
case_run($case, 'settle', '--key', 'cust-000001', '--user', $id{'cust-000001'});
is_deeply([case_ledger($case, "SELECT user_id FROM customer WHERE external_id = 'cust-000001'")], [[$id{'cust-000001'}]], 'and back');
is_verified($case, 'each correction is an event');

write_file("$case->{folder}/users.csv",
    "external_id,user_id\ncust-000002,$id{'cust-000002'}\ncust-000003,$id{'cust-000003'}\nold-1,AA00 OLD1 USER 0001\n");
($status, $out, $err) = case_run($case, 'settle', '--from', "$case->{folder}/users.csv");
is($status, 1, 'a file of them');
like($err, qr/users\.csv:4: the provider has no such user: nothing was written/, 'is asked for');
like($out, qr/^2 resolved, 0 adopted, 0 accepted as they are, 1 not written$/, 'and what holds is written');
($status, $out) = case_run($case, 'settle', '--key', 'old-1', '--user', 'AA00 OLD1 USER 0001', '--unchecked');
like($out, qr/^0 resolved, 1 adopted/, 'unchecked, anything is adopted');
case_run($case, '-q');
is(join(' ', @{case_summary($case)}{qw(created updated unchanged)}), '0 1 2', 'the next run sends the data of the corrected one, and has nothing else to do');
is(sandbox_counts($sandbox)->{'kraken-embed'}{users}, 3, 'and no customer has two users');

# Characters that an editor or a copy added to such a file are not part of an id.
my @damaged = ("old-2\0,AA00 OLD2 USER 0001", "old-3,AA00 OLD3\0USER 0001", "old-4\e,AA00 OLD4 USER 0001", "old-5,AA00 OLD5 USER 0001\x7f",
    "old-6\xc2\x85,AA00 OLD6 USER 0001", "\xef\xbb\xbfold-7,AA00 OLD7 USER 0001");
write_file("$case->{folder}/users.csv", join "\n", 'external_id,user_id', @damaged, 'old-8,AA00 OLD8 USER 0001', '');
($status, $out, $err) = case_run($case, 'settle', '--from', "$case->{folder}/users.csv", '--unchecked');
is($status, 1, 'ids with NUL or other control bytes are not written');
like($out, qr/^0 resolved, 1 adopted, 0 accepted as they are, 6 not written$/, 'but the others are');
write_file("$case->{folder}/users.csv", "\xff\xfe" . join '', map { "$_\0" } split //, "external_id,user_id\nold-9,AA00 OLD9 USER 0001\n");
($status, $out, $err) = case_run($case, 'settle', '--from', "$case->{folder}/users.csv");
is($status, 1, 'a file in UTF-16 is read');
like($err, qr/users\.csv:2: the provider has no such user/, 'line by line');

# Absent: created again.
my $other = case_new($sandbox, rows => 1, set => {'delivery.attempts' => 1});
sandbox_faults($sandbox, 'status-500:100%');
case_run($other, '-q');
is(case_summary($other)->{in_doubt}, 1, 'a create in doubt at payward');
sandbox_faults($sandbox);
($status) = case_run($other, 'settle', '--key', 'cust-000001', '--absent');
is($status, 0, 'a person answers that there is no user');
case_run($other, '-q');
is(case_summary($other)->{created}, 1, 'the next run creates it');

# A changed e-mail, accepted.
my $csv = csv_rows(1);
$csv =~ s/cust-000001\@/changed\@/;
write_file("$other->{folder}/export.csv", $csv);
case_run($other, '-q');
is(case_summary($other)->{refused}, 1, 'a changed e-mail is refused');
my ($user) = map { $_->{id} } sandbox_users($sandbox, 'payward');
for my $odd (substr($user, 0, 13), $user x 3) {
    ($status, $out, $err) = case_run($other, 'settle', '--key', 'cust-000001', '--user', $odd);
    is($status, 1, 'an id of ' . length($odd) . ' characters is none of payward');
    like($err, qr/a user id of payward has 14 to 42 characters: nothing was written/, 'which is reported');
}
($status, $out) = case_run($other, 'settle', '--key', 'cust-000001', '--user', $user);
like($out, qr/^0 resolved, 0 adopted, 1 accepted as they are/, 'until a person accepts it');
case_run($other, '-q');
is(case_summary($other)->{refused}, 0, 'then no more');
sandbox_reset($sandbox);
case_run($other, '-q');
is(case_summary($other)->{unchanged}, 1, 'and from then on nothing is to do');
is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'without a request');

# payso does not support updates, and the data of an adopted user is unknown: it stays as it is, without a finding.
my $adopted = case_new($sandbox, provider => 'payso', rows => 3);
case_run($adopted, 'settle', '--key', 'cust-000002', '--user', 'usr_adopted', '--unchecked');
($status, $out, $err) = case_run($adopted, '-q');
is($status, 0, 'payso: a run with an adopted user succeeds') or diag $err;
is(join(' ', @{case_summary($adopted)}{qw(created unchanged refused)}), '2 1 0', 'payso: it is unchanged');

($status, $out, $err) = case_run($other, 'settle', '--key', 'x');
is($status, 2, 'a key without a resolution is a wrong command line');
like($err, qr/--user USER_ID, --absent/, 'and the message names what is missing');
done_testing;
