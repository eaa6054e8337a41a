#!/usr/bin/perl
# backup, restore, forget and ledger copy are killed at each of their failpoints. The same command, repeated, reaches the end of one that
# was not killed; in between nothing half is there, no customer is created twice, and who was forgotten stays forgotten.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my $sandbox = sandbox_start();
my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(3));
my $folder = "$case->{folder}";

# In the folder: three customers, a backup of them, a fourth one, and one that was forgotten since.
run_of($case, 'three are created', 0);
is((case_run($case, 'backup', "$folder/older"))[0], 0, 'a backup');
write_file("$folder/export.csv", csv_rows(4));
run_of($case, 'a fourth one is created', 0);
is((case_run($case, 'forget', '--key', 'cust-000002'))[0], 0, 'one is forgotten');
my $users = sandbox_counts($sandbox)->{kira}{users};
my $saved = scratch_folder();
run_program('cp', '-a', "$folder/.", "$saved");

sub names { opendir my $stream, $folder or die $!; return sort grep { !/^\.\.?$/ } readdir $stream; }
sub reset_folder { run_program('sh', '-c', 'rm -rf "$1"/* && cp -a "$2/." "$1"', 'sh', $folder, "$saved"); }
sub sql { return (run_program('sqlite3', '-readonly', $_[0], $_[1]))[1]; }

# Why the state after a kill is wrong.
my %between = (
    backup => sub { return -e "$folder/new" && sql("$folder/new", 'SELECT count(*) FROM customer') ne "4\n" ? 'half a backup' : (); },
    forget => sub { return sql("$folder/test.ledger", 'PRAGMA integrity_check') eq "ok\n" ? () : 'a damaged ledger'; },
    restore => sub {
        my ($status, undef, $err) = case_run($case);
        return (($status == 5 || ($status == 1 && -s "$folder/test.ledger")) ? () : "a run has status $status: $err",
            sandbox_counts($sandbox)->{kira}{users} == $users ? () : 'a run created somebody');
    },
    # At most one of the two places has a ledger that a run would write.
    ledger => sub {
        my @usable = grep { -e "$folder/$_" && sql("$folder/$_", "SELECT count(*) FROM meta WHERE key = 'moved_to'") eq "0\n" } qw(test.ledger moved);
        return (@usable < 2 ? () : 'two ledgers', -e "$folder/moved" && sql("$folder/moved", 'SELECT count(*) FROM customer') ne "4\n" ? 'half a copy' : ());
    },
);
# And after the command was repeated.
my %after = (
    backup => sub { return sql("$folder/new", 'SELECT count(*) FROM customer') eq "4\n" ? () : 'no whole backup'; },
    forget => sub {
        my ($status, $out) = run_program('grep', '-rl', '--exclude=export.csv', '--exclude=older', 'cust-000003', $folder);
        return $status == 1 ? () : "its key is still in $out";
    },
    restore => sub {
        my ($status, undef, $err) = case_run($case);
        return ($status == 5 ? () : "a run has status $status: $err",
            read_file("$folder/test.ledger") =~ /cust-000002/ ? 'who was forgotten is back' : (),
            sql("$folder/test.ledger", "SELECT count(*) FROM customer WHERE state = 'created'") eq "2\n" ? () : 'other customers than the backup has');
    },
    ledger => sub {
        my ($status, $out, $err) = case_run($case, 'check', '--json', '-q', '--set', 'ledger=sqlite:moved');
        return (($out =~ /"unchanged":(\d+)/ ? $1 : $err) == 3 ? () : "it does not continue: $out $err", (case_run($case))[0] == 5 ? () : 'the former place can be used');
    },
);

for my $command (['backup', "$folder/new"], ['forget', '--key', 'cust-000003'], ['ledger', 'sqlite:test.ledger', 'sqlite:moved'], ['restore', "$folder/older"]) {
    my ($name, @arguments) = @$command;
    subtest $name => sub {
        reset_folder();
        my $logs = scratch_folder();
        my $log = "$logs/steps";
        local $ENV{KYC_STEP_LOG} = $log;
        my ($status, undef, $err) = case_run($case, $name, @arguments);
        is($status, 0, 'without a kill') or diag $err;
        my @steps = split /\n/, read_file($log);
        cmp_ok(scalar @steps, '>', 5, scalar(@steps) . ' steps');
        my @problems;
        for my $step (@steps) {
            reset_folder();
            {
                local $ENV{KYC_STOP_AT} = $step;
                ($status) = case_run($case, $name, @arguments);
            }
            push @problems, "$step: status $status" if $status != 137;
            {
                local $ENV{KYC_STEP_LOG};
                delete $ENV{KYC_STEP_LOG};
                push @problems, map { "$step: between: $_" } $between{$name}->();
                unlink "$folder/new";
                my $is_done = -e "$folder/moved"; # nothing is left to repeat
                ($status, undef, $err) = case_run($case, $name, @arguments);
                push @problems, "$step: repeated: status $status: $err" if $status != ($is_done ? 2 : 0);
                push @problems, map { "$step: after: $_" } $after{$name}->();
                my ($verified, $out) = case_run($case, 'status', '--verify', '--json');
                push @problems, "$step: after: it does not verify: $1" if $out =~ /"kind":"(?!report)(\w+)"/;
            }
            push @problems, map { "$step: $_ is left" } grep { /\.tmp-/ } names();
        }
        is_deeply(\@problems, [], 'killed at each: the same end');
    };
}
is(sandbox_counts($sandbox)->{kira}{users}, $users, 'nobody was created by all of that');
sandbox_stop($sandbox);
done_testing;
