#!/usr/bin/perl
# What arrives in place of an export, said by its first bytes with the command that helps; and files of no records.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Archive::Tar;
use IO::Compress::Bzip2 qw(bzip2);
use IO::Compress::Gzip qw(gzip);
use IO::Compress::Zip qw(zip $ZipError);
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
my $json = JSON::PP->new->utf8->canonical;

sub packed { my ($text) = @_; gzip(\$text, \my $bytes) or die; return $bytes }

sub check
{
    my ($case, @more) = @_;
    unlink "$case->{folder}/reports/test/check/summary.json";
    my ($status, $out, $err) = case_run($case, 'check', '--json', @more);
    return ($status, $out =~ /^\{/ ? $json->decode($out) : {}, $err);
}

sub counts { my ($summary) = @_; return join ' ', map { $_ // '-' } @$summary{qw(read valid rejected)} }

sub zipped { my ($name, $text) = @_; zip(\$text, \my $bytes, Name => $name) or die $ZipError; return $bytes }

sub tarred
{
    my $tar = Archive::Tar->new;
    $tar->add_data('export.csv', csv_rows(3));
    open my $file, '>', \my $bytes or die;
    $tar->write($file) or die $tar->error;
    close $file;
    return $bytes;
}

bzip2(\csv_rows(3), \my $bzip2) or die;
my @kinds = (
    ['a zip', zipped('export.csv', csv_rows(3)), qr/is a ZIP archive\n.*hint: .*unzip -p FILE/],
    ['a workbook', zipped('[Content_Types].xml', '<Types/>'), qr/is an Excel workbook \(\.xlsx\), not CSV\n.*hint: save it as CSV \(UTF-8\).*soffice .*FILE/],
    ['a workbook of another writer', zipped('xl/workbook.xml', '<workbook/>'), qr/is an Excel workbook \(\.xlsx\)/],
    ['an old workbook', "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" . "\0" x 600, qr/is an old Excel workbook \(\.xls\) or one with a password, not CSV\n.*hint: save it as CSV/],
    ['bzip2', $bzip2, qr/is compressed with bzip2\n.*hint: .*bzip2 -dc FILE \| gzip >/],
    ['xz', "\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01", qr/is compressed with xz\n.*hint: .*xz -dc FILE \| gzip >/],
    ['zstd', "\x28\xb5\x2f\xfd\x04\x58\x19\0\0\x61", qr/is compressed with zstd\n.*hint: .*zstd -dc FILE \| gzip >/],
    ['a tar', tarred(), qr/is a tar archive\n.*hint: .*tar -xOf FILE/],
    ['a PDF', "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", qr/is a PDF document, not an export\n.*hint: /],
    ['a login page', "\n<!DOCTYPE html>\n<html><head><title>Sign in, please</title>", qr/is a web page \(HTML\), not an export\n.*hint: .*head -c 1000 FILE/],
    ['an error of a server', qq(<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>), qr/is XML, not CSV or NDJSON\n.*hint: .*head -c 1000 FILE/],
    ['gzip twice', packed(packed(csv_rows(3))), qr/is compressed with gzip twice\n.*hint: .*gunzip -c FILE/],
    ['a tar in gzip', packed(tarred()), qr/what this gzip file holds is a tar archive\n.*hint: .*tar -xOf FILE/],
    ['a web page in gzip', packed('<html><body>Not found</body></html>'), qr/what this gzip file holds is a web page/],
    ['a workbook in gzip', packed(zipped('[Content_Types].xml', '<Types/>')), qr/what this gzip file holds is an Excel workbook/],
);

subtest 'what a file really is' => sub {
    my $case = case_new($nowhere, rows => 3);
    for my $kind (@kinds) {
        my ($sentence, $bytes, $message) = @$kind;
        for my $name ('other.csv', 'other.csv.gz', 'other.ndjson') {
            my $file = "$case->{folder}/$name";
            write_file($file, $bytes);
            my @runs = ([check($case, '--input', $file)], [case_run($case, 'run', '--input', $file)],
                [run_program(program('kyc-import'), 'guess', $file, '--provider', 'payward')]);
            for my $i (0 .. 2) {
                my $label = "$sentence as $name: " . qw(check run guess)[$i];
                is($runs[$i][0], 3, "$label: status 3");
                like($runs[$i][2], $message, "$label: the message helps");
                unlike($runs[$i][2], qr/UTF-16|NUL byte/, "$label: and nothing else");
            }
        }
        my ($status, undef, $err) = run_program('/bin/sh', '-c', 'exec "$@" <"$0"', "$case->{folder}/other.csv",
            case_arguments($case, 'check', '--input', '-'));
        is($status, 3, "$sentence on standard input");
        like($err, $message, "$sentence on standard input: the message helps");
    }
};

subtest 'what is named NDJSON, and has no JSON in it' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $file = "$case->{folder}/other.ndjson";
    for my $kind (['CSV', csv_rows(3)], ['the words of an error', "Internal Server Error\nrequest 17 timed out\n"]) {
        write_file($file, $kind->[1]);
        my ($status, $summary, $err) = check($case, '--input', $file);
        is($status, 3, "$kind->[0]: status 3");
        like($err, qr/other\.ndjson: none of its first lines is a JSON object, so it is not NDJSON\n.*hint: .*set input\.format to csv/, "$kind->[0]: and what helps");
    }
    my ($header, @rows) = map { [split /,/] } split /\n/, csv_rows(3);
    my $text = join '', map { my %row; @row{@$header} = @$_; $json->encode(\%row) . "\n" } @rows;
    write_file($file, "cut off\n\n" . $text);
    is(counts((check($case, '--input', $file))[1]), '4 3 1', 'a first line that is damaged is rejected alone');
    write_file($file, "cut off\n");
    is(counts((check($case, '--input', $file))[1]), '1 0 1', 'and so is a single one');
};

subtest 'what looks like something else is CSV' => sub {
    my $case = case_new($nowhere, rows => 3);
    for my $first ('BZh', 'PK', 'PAR1', '<id>', '%PDF', 'ustar', '[id]', '{id}', 'Obj', 'Rar!') {
        write_file("$case->{folder}/export.csv", csv_rows(3) =~ s/^customer_id/$first/r);
        my ($status, $summary, $err) = check($case, '--set', "fields.external_id='$first'");
        is(counts($summary), '3 3 0', "a column $first") or diag $err;
    }
};

# Programs that export in parts write a file for a part without rows, too.
subtest 'an empty file among several' => sub {
    my $case = case_new($nowhere, rows => 3);
    my %files = ('0.csv' => csv_rows(3), '1.csv' => '', '2.csv' => csv_rows(2, 0, 10), '3.csv' => "\n\r\n", '4.csv' => "\xef\xbb\xbf");
    $files{'5.csv'} = packed('');
    my ($status, $summary, $err);
    my $check = sub {
        my (@names) = @_;
        unlink glob "$case->{folder}/[0-9].csv";
        write_file("$case->{folder}/$_", $files{$_}) for @names;
        ($status, $summary, $err) = check($case, map { ('--input', "$case->{folder}/$_") } @names);
        return counts($summary);
    };
    is($check->('0.csv', $_, '2.csv'), '5 5 0', "$_ in the middle is no records") for '1.csv', '3.csv', '4.csv', '5.csv';
    like($err, qr{warning: \S*/5\.csv: is empty: no records in it\n}, 'with a warning');
    is($check->('0.csv', '1.csv', '5.csv'), '3 3 0', 'at the end');
    is($check->('3.csv', '4.csv', '0.csv', '1.csv', '5.csv'), '3 3 0', 'four of them');
    like($err, qr{warning: 4 of 5 inputs are empty, with no records in them: \S*/3\.csv, \S*/4\.csv, \S*/1\.csv and others\n}, 'are one warning');
    is($check->('5.csv', '1.csv', '2.csv'), '2 2 0', 'at the beginning');
    like($err, qr{warning: 2 of 3 inputs are empty, with no records in them: \S*/5\.csv, \S*/1\.csv\n}, 'and they are named in a warning');
    is($status, 0, 'and the status is that of the others');
    is_deeply([map { $_->{records} } @{$summary->{input}}], [0, 0, 2], 'the summary counts the records of each');
    is_deeply([map { $_->{complete} ? 1 : 0 } @{$summary->{input}}], [1, 1, 1], 'and each is complete');
    is($check->('1.csv', '5.csv'), '- - -', 'all of them empty');
    is($status, 3, 'is status 3');
    like($err, qr/all 2 inputs are empty/, 'and says so');
    is($check->('1.csv'), '- - -', 'one alone');
    is($status, 3, 'is status 3, too');
    like($err, qr/1\.csv: is empty, and its first line must name the columns/, 'and says so');
    write_file("$case->{folder}/1.csv", '');
    write_file("$case->{folder}/0.csv", $files{'0.csv'});
    my ($explained, $out) = case_run($case, 'explain', '--key', 'cust-000002', '-q', map { ('--input', "$case->{folder}/$_") } '1.csv', '0.csv');
    is($explained, 0, 'explain finds a record behind it');
    like($out, qr/cust-000002/, 'and shows it');
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s/path: export.csv/path: export.csv, csv: {skip_lines: 1}/r);
    $files{'0.csv'} = "Customers of May\n$files{'0.csv'}";
    $files{'6.csv'} = "Customers of May\n";
    is($check->('1.csv', '0.csv', '6.csv'), '3 3 0', 'of an export with a line before its header');
    like($err, qr{2 of 3 inputs are empty}, 'also one with that line alone');
};

subtest 'an empty file of NDJSON' => sub {
    my $case = case_new($nowhere, rows => 1);
    my ($header, @rows) = map { [split /,/] } split /\n/, csv_rows(3);
    my $text = join '', map { my %row; @row{@$header} = @$_; $json->encode(\%row) . "\n" } @rows;
    write_file("$case->{folder}/a.ndjson", $text);
    write_file("$case->{folder}/b.ndjson", '');
    write_file("$case->{folder}/c.ndjson", packed(''));
    my ($status, $summary, $err) = check($case, map { ('--input', "$case->{folder}/$_.ndjson") } 'b', 'a', 'c');
    is(counts($summary), '3 3 0', 'is no records');
    like($err, qr{warning: 2 of 3 inputs are empty, with no records in them: \S*/b\.ndjson, \S*/c\.ndjson\n}, 'and a warning with the names');
    ($status, $summary, $err) = check($case, map { ('--input', "$case->{folder}/$_.ndjson") } 'b', 'c');
    is($status, 3, 'all of them empty is status 3');
    like($err, qr/min_records/, 'by min_records');
};

# DOS ends a text with Ctrl-Z, and some programs still do.
subtest 'Ctrl-Z' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $text = csv_rows(3) =~ s/\n/\r\n/gr;
    for my $end (['alone at the end', "\x1a", '3 3 0'], ['as a line', "\x1a\r\n", '4 3 1'], ['with more behind it', "\x1arest", '4 3 1'],
        ['twice', "\x1a\x1a", '4 3 1'])
    {
        my ($sentence, $bytes, $want) = @$end;
        write_file("$case->{folder}/export.csv", $text . $bytes);
        is(counts((check($case))[1]), $want, "$sentence: $want");
    }
    write_file("$case->{folder}/export.csv", "\x1a");
    my ($status, undef, $err) = check($case);
    is($status, 3, 'a file of Ctrl-Z alone');
    like($err, qr/is empty/, 'is empty');
    write_file("$case->{folder}/export.csv", packed($text . "\x1a"));
    is(counts((check($case))[1]), '3 3 0', 'at the end of what gzip holds');
    my %row;
    my ($header, @rows) = map { [split /,/] } split /\n/, csv_rows(1);
    @row{@$header} = @{$rows[0]};
    write_file("$case->{folder}/a.ndjson", $json->encode(\%row) . "\n\x1a");
    is(counts((check($case, '--input', "$case->{folder}/a.ndjson"))[1]), '1 1 0', 'at the end of NDJSON');
};

done_testing();
