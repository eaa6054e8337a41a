# KycRoot: a minimal Debian system with a real systemd as its process 1, for the tests of tests/system.
#
#   my $why = root_missing();                        # builds the base once; why it cannot, or undef
#   plan skip_all => $why if $why;
#   my $root = root_start();                         # a copy of its own, booted; root_start(init => 0): without systemd
#   my ($status, $out, $err) = root_run($root, qw(systemctl start x.service));    # or root_sh($root, 'a | b')
#   write_file(root_path($root, '/etc/x'), "…");     # root_path: the path of its files as seen from outside
#   ($status, $out, $err) = root_apt($root, 'install', '/tmp/x.deb');
#   print root_journal($root, 'x.service');
#   root_stop($root);                                # at the latest when the test ends
#
# The base is built by debootstrap in $KYC_BUILD/root (25 s to 40 s), of the Debian release and from the mirror that apt on
# this machine uses, and is built again when its packages change. A copy is an overlay in memory, in mount, pid, ipc, uts
# and cgroup namespaces of its own; it shares the network, so a server on loopback is seen by both. Nothing is left when
# its process ends: not a process, a mount or a file.
package KycRoot;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter 'import';
use Fcntl qw(:flock);
use File::Path qw(make_path remove_tree);
use POSIX ();
use Time::HiRes ();
use KycTest;

our @EXPORT = qw(root_missing root_start root_stop root_path root_run root_sh root_apt root_journal root_wait);

my @packages = qw(systemd cron ca-certificates);
# What a system in a container has no use for.
my @masked = qw(systemd-logind.service dbus.service dbus.socket systemd-networkd.service systemd-networkd.socket
    systemd-resolved.service systemd-timesyncd.service systemd-udevd.service systemd-remount-fs.service
    systemd-sysctl.service systemd-modules-load.service systemd-update-utmp.service systemd-journald-audit.socket
    e2scrub_reap.service getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer
    dpkg-db-backup.timer e2scrub_all.timer fstrim.timer dev-hugepages.mount dev-mqueue.mount
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount);
my $owner = $$;
my %running;

sub base { return abs_path(defined $ENV{KYC_BUILD} ? $ENV{KYC_BUILD} : 'build') . '/root'; }

# One line of a command's output; '' when it fails.
sub line_of
{
    my ($status, $out) = run_program(@_);
    return $status == 0 && $out =~ /\A(.+)$/m ? $1 : '';
}

# The repositories of this machine's release, from apt's own sources: ({uri, suite, components}, ...), the main one first.
sub repositories
{
    my ($release) = @_;
    my ($status, $out) = run_program('apt-get', 'indextargets', '--format',
        '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)', 'Created-By: Packages');
    my (%of, @order);
    for my $line ($status ? () : split /\n/, $out) {
        my ($uri, $suite, $component, $origin) = split ' ', $line;
        next if $origin !~ /^(?:Debian|Ubuntu)/ || $suite !~ /^\Q$release\E(?:$|-(?:updates|security)$)/;
        my $one = $of{"$uri $suite"};
        push @order, $one = $of{"$uri $suite"} = {uri => $uri, suite => $suite, components => []} if !$one;
        push @{$one->{components}}, $component if !grep { $_ eq $component } @{$one->{components}};
    }
    return sort { ($b->{suite} eq $release) <=> ($a->{suite} eq $release) } @order;
}

