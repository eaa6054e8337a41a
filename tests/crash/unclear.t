#!/usr/bin/perl
# Creates in doubt whose user the provider shows incompletely: listed and not fetched, without a compared member, with an
# e-mail in lower case, in an incomplete list. An incomplete answer never proves absence: no customer has two users.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;
use KycHostile;
use KycParallel;

my $rows = 4;

# E-mails with capitals before the @, which no rule changes.
sub capitals { return csv_rows($rows) =~ s/cust-(\d+)\@/Cust-$1\@/gr; }

# Customers in doubt whose creates reached a provider with these options. At kira the idempotency keys have expired.
sub landed
{
    my ($provider, $options, %option) = @_;
    my $sandbox = sandbox_start('--idempotency-life', '1ms', @$options);
    my $case = case_new($sandbox, provider => $provider, rows => $rows, %option, set => {
        $provider eq 'kira' ? ('provider.idempotency_window' => '1h') : ('provider.settle_after' => '400ms', 'delivery.timeout' => '1s')});
    sandbox_faults($sandbox, 'drop:100%@create');
    local $case->{set} = {%{$case->{set}}, 'delivery.in_doubt' => 'hold'};
    case_run($case, '-q');
    sandbox_faults($sandbox);
    is(case_summary($case)->{in_doubt}, $rows, "$provider: all are in doubt");
    return $case;
}

sub codes { return join ' ', map { $_->[0] } case_ledger($_[0], 'SELECT DISTINCT code FROM customer ORDER BY 1'); }

# A run that must leave all in doubt with a code, with an instruction in status; then one that resolves all.
sub stays_unclear
{
    my ($case, $sentence, $code, $advice) = @_;
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, "$sentence: status 1") or diag $err;
    is(case_summary($case)->{in_doubt}, $rows, "$sentence: all stay in doubt");
    is(sandbox_counts($case->{sandbox})->{$case->{provider}}{users}, $rows, "$sentence: no second user is created");
    is(codes($case), $code, "$sentence: $code");
    my (undef, $out) = case_run($case, 'status');
    like($out, $advice, "$sentence: status has its hint");
    sandbox_faults($case->{sandbox});
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, "$sentence: the run after it") or diag $err;
    is_settled($case, "$sentence: resolved");
    sandbox_stop($case->{sandbox});
}

sub is_settled_at_once
{
    my ($case, $sentence, @more) = @_;
    my ($status, undef, $err) = case_run($case, '-q', @more);
    is($status, 0, "$sentence: the next run") or diag $err, explain [case_ledger($case, 'SELECT external_id, state, code, message FROM customer')];
    is_settled($case, "$sentence: resolved");
    sandbox_stop($case->{sandbox});
}

parallel 'kira, listed and not fetched' => sub {
    my $case = landed('kira', []);
    sandbox_faults($case->{sandbox}, 'not-found:100%@fetch');
    stays_unclear($case, 'kira, listed and not fetched', 'user_not_fetched', qr/lists a user .* answers 404/);
};
parallel 'kira, a repeat that exists, listed and not fetched' => sub {
    $rows = 1; # of this process
    my $sandbox = sandbox_start('--idempotency-life', '1ms', '--kira-unique', 'external_id');
    my $case = case_new($sandbox, provider => 'kira', rows => $rows);
    sandbox_faults($sandbox, 'drop:x1@create', 'not-found:100%@fetch');
    case_run($case, '-q');
    stays_unclear($case, 'kira, a repeat that exists', 'exists_user_not_fetched', qr/lists a user .* answers 404/);
    is_deeply([case_ledger($case, q(SELECT count(*) FROM event WHERE operation = 'create' AND attempt > 0))], [[2]], 'the create is sent by the first run alone');
};
parallel 'kira, without the birth date' => sub {
    my $case = landed('kira', []);
    sandbox_faults($case->{sandbox}, 'left-out:100%@fetch');
    is_settled_at_once($case, 'kira, without the birth date: the external_id agrees');
};
parallel 'payso, without the birth date' => sub {
    my $case = landed('payso', []);
    sandbox_faults($case->{sandbox}, 'left-out:100%@list');
    stays_unclear($case, 'payso, without the birth date', 'user_incomplete', qr/lacks some of the compared fields/);
};

# E-mails that are stored in lower case.
for my $provider (qw(kira payso)) {
    my $sentence = "$provider, e-mails in lower case";
    parallel $sentence => sub { is_settled_at_once(landed($provider, ['--emails', 'lower-case'], csv => capitals()), $sentence) };
}
parallel 'payso, e-mails in lower case, the row has another' => sub {
    my $case = landed('payso', ['--emails', 'lower-case'], csv => capitals());
    write_file("$case->{folder}/export.csv", capitals() =~ s/Cust-(\d+)\@/new-$1\@/gr);
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'payso, e-mails in lower case, the row has another: refused as record/no_update') or diag $err;
    is(case_summary($case)->{refused}, $rows, 'each is found by the e-mail of its journal');
    is(sandbox_counts($case->{sandbox})->{payso}{users}, $rows, 'and no second user is created');
    sandbox_stop($case->{sandbox});
};
parallel 'payso, users that exist already, e-mails in lower case' => sub {
    my $sandbox = sandbox_start('--emails', 'lower-case', '--payso-unique', 'email');
    my $case = case_new($sandbox, provider => 'payso', rows => $rows, csv => capitals(), set => {'provider.settle_after' => '400ms', 'delivery.timeout' => '1s'});
    case_run($case, '-q');
    my $set = $case->{set};
    $case = case_new($sandbox, provider => 'payso', rows => $rows, csv => capitals(), set => $set); # without its ledger
    is_settled_at_once($case, 'payso, users that exist already, e-mails in lower case', '--new-ledger');
};

