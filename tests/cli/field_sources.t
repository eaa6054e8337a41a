#!/usr/bin/perl
# Fields that are made from several columns, by match and replace, and with a value for records without one; what is wrong
# with such settings, and what is odd about them.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode);
use FindBin;
use JSON::PP qw(decode_json encode_json);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

my $folder = scratch_folder();
my @names = qw(id given family mail born country_of_birth birth_place town zip nation nationality work extra1 extra2 extra3);

# A row of a good customer, with its last three columns.
sub row
{
    my ($key, @extra) = @_;
    return [$key, 'Ada', 'Example', "$key\@example.com", '1980-02-13', 'US', 'Boise', 'Boise', '83702', 'US', 'US', 'other', @extra];
}

# Writes input and job. $fields: lines beside those of the columns above, or in place of them.
sub prepare
{
    my ($format, $fields, $more, @rows) = @_;
    my %field = (
        external_id => 'id', first_name => 'given', last_name => 'family', email => 'mail', date_of_birth => 'born', birth_country => 'country_of_birth',
        birth_city => 'birth_place', city => 'town', postal_code => 'zip', country => 'nation', nationalities => 'nationality', occupation => 'work',
        address_line1 => '{value: 1 Main St}', phone => '{value: "+14155550110"}', %$fields,
    );
    my $text = join '', map { "  $_: $field{$_}\n" } grep { defined $field{$_} } sort keys %field;
    write_file("$folder/job.yaml", encode('UTF-8', "job: test\ninput: {path: input.$format}\n"
        . "provider: {name: payward, credentials: {api_key: env:A, api_secret: env:B}}\nfields:\n$text$more"));
    my $input = $format eq 'csv'
        ? join '', map { join(',', map { /[,"]/ ? '"' . s/"/""/gr . '"' : $_ } @$_) . "\n" } \@names, @rows
        : join '', map { my %record; @record{@names} = @$_; JSON::PP->new->canonical->encode(\%record) . "\n" } @rows;
    write_file("$folder/input.$format", encode('UTF-8', $input));
    return;
}

# (summary, status, standard error) of a check.
sub checked
{
    prepare(@_);
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--json', '--report', "$folder/report");
    return ($out =~ /^\{/ ? decode_json($out) : undef, $status, decode_utf8($err));
}

sub explained
{
    my ($row, @options) = @_;
    @options = ('--unmask') if !@options;
    return decode_utf8((run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', $row, @options))[1]);
}

# {sentence, fields, the extra columns, the members of the payload or the verdict}
my @cases = (
    ['calling code and number in columns of their own', {phone => '{columns: [extra1, extra2], join: ""}'}, ['+44', '20 7946 0958', ''], qr/"phone": "\+442079460958"/],
    ['a date in three columns', {date_of_birth => '{columns: [extra3, extra2, extra1], join: "-", format: YYYY-M-D}'}, ['7', '4', '1981'], qr/"date": "1981-04-07"/],
    ['street and house number', {address_line1 => '{columns: [extra1, extra2, extra3], join: " "}'}, ['Elm St', '', '12'], qr/"line1": "Elm St 12"/],
    ['the first of two numbers', {phone => '{columns: [extra1, extra2]}'}, ['', '+1 415 555 0123', ''], qr/"phone": "\+14155550123"/],
    ['a mobile before a landline', {phone => '{columns: [extra1, extra2]}'}, ['+1 415 555 0134', '+1 415 555 0123', ''], qr/"phone": "\+14155550134"/],
    ['a bad first number is not passed over', {phone => '{columns: [extra1, extra2]}'}, ['12', '+1 415 555 0123', ''], qr{reject +phone/format}],
    ['the given names of a full name', {first_name => q{{column: extra1, match: '(.+) (\S+)', replace: '$1'}}}, ['Ana María Ejemplo', '', ''], qr/"first_name": "Ana María"/],
    ['the family name of a full name', {last_name => q{{column: extra1, match: '(.+) (\S+)', replace: '$2'}}}, ['Ana María Ejemplo', '', ''], qr/"last_name": "Ejemplo"/],
    ['a name behind a comma', {last_name => q{{column: extra1, match: '(?<last>[^,]+),\s*(.+)', replace: '${last}'}}}, ['Ejemplo, Ana', '', ''], qr/"last_name": "Ejemplo"/],
    ['a name that does not match', {last_name => q{{column: extra1, match: '(.+) (\S+)', replace: '$2'}}}, ['Plato', '', ''], qr{reject +last_name/match  "Plato" is not matched as a whole by \(\.\+\) \(\\S\+\)}],
    ['which may be kept', {last_name => q{{column: extra1, match: '(.+) (\S+)', replace: '$2', unmatched: keep}}}, ['Plato', '', ''], qr/"last_name": "Plato"/],
    ['or be no value', {address_line2 => q{{column: extra1, match: '(Apt) (\d+)', replace: '$2 $1', unmatched: empty}}}, ['-', '', ''], qr/^  address_line2 +–/m],
    ['a pattern that matches a part alone', {postal_code => q{{column: extra1, match: '\d{5}'}}}, ['83702-1234', '', ''], qr{reject +postal_code/match}],
    ['a default country', {country => '{column: extra1, default: United States}'}, ['', '', ''], qr/"country": "US"/],
    ['no default where there is a value', {country => '{column: extra1, default: DE}'}, ['US', '', ''], qr/"country": "US"/],
    ['"" of values', {occupation => q{{column: extra1, values: {"": unemployed, Chef: hospitality}}}}, ['', '', ''], qr/"occupation": "unemployed"/],
    ['values beside ""', {occupation => q{{column: extra1, values: {"": unemployed, Chef: hospitality}}}}, ['Chef', '', ''], qr/"occupation": "hospitality"/],
    ['the country of national numbers', {phone => '{column: extra1, country: GB}'}, ['020 7946 0958', '', ''], qr/"phone": "\+442079460958"/],
    ['which is not that of the record', {phone => '{column: extra1, country: United Kingdom}', country => 'extra2'}, ['020 7946 0958', 'US', ''], qr/"phone": "\+442079460958"/],
    ['nationalities in two columns', {nationalities => '{columns: [extra1, extra2], join: "|", split: "|"}'}, ['France', 'DE', ''], qr/"nationalities": \[\s*"FR",\s*"DE"\s*\]/],
    ['a match of a joined value', {city => q{{columns: [extra1, extra2], join: " / ", match: '(.*) / ID', replace: '$1'}}}, ['Boise', 'ID', ''], qr/"city": "Boise"/],
    ['upper case by the replacement', {city => q{{column: extra1, match: '(.)(.*)', replace: '$1\L$2'}}}, ['BOISE', '', ''], qr/"city": "Boise"/],
    ['a key of two columns', {external_id => '{columns: [extra1, extra2], join: "-"}'}, ['A', '17', ''], qr/"external_reference": "A-17"/],
);
for my $format (qw(csv ndjson)) {
    for my $case (@cases) {
        my ($sentence, $fields, $extra, $want) = @$case;
        prepare($format, $fields, '', row('c-1', @$extra));
        like(explained(1), $want, "$format: $sentence");
    }
}

# Arrays of NDJSON.
my %fields = (nationalities => q({column: extra1, match: '(?:iso:)?(..)', replace: '$1'}));
prepare('ndjson', \%fields, '', row('c-1', ['iso:fr', 'de', undef], '', ''));
like(explained(1), qr/"nationalities": \[\s*"FR",\s*"DE"\s*\]/, 'an array is matched item by item');
prepare('ndjson', \%fields, '', row('c-1', ['iso:fr', 'Germany'], '', ''));
like(explained(1), qr{reject +nationalities/match  "Germany" is not}, 'and the item that does not match is named');
prepare('ndjson', {first_name => '{columns: [extra1], join: " "}'}, '', row('c-1', ['Ada', 'Maria'], '', ''));
like(explained(1), qr/"first_name": "Ada Maria"/, 'the items of an array can be joined');

prepare('ndjson', {first_name => '{columns: ["extra1[*].name"], join: " "}'}, '', row('c-1', [{name => 'Ada'}, {name => undef}, {name => 'Maria'}], '', ''));
like(explained(1), qr/"first_name": "Ada Maria"/, 'and those that a path collects');
prepare('ndjson', {nationalities => q{{column: "extra1[*].code", match: 'iso:(..)|', replace: '$1'}}}, '', row('c-1', [{code => 'iso:fr'}, {code => 'iso:de'}], '', ''));
like(explained(1), qr/"nationalities": \[\s*"FR",\s*"DE"\s*\]/, 'or matched one by one');

# In another encoding, and behind a spreadsheet's guard.
prepare('csv', {city => q{{columns: [extra1, extra2], join: " "}}}, '', row('c-1', 'Zürich', 'Süd', ''));
write_file("$folder/input.csv", encode('iso-8859-1', decode_utf8(read_file("$folder/input.csv"))));
write_file("$folder/job.yaml", read_file("$folder/job.yaml") =~ s/path: input.csv/path: input.csv, encoding: iso-8859-15/r);
like(explained(1), qr/"city": "Zürich Süd"/, 'the columns are decoded before they are joined');
prepare('csv', {postal_code => q{{columns: [extra1, extra2]}}}, '', row('c-1', q('02134), '', ''));
write_file("$folder/job.yaml", read_file("$folder/job.yaml") =~ s/path: input.csv/path: input.csv, spreadsheet_guards: strip/r);
like(explained(1), qr/"postal_code": "02134"/, 'and without their guards');

# The counts, and the words of the verdicts.
my ($summary) = checked('csv', {first_name => q{{column: extra1, match: '(.+) (\S+)', replace: '$1'}}}, '', map { row("c-$_", $_ % 2 ? "Ada Example" : 'Plato', '', '') } 1 .. 5);
is_deeply([@$summary{qw(read valid rejected rejects_by_rule)}], [5, 3, 2, {'first_name/match' => 2}], 'what does not match is counted by its rule');
checked('csv', {last_name => '{columns: [extra1, extra2]}'}, '', row('c-1', '', ' ', ''));
like(explained(1), qr{last_name/required  the provider requires it, and the columns "extra1" and "extra2" are empty}, 'a missing value names all its columns');
like(read_file("$folder/report/check/report.html"), qr{<code>extra1 or extra2</code>}, 'the page names them too');

($summary) = checked('csv', {first_name => q{{column: extra1, match: '(.+) (\S+)', replace: '$1'}}}, "rules: [{rule: match, field: first_name, level: warn}]\n",
    row('c-1', 'Plato', '', ''));
is_deeply([@$summary{qw(valid warnings_by_rule)}], [1, {'first_name/match' => 1}], 'a job can make a warning of it');
like(explained(1), qr/"first_name": "Plato"/, 'and the value is sent as it is');

# explain shows the steps, masked or not.
prepare('csv', {first_name => q{{columns: [extra1, extra2], join: " ", match: '(.+) (\S+)', replace: '$1'}}, occupation => q{{column: extra3, values: {Koch: hospitality}}},
    country => '{column: nation, default: DE}'}, '', row('c-1', 'Ana', 'María Ejemplo', 'Koch'));
like(explained(1), qr/^  first_name +Ana María +← extra1 \+ extra2\n +source Ana María Ejemplo, after match and replace Ana María$/m, 'explain shows the source and what match makes of it');
like(explained(1), qr/^  occupation +hospitality +← extra3\n +source Koch, after values hospitality$/m, 'and what values make of it');
unlike(explained(1), qr/by default DE/, 'but no default that is not used');
unlike(explained(1, '-q'), qr/Ana|Ejemplo|Koch/, 'masked, none of it is shown');
prepare('csv', {email => q{{columns: [extra1, extra2], join: "-"}}}, '', row('c-1', 'Ana', 'Ejemplo', ''));
like(explained(1), qr{email/format  "Ana-Ejemplo" is not}, 'a message quotes the joined value');
unlike(explained(1, '-q'), qr/Ana|Ejemplo/, 'which is masked too');

# Warnings.
my (undef, undef, $err) = checked('csv', {first_name => 'extra1', last_name => 'extra1'}, '', row('c-1', 'Ada Example', '', ''));
like($err, qr/warning: \S+job\.yaml:\d+:\d+: first_name and last_name are both the column "extra1" as it is\n/, 'a full name as first and last name is a warning');
like($err, qr/^hint: a part of it is taken by `match`/m, 'with the remedy');
(undef, undef, $err) = checked('csv', {first_name => q{{column: extra1, match: '(.+) (.+)', replace: '$1'}}, last_name => q{{column: extra1, match: '(.+) (.+)', replace: '$2'}}},
    '', row('c-1', 'Ada Example', '', ''));
unlike($err, qr/are both the column/, 'with a match there is none');
for my $format (qw(csv ndjson)) {
    my $word = $format eq 'csv' ? 'column' : 'path';
    (undef, undef, $err) = checked($format, {address_line2 => 'extra1', phone => '{columns: [extra2, extra3]}'}, '', map { row($_, '', '', '+1 415 555 0123') } 1 .. 3);
    like($err, qr/warning: \S+: none of the 3 records has a value in the $word "extra2" \(phone\), "extra1" \(address_line2\)\n/, "$format: a $word without a value in any record is a warning");
    (undef, undef, $err) = checked($format, {address_line2 => 'extra1', country => '{column: extra2, default: US}'}, '', row(1, '', '', ''), row(2, 'x', '', ''));
    like($err, qr/none of the 2 records has a value in the $word "extra2" \(country\)\n/, "$format: also where a default hides it, but not for one value");
}

(undef, undef, $err) = checked('csv', {city => q{{column: town, match: '.+', unmatched: keep}}}, '', row('c-1', '', '', ''));
like($err, qr/note: \S+: `match` of `city` has no effect/, 'a match that accepts everything is noted');
(undef, undef, $err) = checked('csv', {city => q{{column: town, values: {X: Boise, "": Boise}}}}, '', row('c-1', '', '', ''));
unlike($err, qr/has no effect/, '"" of values is no such thing');
prepare('csv', {city => q{{column: town, values: {none: Boise}}}}, '', row('c-1', '', '', ''));
write_file("$folder/job.yaml", read_file("$folder/job.yaml") =~ s/path: input.csv/path: input.csv, null_values: ["", none]/r);
(undef, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report");
like($err, qr/note: \S+: "none" in the `values` of city has no effect: input.null_values makes it no value/, 'a key of values that is a null value is noted');

checked('csv', {address_line2 => 'extra1', postal_code => q{{column: zip, match: '\d{4}'}}}, '', row(1, 'x', '', ''), row(2, '', '', ''));
run_program('sh', '-c', 'gunzip -c "$1/report/check/rejects.csv.gz" | grep -v "^1," > "$1/mended.csv"', 'sh', $folder);
(my $status, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--input', "$folder/mended.csv", '--report', "$folder/again");
is($status, 1, 'of a reject file the rest is read');
unlike($err, qr/none of the/, 'and its empty columns are nothing odd');

# What cannot work is an error at its place.
for my $case (
    ['a list without its key', {city => '[extra1, extra2]'}, qr/:\d+:9: `city` should be a value, and is a list\n.*\nhint: \{columns: \[A, B\]\}/s],
    ['column and columns', {city => '{column: town, columns: [extra1]}'}, qr/:\d+:24: `city` has a `column`, so it has no `columns`/],
    ['join of one column', {city => '{column: town, join: " "}'}, qr/:\d+:24: `join` needs `columns` beside it\n.*hint: as in/s],
    ['replace alone', {city => '{column: town, replace: x}'}, qr/:\d+:24: `replace` needs `match` beside it/],
    ['a column that is missing', {city => '{columns: [town, extra4]}'}, qr/:\d+:26: the input has no column "extra4"/],
    ['a bad pattern', {city => q{{column: town, match: '(a'}}}, qr/:\d+:31: the pattern does not compile/],
    ['a pattern that backtracks', {city => q{{column: town, match: '(\w+\s?)+x'}}}, qr/:\d+:31: the pattern exceeds the match limit on a short text.*hint: /s],
    ['an unknown group', {city => q{{column: town, match: '(a)', replace: '$2'}}}, qr/:\d+:47: the replacement cannot be used: unknown substring.*hint: \$1 is the first group/s],
    ['a group as in sed', {city => q{{column: town, match: '(a)', replace: '\1'}}}, qr/:\d+:47: the replacement cannot be used: bad escape sequence/],
    ['a wrong word', {city => q{{column: town, match: a, unmatched: drop}}}, qr/:\d+:45: `drop` is not a value of `unmatched`.*hint: /s],
    ['a default that is no country', {country => '{column: nation, default: Ruritania}'}, qr/:\d+:38: country: "Ruritania" is not a known country/],
    ['a default that is no value of the provider', {occupation => '{column: work, default: astronaut}'}, qr/:\d+:39: occupation: "astronaut" is not one of the provider's values/],
    ['a default and ""', {occupation => '{column: work, default: other, values: {"": other}}'}, qr/: `occupation` has a `default`, so its `values` have no ""/],
    ['a default key', {external_id => '{column: id, default: x}'}, qr/: `external_id` is the key of one customer/],
    ['a country of no phone', {city => '{column: town, country: US}'}, qr/:\d+:24: `city` is not a phone number, so it has no `country`/],
    ['an unknown country', {phone => '{column: extra1, country: Ruritania}'}, qr/:\d+:36: `Ruritania` is not a country/],
    ['a constant with a match', {city => '{value: x, match: x}'}, qr/: `city` has a `value`, the same for every record, so it has no `match`/],
    ['a number as columns', {city => '{columns: 3}'}, qr/:\d+:19: `columns` is a list of column names/],
    ['a list as a pattern', {city => '{column: town, match: [a]}'}, qr/: `match` should be a value, and is a list/],
) {
    my ($sentence, $fields, $want) = @$case;
    my (undef, $status, $message) = checked('csv', $fields, '', row('c-1', '', '', ''));
    is($status, 2, "$sentence: status 2");
    like($message, $want, "$sentence: the message says so");
}
done_testing;
