#!/usr/bin/perl
# jobs/slurm/ on a real cluster of three nodes: a check in four shards, one of whose nodes is lost midway, comes to the
# report of one process within 60 s; and what becomes of a shard that is interrupted, refused, killed or cancelled, or fails.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use KycRun;
use KycSlurm;
use KycTest;

my $why = slurm_missing();
plan skip_all => $why if $why;
my $json = JSON::PP->new->utf8->canonical;
my $slurm = slurm_start(nodes => 3);
my $folder = $slurm->{folder};

# The scripts as an operator has them, and the program: the jobs run as the user of the cluster.
sub ours { run_program('chown', '-R', "$slurm->{user}:", @_) if !$>; }
run_program('cp', '-r', abs_path("$FindBin::Bin/../../jobs/slurm"), "$folder/scripts");
mkdir "$folder/$_" for qw(bin real steps);
run_program('cp', abs_path(program('kyc-import')), "$folder/real/kyc-import");
run_program('cp', abs_path(program('steps/kyc-import')), "$folder/steps/kyc-import");

# Before the program: of a job file *.told it logs the arguments, and ends the first time as the file says. In the first try
# of shard 2/4 the program stops itself once it has begun its reject file.
write_file("$folder/bin/kyc-import", <<'SH');
#!/bin/sh
real=${0%/bin/*}/real/kyc-import
case "$*" in
*.told*)
    shard=$(echo "$*" | sed -n 's|.* --shard \([0-9]*\)/.*|\1|p')
    echo "restart ${SLURM_RESTART_COUNT:-0}: $*" >>"$2.calls"
    [ -z "${SLURM_RESTART_COUNT:-}" ] && how=$(sed -n "s/^$shard: //p" "$2")
    case "${how:-0}" in
    killed) kill -9 $$ ;;
    waits) trap 'echo "SIGTERM" >>"'"$2"'.calls"; exit 6' TERM; touch "$2.waits"; while :; do sleep 0.1; done ;;
    *) exit "${how:-0}" ;;
    esac
    ;;
*'--shard 2/4'*)
    if [ -z "${SLURM_RESTART_COUNT:-}" ]; then
        KYC_STOP_AT='draft opened#1' KYC_STOP_BY=stop "${0%/bin/*}/steps/kyc-import" "$@" &
        until grep -q '^State:.T' "/proc/$!/status"; do sleep 0.05; done
        [ ! -e "$(echo "${2%/*}"/reports/test/check/shard-2-of-4.new-*/rejects.csv.gz*)" ] || touch "$2.midway"
        exec sleep 600
    fi
    ;;
esac
exec "$real" "$@"
SH
chmod 0755, "$folder/bin/kyc-import";
my $path = $ENV{PATH};
$ENV{PATH} = "$folder/bin:$path";

# Submits a job: (id of the array, id of the merge).
sub submit
{
    my ($job, $count, @options) = @_;
    my ($status, $out, $err) = slurm_run($slurm, 'env', '-C', $folder, 'scripts/submit', $job, $count, @options);
    my ($array, $merge) = $out =~ /^array (\d+), merge (\d+)$/ or die "submit: $status $out$err";
    return ($array, $merge);
}

