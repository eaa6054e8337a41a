#!/usr/bin/perl
# Phone numbers as exports write them: what is sent, and what is rejected rather than sent with a wrong digit.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use JSON::PP qw(decode_json);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

my $folder = scratch_folder();

# Each: what it is, the cell, the record's country, and the number that is sent, or the rule that rejects the record.
my @numbers = (
    ['E.164', '+14155550110', 'US', '+14155550110'],
    ['with blanks', '+1 415 555 0110', 'DE', '+14155550110'],
    ['with dots', '+1.415.555.0110', 'DE', '+14155550110'],
    ['a national number', '(415) 555-0110', 'US', '+14155550110'],
    ['two zeros for the plus', '0044 20 7946 0958', 'DE', '+442079460958'],

    ['a trunk zero glued to the calling code', '+4402079460958', 'GB', '+442079460958'],
    ['a trunk zero behind a blank', '+49 0151 12345678', 'DE', '+4915112345678'],
    ['a trunk zero in brackets', '+44 (0)20 7946 0958', 'GB', '+442079460958'],
    ['a trunk zero of France', '+33 06 12 34 56 78', 'FR', '+33612345678'],
    ['a zero that belongs to an Italian number', '+39 06 6982 1234', 'IT', '+390669821234'],
    ['a Mexican mobile as it was written before 2019', '+52 1 55 1234 5678', 'MX', '+525512345678'],
    ['a digit too few', '+1415555011', 'US', 'phone/format'],
    ['a digit too many', '+141555501101', 'US', 'phone/format'],
    ['a calling code that does not exist', '+999 123 4567', 'US', 'phone/format'],
    ['a plus before the two zeros', '+0044 20 7946 0958', 'GB', 'phone/format'],

    ['a float', '4155550110.0', 'US', 'phone/damaged'],
    ['a float with a plus', '+14155550110.0', 'US', 'phone/damaged'],
    ['a float of a country whose numbers have many lengths', '15112345678.0', 'DE', 'phone/damaged'],
    ['a decimal comma', '4155550110,0', 'US', 'phone/damaged'],
    ['an exponent', '4.15555E+09', 'US', 'phone/damaged'],
    ['an exponent with a comma', '4,15555E+09', 'US', 'phone/damaged'],
    ['dots between the groups of Switzerland', '044.668.18.00', 'CH', '+41446681800'],

    ['the calling code without its plus', '4915112345678', 'DE', 'phone/ambiguous'],
    ['the same where it reads the same', '14155550110', 'US', '+14155550110'],
    ['an Indian mobile that begins as its calling code', '9123456789', 'IN', '+919123456789'],
    ['a German mobile without its zero', '15123456789', 'DE', '+4915123456789'],
    ['a number of Los Angeles', '(323) 555-0143', 'US', '+13235550143'],

    ['a link', 'tel:+44-20-7946-0958', 'DE', '+442079460958'],
    ['a link with an extension', 'tel:+44-20-7946-0958;ext=12', 'DE', 'phone/format'],
    ['a spreadsheet\'s apostrophe', "'+442079460958", 'DE', '+442079460958'],
    ['full-width digits and plus', '＋４４２０７９４６０９５８', 'DE', '+442079460958'],
    ['Arabic-Indic digits', '٠١٠٠١٢٣٤٥٦٧', 'EG', '+201001234567'],
);

for my $format (qw(csv ndjson)) {
    my %rejects;
    $_->[3] =~ /^phone/ and $rejects{$_->[3]}++ for @numbers;
    my ($summary) = checked($format, 'mobile', map { [@$_[1, 2]] } @numbers);
    is_deeply($summary->{rejects_by_rule}, \%rejects, "$format: exactly what is damaged, ambiguous or no number is rejected");
    is($summary->{valid}, grep({ $_->[3] =~ /^\+/ } @numbers), "$format: the others are valid");
    for my $row (1 .. @numbers) {
        my ($sentence, $written, $country, $want) = @{$numbers[$row - 1]};
        my $shown = explained($row);
        my $sent  = $want =~ /^\+/ ? qr/^  phone +\Q$want\E +← mobile$/m : qr/^  reject  \Q$want\E  /m;
        like($shown, $sent, "$format, $sentence: $want");
    }
}

# A number of JSON that a program wrote as a float.
checked('ndjson', 'mobile', ['4155550110.0', 'US', 'bare'], ['4.15555E+09', 'US', 'bare'], ['14155550110', 'US', 'bare']);
like(explained($_), qr/^  reject  phone\/(?:damaged|type)  /m, "JSON's number in row $_ is not sent") for 1, 2;
like(explained(3), qr/^  phone +\+14155550110 /m, 'a whole number of JSON is');

# What the job says of a column: its country, and that it lacks the plus.
my ($summary) = checked('csv', '{column: mobile, country: DE}', ['0151 12345678', ''], ['030 123456', 'US'], ['+1 415 555 0110', 'US']);
is($summary->{valid}, 3, 'a column of German numbers');
like(explained($_->[0]), qr/^  phone +\Q$_->[1]\E +← mobile$/m, "its row $_->[0]") for [1, '+4915112345678'], [2, '+4930123456'], [3, '+14155550110'];
($summary) = checked('csv', q({column: mobile, match: '[1-9]\d+', replace: '+$0'}), ['4915112345678', 'DE'], ['447400123456', 'DE'], ['1415555011', 'US']);
is_deeply([$summary->{valid}, $summary->{rejects_by_rule}], [2, {'phone/format' => 1}], 'a column that lacks the plus');
like(explained(1), qr/^  phone +\+4915112345678 /m, 'it is added');

# What the messages say; masked, no number is shown.
checked('csv', 'mobile', ['4915112345678', 'DE'], ['0151 12345678', '']);
like(explained(1), qr/"4915112345678" is a national number of DE, and a valid international one if only its \+ is missing; write it with \+/,
    'an ambiguous number: what the readings are');
like(explained(2), qr/is a national number, and the record has no country/, 'a national number without a country');
my (undef, $masked) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', 1);
unlike($masked, qr/15112345678/, 'masked, no reading is shown');
done_testing;

# An export of [phone, country] in the columns of kira's fields; `bare`: the phone is a number of JSON.
sub export
{
    my ($format, @rows) = @_;
    my $text = $format eq 'csv' ? "id,email,given,family,country,mobile\n" : '';
    my $number;
    for my $row (@rows) {
        my ($phone, $country, $is_bare) = @$row;
        my $id = 'c-' . ++$number;
        $text .= $format eq 'csv' ? qq($id,c$number\@example.com,Alex,Morgan,$country,"$phone"\n)
            : qq({"id":"$id","email":"c$number\@example.com","given":"Alex","family":"Morgan","country":"$country","mobile":)
            . ($is_bare ? $phone : qq("$phone")) . "}\n";
    }
    write_file("$folder/export.$format", encode_utf8($text));
}

# The summary, status and standard error of a check of such rows.
sub checked
{
    my ($format, $mapping, @rows) = @_;
    export($format, @rows);
    write_file("$folder/job.yaml", "job: phones\ninput: {path: export.$format}\n"
        . "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\n"
        . "fields:\n  external_id: id\n  email: email\n  first_name: given\n  last_name: family\n  country: country\n"
        . "  verification_mode: {value: verification_link}\n  phone: $mapping\n");
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report", '--json', '-q');
    return ($out ? decode_json($out) : undef, $status, decode_utf8($err));
}

sub explained
{
    my ($row) = @_;
    my ($status, $out, $err) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', $row, '--unmask');
    is($status, 0, "explain --row $row") or diag $err;
    return decode_utf8($out);
}
