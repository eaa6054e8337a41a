# KycSlurm: a real Slurm cluster of a test's own, on loopback: its controller and several nodes of this machine.
#
#   my $why = slurm_missing();                       # why there can be none here, or undef
#   plan skip_all => $why if $why;
#   my $slurm = slurm_start(nodes => 3);             # nodes n1, n2, n3, two processors each; {folder, user}
#   my ($status, $out, $err) = slurm_run($slurm, 'sbatch', '--parsable', …);
#   my %state = slurm_tasks($slurm, $job);           # of an array: (0 => 'RUNNING n2', 1 => 'COMPLETED n1', …)
#   slurm_lose_node($slurm, 'n2');                   # as by a power cut: its daemon and all that runs there
#   slurm_return_node($slurm, 'n2');
#   slurm_stop($slurm);
#
# The daemons are children of the test, and the kernel ends them with it. Nothing of them needs root: of root's tests they
# run as the user slurm, which owns the folder; what jobs write goes below it. A node that is lost is down after about 12 s,
# and its tasks start elsewhere 11 s later: credentials live for cred_expire, and a shorter time lets a node that comes
# back end the task that took its place.
package KycSlurm;

use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Time::HiRes ();
use KycTest;

our @EXPORT = qw(slurm_missing slurm_start slurm_stop slurm_run slurm_tasks slurm_is_over slurm_lose_node slurm_return_node slurm_await slurm_log);

my @programs = qw(munged slurmctld slurmd slurmstepd sbatch scontrol sinfo squeue scancel setpriv);
my $owner = $$;
my %running;

sub slurm_missing
{
    local $ENV{PATH} = "$ENV{PATH}:/usr/sbin:/sbin";
    for my $program (@programs) {
        return "$program is not installed (scripts/install-deps installs it)" if (run_program('sh', '-c', 'command -v "$1"', 'sh', $program))[0];
    }
    return $> || defined getpwnam 'slurm' ? undef : 'there is no user slurm';
}

# A command with the rights of the cluster's user.
sub as_user
{
    my ($slurm, @command) = @_;
    return ($> ? () : (qw(setpriv --clear-groups --reuid), $slurm->{user}, '--regid', $slurm->{user}), @command);
}

# Starts a daemon that stays in the foreground, as a child of this process.
sub start_daemon
{
    my ($slurm, $name, @command) = @_;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        # Not the session of the test, which is not to end with a node.
        POSIX::setsid();
        $ENV{PATH} .= ':/usr/sbin:/sbin';
        $ENV{SLURM_CONF} = "$slurm->{folder}/slurm.conf";
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', "$slurm->{folder}/log/$name.out";
        open STDERR, '>&', \*STDOUT;
        my @daemon = (qw(setpriv --pdeathsig KILL), $> ? () : (as_user($slurm))[1 .. 5], @command);
        { exec {$daemon[0]} @daemon; }
        POSIX::_exit(127);
    }
    $slurm->{daemons}{$name} = $pid;
}

# Of a daemon that is a child: ends it at once.
sub end_daemon
{
    my ($slurm, $name) = @_;
    my $pid = delete $slurm->{daemons}{$name} or return;
    kill 'KILL', $pid;
    waitpid $pid, 0;
}

sub configuration
{
    my ($slurm, $count) = @_;
    my $folder = $slurm->{folder};
    my %port;
    while (keys %port <= $count) { $port{free_port()} = 1 }
    my ($controller, @ports) = keys %port;
    my $text = <<"CONF";
ClusterName=kyctest
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$controller
SlurmUser=$slurm->{user}
SlurmdUser=$slurm->{user}
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=10
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=5
MessageTimeout=3
KillWait=2
MinJobAge=600
JobRequeue=1
CONF
    for my $i (1 .. $count) {
        $text .= "NodeName=n$i NodeHostname=localhost NodeAddr=127.0.0.1 Port=$ports[$i - 1] CPUs=2 RealMemory=4000 State=UNKNOWN\n";
    }
    return $text . "PartitionName=main Nodes=n[1-$count] Default=YES MaxTime=INFINITE State=UP\n";
}

# Options: nodes (3).
sub slurm_start
{
    my (%option) = @_;
    my $count = $option{nodes} || 3;
    my $scratch = scratch_folder();
    my $slurm = {scratch => $scratch, folder => "$scratch", user => $> ? scalar getpwuid $> : 'slurm', daemons => {}, count => $count};
    mkdir "$scratch/$_", 0700 or die "$scratch/$_: $!" for qw(state log munge), map { "spool.n$_" } 1 .. $count;
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
    read $random, my $key, 128;
    write_file("$scratch/munge/key", $key);
    chmod 0600, "$scratch/munge/key";
    write_file("$scratch/slurm.conf", configuration($slurm, $count));
    run_program('chown', '-R', "$slurm->{user}:", "$scratch") if !$>;
    $running{$$ . "$scratch"} = $slurm;
    my $munge = "$scratch/munge";
    start_daemon($slurm, 'munged', qw(munged --foreground --force), "--key-file=$munge/key", "--socket=$munge/socket",
        "--pid-file=$munge/pid", "--log-file=$munge/log", "--seed-file=$munge/seed");
    slurm_await(10, sub { -S "$munge/socket" }) or die 'munged did not start: ' . read_file("$scratch/log/munged.out");
    start_daemon($slurm, 'slurmctld', 'slurmctld', '-D', '-c', '-f', "$scratch/slurm.conf");
    slurm_return_node($slurm, "n$_") for 1 .. $count;
    slurm_await(30, sub { ((slurm_run($slurm, qw(sinfo -h -t idle -o %D)))[1] || 0) == $count })
        or die 'the nodes did not start: ' . slurm_log($slurm);
    return $slurm;
}

