#!/usr/bin/perl
# Two runs at once, locks that a dead or stopped process left, and inputs that change while they are read.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(sleep);
use KycProof;
use KycTest;
use KycRun;
use KycMachine;

# Waits for an event, not for a time; dies when it does not happen.
sub wait_for
{
    my ($what, $event) = @_;
    for (1 .. 6000) {
        return if $event->();
        sleep 0.01;
    }
    die "$what: not within a minute";
}

sub users { return sandbox_counts($_[0]{sandbox})->{$_[0]{provider}}{users}; }

# Two runs at once, of one job or of two with one key; the second one's message names the holder.
for my $stopped (0, 1) {
    my $held = $stopped ? 'a stopped run' : 'a run';
    machine_parallel $held => sub {
        my $case = machine_case(rows => 60, bad => 0, set => {'delivery.rate' => '10/s', 'delivery.burst' => 1});
        my $other = case_new($case->{sandbox}, rows => 3);
        my $pid = case_start($case, '-q');
        wait_for('the first run', sub { users($case) >= 3 });
        kill 'STOP', $pid if $stopped;
        my ($status, undef, $err) = machine_run($case, {}, '-q');
        is($status, 7, "$held of this job holds the ledger: status 7") or diag $err;
        like($err, qr/ledger \S*test\.ledger is in use by another run: process $pid, since 20\S+Z\n\s*hint: wait until it ends/, "$held of this job: who and since when");
        ($status, undef, $err) = machine_run($other, {}, '-q');
        is($status, 7, "$held of another job holds the key: status 7") or diag $err;
        like($err, qr/another run uses credentials\.api_key of this job: process $pid, since 20\S+Z .*\n\s*hint: wait until it ends, or use another/, "$held of another job: who and since when");
        ok(!-e "$other->{folder}/reports/test/summary.json", "$held of another job: no report of a run that was not");
        kill $stopped ? 'KILL' : 'CONT', $pid;
        waitpid $pid, 0;
        is($? & 127, $stopped ? 9 : 0, "$held: its end");
        ok(-s "$case->{folder}/test.ledger.lock", "$held: its lock file stays, and holds nothing");
        machine_holds($case, "$held has ended");
    };
}

# Two jobs with one credential would send at twice the provider's limit: one at a time, at every provider and in every command
# that sends requests. For each part of kira's: the gateway limits an API key, a login belongs to a client.
my %parts = (payward => ['api_key'], 'kraken-embed' => ['api_key'], kira => ['api_key', 'client_id'], payso => ['token']);
for my $provider (sort keys %parts) {
    machine_parallel "$provider, one credential" => sub {
        my $case = machine_case(provider => $provider, rows => 60, bad => 0, set => {'delivery.rate' => '60/s', 'delivery.burst' => 1});
        my $other = case_new($case->{sandbox}, provider => $provider, rows => 3);
        my $pid = case_start($case, '-q');
        wait_for("$provider, the first run", sub { users($case) >= 3 });
        kill 'STOP', $pid;
        sleep 0.3;    # requests on their way arrive
        my $requests = sandbox_counts($case->{sandbox})->{$provider}{requests};
        for my $part (@{$parts{$provider}}) {
            local %ENV = %ENV;
            for my $unshared (grep { $_ ne $part } @{$parts{$provider}}) {
                $ENV{uc "TEST_${unshared}_1"} .= '-other';
            }
            for my $command (['run', '-q'], ['status', '--against-provider'], ['resolve', '--key', 'cust-000001', '--user', 'fake-user-000001']) {
                my ($status, undef, $err) = machine_run($other, {}, @$command);
                is($status, 7, "$provider, $command->[0] of another job with the same $part: status 7") or diag $err;
                like($err, qr/another run uses credentials\.$part of this job: process $pid, since 20\S+Z/, "$provider, $command->[0], the same $part: who and since when");
            }
            my ($status, $out, $err) = machine_run($other, {}, 'probe');
            is($status, 1, "$provider, probe of another job with the same $part") or diag $err;
            like($out, qr/^keys +NOT OK +another run uses credentials\.$part of this job: process $pid/mi, "$provider, probe, the same $part: who") or diag $out;
        }
        is(sandbox_counts($case->{sandbox})->{$provider}{requests}, $requests, "$provider: the others sent nothing");
        kill 'CONT', $pid;
        waitpid $pid, 0;
        is($?, 0, "$provider: the first run ends well") or diag read_file("$case->{folder}/err");
        is(sandbox_counts($case->{sandbox})->{$provider}{over_limit}, 0, "$provider: never over the limit");
        machine_holds($case, "$provider, another job had the same credential");
    };
}

