#!/usr/bin/perl
# The fault matrix: each fault × each operation × each provider. Every cell ends with the documented result, and after the
# fault every valid row is one user with the row's data.
#
#   tests/fault/matrix.t [PROVIDER|OPERATION|FAULT]...      only the cells that each of these words is part of
#
# The short run has few rows in a cell; the long one (make proof) has more, faults by share, and a provider that is gone for
# 30 s, and prints the result of each cell.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);
use KycParallel;
use KycProof;
use KycProxy;
use KycRun;
use KycTest;

my $long = proof_is_long();
my $rows = $ENV{KYC_ROWS} || ($long ? 60 : 12);
my $gone_s = $long ? 30 : 3;
my $rate = $long ? 100 : 50;
my $at_once = $ENV{KYC_AT_ONCE} || ($long ? 12 : 16);
$ENV{RES_OPTIONS} = 'timeout:1 attempts:1'; # a name server that does not answer is no faster a "no"

my @providers = provider_names();
my @operations = qw(create update look_up fetch list login);

# Operations that a provider does not have, with the reason. Each cell of the provider checks that no such request is sent.
# A user is fetched only when a 409 names it, which this sandbox does not unless it is asked to (tests/crash/exists.t).
my $repeats = 'a create in doubt is resolved by repeating it; users cannot be looked up by our own key';
my $signs = 'each request is signed; there is no login';
my %absent = (
    payward => {look_up => $repeats, fetch => $repeats, list => $repeats, login => $signs},
    'kraken-embed' => {look_up => $repeats, fetch => $repeats, list => $repeats, login => $signs},
    kira => {list => 'users are looked up by e-mail or time, a page at a time'},
    payso => {
        update => 'it does not support updates: a changed customer is refused as record/no_update',
        look_up => 'users cannot be looked up by e-mail: one listing answers for all',
        fetch => 'the listing holds all that is compared',
        login => 'the token is static',
    },
);

# The faults. cause: the one that its retry is counted under. doubt: a create or update with it may have reached the provider;
# landed: it did.
my @faults = (
    {name => 'status-429', kind => 'strike', cause => '429'},
    {name => 'status-500', kind => 'strike', cause => '5xx', doubt => 1},
    {name => 'status-503', kind => 'strike', cause => '5xx', doubt => 1},
    {name => 'retry-after', kind => 'strike', cause => '5xx', doubt => 1},
    {name => 'reset', kind => 'strike', cause => 'connect', doubt => 1},
    {name => 'drop', kind => 'strike', cause => 'connect', doubt => 1, landed => 1},
    {name => 'slow', kind => 'strike', cause => 'timeout', doubt => 1, landed => 1},
    {name => 'garbage', kind => 'strike', cause => '5xx', doubt => 1, landed => 1},
    {name => 'truncate', kind => 'strike', cause => 'connect', doubt => 1, landed => 1},
    {name => 'folded-header', kind => 'strike', cause => 'connect', doubt => 1, landed => 1},
    {name => 'foreign-bytes', kind => 'strike', cause => undef},
    {name => 'combined', kind => 'strike', cause => undef, doubt => 1, landed => 1},
    {name => 'dns', kind => 'outage', says => qr/resolv/i},
    {name => 'refused', kind => 'outage', says => qr/connect/},
    {name => 'tls', kind => 'outage', says => qr/tls|certificate/},
    {name => 'gone', kind => 'gone'},
    {name => 'revoked', kind => 'revoked'},
    {name => '401-twice', kind => 'unauthorized'},
    # An update reaches the provider without an answer, its repeat is refused, and the row returns to its first data.
    {name => 'landed-refused', kind => 'landed_refused', only => {map { $_ => ['update'] } qw(payward kraken-embed kira)},
        why => 'a create that landed is found again by its key, its reference or its user: only an update may be forgotten'},
    # An update is applied except for a member, as its answer says.
    {name => 'not-taken', kind => 'not_taken', only => {kira => ['update']}, why => 'only an update of kira names what it took'},
    # The answer that would resolve a create in doubt is incomplete. settles: it suffices all the same.
    {name => 'not-found', kind => 'unclear', only => {kira => ['fetch']}},
    {name => 'left-out', kind => 'unclear', only => {kira => ['fetch'], payso => ['list']}, settles => 'kira'},
    {name => 'lower-case', kind => 'lower_case', only => {kira => [qw(create look_up fetch)], payso => [qw(create list)]}},
);
# Foreign bytes are detected when they are in the socket before the next request is sent: these requests go one by one, not
# in the bursts of a combination.
my @struck_kinds = map { $_->{name} } grep { $_->{kind} eq 'strike' && $_->{name} !~ /^(?:combined|foreign-bytes)$/ } @faults;

