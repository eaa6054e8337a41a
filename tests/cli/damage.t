#!/usr/bin/perl
# Values that another program damaged before the export: what is rejected, what is warned of, what a job may loosen, and
# what `guess` says. In CSV and NDJSON.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use JSON::PP qw(decode_json);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
my $folder = scratch_folder();
my @columns = qw(id email given family street town state zip country tax tax_country plan);
my %good = (id => 'c-1', email => 'alex@example.com', given => 'Alex', family => 'Morgan', street => '1 Market St', town => 'Oakland',
    state => 'CA', zip => '94607', country => 'US', tax => '900-00-0000', tax_country => 'US', plan => 'gold');

# Each: the column, its value, and the verdict: a reject, a warning in brackets, or none.
my @cells = (
    ['id', '1042.0', 'external_id/damaged'], ['id', '1.04E+12', 'external_id/damaged'], ['id', '1E5', ''], ['id', '12E34567', ''],
    ['id', 'NULL', 'external_id/damaged'],
    ['tax', '9.00E+08', 'tax_id/damaged'], ['tax', '900000000.0', 'tax_id/damaged'], ['tax', '044.668.18.00', ''], ['tax', 'NaN', 'tax_id/damaged'],
    ['zip', '94607.0', 'postal_code/damaged'], ['zip', '2139', '(postal_code/format)'], ['zip', '02139', ''], ['zip', '946071234', ''],
    ['zip', '#N/A', 'postal_code/damaged'],
    ['state', '#REF!', 'state/damaged'], ['country', '840.0', 'country/damaged'], ['country', 'undefined', 'country/damaged'], ['country', 'NA', '(none)'],
    ['email', '[object Object]', 'email/damaged'],
    ['family', '#NV', 'last_name/damaged'], ['family', '#BEZUG!', 'last_name/damaged'], ['family', '#¡VALOR!', 'last_name/damaged'],
    ['family', '########', 'last_name/damaged'], ['family', '[object Object]', 'last_name/damaged'],
    ['family', 'Null', '(last_name/damaged)'], ['given', 'Nan', '(first_name/damaged)'], ['family', 'Nullmann', ''],
    ['town', '#5', ''], ['street', '1E+10', ''], ['plan', '1.0', ''], ['plan', '#DIV/0!', 'metadata.plan/damaged'],
    ['family', 'MÃ¼ller', '(last_name/mojibake)'], ['family', 'O‚Äôbrien', '(last_name/mojibake)'], ['town', 'MĂĽnchen', '(city/mojibake)'],
    ['family', 'O&#039;Brien', '(last_name/mojibake)'], ['town', 'M&uuml;nchen', '(city/mojibake)'], ['street', '<b>1 Main St</b>', '(address_line1/mojibake)'],
    ['family', 'Gonz?lez', '(last_name/mojibake)'], ['plan', 'a?b&amp;c', ''], ['plan', 'GrÃ¶ÃŸe', '(metadata.plan/mojibake)'],
    ['family', 'CAFÉ’S', ''], ['family', 'Ó’Brien', ''], ['given', 'JOÃO', ''], ['town', 'Ñandú', ''], ['street', 'AT&T; Co', ''],
    ['family', 'Nguyễn', ''], ['family', 'Łukaszewicz', ''], ['family', 'Šťastný', ''], ['family', 'Παπαδόπουλος', ''], ['family', 'Рыжов', ''], ['given', '李', ''],
);
for my $format (qw(csv ndjson)) {
    for my $case (@cells) {
        my ($column, $value, $want) = @$case;
        my ($summary) = checked($format, '', {%good, $column => $value, $value eq 'NA' ? (state => '') : ()});
        my @verdicts = (sort(keys %{$summary->{rejects_by_rule}}), map { "($_)" } sort keys %{$summary->{warnings_by_rule}});
        is("@verdicts", $want eq '(none)' ? '' : $want, "$format, $column: $value");
    }
}

# A number of JSON is no better.
my ($summary) = checked('ndjson', '', {%good, zip => \'94607.0'}, {%good, id => 'c-2', zip => \'94607'});
is_deeply($summary->{rejects_by_rule}, {'postal_code/damaged' => 1}, 'a number of JSON with a decimal');

# After match, before values.
($summary) = checked('csv', q(  postal_code: {column: zip, match: '(\d+)\.0', replace: '$1', unmatched: keep}), {%good, zip => '94607.0'});
is($summary->{valid}, 1, 'match repairs it');
like(explained(1), qr/"address_zip_code": "94607"/, 'and what it makes is sent');
($summary) = checked('csv', q(  postal_code: {column: zip, values: {"94607.0": "94607"}}), {%good, zip => '94607.0'}, {%good, id => 'c-2', zip => '94608.0'});
is_deeply($summary->{rejects_by_rule}, {'postal_code/damaged' => 1}, 'a value that is listed is mapped, another is not');

# The messages.
checked('csv', '', {%good, family => 'MÃ¼ller', zip => '2139'});
like(explained(1), qr/last_name\/mojibake +"MÃ¼ller" is UTF-8 that was read as windows-1252; it was probably "Müller": restore it at the source$/m, 'what it was');
like(explained(1), qr/postal_code\/format +"2139" is too short for a postal code of US: a zero at its beginning is lost, it was probably "02139"; export/, 'a lost zero');
my (undef, $masked) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', 1);
unlike(decode_utf8($masked), qr/ller|2139/, 'masked, neither value is shown');