# A command of Slurm's, or another one with its configuration: (exit status, standard output, standard error).
sub slurm_run
{
    my ($slurm, @command) = @_;
    local $ENV{SLURM_CONF} = "$slurm->{folder}/slurm.conf";
    return run_program(as_user($slurm), @command);
}

# The tasks of an array, or the one job itself as task '': (TASK => 'STATE NODE'). Those that never started have no node.
sub slurm_tasks
{
    my ($slurm, $job) = @_;
    my ($status, $out, $err) = slurm_run($slurm, qw(scontrol --oneliner show job), $job);
    my %task;
    for my $line (split /\n/, $out) {
        my ($id) = $line =~ /\bArrayTaskId=(\S+)/;
        my ($state) = $line =~ /\bJobState=(\S+)/ or next;
        my ($node) = $line =~ /\bNodeList=(n\d+)/;
        for my $one (!defined $id ? '' : $id =~ /^(\d+)-(\d+)/ ? ($1 .. $2) : $id) {
            $task{$one} = join ' ', $state, $node // ();
        }
    }
    return %task;
}

# All of its tasks have ended for good, whatever their states.
sub slurm_is_over
{
    my ($slurm, $job) = @_;
    my %task = slurm_tasks($slurm, $job);
    return %task && !grep { /^(?:PENDING|RUNNING|CONFIGURING|COMPLETING|REQUEUE|SUSPENDED|SPECIAL_EXIT|RESIZING|SIGNALING|STAGE_OUT)/ } values %task;
}

# The processes that run tasks of this cluster (slurmstepd): (pid => id of its job).
sub steps
{
    my ($slurm) = @_;
    my %job;
    for my $path (glob '/proc/[0-9]*') {
        my $line = eval { read_file("$path/cmdline") } // next;
        my ($job) = $line =~ /^slurmstepd: \[(\d+)\./ or next;
        my $environment = eval { read_file("$path/environ") } // next;
        $job{$path =~ s{.*/}{}r} = $job if $environment =~ m{(?:\A|\0)SLURM_CONF=\Q$slurm->{folder}\E/};
    }
    return %job;
}

sub session_of
{
    my ($pid) = @_;
    my $stat = eval { read_file("/proc/$pid/stat") } // '';
    return $stat =~ /.*\) \S+ \d+ \d+ (\d+) /s ? $1 : 0;
}

# Ends such processes and all of their sessions, which their tasks are in.
sub end_steps
{
    my %session = map { (session_of($_) => 1) } @_;
    delete @session{0, session_of($$)};
    kill 'KILL', grep { $session{session_of($_)} } map { s{.*/}{}r } glob '/proc/[0-9]*' if %session;
}

sub slurm_lose_node
{
    my ($slurm, $node) = @_;
    my %here = map { ($_ => 1) } split ' ', (slurm_run($slurm, qw(squeue -h -o %A -w), $node))[1];
    my %job = steps($slurm);
    end_daemon($slurm, $node);
    end_steps(grep { $here{$job{$_}} } keys %job);
}

sub slurm_return_node
{
    my ($slurm, $node) = @_;
    start_daemon($slurm, $node, 'slurmd', '-D', '-N', $node, '-f', "$slurm->{folder}/slurm.conf");
}

# Waits until a function returns true, and returns that; after the time, in seconds, undef.
sub slurm_await
{
    my ($seconds, $function) = @_;
    my $deadline = Time::HiRes::time() + $seconds;
    while (1) {
        my $value = $function->();
        return $value if $value;
        return undef if Time::HiRes::time() > $deadline;
        Time::HiRes::sleep(0.05);
    }
}

# What the controller has logged.
sub slurm_log { return eval { read_file("$_[0]{folder}/log/slurmctld.log") } // '' }

sub slurm_stop
{
    my ($slurm) = @_;
    my %job = steps($slurm);
    end_daemon($slurm, $_) for grep { $_ ne 'munged' } keys %{$slurm->{daemons}};
    end_steps(keys %job, do { my %late = steps($slurm); keys %late });
    end_daemon($slurm, 'munged');
    delete $running{$$ . $slurm->{folder}};
}

END {
    my $status = $?;
    if ($$ == $owner) { slurm_stop($_) for values %running; }
    $? = $status;
}

1;
