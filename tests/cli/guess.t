#!/usr/bin/perl
# guess: its job loads, contains what the data proves, and leaves the rest open. And `fields: auto`.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode encode_utf8);
use FindBin;
use JSON::PP qw(decode_json);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

chdir "$FindBin::Bin/../.." or die "$!\n";
my $folder = scratch_folder();

# Every sample: check accepts the guessed job once its TODO lines are resolved.
for my $name (qw(customers.csv customers-dirty.csv customers.ndjson customers-dirty.ndjson bank.csv saas.ndjson every-defect.csv)) {
    my $job = guess("samples/$name.gz");
    ok($job, "$name: a job is written") or next;
    my ($status, $summary, $err) = check($job, "samples/$name.gz");
    cmp_ok($status, '<=', 1, "$name: check takes the job") or diag $err, $job;
    ok($summary && $summary->{read} > 100, "$name: and reads the rows by it");
}

# The job's name: that of the file without its date, so that the job of the next export has the same ledger.
for my $case (['Contacts.csv', 'contacts'], ['all-contacts-2026-11-28.csv', 'all-contacts'], ['export_20261128.csv', 'export'],
    ['Kunden (Kopie) 28.11.2026.csv', 'kunden-kopie'], ['export-2026-11-28-1.csv', 'export'], ['part-00.csv', 'part-00'], ['2026-11-28.csv', ''])
{
    my ($name, $want) = @$case;
    write_file("$folder/$name", "id,email\n1,ann\@example.com\n");
    my ($job) = guess("$folder/$name") =~ /^job: (\S+)/m;
    is($job, join('-', grep { length } $want, 'payward'), "the job's name by $name");
}

