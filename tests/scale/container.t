#!/usr/bin/perl
# jobs/container/: the steps of its Containerfile, in a minimal Debian system, make an image whose program runs as user 10001
# with a read-only root, as a container does: check, run, also with a ledger in PostgreSQL, and a SIGTERM to process 1.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);
use KycPostgres;
use KycRoot;
use KycRun;
use KycTest;

chdir "$FindBin::Bin/../.." or die $!;
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES BUILD V)};
my $build = $ENV{KYC_BUILD} // 'build';

# The Containerfile is one step and says who runs what.
my $file = join '', grep { !/^#/ } split /^/, read_file('jobs/container/Containerfile');
is($file, "FROM debian:12-slim\nRUN --mount=type=bind,target=/mnt sh /mnt/steps /mnt/kyc-import_*.deb\nUSER 10001:10001\nENTRYPOINT [\"kyc-import\"]\n",
    'the Containerfile runs the steps alone, and then the program as 10001');

# Of two versions the older one would come first.
is(join(' ', (run_program('sh', 'jobs/container/steps', 'kyc-import_0.1.deb', 'kyc-import_0.2.deb'))[0, 2]),
    "2 one package is installed, not 2: kyc-import_0.1.deb kyc-import_0.2.deb\n", 'which take one package');

my $why = root_missing();
if ($why) {
    SKIP: { skip $why, 1 }
    done_testing;
    exit 0;
}

my $scratch = scratch_folder();
my ($status, $out, $err) = run_program('make', '-s', '--no-print-directory', "BUILD=$build", 'deb', 'DEB_VERSION=0.1.0~container');
my ($package) = $out =~ /^DEB (\S+)$/m or die "make deb: $out$err";
my $root = root_start(init => 0);
sub sh { return root_sh($root, @_) }
sub said { my ($status, $out, $err) = root_sh($root, @_); return "$status $out$err" }

sh('mkdir /mnt/image');
write_file(root_path($root, "/mnt/image/$_->[1]"), read_file($_->[0])) for [$package, 'kyc-import_0.1.0_test.deb'], ['jobs/container/steps', 'steps'];
# The steps remove the packages that were downloaded, and apt's lists: not those that the other copies use, too.
root_apt($root, qw(--download-only install systemd-standalone-sysusers systemd-standalone-tmpfiles), '/mnt/image/kyc-import_0.1.0_test.deb');
my $lock = KycRoot::lock_base();
sh('for folder in /var/cache/apt/archives /var/lib/apt/lists; do
        cp -a $folder /mnt/copy; umount $folder; mv /mnt/copy/* $folder; rm -r /mnt/copy
    done');
close $lock;
($status, $out, $err) = sh('sh /mnt/image/steps /mnt/image/kyc-import_*.deb');
is($status, 0, 'the steps') or diag($out, $err);
like(said('kyc-import version'), qr/\A0 kyc-import 0\.1\.0\b/, 'install the program');
is(said('id -u kyc; id -g kyc; getent passwd kyc | cut -d: -f6-'), "0 10001\n10001\n/nonexistent:/usr/sbin/nologin\n", 'and its user');
is(said('find /var/lib/apt/lists /var/cache/apt -type f'), '0 ', 'and keep no lists and no packages');

# As a container: the root is read-only, /tmp is in memory, /work is a volume that belongs to the user; process 1 of a pid
# namespace of its own, without rights.
sub contained
{
    my (@command) = @_;
    return ('unshare', qw(--mount --pid --fork --kill-child sh -ec),
        'mount --make-rprivate /; mount -t proc proc /proc; mount -t tmpfs -o mode=1777 tmpfs /tmp; mount --bind /work /work
         mount -o remount,bind,ro /; mount -o remount,bind,rw /work
         exec setpriv --reuid 10001 --regid 10001 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"', 'sh', @command);
}

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $case = case_new($sandbox, rows => 40);
sh('mkdir /work');
write_file(root_path($root, "/work/$_"), read_file("$case->{folder}/$_")) for qw(job.yaml export.csv);
sh('chown -R 10001:10001 /work');
my @keys = map { "$_=$ENV{$_}" } grep { /^TEST_/ } sort keys %ENV;
my @set = map { ('--set', $_) } 'delivery.rate=2000/s', 'delivery.canary=0', 'provider.nonce_window=10000000000';
sub program_in { return root_run($root, contained('env', @keys, 'kyc-import', @_)) }

like(join(' ', root_run($root, contained('sh', '-c', 'id -u; touch /usr/x /work/x; grep NoNewPrivs /proc/1/status; grep CapBnd /proc/1/status'))),
    qr{^0 10001\nNoNewPrivs:\t1\nCapBnd:\t0+\n .*touch: cannot touch '/usr/x': Read-only file system\n\z}, 'nothing but the volume and /tmp can be written');
($status, $out, $err) = program_in('check', '/work/job.yaml', '--rows-ok');
is($status, 0, 'check') or diag($out, $err);
($status, $out, $err) = program_in('run', '/work/job.yaml', '--rows-ok', @set);
is($status, 0, 'run') or diag($out, $err);
is(sandbox_counts($sandbox)->{payward}{users}, 40, 'each row is a user');
($status, $out, $err) = program_in('run', '/work/job.yaml', '--rows-ok', @set);
is("$status " . sandbox_counts($sandbox)->{payward}{users}, '0 40', 'and once') or diag($out, $err);
sandbox_stop($sandbox);

# As jobs/kubernetes/run.yaml: the ledger in PostgreSQL, report and witness on volumes.
SKIP: {
    my $missing = postgres_missing();
    skip $missing, 3 if $missing;
    my $server = postgres_start();
    my $url = postgres_database($server);
    $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    $case = case_new($sandbox, rows => 30);
    sh('rm -rf /work/*');
    write_file(root_path($root, '/work/export.csv'), read_file("$case->{folder}/export.csv"));
    write_file(root_path($root, '/work/job.yaml'), read_file("$case->{folder}/job.yaml")
        . "ledger: $url\nledger_key: env:TEST_LEDGER_KEY\nledger_witness: /work/witness\nreport: /work/out/report\nmetrics: /work/out/metrics.prom\n");
    sh('chown -R 10001:10001 /work');
    local $ENV{TEST_LEDGER_KEY} = 'f00d' x 16;
    @keys = map { "$_=$ENV{$_}" } grep { /^TEST_/ } sort keys %ENV;
    is((program_in('run', '/work/job.yaml', '--rows-ok', @set))[0], 5, 'with a ledger in PostgreSQL: none is made by itself');
    ($status, $out, $err) = program_in('run', '/work/job.yaml', '--rows-ok', '--new-ledger', @set);
    is($status, 0, 'but by --new-ledger') or diag($out, $err);
    ($status, $out, $err) = program_in('run', '/work/job.yaml', '--rows-ok', @set);
    is("$status " . sandbox_counts($sandbox)->{payward}{users}, '0 30', 'and each row is one user') or diag($out, $err);
    sandbox_stop($sandbox);
    postgres_stop($server);
}

# SIGTERM to process 1 of the container.
$sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--latency', '700ms');
$case = case_new($sandbox, rows => 200);
sh('rm -rf /work/*');
write_file(root_path($root, "/work/$_"), read_file("$case->{folder}/$_")) for qw(job.yaml export.csv);
sh('chown -R 10001:10001 /work');
@keys = map { "$_=$ENV{$_}" } grep { /^TEST_/ } sort keys %ENV;
my $pid = fork // die "fork: $!";
if ($pid == 0) {
    my ($status) = program_in('run', '/work/job.yaml', '--rows-ok', @set, '--set', 'delivery.rate=20/s');
    POSIX::_exit($status);
}
ok(root_wait(30, sub { sandbox_counts($sandbox)->{payward}{requests} >= 3 }), 'a run sends');
is(said('for p in /proc/[0-9]*; do [ "$(cat $p/comm 2>/dev/null)" != kyc-import ] || kill -TERM ${p#/proc/}; done'), '0 ', 'SIGTERM');
waitpid $pid, 0;
is($? >> 8, 6, 'status 6');
my $summary = JSON::PP::decode_json(read_file(root_path($root, '/work/reports/test/summary.json')));
is($summary->{created}, sandbox_counts($sandbox)->{payward}{users}, 'what was in flight is finished');
is($summary->{in_doubt}, 0, 'and nothing is in doubt');
sandbox_stop($sandbox);
root_stop($root);
done_testing;
