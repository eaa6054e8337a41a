#!/usr/bin/perl
# help providers, help PROVIDER and help fields: what the providers' pages say (src/provider/README.md, "Sources").
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;

my $import = program('kyc-import');
my @providers = qw(payward kraken-embed kira payso);

sub help
{
    my ($topic) = @_;
    my ($status, $out, $err) = run_program($import, 'help', $topic);
    is("$status$err", '0', "help $topic is status 0 and silent on standard error");
    is((grep { length > 100 || /\s$/ } split /\n/, $out), 0, "help $topic fits 100 columns, without blanks at the end");
    return $out;
}

# The one line of a name, with what was broken off it.
sub line_of
{
    my ($text, $name) = @_;
    my ($line) = $text =~ /^ +\Q$name\E {2,}(\S.*\n(?: {10,}\S.*\n)*)/m or return '';
    return $line =~ s/\s+/ /gr =~ s/ $//r;
}

# Text that is in the line of a field or word, and text that is not.
my %facts = (
    payward => [
        ['external_id', 'external_reference; required; never updated'],
        ['email', 'email; required; never updated'],
        ['first_name', 'full_name.first_name; required'],
        ['middle_name', 'full_name.middle_name'],
        ['date_of_birth', 'birth.date; required'],
        ['birth_city', 'birth.city; required (?)'],
        ['address_line1', 'residence.line1; required'],
        ['state', 'residence.province'],
        ['phone', 'phone; required; can be cleared'],
        ['employer_name', 'employer_name; can be cleared'],
        ['nationalities', 'besides ISO 3166-1: AC, AN, AP, CP, DG, EA, EU, IC, JX, TA, QO, XK, 0C'],
        ['occupation', 'one of agriculture, business_management, computers_and_it, construction, education, finance, government, healthcare, hospitality, manufacturing, marketing, media, other, science, self_employed, student, transportation, unemployed, employed'],
        ['customer_type', 'only individual'],
    ],
    'kraken-embed' => [
        ['external_id', 'external_id; required; never updated'],
        ['tos_version', 'tos_version_accepted; required'],
        ['birth_city', 'city_of_birth'],
        ['birth_country', 'country_of_birth'],
        ['date_of_birth', 'date_of_birth; required'],
        ['ok', 'verified'],
        ['verification', 'action_needed'],
        ['wait', 'pending (?)'],
    ],
    kira => [
        ['nationalities', 'nationality; only the first is used'],
        ['address_line1', 'address_street; at most 70 characters'],
        ['address_line2', 'address_street_2; at most 70 characters'],
        ['employer_name', 'current_employer'],
        ['language', 'one of en, es'],
        ['gender', 'one of male, female, other'],
        ['source_of_funds', 'source_of_funds; recommended; one of salary, self_employment_income, investment_proceeds'],
        ['phone', 'phone; automatic verification needs it'],
        ['expected_monthly_payments', 'expected_monthly_payments; automatic verification needs it outside the US'],
        ['immigration_status', 'such as Permanent U.S. Resident, Non-Permanent U.S. Resident, Non-Resident of U.S.'],
        ['kyc_id', 'kyc_id'],
        ['government_document_type', 'government_document_type'],
        ['residential_address', 'it says the same as the members address_*'],
        ['verification_mode', 'one of automatic, verification_link'],
        ['expected_transaction_count', 'one of 1_to_10, 11_to_50, 51_to_200, more_than_200'],
        ['document_expiry', 'identifying_information.expiration'],
        ['metadata.NAME', 'metadata'],
        ['national_id', 'identifying_information; the document `ssn` of an individual in the US'],
        ['tax_country', 'identifying_information; the document `tax_id` of an individual outside the US'],
        ['unverified', 'pending'],
        ['needs_action', 'action_needed'],
        ['rejected', 'rejected'],
        ['REJECTED', 'rejected (?)'],
    ],
    payso => [
        ['external_id', 'not sent; required'],
        ['customer_type', 'beneficiary_type'],
        ['postal_code', 'postcode; required'],
        ['company_name', 'company_name; required of businesses'],
        ['first_name', 'first_name; required of individuals'],
        ['national_id', 'ssn; required of businesses and of individuals in the US (?); recommended for others'],
        ['nationalities', 'nationality; required; only the first is used; refused: AF, BY, BA, BI, CF, CU, KP, CD, ET, GT, GN, GW, HT, IR, IQ, LB, LY, ML, MM, NI, NE, RU, SO, SS, SD, SY, TN, VE, YE, ZW'],
        ['not_started', 'pending (?)'],
    ],
);
# Fields that a provider's page does not have.
my %lacks = (
    payward => [qw(tos_version gender company_name metadata.NAME)],
    'kraken-embed' => [qw(gender national_id company_name token)],
    kira => [qw(company_name birth_city client_identifier)],
    payso => [qw(nonce_window version api_key middle_name occupation language birth_city tax_id metadata.NAME)],
);