# A job sets the level.
for my $case (['damaged', 'tax_id', 'warn', {tax => '900000000.0'}, 'warnings_by_rule', 'tax_id/damaged'],
    ['damaged', 'last_name', 'reject', {family => 'Null'}, 'rejects_by_rule', 'last_name/damaged'],
    ['mojibake', 'city', 'reject', {town => 'MÃ¼nchen'}, 'rejects_by_rule', 'city/mojibake'],
    ['guard', 'external_id', 'reject', {id => q('00123)}, 'rejects_by_rule', 'external_id/guard'],
    ['format', 'postal_code', 'reject', {zip => '2139'}, 'rejects_by_rule', 'postal_code/format']) {
    my ($rule, $field, $level, $change, $member, $verdict) = @$case;
    ($summary) = checked('csv', "rules: [{rule: $rule, field: $field, level: $level}]", {%good, %$change});
    is_deeply($summary->{$member}, {$verdict => 1}, "{rule: $rule, field: $field, level: $level}");
}
checked('csv', "rules: [{rule: damaged, field: tax_id, level: warn, when: {country: US}}]", {%good, tax => '900000000.0'});
like(explained(1), qr/900000000\.0"/, 'a loosened value is sent as it is');
for my $case (['{rule: damaged, field: phone, level: warn}', 'phone has no value that could be sent if it is damaged', "  phone: zip\n"],
    ['{rule: mojibake, field: email, level: warn}', 'email is not a name or a text'],
    ['{rule: format, field: city, level: warn}', 'city has no form whose level can be set'],
    ['{rule: damaged, field: tax_id}', '`rule: damaged` needs `level`']) {
    my ($rule, $message, $field) = @$case;
    my (undef, $status, $err) = checked('csv', ($field // '') . "rules: [$rule]", {%good});
    is($status, 2, "$rule is an error");
    like($err, qr/job\.yaml:\d+:\d+: .*\Q$message\E/, '  with its place and the reason');
}

# guess counts them, and shows none.
export('csv', {%good, id => '1042.0', family => 'MÃ¼ller', tax => '#REF!'}, {%good, id => 'c-2', town => 'M&uuml;nchen', zip => '2139', given => 'Gonz?lez'}, {%good, id => 'c-3'});
my (undef, $guessed) = run_program(program('kyc-import'), 'guess', "$folder/export.csv", '--provider', 'payward');
$guessed = decode_utf8($guessed);
for my $case (['external_id', 'rewritten or lost'], ['last_name', 'decoded wrongly'], ['city', 'decoded wrongly'], ['first_name', 'decoded wrongly'],
    ['postal_code', 'fewer digits']) {
    my ($field, $words) = @$case;
    like($guessed, qr/^  $field: .*\n(?:  #.*\n)*?  #   CHECK: 1 \w+ .*\Q$words\E/m, "guess asks about $field");
}
unlike($guessed, qr/1042|nchen|2139/, 'without a value');
unlike($guessed, qr/^  address_line1: .*\n  #   CHECK: \d+ values/m, 'and of good values nothing');
done_testing;

sub export
{
    my ($format, @rows) = @_;
    my $text = $format eq 'csv' ? join(',', @columns) . "\n" : '';
    for my $row (@rows) {
        my %values = map { my $value = $row->{$_}; ($_ => ref $value ? $$value : qq("$value")) } @columns;
        $text .= $format eq 'csv' ? join(',', map { $values{$_} } @columns) . "\n" : '{' . join(',', map { qq("$_":$values{$_}) } @columns) . "}\n";
    }
    write_file("$folder/export.$format", encode_utf8($text));
}

# The summary, status and standard error of a check of such rows. $more: lines of `fields`, which replace others, or `rules`.
sub checked
{
    my ($format, $more, @rows) = @_;
    export($format, @rows);
    my %fields = (external_id => 'id', email => 'email', first_name => 'given', last_name => 'family', address_line1 => 'street', city => 'town',
        state => 'state', postal_code => 'zip', country => 'country', tax_id => 'tax', tax_country => 'tax_country', 'metadata.plan' => 'plan');
    delete $fields{$1} if $more =~ /^  (\w+):/;
    my ($lines, $rules) = $more =~ /^(  .*?\n?)?(rules:.*)?\z/s;
    my $taxed = grep { $_->{tax} ne $good{tax} } @rows;
    delete @fields{$taxed ? 'metadata.plan' : ('tax_id', 'tax_country')};
    write_file("$folder/job.yaml", encode_utf8("job: damage\ninput: {path: export.$format}\n"
        . ($taxed ? "provider: {name: payward, credentials: {api_key: env:NO_KEY, api_secret: env:NO_WORD}}\n"
            : "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\n")
        . "fields:\n" . join('', map { "  $_: $fields{$_}\n" } sort keys %fields)
        . ($taxed ? join('', map { my ($field, $value) = split; "  $field: {value: '$value'}\n" } 'phone +14155550110', 'date_of_birth 1980-02-13',
            'birth_city Rome', 'birth_country IT', 'nationalities IT', 'occupation other')
            : "  verification_mode: {value: verification_link}\n") . ($lines // '') . "\n" . ($rules // '') . "\n"));
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