# Cells that cannot exist although the operation does.
sub reason_against
{
    my ($cell) = @_;
    return $absent{$cell->{provider}}{$cell->{operation}} if $absent{$cell->{provider}}{$cell->{operation}};
    my $only = $cell->{fault}{only};
    return $cell->{fault}{why} || 'it is about the users shown where a create in doubt is resolved by looking at them'
        if $only && !grep { $_ eq $cell->{operation} } @{$only->{$cell->{provider}} || []};
    return 'a provider that is away for the whole run is not asked for the user that a look-up found'
        if $cell->{fault}{kind} eq 'outage' && $cell->{operation} eq 'fetch';
    return;
}

# Preparation: a sandbox, a job, and all that must happen before the operation occurs.

# Creates in doubt are made by creates without an answer, half of them carried out.
sub is_settling { return $_[0]{operation} =~ /^(look_up|fetch|list)$/; }

sub sandbox_options
{
    my ($cell) = @_;
    my $fault = $cell->{fault}{name};
    return (
        '--listen', "127.0.0.1:$cell->{port}", '--state', "$cell->{folder}/state", '--seed', 5, '--rate', "$cell->{rate}/s",
        '--nonce-window', 10_000_000_000,
        # a slow request is handled after the client gave up, and before payso is asked for its listing
        '--slow-for', $cell->{operation} eq 'list' ? '5s' : '1500ms',
        # a repeat under its key would be a second user: these creates must be looked up
        is_settling($cell) ? ('--idempotency-life', '1ms') : (),
        $fault eq 'lower-case' ? ('--emails', 'lower-case') : (),
        $cell->{tls} ? ('--tls-pem', "$cell->{folder}/tls.pem", '--tls-listen', "127.0.0.1:$cell->{tls}") : (),
    );
}

# Of the first rows; with capitals in the e-mails where the provider stores them in lower case.
sub export
{
    my ($cell, $count) = @_;
    my $csv = csv_rows($count);
    return $cell->{fault}{name} eq 'lower-case' ? $csv =~ s/cust-(\d+)\@/Cust-$1\@/gr : $csv;
}

