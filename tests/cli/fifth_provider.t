#!/usr/bin/perl
# A provider that no source of kyc-import names, described by tests/lib/fifth_provider.c alone: its job, guess, payload and
# help, and runs against a server of its own. Whatever a provider needs beside its descriptor would be missing here.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Fcntl qw(:flock);
use JSON::PP;
use Test::More;
use KycHostile;
use KycTest;

my $import = program('tests/fifth-provider');
my $secret = 'Partner-' . join '', map { chr 97 + int rand 26 } 1 .. 16;
my $folder = scratch_folder();
my $state = scratch_folder();
$ENV{EXAMPLEPAY_PARTNER_CODE} = $secret;

# The server: one process for each request, with its users and what it was sent in files of $state.
sub note_request
{
    my ($entry) = @_;
    open my $file, '>>', "$state/requests" or die "$state: $!";
    flock $file, LOCK_EX;
    print {$file} JSON::PP->new->canonical->encode($entry), "\n";
}

sub requests { return map { decode_json($_) } -e "$state/requests" ? split /\n/, read_file("$state/requests") : (); }

# One answer for each; the user that it is about is kept when it is created, answered or not.
sub reply
{
    my ($socket, $head, $body) = @_;
    my ($method, $target) = $head =~ /\A(\S+) (\S+)/;
    my %header = map { /^([\w-]+): (.*?)\r?$/ ? (lc $1 => $2) : () } split /\n/, $head;
    my $sent = length $body ? decode_json($body) : {};
    my $earlier = grep { $_->{method} eq $method && ($_->{body}{reference} // '') eq ($sent->{reference} // '') } requests();
    note_request({method => $method, target => $target, code => $header{'x-partner-code'}, branch => $header{'x-branch'}, body => $sent});
    my ($status, $answer) = (200, {});
    if ($method eq 'POST') {
        my $reference = $sent->{reference};
        my $user = {id => "P-$reference", %$sent};
        ($status, $answer) =
              $reference eq 'busy' && !$earlier ? (420, {error => 'busy'})
            : $reference eq 'taken' ? (409, {error => 'taken', person => 'P-other'})
            : $reference eq 'bad' ? (422, {error => "code $secret may not use $sent->{contact}{mail}"})
            : (201, $user);
        write_file("$state/$user->{id}", encode_json($user)) if $status == 201;
        return if $reference eq 'lost' && !$earlier;
    } elsif ($method eq 'GET' && $target =~ /^\/v9\/people\?mail=(.*)&skip=(\d+)$/) {
        my ($mail, $skip) = ($1, $2);
        $mail =~ s/%(..)/chr hex $1/ge;
        my @found = grep { $_->{contact}{mail} eq $mail } map { decode_json(read_file($_)) } glob "$state/P-*";
        $answer = {users => [@found[$skip .. $#found]]};
    } elsif ($method eq 'GET') {
        my ($id) = $target =~ /^\/v9\/people\/(.*)$/;
        ($status, $answer) = -e "$state/$id" ? (200, decode_json(read_file("$state/$id"))) : (404, {error => 'none'});
    }
    print {$socket} hostile_answer($status, encode_json($answer), 'Content-Type: application/json');
}
my $server = hostile_start(\&reply);

my %trade = (one => 'farmer', lost => 'sailor', busy => 'Sailor', taken => '', bad => '');
my %given = map { $_ => 'Alex' } keys %trade;

sub write_export
{
    write_file("$folder/export.csv", join '', map { "$_\n" } 'customer_id,first name,surname,dob,e-mail,country,occupation',
        map { "$_,$given{$_},Morgan,1990-04-15,$_\@example.com,DE,$trade{$_}" } qw(one lost busy taken bad));
}
write_export();

my $good = <<"JOB";
job: fifth
input: {path: export.csv}
provider:
  name: examplepay
  base_url: $server->{url}/v9
  branch: 12
  credentials: {partner_code: env:EXAMPLEPAY_PARTNER_CODE}
fields:
  external_id: customer_id
  first_name: first name
  last_name: surname
  date_of_birth: dob
  email: e-mail
  country: country
  occupation: occupation
delivery: {rate: 500/s, burst: 20, canary: 0, timeout: 5s}
JOB

sub kyc { return run_program($import, @_); }

sub run_job
{
    my ($command, @more) = @_;
    return kyc($command, "$folder/job.yaml", @more);
}

# A mistake in the job: the edit, what the caret is below, the message.
my @wrong = (
    ['a number out of its bounds', sub { s/branch: 12/branch: 100/ }, '100', qr/`branch`.* 1 .*99/],
    ['a number that is none', sub { s/branch: 12/branch: many/ }, 'many', qr/`many` is not a whole number/],
    ['a setting that is misspelt', sub { s/branch: 12/brnch: 12/ }, 'brnch', qr/unknown key `brnch`.*\n.*\n.*\nhint: did you mean `branch`/],
    ['a setting of another provider', sub { s/branch: 12/documents: x/ }, 'documents', qr/`documents` is a setting of kira, not of examplepay/],
    ['its setting at another provider', sub { s/name: examplepay/name: kira/ }, 'branch', qr/`branch` is a setting of examplepay, not of kira/],
    ['a credential that is misspelt', sub { s/partner_code:/partner_cod:/ }, undef, qr/partner_code/],
    ['a credential of another provider', sub { s/partner_code:/password:/ }, undef, qr/partner_code/],
    ['a name that is misspelt', sub { s/name: examplepay/name: examplepy/ }, 'examplepy', qr/did you mean `examplepay`/],
    ['the name of a provider that is not in the list', sub { s/name: examplepay/name: payward/ }, 'payward', qr/unknown provider `payward`/],
    ['a field that it does not take', sub { $_ .= "rules: [{field: phone, required: true}]\n" }, undef, qr/phone/],
);
subtest 'the job' => sub {
    for my $wrong (@wrong) {
        my ($sentence, $edit, $at, $pattern) = @$wrong;
        local $_ = $good;
        $edit->();
        write_file("$folder/job.yaml", $_);
        my ($status, $out, $err) = run_job('run', '-q');
        is($status, 2, "$sentence is status 2") or diag $err;
        like($err, $pattern, "$sentence: the message says so");
        unlike("$out$err", qr/\Q$secret\E/, "$sentence: the credential is not quoted");
        my ($line, $column) = $err =~ /job\.yaml:(\d+):(\d+): /;
        ok($line, "$sentence: its place is reported") or diag $err;
        is(substr((split /\n/)[$line - 1], $column - 1, length $at), $at, "$sentence: the place is right") if $line && defined $at;
    }
    local $ENV{EXAMPLEPAY_PARTNER_CODE} = "$secret and more";
    write_file("$folder/job.yaml", $good);
    my ($status, $out, $err) = run_job('run', '-q');
    is($status, 2, 'a credential that no header can have');
    like($err, qr/partner_code/, 'is named');
    unlike("$out$err", qr/\Q$secret\E/, 'and not quoted');
    is(scalar(requests()), 0, 'nothing was sent');
};
write_file("$folder/job.yaml", $good);

subtest 'guess' => sub {
    my ($status, $out, $err) = kyc('guess', "$folder/export.csv", '--provider', 'examplepay');
    is($status, 0, 'a job is written') or diag $err;
    like($out, qr/^  name: examplepay$/m, 'for the provider');
    like($out, qr/^  credentials: \{partner_code: env:EXAMPLEPAY_PARTNER_CODE\}$/m, 'with its credential');
    like($out, qr/^  external_id: "?customer_id"?/m, 'and its fields');
    unlike($out, qr/phone|address_line1|nationalities/, 'and none that it does not take');
};

subtest 'explain' => sub {
    my ($status, $out, $err) = run_job('explain', '--row', 3, '--unmask');
    is($status, 0, 'a row is explained') or diag $err;
    my ($payload) = $out =~ /(\{\s*"reference".*\})/s;
    is_deeply(eval { decode_json($payload) }, {reference => 'busy', person => {given => 'Alex', family => 'Morgan', born => '1990-04-15'},
        contact => {mail => 'busy@example.com'}, trade => 'sailor', country => 'DEU'}, 'with its payload') or diag $out;
};

subtest 'help' => sub {
    my ($status, $out) = kyc('help', 'providers');
    like($out, qr{^  examplepay    https://api\.example\.com\n}m, 'help providers lists it');
    unlike($out, qr/payward/, 'and none that is not in the list');
    ($status, $out) = kyc('help', 'examplepay');
    is($status, 0, 'help examplepay');
    like($out, $_, "$_") for qr/^  first_name +person\.given; required$/m, qr/^  occupation +trade; can be cleared; one of farmer, sailor$/m,
        qr/partner_code.*EXAMPLEPAY_PARTNER_CODE/, qr/header X-Partner-Code/, qr/^  branch .*\b1 to 99\b.*\b7\b/m, qr/the branch that the users belong to/,
        qr/shipshape +verified/;
    ($status, $out) = kyc('help', 'fields');
    like($out, qr/^  email .*\n.*\n      kira\*, examplepay\*$/m, 'help fields names it');
};

sub results
{
    my ($status, $out) = run_job('results', '--format', 'ndjson');
    return map { my $row = decode_json($_); ($row->{external_id} => $row) } split /\n/, $out;
}

subtest 'a run' => sub {
    my ($status, $out, $err) = run_job('run');
    is($status, 1, 'two customers are refused') or diag $err;
    my %result = results();
    my %posts;
    $posts{$_->{body}{reference}}++ for grep { $_->{method} eq 'POST' } requests();
    is($result{$_}{state}, 'created', "$_ is created") for qw(one lost busy);
    is($result{$_}{user_id}, "P-$_", "$_: its user") for qw(one lost busy);
    is($result{$_}{state}, 'refused', "$_ is refused") for qw(taken bad);
    is_deeply(\%posts, {one => 1, lost => 1, busy => 2, taken => 1, bad => 1}, 'one create each, and one more for what was busy');
    is((grep { $_->{target} eq '/v9/people?mail=lost%40example.com&skip=0' } requests()), 1, 'the create without an answer is looked up');
    is($result{taken}{http_status}, 409, 'a 409 is refused');
    like($result{taken}{message}, qr/P-other/, 'and names the user that exists');
    like($result{bad}{message}, qr/may not use/, 'the message of a refusal is kept');
    unlike("$out$err" . encode_json(\%result), qr/\Q$secret\E/, 'without the credential');
    unlike($result{bad}{message}, qr/bad\@example/, 'and without the customer');
    is((grep { $_->{code} ne $secret || $_->{branch} ne '12' } requests()), 0, 'every request has the credential and the setting');
};

subtest 'a run in which nothing changed' => sub {
    my $before = requests();
    my ($status, $out, $err) = run_job('run', '--json');
    my $summary = decode_json($out);
    is($status, 1, 'two are still refused') or diag $err;
    is($summary->{unchanged}, 3, 'three are unchanged');
    is($summary->{created} + $summary->{updated}, 0, 'none is created or updated');
    is(scalar(requests()), $before, 'nothing is sent');
};

subtest 'an update' => sub {
    $given{one} = 'Alexandra';
    $trade{one} = '';
    write_export();
    my ($status, $out, $err) = run_job('run', '--json', '--accept-updates');
    is(decode_json($out)->{updated}, 1, 'one is updated') or diag $err;
    my $last = (requests())[-1];
    is("$last->{method} $last->{target}", 'PUT /v9/people/P-one', 'its user');
    is_deeply($last->{body}, {person => {given => 'Alexandra', family => 'Morgan', born => '1990-04-15'}, trade => undef},
        'the changed members, whole, and null for what went away');
    my $before = requests();
    ($status, $out) = run_job('run', '--json');
    is(decode_json($out)->{unchanged}, 3, 'then it is unchanged');
    is(scalar(requests()), $before, 'and nothing is sent');
};

subtest 'a changed setting' => sub {
    $given{$_} = 'Alexis' for qw(one lost);
    write_export();
    my @canary = ('--set', 'delivery.canary=2', '--accept-updates');
    my ($status, $out, $err) = run_job('run', @canary);
    like($err, qr/canary: passed/, 'a canary passes') or diag $err;
    ($status, $out, $err) = run_job('run', @canary);
    unlike($err, qr/canary/, 'and is over');
    ($status, $out, $err) = run_job('run', @canary, '--set', 'provider.branch=13');
    like($err, qr/canary/, 'until the setting changes') or diag $err;
    ($status, $out, $err) = run_job('run', '--set', 'provider.branch=100');
    is($status, 2, 'a wrong one of the command line');
    like($err, qr/--set provider\.branch/, 'is named');
};

hostile_end($server);
done_testing;
