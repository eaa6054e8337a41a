#!/usr/bin/perl
# input.where: which records of the export a job is about. The others are skipped and counted, in every summary; nothing
# else is done with them. What cannot be judged is rejected, never skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};

# The rows of csv_rows with two more columns: those of the n-th row by $marks->[n - 1].
sub marked
{
    my ($marks, $csv) = @_;
    my ($header, @rows) = split /\n/, $csv || csv_rows(scalar @$marks);
    return join '', map { "$_\n" } "$header,status,deleted", map { "$rows[$_],$marks->[$_]" } 0 .. $#rows;
}

sub job_with
{
    my ($case, $input) = @_;
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/^input:.*?(?=^provider:)/$input/ms;
    write_file("$case->{folder}/job.yaml", $job);
}

my $both = <<'INPUT';
input:
  path: export.csv
  null_values: ["", "NULL"]
  where:
    - {column: status, must_match: '^active$'}
    - {column: deleted, must_match: '^$'}
INPUT

sub checked
{
    my ($case, $want, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'check', @more);
    is($status, $want, "status $want") or diag $err;
    my $summary = case_summary($case);
    adds_up($summary, 'the dry run');
    return ($summary, $out, $err);
}

subtest 'a dry run' => sub {
    my @marks = ('active,', ' active ,NULL', 'closed,', 'active,2025-01-31', '"active",  ', 'inactive,', 'Active,', ',');
    my $case = case_new($nowhere, csv => marked(\@marks) =~ s/cust-000003\@example\.com/not an address/r);
    job_with($case, $both);
    my ($summary, $out) = checked($case, 0);
    is_deeply([@$summary{qw(read skipped valid rejected warned)}], [8, 5, 3, 0, 0], 'three of eight are of this job');
    is($summary->{plan}{create}, 3, 'and only they would be created');
    like($out, qr/^  skipped +5$/m, 'the table counts the others');
    is(case_rejects($case), '', 'a skipped record is in no reject file, whatever is wrong with it');
    like(read_file(case_report($case) . '/report.html'), qr/data-figure="skipped">5</, 'the page counts them');
    like(read_file(case_report($case) . '/metrics.prom'), qr/^kyc_import_records\{import="test",command="check",state="skipped"\} 5$/m, 'the metrics too');
    my (undef, $json) = case_run($case, 'check', '--json', '-q');
    is(JSON::PP->new->utf8->decode($json)->{skipped}, 5, 'and --json');
};

subtest 'a search is not anchored, and must_not_match is its opposite' => sub {
    my $case = case_new($nowhere, csv => marked(['active,', 'inactive,', 'closed,', ',']));
    for (['must_match: active', 2], ["must_match: '^active\$'", 1], ['must_not_match: active', 2], ["must_not_match: '^\$'", 3],
        ["must_match: '(?i)^ACTIVE\$'", 1])
    {
        job_with($case, "input: {path: export.csv, where: [{column: status, $_->[0]}]}\n");
        is((checked($case, 0, '-q'))[0]{valid}, $_->[1], "$_->[0]: $_->[1]");
    }
};

subtest 'unique and min_records see what is left' => sub {
    my ($header, $row, $other) = split /\n/, csv_rows(2);
    my $case = case_new($nowhere, csv => "$header,status,deleted\n" . join '', map { "$_\n" } "$row,closed,", "$row,active,", "$other,active,", "$row,active,");
    job_with($case, $both);
    my ($summary) = checked($case, 1, '-q');
    is_deeply([@$summary{qw(skipped valid rejected)}, $summary->{rejects_by_rule}], [1, 2, 1, {'external_id/unique' => 1}],
        'a skipped row is nobody\'s duplicate');
    like(case_rejects($case), qr/,4,5,external_id\/unique,the same value as in row 2$/m, 'and the rows keep their numbers');
    is((checked($case, 1, '-q', '--set', 'input.min_records=3'))[0]{status}, 1, 'three are left');
    my ($less, undef, $err) = checked($case, 3, '-q', '--set', 'input.min_records=4');
    like($err, qr/export\.csv: 1 of 4 records are skipped \(input\.where\), and the other 3 are fewer than input\.min_records \(4\)\nhint: .*explain \S+job\.yaml --row N/,
        'and not four: the message names where');
    write_file("$case->{folder}/export.csv", marked(['closed,', 'closed,']));
    (undef, undef, $err) = checked($case, 3);
    like($err, qr/2 of 2 records are skipped \(input\.where\), and the other 0 are fewer than input\.min_records \(1\)/, 'a condition that nothing meets stops with status 3');
};

