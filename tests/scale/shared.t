#!/usr/bin/perl
# Jobs on several hosts that share one account of a provider through a database: each in a mount namespace with a lock folder
# of its own, with its clock minutes off. They are started, killed, stopped for longer than their lease and joined by others:
# together they never exceed the rate, by the sandbox's count, and use it; a Retry-After holds all of them; keys change hands
# without a nonce out of order.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use KycParallel;
use KycPostgres;
use KycProof;
use KycRate;
use KycRun;
use KycTest;

my $why = postgres_missing() || ($> ? 'only root makes a mount namespace' : undef)
    || ((run_program(qw(unshare -m true)))[0] ? 'this machine makes no mount namespace' : undef);
plan skip_all => $why if $why;

my $pg = postgres_start();
$ENV{TEST_LEDGER_KEY} = '0123456789abcdef' x 4;
my %shift = (one => -183, two => 254, three => 71, four => 3600);

# A job of its own name in the database of the account, as on a host of its own. (What a killed run of kira leaves in doubt is
# repeated at once; payso's would wait for a listing, with a share that it does not use.)
sub host
{
    my ($account, $name, %option) = @_;
    my $rows = $option{rows};
    my $number = ++$account->{hosts};
    my $case = case_new($account->{sandbox}, provider => $account->{provider}, keys => $account->{keys}, rows => $rows,
        csv => csv_rows($rows, 0, 1 + $number * 100_000));
    my $job = read_file("$case->{folder}/job.yaml") =~ s/^job: test/job: $name/mr;
    write_file("$case->{folder}/job.yaml", $job . <<"JOB");
ledger: $account->{url}
ledger_key: env:TEST_LEDGER_KEY
delivery:
  shared: main
  rate: $account->{rate}/s
  burst: 5
  canary: 0
  in_flight: $account->{in_flight}
  lock_folder: locks
JOB
    mkdir "$case->{folder}/locks" or die "mkdir: $!";
    return {%$case, name => $name, clock => $shift{$name}};
}

# Starts a run of it; its output is in FOLDER/out and FOLDER/err.
sub host_start
{
    my ($host, @more) = @_;
    push @more, '--new-ledger' if !$host->{started}++;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        @ENV{qw(LD_PRELOAD FAULT_CLOCK)} = (program('fault-shim.so'), "1:$host->{clock}");
        open STDOUT, '>', "$host->{folder}/out";
        open STDERR, '>>', "$host->{folder}/err";
        { exec qw(unshare -m sh -c), 'mount -t tmpfs -o size=1m,mode=0755 locks "$0" && exec "$@"', "$host->{folder}/locks",
            program('kyc-import'), 'run', "$host->{folder}/job.yaml", '-q', @more; }
        POSIX::_exit(127);
    }
    test_process($pid);
    return $host->{pid} = $pid;
}

# Whether it has become the program, and keeps SIGINT for its thread of signals: before that it would die of it.
sub takes_signals
{
    my $status = eval { read_file("/proc/$_[0]/status") } // '';
    return $status !~ /^Name:\t(?:unshare|sh|mount)$/m && $status =~ /^SigBlk:\t\w+(\w{2})$/m && hex($1) & 1 << POSIX::SIGINT - 1;
}

# Waits for its end; the status.
sub host_end
{
    my ($host, $signal) = @_;
    for (1 .. 3000) { last if takes_signals($host->{pid}) || process_state($host->{pid}) eq ''; sleep 0.01; }
    kill $signal, $host->{pid} if $signal;
    waitpid delete $host->{pid}, 0;
    return $? & 127 ? "signal $?" : $? >> 8;
}

sub account
{
    my ($rate, %option) = @_;
    my $account = {rate => $rate, provider => 'kira', in_flight => 64, url => postgres_database($pg), %option};
    $account->{sandbox} = sandbox_start('--rate', "$rate/s", '--latency', '5ms..25ms', '--retry-after', '3s');
    # The first job of the account waits until no lease can be running that the new tables do not have.
    my $first = host($account, 'four', rows => 2);
    host_start($first);
    is(host_end($first), 0, 'the first job of an account ends well') or diag read_file("$first->{folder}/err");
    $account->{first} = $first;
    return $account;
}

sub counts { return sandbox_counts($_[0]{sandbox})->{$_[0]{provider}}; }

# Beside other tests a thousand requests a second may need more than the machine has left: the short form finds what is
# far from right, the long one, which runs alone, holds the bar.
sub is_used
{
    my ($account, $sentence, $seconds) = @_;
    my $least = proof_is_long() ? 97 : $account->{rate} < 1000 ? 90 : 70;
    rate_is_used($sentence, $least, sub { counts($account)->{requests} }, $account->{rate}, seconds => $seconds);
}

