#!/usr/bin/perl
# Dates with a time of day: either the intended day is sent, or the record is rejected. In CSV and NDJSON, in `check`,
# `explain` and `guess`.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8);
use FindBin;
use JSON::PP qw(decode_json encode_json);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

my $folder = scratch_folder();

# JavaScript's toISOString() of a local midnight in Berlin (winter, summer) and New York, and midnights.
my @stamps = (
    ['Berlin in winter', '1980-02-12T23:00:00.000Z', '1980-02-13'],
    ['Berlin in summer', '1981-06-30T22:00:00.000Z', '1981-07-01'],
    ['with an offset', '1981-07-01T00:00:00+02:00', '1981-07-01'],
    ['a date alone', '1990-04-15', '1990-04-15'],
);
for my $format (qw(csv ndjson)) {
    my ($summary) = checked($format, 'dob', map { $_->[1] } @stamps);
    is_deeply($summary->{rejects_by_rule}, {'date_of_birth/time' => 2}, "$format: without a zone an instant is rejected");
    ($summary) = checked($format, '{column: dob, zone: Europe/Berlin}', map { $_->[1] } @stamps);
    is("$summary->{valid} of $summary->{read}", '4 of 4', "$format: with its zone all are read");
    for my $row (1 .. @stamps) {
        my ($sentence, $written, $day) = @{$stamps[$row - 1]};
        like(explained($format, $row), qr/"(?:date|birth_date)": "$day"/, "$format, $sentence: $written is sent as $day");
    }
    ($summary) = checked($format, '{column: dob, zone: America/New_York}', map { $_->[1] } @stamps);
    is_deeply($summary->{rejects_by_rule}, {'date_of_birth/time' => 3}, "$format: a wrong zone shows");
    ($summary) = checked($format, '{column: dob, time: drop}', map { $_->[1] } @stamps);
    is($summary->{valid}, 4, "$format: time: drop rejects nothing");
    like(explained($format, 1), qr/"(?:date|birth_date)": "1980-02-12"/, "$format: and takes the date as it is written");
    ($summary) = checked($format, "dob\nrules: [{rule: time, field: date_of_birth, level: warn}]", map { $_->[1] } @stamps);
    is($summary->{valid}, 4, "$format: a job can make a warning of it");
    is_deeply($summary->{warnings_by_rule}, {'date_of_birth/time' => 2}, "$format: which is counted");
}

# The reasons, masked or not.
checked('csv', '{column: dob, zone: America/New_York}', '1980-02-12T23:00:00.000Z');
like(explained('csv', 1), qr/^  date_of_birth +no value: see the verdicts +← dob +\(as a day in America\/New_York\)$/m, 'explain shows the zone');
like(explained('csv', 1), qr/date_of_birth\/time +"1980-02-12T23:00:00.000Z" is 18:00:00 in America\/New_York/, 'explain shows the effect of the zone');
my (undef, $out) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', 1);
unlike($out, qr/1980|02-12/, 'masked, the date is nowhere');
like($out, qr/18:00:00 in America\/New_York/, 'but the time of day is');

# Every other date field too.
my ($summary) = checked('csv', "dob\n  document_expiry: {column: expiry, zone: Europe/Berlin}\n  document_type: {value: passport}"
    . "\n  document_number: {value: X1}\n  document_country: {value: US}", '1980-02-13|2031-06-30T22:00:00Z', '1980-02-13|2031-06-30T21:00:00Z');
is_deeply($summary->{rejects_by_rule}, {'document_expiry/time' => 1}, 'document_expiry by the same rule');
like(explained('csv', 1), qr/"expiration": "2031-07-01"/, 'and its day is the zone\'s');

# By the job's format.
($summary) = checked('csv', "{column: dob, format: 'M/D/YYYY h:mm:ss A'}", '2/13/1980 12:00:00 AM', '12/31/1981 12:00:00 PM', '1990-01-01');
is_deeply([$summary->{valid}, $summary->{rejects_by_rule}], [2, {'date_of_birth/time' => 1}], 'a format with a time: midnight is dropped, noon is not');
($summary) = checked('csv', "{column: dob, format: 'DD.MM.YYYY HH:mm Z', zone: Europe/Berlin}", '12.02.1980 23:00 Z', '12.02.1980 22:00 Z');
is_deeply([$summary->{valid}, $summary->{rejects_by_rule}], [1, {'date_of_birth/time' => 1}], 'a format with an offset: an instant of the zone');

