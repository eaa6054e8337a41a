#!/usr/bin/perl
# restore, ledger copy and forget of a ledger in PostgreSQL are killed at each of their failpoints, as tests/crash/recovery.t
# does with a file. The same command, repeated, reaches its end; in between nothing half is there, no customer is created twice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycPostgres;

BEGIN {
    $ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';
    $ENV{KYC_LEDGER} = 'postgresql';
    $ENV{KYC_LEASE_MS} = 600;
}
my $why = postgres_missing();
plan skip_all => $why if $why;
require KycRun;
KycRun->import;

my $sandbox = sandbox_start();
my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(3));
my ($folder, $url) = @$case{qw(folder url)};

# In the database: three customers, of which there is a backup, a fourth one, and one that was forgotten since.
run_of($case, 'three are created', 0);
is((case_run($case, 'backup', "$folder/older"))[0], 0, 'a backup');
write_file("$folder/export.csv", csv_rows(4));
run_of($case, 'a fourth one is created', 0);
is((case_run($case, 'forget', '--key', 'cust-000002'))[0], 0, 'one is forgotten');
my $users = sandbox_counts($sandbox)->{kira}{users};
my $saved = scratch_folder();
run_program('cp', '-a', "$folder/.", $saved);
my $saved_database = case_save_ledger($case);

sub reset_all
{
    run_program('sh', '-c', 'rm -rf "$1"/* && cp -a "$2/." "$1"', 'sh', $folder, $saved);
    case_restore_ledger($case, $saved_database);
    return;
}
sub value { my ($query, $schema) = @_; return (postgres_query($url, $query, $schema || 'kyc_test'))[0][0]; }
sub schemas { return map { $_->[0] } postgres_query($url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kyc%' ORDER BY 1"); }
sub file_is_usable { return -e "$folder/moved" && (run_program('sqlite3', '-readonly', "$folder/moved", "SELECT count(*) FROM meta WHERE key = 'moved_to'"))[1] eq "0\n"; }

my %between = (
    restore => sub {
        my ($status, undef, $err) = case_run($case);
        return ($status == 5 || $status == 0 || $status == 1 ? () : "a run has status $status: $err",
            sandbox_counts($sandbox)->{kira}{users} == $users ? () : 'a run created somebody');
    },
    ledger => sub { return file_is_usable() && value("SELECT count(*) FROM meta WHERE key = 'moved_to'") == 0 ? 'two ledgers' : (); },
    forget => sub { return; },
);
my %after = (
    restore => sub {
        my ($status, undef, $err) = case_run($case);
        return ($status == 5 ? () : "a run has status $status: $err", value("SELECT count(*) FROM customer WHERE state = 'created'") == 2 ? () : 'other customers than the backup has',
            value("SELECT count(*) FROM customer WHERE external_id = 'cust-000002'") == 0 ? () : 'who was forgotten is back');
    },
    ledger => sub {
        my ($status, $out, $err) = case_run($case, 'check', '--json', '-q', '--set', 'ledger=sqlite:moved');
        return (($out =~ /"unchanged":(\d+)/ ? $1 : $err) == 3 ? () : "it does not continue: $out $err", (case_run($case))[0] == 5 ? () : 'the former place can be used');
    },
    forget => sub { return value("SELECT count(*) FROM customer WHERE external_id = 'cust-000003'") == 0 ? () : 'its key is still there'; },
);

for my $command (['forget', '--key', 'cust-000003'], ['ledger', $url, 'sqlite:moved'], ['restore', "$folder/older"]) {
    my ($name, @arguments) = @$command;
    subtest $name => sub {
        reset_all();
        my $logs = scratch_folder();
        local $ENV{KYC_STEP_LOG} = "$logs/steps";
        my ($status, undef, $err) = case_run($case, $name, @arguments);
        is($status, 0, 'without a kill') or diag $err;
        my @steps = split /\n/, read_file("$logs/steps");
        cmp_ok(scalar @steps, '>', 5, scalar(@steps) . ' steps');
        # Of commits alike every third one.
        my $commits = 0;
        @steps = grep { !/^(?:transaction written|commit sent|committed)#/ || $commits++ % 3 == 0 } @steps if !$ENV{KYC_ALL_STEPS};
        my @problems;
        for my $step (@steps) {
            reset_all();
            {
                local $ENV{KYC_STOP_AT} = $step;
                ($status) = case_run($case, $name, @arguments);
            }
            push @problems, "$step: status $status" if $status != 137;
            local $ENV{KYC_STEP_LOG};
            delete $ENV{KYC_STEP_LOG};
            push @problems, map { "$step: between: $_" } $between{$name}->();
            my $is_done = $name eq 'ledger' && -e "$folder/moved";
            ($status, undef, $err) = case_run($case, $name, @arguments);
            push @problems, "$step: repeated: status $status: $err" if $status != ($is_done ? 2 : 0);
            push @problems, map { "$step: after: $_" } $after{$name}->();
            my (undef, $out) = case_run($case, 'status', '--verify', '--json');
            push @problems, "$step: after: it does not verify: $1" if $out =~ /"kind":"(?!report)(\w+)"/;
            push @problems, map { "$step: $_ is left" } grep { /draft/ } schemas();
        }
        is_deeply(\@problems, [], 'killed at each: the same end');
    };
}
is(sandbox_counts($sandbox)->{kira}{users}, $users, 'nobody was created by all of that');
sandbox_stop($sandbox);
done_testing;
