#!/usr/bin/perl
# kyc-import rejects: the rejected rows of the last run or check, with the reasons, for people; masked unless asked otherwise.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
my $header = (split /\n/, csv_rows(0))[0];
my $good = 'US,1 Market St,Oakland,94607,US,US,other';

sub rows { return join '', map { "$_\n" } $header, @_; }
sub listed
{
    my ($case, $want, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'rejects', @more);
    is($status, $want, "rejects @more: status $want") or diag $err;
    return wantarray ? ($out, $err) : $out;
}

my @bad = (
    "c-1,Alexandra,Morgan,c-1\@example.com,+14155550101,1990-04-15,Oakland,$good",
    "c-2,Benedikta,Rosswell,no address,+14155550102,1990-02-30,Oakland,$good",
    "c-3,Christabel,Winterson,c-3\@example.com,,1990-04-15,Oakland,$good",
    "c-1,Dorothea,Blackwood,c-4\@example.com,+14155550104,2049-01-02,Oakland,$good",
    'c-5,Eleanora,Fairchild',
    "c-6,\"Frede\"rika,Longfellow,c-6\@example.com,+14155550106,1990-04-15,Oakland,$good",
);

subtest 'a check' => sub {
    my $case = case_new($nowhere, csv => rows(@bad));
    my ($out, $err) = listed($case, 2);
    like($err, qr{reports/test: there is no report yet\nhint: kyc-import check \S+job\.yaml writes one}, 'before the first there is nothing to list');
    case_run($case, 'check', '-q');

    $out = listed($case, 0, '-q');
    like($out, qr{\Acheck of \d{4}-\d\d-\d\dT\S+Z: 5 rejected of 6 rows \(\S+/reports/test/check\)\nvalues are masked \(--unmask shows them\)\n\n}, 'the head names the check');
    like($out, qr/^row 2, line 3\n  email\/format  "xx xxxxxxx" is not an e-mail address.*\n      email: xx xxxxxxx\n  date_of_birth\/format  .*\n      dob: 9999-99-99\n\n/m,
        'each verdict with its message, and the value below it');
    like($out, qr/^row 3, line 4\n  phone\/required  the provider requires it, and column "mobile" is empty\n\n/m, 'without a value there is none below');
    like($out, qr/^row 4, line 5\n  date_of_birth\/future .*\n      dob: 9999-99-99\n  external_id\/unique  the same value as in row 1\n      customer_id: x-9\n\n/m, 'one after the other');
    like($out, qr/^line 2 of broken\.csv\.gz\n  record\/columns  3 cells where the header has 14 columns.*\n      x-9,Xxxxxxxx,Xxxxxxxxx$/m, 'broken lines follow, with what is wrong with them');
    like($out, qr/^line 3 of broken\.csv\.gz\n  record\/malformed  .* of line 3\)/m, 'each of them');
    for my $row (@bad) {
        unlike($out, qr/\Q$_\E/, "nothing shows $_") for grep { length > 7 && !/^(?:1 Market|Oakland)/ } split /,/, $row;
    }

    my $plain = listed($case, 0, '-q', '--unmask');
    unlike($plain, qr/masked/, 'with --unmask');
    like($plain, qr/^  email\/format  "no address" is not.*\n      email: no address\n/m, 'values are shown');
    like($plain, qr/^      c-5,Eleanora,Fairchild$/m, 'lines too');
    unlike($plain, qr/Alexandra/, 'but none of a valid row');
};

subtest 'a part of them' => sub {
    my $case = case_new($nowhere, csv => rows(@bad));
    case_run($case, 'check', '-q');
    for (['phone/required', [3]], ['email/format', [2]], ['format', [2]], ['date_of_birth/future', [4]]) {
        is_deeply([listed($case, 0, '-q', '--rule', $_->[0]) =~ /^row (\d+),/mg], $_->[1], "--rule $_->[0]");
    }
    like(listed($case, 0, '-q', '--rule', 'record/columns'), qr/rows \(.*\n.*\n\nline 2 of .*\n  record\/columns .*\n.*\n\z/, '--rule of a broken line');
    my ($out, $err) = listed($case, 2, '--rule', 'phone/requird');
    like($err, qr{no rejected row has the rule `phone/requird`\n\s*hint: did you mean `phone/required`\?}, 'a misspelt rule: the nearest of those present');
    is($out, '', 'and nothing is listed');
    (undef, $err) = listed($case, 2, '--rule', 'xyz');
    like($err, qr{hint: .*date_of_birth/format.*record/malformed}s, 'one that is like none: all that are present');
    for my $limit (1 .. 6) {
        my $count = () = listed($case, 0, '-q', '--limit', $limit) =~ /^(?:row|line) /mg;
        is($count, $limit < 5 ? $limit : 5, "--limit $limit");
    }
};

subtest 'no row is rejected' => sub {
    my $case = case_new($nowhere, rows => 2);
    case_run($case, 'check', '-q');
    like(listed($case, 0), qr/\Acheck of \S+: 0 rejected of 2 rows \(.*\)\n\z/, 'the head alone');
    my (undef, $err) = listed($case, 2, '--rule', 'phone/format');
    like($err, qr/there is no rejected row$/m, 'no rule either');
    case_run($case, 'check', '-q', '--set', 'rules=[{field: email, must_match: never, level: warn}]');
    (undef, $err) = listed($case, 2, '--rule', 'email/format');
    like($err, qr/no rejected row has the rule `email\/format`: it is a warning, of 2 records\n\s*hint: .*`kyc-import explain \S+ --row N` shows/, 'a warning says that it is one');
};

subtest 'the newer of run and check' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, csv => rows(@bad[0, 1]));
    case_run($case, '-q');
    like(listed($case, 0, '-q'), qr{\Arun of .*: 1 rejected of 2 rows \(\S+/reports/test\)}, 'a run');
    write_file("$case->{folder}/export.csv", rows(@bad[0 .. 2]));
    case_run($case, 'check', '-q');
    like(listed($case, 0, '-q'), qr{\Acheck of .*: 2 rejected of 3 rows \(\S+/reports/test/check\)}, 'then a check');
    sandbox_faults($sandbox, 'status-422:x1@create');
    write_file("$case->{folder}/export.csv", rows(@bad[0, 1], $bad[0] =~ s/c-1/c-9/gr =~ s/Alexandra/Guinevere/r));
    case_run($case, '-q');
    my $out = listed($case, 0, '-q');
    like($out, qr{\Arun of .*: 1 rejected, 1 refused of 3 rows \(\S+/reports/test\)}, 'a run again, with a refusal');
    like($out, qr/^row 3, line 4\n  \w+\/\w+/m, 'which is listed too');
    case_run($case, '-q', '--report', "$case->{folder}/elsewhere");
    like(listed($case, 0, '-q', '--report', "$case->{folder}/elsewhere"), qr{\Arun of .* rows \(\S+/elsewhere\)}, 'the report of a run with --report');
    sandbox_stop($sandbox);
};

