#!/usr/bin/perl
# kyc-import ledger copy: the whole ledger at another place, with the same head; the former one is never written again, so that no
# customer is created twice. Between a file and PostgreSQL: tests/postgres/copy.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start();
my $json = JSON::PP->new->utf8;
sub users { return sandbox_counts($sandbox)->{kira}{users}; }

# A case of customers with every state that a night leaves, a link and a backup that the ledger knows.
sub case_with_history
{
    my ($first, @more) = @_;
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(12, 0, $first), rows => 12);
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . join '', map { "$_\n" } @more);
    run_of($case, 'twelve are created', 0);
    write_file("$case->{folder}/export.csv", csv_rows(12, 0, $first) =~ s/San Francisco,94103/Oakland,94601/r);
    run_of($case, 'one is changed', 0);
    is((case_run($case, 'forget', '--key', sprintf 'cust-%06d', $first + 3))[0], 0, 'one is forgotten');
    is((case_run($case, 'refresh', '--rows-ok'))[0], 0, 'their verification is read');
    is((case_run($case, 'backup', "$case->{folder}/b"))[0], 0, 'a backup');
    return $case;
}

# Every row of every table, but for the mark of the former place.
sub rows_of
{
    my ($file) = @_;
    return join '', map { (run_program('sqlite3', '-readonly', $file, ".mode quote\nSELECT * FROM $_ ORDER BY 1"))[1] } qw(customer event run task nonce reading backup),
        "meta WHERE key <> 'moved_to'";
}

