#!/usr/bin/perl
# resolve asks the provider before it stores a person's answer: a user that does not exist or is another customer's is not
# stored; a later answer corrects an earlier one; without a reply nothing is stored.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

sub user_of { my ($case, $key) = @_; return (case_ledger($case, "SELECT coalesce(user_id, '-') FROM customer WHERE external_id = '$key'"))[0][0]; }
sub resolve { my ($case, @more) = @_; return case_run($case, 'resolve', @more); }

# Three creates in doubt that each reached the provider, and the ids of their users.
sub doubts
{
    my ($provider) = @_;
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:100%@create');
    my $case = case_new($sandbox, provider => $provider, rows => 3,
        set => {'delivery.attempts' => 1, 'delivery.in_doubt' => 'hold', $provider eq 'payso' ? ('delivery.timeout' => '5s') : ()}); # it is asked after twice as long
    case_run($case, '-q');
    sandbox_faults($sandbox);
    my %id = map { ($_->{external_id} || $_->{email} =~ s/@.*//r) => $_->{id} } sandbox_users($sandbox, $provider);
    is(scalar keys %id, 3, "$provider: three creates landed, and none is known");
    return ($sandbox, $case, %id);
}

for my $provider (provider_names()) {
    subtest $provider => sub {
        my ($sandbox, $case, %id) = doubts($provider);
        my $no_such = $id{'cust-000001'} =~ s/.$/$& eq 'A' ? 'B' : 'A'/er;

        my ($status, $out, $err) = resolve($case, '--key', 'cust-000001', '--user', $no_such);
        is($status, 1, 'a user that is not there');
        like($err, qr/cust-000001: the provider has no such user: nothing was written/, 'is not stored, which is reported');
        ($status, $out, $err) = resolve($case, '--key', 'cust-000001', '--user', $id{'cust-000002'});
        is($status, 1, 'a user of another customer');
        like($err, $provider eq 'payso' ? qr/the user differs in last_name, email, and the provider does not name its customer: nothing was written/
            : qr/the provider has this user for another customer \(external_id differs\): nothing was written/, 'is not stored, which is reported by field');
        unlike($err, qr/example\.com|Morgan/, 'without a value');
        is(user_of($case, 'cust-000001'), '-', 'nothing was written');

        sandbox_faults($sandbox, 'status-503:100%');
        ($status, $out, $err) = resolve($case, '--key', 'cust-000001', '--user', $id{'cust-000001'});
        is($status, 4, 'no answer is status 4') or diag $err;
        like($err, qr/nothing was written/, 'nothing was stored, which is reported');
        is(user_of($case, 'cust-000001'), '-', 'and so it is');
        sandbox_faults($sandbox);

        sandbox_faults($sandbox, 'not-found:100%@fetch');
        ($status, $out, $err) = resolve($case, '--key', 'cust-000001', '--user', $id{'cust-000001'});
        is($status, 1, 'a 404 that is not in the provider\'s own words') or diag $err;
        like($err, qr/the provider's answer does not name the customer .*: nothing was written/, 'reveals nothing');
        is(user_of($case, 'cust-000001'), '-', 'and nothing is written');
        sandbox_faults($sandbox);

        ($status, $out, $err) = resolve($case, '--key', 'cust-000001', '--user', $id{'cust-000001'} =~ s/ //gr);
        is($status, 0, 'the right one' . ($provider eq 'kraken-embed' ? ', typed without its blanks' : '')) or diag $err;
        is(user_of($case, 'cust-000001'), $id{'cust-000001'}, 'is written as the provider writes it');
        is_deeply([case_ledger($case, "SELECT digest IS NULL FROM customer WHERE external_id = 'cust-000001'")], [[0]], 'and has what was journalled');

        # A wrong user: stored unchecked, then corrected.
        ($status, $out, $err) = resolve($case, '--key', 'cust-000002', '--user', $no_such, '--unchecked');
        is($status, 0, '--unchecked sends no request') or diag $err;
        is(user_of($case, 'cust-000002'), $no_such, 'and writes anything');
        is_deeply([case_ledger($case, "SELECT digest IS NULL FROM customer WHERE external_id = 'cust-000002'")], [[$provider eq 'payso' ? 0 : 1]],
            'its data is known only where nothing can be updated');
        ($status, $out, $err) = resolve($case, '--key', 'cust-000002', '--user', $id{'cust-000002'});
        like($out, qr/1 corrected, 0 not written/, 'a later answer corrects it') or diag $err;
        is(user_of($case, 'cust-000002'), $id{'cust-000002'}, 'the user is the right one');
        ($status, $out, $err) = resolve($case, '--key', 'cust-000002', '--absent');
        is($status, 1, 'absent, and its user is there');
        like($err, qr/the provider has the user of this customer: nothing was written/, 'is not believed');
        resolve($case, '--key', 'cust-000003', '--user', $no_such, '--unchecked');
        ($status, $out, $err) = resolve($case, '--key', 'cust-000003', '--absent');
        like($out, qr/1 corrected/, 'absent, and the user of an earlier answer does not exist: that answer is withdrawn') or diag $err;
        is_deeply([case_ledger($case, "SELECT state, user_id FROM customer WHERE external_id = 'cust-000003'")], [['unsent', '']], 'the next run would create it');
        resolve($case, '--key', 'cust-000003', '--user', $id{'cust-000003'}, '--unchecked');
        is_verified($case, 'each answer is an event, and the ledger verifies');

        write_file("$case->{folder}/users.csv", "external_id;user_id\ncust-000001;$id{'cust-000001'}\nold-1;$no_such\nold-2;$id{'cust-000003'}\n");
        ($status, $out, $err) = resolve($case, '--from', "$case->{folder}/users.csv");
        is($status, 1, 'a file is asked for line by line, whatever delimiter it was saved with');
        like($err, qr/users\.csv:3: the provider has no such user/, 'who is not there');
        like($err, qr/users\.csv:4: /, 'who is another customer');
        like($out, qr/^0 resolved, 0 adopted, 1 accepted as they are, 2 not written$/, 'and the rest is written');

        delete @{$case->{set}}{qw(delivery.attempts delivery.in_doubt)};
        ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, 'the next run succeeds') or diag $err;
        is(sandbox_counts($sandbox)->{$provider}{users}, 3, 'and no customer has two users');
        is(sandbox_counts($sandbox)->{$provider}{over_limit}, 0, 'never over the limit');
        is_verified($case, 'the ledger verifies');
        sandbox_stop($sandbox);
    };
}

# The user is this customer's by its external id, but another tool created it with other data: it is updated.
subtest 'a user with other data' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my %hold = ('delivery.attempts' => 1, 'delivery.in_doubt' => 'hold');
    my $earlier = case_new($sandbox, provider => 'kira', csv => csv_rows(2) =~ s/,Morgan/,Moore/gr =~ s/1 Market St/9 Elm St/gr);
    case_run($earlier, '-q');
    my %id = map { $_->{external_id} => $_->{id} } sandbox_users($sandbox, 'kira');
    my $case = case_new($sandbox, provider => 'kira', rows => 2, set => {%hold});
    sandbox_faults($sandbox, 'status-500:100%@create');
    case_run($case, '-q', '--new-ledger');
    sandbox_faults($sandbox);
    is_deeply([case_ledger($case, 'SELECT DISTINCT state FROM customer')], [['in_doubt']], 'two creates in doubt, and neither reached the provider');
    for (['cust-000001'], ['cust-000002', '--unchecked']) {
        my ($key, @more) = @$_;
        my ($status, $out, $err) = resolve($case, '--key', $key, '--user', $id{$key}, @more);
        like($out, qr/^1 resolved/, join(' ', 'the user is taken', @more)) or diag $err;
    }
    is_deeply([case_ledger($case, 'SELECT DISTINCT digest IS NULL, member_digests IS NULL FROM customer')], [[1, 1]], 'its data is unknown');
    is_verified($case, 'the ledger verifies');
    delete @{$case->{set}}{keys %hold};
    my ($status, undef, $err) = case_run($case, '-q');
    is(join(' ', $status, @{case_summary($case)}{qw(updated unchanged)}), '0 2 0', 'the next run sends it every member') or diag $err;
    my $users = JSON::PP->new->encode([sandbox_users($sandbox, 'kira')]);
    like($users, qr/1 Market St/, 'and the users have the data of the rows');
    unlike($users, qr/Moore|9 Elm St/, 'alone');
    ($status, undef, $err) = case_run($case, '-q');
    is(join(' ', $status, @{case_summary($case)}{qw(updated unchanged)}), '0 0 2', 'once') or diag $err;
    is_verified($case, 'the ledger verifies at the end');
    sandbox_stop($sandbox);
};

subtest 'who asks holds the locks of a run' => sub {
    my ($sandbox, $case, %id) = doubts('kira');
    sandbox_faults($sandbox, 'slow:100%');
    my $pid = case_start($case, 'resolve', '--key', 'cust-000001', '--user', $id{'cust-000001'}, '--set', 'delivery.timeout=20s');
    my $asked = sandbox_counts($sandbox)->{kira}{requests};
    select undef, undef, undef, 0.05 until sandbox_counts($sandbox)->{kira}{requests} > $asked;
    my ($status, undef, $err) = resolve($case, '--key', 'cust-000002', '--user', $id{'cust-000002'});
    is($status, 7, 'a second one meanwhile is status 7') or diag $err;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    is(user_of($case, 'cust-000001'), '-', 'killed while it asks: nothing was written');
};
done_testing;
