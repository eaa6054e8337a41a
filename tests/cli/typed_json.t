#!/usr/bin/perl
# Typed JSON and the elements of arrays: exports of MongoDB and DynamoDB, in `check`, `explain` and `guess`.
use strict;
use warnings;

use FindBin;
use JSON::PP qw(decode_json);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

my $folder = scratch_folder();

# MongoDB: one customer as each version and mode writes it.
my %mongo = (
    'Extended JSON 2, relaxed' => '{"_id":{"$oid":"65a000000000000000000001"},"born":{"$date":"1980-02-13T00:00:00Z"},"phone":14155550110}',
    'Extended JSON 2, canonical' => '{"_id":{"$oid":"65a000000000000000000001"},"born":{"$date":{"$numberLong":"319248000000"}},"phone":{"$numberLong":"14155550110"}}',
    'canonical, a number of the shell' => '{"_id":{"$oid":"65a000000000000000000001"},"born":{"$date":{"$numberLong":"319248000000"}},"phone":{"$numberDouble":"14155550110.0"}}',
    'Extended JSON 1, strict' => '{"_id":{"$oid":"65a000000000000000000001"},"born":{"$date":319248000000},"phone":{"$numberLong":"14155550110"}}',
    'Extended JSON 1 of mongoexport' => '{"_id":{"$oid":"65a000000000000000000001"},"born":{"$date":"1980-02-13T00:00:00.000+0000"},"phone":{"$numberLong":"14155550110"}}',
);
for my $name (sort keys %mongo) {
    my ($summary) = checked('external_id: _id, date_of_birth: born, phone: phone', $mongo{$name});
    is($summary->{valid}, 1, "$name: valid");
    my $sent = explained(1);
    like($sent, qr/^  external_id +65a000000000000000000001 /m, "$name: the key");
    like($sent, qr/^  phone +\+14155550110\b/m, "$name: the phone number");
    like($sent, qr/^  date_of_birth +1980-02-13 /m, "$name: the birth date");
}
my ($summary) = checked('external_id: _id, date_of_birth: "born.$date", phone: "phone.$numberLong"', $mongo{'Extended JSON 2, canonical'});
is($summary->{valid}, 1, 'the same by the names of the wrappers');
like(explained(1), qr/^  date_of_birth +1980-02-13 /m, 'a date in milliseconds too');

# An instant has a zone or it is midnight in UTC; before 1970 too.
my $before = '{"_id":"c1","phone":"+14155550110","born":{"$date":{"$numberLong":"-315622800000"}}}'; # 1959-12-31T23:00:00Z
($summary) = checked('external_id: _id, date_of_birth: born, phone: phone', $before);
is_deeply($summary->{rejects_by_rule}, {'date_of_birth/time' => 1}, 'an instant that is no midnight is rejected without a zone');
checked('external_id: _id, date_of_birth: {column: born, zone: Europe/Berlin}, phone: phone', $before);
like(explained(1), qr/^  date_of_birth +1960-01-01 /m, 'with its zone it is the next day');

# DynamoDB.
my $item = '{"Item":{"id":{"S":"c1"},"phone":{"N":"14155550110"},"born":{"S":"1980-02-13"},"address":{"M":{"city":{"S":"Rome"}}}}}';
($summary) = checked('external_id: Item.id, date_of_birth: Item.born, phone: Item.phone, city: Item.address.city', $item);
is($summary->{valid}, 1, 'DynamoDB: valid');
like(explained(1), qr/^  city +Rome /m, 'DynamoDB: a map is passed through');
($summary) = checked('external_id: id, date_of_birth: born, phone: phone', '{"id":"c1","phone":{"N":"14155550110"},"born":"1980-02-13"}');
is_deeply($summary->{rejects_by_rule}, {'phone/format' => 1}, 'an own member N of a record that is not of DynamoDB is not unwrapped');

