#!/usr/bin/perl
# explain: one record step by step, with the same verdict as in a run; masked by default.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8);
use FindBin;
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;
use KycRun;

chdir "$FindBin::Bin/../.." or die "$!\n";
my $folder = scratch_folder();

my $header = 'customer_id,given_name,family_name,email,mobile,dob,birth_city,birth_country,street,city,zip,country,nats,job_title,note';
my @rows = (
    'c-1,Alex,Morgan,alex@example.com,+1 415 555 0110,15/04/1990,Oakland,US,1 Market St,Oakland,94607,United States,US|DE,other,x',
    'c-2,Zoë,Núñez,not an address,+14155550111,31/02/1990,Oakland,Congo,1 Market St,Oakland,94607,US,US,astronaut,',
    'c-1,Sam,Copy,sam@example.com,+14155550112,15/04/1990,Oakland,US,2 Market St,Oakland,94607,US,US,other,',
    'c-4,"quo"ted,x',
    "c-5,Jo\x{200b}e,Last,joe\@example.com,+14155550113,15/04/1990,Oakland,US,3 Market St,Oakland,94607,US,US,other,",
);
write_file("$folder/export.csv", Encode::encode_utf8(join '', map { "$_\n" } $header, @rows));
write_file("$folder/job.yaml", job('export.csv', 'csv'));