subtest 'to another file, with its key' => sub {
    my $case = case_with_history(100);
    my $folder = $case->{folder};
    my ($head) = (case_run($case, 'status'))[1] =~ /^ledger head (\w+)$/m;
    my $before = rows_of("$folder/test.ledger");
    mkdir "$folder/other";
    my ($status, $out, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', 'sqlite:other/new.ledger');
    is($status, 0, 'status 0') or diag $err;
    like($out, qr/^sqlite:other\/new\.ledger: a copy of sqlite:test\.ledger, verified: \d+ events, 12 customers, \d+ runs$/m, 'what was copied');
    is_deeply([$out =~ /^ledger head (\w+)/mg], [$head, $head], 'the heads, which are equal');
    like($out, qr/^sqlite:test\.ledger is not written any more: set `ledger: sqlite:other\/new\.ledger` in the job$/m, 'and what to do');
    is(rows_of("$folder/other/new.ledger"), $before, 'every row of every table is there');
    is(join(' ', sort map { s{.*/}{}r } glob "$folder/other/*"), 'new.ledger new.ledger.key new.ledger.lock', 'with its key, and nothing else is left');
    is((stat "$folder/other/new.ledger")[2] & 0777, 0600, 'mode 0600');
    is(rows_of("$folder/test.ledger"), $before, 'the former ledger is as it was');

    my $users = users();
    for my $again (['run'], ['run', '--new-ledger'], ['resolve', '--key', 'cust-000101', '--absent'], ['forget', '--key', 'cust-000101'], ['refresh']) {
        ($status, undef, $err) = case_run($case, @$again);
        is($status, 5, "@$again of the former one: status 5");
        like($err, qr{the ledger \S+test\.ledger was copied to \S+/other/new\.ledger on \d{4}-\S+, and is not written any more: .*\nhint: continue there: set `ledger`}, 'and where to continue');
    }
    is(users(), $users, 'nobody is created from it');
    ($status, undef, $err) = case_run($case, 'check');
    like($err, qr{warning: \S*test\.ledger: it was copied to \S+/other/new\.ledger on }, 'a check warns');
    is((case_run($case, 'results'))[0], 0, 'it can be read');
    is((case_run($case, 'ledger', 'sqlite:test.ledger', 'sqlite:third.ledger'))[0], 5, 'and not be copied once more to another place');

    $case->{set}{ledger} = 'sqlite:other/new.ledger';
    my ($summary) = run_of($case, 'a run continues at the new place', 1);
    is_deeply([@$summary{qw(created updated unchanged)}], [0, 0, 11], 'everybody is known');
    is(users(), $users, 'and nobody is created');
    is_verified($case, 'it verifies');
};

subtest 'a key that the job gives' => sub {
    my $case = case_with_history(200);
    my $folder = $case->{folder};
    is((case_run($case, 'ledger', 'sqlite:test.ledger', 'sqlite:new.ledger', '--set', 'ledger_key=file:test.ledger.key'))[0], 0, 'the key file of the ledger is its ledger_key');
    ok(!-e "$folder/new.ledger.key", 'no key is written beside the copy');
    is((case_run($case, 'status', '--verify', '--set', 'ledger=sqlite:new.ledger', '--set', 'ledger_key=file:test.ledger.key'))[0], 0, 'by which it verifies');
    isnt((case_run($case, 'status', '--set', 'ledger=sqlite:new.ledger'))[0], 0, 'and not without it');
    write_file("$folder/other.key", "0" x 64 . "\n");
    chmod 0600, "$folder/other.key";
    my ($status, undef, $err) = case_run($case, 'status', '--set', 'ledger=sqlite:new.ledger', '--set', 'ledger_key=file:other.key');
    is($status, 5, 'nor with another one');
    like($err, qr/the digest key is not the one that this ledger was created with/, 'which is said');
};

subtest 'what cannot be copied' => sub {
    my $case = case_with_history(300);
    my $folder = $case->{folder};
    for (
        ['a place that has a ledger', 2, qr/there is a ledger of the job test at \S+test\.ledger already, and a copy never replaces one\nhint: /, 'sqlite:test.ledger', 'sqlite:test.ledger'],
        ['a place that has a file', 2, qr/there is a ledger of the job test at \S+export\.csv already/, 'sqlite:test.ledger', 'sqlite:export.csv'],
        ['no ledger', 2, qr/there is no ledger of the job test at \S+none\nhint: /, 'sqlite:none', 'sqlite:new'],
        ['a path without its kind', 2, qr/the place of a ledger should be sqlite:PATH or postgresql:.*\nhint: /, 'test.ledger', 'sqlite:new'],
        ['a target without its kind', 2, qr/the place of a ledger should be sqlite:PATH or postgresql:.*\nhint: /, 'sqlite:test.ledger', 'new'],
        ['a URL with a password', 2, qr/the place of a ledger must not hold a password: set ledger_password\nhint: /, 'sqlite:test.ledger', 'postgresql://me:hunter2@127.0.0.1/x'],
        ['a folder that is not there', 5, qr/its folder \S+none: No such file/, 'sqlite:test.ledger', 'sqlite:none/new'],
        ['no target', 2, qr/no place for the copy given\nhint: kyc-import ledger copy JOB FROM TO/, 'sqlite:test.ledger'],
        ['no ledger is named', 2, qr/no ledger to copy given\nhint: /],
        ['an argument too many', 2, qr/unexpected argument `c`/, 'sqlite:a', 'sqlite:b', 'c'],
    ) {
        my ($sentence, $want, $like, @arguments) = @$_;
        my ($status, undef, $err) = case_run($case, 'ledger', @arguments);
        is($status, $want, "$sentence: status $want");
        like($err, $like, 'and why');
        unlike($err, qr/hunter2/, 'without a secret');
    }
    my ($status, undef, $err) = run_program(program('kyc-import'), 'ledger', 'move', "$folder/job.yaml", 'sqlite:a', 'sqlite:b');
    is($status, 2, 'another action: status 2');
    like($err, qr/unknown action `move`\nhint: kyc-import ledger copy JOB FROM TO/, 'and what there is');
    case_sql($case, "UPDATE customer SET user_id = 'another' WHERE id = 2");
    ($status, undef, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', 'sqlite:new');
    is($status, 5, 'a changed row: status 5');
    like($err, qr/the copy of the ledger \S+ does not verify, so it was not put in its place: /, 'and why');
    is((() = glob "$folder/new*"), 1, 'nothing but the lock is left of it');
    unlike((case_run($case))[2], qr/was copied to/, 'and the ledger is in use as before');
};

subtest 'typed in another folder' => sub {
    my $case = case_with_history(700);
    my $folder = $case->{folder};
    my $in = sub {
        my ($from, @arguments) = @_;
        return run_program('sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', $from, abs_path(program('kyc-import')), @arguments);
    };
    my ($status, undef, $err) = do {
        # Killed once the former ledger is marked, before the copy has its place.
        local @ENV{qw(KYC_BUILD KYC_STOP_AT KYC_STOP_BY)} = (($ENV{KYC_BUILD} // 'build') . '/steps', 'ledger marked as moved#1', 'kill');
        $in->($folder, 'ledger', 'copy', 'job.yaml', 'sqlite:test.ledger', 'sqlite:new.ledger');
    };
    isnt($status, 0, 'a copy is killed');
    ($status, undef, $err) = $in->('/', 'ledger', 'copy', "$folder/job.yaml", 'sqlite:test.ledger', 'sqlite:new.ledger');
    is($status, 0, 'and completed by a command in another folder') or diag $err;
    ($status, undef, $err) = case_run($case);
    is($status, 5, 'a run of the former one');
    like($err, qr{was copied to /\S+/new\.ledger on }, 'has the whole path of the copy');
    ($status, undef, $err) = $in->($folder, 'status', 'job.yaml', '--set', 'ledger=sqlite:next.ledger');
    is($status, 5, 'a place to which the ledger was not moved');
    like($err, qr{move it: kyc-import ledger copy job\.yaml sqlite:/\S+/test\.ledger sqlite:/\S+/next\.ledger; else }, 'and how to move it');
};

# A restore of what was backed up before or after is a decision of a person, as any restore.
subtest 'a backup of a ledger that was moved' => sub {
    my $case = case_with_history(400);
    is((case_run($case, 'ledger', 'sqlite:test.ledger', 'sqlite:new.ledger', '--json'))[0], 0, 'it is copied');
    is((case_run($case, 'backup', "$case->{folder}/after"))[0], 0, 'it can be backed up');
    $case->{set}{ledger} = 'sqlite:new.ledger';
    is((case_run($case, 'backup', "$case->{folder}/new"))[0], 0, 'so can its copy');
    my ($status, $out, $err) = case_run($case, 'restore', "$case->{folder}/after");
    is($status, 0, 'the backup of the former place is restored at the new one') or diag $err;
    is((case_run($case))[0], 1, 'where a run continues');
    is_verified($case, 'it verifies');
};

subtest 'for programs' => sub {
    my $case = case_with_history(500);
    my ($status, $out, $err) = case_run($case, 'ledger', 'sqlite:test.ledger', 'sqlite:new.ledger', '--json');
    my $copied = $json->decode($out);
    is_deeply([sort keys %$copied], [qw(customers events from from_head job runs to to_head)], 'one JSON object');
    is($copied->{from_head}, $copied->{to_head}, 'with the heads');
    is($copied->{customers}, 12, 'and the customers');
};
sandbox_stop($sandbox);
done_testing;
