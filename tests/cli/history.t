#!/usr/bin/perl
# The check for a ledger that is missing, or older than at its last run: its data is stored in two places, a dry run does not
# change it, --report does not move it, and a check leaves the files of the last run alone. And a ledger of another format.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start();
my @parts = ('', '.key', '-wal', '-shm');
my $first = 1;

# A ledger of 20 customers, and an older copy with 10.
sub case_with_copy
{
    my (%option) = @_;
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(30, 3, $first), rows => 30, %option);
    $first += 100;
    my ($status, undef, $err) = case_run($case, '-q', '--limit', 10);
    die "the first run: $status $err" if $status > 1;
    copy($case, '', '.old');
    ($status, undef, $err) = case_run($case, '-q', '--limit', 20);
    die "the second run: $status $err" if $status > 1;
    copy($case, '', '.new');
    return $case;
}

sub copy
{
    my ($case, $from, $to, @more) = @_;
    for my $part (@parts, @more) {
        my ($source, $target) = map { "$case->{folder}/test.ledger$part$_" } $from, $to;
        unlink $target;
        run_program('cp', '-p', $source, $target) if -e $source;
    }
}

sub head_files { return glob "$_[0]{folder}/reports/test/ledger-*.head"; }

# A run refuses this ledger, and creates no user.
sub is_refused
{
    my ($case, $sentence, $like, @arguments) = @_;
    my $requests = sandbox_counts($sandbox)->{kira}{requests};
    my ($status, undef, $err) = case_run($case, '-q', @arguments);
    is($status, 5, "$sentence: a run is refused") or diag $err;
    like($err, $like, "$sentence: and says why");
    is(sandbox_counts($sandbox)->{kira}{requests}, $requests, "$sentence: nothing was sent");
}

my $older = qr{test\.ledger: this ledger does not hold the last run that \S+\.head records: it is older than that run, or a different ledger, and every customer that it lacks would be created again\n\s*hint: .*--new-ledger};
my $missing = qr{test\.ledger: the ledger is missing, and \S+ shows that this job had one.*\n\s*hint: .*--new-ledger};

for my $dry (['check', 'check'], ['check --limit 1', 'check', '--limit', 1], ['run --dry-run', 'run', '--dry-run'],
    ['check --report', 'check', '--report', 'elsewhere'], ['probe', 'probe'], ['status', 'status']) {
    my ($sentence, @command) = @$dry;
    my $case = case_with_copy();
    copy($case, '.old', '');
    my ($status, undef, $err) = case_run($case, @command);
    like($err, qr/warning: \S*$older.*\n.*: warning: a run would stop here; this dry run continues with this ledger\n/, "$sentence of an older ledger says so")
        if $command[0] =~ /check|run/;
    cmp_ok($status, '<=', 1, "$sentence: continues") if $command[0] =~ /check|run/;
    is_refused($case, "an older ledger after $sentence", $older);
    copy($case, '.new', '');
    is((case_run($case, '-q'))[0], 1, "$sentence: the right one is put back, and the run completes");
    run_program('rm', '-rf', 'elsewhere');
}

# The head that a report shows is that of the whole run, its end included: a person compares it with `status`.
{
    my $case = case_with_copy();
    my (undef, $out) = case_run($case);
    my ($shown) = $out =~ /ledger head +(\w+)/;
    my ($stored) = map { $_->[0] } case_ledger($case, 'SELECT chain_head FROM run ORDER BY id DESC LIMIT 1');
    is($shown, $stored, 'a run shows the head with which it ended');
    is(case_summary($case)->{chain_head}, $stored, 'its summary has the same');
    like((case_run($case, 'status'))[1], qr/^ledger head $stored$/m, 'and so has status');
}

# The nonces are outside the proof.
{
    my $signed = sandbox_start();
    my $case = case_new($signed, rows => 2);
    case_run($case, '-q');
    case_sql($case, 'UPDATE nonce SET floor = -5');
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 5, 'a ledger after whose nonces hardly one is left stops a run') or diag $err;
    like($err, qr/nonce of an API key is 18446744073709551611, and hardly one is left above it\n\s*hint: restore the ledger/, 'and says why');
    sandbox_stop($signed);
}