sub calls { return [sort split /\n/, eval { read_file("$_[0].calls") } // ''] }
# It alone: chown changes a time of the inputs, which other shards may be reading.
sub job_file { my ($name, $text) = @_; write_file("$folder/$name", $text); ours("$folder/$name"); return "$folder/$name" }

# A job over eight files, with keys that are in two of them, and the report of it by one process.
my $case = case_new({url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"}, rows => 1);
my $work = "$folder/work";
mkdir $work;
my ($header, @rows) = split /^/, csv_rows(80_000, 800);
for my $file (0 .. 7) {
    my @mine = @rows[$file * 10_000 .. $file * 10_000 + 9_999];
    $mine[77] = $rows[($file + 3) % 8 * 10_000 + 5];
    write_file("$work/part-$file.csv", join '', $header, @mine);
}
write_file("$work/job.yaml", read_file("$case->{folder}/job.yaml") =~ s/^input: .*/input: {path: part-*.csv}/mr);
write_file("$work/key", 'f00d' x 16 . "\n");
chmod 0600, "$work/key";
ours($folder);
my @key = ('--shard-key', "file:$work/key");

# What a check leaves: its summary without times, and the reject file unpacked.
sub result_of
{
    my ($report) = @_;
    my $summary = $json->decode(read_file("$report/summary.json"));
    delete @$summary{qw(started finished seconds)};
    return {summary => $summary, rejects => (run_program('gunzip', '-c', "$report/rejects.csv.gz"))[1]};
}

my ($status, $out, $err) = slurm_run($slurm, "$folder/real/kyc-import", 'check', "$work/job.yaml", '-q', '--rows-ok');
is($status, 0, 'one process') or diag($out, $err);
my $alone = result_of("$work/reports/test/check");
run_program('rm', '-r', "$work/reports");
cmp_ok(scalar(() = $alone->{rejects} =~ /the same value as in row/g), '>=', 8, 'which rejects keys of other files, too');

# The node of shard 2 is lost in the middle of it.
my $began = time;
my ($array, $merge) = submit("$work/job.yaml", 4, @key);
ok(slurm_await(30, sub { -e "$work/job.yaml.midway" }), 'a shard is in the middle of its input') or diag(slurm_log($slurm));
my ($node) = {slurm_tasks($slurm, $array)}->{2} =~ /^RUNNING (n\d)$/ or die 'shard 2 does not run';
slurm_lose_node($slurm, $node);

# Meanwhile, on the other nodes.
# The last task has the id of the whole array, too.
my $again = job_file('again.told', "0: 6\n2: killed\n3: 7\n4: 5\n");
my $fails = job_file('fails.told', "1: 3\n");
my $waits = job_file('waits.told', "0: waits\n");
my ($waits_array, $waits_merge) = submit($waits, 1);
my ($again_array, $again_merge) = submit($again, 5, '--set', 'report=a b');
my ($fails_array, $fails_merge) = submit($fails, 2);

ok(slurm_await(30, sub { -e "$waits.waits" }), 'a shard runs') or diag(slurm_log($slurm));
slurm_run($slurm, 'scancel', $waits_array);
ok(slurm_await(20, sub { slurm_is_over($slurm, $waits_array) }), 'scancel ends it');
is_deeply(calls($waits), ['SIGTERM', "restart 0: check $waits --shard 0/1 --rows-ok --log-format json"], 'by SIGTERM, and it is not started again');
like({slurm_tasks($slurm, $waits_merge)}->{''}, qr/^CANCELLED/, 'nor merged');

ok(slurm_await(40, sub { slurm_is_over($slurm, $again_merge) && slurm_is_over($slurm, $fails_merge) }), 'all is over') or diag(slurm_log($slurm));
is(join(' ', map { s/ .*//r } values %{{slurm_tasks($slurm, $again_array)}}), 'COMPLETED COMPLETED COMPLETED COMPLETED COMPLETED', 'all five shards of another job end well');
my @shards = map { my $shard = $_; map { "restart $_: check $again --shard $shard/5 --rows-ok --log-format json --set report=a b" } $shard != 1 ? (0, 1) : 0 } 0 .. 4;
is_deeply([grep { !/ merge / } @{calls($again)}], [sort @shards], 'status 5, 6, 7 and a kill -9: once more; status 0: once');
is_deeply([grep { / merge / } @{calls($again)}], ["restart 0: merge $again --shards 5 --again --rows-ok --log-format json --set report=a b"], 'then the merge')
    or diag(join "\n", map { slurm_run($slurm, qw(scontrol show job), $_) } $again_merge, $again_array);
like({slurm_tasks($slurm, $fails_array)}->{1}, qr/^FAILED /, 'status 3 is a failure');
is(scalar(grep { m{--shard 1/2} } @{calls($fails)}), 1, 'which is not tried again');
like({slurm_tasks($slurm, $fails_merge)}->{''}, qr/^CANCELLED/, 'its merge is cancelled');
is_deeply([grep { / merge / } @{calls($fails)}], [], 'and does not run');

# The lost shard is made by another node, and then all are merged.
ok(slurm_await(60, sub { slurm_is_over($slurm, $merge) }), 'the check is over') or diag(slurm_log($slurm));
my $seconds = time - $began;
my %state = slurm_tasks($slurm, $array);
is(join(' ', map { s/ .*//r } @state{0 .. 3}), 'COMPLETED COMPLETED COMPLETED COMPLETED', 'each shard of the check ends well')
    or diag(map { "$_:\n" . read_file($_) } glob "$folder/kyc-check-${array}_*.log");
isnt($state{2}, "COMPLETED $node", 'shard 2 on another node');
like({slurm_tasks($slurm, $merge)}->{''}, qr/^COMPLETED/, 'and they are merged') or diag(map { read_file($_) } glob "$folder/kyc-merge-$merge.log*");
my $merged = eval { result_of("$work/reports/test/check") };
is_deeply($merged->{summary}, $alone->{summary}, 'the summary is that of one process');
ok(($merged->{rejects} // '') eq $alone->{rejects}, 'and the reject file, byte for byte');
cmp_ok($seconds, '<=', 60, sprintf 'within 60 s: %.1f s', $seconds);

# A shard that is killed each time is not started for ever.
{
    local @ENV{qw(SLURM_RESTART_COUNT SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID)} = (5, 1, 0);
    write_file("$folder/five.yaml", '');
    write_file("$folder/bin/kyc-import", "#!/bin/sh\nkill -9 \$\$\n");
    write_file("$folder/bin/squeue", "#!/bin/sh\necho RUNNING\n");
    chmod 0755, "$folder/bin/squeue";
    ($status, $out, $err) = run_program('sh', "$folder/scripts/shard.sbatch", "$folder/five.yaml", 1);
    like("$status $err", qr/^1 .*given up after 5 restarts, the last with status 137$/s, 'killed for the sixth time: given up, with status 1');
}

# A merge that the cluster does not take leaves the array; N is checked before anything is submitted.
{
    write_file("$folder/bin/sbatch", "#!/bin/sh\ncase \"\$*\" in *--dependency*) exit 3 ;; esac\necho '17;cluster'\n");
    chmod 0755, "$folder/bin/sbatch";
    ($status, $out, $err) = run_program("$folder/scripts/submit", "$folder/five.yaml", 2);
    is("$status $out$err", "3 the array 17 is submitted, and no merge: scancel 17 ends it\n", 'no merge: the array is named');
    for my $wrong ('', 0, 'four') {
        ($status, $out, $err) = run_program("$folder/scripts/submit", "$folder/five.yaml", $wrong);
        is("$status $out$err", "2 usage: submit JOB N [OPTION...]\n", "N is `$wrong`: nothing is submitted");
    }
}

slurm_stop($slurm);
done_testing;