sub prepare
{
    my ($cell) = @_;
    my ($provider, $fault) = ($cell->{provider}, $cell->{fault}{name});
    my $paced = $fault eq 'retry-after' || $cell->{fault}{kind} =~ /gone|revoked|unauthorized/; # slowly enough to be struck in the middle
    %$cell = (%$cell, folder => scratch_folder(), port => free_port(), rate => $paced ? 10 : $rate, runs => 0, over_limit => 0,
        faults => 0, street => '1 Market St', rows => $paced && $cell->{operation} ne 'update' ? 2 * $rows : $rows);
    my %set = (
        'delivery.rate' => "$cell->{rate}/s", 'delivery.burst' => $paced || $fault eq 'foreign-bytes' ? 1 : 5, 'delivery.attempts' => 12,
        # short where it is waited for
        'delivery.timeout' => $provider eq 'payso' || $fault =~ /slow|combined/ ? '1s' : '10s',
        $provider eq 'kira' ? ('provider.idempotency_window' => is_settling($cell) ? '1h' : '24h') : (),
        $provider eq 'payso' ? ('provider.settle_after' => '2s') : (),
    );
    my $base_url;
    if ($fault eq 'dns' || $fault eq 'tls') {
        my $name = $fault eq 'dns' ? "$provider.example.invalid" : 'localhost';
        tls_certificate("$cell->{folder}/tls", $name);
        $cell->{tls} = free_port();
        $base_url = "https://$name:$cell->{tls}/$provider";
        $set{'provider.ca_file'} = "$cell->{folder}/tls.crt";
        if ($fault eq 'dns') {
            $set{'provider.proxy'} = 'http://127.0.0.1:' . proxy_start($cell->{tls})->{port};
            # A proxy that is late with one request brings it nearer to the next: the provider may see one more.
            $set{'delivery.rate'} = int(0.9 * $cell->{rate}) . '/s';
        }
    }
    $cell->{sandbox} = sandbox_start(sandbox_options($cell));
    $cell->{case} = case_new($cell->{sandbox}, provider => $provider, rows => $cell->{rows}, csv => export($cell, $cell->{rows}), set => \%set,
        $base_url ? (base_url => $base_url) : ());
    prepare_update($cell) if $cell->{operation} eq 'update';
    prepare_doubts($cell) if is_settling($cell);
    $cell->{before} = counts($cell);
}

sub prepare_update
{
    my ($cell) = @_;
    is(run($cell, 'the creates', quick => 1), 0, 'the creates before the update');
    $cell->{street} = '2 Market St';
    write_file("$cell->{case}{folder}/export.csv", csv_rows($cell->{rows}) =~ s/1 Market St/2 Market St/gr);
}

sub prepare_doubts
{
    my ($cell) = @_;
    my $export = "$cell->{case}{folder}/export.csv";
    my $all = read_file($export);
    # A few at a time: ten failures in a row would open the breaker.
    for (my $count = 0; $count < $cell->{rows};) {
        $count = $count + 8 < $cell->{rows} ? $count + 8 : $cell->{rows};
        write_file($export, export($cell, $count));
        sandbox_faults($cell->{sandbox}, 'reset:x3@create', 'drop:100%@create');
        run($cell, "the creates up to row $count", quick => 1, set => {'delivery.in_doubt' => 'hold', 'provider.idempotency_window' => undef});
    }
    write_file($export, $all);
    sandbox_faults($cell->{sandbox});
    is(case_summary($cell->{case})->{in_doubt}, $cell->{rows}, 'all are in doubt');
}

sub counts { return sandbox_counts($_[0]{sandbox})->{$_[0]{provider}}; }

sub settings
{
    my ($cell, %option) = @_;
    return {%{$cell->{case}{set}}, $option{quick} ? ('delivery.burst' => 20) : (), %{$option{set} || {}}};
}

# The limit applies to one run: two of them within one second may together send more.
sub pause
{
    my ($cell) = @_;
    my $wait = ($cell->{last_end} || 0) + 1.1 - time;
    sleep $wait if $wait > 0;
}

# One run to its end: returns its status and keeps its summary.
sub run
{
    my ($cell, $what, %option) = @_;
    my $case = $cell->{case};
    pause($cell);
    local $case->{set} = settings($cell, %option);
    my ($status, undef, $err) = case_run($case, '-q');
    return ended($cell, $what, $status, $err);
}

sub ended
{
    my ($cell, $what, $status, $err) = @_;
    my $summary = case_summary($cell->{case});
    $cell->{runs}++;
    $cell->{last_end} = time;
    @$cell{qw(summary status err)} = ($summary, $status, $err);
    is($summary->{status}, $status, "$what: the summary has the status") or diag $err;
    adds_up($summary, $what);
    return $status;
}

