#!/usr/bin/perl
# The live line of a run: its share is that of the finished rows, not of the rows read ahead; -q shows none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);

# The lines drawn, as {records, percent, done}.
sub lines_of
{
    my ($err) = @_;
    return map { /^([\d,]+) records(?:  (\d+) %)?  ([\d,]+) done/ ? {records => $1 =~ tr/,//dr, percent => $2, done => $3 =~ tr/,//dr} : () } split /\r/, $err;
}

# The whole input is read at once; the rate allows 100 requests a second.
for my $end (['a file', 'export.csv', []], ['a file, --limit', 'export.csv', ['--limit', 150]]) {
    my ($sentence, $file, $more) = @$end;
    subtest $sentence => sub {
        sandbox_reset($sandbox);
        my $case = case_new($sandbox, rows => 200, set => {'delivery.rate' => '100/s', 'delivery.burst' => 1});
        my $rows = @$more ? 150 : 200;
        my ($status, undef, $err) = case_run($case, '--progress', 'always', @$more);
        is($status, 0, 'status 0') or diag $err;
        my @lines = lines_of($err);
        cmp_ok(scalar @lines, '>', 4, 'several lines were drawn');
        is_deeply([grep { !defined $_->{percent} } @lines], [], 'each with a share');
        my @wrong = grep { $_->{percent} != int($_->{done} * 100 / $rows) } grep { $_->{records} == $rows } @lines;
        is_deeply(\@wrong, [], 'which is what is done of all rows');
        cmp_ok(scalar(grep { $_->{percent} > 10 && $_->{percent} < 90 } @lines), '>', 1, 'on the way from none to all');
        is_deeply([grep { $lines[$_]{percent} < $lines[$_ - 1]{percent} } 1 .. $#lines], [], 'it never falls');
    };
}

# The length of a pipe is unknown until its end; a run that is limited by the provider reads to the end at once.
subtest 'a pipe' => sub {
    sandbox_reset($sandbox);
    my $case = case_new($sandbox, rows => 100, set => {'delivery.rate' => '100/s', 'delivery.burst' => 1});
    my $command = join ' ', map { "'" . s/'/'\\''/gr . "'" } case_arguments($case, 'run', '--progress', 'always', '--input', '-');
    my ($status, undef, $err) = run_program('sh', '-c', "(head -n 51 '$case->{folder}/export.csv'; sleep 0.4; tail -n 50 '$case->{folder}/export.csv') | $command");
    is($status, 0, 'status 0') or diag $err;
    my @lines = lines_of($err);
    ok(!defined $lines[0]{percent}, 'no share before its end') or diag $err;
    my @wrong = grep { defined $_->{percent} && $_->{percent} != $_->{done} } @lines;
    is_deeply(\@wrong, [], 'after its end, of all rows');
    ok((grep { defined $_->{percent} } @lines), 'which is shown');
};

# A file of many blocks: the reader is some thousand rows ahead, and the share is an estimate. It must not be too high either.
subtest 'a long file' => sub {
    sandbox_reset($sandbox);
    my $rows = 40_000;
    my $case = case_new($sandbox, rows => $rows, set => {'delivery.rate' => '1000/s', 'delivery.burst' => 1});
    my $pid = case_start($case, '--progress', 'always');
    my $drawn = sub { my $path = "$case->{folder}/err"; return -e $path ? lines_of(read_file($path)) : () };
    for (1 .. 600) {
        select undef, undef, undef, 0.1;
        my @lines = $drawn->();
        last if @lines && $lines[-1]{done} >= 2000;
    }
    kill 'TERM', $pid;
    waitpid $pid, 0;
    my @lines = grep { $_->{done} > 500 } $drawn->();
    cmp_ok(scalar @lines, '>', 1, 'lines were drawn') or diag read_file("$case->{folder}/err");
    is_deeply([grep { abs($_->{percent} - $_->{done} * 100 / $rows) > 4 } @lines], [], 'the share is that of what is done, within 4 of 100');
};

subtest '-q' => sub {
    sandbox_reset($sandbox);
    my $case = case_new($sandbox, rows => 5);
    my $command = join ' ', map { "'" . s/'/'\\''/gr . "'" } case_arguments($case, 'run', '-q');
    my ($status, $out, $err) = run_program('script', '-qec', $command, '/dev/null');
    is("$status$out$err", '0', 'a run on a terminal is silent when all is well');
    ($status, $out, $err) = run_program('script', '-qec', "$command --progress always", '/dev/null');
    like($out, qr/records/, '--progress always is obeyed all the same');
    ($status, $out, $err) = case_run($case, 'status', '-q');
    is("$status$out$err", '0', 'and so is status');
    ($status, $out, $err) = case_run($case, 'status', '--verify', '-q');
    is("$status$out$err", '0', 'and status --verify');
    ($status, $out, $err) = case_run($case, 'status', '--against-provider', '-q');
    is("$status$out$err", '0', 'and status --against-provider');
    (undef, $out) = case_run($case, 'status', '--json', '-q');
    like($out, qr/^\{/, 'what is asked for by --json is printed');

    # A deliberate setting of the job is a note, printed once by a check, and not by every run.
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") . "  middle_name: {value: X}\n  tax_id: {value: '1'}\n  gender: {value: female}\nrules:\n"
        . "  - {field: birth_city, required: false}\n  - {field: city, when: {state: CA}, must_match: '.'}\n");
    ($status, $out, $err) = case_run($case, 'check', '-q');
    is("$out$err", '', 'nor do notes on the job speak') or diag $out, $err;
    (undef, undef, $err) = case_run($case, 'check');
    like($err, qr/^kyc-import: note: \S+job\.yaml:\d+:\d+: provider payward does not accept gender: it is not sent$/m, 'a field without a place is noted');
    like($err, qr/^kyc-import: note: \S+: provider payward requires birth_city;/m, 'a requirement that is relaxed is noted');
    like($err, qr/^kyc-import: note: \S+: this rule never applies: /m, 'a rule that never applies is noted');
};
sandbox_stop($sandbox);
done_testing;
