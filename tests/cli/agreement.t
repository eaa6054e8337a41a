#!/usr/bin/perl
# The sandbox accepts every row that `check` calls valid: each field of each provider gets many odd values, one a row, and
# some rows several. A valid row that the provider answers with 400 or 422 shows a rule that `check` lacks, or one that the
# sandbox should not have.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use POSIX qw(strftime);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;
use KycRun;

use constant {MIXED_ROWS => 600, ODD_IN_A_MIXED_ROW => 4};

my $seed = $ENV{KYC_SEED} || 20261128;
my $today = strftime('%Y-%m-%d', gmtime);
my $tomorrow = strftime('%Y-%m-%d', gmtime(time + 86_400));
my $year = strftime('%Y', gmtime);

# For every field: a value of another field's type is odd too.
my @odd = (
    # texts
    ' ', 'x', 'X' x 71, 'X' x 300, "O'Brien", 'Zoë', 'Müller-Lüdenscheidt', "a\tb", 'a  b', '<b>x</b>', '"', '\\', "\x{200b}", "\x{200b}x", "x\x{7f}y",
    "\x{1f600}", 'Жанна', "\x{5c71}\x{7530}", "e\x{301}", "\x{fb01}", "\x{1d400}", 'ß', '.', '-', '#', '#####', '&amp;', 'null', 'NULL', 'N/A', "\x{0}",
    # numbers and words
    '0', '-1', '007', '1', '+1', '1.0', '1e5', '2147483647', '2147483648', '4294967296', '999999999999999999', '1000000000000000000',
    'true', 'yes', 'Y', 'maybe', 'individual', 'business', 'male', 'Other', 'salary', 'self employed', 'SELF_EMPLOYED', 'receive_salary',
    'less_than_10000', '1_to_10', 'employed', 'automatic', 'verification_link', 'computers_and_it', 'Computers and IT', 'passport',
    # countries, states, languages
    'US', 'us', 'USA', '840', 'XK', 'Kosovo', '0C', 'AN', 'EU', 'UK', 'KP', 'RU', 'CU', 'AQ', 'BV', 'DE|FR', 'DE|DE', 'US|KP', 'KP|US', '|US', 'Congo', 'CA', 'California', 'ca', 'PR',
    'en', 'EN', 'es', 'de', 'zz', 'jv', 'iw', 'sh', 'nb', 'en-US', 'English',
    # dates
    '1990-04-15', '1899-12-31', '1900-01-01', ($year - 120) . '-01-01', ($year - 120) . '-12-31', $today, $tomorrow, '2035-01-01', '9999-12-31', '0001-01-01',
    '1990-02-30', '19900415', '1990-04-15T00:00:00Z', '1990-04-15T12:00:00Z', '15/04/1990',
    # numbers of phones and people, codes
    '+14155550110', '4155550110', '(415) 555-0110', '+1', '+12', '+123456', '+999999999999999', '+9999999999999999', '+441', '020 7946 0958', '123456789', '123-45-6789', '123 45 6789', '12345678',
    '94103', '94103-1234', 'sw1a 1aa',
    # e-mails
    'a@b.co', 'a@b', 'a@b.c', 'a b@example.com', '"a b"@example.com', 'ü@example.com', 'a@bücher.example', 'A@EXAMPLE.COM', 'a@-x.com', 'a@x-.com', 'a..b@example.com',
    '.a@example.com', 'a@[127.0.0.1]', 'a@xn--mnchen-3ya.example', 'a@a_b.com', ('l' x 64) . '@example.com', ('l' x 65) . '@example.com', 'a@' . ('d' x 63) . '.com', 'a@' . ('d' x 64) . '.com',
    'a@' . join('.', ('d' x 60) x 4) . '.com', 'a@example.com.', "a!#\$%&'*+-/=?^_`{|}~\@example.com", 'a@b@example.com', 'mailto:a@example.com', 'a@1.2', 'a@例え.jp', 'a@faß.de',
    # addresses of the web, documents
    'https://example.com/back', 'HTTPS://EXAMPLE.COM', 'http://localhost:3000/x?y=z#w', 'https:', 'https://', 'https:///x', 'http:/x', 'myapp://callback', 'myapp:', 'com.example.app:/done', 'MyApp+x-1.2://a',
    '1app://x', '://x', '//example.com', 'example.com', '/back', 'javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/plain,x', 'DATA:x', 'file:///etc/passwd', 'file:x', 'urn:x:y', 'https://example.com/a b',
    'https://example.com/ü', 'https://example.com/%zz', 'https://example.com/%C3%BC', 'https://example.com/{id}', 'https://example.com/"x', 'https://[::1]/x', 'https://a@b/x', 'https://example.com/\\x', "https://example.com/<x>",
    'data:image/jpeg;base64,/9j/4A==', 'data:image/png;base64,/9j/4A==', 'data:image/jpeg;base64,%', 'data:image/jpeg,x',
    'https://example.com/id.jpg', 'front.jpg', '../front.jpg', '/etc/passwd', 'none.jpg',
    # CONCAT
    '19800113JOHN#SMITH', 'US19800113JOHN#SMITH', 'XK19800113JOHN#SMITH', 'ZZ19800113JOHN#SMITH', 'us19800113JOHN#SMITH', '19801313JOHN#SMITH', '19800230JOHN#SMITH', '19800113#JOHNSMITH', '19800113JOHN#SMIT1',
    '19800113JOHN#SMI#H', '19800113john#smith', '19800113JOHN##########', '19800113##########', '19800113JOHN#', '1980-01-13JOHN#SMITH', 'JOHNSMITH', 'auto',
);