# A run in the background; returns after so many requests of the operation (or at once).
sub start
{
    my ($cell, $requests) = @_;
    my $operation = $cell->{operation};
    pause($cell);
    unlink "$cell->{case}{folder}/err";
    $cell->{pid} = case_start($cell->{case}, '-q');
    test_process($cell->{pid});
    my $give_up = time + 60;
    my $seen = 0;
    while ($requests && $seen < $requests && time < $give_up && waitpid($cell->{pid}, WNOHANG) == 0) {
        sleep 0.01;
        $seen = (counts($cell)->{by_operation}{$operation} || 0) - ($cell->{before}{by_operation}{$operation} || 0);
    }
    cmp_ok($seen, '>=', $requests, 'the run is in the middle') if $requests;
}

sub is_running { return waitpid($_[0]{pid}, WNOHANG) == 0; }

sub finish
{
    my ($cell, $what) = @_;
    waitpid $cell->{pid}, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return ended($cell, $what, $status, read_file("$cell->{case}{folder}/err"));
}

# The expected result of a run in which every customer is imported.
sub is_done
{
    my ($cell, $what) = @_;
    my ($summary, $rows) = @$cell{qw(summary rows)};
    my $of = $cell->{operation} eq 'update' ? 'updated' : 'created';
    # At kraken-embed a create whose answer was lost ends in "exists", without the user's id: for a person.
    my $person = $cell->{provider} eq 'kraken-embed' && $of eq 'created' && $cell->{for_a_person};
    # Foreign bytes that arrive when the next request has already been sent are read as its answer, as in any HTTP/1.1; they name
    # another customer's user, so that this one stays in doubt until the next run.
    my $late = $cell->{fault}{name} eq 'foreign-bytes';
    is($summary->{$of} + $summary->{unchanged} + ($person || $late ? $summary->{in_doubt} : 0), $rows, "$what: all $rows are $of")
        or diag summary_line($summary);
    is($summary->{in_doubt}, 0, "$what: no row is in doubt") if !$person && !$late;
    is($cell->{status}, $summary->{in_doubt} ? 1 : 0, "$what: the status") or diag $cell->{err};
}

sub summary_line
{
    my ($summary) = @_;
    return join ' ', map { "$_ $summary->{$_}" } qw(read created updated unchanged refused in_doubt unsent requests);
}

# The kinds.

sub wait_until
{
    my ($condition) = @_;
    my $give_up = time + 30;
    sleep 0.02 while !$condition->() && time < $give_up;
}

# Some answers of the operation are faulty.
sub strike
{
    my ($cell) = @_;
    my ($operation, $fault) = ($cell->{operation}, $cell->{fault});
    my $combined = $fault->{name} eq 'combined';
    my $few = $operation =~ /^(list|login)$/;
    my @kinds = $combined ? @struck_kinds : ($fault->{name});
    # One login or listing that is answered is enough.
    my $next = $combined || ($few && $fault->{name} eq 'foreign-bytes') ? 1 : $few ? 2 : 4;
    my $share = $combined ? 4 : 20;
    sandbox_faults($cell->{sandbox}, map { ("$_:x$next\@$operation", $long && !$few ? "$_:$share%\@$operation" : ()) } @kinds);
    $cell->{for_a_person} = $fault->{landed};
    run($cell, 'the run');
    is_done($cell, 'the run');
    my $summary = $cell->{summary};
    # a slow one is counted when its work is done, which is after the run as likely as not
    my $injected = sub { my $faults = counts($cell)->{faults}; my $sum = 0; $sum += ($faults->{$_} || 0) - ($cell->{before}{faults}{$_} || 0) for @kinds; $sum };
    wait_until(sub { $injected->() >= $next * @kinds });
    $cell->{faults} += $injected->();
    cmp_ok($cell->{faults}, '>=', $next * @kinds, 'the faults happened');
    sandbox_faults($cell->{sandbox});
    # At payso a create in doubt is not repeated: the listing resolves it.
    my $asked = $cell->{provider} eq 'payso' && $operation eq 'create' && $fault->{doubt};
    cmp_ok($summary->{retries}{$fault->{cause}}, '>=', $operation eq 'login' ? 1 : $next, "retries are counted as $fault->{cause}")
        if $fault->{cause} && !$asked;
    events($cell, 'list') if $asked;
}