($summary) = checked('external_id: Item.id, date_of_birth: Item.born, phone: Item.phone', $item, $item =~ s/1980-02-13/1980-13-13/r =~ s/c1/c2/r);
is($summary->{rejected}, 1, 'DynamoDB: one rejected');
my $rejects = "$folder/report/check/rejects.ndjson.gz";
my $fixed = qx(gunzip -c '$rejects');
like($fixed, qr/"kyc_row":2/, 'DynamoDB: the reject file has it');
($summary) = checked('external_id: Item.id, date_of_birth: Item.born, phone: Item.phone', $fixed =~ s/1980-13-13/1980-12-13/r =~ s/\n//r);
is($summary->{valid}, 1, 'DynamoDB: once corrected there, it is read from there');

# `[*]`.
my $pair = 'external_id: id, date_of_birth: born, phone: phone, tax_id: "tax_ids[*].id", tax_country: "tax_ids[*].issuing_country"';
my $one = '"born":"1980-02-13","phone":"+14155550110"';
($summary) = checked($pair,
    qq({"id":"c1",$one,"tax_ids":[{"id":"11-1","issuing_country":"US"},{"id":"22-2","issuing_country":"IT"}]}),
    qq({"id":"c2",$one,"tax_ids":[{"id":"11-1","issuing_country":"US"},{"id":"22-2"}]}),
    qq({"id":"c3",$one,"tax_ids":[{"issuing_country":"US"},{"id":"22-2"}]}),
    qq({"id":"c4",$one,"tax_ids":[]}));
like(explained(1), qr/^  tax_ids\[\*\]\.id +11-1, 22-2$/m, '[*]: the source shows the elements');
is_deeply([$summary->{valid}, $summary->{rejects_by_rule}], [2, {'tax_country/format' => 2}], '[*]: an id without a country of its own is rejected');
like(explained(1), qr/^  tax_id +11-1\W+22-2 .*\n(?:.*\n)*?  tax_country +US\W+IT /m, '[*]: the pairs stay pairs');
($summary) = checked($pair =~ s/"tax_ids\[\*\]\.id"/{column: "tax_ids[*].id", match: '\\d+', unmatched: empty}/r,
    qq({"id":"c1",$one,"tax_ids":[{"id":"none","issuing_country":"US"},{"id":"222","issuing_country":"IT"}]}));
like(explained(1), qr/^  tax_id +222 .*\n(?:  +.*\n)*?  tax_country +IT /m, '[*]: an id that `match` takes away leaves its place');
for my $case (
    ['an empty step', 'external_id: id, date_of_birth: born, phone: "a..b"', qr/job\.yaml:\d+:\d+: "a\.\.b" can match nothing: a name is missing beside a dot.*\n.*\nhint: a path is NAME/s],
    ['a bracket', 'external_id: id, date_of_birth: born, phone: "phones[first].number"', qr/job\.yaml:\d+:\d+: "phones\[first\]\.number" can match nothing: between \[ and \]/],
    ['two lists', 'external_id: id, date_of_birth: born, phone: phone, tax_id: "a[*].b[*].c"', qr/job\.yaml:\d+:\d+: .* only once/],
    ['two arrays for one field', 'external_id: id, date_of_birth: born, phone: phone, tax_id: {columns: ["a[*].id", "b[*].id"]}', qr/job\.yaml:\d+:\d+: two paths of tax_id have \[\*\]/],
    ['a list that is joined', 'external_id: id, date_of_birth: born, phone: phone, tax_id: {columns: ["a[*].id", b], join: " "}', qr/job\.yaml:\d+:\d+: .*\n.*\n.*\nhint: leave out `join`/],
    ['a single value', 'external_id: id, date_of_birth: born, phone: "phones[*].number"', qr/job\.yaml:\d+:\d+: "phones\[\*\]\.number" gives a list, and phone is a single value\n.*\nhint: map one element, such as "phones\[0\]\.number"/s],
) {
    my ($sentence, $fields, $want) = @$case;
    my (undef, $status, $err) = checked($fields, qq({"id":"c1",$one}));
    is($status, 2, "$sentence: status 2");
    like($err, $want, "$sentence: the message says so");
}

# What is no path can be the whole name of a member of the first records; any of them.
($summary) = checked('external_id: "No.", phone: "Tel."', map { qq({"No.":"c$_") . ($_ > 2 ? ',"Tel.":"+14155550110"' : '') . '}' } 1 .. 4);
is_deeply([$summary->{read}, $summary->{valid}], [4, 2], 'names that end in a dot');

# guess: the columns without their wrappers.
my $guessed = guess('{"_id":{"$oid":"65a000000000000000000001"},"email":"ann@example.com","firstName":"Ann","lastName":"Example",'
    . '"phone":{"$numberLong":"14155550110"},"dob":{"$date":"1980-02-13T00:00:00Z"},"nationalities":["US"],'
    . '"tax_ids":[{"id":"11-1","issuing_country":"US"},{"id":"22-2","issuing_country":"IT"}]}',
    '{"_id":{"$oid":"65a000000000000000000002"},"email":"bob@example.com","firstName":"Bob","lastName":"Example",'
    . '"phone":{"$numberLong":"14155550111"},"dob":{"$date":{"$numberLong":"-315619200000"}}}');
like($guessed, qr/^  external_id: _id\b/m, 'guess: _id');
like($guessed, qr/^  phone: phone\b/m, 'guess: a number');
like($guessed, qr/^  date_of_birth: dob\b/m, 'guess: a date in both forms');
for my $elements (
    ['kira', '{"tax_ids":[{"type":"ein","id":"11-1","issuing_country":"US"},{"id":"22-2","issuing_country":"IT"}]}', '"tax_ids[*].id"', '"tax_ids[*].issuing_country"'],
    ['an id of each entry', '{"tax_ids":{"data":[{"id":"txi_1","type":"us_ein","value":"12-3456789","country":"US"},{"id":"txi_2","value":"1","country":"IT"}]}}', '"tax_ids.data[*].value"', '"tax_ids.data[*].country"'],
) {
    my ($sentence, $line, $id, $country) = @$elements;
    my $job = guess($line =~ s/^\{/{"id":"c1","email":"ann\@example.com",/r, 'payward');
    like($job, qr/^  tax_id: \Q$id\E/m, "guess, $sentence: the elements of an array");
    like($job, qr/^  tax_country: \Q$country\E/m, "guess, $sentence: and their countries");
}
unlike($guessed, qr/\$(?:oid|date|number)/, 'guess: no wrapper');
my $several = guess('{"id":"c1","email":"ann@example.com","phones":[{"number":"+14155550110"},{"number":"+14155550111"}]}');
like($several, qr/^  phone: "phones\[0\]\.number" .*CHECK: the first of several in 1 of 1 rows/m, 'guess: the first of several is for a person to decide');
$guessed = guess('{"Item":{"id":{"S":"c1"},"email":{"S":"ann@example.com"},"phone":{"N":"14155550110"},"address":{"M":{"city":{"S":"Rome"}}}}}');
like($guessed, qr/^  email: Item\.email\b/m, 'guess: an attribute of DynamoDB');
like($guessed, qr/^  city: Item\.address\.city\b/m, 'guess: one in a map');
# An export that is one JSON text: check, run and guess stop with the jq line, and read none of it.
my @users = ('{"id":"c1","email":"ann@example.com","name":"Ann"}', '{"id":"c2","email":"bob@example.com","name":"Bob"}');
for my $case (
    ['an array', '[' . join(',', @users) . ']', q('.[]')],
    ['an array, an element a line', "[\n" . join(",\n", @users) . "\n]\n", q('.[]')],
    ['an object around an array', '{"users":[' . join(',', @users) . "]}\n", q('.users[]')],
    ['the reply of an API', '{"object":"list","has_more":true,"data":[' . join(',', @users) . ']}', q('.data[]')],
    ['one with names of its own', '{"tenant":"acme","data":{"people":[' . join(',', @users) . ']}}', q('.data.people[]')],
    ['an object around an array, over several lines', "{\n \"total\": 2,\n \"users\": [\n" . join(",\n", @users) . "\n ]\n}\n", q('.users[]')],
    ['a page of customers a line', join('', map { "{\"items\":[$users[0],$users[1]],\"page\":$_}\n" } 1, 2), q('.items[]')],
    ['objects on one line', join('', @users, $users[0]), '.'],
    ['two objects on one line', join('', @users) . "\n", '.'],
    ['objects with an array over several lines', join('', map { "{\n  \"id\": \"c$_\",\n  \"addresses\": [\n    {\n      \"city\": \"Rome\"\n    }\n  ]\n}\n" } 1, 2), '.'],
    ['objects over several lines', join('', map { s/,/,\n  /gr . "\n" } @users), '.'],
) {
    my ($sentence, $text, $filter) = @$case;
    for my $name ('export.ndjson', 'export.csv') {
        write_file("$folder/$name", $text);
        job('external_id: id, email: email', $name);
        for my $command (['check', "$folder/job.yaml", '--report', "$folder/report", '-q'], ['run', "$folder/job.yaml", '--dry-run', '-q'], ['guess', "$folder/$name", '--provider', 'kira']) {
            my ($status, $out, $err) = run_program(program('kyc-import'), @$command);
            is($status, 3, "$command->[0] of $name, $sentence: status 3");
            like($err, qr/\nhint: .*\Qjq -c $filter FILE\E/, "$command->[0] of $name, $sentence: the line that helps") or diag $err;
            unlike($err . $out, qr/ann|Bob/, "$command->[0] of $name, $sentence: no value is shown");
        }
    }
}
write_file("$folder/export.ndjson", '[' . join(',', @users) . ']');
system('gzip', '-kf', "$folder/export.ndjson") == 0 or die;
like((run_program(program('kyc-import'), 'guess', "$folder/export.ndjson.gz", '--provider', 'kira'))[2], qr/\Qgunzip -c FILE | jq -c '.[]'\E/, 'the line for a gzip file');
write_file("$folder/export.csv", "$users[0]\n$users[1]\n");
job('external_id: id, email: email', 'export.csv');
my ($status, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '-q');
is($status, 3, 'NDJSON in a job for CSV: status 3');
like($err, qr/hint: set input\.format to ndjson/, 'and the setting that helps');

# A page among records is one rejected record, and a damaged first line costs itself alone.
($summary) = checked('external_id: id, email: email, phone: "items[0].phone"', map({ qq({"id":"$_","email":"$_\@example.com","items":[{"phone":"+14155550110"}]}) } 1 .. 3), qq({"items":[$users[0],$users[1]],"source":"crm"}));
is_deeply([$summary->{read}, $summary->{valid}, $summary->{rejects_by_rule}], [4, 3, {'record/malformed' => 1}], 'a page among records is rejected');
($summary) = checked('external_id: id, email: email', qq({"id":"1","email":"a\@example.com"}{"id":"2","email":"b\@example.com"}), qq({"id":"3","email":"c\@example.com"}));
is_deeply([$summary->{valid}, $summary->{rejects_by_rule}], [1, {'record/malformed' => 1}], 'a lost line end costs its two records alone');
($summary) = checked('external_id: metadata.id, email: metadata.email', '{"metadata":{"id":"1","email":"a@example.com"},"orders":[{"n":1},{"n":2}]}');
is($summary->{valid}, 1, 'a customer under the name of an envelope is a customer');
for my $damaged ('{"id":"c1","em', '{"id":"c1",', '{"id":"c1","tags":[') {
    ($summary) = checked('external_id: id, email: email', $damaged, map { qq({"id":"$_","email":"$_\@example.com"}) } 2 .. 4);
    is_deeply([$summary->{valid}, $summary->{rejects_by_rule}], [3, {'record/malformed' => 1}], "$damaged: the damaged first line alone is rejected");
}
done_testing;


# A job of these fields beside a name and a country, over these lines: its summary, status and errors.
sub checked
{
    my ($fields, @lines) = @_;
    write_file("$folder/export.ndjson", join '', map { "$_\n" } @lines);
    job($fields, 'export.ndjson');
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report", '--json', '-q');
    return ($out ? decode_json($out) : undef, $status, $err);
}

sub job
{
    my ($fields, $name) = @_;
    my $more = ($fields =~ /email/ ? '' : ', email: {value: ann@example.com}') . ($fields =~ /birth/ ? '' : ', date_of_birth: {value: 1980-02-13}')
        . ($fields =~ /phone/ ? '' : ', phone: {value: "+14155550110"}');
    write_file("$folder/job.yaml", <<"END");
job: typed
input: {path: $name}
provider: {name: payward, credentials: {api_key: env:A, api_secret: env:B}}
fields: {$fields$more, first_name: {value: Ann}, last_name: {value: Example}, country: {value: US}}
rules: [{field: city, required: false}, {field: address_line1, required: false}, {field: postal_code, required: false},
  {field: occupation, required: false}, {field: birth_city, required: false}, {field: birth_country, required: false},
  {field: nationalities, required: false}, {field: tax_id, required: false}, {field: tax_country, required: false}]
END
}

sub explained { return (run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', $_[0], '--unmask', '-q'))[1]; }

# The job that guess writes for these lines; it loads.
sub guess
{
    my $provider = $_[-1] =~ /^\{/ ? 'kira' : pop;
    write_file("$folder/guess.ndjson", join '', map { "$_\n" } @_);
    my ($status, $out) = run_program(program('kyc-import'), 'guess', "$folder/guess.ndjson", '--provider', $provider);
    return $out;
}
