#!/usr/bin/perl
# adopt: a ledger is built or completed from the users that the provider already has; no run creates one of them again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep);
use KycTest;
use KycRun;
use KycParallel;
use KycHostile;

my $json = JSON::PP->new->utf8;

sub export { my ($case, $csv) = @_; write_file("$case->{folder}/export.csv", $csv); return; }
sub users { my ($case) = @_; return sandbox_counts($case->{sandbox})->{$case->{provider}}{users}; }
sub creates { my ($case) = @_; return scalar case_ledger($case, "SELECT 1 FROM event WHERE operation = 'create' AND attempt > 0"); }

# (status, what adopt found, standard error)
sub adopt
{
    my ($case, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'adopt', '--json', '-q', @more);
    return ($status, eval { $json->decode($out) } || {}, $err);
}

# The counts that are not 0.
sub counts
{
    my ($found) = @_;
    return join ' ', map { "$_ $found->{$_}" } grep { $found->{$_} }
        qw(unchanged create adopt update unclear in_doubt rejected others unreadable not_shown);
}

sub unclear { my ($found) = @_; return [map { [@$_{qw(external_id reason)}, join ',', @{$_->{differs}}] } sort { $a->{external_id} cmp $b->{external_id} } @{$found->{unclear_records}}]; }

# A case whose first run looks for users that the provider already has.
sub looking { my $case = case_new(@_); $case->{looks} = 1; return $case; }

# A run that reads the export from a pipe.
sub piped
{
    my ($case) = @_;
    return run_program('sh', '-c', 'export=$0; cat "$export" | "$@"', "$case->{folder}/export.csv", case_arguments($case, 'run', '-q', '--input', '-'));
}

sub filled
{
    my ($provider, $rows, @options) = @_;
    my $sandbox = sandbox_start(@options);
    my $case = looking($sandbox, provider => $provider, rows => $rows);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "$provider: a first run on an empty account") or diag $err;
    return $case;
}