# The ledger has events of an operation.
sub events
{
    my ($cell, $operation) = @_;
    my ($count) = map { $_->[0] } case_ledger($cell->{case}, "SELECT count(*) FROM event WHERE operation = '$operation' AND attempt > 0");
    cmp_ok($count, '>', 0, "the ledger has attempts of $operation");
}

# For a whole run, the answer that would resolve creates in doubt is incomplete: none that reached the provider is repeated.
sub unclear
{
    my ($cell) = @_;
    my ($fault, $operation, $provider) = @$cell{qw(fault operation provider)};
    my $settles = ($fault->{settles} || '') eq $provider;
    my $landed = counts($cell)->{users};
    sandbox_faults($cell->{sandbox}, "$fault->{name}:100%\@$operation");
    run($cell, 'the unclear run');
    $cell->{faults} += counts($cell)->{faults}{$fault->{name}} || 0;
    sandbox_faults($cell->{sandbox});
    my $summary = $cell->{summary};
    is($summary->{in_doubt}, $settles ? 0 : $landed, 'creates that reached the provider are in doubt') or diag summary_line($summary);
    is($summary->{in_doubt} + $summary->{created}, $cell->{rows}, 'and the others are created') or diag summary_line($summary);
    is(counts($cell)->{users}, $cell->{rows}, 'no second user is created');
    run($cell, 'the next run');
    is_done($cell, 'the next run');
}

# The provider stores e-mails in lower case. A create's answer gets lost, or was lost before.
sub lower_case
{
    my ($cell) = @_;
    my $next = $cell->{operation} eq 'create' ? 4 : 0;
    sandbox_faults($cell->{sandbox}, $next ? "drop:x$next\@create" : ());
    run($cell, 'the run');
    is_done($cell, 'the run');
    $cell->{faults} += $cell->{rows}; # each e-mail came back other than it was sent
}

# After a refused repeat the provider's data of these customers is unknown: all are sent again.
sub landed_refused
{
    my ($cell) = @_;
    my $struck = 4;
    sandbox_faults($cell->{sandbox}, "drop:x$struck\@update");
    run($cell, 'the run that loses answers', set => {'delivery.attempts' => 1});
    is($cell->{summary}{in_doubt}, $struck, 'some are in doubt');
    sandbox_faults($cell->{sandbox}, "status-422:x$struck\@update");
    run($cell, 'the run that is refused');
    is($cell->{summary}{refused}, $struck, 'and their repeats are refused');
    $cell->{faults} += 2 * $struck;
    $cell->{street} = '1 Market St';
    write_file("$cell->{case}{folder}/export.csv", csv_rows($cell->{rows}));
    run($cell, 'the rows go back');
    is_done($cell, 'the rows go back');
    is($cell->{summary}{updated}, $cell->{rows}, 'and all are sent') or diag summary_line($cell->{summary});
}

# An omitted member is sent again by the next run, and by no later one; a lost answer then is not a second omission.
sub not_taken
{
    my ($cell) = @_;
    my $struck = 4;
    sandbox_faults($cell->{sandbox}, "not-taken:x$struck\@update");
    run($cell, 'the run whose members are left out');
    is(join(' ', $cell->{status}, @{$cell->{summary}}{qw(updated provider_warned)}), "1 $cell->{rows} $struck", 'all are updated, some with a warning')
        or diag summary_line($cell->{summary});
    sandbox_faults($cell->{sandbox}, 'drop:x2@update');
    run($cell, 'the next run');
    is_done($cell, 'the next run');
    is(join(' ', @{$cell->{summary}}{qw(updated unchanged provider_warned)}), join(' ', $struck, $cell->{rows} - $struck, 0), 'sends these again');
    $cell->{faults} += $struck + 2;
}

