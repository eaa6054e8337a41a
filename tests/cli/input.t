#!/usr/bin/perl
# All of `input`: several files, patterns, standard input, delimiters, encodings, NDJSON, and the
# reject files fed back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(encode);
use IO::Compress::Gzip qw(gzip);
use IO::Uncompress::Gunzip qw(gunzip);
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;

my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
my $json = JSON::PP->new->utf8->canonical;

sub packed { my ($text) = @_; gzip(\$text, \my $bytes) or die; return $bytes }
sub quoted { return join ' ', map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @_ }

sub unpacked
{
    my ($path) = @_;
    return undef if !-e $path;
    gunzip($path, \my $text, MultiStream => 1) or die $path;
    return $text;
}

# (exit status, summary, standard error) of a check; {} when there is no summary.
sub check
{
    my ($case, @more) = @_;
    unlink "$case->{folder}/reports/test/check/summary.json";
    my ($status, $out, $err) = case_run($case, 'check', '-q', '--json', @more);
    return ($status, $out =~ /^\{/ ? $json->decode($out) : {}, $err);
}

sub piped
{
    my ($case, $text, @more) = @_;
    write_file("$case->{folder}/piped", $text);
    my ($status, $out, $err) = run_program('/bin/sh', '-c', "cat '$case->{folder}/piped' | "
        . quoted(case_arguments($case, 'check', '-q', '--json', @more)));
    return ($status, $out =~ /^\{/ ? $json->decode($out) : {}, $err);
}

sub counts { my ($summary) = @_; return join ' ', map { $_ // '-' } @$summary{qw(read valid rejected)} }
sub inputs { my ($summary) = @_; return join ' ', map { (my $p = $_->{path}) =~ s{.*/}{}; "$p:$_->{records}:" . ($_->{complete} ? 1 : 0) } @{$summary->{input}} }
sub rules { my ($summary) = @_; return $json->encode($summary->{rejects_by_rule}) }

# The verdicts of a reject file, in its order.
sub verdicts
{
    my ($text) = @_;
    return map { /"kyc_verdicts":"([^"]*)"/ ? $1 : '?' } split /\n/, $text if $text =~ /\A\{/;
    my @rows = split /\n/, $text;
    shift @rows;
    return map { m{([a-z_]+/[a-z_]+(?:;[a-z_]+/[a-z_]+)*)} ? $1 : '?' } @rows;
}

# Rows of the same columns as csv_rows, as objects with members nested as `paths` says.
my %paths = (external_id => 'id', first_name => 'name.given', last_name => 'name.family', email => 'contact.email',
    phone => 'contact.phones[0]', date_of_birth => 'birth.date', birth_city => 'birth.city', birth_country => 'birth.country',
    address_line1 => 'address.street', city => 'address.city', postal_code => 'address.zip', country => 'address.country',
    nationalities => 'nationalities', occupation => 'job');

sub object
{
    my ($id, %more) = @_;
    return {id => $id, name => {given => 'Alex', family => 'Morgan'},
        contact => {email => "$id\@example.com", phones => ['+14155550110', undef]},
        birth => {date => '1990-04-15', city => 'San Francisco', country => 'US'},
        address => {street => '1 Market St', city => 'San Francisco', zip => 94103, country => 'US'},
        nationalities => ['US', 'Italy'], job => 'computers_and_it', %more};
}

sub ndjson_case
{
    my ($text) = @_;
    my $case = case_new($nowhere, rows => 0);
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/export\.csv/export.ndjson/;
    $job =~ s/^  $_: .*$/  $_: $paths{$_}/m for keys %paths;
    write_file("$case->{folder}/job.yaml", $job);
    write_file("$case->{folder}/export.ndjson", $text);
    return $case;
}

subtest 'several files' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $folder = "$case->{folder}";
    mkdir "$folder/in";
    write_file("$folder/in/b.csv", csv_rows(300, 0, 301));
    write_file("$folder/in/a.csv.gz", packed(csv_rows(300, 0, 1)));
    write_file("$folder/in/c.csv", csv_rows(5, 0, 1001));
    my ($status, $summary, $err) = check($case, '--input', "$folder/in/b.csv", '--input', "$folder/in/a.csv.gz");
    is("$status " . counts($summary), '0 600 600 0', 'two --input');
    is(inputs($summary), 'b.csv:300:1 a.csv.gz:300:1', 'in the order of the command line, each with its counts');
    is($summary->{input}[1]{bytes}, -s "$folder/in/a.csv.gz", 'and its bytes');
    for my $set ("[in/a.csv.gz, in/b.csv, in/c.csv]", "'in/*.csv*'", "['in/a*', 'in/[b-z].csv']") {
        ($status, $summary) = check($case, '--set', "input.path=$set");
        is(inputs($summary), 'a.csv.gz:300:1 b.csv:300:1 c.csv:5:1', "path: $set");
    }
    ($status, $summary) = check($case, '--input', "$folder/in/*.csv", '--limit', 301);
    is(inputs($summary), 'b.csv:300:1 c.csv:1:0', '--limit counts over all');
    ($status, $summary) = check($case, '--input', "$folder/in/*.csv", '--limit', 300);
    is(inputs($summary), 'b.csv:300:1 c.csv:0:0', 'and stops between two');
    is((check($case, '--set', "input.path='in/*'", '--set', 'input.min_records=605'))[0], 0, 'min_records are of all');
    ($status, undef, $err) = check($case, '--set', "input.path='in/*'", '--set', 'input.min_records=606');
    is($status, 3, 'fewer are status 3');
    like($err, qr/605 records, fewer than input.min_records \(606\)/, 'with both numbers');
    ($status, undef, $err) = check($case, '--input', "$folder/in/z*.csv");
    is($status, 3, 'a pattern that nothing matches is status 3');
    like($err, qr{/in/z\*\.csv: no file matches this pattern}, 'and says so');
    is((case_run($case, 'status', '--set', "input.path='in/z*.csv'"))[0], (case_run($case, 'status'))[0],
        'status reads no input and does not mind');

    write_file("$folder/in/d.csv", csv_rows(5, 0, 3));    # repeats of a.csv.gz
    ($status, $summary) = check($case, '--input', "$folder/in/b.csv", '--input', "$folder/in/a.csv.gz", '--input', "$folder/in/d.csv");
    is(rules($summary), '{"external_id/unique":5}', 'keys are unique over all files');
    my $rejects = unpacked("$folder/reports/test/check/rejects.csv.gz");
    like($rejects, qr{^cust-000003,.*,[^,]*/in/d\.csv,1,2,external_id/unique,the same value as in row 3 of [^,]*/in/a\.csv\.gz$}m,
        'a reject names its file, row and line, and the row and file of the first');
};

subtest 'one header, one format, each file once' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $folder = "$case->{folder}";
    (my $other = csv_rows(2, 0, 10)) =~ s/mobile/phone/;
    write_file("$folder/other.csv", $other);
    my ($status, $summary, $err) = check($case, '--input', "$folder/export.csv", '--input', "$folder/other.csv");
    is($status, 3, 'another header is status 3');
    like($err, qr{column 5 of \S*/other\.csv is "phone" and that of \S*/export\.csv is "mobile"}, 'naming both and the column');
    ok(!-e "$folder/reports/test/check/summary.json", 'before the first record');
    write_file("$folder/short.csv", "customer_id,email\n1,x\n");
    like((check($case, '--input', "$folder/export.csv", '--input', "$folder/short.csv"))[2],
        qr{short\.csv has 2 columns and \S*export\.csv has 14}, 'fewer columns');
    ($status, undef, $err) = check($case, '--input', "$folder/export.csv", '--input', "$folder/none.csv");
    is($status, 3, 'a missing one is status 3, before the first is read');
    ($status, undef, $err) = check($case, '--input', "$folder/export.csv", '--input', "$folder/export.csv");
    is($status, 2, 'the same file twice is status 2');
    like($err, qr/named twice/, 'and reported');
    ($status, undef, $err) = check($case, '--input', "$folder/export.csv", '--input', "$folder/x.ndjson");
    is($status, 2, 'two formats are status 2');
    like($err, qr/export\.csv is csv and \S*x\.ndjson is ndjson/, 'and reported');
};

subtest 'a broken file ends the reading' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $folder = "$case->{folder}";
    my $bytes = packed(csv_rows(5000, 0, 1));
    write_file("$folder/1.csv.gz", packed(csv_rows(100, 0, 9001)));
    write_file("$folder/2.csv.gz", substr $bytes, 0, int(length($bytes) / 2));
    write_file("$folder/3.csv.gz", packed(csv_rows(100, 0, 9201)));
    my ($status, $summary, $err) = check($case, '--input', "$folder/?.csv.gz");
    is($status, 3, 'status 3');
    like($err, qr{/2\.csv\.gz: broken gzip at byte \d+}, 'the file and the place');
    my @inputs = @{$summary->{input}};
    is_deeply([map { $_->{complete} ? 1 : 0 } @inputs], [1, 0, 0], 'the first is complete');
    cmp_ok($inputs[1]{records}, '>', 100, 'what the second still held was read');
    is($inputs[2]{records}, 0, 'the third was not');
    is($summary->{read}, 100 + $inputs[1]{records}, 'and all is accounted for');
};

