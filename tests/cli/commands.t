#!/usr/bin/perl
# The command line: help, mistakes with the nearest name, errors of the job file with their place.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $import = program('kyc-import');
my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};

sub says
{
    my ($sentence, $arguments, $status, $pattern) = @_;
    my ($got, $out, $err) = run_program($import, @$arguments);
    is($got, $status, "$sentence: status $status") or diag $err;
    like($err, $pattern, "$sentence: the message helps");
    is($out, '', "$sentence: standard output stays empty");
}

subtest 'help' => sub {
    my ($status, $out, $err) = run_program($import, 'help');
    is("$status$err", '0', 'help is status 0 and silent on standard error');
    my @commands = $out =~ /^  (\w+) +(?:JOB|INPUT|\[TOPIC\]|  )/mg;
    cmp_ok(scalar @commands, '>=', 5, 'it lists the commands');
    like($out, qr/^  \Q$_\E\b/m, "it lists $_") for qw(check run status version help);
    like($out, qr/\b$_ /, "it explains exit status $_") for 0 .. 7;
    my $text = $out;
    for my $way (['--help'], ['-h']) {
        ($status, $out) = run_program($import, @$way);
        is("$status$out", "0$text", "@$way is help");
    }
    for my $command (@commands) {
        ($status, $out, $err) = run_program($import, 'help', $command);
        is("$status$err", '0', "help $command is status 0");
        like($out, qr/^kyc-import $command\b/, "help $command is about it");
        my $about = $out;
        ($status, $out) = run_program($import, $command, '--help');
        is("$status$out", "0$about", "$command --help says the same");
        is((run_program($import, $command, '-h'))[1], $about, "and so does $command -h");
        is((grep { length > 140 } split /\n/, $about), 0, "help $command has no endless line");
        like($_, qr/^  -{1,2}[a-z-]+( [A-Za-z|=_\/ ]+)? {2,}\S/, "help $command: a line is an option and what it does")
            for grep { /^  -/ } split /\n/, $about;
    }
    ($status, $out, $err) = run_program($import, 'version');
    like("$status $out$err", qr/^0 kyc-import \d+\.\d+\.\d+\n\z/, 'version');
    is((run_program($import, '--version'))[1], $out, '--version is version');
    for my $command ('version', '--version') {
        ($status, $out, $err) = run_program($import, $command, '-v');
        like("$status $out$err", qr{^0 kyc-import \d+\.\d+\.\d+\nlibcurl/\d+\.\d+\.\d+ OpenSSL/[^\n]+\n\z}, "$command -v names libcurl and its TLS library");
    }
    ($status, $out, $err) = run_program($import);
    is($status, 2, 'no command is status 2');
    like($err, qr/kyc-import help/, 'and says where they are listed');
};