# The job file's settings.
for my $case (
    ['a misspelt zone', '{column: dob, zone: Europe/Berlni}', qr/:\d+:\d+: `Europe\/Berlni` is not a time zone\n.*\nhint: did you mean `Europe\/Berlin`/s],
    ['an abbreviation, which ICU reads as Dhaka', '{column: dob, zone: BST}', qr/`BST` is not a time zone\n.*\nhint: write AREA\/CITY/s],
    ['a time that is neither', '{column: dob, time: keep}', qr/`time` is `drop`/],
    ['half an hour of the day', "{column: dob, format: 'DD.MM.YYYY h:mm'}", qr/needs `A` beside it/],
) {
    my ($sentence, $mapping, $want) = @$case;
    my (undef, $status, $err) = checked('csv', $mapping, '1980-02-13');
    is($status, 2, "$sentence: status 2");
    like($err, $want, "$sentence: the message says so");
}
checked('csv', '{column: dob, zone: Europe/Berlin, time: drop}', '1980-02-12T23:00:00Z');
my (undef, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report");
like($err, qr/`zone` of `date_of_birth` has no effect beside `time: drop`/, 'a zone without an effect is reported');

# guess: a zone where exactly one explains the values, else the alternatives.
for my $case (
    ['instants', ['1980-02-12T23:00:00.000Z', '1981-06-30T22:00:00.000Z'],
        qr/^  date_of_birth: \{column: dob, zone: Europe\/Berlin\} +# CHECK the zone: 2 of 2 instants begin a day there, and in Europe\/Paris/m],
    ['instants of another continent', ['1980-02-13T05:00:00Z', '1981-07-01T04:00:00Z'],
        qr/^  date_of_birth: \{column: dob, zone: America\/New_York\} +# CHECK the zone: 2 of 2/m],
    ['instants of no zone', ['1980-02-13T12:34:56Z', '1981-07-01T04:32:10Z'],
        qr/# CHECK: 2 of these values have a time of day.*\n.*`time: drop`.*\n  date_of_birth: dob +# a usual name for it$/m],
    ['times of birth', ['1980-02-13 12:34:56', '1981-07-01 04:32:10'], qr/# CHECK: 2 of these values.*\n.*\n  date_of_birth: dob +# a usual name for it$/m],
    ['midnights', ['1980-02-13 00:00:00', '1981-07-01T00:00:00Z'], qr/^  date_of_birth: dob +# a usual name for it$/m],
    ['a form with a time', ['2/13/1980 12:00:00 AM', '12/3/1981 12:00:00 AM', '1/1/1980 12:00:00 AM'],
        qr/^  date_of_birth: \{column: dob, format: 'M\/D\/YYYY h:mm:ss A'\} +# proven by 1 values$/m],
    ['a form with an offset', ['13.02.1980 00:00:00 +01:00', '31.12.1981 23:00:00 Z'],
        qr/^  date_of_birth: \{column: dob, format: 'DD.MM.YYYY H:mm:ss Z', zone: Europe\/Berlin\} +# proven by 2 values +# CHECK the zone/m],
) {
    my ($sentence, $values, $want) = @$case;
    export('csv', @$values);
    my ($status, $guessed) = run_program(program('kyc-import'), 'guess', "$folder/export.csv", '--provider', 'kira');
    like(decode_utf8($guessed), $want, "guess, $sentence");
    unlike($guessed, qr/\Q$values->[0]\E/, "guess, $sentence: no value is shown");
    write_file("$folder/guessed.yaml", $guessed);
    ($status, undef, my $said) = run_program(program('kyc-import'), 'check', "$folder/guessed.yaml", '--report', "$folder/report", '-q');
    cmp_ok($status, '<', 2, "guess, $sentence: the job loads") or diag $said;
}
done_testing;

# An export of kira's fields; a second value after `|` is the document's expiry.
sub export
{
    my ($format, @dates) = @_;
    my ($number, $text) = (0, $format eq 'csv' ? "id,email,given,family,country,dob,expiry\n" : '');
    for my $date (@dates) {
        my ($dob, $expiry) = (split(/\|/, $date), '');
        my @row = ('c-' . ++$number, "c$number\@example.com", 'Alex', 'Morgan', 'US', $dob, $expiry);
        my %row;
        @row{qw(id email given family country dob expiry)} = @row;
        $text .= ($format eq 'csv' ? join(',', @row) : encode_json(\%row)) . "\n";
    }
    write_file("$folder/export.$format", $text);
}

# The summary, status and standard error of a check of such rows.
sub checked
{
    my ($format, $mapping, @dates) = @_;
    export($format, @dates);
    write_file("$folder/job.yaml", "job: dates\ninput: {path: export.$format}\n"
        . "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\n"
        . "fields:\n  external_id: id\n  email: email\n  first_name: given\n  last_name: family\n  country: country\n"
        . "  source_of_funds: {value: salary}\n  account_purpose: {value: receive_salary}\n  date_of_birth: $mapping\n");
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report", '--json', '-q');
    return ($out ? decode_json($out) : undef, $status, decode_utf8($err));
}

sub explained
{
    my ($format, $row) = @_;
    my ($status, $out, $err) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', $row, '--unmask');
    is($status, 0, "explain --row $row") or diag $err;
    return decode_utf8($out);
}
