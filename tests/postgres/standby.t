#!/usr/bin/perl
# A server with a synchronous standby is killed while a run writes; the standby is promoted, and the next run goes on there,
# by a URL that names both. Nothing that was acknowledged is lost: no user at the provider is missing in the ledger, and no
# row has two. Of an asynchronous standby, and of a server without fsync, each run warns; and a standby takes no run.
#
#   standby.t [PROVIDER…]     KYC_FAILOVERS=N
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);
use KycPostgres;

our ($primary, $standby);
BEGIN {
    my $why = postgres_missing();
    plan skip_all => $why if $why;
    $primary = postgres_start();
    @ENV{qw(KYC_LEDGER KYC_POSTGRES_URL)} = ('postgresql', postgres_url($primary));
}
use KycTest;
use KycRun;
use KycProof;
use KycHosts;

$ENV{KYC_LEASE_MS} = 1000;
$ENV{KYC_BUILD} = (defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/steps';

my $failovers = $ENV{KYC_FAILOVERS} || (proof_is_long() ? 20 : 2);
my @providers = @ARGV ? @ARGV : qw(payso payward);
my %set = ('delivery.rate' => '300/s', 'delivery.burst' => 5);
my %set_of = (payso => {'delivery.timeout' => '300ms', 'provider.settle_after' => '600ms'});

my @all = map {
    my $sandbox = sandbox_start('--key-tag', "$$-$_", '--rate', '300/s', '--nonce-window', 10_000_000_000, '--latency', '1ms..8ms');
    hosts_new($sandbox, provider => $_, count => 2, set => {%set, %{$set_of{$_} || {}}});
} @providers;
# The name of each one's database, on whatever server.
my %database = map { $_->{provider} => $_->{all}[0]{url} =~ s{.*/}{}r } @all;
my %problems = map { $_ => [] } @providers;

is_in_probe('ok', qr/PostgreSQL \d+\.\d+, without TLS: it is on this machine, answers in [\d.]+ ms\n(?! )/, 'a server without a standby');
# The first ledger, while the standby is asynchronous.
$standby = postgres_add_standby($primary);
use_servers($primary, $standby);
for my $hosts (@all) {
    hosts_add_rows($hosts, 10);
    my ($status, $err) = host_run($hosts, 0);
    is($status, 0, "$hosts->{provider}: the first run") or diag $err;
    like($err, qr/standby is asynchronous .*\nhint: set synchronous_standby_names/, 'it warns of a standby that does not confirm commits');
    unlike($err, qr/fsync/, 'and of nothing else');
}
is_in_probe('warning', qr/PostgreSQL .* answers in [\d.]+ ms; its standby is asynchronous: .*\n +hint: set synchronous_standby_names /, 'an asynchronous standby');
use_servers($standby);
my ($refused, $why) = host_run($all[0], 0);
is($refused, 5, 'a standby alone takes no run');
like($why, qr/cannot be reached: .*hint: name the primary/s, 'with the way on');
is_in_probe('NOT OK', qr/.*cannot be reached: .*\n +hint: name the primary/, 'a standby alone');
postgres_query(postgres_url($primary), 'ALTER SYSTEM SET fsync = off');
postgres_query(postgres_url($primary), 'SELECT pg_reload_conf()');
use_servers($primary, $standby);
like((host_run($all[0], 0))[1], qr/fsync = off.*\nhint: set fsync = on/, 'without fsync it warns');
is_in_probe('warning', qr/PostgreSQL .* answers in [\d.]+ ms; fsync = off: .*\n +hint: set fsync = on /, 'no fsync');
postgres_query(postgres_url($primary), 'ALTER SYSTEM RESET fsync');
postgres_query(postgres_url($primary), "ALTER SYSTEM SET synchronous_standby_names = '*'");
postgres_query(postgres_url($primary), 'SELECT pg_reload_conf()');
for (1 .. 500) {
    last if grep { $_->[0] eq 'sync' } postgres_query(postgres_url($primary), 'SELECT sync_state FROM pg_stat_replication');
    sleep 0.02;
}
is_in_probe('ok', qr/PostgreSQL \S+ without TLS: it is on this machine, answers in [\d.]+ ms\n(?! )/, 'a synchronous standby');

my ($slowest_ns, $lost, $struck, $did) = (0, 0, 0, 0);
my $wanted = $failovers * @all / 2;
# Of as many runs as promised, whichever moments come: a run may have ended before its server is killed.
for my $round (1 .. 4 * $failovers) {
    last if $did >= $failovers && $struck >= $wanted;
    $did++;
    my @runs = map { hosts_add_rows($_, 150); [$_, host_start($_, 0)] } @all;
    host_step($_->[1], 'lease taken') for @runs;
    sleep 0.02 + rand 0.3;
    postgres_kill($primary);
    for (@runs) {
        my ($hosts, $run) = @$_;
        my ($status, $err) = host_end($run, 20);
        push @{$problems{$hosts->{provider}}}, 'the run: status ' . ($status // 'none') . ": $err"
            if !defined $status || ($status > 1 && $status != 5);
        $struck += defined $status && $status == 5;
        unlike($err, qr/asynchronous|fsync/, 'no warning of a synchronous standby') if $round == 1;
    }
    postgres_promote($standby);
    my $promoted_ns = boot_ns();
    use_servers($primary, $standby);
    for my $hosts (@all) {
        my %known = map { $_->[0] => 1 } case_ledger($hosts->{all}[0], 'SELECT external_id FROM customer');
        my @unknown = grep { !$known{$_} } map { $_->{external_id} || $_->{email} =~ s/@.*//r } sandbox_users($hosts->{sandbox}, $hosts->{provider});
        $lost += @unknown;
        my $run = host_start($hosts, 1);
        my $taken_ns = host_step($run, 'lease taken');
        $slowest_ns = max($slowest_ns, ($taken_ns || boot_ns()) - max($promoted_ns, $run->{began_ns}));
        my ($status, $err) = host_end($run);
        push @{$problems{$hosts->{provider}}}, 'the next run: status ' . ($status // 'none') . ": $err" if !defined $status || $status > 1;
        push @{$problems{$hosts->{provider}}}, hosts_problems($hosts);
    }
    my $former = $primary;
    $primary = $standby;
    $standby = postgres_add_standby($primary, sync => 1);
    postgres_stop($former);
    use_servers($primary, $standby);
}
cmp_ok($struck, '>=', $wanted, "runs that lost their server: $struck");
is($lost, 0, 'acknowledged and lost: 0');
cmp_ok($slowest_ns, '<=', 2e9, sprintf 'the next run writes at once: %.0f ms', $slowest_ns / 1e6);

my %total = (faults => $did, runs => 0, expected => 0, made => 0, duplicates => 0, lost => $lost, over_limit => 0);
for my $hosts (@all) {
    my @problems = (@{$problems{$hosts->{provider}}}, hosts_finish($hosts));
    is_deeply(\@problems, [], "$hosts->{provider}: $did failovers: the same end");
    $total{expected} += $hosts->{rows};
    $total{$_} += $hosts->{$_} for qw(runs made duplicates lost over_limit);
    sandbox_stop($hosts->{sandbox});
}
proof_add('failovers to a synchronous standby', %total);
done_testing;

# From now on the job's URL names these, in this order.
sub use_servers
{
    my $list = join ',', map { "127.0.0.1:$_->{port}" } @_;
    hosts_use_url($_, "postgresql://postgres\@$list/$database{$_->{provider}}") for @all;
}

# The line `database` of probe, of the first one's ledger.
sub is_in_probe
{
    my ($state, $text, $sentence) = @_;
    local @ENV{keys %{$all[0]{environment}}} = values %{$all[0]{environment}};
    my (undef, $out, $err) = case_run($all[0]{all}[0], 'probe');
    like($out, qr/^database +\Q$state\E +$text/m, "probe: $sentence") or diag $err;
}