{
    my $case = case_with_copy();
    copy($case, '.old', '');
    is_refused($case, 'an older ledger, with --strict', $older, '--strict');
    is_refused($case, 'an older ledger after run --strict', $older);
    is_refused($case, 'an older ledger, with --report', $older, '--report', "$case->{folder}/elsewhere");
    is_refused($case, 'an older ledger, with another report setting', $older, '--set', 'report=elsewhere');
    run_program('rm', '-rf', "$case->{folder}/reports");
    is_refused($case, 'an older ledger, and the report folder is lost', $older);
    my ($status, undef, $err) = case_run($case, 'settle', '--key', 'cust-000001', '--user', 'somebody', '--unchecked', '-q');
    is($status, 5, 'settle is refused too') or diag $err;
    like($err, $older, 'and says why');
}
{
    my $case = case_with_copy();
    my $head = read_file("$case->{folder}/test.ledger.head");
    copy($case, '.old', '');
    unlink "$case->{folder}/test.ledger.head";
    is_refused($case, 'an older ledger, and its own head file is gone', $older);
    unlink head_files($case);
    like((case_run($case, '-q'))[2], qr{does not hold the last run that \S+/reports/test/summary\.json records}, 'the summary of the last run is the last record');
    write_file("$case->{folder}/test.ledger.head", '{"chain_head":');
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 5, 'a damaged head file stops a run');
    like($err, qr{test\.ledger\.head: it is damaged .*\n\s*hint: restore it from a backup; or remove it}, 'with what to do');
    is((case_run($case, 'check', '-q'))[0], 1, 'and no check');
    write_file("$case->{folder}/test.ledger.head", $head);
    is_refused($case, 'with its own head file back', $older);
}
{
    my $case = case_with_copy();
    copy($case, '.old', '');
    is((case_run($case, '-q', '--new-ledger'))[0], 1, '--new-ledger continues with an older one');
    is((case_run($case, '-q'))[0], 1, 'and is needed once');
    copy($case, '.new', '');
    is_refused($case, 'the ledger that was given up', $older);
    # A person who went back to it on purpose first enters the users that exist.
    my ($status, undef, $err) = case_run($case, 'resolve', '--key', 'adopted-1', '--user', 'USER-1', '--unchecked', '--new-ledger', '-q');
    is($status, 0, 'resolve --new-ledger continues with it too') or diag $err;
    is((case_run($case, 'resolve', '--key', 'adopted-2', '--user', 'USER-2', '--unchecked', '-q'))[0], 0, 'and is needed once');
    is((case_run($case, '-q'))[0], 1, 'also by the next run');
}

# Missing.
{
    my $case = case_with_copy();
    unlink map { "$case->{folder}/test.ledger$_" } @parts, '.lock';
    my ($status, $out, $err) = case_run($case, 'check');
    like($err, qr/warning: \S*$missing.*\n.*: warning: a run would stop here; this dry run continues as if every customer were new\n/, 'a check without the ledger says so');
    for my $command ('status', 'results') {
        ($status, $out, $err) = case_run($case, $command);
        is("$status$out", 5, "$command without the ledger");
        like($err, qr/error: \S*$missing/, "$command does not take it for a first run");
    }
    is_refused($case, 'the ledger is gone after a check', $missing);
    is_refused($case, 'the ledger is gone, with --report', $missing, '--report', "$case->{folder}/elsewhere");
    is_refused($case, 'another ledger is named', qr{other\.ledger: the ledger is missing, and \S+ shows that this job had one \(it was \S+test\.ledger then\)},
        '--set', 'ledger=sqlite:other.ledger');
    run_program('rm', '-rf', "$case->{folder}/reports");
    is_refused($case, 'the ledger and the reports are gone', $missing);
    unlink "$case->{folder}/test.ledger.head";
    $case->{looks} = 1;
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 4, 'nothing is left of it: the provider shows that there was one');
    like($err, qr/already has users .* and the ledger has no customer: .*hint: .*kyc-import adopt /s, 'and adopt is the way back');
}
{
    my $case = case_with_copy();
    run_program('rm', '-rf', "$case->{folder}/reports");
    unlink map { "$case->{folder}/test.ledger$_" } '', '.head', '-wal', '-shm';
    is_refused($case, 'only the key is left', qr{test\.ledger: the ledger is missing, and \S+test\.ledger\.key shows});
    is((case_run($case, '-q', '--new-ledger'))[0], 1, '--new-ledger starts over with that key');
}
{
    my $case = case_with_copy();
    write_file("$case->{folder}/test.ledger", '');
    unlink map { "$case->{folder}/test.ledger$_" } '-wal', '-shm';
    like((case_run($case, 'check', '-q'))[2], qr/warning: \S*test\.ledger: the ledger's file is empty, and \S+ shows that this job had one.*\n\s*hint: .*--new-ledger/, 'a check of an empty file says so');
    is_refused($case, 'an empty file in its place', $older);
}

# A killed run has stored its number: a copy from before it is older, whatever its events are.
{
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(30, 0, $first), rows => 30);
    $first += 100;
    case_run($case, '-q', '--limit', 10);
    copy($case, '', '.old');
    my $pid = case_start({%$case, set => {'delivery.rate' => '20/s', 'delivery.burst' => 1}}, '-q');
    my $before = sandbox_counts($sandbox)->{kira}{users};
    select undef, undef, undef, 0.02 until sandbox_counts($sandbox)->{kira}{users} > $before + 2 || waitpid($pid, 1) == $pid;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    copy($case, '', '.new');
    copy($case, '.old', '');
    is_refused($case, 'a copy from before a killed run', $older);
    copy($case, '.new', '');
    is((case_run($case, '-q'))[0], 0, 'the ledger of the killed run itself is taken');
}

