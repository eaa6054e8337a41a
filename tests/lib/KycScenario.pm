# KycScenario: a job and its provider in a known state that can be restored, so that one run can be repeated many times,
# stopped at another place each time or not at all, and the ends compared.
#
#   my $scenario = scenario_new('kira', 'in-doubt', rows => 3, tag => 'a');     # once: users, ledger, export
#   scenario_restore($scenario);                                             # that state again; the sandbox runs
#   my ($status, $out, $err) = scenario_run($scenario, KYC_STOP_AT => 'committed#3');
#   my $end = scenario_finish($scenario);       # further runs, and a person's answers, until nothing is left to do
#   my @problems = scenario_compare($end, $other_end);
#   scenario_leave($scenario);
#
# It works the same in a forked child: it ends its sandboxes itself, and several scenarios run in parallel (tag).
package KycScenario;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use KycTest;
use KycRun;

our @EXPORT = qw(scenario_names scenario_new scenario_restore scenario_run scenario_finish scenario_missing scenario_kept scenario_compare scenario_leave);

my $json = JSON::PP->new->utf8->canonical;

# By name. `in-doubt` and its like begin with creates left in doubt by a killed run, half of which reached the provider.
my %scenarios = (
    create => 'new customers, answers get lost',
    update => 'every row has changed',
    'in-doubt' => 'creates in doubt',
    'in-doubt-changed' => 'creates in doubt whose rows have changed',
    'in-doubt-old' => 'creates in doubt for longer than the idempotency key holds (kira)',
    resolve => 'creates in doubt, and a person who gives their users',
    adopt => 'users that existed before, and a lost ledger (kira, payso)',
    rekey => 'the key column changed its format, and a person who gives the customers of the ledger their new keys',
);

sub scenario_names
{
    my ($provider) = @_;
    my %providers = ('in-doubt-old' => qr/^kira$/, adopt => qr/^(?:kira|payso)$/);
    return grep { !$providers{$_} || $provider =~ $providers{$_} } sort keys %scenarios;
}

# One request at a time, so that a run takes the same steps each time.
my %job = (
    'delivery.in_flight' => 1, 'delivery.rate' => '1000/s', 'delivery.burst' => 1, report_keep => 1,
);
# Short waits for a create in doubt: the sandbox handles a request before it answers, or never.
my %job_of = (
    payso => {'delivery.timeout' => '300ms', 'provider.settle_after' => '600ms'},
);

sub start
{
    my ($scenario, @options) = @_;
    $scenario->{case}{sandbox} = $scenario->{sandbox} = sandbox_start('--listen', "127.0.0.1:$scenario->{port}", '--key-tag', $scenario->{tag}, '--seed', 7,
        '--rate', '1000/s', '--nonce-window', 10_000_000_000, '--latency', '1ms', '--state', "$scenario->{folder}/state", @options);
}

# Ends the sandbox and adds up its counters.
sub scenario_leave
{
    my ($scenario) = @_;
    my $sandbox = delete $scenario->{sandbox} or return;
    my $counts = eval { sandbox_counts($sandbox)->{$scenario->{provider}} } || {};
    $scenario->{seen}{$_} += $counts->{$_} || 0 for qw(over_limit duplicates requests);
    $scenario->{seen}{faults} += $_ for values %{$counts->{faults} || {}};
    sandbox_stop($sandbox);
}

sub shell
{
    my ($status, undef, $err) = run_program(@_);
    die "@_: $err" if $status;
}

sub change_rows
{
    my ($case) = @_;
    write_file("$case->{folder}/export.csv", read_file("$case->{folder}/export.csv") =~ s/1 Market St/2 Market St/gr);
}

# Options: rows, tag (of the API keys: one for each of several scenarios at a time).
sub scenario_new
{
    my ($provider, $name, %option) = @_;
    my $scenario = {provider => $provider, name => $name, rows => $option{rows}, tag => $option{tag}, port => free_port(),
        folder => scratch_folder(), seen => {}, runs => 0};
    my %set = (%job, %{$job_of{$provider} || {}});
    $set{'provider.idempotency_window'} = '1h' if $name eq 'in-doubt-old';
    write_file("$scenario->{folder}/state", '');
    start($scenario);
    my $case = $scenario->{case} = case_new($scenario->{sandbox}, provider => $provider, rows => $option{rows}, bad => 1, set => \%set);
    if ($name eq 'update' || $name eq 'rekey' || $name eq 'adopt') {
        run($scenario);
    } elsif ($name ne 'create') {
        local @ENV{qw(KYC_STOP_AT KYC_STOP_BY)} = ('outcome taken#' . int($option{rows} / 2 + 1), 'kill');
        my ($status, undef, $err) = run($scenario);
        die "$provider, $name: the run was not stopped: $status $err" if $status != 128 + 9;
    }
    change_rows($case) if $name eq 'update' || $name eq 'in-doubt-changed';
    if ($name eq 'rekey') { # and one run has refused the duplicates
        write_file("$case->{folder}/export.csv", read_file("$case->{folder}/export.csv") =~ s/^cust-/new-/gmr);
        run($scenario);
    }
    # Its key stays, so that the digests of two ends can be compared.
    case_lose_ledger($case, qr/\.key$/) if $name eq 'adopt';
    scenario_leave($scenario);
    $scenario->{saved} = case_save_ledger($case) if is_postgres();
    shell('cp', '-a', "$case->{folder}/.", "$scenario->{folder}/before");
    shell('cp', "$scenario->{folder}/state", "$scenario->{folder}/state.before");
    return $scenario;
}

