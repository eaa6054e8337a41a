#!/usr/bin/perl
# What a provider's page asks of single fields, as a user meets it: a number for everybody, one nationality of several, an
# agreement before the create, when an identifier was calculated.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);

# The body of the one user that a case has made.
sub body_of
{
    my ($case, $email) = @_;
    my ($user) = grep { $_->{email} eq $email } sandbox_users($sandbox, $case->{provider});
    my $body = ref $user->{body} ? $user->{body} : JSON::PP->new->utf8->decode($user->{body});
    return $body->{user} || $body;
}

# FIELD/RULE => count, of the last command's report.
sub found
{
    my ($case) = @_;
    my $summary = case_summary($case);
    return {%{$summary->{rejects_by_rule}}, %{$summary->{warnings_by_rule}}};
}

subtest 'payso asks a number of everybody' => sub {
    my $csv = <<'CSV';
customer_id,kind,company,given_name,family_name,email,mobile,dob,street,city,zip,country,nats,ssn,funding
p-1,individual,,Alex,Morgan,p1@example.com,+14155550110,1990-04-15,1 Market St,San Francisco,94103,US,US,,
p-2,individual,,Alex,Morgan,p2@example.com,+14155550110,1990-04-15,1 Market St,San Francisco,94103,US,US,900700001,
p-3,individual,,Erika,Muster,p3@example.com,+4930901820,1990-04-15,Weg 1,Berlin,10115,DE,DE,,
p-4,business,Muster GmbH,,,p4@example.com,+4930901820,2001-04-15,Weg 1,Berlin,10115,DE,DE,,fees
p-5,business,Muster GmbH,,,p5@example.com,+4930901820,2001-04-15,Weg 1,Berlin,10115,DE,DE,HRB 12345,fees
p-6,business,Example Inc,,,p6@example.com,+14155550110,2001-04-15,1 Market St,San Francisco,94103,US,US,12-3456789,fees
CSV
    my $case = case_new($sandbox, provider => 'payso', csv => $csv);
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/^fields:.*/fields:/ms;
    $job .= "\n" . join '', map { "  $_\n" } 'external_id: customer_id', 'customer_type: kind', 'company_name: company', 'first_name: given_name', 'last_name: family_name',
        'email: email', 'phone: mobile', 'date_of_birth: dob', 'address_line1: street', 'city: city', 'state: {value: CA}', 'postal_code: zip', 'country: country',
        'nationalities: nats', 'national_id: ssn', 'source_of_funds: funding';
    write_file("$case->{folder}/job.yaml", $job);
    my ($status, undef, $err) = case_run($case, 'check', '-q');
    is($status, 1, 'some are rejected') or diag $err;
    is_deeply(case_summary($case)->{rejects_by_rule}, {'national_id/required' => 2}, 'an individual in the US and a business without one are rejected');
    is_deeply(case_summary($case)->{warnings_by_rule}, {'national_id/required' => 1}, 'an individual abroad gets a warning');
    ($status, undef, $err) = case_run($case, 'run', '-q');
    is(case_summary($case)->{created}, 4, 'the others are created') or diag $err;
    my $body = body_of($case, 'p3@example.com');
    ok(exists $body->{ssn} && !defined $body->{ssn}, 'abroad without a number: null');
    is(body_of($case, 'p5@example.com')->{ssn}, 'HRB 12345', 'a registration number as it is');
    is(body_of($case, 'p6@example.com')->{ssn}, '123456789', 'an EIN in digits');

    write_file("$case->{folder}/job.yaml", "$job\nrules:\n  - {field: national_id, required: false}\n");
    ($status) = case_run($case, 'check', '-q');
    is_deeply(found($case), {}, 'a rule of the job relaxes all of it');
    is($status, 0, 'every record is valid');
};

