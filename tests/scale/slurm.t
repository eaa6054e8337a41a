#!/usr/bin/perl
# jobs/slurm/ on a real cluster of three nodes: what becomes of a shard that is interrupted, refused or killed, that fails,
# or whose node is lost; the array and the merge come to the report of one process, in at most 60 s.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);
use KycSlurm;
use KycTest;

my $why = slurm_missing();
plan skip_all => $why if $why;
my $jobs = abs_path("$FindBin::Bin/../../jobs/slurm");
my $slurm = slurm_start(nodes => 3);
my $folder = $slurm->{folder};

# The scripts as an operator has them, and a program of this name: the jobs run as the user of the cluster.
sub ours { run_program('chown', '-R', "$slurm->{user}:", @_) if !$>; }
run_program('cp', '-r', $jobs, "$folder/scripts");
mkdir "$folder/bin";
write_file("$folder/bin/kyc-import", <<'SH');
#!/bin/sh
# In the place of the program: logs its arguments, and ends the first time as its job file says.
shard=$(echo "$*" | sed -n 's|.* --shard \([0-9]*\)/.*|\1|p')
echo "restart ${SLURM_RESTART_COUNT:-0}: $*" >>"$2.calls"
[ -z "${SLURM_RESTART_COUNT:-}" ] && how=$(sed -n "s/^$shard: //p" "$2")
case "${how:-0}" in
killed) kill -9 $$ ;;
waits) trap 'echo "SIGTERM" >>"'"$2"'.calls"; exit 6' TERM; touch "$2.waits"; while :; do sleep 0.1; done ;;
*) exit "${how:-0}" ;;
esac
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
sub job_file { my ($name, $text) = @_; write_file("$folder/$name", $text); ours($folder); return "$folder/$name" }

my $again = job_file('again.yaml', "0: 6\n1: 7\n2: killed\n");
my $fails = job_file('fails.yaml', "1: 3\n");
my $waits = job_file('waits.yaml', "0: waits\n");
my ($waits_array, $waits_merge) = submit($waits, 1);
my ($again_array, $again_merge) = submit($again, 4, '--set', 'report=a b');
my ($fails_array, $fails_merge) = submit($fails, 2);

ok(slurm_await(20, sub { -e "$waits.waits" }), 'a shard runs') or diag(slurm_log($slurm));
slurm_run($slurm, 'scancel', $waits_array);
ok(slurm_await(20, sub { slurm_is_over($slurm, $waits_array) }), 'scancel ends it');

ok(slurm_await(40, sub { slurm_is_over($slurm, $again_merge) && slurm_is_over($slurm, $fails_merge) }), 'all is over') or diag(slurm_log($slurm));
is_deeply(calls($waits), ['SIGTERM', "restart 0: check $waits --shard 0/1 --rows-ok --log-format json"],
    'what scancel ends gets SIGTERM, and is not started again');
like({slurm_tasks($slurm, $waits_merge)}->{''}, qr/^CANCELLED/, 'nor merged');
is(join(' ', map { s/ .*//r } values %{{slurm_tasks($slurm, $again_array)}}), 'COMPLETED COMPLETED COMPLETED COMPLETED', 'all four shards of another job end well');
my @shards = map { my $shard = $_; map { "restart $_: check $again --shard $shard/4 --rows-ok --log-format json --set report=a b" }
    $shard < 3 ? (0, 1) : 0 } 0 .. 3;
my @merges = grep { / merge / } @{calls($again)};
is_deeply([grep { !/ merge / } @{calls($again)}], [sort @shards], 'status 6, 7 and a kill -9: once more; status 0: once');
is(scalar @merges, 1, 'then the merge, once') or diag(join "\n", map { slurm_run($slurm, qw(scontrol show job), $_) } $again_merge, $again_array);
like({slurm_tasks($slurm, $fails_array)}->{1}, qr/^FAILED /, 'status 3 is a failure');
is(scalar(grep { m{--shard 1/2} } @{calls($fails)}), 1, 'which is not tried again');
like({slurm_tasks($slurm, $fails_merge)}->{''}, qr/^CANCELLED/, 'its merge is cancelled');
is_deeply([grep { / merge / } @{calls($fails)}], [], 'and does not run');

# A shard that is killed each time is not started for ever.
{
    local @ENV{qw(SLURM_RESTART_COUNT SLURM_ARRAY_TASK_ID)} = (5, 0);
    write_file("$folder/five.yaml", '');
    write_file("$folder/bin/kyc-import", "#!/bin/sh\nkill -9 \$\$\n");
    write_file("$folder/bin/squeue", "#!/bin/sh\necho RUNNING\n");
    chmod 0755, "$folder/bin/squeue";
    my ($status, undef, $err) = run_program('sh', "$folder/scripts/shard.sbatch", "$folder/five.yaml", 1);
    like("$status $err", qr/^1 .*given up after 5 restarts, the last with status 137$/s, 'killed for the sixth time: given up, with status 1');
}

slurm_stop($slurm);
done_testing;