# The input changes while it is read: status 3 and how it changed; the rows read so far count. The rows are so wide, and the
# rate so low, that reading waits for the sending: a good second and 200 users after the first one, half the file is unread.
my %slow = (set => {'delivery.rate' => '200/s', 'delivery.burst' => 1});
my $padding = ',' . 'x' x 4200;
my $wide = csv_rows(1500) =~ s/\n/$padding\n/gr;
my %changes = (
    'appended to' => [sub { open my $file, '>>', $_[0] or die $!; print {$file} "more\n"; close $file }, qr/it was written to/],
    'cut' => [sub { truncate $_[0], 500_000 or die $! }, qr/it was written to/],
    'touched' => [sub { utime 1, 1, $_[0] or die $! }, qr/it was written to/],
    'removed' => [sub { unlink $_[0] or die $! }, qr/it was removed or renamed/],
    'replaced' => [sub { rename "$_[0].new", $_[0] or die $! }, qr/another file took its place/],
);
for my $sentence (proof_is_long() ? sort keys %changes : ('cut', 'replaced', 'touched')) {
    machine_parallel "the input is $sentence" => sub {
        my $case = machine_case(rows => 1500, bad => 0, csv => $wide, %slow);
        my $path = "$case->{folder}/export.csv";
        write_file("$path.new", csv_rows(3));
        my $pid = case_start($case, '-q');
        wait_for('the first users', sub { users($case) >= 1 });
        $changes{$sentence}[0]->($path);
        waitpid $pid, 0;
        my $err = read_file("$case->{folder}/err");
        is($? >> 8, 3, "the input is $sentence while it is read: status 3") or diag $err;
        like($err, qr/export\.csv: the file changed while it was read \($changes{$sentence}[1]\); the rows that were read count\nhint: wait until its export is complete/,
            "the input is $sentence while it is read: what, and what to do");
        my $summary = case_summary($case);
        ok(!$summary->{input}[0]{complete}, "the input is $sentence while it is read: it is not complete");
        adds_up($summary, "the input is $sentence while it is read");
        is($summary->{created}, users($case), "the input is $sentence while it is read: what was read stands");
        write_file($path, $wide);
        machine_holds($case, "the input is $sentence while it is read");
    };
}

# A file of a pattern that is removed after it was found; a pipe whose writer dies in the middle of a row.
machine_parallel 'a second input vanishes' => sub {
    my $case = machine_case(rows => 1500, bad => 0, csv => $wide, %slow);
    my @inputs = map { ('--input', "$case->{folder}/$_.csv") } 'export', 'second';
    write_file("$case->{folder}/second.csv", csv_rows(3, 0, 2001) =~ s/\n/$padding\n/gr);
    my $pid = case_start($case, '-q', @inputs);
    wait_for('the first users', sub { users($case) >= 1 });
    unlink "$case->{folder}/second.csv" or die $!;
    waitpid $pid, 0;
    is($? >> 8, 3, 'a second input vanishes: status 3');
    like(read_file("$case->{folder}/err"), qr/second\.csv: cannot be opened: No such file or directory/, 'a second input vanishes: which');
    machine_holds($case, 'a second input vanishes');
};
machine_parallel_run(6);

{
    my $case = machine_case(bad => 0);
    mkfifo("$case->{folder}/fifo", 0600) or die $!;
    my $pid = case_start($case, '-q', '--input', "$case->{folder}/fifo");
    open my $writer, '>', "$case->{folder}/fifo" or die $!;
    syswrite $writer, substr(csv_rows(12), 0, -30);
    close $writer;
    waitpid $pid, 0;
    like($? >> 8, qr/^[13]$/, 'the writer of a pipe dies in a row: its row is not sent as if it were whole');
    is(users($case), 11, 'the writer of a pipe dies in a row: the others are');
    machine_holds($case, 'the writer of a pipe dies in a row');
}
machine_proof();
done_testing;
