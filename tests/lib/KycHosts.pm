# KycHosts: several hosts that run one job on one ledger in PostgreSQL. They are processes of this machine, with the test
# build: each host has a folder, a lock folder and a boot id of its own, and all of them one clock.
#
#   my $hosts = hosts_new($sandbox, provider => 'kira', count => 3, set => {'delivery.rate' => '50/s'});
#   hosts_add_rows($hosts, 40);                             # to the export of each
#   my $run = host_start($hosts, 0, KYC_STOP_AT => 'commit sent#4', KYC_STOP_BY => 'stop');
#   my $at_ns = host_step($run, 'lease taken');             # waits for the step; undef: the run ended before, or 20 s passed
#   my ($status, $err) = host_end($run);                    # 128 + the signal that ended it; undef: it had to be killed
#   my @times = host_steps($run, 'request leaves');         # each in ns, by boot_ns()
#   my @problems = hosts_problems($hosts);                  # of the ledger: it verifies, and no event is behind a newer run's
#   push @problems, hosts_finish($hosts);                   # runs until all is done: each row is one user, and no more
#
# The lease is that of KYC_LEASE_MS. Needs KYC_LEDGER=postgresql before KycRun is loaded.
package KycHosts;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep);
use KycTest;
use KycRun;
use KycPostgres;

our @EXPORT = qw(hosts_new hosts_add_rows hosts_use_url host_start host_step host_steps host_end host_run host_state host_until_stopped hosts_problems hosts_finish boot_ns);

my $json = JSON::PP->new->utf8->canonical;
my $clock_boottime = 7;

# Nanoseconds since the machine started, as in core/clock.h.
sub boot_ns { return int(1e9 * Time::HiRes::clock_gettime($clock_boottime)); }

# Options: provider, count (of hosts), set. The ledger is a database of its own.
sub hosts_new
{
    my ($sandbox, %option) = @_;
    my $first = case_new($sandbox, provider => $option{provider}, rows => 0, csv => '', set => $option{set});
    my $job = read_file("$first->{folder}/job.yaml");
    # The credentials have the same names in each job: another one may take them.
    my $hosts = {provider => $option{provider}, sandbox => $sandbox, rows => 0, runs => 0, all => [],
        environment => {map { $_ => $ENV{$_} } grep { /^TEST_/ } keys %ENV}};
    for my $number (1 .. $option{count} || 2) {
        my $case = {%$first, folder => scratch_folder()};
        write_file("$case->{folder}/job.yaml", $job);
        mkdir "$case->{folder}/locks";
        $case->{set} = {%{$option{set} || {}}, 'delivery.lock_folder' => "$case->{folder}/locks"};
        $case->{boot} = sprintf '0a1b2c3d-0000-4000-8000-%012d', $number;
        push @{$hosts->{all}}, $case;
    }
    hosts_add_rows($hosts, 0);
    return $hosts;
}

sub hosts_add_rows
{
    my ($hosts, $count) = @_;
    $hosts->{rows} += $count;
    my $csv = csv_rows($hosts->{rows});
    write_file("$_->{folder}/export.csv", $csv) for @{$hosts->{all}};
}

# From now on the ledger has this URL, on each host, or on one.
sub hosts_use_url
{
    my ($hosts, $url, $number) = @_;
    for my $case (defined $number ? $hosts->{all}[$number] : @{$hosts->{all}}) {
        write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s/^ledger: .*/ledger: $url/mr);
        $case->{url} = $url if !defined $number;
    }
}

sub host_start
{
    my ($hosts, $number, %environment) = @_;
    my $case = $hosts->{all}[$number];
    my $run = {host => $number, began_ns => boot_ns(), map { $_ => "$case->{folder}/$_.$hosts->{runs}" } qw(steps err)};
    $hosts->{runs}++;
    my @command = case_arguments($case, $case->{command} // 'run', '-q', $case->{command} ? () : '--accept-updates');
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        my %all = (%{$hosts->{environment}}, KYC_HOST_BOOT => $case->{boot}, KYC_STEP_LOG => $run->{steps}, KYC_STEP_TIMES => 1, %environment);
        @ENV{keys %all} = values %all;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', $run->{err};
        { exec {$command[0]} @command; }
        POSIX::_exit(127);
    }
    test_process($pid);
    $run->{pid} = $pid;
    return $run;
}

# All steps of a name, by their time.
sub host_steps
{
    my ($run, $name) = @_;
    return if !-e $run->{steps};
    return read_file($run->{steps}) =~ /^\Q$name\E#\d+ (\d+)$/mg;
}

# R, S, T, ...; '' when it has ended.
sub host_state { return process_state($_[0]{pid}); }

# Of a run that is to suspend itself: until it has, or has ended.
sub host_until_stopped
{
    my ($run) = @_;
    for (1 .. 4000) {
        last if host_state($run) =~ /^T?$/;
        sleep 0.005;
    }
}