subtest 'standard input' => sub {
    my $case = case_new($nowhere, rows => 3);
    my ($status, $summary) = piped($case, csv_rows(300), '--input', '-');
    is("$status " . inputs($summary), '0 -:300:1', 'plain');
    ($status, $summary) = piped($case, packed(csv_rows(300)), '--input', '-');
    is("$status " . inputs($summary), '0 -:300:1', 'compressed');
    ($status, $summary) = piped($case, csv_rows(300, 0, 1000), '--input', "$case->{folder}/export.csv", '--input', '-');
    is("$status " . inputs($summary), '0 export.csv:3:1 -:300:1', 'after a file');
    ($status, $summary) = piped($case, csv_rows(300, 0, 1000), '--input', '-', '--input', "$case->{folder}/export.csv");
    is("$status " . inputs($summary), '0 -:300:1 export.csv:3:1', 'before one');
    is((piped($case, '', '--input', '-'))[0], 3, 'nothing at all is status 3');

    my $import = quoted(case_arguments($case, 'check', '-q', '--json'));
    my ($state, $out, $err) = run_program('/bin/bash', '-c', "$import --input <(cat '$case->{folder}/export.csv') --input <(tail -n 2 '$case->{folder}/export.csv')");
    is($state, 3, 'two of the shell\'s own pipes: the headers are compared') or diag $err;
    ($state, $out, $err) = run_program('/bin/bash', '-c', "$import --input <(cat '$case->{folder}/export.csv')");
    is($state, 0, 'one is read once') or diag $err;
};

