#!/usr/bin/perl
# check: its findings and their places, the files it writes; the same input gives the same bytes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Compress::Gzip qw(gzip);
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $import = program('kyc-import');
my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
my $json = JSON::PP->new->utf8;

sub packed { my ($text) = @_; gzip(\$text, \my $bytes) or die; return $bytes }

# In a shell, for pipes and terminals.
sub shell { return run_program('/bin/sh', '-c', @_) }
sub quoted { return join ' ', map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @_ }

subtest 'a clean export' => sub {
    my $case = case_new($nowhere, rows => 300);
    my ($status, $out, $err) = case_run($case, 'check', '-q');
    is("$status|$out|$err", '0||', '-q is status 0 and silent');
    ($status, $out, $err) = case_run($case, 'check', '--json', '-q');
    is("$status|$err", '0|', '--json -q prints nothing else');
    my $summary = $json->decode($out);
    is_deeply($summary, case_summary($case), '--json is summary.json');
    like($out, qr/\A\{[^\n]*\}\n\z/, 'one object on one line');
    is_deeply([@$summary{qw(read valid rejected warned requests)}], [300, 300, 0, 0, 0], 'the counts');
    is_deeply($summary->{plan}, {create => 300, update => 0, unchanged => 0, settle => 0, refused => 0, twins => 0}, 'the plan');
    is($summary->{command}, 'check', 'the command');
    is($summary->{input}[0]{complete}, JSON::PP::true, 'the input was read to its end');
    is($summary->{input}[0]{bytes}, -s "$case->{folder}/export.csv", 'all its bytes');
    ok(!case_has_ledger($case), 'no ledger was made');
    is(case_rejects($case), '', 'there is no reject file');
    ($status, $out, $err) = case_run($case, 'check');
    is($status, 0, 'without -q');
    like($out, qr/300/, 'the table has the count');
    like($out, qr{^  to create 300: about 1 s at 2000/s, or 8 s at 200 ms a reply \(8 in flight\)$}m, 'and what a run would take');
    is($summary->{estimated_seconds}, 0.1, 'as the summary');
    like((case_run($case, 'check', '--set', 'delivery.rate=10/min'))[1], qr{^  to create 300: about 30 min at 10/min$}m, 'at the rate of the job');
    is(scalar(grep { length > 100 && !m{/} } split /\n/, $out), 0, 'it fits a screen');
    cmp_ok(scalar(split /\n/, $out), '<=', 24, 'in height too');
    ($status, $out) = case_run($case, '--dry-run', '--json', '-q');
    is(JSON::PP->new->utf8->decode($out)->{command}, 'check', 'run --dry-run is check');
    ok(!case_has_ledger($case), 'and makes no ledger');
};

