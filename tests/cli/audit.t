#!/usr/bin/perl
# status --against-provider: the ledger is compared with the provider's users, at all four providers.
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

sub audit
{
    my ($case, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'status', '--against-provider', '--json', @more);
    return ($status, eval { JSON::PP->new->utf8->decode($out)->{provider} }, $err);
}

for my $provider (provider_names()) {
    parallel $provider => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, provider => $provider, rows => 40);
        case_run($case, '-q');
        my ($status, $found, $err) = audit($case, '--verify');
        is($status, 0, "$provider: every user exists") or diag $err;
        is($found->{asked}, 40, "$provider: every user was requested");
        is($found->{there}, 40, "$provider: and found");
        is($found->{complete}, JSON::PP::true, "$provider: and the comparison is complete");
        is(sandbox_counts($sandbox)->{$provider}{complaints}, 0, "$provider: no complaint");
        is(sandbox_counts($sandbox)->{$provider}{bad_nonces}, 0, "$provider: no nonce out of order");

        # The same under faults.
        sandbox_faults($sandbox, 'status-500:10%', 'reset:10%', 'status-429:3%', 'garbage:5%');
        ($status, $found, $err) = audit($case, '--set', 'delivery.attempts=12');
        is($status, 0, "$provider: requests are repeated under faults") or diag $err, explain $found;
        sandbox_faults($sandbox);

        # A gateway's 404 does not prove that a user is missing.
        if ($provider ne 'payso') {
            sandbox_faults($sandbox, 'not-found:100%@fetch');
            ($status, $found, $err) = audit($case);
            is("$status $found->{missing} $found->{unclear}", '1 0 40', "$provider: a gateway's 404 is unclear") or diag $err;
            sandbox_faults($sandbox);
        }

        my %id = map { @$_ } case_ledger($case, 'SELECT external_id, user_id FROM customer');
        sandbox_control($sandbox, 'POST', '/_sandbox/remove', $id{'cust-000003'});
        case_sql($case, "UPDATE customer SET user_id = 'x' WHERE external_id = 'cust-000005';"
            . "UPDATE customer SET user_id = '$id{'cust-000005'}' WHERE external_id = 'cust-000006';"
            . "UPDATE customer SET user_id = '$id{'cust-000006'}' WHERE external_id = 'cust-000005'");
        ($status, $found, $err) = audit($case);
        is($status, 1, "$provider: findings are status 1") or diag $err;
        my @missing = grep { $_->{kind} eq 'missing' } @{$found->{findings}};
        is(scalar @missing, 1, "$provider: one is missing") or diag explain $found;
        is($missing[0]{external_id}, 'cust-000003', "$provider: by its key");
        is($missing[0]{user_id}, $id{'cust-000003'}, "$provider: and its user");
        my %foreign = map { $_->{external_id} => $_->{told} } grep { $_->{kind} eq 'foreign' } @{$found->{findings}};
        is_deeply(\%foreign, $provider eq 'payso' ? {} : {'cust-000005' => 'cust-000006', 'cust-000006' => 'cust-000005'},
            "$provider: which customers have the user of another");
        is((audit($case, '--verify'))[0], 5, "$provider: with --verify the ledger shows it too");
        if ($provider eq 'payso') {
            case_sql($case, "DELETE FROM customer WHERE external_id = 'cust-000009'");
            (undef, $found) = audit($case);
            my @unknown = grep { $_->{kind} eq 'unknown' } @{$found->{findings}};
            is_deeply([map { $_->{user_id} } @unknown], [$id{'cust-000009'}], 'payso: a user that is not in the ledger');
        }
        my (undef, $out) = case_run($case, 'status', '--against-provider');
        like($out, qr/Differs at the provider:.*cust-000003.*1 missing/s, "$provider: is in the text");
        unlike($out, qr/\@example|Morgan/, "$provider: without personal data");
        sandbox_stop($sandbox);
    };
}

# A listing that announces another page does not prove that a user is missing.
parallel 'a listing that announces another page' => sub {
    my $server = hostile_start(sub {
        my ($socket, $head) = @_;
        print {$socket} $head =~ /^POST/ ? hostile_answer(200, '{"user":{"id":"AA00000000000001"}}') : hostile_answer(200, '{"users":[],"meta":{"total":1}}');
    });
    my $case = case_new($server, provider => 'payso', rows => 1);
    case_run($case, '-q');
    my ($status, $found, $err) = audit($case);
    is("$status $found->{missing} $found->{unclear}", '1 0 1', 'payso: in an incomplete list a user is unclear') or diag $err;
    is($found->{findings}[0]{told}, 'listing_incomplete', 'payso: and why');
    hostile_end($server);
};