# Ctrl-C while no input arrives: within a second, status 6.
subtest 'interrupted while waiting for a pipe' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $folder = "$case->{folder}";
    POSIX::mkfifo("$folder/fifo", 0600) or die $!;
    my %wait = ('before the first byte' => ['', '-'], 'within the header' => ['customer_id,giv', '-'],
        'after some rows' => [csv_rows(20), '-'], 'for the writer of a named pipe' => ['', "$folder/fifo"]);
    for my $when (sort keys %wait) {
        my ($text, $input) = @{$wait{$when}};
        pipe my $out, my $in or die;
        my $pid = fork // die;
        if (!$pid) {
            open STDIN, '<&', $out;
            close $_ for $in, $out;
            open STDOUT, '>', '/dev/null';
            open STDERR, '>', "$folder/err";
            my @command = case_arguments($case, 'check', '-q', '--input', $input);
            { exec {$command[0]} @command; }
            POSIX::_exit(127);
        }
        close $out;
        syswrite $in, $text;
        wait_until_it_heeds_signals($pid);
        sleep 0.5;
        my $began = time;
        kill 'INT', $pid;
        my $ended = 0;
        for (1 .. 100) {
            last if $ended = waitpid($pid, POSIX::WNOHANG());
            sleep 0.05;
        }
        my $status = $? >> 8;
        if (!$ended) {
            kill 'KILL', $pid;
            waitpid $pid, 0;
        }
        is($ended ? $status : 'hangs', 6, $when) or diag read_file("$folder/err");
        cmp_ok(time - $began, '<', 4, 'at once');
        close $in;
    }
};

