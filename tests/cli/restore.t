#!/usr/bin/perl
# A backup takes the ledger's place, and no customer is created twice because of it: where it may be older than what was
# sent, runs stop until a person has decided; nonces go on above those that were lost; who was forgotten stays forgotten.
use strict;
use warnings;
use FindBin;
use IO::Handle;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);
use KycTest;
use KycRun;

my $sandbox = sandbox_start();
my $json = JSON::PP->new->utf8;

# A restore moves the nonces of the API key up to a minute ahead of the clock: another ledger that uses it has to wait.
sub fresh_sandbox { sandbox_stop($sandbox); $sandbox = sandbox_start(); }
sub names_in { opendir my $folder, $_[0] or die "$_[0]: $!"; return sort grep { !/^\.\.?$/ } readdir $folder; }
sub users_of { return sandbox_counts($sandbox)->{$_[0]}{users}; }

# A case with two customers and a backup of them; then a third one.
sub older_backup
{
    my ($provider, $first) = @_;
    my $case = case_new($sandbox, provider => $provider, csv => csv_rows(2, 0, $first));
    run_of($case, 'two are created', 0);
    my ($status, $out, $err) = case_run($case, 'backup', "$case->{folder}/b");
    is($status, 0, 'a backup') or diag $err;
    write_file("$case->{folder}/export.csv", csv_rows(3, 0, $first));
    run_of($case, 'a third one is created', 0);
    return $case;
}

subtest 'the newest backup: the next run continues' => sub {
    my $case = case_new($sandbox, csv => csv_rows(3, 0, 100));
    run_of($case, 'three are created', 0);
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'a backup');
    my $users = users_of('payward');
    write_file("$case->{folder}/test.ledger", 'not a database any more');
    my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 0, 'the ledger is damaged: it is restored') or diag $err;
    like($out, qr/^.+test\.ledger: restored, as of \d{4}-\S+: \d+ events, 3 customers, 1 run$/m, 'what it has');
    like($out, qr/^the ledger that was there is now .+test\.ledger\.before-\d{8}T\d{6}$/m, 'where the old one is');
    like($out, qr/^nothing could be taken over from it: /m, 'that it could not be read');
    like($out, qr/^nothing is missing in it: the next run continues$/m, 'that it is the newest');
    my ($summary) = run_of($case, 'the next run', 0);
    is($summary->{unchanged}, 3, 'knows all three');
    is(users_of('payward'), $users, 'and creates nobody');
    is_verified($case, 'the ledger verifies');
    is((stat "$case->{folder}/test.ledger")[2] & 0777, 0600, 'mode 0600');
    is_deeply([grep { /tmp-/ } names_in($case->{folder})], [], 'no draft is left');
};

my $first = 200;
for my $provider ('payso', 'payward') {
    subtest "$provider: an older backup: runs stop until a person decides" => sub {
        fresh_sandbox();
        my $case = older_backup($provider, $first += 10);
        my $users = users_of($provider);
        my ($floor) = map { $_->[0] } case_ledger($case, 'SELECT max(floor) FROM nonce');
        my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
        is($status, 0, 'it is restored') or diag $err;
        like($out, qr/^1 run or other command came after it: run 2$/m, 'which runs are lost');
        like($out, qr/^A run stops \(status 5\) until you decide/m, 'and what is to be decided');
        if ($provider eq 'payward') {
            my ($after) = map { $_->[0] } case_ledger($case, 'SELECT max(floor) FROM nonce');
            cmp_ok($after, '>=', $floor, 'no nonce of the lost runs is used again');
            cmp_ok($after, '>', time * 1e9, 'and none of a run whose floor is not known');
        }
        for my $try (1, 2) {
            ($status, $out, $err) = case_run($case);
            is($status, 5, "run $try stops");
            is(users_of($provider), $users, 'and sends nothing');
        }
        # Even when the records of the last run are gone.
        unlink glob("$case->{folder}/test.ledger.head $case->{folder}/reports/test/*.head"), "$case->{folder}/reports/test/summary.json";
        ($status, $out, $err) = case_run($case);
        is($status, 5, 'without any record of the last run too');
        like($err, qr/it was restored from a backup of \d{4}-\S+, and nobody has decided yet .*\nhint: /, 'and why');
        if ($provider eq 'payso') {
            like($err, qr/kyc-import adopt .+job\.yaml/, 'the hint names adopt');
            is((case_run($case, 'adopt'))[0], 0, 'adopt completes it');
        } else {
            like($err, qr/the provider makes no second user of a create that it knows, continue once with run --new-ledger/, 'the hint names --new-ledger');
            run_of($case, 'once with --new-ledger', 0, '--new-ledger');
        }
        my ($summary) = run_of($case, 'the next run', 0);
        is_deeply([@$summary{qw(read unchanged)}], [3, 3], 'knows all three');
        is(users_of($provider), $users, 'nobody was created twice');
        is(sandbox_counts($sandbox)->{$provider}{duplicates}, 0, 'no duplicate');
        is_verified($case, 'the ledger verifies');
    };
}