# A provider whose creates get no answer, and whose list is $list; creates are answered once it is told to. Returns how
# many creates arrived, and the idempotency keys.
sub scripted
{
    my ($provider, $list, $fetched, @headers) = @_;
    my $scratch = scratch_folder();
    my $server = hostile_start(sub {
        my ($socket, $head) = @_;
        my $login = $head =~ m{^POST \S*/auth };
        if ($head =~ /^POST/ && !$login) {
            my ($key) = $head =~ /^Idempotency-Key: (\S+)/mi;
            open my $file, '>>', "$scratch/creates" or die;
            print {$file} ($key || '-') . "\n";
            close $file;
            return if !-e "$scratch/answer";
        }
        print {$socket} $login ? hostile_answer(200, '{"data":{"access_token":"token","expires_in":3600}}', @headers)
            : $head =~ /^POST/ ? hostile_answer(201, $provider eq 'kira' ? '{"id":"user-new"}' : '{"user":{"id":"user-new"}}', @headers)
            : $head =~ m{^GET \S*/users/} ? hostile_answer(200, $fetched, @headers) : hostile_answer(200, $head =~ /offset=[1-9]/ ? '{"data":[]}' : $list, @headers);
    });
    my $case = case_new($server, provider => $provider, rows => 1, set => {'delivery.attempts' => 1, 'delivery.timeout' => '1s',
        $provider eq 'payso' ? ('provider.settle_after' => '2s') : ()});
    {
        local $case->{set} = {%{$case->{set}}, 'delivery.in_doubt' => 'hold'};
        case_run($case, '-q');
    }
    is(case_summary($case)->{in_doubt}, 1, "$provider, $list: a create without an answer");
    write_file("$scratch/answer", '');
    case_run($case, '-q');
    hostile_end($server);
    return ($case, split /\n/, read_file("$scratch/creates"));
}

# A list that announces another page is incomplete.
for my $list ('"has_more":true', '"next":"/v1/users?page=2"', '"total":1', '"meta":{"total_pages":2}', '"links":{"next":{"href":"/x"}}') {
    for my $provider (qw(kira payso)) {
        parallel "$provider, $list" => sub {
            my ($case, @creates) = scripted($provider, sprintf('{"%s":[],%s}', $provider eq 'kira' ? 'data' : 'users', $list), '', 'Date: Thu, 01 Jan 2099 00:00:00 GMT');
            is(scalar @creates, 1, 'no second user is created');
            is(codes($case), 'listing_incomplete', 'in doubt, and why');
        };
    }
}
for my $header ('Link: </users?page=1>; rel="first", </users?page=2>; rel="next"', 'X-Next-Page: 2', 'X-Total-Count: 1', 'X-Total-Pages: 2', 'Content-Range: users 0-0/7') {
    for my $provider ($header =~ /^Link/ ? qw(kira payso) : 'kira') {
        parallel "$provider, $header" => sub {
            my ($case, @creates) = scripted($provider, sprintf('{"%s":[]}', $provider eq 'kira' ? 'data' : 'users'), '', $header, 'Date: Thu, 01 Jan 2099 00:00:00 GMT');
            is(scalar @creates, 1, 'no second user is created');
            is(codes($case), 'listing_incomplete', 'in doubt, and why');
        };
    }
}
for my $list ('"has_more":false,"next":null', '"total":0,"page":1') {
    for my $provider (qw(kira payso)) {
        parallel "$provider, $list" => sub {
            my ($case, @creates) = scripted($provider, sprintf('{"%s":[],%s}', $provider eq 'kira' ? 'data' : 'users', $list), '', 'Date: Thu, 01 Jan 2099 00:00:00 GMT');
            is(scalar @creates, 2, 'the list is complete and lacks the user: created');
        };
    }
}

# kira: a user without an external id may be anyone's; under a key that is certainly alive the create is repeated, under
# another one it waits for a person.
use POSIX qw(strftime);
for my $date (undef, 0, 23 * 3600 + 60) {
    my $sentence = 'kira, a user without an external id, ' . (!defined $date ? 'no time in the answer' : "$date s later");
    parallel $sentence => sub {
        my @headers = defined $date ? 'Date: ' . strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + $date)) : ();
        my ($case, @creates) = scripted('kira', '{"data":[{"id":"user-1"}]}', '{"id":"user-1","email":"cust-000001@example.com"}', @headers);
        if (defined $date && $date == 0) {
            is(scalar @creates, 2, 'repeated');
            is($creates[0], $creates[1], 'under its key');
            is_deeply([case_ledger($case, 'SELECT state, user_id FROM customer')], [['created', 'user-new']], 'resolved');
            is_verified($case, 'the ledger verifies');
        } else {
            is(scalar @creates, 1, 'not repeated');
            is(codes($case), 'user_unnamed', 'in doubt, and why');
        }
    };
}

parallel_run(8);
done_testing;