# No connection to the provider for a whole run: nothing is sent, no customer is lost, and the next run finishes.
sub outage
{
    my ($cell) = @_;
    my ($fault, $operation) = @$cell{qw(fault operation)};
    my %broken = (dns => {'provider.proxy' => undef}, tls => {'provider.ca_file' => undef}, refused => {});
    sandbox_stop($cell->{sandbox}) if $fault->{name} eq 'refused';
    run($cell, 'the run without a provider', set => {'delivery.retry_for' => '1s', %{$broken{$fault->{name}}}});
    my $summary = $cell->{summary};
    # Ten failures open the breaker. One listing for all has not failed so often when its time is over.
    my $alone = $operation eq 'list';
    is($cell->{status}, $alone ? 1 : 4, $alone ? 'the listing is given up' : 'the breaker stops the run') or diag $cell->{err};
    like($cell->{err}, $fault->{says}, 'and says why') if !$alone;
    my $left = is_settling($cell) ? 'in_doubt' : 'unsent';
    is($summary->{$left}, $summary->{read}, "all are $left") or diag summary_line($summary);
    is($summary->{requests}, 0, 'nothing is sent');
    cmp_ok($summary->{retries}{connect}, '>', 0, 'and something was tried');
    $cell->{faults} += $summary->{retries}{connect};
    if ($fault->{name} eq 'refused') {
        $cell->{sandbox} = $cell->{case}{sandbox} = sandbox_start(sandbox_options($cell));
    } else {
        is(counts($cell)->{requests}, $cell->{before}{requests}, 'the provider saw nothing');
    }
    run($cell, 'the next run');
    is_done($cell, 'the next run');
}

# The provider dies in the middle of a run, and is back after a while.
sub gone
{
    my ($cell) = @_;
    my $once = $cell->{operation} =~ /^(list|login)$/; # over in one request: gone before it
    sandbox_stop($cell->{sandbox}) if $once;
    start($cell, $once ? 0 : 3);
    if (!$once) {
        $cell->{over_limit} += counts($cell)->{over_limit};
        sandbox_kill($cell->{sandbox});
    }
    sleep $gone_s;
    ok(is_running($cell), "the run outlives a provider that is gone for $gone_s s");
    $cell->{sandbox} = $cell->{case}{sandbox} = sandbox_start(sandbox_options($cell));
    $cell->{for_a_person} = 1;
    finish($cell, 'the run');
    is_done($cell, 'the run');
    cmp_ok($cell->{summary}{retries}{connect}, '>', 0, 'connections were refused');
    $cell->{faults} += $cell->{summary}{retries}{connect};
}

# The provider revokes credentials. A login's token is renewed; without a valid key the run stops.
sub revoked
{
    my ($cell) = @_;
    my ($operation, $provider) = @$cell{qw(operation provider)};
    my $once = $operation =~ /^(list|login)$/;
    my $token = $provider eq 'kira' && $operation ne 'login';
    sandbox_control($cell->{sandbox}, 'POST', '/_sandbox/revoke-keys', '') if $once;
    start($cell, $once ? 0 : 3);
    sandbox_control($cell->{sandbox}, 'POST', $token ? '/_sandbox/revoke-tokens' : '/_sandbox/revoke-keys', '') if !$once;
    finish($cell, 'the run');
    my ($counts, $summary) = (counts($cell), $cell->{summary});
    my $turned_away = $counts->{bad_tokens} + $counts->{bad_keys};
    cmp_ok($turned_away, '>', 0, 'requests were turned away');
    $cell->{faults} += $turned_away;
    if ($token) {
        is($counts->{logins} - $cell->{before}{logins}, 2, 'one new login is enough');
        cmp_ok($summary->{retries}{auth}, '>', 0, 'its retries are counted');
        is_done($cell, 'the run');
        return;
    }
    is($cell->{status}, 4, 'the run stops') or diag $cell->{err};
    like($cell->{err}, qr/credentials|permissions/, 'and says what to look at');
    my $left = is_settling($cell) ? 'in_doubt' : 'unsent';
    cmp_ok($summary->{$left}, '>', 0, "the rest is $left") or diag summary_line($summary);
    cmp_ok($turned_away, '<=', 8, 'not more were sent than were in flight');
    sandbox_control($cell->{sandbox}, 'POST', '/_sandbox/restore-keys', '');
    run($cell, 'the next run');
    is_done($cell, 'the next run');
}

