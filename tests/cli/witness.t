#!/usr/bin/perl
# ledger_witness: on a machine that starts each night with an empty report folder and a restored ledger, as a pod does, an older
# ledger is still found out, and nothing is sent from it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start();
my $place = is_postgres() ? qr{postgresql://\S+} : qr{\S+test\.ledger};
my $users = sub { sandbox_counts($sandbox)->{kira}{users} };

# The ledger as a volume keeps it: a night of 10 customers is kept as `old`, then 10 more are created.
sub two_nights
{
    my ($first, %set) = @_;
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(20, 0, $first), rows => 20, set => \%set);
    run_of($case, 'a night of 10 customers', 0, '--limit', 10, '--rows-ok');
    $case->{old} = case_save_ledger($case);
    run_of($case, 'a night of 10 more', 0);
    return $case;
}

# What is new in each pod: the ledger's folder has only what was restored to it, the report folder is empty.
sub lose
{
    my ($case, $restored) = @_;
    run_program('sh', '-c', 'cd "$1" && rm -rf reports metrics', 'sh', $case->{folder});
    case_lose_ledger($case, $restored ? qr/\.key$/ : undef);
    case_restore_ledger($case, $case->{old}) if $restored;
    $case->{looks} = 1; # no --new-ledger of the tests' own
    return;
}

subtest 'without a second place the loss of the first is not seen' => sub {
    my $case = two_nights(100);
    lose($case, 1);
    my ($status, undef, $err) = case_run($case, '--limit', 1);
    cmp_ok($status, '<=', 1, 'a run continues from an older ledger, which is why there is the setting') or diag $err;
};

subtest 'an older ledger' => sub {
    my $case = two_nights(200, ledger_witness => 'far/witness');
    my @files = glob "$case->{folder}/far/witness/*";
    is(scalar @files, 1, 'the folder has one file') or diag "@files";
    like($files[0], qr{/ledger-[0-9a-f]{8}-[0-9a-f]{8}\.head$}, 'the record of the last run');
    is((stat "$case->{folder}/far/witness")[2] & 0777, 0700, 'in a folder of its own account');
    is((stat $files[0])[2] & 0777, 0600, 'which other accounts cannot read');
    unlike(read_file($files[0]), qr/cust-|example\.com/, 'no customer is in it');
    lose($case, 1);
    my $before = $users->();
    my ($status, undef, $err) = case_run($case);
    is($status, 5, 'a run stops');
    like($err, qr{$place: this ledger does not hold the last run that \S+/far/witness/\S+\.head records: it is older .*\nhint: }, 'and says which record it lacks');
    is($users->(), $before, 'nobody is created twice');
    like((case_run($case, 'check', '--rows-ok'))[2], qr/warning: .*far\/witness.* records/, 'a check warns');
    ($status, undef, $err) = case_run($case, 'status', '--verify');
    isnt($status, 0, 'status --verify finds it') or diag $err;
    run_of($case, 'a person decides to continue', 0, '--new-ledger');
    run_of($case, 'from then on the record is that of this ledger', 0);
};

subtest 'a missing ledger' => sub {
    my $case = two_nights(300, ledger_witness => 'witness');
    lose($case, 0);
    my $before = $users->();
    my ($status, undef, $err) = run_program(grep { $_ ne '--new-ledger' } case_arguments($case, 'run'));
    is($status, 5, 'a run stops');
    like($err, qr{$place: the ledger is missing, and \S+/witness/\S+\.head shows that this job had one}, 'although nothing else is left of it');
    is($users->(), $before, 'nobody is created twice');
};

subtest 'a folder without a record of a ledger that has one' => sub {
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(3, 0, 500), rows => 3, set => {ledger_witness => 'witness'});
    my $warning = qr{warning: \S+/witness: this folder of ledger_witness has no record of the ledger, although the ledger has had 1 run before\b[^\n]*\n.*hint: [^\n]*mount};
    unlike((case_run($case))[2], $warning, 'the first run of the ledger has none to find');
    unlike((case_run($case))[2], $warning, 'the second one finds it');
    $case = case_new($sandbox, provider => 'kira', csv => csv_rows(3, 0, 510), rows => 3);
    run_of($case, 'without a witness', 0);
    $case->{looks} = 1;
    my ($status, undef, $err) = case_run($case, '--set', 'ledger_witness=witness');
    is($status, 0, 'a run with a new one, or without the mount of its storage, is not stopped');
    like($err, $warning, 'and says so');
    unlike((case_run($case, '--set', 'ledger_witness=witness'))[2], qr/has no record/, 'once');
};

subtest 'a folder that cannot be written' => sub {
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(2, 0, 400), rows => 2, set => {ledger_witness => 'witness'});
    write_file("$case->{folder}/witness", 'a file');
    my ($status, undef, $err) = case_run($case);
    is($status, 0, 'the run is complete: the other places have the record');
    like($err, qr{warning: \S+/witness/ledger-\S+\.head: [^\n]+: the last run of the ledger could not be recorded here, only in another place\n.*hint: }, 'with a warning');
    like((case_run($case, 'probe'))[1], qr/^witness +NOT OK +\S+witness is not a folder\n +hint: set `ledger_witness` to a folder$/m, 'which probe shows before') or diag((case_run($case, 'probe'))[1]);
    unlink "$case->{folder}/witness";
    like((case_run($case, 'probe'))[1], qr/^witness +ok +\S+witness can be written$/m, 'and one that can be made is right');
};
done_testing;
