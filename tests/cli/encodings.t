#!/usr/bin/perl
# Encodings: what the bytes of an export mean, damage in them, and reject files that hold them unchanged.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode encode);
use IO::Compress::Gzip qw(gzip);
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);
my $json = JSON::PP->new->utf8->canonical;

sub check
{
    my ($case, @more) = @_;
    unlink "$case->{folder}/reports/test/check/summary.json";
    my ($status, $out, $err) = case_run($case, 'check', '-q', '--json', @more);
    return ($status, $out =~ /^\{/ ? $json->decode($out) : {}, $err);
}

sub encoding { return ('--set', "input.encoding=$_[0]"); }
sub counts { my ($summary) = @_; return join ' ', map { $_ // '-' } @$summary{qw(read valid rejected)} }
sub rules { my ($summary) = @_; return $json->encode($summary->{rejects_by_rule} // {}) . $json->encode($summary->{warnings_by_rule} // {}) }

# One row whose names are these bytes.
sub row_of
{
    my ($first, $last) = @_;
    my $text = csv_rows(1);
    $text =~ s/,Alex,Morgan1,/,$first,$last,/;
    return $text;
}

# The names that would be sent for the first row.
sub names_of
{
    my ($case, @more) = @_;
    my ($status, $out) = case_run($case, 'explain', '-q', '--row', 1, '--unmask', @more);
    my ($normalized) = decode('UTF-8', $out) =~ /^Normalized.*?\n(.*?)^\S/ms or return $out;
    return join ' ', map { $normalized =~ /^ +$_ +(.+?) +←/m ? $1 : '-' } qw(first_name last_name);
}

# The cells of CSV, as bytes.
sub cells_of
{
    my ($text) = @_;
    my @rows = ([]);
    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\n)/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);
        push @{$rows[-1]}, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
        push @rows, [] if $end eq "\n";
    }
    pop @rows;
    return @rows;
}

# Bytes by the tables of Unicode and of the makers of the code pages.
my @readings = (
    ['windows-1250', "\xa3ukasz", "Wa\xb3\xeasa", 'Łukasz Wałęsa'],
    ['cp1250', "\x8ait\xe1n", "Dvo\xf8\xe1k", 'Šitán Dvořák'],
    ['iso-8859-2', "\xa3ukasz", "\xa6wi\xb1tek", 'Łukasz Świątek'],
    ['windows-1251', "\xc8\xe2\xe0\xed", "\xcf\xe5\xf2\xf0\xee\xe2", 'Иван Петров'],
    ['koi8-r', "\xe9\xd7\xc1\xce", "\xf0\xc5\xd4\xd2\xcf\xd7", 'Иван Петров'],
    ['cp866', "\x88\xa2\xa0\xad", "\x8f\xa5\xe2\xe0\xae\xa2", 'Иван Петров'],
    ['windows-1253', "\xc3\xe9\xfe\xf1\xe3\xef\xf2", "\xd0\xe1\xf0\xdc\xf2", 'Γιώργος Παπάς'],
    ['windows-1254', "\xddbrahim", "\xdeahino\xf0lu", 'İbrahim Şahinoğlu'],
    ['windows-1257', "J\xe2nis", "B\xe7rzi\xf2\xf0", 'Jānis Bērziņš'],
    ['iso-8859-15', "Rene", "\xbcuvre", 'Rene Œuvre'],
    ['cp850', "Jos\x82", "M\x81ller", 'José Müller'],
    ['cp852', "\x9dukasz", "Wa\x88\xa9sa", 'Łukasz Wałęsa'],
    ['macintosh', "Jos\x8e", "M\x9fller", 'José Müller'],
    ['shift_jis', "\x91\xbe\x98\x59", "\x8e\x52\x93\x63", '太郎 山田'],
    ['shift_jis', "\x95\x5c", "\x83\x7c\x81\x5b", '表 ポー'],    # trail bytes \ | [
    ['cp932', "\xfb\xfc", "\x8d\x82", '髙 高'],
    ['euc-jp', "\xc2\xc0\xcf\xba", "\xbb\xb3\xc5\xc4", '太郎 山田'],
    ['gbk', "\xd0\xa1\xc3\xf7", "\xcd\xf5", '小明 王'],
    ['gb18030', "\xd0\xa1\x82\x30\x9f\x38", "\xcd\xf5", undef],
    ['big5', "\xa4\xa4", "\xb3\x5c", '中 許'],
    ['euc-kr', "\xc3\xb6\xbc\xf6", "\xb1\xe8", '철수 김'],
    ['cp949', "\xc3\xb6\xbc\xf6", "\x8c\x63", undef],
    ['latin1', "Jos\xe9", "M\xfcller", 'José Müller'],
    ['CP1252', "Ren\xe9", "O\x92Brien", 'René O’Brien'],
    ['utf-8', "Jos\xc3\xa9", "M\xc3\xbcller", 'José Müller'],
);

subtest 'bytes become the letters of their encoding' => sub {
    my $case = case_new($nowhere, rows => 1);
    for my $reading (@readings) {
        my ($name, $first, $last, $want) = @$reading;
        write_file("$case->{folder}/export.csv", row_of($first, $last));
        my ($status, $summary, $err) = check($case, encoding($name));
        is(counts($summary), '1 1 0', "$name is read") or diag $err;
        is(names_of($case, encoding($name)), $want, "$name: the letters") if defined $want;
    }
};

subtest 'damage is rejected, and never removed as invisible' => sub {
    my $case = case_new($nowhere, rows => 1);
    for my $damage (
        ['a byte that windows-1250 does not define', 'windows-1250', "Jos\x81"],
        ['a byte that windows-1252 does not define', 'windows-1252', "Jos\x9d"],
        ['a control character of latin1', 'latin1', "O\x92Brien"],
        ['the same in latin2', 'iso-8859-2', "O\x92Brien"],
        ['the same in UTF-8', 'utf-8', "O\xc2\x92Brien"],
        ['a character of private use in UTF-8', 'utf-8', "Jos\xee\x80\x80"],
        ['the lost character', 'utf-8', "Jos\xef\xbf\xbd"],
        ['the apple of a Mac', 'macintosh', "Jos\xf0"],
        ['half of a character', 'shift_jis', "Taro\x8e"],
        ['a pair that is no character', 'shift_jis', "\x81\xad"],
        ['a character of private use of GBK', 'gbk', "\xaa\xa1"],
        ['windows-1250 that is called UTF-8', 'utf-8', "Wa\xb3\xeasa"],
        ['a letter in ASCII', 'us-ascii', "Jos\xe9"],
      )
    {
        my ($sentence, $name, $first) = @$damage;
        write_file("$case->{folder}/export.csv", row_of($first, 'Morgan'));
        my (undef, $summary, $err) = check($case, encoding($name));
        is(rules($summary), '{"first_name/encoding":1}{}', $sentence) or diag $err;
    }
};

# One line of CSV.
sub line_of { return join(',', map { /[",\n]/ ? '"' . s/"/""/gr . '"' : $_ } @_) . "\n" }

# All pairs of lead and trail bytes, or all bytes from 0x80 on: of cp932, 398 pairs do not come back the same from Unicode.
subtest 'the cells of a reject file are the bytes of the input' => sub {
    my $case = case_new($nowhere, rows => 1);
    my @high = map { chr } 0x80 .. 0xff;
    my @pairs = map { my $lead = $_; map { chr($lead) . chr } 0x40 .. 0x7e, 0x80 .. 0xfe } 0x81 .. 0xfe;
    my ($header) = csv_rows(1) =~ /\A(.*\n)/;
    for my $name ('utf-8', 'latin1', 'windows-1252', 'windows-1250', 'koi8-r', 'cp852', 'macintosh', 'cp932', 'euc-jp', 'gb18030', 'big5')
    {
        my @rows = map {
            ["bad-1", $_, "a${_}b", 'not an address', '+14155550110', '1990-04-15', "\"$_, 1 ", 'US', " $_", "$_\n$_", '94103', 'US',
                'US', 'other']
        } $name =~ /^(?:cp932|euc-jp|gb18030|big5)/ ? @pairs : @high;
        my $text = join '', map { line_of(@$_) } @rows;
        write_file("$case->{folder}/export.csv", $header . $text);
        my ($status, $summary, $err) = check($case, encoding($name));
        is(counts($summary), scalar(@rows) . ' 0 ' . @rows, "$name: every row is rejected") or diag $err;
        my (undef, @rejects) = cells_of(case_rejects({%$case, checked => 1}));
        is(scalar @rejects, scalar @rows, "$name: and is in the reject file");
        my ($first) = grep { join("\0", @{$rows[$_]}) ne join("\0", @{$rejects[$_]}[0 .. 13]) } 0 .. $#rejects;
        is($first, undef, "$name: with its own bytes") or diag map { sprintf '%vX ', $_ } @{$rejects[$first]}[1, 6];
        write_file("$case->{folder}/again.csv", case_rejects({%$case, checked => 1}));
        is(counts((check($case, encoding($name), '--input', "$case->{folder}/again.csv"))[1]), scalar(@rows) . ' 0 ' . @rows,
            "$name: and can be fed back");
    }
};

subtest 'UTF-16 and UTF-32' => sub {
    my $case = case_new($nowhere, rows => 1);
    my $text = csv_rows(20) =~ s/Morgan(\d+)/Wałęsa$1/gr =~ s/,Alex,Wałęsa7,/,"𠀀, ""x""",Wałęsa7,/r =~ s/cust-000009\@example.com/no address/r;
    my %marks = ('UTF-16LE' => "\xff\xfe", 'UTF-16BE' => "\xfe\xff", 'UTF-32LE' => "\xff\xfe\0\0", 'UTF-32BE' => "\0\0\xfe\xff");
    my $file = "$case->{folder}/export.csv";
    write_file($file, encode('UTF-8', $text));
    my (undef, $utf8) = check($case);
    is(counts($utf8), '20 19 1', 'the same rows in UTF-8');
    for my $form (sort keys %marks) {
        my ($name) = map { lc } $form =~ /^(UTF-..)/;
        for my $mark ('', $marks{$form}) {
            my $label = $form . ($mark ? ' with its mark' : '');
            for my $bytes ($mark . encode($form, $text)) {
                write_file($file, $bytes);
                for my $as ($name, lc $form) {
                    my ($status, $summary, $err) = check($case, encoding($as));
                    is(counts($summary) . rules($summary), '20 19 1{"email/format":1}{}', "$label as $as") or diag $err;
                    is(names_of($case, encoding($as)), 'Alex Wałęsa1', "$label as $as: the letters");
                }
                gzip(\$bytes, \my $packed);
                write_file($file, $packed);
                is(counts((check($case, encoding($name)))[1]), '20 19 1', "$label, packed");
                my ($status, undef, $err) = check($case);
                is($status, 3, "$label that the job calls utf-8");
                like($err, qr/ is \Q@{[uc $name]}\E .*\n.*hint: set input\.encoding to $name/, "$label: the message says what it is");
            }
        }
    }
    write_file($file, $marks{'UTF-16LE'} . encode('UTF-16LE', $text));
    check($case, encoding('utf-16'));
    my $rejects = case_rejects({%$case, checked => 1});
    like($rejects, qr/\A\xef\xbb\xbfcustomer_id,.*\ncust-000009,Alex,Wa\xc5\x82\xc4\x99sa9,no address,/, 'a reject file is UTF-8 with its mark');
    write_file("$case->{folder}/mended.csv", $rejects =~ s/no address/cust-000009\@example.com/r);
    is(counts((check($case, encoding('utf-16'), '--input', "$case->{folder}/mended.csv"))[1]), '1 1 0', 'which the same job reads');
    my ($status, $out) = run_program(program('kyc-import'), 'guess', $file, '--provider', 'payward');
    like($out, qr/^  encoding: utf-16$/m, 'guess names it, as its mark proves it');

    # damage
    my $bytes = $marks{'UTF-16LE'} . encode('UTF-16LE', $text);
    for my $damage (
        ['an odd byte at the end', $bytes . "\n", 20, qr/damaged utf-16 at byte \d+: the end is in the middle of a character/],
        ['a surrogate alone', $bytes =~ s/1\x001\x00,\x00A/1\0001\0,\0\x40\xd8/r, 10, qr/damaged utf-16 at byte \d+: half of a character/],
      )
    {
        my ($sentence, $damaged, $read, $message) = @$damage;
        write_file($file, $damaged);
        ($status, my $summary, my $err) = check($case, encoding('utf-16'));
        is($status, 3, "$sentence: status 3");
        cmp_ok($summary->{read}, '>=', $read, "$sentence: the rows before it were read");
        like($err, $message, "$sentence: the message has the place");
    }
};

subtest 'NDJSON in UTF-16' => sub {
    my $case = case_new($nowhere, rows => 1);
    my ($header, @rows) = map { [split /,/] } split /\n/, csv_rows(3);
    my $text = join '', map { my %row; @row{@$header} = @$_; $json->encode({%row, family_name => 'X'}) =~ s/"X"/"Wałęsa"/r . "\n" } @rows;
    for my $bytes ("\xff\xfe" . encode('UTF-16LE', $text), encode('UTF-16BE', $text)) {
        write_file("$case->{folder}/export.ndjson", $bytes);
        my @input = (encoding('utf-16'), '--input', "$case->{folder}/export.ndjson");
        is(counts((check($case, @input))[1]), '3 3 0', 'is read');
        is(names_of($case, @input), 'Alex Wałęsa', 'as its letters');
    }
    my @input = (encoding('utf-16'), '--input', "$case->{folder}/export.ndjson");
    write_file("$case->{folder}/export.ndjson", encode('UTF-16LE', $text =~ s/cust-000002\@/no address /r));
    is(counts((check($case, @input))[1]), '3 2 1', 'one of them is rejected');
    my $rejects = case_rejects({%$case, checked => 1}, 'rejects.ndjson.gz');
    like($rejects, qr/\A\xef\xbb\xbf\{[^\n]*Wa\xc5\x82\xc4\x99sa/, 'its reject file is UTF-8 with a mark');
    write_file("$case->{folder}/export.ndjson", $rejects =~ s/no address /cust-000002@/r);
    is(counts((check($case, @input))[1]), '1 1 0', 'which the same job reads');
    my ($status, undef, $err) = check($case, encoding('cp1250'), '--input', "$case->{folder}/export.ndjson");
    is($status, 2, 'in windows-1250 it is an error of the job');
    like($err, qr/NDJSON is utf-8, utf-16 or utf-32, so `encoding` cannot be cp1250/, 'and says so');
};

subtest 'a header in another encoding' => sub {
    my $case = case_new($nowhere, rows => 1);
    my $text = row_of("\xa3ukasz", 'Morgan') =~ s/given_name/imi\xea/r;
    write_file("$case->{folder}/export.csv", $text);
    my ($status, undef, $err) = check($case);
    is($status, 3, 'that cannot be decoded is status 3');
    like($err, qr/column 2 of the header is not utf-8\n.*hint: set input\.encoding to the export's encoding/, 'and says so');
    my $job = read_file("$case->{folder}/job.yaml");
    write_file("$case->{folder}/job.yaml", $job =~ s/first_name: given_name/first_name: imi\xc4\x99/r);
    is(counts((check($case, encoding('cp1250')))[1]), '1 1 0', 'that can is found by the name in the job');
};

subtest 'the place of a flaw is counted in characters' => sub {
    my $case = case_new($nowhere, rows => 1);
    for my $row (['shift_jis', "\x91\xbe\x98\x59"], ['cp1250', "\xa3\xf3"], ['utf-8', "\xc5\x81\xc3\xb3"]) {
        my ($name, $two) = @$row;
        write_file("$case->{folder}/export.csv", row_of("$two\"x", 'Morgan'));
        my (undef, $out) = case_run($case, 'explain', '-q', '--row', 1, encoding($name));
        like($out, qr/a quote inside an unquoted cell \(column 15 of line 2\)/, $name); # cust-000001,
    }
};

subtest 'what cannot be split is refused' => sub {
    my $case = case_new($nowhere, rows => 1);
    write_file("$case->{folder}/export.csv", csv_rows(1) =~ tr/,/|/r);
    for my $refused (
        ['shift_jis', 'input.csv.delimiter="|"', qr/`delimiter: \|` cannot be found in shift_jis.*\n.*iconv -f shift_jis -t UTF-8 FILE/s],
        ['gb18030', 'input.csv.quote="~"', qr/`quote: ~` cannot be found in gb18030/],
        ['big5', 'input.csv.escape="\\\\"', qr/`escape: \\` cannot be found in big5/],
        ['iso-2022-jp', 'input.csv.delimiter=","', qr/cannot be read as it is.*\n.*iconv -f iso-2022-jp -t UTF-8 FILE/s],
        ['utf-7', 'input.csv.delimiter=","', qr/cannot be read as it is.*\n.*iconv -f utf-7 -t UTF-8 FILE/s],
        ['cp037', 'input.csv.delimiter=","', qr/cannot be read as it is.*\n.*iconv -f cp037 -t UTF-8 FILE/s],
        ['windows-1249', 'input.csv.delimiter=","', qr/is not known\n.*iconv -f windows-1249 -t UTF-8 FILE/s],
        ['$(id)', 'input.csv.delimiter=","', qr/`\$\(id\)` is not an encoding/],
      )
    {
        my ($name, $set, $message) = @$refused;
        my ($status, undef, $err) = check($case, encoding($name), '--set', $set);
        is($status, 2, "$name is an error of the job");
        like($err, $message, "$name: the message helps");
        unlike($err, qr/did you mean/, "$name: no similar name is proposed");
    }
    is(counts((check($case, encoding($_), '--set', 'input.csv.delimiter="|"'))[1]), '1 1 0', "$_ can be split at |")
        for 'windows-1250', 'euc-jp', 'koi8-r';
};

done_testing();