my %base = (
    customer_type => 'individual', email => undef, phone => '+14155550110', first_name => 'Alex', last_name => 'Morgan', date_of_birth => '1990-04-15',
    birth_city => 'Oakland', birth_country => 'US', address_line1 => '1 Market St', city => 'Oakland', state => 'CA', postal_code => '94103', country => 'US',
    nationalities => 'US', occupation => 'other', tos_version => '1', national_id => '123456789', source_of_funds => 'salary',
);
# The parts of an entry of `documents`.
my %document = map { ("documents.$_" => $_) } qw(type number country expiry front selfie);
$base{'documents.type'} = 'utility_bill';

# Every field of a provider, as its help lists them.
sub fields_of
{
    my ($provider) = @_;
    my ($list) = (run_program(program('kyc-import'), 'help', $provider))[1] =~ /^Fields:.*\n\n((?:  .*\n)+)/m;
    return map { $_ eq 'documents' ? sort keys %document : s/NAME$/plan/r } $list =~ /^  (\S+)/mg;
}
my %fields = map { $_ => [fields_of($_)] } provider_names();
cmp_ok(scalar @{$fields{$_}}, '>', 15, "$_: its fields are found") for sort keys %fields;

# Not in rows with several odd values: payward requires a different e-mail for each customer.
my %own = map { $_ => 1 } qw(external_id email);

my $letter = 'a';
srand $seed;
my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
for my $provider (sort keys %fields) {
    my @columns = @{$fields{$provider}};
    my @mixed = grep { !$own{$_} } @columns;
    my @rows;
    for my $field (@columns) {
        push @rows, {$field => $_} for @odd, '';
    }
    for (1 .. MIXED_ROWS) {
        push @rows, {map { $mixed[rand @mixed] => $odd[rand @odd] } 1 .. ODD_IN_A_MIXED_ROW};
    }
    my $case = new_case($provider, \@columns);
    my ($summary, $status) = agrees($case, "$provider, creates", \@columns, \@rows);
    is($status, 1, "$provider: the run ends, with rejects");
    cmp_ok($summary->{created}, '>', @rows / 10, "$provider: many rows are valid: $summary->{created} of $summary->{read}");
    is($summary->{created} + $summary->{rejected}, $summary->{read}, "$provider: a valid row is a created user");
    next if $provider eq 'payso';    # takes no updates

    # The same values as changes of customers that were created without them.
    @rows = grep { !grep { $own{$_} } keys %$_ } @rows;
    $case = new_case($provider, \@columns);
    ($summary, $status) = agrees($case, "$provider, plain creates", \@columns, [map { {} } @rows]);
    is("$status $summary->{created}", '0 ' . @rows, "$provider: customers as they should be");
    ($summary) = agrees($case, "$provider, updates", \@columns, \@rows);
    cmp_ok($summary->{updated}, '>', @rows / 10, "$provider: many changes are valid: $summary->{updated} of $summary->{read}");
}
# At a new provider: the ledger's nonces are ahead of the clock after the updates.
sandbox_stop($sandbox);
$sandbox = sandbox_start('--nonce-window', 10_000_000_000);
for my $provider ('payward', 'kraken-embed') {
    my @columns = grep { $_ ne 'client_identifier' } @{$fields{$provider}};
    my $case = new_case($provider, \@columns, "  client_identifier: auto\n", "  concat_country: true\n");
    my ($summary) = agrees($case, "$provider, a computed client_identifier", \@columns,
        [map { my $odd = $_; map { {$_ => $odd} } qw(nationalities first_name last_name date_of_birth client_identifier_calculated_at) } @odd]);
    is($summary->{created} + $summary->{rejected}, $summary->{read}, "$provider: a valid row with a computed client_identifier is a created user");
}
sandbox_stop($sandbox);
done_testing;