subtest 'limits and inputs' => sub {
    my $case = case_new($nowhere, rows => 1000);
    my $csv = "$case->{folder}/export.csv";
    for my $limit (1, 255, 256, 257, 999) {
        case_run($case, 'check', '-q', '--limit', $limit);
        my $summary = case_summary($case);
        is($summary->{read}, $limit, "--limit $limit reads $limit records");
        is($summary->{input}[0]{complete}, JSON::PP::false, "--limit $limit: not the whole input");
    }
    case_run($case, 'check', '-q', '--limit', 1001);
    is(case_summary($case)->{input}[0]{complete}, JSON::PP::true, 'a limit beyond the end: the whole input');
    is((case_run($case, 'check', '-q', '--set', 'input.min_records=1000'))[0], 0, 'min_records that are there');
    my ($status, $out, $err) = case_run($case, 'check', '-q', '--set', 'input.min_records=1001');
    is($status, 3, 'min_records that are not there are status 3');
    like($err, qr/1000 records, fewer than input.min_records \(1001\)/, 'with both numbers');
    is(case_summary($case)->{input}[0]{complete}, JSON::PP::true, 'and the input is complete');
    is((case_run($case, 'check', '-q', '--set', 'input.min_records=1001', '--limit', 5))[0], 0, 'not asked for with --limit');

    write_file("$case->{folder}/other.csv", csv_rows(7));
    case_run($case, 'check', '-q', '--input', "$case->{folder}/other.csv");
    is(case_summary($case)->{read}, 7, '--input takes another file');
    write_file("$case->{folder}/noname", packed(csv_rows(9)));
    case_run($case, 'check', '-q', '--input', "$case->{folder}/noname");
    is(case_summary($case)->{read}, 9, 'gzip is seen by its magic');
    my $command = quoted(case_arguments($case, 'check', '-q', '--input', '-'));
    is((shell("$command < '$csv'"))[0], 0, 'standard input from a file');
    is(case_summary($case)->{read}, 1000, 'is read to its end');
    is((shell("cat '$case->{folder}/noname' | $command"))[0], 0, 'standard input from a pipe, gzip');
    is(case_summary($case)->{read}, 9, 'is read to its end');
    is((shell("(head -c 300 '$csv'; sleep 0.3; tail -c +301 '$csv') | $command"))[0], 0, 'from a slow pipe');
    is(case_summary($case)->{read}, 1000, 'is read to its end too');
    for my $set (['input.csv.delimiter=;', sub { tr/,/;/ }], ['input.csv.delimiter=tab', sub { tr/,/\t/ }],
        [q{input.csv.delimiter='|'}, sub { tr/,/|/ }])
    {
        local $_ = csv_rows(5);
        $set->[1]->();
        write_file("$case->{folder}/other.csv", $_);
        is((case_run($case, 'check', '-q', '--input', "$case->{folder}/other.csv", '--set', $set->[0]))[0], 0, "--set $set->[0]");
    }
};

