#!/usr/bin/perl
# Several jobs that use one account of a provider on one machine: with delivery.shared they keep its rate together, and
# hand its keys to each other; without it, or under another name, one of them at a time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Fcntl ':flock';
use IO::Handle;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use KycParallel;
use KycRate;
use KycTest;
use KycRun;

# A sandbox with a limit, and as many jobs for it, with one lock folder; each has customers of its own.
sub account
{
    my ($jobs, %option) = @_;
    my $rate = $option{rate} || 100;
    my $sandbox = sandbox_start('--rate', "$rate/s", '--latency', '20ms..40ms', @{$option{sandbox} || []});
    my $locks = scratch_folder();
    my $rows = $option{rows} || 20;
    return map {
        case_new($sandbox, provider => $option{provider} || 'payso', keys => $option{keys}, rows => $rows, csv => csv_rows($rows, 0, 1 + $_ * $rows),
            set => {'delivery.rate' => "$rate/s", 'delivery.burst' => 5, 'delivery.lock_folder' => $locks, 'delivery.in_flight' => 16,
                'delivery.shared' => 'main', 'provider.nonce_window' => undef, %{$option{set} || {}}})
    } 1 .. $jobs;
}

# Of 100/s.
sub is_used
{
    my ($case, $sentence, $least, $window) = @_;
    rate_is_used($sentence, $least, sub { counts($case)->{requests} }, 100, window => $window);
}

sub counts { return sandbox_counts($_[0]{sandbox})->{$_[0]{provider}}; }

sub wait_for
{
    my ($what, $event) = @_;
    for (1 .. 6000) {
        return if $event->();
        sleep 0.01;
    }
    die "$what: not within a minute";
}

sub errors { return read_file("$_[0]{folder}/err"); }

# Waits for the ends of started runs, each with the status.
sub ends_well
{
    my ($status, %pids) = @_;
    for my $name (sort keys %pids) {
        waitpid $pids{$name}[1], 0;
        is($? >> 8, $status, "$name ends with $status") or diag errors($pids{$name}[0]);
    }
}

parallel 'two jobs keep one rate together, and use it' => sub {
    my ($one, $other) = account(2, rows => 1200);
    my ($first, $second) = (case_start($one, '-q'), case_start($other, '-q'));
    wait_for('the first requests', sub { counts($one)->{requests} >= 200 });
    is_used($one, 'steady', 97);
    ends_well(0, one => [$one, $first], other => [$other, $second]);
    my $counts = counts($one);
    is($counts->{over_limit}, 0, 'no request over the limit');
    is($counts->{users}, 2400, 'all came through');
    is($counts->{duplicates}, 0, 'none twice');
    # The file knows all leases by now: the next run waits for nobody.
    my ($status, undef, $err) = case_run($one, '-v');
    is($status, 0, 'a further run') or diag $err;
    unlike($err, qr/waiting for/, 'waits for no share');
};

parallel 'a job that is killed, or hangs, leaves its share to the other' => sub {
    # kira repeats creates in doubt at once. The rows last for as long as the rate is measured.
    my ($one, $other) = account(2, provider => 'kira', rows => 1400);
    my ($first, $second) = (case_start($one, '-q'), case_start($other, '-q'));
    wait_for('the first requests', sub { counts($one)->{requests} >= 100 });
    kill 'STOP', $first;
    sleep 5.5;    # its lease has ended, and a window more
    is_used($one, 'while the other is stopped', 90, 2);
    kill 'CONT', $first;
    sleep 2;
    kill 'KILL', $first;
    waitpid $first, 0;
    ends_well(0, 'the other' => [$other, $second]);
    is(counts($one)->{over_limit}, 0, 'no request over the limit');
    ends_well(0, 'the killed one, again' => [$one, case_start($one, '-q')]);
    is(counts($one)->{over_limit}, 0, 'nor then');
    is(counts($one)->{duplicates}, 0, 'none twice');
};