subtest 'the rate holds across a restore' => sub {
    for my $is_lost (0, 1) {
        sandbox_stop($sandbox);
        $sandbox = sandbox_start('--rate', '20/s');
        my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(2, 0, 280),
            set => {'delivery.rate' => '20/s', 'delivery.burst' => 20, 'delivery.canary' => 0, 'delivery.in_flight' => 20});
        run_of($case, 'two are created', 0);
        is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'a backup');
        sleep 1.2;
        write_file("$case->{folder}/export.csv", csv_rows(18, 0, 300));
        is((case_run($case, '-q'))[0], 0, 'a run that uses the whole rate');
        unlink glob "$case->{folder}/test.ledger $case->{folder}/test.ledger-*" if $is_lost;
        is((case_run($case, 'restore', "$case->{folder}/b"))[0], 0, 'a restore at once' . ($is_lost ? ', of a ledger that was lost' : ''));
        write_file("$case->{folder}/export.csv", csv_rows(18, 0, 330));
        is((case_run($case, '-q', '--new-ledger'))[0], 0, 'and the next run');
        is(sandbox_counts($sandbox)->{kira}{over_limit}, 0, 'nothing is over the limit');
    }
    fresh_sandbox();
};

subtest 'a backup made during a run that was killed is not the newest' => sub {
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(400, 0, 1000), set => {'delivery.rate' => '20/s', 'delivery.burst' => 1});
    my $pid = case_start($case);
    my $created = sub { return eval { (case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'created'"))[0][0] } || 0 };
    select undef, undef, undef, 0.05 until $created->() > 5;
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'a backup');
    my $then = $created->();
    select undef, undef, undef, 0.05 until $created->() > $then;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 0, 'it is restored') or diag $err;
    like($out, qr/^A run stops/m, 'and not taken for the newest');
    is((case_run($case))[0], 5, 'a run stops');
};

subtest 'an older ledger that was moved aside is not taken for the newest' => sub {
    fresh_sandbox();
    my $case = older_backup('payward', 320);
    my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 0, 'restored over the newest ledger') or diag $err;
    unlike($out, qr/may be back/, 'nobody who was forgotten can be back');
    is((case_run($case, '-q', '--new-ledger'))[0], 0, 'a run that a person lets continue');
    is((case_run($case, 'forget', '--key', 'cust-000320'))[0], 0, 'a customer is forgotten');
    unlink glob "$case->{folder}/test.ledger $case->{folder}/test.ledger-wal $case->{folder}/test.ledger-shm";
    ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 0, 'the ledger is lost, and restored again') or diag $err;
    like($out, qr/^customers that were forgotten since may be back, because the newest ledger is not there: forget them again, by your receipts$/m,
        'says that the customer may be back');
};

subtest 'who was forgotten stays forgotten' => sub {
    fresh_sandbox();
    my $case = older_backup('payward', 300);
    write_file("$case->{folder}/wanted", "external_id\ncust-000301\ncust-000302\n");
    my ($status, $out, $err) = case_run($case, 'forget', '--from', "$case->{folder}/wanted");
    is($status, 0, 'two are forgotten, one of whom the backup does not have') or diag $err;
    ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 0, 'the backup is restored') or diag $err;
    like($out, qr/^forgotten since, and erased again: 1 customer$/m, 'the one that it has is erased again');
    unlike(read_file("$case->{folder}/test.ledger"), qr/cust-000301/, 'not a byte of it is left');
    my $users = users_of('payward');
    my ($summary) = run_of($case, 'a run that a person lets continue', 1, '--new-ledger');
    is_deeply($summary->{rejects_by_rule}, {'external_id/erased' => 2}, 'rejects the rows of both');
    is(users_of('payward'), $users, 'and creates nobody');
    is_verified($case, 'the ledger verifies');
    my @known = map { $_->[0] =~ s{.*/}{}r } case_ledger($case, 'SELECT path FROM backup ORDER BY id');
    is(scalar(grep { $_ eq 'b' } @known) >= 1 && scalar(grep { /before-/ } @known), 1, 'the backup and the old ledger are known to have them')
        or diag "@known";
    ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 0, 'it is restored once more') or diag $err;
    case_run($case, '-q', '--new-ledger');
    ($status, $out, $err) = case_run($case, 'forget', '--json', '--key', 'cust-000300');
    is($status, 0, 'and another customer forgotten') or diag $err;
    my @receipt = map { "$_->{at} $_->{path}" } @{$json->decode($out || '{}')->{backups}};
    is_deeply([sort @receipt], [sort keys %{{map { $_ => 1 } @receipt}}], 'a receipt names each backup once');
};

