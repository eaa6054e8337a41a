#!/usr/bin/perl
# What a ledger in PostgreSQL cannot do, by real causes: no server, no right, another kind of database; and in the middle of
# a run a lost connection, a server that is suspended or killed, another writer, a lock, a full disk, a changed schema. Each
# ends with its status and a reason that says what to do and shows no value; and the next run goes on.
#
#   failure.t [WORD…]     only the cases whose names have one of these words
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use KycPostgres;

our $pg;
my $secret;
BEGIN {
    my $why = postgres_missing();
    plan skip_all => $why if $why;
    $pg = postgres_start(hba => "host all,replication postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
    @ENV{qw(KYC_LEDGER KYC_POSTGRES_URL)} = ('postgresql', postgres_url($pg));
    # Of the test, and not of anything else.
    ($secret, $ENV{LEDGER_PASSWORD}) = ('right-password-0123') x 2;
}
use KycTest;
use KycRun;
use KycHosts;
use KycParallel;
use KycTrips;

my $lease_s = 1;
$ENV{KYC_LEASE_MS} = 1000 * $lease_s;
$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my ($sandbox, $number, $refused_s);
my ($server) = postgres_url($pg) =~ m{\@([^/]+)/};

sub is_wanted { return !@ARGV || grep { $_[0] =~ /\Q$_\E/ } @ARGV; }

# Side by side; parallel_run runs them.
sub case_named
{
    my ($name, $run) = @_;
    parallel $name => sub { $run->(); sandbox_stop($sandbox); return {} } if is_wanted($name);
}

# Alone: the server is struck.
sub case_alone
{
    my ($name, $run) = @_;
    subtest $name => $run if is_wanted($name);
}

# A ledger and a provider of its own, with a few customers that are to be created.
sub new_hosts
{
    my ($provider, $rows, $latency, $count) = @_;
    sandbox_stop($sandbox) if $sandbox;
    $sandbox = sandbox_start('--rate', '2000/s', '--nonce-window', 10_000_000_000, '--latency', $latency // '1ms..8ms', '--key-tag', "$$-" . ++$number);
    my $hosts = hosts_new($sandbox, provider => $provider // 'payward', count => $count // 2, set => {'delivery.rate' => '300/s', 'delivery.burst' => 5});
    hosts_add_rows($hosts, $rows // 60);
    return $hosts;
}

sub admin { return postgres_query(postgres_url($pg), $_[0]); }

sub in_ledger { return case_ledger($_[0]{all}[0], $_[1]); }

# A run on another URL ends with this status and reason, after $refused_s seconds, and nothing of it reaches the provider.
# more: lines of the job.
sub is_refused
{
    my ($url, $want, $reason, $more) = @_;
    my $hosts = new_hosts();
    hosts_use_url($hosts, $url . (defined $more ? "\n$more" : ''), 0);
    my $began = time;
    my ($status, undef, $err) = case_run($hosts->{all}[0], 'run', '-q', '--new-ledger');
    $refused_s = time - $began;
    is($status, $want, "status $want") or diag $err;
    like($err, $reason, 'the reason');
    like($err, qr/^hint: /m, 'and what to do');
    unlike($err, qr/\Q$secret\E|wrong-password/, 'and no password');
    is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'nothing is sent');
    return $err;
}

# Before a run.

case_named 'no server' => sub { is_refused('postgresql://postgres@127.0.0.1:' . free_port() . '/kyc', 5, qr/cannot be reached: .*refused/i) };
case_named 'an unknown host' => sub { is_refused('postgresql://kyc@db.invalid/kyc', 5, qr/cannot be (?:reached|opened): /) };
case_named 'several hosts' => sub {
    like(is_refused('postgresql://postgres@127.0.0.1:' . free_port() . ",$server/nobody", 5, qr/cannot be reached: [^\n]*refused[^\n]*; [^\n]*database "nobody" does not exist\n/i),
        qr/^hint: check the names/m, 'the fault of each, and the hint that says more');
};
# The connection for the shares waits for the first host as long as that of the ledger does.
case_named 'a shared account, and the first of two hosts does not answer' => sub {
    my $silent = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "listen: $!";
    my $hosts = new_hosts();
    my $url = $hosts->{all}[0]{url};
    $hosts->{all}[0]{set}{'delivery.shared'} = 'main';
    hosts_use_url($hosts, $url =~ s/\Q$server\E/127.0.0.1:@{[$silent->sockport]},$server/r . '?connect_timeout=4', 0);
    my ($status, $err) = host_run($hosts, 0);
    is($status, 0, 'the second host has the ledger and the shares') or diag $err;
    hosts_use_url($hosts, $url, 0);
    goes_on($hosts);
};
# Of the name the first 15 bytes are kept, and the last of them begins a character.
case_named 'a shared account, and a host whose name is not ASCII' => sub {
    plan skip_all => 'this process may not name a host' if (run_program(qw(unshare -u true)))[0];
    my $hosts = new_hosts();
    my $case = $hosts->{all}[0];
    $case->{set}{'delivery.shared'} = 'main';
    my ($status, undef, $err) = run_program('unshare', '-u', 'sh', '-c', 'printf "rechner-buero-\303\274" >/proc/sys/kernel/hostname; exec "$@"', 'sh',
        case_arguments($case, 'run', '-q'));
    is($status, 0, 'the run ends well') or diag $err;
    goes_on($hosts);
};
case_named 'no such database' => sub { is_refused("postgresql://postgres\@$server/nobody", 5, qr/cannot be reached: .*does not exist/) };
case_named 'a server that does not answer' => sub {
    my $silent = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "listen: $!";
    is_refused('postgresql://postgres@127.0.0.1:' . $silent->sockport . '/kyc?connect_timeout=2', 5, qr/cannot be reached: the server does not answer/);
    cmp_ok($refused_s, '<', 10, 'after connect_timeout');
};

admin("CREATE ROLE clerk LOGIN PASSWORD '$secret'");
case_named 'passwords' => sub {
    my $url = postgres_database($pg) =~ s/postgres\@/clerk\@/r;
    my ($name) = $url =~ m{([^/]+)$};
    like(is_refused($url, 5, qr/cannot be reached: .*password/), qr/hint: .*ledger_password/, 'without one');
    {
        local $ENV{LEDGER_PASSWORD} = 'wrong-password';
        like(is_refused($url, 5, qr/cannot be reached: .*password/, 'ledger_password: env:LEDGER_PASSWORD'), qr/hint: .*ledger_password/, 'a wrong one');
    }
    like(is_refused($url, 5, qr/may not/, 'ledger_password: env:LEDGER_PASSWORD'), qr/hint: .*GRANT CREATE/, 'the right one, and no right');
    admin("GRANT CREATE ON DATABASE \"$name\" TO clerk");
    my $hosts = new_hosts();
    hosts_use_url($hosts, "$url\nledger_password: env:LEDGER_PASSWORD", $_) for 0, 1;
    my ($status, undef, $err) = case_run($hosts->{all}[0], 'run', '-q', '--new-ledger');
    is($status, 0, 'the right one, and the right to create its schema') or diag $err;
};
case_named 'too many connections' => sub {
    my $url = postgres_database($pg) =~ s/postgres\@/clerk\@/r;
    my ($name) = $url =~ m{([^/]+)$};
    admin("GRANT CREATE ON DATABASE \"$name\" TO clerk");
    admin("ALTER DATABASE \"$name\" CONNECTION LIMIT 1");
    is_refused($url, 5, qr/too many connections/, 'ledger_password: env:LEDGER_PASSWORD');
};
case_named 'the server forgets commits' => sub {
    my $url = postgres_database($pg);
    my ($name) = $url =~ m{([^/]+)$};
    for my $value (qw(off local remote_write)) {
        admin("ALTER DATABASE \"$name\" SET synchronous_commit = $value");
        like(is_refused($url, 5, qr/synchronous_commit is not on/), qr/hint: ALTER ROLE/, $value);
    }
};
case_named 'it takes no writes' => sub {
    my $url = postgres_database($pg);
    my ($name) = $url =~ m{([^/]+)$};
    admin("ALTER DATABASE \"$name\" SET default_transaction_read_only = on");
    is_refused($url, 5, qr/read-only/);
};
case_named 'another encoding' => sub {
    admin("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    is_refused("postgresql://postgres\@$server/latin", 5, qr/not UTF8/);
};
case_named 'a schema of somebody else' => sub {
    my $url = postgres_database($pg);
    postgres_query($url, 'CREATE SCHEMA kyc_test; CREATE TABLE kyc_test.mine(a int)');
    is_refused($url, 5, qr/schema kyc_test .* not a ledger of kyc-import; it was not changed/);
    is((postgres_query($url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'kyc_test'::regnamespace"))[0][0], 1, 'which it is');
};
case_named 'a variable that would choose another server' => sub {
    local $ENV{PGHOSTADDR} = '127.0.0.1';
    is_refused(postgres_database($pg), 5, qr/environment variable PGHOSTADDR/);
};
case_named 'an empty database' => sub {
    my $hosts = new_hosts();
    my $case = $hosts->{all}[0];
    # As a person types it: without --new-ledger.
    my @command = grep { $_ ne '--new-ledger' } case_arguments($case, 'run', '-q');
    my ($status, undef, $err) = run_program(@command);
    is($status, 5, 'is not taken for a first night') or diag $err;
    like($err, qr/no ledger of the job test \(schema kyc_test\).*hint: .*--new-ledger/s, 'and says why');
    ok(!case_has_ledger($case), 'and stays empty');
    is(sandbox_counts($sandbox)->{payward}{requests}, 0, 'and nothing is sent');
    ($status, undef, $err) = case_run($case, 'check', '-q');
    is($status, 0, 'a check of it ends well') or diag $err;
    ok(!case_has_ledger($case), 'and makes nothing');
};

case_named 'a first run that is killed before its ledger is complete' => sub {
    my $hosts = new_hosts();
    my ($status) = host_run($hosts, 0, KYC_STOP_AT => 'lease taken#1', KYC_STOP_BY => 'kill');
    is($status, 128 + 9, 'is killed');
    ok(case_has_ledger($hosts->{all}[0]), 'its schema is there');
    my $err;
    ($status, $err) = host_run($hosts, 1);
    is($status, 0, 'the next run goes on, without --new-ledger') or diag $err;
    goes_on($hosts);
};
# Both have seen that there is no ledger before one of them made it.
case_named 'two first runs' => sub {
    my $hosts = new_hosts();
    my ($first, $second) = @{$hosts->{all}};
    write_file("$second->{folder}/other.key", ('0' x 64) . "\n");
    chmod 0600, "$second->{folder}/other.key";
    $second->{set}{ledger_key} = "file:$second->{folder}/other.key";
    my @runs;
    for my $host (0, 1) {
        push @runs, host_start($hosts, $host, KYC_STOP_AT => 'lease wanted#1', KYC_STOP_BY => 'stop');
        host_step($runs[-1], 'lease wanted');
        for (1 .. 2000) {
            last if host_state($runs[-1]) eq 'T';
            sleep 0.005;
        }
    }
    kill 'CONT', $runs[0]{pid};
    is((host_end($runs[0]))[0], 0, 'the first one makes it');
    kill 'CONT', $runs[1]{pid};
    my ($status, $err) = host_end($runs[1]);
    is($status, 5, 'the second one, with another key, does not write it');
    like($err, qr/the digest key is not the one that this ledger was created with, .*\nhint: restore the right key \(the job's ledger_key\)/, 'and says why');
    delete $second->{set}{ledger_key};
    is_deeply([hosts_finish($hosts)], [], 'each row is one user');
};

# One of them has seen that there is nothing before the other one made all of it, and ended.
case_named 'a first run beside one that is faster' => sub {
    my $hosts = new_hosts();
    my $slow = host_start($hosts, 0, KYC_STOP_AT => 'schema wanted#1', KYC_STOP_BY => 'stop');
    host_step($slow, 'schema wanted');
    host_until_stopped($slow);
    is((host_run($hosts, 1))[0], 0, 'the other one makes the ledger, and ends');
    kill 'CONT', $slow->{pid};
    my ($status, $err) = host_end($slow);
    is($status, 0, 'the slow one goes on with it') or diag $err;
    goes_on($hosts);
};
# As after a run that was killed while it made the ledger: the server ends its session a moment later.
case_named 'a first run while the session of a former one ends' => sub {
    my $hosts = new_hosts();
    my $first = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop');
    host_until_stopped($first);
    # The lock depends on the job's name alone, in each database.
    my ($lock) = in_ledger($hosts, "SELECT classid::bigint::int, objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
    kill 'CONT', $first->{pid};
    is((host_end($first))[0], 0, 'a run whose lock is seen');
    $hosts = new_hosts();
    my $release = hold($hosts->{all}[0]{url}, sprintf 'SELECT pg_advisory_lock(%d, %s::bit(64)::bit(32)::int)', $lock->[0], "($lock->[1]::bigint << 32)");
    my $run = host_start($hosts, 0);
    host_step($run, 'schema wanted');
    sleep 0.2;
    $release->();
    my ($status, $err) = host_end($run);
    is($status, 0, 'another one waits for it') or diag $err;
    goes_on($hosts);
};
case_named 'a row of the writer that no run has written' => sub {
    for my $epoch (9223372036854775807, -5) {
        my $hosts = new_hosts();
        is((host_run($hosts, 0))[0], 0, 'a ledger');
        in_ledger($hosts, "UPDATE writer SET epoch = $epoch");
        my $requests = sandbox_counts($sandbox)->{payward}{requests};
        hosts_add_rows($hosts, 5);
        my ($status, $err) = host_run($hosts, 1);
        is($status, 5, "epoch $epoch: status 5") or diag $err;
        like($err, qr/the table writer has the epoch $epoch\n.*hint: /s, 'the reason');
        is(sandbox_counts($sandbox)->{payward}{requests}, $requests, 'nothing is sent');
    }
};

# VACUUM passes over tables of another account without an error, and what was removed would stay in their files.
case_named 'the tables are of another account' => sub {
    my $hosts = new_hosts();
    my $case = $hosts->{all}[0];
    is((host_run($hosts, 0))[0], 0, 'a ledger');
    my $url = $case->{url};
    in_ledger($hosts, 'GRANT USAGE ON SCHEMA kyc_test TO clerk; GRANT ALL ON ALL TABLES IN SCHEMA kyc_test TO clerk');
    hosts_use_url($hosts, ($url =~ s/postgres\@/clerk\@/r) . "\nledger_password: env:LEDGER_PASSWORD", 1);
    my $clerk = $hosts->{all}[1];
    hosts_add_rows($hosts, 5);
    is((host_run($hosts, 1))[0], 0, 'a run of an account that has all rights on them');
    my ($status, undef, $err) = case_run($clerk, 'forget', '--key', 'cust-000003');
    is($status, 5, 'forget: status 5');
    like($err, qr/cannot be compacted: VACUUM \(FULL\) has left out a table, which this account does not own: .*\nhint: .*OWNER TO/, 'the reason');
    is((in_ledger($hosts, "SELECT count(*) FROM customer WHERE external_id = 'cust-000003'"))[0][0], 0, 'the row has no key any more');
    is(join(' ', @{(in_ledger($hosts, 'SELECT command, status FROM run ORDER BY id DESC LIMIT 1'))[0]}), 'forget 5', 'the ledger has the status');
    ($status, undef, $err) = case_run($case, 'forget', '--key', 'cust-000003');
    is($status, 0, 'their owner repeats it') or diag $err;
};

# What it sent, or may still send, is not known to the place that the ledger is copied to.
case_named 'a copy of the ledger after a run that was killed on another host' => sub {
    my $hosts = new_hosts();
    my ($case, $other) = @{$hosts->{all}};
    my $copy_lease_s = 3;
    local $ENV{KYC_LEASE_MS} = 1000 * $copy_lease_s;
    is((host_run($hosts, 0, KYC_STOP_AT => 'request at the gate#3'))[0], 137, 'it is killed');
    local $ENV{KYC_HOST_BOOT} = $other->{boot};
    my $began = time;
    my ($status, undef, $err) = case_run($case, 'ledger', $case->{url}, 'sqlite:moved');
    is($status, 0, 'the ledger is copied') or diag $err;
    cmp_ok(time - $began, '>=', $copy_lease_s, 'once its right to send has ended');
};

# A file of millions of rows may take longer than a lease to reach the disk.
case_named 'a copy of the ledger whose file is slow' => sub {
    my $hosts = new_hosts();
    my $case = $hosts->{all}[0];
    is((host_run($hosts, 0))[0], 0, 'a run');
    local @ENV{qw(KYC_STOP_AT KYC_STOP_BY)} = ('transaction written#1', 'stop');
    my $pid = case_start($case, 'ledger', $case->{url}, 'sqlite:moved');
    test_process($pid);
    for (1 .. 2000) {
        last if process_state($pid) eq 'T';
        sleep 0.005;
    }
    sleep 1.5 * $lease_s;
    kill 'CONT', $pid;
    waitpid $pid, 0;
    is($?, 0, 'it is copied') or diag read_file("$case->{folder}/err");
};

case_named 'a restore that is killed in an empty database' => sub {
    my $hosts = new_hosts();
    my $case = $hosts->{all}[0];
    is((host_run($hosts, 0))[0], 0, 'a ledger');
    my ($status, undef, $err) = case_run($case, 'backup', "$case->{folder}/backup");
    is($status, 0, 'and its backup') or diag $err;
    my ($backup) = grep { -f } glob "$case->{folder}/backup $case->{folder}/backup/*";
    case_lose_ledger($case);
    {
        local @ENV{qw(KYC_STOP_AT KYC_STOP_BY)} = ('lease taken#1', 'kill');
        ($status, undef, $err) = case_run($case, 'restore', $backup);
    }
    is($status, 128 + 9, 'is killed') or diag $err;
    ok(case_has_ledger($case), 'and leaves a schema');
    ($status, $err) = host_run($hosts, 1);
    is($status, 5, 'which no run takes for its first night') or diag $err;
    like($err, qr/no ledger of the job test .*restore/s, 'and says why');
    ($status, undef, $err) = case_run($case, 'restore', $backup);
    is($status, 0, 'the restore, again') or diag $err;
    goes_on($hosts);
};

# In the middle of one.

# A run that is suspended at its fifth outcome, or at another step, while $act happens, and then goes on. Its status and what it says.
# (How many commits the outcomes share depends on the machine.)
sub struck
{
    my ($hosts, $act, %environment) = @_;
    my $run = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop', %environment);
    host_until_stopped($run);
    is(host_state($run), 'T', 'a run in the middle') or return host_end($run);
    my $leaves = () = host_steps($run, 'request leaves');
    $act->($run);
    kill 'CONT', $run->{pid};
    my ($status, $err) = host_end($run, 30);
    unlike($err, qr/cust-\d|example\.com|Key \(/, 'no value of a row is shown');
    is(() = $err =~ /^kyc-import: error/mg, 1, 'one error') or diag $err;
    return ($status, $err, $run, $leaves);
}

sub goes_on
{
    my ($hosts) = @_;
    is_deeply([hosts_finish($hosts)], [], 'the next run goes on: each row is one user');
}

# The transaction of another program, in which these statements have run; it ends when what is returned is called.
sub hold
{
    my ($url, $statements) = @_;
    my $psql = fork;
    die "fork: $!" if !defined $psql;
    if (!$psql) {
        eval { postgres_query($url, "BEGIN; $statements; SELECT pg_sleep(600)", 'kyc_test') };
        POSIX::_exit(0);
    }
    my $its_session = "FROM pg_stat_activity WHERE query LIKE '%; SELECT pg_sleep(600)' AND wait_event = 'PgSleep' AND datname = current_database()";
    sleep 0.02 while !postgres_query($url, "SELECT 1 $its_session");
    return sub {
        postgres_query($url, "SELECT pg_terminate_backend(pid) $its_session");
        waitpid $psql, 0;
    };
}

my $end_sessions = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
my $other_writer = "UPDATE writer SET epoch = epoch + 1, holder = 'db7 0a1b2c3d-0000-4000-8000-000000000009 1 77 5 2026-11-29T02:00:00.000Z'";

case_named 'its sessions are ended' => sub {
    my $hosts = new_hosts();
    my ($status, $err) = struck($hosts, sub { in_ledger($hosts, $end_sessions) });
    is($status, 5, 'status 5') or diag $err;
    like($err, qr/the connection to the database was lost.*hint: .*run again/s, 'the reason');
    goes_on($hosts);
};
case_named 'another writer' => sub {
    my $hosts = new_hosts();
    my ($status, $err) = struck($hosts, sub { in_ledger($hosts, $other_writer) });
    is($status, 7, 'status 7') or diag $err;
    like($err, qr/another run has taken the ledger .* over: db7, process 77, since 2026-11-29T02:00:00/, 'the reason');
    goes_on($hosts);
};
case_named 'another writer, and its sessions are ended' => sub {
    my $hosts = new_hosts();
    my ($status, $err) = struck($hosts, sub { in_ledger($hosts, "$other_writer; $end_sessions") });
    is($status, 7, 'status 7') or diag $err;
    like($err, qr/another run has taken the ledger .* over: db7, process 77/, 'a new connection finds the reason');
    goes_on($hosts);
};
case_named 'a second run' => sub {
    # While the first one waits for replies it commits nothing: its renewals alone show that it lives.
    my $hosts = new_hosts('payward', 4, '12s..12s');
    delete local $ENV{KYC_LEASE_MS};
    my $run = host_start($hosts, 0);
    for (1 .. 2000) {
        last if (() = host_steps($run, 'request leaves')) == 4;
        sleep 0.005;
    }
    my ($status, $err, $second) = host_run($hosts, 1);
    my $seconds = (boot_ns() - (host_steps($second, 'lease wanted'))[0]) / 1e9;
    is($status, 7, 'status 7') or diag $err;
    like($err, qr/in use by another run: \S+, process $run->{pid}, since 2\S+\nhint: wait/, 'the reason names its holder');
    cmp_ok($seconds, '<', 8, sprintf 'at the next renewal, so after 5 s at most or a little more: %.1f s', $seconds);
    is((host_end($run))[0], 0, 'the first one ends well');
    goes_on($hosts);
};
my $slow_commit = 'CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2.5); RETURN NULL; END $$; '
    . 'CREATE TRIGGER slow AFTER INSERT ON run FOR EACH STATEMENT EXECUTE FUNCTION take_long()';
# Its transaction has the row of the writer, so nothing renews the lease meanwhile.
case_named 'a second run while a commit of the first one takes longer than its lease' => sub {
    my $hosts = new_hosts('payward', 4, '2s..2s'); # a second run that is late finds the first one waiting for replies
    is((host_run($hosts, 0))[0], 0, 'a ledger');
    hosts_add_rows($hosts, 5);
    in_ledger($hosts, $slow_commit);
    my $first = host_start($hosts, 0);
    host_step($first, 'commit sent');
    my ($status, $err) = host_run($hosts, 1);
    is($status, 7, 'status 7') or diag $err;
    like($err, qr/in use by another run: \S+, process $first->{pid}/, 'the reason names the first one');
    ($status, $err) = host_end($first);
    is($status, 0, 'which goes on') or diag $err;
    in_ledger($hosts, 'DROP TRIGGER slow ON run; DROP FUNCTION take_long');
    goes_on($hosts);
};
# The server works on after its client has ended, and its session lives as long.
case_named 'a run on the same host after one that was killed in a long commit' => sub {
    my $hosts = new_hosts();
    is((host_run($hosts, 0))[0], 0, 'a ledger');
    hosts_add_rows($hosts, 5);
    in_ledger($hosts, $slow_commit);
    my $first = host_start($hosts, 0);
    host_step($first, 'commit sent');
    kill 'KILL', $first->{pid};
    is((host_end($first))[0], 128 + 9, 'it is killed');
    my ($status, $err) = host_run($hosts, 0);
    is($status, 0, 'is not told that the ledger is in use') or diag $err;
    in_ledger($hosts, 'DROP TRIGGER slow ON run; DROP FUNCTION take_long');
    goes_on($hosts);
};
case_named 'two runs take the ledger of one that hangs over at once' => sub {
    local $ENV{KYC_LEASE_MS} = 3000;
    my $hosts = new_hosts('payward', undef, undef, 3);
    my $first = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop');
    host_until_stopped($first);
    # Neither becomes the writer before both would.
    my $release = hold($hosts->{all}[0]{url}, 'SELECT 1 FROM writer FOR UPDATE');
    my @next = map { host_start($hosts, $_) } 1, 2;
    my $waiting = 0;
    for (1 .. 1000) {
        $waiting = (in_ledger($hosts, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"))[0][0];
        last if $waiting == 2 || grep { host_state($_) eq '' } @next;
        sleep 0.01;
    }
    is($waiting, 2, 'both would take it over');
    $release->();
    my @ends = map { [host_end($_)] } @next;
    is_deeply([sort map { $_->[0] // 'none' } @ends], [0, 7], 'one of them goes on, the other one ends with status 7') or diag map { $_->[1] } @ends;
    like((map { $_->[1] } grep { $_->[0] == 7 } @ends)[0], qr/in use by another run/, 'which names it');
    kill 'CONT', $first->{pid};
    is((host_end($first))[0], 7, 'the one that hung wakes up, and was taken over');
    goes_on($hosts);
};
# The first one has the lock of the session, and the second one, which waits for it in vain, the lease.
case_named 'a run that stops between the lock and the lease, and another one that is faster' => sub {
    my $hosts = new_hosts('payward', 4, '2s..2s');
    my $slow = host_start($hosts, 0, KYC_STOP_AT => 'lease free#1', KYC_STOP_BY => 'stop');
    host_step($slow, 'lease free');
    my $fast = host_start($hosts, 1, KYC_STOP_AT => 'lease taken#1', KYC_STOP_BY => 'stop'); # it does not end before the slow one looks
    host_step($fast, 'lease taken');
    kill 'CONT', $slow->{pid};
    my ($status, $err) = host_end($slow);
    is($status, 7, 'status 7') or diag $err;
    like($err, qr/in use by another run: \S+, process $fast->{pid}/, 'the reason names the other one');
    host_until_stopped($fast);
    kill 'CONT', $fast->{pid};
    ($status, $err) = host_end($fast);
    is($status, 0, 'which goes on') or diag $err;
    goes_on($hosts);
};
for my $command (qw(run adopt)) {
    case_named "Ctrl-C while $command waits for a run that hangs" => sub {
        my $hosts = new_hosts($command eq 'adopt' ? 'kira' : 'payward');
        local $ENV{KYC_LEASE_MS} = 20_000;
        my $first = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop');
        host_until_stopped($first);
        $hosts->{all}[1]{command} = $command if $command eq 'adopt';
        my $second = host_start($hosts, 1);
        delete $hosts->{all}[1]{command};
        host_step($second, 'lease wanted');
        sleep 0.3;
        my $began = time;
        kill 'INT', $second->{pid};
        my ($status, $err) = host_end($second);
        is($status, 6, 'status 6') or diag $err;
        like($err, qr/interrupted while waiting for the database\nhint: run again/, 'the reason');
        cmp_ok(time - $began, '<', 10, 'at once');
        is_deeply([host_steps($second, 'lease taken')], [], 'it took nothing over');
        kill 'CONT', $first->{pid};
        ($status, $err) = host_end($first);
        is($status, 0, 'the first one wakes up and ends well') or diag $err;
        goes_on($hosts);
    };
}
case_named 'status of a run that hangs' => sub {
    my $hosts = new_hosts();
    my $first = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop');
    host_until_stopped($first);
    local @ENV{keys %{$hosts->{environment}}} = values %{$hosts->{environment}};
    my (undef, $out, $err) = do {
        local $ENV{KYC_LEASE_MS} = 20_000;
        case_run($hosts->{all}[1], 'status');
    };
    like($out, qr/^a run is in progress: \S+, process $first->{pid}, since 2/m, 'in progress, within its lease') or diag $err;
    sleep 2.5 * $lease_s;
    (undef, $out, $err) = case_run($hosts->{all}[1], 'status');
    like($out, qr/^a run holds the ledger and has not renewed its lease for \d+ s: \S+, process $first->{pid}, since 2\S+; it hangs, or its host does, and the next run takes the ledger over$/m,
        'then without a renewal') or diag $err;
    kill 'CONT', $first->{pid};
    is((host_end($first))[0], 0, 'it wakes up and ends well');
    goes_on($hosts);
};
case_named 'the connection is lost while the session of a run that hangs is ended' => sub {
    my $hosts = new_hosts();
    my $proxy = trips_start($pg->{port}, cut_at => 'pg_terminate_backend');
    my $url = $hosts->{all}[0]{url};
    my $first = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop');
    host_until_stopped($first);
    hosts_use_url($hosts, trips_url($proxy, $url), 1);
    my ($status, $err) = host_run($hosts, 1);
    is($status, 5, 'status 5') or diag $err;
    like($err, qr/ error: the ledger .* the connection to the database was lost\n.*hint: .*run again/, 'the reason');
    hosts_use_url($hosts, $url, 1);
    kill 'CONT', $first->{pid};
    is((host_end($first))[0], 0, 'the one that hung wakes up and ends well');
    goes_on($hosts);
};
for my $command ('run', 'adopt', 'adopt --dry-run') {
    case_named "Ctrl-C while $command waits for a server that does not answer" => sub {
        my $hosts = new_hosts($command eq 'run' ? 'payward' : 'kira');
        my $case = $hosts->{all}[0];
        my $silent = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "listen: $!";
        hosts_use_url($hosts, 'postgresql://postgres@127.0.0.1:' . $silent->sockport . '/kyc?connect_timeout=30', 0);
        my $pid = case_start($case, split(/ /, $command), ($command eq 'run' ? '--new-ledger' : ()));
        test_process($pid);
        my $connection = $silent->accept;
        my $began = time;
        kill 'INT', $pid;
        waitpid $pid, 0;
        is($? >> 8, 6, 'status 6') or diag read_file("$case->{folder}/err");
        like(read_file("$case->{folder}/err"), qr/interrupted while waiting for the database\nhint: run again/, 'the reason');
        cmp_ok(time - $began, '<', 10, 'at once');
    };
}
case_named 'a person locks the row of the writer' => sub {
    my $hosts = new_hosts();
    my $release;
    my ($status, $err) = struck($hosts, sub { $release = hold($hosts->{all}[0]{url}, 'UPDATE writer SET holder = holder') });
    is($status, 7, 'status 7') or diag $err;
    like($err, qr/another program holds it locked/, 'the reason');
    $release->() if $release;
    goes_on($hosts);
};

case_named 'a person locks a table while states are read' => sub {
    my $hosts = new_hosts('kira');
    is((host_run($hosts, 0))[0], 0, 'users');
    my $release;
    $hosts->{all}[0]{command} = 'refresh';
    my ($status, $err) = struck($hosts, sub { $release = hold($hosts->{all}[0]{url}, 'LOCK TABLE reading IN EXCLUSIVE MODE') }, KYC_STOP_AT => 'submitted#1');
    delete $hosts->{all}[0]{command};
    is($status, 7, 'status 7') or diag $err;
    like($err, qr/another program holds it locked/, 'the reason');
    $release->() if $release;
    my ($counts) = map { $_->[0] } in_ledger($hosts, "SELECT counts FROM run WHERE command = 'refresh'");
    my ($rows) = map { $_->[0] } in_ledger($hosts, 'SELECT count(*) FROM reading WHERE at > 0');
    like($counts, qr/^\{"read":$rows,/, 'what was not committed is not counted as read');
    goes_on($hosts);
};

case_named 'a person and the run wait for each other' => sub {
    my $hosts = new_hosts();
    my ($name) = $hosts->{all}[0]{url} =~ m{([^/]+)$};
    admin("ALTER DATABASE \"$name\" SET deadlock_timeout = '3s'"); # of the run: it gives way
    my $psql;
    my ($status, $err) = struck($hosts, sub {
        my $url = $hosts->{all}[0]{url};
        $psql = fork;
        if (!$psql) {
            # The run has the row of the writer when it waits for the customers.
            my $until_it_waits = 'DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))) '
                . 'LOOP PERFORM pg_sleep(0.02); END LOOP; END $$';
            eval { postgres_query($url, "SET deadlock_timeout = '20s'; BEGIN; SELECT count(*) FROM (SELECT 1 FROM customer FOR UPDATE) x; $until_it_waits; UPDATE writer SET holder = holder; ROLLBACK", 'kyc_test') };
            POSIX::_exit(0);
        }
        sleep 0.02 while !in_ledger($hosts, "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(0.02)%' AND wait_event = 'PgSleep' AND datname = current_database()");
    }, KYC_LEASE_MS => 5000);
    is($status, 5, 'status 5') or diag $err;
    like($err, qr/changed the same rows at the same time \(SQLSTATE 40P01/, 'the reason');
    waitpid $psql, 0;
    goes_on($hosts);
};

# Statements that no program of ours would run.
my @damages = (
    ['a table is gone', 'DROP TABLE event', qr/a table is missing \(SQLSTATE 42P01/],
    ['a column has another name', 'ALTER TABLE event RENAME COLUMN code TO text', qr/schema was changed/],
    ['a trigger drops rows', 'CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; '
        . 'CREATE TRIGGER dropper BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION drop_row()', qr/row that was written is missing, or a trigger/],
    ['rows of another program', 'INSERT INTO event SELECT (jsonb_populate_record(e, jsonb_build_object(\'id\', e.id + g))).* '
        . 'FROM event e, generate_series(1, 500) g WHERE e.id = (SELECT max(id) FROM event)', qr/two rows have the same value.*event/],
    ['the rows of customers are gone', 'DELETE FROM customer', qr/row that was written is missing/],
);
for my $damage (@damages) {
    my ($name, $sql, $reason) = @$damage;
    case_named $name => sub {
        my $hosts = new_hosts();
        my ($status, $err) = struck($hosts, sub { in_ledger($hosts, $sql) });
        is($status, 5, 'status 5') or diag $err;
        like($err, $reason, 'the reason');
        like($err, qr/^hint: /m, 'and what to do');
    };
}

parallel_run(4);

case_alone 'a full disk' => sub {
    my $folder = "$pg->{folder}/small";
    mkdir $folder;
    my ($failed) = run_program('mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', $folder);
    plan skip_all => 'no file system can be mounted here' if $failed;
    my (undef, undef, $uid, $gid) = getpwnam 'postgres';
    chown $uid, $gid, $folder;
    chmod 0700, $folder;
    admin("CREATE TABLESPACE small LOCATION '$folder'");
    my $hosts = new_hosts();
    hosts_add_rows($hosts, 2000);
    $_->{set}{'delivery.rate'} = '2000/s' for @{$hosts->{all}};
    my ($name) = $hosts->{all}[0]{url} =~ m{([^/]+)$};
    my ($status, $err) = struck($hosts, sub {
        in_ledger($hosts, "ALTER TABLE $_ SET TABLESPACE small") for qw(event customer);
        write_file("$folder/filler", 'x' x (2 * 1024 * 1024));
    });
    is($status, 5, 'status 5') or diag $err;
    like($err, qr/the server's disk is full.*hint: free space/s, 'the reason');
    unlink "$folder/filler";
    run_program('mount', '-o', 'remount,size=64m', $folder);
    goes_on($hosts);
    postgres_drop($hosts->{all}[0]{url});
    admin('DROP TABLESPACE small');
    run_program('umount', $folder);
};

case_alone 'a suspended server' => sub {
    my $hosts = new_hosts();
    $hosts->{all}[0]{set}{'delivery.rate'} = '30/s';
    my $run = host_start($hosts, 0, KYC_STOP_AT => 'answer received#1', KYC_STOP_BY => 'stop');
    host_until_stopped($run);
    is(host_state($run), 'T', 'a run in the middle');
    postgres_signal($pg, 'STOP');
    my $stopped_ns = boot_ns(); # until then a renewal may have been answered
    kill 'CONT', $run->{pid};
    my ($status, $err) = host_end($run, 30);
    my $seconds = (boot_ns() - $stopped_ns) / 1e9;
    postgres_signal($pg, 'CONT');
    is($status, 5, 'status 5') or diag $err;
    like($err, qr/the database has not answered for 4 s/, 'the reason');
    cmp_ok($seconds, '<', 12, sprintf 'after four leases (%.1f s)', $seconds);
    is((() = grep { $_ > $stopped_ns + $lease_s * 1e9 } host_steps($run, 'request leaves')), 0, 'and nothing left after the first of them');
    goes_on($hosts);
};

case_alone 'a person cancels the wait for the standby' => sub {
    my $standby = postgres_add_standby($pg, sync => 1);
    my $hosts = new_hosts();
    my $psql;
    my ($status, $err) = struck($hosts, sub {
        postgres_signal($standby, 'STOP');
        my $url = $hosts->{all}[0]{url};
        $psql = fork;
        if (!$psql) {
            for (1 .. 500) {
                sleep 0.02;
                last if postgres_query($url, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = (SELECT backend FROM writer)", 'kyc_test');
            }
            POSIX::_exit(0);
        }
    }, KYC_LEASE_MS => 5000);
    is($status, 5, 'status 5') or diag $err;
    like($err, qr/somebody has canceled the wait for the synchronous standby, which may lack the last commit\nhint: let the standby catch up/, 'the reason');
    waitpid $psql, 0;
    postgres_signal($standby, 'CONT');
    goes_on($hosts);
    admin('ALTER SYSTEM RESET synchronous_standby_names');
    admin('SELECT pg_reload_conf()');
    postgres_stop($standby);
};

case_alone 'somebody cancels the wait of a restore for the standby' => sub {
    my $standby = postgres_add_standby($pg, sync => 1);
    my $hosts = new_hosts();
    my $case = $hosts->{all}[0];
    is((host_run($hosts, 0))[0], 0, 'a run');
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'a backup');
    local @ENV{qw(KYC_STOP_AT KYC_STOP_BY)} = ('schemas renamed#1', 'stop');
    my $run = {pid => case_start($case, 'restore', "$case->{folder}/b")};
    host_until_stopped($run);
    is(host_state($run), 'T', 'its restore is about to be complete');
    postgres_signal($standby, 'STOP');
    kill 'CONT', $run->{pid};
    for (1 .. 1000) {
        last if waitpid($run->{pid}, POSIX::WNOHANG()) == $run->{pid};
        admin("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        sleep 0.02;
    }
    my ($status, $err) = ($? >> 8, read_file("$case->{folder}/err"));
    postgres_signal($standby, 'CONT');
    is($status, 0, 'it is complete') or diag $err;
    like($err, qr/somebody has canceled the wait for the synchronous standby: if it takes over before it has caught up, this ledger is not there\n *hint: let the standby catch up before a run/, 'and warns');
    admin('ALTER SYSTEM RESET synchronous_standby_names');
    admin('SELECT pg_reload_conf()');
    postgres_stop($standby);
};

# What was acknowledged before the power is lost must be there after it, whatever the server's file of settings says by then.
case_alone 'the server is told in the middle of a run to forget commits' => sub {
    my $hosts = new_hosts('payso');
    my $run = host_start($hosts, 0, KYC_STOP_AT => 'outcome taken#5', KYC_STOP_BY => 'stop');
    host_until_stopped($run);
    is(host_state($run), 'T', 'the run is in progress');
    admin("ALTER SYSTEM SET $_") for 'synchronous_commit = off', "wal_writer_delay = '10s'";
    admin('SELECT pg_reload_conf()');
    sleep 0.3; # a session reads it before its next statement
    kill 'CONT', $run->{pid};
    my ($status, $err) = host_end($run, 30);
    is($status, 0, 'the run ends well') or diag $err;
    postgres_kill($pg);
    postgres_restart($pg);
    admin("ALTER SYSTEM RESET $_") for qw(synchronous_commit wal_writer_delay);
    admin('SELECT pg_reload_conf()');
    is_deeply([in_ledger($hosts, 'SELECT status FROM run')], [[0]], 'the ledger has its end after a loss of power');
    goes_on($hosts);
};

# The session of the run is killed at each step of a commit, which the server takes for damage of its memory: it ends all
# sessions, and recovers.
for my $step ('transaction written', 'commit sent', 'committed') {
    case_alone "its session is killed, with the server's others: $step" => sub {
        my $hosts = new_hosts();
        my ($status, $err) = struck($hosts, sub {
            my ($pid) = map { $_->[0] } in_ledger($hosts, 'SELECT backend FROM writer');
            kill 'KILL', $pid;
        }, KYC_STOP_AT => "$step#3");
        is($status, 5, 'status 5') or diag $err;
        like($err, qr/the connection to the database was lost/, 'the reason');
        for (1 .. 500) {
            last if eval { admin('SELECT 1') };
            sleep 0.02;
        }
        goes_on($hosts);
    };
}

sandbox_stop($sandbox) if $sandbox;
done_testing;
