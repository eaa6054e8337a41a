#!/usr/bin/perl
# A 409: a create in doubt at kraken-embed that ends in `exists` stays in doubt, is not repeated, and status says what to do;
# where the answer names the user, it is fetched, and accepted only with the proof of its external id.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;
use KycHostile;

my $scratch = scratch_folder();

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:100%');
my $case = case_new($sandbox, provider => 'kraken-embed', rows => 3, set => {'delivery.attempts' => 1});
case_run($case, '-q');
is(case_summary($case)->{in_doubt}, 3, 'three creates without an answer');
sandbox_faults($sandbox);
my ($status, $table, $err) = case_run($case);
is($status, 1, 'the next run repeats them') or diag $err;
like($table, qr{^  in doubt {9}kyc-import status \S+/job\.yaml lists them}m, 'and says where they are listed');
my $page = read_file("$case->{folder}/reports/test/report.html");
like($page, qr{<code>kyc-import status \S+/job\.yaml</code> lists each customer in doubt}, 'as its page does');
unlike($page =~ s{<caption>.*?</caption>}{}gsr, qr/reject file/, 'which does not send anybody to a reject file that is not there');
is(case_summary($case)->{in_doubt}, 3, 'and learns that they exist, not their ids');
sandbox_reset($sandbox);
case_run($case, '-q');
is(sandbox_counts($sandbox)->{'kraken-embed'}{requests}, 0, 'they are not repeated again');
is(case_summary($case)->{in_doubt}, 3, 'and stay in doubt');
is(sandbox_counts($sandbox)->{'kraken-embed'}{users}, 3, 'no customer has two users');
($status, my $out) = case_run($case, 'status');
is($status, 1, 'status has a hint');
like($out, qr/Look it up there, then:\n.*\n +cust-000001 .*User already exists\n +kyc-import resolve \S+ --key cust-000001 --user USER_ID/, 'what to do about each');
# A 409 that names the user: it is fetched, and is this customer's when it has the customer's external_id.
for my $fault ('', 'not-found:100%@fetch') {
    my $sentence = 'a 409 that names the user' . ($fault && ', which cannot be fetched');
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--conflicts', 'name-user', '--fault', 'drop:100%');
    my $case = case_new($sandbox, provider => 'kraken-embed', rows => 3, set => {'delivery.attempts' => 1});
    case_run($case, '-q');
    is(case_summary($case)->{in_doubt}, 3, "$sentence: three creates without an answer");
    sandbox_faults($sandbox, $fault || ());
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, $fault ? 1 : 0, "$sentence: the next run") or diag $err;
    is(case_summary($case)->{in_doubt}, $fault ? 3 : 0, "$sentence: in doubt");
    if ($fault) {
        my (undef, $out) = case_run($case, 'status');
        like($out, qr/answers 404 to a request for it.*\n.*\n +cust-000001 .*user_not_fetched\n +kyc-import resolve/, "$sentence: what to do about each");
        sandbox_faults($sandbox);
        is((case_run($case, '-q'))[0], 0, "$sentence: the run after it");
    }
    is_settled($case, "$sentence: settled");
    sandbox_stop($sandbox);
}

# With another external_id, or without one: never accepted, and named for a person.
for my $other ('"external_id":"cust-999999"', '"email":"a@example.com"') {
    my $server = hostile_start(sub {
        my ($socket, $head) = @_;
        return if $head =~ /^POST/ && !-e "$scratch/again"; # no answer
        print {$socket} $head =~ /^POST/ ? hostile_answer(409, '{"error":"exists","result":{"user":"AA11 BB22 CC33 DD44"}}')
            : hostile_answer(200, qq({"result":{"user":"AA11 BB22 CC33 DD44",$other}}));
    });
    my $case = case_new($server, provider => 'kraken-embed', rows => 1, set => {'delivery.attempts' => 1, 'delivery.timeout' => '2s'});
    is((case_run($case, '-q'))[0], 1, "$other: a create without an answer");
    write_file("$scratch/again", '');
    is((case_run($case, '-q'))[0], 1, "$other: the next run");
    is_deeply([case_ledger($case, 'SELECT state, user_id FROM customer')], [['in_doubt', '']], "$other: stays in doubt");
    is(scalar(grep { /^GET .*AA11%20BB22/ } hostile_requests($server)), 1, "$other: was fetched");
    hostile_end($server);
    unlink "$scratch/again";
}

# A create that is not in doubt is refused, with the id in the message, at each provider that answers 409.
for my $row (['payward', '{"error":"exists","data":{"id":"AA45N8G4MLDYWAR7"}}'], ['kraken-embed', '{"error":"exists","user_id":"AA45N8G4MLDYWAR7"}'],
    ['kira', '{"code":"resource_conflict","message":"exists","user_id":"AA45N8G4MLDYWAR7"}'], ['payso', '{"error":"exists","user":{"id":"AA45N8G4MLDYWAR7"}}']) {
    my ($provider, $answer) = @$row;
    my $server = hostile_start(sub {
        my ($socket, $head) = @_;
        print {$socket} $head =~ m{^POST \S*/auth } ? hostile_answer(200, '{"data":{"access_token":"token","expires_in":3600}}') : hostile_answer(409, $answer);
    });
    my $case = case_new($server, provider => $provider, rows => 1);
    is((case_run($case, '-q'))[0], 1, "$provider: a 409 to the first create");
    my ($customer) = case_ledger($case, 'SELECT state, user_id, message FROM customer');
    is("@$customer[0, 1]", 'refused ', "$provider: is refused, and the user is not taken");
    like($customer->[2], qr/^the answer names user AA45N8G4MLDYWAR7: .*exists/, "$provider: the ledger names the user");
    like((case_run($case, 'results'))[1], qr/the answer names user AA45N8G4MLDYWAR7/, "$provider: and so do the results");
    hostile_end($server);
}

done_testing;
