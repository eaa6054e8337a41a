#!/usr/bin/perl
# Dates with a time of day: either the intended day is sent, or the record is rejected. In CSV and NDJSON, in `check`,
# `explain` and `guess`.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use JSON::PP qw(decode_json encode_json);
use Test::More;
use Time::Local qw(timegm);

use lib "$FindBin::Bin/../lib";
use KycTest;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
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

# Each form, alone and in a list; ISO is read beside each. [mapping, [written, day or rule]...]
my $decomposed = "3. Ma\x{308}rz 1980";
for my $case (
    ["{column: dob, format: DD-MMM-YYYY}", ['12-Jan-1980', '1980-01-12'], ['03-SEPT.-1981', '1981-09-03'], ['12-Okt-1980', 'format'], ['1980-01-12', '1980-01-12']],
    ["{column: dob, format: 'MMMM D, YYYY'}", ['"December 25, 1990"', '1990-12-25'], ['"feb 3, 1990"', '1990-02-03'], ['"February 30, 1990"', 'format']],
    ["{column: dob, format: D. MMMM YYYY, locale: de}", ['3. März 1980', '1980-03-03'], ['3. Mrz. 1980', '1980-03-03'], [$decomposed, '1980-03-03'], ['3. DEZEMBER 1980', '1980-12-03'], ['3. May 1980', 'format']],
    ["{column: dob, format: D MMM YYYY, locale: fr-CA}", ['3 févr. 1980', '1980-02-03'], ['3 FEVRIER 1980', '1980-02-03'], ['3 août 1980', '1980-08-03'], ['3 jui 1980', 'format']],
    ["{column: dob, format: MM/DD/YY, century: 1930}", ['12/31/80', '1980-12-31'], ['06/30/07', '2007-06-30'], ['06/30/30', '1930-06-30'], ['06/30/29', 'future'], ['06/30/1980', 'format']],
    ["{column: dob, format: unix}", ['318211200', '1980-02-01'], ['-315619200', '1960-01-01'], ['318211200.0', '1980-02-01'], ['318207600', 'time'], ['318211200000', 'format']],
    ["{column: dob, format: unix, zone: Europe/Berlin}", ['318207600', '1980-02-01'], ['318211200', 'time']],
    ["{column: dob, format: unix, time: drop}", ['318207600', '1980-01-31']],
    ["{column: dob, format: unix_ms, zone: Europe/Berlin}", ['318207600000', '1980-02-01'], ['-315622800000', '1960-01-01'], ['318207600001', 'time']],
    ["{column: dob, format: excel}", ['29252', '1980-02-01'], ['29252.0', '1980-02-01'], ['29252.5', 'time'], ['60', 'format'], ['12', 'too_old'], ['"29,252"', 'format']],
    ["{column: dob, format: excel, time: drop}", ['29252.5', '1980-02-01']],
    ["{column: dob, format: 'M/D/YYYY h:mm:ss A', time: drop}", ['2/13/1980 11:59:59 PM', '1980-02-13']],
    ["{column: dob, format: 'MMM  D YYYY h:mmA'}", ['Feb  3 1980 12:00AM', '1980-02-03'], ['Feb 13 1980 12:00AM', '1980-02-13']],
    ["{column: dob, zone: Europe/Berlin}", ['1980-02-12 23:00:00 UTC', '1980-02-13'], ['1980-02-12 23:00:00+00', '1980-02-13'], ['1980-02-13 00:00:00 GMT', 'time']],
    ["{column: dob, format: [DD/MM/YYYY, D MMM YYYY, excel]}", ['03/04/1990', '1990-04-03'], ['3 Apr 1990', '1990-04-03'], ['32966', '1990-04-03'], ['4-3-1990', 'format'], ['April', 'format']],
    ["{column: dob, format: [DD/MM/YYYY, MM/DD/YYYY]}", ['03/04/1990', 'ambiguous'], ['31/12/1990', '1990-12-31'], ['12/31/1990', '1990-12-31'], ['05/05/1990', '1990-05-05']],
    ["{column: dob, format: ['YYYY-MM-DD H:mm', 'YYYY-MM-DD mm:HH']}", ['1990-04-03 10:11', 'ambiguous'], ['1990-04-03 00:00', '1990-04-03']],
    ["{column: dob, format: ['YYYY-MM-DD H:mm', 'YYYY-MM-DD mm:HH'], time: drop}", ['1990-04-03 10:11', '1990-04-03']],
    ["{column: dob, format: [unix, unix_ms]}", ['318211200', 'ambiguous'], ['318211200000', '1980-02-01']],
    ["{column: dob, format: [DD/MM/YYYY, 'YYYY-MM-DDTHH:mm:ss.SSSZ'], zone: Europe/Berlin}", ['13/02/1980', '1980-02-13'], ['1980-02-12T23:00:00.000Z', '1980-02-13'], ['1980-02-12T22:00:00Z', 'time']],
) {
    my ($mapping, @values) = @$case;
    checked('csv', $mapping, map { $_->[0] } @values);
    for my $row (1 .. @values) {
        my ($written, $want) = @{$values[$row - 1]};
        my $shown = explained('csv', $row);
        if ($want =~ /^\d/) {
            like($shown, qr/"(?:date|birth_date)": "$want"/, "$mapping: $written is $want");
        } else {
            like($shown, qr/^  reject +date_of_birth\/$want /m, "$mapping: $written is rejected by $want");
        }
    }
}
checked('csv', '{column: dob, format: [DD/MM/YYYY, MM/DD/YYYY]}', '03/04/1990');
like(explained('csv', 1), qr{can be two days by the formats in the job: DD/MM/YYYY or MM/DD/YYYY}, 'the message lists the forms');
checked('csv', '{column: dob, format: [DD/MM/YYYY, D MMM YYYY, unix]}', 'x');
like(explained('csv', 1), qr{is not a date; expected DD/MM/YYYY, D MMM YYYY or unix, the formats in the job}, 'also of a value of none of them');

