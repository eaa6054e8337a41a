#!/usr/bin/perl
# refresh: the verification states of the ledger's users are read from all four providers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;
use KycHostile;
use KycParallel;

my $action = qr/^(?:verification|needs_action|retry_required)$/;

sub refresh
{
    my ($case, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'refresh', '--json', @more);
    return ($status, eval { JSON::PP->new->utf8->decode($out) }, $err);
}

sub set_state
{
    my ($sandbox, $provider, $id, $state) = @_;
    $id =~ s/ /%20/g;
    sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=$provider&user=$id&state=$state", '');
}

# {external_id => [state, word, reason, read at]} of the ledger.
sub states
{
    my ($case) = @_;
    return {map { my ($key, @rest) = @$_; ($key => \@rest) } case_ledger($case,
        "SELECT external_id, ifnull(verification, 'unknown'), ifnull(verification_word, ''), ifnull(verification_reason, ''),"
            . ' ifnull((SELECT at FROM reading WHERE customer = customer.id), 0) FROM customer')};
}

sub changes { return {map { ("$_->{from} $_->{to}" => $_->{count}) } @{$_[0]{changes}}}; }

# What changed between the create and the first refresh is not a change since a refresh.
{
    my $sandbox = sandbox_start();
    my $case = case_new($sandbox, provider => 'payso', rows => 3);
    case_run($case, '-q');
    my %id = map { @$_ } case_ledger($case, 'SELECT external_id, user_id FROM customer');
    set_state($sandbox, 'payso', $id{"cust-00000$_"}, 'rejected') for 1, 2;
    my ($status, $out, $err) = case_run($case, 'refresh');
    is($status, 1, 'customers that are rejected at the first refresh are status 1');
    like($err, qr/warning: 2 customers are rejected, and 0\s+need action\s+hint: kyc-import results \Q$case->{folder}\E\S+job\.yaml --verification rejected,action_needed$/m, 'in words without a refresh before') or diag $err;
    unlike("$out$err", qr/since|1970/, 'and no time of one');
    like($out, qr/^3 users read with 1 request$/m, 'one is not several') or diag $out;
    sandbox_stop($sandbox);
}

