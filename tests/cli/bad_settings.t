#!/usr/bin/perl
# Each setting of an export's shape, of a field's source and of a date: a wrong type, or a combination that cannot be, is an error with
# file, line, column and a hint.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;

my $folder = scratch_folder();
write_file("$folder/export.csv", "id,email,given,family,dob,tel,town,town\n1,a\@example.com,Ann,Lee,1980-02-13,+14155550110,x,y\n");
my $err;

sub refused
{
    my ($sentence, $input, $fields, $rules) = @_;
    write_file("$folder/job.yaml", "job: bad\ninput:\n  path: export.csv\n$input"
        . "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\n"
        . "fields:\n  external_id: id\n  email: email\n  first_name: given\n  last_name: family\n$fields" . ($rules ? "rules:\n  - $rules\n" : ''));
    (my $status, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report");
    is($status, 2, "$sentence: status 2");
    return like($err, qr/^kyc-import: error: \S*job\.yaml:\d+:\d+: [^\n]+\n {4}[^\n]+\n +\^\nhint: [^\n]{5,}\n/m, "$sentence: its place, and a hint");
}

refused("input: $_", "  $_\n", '')
    for 'where: active', 'where: []', 'where: [active]', 'where: {column: id, must_match: x}', 'where: [{column: id}]', 'where: [{must_match: x}]',
    'where: [{column: id, must_match: x, must_not_match: y}]', "where: [{column: id, must_match: '('}]", "where: [{column: id, must_match: ''}]",
    'where: [{column: id, must_match: [x]}]', "where: [{column: id, must_match: '(a+)+\$'}]", 'where: [{column: none, must_match: x}]', 'where: [{column: town, must_match: x}]',
    'encoding: [utf-8]', "encoding: ''", 'encoding: utf-9', 'encoding: utf-7', 'spreadsheet_guards: true', 'spreadsheet_guards: [strip]', 'null_values: x',
    'csv: tab', 'csv: {skip_lines: two}', 'csv: {skip_lines: -1}', 'csv: {skip_lines: [1]}', 'csv: {skip_lines: 1, header: [id]}', 'csv: {header: id}',
    'csv: {header: []}', 'csv: {header: [id, id]}', "csv: {header: [id, '']}", 'csv: {header: [[id]]}', 'csv: {ragged: yes}', 'csv: {ragged: [pad]}',
    'csv: {escape: ab}', 'csv: {escape: a}', "csv: {escape: ''}", "csv: {escape: '\"'}", "csv: {escape: ','}", 'csv: {escape: tab}', 'csv: {escape: [x]}',
    'csv: {skip_footer: some}', 'csv: {skip_footer: [1]}', "csv: {delimiter: '::'}", "csv: {delimiter: '\"'}", 'csv: {skip_rows: 1}';
refused("city: $_", '', "  city: $_\n")
    for 'town', '{columns: given}', '{columns: []}', '{columns: [given, given]}', '{columns: [given, none]}', '{columns: [given], column: family}', '{columns: [[given]]}',
    '{column: [given, family]}', "{join: ' '}", "{column: given, join: ' '}", '{columns: [given], join: [x]}', "{column: given, match: '('}", '{column: given, match: [x]}',
    "{column: given, match: ''}", '{column: given, replace: x}', "{column: given, match: x, replace: '\$1'}", '{column: given, match: x, replace: [x]}',
    '{column: given, unmatched: keep}', '{column: given, match: x, unmatched: drop}', "{column: given, match: '(a+)+\$b'}", "{column: given, default: ''}",
    '{column: given, default: [x]}', '{value: x, default: y}', '{value: x, match: y}', '{value: x, columns: [given]}', '{default: x}', '{}', '[]', '~',
    '{column: given, country: DE}', '{column: given, format: DD}', '{column: given, zone: UTC}', '{column: given, time: drop}', '{column: given, century: 1930}',
    '{column: given, locale: de}', "{column: given, split: ','}", '{column: given, otherwise: x}', '{column: given, values: [x]}', "{column: given, default: x, values: {'': y}}";
refused("documents: $_", '', "  documents: $_\n")
    for 'town', '[]', '{}', '~', '[given]', '[[given]]', '[{}]', '[{type: given}]', '[{type: given, country: given}]', '[{typ: given, number: given}]',
    '[{type: given, number: [given]}]', '[{type: given, number: town}]', '[{type: given, number: none}]', '[{type: given, files: given}]', '[{type: given, files: {}}]',
    '[{type: given, files: [given]}]', '[{type: given, files: {Front: given}}]', '[{type: given, files: {front: [given]}}]', "[{type: given, files: {'': given}}]",
    '[{type: {value: x, default: y}, number: given}]', '[{type: given, number: {column: given, split: x}}]', '[{type: given, number: given, expiry: {column: dob, format: DD}}]',
    '[{type: given, number: {column: given, match: x, unmatched: drop}}]',
    '[' . join(', ', ('{type: given, number: given}') x 17) . ']', '[{type: given, files: {' . join(', ', map { "f$_: given" } 1 .. 96) . '}}]';
refused('a part of an entry by its name', '', "  documents[0].number: given\n");
refused("phone: $_", '', "  phone: $_\n") for '{column: tel, country: XX}', '{column: tel, country: [DE]}', '{column: tel, country: ~}';
refused("date_of_birth: $_", '', "  date_of_birth: $_\n")
    for '{column: dob, format: []}', '{column: dob, format: {a: b}}', '{column: dob, format: [DD/MM/YYYY, DD/MM/YYYY]}', '{column: dob, format: DD/MM}',
    '{column: dob, format: [[DD/MM/YYYY]]}', '{column: dob, format: DD/MM/YY}', '{column: dob, format: DD/MM/YYYY, century: 1930}', '{column: dob, century: soon, format: DD/MM/YY}',
    '{column: dob, format: DD/MM/YYYY, zone: UTC}', '{column: dob, zone: Europe/Berln}', '{column: dob, zone: [UTC]}', '{column: dob, time: keep}',
    '{column: dob, time: [drop]}', '{column: dob, locale: de}', '{column: dob, format: D MMM YYYY, locale: xx}', '{column: dob, format: D MMM YYYY, locale: [de]}';
refused("rule $_", '', "  phone: tel\n  date_of_birth: dob\n", $_)
    for '{rule: damaged, level: warn}', '{rule: damaged, field: phone, level: warn}', '{rule: match, field: email, level: warn}', '{rule: time, field: email, level: warn}',
    '{rule: mojibake, field: email, level: warn}', '{rule: damaged, field: email, level: off}', '{rule: damaged, field: email}';

refused("$_", '', "$_\n")
    for (map { "report_keep: $_" } qw(-1 many [1] 1.5 '' ~), '{a: 1}'), (map { "metrics: $_" } qw([a] '' ~), '{a: b}'),
    (map { "delivery: {lock_folder: $_}" } qw([a] '' ~), '{a: b}'), (map { "delivery: {shared: $_}" } qw([a] '' ~ Main main_1 -main main.eu), 'x' x 65),
    (map { "ledger_witness: $_" } qw([a] '' ~), '{a: b}'), 'notify: x', 'notify: []', 'notify: ~', 'notify: {}',
    (map { "notify: {command: $_}" } qw([] '' [''] ~ [~] tell [tell]), '{a: b}', '[/bin/x, {a: b}]', '[/bin/x, [y]]', '/bin/mail -s x'),
    'notify: {command: /bin/true, url: https://example.com/x}', 'notify: {command: /bin/true, token: env:X}', 'notify: {on: [1]}', 'notify: {command: /bin/true, timout: 9s}',
    (map { "notify: {command: /bin/true, on: $_}" } qw(1 ~ [8] [true] [-1] [[1]] [11] ['']), '{a: b}'), (map { "notify: {command: /bin/true, timeout: $_}" } qw(10 [1s] '' soon));
# The line of what may be a secret is not shown.
for my $setting ("url: 'env:'", "url: 'http://[::1]\@example.com/x'", "url: 'http://[::ffff:127.0.0.1]/x'", (map { "url: $_" } qw('' ~ [x] https:// ftp://example.com/x http://example.com/x http://127.0.0.1.example.com/x http://127.0.0.1@example.com/x),
    qw(http://127.1/x http://0/x http://localhost.example.com/x https://example.com:99999/x https://me:word@example.com/x https://example.com/x#y),
    '"https://example.com/a\\r\\nX-Header: b"', "'https://example.com\\\\x'"), (map { "url: https://example.com/x, token: $_" } qw('' ~ [env:X] 'file:' WORD))) {
    write_file("$folder/job.yaml", "job: bad\ninput: {path: export.csv}\n"
        . "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\nfields: {external_id: id}\nnotify: {$setting}\n");
    (my $status, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report");
    is($status, 2, "notify: {$setting}: status 2");
    like($err, qr/^kyc-import: error: \S*job\.yaml:5:\d+: [^\n]+\nhint: [^\n]{5,}\n/m, "notify: {$setting}: its place, and a hint") or diag $err;
}

for my $setting ((map { "ledger_password: $_" } qw('' ~ [env:X] 'file:' 'env:' hunter2), '{a: b}'), 'ledger: postgresql://me:hunter2@db.example.com/kyc') {
    write_file("$folder/job.yaml", "job: bad\ninput: {path: export.csv}\n"
        . "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\nfields: {external_id: id}\n$setting\n");
    (my $status, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report");
    is($status, 2, "$setting: status 2");
    like($err, qr/^kyc-import: error: \S*job\.yaml:5:\d+: [^\n]+\nhint: [^\n]{5,}\n/m, "$setting: its place, and a hint") or diag $err;
    unlike($err, qr/hunter2/, '  and not its value');
}

# A rule without its `#`, below a `# rules:` that has it.
write_file("$folder/job.yaml", read_file("$folder/job.yaml") =~ s/^rules:.*//msr . "# rules:\n  - {rule: min_age, years: 18}\n");
(my $broken, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report");
is($broken, 2, 'a line that lost its # alone is status 2');
like($err, qr/job\.yaml:\d+:\d+: not YAML: [^\n]+\n {4}[^\n]+\n +\^\nhint: check the indentation [^\n]*`# rules:`/, '  and the hint is the # of the line above');

# What is written where, and what it should be.
for my $case (
    ['a word near to one, in its own line', "  account_purpose:\n    column: given\n    values:\n      Pay: receive_salary\n      Gift: make_paymets\n",
        qr/job\.yaml:14:13: account_purpose: "make_paymets" is not one of the provider's values\n +Gift: make_paymets\n +\^\nhint: did you mean `make_payments`\?\n/],
    ['the beginning of a word', "  account_purpose:\n    column: given\n    values: {x: charitable}\n", qr/hint: did you mean `charitable_donations`\?/],
    ['a word that is left to be filled in', "  account_purpose:\n    column: given\n    values:\n      Cook: WORD\n",
        qr/job\.yaml:13:13: account_purpose: "WORD" is not one of the provider's values\n.*\n.*\nhint: they are receive_payments, manage_/],
    ['a wrong word for all others', "  account_purpose:\n    column: given\n    values: {x: receive_salary}\n    otherwise: none\n", qr/job\.yaml:13:16: account_purpose: "none" is not/],
    ['a code that is left to be filled in', "  country:\n    column: town2\n    values:\n      Congo: CODE\n", qr/job\.yaml:13:14: country: "CODE" is not a known country/],
    ['a word in the place of a column', "  account_purpose: purchase_goods_and_services\n",
        qr/no column "purchase_goods_and_services".*\n.*\n.*\nhint: a value for all records is written \{value: purchase_goods_and_services\}\n/],
    ['a country in the place of a column', "  nationalities: US\n", qr/hint: a value for all records is written \{value: US\}\n/],
    ['a boolean in the place of a column', "  pep_status: false\n", qr/hint: a value for all records is written \{value: false\}\n/],
    ['a misspelt column is none', "  account_purpose: giben\n", qr/hint: did you mean "given"\?\n/],
) {
    my ($sentence, $fields, $message) = @$case;
    refused($sentence, '', $fields);
    like($err, $message, '  and the message says so');
}
done_testing;