# Two 401 in the middle of a run. Where there is a login its token is renewed, without an effect on any record; unknown
# credentials stop the run. In either case no record is refused for it.
sub unauthorized
{
    my ($cell) = @_;
    my ($operation, $provider) = @$cell{qw(operation provider)};
    my $once = $operation =~ /^(list|login)$/;
    my $strike = sub { sandbox_faults($cell->{sandbox}, "status-401:x1\@$operation") };
    my $struck = sub { counts($cell)->{faults}{'status-401'} || 0 };
    my $asked = sub { counts($cell)->{by_operation}{$operation} || 0 };
    if ($provider eq 'kira' && $operation ne 'login') {
        start($cell, 3);
        for my $time (1, 2) {
            $strike->();
            wait_until(sub { $struck->() >= $time });
            my $seen = $asked->();
            wait_until(sub { $asked->() >= $seen + 4 }) if $time == 1; # the new token serves
        }
        finish($cell, 'the run');
        is($struck->(), 2, 'two requests were turned away');
        is(counts($cell)->{logins} - ($cell->{before}{logins} || 0), 3, 'each time one new login is enough');
        is($cell->{summary}{retries}{auth}, 2, 'its retries are counted');
        is($cell->{summary}{refused}, 0, 'no row is refused');
        is_done($cell, 'the run');
        $cell->{faults} += $struck->();
        return;
    }
    for my $time ('the first time', 'the second time') {
        $cell->{before} = counts($cell);
        if ($once) {
            $strike->();
            run($cell, $time);
        } else {
            start($cell, 3);
            $strike->();
            finish($cell, $time);
        }
        sandbox_faults($cell->{sandbox});
        is($struck->() - ($cell->{before}{faults}{'status-401'} || 0), 1, "$time: a request was turned away");
        is($cell->{status}, 4, "$time: the run stops") or diag $cell->{err};
        like($cell->{err}, qr/credentials/, "$time: and says what to look at");
        is($cell->{summary}{refused}, 0, "$time: no row is refused");
        my $left = is_settling($cell) ? 'in_doubt' : 'unsent';
        cmp_ok($cell->{summary}{$left}, '>', 0, "$time: the rest is $left") or diag summary_line($cell->{summary});
    }
    $cell->{faults} += $struck->();
    run($cell, 'the third run');
    is_done($cell, 'the third run');
}

# The end of every cell.

# A person looks up at the provider what the ledger cannot contain (kraken-embed).
sub settle_by_person
{
    my ($cell) = @_;
    my %id = map { $_->{external_id} => $_->{id} } sandbox_users($cell->{sandbox}, $cell->{provider});
    my @doubts = map { $_->[0] } case_ledger($cell->{case}, "SELECT external_id FROM customer WHERE state = 'in_doubt'");
    write_file("$cell->{folder}/users.csv", join '', "external_id,user_id\n", map { "$_,$id{$_}\n" } @doubts);
    my ($status, undef, $err) = case_run($cell->{case}, 'settle', '--from', "$cell->{folder}/users.csv");
    is($status, 0, 'a person resolves what is in doubt') or diag $err;
}

