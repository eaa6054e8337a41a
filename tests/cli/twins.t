#!/usr/bin/perl
# The same person under another key. A key column that changed its format creates no second user and stops the run; the
# customers get their new keys by resolve --rekey; a single duplicate is refused by name.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $rows = 30;

# The export with its keys in another form: cust-000001 becomes 1.
sub reformat { my ($csv) = @_; return $csv =~ s/^cust-0*(\d+),/$1,/gmr; }
sub users { my ($case) = @_; return sandbox_counts($case->{sandbox})->{$case->{provider}}{users}; }
sub requests { my ($case) = @_; return sandbox_counts($case->{sandbox})->{$case->{provider}}{requests}; }
sub export { my ($case, $csv) = @_; write_file("$case->{folder}/export.csv", $csv); return; }
sub check_plan
{
    my ($case) = @_;
    my (undef, $out, $err) = case_run($case, 'check', '--json', '--report', "$case->{folder}/dry");
    return (JSON::PP->new->utf8->decode($out)->{plan}, $err);
}

for my $provider (qw(payso kira payward kraken-embed)) {
    subtest "$provider: the key column changes its format overnight" => sub {
        my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
        my $case = case_new($sandbox, provider => $provider, rows => $rows);
        my $monday = read_file("$case->{folder}/export.csv");
        my ($status, $out, $err) = case_run($case, '-q');
        is($status, 0, 'the first run') or diag $err;
        export($case, reformat($monday));

        my ($plan, $said) = check_plan($case);
        is($plan->{create}, 0, 'the dry run plans no create');
        is($plan->{twins}, $rows, 'and counts every duplicate');
        is($plan->{refused}, 0, 'apart from those that were refused before');
        like($said, qr/a run would stop: 10 of 10 .*delivery\.stop_after\.twins \(20 %\): was the key column reformatted\?/, 'and says that a run would stop');
        for my $time ('the run stops', 'and again: the customers that stopped it are still unknown') {
            my $before = requests($case);
            ($status, undef, $err) = case_run($case, '-q');
            is($status, 4, $time);
            like($err, qr/10 of 10 customers to create are known under another key/, 'says why');
            like($err, qr/^\s*hint: .*resolve \S+job\.yaml --rekey FILE$/m, 'and what to do');
            is(users($case), $rows, 'no second user is created');
            cmp_ok(requests($case), '<=', $before + 1, 'nothing is sent but a login');
            my $summary = case_summary($case);
            is($summary->{rejects_by_rule}{'external_id/twin'}, 10, 'refused by name');
            like($summary->{stopped}, qr/reformatted/, 'the report says why it stopped');
            adds_up($summary, 'a stopped run');
        }
        is_verified($case, 'the ledger with its refused duplicates verifies');

        write_file("$case->{folder}/keys.csv", join '', "old_external_id,new_external_id\n",
            map { sprintf "cust-%06d,%d\n", $_, $_ } 1 .. $rows);
        ($status, $out, $err) = case_run($case, 'resolve', '--rekey', "$case->{folder}/keys.csv");
        is($status, 0, 'the customers get their new keys') or diag $err;
        like($out, qr/^30 given a new key, 0 not written$/, 'all of them');
        my $before = requests($case);
        for my $time ('the next run', 'and the one after it') {
            ($status, undef, $err) = case_run($case, '-q');
            is($status, 0, "$time is a good one") or diag $err;
            is(case_summary($case)->{unchanged}, $rows, "$time: every customer is known");
            is(case_summary($case)->{absent}, 0, "$time: no customer is missing");
        }
        cmp_ok(requests($case), '<=', $before + 2, 'nothing is sent');
        is_verified($case, 'the ledger with its new keys verifies');
        is_deeply([case_ledger($case, 'SELECT count(*), count(former_key), count(identity), count(digest) FROM customer WHERE external_id IS NOT NULL')], [[$rows, $rows, $rows, $rows]],
            'each has its former key, its identity and its digest');
        is_deeply([case_ledger($case, 'SELECT DISTINCT state, user_id IS NULL, former_key IS NULL FROM customer WHERE external_id IS NULL')], [['unsent', 1, 1]],
            'and the refused duplicates have neither key nor user');

        if ($provider ne 'payso') {
            export($case, reformat($monday) =~ s/1 Market St/2 Market St/gr);
            ($status, undef, $err) = case_run($case, '-q', '--accept-updates');
            is($status, 0, 'a change under the new key') or diag $err;
            is(case_summary($case)->{updated}, $rows, 'updates the users that are there');
            is_verified($case, 'and verifies');
        }
        is(users($case), $rows, 'no customer has two users');
        sandbox_stop($sandbox);
    };
}