for my $provider (provider_names()) {
    parallel $provider => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, provider => $provider, rows => 150);
        case_run($case, '-q');
        my ($status, $read, $err) = refresh($case);
        is($status, 0, "$provider: the first refresh succeeds") or diag $err;
        is($read->{customers}{pending}, 150, "$provider: all are pending") or diag explain $read;
        is($read->{read}, 150, "$provider: each was read once");
        my $text = (case_run($case, 'status'))[1];
        like($text, qr/^ +users +verification$/m, "$provider: status names no time where nothing has changed since") or diag $text;
        my %requests = (payso => 1, kira => 3); # a listing; two pages and the login
        is($read->{requests}, $requests{$provider} || 150, "$provider: with as many requests");
        is($read->{complete}, JSON::PP::true, "$provider: the refresh is complete");

        my %id = map { @$_ } case_ledger($case, 'SELECT external_id, user_id FROM customer');
        set_state($sandbox, $provider, $id{"cust-00000$_"}, 'verified') for 1 .. 5;
        set_state($sandbox, $provider, $id{'cust-000006'}, 'needs_action');
        set_state($sandbox, $provider, $id{'cust-000007'}, 'rejected');
        set_state($sandbox, $provider, $id{'cust-000008'}, 'deleted');
        ($status, $read, $err) = refresh($case);
        is($status, 1, "$provider: a customer that became rejected is status 1") or diag $err;
        is_deeply(changes($read), {'pending verified' => 5, 'pending action_needed' => 1, 'pending rejected' => 1,
            'pending deleted' => 1}, "$provider: what has changed") or diag $err;
        is_deeply($read->{customers}, {unknown => 0, pending => 142, verified => 5, action_needed => 1, rejected => 1,
            deleted => 1}, "$provider: and the counts");
        is_deeply($read->{changed}, {unknown => 0, pending => 0, verified => 5, action_needed => 1, rejected => 1,
            deleted => 1}, "$provider: and what has changed since the last refresh");
        like($err, qr/since the last refresh 1 customer became rejected, and 1\s+needs action.*kyc-import results \Q$case->{folder}\E\S+job\.yaml --verification rejected,action_needed --since 20/s, "$provider: is told");
        my $states = states($case);
        is("@{$states->{'cust-000001'}}[0]", 'verified', "$provider: verified");
        like($states->{'cust-000006'}[1], $action, "$provider: the provider's own word");
        like($states->{'cust-000006'}[2], qr/\S/, "$provider: and its reason") if $provider ne 'kira';
        is_deeply([@{$states->{'cust-000008'}}[0, 1]], ['unknown', 'deleted'], "$provider: the provider has no such user");

        my $shown = JSON::PP->new->utf8->decode((case_run($case, 'status', '--json'))[1]);
        is("$shown->{verification}{verified} $shown->{verification}{deleted}", '5 1', "$provider: status counts the states");
        is($shown->{verification_changed}{verified}, 0, "$provider: none of which changed since that refresh");
        $shown = JSON::PP->new->utf8->decode((case_run($case, 'status', '--json', '--since', '2020-01-01'))[1]);
        is($shown->{verification_changed}{verified}, 5, "$provider: but since 2020");
        ($status, $read) = refresh($case);
        is($status, 0, "$provider: nothing has changed since: status 0");
        is_deeply($read->{changes}, [], "$provider: no change");

        # A verified user that falls back.
        set_state($sandbox, $provider, $id{'cust-000001'}, 'needs_action');
        my $there = JSON::PP->new->utf8->decode((case_run($case, 'status', '--json', '--against-provider'))[1])->{provider};
        is("$there->{verification}{action_needed} $there->{verification}{stale}", '2 1',
            "$provider: status --against-provider compares the states") or diag explain $there;
        ($status, $read) = refresh($case, '--only', 'verified');
        is($read->{read}, $provider =~ /^(?:kira|payso)$/ ? 149 : 5, "$provider: a listing reads all, requests by id only verified ones");
        is($status, 1, "$provider: a verified user that needs action is status 1");
        is_deeply(changes($read), {'verified action_needed' => 1}, "$provider: it fell back");
        ($status, $read) = refresh($case, '--older', '1h');
        is("$status $read->{requests}", '0 0', "$provider: nothing is due within the hour") if $provider ne 'kira';

        my ($text_status, $out) = case_run($case, 'refresh');
        is($text_status, 0, "$provider: as text");
        like($out, qr/^ +142  pending/m, "$provider: a table of counts");
        my (undef, $results) = case_run($case, 'results', '--verification', 'action_needed,deleted', '--format', 'ndjson');
        is_deeply([sort map { JSON::PP->new->utf8->decode($_)->{external_id} } split /\n/, $results],
            ['cust-000001', 'cust-000006', 'cust-000008'], "$provider: results filters by state");
        is_verified($case, "$provider: the ledger");
        my $counts = sandbox_counts($sandbox)->{$provider};
        is("$counts->{complaints} $counts->{bad_nonces} $counts->{over_limit}", ($provider eq 'payso' ? 3 : 4) . ' 0 0', "$provider: the provider complains about the deleted user alone");
        my $report = join '', map { read_file($_) } case_report($case) . '/refresh.json', "$case->{folder}/metrics/test.refresh.prom";
        like($report, qr/^kyc_import_verification_customers\{import="test",state="pending"\} 142$/m, "$provider: the metrics");
        unlike($report . $out . $err, qr/\@example|Morgan|cust-0/, "$provider: without personal data");
        case_run($case, '-q');
        is(case_summary($case)->{unchanged}, 150, "$provider: a run afterwards changes nothing");
        sandbox_stop($sandbox);
    };
}

parallel 'kira without states in its listing' => sub {
    my $sandbox = sandbox_start('--kira-list-states', 'no');
    my $case = case_new($sandbox, provider => 'kira', rows => 30);
    case_run($case, '-q');
    my ($status, $read, $err) = refresh($case);
    is($status, 0, 'kira: a listing without states succeeds') or diag $err;
    is("$read->{read} $read->{without_state}", '30 0', 'kira: each user is requested by its id');
    is($read->{requests}, 32, 'kira: after one page and the login');
    sandbox_stop($sandbox);
};

parallel 'words, names and reasons' => sub {
    my %kyc = (status => 'not_started', comment => undef);
    my $server = hostile_start(sub {
        my ($socket, $head) = @_;
        my $user = {id => 'AA00000000000001', email => 'morgan1@example.com', first_name => 'Morgan', last_name => 'Example',
            date_of_birth => '01/02/1980', kyc => {general => {status => 'on Morgan Example hold',
            moderation_comment => 'Passport of Morgan Example (morgan1@example.com) expired; call +1 415 555 0100'}}};
        print {$socket} hostile_answer(200, JSON::PP->new->encode($head =~ /^POST/ ? {user => {id => $user->{id}}}
            : $head =~ m{/users/} ? {user => $user} : {users => [$user]}));
    });
    my $case = case_new($server, provider => 'payso', rows => 1);
    case_run($case, '-q');
    my ($status, $read, $err) = refresh($case);
    is($status, 0, 'an unknown word is pending') or diag $err;
    is($read->{customers}{pending}, 1, 'and counted as such');
    like($err, qr/unknown word of the provider for a verification/, 'and told');
    my ($state, $word, $reason) = @{(values %{states($case)})[0]};
    is($state, 'pending', 'and stored as such');
    my $all = join ' ', $err, $word, $reason, JSON::PP->new->encode($read);
    like($reason, qr/expired/, 'with its reason');
    unlike($all, qr/Morgan|\@example|0100/, 'without personal data') or diag $all;
    hostile_end($server);
};