# Credentials, settings of all providers and of one.
my %settings = (
    payward => [
        ['api_key', 'env:PWS_API_KEY'], ['api_key', 'header API-Key'], ['api_secret', 'header API-Sign'], ['nonce_window', 'whole number, from 0; default 0'],
        ['nonce_floor', 'default 0'], ['concat_country', 'true or false; default false'], ['base_url', 'https:// URL'], ['keep', 'list'],
    ],
    'kraken-embed' => [['api_key', 'env:KRAKEN_API_KEY'], ['version_header', 'text; default Payward-Version'], ['version', 'default 2025-04-15'], ['documents', 'path; default none'], ['verifier', 'text; default none']],
    kira => [
        ['api_key', 'header x-api-key'], ['client_id', 'body of POST /auth'], ['password', 'env:KIRA_PASSWORD'], ['version', 'default 2026-04-14'],
        ['idempotency_window', 'time, 1h to 24h; default 24h'], ['documents', 'path; default none'],
        ['link_valid', 'time, 1s to 8784h; default none'],
    ],
    payso => [
        ['token', 'env:PAYSO_TOKEN'], ['token', 'header Authorization: Bearer'], ['settle_after', 'time, 1ms to 24h; default 60s'],
        ['list_max', 'size, from 1; default 1GiB'], ['date_format', 'DD/MM/YYYY or YYYY-MM-DD; default DD/MM/YYYY'],
        ['nationality', 'nationalities or birth_country; default nationalities'],
    ],
);