# Seconds of the parts: all three; the two that are left; one stopped; it is back and two have joined.
my %lengths = proof_is_long() ? (steady => 14, two => 6, stopped => 5, joined => 20) : (steady => 0, two => 0, stopped => 4, joined => 0);

for my $rate (20, 100, 1000) {
    parallel "three hosts at $rate/s" => sub {
        my $account = account($rate);
        my $all = 80;    # seconds, at most
        my %host = map { $_ => host($account, $_, rows => ($rate < 1000 ? $all : $all / 2) * $rate) } qw(one two three);
        my ($began, $before) = (time, counts($account)->{requests});
        host_start($host{$_}) for sort keys %host;
        sleep 2.5;
        is_used($account, 'three hosts, steady', $lengths{steady});
        host_end($host{one}, 'KILL');
        sleep 5;    # its lease, a window, and the next question
        is_used($account, 'two hosts, steady, after one was killed', $lengths{two});
        kill 'STOP', $host{two}{pid};
        sleep $lengths{stopped};
        kill 'CONT', $host{two}{pid};
        host_start($host{one});
        sleep 2.5;
        host_start($account->{first} = host($account, 'four', rows => ($rate < 1000 ? $all : $all / 2) * $rate)) if $rate < 1000;
        sleep 2.5;
        is_used($account, 'one was stopped and others have joined, steady', $lengths{joined});
        my $counts = counts($account);
        my $share = 100 * ($counts->{requests} - $before) / ((time - $began) * $rate);
        cmp_ok($share, '>=', 85, sprintf 'all of it: %.1f %% of the rate', $share) if proof_is_long();
        is($counts->{over_limit}, 0, 'no request over the rate in any second') or diag "max_per_second $counts->{max_per_second}";
        is($counts->{duplicates}, 0, 'no customer twice');
        # A Retry-After to one holds all.
        rate_is_held('a second after a Retry-After nothing is sent', 3, sub { sandbox_faults($account->{sandbox}, 'status-429:x1') }, sub { counts($account) });
        for my $host (values %host, $account->{first}) {
            next if !$host->{pid};
            my $status = host_end($host, 'INT');
            is($status, 6, "$host->{name} is interrupted") or diag read_file("$host->{folder}/err");
        }
        is(counts($account)->{over_limit}, 0, 'nor at the end');
        proof_add('shared rate', faults => 3, runs => 5, expected => 0, made => 0, duplicates => $counts->{duplicates},
            lost => 0, over_limit => $counts->{over_limit}) if proof_is_long();
    };
}

# Every change of a key's holder is noted by a trigger. Jobs come and go: they end, are interrupted and killed.
parallel 'keys change hands' => sub {
    my $account = account(200, provider => 'payward', keys => 2, in_flight => 2);
    my $wanted = proof_is_long() ? 100 : 12;
    postgres_query($account->{url}, <<'SQL');
CREATE TABLE change(key_id text, holder text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.change SELECT new.key_id, new.holder WHERE new.holder IS DISTINCT FROM (SELECT holder FROM public.change WHERE key_id = new.key_id ORDER BY ctid DESC LIMIT 1);
  RETURN new; END $$;
CREATE TRIGGER note AFTER UPDATE ON kyc_shared.key_lease FOR EACH ROW WHEN (new.holder <> '') EXECUTE FUNCTION note();
SQL
    my @hosts = map { host($account, $_, rows => 200 * $wanted) } qw(one two three);
    my ($changes, $round) = (0, 0);
    my $until = time + ($wanted > 50 ? 900 : 150);
    while ($changes < $wanted && time < $until) {
        my $host = $hosts[$round++ % @hosts];
        if ($host->{pid}) {
            my $status = host_end($host, $round % 7 == 0 ? 'KILL' : 'INT');
            like($status, qr/^(?:6|signal 9)$/, "$host->{name} ends") or diag read_file("$host->{folder}/err");
        }
        host_start($host);
        sleep($round % 5 == 0 ? 1.5 : 0.6);
        $changes = (postgres_query($account->{url}, 'SELECT count(*) FROM change'))[0][0];
    }
    cmp_ok($changes, '>=', $wanted, "$changes changes of a key's holder");
    $_->{pid} && host_end($_, 'INT') for @hosts;
    my $counts = counts($account);
    is($counts->{bad_nonces}, 0, 'no nonce out of order');
    is($counts->{bad_signatures}, 0, 'no bad signature');
    is($counts->{over_limit}, 0, 'no request over the rate');
    is($counts->{duplicates}, 0, 'no customer twice');
    cmp_ok($counts->{requests}, '>', 5 * $wanted, "$counts->{requests} requests");
    proof_add('shared keys', faults => $round, runs => $round, expected => 0, made => 0, duplicates => $counts->{duplicates},
        lost => 0, over_limit => $counts->{over_limit}) if proof_is_long();
};

parallel_run(proof_is_long() ? 1 : 4);
done_testing;
