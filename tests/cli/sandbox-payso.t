#!/usr/bin/perl
# kyc-sandbox, payso: its token, the members of a user, duplicates, the listing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use KycTest;
use Test::More;

sub counts { return sandbox_counts($_[0])->{payso}; }
sub create { my ($sb, $body, %option) = @_; return payso_request($sb, 'POST', '/users', $body, %option); }

sub fault_of
{
    my ($answer) = @_;
    my $first = ($answer->{json}{errors} || [{}])->[0];
    return join ' ', $answer->{status}, grep { defined && length } @$first{qw(code field)};
}

subtest 'users' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state");
    my $body = payso_body('marco');
    my $answer = create($sb, $body);
    is $answer->{status}, 200, 'a create is 200';
    my $id = $answer->{json}{user}{id};
    like $id, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'its id is a UUID';
    is $answer->{json}{user}{kyc}{general}{status}, 'not_started', 'the answer is that of the page';
    like $answer->{headers}{'x-request-id'}, qr/^[0-9a-f]{16}$/, 'and has an x-request-id';
    $answer = create($sb, $body);
    is $answer->{status}, 200, 'a repeat is 200';
    isnt $answer->{json}{user}{id}, $id, 'and creates a second user';
    is counts($sb)->{duplicates}, 1, 'which is counted';
    is create($sb, $body, headers => {Authorization => 'Bearer x'})->{status}, 401, 'a wrong token is 401';
    is create($sb, $body, headers => {Authorization => undef})->{json}{error}, 'Unauthorized', 'so is none';
    is counts($sb)->{bad_tokens}, 2, 'both are counted';
    my @all = sandbox_users($sb, 'payso');
    is_deeply $all[0]{body}, $body, 'the user is kept as it was sent';
    $answer = payso_request($sb, 'GET', '/users');
    is_deeply [map { $_->{id} } @{$answer->{json}{users}}], [map { $_->{id} } @all], 'the listing has all';
    is_deeply [@{$answer->{json}{users}[0]}{qw(email date_of_birth last_name company_name)}],
        ['marco@example.com', '12/11/1985', 'Pierre White', undef], 'with their identifiers';
    is payso_request($sb, 'GET', "/users/$id")->{json}{user}{email}, 'marco@example.com', 'one is found by its id';
    is payso_request($sb, 'GET', '/users/x')->{status}, 404, 'an unknown one is 404';
    is payso_request($sb, 'PUT', "/users/$id", $body)->{status}, 405, 'there is no update';
    sandbox_faults($sb, 'truncate:x2'); # Perl's client repeats PUT and GET once by itself
    is payso_request($sb, 'GET', '/users')->{status}, 599, 'faults strike the listing';
    sandbox_faults($sb, 'drop:x1');
    is create($sb, payso_body('lost'))->{status}, 599, 'and creates';
    is counts($sb)->{users}, 3, 'after the work';
    sandbox_kill($sb);
    $sb = sandbox_start('--state', "$folder/state");
    is scalar @{payso_request($sb, 'GET', '/users')->{json}{users}}, 3, 'users outlive kill -9';
    sandbox_stop($sb);

    $sb = sandbox_start('--payso-unique', 'email', '--rate', '4/s');
    create($sb, $body);
    is fault_of(create($sb, payso_body('x', email => 'MARCO@example.com'))), '422 record_not_unique',
        'an e-mail can be made unique';
    is counts($sb)->{users}, 1, 'then there is no second user';
    my @status = map { create($sb, payso_body("rate-$_"))->{status} } 1 .. 4;
    is "@status", '200 200 429 429', 'what is above the rate is 429';
    sandbox_stop($sb);
};

subtest 'bodies' => sub {
    my $sb = sandbox_start();
    my %company = (beneficiary_type => 'business', first_name => undef, last_name => undef,
        company_name => 'Example Ltd', source_of_funds => 'Token Sale');
    my $number = 0;
    my @good = (
        ['a business', %company],
        ['a person in the US', country => 'US', state => 'CA', ssn => '123456789'],
        ['an unknown id', country => 'US', state => 'CA'],
        ['a number of another country', ssn => 'QQ 12 34 56 C'],
    );
    for my $case (@good) {
        my ($sentence, %more) = @$case;
        is create($sb, payso_body('good-' . ++$number, %more))->{status}, 200, "$sentence: 200";
    }
    my @bad = (
        ['an unknown member', '400 unknown_member user.metadata', metadata => 'x'],
        ['a date in ISO order', '422 invalid user.date_of_birth', date_of_birth => '1985-11-12'],
        ['a day that does not exist', '422 invalid user.date_of_birth', date_of_birth => '30/02/1985'],
        ['a month for a day', '422 invalid user.date_of_birth', date_of_birth => '11/13/1985'],
        ['a state written out', '422 invalid user.state', country => 'US', state => 'California'],
        ['a number of eight digits', '422 invalid user.ssn', country => 'US', state => 'CA', ssn => '12345678'],
        ['a country that is refused', '422 country_not_supported user.country', country => 'RU'],
        ['a nationality that is refused', '422 country_not_supported user.nationality', nationality => 'VE'],
        ['a country of three letters', '422 invalid_format user.country', country => 'GBR'],
        ['null for a city', '400 invalid_type user.city', city => undef],
        ['a person without a name', '422 blank user.first_name', first_name => undef],
        ['a business without a name', '422 blank user.company_name', %company, company_name => undef],
        ['a business without funds', '422 blank user.source_of_funds', %company, source_of_funds => undef],
        ['another type', '422 invalid_option user.beneficiary_type', beneficiary_type => 'trust'],
    );
    for my $case (@bad) {
        my ($sentence, $fault, %more) = @$case;
        is fault_of(create($sb, payso_body('bad', %more))), $fault, "$sentence: $fault";
    }
    for my $member (qw(beneficiary_type email phone date_of_birth address_line1 city state postcode country nationality ssn)) {
        my $body = payso_body('bad');
        delete $body->{user}{$member};
        is fault_of(create($sb, $body)), "400 required user.$member", "$member is required";
    }
    is fault_of(create($sb, payso_body('bad')->{user})), '400 unknown_member ' . (sort keys %{payso_body('bad')->{user}})[0],
        'a user without its wrapper is 400';
    is counts($sb)->{users}, @good, 'nothing was made of what was refused';
    sandbox_stop($sb);

    $sb = sandbox_start('--payso-dates', 'YYYY-MM-DD');
    is create($sb, payso_body('iso', date_of_birth => '1985-11-12'))->{status}, 200, 'dates can be ISO';
    is fault_of(create($sb, payso_body('iso'))), '422 invalid user.date_of_birth', 'and nothing else then';
    sandbox_stop($sb);
};

done_testing;
