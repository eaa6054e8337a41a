#!/usr/bin/perl
# kyc-sandbox, the two APIs that sign: updates of payward, and all of kraken-embed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use KycTest;
use Test::More;

my $payward = '/payward/v1/users';
my $kraken = '/kraken-embed/b2b/users';

# CODE FIELD of the first fault
sub fault_of
{
    my ($answer) = @_;
    my $list = $answer->{json}{errors} || (ref $answer->{json}{error} ? $answer->{json}{error}{details} : undef) || [{}];
    return join ' ', grep { defined && length } @{$list->[0]}{qw(code field)};
}

sub body_of_user { return (sandbox_users($_[0], $_[1]))[0]{body}; }

# a path with an id in it
sub path_of
{
    my ($base, $id) = @_;
    $id =~ s/ /%20/g;
    return "$base/$id";
}

# updates that both accept and refuse; path: of a user with payward_body's or kraken_body's data
sub check_updates
{
    my ($sb, $provider, $path, $success) = @_;
    my $patch = sub { signed_request($sb, 'PATCH', $path, @_) };
    my $answer = $patch->({phone => '+442079460000', employer_name => 'Example Ltd'});
    is $answer->{status}, 200, 'an update is 200';
    is_deeply $answer->{json}, $success, 'and says success';
    my $body = body_of_user($sb, $provider);
    is "$body->{phone} $body->{employer_name}", '+442079460000 Example Ltd', 'the members have new values';
    is $body->{full_name}{last_name}, 'Morgan', 'and the others stay';
    is $patch->({full_name => {first_name => "Zo\x{eb}", last_name => 'M, "}'}})->{status}, 200, 'an object is replaced as a whole';
    is_deeply body_of_user($sb, $provider)->{full_name}, {first_name => "Zo\x{eb}", last_name => 'M, "}'}, 'and is replaced';
    is $patch->({map { $_ => undef } qw(phone nationalities tax_ids employer_name occupation language)})->{status}, 200,
        'null where it is allowed';
    is scalar(grep { exists body_of_user($sb, $provider)->{$_} } qw(phone nationalities employer_name occupation)), 0,
        'takes the value away';
    is $patch->("{ \"phone\" : \"+14155550111\" ,\n \"occupation\":\"other\"\n}\n")->{status}, 200, 'blanks are fine';
    is body_of_user($sb, $provider)->{occupation}, 'other', 'and merged well';
    my $key = $provider eq 'payward' ? 'external_reference' : 'external_id';
    my $home = {line1 => '1 Market St', postal_code => '94103', country => 'US'};
    my @bad = (
        ['an e-mail', 400, 'unknown_member email', {email => 'new@example.com'}],
        ['the reference', 400, "unknown_member $key", {$key => 'x'}],
        ['an unknown member', 400, 'unknown_member nickname', {nickname => 'x'}],
        ['nothing', 400, 'empty', {}],
        ['half an object', 400, 'required residence.city', {residence => $home}],
        ['null for an object', 400, 'invalid_type residence', {residence => undef}],
        ['null for an identifier', 400, 'invalid_type client_identifier', {client_identifier => undef}],
        ['a bad phone', 422, 'invalid_format phone', {phone => '0'}],
        ['no nationality at all', 422, 'empty nationalities', {nationalities => []}],
        ['a list', 400, 'invalid_type', [1]],
    );
    for my $case (@bad) {
        my ($sentence, $status, $fault, $change) = @$case;
        $answer = $patch->($change);
        is "$answer->{status} " . fault_of($answer), "$status $fault", "$sentence: $status $fault";
    }
    is $patch->('')->{status}, 400, 'no body at all is refused';
    is $patch->('{')->{status}, 400, 'a broken body is refused';
    my ($user) = sandbox_users($sb, $provider);
    is "$user->{creates} $user->{updates}", '1 4', 'updates are counted, refused ones not';
    return $user;
}

subtest 'updates at payward' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state");
    my $id = signed_request($sb, 'POST', $payward, payward_body('c-1'))->{json}{data}{id};
    my $user = check_updates($sb, 'payward', "$payward/$id", {data => 'success'});
    is signed_request($sb, 'PATCH', "$payward/AA00000000000000", {phone => '+14155550112'})->{status}, 404,
        'an unknown user is 404';
    is signed_request($sb, 'PATCH', "$payward/SHORT", {phone => '+14155550112'})->{status}, 400, 'a short id is 400';
    is signed_request($sb, 'PATCH', $payward, {phone => '+14155550112'})->{status}, 405, 'there is nothing to change in all';
    sandbox_faults($sb, 'drop:x1');
    is signed_request($sb, 'PATCH', "$payward/$id", {occupation => 'media'})->{status}, 599, 'faults strike updates';
    is body_of_user($sb, 'payward')->{occupation}, 'media', 'after the work';
    sandbox_kill($sb);
    $sb = sandbox_start('--state', "$folder/state");
    $user->{body}{occupation} = 'media';
    $user->{updates}++;
    is_deeply [sandbox_users($sb)], [$user], 'updates outlive kill -9';
    sandbox_stop($sb);
};