# Why no copy of a system can be run here; undef: it can, and the base is built.
sub root_missing
{
    return 'only root may build a Debian root' if $> != 0;
    for my $tool (qw(debootstrap unshare setpriv nsenter apt-get)) {
        return "$tool is not installed" if !line_of('sh', '-c', "command -v $tool");
    }
    my ($status) = run_program(qw(unshare -mpfuiC --kill-child sh -ec),
        'mount -t tmpfs tmpfs /mnt; mkdir /mnt/a /mnt/b /mnt/c /mnt/d; mount -t cgroup2 cgroup2 /mnt/a;
         mount -t overlay overlay -o lowerdir=/mnt/b,upperdir=/mnt/c,workdir=/mnt/d /mnt/b');
    return 'this machine allows no namespaces, overlays or cgroups (a container without privileges?)' if $status;
    my $release = line_of('sh', '-c', '. /etc/os-release && echo "$VERSION_CODENAME"');
    my @repositories = repositories($release);
    return 'apt on this machine has no Debian mirror of its own release'
        if !@repositories || $repositories[0]{suite} ne $release;
    return build_base(@repositories);
}

# Builds the base unless it is there already; why it cannot, or undef.
sub build_base
{
    my (@repositories) = @_;
    my $base = base();
    my $sources = join '', map { "deb $_->{uri} $_->{suite} @{$_->{components}}\n" } @repositories;
    my $wanted = "@packages\n$sources";
    make_path($base);
    my $lock = lock_base();
    return undef if -e "$base/built" && read_file("$base/built") eq $wanted;
    remove_tree("$base/system", {safe => 0});
    my $main = $repositories[0];
    local $ENV{http_proxy} = $ENV{http_proxy} // apt_option('Acquire::http::Proxy');
    local $ENV{https_proxy} = $ENV{https_proxy} // apt_option('Acquire::https::Proxy');
    delete @ENV{grep { !$ENV{$_} } qw(http_proxy https_proxy)};
    # In namespaces of its own: what it mounts is gone with it, however it ends.
    my ($status, $out, $err) = run_program(qw(unshare -mpf --mount-proc --kill-child debootstrap --variant=minbase),
        '--include=' . join(',', @packages), '--components=' . join(',', @{$main->{components}}), $main->{suite},
        "$base/system", $main->{uri});
    return 'debootstrap cannot build a Debian root: ' . ((grep { /\S/ } split /\n/, "$out\n$err")[-1] // "status $status") if $status;
    write_file("$base/system/etc/apt/sources.list", $sources);
    write_file("$base/system/etc/apt/apt.conf.d/90kyc-test", apt_options());
    write_file("$base/system/etc/hostname", "kyc-test\n");
    symlink '/dev/null', "$base/system/etc/systemd/system/$_" for @masked;
    make_path("$base/system/etc/systemd/journald.conf.d");
    # Audit= as it is: without this line journald turns on the auditing of the whole machine.
    write_file("$base/system/etc/systemd/journald.conf.d/kyc-test.conf", "[Journal]\nStorage=volatile\nAudit=\nRateLimitBurst=0\n");
    write_file("$base/built", $wanted);
    return undef;
}

# Held until the returned handle is closed: by the test that builds the base or fills the cache of packages.
sub lock_base
{
    open my $lock, '>', base() . '/lock' or die base() . "/lock: $!";
    flock $lock, LOCK_EX or die "flock: $!";
    return $lock;
}

sub apt_option { return line_of('sh', '-c', 'eval "$(apt-config shell value "$1")"; printf "%s\n" "$value"', 'sh', $_[0]); }

# apt in the copies downloads as apt here does, and keeps what it downloaded for the next copy.
sub apt_options
{
    my ($status, $out) = run_program(qw(apt-config dump Acquire));
    my @lines = grep { /^Acquire::(?:https?::|Check-|Retries|Languages)/ } split /\n/, $out;
    return join '', map { "$_\n" } @lines, 'APT::Install-Recommends "false";', 'APT::Keep-Downloaded-Packages "true";',
        'Binary::apt::APT::Keep-Downloaded-Packages "true";', 'Dpkg::Use-Pty "false";', 'APT::Sandbox::User "root";';
}

# In the mount namespace of the copy: the overlay, and a cgroup of its own, which the cgroup namespace has as its root.
my $outer = <<'SH';
set -e
base=$1 inner=$2
shift 2
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$base/copy"
cd "$base/copy"
mkdir up work root cgroup
mount -t overlay overlay -o "lowerdir=$base/system,upperdir=$base/copy/up,workdir=$base/copy/work" root
mount --bind "$base/packages" root/var/cache/apt/archives
mount --bind "$base/lists" root/var/lib/apt/lists
mount -t cgroup2 cgroup2 cgroup
# Those of tests that were killed.
for old in cgroup/kyc-root-*; do
    [ ! -d "$old" ] || [ -d "/proc/${old##*-}" ] || find "$old" -depth -type d -exec rmdir {} + || true
done
mkdir -p "cgroup/kyc-root-$$"
echo $$ >"cgroup/kyc-root-$$/cgroup.procs"
exec unshare -mpfuiC --kill-child sh -c "$inner" sh "$base/copy/root" "$@"
SH

# As process 1: the new root, with file systems of its own. /proc/sys is read-only: its values are those of the machine.
my $inner = <<'SH';
set -e
cd "$1"
shift
hostname kyc-test
cp /etc/resolv.conf /etc/hosts etc/
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
    touch "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/shm dev/pts run/before
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . run/before
umount -l run/before
rmdir run/before
# As systemd makes them on a machine: LoadCredential= mounts in a process of its own.
mount --make-rshared /
exec env -i container=kyc-test PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
SH

# Starts a copy and waits until it is up. Options: init => 0: no systemd, as in a container of one process.
sub root_start
{
    my (%option) = @_;
    my $base = base();
    make_path("$base/copy", "$base/packages", "$base/lists/partial");
    my @init = defined $option{init} && !$option{init} ? qw(sleep infinity) : qw(/lib/systemd/systemd --show-status=0 --log-target=journal);
    my $log = File::Temp->new;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>&', $log;
        open STDERR, '>&', $log;
        # Ends with this test, however that ends.
        my @command = (qw(setpriv --pdeathsig KILL unshare -m sh -c), $outer, 'sh', $base, $inner, @init);
        { exec {$command[0]} @command; }
        print STDERR "unshare: $!\n";
        POSIX::_exit(127);
    }
    my $root = {pid => $pid};
    $running{$pid} = $root;
    my $deadline = Time::HiRes::time() + 60;
    while (1) {
        # The shell before it has children too.
        $root->{init} = eval { read_file("/proc/$pid/comm") =~ /^unshare$/ && (read_file("/proc/$pid/task/$pid/children") =~ /^(\d+) /)[0] };
        last if $root->{init} && is_up($root, @init);
        my $is_over = waitpid($pid, POSIX::WNOHANG()) == $pid;
        if ($is_over || Time::HiRes::time() > $deadline) {
            root_stop($root);
            die "the Debian root did not start ($?): " . read_file($log->filename);
        }
        Time::HiRes::sleep(0.02);
    }
    return $root;
}

sub is_up
{
    my ($root, $init) = @_;
    my $name = eval { read_file("/proc/$root->{init}/comm") } // '';
    return $name eq "$init\n" if $init !~ /systemd$/;
    return $name =~ /^systemd$/ && -S "/proc/$root->{init}/root/run/systemd/private"
        && (root_run($root, 'systemctl', 'is-system-running'))[1] =~ /^(?:running|degraded)$/;
}

# Ends it with all of its processes, at once, as a power cut does.
sub root_stop
{
    my ($root) = @_;
    my $pid = delete $root->{pid} or return;
    delete $running{$pid};
    kill 'KILL', $pid;
    waitpid $pid, 0;
    # Its process 1 is killed by the kernel when unshare is gone; the cgroup is empty a moment later.
    my $remove = 'mkdir "$1/end" && mount -t cgroup2 cgroup2 "$1/end" && cd "$1/end" || exit 0
        for try in 1 2 3 4 5 6 7 8 9 10; do
            [ -d "kyc-root-$2" ] || exit 0
            find "kyc-root-$2" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
        done';
    run_program(qw(unshare -m sh -c), 'mount -t tmpfs tmpfs "$1" && ' . $remove, 'sh', base() . '/copy', $pid);
}

END {
    my $status = $?;
    if ($$ == $owner) { root_stop($_) for values %running; }
    $? = $status;
}

# The path of a file of the copy, as seen from outside. Not for what a symbolic link with an absolute target leads to.
sub root_path { return "/proc/$_[0]{init}/root$_[1]"; }

# Runs a program in the copy, as root, in its folder /: (exit status, standard output, standard error).
sub root_run
{
    my ($root, @command) = @_;
    return run_program('nsenter', '-t', $root->{init}, qw(-m -p -i -u -C -r -w env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive),
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', @command);
}

# The same of a shell command; what follows is $1, $2, …
sub root_sh { my ($root, $text, @arguments) = @_; return root_run($root, 'sh', '-c', $text, 'sh', @arguments); }

# apt-get, without questions. The lists of packages are those of the last copy; they are read again if it fails.
sub root_apt
{
    my ($root, @arguments) = @_;
    my $lock = lock_base();
    my @result = root_run($root, qw(apt-get -qq -y), @arguments);
    return @result if $result[0] == 0 || $root->{has_lists}++;
    root_run($root, qw(apt-get -qq update));
    return root_run($root, qw(apt-get -qq -y), @arguments);
}

# The journal of a unit, or of everything.
sub root_journal
{
    my ($root, $unit) = @_;
    return (root_run($root, qw(journalctl --no-pager -o short-iso), defined $unit ? ('-u', $unit) : ()))[1];
}

# Waits until a function returns true, and returns that; after the time, in seconds, undef.
sub root_wait
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

1;
