#!/usr/bin/perl
# What status says of a last run without an end: that it is in progress, and which process it is; or that it was killed. It
# looks without taking anything: a run that starts at this moment is not kept away.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Sys::Hostname qw(hostname);
use Test::More;
use Time::HiRes qw(sleep);
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $case = case_new($sandbox, rows => 60);
my $json = JSON::PP->new->utf8;
my $time = qr/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

# Starts a command and waits until the ledger is as it should be.
sub started
{
    my ($is_there, @command) = @_;
    my $pid = case_start($case, @command);
    test_process($pid);
    for (1 .. 1000) {
        return $pid if $is_there->();
        sleep 0.02;
    }
    die "@command: " . read_file("$case->{folder}/err");
}

sub ended
{
    my ($pid, $signal) = @_;
    kill $signal, $pid;
    waitpid $pid, 0;
}

sub holder_of { my ($pid) = @_; return $case->{url} ? hostname() . ", process $pid, since " : "process $pid, since "; }

sub status_json
{
    my (undef, $out) = case_run($case, 'status', '--json');
    return $json->decode($out);
}

my ($status, $out, $err) = case_run($case, '-q', '--limit', 10);
is($status, 0, 'a run') or diag $err;
($status, $out) = case_run($case, 'status');
like($out, qr/^1 run; the last began $time and ended $time with status 0\nledger head /m, 'has ended');
my $seen = status_json();
is_deeply([$seen->{holder}, $seen->{last_run}{in_progress}], [undef, JSON::PP::false], 'as --json has it');

my $pid = started(sub { (case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'created'"))[0][0] > 10 }, 'run', '-q', '--set', 'delivery.rate=5/s', '--set', 'delivery.burst=1');
my $holder = holder_of($pid);
($status, $out) = case_run($case, 'status');
like($out, qr/^2 runs; the last began $time\na run is in progress: \Q$holder\E$time; the requests that it has in flight are in doubt until it has the answers\nledger head /m,
    'a run in progress, and which process it is');
unlike($out, qr/killed/, 'nothing else');
$seen = status_json();
like($seen->{holder}, qr/^\Q$holder\E$time$/, '--json: the process');
is($seen->{last_run}{in_progress}, JSON::PP::true, '--json: in progress');
is($seen->{last_run}{finished}, undef, '--json: without an end');

ended($pid, 'KILL');
for (1 .. 100) {    # a server notices the end of a connection a moment later
    last if !defined status_json()->{holder};
    sleep 0.05;
}
($status, $out) = case_run($case, 'status');
like($out, qr/^2 runs; the last began $time\nthe last run did not end: it was killed, the machine stopped, or it failed before it could record its end; the next run continues\nledger head /m,
    'a run that was killed');
$seen = status_json();
is_deeply([$seen->{holder}, $seen->{last_run}{in_progress}, $seen->{last_run}{finished}], [undef, JSON::PP::false, undef], 'as --json has it');

# Its process is another one than that of the run.
$pid = started(sub { defined status_json()->{holder} }, 'status', '--against-provider', '--set', 'delivery.rate=1/s', '--set', 'delivery.burst=1');
$holder = holder_of($pid);
($status, $out) = case_run($case, 'status');
like($out, qr/^the last run did not end: it was killed, the machine stopped, or it failed before it could record its end; the next run continues\nanother command, or a run that has not begun to write, uses the ledger: \Q$holder\E$time\nledger head /m,
    'another command is not the run that was killed');
$seen = status_json();
like($seen->{holder}, qr/^\Q$holder\E$time$/, '--json: the process');
is($seen->{last_run}{in_progress}, JSON::PP::false, '--json: but not the run');
ended($pid, 'KILL');

($status, $out) = case_run($case, 'status', '--against-provider');
like($out, qr/^the last run did not end: /m, 'status --against-provider holds the ledger itself');
unlike($out, qr/another command/, 'and does not take itself for another command');

# Nothing is taken: a run that starts while status looks, again and again, is not kept away.
my $looker = fork;
die "fork: $!" if !defined $looker;
if ($looker == 0) {
    open STDOUT, '>', '/dev/null';
    { exec '/bin/sh', '-c', 'while :; do "$@"; done', 'sh', case_arguments($case, 'status'); }
    POSIX::_exit(127);
}
test_process($looker);
my %ends;
$ends{(case_run($case, '-q', '--limit', $_))[0]}++ for 1 .. 10;
ended($looker, 'KILL');
is_deeply(\%ends, {0 => 10}, 'ten runs beside it');
($status, $out) = case_run($case, 'status');
like($out, qr/ with status 0\nledger head /, 'and the last one has ended');

is((case_run($case, 'refresh', '-q'))[0], 0, 'a refresh');
($status, $out) = case_run($case, 'status');
like($out, qr/^\d+ runs; the last \(refresh\) began $time and ended $time with status 0\nledger head /m, 'the last run was another command');
is(status_json()->{last_run}{command}, 'refresh', '--json: which');

if (!$case->{url}) {
    $pid = started(sub { status_json()->{last_run}{in_progress} }, 'run', '-q', '--set', 'delivery.rate=1/s', '--set', 'delivery.burst=1');
    ended($pid, 'KILL');
    unlink "$case->{folder}/test.ledger.lock";
    symlink '/nowhere', "$case->{folder}/test.ledger.lock";
    ($status, $out) = case_run($case, 'status');
    like($out, qr/^the last run did not end, or is in progress: the lock file of the ledger cannot be read \(look as the account of the runs\)\nledger head /m, 'a lock that cannot be read');
    $seen = status_json();
    is_deeply([$seen->{holder}, $seen->{last_run}{in_progress}], [undef, undef], '--json: neither');
}
sandbox_stop($sandbox);
done_testing;
