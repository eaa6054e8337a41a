#!/usr/bin/perl
# results: one line per customer from the ledger, as CSV and as NDJSON.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode_utf8);
use JSON::PP;
use POSIX ();
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $case = case_new($sandbox, rows => 40, bad => 4);

my ($status, $out, $err) = case_run($case, 'results');
is("$status$out", '5', 'without a ledger there are no results');
like($err, qr/there is no ledger yet/, 'and the message says so');

case_run($case, '-q');

# One customer with a key that needs quotes, which the provider refuses, and one whose row changes.
my $csv = csv_rows(40, 4);
$csv .= qq{"a,""b",Alex,Morgan,cust-000001\@example.com,+14155550199,1990-04-15,San Francisco,US,1 Market St,San Francisco,94103,US,US,other\n};
$csv =~ s/cust-000040,Alex,Morgan40/cust-000040,Alex,Changed/;
write_file("$case->{folder}/export.csv", $csv);
sandbox_faults($sandbox, 'status-500:x1');
case_run($case, '-q');
sandbox_faults($sandbox);

my @want = case_ledger($case, 'SELECT external_id, state, user_id, http_status, attempts FROM customer ORDER BY id');
is(scalar @want, 41, 'forty-one customers');

# CSV as RFC 4180 has it.
($status, $out, $err) = case_run($case, 'results', '--format', 'csv');
is("$status$err", '0', 'csv');
is((case_run($case, 'results'))[1], $out, 'csv is the default');
my ($header, @lines) = split /\n/, decode_utf8($out);
is($header, 'row,external_id,state,user_id,http_status,code,message,attempts,at,kept,verification,verification_word,verification_reason,verification_at,kept.accounts', 'the header');
is(scalar @lines, @want, 'as many lines as customers');
my @cells = map {
    my @found;
    push @found, defined $1 ? $1 =~ s/""/"/gr : $2 while /\G(?:"((?:[^"]|"")*)"|([^",]*))(?:,|$)/gc && pos() <= length && @found < 9;
    \@found;
} @lines;
is_deeply([map { [@$_[1 .. 4, 7]] } @cells], \@want, 'each in the order of the ledger, with what it holds');
like($lines[-1], qr/^\d+,"a,""b",/, 'a key with a comma and a quote is quoted');
is((grep { $_->[8] !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } @cells), 0, 'times are RFC 3339');
my %row = map { $_->[1] => $_->[0] } @cells;
is($row{'cust-000001'}, 1, 'the row of the first');
is($row{'cust-000040'}, 43, 'the row of one behind bad rows');
is($row{'a,"b'}, 45, 'the row of the last');

# NDJSON.
($status, $out, $err) = case_run($case, 'results', '--format', 'ndjson');
is("$status$err", '0', 'ndjson');
my @objects = map { JSON::PP->new->utf8->decode($_) } split /\n/, $out;
is(scalar @objects, @want, 'as many lines as customers');
is(join(' ', sort keys %{$objects[0]}), 'at attempts code external_id http_status kept message row state user_id verification verification_at verification_reason verification_word', 'the members');
for my $i (0 .. $#objects) {
    my $object = $objects[$i];
    my @same = map { defined $object->{$_} ? $object->{$_} : '' } qw(row external_id state user_id http_status code message attempts at);
    is_deeply(\@same, $cells[$i], "customer $want[$i][0] is the same in both") if $i % 20 == 0 || $i == $#objects;
}
is((grep { !/"row":\d+,.*"attempts":\d+,/ } split /\n/, $out), 0, 'numbers are numbers');

# A run does not block results, nor does a read-only file.
sandbox_stop($sandbox);
$sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--latency', '200ms');
my $slow = case_new($sandbox, rows => 60, set => {'delivery.rate' => '20/s', 'delivery.burst' => 1});
my $pid = case_start($slow);
my $seen = 0;
for (1 .. 200) {
    ($status, $out, $err) = case_run($slow, 'results', '--format', 'ndjson');
    $seen = () = $out =~ /"state":"created"/g;
    last if $seen;
    select undef, undef, undef, 0.05;
}
cmp_ok($seen, '>', 0, 'results come while a run is under way') or diag $err;
is(waitpid($pid, POSIX::WNOHANG()), 0, 'which still is');
kill 'TERM', $pid;
waitpid $pid, 0;

($status, $out, $err) = case_run($slow, 'results', '--format', 'xml');
is("$status$out", '2', 'an unknown format is status 2');
like($err, qr/--format cannot be `xml`/, 'and reported');
SKIP: {
    skip 'no /dev/full', 2 if !-w '/dev/full';
    my @command = case_arguments($slow, 'results');
    my $said = `@{[join ' ', map { quotemeta } @command]} 2>&1 >/dev/full`;
    is($? >> 8, 2, 'a full disk is status 2');
    like($said, qr/cannot write to standard output: No space left/, 'and reported');
}
# The members of the provider's answers that the job keeps.
my $keeping = sandbox_start('--nonce-window', 10_000_000_000);
my $kept = case_new($keeping, rows => 3);
my $job = read_file("$kept->{folder}/job.yaml");
(my $keep = $job) =~ s/^(  credentials: .*\n)/$1  keep: [accounts, nothing]\n/m;
write_file("$kept->{folder}/job.yaml", $keep);
case_run($kept, '-q');
($status, $out, $err) = case_run($kept, 'results', '--format', 'ndjson');
is("$status$err", '0', 'a job that keeps accounts');
my %kept = map { my $object = JSON::PP->new->utf8->decode($_); $object->{external_id} => $object->{kept} } split /\n/, $out;
is_deeply([map { join ' ', sort keys %$_ } values %kept], [('accounts') x 3], 'each has its own, and members that no answer has are left out');
is((grep { $_->{accounts}[0]{name} ne 'main' || $_->{accounts}[0]{id} !~ /^[A-Z0-9]{16}$/ } values %kept), 0, 'as the provider gave them');
like((case_run($kept, 'results'))[1], qr/Z,"\{""accounts"":\[\{/, 'in CSV it is one quoted cell');

# An update's answer has none of them: the stored ones stay.
my $changed = csv_rows(3);
$changed =~ s/Morgan2/Miller/;
write_file("$kept->{folder}/export.csv", $changed);
case_run($kept, '-q');
is(case_summary($kept)->{updated}, 1, 'one is updated');
($status, $out) = case_run($kept, 'results', '--format', 'ndjson');
is_deeply({map { my $object = JSON::PP->new->utf8->decode($_); $object->{external_id} => $object->{kept} } split /\n/, $out}, \%kept,
    'and keeps its accounts');
sandbox_stop($keeping);
done_testing;