subtest 'one nationality is sent' => sub {
    for my $provider ('kira', 'payso') {
        my $csv = csv_rows(3);
        $csv =~ s/^(cust-000002.*,US),US,/$1,US|DE,/m;
        $csv =~ s/^(cust-000003.*,US),US,/$1,US|RU,/m;
        my $case = case_new($sandbox, provider => $provider, csv => $csv, set => {'fields.nationalities' => "{column: nats, split: '|'}"});
        my ($status, undef, $err) = case_run($case, 'check', '-q');
        is($status, 0, "$provider: warnings alone") or diag $err;
        my $warnings = case_summary($case)->{warnings_by_rule};
        is($warnings->{'nationalities/dropped'}, 2, "$provider: two records have more than one");
        is($warnings->{'nationalities/country_refused'}, 1, "$provider: one of them has a country that the provider may refuse");
    }
    my $case = case_new($sandbox, csv => csv_rows(1) =~ s/,US,US,/,US,US|DE,/r, set => {'fields.nationalities' => "{column: nats, split: '|'}"});
    case_run($case, 'check', '-q');
    is_deeply(found($case), {}, 'payward takes them all');
};

subtest 'the nationality of payso may be the country of birth' => sub {
    my $csv = csv_rows(2) =~ s/cust-/born-/gr;
    $csv =~ s/^(born-000001.*San Francisco),US,(1 Market)/$1,BR,$2/m;
    $csv =~ s/^(born-000002.*San Francisco),US,(1 Market)/$1,KP,$2/m;
    my $case = case_new($sandbox, provider => 'payso', csv => $csv, set => {'provider.nationality' => 'birth_country'});
    my ($status, $out, $err) = case_run($case, 'check');
    is($status, 1, 'a rejected record') or diag $err;
    like($out . $err, qr/nationalities are not read, nor sent/, 'a note says what becomes of the other field');
    is_deeply(found($case), {'birth_country/country_refused' => 1}, 'and the countries that payso refuses are refused');
    case_run($case, 'run', '-q');
    is(body_of($case, 'born-000001@example.com')->{nationality}, 'BR', 'it is sent');
    ($status, undef, $err) = case_run($case, 'check', '--set', 'provider.nationality=city');
    is($status, 2, 'another word is an error');
    like($err, qr/provider\.nationality.*nationalities, birth_country/s, 'which lists the words') or diag $err;
};

subtest 'probe reminds of the agreement' => sub {
    for my $provider (provider_names()) {
        my $case = case_new($sandbox, provider => $provider, rows => 1);
        my ($status, $out, $err) = case_run($case, 'probe', '--json');
        my ($line) = grep { $_->{name} eq 'agreement' } @{JSON::PP->new->utf8->decode($out)->{lines}};
        is($status, 0, "$provider: status 0") or diag $err;
        if ($provider eq 'payso') {
            is($line->{state}, 'skipped', 'payso: nothing was checked');
            like($line->{message}, qr{signed \Q$sandbox->{url}/payso\E/public/agreements\?email=}, 'and where it is');
        } else {
            is($line, undef, "$provider: it has none");
        }
    }
};

subtest 'when an identifier was calculated may be in a column' => sub {
    for my $provider ('payward', 'kraken-embed') {
        my $number = 0;
        my $add = sub { $_[0] =~ s/\n/@{[$number++ ? ",$_[1]" : ',concat_at']}\n/gr };
        my $csv = csv_rows(1) =~ s/cust-/concat-/gr;
        my $case = case_new($sandbox, provider => $provider, csv => $add->($csv, '2022-01-02 04:04:05+01:00'),
            set => {'fields.client_identifier' => 'auto', 'fields.client_identifier_calculated_at' => 'concat_at'});
        my ($status, undef, $err) = case_run($case, '-q');
        is($status, 0, "$provider: created") or diag $err;
        is_deeply(body_of($case, 'concat-000001@example.com')->{client_identifier},
            {type => 'concat', value => '19900415ALEX#MORGA', calculated_at => '2022-01-02T03:04:05Z'}, "$provider: its time is that of the column");

        $number = 0;
        write_file("$case->{folder}/export.csv", $add->($csv, '2023-01-02T03:04:05Z'));
        ($status, undef, $err) = case_run($case, '-q');
        is("$status " . case_summary($case)->{unchanged}, '0 1', "$provider: another time alone is no change") or diag $err;
        $number = 0;
        write_file("$case->{folder}/export.csv", $add->($csv, '2023-01-02T03:04:05'));
        ($status) = case_run($case, 'check', '-q');
        is_deeply(found($case), {'client_identifier_calculated_at/format' => 1}, "$provider: a time without its offset is rejected");
    }
};

sandbox_stop($sandbox);
done_testing;
