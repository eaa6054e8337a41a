#!/usr/bin/perl
# The program as process 1, as a container without an init runs it: the kernel drops a signal of process 1 that is neither
# handled nor blocked. SIGTERM finishes what is in flight, with status 6, also when it comes before anything was sent; a
# command that has nothing to finish ends at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;

plan skip_all => 'only root may make a pid namespace' if $> != 0;
my @namespace = qw(unshare --pid --fork --mount-proc --kill-child);
plan skip_all => 'this machine allows no pid namespaces (a container without privileges?)' if (run_program(@namespace, 'true'))[0];

# Starts a program as process 1 of a namespace of its own: its pid here, and that of unshare, which exits with its status.
sub start
{
    my ($in, $err, @command) = @_;
    my $outer = fork;
    die "fork: $!" if !defined $outer;
    if ($outer == 0) {
        open STDIN,  '<&', $in;
        open STDOUT, '>',  '/dev/null';
        open STDERR, '>',  $err;
        { exec {$namespace[0]} @namespace, @command; }
        POSIX::_exit(127);
    }
    my $pid = await(10, sub { (eval { read_file("/proc/$outer/task/$outer/children") } // '') =~ /^(\d+)/ && $1 });
    return ($pid, $outer);
}

# What a function returns as soon as that is true; after the time, in seconds, the test ends.
sub await
{
    my ($seconds, $function) = @_;
    my $deadline = time + $seconds;
    while (time < $deadline) {
        my $value = $function->();
        return $value if $value;
        sleep 0.0002;
    }
    die "nothing after $seconds s";
}

sub status_of
{
    my ($pid, $name) = @_;
    my $text = eval { read_file("/proc/$pid/status") } // '';
    return $text =~ /^Name:\tkyc-import$/m && $text =~ /^\Q$name\E:\t(\S+)/m ? $1 : undef;
}

sub blocks_term { my $mask = status_of($_[0], 'SigBlk'); return defined $mask && hex(substr $mask, 8) & 1 << 14 }

sub wait_for
{
    my ($outer) = @_;
    waitpid $outer, 0;
    return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}

open my $null, '<', '/dev/null' or die $!;
my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--latency', '1500ms');

# While requests are in flight.
my $case = case_new($sandbox, rows => 60, set => {'delivery.rate' => '40/s', 'delivery.in_flight' => 8});
my ($pid, $outer) = start($null, "$case->{folder}/err", case_arguments($case, 'run'));
like(read_file("/proc/$pid/status"), qr/^NSpid:\t\d+(?:\t\d+)*\t1$/m, 'it is process 1');
await(20, sub { sandbox_counts($sandbox)->{payward}{requests} >= 4 });
my $began = time;
kill 'TERM', $pid;
is(wait_for($outer), 6, 'SIGTERM with requests in flight: status 6') or diag(read_file("$case->{folder}/err"));
cmp_ok(time - $began, '<', 5, 'soon');
my $summary = case_summary($case);
cmp_ok($summary->{created}, '>=', 4, 'what was in flight is finished');
is($summary->{created}, sandbox_counts($sandbox)->{payward}{users}, 'each user that was made is known');
is($summary->{in_doubt}, 0, 'nothing is in doubt');
cmp_ok($summary->{unsent}, '>', 0, 'the rest is unsent');
sandbox_stop($sandbox);

$sandbox = sandbox_start('--nonce-window', 10_000_000_000);
$case = case_new($sandbox, rows => 5);

# Before the thread that waits for signals has started: a long job file makes that time longer.
my $job = read_file("$case->{folder}/job.yaml");
my $values = join '', map { "      long_word_$_: other\n" } 1 .. 20_000;
write_file("$case->{folder}/job.yaml", $job =~ s/^  occupation: job_title$/  occupation:\n    column: job_title\n    values:\n$values    otherwise: other/mr);
my $threads;
for my $try (1 .. 50) {
    ($pid, $outer) = start($null, "$case->{folder}/err", case_arguments($case, 'run'));
    await(20, sub { blocks_term($pid) });
    kill 'STOP', $pid;
    await(20, sub { (status_of($pid, 'State') // '') eq 'T' });
    $threads = status_of($pid, 'Threads');
    last if $threads == 1;
    # This process was woken up too late.
    kill 'KILL', $pid;
    wait_for($outer);
}
kill 'TERM', $pid;
kill 'CONT', $pid;
is($threads, 1, 'SIGTERM before there is a second thread');
is(wait_for($outer), 6, 'is not lost: status 6') or diag(read_file("$case->{folder}/err"));
is(sandbox_counts($sandbox)->{payward}{requests} // 0, 0, 'nothing was sent');
is((case_run($case))[0], 0, 'the next run');
is_settled($case, 'completes it');

# A command that waits for its input, and has nothing to finish.
pipe my $in, my $never or die "pipe: $!";
($pid, $outer) = start($in, "$case->{folder}/err", program('kyc-import'), 'guess', '-', '--provider', 'kira');
await(20, sub { status_of($pid, 'Threads') && !blocks_term($pid) && hex(substr status_of($pid, 'SigCgt'), 8) & 1 << 14 });
kill 'TERM', $pid;
is(wait_for($outer), 128 + 15, 'guess ends at once, with the status that a shell shows');
sandbox_stop($sandbox);
done_testing;