subtest 'mistakes' => sub {
    says(@$_) for (
        ['an unknown command', ['chekc', 'job.yaml'], 2, qr/unknown command `chekc`\n *hint: did you mean `check`\?/],
        ['one that is like nothing', ['frobnicate'], 2, qr/unknown command `frobnicate`\n *hint: kyc-import help/],
        ['help about an unknown command', ['help', 'statsu'], 2, qr/unknown topic `statsu`\n *hint: did you mean `status`\?/],
        ['help about an unknown provider', ['help', 'paywrd'], 2, qr/unknown topic `paywrd`\n *hint: did you mean `payward`\?/],
        ['help about a topic that is misspelt', ['help', 'feilds'], 2, qr/unknown topic `feilds`\n *hint: did you mean `fields`\?/],
        ['help about a verdict of no field', ['help', 'shoe/format'], 2, qr/unknown topic `shoe\/format`/],
        ['help about a verdict of no rule', ['help', 'email/shoe'], 2, qr/unknown topic `email\/shoe`/],
        ['an export in the place of a job', ['check', 'export.csv.gz'], 2, qr/export\.csv\.gz: by its name this is an export, not a job file\n *hint: kyc-import guess export\.csv\.gz --provider NAME > job\.yaml/],
        ['a topic is not a command', ['payward'], 2, qr/unknown command `payward`/],
        ['an unknown option', ['check', '--limt', '5', 'job.yaml'], 2, qr/unknown option --limt\n *hint: did you mean --limit\?/],
        ['an unknown option with a value', ['run', '--retry-refusd=1', 'job.yaml'], 2, qr/--retry-refusd\n *hint: did you mean --retry-refused/],
        ['an option of another command', ['check', '--new-ledger', 'job.yaml'], 2, qr/--new-ledger is not an option of this command/],
        ['a flag with a value', ['check', '--json=yes', 'job.yaml'], 2, qr/--json does not take a value/],
        ['an option without its value', ['check', 'job.yaml', '--limit'], 2, qr/--limit needs a value\n *hint: --limit N/],
        ['a limit of nothing', ['check', '--limit', '0', 'job.yaml'], 2, qr/whole number from 1, not `0`/],
        ['a negative limit', ['check', '--limit=-5', 'job.yaml'], 2, qr/whole number from 1, not `-5`/],
        ['a limit that is no number', ['check', '--limit', '5k', 'job.yaml'], 2, qr/not `5k`/],
        ['a limit beyond all numbers', ['check', '--limit', '99999999999999999999', 'job.yaml'], 2, qr/not `9{20}`/],
        ['an unknown progress', ['check', '--progress', 'sometimes', 'job.yaml'], 2, qr/--progress cannot be `sometimes`\n *hint: --progress auto\|always\|never/],
        ['an unknown log format', ['check', '--log-format', 'xml', 'job.yaml'], 2, qr/--log-format cannot be `xml`/],
        ['no job', ['check'], 2, qr{no job file given\n *hint: kyc-import check JOB}],
        ['two jobs', ['check', 'a.yaml', 'b.yaml'], 2, qr/unexpected argument `b.yaml`/],
        ['a job that is not there', ['check', '/nonexistent/job.yaml'], 2, qr{/nonexistent/job.yaml: No such file}],
        ['a job that is a folder', ['check', '/'], 2, qr{/: it is a folder, not a file}],
    );
};