subtest 'other inputs' => sub {
    my $case = case_new($nowhere, csv => rows(@bad[0, 1]));
    write_file("$case->{folder}/second.csv", rows($bad[2]));
    case_run($case, 'check', '-q', '--input', "$case->{folder}/export.csv", '--input', "$case->{folder}/second.csv");
    my $job = read_file("$case->{folder}/job.yaml") =~ s/path: export.csv/path: [export.csv, second.csv]/r;
    write_file("$case->{folder}/job.yaml", $job);
    like(listed($case, 0, '-q'), qr/^row 2, line 3 of \S+export\.csv\n.*^row 1, line 2 of \S+second\.csv\n/ms, 'each row with its file');

    write_file("$case->{folder}/job.yaml", $job =~ s/^input:.*/input: {path: export.csv, encoding: latin1, csv: {delimiter: ";"}}/mr);
    write_file("$case->{folder}/export.csv", rows($bad[1] =~ s/Benedikta/Beno\xeet/r =~ s/,Oakland,US/,K\xf6ln;US/r) =~ tr/,/;/r);
    case_run($case, 'check', '-q');
    like(listed($case, 0, '-q', '--unmask'), qr/^  email\/format  "no address"/m, 'another delimiter and encoding');

    my @names = split /,/, $header;
    my @values = split /,/, $bad[1];
    my $object = join ',', map { qq("$names[$_]":"$values[$_]") } 0 .. $#names;
    write_file("$case->{folder}/export.ndjson", "{$object}\n{\"customer_id\":\n");
    write_file("$case->{folder}/job.yaml", $job =~ s/^input:.*/input: {path: export.ndjson}/mr);
    case_run($case, 'check', '-q');
    my $out = listed($case, 0, '-q');
    like($out, qr/^row 1, line 1\n  email\/format  "xx xxxxxxx" .*\n      email: xx xxxxxxx\n  date_of_birth\/format .*\n      dob: 9999-99-99\n\nline 1 of broken\.ndjson\.gz\n  record\/malformed  .*\n      \{"xxxxxxxx_xx":\n\z/m,
        'NDJSON');
    like(listed($case, 0, '-q', '--unmask'), qr/^      dob: 1990-02-30$/m, 'and its values');

    $job = read_file("$case->{folder}/job.yaml");
    write_file("$case->{folder}/job.yaml", $job =~ s/mobile/Tel./r);
    write_file("$case->{folder}/export.ndjson", '{' . $object =~ s/"mobile"/"Tel."/r . "}\n{\"customer_id\":\n");
    case_run($case, 'check', '-q');
    like(listed($case, 0, '-q'), qr/^row 1, line 1\n.*^line 1 of broken/ms, 'a member whose whole name is no path');
};

subtest 'a pager on a terminal' => sub {
    plan skip_all => 'script(1) is not installed' if !-x '/usr/bin/script';
    my $case = case_new($nowhere, csv => rows(@bad));
    case_run($case, 'check', '-q');
    my $command = join ' ', map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } case_arguments($case, 'rejects', '-q');
    my $on_terminal = sub { return run_program('env', "PAGER=$_[0]", 'script', '-qec', $command, '/dev/null') };
    my ($status, $out) = $on_terminal->("sed 's/^/paged /'");
    is($status, 0, '$PAGER is run by the shell');
    like($out, qr/^paged row 2, line 3\r?$/m, 'with the list');
    ($status, $out) = $on_terminal->('head -1');
    is($status, 0, 'a pager that is closed early is no error');
    is(() = $out =~ /\n/g, 1, 'and has its line');
    ($status, $out) = $on_terminal->('');
    like("$status $out", qr/^0 check of .*^row 2, line 3\r?$/ms, 'an empty $PAGER: none');
    ($status, $out) = $on_terminal->('/no/such/pager');
    is($status, 2, 'a pager that is not there');
    like($out, qr/the pager cannot be run/, 'is said');
    local $ENV{PAGER} = 'false';
    like(listed($case, 0, '-q'), qr/^row 2, line 3$/m, 'none where standard output is no terminal');
};

done_testing;
