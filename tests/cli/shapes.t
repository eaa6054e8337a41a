#!/usr/bin/perl
# CSV in the shapes that databases, banks and spreadsheets give it: title lines, no header line, ragged rows, totals,
# escapes, guards, another delimiter. Each is read as the job says, and a job that does not say it is told what to set.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode);
use FindBin;
use JSON::PP qw(decode_json);
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

my $folder = scratch_folder();
my @names = qw(id email given family country dob street);
my $header = join(',', @names) . "\n";

# A row of the export, number 1, 2, 3 …; some cells may be others.
sub cells { my ($number, %other) = @_; return map { $other{$_} // {id => "c-$number", email => "c$number\@example.com", given => 'Alex', family => 'Morgan', country => 'US', dob => '1980-02-13', street => '1 Elm St'}->{$_} } @names; }
sub row { return join(',', cells(@_)) . "\n"; }

subtest 'title lines' => sub {
    my $text = "Customers of May\n\"by \"J. Doe\"\n\n" . $header . row(1) . row(2);
    counts({csv => '{skip_lines: 3}'}, $text, {read => 2, valid => 2}, 'are skipped');
    my ($status, undef, $err) = check({}, $text);
    is($status, 2, 'without the setting nothing is read');
    like($err, qr/no column "\w+"; its header is: Customers of May\n.*\nhint: .*input\.csv\.skip_lines/s, 'and the message says so');
    counts({}, "sep=,\r\n" . $header . row(1), {read => 1, valid => 1}, 'a separator line of Excel needs no setting');
    counts({}, "\xef\xbb\xbfsep=,\r\n" . $header . row(1), {read => 1, valid => 1}, 'behind a byte order mark neither');
    ($status, undef, $err) = check({csv => '{skip_lines: 9}'}, $text);
    is($status, 3, 'fewer lines than that: status 3');
    like($err, qr/no header behind the 9 lines of input\.csv\.skip_lines/, 'with the reason');
};

subtest 'no header line' => sub {
    my $given = '{header: [' . join(', ', @names) . ']}';
    counts({csv => $given}, row(1) . row(2), {read => 2, valid => 2}, 'the first customer is read');
    like(explained(1), qr/c1\@example\.com/, 'as itself');
    my ($status, undef, $err) = check({}, row(1) . row(2));
    is($status, 2, 'without names nothing is read');
    like($err, qr/its first line looks like a customer, not like names of columns\n.*\nhint: .*header: \[/s, 'and the message says what to set');
    unlike($err, qr/c-1|c1\@|Alex|Morgan|Elm|1980/, 'and shows nothing of the customer');
    (undef, undef, $err) = check({}, row(1) =~ tr/,/;/r);
    like($err, qr/looks like a customer.*hint: is the delimiter `;`/s, 'also where the delimiter is another');
    unlike($err, qr/c-1|c1\@|Alex|Morgan|Elm|1980/, 'and nothing is shown');
    counts({csv => $given =~ s/\]/, more]/r}, row(1), {read => 1, rejected => 1, rejects_by_rule => {'record/columns' => 1}}, 'names that do not fit');
    (undef, undef, $err) = check({csv => '{header: [key, email, given, family, country, dob, street]}'}, row(1));
    like($err, qr/the input has no column "id"; input\.csv\.header names its columns/, 'a name that is not among them');
};

subtest 'ragged rows' => sub {
    my $text = $header . "c-1,c1\@example.com,Alex,Morgan,US,1980-02-13\n" . row(2) =~ s/\n/,,\n/r . row(3) =~ s/\n/,x\n/r;
    counts({}, $text, {read => 3, valid => 0, rejects_by_rule => {'record/columns' => 3}}, 'are rejected');
    counts({csv => '{ragged: pad}'}, $text, {read => 3, valid => 2, rejects_by_rule => {'record/columns' => 1}}, 'or padded, where no value is lost');
    counts({csv => '{ragged: reject}'}, $text, {read => 3, valid => 0}, 'the default has a name');
};

subtest 'a footer' => sub {
    my $job = {csv => '{skip_footer: 1}'};
    my $rows = join '', $header, map { row($_) } 1 .. 3;
    counts($job, $rows . "Total: 3\n", {read => 4, skipped => 1, valid => 3, rejected => 0}, 'is skipped and counted, with other columns');
    like(explained(4), qr/^Skipped\n.*input\.csv\.skip_footer/ms, 'explain says so');
    counts($job, $rows . "Total,3,,,,,\n", {read => 4, skipped => 1, valid => 3, rejected => 0}, 'or the same');
    counts($job, $rows, {read => 3, skipped => 0, valid => 2, rejects_by_rule => {'record/footer' => 1}}, 'a night without it loses nobody');
    like((rejects())[-1], qr/^c-3,.*record\/footer/, 'that customer is in the reject file');
    run_program('cp', "$folder/report/check/rejects.csv.gz", "$folder/export.csv.gz");
    my ($status, $summary) = run_check('--input', "$folder/export.csv.gz");
    is_deeply([$status, $summary->{valid}, $summary->{skipped}], [0, 1, 0], 'which is read without a footer');
    my @limit = ('--limit', 3);
    write_export($job, $rows . "Total: 3\n");
    ($status, $summary) = run_check(@limit);
    is_deeply([$summary->{read}, $summary->{skipped}, $summary->{valid}], [3, 0, 3], 'with --limit there is none');
    write_export($job, $rows . 'c-4,c4@example.com');
    run_program('gzip', '-kf', "$folder/export.csv");
    write_file("$folder/cut.csv.gz", substr(read_file("$folder/export.csv.gz"), 0, -9));
    ($status, $summary) = run_check('--input', "$folder/cut.csv.gz");
    is_deeply([$status, $summary->{skipped}], [3, 0], 'an input that breaks off has none');
    my @files = map { my $path = "$folder/part$_.csv"; write_file($path, $header . row($_) . row($_ + 10) . "Total: 2\n"); ('--input', $path) } 1, 2;
    ($status, $summary) = run_check(@files);
    is_deeply([$status, $summary->{read}, $summary->{skipped}, $summary->{valid}], [0, 6, 2, 4], 'each input has its own');
};

subtest 'the header once more' => sub {
    my $joined = $header . row(1) . $header . row(2) . $header =~ s/\n\z//r;
    counts({}, $joined, {read => 4, valid => 2, rejects_by_rule => {'record/header' => 2}}, 'is no customer');
    like(explained(2), qr/record\/header +the header again, and no customer: files were joined/, 'and the message says why');
    counts({csv => '{header: [' . join(', ', @names) . ']}'}, row(1) . row(1), {read => 2, valid => 1, rejects_by_rule => {'external_id/unique' => 1}}, 'a record is not compared with another record');
};

subtest 'an escape character' => sub {
    my $text = $header
        . join(',', cells(1, street => '"12 \\"The Oaks\\", Elm St"')) . "\n"      # Spark
        . join(',', cells(2, street => 'Flat \\"B\\"\\, Elm St\\\\2')) . "\n"       # MySQL
        . join(',', cells(3, street => "1 Elm St\\\nFlat 2")) . "\n"               # Redshift
        . join(',', cells(4, street => '\\N')) . "\n";
    my $job = {csv => "{escape: '\\'}"};
    counts($job, $text, {read => 4, valid => 4}, 'is read as databases write it');
    like(explained(1), qr/12 \\"The Oaks\\", Elm St/, 'Spark');
    like(explained(2), qr/Flat \\"B\\", Elm St\\\\2/, 'MySQL');
    like(explained(3), qr/1 Elm St Flat 2/, 'Redshift');
    counts({%$job, input => "null_values: ['']"}, $text, {read => 4, valid => 4}, 'a job may list its null values');
    like(explained(4), qr/^  address_line1 +\\N /m, 'a null of MySQL is a text then');
    counts($job, $text =~ s/Elm St\\\nFlat/Elm St\\nFlat/r, {read => 4, valid => 4}, 'a line end may have a name');
    like(explained(3), qr/1 Elm St Flat 2/, 'Hive');
    unlike(explained(4), qr/"address_street"|\\\\N/, 'a null of MySQL is no value');
    counts({}, $text, {read => 5, valid => 2, rejects_by_rule => {'record/malformed' => 2, 'record/columns' => 1}}, 'without the setting rows are malformed') or diag explain(run_check());
    like(explained(1), qr/record\/malformed +a quote behind a backslash \(column \d+ of line 2\): set csv: \{escape: '\\'\}/, 'and the message names it');
};

subtest 'guards of spreadsheets' => sub {
    my $text = $header . row(1, id => "'001", street => "'1 Elm St", family => "'s-Gravenhage") . row(2, id => '"=""002"""');
    my $strip = {input => 'spreadsheet_guards: strip'};
    counts({}, $text, {valid => 2, warnings_by_rule => {'external_id/guard' => 2, 'address_line1/guard' => 1}}, 'stay with a warning');
    like(explained(1), qr/external_id +'001 /, 'in the key too');
    counts({input => "spreadsheet_guards: strip, where: [{column: id, must_match: '^00'}]"}, $text . row(3), {read => 3, skipped => 1, valid => 2}, 'input.where sees no guard then');
    counts($strip, $text . row(3, id => '="003"'), {valid => 3, rejected => 0, warnings_by_rule => {}}, 'or are stripped');
    like(explained(1), qr/external_id +001 .*last_name +'s-Gravenhage /s, 'and a name is not touched');
    like(explained(3), qr/external_id +003 /, 'a formula needs no quotes around it');
    counts({}, $text . row(3, id => '="003"'), {valid => 2, rejects_by_rule => {'record/malformed' => 1}}, 'where guards stay it does');
    like(explained(3), qr/set input\.spreadsheet_guards to strip/, 'and the message names the setting');
};

# What is rejected comes back from the reject file as it was, whatever the shape.
subtest 'reject files' => sub {
    my @bad = map { [cells($_, dob => 'never', street => ['1 "Elm" St', 'C:\\x\\', "two\nlines", '\\N', 'a,b', "'1 Elm St", 'é'], )] } 1 .. 7;
    $bad[$_][6] = $bad[$_][6][$_] for 0 .. 6;
    my $names = join(', ', @names);
    for my $shape (
        ['plain', '{}', sub { return $header . join('', map { quoted('""', @$_) } @bad) }],
        ['titles', '{skip_lines: 2}', sub { return "x\ny\n" . $header . join('', map { quoted('""', @$_) } @bad) }],
        ['names', "{header: [$names]}", sub { return join '', map { quoted('""', @$_) } @bad }],
        ['escape', "{escape: '\\', skip_footer: 2}", sub { return $header . join('', map { quoted('\\"', @$_) } @bad) . "Total\n\n7\n" }],
        ['ragged', '{ragged: pad}', sub { return $header . join('', map { quoted('""', @$_, '', '') } @bad) }],
    ) {
        my ($name, $csv, $text) = @$shape;
        write_export({csv => $csv}, encode('UTF-8', $text->()));
        my ($status, $summary) = run_check();
        is_deeply($summary->{rejects_by_rule}, {'date_of_birth/format' => 7}, "$name: rejected") or diag explain($summary);
        my $first = join "\n", rejects();
        run_program('cp', "$folder/report/check/rejects.csv.gz", "$folder/rejects.csv.gz");
        (undef, $summary) = run_check('--input', "$folder/rejects.csv.gz", '--set', 'input.min_records=100');
        is_deeply([$summary->{read}, $summary->{rejects_by_rule}], [7, {'date_of_birth/format' => 7}], "$name: read again from the reject file");
        is(source_of(join("\n", rejects())), source_of($first), "$name: with the same cells");
    }
};

subtest 'another delimiter' => sub {
    my $text = $header . row(1);
    for my $case ([';', ';'], ["\t", 'tab'], ['|', '|']) {
        my ($delimiter, $name) = @$case;
        my (undef, undef, $err) = check({}, join $delimiter, split /,/, $text);
        like($err, qr/its header is one column: id.email.given.*hint: is the delimiter `\Q$name\E`\? Set input\.csv\.delimiter in the job; for this file alone: --set 'input\.csv\.delimiter=\Q$name\E'/s, "$name is found in the header");
    }
    my (undef, $summary, $err) = check({csv => '{header: [' . join(', ', @names) . ']}'}, $header =~ tr/,/;/r . row(1) =~ tr/,/;/r);
    is_deeply($summary->{rejects_by_rule}, {'record/columns' => 2}, 'without a header line each row says so');
    like(explained(2), qr/1 cell where input\.csv\.header names 7 columns: is the delimiter `;`\?/, 'by its message');
    (undef, undef, $err) = check({}, qq("id";"email"\n"1";"2"\n));
    like($err, qr/the header cannot be read with the delimiter `,`\nhint: is it `;`\? Set input\.csv\.delimiter/, 'in quotes too');
    (undef, undef, $err) = check({csv => '{delimiter: ";"}'}, $text);
    like($err, qr/its header is one column: id,email.*hint: is the delimiter `,`/s, 'and the other way round');
};

subtest 'several inputs and encodings' => sub {
    my $job = {csv => '{skip_lines: 2, skip_footer: 1}', input => 'encoding: utf-16'};
    my $text = "Report\n\n" . $header . row(1, family => 'Novák') . "Total\n";
    write_export($job, encode('UTF-16', $text));
    write_file("$folder/second.csv", encode('UTF-16', $text =~ s/c-1/c-2/r));
    write_file("$folder/empty.csv", '');
    my ($status, $summary, $err) = run_check(map { ('--input', "$folder/$_.csv") } qw(export second empty));
    is_deeply([$status, map { $summary->{$_} } qw(read skipped valid)], [0, 4, 2, 2], 'each has its title and its totals') or diag $err;
    $job = {csv => '{header: [' . join(', ', @names[0 .. 5]) . ', "Straße"]}', input => 'encoding: windows-1252', street => 'Straße'};
    write_export($job, encode('cp1252', row(1, dob => 'never', street => 'Grünstr. 1')));
    ($status, $summary) = run_check();
    is_deeply($summary->{rejects_by_rule}, {'date_of_birth/format' => 1}, 'names outside of ASCII are found');
    like(join("\n", rejects()), qr/Stra\xdfe,kyc_input.*Gr\xfcnstr/s, 'and are written in the encoding of the input');
    run_program('cp', "$folder/report/check/rejects.csv.gz", "$folder/rejects.csv.gz");
    is_deeply((run_check('--input', "$folder/rejects.csv.gz"))[1]{rejects_by_rule}, {'date_of_birth/format' => 1}, 'as they are read');
};

subtest 'settings that cannot be' => sub {
    for my $case (
        ['lines before a header that is not there', '{skip_lines: 1, header: [id]}', '', qr/:2:\d+: `skip_lines` and `header` cannot be used together.*\nhint: /s],
        ['a name twice', '{header: [id, id]}', '', qr/:2:\d+: `header` has the name `id` twice/],
        ['a name that is empty', "{header: [id, '']}", '', qr/:2:\d+: `header` has an empty name\n.*\nhint: .*such as unused_2/s],
        ['no names', '{header: []}', '', qr/:2:\d+: `header` has 0 names\n.*\nhint: /s],
        ['names that are no list', '{header: id}', '', qr/:2:\d+: `header` should be a list/],
        ['an escape that is the quote', "{escape: '\"'}", '', qr/`escape` and `quote` cannot be the same character\n.*\nhint: leave `escape` out/s],
        ['an escape that is the delimiter', "{escape: ','}", '', qr/`escape` cannot be the same character as `delimiter`/],
        ['an escape of two characters', "{escape: '\\\\'}", '', qr/cannot be the `escape`/],
        ['a tab as escape', '{escape: tab}', '', qr/`escape` cannot be a tab/],
        ['lines that are no number', '{skip_lines: some}', '', qr/:2:\d+: /],
        ['a footer of too many', '{skip_footer: 101}', '', qr/may be from 0 to 100/],
        ['another word', '{ragged: fill}', '', qr/`fill` is not a value of `ragged`\n.*\nhint: /s],
        ['a key of another tool', '{short_rows: empty}', '', qr/unknown key `short_rows` in `csv`\n.*\nhint: did you mean `ragged`/s],
        ['one more', '{trailing_delimiter: true}', '', qr/hint: did you mean `ragged`/],
        ['a misspelt one', '{skip_line: 1}', '', qr/hint: did you mean `skip_lines`/],
        ['guards that are neither', '{}', 'spreadsheet_guards: remove', qr/`remove` is not a value of `spreadsheet_guards`/],
        ['a format without lines', '{skip_footer: 1}', 'format: ndjson', qr/`csv\.skip_footer` is for CSV, and the input is NDJSON\n.*\nhint: /s],
        ['a format without guards', '{}', 'format: ndjson, spreadsheet_guards: strip', qr/`spreadsheet_guards` is for CSV, and the input is NDJSON/],
        ['a byte that is half a character', "{escape: '\\'}", 'encoding: shift_jis', qr/`escape: \\` cannot be found in shift_jis/],
    ) {
        my ($sentence, $csv, $input, $want) = @$case;
        my ($status, undef, $err) = check({csv => $csv, input => $input}, $header . row(1));
        is($status, 2, "$sentence: status 2");
        like($err, $want, "$sentence: at its place");
    }
};
done_testing;

# The cells of a row in quotes where they need them; quote: how a quote is written in one.
sub quoted
{
    my ($quote, @cells) = @_;
    return join(',', map { my $cell = $_; $cell =~ s/\\/\\\\/g if $quote eq '\\"'; $cell =~ /[",\n\\]/ ? '"' . $cell =~ s/"/$quote/gr . '"' : $cell } @cells) . "\n";
}

sub write_export
{
    my ($job, $text) = @_;
    my $input = join(', ', 'path: export.csv', 'csv: ' . ($job->{csv} // '{}'), $job->{input} || ());
    write_file("$folder/export.csv", $text);
    write_file("$folder/job.yaml", encode 'UTF-8', "job: shapes\ninput: {$input}\n"
        . "provider: {name: kira, credentials: {api_key: env:NO_KEY, client_id: env:NO_ID, password: env:NO_WORD}}\n"
        . "fields:\n  external_id: id\n  email: email\n  first_name: given\n  last_name: family\n  country: country\n"
        . "  verification_mode: {value: verification_link}\n  date_of_birth: dob\n  address_line1: " . ($job->{street} // 'street') . "\n");
}

sub run_check
{
    my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$folder/job.yaml", '--report', "$folder/report", '--json', '-q', @_);
    my $summary = $out ? decode_json($out) : undef;
    is($summary->{read}, $summary->{skipped} + $summary->{rejected} + $summary->{valid}, 'read = skipped + rejected + valid') if $summary;
    return ($status, $summary, decode_utf8($err));
}

sub check { write_export(@_); return run_check(); }

sub counts
{
    my ($job, $text, $want, $sentence) = @_;
    my ($status, $summary, $err) = check($job, $text);
    my %got = map { ($_ => $summary->{$_}) } keys %$want;
    return is_deeply(\%got, $want, $sentence) || diag($err);
}

sub explained
{
    my (undef, $out) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', $_[0], '--unmask');
    return decode_utf8($out);
}

sub rejects
{
    my (undef, $out) = run_program('gzip', '-dc', "$folder/report/check/rejects.csv.gz");
    return split /\n/, $out;
}

# Without the columns that tell where a row was.
sub source_of { return join "\n", map { s/,[^,]*,\d+,\d+,date_of_birth\/format,.*$//r } split /\n/, $_[0]; }