subtest 'kraken-embed' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state");
    my @keys = sandbox_keys($sb, 'kraken-embed');
    is scalar @keys, 2, 'two demo keys are printed';
    my $answer = signed_request($sb, 'POST', $kraken, kraken_body('c-1'));
    is $answer->{status}, 201, 'a create is 201';
    my $id = $answer->{json}{result}{user};
    like $id, qr/^AA[A-Z0-9]{2}( [A-Z0-9]{4}){3}$/, 'the id is written in groups';
    $answer = signed_request($sb, 'POST', $kraken, kraken_body('c-1'));
    is $answer->{status}, 409, 'the same external_id again is 409';
    unlike $answer->{content}, qr/\Q$id\E/, 'without the id';
    is signed_request($sb, 'POST', $kraken, kraken_body('c-2', email => 'C-1@example.com'))->{status}, 422,
        'an e-mail that is taken is 422';
    $answer = signed_request($sb, 'POST', $kraken, kraken_body('c-2'), key => $keys[1][0], secret => $keys[1][1]);
    is $answer->{status}, 201, 'the second key makes users too';
    my @payward = sandbox_keys($sb, 'payward');
    is signed_request($sb, 'POST', $kraken, kraken_body('c-3'), key => $payward[0][0], secret => $payward[0][1])->{status},
        401, 'a key of payward does not';
    my $path = path_of($kraken, $id);
    is signed_request($sb, 'GET', $path)->{json}{result}{external_id}, 'c-1', 'a user is found by its id, blanks encoded';
    is signed_request($sb, 'GET', "$kraken/AA00%200000")->{status}, 404, 'an unknown user is 404';
    is signed_request($sb, 'GET', "$kraken/%2")->{status}, 404, 'so is a broken escape';
    check_updates($sb, 'kraken-embed', $path, {result => 'success'});
    is signed_request($sb, 'PATCH', $path, {date_of_birth => '1991-01-01', city_of_birth => 'Lyon'})->{status}, 200,
        'the birth is flat';

    for my $headers ({'Payward-Version' => '2025-04-16'}, {'Payward-Version' => ''}) {
        is signed_request($sb, 'POST', $kraken, kraken_body('v-1'), headers => $headers)->{status}, 400,
            "version '$headers->{'Payward-Version'}' is 400";
    }
    my @bad = (
        ['a version of the terms as text', 400, 'invalid_type tos_version_accepted', tos_version_accepted => '1'],
        ['a birth as an object', 400, 'unknown_member birth', birth => {date => '1990-01-01'}],
        ['payward\'s reference', 400, 'unknown_member external_reference', external_reference => 'x'],
        ['null in a create', 400, 'invalid_type employer_name', employer_name => undef],
        ['a bad country of birth', 422, 'invalid_format country_of_birth', country_of_birth => 'XX'],
    );
    for my $case (@bad) {
        my ($sentence, $status, $fault, %more) = @$case;
        $answer = signed_request($sb, 'POST', $kraken, kraken_body('bad', %more));
        is "$answer->{status} " . fault_of($answer), "$status $fault", "$sentence: $status $fault";
    }
    for my $member (qw(email external_id tos_version_accepted full_name date_of_birth residence phone nationalities occupation)) {
        my $body = kraken_body('bad');
        delete $body->{$member};
        $answer = signed_request($sb, 'POST', $kraken, $body);
        is "$answer->{status} " . fault_of($answer), "400 required $member", "$member is required";
    }
    my $body = kraken_body('few');
    delete @$body{qw(city_of_birth country_of_birth)};
    is signed_request($sb, 'POST', $kraken, $body)->{status}, 201, 'the place of birth is not';

    sandbox_reset($sb);
    sandbox_faults($sb, 'garbage:x1');
    is signed_request($sb, 'POST', $kraken, kraken_body('lost'))->{content}, "<html><body>It works!</body></html>\n",
        'faults strike here too';
    is signed_request($sb, 'POST', $kraken, kraken_body('lost'))->{status}, 409, 'a repeat after a lost answer is 409';
    is sandbox_counts($sb)->{'kraken-embed'}{complaints}, 0, 'and no complaint';
    is signed_request($sb, 'POST', $kraken, kraken_body('few'))->{status}, 409, 'a repeat without need';
    is sandbox_counts($sb)->{'kraken-embed'}{complaints}, 1, 'is one';
    sandbox_stop($sb);
    $sb = sandbox_start('--state', "$folder/state", '--kraken-version-header', 'Kraken-Version');
    is sandbox_counts($sb)->{'kraken-embed'}{users}, 4, 'its users outlive a restart';
    is signed_request($sb, 'GET', $path)->{status}, 400, 'the name of the version header is an option';
    is signed_request($sb, 'GET', $path, undef, headers => {'Kraken-Version' => '2025-04-15'})->{status}, 200, 'and works';
    sandbox_stop($sb);
};

done_testing;