subtest 'what is refused, and changes nothing' => sub {
    fresh_sandbox();
    my $case = older_backup('payward', 400);
    my $ledger = read_file("$case->{folder}/test.ledger");
    is((case_run($case, 'restore', "$case->{folder}/none"))[0], 2, 'no such file: status 2');
    write_file("$case->{folder}/text", "not a database, but a text that is long enough to be one\n" x 100);
    is((case_run($case, 'restore', "$case->{folder}/text"))[0], 5, 'not a ledger: status 5');
    rename "$case->{folder}/b.key", "$case->{folder}/kept";
    my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 5, 'without its key: status 5');
    like($err, qr/b has lost its digest key .+b\.key/, 'and why');
    rename "$case->{folder}/kept", "$case->{folder}/b.key";
    run_program('cp', "$case->{folder}/b", "$case->{folder}/changed");
    run_program('cp', "$case->{folder}/b.key", "$case->{folder}/changed.key");
    run_program('sqlite3', "$case->{folder}/changed", "UPDATE customer SET user_id = 'x' WHERE id = 1");
    ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/changed");
    is($status, 5, 'a changed backup: status 5');
    like($err, qr/changed: the backup does not verify: .*\nhint: use another one/, 'and why');
    is((case_run($case, 'restore', "$case->{folder}/b", '--set', 'job=another'))[0], 5, 'of another job: status 5');
    is(read_file("$case->{folder}/test.ledger"), $ledger, 'the ledger is as it was');
    my $busy = case_new($sandbox, provider => 'kira', rows => 200, set => {'delivery.rate' => '5/s', 'delivery.burst' => 1});
    my $pid = case_start($busy);
    select undef, undef, undef, 0.05 until eval { (case_ledger($busy, 'SELECT count(*) FROM run'))[0][0] };
    is((case_run($busy, 'restore', "$case->{folder}/b"))[0], 7, 'while a run holds the lock: status 7');
    is((case_run($busy, 'forget', '--key', 'cust-000001'))[0], 7, 'forget likewise');
    kill 'TERM', $pid;
    waitpid $pid, 0;
    is_deeply([grep { /tmp-|before-/ } names_in($case->{folder}), names_in($busy->{folder})], [], 'nothing is left behind');
};

subtest 'status, probe and forget say that a decision is pending' => sub {
    fresh_sandbox();
    my $case = older_backup('payso', $first += 10);
    my ($status, $out, $err) = case_run($case, 'status', '--json');
    ok(!$json->decode($out)->{awaits_decision}, 'no decision is pending');
    is((case_run($case, 'restore', "$case->{folder}/b"))[0], 0, 'an older backup is restored');
    my $pending = qr/it was restored from a backup of \d{4}-\S+, and nobody has decided yet .*\s*hint: complete it .*kyc-import adopt .+job\.yaml; or, only if no customer was created since .*continue once with run --new-ledger/;
    for my $records ('with the records of the last run', 'without them') {
        unlink glob("$case->{folder}/test.ledger.head $case->{folder}/reports/test/*.head"), "$case->{folder}/reports/test/summary.json"
            if $records =~ /without/;
        ($status, $out, $err) = case_run($case, 'status');
        like($out, qr/^No run sends from this ledger: .*$pending/m, "$records: status says it");
        ok($json->decode((case_run($case, 'status', '--json'))[1])->{awaits_decision}, 'in JSON too');
        ($status, $out, $err) = case_run($case, 'probe');
        is($status, 1, 'probe: status 1');
        like($out, qr/^ledger +NOT OK +.*$pending/m, 'and says it');
        next if $records =~ /without/;
        ($status, $out, $err) = case_run($case, 'forget', '--key', 'cust-000001');
        is($status, 5, 'forget: status 5');
        like($err, $pending, 'and names the command that has --new-ledger');
    }
    is((case_run($case, 'adopt'))[0], 0, 'adopt decides it');
    unlike((case_run($case, 'status'))[1], qr/No run sends/, 'status says nothing any more');
    is((case_run($case, 'probe'))[0], 0, 'probe: status 0');
};

