#!/usr/bin/perl
# check --shard I/N and merge: N shards of a check, merged, are byte for byte the report of one process; a shard that was
# killed or made twice does no harm; what does not fit together is refused, with the command that mends it.
use strict;
use warnings;
use Cwd qw(abs_path);
use Fcntl qw(:flock);
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Compress::Gzip qw(gzip);
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;

my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
my $json = JSON::PP->new->utf8->canonical;
$ENV{TEST_SHARD_KEY} = 'f00d' x 16;
my @key = ('--shard-key', 'env:TEST_SHARD_KEY');

my $header = 'customer_id,given_name,family_name,email,mobile,dob,birth_city,birth_country,street,city,zip,country,nats,job_title';

# A valid row; $with changes cells by their name.
sub row
{
    my ($id, %with) = @_;
    my ($n) = $id =~ /(\d+)$/;
    my %cell = (customer_id => $id, given_name => 'Alex', family_name => "Morgan$n", email => "$id\@example.com",
        mobile => sprintf('+1415555%04d', 100 + $n % 9000), dob => '1990-04-15', birth_city => 'San Francisco', birth_country => 'US',
        street => '1 Market St', city => 'San Francisco', zip => '94103', country => 'US', nats => 'US', job_title => 'computers_and_it', %with);
    return join ',', map { $cell{$_} } split /,/, $header;
}

# Rows p-FILE-1 … of a file, of which every fifth has one defect of a kind that depends on the file: few kinds in some
# files, many in others, so that examples and listed rows are chosen across files.
sub rows_of
{
    my ($file, $count) = @_;
    my @countries = qw(US DE GB FR);
    my @rows;
    for my $i (1 .. $count) {
        my $id = "p$file-" . sprintf '%05d', $i;
        my %with = (country => $countries[($i + $file) % 4], zip => $countries[($i + $file) % 4] eq 'GB' ? 'M1 1AE' : '94103');
        if ($i % 5 == 0) {
            my $kind = ($i / 5 + $file) % 6;
            %with = (%with, email => 'no address') if $kind == 0;
            %with = (%with, dob => '1990-02-3' . $i % 10) if $kind == 1;
            %with = (%with, email => 'x' x ($i % 7) . '@' . 'y' x ($file % 3)) if $kind == 2 && $file > 2;
            %with = (%with, mobile => "+1 $i") if $kind == 3;
            %with = (%with, country => 'Atlantis') if $kind == 4 && $file % 2;
            %with = (%with, dob => '') if $kind == 5;
        }
        push @rows, row($id, %with);
    }
    return @rows;
}

# The eight files, with repeats across them. Every key and line that is planted is used below.
sub files
{
    my @files = map { [rows_of($_, (40, 300, 1700, 90, 700, 25, 410, 120)[$_])] } 0 .. 7;
    $files[6][7] = row('p1-00003');                                     # a key of file 1: rejected
    $files[6][8] = row('p1-00003', family_name => 'Other');
    $files[0][3] = row('bad-00001', dob => '1990-02-30');               # rejected …
    $files[5][2] = row('bad-00001');                                    # … and a repeat all the same
    $files[$_][11] = row('thrice-00001', family_name => "F$_") for 2, 3, 7;    # in three files
    $files[2][13] = row('thrice-00001');                                # and twice in one of them
    $files[4][21] = row('p4-90001', email => 'same@example.com');       # an e-mail in two files: a warning
    $files[1][22] = row('p1-90001', family_name => 'Else', email => 'same@example.com');
    $files[7][5] = row('p7-90001', given_name => 'Kim', family_name => 'Twin', email => 'twin@example.com');
    $files[3][6] = row('p3-90001', given_name => 'Kim', family_name => 'Twin', email => 'Twin@example.com');    # a twin of it
    # The first record of this identity is rejected as a repeat of file 0: the twin of it is then none.
    $files[0][8] = row('early-00001');
    $files[1][30] = row('early-00001', given_name => 'Lee', family_name => 'Gone', email => 'gone@example.com');
    $files[4][30] = row('p4-90002', given_name => 'Lee', family_name => 'Gone', email => 'gone@example.com');
    $files[6][30] = row('p6-90002', given_name => 'Lee', family_name => 'Gone', email => 'gone@example.com');
    my @texts = map { join '', map { "$_\n" } $header, @$_ } @files;
    $texts[4] .= "too,few,cells\n" . row('p4-80000') . "\n";
    $texts[3] = "\xef\xbb\xbf$texts[3]";
    $texts[6] .= 'p6-80000,"Alex';                                      # breaks off within a cell
    for my $packed (1, 2, 5) {
        gzip(\$texts[$packed], \my $bytes) or die;
        $texts[$packed] = $bytes;
    }
    return @texts;
}

# A job over files (texts, written as part-0 … ).
sub case_of
{
    my ($texts, %option) = @_;
    my $case = case_new($nowhere, rows => 1);
    my @paths = map { "part-$_" } 0 .. $#$texts;
    write_file("$case->{folder}/$paths[$_]", $texts->[$_]) for 0 .. $#$texts;
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/^input: .*/"input:\n  path: [" . join(', ', @paths) . ']' . ($option{input} || '')/me;
    $job .= $option{rules} // "rules:\n  - {rule: unique, field: email, level: warn}\n";
    write_file("$case->{folder}/job.yaml", $job);
    return $case;
}

sub report_folder { return "$_[0]{folder}/reports/test/check" }
sub shard_folder { my ($case, $i, $n) = @_; return report_folder($case) . "/shard-$i-of-$n" }
sub shard { my ($case, $i, $n, @more) = @_; return case_run($case, 'check', '-q', '--shard', "$i/$n", @key, @more) }
sub merge { my ($case, @more) = @_; return case_run($case, 'merge', '-q', @key, @more) }