subtest 'the input that cannot be read' => sub {
    my $case = case_new($nowhere, rows => 2000);
    my $path = "$case->{folder}/cut.csv.gz";
    my $whole = packed(csv_rows(2000));
    my $cut = int(length($whole) / 2);
    write_file($path, substr $whole, 0, $cut);
    my ($status, $out, $err) = case_run($case, 'check', '--input', $path);
    is($status, 3, 'a truncated gzip is status 3');
    like($err, qr/cut\.csv\.gz.*\b$cut\b/, 'the message names file and offset') or diag $err;
    my $summary = case_summary($case);
    cmp_ok($summary->{read}, '>', 100, 'the rows before it were read');
    is($summary->{rejected}, 1, 'the record at the cut is rejected');
    is_deeply($summary->{rejects_by_rule}, {'record/cut' => 1}, 'as record/cut');
    is($summary->{input}[0]{complete}, JSON::PP::false, 'the input is not complete');
    like(case_rejects($case, 'broken.csv.gz'), qr/\Acustomer_id,.*\ncust-\d+/, 'broken.csv.gz has the header and its bytes');
    for my $wrong (['a missing file', undef, qr/No such file.*\n *hint: input\.path is relative to the job file's folder/], ['an empty file', '', qr/empty|header/], ['only blank lines', "\n\n\r\n", qr/header|empty/],
        ['only a header', "customer_id,email\n", qr/no column|fewer than/], ['UTF-16', "\xff\xfec\0u\0", qr/UTF-16.*set input\.encoding to utf-16/s],
        ['UTF-16, the other order', "\xfe\xff\0c\0u", qr/UTF-16/], ['a folder', 'folder', qr/directory|folder/i])
    {
        my $file = "$case->{folder}/wrong.csv";
        unlink $file;
        $wrong->[1] eq 'folder' ? mkdir $file : write_file($file, $wrong->[1]) if defined $wrong->[1];
        ($status, $out, $err) = case_run($case, 'check', '--input', $file);
        is($status, $wrong->[0] eq 'only a header' ? 2 : 3, "$wrong->[0]: its status");
        like($err, $wrong->[2], "$wrong->[0]: the message helps");
    }
};

subtest 'the reject file' => sub {
    my $rows = csv_rows(3000, 150);
    $rows =~ s/^(cust-000777),Alex,/$1,"Al\nex ""A"" ",/m;
    $rows =~ s/^(cust-000778),Alex,(.*),other$/$1,,$2,oth\xff/m;
    $rows .= "cust-000001,Alex,\"Mor,gan\",again\@example.com,+14155550110,1990-04-15,San Francisco,US,1 Market St,San Francisco,94103,US,US,other\n";
    my $case = case_new($nowhere, rows => 3000, csv => $rows);
    my $report = "$case->{folder}/reports/test/check";
    my ($status, $out, $err) = case_run($case, 'check', '--json', '-q');
    is($status, 1, 'rows were rejected');
    my $first = $json->decode($out);
    my $bytes = read_file("$report/rejects.csv.gz");
    my $rejects = case_rejects($case);
    is((stat $report)[2] & 07777, 0700, 'its folder is 0700');
    is((stat "$report/rejects.csv.gz")[2] & 07777, 0600, 'it is 0600');
    my ($header) = $rejects =~ /\A([^\n]*)/;
    is($header, (split /\n/, $rows)[0] . ',kyc_input,kyc_row,kyc_line,kyc_verdicts,kyc_message', 'its header');
    is(scalar(() = $rejects =~ /^(?:bad-|cust-)/mg), $first->{rejected}, 'a row for each rejected record');
    ok($rejects =~ /^bad-20,Alex,Morgan,not an address,\+14155550110,1990-02-30,.*,[^,]*export\.csv,21,22,email\/format;date_of_birth\/format,/m,
        'a row as it was, with row, line and verdicts');
    my @numbers = map { /export\.csv,(\d+),\d+,/ ? $1 : () } split /\n/, $rejects;
    is("@numbers", join(' ', sort { $a <=> $b } @numbers), 'in input order');
    ok($rejects =~ /^cust-000001,Alex,"Mor,gan",again.*external_id\/unique/m, 'quoted as it must be');

    for my $way (['again'], ['on one core', 'taskset', '-c', '0']) {
        my ($sentence, @before) = @$way;
        run_program(@before, case_arguments($case, 'check', '-q'));
        ok(read_file("$report/rejects.csv.gz") eq $bytes, "$sentence: the same bytes");
    }
    shell("gzip -c '$case->{folder}/export.csv' | " . quoted(case_arguments($case, 'check', '-q', '--input', '-')));
    (my $piped = case_rejects($case)) =~ s/,-,(?=\d+,\d+,)/,$case->{folder}\/export.csv,/g;
    ok($piped eq $rejects, 'packed, from a pipe: the same rows');

    # Fed back unchanged, it has the same verdicts (without unique) and may replace itself.
    write_file("$case->{folder}/rejects.csv.gz", $bytes);
    case_run($case, 'check', '-q');
    ($status, $out) = case_run($case, 'check', '--json', '-q', '--input', "$report/rejects.csv.gz");
    my $second = $json->decode($out);
    my %expected = %{$first->{rejects_by_rule}};
    delete $expected{'external_id/unique'};
    is_deeply($second->{rejects_by_rule}, \%expected, 'fed back: the same verdicts, without unique');
    is($second->{read}, $first->{rejected}, 'fed back: every row of it');
    ok(case_rejects($case) =~ /^(\Q$header\E)\n/, 'fed back, it replaced itself, with the same columns');

    (my $fixed = $rejects) =~ s/not an address,(.*?),1990-02-30/good\@example.com,$1,1990-02-28/g;
    $fixed =~ s/oth\xff/other/;
    $fixed =~ s/^(cust-000778),,/$1,Alex,/m;
    write_file("$case->{folder}/fixed.csv", $fixed);
    is((case_run($case, 'check', '-q', '--input', "$case->{folder}/fixed.csv"))[0], 0, 'fixed by a script, it passes');
};

subtest 'the table of rules is cut between words' => sub {
    # Ten defects at a time: each rule has one line with its meaning, cut to the width, because all of them in full do not
    # fit on a screen; the page or the source has it in full. One defect has two lines, and is not cut.
    my ($job, $folder) = ("$FindBin::Bin/../../samples/every-defect.yaml", scratch_folder());
    run_program(program('kyc-import'), 'check', $job, '-q', '--report', "$folder/report");
    my ($status, $rejects) = run_program('gunzip', '-c', "$folder/report/check/rejects.csv.gz");
    my ($header, @rows) = grep { tr/"// % 2 == 0 } split /\n/, $rejects; # a row of several lines is left out
    my $meanings = join('', map { read_file($_) } glob "$FindBin::Bin/../../src/report/*.c") =~ s/"\s*\n\s*"//gr;
    my (%cut, @wrong);
    my @groups = map { [grep { defined } @rows[$_ .. $_ + 9]] } grep { $_ % 10 == 0 } 0 .. $#rows;
    for my $group (@groups, [$rows[0]]) {
        write_file("$folder/some.csv", join "\n", $header, @$group, '');
        my (undef, $out) = run_program(program('kyc-import'), 'check', $job, '--input', "$folder/some.csv", '--report', "$folder/report");
        unlike($out, qr/…$/m, 'one is shown in full') if @$group == 1;
        my $page = read_file("$folder/report/check/report.html") =~ s/<[^>]*>/ /gr =~ s/&#39;/'/gr =~ s/&quot;/"/gr =~ s/&lt;/</gr =~ s/&gt;/>/gr =~ s/&amp;/&/gr;
        for my $text ($out =~ /^  \S+\/\S+(?: \(warning\))? +\d+ +\d+  (.*)…$/mg) {
            $cut{$text} = 1;
            push @wrong, $text if "$page$meanings" !~ /\Q$text\E[ ,;:.(-]/;
        }
    }
    cmp_ok(scalar keys %cut, '>', 0, 'some are cut');
    is_deeply(\@wrong, [], 'each at the end of a word');
};

subtest 'progress and terminals' => sub {
    my $case = case_new($nowhere, rows => 300);
    my ($status, $out, $err) = case_run($case, 'check', '--progress', 'always');
    like($err, qr/\r|\e\[/, '--progress always shows a line anywhere');
    ($status, $out, $err) = case_run($case, 'check');
    unlike($err, qr/\r|\e\[/, 'auto shows none in a file');
    for my $progress (qw(auto never)) {
        my $command = quoted(case_arguments($case, 'check', '--progress', $progress));
        ($status, $out, $err) = run_program('script', '-qec', "$command >/dev/null", '/dev/null');
        is($status, 0, "$progress on a terminal") or diag $out, $err;
        # a line end is CR LF there
        $out =~ s/\r\n/\n/g;
        $progress eq 'auto' ? like($out, qr/\r|\e\[/, 'auto shows a line on a terminal') : unlike($out, qr/\r|\e\[/, 'never shows none');
    }
};

subtest 'what it writes' => sub {
    my $case = case_new($nowhere, rows => 10);
    write_file("$case->{folder}/reports", "a file\n");
    my ($status, $out, $err) = case_run($case, 'check');
    is($status, 2, 'a report folder that cannot be made is status 2');
    like($err, qr{reports}, 'and named');
    unlink "$case->{folder}/reports";
    ($status, $out, $err) = shell(quoted(case_arguments($case, 'check')) . ' > /dev/full');
    is($status, 2, 'a standard output that is full is status 2');
    like($err, qr/standard output/, 'and reported');

    my $marked = csv_rows(5) . "mark-1,Zebulonius,Quackenbush,zebulonius\@mark.example,+1415555zz99,1987-13-13,Markville,US,99 Marker Way,Markham,90909,US,US,markwork\n";
    $case = case_new($nowhere, csv => $marked, rows => 5);
    my $everything = '';
    for my $more ([], ['--json'], ['-v'], ['--progress', 'always'], ['--log-format', 'json', '-v']) {
        ($status, $out, $err) = case_run($case, 'check', @$more);
        $everything .= $out . $err;
    }
    my $report = "$case->{folder}/reports/test/check";
    for my $file (glob "$report/*") {
        $everything .= read_file($file) if $file !~ /\.gz$/ && $file !~ /\.html$/;
    }
    unlike($everything, qr/\Q$_\E/i, "no `$_` in what it says and writes, rejects aside")
        for qw(zebulon quacken mark.example zz99 1987-13 Markville Marker markwork);
};
done_testing;