subtest 'twice in a row: nothing is moved over another ledger' => sub {
    fresh_sandbox();
    my $case = older_backup('payward', 500);
    for my $try (1 .. 3) { is((case_run($case, 'restore', "$case->{folder}/b"))[0], 0, "restore $try") }
    my @moved = grep { /before-[^.-]*$/ } names_in($case->{folder});
    is(scalar @moved, 3, 'three ledgers were moved aside') or diag "@moved";
    my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/$moved[0]");
    is($status, 0, 'the first of them, which was the newest, can be restored') or diag $err;
    like($out, qr/^.+test\.ledger: restored, .* 3 customers/m, 'it has all three customers');
    like($out, qr/^nothing is missing in it: the next run continues$/m, 'and is known to be the newest');
    my ($summary) = run_of($case, 'a run', 0);
    is($summary->{unchanged}, 3, 'knows all three');
    is_verified($case, 'the ledger verifies');
};

subtest 'while another program has the ledger open' => sub {
    fresh_sandbox();
    my $case = older_backup('payward', 520);
    open my $shell, '|-', 'sh', '-c', 'exec sqlite3 "$1/test.ledger" >"$1/shell" 2>&1', 'sh', $case->{folder} or die $!;
    $shell->autoflush(1);
    print $shell "SELECT count(*) FROM customer;\n";
    select undef, undef, undef, 0.05 until -s "$case->{folder}/shell";
    my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/b");
    is($status, 7, 'status 7: at its end it would remove the log of the new ledger');
    like($err, qr/test\.ledger: another program has it open, .*\nhint: end that program/, 'and why');
    is_deeply([grep { /before-|tmp-/ } names_in($case->{folder})], [], 'nothing was moved');
    is((case_ledger($case, 'SELECT count(*) FROM customer'))[0][0], 3, 'the ledger is as it was');
    print $shell ".quit\n";
    close $shell;
    is((case_run($case, 'restore', "$case->{folder}/b"))[0], 0, 'once it has ended: status 0');
};

subtest 'the ledger itself is no backup of it' => sub {
    my $case = older_backup('kira', 540);
    symlink 'test.ledger', "$case->{folder}/other";
    for my $file ('test.ledger', 'other') {
        my ($status, undef, $err) = case_run($case, 'restore', "$case->{folder}/$file");
        is($status, 2, "$file: status 2");
        like($err, qr/$file: this is the ledger itself/, 'and why');
    }
    is((case_run($case))[0], 0, 'a run goes on');
};

for my $lost ('the ledger', 'the ledger, and every record of its last run') {
    subtest "a backup that is copied by hand in the place of $lost" => sub {
        fresh_sandbox();
        my $case = older_backup('payso', $first += 10);
        my $users = users_of('payso');
        my $folder = $case->{folder};
        unlink glob "$folder/test.ledger $folder/test.ledger-*";
        unlink glob "$folder/test.ledger*" if $lost =~ /every/;
        run_program('rm', '-rf', "$folder/reports") if $lost =~ /every/;
        run_program('cp', "$folder/b$_", "$folder/test.ledger$_") for '', '.key';
        my ($status, $out, $err) = case_run($case);
        is($status, 5, 'a run stops');
        like($err, qr/test\.ledger: it is a backup of \d{4}-\S+ that was put here by hand, .*\nhint: .*kyc-import restore/, 'and names restore')
            if $lost =~ /every/;
        is(users_of('payso'), $users, 'nobody was created twice');
        ($status, $out, $err) = case_run($case, 'restore', "$folder/b");
        is($status, 0, 'it is restored') or diag $err;
        like($out, qr/^A run stops \(status 5\) until you decide/m, 'and not taken for the newest');
        is((case_run($case))[0], 5, 'a run still stops');
        is((case_run($case, 'adopt'))[0], 0, 'adopt completes it');
        my ($summary) = run_of($case, 'the next run', 0);
        is_deeply([@$summary{qw(read unchanged)}], [3, 3], 'knows all three');
        is(users_of('payso'), $users, 'and creates nobody');
        is_verified($case, 'the ledger verifies');
    };
}

subtest 'a ledger that lost its log' => sub {
    fresh_sandbox();
    my $case = case_new($sandbox, rows => 3);
    run_of($case, 'three are created', 0);
    write_file("$case->{folder}/test.ledger", '');
    unlink "$case->{folder}/test.ledger-wal", "$case->{folder}/test.ledger-shm";
    my ($status, $out, $err) = case_run($case, 'status');
    is($status, 5, 'status 5');
    like($err, qr/the ledger's file is empty, and .+ shows that this job had one: its -wal file, which had its rows, was removed or not copied with it\nhint: /, 'says what happened');
};

sandbox_stop($sandbox);
done_testing;