# An error in the job, as an edit of a good one; the caret's column; the message.
my @wrong = (
    ['an unknown key', sub { s/path: export.csv/path: export.csv, formt: csv/ }, 'formt', qr/unknown key `formt` in `input`\n.*\nhint: did you mean `format`\?/s],
    ['an unknown key at the top', sub { s/^job: test/job: test\nprovder: {}/ }, 'provder', qr/unknown key `provder`\n.*\nhint: did you mean `provider`/s],
    ['a key twice', sub { s/^job: test/job: test\njob: again/ }, undef, qr/job/],
    ['a wrong type', sub { s/path: export.csv/path: export.csv, min_records: many/ }, 'many', qr/min_records/],
    ['a list where one value belongs', sub { s/^job: test/job: [a, b]/ }, '[a', qr/job/],
    ['a job name that is no file name', sub { s/^job: test/job: a\/b/ }, 'a/b', qr/lower-case letters/],
    ['an unknown field', sub { s/^  email: email/  emial: email/m }, 'emial', qr/no customer field `emial`\n.*\nhint: did you mean `email`/s],
    ['an unknown provider', sub { s/name: payward/name: paywad/ }, 'paywad', qr/unknown provider `paywad`\n.*\nhint: did you mean `payward`/s],
    ['an unknown column', sub { s/phone: mobile/phone: mobil/ }, 'mobil', qr/no column "mobil"; its header is: [^\n]*\n.*hint: did you mean "mobile"\?/s],
    ['a pattern that does not compile', sub { $_ .= "rules:\n  - {field: email, must_match: '(a'}\n" }, "'(a'", qr/parenthes/],
    ['an unknown rule', sub { $_ .= "rules:\n  - {rule: mn_age, years: 18}\n" }, 'mn_age', qr/min_age/],
    ['an unknown level', sub { $_ .= "rules:\n  - {rule: unique, field: email, level: wran}\n" }, 'wran', qr/warn/],
    ['a time without its unit', sub { $_ .= "delivery: {timeout: 30}\n" }, '30}', qr/`30s`|time/],
    ['a size without sense', sub { s/path: export.csv/path: export.csv, max_record: 1XB/ }, '1XB', qr/max_record/],
    ['a delimiter of two bytes', sub { s/path: export.csv/path: export.csv, csv: {delimiter: '::'}/ }, "'::'", qr/delimiter/],
    ['an unknown encoding', sub { s/path: export.csv/path: export.csv, encoding: iso-2022-jp/ }, 'iso-2022-jp', qr/iconv -f iso-2022-jp -t UTF-8 FILE/],
    ['a date format that is none', sub { s/date_of_birth: dob/date_of_birth: {column: dob, format: DD-XX}/ }, 'DD-XX', qr/format/],
    ['http:// to another machine', sub { s/http:\S+/http:\/\/api.example.com/ }, 'http://api', qr/https/],
    ['an anchor', sub { s/^job: test/job: &name test/ }, undef, qr/anchor|alias/],
    ['a second document', sub { $_ .= "---\njob: other\n" }, undef, qr/document/],
    ['a ledger that is not built yet', sub { $_ .= "ledger: postgresql://db/x\n" }, 'postgresql', qr/ledger_key/],
    ['a NUL byte, behind which nothing would be read', sub { s/^fields:/# \0\nfields:/m }, undef, qr/NUL byte/],
    ['a NUL byte before the rules', sub { $_ .= "\0\nrules:\n  - {rule: unique, field: email}\n" }, undef, qr/NUL byte/],
    ['another control character', sub { $_ .= "# \e[2J\n" }, undef, qr/control character U\+001B/],
    ['a control character of C1', sub { $_ .= "# \xc2\x9b2J\n" }, undef, qr/control character U\+009B/],
    ['a byte order mark inside', sub { $_ .= "\xef\xbb\xbfrules: []\n" }, undef, qr/byte order mark/],
    ['UTF-16', sub { $_ = "\xff\xfe" . join '', map { "$_\0" } split // }, undef, qr/UTF-16.*save it as UTF-8/s],
    ['UTF-16 without its mark', sub { $_ = join '', map { "$_\0" } split // }, undef, qr/NUL byte.*UTF-8/s],
    ['no YAML', sub { $_ .= "  - [\n" }, undef, qr/YAML/],
);

subtest 'the job file' => sub {
    my $case = case_new($nowhere, rows => 1);
    my $good = read_file("$case->{folder}/job.yaml");
    my ($status, $out, $err) = case_run($case, 'check', '-q');
    is($status, 0, 'the job is good') or diag $err;
    for my $wrong (@wrong) {
        my ($sentence, $edit, $at, $pattern) = @$wrong;
        local $_ = $good;
        $edit->();
        my $text = $_;
        write_file("$case->{folder}/job.yaml", $text);
        ($status, $out, $err) = case_run($case, 'check', '-q');
        is($status, 2, "$sentence is status 2") or diag $err;
        like($err, $pattern, "$sentence: the message says so");
        is($out, '', "$sentence: nothing on standard output");
        my ($line, $column) = $err =~ /job\.yaml:(\d+):(\d+): /;
        ok($line, "$sentence: its place is reported") or diag $err;
        next if !defined $at || !$line;
        my ($shown, $caret) = $err =~ /\n    ([^\n]*)\n    ( *)\^/;
        my $source = (split /\n/, $text)[$line - 1];
        is($shown, $source, "$sentence: the line is shown") or diag $err;
        is(length($caret // ''), $column - 1, "$sentence: the caret is at the column");
        is(substr($source, $column - 1, length $at), $at, "$sentence: the place is right") or diag $err;
    }
    write_file("$case->{folder}/job.yaml", $good);
    write_file("$case->{folder}/job.yaml", "\xef\xbb\xbf" . $good =~ s/\n/\r\n/gr);
    is((case_run($case, 'check', '-q'))[0], 0, 'a byte order mark at the start and CRLF, as Windows saves it, are read');
    write_file("$case->{folder}/job.yaml", $good);
    for my $set (["delivery.rate=5/s #\e", qr/--set delivery\.rate: this line holds the control character U\+001B/], ['delivery.rtae=5/s', qr/did you mean `rate`/], ['delivery.rate=fast', qr/--set delivery\.rate/],
        ['provider.credentials.api_key=x', qr/not for the command line/], ['delivery', qr/KEY=VALUE/],
        ['provider.credentials=[]', qr/not for the command line/], ['credentials=x', qr/credentials/])
    {
        ($status, $out, $err) = case_run($case, 'check', '--set', $set->[0]);
        is("$status$out", '2', "--set $set->[0] is status 2");
        like($err, $set->[1], "--set $set->[0]: the message helps");
    }
};

subtest 'secrets of the job file' => sub {
    my $case = case_new($nowhere, rows => 1);
    my $path = "$case->{folder}/job.yaml";
    my $good = read_file($path);
    (my $text = $good) =~ s/env:TEST_API_KEY_1/literal-secret-value/;
    write_file($path, $text);
    for my $command (qw(check run)) {
        my ($status, $out, $err) = case_run($case, $command);
        is($status, 2, "$command: a literal secret is refused");
        like($err, qr/job\.yaml:\d+:\d+: .*\n.*env:NAME or file:PATH/, "$command: with what to do");
        unlike("$out$err", qr/literal-secret/, "$command: and is not shown");
    }
    ($text = $good) =~ s/env:TEST_API_KEY_1/env:TEST_NO_SUCH_VARIABLE/;
    write_file($path, $text);
    my ($status, $out, $err) = case_run($case);
    is($status, 2, 'a variable that is not set is status 2');
    like($err, qr/TEST_NO_SUCH_VARIABLE is not set/, 'and named');
    is((case_run($case, 'check', '-q'))[0], 0, 'a check needs no secrets');

    ($text = $good) =~ s/env:TEST_API_SECRET_1/file:secret/;
    write_file($path, $text);
    write_file("$case->{folder}/secret", "ZGVtbw==\n");
    for my $mode (0644, 0640, 0604) {
        chmod $mode, "$case->{folder}/secret";
        ($status, $out, $err) = case_run($case);
        is($status, 2, sprintf 'a secret file of mode %04o is refused', $mode);
        like($err, qr/secret.*(?:chmod|0600|600)/s, 'with what to do') or diag $err;
        unlike("$out$err", qr/ZGVtbw/, 'and its content is not shown');
    }
    chmod 0600, "$case->{folder}/secret";
    for my $content ("ZGVt\0bw==\n", "ZGVtbw==\nX-Other: 1\n", "\xef\xbb\xbfZGVtbw==\n", "\xff\xfeZ\0G\0V\0t\0") {
        write_file("$case->{folder}/secret", $content);
        ($status, $out, $err) = case_run($case);
        is($status, 2, 'a secret file with ' . ($content =~ /\0/ ? 'NUL bytes' : $content =~ /X-/ ? 'two lines' : 'a byte order mark') . ' is refused');
        like($err, qr/api_secret.*file:secret (?:holds|has|begins)/, 'with the reason');
        unlike("$out$err", qr/ZGV|X-Other/, 'and its content is not shown');
    }
    unlink "$case->{folder}/secret";
    ($status, $out, $err) = case_run($case);
    is($status, 2, 'a secret file that is not there is status 2');
    like($err, qr/secret: No such file/, 'and named');
    ($text = $good) =~ s/env:TEST_API_SECRET_1/env:TEST_BAD_SECRET/;
    write_file($path, $text);
    local $ENV{TEST_BAD_SECRET} = "ZGVtbw==\nX-Other: 1";
    ($status, $out, $err) = case_run($case);
    is($status, 2, 'a variable with two lines is status 2');
    like($err, qr/api_secret.*env:TEST_BAD_SECRET has more than one line/, 'with the reason');
    $ENV{TEST_BAD_SECRET} = 'no!base64';
    ($status, $out, $err) = case_run($case);
    is($status, 2, 'a secret that is not base64 is status 2');
    unlike("$out$err", qr/no!base64/, 'and is not shown');
};

subtest 'log lines as JSON' => sub {
    my $case = case_new($nowhere, rows => 1);
    my ($status, $out, $err) = case_run($case, 'check', '--log-format', 'json', '--input', '/nonexistent.csv');
    is($status, 3, 'an input that is not there');
    for my $line (split /\n/, $err) {
        my $entry = eval { JSON::PP->new->utf8->decode($line) };
        ok($entry && $entry->{level} && $entry->{message} && $entry->{at}, "a line is an object: $line");
    }
    ($status, $out, $err) = run_program($import, 'check', '--log-format=json', '--limt');
    is($status, 2, 'a mistake on the command line is status 2 then too');
};
done_testing;