# The result for each.
my $bank = guess('samples/bank.csv.gz');
like($bank, qr/^  encoding: windows-1252    # CHECK: the file is not UTF-8, and nothing proves what it is\.$/m, 'bytes that are not UTF-8: windows-1252 with a CHECK');
like($bank, qr/^  # Are these the letters of your customers' names\? .*:\n  #   (?:\S \d+ )*ü \d+/m, 'and the letters that they become, with their counts');
like($bank, qr/^  # If they are not, write the encoding in which the program exported it/m, 'and what to do if they are not');
like($bank, qr/delimiter: ";"/, 'semicolons');
like($bank, qr/^  date_of_birth: \{column: Geburtsdatum, format: DD\.MM\.YYYY\}/m, 'an order of dates that values prove');
like($bank, qr/^  address_line1: "Straße und Hausnummer"/m, 'a German column');
like($bank, qr/^  null_values: \["", "-"\]/m, 'a hyphen for no value');
like($bank, qr/^    #   "Köchin": WORD/m, 'the words that the provider does not know');
my $saas = guess('samples/saas.ndjson.gz');
like($saas, qr/^  phone: "contact\.phones\[0\]\.number"/m, 'a member of an array of objects');
like($saas, qr/^  format: ndjson$/m, 'NDJSON by its first character');
unlike($saas, qr/# TODO/, 'nothing is left open where everything is proven');
my $dirty = guess('samples/customers-dirty.csv.gz');
like($dirty, qr/^  nationalities: \{column: nats, split: "\|"\}/m, 'a separator that the lists show');

# Rows for one question each.
my @rows = (
    ['both readings where nothing proves an order', "id,dob\n1,03/04/1980\n2,05/06/1981\n",
        qr/^  # TODO date_of_birth: .*\n  #   DD\/MM\/YYYY: 0 values can be read in this order only, 2 in both\n  #   MM\/DD\/YYYY: 0 values .*\n  date_of_birth: \{column: dob, format: \[DD\/MM\/YYYY, MM\/DD\/YYYY\]\}/m],
    ['both where two rows prove two orders', "id,dob\n1,13/04/1980\n2,05/16/1981\n3,14/01/1980\n",
        qr/^  # TODO date_of_birth: .*\n  #   DD\/MM\/YYYY: 2 values.*\n  #   MM\/DD\/YYYY: 1 value can be read.*\n  date_of_birth: \{column: dob, format: \[/m],
    ['lists of forms, as `format` takes them', "id,dob\n1,13/04/1980\n2,05/16/1981\n3,\"May 3, 1980\"\n",
        qr/^  # TODO date_of_birth: .* Set format to one of these:\n  #   \[DD\/MM\/YYYY, 'MMM D, YYYY'\]: 2 values can .*\n  #   \[MM\/DD\/YYYY, 'MMM D, YYYY'\]: 1 value can .*\n/m],
    ['an order that only the column\'s name gives', "id,Date of Birth (MM/DD/YYYY)\n1,03/04/1980\n",
        qr/^  date_of_birth: \{column: "Date of Birth \(MM\/DD\/YYYY\)", format: MM\/DD\/YYYY\} +# CHECK: by the column's name/m],
    ['an order that the values prove against the column\'s name', "id,Date of Birth (MM/DD/YYYY)\n1,13/04/1980\n",
        qr/^  date_of_birth: \{column: .*, format: DD\/MM\/YYYY\} +# proven by 1 value/m],
    ['whole names', "id,Full Name\n1,Ann Lee\n2,Bob Ray\n",
        qr/^  # CHECK: whole names .*: 2 of 2 are split.*\n  first_name: \{column: Full Name, match: '\(\\S\+\)\\s\+\(\\S\+\)', replace: '\$1'\}\n  last_name: \{column: Full Name, match: .*, replace: '\$2'\}$/m],
    ['whole names with a comma', "id,Name\n1,\"Lee, Ann\"\n2,\"van der Berg, Bob\"\n",
        qr/^  # CHECK: .*: 2 of 2 are split .*, the last name first.*\n  first_name: .*, replace: '\$2'\}\n  last_name: .*, replace: '\$1'\}$/m],
    ['whole names of three words, which have two readings', "id,Name\n1,Ann Lee\n2,Ana Maria Lee\n3,Jan van der Berg\n",
        qr/^  # CHECK: .*: 2 of 3 are split.*\n  # 1 has more words, or one: it is rejected \(first_name\/match\).*\n  # To take the last word as the last name of all, put these two lines in place of the two below:\n  #   first_name: \{column: Name, match: '\(\.\+\)\\s\+\(\\S\+\)', replace: '\$1'\}\n  #   last_name: \{column: Name, match: '\(\.\+\)\\s\+\(\\S\+\)', replace: '\$2'\}\n  first_name: /m],
    ['the same with the last name first', "id,Nachname Vorname\n1,Lee Ann\n2,Lee Ana Maria\n3,van der Berg Jan\n",
        qr/^  # To take the first word as the last name of all, .*\n  #   first_name: .*, match: '\(\\S\+\)\\s\+\(\.\+\)', replace: '\$2'\}\n  #   last_name: .*, replace: '\$1'\}\n/m],
    ['names with a comma, of which one has none', "id,Name\n1,\"Lee, Ann\"\n2,\"Ray, Bob\"\n3,Prince\n", qr/^  # CHECK: .*: 2 of 3 are split .*\n  # 1 has .*\n  first_name: /m],
    ['a column of names beside first and last name', "id,Name,First Name,Last Name\n1,Ann Lee,Ann,Lee\n", qr/^  first_name: First Name$/m],
    ['names that are e-mail addresses', "id,name\n1,ann\@example.com\n2,bob\@example.com\n", qr/^  # TODO first_name: /m],
    ['months first', "id,dob\n1,12/31/1980\n", qr/^  date_of_birth: \{column: dob, format: MM\/DD\/YYYY\}/m],
    ['one digit', "id,dob\n1,1.2.1980\n2,31.12.1980\n", qr/format: D\.M\.YYYY\}/],
    ['no separator', "id,dob\n1,31121980\n", qr/format: DDMMYYYY\}/],
    ['ISO dates need no format', "id,dob\n1,1980-12-31\n2,19801231\n", qr/^  date_of_birth: dob\b/m],
    ['two digits of a year', "id,dob\n1,31.12.80\n", qr/format: DD\.MM\.YY, century: 19\d\d\} # proven by 1 value; CHECK the century: YY is of 19\d\d to 20\d\d$/m],
    ['a date in words of no form', "id,dob\n1,the 3rd of March 1980\n", qr/CHECK: 1 value of this column is of no form that a `format` reads/],
    ['tabs', "id\tE-mail\n1\ta\@example.com\n", qr/delimiter: tab/],
    ['pipes, beside commas in the values', "id|name|street\n1|a, b|x, y\n2|c, d|z, w\n", qr/delimiter: "\|"/],
    ['single quotes', "id,city\n'1','A, B'\n'2','C'\n", qr/quote: "'"/],
    ['two columns that fit equally', "id,mobile,telephone\n1,+14155550110,+14155550111\n",
        qr/^  phone: mobile.*\n  #   CHECK: fits equally well: telephone \(filled in 1 of 1 rows\)$/m],
    ['of two columns the one with more values', "id,mobile,telephone\n1,,+14155550111\n2,+14155550110,+14155550112\n",
        qr/^  phone: telephone.*\n  #   fits too: mobile \(filled in 1 of 2 rows\)$/m],
    ['of two columns the one with better values', "id,e-mail,mail\n1,yes,a\@example.com\n2,no,b\@example.com\n", qr/^  email: mail\b/m],
    ['the payer, and not the seller that all rows share',
        join('', "id,To Email Address,From Email Address\n", map { "$_,shop\@example.com,p$_\@example.com\n" } 1 .. 3),
        qr/^  email: From Email Address .*\n  #   fits too: To Email Address \(/m],
    ['an address that most rows share, and no other', join('', "id,email\n", map { "$_,shop\@example.com\n" } 1 .. 3),
        qr/^  email: email +# CHECK: 3 of its 3 values are the same$/m],
    ['one postal code for all is no fault', join('', "id,zip\n", map { "$_,94607\n" } 1 .. 3), qr/^  postal_code: zip (?!.*CHECK)/m],
    ['members in brackets', "customer[id],customer[email],billing_address[zip]\n1,a\@example.com,94607\n2,b\@example.com,94607\n",
        qr/^  external_id: "customer\[id\]".*\n  email: "customer\[email\]".*(?s:.*)\n  postal_code: "billing_address\[zip\]"/m],
    ['an empty column is no rival', "id,Phone Number,Mobile Phone Number\n1,+14155550110,\n", qr/^  phone: Phone Number .*\n  (?!#   )/m],
    ['a key that repeats is no other key', "ID,AccountId\nc1,a1\nc2,a1\n", qr/^  external_id: ID +# CHECK: its name is a weak hint; 2 different values in 2 rows\n(?!  #   CHECK)/m],
    ['a key of which there is none better repeats', "customer_id,City\nc1,Oakland\nc1,Oakland\nc2,Oakland\n",
        qr/^  external_id: customer_id +# .*CHECK: only 2 different values in 3 rows; the others are rejected \(external_id\/unique\)$/m],
    ['a key that repeats is none', "Id,AccountId\nc1,a1\nc2,a1\n", qr/^  external_id: Id\b/m],
    ['one address, and not parts of two', "id,MailingStreet,MailingCity,OtherStreet,OtherCity\n1,1 Market St,Oakland,2 Pine St,\n2,,Oakland,3 Elm St,\n",
        qr/^  address_line1: MailingStreet .*\n  #   fits too: OtherStreet \(filled in 2 of 2 rows\)\n  city: MailingCity/m],
    ['no name for the key: distinct values', "Email,City\na\@example.com,Oakland\nb\@example.com,Oakland\n",
        qr/^  external_id: Email +# TODO external_id: no name of a column fits; its values are distinct$/m],
    ['a column that the provider needs and that is not there', "id\n1\n",
        qr/^  # TODO email: payward needs it, and no column fits.*\n  email: \{column: id, match: 'TODO', unmatched: empty\}/m],
    ['no one value for all of what each customer has alone', "id\n1\n", qr/^  # TODO date_of_birth: payward needs it, and no column fits: `date_of_birth: COLUMN`$/m],
    ['one value for all of an enumeration', "id\n1\n", qr/^  # TODO occupation: payward needs it, and no column fits: `occupation: COLUMN`, or `occupation: \{value: …\}` for all$/m],
    ['what a page leaves open, with the rule that relaxes it', "id\n1\n", qr/^  # TODO birth_city: .*: `birth_city: COLUMN`; or the rule `\{field: birth_city, required: false\}` at the end$/m],
    ['the words of an enumeration that is not there', "id\n1\n", qr/^  # TODO occupation: .*\n    # words of payward: agriculture, /m],
    ['values that do not look like their name', "id,email\n1,yes\n2,no\n", qr/^  email: email .*CHECK: only 0 of its 2 values look like one/m],
    ['a weak name', "id\n7\n", qr/^  external_id: id .*CHECK: its name is a weak hint/m],
    ['columns that matched nothing', "id,shoe size\n1,42\n", qr/without a field:\n  #   shoe size    filled in 1 of 1 rows/],
    ['a name that YAML would read otherwise', "id,\"a: b\",Yes\n1,2,3\n", qr/^  #   "a: b" .*\n  #   "Yes" /m],
    ['a word near to a word of the provider', "id,occupation\n1,helthcare\n", qr/^    #   helthcare: healthcare    # 1 row, the nearest/m],
    ['values that only another column has', "id,mobile,telephone\n1,+14155550110,\n2,+14155550110,\n3,,+14155550111\n",
        qr/^  phone: mobile .*\n  #   fits too: telephone .*\n  #   for 1 row that has a value only there: \{columns: \[mobile, telephone\]\}/m],
    ['a column that has no values of its own', "id,mobile,telephone\n1,+14155550110,+14155550111\n2,+14155550110,\n",
        qr/^  #   fits too: telephone .*\n(?!  #   for )/m],
    ['the rule that relaxes what a page may require', "id\n1\n", qr/^#   - \{field: birth_city, required: false\} +# payward's page leaves open/m],
    ['two columns that may be the key', "customer_id,uuid\n1,a-1\n2,a-2\n", qr/^  external_id: customer_id .*\n  #   CHECK: the key must never change; fits too: uuid \(2 different in 2 rows\)$/m],
    ['the labels of a CRM in German', "Datensatz-ID,Vorname,Mobiltelefonnummer\n1,Ann,+14155550110\n2,Ben,+14155550111\n",
        qr/^  external_id: Datensatz-ID +# by the words .*\n(?:.*\n)*?  phone: Mobiltelefonnummer /m],
    ['a list that is a JSON array in a cell', qq(id,nationality\n1,"[""DE"",""US""]"\n2,[]\n3,\n),
        qr/^  nationalities: \{column: nationality, match: '\\\[\(\?:"\(\.\*\)"\)\?\\\]', replace: '\$1', split: '","'\} +# 2 of 2 values/m],
    ['the same with blanks', qq(id,nationality\n1,"[""DE"", ""US""]"\n2,"[""FR""]"\n), qr/^  nationalities: .*, split: '", "'\} /m],
    ['an array of PostgreSQL', qq(id,nationality\n1,"{DE,US}"\n2,{FR}\n), qr/^  nationalities: .*match: '\\\{\(\.\*\)\\\}', replace: '\$1', split: ','\} /m],
    ['arrays of which one is none', qq(id,nationality\n1,{DE}\n2,FR\n), qr/^  nationalities:(?! \{)/m],
    ['no word near to an unlike one', "id,occupation\n1,Owner\n", qr/^    #   Owner: WORD    # 1 row$/m],
    ['records that are deleted', "id,is_deleted\n1,false\n2,true\n", qr/^  # CHECK: 1 of 2 records have another value than "?false"? in is_deleted.*\n  # where:\n  #   - \{column: is_deleted, must_match: '\^false\$'\}\n/m],
    ['a time at which they ended', "id,deleted_at\n1,\n2,2024-01-01\n", qr/^  # CHECK: 1 of 2 records have a value in deleted_at.*\n  # where:\n  #   - \{column: deleted_at, must_match: '\^\$'\}\n/m],
    ['records that alone have a value for it', "id,blocked\n1,\n2,true\n3,\n", qr/^  # CHECK: 1 of 3 records have the value "?true"? in blocked.*\n  # where:\n  #   - \{column: blocked, must_not_match: '\^true\$'\}\n/m],
    ['a word for their state, in an object', qq({"id":1,"app":{"status":"active"}}\n{"id":2,"app":{"status":"closed"}}\n), qr/^  # where:\n  #   - \{column: app\.status, must_match: '\^active\$'\}\n/m],
    ['a word for their state', "id,status\n1,active\n2,closed\n3,Test\n", qr/^  # CHECK: 2 of 3 .*\n  # where:\n  #   - \{column: status, must_match: '\^active\$'\}\n/m],
    ['leads among customers', "id,Lifecycle Stage\n1,Lead\n2,Customer\n3,Lead\n",
        qr/^  # CHECK: 2 of 3 records have another value than Customer in Lifecycle Stage \(Lead 2, Customer 1\)\. If they are not customers:\n  # where:\n  #   - \{column: Lifecycle Stage, must_match: '\^Customer\$'\}\n/m],
    ['the words of a state', "id,status\n1,active\n2,closed\n3,Test\n4,active\n", qr/^  # CHECK: 2 of 4 .* in status \(active 2, Test 1, closed 1\)\. If/m],
    ['two of these', "id,active,deleted_at\n1,t,\n2,f,2024-01-01\n", qr/^  # where:\n  #   - \{column: active, must_match: '\^t\$'\}\n  # CHECK: .*\n  #   - \{column: deleted_at,/m],
    ['a flag that all share', "id,is_deleted\n1,false\n2,false\n", qr/^  null_values: .*\n\n/m],
    ['postal codes that lost their zero', "id,zip,country\n1,2139,US\n2,94607.0,US\n3,94607,US\n4,1010,AT\n",
        qr/^  postal_code: zip .*\n  #   CHECK: 1 postal codes have fewer digits .*\n  #   CHECK: 1 postal codes end in \.0/m],
    ['a street and its house number', "id,street,no\n1,Hauptstr.,12a\n2,Ringweg,3\n", qr/^  address_line1: \{columns: \[street, "no"\], join: " "\} +# CHECK/m],
    ['a street and its number in Portuguese', "Código do cliente,Endereço,Número\n1,Rua Exemplo,12\n2,Rua Modelo,3\n",
        qr/^  external_id: "Código do cliente".*\n(?s:.*)^  address_line1: \{columns: \["Endereço", "Número"\], join: " "\} +# CHECK/m],
    ['a house number is no key', "Nome,Endereço,Número,Código\nAna,Rua Exemplo,12,7\nRui,Rua Modelo,3,8\n",
        qr/^  external_id: "Código" +# TODO external_id: .*\n(?s:.*)^  address_line1: \{columns: \["Endereço", "Número"\], join: " "\}/m],
    ['two fields in one column', "id,PLZ/Ort,Land\n1,10115 Berlin,DE\n2,20095 Hamburg,DE\n", qr/^  postal_code: PLZ\/Ort +# CHECK: its name is a weak hint/m],
    ['a street that has its number', "id,street,no\n1,Hauptstr. 1,12\n2,Ringweg 3,3\n", qr/^  address_line1: street\b/m],
    ['day, month and year', "id,day,month,year\n1,13,2,1980\n2,1,12,1981\n",
        qr/^  date_of_birth: \{columns: \[year, month, day\], join: "-", format: YYYY-M-D\} +# CHECK/m],
    ['national numbers without a country', "id,phone\n1,030 23125000\n2,+14155550110\n", qr/^  phone: phone\n  #   CHECK: 1 numbers have no \+, and no country is mapped/m],
    ['national numbers with a country', "id,phone,country\n1,030 23125000,DE\n", qr/^  phone: phone\n  (?!#   CHECK)/m],
    ['a country that is misspelt', "id,country\n1,Germny\n2,US\n3,Congo\n4,Atlantis\n",
        qr/^  country: .*\n    column: country\n    # CHECK: 3 words .*not known as countries.*\n    # values:\n(?:    #   (?:Germny: DE .*the nearest|Congo: CODE .*|Atlantis: CODE .*)\n){3}/m],
    ['nationals of a country, which are known', "id,nationality\n1,American\n2,German\n", qr/^  nationalities: nationality\b/m],
    ['a header alone', "id,email\n", qr/^  email: email/m],
);
for my $case (@rows) {
    my ($sentence, $csv, $want) = @$case;
    write_file("$folder/case.csv", encode_utf8($csv));
    my $job = guess("$folder/case.csv");
    like($job, $want, $sentence);
}

# The shape of a file: the settings, and that the job reads every customer by them.
my $head = "id,first_name,last_name,email,phone,birth_date,city,note\n";
my @people = map { "c-$_,Ann,Lee,ann$_\@example.com,+141555501" . (10 + $_) . ",1980-02-1$_,Oakland,x\n" } 1 .. 6;
my ($plain, $count) = (join('', @people), scalar @people);
for my $case (
    ['title lines', "Customer report\nGenerated 01.02.2026 10:00 by j.doe\n\n$head$plain", qr/skip_lines: 3[,}]/, $count],
    ['a title with the delimiters of a spreadsheet', "Customer report,,,,,,,\n$head$plain", qr/skip_lines: 1[,}]/, $count],
    ['a comment', "# exported 2026-02-01\n$head$plain", qr/skip_lines: 1[,}]/, $count],
    ['empty lines before the header', "\n\n$head$plain", qr/csv: \{delimiter: ",", quote: '"'\}/, $count],
    ['a line that tells spreadsheets the delimiter', "sep=;\n" . tr_delimiter("$head$plain"), qr/delimiter: ";"/, $count],
    ['no header', $plain, qr/header: \[id, column_2, column_3, email, phone, date_of_birth, column_7, column_8\]/, $count],
    ['backslashes before quotes', $head . $plain =~ s/Oakland/"12 \\"The Oaks\\", Elm St"/gr, qr/escape: '\\'/, $count],
    ['backslashes before delimiters', $head . $plain =~ s/Oakland/Oakland\\, CA/gr, qr/escape: '\\'/, $count],
    ['a backslash that escapes nothing', $head . $plain =~ s/Oakland/a\\b/gr, qr/csv: \{delimiter: ",", quote: '"'\}/, $count],
    ['single quotes around cells', $head . $plain =~ s/([^,\n]+)/'$1'/gr =~ s/Oakland/Oakland, CA/gr, qr/quote: "'"/, $count],
    ['apostrophes that guard numbers', $head . $plain =~ s/\+1/'+1/gr, qr/spreadsheet_guards: strip/, $count],
    ['apostrophes at the beginning of names', $head . $plain =~ s/Oakland/'s-Gravenhage/gr, qr/csv: \{delimiter: ",", quote: '"'\}\n  null_values/, $count],
    ['formulas that guard numbers', $head . $plain =~ s/(\+1\d+)/="$1"/gr, qr/spreadsheet_guards: strip/, $count],
    ['short records', $head . $plain =~ s/,x$//gmr, qr/ragged: pad/, $count],
    ['a delimiter at the end of every record', $head . $plain =~ s/$/,/gmr =~ s/,\z//r, qr/ragged: pad/, $count],
    ['a record of totals', "$head${plain}Total,,,6 customers,,,,\n", qr/skip_footer: 1\}/, $count],
    ['a line of totals', "$head${plain}TRAILER|6\n", qr/skip_footer: 1\}/, $count],
    ['lines behind the records', "$head$plain\nCustomer report\nConfidential Information\n", qr/skip_footer: 2\}/, $count],
    ['a last customer with few values', "$head${plain}c-7,,,g\@example.com,,,Oakland,\n", qr/quote: '"'\}/, $count + 1],
) {
    my ($sentence, $csv, $want, $read) = @$case;
    write_file("$folder/shape.csv", $csv);
    my $job = guess("$folder/shape.csv");
    like($job, $want, $sentence);
    like($job, qr/^  # CHECK: .*\n(?:  # .*\n)*  csv:/m, '  is marked to be checked') if $want =~ /skip|header|escape|ragged|guards/;
    unlike($job, qr/Ann|Lee|\@example|41555501|1980|Oakland|The Oaks/, '  and no value is shown');
    my (undef, $summary, $err) = check($job, "$folder/shape.csv");
    ok($summary, '  the job loads') or diag $err, $job;
    is($summary->{read} - $summary->{skipped}, $read, '  every customer is read');
    is(($summary->{rejects_by_rule}{'record/malformed'} // 0) + ($summary->{rejects_by_rule}{'record/columns'} // 0), 0, '  as a record');
}

# Every job loads as it is, its TODOs unanswered; what it lacks is rejected, and nothing is sent without it.
for my $provider (qw(payward kira payso kraken-embed)) {
    write_file("$folder/open.csv", "shoe size,colour\n42,red\n43,red\n");
    write_file("$folder/open.yaml", encode_utf8(guess("$folder/open.csv", $provider)));
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/open.yaml", '--json', '-q', '--report', "$folder/report");
    is($status, 1, "$provider: a job without a field that is needed loads") or diag $err;
    is(decode_json($out)->{valid}, 0, '  and no record is valid');
}
like(guess("$folder/open.csv", 'kira'), qr/^  # CHECK source_of_funds: kira tends to refuse customers without it.*\n    # words of kira: salary, /m,
    'what a provider recommends is listed, with its words');
like(guess("$folder/open.csv", 'payso'),
    qr/^  # CHECK national_id: payso needs it of businesses and of individuals in the US, and no column fits:\n  # national_id: COLUMN; or the rule `\{field: national_id, required: false\}` at the end\n/m, 'what it needs of some customers, too');
like(guess("$folder/open.csv", 'kira'), qr/^  # verification_mode: \{value: verification_link\} +# kira asks each customer for what is missing, at a link$/m,
    'how customers are verified whose records lack what an automatic verification needs');
unlike(guess("$folder/open.csv", 'payward'), qr/verification_mode/, 'but not of a provider that has no such mode');

write_file("$folder/latin.csv", encode('iso-8859-1', "id,city\n1,Köln\n2,\x{81}Zürich\n"));
my $latin = guess("$folder/latin.csv");
like($latin, qr/^  encoding: windows-1252    # CHECK: /m, 'a byte that windows-1252 does not define: a CHECK too');
like($latin, qr/^  #   ö 1 ü 1\n  #   and 1 that are no characters in it$/m, 'and it is reported');
unlike($latin, qr/Zürich|Köln|rich/, 'letters are shown, and no words');
for my $case (
    ['cp1250', 'windows-1250', 'Polish', "Wałęsa,Łódź", 'ł 1'],
    ['iso-8859-2', 'iso-8859-2', 'Czech', "Růžička,Třebíč\n2,Dvořák,Plzeň\n3,Kučerová,Ústí", 'č 3'],
    ['cp1251', 'windows-1251', 'Russian', "Иван,Москва", 'а 2'],
    ['koi8-r', 'koi8-r', 'Russian', "Кузнецова,Ярославль", 'а 2'],
    ['cp1254', 'windows-1254', 'Turkish', "Şahinoğlu,Eskişehir", 'ğ 1'],
    ['cp1253', 'windows-1253', 'Greek', "Παπαδόπουλος,Αθήνα", 'π 2'],
    ['cp850', 'cp850', 'German', "Müller,Zürich\n2,Jäger,Köln", 'ü 2'],
    ['MacRoman', 'macintosh', 'German', "Müller,Zürich\n2,Jäger,Köln", 'ü 2'],
    ['cp932', 'shift_jis', 'Japanese', "\x{592a}\x{90ce},\x{6771}\x{4eac}", "\x{592a} 1"],
    ['big5', 'big5', 'Chinese', "\x{9673}\x{5927}\x{6587},\x{53f0}\x{5317}", "\x{5927} 1"],
) {
    my ($encoding, $name, $language, $text, $letter) = @$case;
    write_file("$folder/other.csv", "id,last name,city\n1," . encode($encoding, $text) . "\n");
    my $job = guess("$folder/other.csv");
    like($job, qr/^  encoding: \Q$name\E    # CHECK: .*\n  # The most plausible is \Q$name\E, by letters of .*\Q$language\E.*\n/m,
        "$encoding in $language is proposed, with a CHECK");
    like($job, qr/^  #  (?: \S \d+)* \Q$letter\E\b/m, '  and its letters are counted');
    unlike($job, qr/\Q$_\E/, '  and no word of it is shown') for grep { length > 2 } split /[,\n0-9]+/, $text;
    my ($status, $summary, $err) = check($job, "$folder/other.csv");
    ok($summary && $summary->{read}, '  and the job loads') or diag $err;
}
write_file("$folder/c1.csv", encode_utf8("id,last name\n1,O\x{92}Brien\n2,Lee\n"));
like(guess("$folder/c1.csv"), qr/^# CHECK: 1 cell of the sample with bytes or characters that are not text/m, 'text that was decoded by another encoding is reported');
write_file("$folder/latin.ndjson", encode('iso-8859-1', "{\"id\": 1, \"city\": \"Köln\"}\n{\"id\": 2, \"city\": \"Bonn\"}\n"));
my $latin_json = guess("$folder/latin.ndjson");
like($latin_json, qr/^# CHECK: this NDJSON is not UTF-8/m, 'NDJSON that is not UTF-8 is reported');
unlike($latin_json, qr/^  encoding:/m, 'and has no encoding, with which the job would not load');
for my $case (
    ['behind a title', "Customers of May\nquiet.person\@example.com,Clandestina,1980-01-02\nb\@example.com,Bo,1981-02-03\n", 2],
    ['with a key like the others', "Clandestina,C-1042,Hidden Valley\nAnn,C-1043,Oakland\nBo,C-1044,Reno\n", 3],
    ['of which a value is repeated', "Clandestina,divers,Hidden Valley\nAnn,divers,Oakland\nBo,F,Reno\nCy,divers,Waco\n", 4],
) {
    my ($sentence, $text, $rows) = @$case;
    write_file("$folder/first.csv", $text);
    my $job = guess("$folder/first.csv");
    like($job, qr/header: \[/, "a first customer $sentence is no header");
    unlike($job, qr/quiet|Clandestina|Hidden|divers/, '  and none of its values is shown');
    my (undef, $summary, $err) = check($job, "$folder/first.csv");
    is($summary && $summary->{read} - ($summary->{rejects_by_rule}{'record/columns'} // 0), $rows, '  and it is read as a customer') or diag $err;
}
write_file("$folder/privacy.csv", "id,email,first name\n1,quiet.person\@example.com,Clandestina\n");
unlike(guess("$folder/privacy.csv"), qr/quiet.person|Clandestina/, 'no value of a customer is shown');
write_file("$folder/keyed.ndjson", '{"id": 1, "quiet.person@example.com": {"city": "Bonn"}, "@type": "Person"}' . "\n");
my $keyed = guess("$folder/keyed.ndjson");
unlike($keyed, qr/quiet/, 'nor the name of a member that is an e-mail address');
like($keyed, qr/"\@type"/, 'but that of one that begins with the sign');

# Errors.
write_file("$folder/twice.csv", "name,name,\nAnn,Lee,x\n");
write_file("$folder/empty.ndjson", "{}\n{}\n");
write_file("$folder/latin.ndjson", encode('iso-8859-1', "{\"id\": 1, \"city\": \"Köln\"}\n"));
write_file("$folder/trail.csv", encode('cp932', "id|last name|city\n1|\x{592a}\x{90ce}|\x{6771}\x{4eac}\n"));
for my $case (
    ['a delimiter that is a part of characters', ["$folder/trail.csv", '--provider', 'payward'], 3, qr/most plausibly shift_jis.*`\|`.*\nhint: .*iconv -f shift_jis -t UTF-8 FILE/],
    ['no provider', ['samples/bank.csv.gz'], 2, qr/no provider given\nhint: --provider NAME, one of payward/],
    ['a misspelt provider', ['samples/bank.csv.gz', '--provider', 'paywrad'], 2, qr/did you mean --provider payward/],
    ['no input', ['--provider', 'payward'], 2, qr/no input given/],
    ['an input that is not there', ['/nowhere.csv', '--provider', 'payward'], 3, qr{/nowhere\.csv}],
    ['columns without a name of their own', ["$folder/twice.csv", '--provider', 'payward'], 3, qr/no column has a name of its own\nhint: .*header/],
    ['objects without members', ["$folder/empty.ndjson", '--provider', 'payward'], 3, qr/the objects have no members/],
    ['NDJSON without a line of UTF-8', ["$folder/latin.ndjson", '--provider', 'payward'], 3, qr/the file is not UTF-8.*\n.*iconv/],
    ['an option of another command', ['samples/bank.csv.gz', '--row', '3'], 2, qr/--row is not an option of this command/],
) {
    my ($sentence, $arguments, $want, $message) = @$case;
    my ($status, $out, $err) = run_program(program('kyc-import'), 'guess', @$arguments);
    is($status, $want, "$sentence: status $want");
    like($err, $message, "$sentence: the message says so");
    is($out, '', "$sentence: nothing on standard output");
}
write_file("$folder/array.json", "[{\"id\": 1}]\n");
my ($status, undef, $err) = run_program(program('kyc-import'), 'guess', "$folder/array.json", '--provider', 'payward');
is($status, 3, 'a JSON array is no NDJSON');
like($err, qr/jq -c/, 'and the message says how to make it one');

# fields: auto
my $header = 'customer_id,given_name,surname,email,mobile,dob,birthplace,country_of_birth,street,town,zip,country,nationality,job';
my $row = 'c-1,Alex,Morgan,a@example.com,+14155550110,1990-04-15,Oakland,US,1 Market St,Oakland,94607,US,US,other';
is((auto("$header\n$row\n"))[0], 0, 'fields: auto reads columns by their usual names');
($status, $err) = auto("$header,telephone\n$row,+14155550111\n");
is($status, 2, 'two columns that fit one field equally well are an error');
like($err, qr/"mobile".*"telephone".*fit phone equally well/, 'that names both');
($status, $err) = auto("email\na\@example.com\n");
is($status, 2, 'a header without a key is an error');
like($err, qr/no column fits external_id/, 'that says so');
($status, $err) = auto("{\"id\": 1}\n", 'ndjson');
is($status, 2, 'NDJSON has no header to match');
like($err, qr/kyc-import guess/, 'and the message names guess');
done_testing;

sub guess
{
    my ($input, $provider) = @_;
    my ($status, $out, $err) = run_program(program('kyc-import'), 'guess', $input, '--provider', $provider // 'payward');
    diag "guess $input: status $status: $err" if $status;
    return decode_utf8($out);
}

# TODO lines as a person would resolve them: the first alternative, or a field that is not required.
sub answered
{
    my ($job) = @_;
    my @loose;
    my @lines = split /\n/, $job;
    for my $i (0 .. $#lines) {
        next unless $lines[$i] =~ /^  # TODO (\w+):/;
        my $field = $1;
        push @loose, "  - {field: $field, required: false}\n" unless $lines[$i + 1] =~ s/^  # (\Q$field\E: )/  $1/;
    }
    return join('', map { "$_\n" } @lines) . (@loose ? join('', "rules:\n", @loose) : '');
}

sub tr_delimiter
{
    my ($csv) = @_;
    return $csv =~ tr/,/;/r;
}

sub check
{
    my ($job, $input) = @_;
    write_file("$folder/guess.yaml", encode_utf8(answered($job)));
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/guess.yaml", '--input', $input, '--json', '-q',
        '--report', "$folder/report");
    return ($status, $out ? decode_json($out) : undef, $err);
}

sub auto
{
    my ($export, $format) = @_;
    $format //= 'csv';
    write_file("$folder/auto.$format", $export);
    write_file("$folder/auto.yaml", "job: auto\ninput: {path: auto.$format}\nprovider: {name: payward, "
        . "credentials: {api_key: env:NO_KEY, api_secret: env:NO_SECRET}}\nfields: auto\n");
    my ($status, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/auto.yaml", '--report', "$folder/report");
    return ($status, $err);
}