sub streets
{
    my ($cell) = @_;
    my %seen;
    for my $body (map { $_->{body}{user} || $_->{body} } sandbox_users($cell->{sandbox}, $cell->{provider})) {
        $seen{$body->{residence} ? $body->{residence}{line1} : $body->{address_street} || $body->{address_line1}}++;
    }
    return \%seen;
}

sub conclude
{
    my ($cell) = @_;
    my ($provider, $case, $rows) = @$cell{qw(provider case rows)};
    my @result = ($cell->{status}, summary_line($cell->{summary}));
    # Of the runs alone: resolving by a person sends a request for each user that is named.
    my $counts = counts($cell);
    settle_by_person($cell) if $cell->{summary}{in_doubt};
    is_deeply([grep { $counts->{by_operation}{$_} } 'other', sort keys %{$absent{$provider}}], [],
        'nothing was sent that this provider does not have');
    is_deeply(streets($cell), {$cell->{street} => $rows}, 'each user has the data of its row');
    my %events = map { @$_ } case_ledger($case, 'SELECT operation, count(*) FROM event WHERE attempt > 0 GROUP BY operation');
    for my $operation (qw(create update look_up fetch)) {
        cmp_ok($events{$operation} || 0, '>=', $counts->{by_operation}{$operation} || 0, "the ledger accounts for each $operation");
    }
    is_settled($case, 'the end: each row one user, and a further run sends nothing');
    $counts = counts($cell);
    is($counts->{early}, 0, 'no request arrived before a Retry-After was over');
    my ($created) = map { $_->[0] } case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'created' AND user_id <> ''");
    sandbox_stop($cell->{sandbox});
    return {faults => $cell->{faults}, runs => $cell->{runs} + 1, expected => $rows, made => $counts->{users},
        duplicates => $counts->{duplicates}, lost => $rows - $created, over_limit => $cell->{over_limit} + $counts->{over_limit},
        rate => $cell->{rate}, max_per_second => $counts->{max_per_second}, result => join(', ', "status $result[0]", $result[1])};
}

my %kinds = (strike => \&strike, outage => \&outage, gone => \&gone, revoked => \&revoked, unauthorized => \&unauthorized, unclear => \&unclear, lower_case => \&lower_case,
    landed_refused => \&landed_refused, not_taken => \&not_taken);
my (@cells, @impossible);
for my $provider (@providers) {
    for my $operation (@operations) {
        for my $fault (@faults) {
            my $cell = {provider => $provider, operation => $operation, fault => $fault};
            my @words = ($provider, $operation, $fault->{name});
            next if grep { my $word = $_; !grep { $_ eq $word } @words } @ARGV;
            my $reason = reason_against($cell);
            my $name = join ', ', @words;
            push @impossible, [$name, $reason] if $reason;
            push @cells, {name => $name, run => sub { prepare($cell); $kinds{$fault->{kind}}->($cell); conclude($cell) }}
                if !$reason;
        }
    }
}

my $began = time;
my @figures = cells_run($at_once, @cells);
my %sum = map { $_ => 0 } proof_columns();
for my $at (grep { $figures[$_] } 0 .. $#cells) {
    $sum{$_} += $figures[$at]{$_} for keys %sum;
    diag sprintf '%-34s %4d faults  %s', $cells[$at]{name}, $figures[$at]{faults}, $figures[$at]{result} if $long;
}
proof_add('fault matrix', %sum);
note sprintf '%d cells in %.1f s; %s', scalar @cells, time - $began, join ', ', map { "$_ $sum{$_}" } proof_columns();
note "$cells[$_]{name}: $figures[$_]{over_limit} over the limit of $figures[$_]{rate}/s, at most $figures[$_]{max_per_second} in a second"
    for grep { $figures[$_] && $figures[$_]{over_limit} } 0 .. $#cells;
note "$_->[0]: cannot exist: $_->[1]" for @impossible;
is($sum{$_}, 0, "no $_ in all") for qw(duplicates lost over_limit);
is($sum{made}, $sum{expected}, 'as many users as rows');
done_testing;