sub cell
{
    my ($text) = @_;
    $text =~ s/"/""/g;
    return "\"$text\"";
}

sub new_case
{
    my ($provider, $columns, $more, $settings) = @_;
    my $case = case_new($sandbox, provider => $provider, csv => '',
        set => {'delivery.rate' => '20000/s', 'delivery.burst' => 200, 'delivery.in_flight' => 32, 'delivery.stop_after.refused_in_a_row' => 1_000_000,
            'delivery.stop_after.refused_share' => '100%', 'delivery.stop_after.updated_share' => '100%'});
    $case->{letter} = $letter++;    # of its keys and e-mails: the sandbox keeps the users of all
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/^fields:.*//ms;
    $job =~ s/^  name: \S+\n/$&$settings/m if $settings;
    $job .= "fields:\n" . join '', map { /^(?:nationalities|tax_id|tax_country)$/ ? "  $_: {column: $_, split: '|'}\n" : "  $_: $_\n" } grep { !$document{$_} } @$columns;
    $job .= "  documents: [{" . join(', ', map { "$_: documents.$_" } qw(type number country expiry)) . ", files: {front: documents.front, selfie: documents.selfie}}]\n"
        if grep { $document{$_} } @$columns;
    $job .= $more || '';
    if ($provider eq 'kira') {
        mkdir "$case->{folder}/documents";
        write_file("$case->{folder}/documents/front.jpg", "\xff\xd8\xff\xe0" . 'x' x 100);
        $job =~ s/^  name: kira$/  name: kira\n  documents: documents/m;
    }
    write_file("$case->{folder}/job.yaml", $job);
    return $case;
}

# Runs rows; the provider refuses no row that was valid. (summary, exit status)
sub agrees
{
    my ($case, $name, $columns, $rows) = @_;
    my $csv = join(',', @$columns) . "\n";
    for my $number (1 .. @$rows) {
        my %value = (%base, external_id => sprintf('%s-%06d', $case->{letter}, $number), email => "$case->{letter}$number\@example.com", %{$rows->[$number - 1]});
        $csv .= join(',', map { cell(defined $value{$_} ? $value{$_} : '') } @$columns) . "\n";
    }
    write_file("$case->{folder}/export.csv", encode_utf8($csv));
    my ($status, undef, $err) = case_run($case, '-q');
    cmp_ok($status, '<', 2, "$name: the run ends") or diag $err;

    my (undef, $results) = run_program(program('kyc-import'), 'results', "$case->{folder}/job.yaml", '--format', 'csv');
    my @wrong = grep { /,(?:refused|in_doubt|unsent),[^,]*,(?:400|401|422),/ } split /\n/, decode_utf8($results);
    is(scalar @wrong, 0, "$name: no valid row is answered with 400 or 422");
    for my $line (@wrong[0 .. ($#wrong > 19 ? 19 : $#wrong)]) {
        my ($number) = $line =~ /^(\d+),/;
        my $odd = $number ? $rows->[$number - 1] : {};
        diag encode_utf8("$name: " . join(', ', map { "$_: $odd->{$_}" } sort keys %$odd) . " -> $line");
    }
    return (case_summary($case), $status);
}