# The job file's settings.
for my $case (
    ['a misspelt zone', '{column: dob, zone: Europe/Berlni}', qr/:\d+:\d+: `Europe\/Berlni` is not a time zone\n.*\nhint: did you mean `Europe\/Berlin`/s],
    ['an abbreviation, which ICU reads as Dhaka', '{column: dob, zone: BST}', qr/`BST` is not a time zone\n.*\nhint: write AREA\/CITY/s],
    ['a time that is neither', '{column: dob, time: keep}', qr/`time` is `drop`/],
    ['two digits of the year', '{column: dob, format: MM/DD/YY}', qr/:\d+:\d+: `MM\/DD\/YY` has a year of two digits, so it needs `century`.*\n.*\nhint: with `century: 1930`/s],
    ['a century of four digits', '{column: dob, format: MM/DD/YYYY, century: 1930}', qr/:\d+:\d+: `century` is for years of two digits.*\nhint: remove `century`/s],
    ['a language by its name', '{column: dob, format: D MMM YYYY, locale: French}', qr/:\d+:\d+: `French` is not a known locale\n.*\nhint: did you mean `fr`/s],
    ['a locale of numbers', '{column: dob, format: DD/MM/YYYY, locale: fr}', qr/:\d+:\d+: `locale` is for names of months.*\nhint: remove `locale`/s],
    ['a zone of a date without a time', '{column: dob, format: DD/MM/YYYY, zone: Europe/Berlin}', qr/:\d+:\d+: `zone` is for a time of day, and no `format` here has one.*\nhint: remove `zone`/s],
    ['a form in another case', '{column: dob, format: Excel}', qr/:\d+:\d+: `Excel` is not a date format: .*`excel`/],
    ['a form twice', '{column: dob, format: [excel, excel]}', qr/:\d+:\d+: `excel` is listed twice/],
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

($summary) = checked('csv', '{column: dob, format: DD/MM/YYYY, zone: Europe/Berlin, time: drop}', '13/02/1980');
is($summary->{valid}, 1, 'time: drop is never an impossible combination');

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
        qr/^  date_of_birth: \{column: dob, format: 'M\/D\/YYYY h:mm:ss A'\} +# proven by 1 value$/m],
    ['a form with an offset', ['13.02.1980 00:00:00 +01:00', '31.12.1981 23:00:00 Z'],
        qr/^  date_of_birth: \{column: dob, format: 'DD.MM.YYYY H:mm:ss Z', zone: Europe\/Berlin\} +# proven by 2 values +# CHECK the zone/m],
    ['names of months', ['12-Jan-1980', '03-Sep-1981'], qr/^  date_of_birth: \{column: dob, format: DD-MMM-YYYY\} +# proven by 2 values$/m],
    ['German names', ['12. Januar 1980', '3. März 1981'], qr/^  date_of_birth: \{column: dob, format: D. MMMM YYYY, locale: de\} +# proven by 2 values$/m],
    ['French abbreviations', ['12 févr. 1980', '3 déc. 1981'], qr/^  date_of_birth: \{column: dob, format: DD? MMM YYYY, locale: fr\}/m],
    ['a name that is two months', ['12 listopada 1980', '13 listopada 1981'], qr/CHECK the language: by `\w+` some names are other months/],
    ['two digits of the year', ['13.02.80', '01.03.75'], qr/^  date_of_birth: \{column: dob, format: DD.MM.YY, century: 19\d\d\} +# proven by 1 value; CHECK the century/m],
    ['two digits that may be the year', ['01.02.03', '04.05.06'], qr/^  # TODO date_of_birth: .*\n(?:  #   (?:DD.MM.YY|MM.DD.YY|YY.MM.DD): .*\n){3}  date_of_birth: \{column: dob, format: \[.*\], century: /m],
    ['seconds', ['318207600', '362786400', '-315622800'], qr/^  date_of_birth: \{column: dob, format: unix, zone: Europe\/Berlin\} +# proven by 3 values +# CHECK the zone/m],
    ['milliseconds', ['318211200000', '362793600000'], qr/^  date_of_birth: \{column: dob, format: unix_ms\} +# proven by 2 values$/m],
    ['Excel days', ['29252', '32966', '18000'], qr/^  date_of_birth: \{column: dob, format: excel\} +# proven by 3 values; CHECK: Excel's days of the 1900 system/m],
    ['as SQL Server writes them', ['Feb  3 1980 12:00AM', 'Feb 13 1981 12:00AM'], qr/^  date_of_birth: \{column: dob, format: 'MMM D YYYY h:mmA'\} +# proven by 2 values$/m],
    ['with a. m.', ['13/2/1980 12:00:00 a. m.', '3/2/1981 12:00:00 a. m.'], qr/format: 'D{1,2}\/M\/YYYY h:mm:ss A'\}/],
    ['years alone', ['1980', '1981'], qr/CHECK: 2 values of this column are of no form/],
    ['several forms', ['13/02/1980', '01/03/1975', '3 Apr 1990', '29252'],
        qr/^  date_of_birth: \{column: dob, format: \[DD\/MM\/YYYY, D MMM YYYY, excel\]\} +# proven by 3 values/m],
    ['a time on some', ['2/13/1980', '2/3/1981 12:00:00 AM'],
        qr/format: \[M\/DD\/YYYY, 'M\/D\/YYYY h:mm:ss A'\]\} .*CHECK: 1 prove no order, and are read in that of the others/],
    ['days before months beside ISO', ['1990-31-12', '1990-03-04', '1990-03-25'], qr/^  # TODO date_of_birth: .*\n  # .*YYYY-(?:DD-MM|MM-DD)/m],
    ['a mistake beside ISO', ['1990-31-12', '1990-03-14', '1990-03-25'], qr/^  date_of_birth: dob +# a usual name for it/m],
    ['words', ['yesterday', 'last year'], qr/CHECK: 2 values of this column are of no form/],
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
# What guess writes always loads, whatever forms a column has; what it does not leave open reads the days that were meant.
srand(1980);
my @english = qw(January February March April May June July August September October November December);
my @german = qw(Januar Februar März April Mai Juni Juli August September Oktober November Dezember);
my @writers = (
    sub { sprintf('%04d-%02d-%02d', @_) }, sub { sprintf('%3$02d/%2$02d/%1$04d', @_) }, sub { sprintf('%2$d/%3$d/%1$04d', @_) },
    sub { sprintf('%3$d.%2$d.%1$04d', @_) }, sub { sprintf('%2$02d-%3$02d-%1$04d 00:00', @_) }, sub { sprintf('%2$d/%3$d/%1$d 12:00:00 AM', @_) },
    sub { sprintf('%3$02d-%4$s-%1$04d', @_, substr($english[$_[1] - 1], 0, 3)) }, sub { sprintf('%4$s %3$d %1$04d', @_, $english[$_[1] - 1]) },
    sub { sprintf('%3$d. %4$s %1$04d', @_, $german[$_[1] - 1]) }, sub { sprintf('%3$02d%4$s%1$04d', @_, uc(substr($english[$_[1] - 1], 0, 3))) },
    sub { sprintf('%04d/%02d/%02d', @_) }, sub { sprintf('%3$02d%2$02d%1$04d', @_) }, sub { sprintf('%04d. %d. %d.', @_) },
    sub { sprintf('%2$02d/%3$02d/%4$02d', @_, $_[0] % 100) }, sub { timegm(0, 0, 0, $_[2], $_[1] - 1, $_[0]) },
    sub { timegm(0, 0, 0, $_[2], $_[1] - 1, $_[0]) . '000' }, sub { 25_569 + timegm(0, 0, 0, $_[2], $_[1] - 1, $_[0]) / 86_400 },
);
my ($wrong, $rejected, $columns_read, $rows_read) = ('', '', 0, 0);
for my $round (1 .. 40) {
    my @used = map { $writers[rand @writers] } 1 .. 1 + int(rand 2.5);
    my @days = map { [1930 + int(rand 76), 1 + int(rand 12), 1 + int(rand 28)] } 1 .. 40;
    my @written = map { $used[rand @used]->(@$_) } @days;
    export('csv', @written);
    my ($status, $guessed) = run_program(program('kyc-import'), 'guess', "$folder/export.csv", '--provider', 'kira');
    write_file("$folder/job.yaml", $guessed);
    ($status, my $out, my $said) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report", '--json', '-q');
    $rejected .= "round $round ($written[0]): $said" if $status > 1;
    my ($line) = decode_utf8($guessed) =~ /^(  date_of_birth: .*)$/m;
    next if $status > 1 || !$line;
    $columns_read++;
    for my $row (map { 1 + int(rand @days) } 1 .. 3) {
        my (undef, $shown) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', $row, '--unmask');
        my ($day) = $shown =~ /^  date_of_birth +(\d{4}-\d\d-\d\d) /m;
        $rows_read += defined $day;
        my $want = sprintf('%04d-%02d-%02d', @{$days[$row - 1]});
        $wrong .= "round $round: $written[$row - 1] is $day, not $want, by $line\n" if defined $day && $day ne $want;
    }
}
is($rejected, '', 'every guessed job loads');
is($wrong, '', 'and no day is another than the one written');
cmp_ok($columns_read, '>', 25, 'most columns are proven') or diag $columns_read;
cmp_ok($rows_read, '>', $columns_read * 2.5, 'and most of their rows read') or diag $rows_read;
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
    write_file("$folder/export.$format", $format eq 'csv' ? encode_utf8($text) : $text);
}

# The summary, status and standard error of a check of such rows.
sub checked
{
    my ($format, $mapping, @dates) = @_;
    export($format, @dates);
    write_file("$folder/job.yaml", "job: dates\ninput: {path: export.$format}\n"
        . "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\n"
        . "fields:\n  external_id: id\n  email: email\n  first_name: given\n  last_name: family\n  country: country\n"
        . "  verification_mode: {value: verification_link}\n  date_of_birth: $mapping\n");
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