parallel 'the keys of a provider that signs are handed over, each to one job at a time' => sub {
    my ($one, $other) = account(2, provider => 'payward', keys => 2, rows => 150);
    my $first = case_start($one, '-q');
    wait_for('the first requests', sub { counts($one)->{requests} >= 30 });
    my $second = case_start($other, '-q');
    ends_well(0, one => [$one, $first], other => [$other, $second]);
    is(counts($one)->{bad_nonces}, 0, 'no nonce out of order');
    is(counts($one)->{over_limit}, 0, 'no request over the limit');
    is(counts($one)->{users}, 300, 'all came through');
};

parallel 'of one key the other job waits for its end' => sub {
    my ($one, $other) = account(2, provider => 'kraken-embed', keys => 1, rows => 250);
    my $first = case_start($one, '-q');
    wait_for('the first request', sub { counts($one)->{requests} >= 1 });
    my $second = case_start($other, '-v');
    ends_well(0, one => [$one, $first], other => [$other, $second]);
    like(errors($other), qr/waiting for an API key of the shared account `main`: other jobs use all of them/, 'it says why it waits');
    is(counts($one)->{bad_nonces}, 0, 'no nonce out of order');
    is(counts($one)->{users}, 500, 'all came through');
};

parallel 'a Retry-After to one job holds the other within a second' => sub {
    my ($one, $other) = account(2, rows => 400, sandbox => ['--retry-after', '3s']);
    my @pids = map { case_start($_, '-q') } $one, $other;
    wait_for('the first requests', sub { counts($one)->{requests} >= 150 });
    rate_is_held('a second later nothing is sent, by either', 3, sub { sandbox_faults($one->{sandbox}, 'status-429:x1') }, sub { counts($one) });
    ends_well(0, one => [$one, $pids[0]], other => [$other, $pids[1]]);
    is(counts($one)->{users}, 800, 'all came through');
};