my $text = explained('--row', 1);
like($text, qr/export\.csv, row 1, line 2; values are masked/, 'the record is named by row and line');
like($text, qr/^  mobile +\+9 999 999 9999$/m, 'the source value, masked by its shape');
like($text, qr/^  note +x +\(not mapped\)$/m, 'a column that is not mapped is shown as such');
like($text, qr/^  customer_id +c-1$/m, 'the key stays');
like($text, qr/^  phone +\+99999999999 +← mobile$/m, 'the normalized value and its source');
like($text, qr/^  nationalities +XX, XX /m, 'a list by its items');
like($text, qr/^Verdicts\n  none: the record is valid$/m, 'no verdict');
like($text, qr/^Ledger\n  there is no ledger yet.*\n  a run would create this customer$/m, 'the entry of the ledger');
like($text, qr/^  POST \/v1\/users\n  \{\n    "email": "xxxx\@xxxxxxx\.xxx",\n    "external_reference": "c-1",$/m,
    'the payload, a member a line');
unlike($text, qr/Alex|Morgan|555|Oakland/, 'nothing else of the customer is shown');

$text = explained('--row', 1, '--unmask');
like($text, qr/^    "phone": "\+14155550110",$/m, 'the payload as it would be sent');
like($text, qr/^      "date": "1990-04-15",$/m, 'with normal forms');
like($text, qr/^  country +US +← country$|^  country +US$/m, 'a country as its code');

$text = explained('--key', 'c-2');
like($text, qr/row 2, line 3/, 'a record is found by its key');
like($text, qr/^  reject  email\/format  "xxx xx xxxxxxx"/m, 'a message quotes the value masked');
like($text, qr/^  reject  $_  /m, "a rejected record has $_") for qw(date_of_birth/format birth_country/ambiguous occupation/enum);
like($text, qr/^  email +no value: see the verdicts$/m, 'a value that failed is none');
like($text, qr/^Payload\n  none: /m, 'and there is no payload');
unlike($text, qr/not an address|Congo"|astronaut|Zo/, 'the values that are wrong are masked too');
like(explained('--key', 'c-2', '--unmask'), qr/^  reject  email\/format  "not an address"/m, 'but with --unmask');

like(explained('--row', 3), qr/^  reject  external_id\/unique  the same value as in row 1$/m,
    'unique is judged as in a run: by the rows before');
like(explained('--key', 'c-1'), qr/row 1, line 2/, 'of several records with one key the first is shown');

$text = explained('--row', 4, '--unmask');
like($text, qr/^Source \(cannot be put into columns\)\n  c-4,"quo"ted,x$/m, 'a broken record is shown raw');
like($text, qr/^  reject  record\/malformed  /m, 'with its verdict');
like($text, qr/^Payload\n  none: /m, 'and without a payload');
unlike(explained('--row', 4), qr/quo"ted/, 'its raw text is masked too');

like(explained('--row', 5), qr/^  given_name +Xx‹U\+200B›x$/m, 'what cannot be seen is named');

# Values computed from a customer are masked too; constants of the job are not.
write_file("$folder/job.yaml", job('export.csv', 'csv') . "  client_identifier: auto\n  language: {value: en}\n");
$text = explained('--row', 1);
like($text, qr/^  client_identifier +99999999XXXX#XXXXX +\(computed\)$/m, 'CONCAT is masked');
like($text, qr/^  language +en +\(the same for every record\)$/m, 'a constant is shown');
unlike($text, qr/ALEX/, 'nowhere in the clear');

# NDJSON
write_file("$folder/export.ndjson", join "\n", '{"customer_id":"n-1","given_name":"Alex","family_name":"Morgan","email":"n@example.com",'
    . '"mobile":"+14155550110","dob":"1990-04-15","birth_city":"Oakland","birth_country":"US","street":"1 Market St","city":"Oakland",'
    . '"zip":94607,"country":"US","nats":["US","DE"],"job_title":"other"}', '{"customer_id":', '');
write_file("$folder/job.yaml", job('export.ndjson', 'ndjson'));
$text = explained('--row', 1, '--unmask');
like($text, qr/^      "postal_code": "94607",$/m, 'NDJSON: a number as written');
like($text, qr/^    "nationalities": \[\n      "US",\n      "DE"\n    \]/m, 'NDJSON: an array as a list');
like(explained('--row', 2), qr/^  reject  record\/malformed  .*byte \d+ of the line/m, 'NDJSON: where a broken line is broken');

# Not found, and wrong arguments.
for my $case (
    ['a row that is not there', ['--row', 3], 2, qr/there is no row 3, the input has 2 rows/],
    ['a key that is not there', ['--key', 'nobody'], 2, qr/no record has the external_id `nobody` \(2 rows were read\)/],
    ['neither', [], 2, qr/no record given\nhint: kyc-import explain \S+ --row N, or --key ID/],
    ['both', ['--row', 1, '--key', 'x'], 2, qr/--row N and --key ID cannot be combined/],
    ['row 0', ['--row', 0], 2, qr/--row must be a whole number from 1/],
    ['a misspelt option', ['--rwo', 1], 2, qr/did you mean --row/],
    ['an input that is not there', ['--row', 1, '--input', '/nowhere.csv'], 3, qr{/nowhere\.csv}],
) {
    my ($sentence, $arguments, $want, $message) = @$case;
    my ($status, $out, $err) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", @$arguments);
    is($status, $want, "$sentence: status $want");
    like($err, $message, "$sentence: the message says so");
    is($out, '', "$sentence: nothing on standard output");
}

# With a ledger: the record's result in the last run.
my $sandbox = sandbox_start();
my $case = case_new($sandbox, rows => 3);
is((case_run($case, '-q'))[0], 0, 'a run creates three customers');
my ($status, $out, $err) = run_program(program('kyc-import'), 'explain', "$case->{folder}/job.yaml", '--key', 'cust-000002');
is($status, 0, 'explain after a run') or diag $err;
like($out, qr/^Ledger\n  created, user \S+.*\n  unchanged: /m, 'the ledger has the user, and the record is unchanged');
my $before = read_file("$case->{folder}/test.ledger");
run_program(program('kyc-import'), 'explain', "$case->{folder}/job.yaml", '--row', 1);
ok(read_file("$case->{folder}/test.ledger") eq $before, 'the ledger is only read');
(my $changed = read_file("$case->{folder}/export.csv")) =~ s/(cust-000002.*)computers_and_it/$1finance/;
write_file("$case->{folder}/export.csv", $changed);
($status, $out, $err) = run_program(program('kyc-import'), 'explain', "$case->{folder}/job.yaml", '--key', 'cust-000002', '--unmask');
like($out, qr/a run would update this customer/, 'changed data is an update');
like($out, qr/^  PATCH \S*\/v1\/users\/\S+\n  \{\n    "occupation": "finance"\n  \}$/m, 'whose payload is what changed alone');
sandbox_stop($sandbox);
done_testing;

sub explained
{
    my (@arguments) = @_;
    my ($status, $out, $err) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", @arguments);
    is($status, 0, "explain @arguments") or diag $err;
    return decode_utf8($out);
}

sub job
{
    my ($path, $format) = @_;
    my $split = $format eq 'csv' ? ', split: "|"' : '';
    return <<"JOB";
job: explained
input: {path: $path, format: $format}
provider: {name: payward, credentials: {api_key: env:NO_KEY, api_secret: env:NO_SECRET}}
fields:
  external_id: customer_id
  first_name: given_name
  last_name: family_name
  email: email
  phone: mobile
  date_of_birth: {column: dob, format: DD/MM/YYYY}
  birth_city: birth_city
  birth_country: birth_country
  address_line1: street
  city: city
  postal_code: zip
  country: country
  nationalities: {column: nats$split}
  occupation: job_title
JOB
}