for my $provider (qw(kira payso)) {
    parallel "$provider, a lost ledger" => sub {
        my $case = filled($provider, 130);
        my $not_shown = $provider eq 'kira' ? ' not_shown 130' : '';    # its replies lack the occupation
        my ($status, $found, $err) = adopt($case, '--dry-run');
        is("$status " . counts($found), '0 unchanged 130', "$provider: a ledger that has everything") or diag $err;
        case_lose_ledger($case);
        ($status, undef, $err) = case_run($case, '-q');
        is($status, 5, "$provider: a run without its ledger stops");
        like($err, qr/\Qthe ledger is missing\E.*hint: .*kyc-import adopt /s, "$provider: and adopt is a way back");
        ($status, $found, $err) = adopt($case, '--dry-run');
        is("$status " . counts($found), "0 adopt 130$not_shown", "$provider: the plan") or diag $err;
        ok(!case_has_ledger($case), "$provider: --dry-run makes no ledger");
        ($status, my $out, $err) = case_run($case, 'check', '--json', '-q', '--against-provider');
        $found = $json->decode($out);
        is("$status $found->{plan}{create} " . counts($found->{against_provider}), "0 130 adopt 130$not_shown", "$provider: check shows it, too") or diag $err;
        is(counts($json->decode(read_file("$case->{folder}/reports/test/check/adopt.json"))), "adopt 130$not_shown", "$provider: and has it in its report");
        like((case_run($case, 'check', '--against-provider'))[1], qr/^Against the provider: .*^ +130 +adopt /ms, "$provider: in words as well");
        ($status, $found, $err) = adopt($case);
        is("$status " . counts($found), "0 adopt 130$not_shown", "$provider: every user is adopted") or diag $err;
        is_deeply($found->{not_shown_by_field}, $provider eq 'kira' ? {occupation => 130} : {}, "$provider: what it does not show counts as the export's");
        my ($saved) = $json->decode(read_file("$case->{folder}/reports/test/adopt.json"));
        is(counts($saved), "adopt 130$not_shown", "$provider: adopt.json has the same");
        is(sprintf('%o', (stat "$case->{folder}/reports/test/adopt.json")[2] & 07777), '600', "$provider: for its owner alone");
        is(creates($case), 0, "$provider: nothing is created");
        is_deeply([case_ledger($case, "SELECT operation, outcome, count(*) FROM event WHERE customer > 0 GROUP BY 1, 2")], [['adopt', 'done', 130]],
            "$provider: an event for each");
        is_settled($case, "$provider: adopted");    # the next run sends nothing
        ($status, $found) = adopt($case);
        is("$status " . counts($found), '0 unchanged 130', "$provider: once");
        sandbox_stop($case->{sandbox});
    };

    parallel "$provider, a changed export" => sub {
        my $case = filled($provider, 20, '--idempotency-life', '1s');
        case_lose_ledger($case);
        unlink glob "$case->{folder}/reports/test/*";
        my $csv = csv_rows(22);
        $csv =~ s/^(cust-000003,.*?,)\+14155550103/$1+14155550999/m;             # another phone
        $csv =~ s/^cust-000004,Alex,Morgan4,/cust-000004,Alex,Moore,/m;           # another name
        $csv =~ s/^(cust-000005,.*?)1990-04-15/${1}1980-01-02/m;                  # another birth date
        $csv =~ s/cust-000006\@/new-6\@/;                                         # another e-mail address
        $csv =~ s/cust-000007\@/CUST-000007\@/;                                   # the same, in capitals
        $csv =~ s/^cust-000008,.*\n//m;                                           # somebody else's user
        $csv =~ s/^cust-000009,(.*)/cust-000009,$1\ntwin-000009,$1/m;             # the same person twice
        $csv =~ s/^(cust-000010,.*?)1990-04-15/${1}1990-02-30/m;                  # rejected
        export($case, $csv);
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 4, "$provider: a run with an empty ledger stops");
        like($err, qr/\Q$provider already has users with the e-mail addresses of\E \d+ records of this export \(the first in row 1\).*hint: .*kyc-import adopt /s,
            "$provider: and says what to do");
        is(users($case), 20, "$provider: nothing was created");
        my $found;
        ($status, $found, $err) = adopt($case);
        my $want = $provider eq 'kira' ? 'create 2 adopt 15 update 1 unclear 4 rejected 1 others 5 not_shown 15' : 'create 3 adopt 13 unclear 5 rejected 1 others 7';
        is("$status " . counts($found), "1 $want", "$provider: what is clear is adopted") or diag $err, explain $found;
        for my $command (['adopt', '--dry-run'], ['check', '--against-provider']) {
            ($status, my $out, $err) = case_run($case, @$command, '-q');
            is("$status $out", '1 ', "$provider: @$command -q has no table");
            like($err, qr/warning: the provider may have the users of \d records, .*1 rejected.*\nhint: .*adopt\.json/, "$provider: and says why its status is 1");
        }
        my @unclear = $provider eq 'kira'
            ? (['cust-000004', 'differs', 'last_name'], ['cust-000005', 'differs', 'date_of_birth'], ['cust-000006', 'differs', 'email'],
                ['twin-000009', 'other_customer', ''])
            : (['cust-000003', 'differs', 'phone'], ['cust-000004', 'differs', 'last_name'], ['cust-000005', 'differs', 'date_of_birth'],
                ['cust-000009', 'several_records', ''], ['twin-000009', 'several_records', '']);
        is_deeply(unclear($found), \@unclear, "$provider: the rest with its reasons") or diag explain unclear($found);
        unlike(read_file("$case->{folder}/reports/test/adopt.json") . $err, qr/Morgan|\@example|1415555/, "$provider: the report has no personal data");

        # The next run creates the new ones, updates what differs, and leaves the unclear ones alone.
        ($status, undef, $err) = case_run($case, '-q');
        my $summary = case_summary($case);
        is(join(' ', $status, map { "$_ $summary->{$_}" } qw(created updated unchanged refused rejected)),
            $provider eq 'kira' ? '1 created 2 updated 1 unchanged 14 refused 4 rejected 1' : '1 created 3 updated 0 unchanged 13 refused 5 rejected 1',
            "$provider: the next run") or diag $err;
        is(users($case), $provider eq 'kira' ? 22 : 23, "$provider: no user twice");
        like(case_rejects($case), qr/cust-000004,.*the provider already has users: a user that may be this customer's differs in last_name/, "$provider: the reject file names the reason");
        is_verified($case, "$provider: the ledger verifies");

        # Not even a changed row is created while it is unclear.
        $csv =~ s/^cust-000004,Alex,Moore,(.*?)1 Market St/cust-000004,Alex,Moore,${1}2 Market St/m;
        export($case, $csv);
        case_run($case, '-q');
        is(users($case), $provider eq 'kira' ? 22 : 23, "$provider: a changed row is held as well");
        case_run($case, '-q', '--retry-refused');
        is(users($case), $provider eq 'kira' ? 22 : 23, "$provider: --retry-refused repeats what the provider refused, not this");

        # A person decides: this is its user; it has none.
        my %id = map { $_->{external_id} => $_->{user_id} } @{$found->{unclear_records}};
        ($status, undef, $err) = case_run($case, 'resolve', '-q', '--key', 'cust-000005', '--user', $id{'cust-000005'}, '--unchecked');
        is($status, 0, "$provider: its user") or diag $err;
        ($status, undef, $err) = case_run($case, 'resolve', '-q', '--key', 'cust-000004', '--absent');
        is($status, 0, "$provider: no user") or diag $err;
        ($status, $found, $err) = adopt($case);
        is_deeply([grep { $_->[0] =~ /00000[45]/ } @{unclear($found)}], [], "$provider: adopt asks no more about them") or diag $err;
        case_run($case, '-q');
        is(users($case), $provider eq 'kira' ? 23 : 24, "$provider: the one without a user is created");
        is_verified($case, "$provider: the ledger verifies at the end");
        sandbox_stop($case->{sandbox});
    };

    parallel "$provider, a family with one address" => sub {
        my $csv = csv_rows(8);
        my $number = 0;
        $csv =~ s/cust-\d+\@example\.com/family\@example.com/g;
        $csv =~ s/1990-04-15/sprintf '19%02d-04-15', 60 + $number++/ge;
        my $sandbox = sandbox_start();
        my $case = case_new($sandbox, provider => $provider, csv => $csv);
        case_run($case, '-q');
        case_lose_ledger($case);
        export($case, $csv . "child-1,Kim,Morgan,family\@example.com,+14155550177,2015-01-02,San Francisco,US,1 Market St,San Francisco,94103,US,US,student\n");
        my ($status, $found, $err) = adopt($case);
        is("$status " . counts($found), '0 create 1 adopt 8' . ($provider eq 'kira' ? ' not_shown 8' : ''), "$provider: a family: each has its own user, and the new child none") or diag $err, explain $found;
        case_run($case, '-q');
        is(users($case), 9, "$provider: a family: the child is created");
        is(creates($case), 1, "$provider: a family: alone");
        sandbox_stop($sandbox);
    };

    parallel "$provider, lost answers and an older ledger" => sub {
        my $sandbox = sandbox_start('--seed', 7);
        my %set = ('delivery.attempts' => 1, 'delivery.in_doubt' => 'hold', $provider eq 'payso' ? ('delivery.timeout' => '1s') : ());
        my $case = case_new($sandbox, provider => $provider, rows => 30, set => \%set);
        sandbox_faults($sandbox, 'drop:30%@create');
        case_run($case, '-q', '--limit', 10);
        sandbox_faults($sandbox);
        my ($doubts) = map { $_->[0] } case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'in_doubt'");
        cmp_ok($doubts, '>', 0, "$provider: creates in doubt");
        my $older = case_save_ledger($case);
        case_run($case, '-q');
        case_restore_ledger($case, $older);
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 5, "$provider: a run with an older ledger stops");
        like($err, qr/does not hold the last run.*hint: .*kyc-import adopt /s, "$provider: and adopt is a way back");
        sandbox_faults($sandbox, 'status-500:10%', 'garbage:10%', 'truncate:5%', 'reset:5%');
        ($status, my $found, $err) = adopt($case, '--set', 'delivery.attempts=30');
        is("$status $found->{adopt}", '0 ' . (20 + $doubts), "$provider: adopts the missing and the doubtful, under faults") or diag $err, explain $found;
        sandbox_faults($sandbox);
        $case->{valid} = 30;
        is_settled($case, "$provider: completed");
        sandbox_stop($sandbox);
    };

    parallel "$provider, interrupted" => sub {
        my $case = filled($provider, 300);
        case_lose_ledger($case);
        unlink glob "$case->{folder}/reports/test/*";
        my %set = ('delivery.rate' => '20/s', 'delivery.burst' => 1);
        $case->{set} = {%{$case->{set}}, %set};
        for my $signal ($provider eq 'kira' ? qw(KILL INT) : 'INT') {
            sandbox_faults($case->{sandbox}, 'slow:100%@list') if $provider eq 'payso';
            # kira's users are adopted as they are looked up, payso's at the end of the listing.
            my $adopted = sub {
                my ($row) = eval { case_ledger($case, "SELECT (SELECT count(*) FROM customer) FROM meta WHERE key = 'adopting' AND value = 'under_way'") };
                return $row ? $row->[0] : -1;
            };
            my $least = $provider eq 'kira' ? ($adopted->() > 0 ? $adopted->() : 0) + 11 : 0;
            my $pid = case_start($case, 'adopt', '-q');
            my $give_up = time + 60;
            sleep 0.05 while $adopted->() < $least && time < $give_up;
            kill $signal, $pid;
            waitpid $pid, 0;
            is($signal eq 'KILL' ? $? & 127 : $? >> 8, $signal eq 'KILL' ? 9 : 6, "$provider: interrupted by $signal");
            my ($status, undef, $err) = case_run($case, '-q');
            is($status, 5, "$provider: no run uses the unfinished ledger after $signal");
            like($err, qr/adopt began to build this ledger and has not ended.*hint: kyc-import adopt /s, "$provider: and says so");
            sandbox_faults($case->{sandbox});
        }
        my ($before) = map { $_->[0] } case_ledger($case, 'SELECT count(*) FROM customer');
        cmp_ok($before, '>', 10, "$provider: some were adopted") if $provider eq 'kira';
        delete @{$case->{set}}{keys %set};
        my ($status, $found, $err) = adopt($case);
        is("$status $found->{adopt} $found->{unchanged}", join(' ', 0, 300 - $before, $before), "$provider: adopt continues") or diag $err;
        is_settled($case, "$provider: nothing was created");
        sandbox_stop($case->{sandbox});
    };
}