my %summary = (
    payward => [qr{https://api\.services\.payward\.com\n}, qr/creates users and updates them \(customers: individual\)/, qr/external_reference gives the same user/],
    'kraken-embed' => [qr{https://nexus\.kraken\.com\n}, qr/updates them \(customers: individual\)/, qr/a person\s+resolves it/],
    kira => [qr{https://api\.balampay\.com\n}, qr/updates them \(customers: individual\)/, qr/same idempotency key/],
    payso => [qr{https://core-api\.pay\.so/v1\n}, qr/cannot update them \(customers: individual, business\)/, qr/one listing of all users/, qr{signed\s+BASE_URL/public/agreements\?email=\S+\s+before\s+the\s+create}],
);
subtest 'help COMMAND' => sub {
    help($_) for qw(status results resolve probe explain guess version);
    for my $command (qw(check run rejects words links documents adopt refresh)) {
        my $text = help($command);
        like($text, qr/^  --limit N +\S/m, "$command has a limit");
        unlike($text, qr/^  --.*\bof (?:check|run|rejects|words|links|documents|adopt|refresh):/m, "$command: no option tells of another command");
    }
};

subtest 'help providers' => sub {
    my $text = help('providers');
    my @blocks = split /\n\n/, $text;
    for my $provider (@providers) {
        my ($block) = grep { /^  \Q$provider\E / } @blocks;
        like($block, $_, "$provider: $_") for @{$summary{$provider}};
    }
};

for my $provider (@providers) {
    subtest "help $provider" => sub {
        my $text = help($provider);
        like($text, qr/^\Q$provider\E /, 'it is about the provider');
        like($text, $_, "$_") for @{$summary{$provider}};
        like($text, qr/^Members of the provider's page that are never sent\n\n  residential_address +it says.*\n  documents +the provider's page does not say/m,
            'what is never sent is named') if $provider eq 'kira';
        like($text, qr/^  documents +identifying_information; automatic verification needs it$/m, 'the list of documents has a member') if $provider eq 'kira';
        like($text, qr/^  documents +sent by `kyc-import documents`, once the user exists$/m, 'documents have a command of their own') if $provider =~ /^(?:payward|kraken-embed)$/;
        for my $fact (@{$settings{$provider}}) {
            my ($name, $want) = @$fact;
            like(line_of($text, $name), qr/(?:^|[ (])\Q$want\E(?:[,;: )]|$)/, "$name: $want");
        }
        for my $fact (@{$facts{$provider}}) {
            my ($name, $want) = @$fact;
            like(line_of($text, $name), qr/(?:^|; )\Q$want\E(?:;|,|$)/, "$name: $want");
        }
        is(line_of($text, $_), '', "$_ is not a field of it") for @{$lacks{$provider}};
        unlike(line_of($text, 'middle_name'), qr/required|cleared/, 'middle_name is neither required nor cleared');
        unlike($text, qr/never updated|cleared/, 'what cannot be updated has no remark about it') if $provider eq 'payso';
        like($text, qr/users\s+are\s+listed,\s+at\s+least\s+twice\s+delivery\.timeout/, 'settle_after has its second bound') if $provider eq 'payso';
    };
}

subtest 'help about one verdict' => sub {
    like(help('email/format'), qr/\A  email\/format\n      The value is not an e-mail address\.\n      Correct it in the reject file: /, 'of a field');
    like(help('record/cut'), qr/\A  record\/cut\n      The input ended within this record\.\n/, 'of the record');
    like(help('language/enum'), qr/kyc-import words/, 'of any field');
};

subtest 'help fields' => sub {
    my $text = help('fields');
    my %block = map { /^  (\S+)/ ? ($1 => $_) : () } split /\n\n/, $text;
    for my $fact (
        ['email', qr/e-mail address\n.*\n      payward\*, kraken-embed\*, kira\*, payso\*$/],
        ['date_of_birth', qr/YYYY-MM-DD\n.*incorporation\.\n      payward\*, kraken-embed\*, kira, payso\*$/],
        ['phone', qr/E\.164/],
        ['country', qr/ISO 3166-1 alpha-2\n/],
        ['tos_version', qr/whole number.*\n.*\n      kraken-embed\*$/],
        ['company_name', qr/legal name of a business\.\n      payso\*$/],
        ['client_identifier', qr/2017\/590.*\n      payward, kraken-embed$/],
        ['document_front', qr/\n      kira$/],
        ['metadata.NAME', qr/\n      kira$/],
        ['documents', qr/list of \{type, number, country, expiry, files\}\n.*\n.*\n      payward, kraken-embed, kira/],
    ) {
        my ($name, $want) = @$fact;
        like($block{$name} // '', $want, "$name: $want");
    }
    my @names = read_file("$FindBin::Bin/../../src/model/field_rows.h") =~ /ROW\(\w+,\s*"(\w+)"/g;
    cmp_ok(scalar @names, '>=', 45, 'the rows are found');
    is(join(' ', grep { !$block{$_} } @names), '', 'every field is there');
};

# A word that is a command and in a job file.
like(help('ledger'), qr/^kyc-import ledger copy JOB.*\n\nIn a job file:\n\n  ledger\n      \S.*\n(?:      .*\n)+\z/s, 'help ledger has the command, and then the setting');
like(help('documents'), qr/^kyc-import documents JOB.*\n\nIn a job file:\n\n.*\n  fields\.documents\[\]\.files\n/s, 'help documents has the settings of the field');
unlike(help('run'), qr/In a job file/, 'help run has the command alone');

done_testing;