my $sandbox = sandbox_start();
my $case = case_new($sandbox, provider => 'kira', rows => $rows);
my $known = read_file("$case->{folder}/export.csv");
case_run($case, '-q');
my ($header, @lines) = split /(?<=\n)/, $known;

subtest 'a customer who registers again' => sub {
    export($case, $known . $lines[3] =~ s/^cust-000004/again-4/r =~ s/cust-000004\@/CUST-000004\@/r . $lines[4] =~ s/^cust-000005/again-5/r);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'does not stop the run') or diag $err;
    is(case_summary($case)->{rejects_by_rule}{'external_id/twin'}, 2, 'is refused by name, whatever the case of the e-mail');
    is(users($case), $rows, 'and is not created');
    my $rejects = case_rejects($case, 'refused.csv.gz') || case_rejects($case);
    like($rejects, qr/again-4.*the customer cust-000004 has the same e-mail, names and birth date: nothing was sent/, 'the message names the known key');
    like($rejects, qr/resolve \S+ --key again-4 --same-as cust-000004.*resolve \S+ --key again-4 --absent/, 'and both ways out');
    is_deeply([case_ledger($case, "SELECT external_id, state, code, twin, user_id IS NULL FROM customer WHERE twin IS NOT NULL ORDER BY 1")],
        [['again-4', 'refused', 'twin', 'refused', 1], ['again-5', 'refused', 'twin', 'refused', 1]], 'the ledger keeps it');

    my $out;
    ($status, $out) = case_run($case, 'resolve', '--key', 'again-4', '--same-as', 'cust-000004');
    like($out, qr/^1 given a new key, 0 not written$/, 'the known customer gets the new key');
    ($status, $out) = case_run($case, 'resolve', '--key', 'again-5', '--absent');
    like($out, qr/^1 resolved/, 'or it is another person');
    export($case, join '', $header, @lines[0 .. 2], $lines[3] =~ s/^cust-000004/again-4/r, @lines[4 .. $#lines], $lines[4] =~ s/^cust-000005/again-5/r);
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'then the run succeeds') or diag $err;
    is(join(' ', @{case_summary($case)}{qw(created unchanged refused)}), '1 30 0', 'and the other person is created');
    is(users($case), $rows + 1, 'once');
    is_verified($case, 'the ledger verifies');
};

subtest 'impossible answers' => sub {
    for my $wrong (
        ['no such customer', ['--key', 'new', '--same-as', 'nobody'], qr/no customer with a user has the old key/],
        ['a key with a history', ['--key', 'cust-000001', '--same-as', 'cust-000002'], qr/belongs to a customer with a history/],
        ['absent, and no duplicate', ['--key', 'cust-000001', '--absent'], qr/no create of this customer is in doubt/],
    ) {
        my ($sentence, $arguments, $says) = @$wrong;
        my ($status, undef, $err) = case_run($case, 'resolve', @$arguments);
        is($status, 1, $sentence);
        like($err, $says, "$sentence: says why");
    }
    my ($status, undef, $err) = case_run($case, 'resolve', '--key', 'x', '--same-as', 'y', '--absent');
    is($status, 2, 'two answers at once');
    is_verified($case, 'nothing was written');
};