# Stopped by the provider, by a lack of answers, by another run, by a person.
parallel 'stopped' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--latency', '100ms');
    my $case = case_new($sandbox, rows => 60, set => {'delivery.attempts' => 2});
    case_run($case, '-q');
    my $secret = $ENV{TEST_API_SECRET_1};
    $ENV{TEST_API_SECRET_1} = 'A' x 86 . '==';
    my ($status, $found, $err) = audit($case);
    is($status, 4, 'credentials that are refused are status 4') or diag $err;
    $ENV{TEST_API_SECRET_1} = $secret;
    for my $row (['status-500:100%', qr/provider is gone.*delivery\.retry_for/], ['garbage:100%', qr/does not answer/, 10]) {
        my ($fault, $message, $silent) = @$row;
        sandbox_faults($sandbox, $fault);
        local @{$case->{set}}{'delivery.retry_for', 'delivery.attempts'} = ('1s', 2);
        ($status, $found, $err) = audit($case);
        is($status, 4, "$fault: status 4") or diag $err;
        like($err, $message, "$fault: and the message says so");
        is($found->{no_answer}, $silent, "$fault: after so many users without an answer") if $silent;
    }
    sandbox_faults($sandbox);

    # In a database a run watches for a renewal for five seconds.
    local $case->{set}{'delivery.rate'} = is_postgres() ? '2/s' : '5/s';
    local $case->{set}{'delivery.burst'} = 1;
    for my $signal (qw(INT HUP)) {
        sandbox_reset($sandbox);
        my @command = case_arguments($case, 'status', '--against-provider', '--json');
        my $pid = fork;
        if (!$pid) {
            open STDOUT, '>', "$case->{folder}/audit.json";
            open STDERR, '>', "$case->{folder}/audit.err";
            { exec {$command[0]} @command; }
            POSIX::_exit(127);
        }
        sleep 0.05 until sandbox_counts($sandbox)->{payward}{requests} >= 5;
        is((case_run($case, '-q'))[0], 7, 'a run beside it is status 7');
        kill $signal, $pid;
        waitpid $pid, 0;
        is($? >> 8, 6, "SIG$signal: status 6") or diag read_file("$case->{folder}/audit.err");
        my $part = JSON::PP->new->utf8->decode(read_file("$case->{folder}/audit.json"))->{provider};
        cmp_ok($part->{asked}, '>=', 5, 'with the requests until then');
        cmp_ok($part->{asked}, '<', 60, 'and no more');
        is($part->{complete}, JSON::PP::false, 'which is incomplete');
        is($part->{there}, $part->{asked}, 'requests in flight were awaited');
    }
    is(sandbox_counts($sandbox)->{payward}{over_limit}, 0, 'within the limit');
    is((case_run($case, '-q'))[0], 0, 'the next run succeeds');
    is(sandbox_counts($sandbox)->{payward}{bad_nonces}, 0, 'and its nonces rise');
    case_lose_ledger($case, qr/\.(?:key|head|lock)$/);
    is((audit($case))[0], 5, 'without a ledger there is nothing to compare');
    sandbox_stop($sandbox);
};

# The ledger is damaged between the beginning and the end of the listing: the report says that it is incomplete. In a database
# the customers were read before.
is_postgres() or parallel 'a ledger that is damaged meanwhile' => sub {
    my $sandbox = sandbox_start('--latency', '2s..2s');
    my $case = case_new($sandbox, provider => 'payso', rows => 20);
    case_run($case, '-q');
    sandbox_reset($sandbox);
    my $pid = case_start($case, 'status', '--against-provider');
    my $give_up = time + 20;
    sleep 0.02 while sandbox_counts($sandbox)->{payso}{requests} == 0 && time < $give_up;
    ok(eval { case_sql($case, 'ALTER TABLE customer RENAME TO customer_gone'); 1 }, 'the ledger is damaged while the listing is under way') or diag $@;
    waitpid $pid, 0;
    is($? >> 8, 5, 'a comparison that the ledger cut short is status 5');
    like(read_file("$case->{folder}/err"), qr/test\.ledger/, 'and reported');
    like(read_file("$case->{folder}/out"), qr/; not all were compared$/m, 'and the sum reports that it is incomplete');
    sandbox_stop($sandbox);
};
parallel_run(7);
done_testing;
