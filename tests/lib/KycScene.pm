# KycScene: a job and its provider in a known state that can be put back, so that one night can be lived through many
# times: stopped here, stopped there, never stopped; and how it ended.
#
#   my $scene = scene_new('kira', 'settle', rows => 3, tag => 'a');     # made once: users, ledger, export
#   scene_restore($scene);                                             # as it was then; the sandbox runs
#   my ($status, $out, $err) = scenario_run($scene, KYC_STOP_AT => 'committed#3');
#   my $end = scene_finish($scene);       # nights, and a person's verdicts, until nothing is left to do
#   my @problems = scene_compare($end, $other_end);
#   scene_leave($scene);
#
# It works the same in a forked child: it ends its sandboxes itself, and several scenes run side by side (tag).
package KycScene;

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use KycTest;
use KycRun;

our @EXPORT = qw(scene_names scene_new scene_restore scenario_run scene_finish scene_missing scene_compare scene_leave
    scene_free_port scene_side_by_side);

my $json = JSON::PP->new->utf8->canonical;

# What each provider's nights may be. `settle` and its like begin with doubts of a killed run, half of which had landed.
my %scenes = (
    create => 'new customers, answers get lost',
    update => 'every row has changed',
    settle => 'creates in doubt',
    'settle-changed' => 'creates in doubt whose rows have changed',
    'settle-old' => 'creates in doubt for longer than the idempotency key holds (kira)',
    verdicts => 'creates in doubt, and a person who says what became of them',
    rekey => 'the key column changed its format, and a person who gives the known customers their new keys',
);

sub scene_names
{
    my ($provider) = @_;
    return grep { $_ ne 'settle-old' || $provider eq 'kira' } sort keys %scenes;
}

# Below the ports that the system gives to outgoing connections, so that it stays free while the sandbox restarts; each
# process looks in another place.
sub scene_free_port
{
    for my $next (1 .. 1000) {
        my $port = 12_000 + ($$ * 37 + $next) % 18_000;
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1) or next;
        close $socket;
        return $port;
    }
    die 'no free port';
}

# What the nights are like: one request at a time, so that a run goes the same way each time.
my %job = (
    'delivery.in_flight' => 1, 'delivery.rate' => '1000/s', 'delivery.burst' => 1,
);
# What a doubt waits for is short here: the sandbox has done its work before it answers, or never does it.
my %job_of = (
    payso => {'delivery.timeout' => '300ms', 'provider.settle_after' => '600ms'},
);

sub start
{
    my ($scene, @options) = @_;
    $scene->{case}{sandbox} = $scene->{sandbox} = sandbox_start('--listen', "127.0.0.1:$scene->{port}", '--key-tag', $scene->{tag}, '--seed', 7,
        '--rate', '1000/s', '--nonce-window', 10_000_000_000, '--latency', '1ms', '--state', "$scene->{folder}/state", @options);
}

