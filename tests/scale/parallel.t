#!/usr/bin/perl
# jobs/parallel/check with the real GNU parallel: the report is that of one process; each shard is made once, a failed one
# again, on another host where one does not answer; the same command again continues; the merge follows when every shard
# has succeeded.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycRun;
use KycTest;

plan skip_all => 'GNU parallel is not installed (scripts/install-deps installs it)' if (run_program('parallel', '--version'))[1] !~ /GNU parallel/;
my $check = abs_path("$FindBin::Bin/../../jobs/parallel/check");
my $scratch = scratch_folder();
my $path = $ENV{PATH};
# Without the notes that it keeps in the home of the user.
$ENV{HOME} = "$scratch";

# The program itself, over four files with a key that is in two of them.
my $case = case_new({url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"}, rows => 1);
my ($header, @rows) = split /^/, csv_rows(400, 40);
$rows[350] = $rows[20];
write_file("$case->{folder}/part-$_.csv", join '', $header, @rows[$_ * 100 .. $_ * 100 + 99]) for 0 .. 3;
write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s/^input: .*/input: {path: part-*.csv}/mr);
write_file("$case->{folder}/key", 'f00d' x 16);
chmod 0600, "$case->{folder}/key";

sub result_of
{
    my $report = "$case->{folder}/reports/test/check";
    my $summary = decode_json(read_file("$report/summary.json"));
    delete @$summary{qw(started finished seconds)};
    return {summary => $summary, rejects => (run_program('gunzip', '-c', "$report/rejects.csv.gz"))[1]};
}

my ($status, $out, $err) = run_program(program('kyc-import'), 'check', "$case->{folder}/job.yaml", '-q');
is($status, 1, 'one process') or diag($out, $err);
my $alone = result_of();
like($alone->{rejects}, qr/the same value as in row/, 'which finds the repeated key');
run_program('rm', '-r', "$case->{folder}/reports");
{
    local $ENV{PATH} = abs_path(program('kyc-import')) =~ s{/[^/]*$}{}r . ":$path";
    ($status, $out, $err) = run_program($check, "$case->{folder}/job.yaml", 4, '--shard-key', abs_path("$case->{folder}/key") =~ s/^/file:/r);
}
is($status, 1, 'four shards, and their merge') or diag($out, $err);
is_deeply(eval { result_of() }, $alone, 'come to the same report');

# In the place of the program: logs its arguments, and ends as its job file says: `I: STATUS TIMES`.
mkdir "$scratch/bin";
write_file("$scratch/bin/kyc-import", <<'SH');
#!/bin/sh
echo "${ON_HOST:-here}: $(printf '<%s> ' "$@")" >>"$2.calls"
shard=$(echo "$*" | sed -n 's|.* --shard \([0-9]*\)/.*|\1|p')
set -- "$2" $(sed -n "s/^${shard:-merge}: //p" "$2")
[ "$(grep -c "<$shard/" "$1.calls")" -gt "${3:-0}" ] && [ -n "$shard" ] || exit "${2:-0}"
SH
# A host that does not answer, and others, which are this machine. SHELL as sshd sets it: parallel runs the command by it, and
# without it runs nothing and calls that success.
write_file("$scratch/bin/ssh", <<'SH');
#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
[ "$1" != gone.example ] || { echo "ssh: connect to host gone.example: Connection timed out" >&2; exit 255; }
ON_HOST=$1; export ON_HOST
shift
[ "$1" != -- ] || shift
SHELL=/bin/sh; export SHELL
exec sh -c "$*"
SH
chmod 0755, "$scratch/bin/kyc-import", "$scratch/bin/ssh";
$ENV{PATH} = "$scratch/bin:$path";
my $home = abs_path("$scratch");

sub job { my ($name, $text) = @_; write_file("$scratch/$name", $text); return "$home/$name" }
sub calls { my @lines = split /\n/, eval { read_file("$_[0].calls") } // ''; unlink "$_[0].calls"; return @lines }
sub shard_line { my ($job, $host, $shard, $count, @more) = @_; return "$host: " . join '', map { "<$_> " } 'check', $job, '--shard', "$shard/$count", '--rows-ok', @more }

my $job = job('a job {1}.yaml', '');
my $odd = 'report=a "b" $c {} {2} {#}';    # what parallel replaces, too
($status, $out, $err) = run_program($check, $job, 3, '--set', $odd);
is($status, 0, 'three shards and their merge') or diag($out, $err);
my @calls = calls($job);
is_deeply([sort @calls[0 .. 2]], [map { shard_line($job, 'here', $_, 3, '--set', $odd) } 0 .. 2], 'each shard once, whatever is in its arguments');
is_deeply([@calls[3 .. $#calls]], ["here: <merge> <$job> <--shards> <3> <--again> <--set> <$odd> "], 'then the merge');
ok(!-e "$job.parallel.log", 'and the next check makes all of them');

$job = job('lines.yaml', '');
($status) = run_program($check, $job, 1, '--set', "rules=[]\n# a comment");
is(join("\n", calls($job)), shard_line($job, 'here', 0, 1, '--set', "rules=[]\n# a comment") . "\nhere: <merge> <$job> <--shards> <1> <--again> <--set> <rules=[]\n# a comment> ", 'an argument of two lines is one');

$job = job('twice.yaml', "1: 137 1\n");
($status) = run_program($check, $job, 3);
is("$status " . scalar(grep { m{<1/3>} } calls($job)), '0 2', 'a shard that was killed is made again, in the same command');

$job = job('broken.yaml', "1: 3 99\n");
($status, $out, $err) = run_program($check, $job, 3);
@calls = calls($job);
ok($status == 3 && !grep({ /<merge>/ } @calls), 'one that fails each time: its status, and no merge') or diag("$status $out$err");
like($err, qr{^not merged: .*\.parallel\.log\); the same command continues$}m, 'with the way on');
is(scalar(grep { m{<1/3>} } @calls), 3, 'after three times');
job('broken.yaml', '');
($status) = run_program($check, $job, 3);
@calls = calls($job);
is($status, 0, 'the same command again, when the cause is gone');
is_deeply([map { m{<(\d/3)>|<(merge)>} ? $1 // $2 : $_ } @calls], ['1/3', 'merge'], 'makes that shard alone, and merges');

$job = job('merge.yaml', "merge: 1\n");
($status) = run_program($check, $job, 1);
ok($status == 1 && !-e "$job.parallel.log", 'rejected rows are status 1, as of one process');
$job = job('refused.yaml', "merge: 3\n");
($status) = run_program($check, $job, 1);
ok($status == 3 && -e "$job.parallel.log", 'a merge that is refused: its status; the shards stay');

{
    local $ENV{HOSTS} = 'one.example,gone.example,two.example';
    $job = job('hosts.yaml', '');
    ($status, $out, $err) = run_program($check, $job, 4);
    @calls = calls($job);
    is($status, 0, 'over ssh, with a host that does not answer') or diag($out, $err);
    my %made = map { m{<(\d/4)>} ? ($1 => 1) : () } @calls;
    is_deeply([sort keys %made], [map { "$_/4" } 0 .. 3], 'each shard is made') or diag join "\n", @calls, $err;
    is_deeply([grep { !/^(?:one|two)\.example: <check>|^here: <merge>/ } @calls], [], 'by the hosts that do, and merged here');
    ($status, $out, $err) = run_program($check, $job, 2, '--set', $odd);
    my %lines = map { m{<\d/2>} ? (s/^\w+\.example: //r => 1) : () } calls($job);
    is_deeply([sort keys %lines], [map { shard_line($job, 'x', $_, 2, '--set', $odd) =~ s/^x: //r } 0, 1], 'with the arguments as they are');
}

for my $wrong ([$job], [$job, 'four'], [$job, '0'], [$job, '']) {
    ($status, $out, $err) = run_program($check, @$wrong);
    is("$status $err", "2 usage: check JOB N [OPTION...]\n", 'how it is used: ' . ($wrong->[1] // 'no N'));
}
is_deeply([calls($job)], [], 'and nothing is made');
done_testing;