sub scenario_restore
{
    my ($scenario) = @_;
    my $folder = $scenario->{case}{folder};
    shell('sh', '-c', 'rm -rf "$1"/* && cp -a "$2"/. "$1"', 'sh', $folder, "$scenario->{folder}/before");
    shell('cp', "$scenario->{folder}/state.before", "$scenario->{folder}/state");
    case_restore_ledger($scenario->{case}, $scenario->{saved}) if is_postgres();
    # At kraken-embed only a person can resolve a create whose answer was lost: not in a run that shall end by itself.
    start($scenario, $scenario->{name} ne 'create' ? ()
        : ('--fault', 'status-500:15%', $scenario->{provider} eq 'kraken-embed' ? () : ('--fault', 'drop:20%')));
}

sub run
{
    my ($scenario, @more) = @_;
    $scenario->{runs}++;
    return case_run($scenario->{case}, @more, '-q');
}

# The scenario's own command: a run, or a person's answers. The environment chooses where it stops.
sub scenario_run
{
    my ($scenario, %environment) = @_;
    local @ENV{keys %environment} = values %environment;
    return give_keys($scenario) if $scenario->{name} eq 'rekey';
    return run($scenario, 'adopt') if $scenario->{name} eq 'adopt';
    return $scenario->{name} eq 'resolve' ? give_users($scenario) : run($scenario);
}

# A person gives the new key to each customer that still has its old one.
sub give_keys
{
    my ($scenario) = @_;
    my $case = $scenario->{case};
    my @old = map { $_->[0] } case_ledger($case, "SELECT external_id FROM customer WHERE external_id LIKE 'cust-%'");
    write_file("$case->{folder}/keys.csv", join '', "old_external_id,new_external_id\n", map { "$_," . s/^cust/new/r . "\n" } @old);
    return run($scenario, 'resolve', '--rekey', "$case->{folder}/keys.csv");
}

