#!/usr/bin/perl
# status --verify: a ledger that only kyc-import wrote is consistent, whatever the providers did; a modified one is not, and
# the finding names the place, the customer and what to do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;
use KycParallel;

sub verify
{
    my ($case) = @_;
    my ($status, $out, $err) = case_run($case, 'status', '--verify', '--json');
    my $json = eval { JSON::PP->new->utf8->decode($out) } or diag $out, $err;
    return ($status, $json->{verify}, $err);
}

# A history with faults, a refused row, changed rows, users given by a person, and a run stopped by its limit of attempts.
my @faults = map { ('--fault', "$_:6%") } qw(status-429 status-500 reset drop garbage truncate);
for my $provider (provider_names()) {
    parallel $provider => sub {
        my $sandbox = sandbox_start('--seed', 5, '--nonce-window', 10_000_000_000, @faults);
        my $case = case_new($sandbox, provider => $provider, rows => 40, bad => 2, set => {'delivery.attempts' => 2,
            'delivery.timeout' => '400ms', $provider eq 'payso' ? ('provider.settle_after' => '800ms') : ()});
        my $csv = read_file("$case->{folder}/export.csv");
        case_run($case, '-q');
        write_file("$case->{folder}/export.csv", $csv =~ s/Market/Castro/gr =~ s/(cust-00000[12])\@/$1-new\@/gr);
        case_run($case, '-q', '--accept-updates');
        case_run($case, '-q', '--retry-refused', '--accept-updates');
        my @doubts = case_ledger($case, "SELECT external_id FROM customer WHERE state = 'in_doubt'");
        case_run($case, 'settle', '-q', '--key', $doubts[0][0], '--absent') if @doubts;
        case_run($case, 'settle', '-q', '--key', 'old-1', '--user', 'U-OLD-00000000001', '--unchecked');
        sandbox_faults($sandbox);
        is_verified($case, "a history with all of it") or return;
        case_run($case, '-q', '--accept-updates');
        my ($status, $verify) = verify($case);
        is($verify->{count}, 0, "a clean run after it");
        is($verify->{customers}, (case_ledger($case, 'SELECT count(*) FROM customer'))[0][0], "every customer was checked");
        is($verify->{events}, (case_ledger($case, 'SELECT count(*) FROM event'))[0][0], "and every event");
        tamper_everywhere($case) if $provider eq 'payward';
    };
}

# What follows the creates: states that were read, and links, of which two answers were lost.
for my $provider (qw(kira payso)) {
    parallel "verification and links at $provider" => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, provider => $provider, rows => 12, set => {'delivery.attempts' => 1});
        case_run($case, '-q');
        for my $id (map { $_->[0] } case_ledger($case, 'SELECT user_id FROM customer WHERE id <= 6')) {
            sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=$provider&user=" . ($id =~ s/ /%20/gr) . '&state=needs_action', '');
        }
        case_run($case, 'refresh', '-q');
        sandbox_faults($sandbox, 'drop:x2@link');
        case_run($case, 'links', '-q', '--only', 'action_needed');
        my %states = map { @$_ } case_ledger($case, 'SELECT state, count(*) FROM task GROUP BY 1');
        is_deeply(\%states, {done => 4, in_doubt => 2}, 'two of six links are in doubt');
        is_verified($case, 'with links in doubt');
        sandbox_faults($sandbox);
        case_run($case, 'links', '-q', '--only', 'action_needed');
        my ($status, $verify) = verify($case);
        is("$status $verify->{count} $verify->{tasks}", '0 0 6', 'and with all of them made');
        is((case_ledger($case, "SELECT count(*) FROM customer WHERE link_at > 0 AND verification = 'action_needed'"))[0][0], 6, 'each user has its link');
        (undef, my $text) = case_run($case, 'status', '--verify');
        like($text, qr/^verified: .* runs, 6 links and documents: the chain holds/m, 'the text names links and documents');

        my ($whole, $ledger) = (undef, "$case->{folder}/test.ledger");
        run_program('sqlite3', $ledger, 'PRAGMA wal_checkpoint(TRUNCATE)');
        $whole = read_file($ledger);
        for my $one (['a link deleted', 'DELETE FROM task WHERE id = 3', 'its row is missing'],
            ['the last link deleted', 'DELETE FROM task WHERE id = 6', 'its row is missing'],
            ['a link that counts as not made', "UPDATE task SET state = 'unsent' WHERE id = 3", 'its row is not the one'],
            ['a link with another idempotency key', "UPDATE task SET idempotency_key = 'x' WHERE id = 3", 'its row is not the one'],
            ['a link of another customer', 'UPDATE task SET customer = 9 WHERE id = 3', 'its row is not the one']) {
            my ($sentence, $sql, $what) = @$one;
            unlink "$ledger-wal", "$ledger-shm";
            write_file($ledger, $whole);
            case_sql($case, $sql);
            ($status, $verify) = verify($case);
            is("$status $verify->{count} $verify->{findings}[0]{kind}", '5 1 task', "$sentence: is found");
            like($verify->{findings}[0]{what}, qr/^\Q$what\E/, "$sentence: says what differs");
            (undef, $text) = case_run($case, 'status', '--verify');
            like($text, qr/^  task $verify->{findings}[0]{task} of customer cust-\d+: \Q$what\E/m, "$sentence: is in the text");
        }
    };
}