parallel 'stopped' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--latency', '50ms');
    my $case = case_new($sandbox, rows => 60, set => {'delivery.attempts' => 2});
    case_run($case, '-q');
    for my $row (['status-500:100%', qr/provider is gone.*delivery\.retry_for/], ['garbage:100%', qr/does not answer/]) {
        my ($fault, $message) = @$row;
        sandbox_faults($sandbox, $fault);
        local @{$case->{set}}{'delivery.retry_for', 'delivery.attempts'} = ('1s', 2);
        my ($status, $read, $err) = refresh($case);
        is($status, 4, "$fault: status 4") or diag $err;
        like($err, $message, "$fault: and the message says so");
        is($read->{complete}, JSON::PP::false, "$fault: incomplete");
    }
    sandbox_faults($sandbox, 'status-500:10%', 'reset:10%', 'drop:5%', 'status-429:3%', 'garbage:5%');
    my ($status, $read, $err) = refresh($case, '--set', 'delivery.attempts=12');
    is("$status $read->{read}", '0 60', 'requests are repeated under faults') or diag $err;
    sandbox_faults($sandbox, 'not-found:100%@fetch');
    ($status, $read, $err) = refresh($case);
    is("$status $read->{unclear} $read->{customers}{deleted}", '1 60 0', "a gateway's 404 does not delete a user") or diag $err;
    sandbox_faults($sandbox);

    local $case->{set}{'delivery.rate'} = '8/s';
    local $case->{set}{'delivery.burst'} = 1;
    my $apart = 3;    # s between what was read before and what is read now: the next one begins within them
    for my $signal (qw(INT KILL)) {
        sleep $apart + 0.1;
        sandbox_reset($sandbox);
        my $began = time;
        my $pid = case_start($case, 'refresh', '--json');
        sleep 0.05 until sandbox_counts($sandbox)->{payward}{requests} >= 10;
        is((case_run($case, '-q'))[0], 7, 'a run beside it is status 7');
        kill $signal, $pid;
        waitpid $pid, 0;
        is($signal eq 'INT' ? $? >> 8 : $? & 127, $signal eq 'INT' ? 6 : 9, "SIG$signal ends it") or diag read_file("$case->{folder}/err");
        my $fresh = grep { $_->[3] / 1e9 > $began } values %{states($case)};
        cmp_ok($fresh, '>=', $signal eq 'INT' ? 10 : 1, "SIG$signal: what was read is stored");
        cmp_ok($fresh, '<', 60, 'and is not all');
        my $late = int((time - $began + $apart) * 1000) . 'ms';
        sandbox_reset($sandbox);
        ($status, $read, $err) = refresh($case, '--older', $late, '--set', 'delivery.rate=200/s');
        is($read->{read}, 60 - $fresh, 'the next one continues') or diag $err;
        is_verified($case, "SIG$signal: the ledger");
    }
    is(sandbox_counts($sandbox)->{payward}{bad_nonces}, 0, 'and nonces rise');
    ($status, $read) = refresh($case, '--limit', 5);
    is("$status $read->{read} $read->{requests}", '0 5 5', '--limit limits the requests');
    sandbox_stop($sandbox);
};

# The rate holds over a run and the refreshes after it, one of them killed.
parallel 'the rate' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--rate', '20/s');
    my $case = case_new($sandbox, rows => 30, set => {'delivery.rate' => '20/s', 'delivery.burst' => 1});
    case_run($case, '-q');
    is((refresh($case))[0], 0, 'a refresh right after the run');
    my $pid = case_start($case, 'refresh', '-q');
    sleep 0.03 until sandbox_counts($sandbox)->{payward}{requests} >= 70;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    my ($status, $read, $err) = refresh($case);
    is("$status $read->{read}", '0 30', 'a refresh right after a killed one') or diag $err;
    my $counts = sandbox_counts($sandbox)->{payward};
    is($counts->{over_limit}, 0, 'nothing is over the limit');
    cmp_ok($counts->{max_per_second}, '<=', 20, 'in any second');
    sandbox_stop($sandbox);
};

parallel 'misuse' => sub {
    my $sandbox = sandbox_start();
    my $case = case_new($sandbox, rows => 1);
    my ($status, undef, $err) = case_run($case, 'refresh');
    is($status, 5, 'without a ledger there is nothing to read') or diag $err;
    case_run($case, '-q');
    for my $row (['--only', 'verifed', qr/--only cannot be `verifed`\nhint: did you mean `verified`\?/],
        ['--older', '3 days', qr/--older/], ['--only', '', qr/--only cannot be ``/]) {
        my ($option, $value, $message) = @$row;
        ($status, undef, $err) = case_run($case, 'refresh', $option, $value);
        is($status, 2, "$option $value is status 2");
        like($err, $message, 'with a hint');
    }
    ($status, undef, $err) = case_run($case, 'results', '--since', 'yesterday');
    is($status, 2, '--since yesterday is status 2') or diag $err;
    sandbox_stop($sandbox);
};
parallel_run(7);
done_testing;
