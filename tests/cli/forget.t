#!/usr/bin/perl
# A customer that was forgotten is in no byte of the ledger and the report files, its history still verifies, and its rows
# are never sent again. The receipt says what was erased, and what was not.
use strict;
use warnings;
use File::Find qw(find);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start();
my $json = JSON::PP->new->utf8;
my $head = 'customer_id,given_name,family_name,email,mobile,dob,birth_city,birth_country,street,city,zip,country,nats,job_title';

# A row of a person with this number; the key is given.
sub person
{
    my ($key, $number) = @_;
    my $day = sprintf '%02d', $number;
    return "$key,Robin,Forgettable$number,person$number\@example.com,+14155550" . (100 + $number) . ",1981-02-$day,Lima,PE,$number Elm St,San Francisco,941$day,US,US,computers_and_it";
}
sub export { return join '', map { "$_\n" } $head, @_; }

# The files below a folder that have one of these words in their bytes, as they are or unpacked.
sub files_with
{
    my ($folder, @words) = @_;
    my %found;
    find({no_chdir => 1, wanted => sub {
        return if !-f $_ || m{/(?:export\.csv|job\.yaml|receipt|wanted\.csv)$};
        my ($path, $bytes, $text) = ($_, read_file($_), '');
        gunzip(\$bytes => \$text, MultiStream => 1) if /\.gz(?:\.tmp-\d+)?$/;
        for my $word (@words) { $found{substr $path, length("$folder") + 1}{$word} = 1 if "$bytes$text" =~ /\Q$word\E/ }
    }}, "$folder");
    return \%found;
}

