#!/usr/bin/perl
# The progress of a run: on a terminal, without one, and why nothing is sent; -q shows none.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;
use KycRun;
use POSIX ();

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
    # The second half comes when the first one is sent.
    my $folder = $case->{folder};
    my ($status) = run_program('sh', '-c', "(head -n 51 '$folder/export.csv'; for i in \$(seq 600); do grep -q 'waiting for the input' '$folder/lines' && break; sleep 0.1; done; tail -n 50 '$folder/export.csv') | $command 2>'$folder/lines'");
    my $err = read_file("$folder/lines");
    is($status, 0, 'status 0') or diag $err;
    my @lines = lines_of($err);
    ok(!defined $lines[0]{total}, 'no total before its end') or diag $err;
    like($lines[0]{text}, qr/^\d+ records/, 'a number of records instead');
    like($err, qr/\rwaiting for the input|records  waiting for the input/, 'it waits for the input, and says so');
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

# On a terminal of so many columns: all that was written until `seconds` are over, and the exit status.
sub on_terminal
{
    my ($columns, $case, $meanwhile, @more) = @_;
    my $command = join ' ', map { "'" . s/'/'\\''/gr . "'" } case_arguments($case, 'run', @more);
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>', "$case->{folder}/typescript";
        open STDIN, '<', '/dev/null';
        exec 'timeout', 90, 'script', '-qefc', "stty cols $columns; exec $command", '/dev/null' or POSIX::_exit(127);
    }
    $meanwhile->(sub { -e "$case->{folder}/typescript" ? read_file("$case->{folder}/typescript") : '' });
    waitpid $pid, 0;
    return ($? >> 8, read_file("$case->{folder}/typescript"));
}

# Waits until the terminal shows this.
sub wait_for
{
    my ($shown, $pattern) = @_;
    for (1 .. 300) {
        return 1 if $shown->() =~ $pattern;
        select undef, undef, undef, 0.1;
    }
    return 0;
}

# The process that runs the job of this case.
sub process_of
{
    my ($case) = @_;
    for my $path (glob '/proc/[0-9]*/cmdline') {
        my @words = split /\0/, eval { read_file($path) } // '';
        next if @words < 3 || $words[0] !~ /kyc-import$/ || !grep { index($_, "$case->{folder}/") == 0 } @words;
        my ($pid) = $path =~ m{^/proc/(\d+)/};
        return $pid;
    }
    die "no process of $case->{folder}";
}

subtest 'why nothing is sent' => sub {
    my %set = ('delivery.rate' => '50/s', 'delivery.burst' => 1, 'delivery.timeout' => '40s', 'delivery.in_flight' => 4);
    my $server = sandbox_start('--nonce-window', 10_000_000_000, '--retry-after', '3s', '--slow-for', '35s');
    my $case = case_new($server, rows => 600, set => {%set});
    my ($status, $text) = on_terminal(90, $case, sub {
        my ($shown) = @_;
        ok(wait_for($shown, qr/\d+ of 600 \(\d+ %\)/), 'the records of the input');
        sandbox_faults($server, 'retry-after:x1');
        ok(wait_for($shown, qr/waiting [123] s, as the provider asked \(Retry-After\)/), 'Retry-After');
        ok(wait_for($shown, qr/Retry-After.*\d+ of 600 \(\d+ %\)  \d+/s), 'then it goes on');
        sandbox_faults($server, 'slow:100%');
        ok(wait_for($shown, qr/waiting for 4 replies/), 'the provider is slow');
        my $process = process_of($case);
        kill 'INT', $process;
        ok(wait_for($shown, qr/stopping: waiting for 4 replies/), 'the first Ctrl-C');
        kill 'INT', $process;
    });
    is($status, 6, 'and the second ends it');
    unlike($text, qr/consecutive failures/, 'what it drops is no failure of the provider');
    is_deeply([grep { length >= 90 } grep { / of 600/ } map { s/\e\[K.*//sr } split /\r/, $text], [], 'the line fits the terminal');
    like($text, qr/\r\e\[K(?:kyc-import:|test:)[^\r]*/, 'it is removed before other lines');
    unlike($text, qr/\e\[K[^\r\n]*\d+ of 600[^\r\n]*\e\[K[^\r\n]*kyc-import:/, 'which it does not tear');
    sandbox_faults($server, 'status-503:100%');
    on_terminal(90, $case, sub {
        my ($shown) = @_;
        ok(wait_for($shown, qr/paused: the provider is failing, next try in \d s/), 'the provider is gone');
        kill 'INT', process_of($case);
    });
    sandbox_faults($server);
    ($status, $text) = on_terminal(90, $case, sub { wait_for($_[0], qr/waiting \d+ s: the rate counts/); kill 'INT', process_of($case) }, '--set', 'delivery.rate=10/min');
    like($text, qr/waiting \d+ s: the rate counts the previous run's requests/, 'the run before');
    sandbox_stop($server);
};

subtest 'creates in doubt at payso' => sub {
    my $server = sandbox_start();
    my $case = case_new($server, provider => 'payso', rows => 10, set => {'delivery.rate' => '100/s', 'delivery.timeout' => '3s', 'provider.settle_after' => '6s'});
    sandbox_faults($server, 'drop:x2@create');
    my ($status, $text) = on_terminal(100, $case, sub { wait_for($_[0], qr/listing users in/) });
    is($status, 0, 'status 0') or diag $text;
    like($text, qr/8 of 10 \(80 %\)  2 being retried  listing users in \d s to resolve 2 creates in doubt/, 'it waits, and says for what');
    sandbox_stop($server);
};

subtest 'other commands' => sub {
    my $server = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($server, rows => 60);
    case_run($case);
    my (undef, undef, $err) = case_run($case, 'refresh', '--progress', 'always', '--set', 'delivery.rate=30/s', '--set', 'delivery.burst=1');
    like($err, qr/\r\d+ of 60 users|\r\d+ of 60 customers|listing the provider's users/, 'refresh shows a line');
    (undef, undef, $err) = case_run($case, 'status', '--against-provider', '--progress', 'always', '--set', 'delivery.rate=30/s', '--set', 'delivery.burst=1');
    like($err, qr/\r[1-5]\d of 60 customers \(\d+ %\)/, 'status --against-provider counts the customers');
    (undef, undef, $err) = case_run($case, 'status', '--against-provider', '--set', 'delivery.rate=100/s');
    unlike($err, qr/\r|progress/, 'without a terminal there is no line in the first minute');
    sandbox_stop($server);
};

subtest '-q' => sub {
    sandbox_reset($sandbox);
    my $case = case_new($sandbox, rows => 5);
    my $command = join ' ', map { "'" . s/'/'\\''/gr . "'" } case_arguments($case, 'run', '-q');
    my ($status, $out, $err) = run_program('script', '-qec', $command, '/dev/null');
    is("$status$out$err", '0', 'a run on a terminal is silent when all is well');
    ($status, $out, $err) = run_program('script', '-qec', "$command --progress always", '/dev/null');
    like($out, qr/\r\d+ (?:records|of (?:about )?\d)/, '--progress always is obeyed all the same');
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