subtest 'delimiters, quotes, null values' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $rows = csv_rows(20);
    my %as = ('tab' => "\t", "';'" => ';', "'|'" => '|');
    for my $word (sort keys %as) {
        (my $text = $rows) =~ s/,/$as{$word}/g;
        write_file("$case->{folder}/other.csv", $text);
        my ($status, $summary, $err) = check($case, '--input', "$case->{folder}/other.csv", '--set', "input.csv.delimiter=$word");
        is("$status " . counts($summary), '0 20 20 0', "delimiter: $word") or diag $err;
    }
    (my $bad = $rows) =~ s/,Alex,Morgan1,/;'A;''x';;/;
    $bad =~ s/,/;/g;
    write_file("$case->{folder}/other.csv", $bad);
    my ($status, $summary, $err) = check($case, '--input', "$case->{folder}/other.csv", '--set', 'input.csv={delimiter: ";", quote: "\'"}');
    is(rules($summary), '{"last_name/required":1}', 'another quote');
    like(unpacked("$case->{folder}/reports/test/check/rejects.csv.gz"), qr/^cust-000001;'A;''x';;cust/m, 'and the reject file has it too');
    ($status, undef, $err) = check($case, '--set', 'input.csv.delimiter=;;');
    is($status, 2, 'two characters are no delimiter');

    (my $null = $rows) =~ s/,Morgan1,/, NULL ,/;
    $null =~ s/,Morgan2,/,n\/a,/;
    write_file("$case->{folder}/other.csv", $null);
    my @other = ('--input', "$case->{folder}/other.csv");
    is(rules((check($case, @other))[1]), '{}', 'NULL is a name');
    is(rules((check($case, @other, '--set', 'input.null_values=["", NULL, n/a]'))[1]), '{"last_name/required":2}', 'until the job sets another one');
    write_file("$case->{folder}/other.csv", $rows . 'x' x 2000 . "\n" . csv_rows(1, 0, 900) =~ s/.*?\n//r);
    ($status, $summary) = check($case, @other, '--set', 'input.max_record=1KiB');
    is(counts($summary) . rules($summary), '22 21 1{"record/too_long":1}', 'max_record costs the one record');
};

subtest 'encodings' => sub {
    my $case = case_new($nowhere, rows => 3);
    my $folder = "$case->{folder}";
    my $job = read_file("$folder/job.yaml");
    $job =~ s/first_name: given_name/first_name: prénom/;
    write_file("$folder/job.yaml", $job);
    (my $text = csv_rows(3)) =~ s/given_name/pr\x{e9}nom/;
    $text =~ s/,Alex,Morgan1,/,Andr\x{e9},M\x{fc}ller,/;
    $text =~ s/,Alex,Morgan2,/,\x{17d}ofie,Morgan2,/;
    $text =~ s/,1990-04-15,(.*\n)\z/,31.02.1990,$1/;
    for my $encoding ('utf-8', 'windows-1252') {
        my $bytes = encode($encoding, $text);
        write_file("$folder/other.csv", $bytes);
        my @set = ('--input', "$folder/other.csv", '--set', "input.encoding=$encoding");
        my ($status, $summary, $err) = check($case, @set);
        is(counts($summary) . rules($summary), '3 2 1{"date_of_birth/format":1}', $encoding) or diag $err;
        my $rejects = unpacked("$folder/reports/test/check/rejects.csv.gz");
        my ($header) = $bytes =~ /\A(.*)\n/;
        like($rejects, qr/\A\Q$header\E,kyc_input,kyc_row,kyc_line,kyc_verdicts,kyc_message\n/, 'the header in its own bytes');
        write_file("$folder/rejects.csv.gz", packed($rejects));
        is(rules((check($case, @set[2, 3], '--input', "$folder/rejects.csv.gz"))[1]), '{"date_of_birth/format":1}', 'fed back');
    }
    write_file("$folder/other.csv", encode('windows-1252', $text));
    my @other = ('--input', "$folder/other.csv");
    my ($status, undef, $err) = check($case, @other);
    is($status, 3, 'windows-1252 that the job calls utf-8: the header cannot be read');
    like($err, qr/column 2 of the header is not utf-8\nhint: .*windows-1252/, 'and says what to try');
    my ($bad) = map { s/\x{17d}/\x{9d}/r } $text;
    write_file("$folder/other.csv", encode('latin1', $bad));
    is(rules((check($case, @other, '--set', 'input.encoding=windows-1252'))[1]), '{"date_of_birth/format":1,"first_name/encoding":1}',
        'a byte that windows-1252 does not define');
    for my $kind ('UTF-16', 'UTF-16LE', 'UTF-16BE') {
        write_file("$folder/other.csv", encode($kind, csv_rows(3)));
        ($status, undef, $err) = check($case, @other);
        is($status, 3, "$kind is status 3");
        like($err, qr/is UTF-16.*\nhint: set input\.encoding to utf-16/, 'with advice');
    }
};