sub host_step
{
    my ($run, $name) = @_;
    for (1 .. 10_000) {
        my ($first) = host_steps($run, $name);
        return $first if defined $first;
        return (host_steps($run, $name))[0] if host_state($run) eq '';
        sleep 0.002;
    }
    return;
}

sub host_end
{
    my ($run, $seconds) = @_;
    my $is_killed = 0;
    for (my $tries = 0; waitpid($run->{pid}, WNOHANG) != $run->{pid}; $tries++) {
        if ($tries > 200 * ($seconds || 60)) {
            kill 'KILL', $run->{pid};
            kill 'CONT', $run->{pid};
            waitpid $run->{pid}, 0;
            return (undef, read_file($run->{err}));
        }
        sleep 0.005;
    }
    return ($? & 127 ? 128 + ($? & 127) : $? >> 8, read_file($run->{err}));
}

# From its start to its end.
sub host_run
{
    my ($hosts, $number, %environment) = @_;
    my $run = host_start($hosts, $number, %environment);
    my ($status, $err) = host_end($run);
    return ($status, $err, $run);
}

sub hosts_problems
{
    my ($hosts) = @_;
    my $case = $hosts->{all}[0];
    my @problems;
    local @ENV{keys %{$hosts->{environment}}} = values %{$hosts->{environment}};
    my ($status, $out, $err) = case_run($case, 'status', '--verify');
    push @problems, "status --verify: status $status: $out$err" if !defined $status || $status > 1 || $out !~ /^verified: .*: the chain holds/m;
    my ($old) = case_ledger($case, 'SELECT count(*) FROM (SELECT run, lag(run) OVER (ORDER BY id) AS before FROM event) AS x WHERE run < before');
    push @problems, "$old->[0] events of an older run behind a newer one's" if $old->[0];
    return @problems;
}

# A person looks up each create in doubt at the provider.
sub resolve_all
{
    my ($hosts) = @_;
    my $case = $hosts->{all}[0];
    my %id = map { ($_->{external_id} || $_->{email} =~ s/@.*//r) => $_->{id} } sandbox_users($hosts->{sandbox}, $hosts->{provider});
    my @in_doubt = grep { $id{$_} } map { $_->[0] } case_ledger($case, "SELECT external_id FROM customer WHERE state IN ('in_doubt', 'journalled')");
    write_file("$case->{folder}/users.csv", join '', "external_id,user_id\n", map { "$_,$id{$_}\n" } @in_doubt);
    local @ENV{keys %{$hosts->{environment}}} = values %{$hosts->{environment}};
    my ($status, undef, $err) = case_run($case, 'settle', '--from', "$case->{folder}/users.csv");
    return $status ? "the users given: status $status: $err" : ();
}

# Returns the problems, and adds made, duplicates, lost and over_limit to the hosts.
sub hosts_finish
{
    my ($hosts) = @_;
    my ($case, $provider) = ($hosts->{all}[0], $hosts->{provider});
    my @problems;
    my ($status, $err) = host_run($hosts, 0);
    # Without a second request nobody but a person can tell at kraken-embed what became of a create.
    if ($status && $status == 1 && $provider eq 'kraken-embed') {
        push @problems, resolve_all($hosts);
        ($status, $err) = host_run($hosts, 0);
    }
    push @problems, "the last run: status " . ($status // 'none') . ": $err" if !defined $status || $status;
    my $before = sandbox_counts($hosts->{sandbox})->{$provider};
    ($status, $err) = host_run($hosts, 1);
    my $counts = sandbox_counts($hosts->{sandbox})->{$provider};
    push @problems, 'once more: status ' . ($status // 'none') . ": $err" if !defined $status || $status;
    push @problems, 'once more: it sent requests' if $counts->{requests} != $before->{requests};
    push @problems, "$counts->{duplicates} customers have two users" if $counts->{duplicates};
    push @problems, "$counts->{over_limit} requests over the limit" if $counts->{over_limit};
    push @problems, "$counts->{bad_nonces} nonces out of order, $counts->{bad_signatures} bad signatures"
        if $counts->{bad_nonces} || $counts->{bad_signatures};
    my %ids = map { ($_->{external_id} || $_->{email} =~ s/@.*//r) => $_->{id} } sandbox_users($hosts->{sandbox}, $provider);
    my %owners = map { $_->[0] => $_->[1] } case_ledger($case, "SELECT external_id, user_id FROM customer WHERE state = 'created'");
    push @problems, 'ledger and provider differ: ' . $json->encode([\%owners, \%ids]) if $json->encode(\%owners) ne $json->encode(\%ids);
    push @problems, scalar(keys %ids) . " users for $hosts->{rows} rows" if keys %ids != $hosts->{rows};
    push @problems, hosts_problems($hosts);
    @$hosts{qw(made duplicates over_limit)} = (scalar keys %ids, @$counts{qw(duplicates over_limit)});
    $hosts->{lost} = grep { !$owners{$_} } map { sprintf 'cust-%06d', $_ } 1 .. $hosts->{rows};
    return @problems;
}

1;