# A person looks up each create in doubt at the provider.
sub give_users
{
    my ($scenario) = @_;
    my $case = $scenario->{case};
    my %id = map { ($_->{external_id} || $_->{email} =~ s/@.*//r) => $_->{id} } sandbox_users($scenario->{sandbox}, $scenario->{provider});
    my @in_doubt = grep { $id{$_} } map { $_->[0] } case_ledger($case, "SELECT external_id FROM customer WHERE state IN ('in_doubt', 'journalled')");
    write_file("$case->{folder}/users.csv", join '', "external_id,user_id\n", map { "$_,$id{$_}\n" } @in_doubt);
    return run($scenario, 'settle', '--from', "$case->{folder}/users.csv");
}

sub summary { return eval { case_summary($_[0]{case}) } || {}; }

# Why the report of the last run does not add up; empty: each row read has one result.
sub scenario_missing
{
    my ($scenario) = @_;
    my $summary = summary($scenario);
    my $sum = 0;
    $sum += $summary->{$_} || 0 for qw(skipped rejected unchanged created updated refused in_doubt unsent);
    return defined $summary->{read} && $sum == $summary->{read} && $summary->{skipped} + $summary->{rejected} + $summary->{valid} == $sum ? ()
        : 'the report does not account for every row: ' . $json->encode($summary);
}

# A run that ended before it read anything has no file of rejected records.
sub has_rejects
{
    my ($run) = @_;
    my $kept = -s "$run/summary.json" ? $json->decode(read_file("$run/summary.json")) : {};
    return ($kept->{rejected} || 0) + ($kept->{refused} || 0) > 0;
}

# Why the kept reports are wrong; empty: each one is whole, wherever a run stopped.
sub scenario_kept
{
    my ($scenario) = @_;
    my $history = "$scenario->{case}{folder}/reports/test/history";
    return map { my $run = $_; map { "$run has no $_" } grep { !-s "$run/$_" } qw(report.html summary.json), has_rejects($run) ? 'rejects.csv.gz' : () } glob "$history/2*";
}

# Runs without faults until nothing is left to do, and the end:
# {problems => [what was wrong on the way], users => {key => body}, customers => {key => state and digests}, ...}.
sub scenario_finish
{
    my ($scenario) = @_;
    my ($case, $provider) = @$scenario{qw(case provider)};
    my $end = {problems => []};
    my $problem = sub { push @{$end->{problems}}, @_ };

    sandbox_faults($scenario->{sandbox});
    my ($status, undef, $err) = $scenario->{name} eq 'resolve' ? give_users($scenario)
        : $scenario->{name} eq 'rekey' ? give_keys($scenario) : $scenario->{name} eq 'adopt' ? run($scenario, 'adopt') : (0, '', '');
    $problem->("the users given: status $status: $err") if $status != ($scenario->{name} eq 'adopt' ? 1 : 0);    # a row is rejected
    ($status, undef, $err) = run($scenario);
    $problem->("the next run: status $status: $err") if $status != 1;
    $problem->(scenario_missing($scenario));
    $end->{in_doubt} = summary($scenario)->{in_doubt};
    $end->{refused} = summary($scenario)->{refused};
    if ($provider eq 'kraken-embed' && $end->{in_doubt}) {
        ($status, undef, $err) = give_users($scenario);
        $problem->("the users given by a person: status $status: $err") if $status;
        ($status, undef, $err) = run($scenario);
        $problem->("the run after them: status $status: $err") if $status != 1;
    } elsif ($end->{in_doubt}) {
        $problem->("$end->{in_doubt} are in doubt for good: "
            . $json->encode([case_ledger($case, "SELECT external_id, state, code, message FROM customer WHERE state <> 'created'")]));
    }

    # Once more: nothing is left to do.
    my $requests = sandbox_counts($scenario->{sandbox})->{$provider}{requests};
    ($status, undef, $err) = run($scenario);
    $problem->("once more: status $status: $err") if $status != 1;
    $problem->(scenario_missing($scenario));
    my ($summary, $counts) = (summary($scenario), sandbox_counts($scenario->{sandbox})->{$provider});
    $problem->("once more: sent requests: " . $json->encode($summary)) if $counts->{requests} != $requests;
    $problem->("once more: not all unchanged: " . $json->encode($summary))
        if $summary->{unchanged} + $summary->{refused} != $summary->{valid} || $summary->{refused} != $end->{refused};
    $problem->("$counts->{duplicates} customers have two users") if $counts->{duplicates};
    $problem->("the provider complains of $counts->{bad_nonces} nonces, $counts->{bad_signatures} signatures")
        if $counts->{bad_nonces} || $counts->{bad_signatures};

    $problem->(scenario_kept($scenario));
    my ($kept, @others) = grep { !/index\.html$/ } glob "$case->{folder}/reports/test/history/{*,.[a-z]*}";
    $problem->('the last run is not kept') if !defined $kept;
    $problem->("also kept: @others") if @others;
    ($status, my $out, $err) = case_run($case, 'status', '--verify');
    $problem->("status --verify: status $status: $out$err") if $status > 1;

    my (%ids, %owners);
    for my $user (sandbox_users($scenario->{sandbox}, $provider)) {
        my $key = $user->{external_id} || $user->{email} =~ s/@.*//r;
        $end->{users}{$key} = $json->encode($user->{body});
        $ids{$key} = $user->{id};
    }
    for my $row (case_ledger($case, 'SELECT coalesce(former_key, external_id), user_id, state, pending_digest IS NULL, hex(digest), hex(member_digests) FROM customer WHERE external_id IS NOT NULL')) {
        my ($key, $id, @state) = @$row;
        $end->{customers}{$key} = "@state[0, 1]" . ($scenario->{name} eq 'create' ? '' : " @state[2, 3]");
        $owners{$key} = $id;
    }
    # A refused duplicate whose key was given to another customer.
    $problem->('a customer without a key is not unsent') if case_ledger($case, "SELECT 1 FROM customer WHERE external_id IS NULL AND (state <> 'unsent' OR user_id IS NOT NULL)");
    $problem->('ledger and provider differ: ' . $json->encode([\%owners, \%ids])) if $json->encode(\%owners) ne $json->encode(\%ids);
    $problem->(scalar(keys %ids) . " users for $scenario->{rows} valid rows") if keys %ids != $scenario->{rows};
    ($end->{made}, $end->{duplicates}) = (scalar keys %ids, $counts->{duplicates});
    $end->{lost} = grep { !$owners{$_} } map { sprintf 'cust-%06d', $_ } 1 .. $scenario->{rows};
    return $end;
}

# The differences from another end of the same scenario.
sub scenario_compare
{
    my ($end, $other) = @_;
    my @problems = @{$end->{problems}};
    for my $what (qw(users customers)) {
        my ($is, $want) = map { $json->encode($_->{$what} || {}) } $end, $other;
        push @problems, "other $what: $is; without a stop: $want" if $is ne $want;
    }
    push @problems, "refused $end->{refused}, without a stop $other->{refused}" if $end->{refused} != $other->{refused};
    return @problems;
}

1;