parallel 'users that do not show everything' => sub {
    my $case = filled('payso', 6);
    case_lose_ledger($case);
    sandbox_faults($case->{sandbox}, 'left-out:100%@list');
    my ($status, $found, $err) = adopt($case);
    is("$status " . counts($found), '0 adopt 6 not_shown 6', 'payso: members that are not shown count as the export\'s') or diag $err;
    is_deeply($found->{not_shown_by_field}, {date_of_birth => 6}, 'payso: and are counted');
    is_settled($case, 'payso: the next run sends nothing');
    sandbox_stop($case->{sandbox});
};

parallel 'a listing without e-mail addresses' => sub {
    my $user = {id => '11111111-2222-3333-4444-555555555555', email => 'cust-000001@example.com', first_name => 'Alex', last_name => 'Morgan1',
        metadata => {external_id => 'cust-000001'}};
    my $server = hostile_start(sub {
        my ($socket, $head) = @_;
        print {$socket} hostile_answer(200, $json->encode($head =~ /^POST/ ? {data => {access_token => 't', expires_in => 3600}}
            : $head =~ m{/users/} ? $user : {data => [{id => $user->{id}}], total => 1}));
    });
    my $case = looking($server, provider => 'kira', rows => 1);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 4, 'a first run cannot compare them, and stops');
    like($err, qr/does not show.*hint: kyc-import adopt /s, 'with the way on') or diag $err;
    ($status, my $found, $err) = adopt($case);
    is("$status " . counts($found), '0 adopt 1 not_shown 1', 'the user is found by its own reply') or diag $err;
    is_deeply([case_ledger($case, 'SELECT external_id, user_id FROM customer')], [['cust-000001', $user->{id}]], 'and is in the ledger');
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'the next run') or diag $err;
    is(scalar(grep { m{^POST /kira/v1/users } } hostile_requests($server)), 0, 'creates nobody');
    hostile_end($server);
};