subtest 'a header that does not fit' => sub {
    my $case = case_new($nowhere, rows => 3);
    (my $text = csv_rows(3)) =~ s/given_name/given_nmae/;
    write_file("$case->{folder}/export.csv", $text);
    my ($status, undef, $err) = check($case);
    is($status, 2, 'a column that is not there is status 2');
    like($err, qr{job\.yaml:\d+:\d+: the input has no column "given_name"; its header is: customer_id, given_nmae,.*\n.*hint: did you mean "given_nmae"\?}s, 'with file, line, column, the header and the nearest');
    $text =~ s/given_nmae/given_name/;
    $text =~ s/job_title/given_name/;
    write_file("$case->{folder}/export.csv", $text);
    ($status, undef, $err) = check($case, '--set', 'fields.occupation={value: other}');
    is($status, 2, 'a column that is there twice too');
    like($err, qr{job\.yaml:\d+:\d+: the input has the column "given_name" twice}, 'and reported');
    (my $unused = csv_rows(3)) =~ s/\A/extra,extra,/;
    $unused =~ s/^(?=cust)/1,2,/mg;
    write_file("$case->{folder}/export.csv", $unused);
    is((check($case))[0], 0, 'a repeated column that is not mapped does no harm');
    write_file("$case->{folder}/export.csv", "\"customer_id\n");
    is((check($case))[0], 3, 'a header that cannot be read is status 3');
};