# A ledger of an earlier or a later format is neither read nor written.
for my $format (2, 99) {
    my $case = case_with_copy();
    my $ledger = "$case->{folder}/test.ledger";
    my ($own) = (run_program('sqlite3', $ledger, 'PRAGMA user_version'))[1] =~ /(\d+)/;
    run_program('sqlite3', $ledger, "PRAGMA user_version = $format");
    my %files = map { $_ => read_file($_) } grep { -s } map { "$ledger$_" } @parts, '.head';
    my $requests = sandbox_counts($sandbox)->{kira}{requests};
    for my $command (['run'], ['check'], ['status'], ['status', '--verify'], ['status', '--against-provider'], ['results'], ['explain', '--row', 1],
        ['resolve', '--key', 'cust-000001', '--absent'], ['run', '--new-ledger']) {
        my ($status, $out, $err) = case_run($case, @$command);
        is("$status$out", 5, "format $format: @$command is refused") or diag $err;
        like($err, qr/error: the ledger \Q$ledger\E has format $format, but this program reads format $own\n\s*hint: use the version of kyc-import that wrote it/,
            "format $format: @$command names both formats");
    }
    is_deeply({map { $_ => read_file($_) } grep { -s } map { "$ledger$_" } @parts, '.head'}, \%files, "format $format: nothing is written");
    is(sandbox_counts($sandbox)->{kira}{requests}, $requests, "format $format: nothing is sent");
    run_program('sqlite3', $ledger, "PRAGMA user_version = $own");
    is((case_run($case, '-q'))[0], 1, "format $format: with its own format the run completes");
}

# Jobs that share a report folder, and a ledger that was moved.
{
    my $case = case_new($sandbox, provider => 'kira', csv => csv_rows(10, 0, $first), rows => 10);
    my $other = case_new($sandbox, provider => 'kira', csv => csv_rows(10, 0, $first + 100), rows => 10, set => {job => 'other', report => "$case->{folder}/reports/test"});
    $first += 200;
    is((case_run($case, '-q'))[0], 0, 'a job');
    is((case_run($other, '-q'))[0], 0, 'another job may share its report folder');
    is((case_run($case, '-q'))[0], 0, 'and the first continues');
    is(scalar(() = head_files($case)), 2, 'each has a head file');
    rename "$case->{folder}/test.ledger$_", "$case->{folder}/moved.ledger$_" for @parts, '.head';
    is((case_run($case, '-q', '--set', 'ledger=sqlite:moved.ledger'))[0], 0, 'a ledger may move');
    is_refused($case, 'and is missing where it was', $missing);
}

# The files in the report folder are those of the last run.
{
    my $case = case_with_copy(set => {metrics => 'metrics/kyc.prom'});
    my $reports = "$case->{folder}/reports/test";
    my %files = map { $_ => read_file($_) } "$case->{folder}/metrics/kyc.prom", grep { -f } glob "$reports/*";
    is(scalar(grep { m{/(?:summary\.json|report\.html|rejects\.csv\.gz|ledger-\S+\.head)$} } keys %files), 4, 'a run leaves its report');
    ok(!-e "$reports/check", 'and none of a check');
    my ($status, $out, $err) = case_run($case, 'check');
    is($status, 1, 'a check') or diag $err;
    like($out, qr{reports/test/check/report\.html}, 'names its own page');
    is(read_file($_), $files{$_}, "$_ is still that of the run") for sort keys %files;
    ok(-e "$reports/check/$_", "the check has its own $_") for qw(summary.json report.html rejects.csv.gz metrics.prom);
    is(case_summary($case)->{command}, 'check', 'and its own summary');
    unlink "$case->{folder}/export.csv";
    is((case_run($case, 'check', '-q'))[0], 3, 'a check that cannot begin');
    is(read_file("$case->{folder}/metrics/kyc.prom"), $files{"$case->{folder}/metrics/kyc.prom"}, 'leaves the metrics of the run too');
}

sandbox_stop($sandbox);
done_testing;