parallel 'a job that has nothing to send leaves all of it to the other' => sub {
    my ($one, $other) = account(2, rows => 1200);
    my @rows = split /^/, read_file("$other->{folder}/export.csv");
    unlink "$other->{folder}/export.csv";
    POSIX::mkfifo("$other->{folder}/export.csv", 0600) or die "mkfifo: $!";
    my $second = case_start($other, '-q');
    open my $pipe, '>', "$other->{folder}/export.csv" or die "pipe: $!";
    $pipe->autoflush(1);
    print {$pipe} @rows[0 .. 400];    # more than a batch, so that it is sent before the next rows come
    wait_for('the first rows', sub { counts($one)->{requests} >= 200 });
    wait_for('nothing more to send', sub { my $seen = counts($one)->{requests}; sleep 0.5; counts($one)->{requests} == $seen });
    sleep 3.5;
    my $first = case_start($one, '-q');
    my $seen = counts($one)->{requests};
    wait_for('the other one', sub { counts($one)->{requests} > $seen + 20 });
    is_used($one, 'the other', 90, 2);
    print {$pipe} @rows[401 .. $#rows];
    close $pipe;
    ends_well(0, one => [$one, $first], 'the one that had to wait for rows' => [$other, $second]);
    is(counts($one)->{over_limit}, 0, 'no request over the limit');
    is(counts($one)->{users}, 2400, 'all came through');
};

# Who uses a credential without delivery.shared uses it alone, whatever the other job says.
my %parts = (payward => 'api_key', 'kraken-embed' => 'api_key', kira => 'client_id', payso => 'token');
for my $provider (sort keys %parts) {
    parallel "$provider: without delivery.shared one job at a time" => sub {
        my ($one, $other) = account(2, provider => $provider, rows => 100, rate => 30, set => {'delivery.shared' => undef});
        my $first = case_start($one, '-q');
        wait_for('the first request', sub { counts($one)->{requests} >= 1 });
        kill 'STOP', $first;    # it has the lock, however long the others take
        $ENV{TEST_API_KEY_1} .= '-other' if $provider eq 'kira';    # a login belongs to a client, whatever the API key
        for my $name (undef, 'main') {
            $other->{set}{'delivery.shared'} = $name;
            my ($status, undef, $err) = case_run($other, '-q');
            is($status, 7, (defined $name ? 'a job that shares' : 'another job') . ': status 7') or diag $err;
            like($err, qr/another run uses credentials\.$parts{$provider} of this job: process $first, since \S+ .*\n\s*hint: wait until it ends, or use another credential, or let both jobs share the account \(delivery\.shared\)/,
                'and says what helps');
        }
        kill 'CONT', $first;
        ends_well(0, 'the first job' => [$one, $first]);
        is(counts($one)->{over_limit}, 0, 'no request over the limit');
    };

    parallel "$provider: a job that shares keeps out those that do not, or under another name" => sub {
        my ($one, $other) = account(2, provider => $provider, rows => 100, rate => 30);
        my $first = case_start($one, '-q');
        wait_for('the first request', sub { counts($one)->{requests} >= 1 });
        kill 'STOP', $first;
        my %why = ('' => 'does not share it', elsewhere => 'shares the account elsewhere on this machine');
        for my $name (sort keys %why) {
            $other->{set}{'delivery.shared'} = $name || undef;
            my ($status, undef, $err) = case_run($other, '-q');
            is($status, 7, ($name || 'not shared') . ': status 7') or diag $err;
            like($err, qr/jobs that share the account main on this machine use credentials\.\w+ of this job, which $why{$name} .*\n\s*hint: give all jobs of one account the same delivery\.shared/,
                'and says who');
        }
        kill 'CONT', $first;
        ends_well(0, 'the first job' => [$one, $first]);
    };
}

parallel 'another window than that of the jobs that run is an error at its place' => sub {
    my ($one, $other) = account(2, rows => 240, rate => 30);
    my $first = case_start($one, '-q');
    wait_for('the first request', sub { counts($one)->{requests} >= 1 });
    delete $other->{set}{'delivery.shared'};
    my $job = read_file("$other->{folder}/job.yaml");
    write_file("$other->{folder}/job.yaml", "${job}delivery:\n  shared: main\n");
    my $line = ($job =~ tr/\n//) + 2;
    $other->{set}{'delivery.rate'} = '1800/min';
    my ($status, undef, $err) = case_run($other, '-q');
    is($status, 2, 'status 2') or diag $err;
    like($err, qr/job\.yaml:$line:11: jobs that run now count the rate of the account `main` in windows of 1000 ms, and this job in windows of 10000 ms, because its delivery\.rate has another unit\n(?:.*\n)*hint: give all jobs of the account the same delivery\.rate/, 'where, and what to do');
    ends_well(0, 'the first job' => [$one, $first]);
    is(counts($one)->{over_limit}, 0, 'no request over the limit');
};

parallel 'of two rates in the same window the lower one holds, and the job with the other says so' => sub {
    my ($one, $other) = account(2, rows => 200, rate => 20);
    $other->{set}{'delivery.rate'} = '50/s';
    my $first = case_start($one);
    wait_for('the first request', sub { counts($one)->{requests} >= 1 });
    my $said = qr/another job of the account `main` has a lower delivery\.rate, which holds for all of them: 20 requests in 1 s, where this job has 50\n\s*hint: give all jobs of the account the same delivery\.rate\n/;
    my ($status, undef, $err) = case_run($other, 'probe');
    is($status, 0, 'probe') or diag $err;
    like($err, $said, 'probe says so');
    my $second = case_start($other);
    wait_for('the line', sub { -e "$other->{folder}/err" && errors($other) =~ $said });
    waitpid $first, 0;
    is($? >> 8, 0, 'the job with the lower rate ends') or diag errors($one);
    ends_well(0, 'the other' => [$other, $second]);
    unlike(errors($one), qr/lower delivery\.rate/, 'the job whose rate holds has nothing to say');
    is(() = errors($other) =~ /lower delivery\.rate/g, 1, 'the other says it once');
};

parallel 'probe says whose account it is' => sub {
    my ($one) = account(1);
    my ($status, $out, $err) = case_run($one, 'probe');
    is($status, 0, 'status 0') or diag $out, $err;
    like($out, qr/^keys +ok +no process but jobs that share the account `main` uses one of them; their locks are in \Q$one->{set}{'delivery.lock_folder'}\E$/m, 'the line of the keys');
};

parallel 'probe does not wait for the end of a job that has the only key' => sub {
    my ($one, $other) = account(2, provider => 'payward', keys => 1, rows => 3000);
    my $first = case_start($one, '-q');
    wait_for('the first request', sub { counts($one)->{requests} >= 1 });
    my ($status, $out, $err) = case_run($other, 'probe');
    is($status, 1, 'status 1') or diag $out, $err;
    like($out, qr/^keys +NOT OK +no request was possible within 15 s: other jobs that share the account `main` have, or may have, the API key/m, 'and the reason');
    ends_well(6, 'the job' => [$one, kill('INT', $first) && $first]);
};

parallel 'probe of two keys, of a rate with a long window' => sub {
    my ($one) = account(1, provider => 'payward', keys => 2);
    $one->{set}{'delivery.rate'} = '600/min';    # a share of 100 in 10 s, for which each key waits
    my ($status, $out, $err) = case_run($one, 'probe');
    is($status, 0, 'status 0') or diag $out, $err;
};

parallel 'an interrupt while it waits for its share ends it' => sub {
    my ($one) = account(1);
    my $pid = case_start($one, '-q');
    wait_for('the file of shares', sub { -s "$one->{set}{'delivery.lock_folder'}/kyc-import-shared-main" });
    my $made = time;
    kill 'INT', $pid;
    ends_well(6, 'the run' => [$one, $pid]);
    ok(time - $made < 4, 'before there is one: a new file gives nothing for four seconds');
    is(counts($one)->{requests}, 0, 'and has sent nothing');
    ends_well(0, 'the next run' => [$one, case_start($one, '-q')]);
    is(counts($one)->{users}, 20, 'all came through');
};

parallel 'a file of shares that others may write, or that is torn, is never believed' => sub {
    my ($one) = account(1);
    my $path = "$one->{set}{'delivery.lock_folder'}/kyc-import-shared-main";
    write_file($path, 'torn');
    chmod 0666, $path;
    my ($status, undef, $err) = case_run($one, '-q');
    is($status, 2, 'one that others may write: status 2');
    like($err, qr/cannot lock the file of a shared account, \Q$path\E: Operation not permitted\n\s*hint: /, 'which') or diag $err;
    chmod 0600, $path;
    my $began = time;
    ($status, undef, $err) = case_run($one, '-v');
    is($status, 0, 'a torn one: it runs') or diag $err;
    ok(time - $began >= 4.1, 'once every lease that may have been in it has ended');
    is((stat $path)[2] & 07777, 0600, 'the file is for its owner alone');
    unlike(read_file($path), qr/demo|cust-|example\.com/, 'without a credential or a customer');
};

parallel 'a file of shares that another process keeps locked is an error that says how to find it' => sub {
    my ($one) = account(1);
    my $path = "$one->{set}{'delivery.lock_folder'}/kyc-import-shared-main";
    open my $file, '>', $path or die "$path: $!";
    chmod 0600, $path;
    flock $file, LOCK_EX;    # as a job that is stopped while it has it
    my ($status, undef, $err) = case_run($one, '-q');
    is($status, 7, 'status 7: try again later') or diag $err;
    like($err, qr/another process keeps the lock of the file of a shared account, \Q$path\E\n\s*hint: .*\(fuser \Q$path\E\)/, 'which, and what to do');
    close $file;
    ends_well(0, 'the next run' => [$one, case_start($one, '-q')]);
};

parallel "without the machine's boot id there are no shares on it" => sub {
    plan skip_all => 'only root may mount' if $> || (run_program(qw(unshare -m true)))[0];
    my ($one) = account(1);
    my $hide = 'mount --bind /dev/null /proc/sys/kernel/random/boot_id && exec "$@"';
    my ($status, undef, $err) = run_program(qw(unshare -m sh -c), $hide, 'sh', case_arguments($one, 'run', '-q'));
    is($status, 2, 'status 2') or diag $err;
    like($err, qr/shares on one machine need its boot id, which .*\/boot_id\b.*\n(?:.*\n)*\s*hint: .*PostgreSQL/, 'why, and what to do');
    is(counts($one)->{requests}, 0, 'and nothing is sent');
};

parallel_run(8);    # they wait more than they compute
done_testing;
