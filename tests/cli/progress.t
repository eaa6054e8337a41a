#!/usr/bin/perl
# The progress of a run: on a terminal, without one, and why nothing is sent; -q shows none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);

# The lines drawn, as {done, total, about, percent, text}.
sub lines_of
{
    my ($err) = @_;
    return map {
        /^([\d,]+)(?: of (about )?([\d,]+)(?: \((\d+) %\))?| records)(.*)/
            ? {done => $1 =~ tr/,//dr, about => $2, total => defined $3 ? $3 =~ tr/,//dr : undef, percent => $4, text => $_}
            : ()
    } map { s/\e\[K.*//sr } split /\r/, $err;
}

# The whole input is read at once; the rate allows 100 requests a second.
for my $end (['a file', []], ['a file, --limit', ['--limit', 150]]) {
    my ($sentence, $more) = @$end;
    subtest $sentence => sub {
        sandbox_reset($sandbox);
        my $case = case_new($sandbox, rows => 200, set => {'delivery.rate' => '100/s', 'delivery.burst' => 1});
        my $rows = @$more ? 150 : 200;
        my ($status, undef, $err) = case_run($case, '--progress', 'always', @$more);
        is($status, 0, 'status 0') or diag $err;
        my @lines = lines_of($err);
        cmp_ok(scalar @lines, '>', 4, 'several lines were drawn') or diag $err;
        my @exact = grep { defined $_->{total} && !$_->{about} } @lines;
        is_deeply([grep { $_->{total} != $rows } @exact], [], 'the total is that of the records of the input');
        is_deeply([grep { $_->{percent} != int($_->{done} * 100 / $rows) } @exact], [], 'the percentage is what is done of all rows');
        cmp_ok(scalar(grep { $_->{percent} > 10 && $_->{percent} < 90 } @exact), '>', 1, 'on the way from none to all');
        is_deeply([grep { ($lines[$_]{percent} // 0) < ($lines[$_ - 1]{percent} // 0) } 1 .. $#lines], [], 'it never falls');
        is_deeply([grep { $_->{percent} == 100 && $_->{done} != $rows } @exact], [], '100 % is the end');
    };
}

# The length of a pipe is unknown until its end; a run that is limited by the provider reads to the end at once.
subtest 'a pipe' => sub {
    sandbox_reset($sandbox);
    my $case = case_new($sandbox, rows => 100, set => {'delivery.rate' => '100/s', 'delivery.burst' => 1});
    my $command = join ' ', map { "'" . s/'/'\\''/gr . "'" } case_arguments($case, 'run', '--progress', 'always', '--input', '-');
    my ($status, undef, $err) = run_program('sh', '-c', "(head -n 51 '$case->{folder}/export.csv'; sleep 3.5; tail -n 50 '$case->{folder}/export.csv') | $command");
    is($status, 0, 'status 0') or diag $err;
    my @lines = lines_of($err);
    ok(!defined $lines[0]{total}, 'no total before its end') or diag $err;
    like($lines[0]{text}, qr/^\d+ records/, 'a number of records instead');
    ok((grep { $_->{text} =~ /waiting for the input/ } @lines), 'it waits for the input, and says so') or diag $err;
    my @known = grep { defined $_->{total} } @lines;
    is_deeply([grep { $_->{total} != 100 || $_->{percent} != $_->{done} } @known], [], 'after its end, the total and the share of it');
    ok(scalar @known, 'which are shown');
};

# A file of many blocks: the reader is some thousand rows ahead, and the total is an estimate, and marked.
for my $packed (0, 1) {
    subtest 'a long file' . ($packed ? ', packed' : '') => sub {
        sandbox_reset($sandbox);
        my $rows = 60_000;
        my $case = case_new($sandbox, rows => $rows, set => {'delivery.rate' => '1000/s', 'delivery.burst' => 1});
        if ($packed) {
            system 'gzip', "$case->{folder}/export.csv";
            rename "$case->{folder}/export.csv.gz", "$case->{folder}/export.csv";
        }
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
        is_deeply([map { $_->{text} } grep { !$_->{about} } @lines], [], 'the total is marked as an estimate');
        is_deeply([map { $_->{text} } grep { abs($_->{total} - $rows) > $rows * 0.05 } @lines], [], 'and right within 5 of 100');
    };
}

subtest '-q' => sub {
    sandbox_reset($sandbox);
    my $case = case_new($sandbox, rows => 5);
    my $command = join ' ', map { "'" . s/'/'\\''/gr . "'" } case_arguments($case, 'run', '-q');
    my ($status, $out, $err) = run_program('script', '-qec', $command, '/dev/null');
    is("$status$out$err", '0', 'a run on a terminal is silent when all is well');
    ($status, $out, $err) = run_program('script', '-qec', "$command --progress always", '/dev/null');
    like($out, qr/\r\d+ (?:records|of 5)/, '--progress always is obeyed all the same');
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