# A command that is killed at a step (core/failpoint.h).
sub kill_at
{
    my ($step, $case, @command) = @_;
    local @ENV{qw(KYC_BUILD KYC_STOP_AT KYC_STOP_BY)} = (($ENV{KYC_BUILD} // 'build') . '/steps', $step, 'kill');
    is((case_run($case, @command))[0], 128 + 9, "$command[0] is killed at: $step");
}

sub user_of { return (map { $_->[0] } case_ledger($_[0], "SELECT user_id FROM customer WHERE external_id = '$_[1]'"))[0]; }
sub rules_of { return $_[0]{rejects_by_rule}; }

subtest 'not a byte is left, and the row is never sent again' => sub {
    my $case = case_new($sandbox, csv => export(person('Q-KEEPS', 1), person('Q-LEAVES', 2), person('Q-OTHER', 3)));
    run_of($case, 'three are created', 0);
    # Another run rejects its row, so that the reject file and the report have it.
    write_file("$case->{folder}/export.csv", export(person('Q-KEEPS', 1), person('Q-LEAVES', 2) =~ s/1981-02-02/1981-02-31/r, person('Q-OTHER', 3)));
    run_of($case, 'one row is rejected', 1);
    my $user = user_of($case, 'Q-LEAVES');
    like(case_rejects($case), qr/Q-LEAVES/, 'the reject file has its row');
    ok(keys %{files_with($case->{folder}, 'Q-LEAVES', $user)} >= 2, 'ledger and report have it');
    my ($status, $out, $err) = case_run($case, 'forget', '--key', 'Q-LEAVES');
    is($status, 0, 'status 0') or diag $err;
    like($out, qr/^  Q-LEAVES: erased; the provider still has its user$/m, 'the receipt names it');
    like($out, qr/^  \S+rejects\.csv\.gz: removed$/m, 'and the files that had it');
    like($out, qr/^not changed: users at payward \(delete them there\)/m, 'and what it does not do');
    like($out, qr/^backups that may still have them: none is known$/m, 'and that there is no backup');
    is_deeply(files_with($case->{folder}, 'Q-LEAVES', $user, 'Forgettable2', 'person2'), {}, 'no byte of it is left');
    is_verified($case, 'the ledger verifies');
    like((case_run($case, 'status', '--verify'))[1], qr/\(1 erased\)/, 'and counts it');
    is(-s "$case->{folder}/test.ledger-wal" || 0, 0, 'the log is empty');

    write_file("$case->{folder}/export.csv", export(person('Q-KEEPS', 1), person('Q-LEAVES', 2), person('Q-OTHER', 3)));
    my $before = sandbox_counts($sandbox)->{payward}{users};
    for my $command ('check', 'run') {
        ($status, $out, $err) = case_run($case, $command);
        is($status, 1, "$command: status 1") or diag $err;
        my $summary = case_summary($case);
        is_deeply([@$summary{qw(read rejected)}, rules_of($summary)], [3, 1, {'external_id/erased' => 1}], "$command: its row is rejected");
    }
    is(sandbox_counts($sandbox)->{payward}{users}, $before, 'nobody is created');
    is_deeply(files_with($case->{folder}, 'Q-LEAVES', 'Forgettable2'), {}, 'and no reject file keeps the row');
    ($status, $out) = case_run($case, 'explain', '--key', 'Q-LEAVES');
    like($out, qr/erased/, 'explain shows why');
    ($status, $out) = case_run($case, 'forget', '--key', 'Q-LEAVES');
    is($status, 0, 'once more: status 0');
    like($out, qr/Q-LEAVES: was erased before/, 'it says so');
    for my $way (['--user', 'UAAAAAAAAAAAAAAA1', '--unchecked'], ['--same-as', 'Q-OTHER']) {
        ($status, $out, $err) = case_run($case, 'resolve', '--key', 'Q-LEAVES', @$way);
        is($status, 1, "resolve @$way: status 1");
        like($err, qr/a customer with this key was erased/, 'and why');
    }
};

subtest 'twins, former keys, links and several at once' => sub {
    my $case = case_new($sandbox, csv => export(person('T-FIRST', 4), person('T-SECOND', 4) , person('T-PLAIN', 5), person('T-OLD', 6)));
    $case->{set}{'delivery.stop_after.twins'} = '100%';
    my ($status, $out, $err) = case_run($case);
    is($status, 1, 'a twin is refused') or diag $err;
    is((case_run($case, 'resolve', '--key', 'T-NEW', '--same-as', 'T-OLD'))[0], 0, 'one gets another key');
    my @users = map { user_of($case, $_) } qw(T-FIRST T-NEW);
    my $links = "$case->{folder}/reports/test/links.csv";
    write_file($links, "external_id,user_id,link,made_at\nT-FIRST,$users[0],https://example.com/v/1,2026-01-01T00:00:00Z\nT-PLAIN,u,https://example.com/v/2,2026-01-01T00:00:00Z\n");
    my ($ndjson, $other) = ("$case->{folder}/reports/test/links.ndjson", qq({"external_id":"T-PLAIN","user_id":"u","link":"https://example.com/v/2"}\n));
    write_file($ndjson, qq({"external_id":"T-FIRST","user_id":"v","link":"https://example.com/v/1"}\n${other}{"external_id":"T-X","user_id":"$users[0]","link":"https://example.com/v/3"}\n));
    ($status, $out, $err) = case_run($case, 'forget', '--key', 'T-FIRST');
    is($status, 1, 'its twin would be created: status 1') or diag $err;
    like($out, qr/T-FIRST: NOT erased: customer T-SECOND was refused as its twin, and would be created by the next run\n.*--key T-SECOND --absent/, 'and what to do');
    ok(user_of($case, 'T-FIRST'), 'it is there');
    write_file("$case->{folder}/wanted.csv", "external_id\nT-FIRST\nT-SECOND\nT-NEW\n");
    ($status, $out, $err) = case_run($case, 'forget', '--from', "$case->{folder}/wanted.csv", '--json');
    is($status, 0, 'all three at once: status 0') or diag $out, $err;
    is_deeply({map { $_->{external_id} => $_->{result} } @{$json->decode($out)->{customers}}},
        {map { $_ => 'erased' } qw(T-FIRST T-SECOND T-NEW)}, 'all three are erased');
    is_deeply(files_with($case->{folder}, qw(T-FIRST T-SECOND T-NEW T-OLD), @users), {}, 'no byte of them is left');
    is(read_file($links), "external_id,user_id,link,made_at\nT-PLAIN,u,https://example.com/v/2,2026-01-01T00:00:00Z\n", 'the other link stays');
    is(read_file($ndjson), $other, 'in NDJSON too');
    is_verified($case, 'the ledger verifies');
    my $before = sandbox_counts($sandbox)->{payward}{users};
    my ($summary) = run_of($case, 'a run', 1);
    is_deeply(rules_of($summary), {'external_id/erased' => 3}, 'all three rows are rejected, that of the former key too');
    is(sandbox_counts($sandbox)->{payward}{users}, $before, 'nobody is created');
};

subtest 'a key that files have in another form' => sub {
    my %row_of = (
        'A&B<"\'\\/>=' => qq{"A&B<""'\\/>="},
        'Z-WIDE' => "Z-\xe2\x80\x8bWI\xe2\x80\x8bDE", # zero-width spaces
    );
    my $number = 16;
    for my $key (sort keys %row_of) {
        my @rows = (person('W-STAYS', $number++), person($row_of{$key}, $number++));
        my $name = 'Forgettable' . ($number - 1);
        my $case = case_new($sandbox, csv => export(@rows));
        run_of($case, "$key is created", 0);
        write_file("$case->{folder}/export.csv", export($rows[0], $rows[1] =~ s/1981-02-\d\d/1981-02-31/r));
        run_of($case, 'its row is rejected', 1);
        ok(keys %{files_with($case->{folder}, $name)}, 'and kept');
        my ($status, $out, $err) = case_run($case, 'forget', '--key', $key);
        is($status, 0, "$key is forgotten") or diag $err;
        is_deeply(files_with($case->{folder}, $key, $name), {}, 'no byte of it is left');
    }
};

subtest 'a key that is the beginning of another one' => sub {
    my $case = case_new($sandbox, csv => export(person('C-1', 22), person('C-10', 23)));
    run_of($case, 'two are created', 0);
    write_file("$case->{folder}/export.csv", export(person('C-1', 22), person('C-10', 23) =~ s/1981-02-23/1981-02-31/r));
    run_of($case, 'the row of C-10 is rejected', 1);
    is((case_run($case, 'forget', '--key', 'C-1'))[0], 0, 'C-1 is forgotten');
    like(case_rejects($case), qr/C-10/, 'the reject file, which has C-10 only, stays');
    ok(user_of($case, 'C-10'), 'and C-10 is in the ledger');
};

subtest 'what cannot be forgotten' => sub {
    my $case = case_new($sandbox, csv => export(person('D-DOUBT', 7), person('D-FINE', 8)));
    run_of($case, 'two are created', 0);
    my $late = case_new($sandbox, provider => 'kira', csv => export(person('L-DOUBT', 7)));
    my ($status, $out, $err) = case_run($case, 'forget', '--key', 'D-NOBODY');
    is($status, 1, 'a key that no customer has: status 1');
    like($out, qr/D-NOBODY: no customer of the ledger has this key; rows with it are rejected from now on/, 'and what it does');
    write_file("$case->{folder}/export.csv", export(person('D-DOUBT', 7), person('D-FINE', 8), person('D-NOBODY', 9)));
    my ($summary) = run_of($case, 'a run with its row', 1);
    is_deeply(rules_of($summary), {'external_id/erased' => 1}, 'it is rejected');
    write_file("$case->{folder}/export.csv", export(person('erased:0123', 9)));
    ($summary) = run_of($case, 'a key that begins with erased:', 1);
    is_deeply(rules_of($summary), {'external_id/format' => 1}, 'is rejected');
    for my $arguments ([], ['--key', 'A', '--from', 'b']) {
        is((case_run($case, 'forget', @$arguments))[0], 2, "forget @$arguments: status 2");
    }
    is((case_run($late, 'forget', '--key', 'A'))[0], 5, 'no ledger: status 5');
};

subtest 'in doubt' => sub {
    my $broken = sandbox_start('--fault', 'drop:100%@create');
    my $case = case_new($broken, csv => export(person('B DOUBT', 1)), set => {'delivery.attempts' => 1});
    my ($status, $out, $err) = case_run($case);
    my ($state) = map { $_->[0] } case_ledger($case, "SELECT state FROM customer WHERE external_id = 'B DOUBT'");
    like($state || '', qr/^(?:in_doubt|journalled)$/, 'a create is in doubt') or diag $err;
    ($status, $out, $err) = case_run($case, 'forget', '--key', 'B DOUBT');
    is($status, 1, 'status 1');
    like($out, qr/B DOUBT: NOT erased: its last request is in doubt\n.*kyc-import resolve \S+ --key 'B DOUBT' --user USER_ID \(or --absent\)/, 'and what to do, with the key as one word for a shell');
    ok(keys %{files_with($case->{folder}, 'B DOUBT')}, 'it is still there');
    sandbox_stop($broken);
};

subtest 'the known backups' => sub {
    my $case = case_new($sandbox, csv => export(person('K-GOES', 11), person('K-STAYS', 12)));
    run_of($case, 'two are created', 0);
    is((case_run($case, 'backup', "$case->{folder}/b$_"))[0], 0, "backup $_") for 1, 2;
    unlink "$case->{folder}/b1";
    my ($status, $out) = case_run($case, 'forget', '--key', 'K-GOES');
    like($out, qr{^  \S+Z  \S+/b1 \(not found here; it or copies of it may be elsewhere\)\n  \S+Z  \S+/b2$}m, 'the receipt names both');
    is((case_run($case, 'forget', '--key', 'K-STAYS', '-q'))[1], '', '-q prints nothing');
};

subtest 'what a killed restore left' => sub {
    my $case = case_new($sandbox, csv => export(person('K-LEFT', 13)));
    run_of($case, 'one is created', 0);
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'a backup');
    kill_at('backup copied#1', $case, 'restore', "$case->{folder}/b");
    is(scalar(grep { /^test\.ledger\.tmp-\d+$/ } keys %{files_with($case->{folder}, 'K-LEFT')}), 1, 'which leaves a copy of the ledger');
    is((case_run($case, 'forget', '--key', 'K-LEFT'))[0], 0, 'it is forgotten');
    is_deeply([keys %{files_with($case->{folder}, 'K-LEFT')}], ['b'], 'only the backup that the receipt names has it');
    mkdir "$case->{folder}/test.ledger.tmp-1" or die $!;    # stands for one that this account may not open
    my ($status, undef, $err) = case_run($case, 'forget', '--key', 'K-LEFT');
    is($status, 5, 'one that cannot be removed is an error') or diag $err;
    like($err, qr/\Qtest.ledger.tmp-\E…: a restore that was killed has left a copy of the ledger, which still has what was erased, and it cannot be removed: Is a directory\n *hint: remove it, or repeat this command as its owner$/m, 'and says what to remove');
    rmdir "$case->{folder}/test.ledger.tmp-1" or die $!;
    is((case_run($case, 'forget', '--key', 'K-LEFT'))[0], 0, 'then it is complete');
};

subtest 'what a killed check, shard or run left' => sub {
    my @rows = (person('G-STAYS', 14), person('G-GOES', 15));
    my $case = case_new($sandbox, csv => export(@rows));
    my $report = "$case->{folder}/reports/test";
    run_of($case, 'two are created', 0);
    write_file("$case->{folder}/export.csv", export($rows[0], $rows[1] =~ s/1981-02-15/1981-02-31/r));
    kill_at('draft synced#1', $case, 'check');
    kill_at('draft synced#1', $case, 'check', '--shard', '0/1');
    kill_at('history draft filled#1', $case, '-q');
    write_file("$report/links.csv.tmp-1", "external_id,user_id,link,made_at\nG-GOES,u,https://example.com/v/1,2026-01-01T00:00:00Z\n");
    my @left = sort grep { m{\.tmp-|/\.draft-} } keys %{files_with($report, 'G-GOES')};
    like("@left", qr{^check/rejects\.csv\.gz\.tmp-\d+ check/shard-0-of-1\.new-\w+/rejects\.csv\.gz\.tmp-\d+ history/\.draft-\S+/rejects\.csv\.gz links\.csv\.tmp-1$}, 'drafts have its row');
    my ($status, $out, $err) = case_run($case, 'forget', '--key', 'G-GOES');
    is($status, 0, 'it is forgotten') or diag $err;
    is_deeply(files_with($case->{folder}, 'G-GOES', 'Forgettable15'), {}, 'no byte of it is left');
    my %removed = map { $_ => 1 } $out =~ /^  \Q$report\E\/(\S+): removed$/mg;
    is_deeply([grep { !$removed{$_} } @left], [], 'and the receipt names each draft');
    # They stand for what this account may not open.
    for my $fault (map { "$report/$_.tmp-2" } 'links.ndjson', 'index.html', 'check/rejects.csv.gz') {
        mkdir $fault or die $!;
        ($status, undef, $err) = case_run($case, 'forget', '--key', 'G-GOES');
        is($status, 2, 'one that cannot be removed is an error') or diag $err;
        like($err, qr{\Q${\($fault =~ s/2$//r)}\E…: it may still name an erased customer, and cannot be changed: Is a directory}, 'that says which');
        rmdir $fault or die $!;
    }
};

sandbox_stop($sandbox);
done_testing;