# Starts a command that is stopped at a step (core/failpoint.h); its pid.
sub start_until
{
    my ($step, $how, $case, @command) = @_;
    local @ENV{qw(KYC_BUILD KYC_STOP_AT KYC_STOP_BY)} = (($ENV{KYC_BUILD} // 'build') . '/steps', $step, $how);
    return case_start($case, @command);
}

# Until it is stopped there.
sub await_stop
{
    my ($pid, $sentence) = @_;
    my $until = time + 30;
    sleep 0.01 until read_file("/proc/$pid/stat") =~ /\) [TZ] / || time > $until;
    like(read_file("/proc/$pid/stat"), qr/\) T /, $sentence);
}

# What a check leaves, its times replaced: the summary, the page, the metrics, and the reject files unpacked.
sub result_of
{
    my ($folder) = @_;
    my %result = (summary => read_file("$folder/summary.json"), page => read_file("$folder/report.html"), metrics => read_file("$folder/metrics.prom"));
    $result{summary} =~ s/"started":"[^"]+","finished":"[^"]+","seconds":[\d.]+/"started":"","finished":"","seconds":0/;
    $result{metrics} =~ s/^(kyc_import_(?:\w+_timestamp|duration)_seconds\{.*\}) [\d.]+$/$1 TIME/mg;
    $result{page} =~ s/<time [^>]*>[^<]*</<time></g;
    $result{page} =~ s/(<data value=")[^"]*(" data-figure="seconds">)[^<]*</$1$2</;
    for my $name (qw(rejects.csv.gz broken.csv.gz rejects.ndjson.gz broken.ndjson.gz)) {
        $result{$name} = -e "$folder/$name" ? (run_program('gunzip', '-c', "$folder/$name"))[1] : 'none';
    }
    return \%result;
}

sub is_equal
{
    my ($got, $want, $sentence) = @_;
    for my $part (sort keys %$want) {
        next if ok($got->{$part} eq $want->{$part}, "$sentence: $part");
        my @got = split /(?<=\n)|(?<=,")/, $got->{$part};
        my @want = split /(?<=\n)|(?<=,")/, $want->{$part};
        my ($i) = grep { ($got[$_] // '') ne ($want[$_] // '') } 0 .. ($#got > $#want ? $#got : $#want);
        diag "got $got[$i]", "want $want[$i]";
    }
}

# Makes all shards and merges them, with what merge asks for, as a person does. Returns the number of merges.
sub check_in_shards
{
    my ($case, $n) = @_;
    shard($case, $_, $n) for 0 .. $n - 1;
    for my $round (1 .. 4) {
        my ($status, $out, $err) = merge($case, '--shards', $n);
        return ($round, $status, $err) if $status < 2;
        my @lines = $err =~ /hint: kyc-import (check .*)/g;
        return ($round, $status, $err) if !@lines;
        run_program('/bin/sh', '-c', program('kyc-import') . " $_ -q") for @lines;
    }
    return (5, 9, 'never ended');
}

my @texts = files();
my $one = case_of(\@texts);
my ($status, $out, $err) = case_run($one, 'check', '-q');
is($status, 1, 'one process') or diag $err;
my $want = result_of(report_folder($one));
my $summary = $json->decode($want->{summary});
is($summary->{rejects_by_rule}{'external_id/unique'}, 7, 'the repeats: p1-00003 twice, bad-00001, thrice-00001 three times, early-00001');
cmp_ok($summary->{warnings_by_rule}{'email/unique'}, '>=', 1, 'the e-mail in two files');
is($summary->{plan}{twins}, 2, 'Kim Twin, and Lee Gone in file 6');
like($want->{'rejects.csv.gz'}, qr/the same value as in row 4 of \S*part-0$/m, 'a repeat of a rejected row');
unlike($want->{'broken.csv.gz'}, qr/^none$/, 'records that could not be read');

for my $n (1, 2, 4, 7, 11) {
    run_program('rm', '-rf', report_folder($one));
    my ($rounds, $code, $message) = check_in_shards($one, $n);
    is($code, 1, "$n shards: the status of one process") or diag $message;
    cmp_ok($rounds, '<=', 3, "$n shards: at most two rounds of repeats");
    is_equal(result_of(report_folder($one)), $want, "$n shards");
}

subtest 'in one command' => sub {
    run_program('rm', '-rf', report_folder($one));
    shard($one, $_, 4) for 0 .. 3;
    my (undef, undef, $asked) = merge($one, '--shards', 4);
    like($asked, qr/^kyc-import: error: \S+ has values that must be unique and that an earlier shard has, too\nhint: kyc-import check /m, 'values of two shards');
    my ($line) = $asked =~ /^kyc-import: error: [1-4] of 4 shards (?:is|are) to be made before the merge; --again does it here\nhint: (kyc-import merge \S+job\.yaml .*--shards 4 --again)\n\z/m;
    ok($line, 'the one command for all of them comes last') or diag $asked;
    is((run_program('/bin/sh', '-c', ($line // 'false') =~ s/^kyc-import/program('kyc-import')/er . ' -q'))[0], 1, 'run as it is printed');
    is_equal(result_of(report_folder($one)), $want, 'it makes the report');
    run_program('rm', '-rf', report_folder($one));
    ok(!-e report_folder($one), 'once more from the beginning');
    my ($code, $stdout, $message) = merge($one, '--shards', 4, '--again');
    is($code, 1, 'merge --again makes the shards itself') or diag $message;
    is_equal(result_of(report_folder($one)), $want, 'merge --again');
    ($code, $stdout) = case_run($one, 'merge', @key, '--shards', 4, '--json', '--rows-ok');
    is($code, 0, 'once more, nothing is made again');
    is($json->decode($stdout)->{command}, 'check', '--json is the summary of a check');
    is_equal(result_of(report_folder($one)), $want, 'the same again');
    my @files = glob report_folder($one) . '/shard-2-of-4/*';
    is_deeply([map { sprintf '%s %03o', m{([^/]+)$}, (stat $_)[2] & 0777 } grep { /keys|shard\.json|rejects/ } @files],
        ['keys.bin 600', 'rejects.csv.gz 600', 'shard.json 600'], 'what a shard leaves is private');
    my $text = join '', map { read_file($_) } glob(report_folder($one) . '/shard-*/{shard.json,keys.bin}'), glob(report_folder($one) . '/repeats.bin');
    unlike($text, qr/thrice-00001|example\.com|Morgan/, 'and names nobody');
};

subtest 'in one command, with the key of the job' => sub {
    my $case = case_of([@texts[0, 5]]);
    local $ENV{TEST_JOB_KEY} = 'f00d' x 16;
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "ledger_key: env:TEST_JOB_KEY\n");
    case_run($case, 'check', '-q');
    my $whole = result_of(report_folder($case));
    my ($code, undef, $message) = case_run($case, 'merge', '-q', '--shards', 2, '--again');
    is($code, 1, 'each shard, and those with the repeats of the other') or diag $message;
    is_equal(result_of(report_folder($case)), $whole, 'the key of the job');
};

subtest 'a key that is too short' => sub {
    my $case = case_of([$texts[0]]);
    local $ENV{TEST_SHARD_KEY} = 'a short key';
    my ($code, undef, $message) = case_run($case, 'check', '-q', '--shard', '0/1', @key);
    is($code, 2, 'status 2');
    like($message, qr/--shard-key: the key has fewer than 16 bytes, so it could be found by trying\nhint: make one/, 'with the way on');
    unlike($message, qr/a short key/, 'and without the key');
};

subtest 'killed, and made twice' => sub {
    my $case = case_of([join('', map { "$_\n" } $header, rows_of(1, 60_000)), $texts[0]]);
    case_run($case, 'check', '-q');
    my $whole = result_of(report_folder($case));
    shard($case, 1, 2);
    my $pid = start_until('draft opened#1', 'stop', $case, 'check', '-q', '--shard', '0/2', @key);
    await_stop($pid, 'a shard that has begun');
    kill 'KILL', $pid;
    waitpid $pid, 0;
    ok(!-e shard_folder($case, 0, 2), 'a shard that was killed has no folder');
    is(scalar(() = glob shard_folder($case, 0, 2) . '.new-*'), 1, 'but a draft');
    my ($code, undef, $message) = merge($case, '--shards', 2);
    is($code, 3, 'it is missing');
    like($message, qr/error: shard 0 of 2 is missing\n *hint: kyc-import check \S+job\.yaml .*--shard 0\/2/, 'with the command that makes it');
    $pid = start_until('draft opened#1', 'int', $case, 'merge', '-q', @key, '--shards', 2, '--again');
    waitpid $pid, 0;
    is($?, 6 << 8, 'Ctrl-C while merge makes it: status 6');
    my @pids = map { case_start($case, 'check', '-q', '--shard', '0/2', @key) } 1, 2;
    my @ends = map { waitpid $_, 0; $? >> 8 } @pids;
    is_deeply(\@ends, [1, 1], 'two processes make it at once');
    is_deeply([map { m{([^/]+)$} } glob shard_folder($case, 0, 2) . '*'], ['shard-0-of-2'], 'one whole folder is left, and no draft');
    ($code, undef, $message) = merge($case, '--shards', 2);
    is($code, 1, 'and it is merged') or diag $message;
    is_equal(result_of(report_folder($case)), $whole, 'killed and repeated');
};

# An engine that has lost a node may start a shard once more, and the lost one comes to its end all the same.
subtest 'made again while it is merged' => sub {
    my $case = case_of([@texts[0, 5]]);
    case_run($case, 'check', '-q');
    my $whole = result_of(report_folder($case));
    my ($code, undef, $message) = merge($case, '--shards', 2, '--again');
    is($code, 1, 'the shards, one of them with the repeats of the other') or diag $message;
    my ($repeated) = grep { $json->decode(read_file(shard_folder($case, $_, 2) . '/shard.json'))->{repeats} } 0, 1;
    ok(defined $repeated, 'which one') or return;
    for my $try ([['--again'], [], 'without the repeats'], [[], ['--repeats', report_folder($case) . '/repeats.bin'], 'with them'],
        [[], [], 'without them, and no --again']) {
        unlink map { report_folder($case) . "/$_" } qw(summary.json rejects.csv.gz);
        # After the counts were read, before the rejected rows.
        my $pid = start_until('draft opened#2', 'stop', $case, 'merge', '-q', @key, '--shards', 2, @{$try->[0]});
        await_stop($pid, 'a merge is halfway');
        shard($case, $repeated, 2, @{$try->[1]});
        kill 'CONT', $pid;
        waitpid $pid, 0;
        my $is_refused = !@{$try->[0]} && !@{$try->[1]};
        is($? >> 8, $is_refused ? 3 : 1, "a shard is made again, $try->[2]: the status") or diag read_file("$case->{folder}/err");
        ok(!-e report_folder($case) . '/rejects.csv.gz', 'and no file of both') if $is_refused;
        is_equal(result_of(report_folder($case)), $whole, 'and the report') if !$is_refused;
    }
};

# `forget` removes a reject file, and a disk that was full may have cut one.
subtest 'a reject file of a shard is missing or cut' => sub {
    my $case = case_of([@texts[0, 5]]);
    case_run($case, 'check', '-q');
    my $whole = result_of(report_folder($case));
    my ($code, undef, $message) = merge($case, '--shards', 2, '--again');
    is($code, 1, 'the shards') or diag $message;
    my $file = shard_folder($case, 0, 2) . '/rejects.csv.gz';
    for my $damage (['missing', sub { unlink $file or die $! }], ['cut', sub { truncate $file, (-s $file) - 1 or die $! }]) {
        my ($what, $make) = @$damage;
        $make->();
        unlink report_folder($case) . '/summary.json';
        ($code, undef, $message) = merge($case, '--shards', 2);
        is($code, 3, "$what: status 3");
        like($message, qr/error: \Q$file\E is missing, or was cut\n *hint: kyc-import check \S+job\.yaml .*--shard 0\/2/, "$what: the command that makes it");
        ok(!-e report_folder($case) . '/summary.json', "$what: no report");
        ($code, undef, $message) = merge($case, '--shards', 2, '--again');
        is($code, 1, "$what: --again makes it") or diag $message;
        is_equal(result_of(report_folder($case)), $whole, $what);
    }
};

subtest 'merge refuses what does not fit' => sub {
    my $case = case_of([map { join '', map { "$_\n" } $header, rows_of($_, 200 - 30 * $_) } 0 .. 3], rules => '');
    my $report = report_folder($case);
    shard($case, $_, 3) for 0 .. 2;
    my @folders = map { shard_folder($case, $_, 3) } 0 .. 2;
    my $is = sub {
        my ($sentence, $pattern, @arguments) = @_;
        my ($code, undef, $message) = merge($case, @arguments);
        is($code, 3, "$sentence: status 3");
        like($message, $pattern, "$sentence: what, and what to do");
        ok(!-e "$report/summary.json", "$sentence: no report");
    };
    my $line = sub { my ($i) = @_; return qr/hint: kyc-import check \S+job\.yaml .*--shard-key env:TEST_SHARD_KEY --shard $i\/3 --report \S*shard-$i-of-3/ };
    $is->('a missing one', qr/error: shard 1 of 3 is missing\n *${\$line->(1)}/, @folders[0, 2]);
    $is->('one twice', qr/shard-0-of-3 and \S+copy are both shard 0 of 3\n *hint: leave one of the folders out/,
        @folders, do { run_program('cp', '-a', $folders[0], "$case->{folder}/copy"); "$case->{folder}/copy" });
    shard($case, 0, 2);
    $is->('one of another N', qr/shard-0-of-2 is shard 0 of 2, and the others are of 3\n *hint: leave this folder out/, @folders, shard_folder($case, 0, 2));
    shard($case, 2, 3, '--set', 'input.max_record=60KiB');
    $is->('one of another job', qr/shard-2-of-3 was made by another job file, or with other --set or --input options\n *${\$line->(2)}/, @folders);
    shard($case, 2, 3, '--set', 'input.max_record=60KiB', '--shard-key', 'env:TEST_SHARD_KEY_2') for local $ENV{TEST_SHARD_KEY_2} = 'beef' x 16;
    $is->('one of another job, with its key, is no measure of the others', qr/error: 1 of 3 shards is to be made before the merge/, @folders);
    shard($case, 2, 3, '--shard-key', 'env:TEST_SHARD_KEY_2') for local $ENV{TEST_SHARD_KEY_2} = 'beef' x 16;
    $is->('one with another key', qr/was made with another key/, @folders);
    shard($case, 2, 3);
    my $shard_json = read_file("$folders[1]/shard.json");
    write_file("$folders[1]/shard.json", $shard_json =~ s/"version":"[^"]*"/"version":"0.0.9"/r);
    $is->('one of another version', qr/shard-1-of-3 was made by version 0\.0\.9 of kyc-import, and this is \S+\n *${\$line->(1)}/, @folders);
    write_file("$folders[1]/shard.json", $shard_json =~ s/"status":1/"status":3/r);
    $is->('one that failed', qr/shard-1-of-3: this shard ended with status 3: an input could not be read to its end\n *${\$line->(1)}/, @folders);
    write_file("$folders[1]/shard.json", substr $shard_json, 0, 200);
    $is->('one that is damaged', qr{error: shard 1 of 3 is missing: \S+shard-1-of-3/shard\.json is damaged\n *${\$line->(1)}}, @folders);
    $is->('one that is damaged, of --shards', qr{error: shard 1 of 3 is missing: \S+shard-1-of-3/shard\.json is damaged\n}, '--shards', 3);
    write_file("$folders[1]/shard.json", $shard_json =~ s/"of":3/"of":4000000000/r);
    $is->('one of more shards than there can be', qr{shard 1 of 3 is missing: \S+shard\.json is damaged}, @folders);
    write_file("$folders[1]/shard.json", $shard_json);
    my $keys = read_file("$folders[1]/keys.bin");
    write_file("$folders[1]/keys.bin", substr($keys, 0, -100) . "\0" x 100);
    $is->('keys with zeros at the end', qr{shard-1-of-3/keys\.bin is damaged\n *${\$line->(1)}}, @folders);
    write_file("$folders[1]/keys.bin", substr($keys, 0, -24));
    $is->('keys that are cut', qr{shard-1-of-3/keys\.bin is damaged}, @folders);
    write_file("$folders[1]/keys.bin", $keys);
    utime 1_700_000_000, 1_700_000_000, "$case->{folder}/part-2";
    $is->('an input that has changed', qr/was made before \S*part-2 changed\n *hint: kyc-import check/, @folders);
    shard($case, $_, 3) for 0 .. 2;
    my ($code, undef, $message) = merge($case, @folders, '--shards', 3);
    is($code, 2, 'folders and --shards: status 2');
    like($message, qr/merge needs the folders of the shards, or --shards N for those in the report folder, not both\n/, 'and why');
    ($code, undef, $message) = merge($case, @folders);
    is($code, 1, 'made again, all fit') or diag $message;
    unlink "$report/summary.json";
    write_file("$case->{folder}/part-4", "$header\n" . row('p9-00001') . "\n");
    my $job = read_file("$case->{folder}/job.yaml");
    write_file("$case->{folder}/job.yaml", $job =~ s/part-3\]/part-3, part-4]/r);
    $is->('an input that was added', qr/was made by another job file/, @folders);
    write_file("$case->{folder}/job.yaml", $job);
    $is->('no shard at all', qr/nowhere\S*: .*No such file.*\n *hint: give the folders that kyc-import check --shard made/, "$case->{folder}/nowhere");
    run_program('rm', '-rf', $folders[2]);
    my $start = time;
    $is->('one that does not come', qr/shard 2 of 3 is missing/, @folders, '--wait', '2s');
    cmp_ok(time - $start, '>=', 2, 'after the time to wait');
    my $pid = case_start($case, 'merge', '-q', @key, @folders, '--wait', '1m');
    sleep 0.3;
    shard($case, 2, 3);
    waitpid $pid, 0;
    is($? >> 8, 1, 'one that comes in time is merged');
};

# A merge that waits does not wait for a shard that has failed for good; what an earlier try has left does not end the wait.
subtest 'waiting for a shard that fails' => sub {
    my $text = join '', map { "$_\n" } $header, rows_of(1, 3000), row('thrice-00001');
    gzip(\$text, \my $packed) or die;
    my $case = case_of([$texts[2], substr($packed, 0, length($packed) / 2), $texts[5]]);
    case_run($case, 'check', '-q');
    my $whole = result_of(report_folder($case));
    run_program('rm', '-rf', report_folder($case));
    my ($failing) = grep { (shard($case, $_, 3))[0] == 3 } 0 .. 2;
    my @others = grep { $_ != $failing } 0 .. 2;
    run_program('rm', '-rf', map { shard_folder($case, $_, 3) } @others);
    my $start = time;
    my ($code, undef, $message) = merge($case, '--shards', 3, '--wait', '2s');
    is($code, 3, 'one that had failed before the wait: status 3');
    cmp_ok(time - $start, '>=', 2, 'after the whole wait, because it may be made again');
    like($message, qr/shard $others[0] of 3 is missing/, 'and all problems are named');

    $start = time;
    my $pid = case_start($case, 'merge', @key, '--shards', 3, '--wait', '10m');
    my $until = time + 300;
    sleep 0.05 while (eval { read_file("$case->{folder}/err") } // '') !~ /waiting for the shards/ && time < $until;
    shard($case, $failing, 3);
    waitpid $pid, 0;
    is($? >> 8, 3, 'one that fails during the wait: status 3');
    cmp_ok(time - $start, '<', 600, 'at once');
    $message = read_file("$case->{folder}/err");
    like($message, qr/shard-$failing-of-3: this shard ended with status 3: an input could not be read to its end/, 'with the reason');
    unlike($message, qr/error: .*is missing/, 'alone, since the others may be on their way');

    $start = time;
    ($code, undef, $message) = case_run($case, 'merge', @key, '--shards', 3, '--wait', '10m', '--again');
    is($code, 3, '--again: the status of one process');
    cmp_ok(time - $start, '<', 600, 'at once');
    is(scalar(() = $message =~ /: making this shard/g), 1, 'after that shard was made once more, and no other');
    is_equal(result_of(report_folder($case)), $whole, 'and its report');

    # The same inputs could be read after all: those of an earlier try were on a host that has lost its disk.
    $case = case_of([@texts[2, 5, 7]]);
    case_run($case, 'check', '-q');
    $whole = result_of(report_folder($case));
    ($code, undef, $message) = merge($case, '--shards', 3, '--again');
    my $failed = shard_folder($case, 1, 3) . '/shard.json';
    write_file($failed, read_file($failed) =~ s/"status":1/"status":3/r);
    run_program('rm', '-rf', shard_folder($case, 0, 3));
    unlink report_folder($case) . '/summary.json';
    $pid = case_start($case, 'merge', @key, '--shards', 3, '--wait', '10m', '--again');
    $until = time + 300;
    sleep 0.05 while (eval { read_file($failed) } // '') !~ /"status":1/ && time < $until;    # between two folders there is none
    sleep 1.5;
    ok(!-e shard_folder($case, 0, 3), 'a shard that had failed is made once more, and the wait goes on');
    shard($case, 0, 3);
    waitpid $pid, 0;
    is($? >> 8, 1, 'until the others are there');
    is_equal(result_of(report_folder($case)), $whole, 'and the report');

    # A new export: what has failed of the old one says nothing.
    write_file($failed, read_file($failed) =~ s/"status":1/"status":3/r);
    utime 1_700_000_000, 1_700_000_000, "$case->{folder}/part-0";
    $pid = case_start($case, 'merge', @key, '--shards', 3, '--wait', '10m');
    sleep 1.5;
    shard($case, $_, 3) for 0 .. 2;
    waitpid $pid, 0;
    $code = $? >> 8;
    $code = (merge($case, '--shards', 3, '--again'))[0] if $code == 3 && read_file("$case->{folder}/err") =~ /has values that must be unique/;
    is($code, 1, 'shards of an export before are waited for');
    is_equal(result_of(report_folder($case)), $whole, 'and the report of the new one');

    run_program('rm', '-rf', report_folder($case));
    write_file("$case->{folder}/part-2", "other,columns\n1,2\n");
    is((shard($case, 0, 3))[0], 3, 'an input of another header: no shard begins');
    $start = time;
    ($code, undef, $message) = merge($case, '--shards', 3, '--wait', '10m');
    is($code, 3, 'nor does a merge wait for any');
    cmp_ok(time - $start, '<', 600, 'but ends at once');
    like($message, qr/all inputs of a run must have the same header/, 'with the reason');
    unlink "$case->{folder}/part-2";
    ($code, undef, $message) = merge($case, '--shards', 3, '--wait', '10m');
    is($code, 3, 'an input that is missing: the same');
    like($message, qr/part-2: No such file/, 'with its name');
};

# Two processes make the same shard, and one of them is on a host that cannot read the inputs.
subtest 'one that fails does not replace one that is whole' => sub {
    my $text = join '', map { "$_\n" } $header, rows_of(1, 3000);
    gzip(\$text, \my $packed) or die;
    my $case = case_of([$packed]);
    my $part = "$case->{folder}/part-0";
    utime 1_700_000_000, 1_700_000_000, $part;
    is((shard($case, 0, 1))[0], 1, 'a shard');
    my $made = read_file(shard_folder($case, 0, 1) . '/shard.json');
    write_file($part, substr($packed, 0, length($packed) / 2) . "\0" x (length($packed) - int(length($packed) / 2)));
    utime 1_700_000_000, 1_700_000_000, $part;
    is((shard($case, 0, 1))[0], 3, 'once more, and it fails');
    is(read_file(shard_folder($case, 0, 1) . '/shard.json'), $made, 'its folder is as it was');
    is_deeply([glob shard_folder($case, 0, 1) . '?*'], [], 'and nothing beside it');
    write_file($part, substr $packed, 0, length($packed) / 2);
    is((shard($case, 0, 1))[0], 3, 'of other inputs');
    like(read_file(shard_folder($case, 0, 1) . '/shard.json'), qr/"status":3/, 'it is replaced');
};

subtest 'drafts' => sub {
    my $case = case_of([$texts[0]]);
    my $draft = shard_folder($case, 0, 1) . '.new-abcdef';
    run_program('mkdir', '-p', $draft, "$case->{folder}/other");
    symlink "$case->{folder}/other", shard_folder($case, 0, 1) . '.new-linked' or die $!;
    write_file("$case->{folder}/other/keys.bin", 'precious');
    write_file("$draft/$_", 'x') for qw(.lock keys.bin);
    # Its process is on another host: on NFS that shows in the lock of a file, and not in one of the folder.
    open my $lock, '+<', "$draft/.lock" or die $!;
    flock $lock, LOCK_EX | LOCK_NB or die $!;
    is((shard($case, 0, 1))[0], 1, 'a shard that another process is making, too');
    is(read_file("$draft/keys.bin"), 'x', 'has the draft of that process beside it');
    close $lock;
    is((shard($case, 0, 1))[0], 1, 'when that process has died');
    ok(!-e $draft, 'its draft is removed');
    is(read_file("$case->{folder}/other/keys.bin"), 'precious', 'and nothing that a link names');
    is_deeply([glob shard_folder($case, 0, 1) . '/.[!.]*'], [], 'what is in place has no lock');
};

subtest 'wrong use' => sub {
    my $case = case_of([@texts[0, 1]]);
    for my $wrong (
        ['I of N', ['--shard', '2/2'], qr/--shard cannot be `2\/2`\n *hint: --shard I\/N is shard I of N, counted from 0/], ['text', ['--shard', 'a/2'], qr/cannot be `a\/2`/],
        ['too many', ['--shard', '0/4097'], qr/cannot be/], ['more', ['--shard', '0/2x'], qr/cannot be/], ['no number', ['--shard', '/2'], qr/cannot be/],
        ['--limit', ['--shard', '0/2', '--limit', 5], qr/--shard and --limit exclude each other/],
        ['--against-provider', ['--shard', '0/2', '--against-provider'], qr/--shard and --against-provider exclude/],
        ['standard input', ['--shard', '0/2', '--input', '-'], qr/standard input is not a file, and --shard divides files/],
        ['no key', ['--shard', '0/2'], qr/a shard needs a key.*\n *hint: .*--shard-key env:NAME/],
        ['a wrong key', ['--shard', '0/2', '--shard-key', 'secret'], qr/--shard-key: /], ['--repeats alone', ['--repeats', 'x'], qr/--repeats needs --shard/],
        ['--shard-key alone', ['--shard-key', 'env:X'], qr/--shard-key needs --shard/],
        ['repeats that are none', ['--shard', '0/2', @key, '--repeats', "$case->{folder}/part-0"], qr/part-0 is not a file of repeats\n *hint: kyc-import merge writes/],
        ['repeats that are missing', ['--shard', '0/2', @key, '--repeats', "$case->{folder}/x"], qr/No such file/],
        ['a folder with other files', ['--shard', '0/2', @key, '--report', $case->{folder}], qr/has other files, and a shard replaces its folder/],
        ['a file', ['--shard', '0/2', @key, '--report', "$case->{folder}/part-1"], qr{part-1 is not a folder, and a shard replaces its folder\n *hint: .*--report DIR}],
        ['a mount point', ['--shard', '0/2', @key, '--report', '/proc'], qr{/proc is a mount point, .*\n *hint: .*--report /proc/DIR}],
        )
    {
        my ($code, undef, $message) = case_run($case, 'check', '-q', @{$wrong->[1]});
        is($code, 2, "$wrong->[0]: status 2");
        like($message, $wrong->[2], "$wrong->[0]: the message");
    }
    ok(!grep({ /shard/ } glob report_folder($case) . '/*'), 'nothing is left behind');
    ok(-f "$case->{folder}/part-1", 'nor is anything removed');
    mkdir "$case->{folder}/own" or die;
    write_file("$case->{folder}/own/.env", "KEY=1\n");
    my ($hidden, undef, $why) = shard($case, 0, 2, '--report', "$case->{folder}/own");
    is($hidden, 2, 'a folder with a hidden file: status 2');
    like($why, qr/has other files/, 'the message');
    ok(-e "$case->{folder}/own/.env", 'and the file is kept');
    for my $try (1, 2) {
        is((shard($case, 0, 2, '--report', "$case->{folder}/made//"))[0], 1, "a folder with a slash behind it, $try");
        is_deeply([glob "$case->{folder}/made* $case->{folder}/made/.[!.]*"], ["$case->{folder}/made"], 'and nothing beside or inside it');
    }
    mkdir "$case->{folder}/disk" or die;
    symlink "$case->{folder}/disk", "$case->{folder}/link" or die;
    for my $try (1, 2) {
        is((shard($case, 0, 2, '--report', "$case->{folder}/link"))[0], 1, "a link to a folder, $try");
        is(readlink "$case->{folder}/link", "$case->{folder}/disk", 'is kept');
        is_deeply([glob "$case->{folder}/link?* $case->{folder}/disk?*"], [], 'nothing is left beside it');
        ok(-e "$case->{folder}/disk/shard.json", 'and the folder that it names is replaced');
    }
    mkdir "$case->{folder}/here" or die;
    for my $try (1, 2) {
        my @command = map { "'$_'" } abs_path(program('kyc-import')), 'check', "$case->{folder}/job.yaml", '-q', '--shard', '0/2', @key, '--report', '.';
        is((run_program('/bin/sh', '-c', "cd '$case->{folder}/here' && exec @command"))[0], 1, "the current folder, $try");
        ok(-e "$case->{folder}/here/shard.json", 'is replaced');
        is_deeply([glob "$case->{folder}/here?* $case->{folder}/here/.[!.]*"], [], 'and nothing is left beside or inside it');
    }
    symlink "$case->{folder}/no-disk", "$case->{folder}/lost" or die;
    is((shard($case, 0, 2, '--report', "$case->{folder}/lost"))[0], 2, 'a link to nothing: status 2');
    is_deeply([glob "$case->{folder}/lost?*"], [], 'and nothing is left');
    is((merge($case))[0], 2, 'merge without a folder');
    is((merge($case, '--shards', 2, 'x'))[0], 2, 'merge with both');
    is((merge($case, '--shards', 2, '--wait', 'long'))[0], 2, 'a wrong time to wait');
    my ($code, undef, $message) = shard($case, 0, 2, '--input', "$case->{folder}/gone");
    is($code, 3, 'an input that is missing');
};

# One process ends at such an input and reads none behind it; of shards, others have read those.
subtest 'an input that breaks off' => sub {
    my $text = join '', map { "$_\n" } $header, rows_of(1, 3000), row('thrice-00001');
    gzip(\$text, \my $packed) or die;
    my $case = case_of([$texts[2], substr($packed, 0, length($packed) / 2), @texts[5, 7, 1]]);
    my ($code, undef, $message) = case_run($case, 'check', '-q');
    is($code, 3, 'one process');
    my $whole = result_of(report_folder($case));
    my $counts = $json->decode($whole->{summary});
    is_deeply([map { $_->{complete} ? 'whole' : $_->{records} ? 'cut' : 'unread' } @{$counts->{input}}], [qw(whole cut unread unread unread)], 'reads what is before the break');
    my ($why) = $message =~ /(\S*part-1: broken gzip at byte .*)/ or diag $message;
    run_program('rm', '-rf', report_folder($case));
    my ($broken) = grep { (shard($case, $_, 3))[0] == 3 } 0 .. 2;
    ($code, undef, $message) = merge($case, '--shards', 3);
    is($code, 3, 'its shards are not merged');
    like($message, qr/shard-$broken-of-3: this shard ended with status 3: an input could not be read to its end\n *hint: kyc-import check \S+ .*--shard $broken\/3/, 'which names the shard');
    ok(!-e report_folder($case) . '/summary.json', 'without a report');
    ($code, undef, $message) = merge($case, '--shards', 3, '--again', '--rows-ok');
    is($code, 3, '--again: the status of one process');
    like($message, qr/\Q$why\E/, 'with its message');
    is_equal(result_of(report_folder($case)), $whole, 'and its report');
    gzip(\$text, \$packed) or die;
    write_file("$case->{folder}/part-1", $packed);
    ($code, undef, $message) = merge($case, '--shards', 3, '--again');
    is($code, 1, 'once the input is repaired, the shards are made and merged') or diag $message;
    my $merged = result_of(report_folder($case));
    case_run($case, 'check', '-q');
    is_equal($merged, result_of(report_folder($case)), 'a repaired input');
};

subtest 'min_records, columns without a value, and shards of two jobs' => sub {
    my $case = case_of([@texts[0, 7]], input => "\n  min_records: 5000\n  null_values: ['computers_and_it']", rules => '');
    my ($code, undef, $message) = case_run($case, 'check', '-q');
    is($code, 3, 'one process misses records');
    my $whole = result_of(report_folder($case));
    shard($case, $_, 2) for 0, 1;
    my ($merged, undef, $merge_message) = merge($case, '--shards', 2);
    is($merged, 3, 'and so does a merge');
    my ($fewer) = $message =~ /(\S+ and the other inputs: \d+ records, fewer than input\.min_records \(5000\))/;
    like($merge_message, qr/\Q$fewer\E/, 'with the same words');
    is_equal(result_of(report_folder($case)), $whole, 'the reports');
    $case = case_of([@texts[0, 7]], input => "\n  null_values: ['computers_and_it']", rules => '');
    $message = (case_run($case, 'check', '-q'))[2];
    shard($case, $_, 2) for 0, 1;
    my ($warning) = $message =~ /(none of the \d+ records has a value in the column .*)/;
    ok($warning, 'a column is empty') or diag $message;
    unlike((shard($case, 0, 2))[2], qr/none of the/, 'of which a shard says nothing');
    like((merge($case, '--shards', 2))[2], qr/\Q$warning\E/, 'and the merge what one process does');
};

subtest 'NDJSON' => sub {
    my @names = split /,/, $header;
    my @lines = map {
        my $file = $_;
        join '', map { my @cells = split /,/, $_, -1; $json->encode({map { $names[$_] => $cells[$_] } 0 .. $#names}) . "\n" }
            rows_of($file, 60 + 200 * ($file % 3)), row("twice-00001", family_name => "F$file"), row("k$file-00001", email => 'one@example.com')
    } 0 .. 4;
    $lines[2] .= "{not json\n";
    my $case = case_of(\@lines, input => "\n  format: ndjson");
    my ($code, undef, $message) = case_run($case, 'check', '-q');
    is($code, 1, 'one process') or diag $message;
    my $whole = result_of(report_folder($case));
    isnt($whole->{'broken.ndjson.gz'}, 'none', 'a broken line');
    run_program('rm', '-rf', report_folder($case));
    my (undef, $merged, $error) = check_in_shards($case, 3);
    is($merged, 1, 'three shards') or diag $error;
    is_equal(result_of(report_folder($case)), $whole, 'NDJSON');
};

subtest 'UTF-16, records that are skipped, and an empty file' => sub {
    my @texts = map {
        my $text = join "\n", $header, rows_of($_, 80), row("twice-00001", family_name => "F$_"), 'Total 80,,,,,,,,,,,,,', '';
        pack('v', 0xfeff) . pack 'v*', unpack 'C*', $text
    } 2 .. 4;
    my $case = case_of([$texts[0], '', @texts[1, 2]],
        input => "\n  encoding: utf-16\n  where: [{column: country, must_not_match: FR}]\n  csv: {skip_footer: 1}");
    my ($code, undef, $message) = case_run($case, 'check', '-q');
    is($code, 1, 'one process') or diag $message;
    my $whole = result_of(report_folder($case));
    cmp_ok($json->decode($whole->{summary})->{skipped}, '>', 20, 'records are skipped');
    like($whole->{'rejects.csv.gz'}, qr/\A\xef\xbb\xbf/, 'the reject file has a mark');
    run_program('rm', '-rf', report_folder($case));
    my (undef, $merged, $error) = check_in_shards($case, 3);
    is($merged, 1, 'three shards') or diag $error;
    is_equal(result_of(report_folder($case)), $whole, 'UTF-16');
};

subtest 'with a ledger the plan adds up' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => 120);
    case_run($case, '-q');
    my @rows = split /(?<=\n)/, csv_rows(150);
    my $head = shift @rows;
    splice @rows, 20, 10;                                               # absent
    $rows[$_] =~ s/San Francisco/Oakland/g for 30 .. 34;                # changed
    $rows[60] = $rows[3];                                               # a known customer twice, in two files
    write_file("$case->{folder}/part-$_", join '', $head, @rows[$_ * 35 .. $_ * 35 + 34]) for 0 .. 3;
    my @inputs = map { ('--input', "$case->{folder}/part-$_") } 0 .. 3;
    my ($code, undef, $message) = case_run($case, 'check', '-q', @inputs);
    is($code, 1, 'one process') or diag $message;
    my $whole = result_of(report_folder($case));
    my $counts = $json->decode($whole->{summary});
    is($counts->{plan}{update}, 5, 'updates');
    cmp_ok($counts->{absent}, '>=', 10, 'absent customers');
    run_program('rm', '-rf', report_folder($case));
    case_run($case, 'check', '-q', @inputs, '--shard', "$_/3") for 0 .. 2;    # the ledger's key serves
    ($code, undef, $message) = case_run($case, 'merge', '-q', @inputs, '--shards', 3, '--again');
    is($code, 1, 'three shards') or diag $message;
    is_equal(result_of(report_folder($case)), $whole, 'with a ledger');
    my $named = sub { scalar grep { (run_program('gunzip', '-c', $_))[1] =~ /cust-000004/ } glob report_folder($case) . '/{,shard-*/}rejects.csv.gz' };
    is($named->(), 2, 'a rejected customer is in the reject file, and in that of its shard');
    is((case_run($case, 'forget', '-q', '--key', 'cust-000004'))[0], 0, 'when it is forgotten');
    is($named->(), 0, 'it is in none');
    ($code, undef, $message) = case_run($case, 'merge', '-q', @inputs, '--shards', 3, '--again');
    is($code, 1, 'then the shards are made again') or diag $message;
    is($named->(), 0, 'without it');
    case_run($case, '-q', '--accept-updates');
    case_run($case, 'check', '-q', @inputs, '--shard', '1/3');
    ($code, undef, $message) = case_run($case, 'merge', '-q', @inputs, '--shards', 3);
    is($code, 3, 'a run between the shards');
    like($message, qr/shard-0-of-3 was compared with the ledger before it changed/, 'makes those before it outdated');
    case_run($case, 'check', '-q', @inputs, '--shard', "$_/3") for 0 .. 2;
    $rows[$_] =~ s/San Francisco/Berkeley/g for 40 .. 44;
    write_file("$case->{folder}/more", join '', $head, @rows[40 .. 44]);
    is((case_run($case, '-q', '--accept-updates', '--input', "$case->{folder}/more"))[0], 0, 'a run after all of them') or diag read_file("$case->{folder}/err");
    ($code, undef, $message) = case_run($case, 'merge', '-q', @inputs, '--shards', 3);
    is($code, 3, 'they are not merged');
    is(scalar(() = $message =~ /shard-[012]-of-3 was compared with the ledger before it changed\n *hint: kyc-import check/g), 3, 'each is outdated') or diag $message;
    is((case_run($case, 'merge', '-q', @inputs, '--shards', 3, '--again'))[0], 1, '--again makes them again');
    my $again = result_of(report_folder($case));
    is($json->decode($again->{summary})->{plan}{update}, 10, 'and compares them with the ledger as it is: five rows are new to it, and five the run has changed');
    is((case_run($case, 'check', '-q', @inputs))[0], 1, 'one process, too');
    is_equal($again, result_of(report_folder($case)), 'after a run');
    case_run($case, 'check', '-q', @inputs, '--shard', "$_/3") for 0 .. 2;
    rename "$case->{folder}/test.ledger", "$case->{folder}/elsewhere" or die $!;
    is((case_run($case, 'merge', '-q', @inputs, '--shards', 3))[0], 1, 'a merge where the ledger is not compares the shards with each other');
};

done_testing;