subtest 'NDJSON' => sub {
    my @good = map { $json->encode(object("cust-$_")) } 1 .. 300;
    my $case = ndjson_case(join "\n", @good);
    my $folder = "$case->{folder}";
    my ($status, $summary, $err) = check($case);
    is("$status " . counts($summary), '0 300 300 0', 'nested objects, arrays, numbers') or diag $err;
    write_file("$folder/more.jsonl.gz", packed("\xef\xbb\xbf" . join '', map { "\r\n$_\r\n" } @good));
    ($status, $summary) = check($case, '--input', "$folder/more.jsonl.gz");
    is("$status " . counts($summary), '0 300 300 0', 'a BOM, CRLF and blank lines, compressed');
    ($status, $summary) = piped($case, join("\n", @good), '--input', '-', '--set', 'input.format=ndjson');
    is("$status " . inputs($summary), '0 -:300:1', 'from standard input');
    ($status, $summary) = check($case, '--input', "$folder/export.ndjson", '--input', "$folder/more.jsonl.gz");
    is(counts($summary) . rules($summary), '600 300 300{"external_id/unique":300}', 'two files');
    ($status, undef, $err) = check($case, '--set', 'input.encoding=latin1');
    is($status, 2, 'latin1 is refused');
    like($err, qr/NDJSON is utf-8, utf-16 or utf-32/, 'because');

    my @defects = (
        [$json->encode(object('d1')) =~ s/Alex/Al\xffex/r => 'first_name/encoding'],
        [$json->encode(object('d2')) =~ s/Alex/Al\\ud800ex/r => 'first_name/encoding'],
        [$json->encode(object('d3', name => {given => {}, family => 'Morgan'})) => 'first_name/format'],
        [$json->encode(object('d4', name => {given => ['Alex'], family => 'Morgan'})) => 'first_name/format'],
        [$json->encode(object('d5', name => undef)) => 'first_name/required;last_name/required'],
        [$json->encode(object('d6', nationalities => ['US', 'Nowhere'])) => 'nationalities/country'],
        [$json->encode(object('d7', job => \1)) => 'occupation/enum'],
    );
    my @malformed = ('[1]', '"x"', '{', $json->encode(object('m1')) . ' x', '{"id":1,"id":2}',
        $json->encode(object('m2')) =~ s/94103/094103/r, $json->encode(object('m3')) =~ s/"job"/\xff"job"/r,
        '{"a":' x 65 . '1' . '}' x 65, $json->encode(object('m4', x => 'y')) =~ s/"y"/"\\y"/r);
    my @lines = (@good[0 .. 9], map({ $_->[0] } @defects), @malformed, $good[10]);
    write_file("$folder/export.ndjson", join("\n\n", @lines) . "\n");
    ($status, $summary) = check($case);
    is(counts($summary), join(' ', scalar @lines, 11, @defects + @malformed), 'each defect costs its record');
    my $text = unpacked("$folder/reports/test/check/rejects.ndjson.gz");
    is_deeply([verdicts($text)], [map { $_->[1] } @defects], 'with its verdicts');
    my @rejects = split /\n/, $text;
    for my $i (0 .. $#defects) {
        (my $source = $defects[$i][0]) =~ s/\}\z//;
        is(substr($rejects[$i], 0, length $source), $source, "reject $i is its source as it was");
        like($rejects[$i], qr{,"kyc_input":"[^"]*/export\.ndjson","kyc_row":@{[$i + 11]},"kyc_line":@{[2 * $i + 21]},}, 'with file, row and line');
    }
    is(unpacked("$folder/reports/test/check/broken.ndjson.gz"), join('', map { "$_\n" } @malformed), 'the malformed as they were');

    # fed back, also in its own place, and with its members in another order
    write_file("$folder/fixed.ndjson.gz", packed($text));
    check($case, '--input', "$folder/fixed.ndjson.gz");
    is_deeply([verdicts(unpacked("$folder/reports/test/check/rejects.ndjson.gz"))], [map { $_->[1] } @defects], 'fed back: the same');
    for my $round (1, 2) {
        check($case, '--input', "$folder/reports/test/check/rejects.ndjson.gz");
        my $again = unpacked("$folder/reports/test/check/rejects.ndjson.gz");
        is_deeply([verdicts($again)], [map { $_->[1] } @defects], "in its own place, round $round: the same");
        is(scalar(() = $again =~ /"kyc_row"/g), scalar @defects, 'and it does not grow');
        like($again, qr/\A\Q@{[$defects[0][0] =~ s{\}\z}{}r]}\E,"kyc_input"/, 'and is the source as it was');
    }
    my @sorted = map { $json->encode($_) } map { delete $_->{kyc_line}; $_ } map { $json->decode($_) } grep { !/d[12]"/ } @rejects;
    write_file("$folder/sorted.ndjson", join '', map { "$_\n" } @sorted);
    check($case, '--input', "$folder/sorted.ndjson");
    my $sorted = unpacked("$folder/reports/test/check/rejects.ndjson.gz");
    is_deeply([verdicts($sorted)], [map { $_->[1] } @defects[2 .. $#defects]], 'its members sorted: the same');
    is(scalar(() = $sorted =~ /"kyc_row"/g), @defects - 2, 'and each of ours once');
    (my $repaired = $text) =~ s/Al\xffex/Alex/;
    write_file("$folder/fixed.ndjson", (split /\n/, $repaired)[0]);
    is((check($case, '--input', "$folder/fixed.ndjson"))[0], 0, 'a fixed one passes');
    ok(!-e "$folder/reports/test/check/rejects.ndjson.gz", 'and the reject file is gone');

    my $broken = packed(join '', map { "$_\n" } (@good) x 10);
    write_file("$folder/cut.ndjson.gz", substr $broken, 0, int(length($broken) / 2));
    ($status, $summary) = check($case, '--input', "$folder/cut.ndjson.gz");
    is($status, 3, 'a truncated file is status 3');
    cmp_ok($summary->{rejects_by_rule}{'record/cut'} || 0, '<=', 1, 'at most one record is cut');
};

subtest 'reject files of CSV, fed back' => sub {
    my $case = case_new($nowhere, rows => 50, bad => 10);
    my $folder = "$case->{folder}";
    my (undef, $first) = check($case);
    my $path = "$folder/reports/test/check/rejects.csv.gz";
    my $text = unpacked($path);
    my @want = verdicts($text);
    is(scalar @want, 10, 'ten rejects');
    for my $round (1, 2) {
        my (undef, $summary) = check($case, '--input', $path);
        is(rules($summary), rules($first), "in its own place, round $round: the same counts");
        is_deeply([verdicts(unpacked($path))], \@want, 'the same verdicts');
        is((split /\n/, unpacked($path))[0], (split /\n/, $text)[0], 'the same columns');
    }
    my $ndjson = "$folder/reports/test/check/rejects.ndjson.gz";
    write_file($ndjson, packed('{}'));
    check($case);
    ok(!-e $ndjson, 'the other format\'s file of an earlier run is taken away');
};

done_testing;