# A listing in which users cannot be seen for what they are: neither a first run nor the run after adopt creates them again.
my %unseen = (
    'no id' => [sub { delete $_[0]{id} }, qr/users without an id that can be read/, qr/2 users of the provider's listing have no id that can be read/],
    'an object as id' => [sub { $_[0]{id} = {value => $_[0]{id}} }, qr/users without an id that can be read/, qr/2 users of the provider's listing have no id that can be read/],
    'no e-mail address' => [sub { $_[0]{email} = undef }, qr/users, whose e-mail addresses its listing does not show/, qr/no user of the provider shows an e-mail address or an external_id/],
    'members elsewhere' => [sub { $_[0] = {id => $_[0]{id}, profile => $_[0]} }, qr/users, whose e-mail addresses its listing does not show/, qr/no user of the provider shows an e-mail address or an external_id/],
    'more announced' => [sub {}, qr/its listing of users has gaps, or announces more users than it has/, qr/the provider's listing of users has gaps/],
);
for my $sentence (sort keys %unseen) {
    parallel "users with $sentence" => sub {
        my ($change, $first, $later) = @{$unseen{$sentence}};
        my @users = map { {id => "11111111-2222-3333-4444-00000000000$_", email => $sentence =~ /more/ ? "other-$_\@example.com" : "cust-00000$_\@example.com",
            first_name => 'Alex', last_name => "Morgan$_", date_of_birth => '15/04/1990'} } 1 .. 2;
        $change->($_) for @users;
        my $listing = $json->encode({users => \@users, $sentence =~ /more/ ? (total => 9) : ()});
        my $server = hostile_start(sub {
            my ($socket, $head) = @_;
            print {$socket} hostile_answer(200, $head =~ /^POST/ ? '{"user":{"id":"11111111-2222-3333-4444-000000000099"}}' : $listing);
        });
        my $case = looking($server, provider => 'payso', rows => 2);
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 4, "$sentence: a first run stops");
        like($err, $first, "$sentence: and says why");
        like($err, qr/hint: kyc-import adopt \S+ (?:--dry-run looks closer|compares them one by one)/, "$sentence: and what to do");
        ($status, undef, $err) = case_run($case, 'adopt', '-q');
        is($status, 4, "$sentence: adopt does not end well");
        like($err, $later, "$sentence: and says why");
        is((case_run($case, '-q'))[0], 5, "$sentence: a run does not use what it left");
        is(scalar(grep { /^POST/ } hostile_requests($server)), 0, "$sentence: nobody is created");
        case_run($case, '-q', '--new-ledger');
        cmp_ok(scalar(grep { /^POST/ } hostile_requests($server)), '>', 0, "$sentence: but on request");
        hostile_end($server);
    };
}

parallel 'persons who share an address with all users' => sub {
    my $sandbox = sandbox_start();
    my $csv = csv_rows(2);
    case_run(case_new($sandbox, provider => 'payso', rows => 2, csv => $csv), '-q');
    $csv =~ s/,Alex,Morgan(\d)/,Kim,Moore$1/g;
    $csv =~ s/1990-04-15/1960-01-02/g;
    my $case = looking($sandbox, provider => 'payso', rows => 2, csv => $csv);
    is((case_run($case, '-q'))[0], 4, 'a first run stops');
    my ($status, $found, $err) = adopt($case);
    is("$status " . counts($found), '0 create 2 others 2', 'adopt finds other persons') or diag $err;
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'and the run after it does not send to adopt again') or diag $err;
    is(users($case), 4, 'but creates them');
    sandbox_stop($sandbox);
};

parallel 'a listing that gives fewer users than are asked for' => sub {
    my @users = map { {id => "11111111-2222-3333-4444-00000000000$_", email => "cust-00000$_\@example.com", first_name => 'Alex', last_name => "Morgan$_", birth_date => '1990-04-15'} } 1 .. 5;
    my $server = hostile_start(sub {
        my ($socket, $head) = @_;
        my ($offset) = $head =~ /offset=(\d+)/;
        my ($one) = map { my $user = $_; $head =~ m{/users/$user->{id} } ? $user : () } @users;
        my @page = grep { defined } @users[($offset || 0) .. ($offset || 0) + 1];
        print {$socket} hostile_answer(200, $json->encode($head =~ /^POST/ ? {data => {access_token => 't', expires_in => 3600}} : $one || {data => \@page}));
    });
    my $case = case_new($server, provider => 'kira', rows => 5);
    my ($status, $found, $err) = adopt($case);
    is("$status " . counts($found), '0 adopt 5 not_shown 5', 'is read to its end, although nothing announces another page') or diag $err;
    hostile_end($server);
};

parallel 'a first run' => sub {
    my $sandbox = sandbox_start();
    for my $provider (qw(kira payso)) {
        my $other = looking($sandbox, provider => $provider, rows => 5, csv => csv_rows(5, 0, 1000));
        case_run($other, '-q');
        my $case = looking($sandbox, provider => $provider, rows => 5);
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, "$provider: users of others do not stop a first run") or diag $err;
        my $again = looking($sandbox, provider => $provider, rows => 5);
        ($status, undef, $err) = case_run($again, '-q');
        is($status, 4, "$provider: users of this export do");
        is(users($again), 10, "$provider: and nothing is created");
        ($status, undef, $err) = piped($again);
        is($status, 4, "$provider: a pipe cannot be compared first");
        like($err, qr/the input is a pipe.*hint: write the export to a file/s, "$provider: and says so");
        sandbox_faults($sandbox, 'status-500:100%@list', 'status-500:100%@look_up');
        ($status, undef, $err) = case_run($again, '-q', '--set', 'delivery.attempts=2');
        is($status, 4, "$provider: nor do users that cannot be listed");
        like($err, qr/the users that the provider already has are listed \(--new-ledger omits that\), and they were not: .*\n\s*hint: /, "$provider: and why");
        sandbox_faults($sandbox);
        is(users($again), 10, "$provider: and nothing is created");
        ($status) = case_run($again, '-q', '--new-ledger');
        is(users($again), $provider eq 'kira' ? 10 : 15, "$provider: --new-ledger creates them all the same, if the provider does");
    }
    my $first = looking($sandbox, provider => 'payso', rows => 5, csv => csv_rows(5, 0, 3000));
    sandbox_faults($sandbox, 'status-401:x1@list');
    is((case_run($first, '-q'))[0], 4, 'credentials that the provider does not know: status 4');
    my ($status, $out) = case_run($first, 'status');
    is($status, 0, 'the ledger has no customer');
    like($out, qr/^no run has begun yet: if one was started, its messages have the reason\n/m, 'and status says where the reason is');
    is((case_run($first, '-q'))[0], 0, 'the next run');
    unlike((case_run($first, 'status'))[1], qr/no run has begun/, 'is in the ledger');
    sandbox_stop($sandbox);
};

parallel 'providers that do not list their users' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my %hint = (payward => qr/hint: kyc-import run \S+job\.yaml adopts them by itself/,
        'kraken-embed' => qr/hint: make a CSV file with the columns external_id and user_id, then kyc-import resolve \S+job\.yaml --from FILE/);
    for my $provider (sort keys %hint) {
        my $case = case_new($sandbox, provider => $provider, rows => 3);
        my ($status, undef, $err) = case_run($case, 'adopt', '-q');
        is($status, 2, "$provider cannot list its users");
        like($err, $hint{$provider}, "$provider: and the hint");
        ok(!case_has_ledger($case), "$provider: no ledger is made");
        ($status, undef, $err) = case_run($case, 'check', '-q', '--against-provider');
        is($status, 2, "$provider: nor is there a plan");
        like($err, $hint{$provider}, "$provider: and the same hint");
    }
    my $case = case_new($sandbox, rows => 3);
    case_run($case, '-q');
    case_lose_ledger($case);
    my ($status, undef, $err) = case_run($case, '-q', '--new-ledger');
    is($status, 0, 'payward: a run adopts its users itself') or diag $err;
    is_settled($case, 'payward: none twice');
    sandbox_stop($sandbox);
};

parallel_run(8);
done_testing;