subtest 'within one input' => sub {
    my $other = case_new($sandbox, provider => 'payso', csv => $header . $lines[20] . $lines[20] =~ s/^cust-000021/twice/r);
    my ($plan) = check_plan($other);
    is("$plan->{create} $plan->{twins}", '1 1', 'a dry run without a ledger sees it');
    my (undef, $out) = case_run($other, 'explain', '--row', 2);
    like($out, qr/an earlier row has the same e-mail, names and birth date/, 'explain as well');
    sandbox_control($sandbox, 'POST', '/_sandbox/revoke-keys');
    my ($status) = case_run($other, '-q', '--new-ledger');    # the sandbox has such users already
    is($status, 4, 'a run that the provider stops');
    is_deeply([case_ledger($other, "SELECT state FROM customer WHERE external_id = 'cust-000021'")], [['unsent']], 'leaves the first unsent in the ledger');
    (undef, $out) = case_run($other, 'explain', '--row', 2);
    like($out, qr/an earlier row has the same e-mail, names and birth date/, 'and explain still sees it');
    ($plan) = check_plan($other);
    is("$plan->{create} $plan->{twins}", '1 1', 'so does a dry run');
    sandbox_control($sandbox, 'POST', '/_sandbox/restore-keys');
    ($status) = case_run($other, '-q');
    is($status, 1, 'the run too');
    is(join(' ', @{case_summary($other)}{qw(created refused)}), '1 1', 'one of the two is created');
    ($plan) = check_plan($other);
    is("$plan->{unchanged} $plan->{twins}", '1 1', 'and a dry run with a ledger');
    is_verified($other, 'the ledger verifies');
};

subtest 'relatives are not duplicates' => sub {
    my $father = $lines[10] =~ s/^cust-000011/father/r =~ s/,Alex,/,Sam,/r;
    my $son = $lines[10] =~ s/^cust-000011/son/r =~ s/1990-04-15/2001-04-15/r;
    my $family = case_new($sandbox, provider => 'kira', csv => "$header$lines[10]$father$son");
    my ($plan) = check_plan($family);
    is("$plan->{create} $plan->{twins}", '3 0', 'who share e-mail and last name');
};

subtest 'delivery.twins: create' => sub {
    my $twice = case_new($sandbox, provider => 'kira', set => {'delivery.twins' => 'create'}, csv => $header . $lines[25] . $lines[25] =~ s/^cust-000026/twice/r);
    my ($plan) = check_plan($twice);
    is("$plan->{create} $plan->{twins}", '2 0', 'plans both');
    my ($status, undef, $err) = case_run($twice, '-q', '--new-ledger');
    is($status, 0, 'creates both') or diag $err;
};

subtest 'delivery.stop_after.twins: 100%' => sub {
    my $all = case_new($sandbox, provider => 'payso', rows => $rows, set => {'delivery.stop_after.twins' => '100%'});
    case_run($all, '-q', '--new-ledger');
    export($all, reformat($known));
    my ($status) = case_run($all, '-q');
    is($status, 1, 'never stops');
    is(case_summary($all)->{refused}, $rows, 'and refuses all the same');
    delete $all->{set}{'delivery.stop_after.twins'};
    ($status) = case_run($all, '-q');
    is($status, 1, 'duplicates that an earlier run had refused do not stop one');
};

subtest 'a ledger without identity digests gets them as rows come by' => sub {
    my $old = case_new($sandbox, provider => 'payso', rows => 3);
    case_run($old, '-q', '--new-ledger');
    case_sql($old, 'UPDATE customer SET identity = NULL');
    case_run($old, '-q');
    is_deeply([case_ledger($old, "SELECT (SELECT count(identity) FROM customer), (SELECT count(*) FROM event WHERE operation = 'identify')")], [[3, 3]], 'one event a customer');
    case_run($old, '-q');
    is_deeply([case_ledger($old, "SELECT count(*) FROM event WHERE operation = 'identify'")], [[3]], 'once');
    is_verified($old, 'the ledger verifies');
};

my ($status, $out) = run_program(program('kyc-import'), 'help', 'settle');
like($out, qr/^kyc-import resolve JOB:.*`kyc-import settle` is the same command/ms, 'settle is resolve, as its help says');
done_testing;