subtest 'what cannot be judged is rejected' => sub {
    my $case = case_new($nowhere, csv => marked(['active,', "act\xffive,", 'closed,', "\xff,", 'active,']) . "broken,\"quote\"d\n");
    job_with($case, $both);
    my ($summary) = checked($case, 1, '-q');
    is_deeply([@$summary{qw(read skipped valid rejected)}, $summary->{rejects_by_rule}], [6, 1, 2, 3, {'record/where' => 2, 'record/malformed' => 1}],
        'two damaged cells and a broken line');
    like(case_rejects($case), qr/,record\/where,"?the column ""?status""? of input\.where is damaged text/, 'the reject file has the reason');

    my @records = ('{"t":"on"}', '{"t":"off"}', '{"t":{"x":1}}', '{"t":["on"]}', 'null', '{}', '7');
    my ($names, @rows) = map { [split /,/] } split /\n/, csv_rows(scalar @records);
    write_file("$case->{folder}/export.ndjson", join '', map {
        my $index = $_;
        '{' . join(',', map { qq("$names->[$_]":"$rows[$index][$_]") } 0 .. $#$names) . ",\"s\":$records[$index]}\n" } 0 .. $#records);
    job_with($case, "input: {path: export.ndjson, where: [{column: s.t, must_match: '^on\$'}]}\n");
    ($summary) = checked($case, 1, '-q');
    is_deeply([@$summary{qw(read skipped valid rejected)}, $summary->{rejects_by_rule}], [7, 4, 1, 2, {'record/where' => 2}],
        'NDJSON: an object and an array; null and a missing member are empty');
    like(case_rejects($case, 'rejects.ndjson.gz'), qr/"kyc_verdicts":"record\/where","kyc_message":"the column \\"s\.t\\" of input\.where is an array or an object/,
        'with the reason');

    my @lines = map { my $index = $_; '{' . join(',', map { qq("$names->[$_]":"$rows[$index][$_]") } 0 .. $#$names) . '}' } 0 .. 1;
    write_file("$case->{folder}/export.ndjson", join '', map { "$_\n" } @lines);
    job_with($case, "input: {path: export.ndjson, where: [{column: deletedAt, must_match: '^\$'}, {column: zip, must_match: .}]}\n");
    my (undef, undef, $err) = checked($case, 0);
    like($err, qr/note: \S+job\.yaml:2:\d+: none of the 2 records has a value at the path "deletedAt" of input\.where\n.*\n.*\n\s*hint: /, 'a path that no record has is noted');
    unlike($err, qr/path "zip"/, 'and no other');
    is((checked($case, 0, '-q'))[2], '', 'but not with -q');
    like((case_run($case, 'explain', '--row', 1, '--unmask'))[1], qr/^  deletedAt +\S+ +\(input\.where\)$/m, 'explain shows it beside its value');
};

subtest 'in the encoding of the job' => sub {
    my $case = case_new($nowhere, csv => marked(["gel\xf6scht,", "aktiv,", "gel\xf6st,"]));
    job_with($case, "input: {path: export.csv, encoding: latin1, where: [{column: status, must_not_match: '^gel\x{c3}\x{b6}scht\$'}]}\n");
    is((checked($case, 0, '-q'))[0]{valid}, 2, 'the decoded value is searched');
};

subtest 'a spreadsheet guard' => sub {
    my $case = case_new($nowhere, csv => marked(["'1,", '"=""1""",', '1,', "'2,"]));
    my $where = "where: [{column: status, must_match: '^1\$'}]";
    job_with($case, "input: {path: export.csv, spreadsheet_guards: strip, $where}\n");
    is((checked($case, 0, '-q'))[0]{valid}, 3, 'is stripped before a condition is judged, where the job strips guards');
    job_with($case, "input: {path: export.csv, $where}\n");
    is((checked($case, 0, '-q'))[0]{valid}, 1, 'and is a part of the value elsewhere');
};

subtest 'a condition that is wrong is an error at its place' => sub {
    my $case = case_new($nowhere, csv => marked(['active,']));
    for (['[{column: state, must_match: a}]', qr/job\.yaml:2:\d+: the input has no column "state".*hint: /s],
        ["[{column: status, must_match: '(a+)+\$'}]", qr/job\.yaml:2:\d+: the pattern exceeds the match limit.*\nhint: /s],
        ['[{column: status, must_match: "a("}]', qr/job\.yaml:2:\d+: the pattern does not compile/],
        ['[{column: status}]', qr/job\.yaml:2:\d+: this condition needs `must_match` or `must_not_match`.*\nhint: /s],
        ['{column: status, must_match: a}', qr/job\.yaml:2:\d+: `where` should be a list/])
    {
        job_with($case, "input: {path: export.csv, where: $_->[0]}\n");
        my ($status, undef, $err) = case_run($case, 'check', '-q');
        is($status, 2, "$_->[0]: status 2");
        like($err, $_->[1], "$_->[0]: with its place");
    }
};

subtest 'explain says why a record is skipped' => sub {
    my $case = case_new($nowhere, csv => marked(['active,', 'active,2025-01-31']));
    job_with($case, $both);
    my ($status, $out) = case_run($case, 'explain', '--row', 2);
    is($status, 0, 'a skipped record is shown');
    like($out, qr/^Skipped\n.*\n  input\.where, condition 2 does not hold: column "deleted" must match \^\$$/m, 'with the condition');
    like($out, qr/^  deleted +9999-99-99 +\(input\.where\)$/m, 'and the column, masked');
    unlike($out, qr/^(?:Normalized|Payload|Ledger|Verdicts)/m, 'nothing else is done with it');
    is((case_run($case, 'explain', '--key', 'cust-000002'))[1], $out, 'it is found by its key too');
    like((case_run($case, 'explain', '--row', 1))[1], qr/^Payload/m, 'a record that is kept is shown as ever');
};

subtest 'runs' => sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--fault', 'drop:100%@create');
    my $case = case_new($sandbox, csv => marked([('active,') x 4, ('closed,') x 3]), set => {'delivery.attempts' => 1});
    job_with($case, $both);
    my ($summary, $err) = run_of($case, 'a run whose answers are lost', 1);
    is_deeply([@$summary{qw(read skipped in_doubt)}], [7, 3, 4], 'three rows are skipped');
    sandbox_faults($sandbox);

    write_file("$case->{folder}/export.csv", marked([('active,') x 3, ('closed,') x 4]));
    ($summary) = run_of($case, 'a customer in doubt whose row is skipped', 1);
    is_deeply([@$summary{qw(skipped in_doubt absent in_doubt_absent)}], [4, 0, 1, 1], 'counts as gone from the export');
    is_deeply([case_ledger($case, 'SELECT count(*) FROM customer')], [[4]], 'the ledger has no skipped customer');
    is_deeply([case_ledger($case, q(SELECT json_extract(counts, '$.skipped') FROM run ORDER BY id))], [[3], [4]], 'but their count in its runs');

    write_file("$case->{folder}/export.csv", marked([('active,') x 4, ('closed,') x 3]));
    ($summary) = run_of($case, 'its row is kept again', 0);
    is($summary->{in_doubt_absent}, 0, 'and it is resolved');
    write_file("$case->{folder}/export.csv", marked([('active,') x 5, ('closed,') x 2]));
    ($summary) = run_of($case, 'a customer that became active', 0);
    is_deeply([@$summary{qw(created unchanged skipped)}], [1, 4, 2], 'is created');
    is(sandbox_counts($sandbox)->{payward}{users}, 5, 'and nobody else');
    ($summary) = run_of($case, 'a strict run', 0, '--strict');
    is($summary->{skipped}, 2, 'skips the same');
    is_verified($case, 'the ledger verifies');
    sandbox_stop($sandbox);
};

subtest 'a reject file is filtered too' => sub {
    my $case = case_new($nowhere, csv => marked(['active,', 'active,', 'closed,']) =~ s/cust-000002\@example\.com/no address/r);
    job_with($case, $both);
    checked($case, 1, '-q');
    write_file("$case->{folder}/mended.csv", case_rejects($case) =~ s/no address/cust-000002\@example.com/r);
    my ($summary) = checked($case, 0, '-q', '--input', "$case->{folder}/mended.csv");
    is_deeply([@$summary{qw(read skipped valid)}], [1, 0, 1], 'its rows passed the conditions before');
};

done_testing;