# Ends the sandbox and adds up what it saw.
sub scene_leave
{
    my ($scene) = @_;
    my $sandbox = delete $scene->{sandbox} or return;
    my $counts = eval { sandbox_counts($sandbox)->{$scene->{provider}} } || {};
    $scene->{seen}{$_} += $counts->{$_} || 0 for qw(over_limit duplicates requests);
    $scene->{seen}{faults} += $_ for values %{$counts->{faults} || {}};
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

# Options: rows, tag (of the API keys: one for each of several scenes at a time).
sub scene_new
{
    my ($provider, $name, %option) = @_;
    my $scene = {provider => $provider, name => $name, rows => $option{rows}, tag => $option{tag}, port => scene_free_port(),
        folder => scratch_folder(), seen => {}, runs => 0};
    my %set = (%job, %{$job_of{$provider} || {}});
    $set{'provider.idempotency_window'} = '1h' if $name eq 'settle-old';
    write_file("$scene->{folder}/state", '');
    start($scene);
    my $case = $scene->{case} = case_new($scene->{sandbox}, provider => $provider, rows => $option{rows}, bad => 1, set => \%set);
    if ($name eq 'update' || $name eq 'rekey') {
        night($scene);
    } elsif ($name ne 'create') {
        local @ENV{qw(KYC_STOP_AT KYC_STOP_BY)} = ('outcome taken#' . int($option{rows} / 2 + 1), 'kill');
        my ($status, undef, $err) = night($scene);
        die "$provider, $name: the run was not stopped: $status $err" if $status != 128 + 9;
    }
    change_rows($case) if $name eq 'update' || $name eq 'settle-changed';
    if ($name eq 'rekey') { # and one night has refused the twins
        write_file("$case->{folder}/export.csv", read_file("$case->{folder}/export.csv") =~ s/^cust-/new-/gmr);
        night($scene);
    }
    scene_leave($scene);
    shell('cp', '-a', "$case->{folder}/.", "$scene->{folder}/before");
    shell('cp', "$scene->{folder}/state", "$scene->{folder}/state.before");
    return $scene;
}

sub scene_restore
{
    my ($scene) = @_;
    my $folder = $scene->{case}{folder};
    shell('sh', '-c', 'rm -rf "$1"/* && cp -a "$2"/. "$1"', 'sh', $folder, "$scene->{folder}/before");
    shell('cp', "$scene->{folder}/state.before", "$scene->{folder}/state");
    # At kraken-embed a create whose answer was lost is for a person: not in a night that is to end by itself.
    start($scene, $scene->{name} ne 'create' ? ()
        : ('--fault', 'status-500:15%', $scene->{provider} eq 'kraken-embed' ? () : ('--fault', 'drop:20%')));
}

sub night
{
    my ($scene, @more) = @_;
    $scene->{runs}++;
    return case_run($scene->{case}, @more, '-q');
}

# What this scene is about: a run, or a person's verdicts; the environment says where it stops.
sub scenario_run
{
    my ($scene, %environment) = @_;
    local @ENV{keys %environment} = values %environment;
    return give_keys($scene) if $scene->{name} eq 'rekey';
    return $scene->{name} eq 'verdicts' ? give_verdicts($scene) : night($scene);
}

# A person who gives those that still have their old key the new one.
sub give_keys
{
    my ($scene) = @_;
    my $case = $scene->{case};
    my @old = map { $_->[0] } case_ledger($case, "SELECT external_id FROM customer WHERE external_id LIKE 'cust-%'");
    write_file("$case->{folder}/keys.csv", join '', "old_external_id,new_external_id\n", map { "$_," . s/^cust/new/r . "\n" } @old);
    return night($scene, 'resolve', '--rekey', "$case->{folder}/keys.csv");
}

# A person who looks each doubt up at the provider.
sub give_verdicts
{
    my ($scene) = @_;
    my $case = $scene->{case};
    my %id = map { ($_->{external_id} || $_->{email} =~ s/@.*//r) => $_->{id} } sandbox_users($scene->{sandbox}, $scene->{provider});
    my @doubts = grep { $id{$_} } map { $_->[0] } case_ledger($case, "SELECT external_id FROM customer WHERE state IN ('in_doubt', 'journalled')");
    write_file("$case->{folder}/users.csv", join '', "external_id,user_id\n", map { "$_,$id{$_}\n" } @doubts);
    return night($scene, 'settle', '--from', "$case->{folder}/users.csv");
}

sub summary { return eval { case_summary($_[0]{case}) } || {}; }

# What does not add up in the report of the last run (1-product.md).
sub scene_missing
{
    my ($scene) = @_;
    my $summary = summary($scene);
    my $sum = 0;
    $sum += $summary->{$_} || 0 for qw(rejected unchanged created updated refused in_doubt unsent);
    return defined $summary->{read} && $sum == $summary->{read} && $summary->{valid} + $summary->{rejected} == $sum ? ()
        : 'the report does not account for every row: ' . $json->encode($summary);
}

# Nights without faults until nothing is left to do, and what there is then:
# {problems => [what was wrong on the way], users => {key => body}, customers => {key => state and digests}, ...}.
sub scene_finish
{
    my ($scene) = @_;
    my ($case, $provider) = @$scene{qw(case provider)};
    my $end = {problems => []};
    my $problem = sub { push @{$end->{problems}}, @_ };

    sandbox_faults($scene->{sandbox});
    my ($status, undef, $err) = $scene->{name} eq 'verdicts' ? give_verdicts($scene)
        : $scene->{name} eq 'rekey' ? give_keys($scene) : (0, '', '');
    $problem->("the verdicts: status $status: $err") if $status;
    ($status, undef, $err) = night($scene);
    $problem->("the next run: status $status: $err") if $status != 1;
    $problem->(scene_missing($scene));
    $end->{in_doubt} = summary($scene)->{in_doubt};
    $end->{refused} = summary($scene)->{refused};
    if ($provider eq 'kraken-embed' && $end->{in_doubt}) {
        ($status, undef, $err) = give_verdicts($scene);
        $problem->("a person's verdicts: status $status: $err") if $status;
        ($status, undef, $err) = night($scene);
        $problem->("the run after them: status $status: $err") if $status != 1;
    } elsif ($end->{in_doubt}) {
        $problem->("$end->{in_doubt} are in doubt for good: "
            . $json->encode([case_ledger($case, "SELECT external_id, state, code, message FROM customer WHERE state <> 'created'")]));
    }

    # Once more: nothing is left to do.
    my $requests = sandbox_counts($scene->{sandbox})->{$provider}{requests};
    ($status, undef, $err) = night($scene);
    $problem->("once more: status $status: $err") if $status != 1;
    $problem->(scene_missing($scene));
    my ($summary, $counts) = (summary($scene), sandbox_counts($scene->{sandbox})->{$provider});
    $problem->("once more: sent requests: " . $json->encode($summary)) if $counts->{requests} != $requests;
    $problem->("once more: not all unchanged: " . $json->encode($summary))
        if $summary->{unchanged} + $summary->{refused} != $summary->{valid} || $summary->{refused} != $end->{refused};
    $problem->("$counts->{duplicates} customers have two users") if $counts->{duplicates};
    $problem->("the provider complains of $counts->{bad_nonces} nonces, $counts->{bad_signatures} signatures")
        if $counts->{bad_nonces} || $counts->{bad_signatures};

    ($status, my $out, $err) = case_run($case, 'status', '--verify');
    $problem->("status --verify: status $status: $out$err") if $status > 1;

    my (%ids, %owners);
    for my $user (sandbox_users($scene->{sandbox}, $provider)) {
        my $key = $user->{external_id} || $user->{email} =~ s/@.*//r;
        $end->{users}{$key} = $json->encode($user->{body});
        $ids{$key} = $user->{id};
    }
    for my $row (case_ledger($case, 'SELECT coalesce(former_key, external_id), user_id, state, pending_digest IS NULL, hex(digest), hex(member_digests) FROM customer')) {
        my ($key, $id, @state) = @$row;
        $end->{customers}{$key} = "@state[0, 1]" . ($scene->{name} eq 'create' ? '' : " @state[2, 3]");
        $owners{$key} = $id;
    }
    $problem->('ledger and provider differ: ' . $json->encode([\%owners, \%ids])) if $json->encode(\%owners) ne $json->encode(\%ids);
    $problem->(scalar(keys %ids) . " users for $scene->{rows} valid rows") if keys %ids != $scene->{rows};
    ($end->{made}, $end->{duplicates}) = (scalar keys %ids, $counts->{duplicates});
    $end->{lost} = grep { !$owners{$_} } map { sprintf 'cust-%06d', $_ } 1 .. $scene->{rows};
    return $end;
}

# What is not as at another end of the same scene.
sub scene_compare
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

# Runs visit(item, number) for each item, so many processes at a time; gives the hashes that it returned, in the order of
# the items and with the item in them, {died => why} where it returned none.
sub scene_side_by_side
{
    my ($width, $visit, @items) = @_;
    my (%running, @results);
    my $next = 0;
    while ($next < @items || %running) {
        while ($next < @items && keys %running < $width) {
            my $file = File::Temp->new;
            my $pid = fork;
            die "fork: $!" if !defined $pid;
            if ($pid == 0) {
                my $result = eval { $visit->($items[$next], $next) } || {died => "$@"};
                write_file($file->filename, $json->encode($result));
                POSIX::_exit(0);
            }
            $running{$pid} = [$next++, $file];
        }
        my $pid = waitpid -1, 0;
        my $ended = delete $running{$pid} or next;
        my ($number, $file) = @$ended;
        $results[$number] = eval { $json->decode(read_file($file->filename)) } || {died => "it ended with status $?"};
        $results[$number]{item} = $items[$number];
    }
    return @results;
}

1;