# Each modification of the ledger, and damage of the file, is found.
sub tamper_everywhere
{
    my ($case) = @_;
    my $ledger = "$case->{folder}/test.ledger";
    run_program('sqlite3', $ledger, 'PRAGMA wal_checkpoint(TRUNCATE)');
    my $whole = read_file($ledger);
    my ($event, $its) = map { @$_ } case_ledger($case, "SELECT max(e.id), c.external_id FROM event e JOIN customer c ON c.id = e.customer "
        . "WHERE e.outcome = 'done' AND c.id = 7");
    my $last = (case_ledger($case, 'SELECT max(id) FROM event'))[0][0];

    my @tamperings = (
        ['an event edited', "UPDATE event SET latency_ms = latency_ms + 1 WHERE id = $event", 'event', within => $event],
        ['an event deleted', "DELETE FROM event WHERE id = $event", 'missing', event => $event],
        ['the last event deleted', "DELETE FROM event WHERE id = $last", 'report'],
        ['the chain of an event changed', "UPDATE event SET chain = zeroblob(32) WHERE id = $event", 'event', within => $event],
        ['another user', "UPDATE customer SET user_id = 'U-FOREIGN-000001' WHERE id = 7", 'customer', external_id => $its],
        ['another digest', "UPDATE customer SET digest = zeroblob(32) WHERE id = 7", 'customer', external_id => $its],
        ['another state', "UPDATE customer SET state = 'in_doubt', user_id = NULL, digest = NULL WHERE id = 7", 'customer', external_id => $its],
        ['two customers swapped', "UPDATE customer SET external_id = 'x' WHERE id = 7; UPDATE customer SET external_id = '$its' WHERE id = 8;"
            . "UPDATE customer SET external_id = 'cust-swapped' WHERE id = 7", 'customer', customer => 7, external_id => 'cust-swapped'],
        ['a create that counts as unsent', "UPDATE customer SET state = 'unsent', user_id = NULL WHERE id = 7", 'customer', event => $event],
        ['a text that is empty where there was none', "UPDATE customer SET former_key = '' WHERE id = 7", 'customer', external_id => $its],
        ['another verification', "UPDATE customer SET verification = 'rejected', verification_word = 'x' WHERE id = 7", 'customer', external_id => $its],
        ['a time of a link that was made', "UPDATE customer SET link_at = 1 WHERE id = 7", 'customer', external_id => $its],
        ['a link that was never made', "INSERT INTO task VALUES (1, 7, 'link', '', 'done', NULL, NULL, 1, 201, NULL, 1, 1)", 'task', task => 1, external_id => $its],
        ['the index of links and documents dropped', "DROP INDEX task_slot", 'file'],
        ['the version of a run changed', "UPDATE run SET version = '0' WHERE id = 2", 'run', run => 2],
        ['a customer deleted', "DELETE FROM customer WHERE id = 7", 'gone', customer => 7],
        ['the rows of the runs deleted', "DELETE FROM run", 'run'],
        ['the row of one run deleted', "DELETE FROM run WHERE id = 2", 'run', run => 2],
        ['the head of a run changed', "UPDATE run SET chain_head = substr(chain_head, 2) || '0' WHERE id = 2", 'run', run => 2],
        ['one user for two', "DROP INDEX customer_user_id; UPDATE customer SET user_id = (SELECT user_id FROM customer WHERE id = 8) WHERE id = 7",
            'user', customer => 7],
    );
    for my $one (@tamperings) {
        my ($sentence, $sql, $kind, %of) = @$one;
        unlink "$ledger-wal", "$ledger-shm";
        write_file($ledger, $whole);
        case_sql($case, $sql);
        my ($status, $verify, $err) = verify($case);
        is($status, 5, "$sentence: status 5") or diag $err;
        my $in = delete $of{within}; # an event of the commit that is named
        my @named = grep { my $found = $_; $found->{kind} eq $kind && !grep { ($found->{$_} || '') ne $of{$_} } keys %of } @{$verify->{findings}};
        @named = grep { $_->{event} <= $in && $in <= ($_->{last_event} || $_->{event}) } @named if $in;
        ok(@named, "$sentence: is found and named") or diag explain $verify->{findings};
        ok(!(grep { !$_->{what} || !$_->{what_to_do} } @{$verify->{findings}}), "$sentence: says what differs and what to do");
        (undef, my $out) = case_run($case, 'status', '--verify');
        like($out, qr/This ledger does not verify:.* $verify->{count} finding@{[$verify->{count} == 1 ? '' : 's']}\b/s, "$sentence: is in the text");
    }

    # Texts that were changed forge no line of the output, and leave it JSON.
    unlink "$ledger-wal", "$ledger-shm";
    write_file($ledger, $whole);
    case_sql($case, "UPDATE customer SET external_id = 'x' || char(10) || 'verified: all' || char(27) WHERE id = 7;"
        . "UPDATE customer SET code = CAST(x'FF' AS TEXT), external_id = CAST(x'FE' AS TEXT) WHERE id = 8");
    (undef, my $text) = case_run($case, 'status', '--verify');
    like($text, qr/^  customer x‹U\+000A›verified: all‹U\+001B›: /m, 'a line end and a control character of a key are shown as such');
    like($text, qr/^  customer ‹byte FE›: /m, 'and a byte that is not UTF-8');
    my ($forged, $found, $why) = verify($case);
    is($forged, 5, 'as JSON: status 5') or diag $why;
    is_deeply([map { $_->{external_id} } @{$found->{findings}}], ["x\nverified: all\e", "\x{2039}byte FE\x{203a}"], 'and the keys are in it');

    # Damaged bits on a page of the key index: a look-up would miss a customer.
    unlink "$ledger-wal", "$ledger-shm";
    write_file($ledger, $whole);
    my ($root) = map { $_->[0] } case_ledger($case, "SELECT rootpage FROM sqlite_schema WHERE name = 'customer_external_id'");
    my ($size) = map { $_->[0] } case_ledger($case, 'PRAGMA page_size');
    my $page = substr $whole, ($root - 1) * $size, $size;
    (my $bad = $page) =~ s/cust-000030/cusu-000030/;
    SKIP: {
        skip 'the key is on another page', 1 if $bad eq $page;
        unlink "$ledger-wal", "$ledger-shm";
        write_file($ledger, substr($whole, 0, ($root - 1) * $size) . $bad . substr $whole, $root * $size);
        my ($status, $verify) = verify($case);
        is(scalar(grep { $_->{kind} eq 'file' } @{$verify->{findings} || []}) > 0, 1, 'a flipped bit of an index is found');
    }

    unlink "$ledger-wal", "$ledger-shm";
    write_file($ledger, $whole);
    my ($status, $out) = case_run($case, 'status', '--verify');
    like($out, qr/the chain holds/, 'restored, it is consistent again');
    unlike($out, qr/damaged/, 'and nothing else is reported');
}

parallel_run(4);
done_testing;
